//! All forks' answers merged into one graph (uv.md §2.7, appendix B.7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnostic::Diagnostic;
use index::{Known, Metadata, Query, Release};
use lock::Source;
use packaging::{ConflictItem, ConflictKind, IndexUrl, Marker, PackageName, Version};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::environment::{conflict_extra, conflict_marker};
use crate::manner::Splits;
use crate::node::{Kind, Node};
use crate::problem::Problem;
use crate::solve::{ForkState, Pin};
use crate::version_map::{Offer, VersionMap};
use crate::world::{Found, Local, World};

/// What tells one node of the merged graph from another.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key {
    pub(crate) name: PackageName,
    pub(crate) version: Version,
    /// Where it comes from.
    pub(crate) source: Source,
    pub(crate) kind: Kind,
}

/// A condition with pseudo-extras for conflicts, and what it says about environments alone.
///
/// Both are carried: the second is not always what the first would be without its extras.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Condition {
    pub(crate) combined: Marker,
    pub(crate) environment: Marker,
}

impl Condition {
    const FALSE: Self = Self {
        combined: Marker::FALSE,
        environment: Marker::FALSE,
    };

    pub(crate) fn new(combined: Marker) -> Self {
        Self {
            combined,
            environment: combined.without_extras(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            combined: self.combined.and(other.combined),
            environment: self.environment.and(other.environment),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            combined: self.combined.or(other.combined),
            environment: self.environment.or(other.environment),
        }
    }

    /// Takes in that conflicting sides never come together (uv.md §1.10.8).
    fn imbibe(self, world: Marker) -> Self {
        let has_conflict = self.combined != self.environment;
        if world.is_true() || !has_conflict && !self.combined.is_false() {
            return self;
        }
        let reachable = self.combined.and(world);
        let environment = reachable.without_extras();
        if !environment.is_false() && reachable == environment.and(world) {
            return Self {
                combined: environment,
                environment,
            };
        }
        Self::new(world.not().or(self.combined))
    }
}

/// A node of the merged graph.
#[derive(Clone, Debug)]
pub(crate) struct GraphNode {
    pub(crate) key: Key,
    pub(crate) pin: Option<Arc<Pin>>,
    /// When the node is reached at all.
    pub(crate) condition: Condition,
}

/// The merged graph. Node 0 of `edges` is the root; the others are one more than their place.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    pub(crate) edges: BTreeMap<(usize, usize), Condition>,
}

/// Collects finished forks.
#[derive(Default)]
pub(crate) struct Merge {
    graph: Graph,
    places: FxHashMap<Key, usize>,
    forks: Vec<Condition>,
}

/// A solved problem: the graph, and what was heard of everything in it.
#[derive(Debug)]
pub struct Resolution {
    pub(crate) problem: Problem,
    pub(crate) graph: Graph,
    pub(crate) forks: Vec<Condition>,
    pub(crate) heard: Vec<Heard>,
    warnings: Vec<Diagnostic>,
}

/// What was heard of a node, in the order of the graph's nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) map: Option<Arc<VersionMap>>,
    pub(crate) offer: Option<Offer>,
    /// All files of what was chosen from an index.
    pub(crate) release: Option<Release>,
    pub(crate) metadata: Option<Arc<Metadata>>,
    pub(crate) local: Option<Arc<Local>>,
}

impl Heard {
    /// Whether it comes from elsewhere than an index, and is no wheel.
    pub(crate) fn is_sdist(&self) -> bool {
        self.local.as_ref().is_some_and(|it| it.wheel.is_none())
    }
}

impl Resolution {
    /// What deserves a look although there is a solution: missing extras, withdrawn releases.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

type Chosen = (PackageName, Version, Option<IndexUrl>);

impl Merge {
    /// Adds a solved fork; returns what it chose.
    pub(crate) fn add(&mut self, state: &ForkState, world: &World) -> Vec<Chosen> {
        let fork = match world.problem.manner.splits {
            Splits::Exclusive => Condition::new(state.words),
            Splits::Diverging | Splits::Never => Condition {
                combined: state.environment.combined(),
                environment: state.environment.marker,
            },
        };
        self.forks.push(fork);
        let solution: FxHashMap<_, _> = state.engine.partial_solution.extract_solution().collect();
        let mut chosen = Vec::new();
        let key = |name: &PackageName, kind: Kind, version: &Version| {
            let pin = state.pins.get(&(name.clone(), version.clone()));
            let source = state.direct(name, world).cloned();
            let source = source.or_else(|| pin.map(|pin| Source::Registry(pin.index.clone())));
            debug_assert!(source.is_some(), "{name} {version} comes from nowhere");
            Key {
                name: name.clone(),
                version: version.clone(),
                source: source.unwrap_or_else(|| Source::Virtual("".into())),
                kind,
            }
        };
        for (&id, version) in &solution {
            if let Node::Package { name, kind, marker } = &state.engine.package_store[id]
                && marker.is_true()
            {
                let key = key(name, kind.clone(), version);
                let index = match &key.source {
                    Source::Registry(index) => Some(index.clone()),
                    _ => None,
                };
                chosen.push((name.clone(), version.clone(), index));
                let pin = state.pins.get(&(name.clone(), version.clone())).cloned();
                self.place(key, pin);
            }
        }
        let mut seen = FxHashSet::default();
        for (&id, version) in &solution {
            let (own_name, own_kind) = match &state.engine.package_store[id] {
                Node::Root => (None, &Kind::Base),
                Node::Package { name, kind, .. } => (Some(name), kind),
                _ => continue,
            };
            let from = match own_name {
                Some(name) => self.place(key(name, own_kind.clone(), version), None),
                None => 0,
            };
            let may_need_itself = matches!(own_kind, Kind::Group(_));
            for dependency in state.engine.dependencies(id) {
                if dependency.dependent != id || !dependency.dependent_versions.contains(version) {
                    continue;
                }
                let Some(range) = dependency.dependency_versions else {
                    continue;
                };
                let Some(target) = solution.get(&dependency.dependency) else {
                    continue;
                };
                if !range.contains(target) {
                    continue;
                }
                let node = &state.engine.package_store[dependency.dependency];
                let (name, kind) = match node {
                    Node::Package { name, kind, .. } => (name, kind.clone()),
                    Node::Marker { name, .. } => (name, Kind::Base),
                    Node::Extra { name, extra, .. } => (name, Kind::Extra(extra.clone())),
                    Node::Group { name, group, .. } => (name, Kind::Group(group.clone())),
                    Node::Root | Node::Python => continue,
                };
                let is_itself = own_name == Some(name) && !may_need_itself;
                if is_itself && matches!(node, Node::Package { .. } | Node::Marker { .. }) {
                    continue;
                }
                let base = matches!(node, Node::Extra { .. }).then_some(Kind::Base);
                for kind in [kind].into_iter().chain(base) {
                    let to = self.place(key(name, kind, target), None);
                    if seen.insert((from, to, node.marker())) {
                        let condition = Condition::new(node.marker()).and(fork);
                        self.graph
                            .edges
                            .entry((from, to))
                            .and_modify(|known| *known = known.or(condition))
                            .or_insert(condition);
                    }
                }
            }
        }
        chosen
    }

    /// The place of a node, one more than its index; new ones are appended.
    fn place(&mut self, key: Key, pin: Option<Arc<Pin>>) -> usize {
        let nodes = &mut self.graph.nodes;
        let place = *self.places.entry(key.clone()).or_insert_with(|| {
            nodes.push(GraphNode {
                key,
                pin: None,
                condition: Condition::FALSE,
            });
            nodes.len()
        });
        if pin.is_some() {
            nodes[place - 1].pin = pin;
        }
        place
    }

    /// Merges what was added.
    pub(crate) fn into_resolution(self, world: &mut World) -> Resolution {
        let Self {
            mut graph,
            mut forks,
            ..
        } = self;
        if matches!(&forks[..], [only] if only.combined.is_true()) {
            forks.clear();
        }
        graph.reach(&forks);
        let exclusions = at_most_one(&world.problem.conflicts);
        for node in &mut graph.nodes {
            node.condition = node.condition.imbibe(exclusions);
        }
        for condition in graph.edges.values_mut() {
            *condition = condition.imbibe(exclusions);
        }
        if !world.problem.conflicts.is_empty() {
            simplify_conflicts(&mut graph, &world.problem.conflicts);
        }
        graph.drop_unreachable();
        let heard: Vec<Heard> = graph.nodes.iter().map(|node| heard(node, world)).collect();
        let mut warnings = warnings(&graph, &heard);
        warnings.extend(unverified(&graph, world));
        Resolution {
            problem: world.problem.clone(),
            graph,
            forks,
            heard,
            warnings,
        }
    }
}

impl Graph {
    /// Where the edges from each place lead; place 0 is the root.
    fn outgoing(&self) -> Vec<Vec<usize>> {
        let mut outgoing = vec![Vec::new(); self.nodes.len() + 1];
        for &(from, to) in self.edges.keys() {
            outgoing[from].push(to);
        }
        outgoing
    }

    fn roots(&self) -> Vec<usize> {
        let mut has_parent = vec![false; self.nodes.len() + 1];
        for &(_, to) in self.edges.keys() {
            has_parent[to] = true;
        }
        (0..has_parent.len())
            .filter(|place| !has_parent[*place])
            .collect()
    }

    /// Computes when each node is reached: over all paths from what nobody depends on.
    fn reach(&mut self, forks: &[Condition]) {
        let everywhere = if forks.is_empty() {
            Condition::new(Marker::TRUE)
        } else {
            forks
                .iter()
                .fold(Condition::FALSE, |all, fork| all.or(*fork))
        };
        let outgoing = self.outgoing();
        let mut reach: Vec<Option<Condition>> = vec![None; self.nodes.len() + 1];
        let mut stack = self.roots();
        for &root in &stack {
            reach[root] = Some(everywhere);
        }
        while let Some(place) = stack.pop() {
            let here = reach[place].unwrap_or(Condition::FALSE);
            for &to in &outgoing[place] {
                let through = self.edges[&(place, to)].and(here);
                let wider = reach[to].map_or(through, |known| known.or(through));
                if reach[to] != Some(wider) {
                    reach[to] = Some(wider);
                    stack.push(to);
                }
            }
        }
        for (node, reach) in self.nodes.iter_mut().zip(reach.into_iter().skip(1)) {
            node.condition = reach.unwrap_or(Condition::FALSE);
        }
    }

    fn drop_unreachable(&mut self) {
        let mut places = vec![None; self.nodes.len() + 1];
        places[0] = Some(0);
        let mut kept = 0;
        for (at, node) in self.nodes.iter().enumerate() {
            if !node.condition.combined.is_false() {
                kept += 1;
                places[at + 1] = Some(kept);
            }
        }
        self.nodes
            .retain(|node| !node.condition.combined.is_false());
        self.edges = std::mem::take(&mut self.edges)
            .into_iter()
            .filter_map(|((from, to), condition)| Some(((places[from]?, places[to]?), condition)))
            .collect();
    }
}

/// That of each set of conflicting sides at most one is on.
fn at_most_one(conflicts: &[Vec<ConflictItem>]) -> Marker {
    conflicts.iter().fold(Marker::TRUE, |all, set| {
        let mut some = Marker::FALSE;
        set.iter().map(conflict_marker).fold(all, |all, item| {
            let both = some.and(item);
            some = some.or(item);
            all.and(both.not())
        })
    })
}

/// Sides of conflicts known to be on or off where an edge starts.
type Sides = BTreeMap<ConflictItem, bool>;

/// Drops from edges what the path to them has decided already (uv.md §1.10.8).
fn simplify_conflicts(graph: &mut Graph, conflicts: &[Vec<ConflictItem>]) {
    let sides = sides_on_paths(graph, conflicts);
    let outgoing = graph.outgoing();
    let name = |place: usize| {
        place
            .checked_sub(1)
            .map(|at| graph.nodes[at].key.name.clone())
    };
    let mut simplified = BTreeMap::new();
    for (&(from, to), &condition) in &graph.edges {
        let is_ambiguous = outgoing[from]
            .iter()
            .filter(|other| name(**other) == name(to))
            .count()
            > 1;
        let known = &sides[from];
        if is_ambiguous || known.is_empty() {
            continue;
        }
        let is_satisfied = |sides: &Sides| {
            let on: BTreeSet<String> = sides
                .iter()
                .filter(|(item, is_on)| **is_on && item.kind != ConflictKind::Project)
                .map(|(item, _)| conflict_extra(item))
                .collect();
            condition
                .combined
                .resolve_extras(|extra| Some(on.contains(extra)))
                .is_true()
        };
        if known.iter().all(is_satisfied) {
            let assumed = known.iter().flatten().fold(condition.combined, assume);
            simplified.insert((from, to), Condition::new(assumed));
        } else {
            let assumed: BTreeSet<Marker> = known
                .iter()
                .map(|sides| sides.iter().fold(condition.combined, assume))
                .collect();
            if let [only] = assumed.into_iter().collect::<Vec<_>>()[..] {
                simplified.insert((from, to), Condition::new(only));
            }
        }
    }
    graph.edges.extend(simplified);
}

fn assume(marker: Marker, (item, is_on): (&ConflictItem, &bool)) -> Marker {
    let extra = conflict_extra(item);
    marker.resolve_extras(|candidate| (candidate == extra).then_some(*is_on))
}

/// For each place: the sets of sides that paths to it switch on, with those they switch off.
fn sides_on_paths(graph: &Graph, conflicts: &[Vec<ConflictItem>]) -> Vec<Vec<Sides>> {
    let relevant: BTreeSet<&ConflictItem> = conflicts.iter().flatten().collect();
    let own_side = |place: usize| -> Option<ConflictItem> {
        let key = &graph.nodes.get(place.checked_sub(1)?)?.key;
        let kind = match &key.kind {
            Kind::Base => return None,
            Kind::Extra(extra) => ConflictKind::Extra(extra.clone()),
            Kind::Group(group) => ConflictKind::Group(group.clone()),
        };
        let item = ConflictItem {
            package: key.name.clone(),
            kind,
        };
        relevant.contains(&item).then_some(item)
    };
    let outgoing = graph.outgoing();
    let mut activated: Vec<Vec<BTreeSet<ConflictItem>>> = vec![Vec::new(); outgoing.len()];
    let mut stack = graph.roots();
    for &root in &stack {
        activated[root].push(BTreeSet::new());
    }
    while let Some(place) = stack.pop() {
        if let Some(item) = own_side(place) {
            for set in &mut activated[place] {
                set.insert(item.clone());
            }
        }
        let sets = activated[place].clone();
        for &to in &outgoing[place] {
            let known = activated[to].len();
            for set in &sets {
                if !activated[to].contains(set) {
                    activated[to].push(set.clone());
                }
            }
            if activated[to].len() > known {
                stack.push(to);
            }
        }
    }
    let with_opposites = |set: BTreeSet<ConflictItem>| -> Sides {
        let mut sides = Sides::new();
        for item in &set {
            let sets = conflicts.iter().filter(|conflict| conflict.contains(item));
            for other in sets.flatten().filter(|other| *other != item) {
                sides.entry(other.clone()).or_insert(false);
            }
        }
        sides.extend(set.into_iter().map(|item| (item, true)));
        sides
    };
    activated
        .into_iter()
        .map(|sets| sets.into_iter().map(with_opposites).collect())
        .collect()
}

fn heard(node: &GraphNode, world: &mut World) -> Heard {
    let key = &node.key;
    let Some(pin) = &node.pin else {
        return Heard {
            local: world.local(&key.name, &key.source),
            ..Heard::default()
        };
    };
    let map = [None, Some(&pin.index)]
        .into_iter()
        .filter_map(|index| match world.maps(&key.name, index) {
            Found::Maps(maps) => maps.iter().find(|map| map.index == pin.index).cloned(),
            _ => None,
        })
        .next();
    let offer = map
        .as_ref()
        .and_then(|map| map.offer(&key.version))
        .map(|(_, it)| it.clone());
    let metadata = match world.index.metadata(&Query::Metadata(pin.query.clone())) {
        Known::Present(metadata) => Some(metadata.clone()),
        Known::Unasked | Known::Absent(_) => None,
    };
    let release = map
        .as_ref()
        .filter(|_| key.kind == Kind::Base)
        .and_then(|map| map.project.release(&key.version));
    Heard {
        map,
        offer,
        release,
        metadata,
        local: None,
    }
}

/// Releases whose requirements nobody vouches for.
fn unverified<'a>(graph: &'a Graph, world: &'a World) -> impl Iterator<Item = Diagnostic> + 'a {
    let told = world.unverified.iter();
    told.filter(|((name, version), _)| {
        let is_it = |node: &GraphNode| node.key.name == *name && node.key.version == *version;
        graph.nodes.iter().any(is_it)
    })
    .map(|((name, version), files)| {
        let files: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
        let title = format!(
            "what `{name}` {version} requires is taken from its {}: only a build could vouch for it",
            files.join(" and ")
        );
        Diagnostic::warning("resolve/unverified-requirements", title)
    })
}

fn warnings(graph: &Graph, heard: &[Heard]) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let mut order: Vec<usize> = (0..graph.nodes.len()).collect();
    order.sort_by(|left, right| graph.nodes[*left].key.cmp(&graph.nodes[*right].key));
    for at in order {
        let (key, heard) = (&graph.nodes[at].key, &heard[at]);
        if let (Kind::Extra(extra), Some(metadata)) = (&key.kind, &heard.metadata)
            && !metadata.provides_extra.contains(extra)
        {
            let title = format!(
                "`{}` {} has no extra named `{extra}`",
                key.name, key.version
            );
            warnings.push(Diagnostic::warning("resolve/missing-extra", title));
        }
        if let (Kind::Base, Some(release)) = (&key.kind, &heard.release)
            && release.files().all(|file| file.yanked.is_yanked())
        {
            let title = format!("`{}` {} was yanked", key.name, key.version);
            warnings.push(Diagnostic::warning("resolve/yanked", title));
        }
    }
    warnings
}
