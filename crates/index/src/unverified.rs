//! What a source distribution that needs a build says of its requirements all the same.
//!
//! `PKG-INFO` and `requires.txt` were written by a build on somebody else's machine; another one
//! may come to other requirements.

use std::sync::Arc;

use packaging::{ExtraName, PackageName, Requirement, RequiresPython, Version};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::gzip::Gunzip;
use crate::metadata::{Fields, Metadata};
use crate::sdist::{SdistError, texts};
use crate::tar::Tar;
use crate::zip;

/// A file that is larger than this is not read.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Requirements that nobody vouches for.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Unverified {
    /// The Pythons that it runs on.
    pub requires_python: Option<String>,
    /// The requirements, those of extras with `extra == '…'`.
    pub requires_dist: Vec<String>,
    /// The extras.
    pub provides_extra: Vec<String>,
    /// What it is, in a sentence.
    pub summary: Option<String>,
    /// The files of the archive that say so.
    pub files: Vec<String>,
}

/// Reads what an archive says; `None` when it says nothing of its requirements.
#[must_use]
pub fn unverified(archive: &[u8], filename: &str) -> Option<Unverified> {
    let mut told = Told::default();
    // What is broken further on does not make untrue what came before.
    let _ = read(archive, filename, &mut told);
    told.summary()
}

impl Unverified {
    /// What a `pyproject.toml` says for good, where only something else is left to a build.
    #[must_use]
    pub fn of_project(text: &str) -> Option<Self> {
        let document: Table = toml::from_str(text).ok()?;
        let project = document.get("project")?.as_table()?;
        let dynamic = |field: &str| texts(project.get("dynamic")).any(|it| it == field);
        if dynamic("dependencies") || dynamic("optional-dependencies") {
            return None;
        }
        let mut told = Self {
            requires_python: project
                .get("requires-python")
                .and_then(Value::as_str)
                .map(str::to_owned),
            requires_dist: texts(project.get("dependencies"))
                .map(str::to_owned)
                .collect(),
            provides_extra: Vec::new(),
            summary: project
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned),
            files: vec!["pyproject.toml".to_owned()],
        };
        let extras = project.get("optional-dependencies");
        for (extra, lines) in extras.and_then(Value::as_table).into_iter().flatten() {
            told.provides_extra.push(extra.clone());
            let lines = texts(Some(lines)).map(|line| match line.split_once(';') {
                Some((wanted, marker)) => {
                    format!(
                        "{} ; ({}) and extra == '{extra}'",
                        wanted.trim(),
                        marker.trim()
                    )
                }
                None => format!("{line} ; extra == '{extra}'"),
            });
            told.requires_dist.extend(lines);
        }
        Some(told)
    }
}

impl Unverified {
    /// The same as metadata, for those who take its word for it.
    #[must_use]
    pub fn metadata(&self, name: &PackageName, version: &Version) -> Metadata {
        let requires = self.requires_dist.iter();
        let python = self.requires_python.as_deref();
        Metadata {
            summary: self.summary.as_deref().map(Arc::from),
            requires_python_text: python.map(Arc::from),
            requires_python: python
                .and_then(|text| packaging::version::parse_specifiers_lenient(text).ok())
                .map(|(it, _)| Arc::new(RequiresPython::from_specifiers(&it))),
            requires_dist: requires
                .filter_map(|text| Requirement::parse_lenient(text).ok())
                .map(|(requirement, _)| Arc::new(requirement))
                .collect(),
            provides_extra: self
                .provides_extra
                .iter()
                .filter_map(|extra| ExtraName::new(extra).ok())
                .collect(),
            ..Metadata::bare(name, version)
        }
    }
}

/// The texts of interest, as far as seen.
#[derive(Default)]
struct Told {
    pkg_info: Option<String>,
    requires: Option<String>,
}

fn read(archive: &[u8], filename: &str, told: &mut Told) -> Result<(), SdistError> {
    let broken = |error: zip::ZipError| SdistError::Broken(error.to_string());
    if filename.ends_with(".zip") {
        for member in zip::read_members(archive).map_err(broken)? {
            if kind(&member.name).is_some() {
                let content = zip::read_member(archive, &member, FILE_LIMIT).map_err(broken)?;
                told.keep(&member.name, &content);
            }
        }
        return Ok(());
    }
    let mut tar = Tar::wanting(|path, size| size <= FILE_LIMIT && kind(path).is_some());
    let mut keep = |path: &str, content: Vec<u8>| told.keep(path, &content);
    if filename.ends_with(".tar") {
        return tar.feed(archive, &mut keep);
    }
    Gunzip::default().feed(archive, &mut |unpacked| {
        tar.feed(unpacked, &mut keep)?;
        Ok(false)
    })
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    PkgInfo,
    Requires,
}

/// What a file is, by its path: `PKG-INFO` at the top, `requires.txt` of an `.egg-info`.
fn kind(path: &str) -> Option<Kind> {
    let (_, inner) = path.strip_prefix("./").unwrap_or(path).split_once('/')?;
    if inner == "PKG-INFO" {
        return Some(Kind::PkgInfo);
    }
    let folder = inner.strip_suffix("/requires.txt")?;
    let is_near = folder.matches('/').count() <= 1;
    (is_near && folder.ends_with(".egg-info")).then_some(Kind::Requires)
}

impl Told {
    fn keep(&mut self, path: &str, content: &[u8]) {
        let place = match kind(path) {
            Some(Kind::PkgInfo) => &mut self.pkg_info,
            Some(Kind::Requires) => &mut self.requires,
            None => return,
        };
        place.get_or_insert_with(|| String::from_utf8_lossy(content).into_owned());
    }

    fn summary(&self) -> Option<Unverified> {
        let mut summary = Unverified::default();
        if let Some(text) = &self.pkg_info {
            let fields = Fields::read(text);
            summary.requires_python = fields.first("Requires-Python").map(str::to_owned);
            summary.requires_dist = fields.all("Requires-Dist").filter_map(readable).collect();
            summary.provides_extra = fields.all("Provides-Extra").map(str::to_owned).collect();
            if summary != Unverified::default() {
                summary.files.push("PKG-INFO".to_owned());
            }
            summary.summary = fields.first("Summary").map(str::to_owned);
        }
        if let Some(text) = self
            .requires
            .as_ref()
            .filter(|_| summary.requires_dist.is_empty())
        {
            let (requires, extras) = requires_txt(text);
            summary.requires_dist = requires;
            if summary.provides_extra.is_empty() {
                summary.provides_extra = extras;
            }
            summary.files.push("requires.txt".to_owned());
        }
        (!summary.files.is_empty()).then_some(summary)
    }
}

/// A requirement in its usual spelling.
fn readable(text: &str) -> Option<String> {
    let (requirement, _) = Requirement::parse_lenient(&text.replace('\n', " ")).ok()?;
    Some(requirement.to_string())
}

/// The requirements and the extras of a `requires.txt`, whose sections are `[extra:marker]`.
fn requires_txt(text: &str) -> (Vec<String>, Vec<String>) {
    let mut requires = Vec::new();
    let mut extras: Vec<String> = Vec::new();
    let mut marker = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let section = line.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let Some(section) = section else {
            requires.extend(readable(&format!("{line}{marker}")));
            continue;
        };
        let (extra, condition) = section.split_once(':').unwrap_or((section, ""));
        if !extra.is_empty() && !extras.iter().any(|it| it == extra) {
            extras.push(extra.to_owned());
        }
        marker = match (extra, condition) {
            ("", "") => String::new(),
            ("", condition) => format!(" ; {condition}"),
            (extra, "") => format!(" ; extra == '{extra}'"),
            (extra, condition) if condition.contains(" or ") => {
                format!(" ; ({condition}) and extra == '{extra}'")
            }
            (extra, condition) => format!(" ; {condition} and extra == '{extra}'"),
        };
    }
    (requires, extras)
}

#[cfg(test)]
mod tests {
    use crate::archives::{Packing, zip_archive};

    use super::*;

    fn of(files: &[(&str, &str)]) -> Option<Unverified> {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (*path, text.as_bytes()))
            .collect();
        unverified(&zip_archive(&files, Packing::Deflated), "a-1.zip")
    }

    #[test]
    fn requirements_of_an_egg_info_are_read() {
        let requires = "one>=1\n\n[:python_version < '3.9']\ntwo\n\n[s]\nthree\n[s:os_name == 'nt']\nfour\n???\n";
        let told = of(&[
            (
                "a-1/PKG-INFO",
                "Metadata-Version: 1.2\nName: a\nRequires-Python: >=3.6\n",
            ),
            ("a-1/src/a.egg-info/requires.txt", requires),
        ]);
        let told = told.unwrap();
        assert_eq!(told.requires_python.as_deref(), Some(">=3.6"));
        assert_eq!(
            told.requires_dist,
            [
                "one>=1",
                "two ; python_version < '3.9'",
                "three ; extra == 's'",
                "four ; os_name == 'nt' and extra == 's'"
            ]
        );
        assert_eq!(told.provides_extra, ["s"]);
        assert_eq!(told.files, ["PKG-INFO", "requires.txt"]);
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        assert_eq!(of(&[("a-1/setup.py", "")]), None);
        assert_eq!(of(&[("a-1/PKG-INFO", "Name: a\n")]), None);
        assert_eq!(unverified(b"broken", "a-1.tar.gz"), None);
    }
}
