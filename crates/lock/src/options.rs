//! How a resolution was made: the settings that a lock records.

use std::collections::BTreeMap;

use packaging::{ExtraName, PackageName, Version};
use serde::{Deserialize, Serialize};

/// Which of the allowed versions is preferred.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolutionMode {
    /// The highest.
    #[default]
    Highest,
    /// The lowest.
    Lowest,
    /// The lowest for what the user requires directly, the highest for the rest.
    LowestDirect,
}

impl ResolutionMode {
    /// The word users choose it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Highest => "highest",
            Self::Lowest => "lowest",
            Self::LowestDirect => "lowest-direct",
        }
    }
}

/// When pre-releases are allowed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrereleaseMode {
    /// Never.
    Disallow,
    /// Like any other version.
    Allow,
    /// When no stable version satisfies.
    #[default]
    IfNecessary,
    /// Only for first-party requirements that name one.
    Explicit,
    /// As `IfNecessary` (deprecated spelling).
    IfNecessaryOrExplicit,
}

impl PrereleaseMode {
    /// The word users choose it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disallow => "disallow",
            Self::Allow => "allow",
            Self::IfNecessary => "if-necessary",
            Self::Explicit => "explicit",
            Self::IfNecessaryOrExplicit => "if-necessary-or-explicit",
        }
    }
}

/// When to split the resolution.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForkStrategy {
    /// The best version for each Python.
    #[default]
    RequiresPython,
    /// As few versions as possible.
    Fewest,
}

impl ForkStrategy {
    /// The word users choose it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPython => "requires-python",
            Self::Fewest => "fewest",
        }
    }
}

/// A cut-off: files uploaded at or after it do not exist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ExcludeNewer {
    /// An instant, in milliseconds since 1970-01-01T00:00:00Z.
    At(i64),
    /// An instant computed from a span before now, and the span as ISO 8601 text (`P3D`).
    Span {
        /// The instant, in milliseconds since 1970-01-01T00:00:00Z.
        at: i64,
        /// The span.
        span: String,
    },
}

impl ExcludeNewer {
    /// The instant, in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn instant(&self) -> i64 {
        match self {
            Self::At(at) | Self::Span { at, .. } => *at,
        }
    }
}

/// The settings that decided the resolution.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Which versions were preferred.
    pub resolution: ResolutionMode,
    /// When pre-releases were allowed.
    pub prerelease: PrereleaseMode,
    /// The same for single projects.
    pub prerelease_package: BTreeMap<PackageName, PrereleaseMode>,
    /// When the resolution was split.
    pub fork_strategy: ForkStrategy,
    /// The cut-off.
    pub exclude_newer: Option<ExcludeNewer>,
    /// The cut-off of single projects; `None` switches it off.
    pub exclude_newer_package: BTreeMap<PackageName, Option<ExcludeNewer>>,
}

/// A `[[tool.uv.dependency-metadata]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct DependencyMetadata {
    /// The project.
    pub name: PackageName,
    /// The version it speaks for; all of them when absent.
    pub version: Option<Version>,
    /// Requirements, as written.
    pub requires_dist: Vec<packaging::Requirement>,
    /// `Requires-Python`, as written.
    pub requires_python: Option<String>,
    /// The extras provided.
    pub provides_extra: Vec<ExtraName>,
}
