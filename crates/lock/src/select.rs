//! Which packages a choice of extras and groups needs, and under which markers.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use diagnostic::{Diagnose, Diagnostic};
use packaging::{
    ConflictItem, ConflictKind, ExtraName, GroupName, Marker, PackageName, SourcedRequirement,
};

use crate::conflict::pseudo_extra;
use crate::{DefaultGroups, Lock, Package, PackageId, Part};

/// Which part of a lock is wanted. The default is what an installer takes without being asked:
/// the project with its dependencies and its default groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// Where the graph is entered.
    pub roots: Roots,
    /// Whether the roots themselves and their dependencies are wanted.
    pub production: Production,
    /// The roots' extras.
    pub extras: Extras,
    /// The roots' dependency groups.
    pub groups: Groups,
    /// Packages that are left out together with what only they need.
    pub prune: BTreeSet<PackageName>,
    /// The environments it is for; all when absent. Markers do not repeat what these say.
    pub within: Option<Marker>,
}

/// Where the graph is entered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Roots {
    /// The project in the lock's own folder; all members where there is none.
    #[default]
    Project,
    /// All members of the workspace.
    Members,
    /// These members.
    Named(BTreeSet<PackageName>),
}

/// Whether the roots themselves and their dependencies are wanted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Production {
    /// They are.
    #[default]
    Wanted,
    /// Only the groups are.
    Unwanted,
}

/// A choice of extras.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Extras {
    /// All there are.
    pub all: bool,
    /// These, too.
    pub with: BTreeSet<ExtraName>,
    /// These not, whatever else is said.
    pub without: BTreeSet<ExtraName>,
}

/// A choice of dependency groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Groups {
    /// What the choice starts from.
    pub from: GroupsFrom,
    /// These, too.
    pub with: BTreeSet<GroupName>,
    /// These not, whatever else is said.
    pub without: BTreeSet<GroupName>,
}

/// What a choice of groups starts from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum GroupsFrom {
    /// The groups installed by default: `default-groups`, or else `dev`.
    #[default]
    Default,
    /// None.
    Nothing,
    /// All there are.
    All,
}

/// What a selection comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice<'a> {
    /// The packages it needs, in the lock's order.
    pub packages: Vec<Selected<'a>>,
    /// The roots' extras that it leaves out.
    pub other_extras: BTreeSet<ExtraName>,
    /// The roots' dependency groups that it leaves out.
    pub other_groups: BTreeSet<GroupName>,
}

/// A package that a selection needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected<'a> {
    /// The package.
    pub package: &'a Package,
    /// When it is needed: without what `requires-python` says, and without chosen extras.
    pub marker: Marker,
    /// The names of the packages that require it, in order; dependency groups are none.
    pub via: BTreeSet<&'a PackageName>,
    /// The extras of it that are required.
    pub extras: BTreeSet<ExtraName>,
}

/// A selection that a lock cannot serve.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelectError {
    /// A root that is none of the lock's.
    #[error("the lock has no project `{0}` to start from")]
    UnknownRoot(PackageName),
    /// An extra that no root has.
    #[error("no selected project has the extra `{0}`")]
    UnknownExtra(ExtraName),
    /// A group that no root has.
    #[error("no selected project has the dependency group `{0}`")]
    UnknownGroup(GroupName),
    /// Environments that the lock does not speak for.
    #[error("the lock is for {}, none of which is chosen", lock_for(.0))]
    Elsewhere(Marker),
    /// Extras or groups that were declared to exclude each other.
    #[error("{} and {} are declared as conflicting and cannot be selected together", said(.0), said(.1))]
    Conflict(ConflictItem, ConflictItem),
}

/// Where a lock speaks, in words.
fn lock_for(environments: &Marker) -> String {
    let text = environments.text();
    text.map_or_else(|| "no environment".to_owned(), |it| format!("`{it}`"))
}

/// `extra x of p`.
fn said(item: &ConflictItem) -> String {
    let package = &item.package;
    match &item.kind {
        ConflictKind::Extra(extra) => format!("the extra `{extra}` of `{package}`"),
        ConflictKind::Group(group) => format!("the dependency group `{group}` of `{package}`"),
        ConflictKind::Project => format!("`{package}`"),
    }
}

impl Diagnose for SelectError {
    fn diagnose(&self) -> Diagnostic {
        let code = match self {
            Self::UnknownRoot(_) => "select/unknown-project",
            Self::UnknownExtra(_) => "select/unknown-extra",
            Self::UnknownGroup(_) => "select/unknown-group",
            Self::Elsewhere(_) => "select/elsewhere",
            Self::Conflict(..) => "select/conflict",
        };
        let diagnostic = Diagnostic::error(code, self);
        match self {
            Self::Conflict(..) => diagnostic.help("select one of them only"),
            _ => diagnostic,
        }
    }
}

/// Follows the graph from the roots of a selection.
///
/// # Errors
///
/// The selection names something that the lock does not have, or that conflicts.
pub fn select<'a>(lock: &'a Lock, selection: &Selection) -> Result<Choice<'a>, SelectError> {
    let speaks = lock.environment().and(lock.requires_python.to_marker());
    if selection.within.is_some_and(|it| it.is_disjoint(speaks)) {
        return Err(SelectError::Elsewhere(speaks));
    }
    let mut entries = Entries::new(lock, selection)?;
    let steps = steps(lock, selection, &entries);
    let mut chosen: BTreeMap<String, Marker> = BTreeMap::new();
    for item in &entries.chosen {
        chosen.insert(pseudo_extra(item), Marker::TRUE);
    }
    let mut markers = follow(&entries, &steps, &chosen);
    // Extras on the way may be sides of conflicts themselves; what they choose may change the way.
    for _ in 0..lock.conflicts.len() {
        let on_the_way = chosen_on_the_way(lock, &chosen, &markers);
        if on_the_way == chosen {
            break;
        }
        chosen = on_the_way;
        markers = follow(&entries, &steps, &chosen);
    }
    let mut selected = Vec::new();
    for (at, package) in lock.packages.iter().enumerate() {
        let marker = markers.get(&(at, Part::Base)).copied();
        let marker = narrow(marker.unwrap_or(Marker::FALSE), lock, selection.within);
        if !marker.is_false() {
            selected.push(Selected {
                package,
                marker,
                via: BTreeSet::new(),
                extras: BTreeSet::new(),
            });
        }
    }
    for step in &steps {
        let (at, part) = &step.to;
        let id = &lock.packages[*at].id;
        let found = selected.binary_search_by(|selected| selected.package.id.cmp(id));
        let Ok(found) = found else { continue };
        if let Part::Extra(extra) = part {
            selected[found].extras.insert(extra.clone());
        }
        if let Some((from, Part::Base | Part::Extra(_))) = &step.from {
            selected[found].via.insert(&lock.packages[*from].id.name);
        }
    }
    let other_extras = std::mem::take(&mut entries.other_extras);
    let other_groups = std::mem::take(&mut entries.other_groups);
    Ok(Choice {
        packages: selected,
        other_extras,
        other_groups,
    })
}

/// A marker without what the chosen environments say already; never, where it holds in none.
fn narrow(marker: Marker, lock: &Lock, within: Option<Marker>) -> Marker {
    let Some(within) = within else {
        return marker;
    };
    let possible = within.and(lock.requires_python.to_marker());
    if possible.is_disjoint(marker) {
        Marker::FALSE
    } else if possible.implies(marker) {
        Marker::TRUE
    } else {
        marker.restrict(possible)
    }
}

/// A part of the package at a place.
type Node = (usize, Part);

/// An edge on the way.
struct Step {
    /// Where it begins; nowhere for what is asked beside the packages.
    from: Option<Node>,
    to: Node,
    /// Simplified; may ask about chosen extras.
    marker: Marker,
}

/// Where a selection begins.
#[derive(Default)]
struct Entries<'a> {
    nodes: Vec<Node>,
    /// Requirements that belong to no package.
    asked: Vec<&'a SourcedRequirement>,
    /// Sides of conflicts that the selection chooses.
    chosen: BTreeSet<ConflictItem>,
    other_extras: BTreeSet<ExtraName>,
    other_groups: BTreeSet<GroupName>,
}

impl<'a> Entries<'a> {
    fn new(lock: &'a Lock, selection: &Selection) -> Result<Self, SelectError> {
        let mut entries = Self::default();
        let roots = roots(lock, &selection.roots)?;
        for at in &roots {
            if !selection.prune.contains(&lock.packages[*at].id.name) {
                entries.enter(lock, selection, *at);
            }
        }
        if !matches!(selection.roots, Roots::Named(_)) {
            entries.ask(lock, selection);
        }
        known_words(lock, selection, &roots)?;
        for set in &lock.conflicts {
            let mut chosen = set.iter().filter(|item| entries.chosen.contains(item));
            if let (Some(one), Some(other)) = (chosen.next(), chosen.next()) {
                return Err(SelectError::Conflict(one.clone(), other.clone()));
            }
        }
        Ok(entries)
    }

    fn enter(&mut self, lock: &Lock, selection: &Selection, at: usize) {
        let package = &lock.packages[at];
        let mut enter = |part, kind| {
            self.nodes.push((at, part));
            self.chosen.insert(ConflictItem {
                package: package.id.name.clone(),
                kind,
            });
        };
        if selection.production == Production::Wanted {
            enter(Part::Base, ConflictKind::Project);
        }
        let wanted = selection.production == Production::Wanted;
        for extra in extras_of(package) {
            if wanted && selection.extras.has(extra) {
                enter(
                    Part::Extra(extra.clone()),
                    ConflictKind::Extra(extra.clone()),
                );
            } else {
                self.other_extras.insert(extra.clone());
            }
        }
        let defaults = default_groups(lock, selection, package);
        for group in groups_of(package) {
            if selection.groups.has(group, defaults) {
                enter(
                    Part::Group(group.clone()),
                    ConflictKind::Group(group.clone()),
                );
            } else {
                self.other_groups.insert(group.clone());
            }
        }
    }

    fn ask(&mut self, lock: &'a Lock, selection: &Selection) {
        if selection.production == Production::Wanted {
            self.asked.extend(&lock.asked.requirements);
        }
        let defaults = lock.asked.default_groups.as_ref();
        for (group, requirements) in &lock.asked.dependency_groups {
            if selection.groups.has(group, defaults) {
                self.asked.extend(requirements);
            } else {
                self.other_groups.insert(group.clone());
            }
        }
        self.asked
            .retain(|requirement| !selection.prune.contains(&requirement.name));
    }
}

impl Extras {
    fn has(&self, extra: &ExtraName) -> bool {
        (self.all || self.with.contains(extra)) && !self.without.contains(extra)
    }
}

impl Groups {
    pub(crate) fn has(&self, group: &GroupName, defaults: Option<&DefaultGroups>) -> bool {
        let begins = match (self.from, defaults) {
            (GroupsFrom::Nothing, _) => false,
            (GroupsFrom::All, _) | (GroupsFrom::Default, Some(DefaultGroups::All)) => true,
            (GroupsFrom::Default, Some(DefaultGroups::List(names))) => names.contains(group),
            (GroupsFrom::Default, None) => group.as_str() == "dev",
        };
        (begins || self.with.contains(group)) && !self.without.contains(group)
    }
}

/// The places of the packages a selection starts from.
fn roots(lock: &Lock, roots: &Roots) -> Result<Vec<usize>, SelectError> {
    let places = |is_root: &dyn Fn(&Package) -> bool| -> Vec<usize> {
        let all = lock.packages.iter().enumerate();
        all.filter(|(_, package)| is_root(package))
            .map(|(at, _)| at)
            .collect()
    };
    let members: BTreeSet<&PackageId> = lock.roots().map(|package| &package.id).collect();
    let is_member = |package: &Package| members.contains(&package.id);
    let own = places(&|package| package.id.source.is_own_folder());
    Ok(match roots {
        Roots::Project if !own.is_empty() => own,
        Roots::Project | Roots::Members => places(&is_member),
        Roots::Named(names) => {
            for name in names {
                if !members.iter().any(|id| id.name == *name) {
                    return Err(SelectError::UnknownRoot(name.clone()));
                }
            }
            places(&|package| is_member(package) && names.contains(&package.id.name))
        }
    })
}

/// The groups installed by default with a root: those of the workspace's root, or its own where
/// it was named.
fn default_groups<'a>(
    lock: &'a Lock,
    selection: &Selection,
    package: &'a Package,
) -> Option<&'a DefaultGroups> {
    if let Roots::Named(_) = selection.roots {
        return package.default_groups.as_ref();
    }
    let own = lock
        .packages
        .iter()
        .find(|package| package.id.source.is_own_folder());
    match own {
        Some(own) => own.default_groups.as_ref(),
        None => lock.asked.default_groups.as_ref(),
    }
}

/// The extras a package has: those with edges, and those it declares.
fn extras_of(package: &Package) -> impl Iterator<Item = &ExtraName> {
    let declared = package
        .declared
        .iter()
        .flat_map(|declared| &declared.provides_extra);
    let all: BTreeSet<_> = package
        .optional_dependencies
        .keys()
        .chain(declared)
        .collect();
    all.into_iter()
}

/// The groups a package has: those with edges, and those it declares.
fn groups_of(package: &Package) -> impl Iterator<Item = &GroupName> {
    let declared = package
        .declared
        .iter()
        .flat_map(|declared| declared.requires_dev.keys());
    let all: BTreeSet<_> = package.dev_dependencies.keys().chain(declared).collect();
    all.into_iter()
}

/// That whatever a selection names exists.
fn known_words(lock: &Lock, selection: &Selection, roots: &[usize]) -> Result<(), SelectError> {
    let packages = || roots.iter().map(|at| &lock.packages[*at]);
    for extra in &selection.extras.with {
        if !packages().any(|package| extras_of(package).any(|known| known == extra)) {
            return Err(SelectError::UnknownExtra(extra.clone()));
        }
    }
    for group in &selection.groups.with {
        let asked = lock.asked.dependency_groups.contains_key(group);
        if !asked && !packages().any(|package| groups_of(package).any(|known| known == group)) {
            return Err(SelectError::UnknownGroup(group.clone()));
        }
    }
    Ok(())
}

/// Every edge on the way, whether or not its marker can hold there.
fn steps(lock: &Lock, selection: &Selection, entries: &Entries<'_>) -> Vec<Step> {
    let places: HashMap<&PackageId, usize> = lock
        .packages
        .iter()
        .enumerate()
        .map(|(at, package)| (&package.id, at))
        .collect();
    let mut steps = Vec::new();
    let mut seen: BTreeSet<Node> = entries.nodes.iter().cloned().collect();
    let mut queue: VecDeque<Node> = entries.nodes.iter().cloned().collect();
    let mut go = |steps: &mut Vec<Step>, queue: &mut VecDeque<Node>, step: Step| {
        if seen.insert(step.to.clone()) {
            queue.push_back(step.to.clone());
        }
        steps.push(step);
    };
    for requirement in &entries.asked {
        for (at, package) in lock.packages.iter().enumerate() {
            if package.id.name != requirement.name {
                continue;
            }
            let forks = package
                .forks
                .iter()
                .map(|fork| fork.without_extras())
                .reduce(Marker::or);
            let marker = requirement.marker.and(forks.unwrap_or(Marker::TRUE));
            let marker = lock.simplify(marker);
            for part in parts(&requirement.extras) {
                let step = Step {
                    from: None,
                    to: (at, part),
                    marker,
                };
                if !marker.is_false() {
                    go(&mut steps, &mut queue, step);
                }
            }
        }
    }
    while let Some((at, part)) = queue.pop_front() {
        for edge in lock.packages[at].edges(&part) {
            let Some(target) = places.get(&edge.id) else {
                continue;
            };
            if selection.prune.contains(&edge.id.name) {
                continue;
            }
            let marker = possible(lock.simplify(edge.marker));
            for to in parts(&edge.extras) {
                let from = Some((at, part.clone()));
                go(
                    &mut steps,
                    &mut queue,
                    Step {
                        from,
                        to: (*target, to),
                        marker,
                    },
                );
            }
        }
    }
    steps
}

/// A marker without platforms that cannot exist, which edges of `uv.lock` may still mention.
fn possible(marker: Marker) -> Marker {
    let again = marker.text().and_then(|text| Marker::parse(&text).ok());
    again.map_or(marker, |parsed| parsed.marker)
}

/// A package and some of its extras.
fn parts<'a>(extras: impl IntoIterator<Item = &'a ExtraName>) -> impl Iterator<Item = Part> {
    std::iter::once(Part::Base).chain(extras.into_iter().cloned().map(Part::Extra))
}

/// When each part is reached.
fn follow(
    entries: &Entries<'_>,
    steps: &[Step],
    chosen: &BTreeMap<String, Marker>,
) -> BTreeMap<Node, Marker> {
    let mut markers: BTreeMap<Node, Marker> = BTreeMap::new();
    let mut onward: HashMap<&Node, Vec<(&Node, Marker)>> = HashMap::new();
    let mut queue: Vec<Node> = entries.nodes.clone();
    for node in &entries.nodes {
        markers.insert(node.clone(), Marker::TRUE);
    }
    for step in steps {
        let marker = resolve(step.marker, chosen);
        match &step.from {
            Some(from) => onward.entry(from).or_default().push((&step.to, marker)),
            None => {
                let known = markers.entry(step.to.clone()).or_insert(Marker::FALSE);
                *known = known.or(marker);
                queue.push(step.to.clone());
            }
        }
    }
    while let Some(node) = queue.pop() {
        let here = markers[&node];
        for (to, marker) in onward.get(&node).into_iter().flatten() {
            let known = markers.entry((*to).clone()).or_insert(Marker::FALSE);
            let wider = known.or(here.and(*marker));
            if wider != *known {
                *known = wider;
                queue.push((*to).clone());
            }
        }
    }
    markers
}

/// A marker in which every chosen extra stands for the condition under which it is chosen.
fn resolve(marker: Marker, chosen: &BTreeMap<String, Marker>) -> Marker {
    let mut resolved = marker;
    for name in marker.extras() {
        let answered = |is: bool| resolved.resolve_extras(|asked| (*asked == *name).then_some(is));
        let when = chosen.get(&*name).copied().unwrap_or(Marker::FALSE);
        resolved = answered(true).and(when).or(answered(false).and(when.not()));
    }
    resolved
}

/// The sides of conflicts that are chosen, also by requirements on the way.
fn chosen_on_the_way(
    lock: &Lock,
    chosen: &BTreeMap<String, Marker>,
    markers: &BTreeMap<Node, Marker>,
) -> BTreeMap<String, Marker> {
    let mut all: BTreeMap<String, Marker> = BTreeMap::new();
    for item in lock.conflicts.iter().flatten() {
        let part = match &item.kind {
            ConflictKind::Extra(extra) => Part::Extra(extra.clone()),
            ConflictKind::Group(group) => Part::Group(group.clone()),
            ConflictKind::Project => Part::Base,
        };
        let name = pseudo_extra(item);
        let mut when = chosen.get(&name).copied().filter(|when| when.is_true());
        for (at, package) in lock.packages.iter().enumerate() {
            if package.id.name == item.package
                && let Some(marker) = markers.get(&(at, part.clone()))
            {
                when = Some(when.unwrap_or(Marker::FALSE).or(*marker));
            }
        }
        if let Some(when) = when {
            all.insert(name, when);
        }
    }
    // What is chosen at the start and takes part in no conflict stays as it was.
    for (name, when) in chosen {
        if when.is_true() {
            all.entry(name.clone()).or_insert(*when);
        }
    }
    all
}
