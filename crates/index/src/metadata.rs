//! Core metadata of a distribution: the part of METADATA and PKG-INFO that resolution and locks need.
//!
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>

use std::sync::Arc;

use packaging::{ExtraName, PackageName, Requirement, RequiresPython, Version};

/// What a distribution says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// The project.
    pub name: PackageName,
    /// The name as written (`PyYAML`).
    pub raw_name: Arc<str>,
    /// The version.
    pub version: Version,
    /// `Summary`.
    pub summary: Option<Arc<str>>,
    /// `Requires-Python` as written.
    pub requires_python_text: Option<Arc<str>>,
    /// `Requires-Python` as it is meant, read leniently.
    pub requires_python: Option<Arc<RequiresPython>>,
    /// `Requires-Dist` lines that could be read, in order. `Requirement::text` keeps each raw line.
    pub requires_dist: Vec<Arc<Requirement>>,
    /// `Provides-Extra`, in order; invalid names are skipped.
    pub provides_extra: Vec<ExtraName>,
    /// `License-Expression`, or else `License` when it is one line.
    pub license: Option<Arc<str>>,
    /// What was skipped or mended while reading, each a sentence.
    pub warnings: Vec<String>,
}
