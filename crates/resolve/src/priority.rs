//! What to decide next (uv.md §2.4).

use std::cmp::Reverse;

use packaging::{PackageName, VersionRange};
use rustc_hash::FxHashMap;

use crate::node::Node;
use crate::range;

/// How urgent a project is; later variants and earlier discovery come first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Urgency {
    /// Nothing special is known.
    Unspecified(Reverse<usize>),
    /// Often the culprit of conflicts.
    ConflictLate(Reverse<usize>),
    /// Often affected by conflicts.
    ConflictEarly(Reverse<usize>),
    /// Somebody wants one exact version.
    Singleton(Reverse<usize>),
    /// Comes from a URL, a path or the workspace.
    Direct(Reverse<usize>),
    /// The root, and Python.
    Fixed,
}

impl Urgency {
    fn discovery(self) -> Option<usize> {
        match self {
            Self::Unspecified(Reverse(at))
            | Self::ConflictLate(Reverse(at))
            | Self::ConflictEarly(Reverse(at))
            | Self::Singleton(Reverse(at))
            | Self::Direct(Reverse(at)) => Some(at),
            Self::Fixed => None,
        }
    }
}

/// How much choice a node leaves; later variants are decided earlier.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Freedom {
    /// Repeats what its project does under a condition.
    Repetition,
    /// Several versions.
    Some,
    /// The existing lock's version will do.
    Locked,
    /// One version, or none.
    None,
    /// A URL, a path or a repository.
    Direct,
    /// What follows from decisions without any choice, and the user's own projects.
    Settled,
}

/// What poetry weighs, most important first; what is greater is decided earlier.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Weight {
    pub(crate) freedom: Freedom,
    /// How many requirements of the best candidate end somewhere: those cause conflicts.
    pub(crate) bounded: usize,
    /// Whether the best candidate requires anything.
    pub(crate) has_requirements: bool,
    /// How many versions there are to choose from.
    pub(crate) candidates: usize,
}

/// The engine's priority, then the node's discovery.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Rank {
    /// By weight.
    Weight(Weight, Reverse<u32>),
    /// By the project's urgency.
    Urgency(Urgency, Reverse<u32>),
}

/// The priorities of one fork.
#[derive(Clone, Debug, Default)]
pub(crate) struct Priorities {
    projects: FxHashMap<PackageName, Urgency>,
    nodes: FxHashMap<Node, u32>,
}

impl Priorities {
    /// Registers a node that something depends on.
    pub(crate) fn discover(&mut self, node: &Node, range: &VersionRange, is_direct: bool) {
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if !self.nodes.contains_key(node) {
            self.nodes.insert(node.clone(), next);
        }
        let Some(name) = node.name() else { return };
        let known = self.projects.get(name).copied();
        let at = Reverse(
            known
                .and_then(Urgency::discovery)
                .unwrap_or(self.projects.len()),
        );
        let urgency = if is_direct {
            Urgency::Direct(at)
        } else if range::is_singleton(range) {
            Urgency::Singleton(at)
        } else {
            Urgency::Unspecified(at)
        };
        if known.is_none_or(|known| urgency > known) {
            self.projects.insert(name.clone(), urgency);
        }
    }

    /// The rank of a node.
    pub(crate) fn rank(&self, node: &Node) -> Rank {
        let Some(name) = node.name() else {
            return Rank::Urgency(
                Urgency::Fixed,
                Reverse(u32::from(matches!(node, Node::Python))),
            );
        };
        let urgency = self.projects.get(name).copied();
        debug_assert!(
            urgency.is_some(),
            "{node} is ranked before it was discovered"
        );
        Rank::Urgency(
            urgency.unwrap_or(Urgency::Unspecified(Reverse(usize::MAX))),
            self.discovery(node),
        )
    }

    /// When a node was discovered; earlier is greater.
    pub(crate) fn discovery(&self, node: &Node) -> Reverse<u32> {
        Reverse(self.nodes.get(node).copied().unwrap_or(u32::MAX))
    }

    /// Decides a project earlier, since conflicts often hit it. Returns whether that is new.
    pub(crate) fn decide_early(&mut self, node: &Node) -> bool {
        self.reclass(
            node,
            |known| !matches!(known, Urgency::ConflictEarly(_)),
            Urgency::ConflictEarly,
        )
    }

    /// Decides a project later, since it often causes conflicts. Returns whether that is new.
    pub(crate) fn decide_late(&mut self, node: &Node) -> bool {
        let movable =
            |known| !matches!(known, Urgency::ConflictEarly(_) | Urgency::ConflictLate(_));
        self.reclass(node, movable, Urgency::ConflictLate)
    }

    fn reclass(
        &mut self,
        node: &Node,
        movable: impl Fn(Urgency) -> bool,
        class: impl Fn(Reverse<usize>) -> Urgency,
    ) -> bool {
        let Some(name) = node.name() else {
            return false;
        };
        let known = self.projects.get(name).copied();
        if known.is_some_and(|known| !movable(known)) {
            return false;
        }
        let at = known
            .and_then(Urgency::discovery)
            .unwrap_or(self.projects.len());
        self.projects.insert(name.clone(), class(Reverse(at)));
        true
    }
}
