//! Who is reached from the root: groups, the optional flag, markers per group, effective
//! requirements. Walked as poetry 2.5.1 does, since the order of the walk is the order of terms.

use std::collections::{BTreeMap, BTreeSet};

use super::dependency::Dependency;
use super::marker::Marker;
use super::range::Constraint;
use super::root::{MAIN, Root, Wanted, normalized};

/// A package that can be chosen.
pub(super) struct Choice {
    /// The normalized name.
    pub(super) name: String,
    /// The version as a constraint.
    pub(super) version: Constraint,
    /// Whether it comes from an index, so that versions decide.
    pub(super) is_versioned: bool,
    /// Where it belongs, when several packages share its name.
    pub(super) fork: Marker,
    /// All its requirements, in order.
    pub(super) requirements: Vec<Dependency>,
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

/// A package with the extras that somebody wants of it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Node {
    choice: usize,
    extras: Vec<String>,
}

/// An edge to a node from another one, or from the root.
struct Edge {
    parent: Option<usize>,
    groups: BTreeSet<String>,
    marker: Marker,
    optional: bool,
}

struct Walk<'a> {
    choices: &'a [Choice],
    members: &'a [usize],
    /// The versions of Python in the branch.
    python: &'a Constraint,
    /// The versions of Python for which the root's requirements count.
    all_python: &'a Constraint,
    nodes: Vec<Node>,
    /// Edges into each node, in order of discovery.
    edges: Vec<Vec<Edge>>,
    /// Nodes in topological order, parents first, as far as cycles allow.
    order: Vec<usize>,
    depths: Vec<i64>,
}

/// A part of the world that was resolved on its own: poetry's overrides, uv's forks.
pub(super) struct Branch {
    pub(super) marker: Marker,
    /// The choices that exist in it.
    pub(super) members: Vec<usize>,
}

/// Walks from the root in every branch; packages that are not reached stay empty-handed.
pub(super) fn walk(root: &Root, choices: &[Choice], branches: &[Branch]) -> Vec<Option<Reached>> {
    let mut all: Vec<Option<Reached>> = choices.iter().map(|_| None).collect();
    // For every choice and group the markers, each with the branches in which it holds.
    let mut markers: Vec<BTreeMap<String, Vec<Alternative>>> =
        choices.iter().map(|_| BTreeMap::new()).collect();
    let mut conditions = Vec::new();
    for (at, branch) in branches.iter().enumerate() {
        // As poetry's branches start from requirements that the project's Python reduced already.
        let condition = branch.marker.reduce_by_python(&root.python);
        let python = root.python.intersect(&condition.python());
        conditions.push(condition);
        // A package exists in a branch only if the branch's own Python reaches it.
        let strict = walk_branch(root, choices, &branch.members, [&python, &python]);
        let found = if branches.len() > 1 {
            let exists = |at: &usize| strict[*at].is_some();
            let members: Vec<usize> = branch.members.iter().copied().filter(exists).collect();
            walk_branch(root, choices, &members, [&python, &root.python])
        } else {
            strict
        };
        for ((mine, markers), found) in all.iter_mut().zip(&mut markers).zip(found) {
            let Some(mut found) = found else { continue };
            for (group, marker) in std::mem::take(&mut found.markers) {
                let known = markers.entry(group).or_default();
                match known.iter_mut().find(|(known, _)| *known == marker) {
                    Some((_, branches)) => branches.push(at),
                    None => known.push((marker, vec![at])),
                }
            }
            match mine {
                Some(mine) => mine.merge(found),
                None => *mine = Some(found),
            }
        }
    }
    for (reached, markers) in all.iter_mut().zip(markers) {
        let Some(reached) = reached else { continue };
        for (group, alternatives) in markers {
            let marker = merge(&conditions, &alternatives).reduce_by_python(&root.python);
            reached.markers.insert(group, marker);
        }
    }
    all
}

/// The condition of a package over all branches; a marker that is the same in all of them needs
/// no word about branches.
fn merge(conditions: &[Marker], alternatives: &[Alternative]) -> Marker {
    let mut merged = Marker::Empty;
    for (marker, branches) in alternatives {
        if branches.len() == conditions.len() {
            merged = merged.union(marker);
            continue;
        }
        let mut within = Marker::Empty;
        for at in branches {
            within = within.union(&conditions[*at]);
        }
        merged = merged.union(&within.intersect(marker));
    }
    merged
}

/// A marker, and the branches in which it is a package's.
type Alternative = (Marker, Vec<usize>);

impl Reached {
    /// What another branch found out about the same package.
    fn merge(&mut self, other: Self) {
        self.groups.extend(other.groups);
        self.optional &= other.optional;
        for dependency in other.requirements {
            if !self
                .requirements
                .iter()
                .any(|known| known.is_same(&dependency))
            {
                self.requirements.push(dependency);
            }
        }
    }
}

fn walk_branch(
    root: &Root,
    choices: &[Choice],
    members: &[usize],
    [python, all_python]: [&Constraint; 2],
) -> Vec<Option<Reached>> {
    let mut walk = Walk {
        choices,
        members,
        python,
        all_python,
        nodes: Vec::new(),
        edges: Vec::new(),
        order: Vec::new(),
        depths: Vec::new(),
    };
    walk.visit_root(&root.wanted);
    walk.order.reverse();
    walk.measure();
    let (groups, optional) = walk.spread();
    let markers = walk.markers(&groups);
    walk.reached(&groups, &optional, &markers)
}

/// Whether a requirement can matter for some Python of the project.
fn is_possible(marker: &Marker, python: &Constraint) -> bool {
    !marker.is_empty() && marker.python().allows_any(python)
}

impl Walk<'_> {
    /// The packages a requirement leads to, each with the marker of the edge.
    fn targets(
        &self,
        dependency: &Dependency,
        marker: &Marker,
        python: &Constraint,
    ) -> Vec<(usize, Marker)> {
        let named = || {
            self.members
                .iter()
                .map(|at| (*at, &self.choices[*at]))
                .filter(|(_, choice)| choice.name == dependency.name.as_str())
        };
        let fits = |choice: &Choice| {
            !choice.is_versioned
                || dependency.constraint.is_any()
                || dependency.constraint.allows_all(&choice.version)
        };
        let fitting: Vec<_> = named().filter(|(_, choice)| fits(choice)).collect();
        // A pin that overrides a requirement: whoever has the name is meant.
        let fitting = if fitting.is_empty() {
            named().collect()
        } else {
            fitting
        };
        let several = fitting.len() > 1;
        fitting
            .into_iter()
            .filter_map(|(at, choice)| {
                let marker = if several {
                    marker.intersect(&choice.fork)
                } else {
                    marker.clone()
                };
                is_possible(&marker, python).then_some((at, marker))
            })
            .collect()
    }

    fn node(&mut self, choice: usize, extras: &[String]) -> (usize, bool) {
        let node = Node {
            choice,
            extras: extras.to_vec(),
        };
        if let Some(at) = self.nodes.iter().position(|known| *known == node) {
            return (at, false);
        }
        self.nodes.push(node);
        self.edges.push(Vec::new());
        self.depths.push(-1);
        (self.nodes.len() - 1, true)
    }

    /// The requirements of a node, with the markers of their edges.
    fn requirements(&self, node: &Node) -> Vec<(Dependency, Marker)> {
        let choice = &self.choices[node.choice];
        effective(choice, &node.extras, self.python)
            .into_iter()
            .map(|dependency| {
                let marker = dependency.marker.exclude("extra");
                (dependency, marker)
            })
            .collect()
    }

    fn visit_root(&mut self, wanted: &[Wanted]) {
        // All edges of the root are known before the walk goes down.
        let mut found = Vec::new();
        for one in wanted {
            let mut marker = one.dependency.marker.clone();
            if !one.in_extras.is_empty() {
                let extras = one.in_extras.iter().map(String::as_str);
                marker = marker.intersect(&Marker::of_extras(extras));
            }
            // The root's requirements count in every branch: seen in poetry 2.5.1, where only the
            // requirements of packages are filtered by the branch.
            for (choice, marker) in self.targets(&one.dependency, &marker, self.all_python) {
                found.push((choice, one, marker));
            }
        }
        let mut children = Vec::new();
        for (choice, one, marker) in found {
            let (at, _) = self.node(choice, &one.dependency.extras);
            self.edges[at].push(Edge {
                parent: None,
                groups: BTreeSet::from([one.group.clone()]),
                marker,
                optional: one.dependency.optional,
            });
            if !children.contains(&at) {
                children.push(at);
            }
        }
        let mut seen = BTreeSet::new();
        for child in children {
            self.visit(child, &mut seen);
        }
    }

    /// Depth first, without recursion: graphs come from outside.
    fn visit(&mut self, start: usize, seen: &mut BTreeSet<usize>) {
        if !seen.insert(start) {
            return;
        }
        let mut stack = vec![(start, self.children(start), 0)];
        while let Some((node, children, next)) = stack.last_mut() {
            match children.get(*next).copied() {
                Some(child) => {
                    *next += 1;
                    if seen.insert(child) {
                        let below = self.children(child);
                        stack.push((child, below, 0));
                    }
                }
                None => {
                    self.order.push(*node);
                    stack.pop();
                }
            }
        }
    }

    fn children(&mut self, at: usize) -> Vec<usize> {
        let node = self.nodes[at].clone();
        let mut children = Vec::new();
        if !node.extras.is_empty() {
            let (base, _) = self.node(node.choice, &[]);
            self.connect(at, base, Marker::Any);
            children.push(base);
        }
        for (dependency, marker) in self.requirements(&node) {
            for (choice, marker) in self.targets(&dependency, &marker, self.python) {
                let (child, _) = self.node(choice, &dependency.extras);
                self.connect(at, child, marker);
                if !children.contains(&child) {
                    children.push(child);
                }
            }
        }
        children
    }

    fn connect(&mut self, parent: usize, child: usize, marker: Marker) {
        let known = self.edges[child]
            .iter_mut()
            .find(|edge| edge.parent == Some(parent));
        match known {
            Some(edge) => edge.marker = edge.marker.union(&marker),
            None => self.edges[child].push(Edge {
                parent: Some(parent),
                groups: BTreeSet::new(),
                marker,
                optional: false,
            }),
        }
    }

    /// How deep each node lies: below its deepest parent; a package with extras lies as deep as
    /// the package.
    fn measure(&mut self) {
        for &at in &self.order {
            let depth = self.edges[at]
                .iter()
                .map(|edge| match edge.parent {
                    None => 0,
                    Some(parent) if self.nodes[parent].choice == self.nodes[at].choice => {
                        self.depths[parent]
                    }
                    Some(parent) => self.depths[parent] + 1,
                })
                .max();
            self.depths[at] = depth.unwrap_or(0);
        }
    }

    /// The groups and the optional flag of each node.
    fn spread(&self) -> (Vec<BTreeSet<String>>, Vec<bool>) {
        let mut groups = vec![BTreeSet::new(); self.nodes.len()];
        let mut required = vec![false; self.nodes.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for &at in &self.order {
                for edge in &self.edges[at] {
                    let (above, needed) = match edge.parent {
                        None => (edge.groups.clone(), !edge.optional),
                        Some(parent) => (groups[parent].clone(), required[parent]),
                    };
                    let before = groups[at].len();
                    groups[at].extend(above);
                    changed |= groups[at].len() > before || (needed && !required[at]);
                    required[at] |= needed;
                }
            }
        }
        (
            groups,
            required.into_iter().map(|required| !required).collect(),
        )
    }

    /// The marker of each node for each of its groups.
    fn markers(&self, groups: &[BTreeSet<String>]) -> Vec<BTreeMap<String, Marker>> {
        let mut markers: Vec<BTreeMap<String, Marker>> = vec![BTreeMap::new(); self.nodes.len()];
        let mut levels = self.order.clone();
        levels.sort_by_key(|at| self.depths[*at]);
        // Cycles leave gaps; every round closes some of them.
        for _ in 0..=self.nodes.len() {
            let mut is_complete = true;
            for &at in &levels {
                let mut found: BTreeMap<String, Marker> = groups[at]
                    .iter()
                    .map(|group| (group.clone(), Marker::Empty))
                    .collect();
                for edge in &self.edges[at] {
                    let above = match edge.parent {
                        None => None,
                        Some(parent) if markers[parent].len() < groups[parent].len() => {
                            is_complete = false;
                            continue;
                        }
                        Some(parent) => Some(&markers[parent]),
                    };
                    for (group, marker) in &mut found {
                        let path = match above {
                            None if edge.groups.contains(group) => edge.marker.clone(),
                            None => continue,
                            Some(above) => match above.get(group) {
                                Some(parent) => parent.intersect(&edge.marker),
                                None => continue,
                            },
                        };
                        *marker = marker.union(&path);
                    }
                }
                markers[at] = found;
            }
            if is_complete {
                break;
            }
        }
        markers
    }

    fn reached(
        &self,
        groups: &[BTreeSet<String>],
        optional: &[bool],
        markers: &[BTreeMap<String, Marker>],
    ) -> Vec<Option<Reached>> {
        let mut reached: Vec<Option<Reached>> = Vec::new();
        for (at, choice) in self.choices.iter().enumerate() {
            let mine: Vec<usize> = self
                .order
                .iter()
                .copied()
                .filter(|node| self.nodes[*node].choice == at)
                .collect();
            let Some(base) = mine
                .iter()
                .find(|node| self.nodes[**node].extras.is_empty())
            else {
                reached.push(None);
                continue;
            };
            reached.push(Some(Reached {
                groups: groups[*base].clone(),
                optional: optional[*base],
                markers: markers[*base].clone(),
                requirements: self.all_requirements(choice, &mine),
            }));
        }
        reached
    }

    /// The requirements in effect for the package with everything that somebody wants of it.
    fn all_requirements(&self, choice: &Choice, nodes: &[usize]) -> Vec<Dependency> {
        let mut all = effective(choice, &[], self.python);
        for node in nodes {
            for dependency in effective(choice, &self.nodes[*node].extras, self.python) {
                if !all.iter().any(|known| known.is_same(&dependency)) {
                    all.push(dependency);
                }
            }
        }
        all
    }
}

/// The requirements of a package with some extras: those that can matter, equal ones merged.
fn effective(choice: &Choice, extras: &[String], python: &Constraint) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut chosen: Vec<String> = extras.to_vec();
    let mut at = 0;
    // A package that requires itself with another extra wants that one, too.
    while at < chosen.len() {
        let extra = chosen[at].clone();
        at += 1;
        for dependency in &choice.requirements {
            let is_own = dependency.name.as_str() == choice.name;
            let of_extra = dependency
                .marker
                .extras()
                .iter()
                .any(|one| normalized(one) == extra);
            if is_own && of_extra {
                for more in &dependency.extras {
                    if !chosen.contains(more) {
                        chosen.push(more.clone());
                    }
                }
            }
        }
    }
    let wanted = |extra: &str| chosen.contains(&normalized(extra));
    for dependency in &choice.requirements {
        if dependency.name.as_str() == choice.name
            || !dependency.marker.holds_with_extras(&wanted)
            || !is_possible(&dependency.marker, python)
        {
            continue;
        }
        let same = found.iter_mut().find(|known| {
            known.name == dependency.name
                && known.extras == dependency.extras
                && known.constraint == dependency.constraint
                && known.origin == dependency.origin
        });
        match same {
            Some(known) => {
                known.marker = known.marker.union(&dependency.marker);
                known.optional &= dependency.optional;
            }
            None => found.push(dependency.clone()),
        }
    }
    found
}

/// The groups in the order of the file: `main` first.
pub(super) fn ordered(groups: &BTreeSet<String>) -> Vec<&str> {
    let main = groups.iter().filter(|group| *group == MAIN);
    let rest = groups.iter().filter(|group| *group != MAIN);
    main.chain(rest).map(String::as_str).collect()
}
