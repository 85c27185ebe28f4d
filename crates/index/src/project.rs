//! A project as one index has it: releases in version order, files in name order.

use std::collections::BTreeMap;
use std::sync::Arc;

use packaging::filename::WheelFilename;
use packaging::{Hash, RequiresPython, Version};
use serde::{Deserialize, Serialize};

/// A project's page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// Releases by version, ascending. Versions come from file names, as uv reads pages.
    pub releases: BTreeMap<Version, Release>,
    /// The project status marker (PEP 792), if the page has one.
    pub status: Option<Arc<str>>,
}

/// The files of one version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    /// Source distributions, by file name.
    pub sdists: Vec<Arc<File>>,
    /// Wheels, by file name in plain byte order.
    pub wheels: Vec<Arc<File>>,
}

impl Release {
    /// All files: sdists, then wheels.
    pub fn files(&self) -> impl Iterator<Item = &Arc<File>> {
        self.sdists.iter().chain(&self.wheels)
    }
}

/// One distribution: a wheel or an sdist.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The file's name.
    pub filename: Arc<str>,
    /// What the name says.
    pub kind: FileKind,
    /// The absolute URL, fragment removed.
    pub url: Arc<str>,
    /// Every digest advertised, weakest algorithm first.
    pub hashes: Vec<Hash>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Upload time in milliseconds since 1970-01-01T00:00:00Z, truncated.
    pub upload_time: Option<i64>,
    /// `Requires-Python` as the index wrote it, read leniently.
    pub requires_python: Option<FileRequiresPython>,
    /// Whether, and why, the file was withdrawn (PEP 592).
    pub yanked: Yanked,
    /// Set when the index serves the metadata beside the file (PEP 658, 714).
    pub core_metadata: Option<CoreMetadata>,
}

impl File {
    /// What the file's name says, if it is a wheel.
    #[must_use]
    pub fn wheel(&self) -> Option<&Arc<WheelFilename>> {
        match &self.kind {
            FileKind::Wheel(wheel) => Some(wheel),
            FileKind::Sdist | FileKind::OldSdist => None,
        }
    }

    /// Whether the file is a wheel.
    #[must_use]
    pub fn is_wheel(&self) -> bool {
        self.wheel().is_some()
    }

    /// Whether, and why, the file was withdrawn.
    #[must_use]
    pub fn yanked(&self) -> Option<&Arc<str>> {
        match &self.yanked {
            Yanked::No => None,
            Yanked::Yes(reason) => Some(reason),
        }
    }

    /// The digest that locks record: of the strongest algorithm advertised.
    #[must_use]
    pub fn strongest_hash(&self) -> Option<&Hash> {
        self.hashes.last()
    }
}

/// `Requires-Python` of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRequiresPython {
    /// The index's text.
    pub text: Arc<str>,
    /// What it means.
    pub value: Arc<RequiresPython>,
}

/// What a file's name says it is.
#[derive(Clone, Debug, PartialEq)]
pub enum FileKind {
    /// A wheel with its parsed name.
    Wheel(Arc<WheelFilename>),
    /// A source distribution whose name and extension PEP 625 allows (`.tar.gz`, and `.zip` of old).
    Sdist,
    /// A source distribution in a form no tool should use (`.tar.bz2`, `.tgz`, …).
    OldSdist,
}

/// Whether a file was withdrawn.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub enum Yanked {
    /// It was not.
    #[default]
    No,
    /// It was, for this reason (may be empty).
    Yes(Arc<str>),
}

impl Yanked {
    /// Whether the file was withdrawn.
    #[must_use]
    pub fn is_yanked(&self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

/// The metadata file beside a distribution.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CoreMetadata {
    /// Its strongest advertised digest.
    pub hash: Option<Hash>,
}
