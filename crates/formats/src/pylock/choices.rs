//! From entries to a lock: what an installation may choose becomes extras and groups of a root.
//!
//! The file does not name its root. Where it offers extras or groups, a root without a version
//! stands in the lock's own folder; otherwise everything was asked for by a root without a project.

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::Diagnostic;
use lock::{Declared, DefaultGroups, Dependency, Lock, Package, PackageId, Source};
use packaging::marker::{Expression, MarkerList};
use packaging::{ExtraName, GroupName, Marker, PackageName, RequiresPython};

use super::entry::{Entry, Required};
use super::toml_reading::Findings;
use crate::flat::{self, Pin};

/// What stands for the root where a file offers a choice.
const ROOT: &str = "project";
/// pdm's word for the dependencies of the project itself.
const PROJECT_GROUP: &str = "default";

/// The extras and groups that a file offers.
#[derive(Debug, Default)]
pub(super) struct Offered {
    /// Whether it offers any choice at all.
    pub(super) is_multi_use: bool,
    pub(super) extras: Vec<ExtraName>,
    pub(super) groups: Vec<GroupName>,
    pub(super) default_groups: Vec<GroupName>,
}

impl Offered {
    /// Whether a group stands for the project's own dependencies: those that are no public groups.
    fn is_project(&self, group: &GroupName) -> bool {
        group.as_str() == PROJECT_GROUP
            || self.default_groups.contains(group) && !self.groups.contains(group)
    }
}

/// One name that an installation may choose.
type Choice = (MarkerList, String);

pub(super) fn lock(
    entries: Vec<Entry>,
    offered: &Offered,
    requires_python: RequiresPython,
    possible: Marker,
    found: &mut Findings,
) -> Result<Lock, Vec<Diagnostic>> {
    let used = used(&entries);
    for (list, name) in &used {
        let is_declared = match list {
            MarkerList::Extras => offered.extras.iter().any(|it| it.as_str() == name),
            MarkerList::DependencyGroups => {
                let mut groups = offered.groups.iter().chain(&offered.default_groups);
                groups.any(|it| it.as_str() == name)
            }
        };
        if !is_declared {
            let title =
                format!("a marker asks for `{name}` in `{list}`, which the file does not offer");
            found.warn("pylock/undeclared", title, 0..0);
        }
    }
    let (mut pins, mut requires) = (Vec::new(), BTreeMap::new());
    for entry in entries {
        let id = entry.pin.package.id.clone();
        requires
            .entry(id)
            .or_insert_with(Vec::new)
            .extend(entry.requires);
        pins.push(entry.pin);
    }
    pins.retain(|pin| {
        let is_ever = !pin.package.marker.and(possible).is_false();
        if !is_ever {
            let title = format!(
                "`{}` is never installed: no environment satisfies its marker",
                pin.package.id.name
            );
            found.warn("pylock/never", title, pin.span.clone());
        }
        is_ever
    });
    let pins = flat::gather(pins, possible)?;
    let edges = edges(&pins, &requires, possible);
    let is_multi_use = offered.is_multi_use || !used.is_empty();
    let mut lock = if is_multi_use {
        with_root(&pins, offered, &used, (requires_python, possible), found)
    } else {
        flat::lock(requires_python, pins)
    };
    for package in &mut lock.packages {
        package
            .dependencies
            .extend(edges.get(&package.id).cloned().unwrap_or_default());
    }
    if is_multi_use {
        lock.mark();
        flat::tell_apart(&mut lock);
    } else {
        flat::settle(&mut lock);
    }
    Ok(lock)
}

/// The names that markers ask for.
fn used(entries: &[Entry]) -> BTreeSet<Choice> {
    let mut used = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for entry in entries {
        let marker = entry.pin.package.marker;
        if marker.is_true() || !seen.insert(marker.text()) {
            continue;
        }
        for expression in marker.to_dnf().into_iter().flatten() {
            if let Expression::List { list, value, .. } = expression {
                used.insert((list, value.to_string()));
            }
        }
    }
    used
}

/// The edges that entries tell of: only those that a package's own marker says already, since
/// they are for information.
fn edges(
    pins: &[Pin],
    requires: &BTreeMap<PackageId, Vec<Required>>,
    possible: Marker,
) -> BTreeMap<PackageId, Vec<Dependency>> {
    let mut by_name: BTreeMap<&PackageName, Vec<&Pin>> = BTreeMap::new();
    for pin in pins {
        by_name.entry(&pin.package.id.name).or_default().push(pin);
    }
    let mut edges = BTreeMap::new();
    for pin in pins {
        let from = &pin.package;
        let mut own = Vec::new();
        for required in requires.get(&from.id).into_iter().flatten() {
            let (name, marker) = match required {
                Required::Keys(name, _) => (name, Marker::TRUE),
                Required::Line(line) => (&line.name, line.marker.simplify_no_extras()),
            };
            for to in by_name.get(name).into_iter().flatten() {
                let target = &to.package;
                let allows = match (required, &target.id.version) {
                    (Required::Keys(_, Some(version)), Some(found)) => version == found,
                    (Required::Line(line), Some(version)) => line.specifiers.contains(version),
                    _ => true,
                };
                let when = from.marker.and(marker).and(possible);
                if allows && !when.is_false() && when.implies(target.marker) {
                    let extras = match required {
                        Required::Line(line) => line.extras.iter().cloned().collect(),
                        Required::Keys(..) => BTreeSet::new(),
                    };
                    let id = target.id.clone();
                    own.push(Dependency { id, extras, marker });
                }
            }
        }
        edges.insert(from.id.clone(), own);
    }
    edges
}

/// A lock whose root has what the file offers as its extras and groups.
fn with_root(
    pins: &[Pin],
    offered: &Offered,
    used: &BTreeSet<Choice>,
    (requires_python, possible): (RequiresPython, Marker),
    found: &mut Findings,
) -> Lock {
    let mut packages: Vec<Package> = pins.iter().map(|pin| pin.package.clone()).collect();
    let own = packages
        .iter()
        .position(|package| package.id.source.is_own_folder());
    let mut root = match own {
        Some(at) => packages.remove(at),
        None => Package::new(root_id(&packages)),
    };
    let mut names = used.clone();
    let extra = |name: &ExtraName| (MarkerList::Extras, name.to_string());
    let group = |name: &GroupName| (MarkerList::DependencyGroups, name.to_string());
    names.extend(offered.extras.iter().map(extra));
    names.extend(
        offered
            .groups
            .iter()
            .chain(&offered.default_groups)
            .map(group),
    );
    let is_project = |(list, name): &Choice| {
        let name = name.parse().ok();
        *list == MarkerList::DependencyGroups && name.is_some_and(|it| offered.is_project(&it))
    };
    let (project, choices): (Vec<Choice>, Vec<Choice>) =
        names.iter().cloned().partition(is_project);
    for pin in pins {
        let id = &pin.package.id;
        if *id == root.id {
            continue;
        }
        let marker = pin.package.marker;
        let edge = |marker| Dependency {
            id: id.clone(),
            extras: pin.extras.iter().cloned().collect(),
            marker,
        };
        let always = chosen(marker, &names, &[]);
        let mut whole = Marker::FALSE;
        let usual = chosen(marker, &names, &project);
        if !usual.is_false() {
            root.dependencies.push(edge(usual));
            let project = if usual == always {
                Marker::FALSE
            } else {
                any(&project)
            };
            whole = always.or(project.and(usual));
        }
        for choice in &choices {
            let when = chosen(marker, &names, std::slice::from_ref(choice));
            if when == always {
                continue;
            }
            whole = whole.or(any(std::slice::from_ref(choice)).and(when));
            add(&mut root, choice.0, &choice.1, edge(when));
        }
        if whole.is_false() {
            // Only a combination wants it: each choice it names comes with it.
            let all: Vec<Choice> = names.iter().cloned().collect();
            let when = chosen(marker, &names, &all);
            for (list, name) in &choices {
                add(&mut root, *list, name, edge(when));
            }
        }
        if whole.and(possible) != marker.and(possible) {
            let title = format!(
                "the marker of `{}` combines choices; it is read as if each could be chosen alone",
                id.name
            );
            found.warn("pylock/combination", title, pin.span.clone());
        }
    }
    let declared = root.declared.get_or_insert_with(Declared::default);
    declared.provides_extra.clone_from(&offered.extras);
    for group in offered
        .groups
        .iter()
        .filter(|group| !offered.is_project(group))
    {
        declared.requires_dev.entry(group.clone()).or_default();
    }
    let defaults = offered.default_groups.iter();
    let defaults = defaults.filter(|group| !offered.is_project(group)).cloned();
    root.default_groups = Some(DefaultGroups::List(defaults.collect()));
    packages.push(root);
    Lock::of(requires_python, packages)
}

/// Adds an edge of an extra or group.
fn add(root: &mut Package, list: MarkerList, name: &str, edge: Dependency) {
    match list {
        MarkerList::Extras => {
            if let Ok(name) = name.parse() {
                root.optional_dependencies
                    .entry(name)
                    .or_default()
                    .push(edge);
            }
        }
        MarkerList::DependencyGroups => {
            if let Ok(name) = name.parse() {
                root.dev_dependencies.entry(name).or_default().push(edge);
            }
        }
    }
}

/// The name of a root that the file does not name.
fn root_id(packages: &[Package]) -> PackageId {
    let is_free = |name: &PackageName| packages.iter().all(|package| package.id.name != *name);
    let mut text = ROOT.to_owned();
    loop {
        match text.parse::<PackageName>() {
            Ok(name) if is_free(&name) => {
                return PackageId {
                    name,
                    version: None,
                    source: Source::Virtual(".".into()),
                };
            }
            _ => text.push_str("-root"),
        }
    }
}

/// The marker where of all names exactly these are chosen.
fn chosen(marker: Marker, names: &BTreeSet<Choice>, these: &[Choice]) -> Marker {
    if marker.is_true() {
        return marker;
    }
    let assumption = names.iter().fold(Marker::TRUE, |all, choice| {
        let listed = Marker::listed(choice.0, &choice.1);
        all.and(if these.contains(choice) {
            listed
        } else {
            listed.not()
        })
    });
    marker.restrict(assumption)
}

/// That any of these is chosen.
fn any(choices: &[Choice]) -> Marker {
    let listed = choices
        .iter()
        .map(|(list, name)| Marker::listed(*list, name));
    listed.fold(Marker::FALSE, Marker::or)
}
