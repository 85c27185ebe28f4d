//! Manifests that are no `pyproject.toml`: requirements files, `Pipfile`, and what setuptools reads.
//!
//! Each becomes a [`Manifest`](crate::Manifest) like any other, with its mistakes and their places.
//! A file without a project of its own is a root without `[project]`: what it asks for is the
//! manifest's [`script`](crate::Manifest::script) table and its groups.

mod hatch;
mod pipfile;
mod place;
mod requirements;
mod stated;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::Diagnostic;

use crate::Manifest;

pub use stated::{StatedProject, stated};

/// What kind of manifest a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForeignKind {
    /// `requirements.in`, `requirements.txt` and the like.
    Requirements,
    /// `Pipfile`.
    Pipfile,
    /// `setup.cfg` or `setup.py`.
    Setuptools,
}

impl ForeignKind {
    /// The kind of a file by its name; `None` for what is no manifest of these kinds.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        match name {
            "Pipfile" => Some(Self::Pipfile),
            "setup.cfg" | "setup.py" => Some(Self::Setuptools),
            _ => {
                let ending = name.rsplit_once('.')?.1;
                matches!(ending, "in" | "txt").then_some(Self::Requirements)
            }
        }
    }
}

/// Reads a requirements file or a `Pipfile`; what setuptools reads is for [`stated`].
///
/// `files` are the texts beside it, by path relative to its folder.
#[must_use]
pub fn read(
    text: &str,
    file: &str,
    files: &BTreeMap<String, String>,
) -> (Option<Manifest>, Vec<Diagnostic>) {
    match ForeignKind::of(file) {
        Some(ForeignKind::Pipfile) => pipfile::read(text, file),
        _ => requirements::read(text, file, files),
    }
}

/// The files that a manifest leads to and that are not among those given, itself included.
#[must_use]
pub fn missing(file: &str, files: &BTreeMap<String, String>) -> BTreeSet<String> {
    match ForeignKind::of(file) {
        Some(ForeignKind::Requirements) => requirements::missing(file, files),
        _ => BTreeSet::new(),
    }
}
