//! What the engine solves for: projects, their extras and groups, and proxies for conditions.

use std::fmt;

use packaging::{
    ConflictItem, ConflictKind, ExtraName, GroupName, Marker, PackageName, Version, VersionRange,
};
use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics};

use crate::explain::Reason;
use crate::priority::Rank;

/// What of a project.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// The project itself.
    Base,
    /// One of its extras.
    Extra(ExtraName),
    /// One of its dependency groups.
    Group(GroupName),
}

impl Kind {
    /// The extra, if it is one.
    pub(crate) fn extra(&self) -> Option<&ExtraName> {
        match self {
            Self::Extra(extra) => Some(extra),
            Self::Base | Self::Group(_) => None,
        }
    }
}

/// A node of the engine.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Node {
    /// The user's wishes.
    Root,
    /// A Python that no version of something supports; it has no versions.
    Python,
    /// A project. The real one has the marker `TRUE`; the others repeat it under a condition.
    Package {
        name: PackageName,
        kind: Kind,
        marker: Marker,
    },
    /// Stands for `name ; marker`.
    Marker { name: PackageName, marker: Marker },
    /// Stands for `name[extra] ; marker`.
    Extra {
        name: PackageName,
        extra: ExtraName,
        marker: Marker,
    },
    /// Stands for a dependency group under a marker.
    Group {
        name: PackageName,
        group: GroupName,
        marker: Marker,
    },
}

impl Node {
    /// The node that a requirement on a project (or its extra or group) becomes.
    ///
    /// Extras in the marker are taken as given: they are tracked by nodes of their own.
    pub(crate) fn wanted(name: PackageName, kind: Kind, marker: Marker) -> Self {
        let marker = marker.simplify_extras_with(|_| true);
        match kind {
            Kind::Extra(extra) => Self::Extra {
                name,
                extra,
                marker,
            },
            Kind::Group(group) => Self::Group {
                name,
                group,
                marker,
            },
            Kind::Base if marker.is_true() => Self::Package {
                name,
                kind: Kind::Base,
                marker,
            },
            Kind::Base => Self::Marker { name, marker },
        }
    }

    /// The real project.
    pub(crate) fn base(name: &PackageName) -> Self {
        Self::Package {
            name: name.clone(),
            kind: Kind::Base,
            marker: Marker::TRUE,
        }
    }

    /// The project the node belongs to.
    pub(crate) fn name(&self) -> Option<&PackageName> {
        match self {
            Self::Root | Self::Python => None,
            Self::Package { name, .. }
            | Self::Marker { name, .. }
            | Self::Extra { name, .. }
            | Self::Group { name, .. } => Some(name),
        }
    }

    /// The condition of the node.
    pub(crate) fn marker(&self) -> Marker {
        match self {
            Self::Root | Self::Python => Marker::TRUE,
            Self::Package { marker, .. }
            | Self::Marker { marker, .. }
            | Self::Extra { marker, .. }
            | Self::Group { marker, .. } => *marker,
        }
    }

    /// For a proxy that needs the project itself: that project.
    pub(crate) fn proxied_base(&self) -> Option<Self> {
        match self {
            Self::Extra { name, .. } | Self::Marker { name, .. } => Some(Self::base(name)),
            Self::Root | Self::Python | Self::Package { .. } | Self::Group { .. } => None,
        }
    }

    /// The side of a declared conflict that the node would be.
    pub(crate) fn conflict_item(&self) -> Option<ConflictItem> {
        let (name, kind) = match self {
            Self::Root | Self::Python => return None,
            Self::Package {
                name,
                kind: Kind::Base,
                ..
            }
            | Self::Marker { name, .. } => (name, ConflictKind::Project),
            Self::Package {
                name,
                kind: Kind::Extra(extra),
                ..
            }
            | Self::Extra { name, extra, .. } => (name, ConflictKind::Extra(extra.clone())),
            Self::Package {
                name,
                kind: Kind::Group(group),
                ..
            }
            | Self::Group { name, group, .. } => (name, ConflictKind::Group(group.clone())),
        };
        Some(ConflictItem {
            package: name.clone(),
            kind,
        })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => formatter.write_str("your project"),
            Self::Python => formatter.write_str("Python"),
            Self::Package {
                name,
                kind: Kind::Base,
                ..
            }
            | Self::Marker { name, .. } => {
                write!(formatter, "{name}")
            }
            Self::Package {
                name,
                kind: Kind::Extra(extra),
                ..
            }
            | Self::Extra { name, extra, .. } => write!(formatter, "{name}[{extra}]"),
            Self::Package {
                name,
                kind: Kind::Group(group),
                ..
            }
            | Self::Group { name, group, .. } => write!(formatter, "{name}:{group}"),
        }?;
        match self.marker().text() {
            Some(marker) => write!(formatter, "{{{marker}}}"),
            None => Ok(()),
        }
    }
}

/// Names the engine's types. The engine is driven step by step, so nothing here is ever called.
#[derive(Clone, Debug)]
pub(crate) enum Engine {}

impl DependencyProvider for Engine {
    type P = Node;
    type V = Version;
    type VS = VersionRange;
    type Priority = Rank;
    type M = Reason;
    type Err = std::convert::Infallible;

    fn prioritize(&self, _: &Node, _: &VersionRange, _: &PackageResolutionStatistics) -> Rank {
        match *self {}
    }

    fn choose_version(&self, _: &Node, _: &VersionRange) -> Result<Option<Version>, Self::Err> {
        match *self {}
    }

    fn get_dependencies(
        &self,
        _: &Node,
        _: &Version,
    ) -> Result<Dependencies<Node, VersionRange, Reason>, Self::Err> {
        match *self {}
    }
}
