//! `tree`: a lock's graph as trees.

use diagnostic::Diagnostic;
use lock::{Branch, Groups, GroupsFrom, Part, TreeRequest};
use packaging::{GroupName, Marker, PackageName};
use serde::{Deserialize, Serialize};

use super::LockText;
use super::draw::Drawing;
use crate::{Failure, FailureKind, selection};

/// A lock whose trees are wanted.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TreeQuery {
    /// The lock.
    pub lock: LockText,
    /// Begin with these projects, not with the roots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub package: Vec<String>,
    /// Leave these projects out, and what is below them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prune: Vec<String>,
    /// What requires a package stands below it, up to the roots.
    #[serde(default)]
    pub invert: bool,
    /// How many levels are drawn below the first; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Draw again what was drawn before.
    #[serde(default)]
    pub no_dedupe: bool,
    /// Every dependency group, not just those installed by default.
    #[serde(default)]
    pub all_groups: bool,
    /// These dependency groups, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<String>,
    /// Only what this version of Python needs: `3.12` or `3.12.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Only what this platform needs: `linux`, `linux/arm64`, `aarch64-apple-darwin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

/// A lock's trees.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct TreeReply {
    /// The packages at the top, with what is below them.
    pub trees: Vec<TreeNode>,
}

/// A package in a tree.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct TreeNode {
    /// The project's normalized name.
    pub name: String,
    /// The version; a source tree may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The extras of it that are required there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<String>,
    /// The extra of the requiring package that requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
    /// The dependency group of the requiring package that requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When it is required; absent when always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// Whether what is below it was drawn before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// What it requires; in an inverted tree, what requires it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub below: Vec<TreeNode>,
}

/// Draws a lock's trees.
///
/// # Errors
///
/// The lock or a word cannot be read, or a project is not locked.
pub fn tree(query: &TreeQuery) -> Result<TreeReply, Failure> {
    let (_, lock) = query.lock.read()?;
    let request = query.request()?;
    for name in &request.packages {
        if lock.named(name).next().is_none() {
            return Err(not_locked(name));
        }
    }
    let trees = lock::tree(&lock, &request);
    Ok(TreeReply {
        trees: trees.iter().map(TreeNode::from).collect(),
    })
}

pub(super) fn not_locked(name: &PackageName) -> Failure {
    let title = format!("`{name}` is not locked");
    let error = Diagnostic::error("select/unknown-project", title);
    Failure::new(FailureKind::Input, vec![error])
}

impl TreeQuery {
    fn request(&self) -> Result<TreeRequest, Failure> {
        let mut errors = Vec::new();
        let mut groups = Groups {
            from: if self.all_groups {
                GroupsFrom::All
            } else {
                GroupsFrom::Default
            },
            ..Groups::default()
        };
        groups.with = selection::names("group", &self.group, GroupName::new, &mut errors);
        let packages = selection::names("package", &self.package, PackageName::new, &mut errors);
        let prune = selection::names("prune", &self.prune, PackageName::new, &mut errors);
        let within = selection::within(
            self.python.as_deref(),
            self.platform.as_deref(),
            &mut errors,
        );
        if !errors.is_empty() {
            return Err(Failure::new(FailureKind::Input, errors));
        }
        Ok(TreeRequest {
            groups,
            packages,
            prune,
            inverted: self.invert,
            depth: self.depth,
            repeats: self.no_dedupe,
            within,
        })
    }
}

impl From<&Branch<'_>> for TreeNode {
    fn from(branch: &Branch<'_>) -> Self {
        let (extra, group) = match &branch.part {
            Part::Base => (None, None),
            Part::Extra(extra) => (Some(extra.to_string()), None),
            Part::Group(group) => (None, Some(group.to_string())),
        };
        let id = &branch.package.id;
        Self {
            name: id.name.to_string(),
            version: id.version.as_ref().map(ToString::to_string),
            extras: branch.extras.iter().map(ToString::to_string).collect(),
            extra,
            group,
            marker: Some(branch.marker)
                .filter(|it| !it.is_true())
                .and_then(Marker::text),
            repeated: branch.is_repeated,
            below: branch.below.iter().map(Self::from).collect(),
        }
    }
}

impl TreeReply {
    /// The trees as lines; `markers` says whether conditions are told.
    #[must_use]
    pub fn text(&self, markers: bool) -> String {
        let mut text = String::new();
        let drawing = Drawing {
            label: &|node: &TreeNode| label(node, markers),
            below: |node| &node.below,
        };
        for tree in &self.trees {
            drawing.draw(tree, &mut text);
        }
        let mut nodes: Vec<&TreeNode> = self.trees.iter().collect();
        let mut is_repeated = false;
        while let Some(node) = nodes.pop() {
            is_repeated |= node.repeated;
            nodes.extend(&node.below);
        }
        if is_repeated {
            text.push_str("(*) Package tree already displayed\n");
        }
        text
    }
}

/// The line of a node.
fn label(node: &TreeNode, markers: bool) -> String {
    let mut label = node.name.clone();
    if !node.extras.is_empty() {
        label.push_str(&format!("[{}]", node.extras.join(", ")));
    }
    label.extend(node.version.as_ref().map(|it| format!(" v{it}")));
    label.extend(node.extra.as_ref().map(|it| format!(" (extra: {it})")));
    label.extend(node.group.as_ref().map(|it| format!(" (group: {it})")));
    let marker = node.marker.as_ref().filter(|_| markers);
    label.extend(marker.map(|it| format!(" ; {it}")));
    if node.repeated {
        label.push_str(" (*)");
    }
    label
}
