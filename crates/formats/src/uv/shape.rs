//! The tables of `uv.lock` as they stand, with the places of everything that has to be understood.

use std::collections::BTreeMap as Map;

use lock::{ForkStrategy, PrereleaseMode, ResolutionMode};
use serde::Deserialize;
use toml::Spanned;

/// A string and its place.
pub(super) type Text = Spanned<String>;

/// What tells which kind of lock this is; read alone when the rest cannot be.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) version: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct LockShape {
    pub(super) version: Spanned<i64>,
    pub(super) requires_python: Text,
    #[serde(default, alias = "environment-markers")]
    pub(super) resolution_markers: Vec<Text>,
    #[serde(default)]
    pub(super) supported_markers: Vec<Text>,
    #[serde(default)]
    pub(super) required_markers: Vec<Text>,
    #[serde(default)]
    pub(super) conflicts: Vec<Vec<ConflictShape>>,
    #[serde(default)]
    pub(super) options: OptionsShape,
    #[serde(default)]
    pub(super) manifest: ManifestShape,
    #[serde(default, rename = "package", alias = "distribution")]
    pub(super) packages: Vec<PackageShape>,
}

#[derive(Deserialize)]
pub(super) struct ConflictShape {
    pub(super) package: Text,
    pub(super) extra: Option<Text>,
    pub(super) group: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct OptionsShape {
    #[serde(default)]
    pub(super) resolution_mode: ResolutionMode,
    #[serde(default)]
    pub(super) prerelease_mode: PrereleaseMode,
    #[serde(default)]
    pub(super) fork_strategy: ForkStrategy,
    pub(super) exclude_newer: Option<Text>,
    pub(super) exclude_newer_span: Option<String>,
    #[serde(default)]
    pub(super) prerelease_package: Map<String, Spanned<PrereleaseMode>>,
    #[serde(default)]
    pub(super) exclude_newer_package: Map<String, Spanned<CutOffShape>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum CutOffShape {
    At(String),
    Span {
        timestamp: String,
        span: Option<String>,
    },
    Switch(bool),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ManifestShape {
    #[serde(default)]
    pub(super) members: Vec<Text>,
    pub(super) default_groups: Option<Spanned<DefaultGroupsShape>>,
    #[serde(default)]
    pub(super) requirements: Vec<RequirementShape>,
    #[serde(default)]
    pub(super) constraints: Vec<RequirementShape>,
    #[serde(default)]
    pub(super) overrides: Vec<RequirementShape>,
    #[serde(default)]
    pub(super) excludes: Vec<Spanned<ExcludeShape>>,
    #[serde(default)]
    pub(super) build_constraints: Vec<RequirementShape>,
    #[serde(default)]
    pub(super) dependency_groups: Map<String, Spanned<Vec<RequirementShape>>>,
    #[serde(default)]
    pub(super) group_requires_python: Map<String, Text>,
    #[serde(default)]
    pub(super) dependency_metadata: Vec<DependencyMetadataShape>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum DefaultGroupsShape {
    All(String),
    List(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ExcludeShape {
    Everywhere(String),
    Scoped {
        package: PlainTarget,
        dependencies: Vec<String>,
    },
}

/// The project whose requirements an exclusion changes.
#[derive(Deserialize)]
pub(super) struct PlainTarget {
    pub(super) name: String,
    pub(super) version: Option<String>,
}

/// The project whose requirements an override changes.
#[derive(Deserialize)]
pub(super) struct TargetShape {
    pub(super) name: Text,
    pub(super) version: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct DependencyMetadataShape {
    pub(super) name: Text,
    pub(super) version: Option<Text>,
    #[serde(default)]
    pub(super) requires_dist: Vec<Text>,
    pub(super) requires_python: Option<String>,
    #[serde(default, alias = "provides-extra")]
    pub(super) provides_extras: Vec<Text>,
}

/// A requirement, or (with `package` instead of `name`) a scoped override.
#[derive(Deserialize)]
pub(super) struct RequirementShape {
    pub(super) name: Option<Text>,
    pub(super) package: Option<TargetShape>,
    #[serde(default)]
    pub(super) dependencies: Vec<RequirementShape>,
    #[serde(default)]
    pub(super) extras: Vec<Text>,
    #[serde(default)]
    pub(super) groups: Vec<Text>,
    pub(super) marker: Option<Text>,
    pub(super) specifier: Option<Text>,
    pub(super) index: Option<String>,
    pub(super) conflict: Option<ConflictShape>,
    pub(super) git: Option<String>,
    pub(super) url: Option<String>,
    pub(super) subdirectory: Option<String>,
    pub(super) path: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) editable: Option<String>,
    pub(super) r#virtual: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SourceShape {
    pub(super) registry: Option<String>,
    pub(super) git: Option<String>,
    pub(super) url: Option<String>,
    pub(super) subdirectory: Option<String>,
    pub(super) path: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) editable: Option<String>,
    pub(super) r#virtual: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PackageShape {
    pub(super) name: Text,
    pub(super) version: Option<Text>,
    pub(super) source: Spanned<SourceShape>,
    pub(super) default_groups: Option<Spanned<DefaultGroupsShape>>,
    #[serde(default, alias = "environment-markers")]
    pub(super) resolution_markers: Vec<Text>,
    #[serde(default)]
    pub(super) dependencies: Vec<Spanned<DependencyShape>>,
    pub(super) sdist: Option<Spanned<ArtifactShape>>,
    #[serde(default)]
    pub(super) wheels: Vec<Spanned<ArtifactShape>>,
    #[serde(default)]
    pub(super) optional_dependencies: Map<String, Spanned<Vec<Spanned<DependencyShape>>>>,
    #[serde(default, alias = "dependency-groups")]
    pub(super) dev_dependencies: Map<String, Spanned<Vec<Spanned<DependencyShape>>>>,
    #[serde(default)]
    pub(super) group_requires_python: Map<String, Text>,
    pub(super) metadata: Option<MetadataShape>,
}

#[derive(Deserialize)]
pub(super) struct DependencyShape {
    pub(super) name: Text,
    pub(super) version: Option<Text>,
    pub(super) source: Option<Spanned<SourceShape>>,
    #[serde(default)]
    pub(super) extra: Vec<Text>,
    pub(super) marker: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ArtifactShape {
    pub(super) url: Option<String>,
    pub(super) path: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) hash: Option<Text>,
    pub(super) size: Option<u64>,
    pub(super) upload_time: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct MetadataShape {
    #[serde(default)]
    pub(super) requires_dist: Vec<RequirementShape>,
    #[serde(default, alias = "provides-extra")]
    pub(super) provides_extras: Vec<Text>,
    #[serde(default, alias = "dependency-groups")]
    pub(super) requires_dev: Map<String, Spanned<Vec<RequirementShape>>>,
}
