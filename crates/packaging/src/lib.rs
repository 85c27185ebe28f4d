//! The words of Python packaging: names, versions, requirements, markers, tags, file names, hashes.
//!
//! Everything here is a pure function of text. The terms are those of the packaging
//! specifications (<https://packaging.python.org/en/latest/specifications/>).

pub mod environment;
pub mod filename;
pub mod hash;
pub mod marker;
pub mod name;
pub mod poetry;
pub mod requirement;
pub mod requirements_file;
pub mod source;
pub mod tag;
pub mod target;
pub mod version;

pub use environment::{MarkerEnvironment, PythonBounds, RequiresPython};
pub use hash::{Hash, HashAlgorithm};
pub use marker::Marker;
pub use name::{ExtraName, GroupName, InvalidName, PackageName};
pub use requirement::Requirement;
pub use source::{
    ConflictItem, ConflictKind, GitReference, IndexUrl, RequirementSource, SourcedRequirement,
    form_encoded,
};
pub use version::{Operator, Version, VersionRange, VersionSpecifier, VersionSpecifiers};
