//! Versions, specifiers and the ranges they stand for.
//!
//! `pep440_rs` parses, prints and orders; the conversion of specifiers to ranges is ours,
//! since its rules about pre-releases and local versions decide what a resolution finds.
//! <https://packaging.python.org/en/latest/specifications/version-specifiers/>

pub use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

/// A set of versions as the solver sees it.
pub type VersionRange = version_ranges::Ranges<Version>;
