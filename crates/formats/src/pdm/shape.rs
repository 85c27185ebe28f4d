//! The tables of `pdm.lock` as they stand, with the places of everything that has to be understood.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A string and its place.
pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
pub(super) struct LockShape {
    pub(super) metadata: MetadataShape,
    #[serde(default)]
    pub(super) package: Vec<PackageShape>,
}

#[derive(Deserialize)]
pub(super) struct MetadataShape {
    pub(super) lock_version: Text,
    #[serde(default)]
    pub(super) groups: Vec<Text>,
    #[serde(default)]
    pub(super) strategy: Vec<String>,
    #[serde(default)]
    pub(super) targets: Vec<TargetShape>,
    /// Files by `name version`, before lock version 4.3.
    #[serde(default)]
    pub(super) files: BTreeMap<String, Vec<FileShape>>,
}

#[derive(Deserialize)]
pub(super) struct TargetShape {
    pub(super) requires_python: Text,
}

#[derive(Deserialize)]
pub(super) struct PackageShape {
    pub(super) name: Text,
    pub(super) version: Option<Text>,
    #[serde(default)]
    pub(super) extras: Vec<Text>,
    pub(super) requires_python: Option<String>,
    #[serde(default)]
    pub(super) editable: bool,
    pub(super) subdirectory: Option<String>,
    pub(super) git: Option<String>,
    pub(super) hg: Option<Text>,
    pub(super) svn: Option<Text>,
    pub(super) bzr: Option<Text>,
    pub(super) r#ref: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) path: Option<String>,
    pub(super) url: Option<String>,
    pub(super) summary: Option<String>,
    #[serde(default)]
    pub(super) groups: Vec<Text>,
    pub(super) marker: Option<Text>,
    #[serde(default)]
    pub(super) dependencies: Vec<Text>,
    #[serde(default)]
    pub(super) files: Vec<FileShape>,
}

#[derive(Deserialize)]
pub(super) struct FileShape {
    pub(super) file: Option<String>,
    pub(super) url: Option<Text>,
    pub(super) hash: Option<Text>,
}
