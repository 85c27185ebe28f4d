//! Lock files: one file per format, and the table that knows them all.
//!
//! Every format reads into the neutral [`Lock`] and writes from it; no format knows another.
//! Adding one takes a file here, a line in [`FORMATS`] and a folder in `tests/fixtures`.

pub mod conda;
pub mod cyclonedx;
mod export;
mod flat;
pub mod github;
mod graph;
mod instant;
mod layout;
mod marker_text;
mod merge;
mod needs;
mod nesting;
pub mod pdm;
pub mod pipfile;
pub mod poetry;
pub mod pylock;
mod python_json;
pub mod requirements;
mod tomlkit;
pub mod uv;
pub mod written;

use std::borrow::Cow;

use diagnostic::Diagnostic;
use lock::{ArtifactSource, Lock, Package, Selection, Source};
use packaging::{MarkerEnvironment, RequiresPython, VersionSpecifiers};

pub use conda::{CondaEnvironment, CondaLock, Pixi};
pub use cyclonedx::CycloneDx;
pub use github::GitHub;
pub use merge::{merge_conflict, merge_sides};
pub use needs::Needs;
pub use pdm::Pdm;
pub use pipfile::PipfileLock;
pub use poetry::Poetry;
pub use pylock::Pylock;
pub use requirements::Requirements;
pub use uv::Uv;
pub use written::{Loss, Written};

/// A kind of lock file.
pub trait LockFormat: Sync {
    /// The word users choose it by: `uv`, `pylock`.
    fn name(&self) -> &'static str;

    /// The file name it usually has.
    fn file_name(&self) -> &'static str;

    /// Whether a file of that name (without folders) is of this format.
    fn owns(&self, file_name: &str) -> bool {
        file_name == self.file_name()
    }

    /// Whether a text looks like this format, however the file is called.
    fn recognizes(&self, text: &str) -> bool;

    /// The media type to serve it as.
    fn media_type(&self) -> &'static str {
        "application/toml"
    }

    /// Whether it holds one selection of a lock and is written from the lock alone; else a tool
    /// keeps it in step with a manifest.
    fn is_export(&self) -> bool {
        false
    }

    /// What it has to be told of each package: what is not known is to be asked for first.
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    /// Reads a text of this format.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the text; or that this format can only be written.
    fn read(&self, text: &str) -> Result<Lock, Vec<Diagnostic>>;

    /// What deserves a look in a text that can be read: warnings with their places.
    fn lint(&self, _: &str) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Whether it holds several versions of a project, each for its own environments.
    fn holds_forks(&self) -> bool {
        true
    }

    /// The layouts it can be written in, the usual one first; none where there is only one.
    fn layouts(&self) -> &'static [&'static str] {
        &[]
    }

    /// Writes a lock in this format.
    ///
    /// # Errors
    ///
    /// The selection names what the lock does not have, or the format needs something that the
    /// request does not carry.
    fn write(&self, lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>>;
}

/// What a format may need to know beyond the lock. [`WriteRequest::default`] asks for the usual.
#[derive(Clone, Debug, Default)]
pub struct WriteRequest<'a> {
    /// The text of the root's `pyproject.toml`, for formats that hash or repeat what was asked.
    pub pyproject: Option<&'a str>,
    /// The text of the file that will be replaced, for formats that keep something of it.
    pub previous: Option<&'a str>,
    /// The command line that a header comment names; without it no such comment is written.
    pub command: Option<&'a str>,
    /// Which part of the lock is wanted, for formats that hold one part only.
    pub selection: Selection,
    /// Whether local projects are written; without it, as is usual for the format.
    pub local: Option<Local>,
    /// Whether an export names, for each package, the packages that require it.
    pub annotations: Annotations,
    /// One of the format's [layouts](LockFormat::layouts); the usual one without it.
    pub layout: Option<&'a str>,
    /// Whether hashes are written, for formats that can do without.
    pub hashes: Hashes,
    /// The one environment a file is for, for formats and layouts that hold one only; without it,
    /// all.
    pub environment: Option<&'a MarkerEnvironment>,
    /// The text of the file that says what is wanted, where it is no `pyproject.toml`: a
    /// `requirements.in`, a `Pipfile`.
    pub manifest: Option<&'a str>,
}

/// Whether hashes are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Hashes {
    /// They are.
    #[default]
    Written,
    /// They are not.
    LeftOut,
}

/// What becomes of source trees on disk, the project itself among them, in exports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Local {
    /// They are written.
    Written,
    /// They are left out, their dependencies stay: they have no hash, and an installer that
    /// checks hashes would refuse the whole file.
    LeftOut,
}

/// Whether an export names, for each package, the packages that require it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Annotations {
    /// `# via …` comments.
    #[default]
    Written,
    /// None.
    LeftOut,
}

/// All formats, the most informative first.
///
/// **Invariant:** names and file names are unique, and each format has a folder of fixtures of its
/// name and no folder is without one; `tests/fixtures.rs` holds it.
pub static FORMATS: &[&dyn LockFormat] = &[
    &Uv,
    &Poetry,
    &Pdm,
    &Pylock,
    &PipfileLock,
    &CycloneDx,
    &GitHub,
    &CondaLock,
    &Pixi,
    &CondaEnvironment,
    &Requirements,
];

/// The format of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn LockFormat> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// The layout a request wants.
fn layout_of(
    format: &dyn LockFormat,
    request: &WriteRequest<'_>,
) -> Result<&'static str, Vec<Diagnostic>> {
    let known = format.layouts();
    let Some(wanted) = request.layout else {
        return Ok(known.first().copied().unwrap_or_default());
    };
    known
        .iter()
        .copied()
        .find(|known| *known == wanted)
        .ok_or_else(|| {
            let title = format!("`{}` has no layout `{wanted}`", format.name());
            let help = match known {
                [] => "it has one layout only".to_owned(),
                _ => format!("known are `{}`", known.join("`, `")),
            };
            vec![Diagnostic::error("formats/unknown-layout", title).help(help)]
        })
}

/// The format of a file: by its name, or else by its text.
#[must_use]
pub fn detect(file_name: &str, text: &str) -> Option<&'static dyn LockFormat> {
    let file_name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let by_name = FORMATS
        .iter()
        .copied()
        .find(|format| format.owns(file_name));
    by_name.or_else(|| {
        FORMATS
            .iter()
            .copied()
            .find(|format| format.recognizes(text))
    })
}

/// Whether locks of a format can be read, not only written.
#[must_use]
pub fn can_be_read(format: &dyn LockFormat) -> bool {
    let is_only_written = |it: &Diagnostic| it.code == "formats/only-written";
    !matches!(format.read(""), Err(found) if found.iter().any(is_only_written))
}

/// Whether locks can be written in a format, not only read from it.
#[must_use]
pub fn can_be_written(format: &dyn LockFormat) -> bool {
    let everything = RequiresPython::from_specifiers(&VersionSpecifiers::empty());
    let nothing = Lock::of(everything, Vec::new());
    let is_only_read = |it: &Diagnostic| it.code == "formats/only-read";
    let written = format.write(&nothing, &WriteRequest::default());
    !matches!(written, Err(found) if found.iter().any(is_only_read))
}

/// The formats that locks can be written in.
pub fn writable() -> impl Iterator<Item = &'static dyn LockFormat> {
    FORMATS
        .iter()
        .copied()
        .filter(|format| can_be_written(*format))
}

/// Whether a format is meant by `all`: locks of whatever was resolved, neither inventories nor
/// those of one environment.
#[must_use]
pub fn is_in_all(format: &dyn LockFormat) -> bool {
    can_be_written(format) && can_be_read(format) && format.holds_forks()
}

/// Reads a lock file of any format.
///
/// # Errors
///
/// The format is unknown, or everything that is wrong with the text.
pub fn read(file_name: &str, text: &str) -> Result<Lock, Vec<Diagnostic>> {
    let format = detect(file_name, text).ok_or_else(|| vec![unknown_format(file_name)])?;
    let read = nesting::check(text)
        .map_err(|error| vec![error])
        .and_then(|()| format.read(text));
    read.map_err(|diagnostics| {
        let found = diagnostics.into_iter();
        found
            .map(|diagnostic| diagnostic.in_file(file_name))
            .collect()
    })
}

/// What deserves a look in a lock file that can be read: warnings with their places.
#[must_use]
pub fn lint(file_name: &str, text: &str) -> Vec<Diagnostic> {
    let found = detect(file_name, text).map(|format| format.lint(text));
    let found = found.unwrap_or_default().into_iter();
    found.map(|it| it.in_file(file_name)).collect()
}

fn unknown_format(file_name: &str) -> Diagnostic {
    let known: Vec<_> = FORMATS
        .iter()
        .map(|format| format!("`{}`", format.file_name()))
        .collect();
    Diagnostic::error(
        "formats/unknown-format",
        format!("`{file_name}` is no lock file we know"),
    )
    .help(format!("known are {}", known.join(", ")))
}

/// `%20` and the like as the bytes they stand for; `None` if those are no text.
fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let digits = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match decoded.filter(|_| *byte == b'%') {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// The file name at the end of a URL or path.
fn last_segment(url: &str) -> Cow<'_, str> {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let segment = url.rsplit('/').next().unwrap_or(url);
    percent_decode(segment).unwrap_or(Cow::Borrowed(segment))
}

/// Complaints about packages of an index with files of which only the name is known, for formats
/// that have to say where they are.
fn placeless<'a>(
    format: &dyn LockFormat,
    packages: impl Iterator<Item = &'a Package>,
) -> Vec<Diagnostic> {
    let is_placeless = |package: &&Package| {
        let mut files = package.sdist.iter().chain(&package.wheels);
        matches!(package.id.source, Source::Registry(_))
            && files.any(|file| matches!(file.source, ArtifactSource::Name(_)))
    };
    let names: Vec<_> = packages
        .filter(is_placeless)
        .map(|package| &package.id.name)
        .collect();
    let Some(first) = names.first() else {
        return Vec::new();
    };
    let title = match names.len() {
        1 => format!("it is not known where the files of `{first}` are"),
        count => {
            format!("it is not known where the files of {count} packages are, of `{first}` first")
        }
    };
    let help = format!(
        "a `{}` has to say it: lock the project anew, or let the index be asked",
        format.file_name()
    );
    vec![Diagnostic::error("formats/no-place", title).help(help)]
}

/// Complaints about packages with files that nothing is known of but digests, for formats that
/// name files.
fn nameless<'a>(
    format: &dyn LockFormat,
    packages: impl Iterator<Item = &'a Package>,
) -> Vec<Diagnostic> {
    let is_nameless = |package: &&Package| {
        let mut files = package.artifacts();
        matches!(package.id.source, Source::Registry(_)) && files.any(lock::Artifact::is_anonymous)
    };
    let names: Vec<_> = packages
        .filter(is_nameless)
        .map(|package| &package.id.name)
        .collect();
    let Some(first) = names.first() else {
        return Vec::new();
    };
    let title = match names.len() {
        1 => format!("the names of the files of `{first}` are not known, only their hashes"),
        count => format!(
            "the names of the files of {count} packages are not known, only their hashes: of `{first}` first"
        ),
    };
    let help = format!(
        "a `{}` has to name them: lock the project anew, or let the index be asked",
        format.file_name()
    );
    vec![Diagnostic::error("formats/no-name", title).help(help)]
}

/// The answer of a format that can only be written.
fn only_written(format: &dyn LockFormat) -> Vec<Diagnostic> {
    let title = format!("`{}` files can be written but not read", format.name());
    let help = "read the lock it was made from instead, `uv.lock` or `poetry.lock` for instance";
    vec![Diagnostic::error("formats/only-written", title).help(help)]
}

/// The answer of a format that can only be read.
fn only_read(format: &dyn LockFormat) -> Vec<Diagnostic> {
    let title = format!("`{}` files can be read but not written", format.name());
    let help = "its own packages come from elsewhere than an index: write another format";
    vec![Diagnostic::error("formats/only-read", title).help(help)]
}

/// JSON with two spaces for each level, and a line end.
fn pretty_json(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
