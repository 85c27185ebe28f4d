//! The user's own requirements that take part in a conflict.

use packaging::{ConflictItem, ConflictKind, Marker, PackageName, VersionRange, VersionSpecifiers};
use pubgrub::External;

use super::reason::{Gone, Reason, Unusable};
use super::{Tree, visit};
use crate::node::{Kind, Node};
use crate::range;

/// One of the user's own requirements.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wish {
    /// Who asks: a member, its extra or group; `None` for a root without `[project]`, and for
    /// constraints.
    pub owner: Option<ConflictItem>,
    /// The project asked for.
    pub name: PackageName,
    range: VersionRange,
    marker: Marker,
}

impl Wish {
    /// When it holds.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.marker
    }

    /// Whether these specifiers under this marker are what is wished.
    #[must_use]
    pub fn is(&self, name: &PackageName, specifiers: &VersionSpecifiers, marker: Marker) -> bool {
        let marker = marker.without_extras();
        self.name == *name
            && range::of(specifiers) == self.range
            && (marker.is_false() || !marker.is_disjoint(self.marker))
    }
}

/// The user's own requirements in a derivation, each once, and whether `requires-python` is one.
pub(super) fn wishes(
    tree: &Tree,
    is_member: &dyn Fn(&PackageName) -> bool,
    is_bound: &dyn Fn(&PackageName, &VersionRange) -> bool,
) -> (Vec<Wish>, bool) {
    let mut wishes: Vec<Wish> = Vec::new();
    let mut python = false;
    visit(tree, &mut |external| match external {
        External::FromDependencyOf(_, _, Node::Python, _) => python = true,
        External::Custom(_, _, Reason::Version(Gone::Unusable(unusable))) => {
            python |= matches!(unusable, Unusable::RequiresPython(_) | Unusable::PythonTag);
        }
        External::Custom(node, _, Reason::Version(Gone::UnsatisfiableRequirement { name, .. })) => {
            if let Some(owner) = owner(node, is_member) {
                let wish = Wish {
                    owner,
                    name: name.clone(),
                    range: VersionRange::empty(),
                    marker: Marker::TRUE,
                };
                if !wishes.contains(&wish) {
                    wishes.push(wish);
                }
            }
        }
        External::FromDependencyOf(from, _, to, range) => {
            let Some(name) = to.name() else { return };
            let owner = match owner(from, is_member) {
                Some(owner) => owner,
                None if is_bound(name, range) => None,
                None => return,
            };
            let is_own = is_member(name)
                && owner
                    .as_ref()
                    .is_none_or(|owner| owner.package == *name && from != to);
            if is_own && *range == VersionRange::full() {
                return;
            }
            let wish = Wish {
                owner,
                name: name.clone(),
                range: range.clone(),
                marker: to.marker(),
            };
            if !wishes.contains(&wish) {
                wishes.push(wish);
            }
        }
        _ => {}
    });
    (wishes, python)
}

/// Who asks, if it is the user: `Some(None)` is a root without `[project]`.
fn owner(node: &Node, is_member: &dyn Fn(&PackageName) -> bool) -> Option<Option<ConflictItem>> {
    let (name, kind) = match node {
        Node::Root => return Some(None),
        Node::Package { name, kind, .. } if is_member(name) => (name, kind),
        _ => return None,
    };
    let kind = match kind {
        Kind::Base => ConflictKind::Project,
        Kind::Extra(extra) => ConflictKind::Extra(extra.clone()),
        Kind::Group(group) => ConflictKind::Group(group.clone()),
    };
    Some(Some(ConflictItem {
        package: name.clone(),
        kind,
    }))
}
