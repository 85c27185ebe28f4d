//! Which packages a choice of extras and groups needs, and under which markers.

use std::collections::BTreeSet;

use packaging::{ExtraName, GroupName, PackageName};

/// Which part of a lock is wanted. The default is what an installer takes without being asked:
/// the project with its dependencies and its default groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// Where the graph is entered.
    pub roots: Roots,
    /// Whether the roots themselves and their dependencies are wanted.
    pub production: Production,
    /// The roots' extras.
    pub extras: Extras,
    /// The roots' dependency groups.
    pub groups: Groups,
    /// Packages that are left out together with what only they need.
    pub prune: BTreeSet<PackageName>,
}

/// Where the graph is entered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Roots {
    /// The project in the lock's own folder; all members where there is none.
    #[default]
    Project,
    /// All members of the workspace.
    Members,
    /// These members.
    Named(BTreeSet<PackageName>),
}

/// Whether the roots themselves and their dependencies are wanted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Production {
    /// They are.
    #[default]
    Wanted,
    /// Only the groups are.
    Unwanted,
}

/// A choice of extras.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Extras {
    /// All there are.
    pub all: bool,
    /// These, too.
    pub with: BTreeSet<ExtraName>,
    /// These not, whatever else is said.
    pub without: BTreeSet<ExtraName>,
}

/// A choice of dependency groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Groups {
    /// What the choice starts from.
    pub from: GroupsFrom,
    /// These, too.
    pub with: BTreeSet<GroupName>,
    /// These not, whatever else is said.
    pub without: BTreeSet<GroupName>,
}

/// What a choice of groups starts from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum GroupsFrom {
    /// The groups installed by default: `default-groups`, or else `dev`.
    #[default]
    Default,
    /// None.
    Nothing,
    /// All there are.
    All,
}
