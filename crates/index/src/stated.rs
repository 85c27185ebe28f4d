//! The metadata of a source tree whose version nobody has told: that of an archive at a URL, or of
//! a git repository.
//!
//! As in an archive of an index, a static `pyproject.toml` counts first, then `PKG-INFO`, then what
//! a `setup.py` or `setup.cfg` states literally; but here the version must be stated as well.

use packaging::{PackageName, Version};
use toml::Table;

use crate::metadata::{Fields, Metadata, MetadataError};
use crate::query::Absence;
use crate::sdist::{SdistError, from_pkg_info, from_pyproject};
use crate::setuptools::{self, Declared, Source};
use crate::unverified::Unverified;

/// The folder that stands for the tree's own in a [`Source`].
const TOP: &str = "tree";

/// The files of a source tree, as far as they are needed to read its metadata.
#[derive(Default)]
pub struct SourceTree(Source);

impl SourceTree {
    /// Whether the content of a file is needed; the path is below the tree, the size in bytes.
    #[must_use]
    pub fn wants(path: &str, size: u64) -> bool {
        Source::wants(&format!("{TOP}/{path}"), size)
    }

    /// Notes that there is a file.
    pub fn list(&mut self, path: &str) {
        self.0.list(&format!("{TOP}/{path}"));
    }

    /// Keeps the content of a file.
    pub fn keep(&mut self, path: &str, content: Vec<u8>) {
        self.0.keep(&format!("{TOP}/{path}"), content);
    }

    /// The metadata that the tree states for good.
    ///
    /// # Errors
    ///
    /// Only a build would tell, a file is unreadable, or it is another project's.
    pub fn metadata(mut self, name: &PackageName) -> Result<Metadata, Absence> {
        let told = self
            .0
            .text("pyproject.toml")
            .and_then(Unverified::of_project);
        self.stated(name).map_err(|error| match error.into() {
            Absence::NeedsBuild { reason, .. } => Absence::NeedsBuild {
                reason,
                told: told.map(Box::new),
            },
            absence => absence,
        })
    }

    /// What a `setup.py` and `setup.cfg` at hand declare of their own project.
    ///
    /// # Errors
    ///
    /// Only a build would tell; the text says why.
    pub fn declared(mut self) -> Result<Declared, String> {
        setuptools::declared(&mut self.0)
    }

    fn stated(&mut self, name: &PackageName) -> Result<Metadata, SdistError> {
        let pyproject = self.0.text("pyproject.toml").map(str::to_owned);
        let from_project = match pyproject {
            None => Err(SdistError::not_static("it has no `pyproject.toml`")),
            Some(text) => stated_project(&text, name),
        };
        let reason = match from_project {
            Err(SdistError::NotStatic { reason }) => reason,
            result => return result,
        };
        let from_info = match self.0.text("PKG-INFO") {
            None => Err(SdistError::not_static("it has no `PKG-INFO`")),
            Some(text) => stated_info(text, name),
        };
        let reason = match from_info {
            Err(SdistError::NotStatic { reason: and }) => format!("{reason}, and {and}"),
            result => return result,
        };
        if !self.0.is_of_setuptools() {
            return Err(SdistError::NotStatic { reason });
        }
        setuptools::stated_metadata(&mut self.0, name)
            .map_err(|why| SdistError::not_static(format!("{reason}, and {why}")))
    }
}

/// What a `pyproject.toml` states, its version among it.
fn stated_project(text: &str, name: &PackageName) -> Result<Metadata, SdistError> {
    let version = toml::from_str::<Table>(text).ok().and_then(|document| {
        let version = document.get("project")?.get("version")?;
        Some(version.as_str().unwrap_or_default().to_owned())
    });
    let unknown = Version::new([0]);
    match version {
        Some(text_of) => {
            let version = parsed(&text_of, "project.version")?;
            from_pyproject(text, name, &version)
        }
        // Whatever else it says, no version is stated.
        None => match from_pyproject(text, name, &unknown) {
            Ok(_) => Err(SdistError::not_static(
                "its `pyproject.toml` declares `version` dynamic",
            )),
            error => error,
        },
    }
}

/// What a `PKG-INFO` states.
fn stated_info(text: &str, name: &PackageName) -> Result<Metadata, SdistError> {
    let fields = Fields::read(text);
    let version = fields.first("Version").unwrap_or_default();
    from_pkg_info(text, name, &parsed(version, "Version")?)
}

fn parsed(text: &str, field: &'static str) -> Result<Version, SdistError> {
    text.parse()
        .map_err(|error: packaging::version::VersionParseError| {
            SdistError::Metadata(MetadataError::Field {
                field,
                value: text.to_owned(),
                reason: error.to_string(),
            })
        })
}

/// The path of a file below a folder of the repository or archive; the empty folder is the top.
#[must_use]
pub fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}
