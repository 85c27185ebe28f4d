//! Typed reasons why something cannot be used.

use std::fmt;
use std::sync::Arc;

use index::{Absence, File, Yanked};
use packaging::{IndexUrl, Marker, PackageName, RequiresPython};

/// Why something cannot be used, outside the solver's own logic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The project as a whole.
    Package(PackageGone),
    /// Versions of it.
    Version(Gone),
}

/// Why a project has no releases.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PackageGone {
    /// No index is configured.
    NoIndex,
    /// No index has it.
    NotFound,
    /// An index refused to say.
    Unauthorized(IndexUrl),
    /// It is not cached, and requests are not allowed.
    Offline,
}

/// Why a version is gone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Gone {
    /// None of its files can be used.
    Unusable(Unusable),
    /// Its metadata cannot be had.
    Metadata(Absence),
    /// One of its requirements contradicts itself.
    UnsatisfiableRequirement {
        /// The project required.
        name: PackageName,
        /// The specifiers that exclude each other.
        specifiers: String,
    },
}

/// Why a file cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unusable {
    /// Uploaded at or after the cut-off, or at an unknown time (milliseconds since 1970).
    TooNew(Option<i64>),
    /// Its wheel tags exclude the Pythons wanted.
    PythonTag,
    /// It is a wheel variant, which locks cannot hold.
    Variant,
    /// It needs a newer Python.
    RequiresPython(Arc<RequiresPython>),
    /// It was withdrawn, for this reason (may be empty).
    Yanked(Arc<str>),
    /// Wheels are forbidden.
    NoBinary,
    /// Source distributions are forbidden.
    NoBuild,
    /// Its form is none that PEP 625 allows.
    OldSdist,
    /// No file serves an environment that must be served.
    MissingPlatform(Marker),
    /// There are no files.
    NoFiles,
}

impl Unusable {
    pub(crate) fn yanked(file: &File) -> Self {
        match &file.yanked {
            Yanked::Yes(reason) => Self::Yanked(reason.clone()),
            Yanked::No => Self::Yanked("".into()),
        }
    }

    /// Whether the cut-off alone is to blame: then the release does not exist at all.
    pub(crate) fn is_cutoff(&self) -> bool {
        matches!(self, Self::TooNew(_))
    }

    /// Whether the release was withdrawn.
    pub(crate) fn is_yanked(&self) -> bool {
        matches!(self, Self::Yanked(..))
    }

    /// What is said of a release whose files all fail: the sdist's reason, if it has one.
    pub(crate) fn of_both(wheel: Option<Self>, sdist: Option<Self>) -> Self {
        sdist.or(wheel).unwrap_or(Self::NoFiles)
    }

    /// Whether this file came closer to being usable than another.
    pub(crate) fn is_closer_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::TooNew(own), Self::TooNew(other)) => match (own, other) {
                (None, _) => true,
                (_, None) => false,
                (Some(own), Some(other)) => other < own,
            },
            (Self::Yanked(_), Self::Yanked(other)) => !other.is_empty(),
            _ => self.closeness() > other.closeness(),
        }
    }

    fn closeness(&self) -> u8 {
        match self {
            Self::TooNew(_) => 7,
            Self::PythonTag => 6,
            Self::Variant => 5,
            Self::RequiresPython(_) => 4,
            Self::Yanked(_) => 3,
            Self::NoBinary => 2,
            Self::NoBuild | Self::OldSdist => 1,
            Self::MissingPlatform(_) | Self::NoFiles => 0,
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooNew(Some(_)) => formatter.write_str("was published after the cut-off"),
            Self::TooNew(None) => formatter.write_str("has no publish time"),
            Self::PythonTag => {
                formatter.write_str("has no wheels with a matching Python version tag")
            }
            Self::Variant => formatter.write_str("has only unsupported wheel variants"),
            Self::RequiresPython(requires_python) => {
                write!(formatter, "requires Python {requires_python}")
            }
            Self::Yanked(reason) if reason.is_empty() => formatter.write_str("was yanked"),
            Self::Yanked(reason) => {
                let reason = reason.trim().trim_end_matches('.');
                write!(formatter, "was yanked (reason: {reason})")
            }
            Self::NoBinary => formatter.write_str("has no source distribution"),
            Self::NoBuild => formatter.write_str("has no usable wheels"),
            Self::OldSdist => {
                formatter.write_str("has a source distribution in a form that PEP 625 forbids")
            }
            Self::MissingPlatform(marker) => {
                write!(formatter, "has no `{marker}`-compatible wheels")
            }
            Self::NoFiles => formatter.write_str("has no available distributions"),
        }
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(unusable) => unusable.fmt(formatter),
            Self::Metadata(Absence::Offline) => {
                formatter.write_str("was not found in the cache, and requests are not allowed")
            }
            Self::Metadata(Absence::Invalid { reason }) => {
                write!(formatter, "has invalid metadata ({reason})")
            }
            Self::Metadata(Absence::Inconsistent { reason }) => {
                write!(formatter, "has inconsistent metadata ({reason})")
            }
            Self::Metadata(_) => formatter.write_str("has metadata that could not be found"),
            Self::UnsatisfiableRequirement { name, specifiers } => {
                write!(
                    formatter,
                    "depends on `{name}{specifiers}`, which no version satisfies"
                )
            }
        }
    }
}

impl fmt::Display for PackageGone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIndex => formatter.write_str("was not found, since no index is configured"),
            Self::NotFound => formatter.write_str("was not found in the package index"),
            Self::Unauthorized(index) => {
                write!(
                    formatter,
                    "was not found, since `{index}` asks for credentials"
                )
            }
            Self::Offline => {
                formatter.write_str("was not found in the cache, and requests are not allowed")
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package(gone) => gone.fmt(formatter),
            Self::Version(gone) => gone.fmt(formatter),
        }
    }
}
