//! The neutral lock: everything any lock format could want to say about a resolution.
//!
//! Formats read into it and write from it; none knows another. Markers are *complexified*
//! (they hold without knowing `requires-python`), see [`Lock::simplify`].

pub mod check;
pub mod conflict;
pub mod difference;
pub mod options;
pub mod package;
pub mod reach;
pub mod select;
pub mod tree;
pub mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use check::{Violation, check};
pub use difference::{Change, ChangeKind, Detail, Scope, difference};
pub use options::{
    DependencyMetadata, ExcludeNewer, ForkStrategy, Options, PrereleaseMode, ResolutionMode,
};
pub use package::{
    Artifact, ArtifactSource, Declared, Dependency, Package, PackageId, Published, Source,
};
use packaging::{
    ConflictItem, GroupName, Marker, PackageName, RequiresPython, SourcedRequirement, Version,
};
pub use reach::{Part, Reach, reach};
pub use select::{
    Choice, Extras, Groups, GroupsFrom, Production, Roots, SelectError, Selected, Selection, select,
};
pub use tree::{Branch, TreeRequest, tree};
pub use why::{Reason, Way, WayStep, why};

/// A resolution with files and hashes.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// The Pythons the lock speaks for.
    pub requires_python: RequiresPython,
    /// The environments of the forks, in the order they were finished; empty when there was one
    /// unconditional fork. Not simplified; may hold conflict pseudo-extras.
    pub forks: Vec<Marker>,
    /// The environments the user limits the lock to, in the user's order.
    pub environments: Vec<Marker>,
    /// The environments the user wants wheels for, in the user's order.
    pub required_environments: Vec<Marker>,
    /// Declared conflicts: sets in declared order, items sorted.
    pub conflicts: Vec<Vec<ConflictItem>>,
    /// How the resolution was made.
    pub options: Options,
    /// What was asked beyond the packages' own requirements.
    pub asked: Asked,
    /// The packages, sorted by name, version, source.
    pub packages: Vec<Package>,
}

/// What was asked beyond the packages' own requirements: uv's `[manifest]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Workspace members; empty for a plain single project.
    pub members: Vec<PackageName>,
    /// Groups installed by default, for roots without `[project]`.
    pub default_groups: Option<DefaultGroups>,
    /// Requirements of a script or a root without `[project]`.
    pub requirements: Vec<SourcedRequirement>,
    /// `constraint-dependencies`.
    pub constraints: Vec<SourcedRequirement>,
    /// `override-dependencies`.
    pub overrides: Vec<SourcedRequirement>,
    /// `override-dependencies` that hold for the requirements of one project only.
    pub package_overrides: Vec<PackageOverride>,
    /// `exclude-dependencies`.
    pub excludes: Vec<PackageName>,
    /// `exclude-dependencies` that hold for the requirements of one project only.
    pub package_excludes: Vec<PackageExclude>,
    /// `build-constraint-dependencies`.
    pub build_constraints: Vec<SourcedRequirement>,
    /// Dependency groups of a root without `[project]`.
    pub dependency_groups: BTreeMap<GroupName, Vec<SourcedRequirement>>,
    /// `requires-python` of dependency groups of a root without `[project]`.
    pub group_requires_python: BTreeMap<GroupName, String>,
    /// `dependency-metadata` entries.
    pub dependency_metadata: Vec<DependencyMetadata>,
    /// Where requirements were written, in the words of flat lists: `-r requirements.in`.
    pub origins: BTreeMap<PackageName, BTreeSet<Arc<str>>>,
}

/// Overrides for the requirements of one project.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageOverride {
    /// The project whose requirements are overridden.
    pub name: PackageName,
    /// Only this version of it.
    pub version: Option<Version>,
    /// What it requires instead, in declared order.
    pub dependencies: Vec<SourcedRequirement>,
}

/// Exclusions from the requirements of one project.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PackageExclude {
    /// The project whose requirements are ignored.
    pub name: PackageName,
    /// Only this version of it.
    pub version: Option<Version>,
    /// The projects it does not require, in declared order.
    pub dependencies: Vec<PackageName>,
}

/// `default-groups`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DefaultGroups {
    /// `"all"`.
    All,
    /// A list.
    List(Vec<GroupName>),
}

impl Lock {
    /// A lock of these packages, for which nothing was asked yet: sorted, each once.
    #[must_use]
    pub fn of(requires_python: RequiresPython, mut packages: Vec<Package>) -> Self {
        packages.sort_by(|first, second| first.id.cmp(&second.id));
        packages.dedup_by(|second, first| first.id == second.id);
        Self {
            requires_python,
            forks: Vec::new(),
            environments: Vec::new(),
            required_environments: Vec::new(),
            conflicts: Vec::new(),
            options: Options::default(),
            asked: Asked::default(),
            packages,
        }
    }

    /// The package with this identity.
    #[must_use]
    pub fn package(&self, id: &PackageId) -> Option<&Package> {
        self.packages
            .binary_search_by(|package| package.id.cmp(id))
            .ok()
            .map(|at| &self.packages[at])
    }

    /// All packages of a project, in version order.
    pub fn named<'a>(&'a self, name: &'a PackageName) -> impl Iterator<Item = &'a Package> {
        self.packages
            .iter()
            .filter(move |package| package.id.name == *name)
    }

    /// Where the graph is entered: the workspace's members, or else the project in the lock's own
    /// folder.
    pub fn roots(&self) -> impl Iterator<Item = &Package> {
        let members = &self.asked.members;
        self.packages.iter().filter(move |package| {
            if members.is_empty() {
                package.id.source.is_own_folder()
            } else {
                members.contains(&package.id.name) && package.id.source.is_source_tree()
            }
        })
    }

    /// Where some fork speaks: the union of the forks, whatever extras are chosen.
    #[must_use]
    pub fn environment(&self) -> Marker {
        if self.forks.is_empty() {
            return Marker::TRUE;
        }
        let forks = self.forks.iter().map(|fork| fork.without_extras());
        forks.fold(Marker::FALSE, Marker::or)
    }

    /// A marker as lock files write it: without what `requires-python` already says.
    #[must_use]
    pub fn simplify(&self, marker: Marker) -> Marker {
        marker.simplify_python(self.requires_python.bounds())
    }
}
