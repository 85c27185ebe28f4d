//! When each part of the graph is wanted at all: its reachability.

use std::collections::{BTreeMap, BTreeSet};

use packaging::{ExtraName, GroupName, Marker, PackageName, SourcedRequirement};

use crate::{Dependency, Lock, Package, PackageId};

/// A part of a package that has edges of its own.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The package itself.
    Base,
    /// One of its extras.
    Extra(ExtraName),
    /// One of its dependency groups.
    Group(GroupName),
}

impl Package {
    /// The parts that have edges, the package itself first.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        let extras = self.optional_dependencies.keys().cloned().map(Part::Extra);
        let groups = self.dev_dependencies.keys().cloned().map(Part::Group);
        std::iter::once(Part::Base).chain(extras).chain(groups)
    }

    /// The edges of one part.
    #[must_use]
    pub fn edges(&self, part: &Part) -> &[Dependency] {
        match part {
            Part::Base => &self.dependencies,
            Part::Extra(extra) => self
                .optional_dependencies
                .get(extra)
                .map_or(&[][..], Vec::as_slice),
            Part::Group(group) => self
                .dev_dependencies
                .get(group)
                .map_or(&[][..], Vec::as_slice),
        }
    }
}

/// Under which marker each part of each package is reached from the roots.
#[derive(Clone, Debug, Default)]
pub struct Reach(BTreeMap<(usize, Part), Marker>);

impl Reach {
    /// The marker of a part of the package at that place; never, if nothing leads there.
    #[must_use]
    pub fn of(&self, package: usize, part: &Part) -> Marker {
        self.0
            .get(&(package, part.clone()))
            .copied()
            .unwrap_or(Marker::FALSE)
    }
}

/// Walks the graph from its roots, the members with all their extras and groups and what was asked
/// beside them, and then from whatever no edge leads to.
#[must_use]
pub fn reach(lock: &Lock) -> Reach {
    let graph = Graph::new(lock);
    let mut walk = Walk::from_roots(&graph);
    for (at, part) in graph.orphans() {
        if !walk.markers.contains_key(&(at, part.clone())) {
            walk.enter(at, part, lock.environment());
        }
    }
    walk.follow();
    Reach(walk.markers)
}

/// Walks the graph from its roots only.
#[must_use]
pub fn from_roots(lock: &Lock) -> Reach {
    Reach(Walk::from_roots(&Graph::new(lock)).markers)
}

impl Lock {
    /// Sets the markers of all packages and their extras to what the graph says.
    ///
    /// With conflicts, a marker that asks about chosen extras claims nothing for choices that
    /// conflict; nor does any, when the edges do not tell how they came to be.
    pub fn mark(&mut self) {
        let reach = reach(self);
        let impossible = self.at_most_one().not();
        for (at, package) in self.packages.iter_mut().enumerate() {
            package.marker = reach.of(at, &Part::Base).or(impossible);
            let extras = package.optional_dependencies.keys();
            let markers = extras.map(|extra| {
                let marker = reach.of(at, &Part::Extra(extra.clone())).or(impossible);
                (extra.clone(), marker)
            });
            package.extra_markers = markers.collect();
        }
    }

    /// The requirements that belong to no package: those of a script or of a root without
    /// `[project]`, and of that root's groups.
    pub fn asked_beside(&self) -> impl Iterator<Item = &SourcedRequirement> {
        let groups = self.asked.dependency_groups.values().flatten();
        self.asked.requirements.iter().chain(groups)
    }
}

/// The lock with its packages' places at hand.
struct Graph<'a> {
    lock: &'a Lock,
    places: BTreeMap<&'a PackageId, usize>,
}

impl<'a> Graph<'a> {
    fn new(lock: &'a Lock) -> Self {
        let places = lock
            .packages
            .iter()
            .enumerate()
            .map(|(at, package)| (&package.id, at));
        Self {
            lock,
            places: places.collect(),
        }
    }

    fn named(&self, name: &PackageName) -> impl Iterator<Item = usize> {
        let packages = self.lock.packages.iter().enumerate();
        packages
            .filter(move |(_, package)| package.id.name == *name)
            .map(|(at, _)| at)
    }

    /// The parts an edge leads to.
    fn targets(&self, edge: &Dependency) -> impl Iterator<Item = (usize, Part)> {
        let at = self.places.get(&edge.id).copied();
        let extras = edge.extras.iter().cloned().map(Part::Extra);
        let parts = std::iter::once(Part::Base).chain(extras);
        at.into_iter()
            .flat_map(move |at| parts.clone().map(move |part| (at, part)))
    }

    /// The parts that no edge leads to.
    fn orphans(&self) -> Vec<(usize, Part)> {
        let mut wanted = BTreeSet::new();
        let mut all = Vec::new();
        for (at, package) in self.lock.packages.iter().enumerate() {
            for part in package.parts() {
                wanted.extend(
                    package
                        .edges(&part)
                        .iter()
                        .flat_map(|edge| self.targets(edge)),
                );
                all.push((at, part));
            }
        }
        all.retain(|node| !wanted.contains(node));
        all
    }
}

struct Walk<'a> {
    graph: &'a Graph<'a>,
    markers: BTreeMap<(usize, Part), Marker>,
    queue: Vec<(usize, Part)>,
}

impl<'a> Walk<'a> {
    fn from_roots(graph: &'a Graph<'a>) -> Self {
        let lock = graph.lock;
        let mut walk = Self {
            graph,
            markers: BTreeMap::new(),
            queue: Vec::new(),
        };
        for package in lock.roots() {
            let Some(&at) = graph.places.get(&package.id) else {
                continue;
            };
            for part in package.parts() {
                let chosen = lock.chosen_with(&package.id.name, &part);
                walk.enter(at, part, lock.environment().and(chosen));
            }
        }
        for requirement in lock.asked_beside() {
            for at in graph.named(&requirement.name) {
                let forks = lock.packages[at].forks.iter().copied().reduce(Marker::or);
                let marker = requirement.marker.and(lock.environment());
                let marker = forks.map_or(marker, |forks| marker.and(forks));
                let extras = requirement.extras.iter().cloned().map(Part::Extra);
                for part in std::iter::once(Part::Base).chain(extras) {
                    walk.enter(at, part, marker);
                }
            }
        }
        walk.follow();
        walk
    }

    /// Widens the marker of a part, and remembers to go on from there if that changed it.
    fn enter(&mut self, at: usize, part: Part, marker: Marker) {
        if marker.is_false() {
            return;
        }
        let known = self
            .markers
            .entry((at, part.clone()))
            .or_insert(Marker::FALSE);
        let wider = known.or(marker);
        if wider != *known {
            *known = wider;
            self.queue.push((at, part));
        }
    }

    fn follow(&mut self) {
        while let Some((at, part)) = self.queue.pop() {
            let here = self.markers[&(at, part.clone())];
            for edge in self.graph.lock.packages[at].edges(&part) {
                let marker = edge.marker.and(here);
                for (target, part) in self.graph.targets(edge) {
                    self.enter(target, part, marker);
                }
            }
        }
    }
}
