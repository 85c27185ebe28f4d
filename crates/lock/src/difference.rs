//! What changed from one lock to another, project by project.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use packaging::{Hash, Marker, PackageName, Version};

use crate::{Lock, Package, Source};

/// What changed about one project.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The project.
    pub name: PackageName,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// The versions it was locked at; a source tree with a dynamic version has none.
    pub from: BTreeSet<Version>,
    /// The versions it is locked at.
    pub to: BTreeSet<Version>,
    /// All that changed beside the versions, of a project that both locks have.
    pub details: Vec<Detail>,
}

/// Something that changed beside the versions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Detail {
    /// Where it comes from.
    Source {
        /// Before.
        from: BTreeSet<Source>,
        /// Now.
        to: BTreeSet<Source>,
    },
    /// When a version is wanted, without what `requires-python` says.
    Marker {
        /// The version.
        version: Option<Version>,
        /// Before.
        from: Marker,
        /// Now.
        to: Marker,
    },
    /// A file of a release that stayed has another digest.
    Hash {
        /// The file.
        file: Arc<str>,
        /// Before.
        from: Hash,
        /// Now.
        to: Hash,
    },
    /// Files of releases that stayed came or went.
    Files {
        /// Those that are new.
        added: BTreeSet<Arc<str>>,
        /// Those that are gone.
        removed: BTreeSet<Arc<str>>,
    },
    /// The projects it requires, extras' and groups' among them.
    Requires {
        /// Those that are new.
        added: BTreeSet<PackageName>,
        /// Those that are gone.
        removed: BTreeSet<PackageName>,
    },
}

/// How much of two locks is comparable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Everything: both were written in the same format.
    Whole,
    /// What formats of all kinds hold. They differ in which files of a release they list, whether
    /// they name indexes, hold edges and the project itself; none of that counts.
    Shared,
}

/// The kinds of changes; where several apply, the first one here is told.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ChangeKind {
    /// It was not locked before.
    Added,
    /// It is not locked any more.
    Removed,
    /// Every version that is new is higher than every version that is gone.
    Upgraded,
    /// Every version that is new is lower than every version that is gone.
    Downgraded,
    /// Versions changed in both directions, or only became more or fewer.
    Rearranged,
    /// It comes from elsewhere.
    Moved,
    /// Its files or their hashes changed.
    Refiled,
    /// What it requires, or when it is wanted, changed.
    Rewired,
}

/// What changed, in order of names.
#[must_use]
pub fn difference(old: &Lock, new: &Lock, scope: Scope) -> Vec<Change> {
    let scope = match scope {
        Scope::Shared => Compared {
            scope,
            edges: has_edges(old) && has_edges(new),
        },
        Scope::Whole => Compared { scope, edges: true },
    };
    let (old, new) = (scope.by_name(old), scope.by_name(new));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let changes = names.into_iter().filter_map(|name| {
        let side = |named: &BTreeMap<&PackageName, _>| named.get(name).cloned().unwrap_or_default();
        scope.change(name, &side(&old), &side(&new))
    });
    changes.collect()
}

fn has_edges(lock: &Lock) -> bool {
    let mut packages = lock.packages.iter();
    packages.any(|package| !package.id.source.is_own_folder() && !package.dependencies.is_empty())
}

/// A package as one lock has it, and its simplified marker.
#[derive(Clone, Copy)]
struct Side<'a> {
    package: &'a Package,
    marker: Marker,
}

/// What of two locks is compared.
struct Compared {
    scope: Scope,
    /// Whether both hold edges.
    edges: bool,
}

impl Compared {
    /// The packages of each project.
    fn by_name<'a>(&self, lock: &'a Lock) -> BTreeMap<&'a PackageName, Vec<Side<'a>>> {
        let mut named: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for package in &lock.packages {
            if self.scope == Scope::Shared && package.id.source.is_own_folder() {
                continue;
            }
            let marker = lock.simplify(package.marker);
            named
                .entry(&package.id.name)
                .or_default()
                .push(Side { package, marker });
        }
        named
    }

    fn change(&self, name: &PackageName, old: &[Side<'_>], new: &[Side<'_>]) -> Option<Change> {
        let (from, to) = (versions(old), versions(new));
        let details = if old.is_empty() || new.is_empty() {
            Vec::new()
        } else {
            self.details(old, new)
        };
        let kind = match (old, new) {
            ([], []) => return None,
            ([], _) => ChangeKind::Added,
            (_, []) => ChangeKind::Removed,
            _ if from != to => direction(&from, &to),
            _ => details.iter().map(Detail::kind).min()?,
        };
        Some(Change {
            name: name.clone(),
            kind,
            from,
            to,
            details,
        })
    }

    fn details(&self, old: &[Side<'_>], new: &[Side<'_>]) -> Vec<Detail> {
        let mut details = Vec::new();
        let (from, to) = (self.sources(old), self.sources(new));
        if from != to {
            details.push(Detail::Source { from, to });
        }
        for (old, new) in same_versions(old, new) {
            self.compare_files(old.package, new.package, &mut details);
            if old.marker != new.marker {
                details.push(Detail::Marker {
                    version: new.package.id.version.clone(),
                    from: old.marker,
                    to: new.marker,
                });
            }
        }
        if self.edges {
            let (before, after) = (targets(old), targets(new));
            if before != after {
                details.push(Detail::Requires {
                    added: after.difference(&before).copied().cloned().collect(),
                    removed: before.difference(&after).copied().cloned().collect(),
                });
            }
        }
        details
    }

    /// Where packages come from. Not every format names indexes.
    fn sources(&self, sides: &[Side<'_>]) -> BTreeSet<Source> {
        let sources = sides.iter().map(|side| &side.package.id.source);
        let counts =
            |source: &&Source| self.scope == Scope::Whole || !matches!(source, Source::Registry(_));
        sources.filter(counts).cloned().collect()
    }

    fn compare_files(&self, old: &Package, new: &Package, details: &mut Vec<Detail>) {
        let (old, new) = (files(old), files(new));
        for (file, from) in &old {
            let to = new.get(file);
            if let Some((from, to)) = to.and_then(|to| disagreement(from, to)) {
                details.push(Detail::Hash {
                    file: Arc::clone(file),
                    from,
                    to,
                });
            }
        }
        let without = |files: &Files, others: &Files| -> BTreeSet<Arc<str>> {
            let names = files.keys().filter(|name| !others.contains_key(*name));
            names.cloned().collect()
        };
        let (added, removed) = (without(&new, &old), without(&old, &new));
        let is_known = !old.is_empty() && !new.is_empty();
        let differ = !added.is_empty() || !removed.is_empty();
        if self.scope == Scope::Whole && is_known && differ {
            details.push(Detail::Files { added, removed });
        }
    }
}

impl Detail {
    /// The kind of change it makes when the versions stay.
    fn kind(&self) -> ChangeKind {
        match self {
            Self::Source { .. } => ChangeKind::Moved,
            Self::Hash { .. } | Self::Files { .. } => ChangeKind::Refiled,
            Self::Marker { .. } | Self::Requires { .. } => ChangeKind::Rewired,
        }
    }
}

/// Which way versions went.
fn direction(from: &BTreeSet<Version>, to: &BTreeSet<Version>) -> ChangeKind {
    let gone: Vec<_> = from.difference(to).collect();
    let fresh: Vec<_> = to.difference(from).collect();
    match (gone.first(), gone.last(), fresh.first(), fresh.last()) {
        (_, Some(highest), Some(lowest), _) if lowest > highest => ChangeKind::Upgraded,
        (Some(lowest), _, _, Some(highest)) if highest < lowest => ChangeKind::Downgraded,
        _ => ChangeKind::Rearranged,
    }
}

fn versions(sides: &[Side<'_>]) -> BTreeSet<Version> {
    let versions = sides.iter().map(|side| side.package.id.version.clone());
    versions.flatten().collect()
}

/// The packages of both that have the same version.
fn same_versions<'a, 'b>(
    old: &'b [Side<'a>],
    new: &'b [Side<'a>],
) -> impl Iterator<Item = (&'b Side<'a>, &'b Side<'a>)> {
    old.iter().filter_map(|old| {
        let mut others = new.iter();
        let same = others.find(|new| new.package.id.version == old.package.id.version)?;
        Some((old, same))
    })
}

/// A package's files by name, with all their digests.
type Files = BTreeMap<Arc<str>, Vec<Hash>>;

fn files(package: &Package) -> Files {
    let files = package.sdist.iter().chain(&package.wheels);
    let files = files.map(|file| (file.filename.clone(), file.hashes.clone()));
    files.collect()
}

/// Two digests of one file by the same algorithm that differ.
fn disagreement(old: &[Hash], new: &[Hash]) -> Option<(Hash, Hash)> {
    let mut pairs = old
        .iter()
        .flat_map(|old| new.iter().map(move |new| (old, new)));
    let differ = |(old, new): &(&Hash, &Hash)| {
        old.algorithm == new.algorithm && !old.digest.eq_ignore_ascii_case(&new.digest)
    };
    pairs
        .find(differ)
        .map(|(old, new)| (old.clone(), new.clone()))
}

/// The projects that packages' edges lead to, extras' and groups' among them.
fn targets<'a>(sides: &[Side<'a>]) -> BTreeSet<&'a PackageName> {
    let packages = sides.iter().map(|side| side.package);
    let edges = packages.flat_map(|package| {
        let optional = package.optional_dependencies.values().flatten();
        let groups = package.dev_dependencies.values().flatten();
        package.dependencies.iter().chain(optional).chain(groups)
    });
    edges.map(|edge| &edge.id.name).collect()
}
