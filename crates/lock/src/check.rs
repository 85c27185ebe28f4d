//! What must hold of every lock, however it came to be.

use std::collections::BTreeSet;

use packaging::Marker;

use crate::{Lock, PackageId, Part, reach};

/// Something that must not be so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Violation {
    /// A package stands before one that sorts lower, or twice.
    #[error("{} does not stand after {}", say(.1), say(.0))]
    Unsorted(PackageId, PackageId),
    /// An edge leads out of the lock.
    #[error("{} requires {}, which is not locked", say(.0), say(.1))]
    Dangling(PackageId, PackageId),
    /// Two packages of one project could be installed together.
    #[error("{} and {} are both wanted when {when}", say(.first), say(.second))]
    Overlap {
        /// One of them.
        first: PackageId,
        /// The other.
        second: PackageId,
        /// When that happens.
        when: Marker,
    },
    /// No root leads to a package.
    #[error("nothing that was asked for leads to {}", say(.0))]
    Unreached(PackageId),
    /// A package's marker is not what the edges say.
    #[error("{} is reached when {reached}, but marked as when {marked}", say(.id))]
    Mismarked {
        /// The package.
        id: PackageId,
        /// What it is marked as.
        marked: Marker,
        /// What the edges say.
        reached: Marker,
    },
}

/// `name version`.
fn say(id: &PackageId) -> String {
    match &id.version {
        Some(version) => format!("`{}` {version}", id.name),
        None => format!("`{}`", id.name),
    }
}

/// Everything about a lock that must not be so; nothing if all is well.
#[must_use]
pub fn check(lock: &Lock) -> Vec<Violation> {
    let mut violations = unsorted(lock);
    violations.extend(edges(lock));
    violations.extend(reached(lock));
    violations
}

fn unsorted(lock: &Lock) -> Vec<Violation> {
    let pairs = lock
        .packages
        .windows(2)
        .filter(|pair| pair[0].id >= pair[1].id);
    pairs
        .map(|pair| Violation::Unsorted(pair[0].id.clone(), pair[1].id.clone()))
        .collect()
}

fn edges(lock: &Lock) -> Vec<Violation> {
    let known: BTreeSet<&PackageId> = lock.packages.iter().map(|package| &package.id).collect();
    let mut violations = Vec::new();
    for package in &lock.packages {
        let edges = package
            .parts()
            .flat_map(|part| package.edges(&part).to_vec());
        for edge in edges {
            if !known.contains(&edge.id) {
                violations.push(Violation::Dangling(package.id.clone(), edge.id));
            }
        }
    }
    violations
}

/// That the roots lead to every package under its marker, and never to two of one project.
///
/// Where conflicts are declared, uv keeps packages that only a choice of conflicting extras
/// wanted, or nothing any more; nobody can install them.
fn reached(lock: &Lock) -> Vec<Violation> {
    let reach = reach::from_roots(lock);
    let possible = lock.at_most_one().and(lock.requires_python.to_marker());
    let mut violations = Vec::new();
    let mut same_name: Vec<(&PackageId, Marker)> = Vec::new();
    for (at, package) in lock.packages.iter().enumerate() {
        let reached = reach.of(at, &Part::Base).and(possible);
        let marked = package.marker.and(possible);
        let id = &package.id;
        if reached.is_false() {
            if lock.conflicts.is_empty() {
                violations.push(Violation::Unreached(id.clone()));
            }
            continue;
        }
        if !reached.implies(marked) || (lock.conflicts.is_empty() && reached != marked) {
            violations.push(Violation::Mismarked {
                id: id.clone(),
                marked,
                reached,
            });
        }
        same_name.retain(|(other, _)| other.name == id.name);
        for (other, when) in &same_name {
            let when = when.and(reached);
            if !when.is_false() {
                let (first, second) = ((*other).clone(), id.clone());
                violations.push(Violation::Overlap {
                    first,
                    second,
                    when: lock.simplify(when),
                });
            }
        }
        same_name.push((id, reached));
    }
    violations
}
