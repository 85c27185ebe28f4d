//! What an existing lock still says: pins, and the forks to begin with (uv.md §2.9).

use std::collections::BTreeSet;

use diagnostic::Diagnostic;
use lock::{Lock, Source};
use manifest::Workspace;
use packaging::{
    GroupName, Marker, PackageName, Requirement, RequirementSource, SourcedRequirement,
};
use resolve::{Preference, Problem, Splits};

use crate::LockOptions;
use crate::freshness::Worth;

/// Takes over what an existing lock still says about a problem.
///
/// Several locks, the sides of a merge conflict, add up: all their pins count, and the forks of
/// the first whose forks can be kept.
pub(crate) fn adopt(problem: &mut Problem, lock: &Lock, worth: Worth, upgrades: &Upgrades) {
    if worth < Worth::Versions {
        return;
    }
    let upgraded = upgrades.names(lock);
    // Only uv begins with the forks it had, and remembers which of them chose a version.
    let is_forked = problem.manner.splits == Splits::Diverging;
    let forks = |forks: &[Marker]| -> Vec<Marker> {
        let forks = forks.iter().filter(|_| is_forked);
        forks.map(|fork| read_again(lock, *fork)).collect()
    };
    let pins = lock
        .packages
        .iter()
        .filter(|package| !upgrades.all && !upgraded.contains(&package.id.name));
    let pins = pins.filter_map(|package| match (&package.id.version, &package.id.source) {
        (Some(version), Source::Registry(index)) => Some(Preference {
            name: package.id.name.clone(),
            version: version.clone(),
            index: Some(index.clone()),
            forks: forks(&package.forks),
        }),
        (Some(version), Source::Path(_) | Source::Url { .. }) => Some(Preference {
            name: package.id.name.clone(),
            version: version.clone(),
            index: None,
            forks: forks(&package.forks),
        }),
        _ => None,
    });
    problem.preferences.extend(pins);
    if is_forked && worth >= Worth::Forks && problem.forks.is_none() {
        problem.forks = Some(forks(&lock.forks));
    }
}

/// The environment of a fork as it is understood from the file, where what is said of platforms
/// that cannot exist means nothing (uv 0.13.8).
pub(crate) fn read_again(lock: &Lock, fork: Marker) -> Marker {
    let text = lock.simplify(fork).text();
    let read = text.and_then(|text| Marker::parse(&text).ok());
    read.map_or(fork, |it| {
        it.marker.complexify_python(lock.requires_python.bounds())
    })
}

/// The versions that are let go of, and bounds on the new ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Upgrades {
    /// Whether no version counts.
    pub(crate) all: bool,
    packages: BTreeSet<PackageName>,
    groups: BTreeSet<GroupName>,
    /// Bounds on new versions; they count whether or not there is a lock.
    pub(crate) bounds: Vec<SourcedRequirement>,
}

impl Upgrades {
    /// Reads the options that let go of versions, and what `[tool.uv]` says of it beside them.
    ///
    /// # Errors
    ///
    /// A value cannot be read, or there is no such group.
    pub(crate) fn read(
        options: &LockOptions,
        workspace: &Workspace,
    ) -> Result<Self, Vec<Diagnostic>> {
        let declared = Declared::read(workspace);
        let mut upgrades = Self {
            all: options.upgrade || declared.all,
            ..Self::default()
        };
        let mut errors = Vec::new();
        for text in options.upgrade_package.iter().chain(&declared.packages) {
            match Requirement::parse(text) {
                Ok(requirement) => upgrades.package(&requirement),
                Err(error) => errors.push(no_value(text, "upgrade-package", &error)),
            }
        }
        let known = known_groups(workspace);
        for text in &options.upgrade_group {
            match GroupName::new(text) {
                Ok(group) if known.contains(&group) => {
                    upgrades.groups.insert(group);
                }
                Ok(group) => errors.push(unknown_group(&group, &known)),
                Err(error) => errors.push(no_value(text, "upgrade-group", &error)),
            }
        }
        if errors.is_empty() {
            Ok(upgrades)
        } else {
            Err(errors)
        }
    }

    /// Whether the versions of some projects do not count.
    pub(crate) fn is_partial(&self) -> bool {
        !(self.all || self.packages.is_empty() && self.groups.is_empty())
    }

    fn package(&mut self, requirement: &Requirement) {
        self.packages.insert(requirement.name.clone());
        if requirement.specifiers.is_empty() {
            return;
        }
        self.bounds.push(SourcedRequirement {
            alternatives: Vec::new(),
            name: requirement.name.clone(),
            extras: Vec::new(),
            groups: Vec::new(),
            marker: requirement.marker,
            source: RequirementSource::Registry {
                specifiers: requirement.specifiers.clone(),
                index: None,
                conflict: None,
            },
        });
    }

    /// The projects whose versions in a lock do not count. Of a group, uv 0.13.8 lets go of what it
    /// requires itself, not of what that requires in turn.
    pub(crate) fn names(&self, lock: &Lock) -> BTreeSet<PackageName> {
        let mut names = self.packages.clone();
        let is_named = |group: &GroupName| self.groups.contains(group);
        for package in &lock.packages {
            let groups = package.dev_dependencies.iter();
            let required = groups.filter(|(group, _)| is_named(group));
            names.extend(required.flat_map(|(_, all)| all.iter().map(|it| it.id.name.clone())));
        }
        let of_root = lock.asked.dependency_groups.iter();
        let required = of_root.filter(|(group, _)| is_named(group));
        names.extend(required.flat_map(|(_, all)| all.iter().map(|it| it.name.clone())));
        names
    }
}

/// `upgrade` and `upgrade-package` of `[tool.uv]`.
#[derive(Clone, Debug, Default)]
struct Declared {
    all: bool,
    packages: Vec<String>,
}

impl Declared {
    fn read(workspace: &Workspace) -> Self {
        let uv = workspace.root.raw.get("tool").and_then(|it| it.get("uv"));
        let Some(uv) = uv else {
            return Self::default();
        };
        let packages = uv.get("upgrade-package").and_then(|it| it.as_array());
        let packages = packages.into_iter().flatten();
        Self {
            all: uv.get("upgrade").and_then(|it| it.as_bool()) == Some(true),
            packages: packages
                .filter_map(|it| it.as_str().map(str::to_owned))
                .collect(),
        }
    }
}

/// The groups of all members, and of a root without `[project]`.
fn known_groups(workspace: &Workspace) -> BTreeSet<GroupName> {
    let members = workspace.members.iter().map(|it| &*it.manifest);
    let manifests = members.chain(workspace.is_projectless().then_some(&*workspace.root));
    manifests
        .flat_map(|manifest| manifest.groups.iter().map(|group| group.name.clone()))
        .collect()
}

fn no_value(text: &str, option: &str, error: &dyn std::fmt::Display) -> Diagnostic {
    let title = format!("`{text}` is no value of `{option}`: {error}");
    Diagnostic::error("options/invalid-value", title)
}

fn unknown_group(group: &GroupName, known: &BTreeSet<GroupName>) -> Diagnostic {
    let title = format!("there is no dependency group `{group}` to upgrade");
    let error = Diagnostic::error("options/unknown-group", title);
    if known.is_empty() {
        return error.help("the project has no dependency groups");
    }
    let known: Vec<&str> = known.iter().map(GroupName::as_str).collect();
    error.help(format!("known are `{}`", known.join("`, `")))
}
