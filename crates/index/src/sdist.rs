//! The metadata of a source distribution, where it says so itself: nothing is built.
//!
//! A static `pyproject.toml` counts first, then a `PKG-INFO` of version 2.2 or later that declares
//! nothing of interest dynamic, then what a `setup.py` or `setup.cfg` states literally.
//! <https://packaging.python.org/en/latest/specifications/source-distribution-format/>

use std::collections::BTreeSet;

use packaging::{PackageName, Version};
use toml::{Table, Value};

use crate::gzip::Gunzip;
use crate::metadata::{Fields, Metadata, MetadataError};
use crate::query::Absence;
use crate::setuptools::{self, Source};
use crate::stated::{SourceTree, below};
use crate::tar::Tar;
use crate::unverified::unverified;
use crate::zip;

/// A `pyproject.toml` or `PKG-INFO` that is larger than this is none.
pub(crate) const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// Why an archive does not tell its metadata.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SdistError {
    /// Only building it would tell.
    #[error("{reason}")]
    NotStatic {
        /// What the archive does not say by itself.
        reason: String,
    },
    /// The archive cannot be read.
    #[error("the archive is broken: {0}")]
    Broken(String),
    /// What it says is of no use.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl SdistError {
    pub(crate) fn not_static(reason: impl Into<String>) -> Self {
        Self::NotStatic {
            reason: reason.into(),
        }
    }
}

impl SdistError {
    /// Why there is no metadata, with what the archive says of its requirements all the same.
    #[must_use]
    pub fn absence(self, archive: &[u8], filename: &str) -> Absence {
        match self.into() {
            Absence::NeedsBuild { reason, .. } => Absence::NeedsBuild {
                reason,
                told: unverified(archive, filename).map(Box::new),
            },
            absence => absence,
        }
    }
}

impl From<SdistError> for Absence {
    fn from(error: SdistError) -> Self {
        match error {
            SdistError::NotStatic { reason } => Self::NeedsBuild { reason, told: None },
            SdistError::Broken(_) => Self::Invalid {
                reason: error.to_string(),
            },
            SdistError::Metadata(error) => error.into(),
        }
    }
}

/// The static metadata of a source distribution that is there as a whole.
///
/// # Errors
///
/// Only a build would tell, the archive is broken, or it is another project's.
pub fn static_metadata(
    archive: &[u8],
    filename: &str,
    name: &PackageName,
    version: &Version,
) -> Result<Metadata, SdistError> {
    let mut reader = SdistReader::new(filename, name, version)?;
    reader.feed(archive)?;
    let reason = match reader.finish() {
        Err(SdistError::NotStatic { reason }) => reason,
        result => return result,
    };
    let mut source = all_texts(archive, filename)?;
    if !source.is_of_setuptools() {
        return Err(SdistError::NotStatic { reason });
    }
    setuptools::static_metadata(&mut source, name, version)
        .map_err(|why| SdistError::not_static(format!("{reason}, and {why}")))
}

/// The metadata that a source distribution states, whose version its name need not tell.
///
/// # Errors
///
/// Only a build would tell, the archive is broken, or it is another project's.
pub fn stated_metadata(
    archive: &[u8],
    filename: &str,
    name: &PackageName,
    subdirectory: Option<&str>,
) -> Result<Metadata, Absence> {
    let mut names = Vec::new();
    unpack(archive, filename, |_, _| false, &mut |path, content| {
        if content.is_none() {
            names.push(path.to_owned());
        }
    })?;
    let folder = project_folder(&names, subdirectory.unwrap_or_default());
    if subdirectory.is_some() && names.iter().all(|path| below(path, &folder).is_none()) {
        let reason = format!("it has no folder `{}`", subdirectory.unwrap_or_default());
        return Err(SdistError::Broken(reason).into());
    }
    let mut tree = SourceTree::default();
    let place = folder.clone();
    let wants = move |path: &str, size: u64| {
        below(path, &place).is_some_and(|path| SourceTree::wants(path, size))
    };
    unpack(
        archive,
        filename,
        wants,
        &mut |path, content| match (below(path, &folder), content) {
            (Some(path), Some(content)) => tree.keep(path, content),
            (Some(path), None) => tree.list(path),
            (None, _) => {}
        },
    )?;
    tree.metadata(name).map_err(|absence| match absence {
        Absence::NeedsBuild { reason, told: None } => Absence::NeedsBuild {
            reason,
            told: unverified(archive, filename).map(Box::new),
        },
        absence => absence,
    })
}

/// The folder of an archive that holds the project: its one top-level folder, if it has just one,
/// and the subdirectory in there.
fn project_folder(names: &[String], subdirectory: &str) -> String {
    let plain = |path: &str| path.strip_prefix("./").unwrap_or(path).to_owned();
    let tops: BTreeSet<Option<String>> = names
        .iter()
        .map(|path| Some(plain(path).split_once('/')?.0.to_owned()))
        .collect();
    let top = match tops.first() {
        Some(Some(top)) if tops.len() == 1 => top.as_str(),
        _ => "",
    };
    let parts = [top, subdirectory.trim_matches('/')];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/")
}

/// Hands on the path of every file, and path and content of those that are wanted.
fn unpack(
    archive: &[u8],
    filename: &str,
    wants: impl Fn(&str, u64) -> bool + 'static,
    take: &mut dyn FnMut(&str, Option<Vec<u8>>),
) -> Result<(), SdistError> {
    let filename = filename.to_ascii_lowercase();
    if filename.ends_with(".zip") {
        let broken = |error: zip::ZipError| SdistError::Broken(error.to_string());
        for member in zip::read_members(archive).map_err(broken)? {
            if member.name.ends_with('/') {
                continue;
            }
            take(&member.name, None);
            if wants(&member.name, 0)
                && let Ok(content) = zip::read_member(archive, &member, Source::FILE_LIMIT)
            {
                take(&member.name, Some(content));
            }
        }
        return Ok(());
    }
    let mut tar = Tar::wanting(wants);
    let mut keep = |path: &str, content: Vec<u8>| take(path, Some(content));
    if filename.ends_with(".tar") {
        tar.feed(archive, &mut keep)?;
    } else if filename.ends_with(".tar.gz") || filename.ends_with(".tgz") {
        Gunzip::default().feed(archive, &mut |unpacked| {
            tar.feed(unpacked, &mut keep)?;
            Ok(false)
        })?;
    } else {
        return Err(SdistError::not_static(format!(
            "`{filename}` is an archive of a kind that is not read: expected `.tar.gz` or `.zip`"
        )));
    }
    for name in tar.names.into_iter().flatten() {
        take(&name, None);
    }
    Ok(())
}

/// All files of an archive that say how it is built.
fn all_texts(archive: &[u8], filename: &str) -> Result<Source, SdistError> {
    let mut source = Source::default();
    unpack(
        archive,
        filename,
        Source::wants,
        &mut |path, content| match content {
            Some(content) => source.keep(path, content),
            None => source.list(path),
        },
    )?;
    Ok(source)
}

/// Whether an archive has told enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// More of it is needed.
    More,
    /// The rest need not be fetched.
    Enough,
}

/// Reads a source distribution as it arrives, and stops as soon as it has told enough.
pub struct SdistReader {
    name: PackageName,
    version: Version,
    unpacking: Unpacking,
    found: Found,
}

/// How the archive is packed.
enum Unpacking {
    Tar(Tar),
    TarGz(Box<Gunzip>, Tar),
    /// Zip archives have their directory at the end.
    Zip(Vec<u8>),
}

/// The files of interest, as far as seen.
#[derive(Default)]
struct Found {
    pyproject: Option<Vec<u8>>,
    pkg_info: Option<Vec<u8>>,
}

impl SdistReader {
    /// Begins with an archive of that file name, which belongs to that project and version.
    ///
    /// # Errors
    ///
    /// The archive is of a kind that is not read.
    pub fn new(filename: &str, name: &PackageName, version: &Version) -> Result<Self, SdistError> {
        let unpacking = if filename.ends_with(".tar.gz") || filename.ends_with(".tgz") {
            Unpacking::TarGz(Box::default(), Tar::default())
        } else if filename.ends_with(".tar") {
            Unpacking::Tar(Tar::default())
        } else if filename.ends_with(".zip") {
            Unpacking::Zip(Vec::new())
        } else {
            return Err(SdistError::not_static(format!(
                "`{filename}` is an archive of a kind that is not read: expected `.tar.gz` or `.zip`"
            )));
        };
        let (name, version) = (name.clone(), version.clone());
        Ok(Self {
            name,
            version,
            unpacking,
            found: Found::default(),
        })
    }

    /// Takes the next bytes of the archive.
    ///
    /// # Errors
    ///
    /// The archive is broken.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress, SdistError> {
        let found = &mut self.found;
        match &mut self.unpacking {
            Unpacking::Zip(archive) => archive.extend_from_slice(bytes),
            Unpacking::Tar(tar) => {
                tar.feed(bytes, &mut |path, content| found.keep(path, content))?;
            }
            Unpacking::TarGz(gunzip, tar) => {
                let (name, version) = (&self.name, &self.version);
                gunzip.feed(bytes, &mut |unpacked| {
                    tar.feed(unpacked, &mut |path, content| found.keep(path, content))?;
                    Ok(found.is_enough(name, version))
                })?;
            }
        }
        Ok(if self.found.is_enough(&self.name, &self.version) {
            Progress::Enough
        } else {
            Progress::More
        })
    }

    /// What the archive says.
    ///
    /// # Errors
    ///
    /// Only a build would tell, the archive is broken, or it is another project's.
    pub fn finish(mut self) -> Result<Metadata, SdistError> {
        if let Unpacking::Zip(archive) = &self.unpacking {
            let broken = |error: zip::ZipError| SdistError::Broken(error.to_string());
            for member in zip::read_members(archive).map_err(broken)? {
                if file_of_interest(&member.name).is_some() {
                    let content = zip::read_member(archive, &member, FILE_LIMIT).map_err(broken)?;
                    self.found.keep(&member.name, content);
                }
            }
        }
        self.found.metadata(&self.name, &self.version)
    }
}

/// The name of a file directly inside of the one top-level folder, if it is one we read.
pub(crate) fn file_of_interest(path: &str) -> Option<&str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let (folder, file) = path.split_once('/')?;
    (!folder.is_empty() && matches!(file, "pyproject.toml" | "PKG-INFO")).then_some(file)
}

impl Found {
    fn keep(&mut self, path: &str, content: Vec<u8>) {
        let place = match file_of_interest(path) {
            Some("pyproject.toml") => &mut self.pyproject,
            Some("PKG-INFO") => &mut self.pkg_info,
            _ => return,
        };
        place.get_or_insert(content);
    }

    /// Whether nothing that follows could change the answer.
    fn is_enough(&self, name: &PackageName, version: &Version) -> bool {
        match (&self.pyproject, &self.pkg_info) {
            (Some(_), Some(_)) => true,
            (Some(pyproject), None) => {
                from_pyproject(&String::from_utf8_lossy(pyproject), name, version).is_ok()
            }
            _ => false,
        }
    }

    fn metadata(&self, name: &PackageName, version: &Version) -> Result<Metadata, SdistError> {
        let text = |content: &Option<Vec<u8>>| {
            content
                .as_ref()
                .map(|content| String::from_utf8_lossy(content).into_owned())
        };
        let pyproject = text(&self.pyproject)
            .ok_or_else(|| SdistError::not_static("it has no `pyproject.toml`"))
            .and_then(|text| from_pyproject(&text, name, version));
        let from_pyproject = match pyproject {
            Err(SdistError::NotStatic { reason }) => reason,
            Err(SdistError::Metadata(error @ MetadataError::Inconsistent { .. })) => {
                return Err(error.into());
            }
            // A `pyproject.toml` that cannot be read may still have a `PKG-INFO` beside it.
            Err(error) => error.to_string(),
            Ok(metadata) => return Ok(metadata),
        };
        let pkg_info = text(&self.pkg_info)
            .ok_or_else(|| SdistError::not_static("it has no `PKG-INFO`"))
            .and_then(|text| from_pkg_info(&text, name, version));
        match pkg_info {
            Err(SdistError::NotStatic { reason }) => Err(SdistError::not_static(format!(
                "{from_pyproject}, and {reason}"
            ))),
            result => result,
        }
    }
}

/// The metadata that a `PKG-INFO` states for good.
///
/// # Errors
///
/// It does not, it is unreadable, or it is another project's.
pub fn from_pkg_info(
    text: &str,
    name: &PackageName,
    version: &Version,
) -> Result<Metadata, SdistError> {
    let fields = Fields::read(text);
    let metadata_version = fields.first("Metadata-Version").unwrap_or_default();
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<u32>().ok());
    let mut parts = metadata_version.split('.');
    match (number(parts.next()), number(parts.next())) {
        (Some(2), Some(2..)) => {}
        _ => {
            return Err(SdistError::not_static(format!(
                "its `PKG-INFO` has metadata version `{metadata_version}`: only 2.2 or later tells what is static"
            )));
        }
    }
    for field in ["Requires-Dist", "Requires-Python", "Provides-Extra"] {
        if fields
            .all("Dynamic")
            .any(|dynamic| dynamic.eq_ignore_ascii_case(field))
        {
            return Err(SdistError::not_static(format!(
                "its `PKG-INFO` declares `{field}` dynamic"
            )));
        }
    }
    Ok(Metadata::from_fields(&fields, name, version)?)
}

/// The metadata that a `pyproject.toml` states for good. The version may be dynamic, as the name of
/// the archive has it.
///
/// # Errors
///
/// It does not, it is unreadable, or it is another project's.
pub fn from_pyproject(
    text: &str,
    name: &PackageName,
    version: &Version,
) -> Result<Metadata, SdistError> {
    let document: Table = toml::from_str(text).map_err(|error| {
        SdistError::not_static(format!(
            "its `pyproject.toml` is no TOML: {}",
            error.message()
        ))
    })?;
    let Some(project) = document.get("project").and_then(Value::as_table) else {
        return Err(SdistError::not_static(
            "its `pyproject.toml` has no `[project]`",
        ));
    };
    let dynamic: BTreeSet<&str> = texts(project.get("dynamic")).collect();
    for field in ["dependencies", "optional-dependencies", "requires-python"] {
        if dynamic.contains(field) {
            return Err(SdistError::not_static(format!(
                "its `pyproject.toml` declares `{field}` dynamic"
            )));
        }
    }
    let has_poetry = document
        .get("tool")
        .is_some_and(|tool| tool.get("poetry").is_some());
    if has_poetry && !project.contains_key("dependencies") {
        return Err(SdistError::not_static(
            "its `pyproject.toml` states its requirements in Poetry's own form",
        ));
    }
    let mut metadata = of_project(project, name, version, dynamic.contains("version"))?;
    metadata.set_requires_python(project.get("requires-python").and_then(Value::as_str))?;
    for line in texts(project.get("dependencies")) {
        metadata.require(line, None)?;
    }
    let extras = project
        .get("optional-dependencies")
        .and_then(Value::as_table);
    for (extra, lines) in extras.into_iter().flatten() {
        metadata.provide(extra);
        for line in texts(Some(lines)) {
            metadata.require(line, Some(extra))?;
        }
    }
    Ok(metadata)
}

/// The texts of an array.
pub(crate) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Name, version and the like of a `[project]` table.
fn of_project(
    project: &Table,
    name: &PackageName,
    version: &Version,
    is_version_dynamic: bool,
) -> Result<Metadata, SdistError> {
    let text = |key: &str| project.get(key).and_then(Value::as_str);
    let raw_name = text("name").ok_or(MetadataError::Missing("project.name"))?;
    let mut metadata = Metadata::bare(name, version);
    let written_version = match text("version") {
        Some(written) => written.parse().ok(),
        None if is_version_dynamic => Some(version.clone()),
        None => return Err(MetadataError::Missing("project.version").into()),
    };
    let is_same = PackageName::new(raw_name).as_ref() == Ok(name);
    if !is_same || written_version.as_ref() != Some(version) {
        let written = text("version").unwrap_or("with a dynamic version");
        return Err(SdistError::Metadata(MetadataError::Inconsistent {
            expected: format!("{name} {version}"),
            found: format!("{raw_name} {written}"),
        }));
    }
    metadata.version = written_version.unwrap_or_else(|| version.clone());
    metadata.raw_name = raw_name.into();
    metadata.summary = text("description").map(Into::into);
    let license = project.get("license");
    let license_text = license.and_then(|license| {
        license
            .as_str()
            .or_else(|| license.get("text").and_then(Value::as_str))
    });
    metadata.license = license_text
        .filter(|text| !text.contains('\n'))
        .map(Into::into);
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archives::{Packing, TarEntry, gzipped, tar_archive, zip_archive};

    const STATIC: &str = r#"
[project]
name = "Foo"
dynamic = ["version"]
description = "It"
requires-python = ">=3.8"
dependencies = ["a>=1", "b ; os_name == 'nt'"]
license = { text = "MIT" }
[project.optional-dependencies]
z = ["c"]
a = ["d ; os_name == 'nt' or os_name == 'posix'"]
"#;
    const INFO: &str =
        "Metadata-Version: 2.2\nName: foo\nVersion: 1.0\nRequires-Dist: x\nDynamic: Version\n";

    fn names(name: &str) -> PackageName {
        PackageName::new(name).unwrap()
    }

    fn read(archive: &[u8], filename: &str) -> Result<Metadata, SdistError> {
        static_metadata(archive, filename, &names("foo"), &"1.0".parse().unwrap())
    }

    fn requirements(metadata: &Metadata) -> Vec<&str> {
        metadata
            .requires_dist
            .iter()
            .map(|requirement| &*requirement.text)
            .collect()
    }

    #[test]
    fn a_static_pyproject_counts_first() {
        let code = vec![b'#'; 3000];
        let entries: &[TarEntry<'_>] = &[
            (
                b'g',
                "pax_global_header",
                b"52 comment=0123456789012345678901234567890123456789\n",
            ),
            (b'5', "foo-1.0/", b""),
            (b'0', "foo-1.0/src/pyproject.toml", b"["),
            (b'0', "foo-1.0/PKG-INFO", INFO.as_bytes()),
            (b'0', "foo-1.0/setup.py", &code),
            (b'0', "foo-1.0/pyproject.toml", STATIC.as_bytes()),
        ];
        let tar = tar_archive(entries);
        let members: Vec<(&str, &[u8])> = entries[2..]
            .iter()
            .map(|(_, name, content)| (*name, *content))
            .collect();
        for (archive, filename) in [
            (gzipped(&tar), "foo-1.0.tar.gz"),
            (gzipped(&tar), "foo-1.0.tgz"),
            (tar, "foo-1.0.tar"),
            (zip_archive(&members, Packing::Deflated), "foo-1.0.zip"),
        ] {
            let metadata = read(&archive, filename).unwrap();
            assert_eq!(
                requirements(&metadata),
                [
                    "a>=1",
                    "b ; os_name == 'nt'",
                    "c ; extra == 'z'",
                    "d ; (os_name == 'nt' or os_name == 'posix') and extra == 'a'",
                ]
            );
            assert_eq!(
                (&*metadata.raw_name, metadata.license.as_deref()),
                ("Foo", Some("MIT"))
            );
            assert_eq!(metadata.requires_python_text.as_deref(), Some(">=3.8"));
        }
    }

    #[test]
    fn pkg_info_counts_when_pyproject_does_not() {
        let dynamic = "[project]\nname = 'foo'\nversion = '1'\ndynamic = ['dependencies']";
        for pyproject in [
            dynamic,
            "[tool.x]",
            "not TOML",
            "[project]\nname='foo'\nversion='1'\n[tool.poetry]",
        ] {
            let tar = tar_archive(&[
                (b'0', "foo-1.0/PKG-INFO", INFO.as_bytes()),
                (b'0', "foo-1.0/pyproject.toml", pyproject.as_bytes()),
            ]);
            let metadata = read(&gzipped(&tar), "foo-1.0.tar.gz").unwrap();
            assert_eq!(requirements(&metadata), ["x"], "{pyproject}");
        }
    }

    #[test]
    fn the_reason_for_a_build_is_told() {
        let reason =
            |files: &[TarEntry<'_>]| match read(&gzipped(&tar_archive(files)), "foo-1.0.tar.gz") {
                Err(SdistError::NotStatic { reason }) => reason,
                other => panic!("{other:?}"),
            };
        assert_eq!(
            reason(&[]),
            "it has no `pyproject.toml`, and it has no `PKG-INFO`"
        );
        let old = "Metadata-Version: 1.2\nName: foo\nVersion: 1.0\n";
        assert!(reason(&[(b'0', "foo-1.0/PKG-INFO", old.as_bytes())]).contains("`1.2`"));
        let dynamic = format!("{INFO}Dynamic: requires-dist\n");
        assert!(
            reason(&[(b'0', "foo-1.0/PKG-INFO", dynamic.as_bytes())])
                .contains("`Requires-Dist` dynamic")
        );
        let error =
            SdistReader::new("foo-1.0.tar.bz2", &names("foo"), &"1.0".parse().unwrap()).err();
        assert!(matches!(error, Some(SdistError::NotStatic { .. })));
    }

    #[test]
    fn other_projects_are_refused() {
        for (name, version) in [("bar", "1.0"), ("foo", "2.0")] {
            let pyproject = format!("[project]\nname = '{name}'\nversion = '{version}'");
            let tar = tar_archive(&[(b'0', "foo-1.0/pyproject.toml", pyproject.as_bytes())]);
            let error = read(&gzipped(&tar), "foo-1.0.tar.gz").unwrap_err();
            assert!(matches!(
                error,
                SdistError::Metadata(MetadataError::Inconsistent { .. })
            ));
        }
    }

    #[test]
    fn long_names_and_small_pieces_are_read() {
        let long = format!("{}/pyproject.toml", "f".repeat(150));
        let pax = format!("175 path={long}\n");
        assert_eq!(pax.len(), 175, "{pax}");
        let gnu = format!("{long}\0");
        for entry in [
            (b'x', "pax", pax.as_bytes()),
            (b'L', "././@LongLink", gnu.as_bytes()),
        ] {
            let archive = gzipped(&tar_archive(&[
                entry,
                (b'0', "cut-off", STATIC.as_bytes()),
                (b'0', "after", b"x"),
            ]));
            let mut reader =
                SdistReader::new("foo-1.0.tar.gz", &names("foo"), &"1.0".parse().unwrap()).unwrap();
            let mut progress = Progress::More;
            for byte in &archive {
                progress = reader.feed(&[*byte]).unwrap();
                if progress == Progress::Enough {
                    break;
                }
            }
            assert_eq!(progress, Progress::Enough);
            assert_eq!(reader.finish().unwrap().requires_dist.len(), 4);
        }
    }

    #[test]
    fn broken_archives_are_errors() {
        let whole = gzipped(&tar_archive(&[(b'0', "foo-1.0/PKG-INFO", INFO.as_bytes())]));
        for cut in [0, 5, 20, 40] {
            assert!(read(&whole[..cut], "foo-1.0.tar.gz").is_err(), "{cut}");
        }
        assert!(read(b"<html>", "foo-1.0.tar.gz").is_err());
        assert!(read(&[b'x'; 2000], "foo-1.0.tar").is_err());
        assert!(read(b"<html>", "foo-1.0.zip").is_err());
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let _ = read(&damaged, "foo-1.0.tar.gz");
        }
        // Padding and a second member do no harm.
        let padded = [&whole[..], &[0; 100]].concat();
        assert!(read(&padded, "foo-1.0.tar.gz").is_ok());
    }
}
