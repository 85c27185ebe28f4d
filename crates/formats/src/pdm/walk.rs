//! The order in which pdm's resolver comes to packages, and who requires them.
//!
//! The versions are known here, so the walk never turns back. The order decides in which order
//! the conditions of a package are put together, which its marker's text shows.

use std::collections::BTreeSet;

use packaging::{Version, VersionSpecifiers};

use super::marker::Marker;
use super::python;
use super::requirement::{Line, identifier};
use super::specifier::Specifier;

/// A package that can be chosen.
pub(super) struct Choice {
    /// The normalized name.
    pub(super) name: String,
    /// The version as clauses pin it: without its local part.
    pub(super) version: String,
    /// Whether versions decide, since it comes from an index.
    pub(super) is_versioned: bool,
    /// The Pythons it is for.
    pub(super) python: Specifier,
    /// Where it belongs, when several packages share its name.
    pub(super) fork: Option<Marker>,
    /// All its requirements, in order, extras still in their markers.
    pub(super) requirements: Vec<Line>,
    /// The whole version.
    pub(super) exactly: Option<Version>,
}

impl Choice {
    /// Whether a requirement with these clauses accepts it.
    fn accepts(&self, clauses: &[String]) -> bool {
        let specifiers = clauses.join(",").parse::<VersionSpecifiers>();
        match (&self.exactly, specifiers) {
            (Some(version), Ok(specifiers)) if self.is_versioned => specifiers.contains(version),
            _ => true,
        }
    }
}

/// What holds for the whole walk.
pub(super) struct World<'a> {
    pub(super) choices: &'a [Choice],
    /// The Pythons of the target.
    pub(super) python: &'a Specifier,
    /// Names nobody gets.
    pub(super) excludes: Vec<String>,
    /// Requirements that replace all others for their name.
    pub(super) overrides: Vec<Line>,
}

/// A package with some of its extras, as it was reached.
pub(super) struct Node {
    pub(super) choice: usize,
    pub(super) extras: Vec<String>,
    identifier: String,
    /// Who requires it, in order; nobody is the root.
    pub(super) information: Vec<(Line, Option<usize>)>,
    /// The requirement it was looked for with.
    pub(super) requirement: Line,
    /// Its requirements.
    pub(super) lines: Vec<Line>,
    is_pinned: bool,
}

/// Walks from the root; the nodes, and their order.
pub(super) fn walk(world: &World<'_>, root: &[Line]) -> (Vec<Node>, Vec<usize>) {
    let mut nodes: Vec<Node> = Vec::new();
    for line in root {
        require(world, &mut nodes, line, None);
    }
    let mut order = Vec::new();
    while let Some(at) = next(&nodes) {
        nodes[at].is_pinned = true;
        nodes[at].requirement = wanted_as(world, &nodes[at]);
        nodes[at].lines = requirements(world, &nodes[at]);
        order.push(at);
        for line in relevant(world, &nodes[at]) {
            require(world, &mut nodes, &line, Some(at));
        }
    }
    (nodes, order)
}

fn require(world: &World<'_>, nodes: &mut Vec<Node>, line: &Line, parent: Option<usize>) {
    for (choice, fork) in targets(world, line) {
        let mut line = line.clone();
        if let Some(fork) = fork {
            let both = line
                .marker
                .as_ref()
                .map_or(fork.clone(), |marker| marker.and(&fork));
            line.marker = Some(both);
        }
        let known = nodes
            .iter()
            .position(|node| node.choice == choice && node.extras == line.extras);
        let at = known.unwrap_or_else(|| {
            nodes.push(Node {
                choice,
                extras: line.extras.clone(),
                identifier: line.identifier(),
                information: Vec::new(),
                requirement: line.clone(),
                lines: Vec::new(),
                is_pinned: false,
            });
            nodes.len() - 1
        });
        nodes[at].information.push((line, parent));
    }
}

/// The packages a requirement leads to, with the condition that tells them apart.
fn targets(world: &World<'_>, line: &Line) -> Vec<(usize, Option<Marker>)> {
    let name = line.name.to_lowercase();
    let named: Vec<usize> = (0..world.choices.len())
        .filter(|at| world.choices[*at].name == name)
        .collect();
    if named.len() < 2 {
        return named.into_iter().map(|at| (at, None)).collect();
    }
    let accepts = |at: &usize| world.choices[*at].accepts(&line.specifiers);
    let mut fitting: Vec<usize> = named.iter().copied().filter(accepts).collect();
    if fitting.is_empty() {
        fitting = named;
    }
    let several = fitting.len() > 1;
    let fork = |at: usize| world.choices[at].fork.clone().filter(|_| several);
    fitting
        .into_iter()
        .map(|at| (at, fork(at)))
        .filter(|(_, fork)| match (fork, &line.marker) {
            (Some(fork), Some(marker)) => !fork.and(marker).is_empty(),
            _ => true,
        })
        .collect()
}

/// What is decided next.
fn next(nodes: &[Node]) -> Option<usize> {
    let open = (0..nodes.len()).filter(|at| !nodes[*at].is_pinned);
    open.min_by_key(|at| {
        let node = &nodes[*at];
        let information = &node.information;
        let clauses = || information.iter().flat_map(|(line, _)| &line.specifiers);
        (
            information.iter().all(|(_, parent)| parent.is_some()),
            information.iter().all(|(line, _)| line.is_named()),
            !clauses().any(|clause| clause.starts_with("==")),
            std::cmp::Reverse(clauses().count()),
            node.identifier.clone(),
        )
    })
}

/// The requirement a candidate is looked for with: the override, or the most telling one.
fn wanted_as(world: &World<'_>, node: &Node) -> Line {
    let choice = &world.choices[node.choice];
    let overrides = |line: &&Line| line.name.to_lowercase() == choice.name;
    if let Some(line) = world.overrides.iter().find(overrides) {
        let mut line = line.clone();
        line.extras.clone_from(&node.extras);
        return line;
    }
    let lines = node.information.iter().map(|(line, _)| line);
    let preferred = lines.min_by_key(|line| line.preference());
    preferred.unwrap_or(&node.requirement).clone()
}

/// The requirements of a package with its extras, as its entry lists them.
fn requirements(world: &World<'_>, node: &Node) -> Vec<Line> {
    let choice = &world.choices[node.choice];
    let mut lines: Vec<Line> = choice
        .requirements
        .iter()
        .filter_map(|line| without_extras(line, &node.extras))
        .collect();
    if !node.extras.is_empty() {
        let mut base = node.requirement.clone();
        base.extras.clear();
        base.set_marker(None);
        base.groups.clear();
        if !base.is_pinned() {
            base.specifiers = vec![format!("=={}", choice.version)];
        }
        if !lines.iter().any(|line| line.is_like(&base)) {
            lines.insert(0, base);
        }
    }
    lines
}

/// A requirement as the chosen extras see it, if they do.
fn without_extras(line: &Line, extras: &[String]) -> Option<Line> {
    let mut line = line.clone();
    let Some(marker) = &line.marker else {
        return extras.is_empty().then_some(line);
    };
    let condition = marker.only(&["extra"]);
    if !holds(&condition, extras) || (condition.is_any() && !extras.is_empty()) {
        return None;
    }
    let rest = marker.exclude(&["extra"]);
    line.set_marker((!rest.is_any()).then_some(rest));
    Some(line)
}

fn holds(condition: &Marker, extras: &[String]) -> bool {
    match condition {
        Marker::Any => true,
        Marker::Empty => false,
        Marker::All(markers) => markers.iter().all(|marker| holds(marker, extras)),
        Marker::Either(markers) => markers.iter().any(|marker| holds(marker, extras)),
        Marker::Atom(atom) => atom.holds_for_extras(extras),
    }
}

/// The requirements that matter for the target.
fn relevant(world: &World<'_>, node: &Node) -> Vec<Line> {
    let and = |one: &Specifier, other: &Specifier| one.and(other).unwrap_or_else(|| one.clone());
    let around = and(&world.choices[node.choice].python, &node.requirement.python);
    let around = and(&around, world.python);
    let mut lines = Vec::new();
    for line in &node.lines {
        let is_possible = !and(&line.python, &around).is_empty();
        let marker = line.marker.as_ref();
        let is_met = marker.is_none_or(|marker| python::matches(marker, world.python));
        if is_possible && is_met && !world.excludes.contains(&line.identifier()) {
            let mut line = line.clone();
            line.python = and(&line.python, &node.requirement.python);
            lines.push(line);
        }
    }
    lines
}

/// The condition of every node, parents before children; none for nodes of cycles that nothing
/// leads into.
pub(super) fn markers(nodes: &[Node], order: &[usize]) -> Vec<Option<Marker>> {
    let mut found: Vec<Option<Marker>> = vec![None; nodes.len()];
    let mut open: Vec<usize> = order.to_vec();
    // Nodes of cycles, each with the parents that have to wait for it.
    let mut circular: Vec<(usize, BTreeSet<usize>)> = Vec::new();
    while !open.is_empty() {
        let left: BTreeSet<usize> = open.iter().copied().collect();
        let mut new = Vec::new();
        for &at in &open {
            let waiting = circular.iter().find(|(node, _)| *node == at);
            let parents = nodes[at]
                .information
                .iter()
                .filter_map(|(_, parent)| *parent);
            let mut needed = parents.filter(|parent| left.contains(parent));
            let blocked =
                needed.any(|parent| waiting.is_none_or(|(_, waiting)| !waiting.contains(&parent)));
            if !blocked {
                let waiting = waiting.map(|(_, waiting)| waiting);
                new.push((at, condition(&nodes[at], &found, waiting)));
            }
        }
        if new.is_empty() {
            let is_new = |at: &&usize| !circular.iter().any(|(node, _)| node == *at);
            let Some(&at) = open.iter().find(is_new) else {
                break;
            };
            let parents = nodes[at]
                .information
                .iter()
                .filter_map(|(_, parent)| *parent);
            let waiting = parents.filter(|parent| left.contains(parent) && *parent != at);
            circular.push((at, waiting.collect()));
            continue;
        }
        for (at, marker) in new {
            open.retain(|other| *other != at);
            found[at] = Some(marker);
        }
    }
    for (at, _) in circular {
        found[at] = Some(condition(&nodes[at], &found, None));
    }
    found
}

fn condition(node: &Node, found: &[Option<Marker>], waiting: Option<&BTreeSet<usize>>) -> Marker {
    let mut all: Option<Marker> = None;
    for (line, parent) in &node.information {
        let above = match parent {
            None => Marker::Any,
            Some(parent) if waiting.is_some_and(|waiting| waiting.contains(parent)) => continue,
            Some(parent) => match &found[*parent] {
                Some(marker) => marker.clone(),
                None => continue,
            },
        };
        let this = line.marker.clone().unwrap_or(Marker::Any).and(&above);
        all = Some(match all {
            Some(all) => all.or(&this),
            None => this,
        });
    }
    all.unwrap_or(Marker::Any)
}

/// The groups of every node. In cycles a node may miss groups, as in pdm 2.29.3, which looks at
/// every node once.
pub(super) fn groups(nodes: &[Node], order: &[usize]) -> Vec<BTreeSet<String>> {
    let mut found: Vec<Option<BTreeSet<String>>> = vec![None; nodes.len()];
    for &start in order {
        if found[start].is_some() {
            continue;
        }
        found[start] = Some(BTreeSet::new());
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.last_mut() {
            let at = *at;
            let Some((line, parent)) = nodes[at].information.get(*next) else {
                stack.pop();
                continue;
            };
            if let Some(mine) = &mut found[at] {
                mine.extend(line.groups.iter().cloned());
            }
            match parent {
                Some(parent) if found[*parent].is_none() => {
                    // Looked at again once the parent is known.
                    found[*parent] = Some(BTreeSet::new());
                    stack.push((*parent, 0));
                }
                Some(parent) => {
                    *next += 1;
                    let theirs = found[*parent].clone().unwrap_or_default();
                    if let Some(mine) = &mut found[at] {
                        mine.extend(theirs);
                    }
                }
                None => *next += 1,
            }
        }
    }
    found.into_iter().map(Option::unwrap_or_default).collect()
}

/// `name` or `name[extra,other]` of a node.
pub(super) fn called(choice: &Choice, node: &Node) -> String {
    identifier(&choice.name, &node.extras)
}
