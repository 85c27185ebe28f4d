//! When the dependencies of one release split a resolution (uv.md §2.7 A, appendix B.5).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use lock::Source;
use packaging::{ConflictItem, ConflictKind, Marker, PackageName, VersionRange};

use crate::environment::{ForkEnvironment, Rule};
use crate::node::Node;
use crate::python::PythonTarget;
use crate::range;

/// A dependency as the engine takes it.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) node: Node,
    pub(crate) range: VersionRange,
    /// The project that asks, when it asks for itself rather than for an extra or group.
    pub(crate) parent: Option<PackageName>,
    /// The only index to look at.
    pub(crate) index: Option<packaging::IndexUrl>,
    /// The URL, path, repository or member that it names itself.
    pub(crate) source: Option<Source>,
}

/// One branch: an environment and the dependencies that count in it.
#[derive(Clone, Debug)]
pub(crate) struct Fork {
    pub(crate) environment: ForkEnvironment,
    pub(crate) dependencies: Vec<Dependency>,
    /// Sides of declared conflicts, where there are any.
    conflicts: BTreeSet<ConflictItem>,
    has_conflicts: bool,
}

impl Fork {
    fn new(environment: ForkEnvironment, has_conflicts: bool) -> Self {
        Self {
            environment,
            dependencies: Vec::new(),
            conflicts: BTreeSet::new(),
            has_conflicts,
        }
    }

    fn add(&mut self, dependency: &Dependency) {
        if self.has_conflicts {
            self.conflicts.extend(dependency.node.conflict_item());
        }
        self.dependencies.push(dependency.clone());
    }

    fn set_environment(&mut self, environment: ForkEnvironment) {
        self.environment = environment;
        let (environment, conflicts) = (&self.environment, &mut self.conflicts);
        self.dependencies.retain(|dependency| {
            let stays = environment.includes(dependency.node.marker());
            if !stays && let Some(item) = dependency.node.conflict_item() {
                conflicts.remove(&item);
            }
            stays
        });
    }

    /// Switches sides of conflicts on and off, dropping what is off; `None` if impossible.
    fn with_rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Option<Self> {
        self.environment = self.environment.with_rules(rules)?;
        let (environment, conflicts) = (&self.environment, &mut self.conflicts);
        self.dependencies.retain(|dependency| {
            let Some(item) = dependency.node.conflict_item() else {
                return true;
            };
            if environment.includes_item(&item) {
                return true;
            }
            // A project is dropped only at the top: its extras still need it below.
            if item.kind == ConflictKind::Project && dependency.parent.is_some() {
                return true;
            }
            conflicts.remove(&item);
            false
        });
        Some(self)
    }

    /// Orders by the lower Python bound.
    pub(crate) fn compare_python(&self, other: &Self) -> Ordering {
        compare_python(&self.environment, &other.environment)
    }

    /// Orders by how many dependencies end somewhere.
    ///
    /// What `numpy<2` finds may do for `numpy>=1` as well; the inverse is unlikely.
    pub(crate) fn compare_upper_bounds(&self, other: &Self) -> Ordering {
        self.upper_bounds().cmp(&other.upper_bounds())
    }

    fn upper_bounds(&self) -> usize {
        self.dependencies
            .iter()
            .filter(|dependency| range::has_upper_bound(&dependency.range))
            .count()
    }
}

/// Orders environments by their lower Python bounds.
pub(crate) fn compare_python(left: &ForkEnvironment, right: &ForkEnvironment) -> Ordering {
    let unbounded = || packaging::PythonBounds::UNBOUNDED;
    let left = left.python_bounds().unwrap_or_else(unbounded);
    let right = right.python_bounds().unwrap_or_else(unbounded);
    left.compare_lower(&right)
}

/// Splits an environment where dependencies on one project diverge.
///
/// Returns at least one fork, unless every dependency is out of the question.
pub(crate) fn fork(
    dependencies: Vec<Dependency>,
    environment: &ForkEnvironment,
    python: &PythonTarget,
    conflicts: &[Vec<ConflictItem>],
) -> Vec<Fork> {
    let mut by_name: BTreeMap<PackageName, Vec<Dependency>> = BTreeMap::new();
    for dependency in dependencies {
        if let Some(name) = dependency.node.name().cloned() {
            by_name.entry(name).or_default().push(dependency);
        }
    }
    let mut forks = vec![Fork::new(environment.clone(), !conflicts.is_empty())];
    for dependencies in by_name.values() {
        if let Some(marker) = shared_marker(dependencies)
            && !raises(marker, python)
        {
            add_to_included(&mut forks, dependencies, marker);
        } else {
            for dependency in dependencies {
                forks = split(forks, dependency, environment, python);
            }
        }
    }
    for set in conflicts {
        forks = forks
            .into_iter()
            .flat_map(|fork| split_conflict(fork, set, conflicts))
            .collect();
    }
    forks
}

fn shared_marker(dependencies: &[Dependency]) -> Option<Marker> {
    let marker = dependencies.first()?.node.marker();
    dependencies
        .iter()
        .all(|dependency| dependency.node.marker() == marker)
        .then_some(marker)
}

/// Whether a condition implies a newer Python than the fork's oldest.
fn raises(marker: Marker, python: &PythonTarget) -> bool {
    marker
        .python_bounds()
        .is_some_and(|bounds| bounds.raises(&python.bounds))
}

fn add_to_included(forks: &mut [Fork], dependencies: &[Dependency], marker: Marker) {
    for dependency in dependencies {
        for fork in forks
            .iter_mut()
            .filter(|fork| fork.environment.includes(marker))
        {
            fork.add(dependency);
        }
    }
}

fn split(
    forks: Vec<Fork>,
    dependency: &Dependency,
    environment: &ForkEnvironment,
    python: &PythonTarget,
) -> Vec<Fork> {
    let marker = dependency.node.marker();
    if !environment.includes(marker) {
        return forks;
    }
    let mut forks = forks;
    if marker.is_true() {
        for fork in &mut forks {
            fork.add(dependency);
        }
        return forks;
    }
    let mut rest = marker;
    let mut split = Vec::with_capacity(forks.len() * 2);
    for fork in forks {
        if !fork.environment.includes(rest) {
            split.push(fork);
            continue;
        }
        let outside = fork
            .environment
            .includes(rest.not())
            .then(|| fork.environment.narrow(rest.not()));
        let inside = fork.environment.narrow(rest);
        rest = rest.and(fork.environment.marker.not());
        for narrowed in outside.into_iter().chain([inside]) {
            let mut branch = fork.clone();
            branch.set_environment(narrowed);
            if branch.environment.includes(marker) {
                branch.add(dependency);
            }
            if branch.environment.includes(python.marker) {
                split.push(branch);
            }
        }
    }
    split
}

fn split_conflict(fork: Fork, set: &[ConflictItem], conflicts: &[Vec<ConflictItem>]) -> Vec<Fork> {
    if !set.iter().any(|item| fork.conflicts.contains(item)) {
        return vec![fork];
    }
    let open: Vec<&ConflictItem> = set
        .iter()
        .filter(|item| fork.environment.includes_item(item))
        .collect();
    if open.len() < 2
        && open
            .iter()
            .all(|item| is_settled(item, set, conflicts, &fork))
    {
        let closed = set
            .iter()
            .filter(|item| !fork.environment.includes_item(item));
        let rules: Vec<Rule> = closed.cloned().map(Rule::Exclude).collect();
        return fork.with_rules(rules).into_iter().collect();
    }
    let none = fork
        .clone()
        .with_rules(set.iter().cloned().map(Rule::Exclude));
    let each = (0..set.len()).map(|chosen| {
        fork.clone()
            .with_rules(set.iter().cloned().enumerate().map(move |(at, item)| {
                if at == chosen {
                    Rule::Include(item)
                } else {
                    Rule::Exclude(item)
                }
            }))
    });
    std::iter::once(none).chain(each).flatten().collect()
}

/// Whether no other set with this item still has a choice to make.
fn is_settled(
    item: &ConflictItem,
    set: &[ConflictItem],
    conflicts: &[Vec<ConflictItem>],
    fork: &Fork,
) -> bool {
    !conflicts
        .iter()
        .filter(|other| !std::ptr::eq(other.as_slice(), set) && other.contains(item))
        .any(|other| {
            other
                .iter()
                .any(|other| other != item && fork.environment.includes_item(other))
        })
}
