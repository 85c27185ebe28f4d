//! Who is reached from the root: groups, the optional flag, markers per group. Walked as poetry
//! 2.5.1 does, since the order of the walk is the order of terms.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::dependency::Dependency;
use super::marker::Marker;
use super::range::Constraint;
use super::root::{MAIN, Root};

/// A package that can be chosen.
pub(super) struct Choice {
    /// The normalized name.
    pub(super) name: String,
    /// The version as a constraint.
    pub(super) version: Constraint,
    /// Whether it comes from an index, so that versions decide.
    pub(super) is_versioned: bool,
    /// All versions of the project that there are; none where nobody knows.
    pub(super) listed: Vec<Constraint>,
    /// The versions of Python it is for.
    pub(super) python: Constraint,
    /// All its requirements, in order.
    pub(super) requirements: Vec<Dependency>,
}

impl Choice {
    /// Whether a requirement of its project is fulfilled.
    pub(super) fn fulfils(&self, constraint: &Constraint) -> bool {
        !self.is_versioned || constraint.is_any() || constraint.allows_all(&self.version)
    }
}

/// What was found out about a package.
#[derive(Clone, Debug, Default)]
pub(super) struct Reached {
    /// The groups, sorted by name.
    pub(super) groups: BTreeSet<String>,
    /// Whether every path starts at an optional requirement.
    pub(super) optional: bool,
    /// When each group needs it.
    pub(super) markers: BTreeMap<String, Marker>,
    /// The requirements in effect, duplicates merged.
    pub(super) requirements: Vec<Dependency>,
}

/// A package with the extras that somebody wants of it, as a branch solved it.
#[derive(Clone, Debug)]
pub(super) struct Solved {
    pub(super) choice: usize,
    /// Sorted.
    pub(super) extras: Vec<String>,
    /// The requirements in effect.
    pub(super) requirements: Vec<Dependency>,
}

/// The root's place beside those of packages.
const ROOT: usize = usize::MAX;

/// A package on the paths that start at some groups.
#[derive(Clone, Debug)]
struct Node {
    /// Its place among what was solved.
    place: usize,
    groups: BTreeSet<String>,
    optional: bool,
    parents: Vec<usize>,
    depth: i64,
}

/// The conditions of the edges into a package: by parent, then by the groups of the path.
type Edges = Vec<(usize, Vec<(BTreeSet<String>, Marker)>)>;

/// Walks from the root of a branch; what was found out of each package, in poetry's order.
pub(super) fn walk(
    root: &Root,
    choices: &[Choice],
    mut solved: Vec<Solved>,
) -> Vec<(usize, Reached)> {
    let mut walk = Walk {
        root,
        choices,
        solved: &solved,
        nodes: Vec::new(),
        edges: HashMap::new(),
    };
    let order = walk.visit_all();
    walk.measure(&order);
    let (places, depths, mut reached) = walk.gather(&order);
    let edges = std::mem::take(&mut walk.edges);
    mark(&places, &depths, &edges, &mut reached);
    join_extras(choices, &mut solved);
    let mut found = Vec::new();
    for (place, one) in solved.into_iter().enumerate() {
        if let Some(mut reached) = reached.remove(&place).filter(|_| one.extras.is_empty()) {
            reached.requirements = one.requirements;
            found.push((one.choice, reached));
        }
    }
    found
}

struct Walk<'a> {
    root: &'a Root,
    choices: &'a [Choice],
    solved: &'a [Solved],
    nodes: Vec<Node>,
    /// The edges into each package, in the order in which they were found.
    edges: HashMap<usize, Edges>,
}

/// An edge to follow: the package, the path's groups and optional flag, the condition.
type Child = (usize, BTreeSet<String>, bool, Marker);

impl Walk<'_> {
    fn children(&self, at: usize) -> Vec<Child> {
        let node = &self.nodes[at];
        if node.place != ROOT {
            let requirements = &self.solved[node.place].requirements;
            return requirements
                .iter()
                .flat_map(|dependency| self.targets(dependency).map(move |to| (to, dependency)))
                .map(|(to, it)| (to, node.groups.clone(), node.optional, it.marker.clone()))
                .collect();
        }
        let mut children = Vec::new();
        for wanted in &self.root.wanted {
            let dependency = &wanted.dependency;
            for to in self.targets(dependency) {
                let groups = BTreeSet::from([wanted.group.clone()]);
                children.push((to, groups, dependency.optional, wanted.marker()));
            }
        }
        children
    }

    /// The packages that fulfil a requirement.
    fn targets<'b>(&'b self, dependency: &'b Dependency) -> impl Iterator<Item = usize> + 'b {
        let named = move |solved: &Solved| {
            let choice = &self.choices[solved.choice];
            choice.name == dependency.name.as_str() && solved.extras == dependency.extras
        };
        let fulfils = |choice: &Choice| choice.fulfils(&dependency.constraint);
        // A pin that overrides a requirement: whoever has the name is meant.
        let is_overridden = !self
            .choices
            .iter()
            .any(|choice| choice.name == dependency.name.as_str() && fulfils(choice));
        let places = 0..self.solved.len();
        places.filter(move |place| {
            let solved = &self.solved[*place];
            named(solved) && (is_overridden || fulfils(&self.choices[solved.choice]))
        })
    }

    /// Depth first, without recursion: graphs come from outside. The order has parents first, as
    /// far as cycles allow.
    fn visit_all(&mut self) -> Vec<usize> {
        let mut known: HashMap<(usize, BTreeSet<String>, bool), usize> = HashMap::new();
        let mut seen: HashSet<usize> = HashSet::from([0]);
        self.nodes.push(Node {
            place: ROOT,
            groups: BTreeSet::new(),
            optional: true,
            parents: Vec::new(),
            depth: -1,
        });
        let mut order = Vec::new();
        let mut stack = vec![(0, self.children(0).into_iter())];
        while let Some((at, children)) = stack.last_mut() {
            let at = *at;
            let Some((place, groups, optional, marker)) = children.next() else {
                order.push(at);
                stack.pop();
                continue;
            };
            let key = (place, groups.clone(), optional);
            let child = *known.entry(key).or_insert_with(|| {
                self.nodes.push(Node {
                    place,
                    groups: groups.clone(),
                    optional,
                    parents: Vec::new(),
                    depth: -1,
                });
                self.nodes.len() - 1
            });
            self.nodes[child].parents.push(at);
            self.connect(self.nodes[at].place, place, groups, &marker);
            if seen.insert(child) {
                let below = self.children(child);
                stack.push((child, below.into_iter()));
            }
        }
        order.reverse();
        order
    }

    fn connect(&mut self, parent: usize, child: usize, groups: BTreeSet<String>, marker: &Marker) {
        let marker = match parent {
            ROOT => marker.clone(),
            _ => marker.exclude("extra"),
        };
        let edges = self.edges.entry(child).or_default();
        let of_parent = match edges.iter().position(|(known, _)| *known == parent) {
            Some(at) => &mut edges[at].1,
            None => {
                edges.push((parent, Vec::new()));
                let last = edges.len() - 1;
                &mut edges[last].1
            }
        };
        match of_parent.iter_mut().find(|(known, _)| *known == groups) {
            Some((_, known)) => *known = known.union(&marker),
            None => of_parent.push((groups, marker)),
        }
    }

    fn name(&self, place: usize) -> Option<&str> {
        let solved = self.solved.get(place)?;
        Some(&self.choices[solved.choice].name)
    }

    /// How deep each node lies: below its deepest parent; a package with extras lies as deep as
    /// the package.
    fn measure(&mut self, order: &[usize]) {
        for &at in order {
            let mine = self.name(self.nodes[at].place);
            let depths = self.nodes[at].parents.iter().map(|parent| {
                let parent = &self.nodes[*parent];
                match self.name(parent.place) == mine {
                    true => parent.depth - 1,
                    false => parent.depth,
                }
            });
            let deepest = depths.max().unwrap_or(-2).max(-2);
            self.nodes[at].depth = deepest + 1;
        }
    }

    /// Packages in order, how deep they lie, and what is known of them without markers.
    fn gather(
        &self,
        order: &[usize],
    ) -> (Vec<usize>, HashMap<usize, i64>, HashMap<usize, Reached>) {
        let mut places = Vec::new();
        let mut depths: HashMap<usize, i64> = HashMap::new();
        let mut reached: HashMap<usize, Reached> = HashMap::new();
        for node in order.iter().map(|at| &self.nodes[*at]) {
            let depth = depths.entry(node.place).or_insert(node.depth);
            *depth = (*depth).max(node.depth);
            let known = reached.entry(node.place).or_insert_with(|| {
                places.push(node.place);
                Reached {
                    optional: true,
                    ..Reached::default()
                }
            });
            known.groups.extend(node.groups.iter().cloned());
            known.optional &= node.optional;
        }
        (places, depths, reached)
    }
}

/// The marker of each package for each of its groups, from the root downwards.
fn mark(
    places: &[usize],
    depths: &HashMap<usize, i64>,
    edges: &HashMap<usize, Edges>,
    reached: &mut HashMap<usize, Reached>,
) {
    let mut levels: Vec<usize> = places.iter().copied().filter(|it| *it != ROOT).collect();
    levels.sort_by_key(|place| depths.get(place).copied().unwrap_or(0));
    let none = Edges::new();
    // Cycles leave gaps; every round closes some of them.
    for _ in 0..=levels.len() {
        let mut is_complete = true;
        for place in &levels {
            let groups = reached
                .get(place)
                .map(|it| it.groups.clone())
                .unwrap_or_default();
            let mut found: BTreeMap<String, Marker> = groups
                .into_iter()
                .map(|group| (group, Marker::Empty))
                .collect();
            for (parent, of_parent) in edges.get(place).unwrap_or(&none) {
                is_complete &= add_paths(&mut found, reached.get(parent), of_parent);
            }
            if let Some(reached) = reached.get_mut(place) {
                reached.markers = found;
            }
        }
        if is_complete {
            break;
        }
    }
}

/// Adds the paths through a parent, without one those from the root; `false` if the parent's own
/// markers are not known yet.
fn add_paths(
    found: &mut BTreeMap<String, Marker>,
    parent: Option<&Reached>,
    edges: &[(BTreeSet<String>, Marker)],
) -> bool {
    let parent = parent.filter(|it| !it.groups.is_empty());
    let Some(parent) = parent else {
        for (groups, marker) in edges {
            for (_, known) in found
                .iter_mut()
                .filter(|(group, _)| groups.contains(*group))
            {
                *known = known.union(marker);
            }
        }
        return true;
    };
    if !parent.groups.iter().eq(parent.markers.keys()) {
        return false;
    }
    for (group, above) in &parent.markers {
        for (_, marker) in edges {
            if let Some(known) = found.get_mut(group) {
                *known = known.union(&above.intersect(marker));
            }
        }
    }
    true
}

/// Adds what packages require with extras to the packages without.
fn join_extras(choices: &[Choice], solved: &mut [Solved]) {
    for at in 0..solved.len() {
        if solved[at].extras.is_empty() {
            continue;
        }
        let (choice, more) = (solved[at].choice, solved[at].requirements.clone());
        let is_base = |it: &&mut Solved| it.choice == choice && it.extras.is_empty();
        let Some(base) = solved.iter_mut().find(is_base) else {
            continue;
        };
        for dependency in more {
            let is_own = dependency.name.as_str() == choices[choice].name;
            let is_known = |known: &Dependency| {
                known.is_equal(&dependency) && known.marker == dependency.marker
            };
            if !is_own && !base.requirements.iter().any(is_known) {
                base.requirements.push(dependency);
            }
        }
    }
}

/// The groups in the order of the file: `main` first.
pub(super) fn ordered(groups: &BTreeSet<String>) -> Vec<&str> {
    let main = groups.iter().filter(|group| *group == MAIN);
    let rest = groups.iter().filter(|group| *group != MAIN);
    main.chain(rest).map(String::as_str).collect()
}
