//! What changed from one lock to another, project by project.

use std::collections::{BTreeMap, BTreeSet};

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

/// What changed, in order of names. What a format cannot hold does not count: files are compared
/// by the hashes that both locks know, edges by the projects they lead to.
#[must_use]
pub fn difference(old: &Lock, new: &Lock) -> Vec<Change> {
    let (old, new) = (by_name(old), by_name(new));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let changes = names.into_iter().filter_map(|name| {
        let (old, new) = (old.get(name), new.get(name));
        let (before, after) = (
            old.map_or(&[][..], Vec::as_slice),
            new.map_or(&[][..], Vec::as_slice),
        );
        Some(Change {
            name: name.clone(),
            kind: kind(before, after)?,
            from: versions(before),
            to: versions(after),
        })
    });
    changes.collect()
}

/// The packages of each project, and the lock's simplified markers.
fn by_name(lock: &Lock) -> BTreeMap<&PackageName, Vec<Side<'_>>> {
    let mut named: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for package in &lock.packages {
        let marker = lock.simplify(package.marker);
        named
            .entry(&package.id.name)
            .or_default()
            .push(Side { package, marker });
    }
    named
}

/// A package as one lock has it.
struct Side<'a> {
    package: &'a Package,
    marker: Marker,
}

fn versions(sides: &[Side<'_>]) -> BTreeSet<Version> {
    sides
        .iter()
        .filter_map(|side| side.package.id.version.clone())
        .collect()
}

fn kind(old: &[Side<'_>], new: &[Side<'_>]) -> Option<ChangeKind> {
    if old.is_empty() {
        return Some(ChangeKind::Added);
    }
    if new.is_empty() {
        return Some(ChangeKind::Removed);
    }
    let (from, to) = (versions(old), versions(new));
    if from != to {
        let gone: Vec<_> = from.difference(&to).collect();
        let fresh: Vec<_> = to.difference(&from).collect();
        return Some(
            match (gone.first(), gone.last(), fresh.first(), fresh.last()) {
                (_, Some(highest), Some(lowest), _) if lowest > highest => ChangeKind::Upgraded,
                (Some(lowest), _, _, Some(highest)) if highest < lowest => ChangeKind::Downgraded,
                _ => ChangeKind::Rearranged,
            },
        );
    }
    if sources(old) != sources(new) {
        return Some(ChangeKind::Moved);
    }
    let pairs = || old.iter().zip(new);
    if pairs().any(|(old, new)| !same_files(old.package, new.package)) {
        return Some(ChangeKind::Refiled);
    }
    let rewired = |(old, new): (&Side<'_>, &Side<'_>)| {
        old.marker != new.marker || targets(old.package) != targets(new.package)
    };
    pairs().any(rewired).then_some(ChangeKind::Rewired)
}

fn sources<'a>(sides: &'a [Side<'_>]) -> BTreeSet<&'a Source> {
    sides.iter().map(|side| &side.package.id.source).collect()
}

/// Whether the files that both know have the same digests where both know one.
fn same_files(old: &Package, new: &Package) -> bool {
    let files = |package: &Package| -> BTreeMap<_, Vec<Hash>> {
        let files = package.sdist.iter().chain(&package.wheels);
        files
            .map(|file| (file.filename.clone(), file.hashes.clone()))
            .collect()
    };
    let (old, new) = (files(old), files(new));
    if old.is_empty() || new.is_empty() {
        return true;
    }
    let agree = |old: &[Hash], new: &[Hash]| {
        let mut pairs = old
            .iter()
            .flat_map(|old| new.iter().map(move |new| (old, new)));
        pairs.all(|(old, new)| old.algorithm != new.algorithm || old.digest == new.digest)
    };
    old.keys().eq(new.keys())
        && old
            .iter()
            .zip(&new)
            .all(|((_, old), (_, new))| agree(old, new))
}

/// The projects a package's edges lead to, extras' and groups' among them.
fn targets(package: &Package) -> BTreeSet<&PackageName> {
    let optional = package.optional_dependencies.values().flatten();
    let groups = package.dev_dependencies.values().flatten();
    let edges = package.dependencies.iter().chain(optional).chain(groups);
    edges.map(|edge| &edge.id.name).collect()
}
