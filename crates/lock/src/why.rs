//! Why a package is locked: the ways that lead to it.

use std::collections::{BTreeMap, VecDeque};

use packaging::{Marker, PackageName};

use crate::tree::{Link, Links};
use crate::{Groups, GroupsFrom, Lock, Package, Part};

/// Why one version of a project is locked.
#[derive(Clone, Debug)]
pub struct Reason<'a> {
    /// The package.
    pub package: &'a Package,
    /// The shortest way from each entry into the graph, shortest first; at least one.
    pub ways: Vec<Way<'a>>,
}

/// A way into the graph and on to a package.
#[derive(Clone, Debug)]
pub struct Way<'a> {
    /// The packages on the way, the one asked about last.
    pub steps: Vec<WayStep<'a>>,
    /// When the whole way can be gone, without what `requires-python` says.
    pub marker: Marker,
}

/// A package on a way.
#[derive(Clone, Debug)]
pub struct WayStep<'a> {
    /// The package.
    pub package: &'a Package,
    /// The part of it by which the way goes on; of the last one, the package itself.
    pub part: Part,
    /// The group by which the way begins here, of a root that is no package.
    pub asked_by: Option<Part>,
}

/// Why each locked version of a project is there, in order; nothing when it is not locked.
#[must_use]
pub fn why<'a>(lock: &'a Lock, name: &PackageName) -> Vec<Reason<'a>> {
    let all = Groups {
        from: GroupsFrom::All,
        ..Groups::default()
    };
    let links = Links::new(lock, &all);
    let packages = lock.packages.iter().enumerate();
    let named = packages.filter(|(_, package)| package.id.name == *name);
    named
        .map(|(at, package)| Reason {
            package,
            ways: Climb::new(lock, &links).from(at),
        })
        .collect()
}

/// A part of a package, with the way on from there.
#[derive(Clone, Debug)]
struct Foothold {
    at: usize,
    part: Part,
    /// When the way on can be gone.
    condition: Marker,
    /// The place in the climb it was reached from.
    onward: Option<usize>,
}

/// Goes from a package towards the roots, breadth first.
struct Climb<'a, 'b> {
    lock: &'a Lock,
    links: &'b Links<'a>,
    footholds: Vec<Foothold>,
    /// Under which conditions a part of a package was already reached.
    known: BTreeMap<(usize, Part), Marker>,
}

impl<'a, 'b> Climb<'a, 'b> {
    fn new(lock: &'a Lock, links: &'b Links<'a>) -> Self {
        Self {
            lock,
            links,
            footholds: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    fn from(mut self, at: usize) -> Vec<Way<'a>> {
        let possible = self.lock.requires_python.to_marker();
        let mut queue = VecDeque::new();
        let start = Foothold {
            at,
            part: Part::Base,
            condition: possible,
            onward: None,
        };
        queue.extend(self.reach(start));
        let mut ways: BTreeMap<(Option<usize>, Part, usize), Way<'a>> = BTreeMap::new();
        let mut order = Vec::new();
        while let Some(here) = queue.pop_front() {
            let foothold = self.footholds[here].clone();
            for entry in self.links.entries(foothold.at, &foothold.part) {
                let marker = foothold.condition.and(entry.marker);
                let key = self.beginning(here, entry);
                if !marker.is_false() && !ways.contains_key(&key) {
                    order.push(key.clone());
                    ways.insert(key, self.way(here, entry, marker));
                }
            }
            let above: Vec<Link<'a>> = self
                .links
                .above(foothold.at, &foothold.part)
                .cloned()
                .collect();
            for link in above {
                let Some(from) = link.from else { continue };
                let next = Foothold {
                    at: from,
                    part: link.part.clone(),
                    condition: foothold.condition.and(link.marker),
                    onward: Some(here),
                };
                queue.extend(self.reach(next));
            }
        }
        order.iter().filter_map(|key| ways.remove(key)).collect()
    }

    /// Takes a foothold, unless it adds nothing to those there are.
    fn reach(&mut self, foothold: Foothold) -> Option<usize> {
        let known = self
            .known
            .entry((foothold.at, foothold.part.clone()))
            .or_insert(Marker::FALSE);
        let wider = known.or(foothold.condition);
        if wider == *known {
            return None;
        }
        *known = wider;
        self.footholds.push(foothold);
        Some(self.footholds.len() - 1)
    }

    /// What tells ways apart: the root, the part of it, and the direct dependency.
    fn beginning(&self, here: usize, entry: &Link<'a>) -> (Option<usize>, Part, usize) {
        let foothold = &self.footholds[here];
        match foothold.onward {
            Some(next) => (
                Some(foothold.at),
                foothold.part.clone(),
                self.footholds[next].at,
            ),
            None => (None, entry.part.clone(), foothold.at),
        }
    }

    fn way(&self, here: usize, entry: &Link<'a>, marker: Marker) -> Way<'a> {
        let mut steps = Vec::new();
        let mut next = Some(here);
        while let Some(at) = next {
            let foothold = &self.footholds[at];
            let is_first = steps.is_empty();
            let is_asked = is_first && !matches!(entry.part, Part::Base);
            steps.push(WayStep {
                package: &self.lock.packages[foothold.at],
                part: foothold.part.clone(),
                asked_by: is_asked.then(|| entry.part.clone()),
            });
            next = foothold.onward;
        }
        Way {
            steps,
            marker: self.lock.simplify(marker),
        }
    }
}
