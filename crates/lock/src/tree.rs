//! A lock's graph as trees: from the roots down, or from packages up to the roots.

use std::collections::{BTreeMap, BTreeSet};

use packaging::{ExtraName, Marker, PackageName, SourcedRequirement};

use crate::{Groups, Lock, Package, PackageId, Part};

/// Which trees are wanted.
#[derive(Clone, Debug, Default)]
pub struct TreeRequest {
    /// The dependency groups of the roots.
    pub groups: Groups,
    /// The projects the trees begin with; the roots when empty.
    pub packages: BTreeSet<PackageName>,
    /// Projects that are left out together with what is below them.
    pub prune: BTreeSet<PackageName>,
    /// From packages up to what requires them.
    pub inverted: bool,
    /// How many levels below a tree's beginning are drawn; all when absent.
    pub depth: Option<usize>,
    /// Whether what was drawn before is drawn again.
    pub repeats: bool,
    /// Only edges that could hold here.
    pub within: Option<Marker>,
}

/// A package in a tree, and what is below it.
#[derive(Clone, Debug)]
pub struct Branch<'a> {
    /// The package.
    pub package: &'a Package,
    /// The extras of it that are asked for there; none in inverted trees.
    pub extras: BTreeSet<&'a ExtraName>,
    /// The part of the requiring package that the edge belongs to.
    pub part: Part,
    /// When the edge holds, without what `requires-python` says.
    pub marker: Marker,
    /// Whether it was drawn before, with what is below it.
    pub is_repeated: bool,
    /// What it requires, or in an inverted tree what requires it.
    pub below: Vec<Branch<'a>>,
}

/// Trees of a lock, in the lock's order.
#[must_use]
pub fn tree<'a>(lock: &'a Lock, request: &TreeRequest) -> Vec<Branch<'a>> {
    let links = Links::new(lock, &request.groups);
    let mut drawing = Drawing {
        lock,
        request,
        links: &links,
        drawn: BTreeMap::new(),
        path: Vec::new(),
    };
    let within = request.within.unwrap_or(Marker::TRUE);
    let tops = if request.packages.is_empty() && !request.inverted {
        links.tops.clone()
    } else {
        drawing.named_tops()
    };
    let tops = tops.into_iter().filter(|top| drawing.is_wanted(top.to));
    let tops: Vec<Link<'a>> = tops.collect();
    tops.iter()
        .filter_map(|top| drawing.branch(top, within))
        .collect()
}

/// An edge between places in the lock.
#[derive(Clone, Debug)]
pub(crate) struct Link<'a> {
    /// Where it begins; nowhere for what is asked beside the packages.
    pub(crate) from: Option<usize>,
    /// The part of the beginning that it belongs to.
    pub(crate) part: Part,
    /// Where it leads.
    pub(crate) to: usize,
    /// The extras it asks for.
    pub(crate) extras: BTreeSet<&'a ExtraName>,
    pub(crate) marker: Marker,
}

/// The edges of a lock, both ways.
pub(crate) struct Links<'a> {
    /// The edges of each package, in order: its own, its extras', its groups'.
    pub(crate) down: Vec<Vec<Link<'a>>>,
    /// Where the graph is entered.
    pub(crate) tops: Vec<Link<'a>>,
    roots: BTreeSet<usize>,
}

impl<'a> Links<'a> {
    /// All edges; of the roots' groups those chosen.
    pub(crate) fn new(lock: &'a Lock, groups: &Groups) -> Self {
        let places: BTreeMap<&PackageId, usize> = lock
            .packages
            .iter()
            .enumerate()
            .map(|(at, package)| (&package.id, at))
            .collect();
        let mut down = Vec::new();
        for (at, package) in lock.packages.iter().enumerate() {
            let parts = package
                .parts()
                .filter(|part| is_chosen(lock, groups, package, part));
            let links = parts.flat_map(|part| {
                let edges = package.edges(&part).iter();
                let places = &places;
                edges.filter_map(move |edge| {
                    Some(Link {
                        from: Some(at),
                        part: part.clone(),
                        to: *places.get(&edge.id)?,
                        extras: edge.extras.iter().collect(),
                        marker: edge.marker,
                    })
                })
            });
            down.push(links.collect::<Vec<_>>());
        }
        let roots: BTreeSet<usize> = lock.roots().map(|root| places[&root.id]).collect();
        let mut links = Self {
            down,
            tops: Vec::new(),
            roots,
        };
        links.tops = links.find_tops(lock, groups);
        links
    }

    /// The roots with all their extras, what is asked beside them, and, where there is neither,
    /// whatever nothing requires.
    fn find_tops(&self, lock: &'a Lock, groups: &Groups) -> Vec<Link<'a>> {
        let mut tops: Vec<Link<'a>> = self.roots.iter().map(|&at| entry(lock, at)).collect();
        for requirement in &lock.asked.requirements {
            tops.extend(asked(lock, requirement, &Part::Base));
        }
        for (group, requirements) in &lock.asked.dependency_groups {
            let defaults = lock.asked.default_groups.as_ref();
            if groups.has(group, defaults) {
                for requirement in requirements {
                    tops.extend(asked(lock, requirement, &Part::Group(group.clone())));
                }
            }
        }
        if asks_for_all(lock) {
            tops = self.without_implied(tops);
        }
        if tops.is_empty() {
            let required: BTreeSet<usize> = self.down.iter().flatten().map(|it| it.to).collect();
            let places = 0..lock.packages.len();
            tops.extend(
                places
                    .filter(|at| !required.contains(at))
                    .map(|at| entry(lock, at)),
            );
        }
        tops
    }

    /// The tops, part by part, that no other one leads to: what a file that lists everything was
    /// made from, as far as it can be told.
    fn without_implied(&self, tops: Vec<Link<'a>>) -> Vec<Link<'a>> {
        let mut by_part: BTreeMap<Part, Vec<Link<'a>>> = BTreeMap::new();
        for top in tops {
            by_part.entry(top.part.clone()).or_default().push(top);
        }
        let mut kept = Vec::new();
        for tops in by_part.into_values() {
            let asked: BTreeSet<usize> = tops.iter().map(|top| top.to).collect();
            let links = asked.iter().flat_map(|&at| &self.down[at]);
            let required: BTreeSet<usize> = links
                .filter(|link| link.from != Some(link.to))
                .map(|link| link.to)
                .collect();
            let mut reached = BTreeSet::new();
            let (first, rest): (Vec<_>, Vec<_>) = tops
                .into_iter()
                .partition(|top| !required.contains(&top.to));
            for top in &first {
                self.reach(top.to, &mut reached);
            }
            kept.extend(first);
            // Of those that only require each other, the first.
            for top in rest {
                if !reached.contains(&top.to) {
                    self.reach(top.to, &mut reached);
                    kept.push(top);
                }
            }
        }
        kept
    }

    /// Adds a package and all that is below it.
    fn reach(&self, at: usize, reached: &mut BTreeSet<usize>) {
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(self.down[at].iter().map(|link| link.to));
            }
        }
    }

    /// What a package with some of its extras requires; where the graph is entered, its groups
    /// too.
    fn below<'b>(
        &'b self,
        at: usize,
        extras: &'b BTreeSet<&ExtraName>,
        is_entry: bool,
    ) -> impl Iterator<Item = &'b Link<'a>> {
        self.down[at].iter().filter(move |link| match &link.part {
            Part::Base => true,
            Part::Extra(extra) => extras.contains(extra),
            Part::Group(_) => is_entry,
        })
    }

    /// The extras of a package that an edge opens: of a root where the graph is entered, all.
    fn opened(&self, lock: &'a Lock, link: &Link<'a>) -> BTreeSet<&'a ExtraName> {
        let known = &lock.packages[link.to].optional_dependencies;
        if link.from.is_none() && self.roots.contains(&link.to) {
            return known.keys().collect();
        }
        let extras = link.extras.iter().copied();
        extras.filter(|extra| known.contains_key(*extra)).collect()
    }

    /// What requires a part of a package.
    pub(crate) fn above<'b>(
        &'b self,
        at: usize,
        part: &'b Part,
    ) -> impl Iterator<Item = &'b Link<'a>> {
        let leads_here = move |link: &&Link<'a>| {
            let asks = match part {
                Part::Base => true,
                Part::Extra(extra) => link.extras.contains(extra),
                Part::Group(_) => false,
            };
            link.to == at && asks
        };
        self.down.iter().flatten().filter(leads_here)
    }

    /// The entries into the graph at a part of a package.
    pub(crate) fn entries<'b>(
        &'b self,
        at: usize,
        part: &'b Part,
    ) -> impl Iterator<Item = &'b Link<'a>> {
        let is_root = self.roots.contains(&at);
        self.tops.iter().filter(move |top| {
            let asks = match part {
                Part::Base => true,
                Part::Extra(extra) => is_root || top.extras.contains(extra),
                Part::Group(_) => is_root,
            };
            top.to == at && asks
        })
    }
}

/// Whether every package is asked for, as in files that do not tell what was asked for.
fn asks_for_all(lock: &Lock) -> bool {
    let asked: BTreeSet<&PackageName> = lock.asked_beside().map(|it| &it.name).collect();
    lock.packages.iter().all(|it| asked.contains(&it.id.name))
}

/// The edge from nowhere to a package.
fn entry(lock: &Lock, at: usize) -> Link<'_> {
    Link {
        from: None,
        part: Part::Base,
        to: at,
        extras: BTreeSet::new(),
        marker: lock.packages[at].marker,
    }
}

/// The edges of a requirement that belongs to no package.
fn asked<'a>(lock: &'a Lock, requirement: &'a SourcedRequirement, part: &Part) -> Vec<Link<'a>> {
    let packages = lock.packages.iter().enumerate();
    let named = packages.filter(|(_, package)| package.id.name == requirement.name);
    let links = named.filter_map(|(to, package)| {
        let forks = package.forks.iter().copied().reduce(Marker::or);
        let marker = forks.map_or(requirement.marker, |it| it.and(requirement.marker));
        (!marker.is_false()).then(|| Link {
            from: None,
            part: part.clone(),
            to,
            extras: requirement.extras.iter().collect(),
            marker,
        })
    });
    links.collect()
}

fn is_chosen(lock: &Lock, groups: &Groups, package: &Package, part: &Part) -> bool {
    let Part::Group(group) = part else {
        return true;
    };
    let defaults = package.default_groups.as_ref();
    groups.has(group, defaults.or(lock.asked.default_groups.as_ref()))
}

/// What tells places in trees apart that have different things below them.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Place<'a> {
    at: usize,
    /// The extras that are open.
    extras: BTreeSet<&'a ExtraName>,
    /// Whether the graph is entered there.
    is_entry: bool,
    /// In an inverted tree, the part that leads down, and when.
    down: Option<(Part, Marker)>,
}

struct Drawing<'a, 'b> {
    lock: &'a Lock,
    request: &'b TreeRequest,
    links: &'b Links<'a>,
    /// What was drawn, and whether with something below it.
    drawn: BTreeMap<Place<'a>, bool>,
    /// The way down to where the drawing is.
    path: Vec<Place<'a>>,
}

impl<'a> Drawing<'a, '_> {
    fn is_wanted(&self, at: usize) -> bool {
        !self.request.prune.contains(&self.lock.packages[at].id.name)
    }

    /// The packages asked for; in an inverted tree without any, those that require nothing.
    fn named_tops(&self) -> Vec<Link<'a>> {
        let named = &self.request.packages;
        let places = 0..self.lock.packages.len();
        let is_top = |at: &usize| {
            if named.is_empty() {
                self.links.down[*at].is_empty()
            } else {
                named.contains(&self.lock.packages[*at].id.name)
            }
        };
        let tops = places.filter(is_top).map(|at| Link {
            marker: Marker::TRUE,
            ..entry(self.lock, at)
        });
        tops.collect()
    }

    /// A tree from the edge that leads to its top. Going up, edges that exclude each other are not
    /// joined.
    fn branch(&mut self, link: &Link<'a>, condition: Marker) -> Option<Branch<'a>> {
        let is_above = self.request.inverted && link.from.is_some();
        let at = link.from.filter(|_| is_above).unwrap_or(link.to);
        let here = condition.and(link.marker);
        if here.is_false() || !self.is_wanted(at) {
            return None;
        }
        let onward = if self.request.inverted {
            here
        } else {
            condition
        };
        let place = self.place(link, at, is_above, onward);
        let is_in_path = self.path.contains(&place);
        let was_drawn = self.drawn.get(&place).copied();
        let known = was_drawn.filter(|_| !self.request.repeats);
        let is_repeated = is_in_path || known == Some(true);
        let is_cut = self.request.depth.is_some_and(|it| self.path.len() >= it);
        let mut below = Vec::new();
        if !is_repeated && !is_cut && known.is_none() {
            let next = self.next(&place);
            self.drawn.insert(place.clone(), !next.is_empty());
            self.path.push(place);
            below.extend(next.iter().filter_map(|link| self.branch(link, onward)));
            self.path.pop();
        }
        Some(Branch {
            package: &self.lock.packages[at],
            extras: if is_above {
                BTreeSet::new()
            } else {
                link.extras.clone()
            },
            part: link.part.clone(),
            marker: self.lock.simplify(link.marker),
            is_repeated,
            below,
        })
    }

    fn place(&self, link: &Link<'a>, at: usize, is_above: bool, onward: Marker) -> Place<'a> {
        Place {
            at,
            extras: if self.request.inverted {
                BTreeSet::new()
            } else {
                self.links.opened(self.lock, link)
            },
            is_entry: link.from.is_none(),
            down: self.request.inverted.then(|| {
                let part = if is_above { &link.part } else { &Part::Base };
                (part.clone(), onward)
            }),
        }
    }

    /// The edges to what stands below a place.
    fn next(&self, place: &Place<'a>) -> Vec<Link<'a>> {
        let at = place.at;
        match &place.down {
            Some((part, _)) => {
                let mut above: Vec<_> = self.links.above(at, part).cloned().collect();
                above.sort_by_key(|link| (rank(&link.part), link.from));
                above
            }
            None => {
                let below = self.links.below(at, &place.extras, place.is_entry);
                below.cloned().collect()
            }
        }
    }
}

/// Packages' own edges stand before those of extras and groups.
fn rank(part: &Part) -> u8 {
    match part {
        Part::Base => 0,
        Part::Extra(_) => 1,
        Part::Group(_) => 2,
    }
}
