//! Whether an existing lock still answers the question, and if not, what of it can be kept
//! (uv.md §2.9).

mod cutoff;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::Diagnostic;
use lock::{Lock, Package, Source};
use packaging::{
    ExtraName, GroupName, IndexUrl, Marker, Operator, PackageName, RequirementSource,
    SourcedRequirement, Version, VersionSpecifier, VersionSpecifiers, version,
};
use resolve::{LocalProject, Problem, is_same_place};

use self::wishes::Wishes;
use crate::preferences::{self, Upgrades};

/// How much of an existing lock can be kept.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Worth {
    /// Nothing.
    Nothing,
    /// Its versions.
    Versions,
    /// Its versions, and its forks to begin with.
    Forks,
    /// All of it.
    Everything,
}

/// How much of a lock can be kept, and why not more.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) worth: Worth,
    pub(crate) reasons: Vec<Diagnostic>,
}

/// Compares an existing lock with a problem.
pub(crate) fn judge(lock: &Lock, problem: &Problem, upgrades: &Upgrades) -> Verdict {
    let mut judge = Judge {
        lock,
        problem,
        worth: Worth::Everything,
        reasons: Vec::new(),
    };
    judge.settings(upgrades);
    judge.environments();
    judge.choices(upgrades);
    judge.asked();
    judge.projects();
    judge.indexes();
    Verdict {
        worth: judge.worth,
        reasons: judge.reasons,
    }
}

struct Judge<'a> {
    lock: &'a Lock,
    problem: &'a Problem,
    worth: Worth,
    reasons: Vec<Diagnostic>,
}

impl Judge<'_> {
    /// The first reason decides what can be kept, so the order of the checks is that of uv 0.13.8.
    fn note(&mut self, worth: Worth, code: &'static str, title: impl ToString) {
        if self.reasons.is_empty() {
            self.worth = worth;
        }
        self.reasons.push(Diagnostic::warning(code, title));
    }

    fn settings(&mut self, upgrades: &Upgrades) {
        let (locked, wanted) = (&self.lock.options, &self.problem.options);
        if locked.resolution != wanted.resolution {
            let title = format!(
                "the resolution mode changed from `{}` to `{}`",
                locked.resolution.as_str(),
                wanted.resolution.as_str()
            );
            self.note(Worth::Nothing, "check/option-changed", title);
        }
        if locked.fork_strategy != wanted.fork_strategy {
            let title = format!(
                "the fork strategy changed from `{}` to `{}`",
                locked.fork_strategy.as_str(),
                wanted.fork_strategy.as_str()
            );
            self.note(Worth::Nothing, "check/option-changed", title);
        }
        let matters = Matters::of(self.lock);
        if cutoff::changed(locked, wanted, |name| matters.has(name)) {
            self.note(
                Worth::Forks,
                "check/option-changed",
                "the cut-off `exclude-newer` changed",
            );
        }
        if upgrades.all {
            self.note(
                Worth::Nothing,
                "check/upgrade",
                "an upgrade of everything was asked for",
            );
        }
    }

    fn environments(&mut self) {
        let (lock, problem) = (self.lock, self.problem);
        let python = problem.requires_python.to_marker();
        let forks = match lock.forks.as_slice() {
            [] => lock.requires_python.to_marker(),
            forks => forks.iter().fold(Marker::FALSE, |union, fork| {
                union.or(preferences::read_again(lock, *fork).without_extras())
            }),
        };
        if !forks.not().is_disjoint(
            lock.requires_python
                .to_marker()
                .and(union(&lock.environments)),
        ) {
            self.note(
                Worth::Versions,
                "check/environments-changed",
                "the forks do not cover the environments",
            );
        } else if forks.is_disjoint(python) {
            self.note(
                Worth::Versions,
                "check/requires-python-changed",
                "no fork is for the Pythons wanted",
            );
        }
        // One that always holds counts, though a lock never shows it: uv 0.13.8 resolves each time.
        let simplified = |markers: &[Marker]| -> Vec<Marker> {
            let markers = markers.iter();
            markers.map(|marker| lock.simplify(*marker)).collect()
        };
        if simplified(&lock.environments) != simplified(&problem.environments) {
            self.note(
                Worth::Versions,
                "check/environments-changed",
                "`environments` changed",
            );
        }
        if simplified(&lock.required_environments) != simplified(&problem.required_environments) {
            self.note(
                Worth::Versions,
                "check/environments-changed",
                "`required-environments` changed",
            );
        }
        if lock.conflicts != problem.conflicts {
            self.note(
                Worth::Versions,
                "check/conflicts-changed",
                "the declared conflicts changed",
            );
        }
        if lock.requires_python.bounds() != problem.requires_python.bounds() {
            let worth = if lock.forks.is_empty() {
                Worth::Forks
            } else {
                Worth::Versions
            };
            let title = format!(
                "`requires-python` changed from `{}` to `{}`",
                lock.requires_python, problem.requires_python
            );
            self.note(worth, "check/requires-python-changed", title);
        }
    }

    fn choices(&mut self, upgrades: &Upgrades) {
        let (locked, wanted) = (&self.lock.options, &self.problem.options);
        if locked.prerelease != wanted.prerelease
            || locked.prerelease_package != wanted.prerelease_package
        {
            self.note(
                Worth::Forks,
                "check/option-changed",
                "the pre-release mode changed",
            );
        }
        if upgrades.is_partial() {
            self.note(
                Worth::Forks,
                "check/upgrade",
                "an upgrade of projects was asked for",
            );
        }
    }

    fn asked(&mut self) {
        let (locked, wanted) = (&self.lock.asked, &self.problem.asked);
        let mut changed = Vec::new();
        let mut compare = |name: &'static str, is_same: bool| {
            if !is_same {
                changed.push(name);
            }
        };
        let same = |left: &[SourcedRequirement], right: &[SourcedRequirement]| {
            self.wishes(left) == self.wishes(right)
        };
        let members =
            |names: &[PackageName]| -> BTreeSet<PackageName> { names.iter().cloned().collect() };
        compare(
            "members",
            members(&locked.members) == members(&wanted.members),
        );
        compare(
            "default-groups",
            locked.default_groups == wanted.default_groups,
        );
        compare(
            "requires-python of groups",
            pythons(&locked.group_requires_python) == pythons(&wanted.group_requires_python),
        );
        compare(
            "requirements",
            same(&locked.requirements, &wanted.requirements),
        );
        let matters = Matters::of(self.lock);
        compare(
            "constraint-dependencies",
            Wishes::read_bounds(self.lock, &locked.constraints)
                == Wishes::read_bounds(
                    self.lock,
                    &matters.requirements(&wanted.constraints, &locked.constraints),
                ),
        );
        compare(
            "override-dependencies",
            same(
                &locked.overrides,
                &matters.requirements(&wanted.overrides, &locked.overrides),
            ) && self.scoped_overrides(locked, |_| true)
                == self.scoped_overrides(wanted, |name| {
                    let mut known = locked.package_overrides.iter();
                    matters.has(name) || known.any(|it| it.name == *name)
                }),
        );
        let excluded = wanted.excludes.iter();
        let excluded: BTreeSet<PackageName> = excluded
            .filter(|name| matters.has(name) || locked.excludes.contains(name))
            .cloned()
            .collect();
        compare(
            "exclude-dependencies",
            members(&locked.excludes) == excluded
                && scoped_excludes(locked, |_| true)
                    == scoped_excludes(wanted, |name| {
                        let mut known = locked.package_excludes.iter();
                        matters.has(name) || known.any(|it| it.name == *name)
                    }),
        );
        compare(
            "build-constraint-dependencies",
            self.build_constraints(&locked.build_constraints)
                == self.build_constraints(&wanted.build_constraints),
        );
        compare(
            "dependency-groups",
            without_empty(self.groups(&locked.dependency_groups))
                == without_empty(self.groups(&wanted.dependency_groups)),
        );
        compare(
            "dependency-metadata",
            metadata_texts(locked, |_| true)
                == metadata_texts(wanted, |name| {
                    let mut known = locked.dependency_metadata.iter();
                    matters.has(name) || known.any(|it| it.name == *name)
                }),
        );
        for name in changed {
            self.note(
                Worth::Forks,
                "check/settings-changed",
                format!("`{name}` changed"),
            );
        }
    }

    fn projects(&mut self) {
        for project in &self.problem.local {
            let locked = self.lock.named(&project.name);
            let package = locked
                .filter(|it| is_same_place(&it.id.source, &project.source))
                .last();
            match package {
                Some(package) => self.project(package, project),
                None => {
                    let title = format!("`{}` is not in the lock", project.name);
                    self.note(Worth::Forks, "check/project-added", title);
                }
            }
        }
        for package in &self.lock.packages {
            let is_known = |project: &&LocalProject| project.name == package.id.name;
            if !matches!(package.id.source, Source::Registry(_))
                && !self.problem.local.iter().any(|it| is_known(&it))
            {
                let title = format!("`{}` is no longer part of the project", package.id.name);
                self.note(Worth::Forks, "check/project-removed", title);
            }
        }
    }

    fn project(&mut self, package: &Package, project: &LocalProject) {
        let name = &project.name;
        if package.id.source != project.source {
            self.note(
                Worth::Forks,
                "check/source-changed",
                format!("the source of `{name}` changed"),
            );
        }
        if package.id.version != project.version {
            let text = |version: &Option<packaging::Version>| {
                version
                    .as_ref()
                    .map_or("dynamic".to_owned(), ToString::to_string)
            };
            let title = format!(
                "the version of `{name}` changed from {} to {}",
                text(&package.id.version),
                text(&project.version)
            );
            self.note(Worth::Forks, "check/version-changed", title);
        }
        if package.default_groups != project.default_groups
            || pythons(&package.group_requires_python) != pythons(&project.group_requires_python)
        {
            self.note(
                Worth::Forks,
                "check/settings-changed",
                format!("settings of the groups of `{name}` changed"),
            );
        }
        // What a repository says is known by its commit.
        if matches!(project.source, Source::Git { .. }) {
            return;
        }
        let declared = package.declared.clone().unwrap_or_default();
        let (locked, wanted) = (
            self.wishes(&declared.requires_dist),
            self.wishes(&project.requires_dist),
        );
        self.compare_wishes(name, None, &locked, &wanted);
        let extras =
            |names: &[ExtraName]| -> BTreeSet<ExtraName> { names.iter().cloned().collect() };
        if extras(&declared.provides_extra) != extras(&project.provides_extra) {
            self.note(
                Worth::Forks,
                "check/extras-changed",
                format!("the extras of `{name}` changed"),
            );
        }
        let (locked, wanted) = (
            self.groups(&declared.requires_dev),
            self.groups(&project.groups),
        );
        let names: BTreeSet<&GroupName> = locked.keys().chain(wanted.keys()).collect();
        if !locked.keys().eq(wanted.keys()) {
            self.note(
                Worth::Forks,
                "check/groups-changed",
                format!("the groups of `{name}` changed"),
            );
        }
        let none = Wishes::default();
        for group in names {
            let (locked, wanted) = (
                locked.get(group).unwrap_or(&none),
                wanted.get(group).unwrap_or(&none),
            );
            self.compare_wishes(name, Some(group), locked, wanted);
        }
    }

    fn compare_wishes(
        &mut self,
        name: &PackageName,
        group: Option<&GroupName>,
        locked: &Wishes,
        wanted: &Wishes,
    ) {
        let whose = match group {
            Some(group) => format!("group `{group}` of `{name}`"),
            None => format!("`{name}`"),
        };
        for wish in wanted.missing_in(locked) {
            let title = format!("{whose} now requires `{}`", wish.text());
            self.note(Worth::Forks, "check/requirement-added", title);
        }
        for wish in locked.missing_in(wanted) {
            let title = format!("{whose} no longer requires `{}`", wish.text());
            self.note(Worth::Forks, "check/requirement-removed", title);
        }
    }

    fn indexes(&mut self) {
        let named = self.problem.local.iter().flat_map(|project| {
            project
                .requires_dist
                .iter()
                .chain(project.groups.values().flatten())
        });
        let explicit = named
            .chain(&self.problem.requirements)
            .filter_map(|requirement| match &requirement.source {
                RequirementSource::Registry { index, .. } => index.clone(),
                _ => None,
            });
        // Where no index is configured, those of the lock are as good as any (uv 0.13.8).
        let Some(configured) = &self.problem.indexes.configured else {
            return;
        };
        let known: BTreeSet<IndexUrl> = configured.iter().cloned().chain(explicit).collect();
        // Only what a local project requires itself is looked at (uv 0.13.8).
        let packages = self.lock.packages.iter();
        let is_fixed = |source: &Source| matches!(source, Source::Registry(_) | Source::Git { .. });
        let local = packages.filter(|package| !is_fixed(&package.id.source));
        let required = local.flat_map(|package| {
            let parts = package.parts();
            parts.flat_map(|part| package.edges(&part).iter().map(|edge| &edge.id.source))
        });
        let used: BTreeSet<&IndexUrl> = required
            .filter_map(|source| match source {
                Source::Registry(index) => Some(index),
                _ => None,
            })
            .collect();
        for index in used.into_iter().filter(|index| !known.contains(*index)) {
            self.note(
                Worth::Forks,
                "check/index-changed",
                format!("the index `{index}` is no longer configured"),
            );
        }
    }

    fn wishes(&self, requirements: &[SourcedRequirement]) -> Wishes {
        Wishes::read(self.lock, requirements)
    }

    /// Build constraints are compared one by one, and clause by clause.
    fn build_constraints(&self, constraints: &[SourcedRequirement]) -> BTreeSet<String> {
        let constraints = constraints.iter().map(|constraint| {
            let mut extras = constraint.extras.clone();
            extras.sort();
            let marker = self.lock.simplify(constraint.marker);
            let source = match &constraint.source {
                RequirementSource::Registry {
                    specifiers,
                    index,
                    conflict,
                } => format!("{:?} {index:?} {conflict:?}", specifiers_key(specifiers)),
                other => wishes::source_text(other),
            };
            format!("{} {extras:?} {marker:?} {source}", constraint.name)
        });
        constraints.collect()
    }

    fn scoped_overrides(
        &self,
        asked: &lock::Asked,
        counts: impl Fn(&PackageName) -> bool,
    ) -> BTreeMap<Scope, Wishes> {
        let mut scopes: BTreeMap<Scope, Vec<SourcedRequirement>> = BTreeMap::new();
        for one in &asked.package_overrides {
            if counts(&one.name) {
                let scope = (one.name.clone(), one.version.clone());
                let all = one.dependencies.iter().cloned();
                scopes.entry(scope).or_default().extend(all);
            }
        }
        let scopes = scopes.into_iter();
        scopes
            .map(|(scope, all)| (scope, self.wishes(&all)))
            .collect()
    }

    fn groups(
        &self,
        groups: &BTreeMap<GroupName, Vec<SourcedRequirement>>,
    ) -> BTreeMap<GroupName, Wishes> {
        groups
            .iter()
            .map(|(group, all)| (group.clone(), self.wishes(all)))
            .collect()
    }
}

/// The groups of a root without `[project]` that require nothing do not count.
fn without_empty(mut groups: BTreeMap<GroupName, Wishes>) -> BTreeMap<GroupName, Wishes> {
    groups.retain(|_, wishes| !wishes.is_empty());
    groups
}

/// Settings of a project matter where it is locked, or where the lock records them already: any
/// other waits until something else asks for a new resolution (uv 0.13.8).
struct Matters(BTreeSet<PackageName>);

impl Matters {
    fn of(lock: &Lock) -> Self {
        let packages = lock.packages.iter();
        Self(packages.map(|package| package.id.name.clone()).collect())
    }

    fn has(&self, name: &PackageName) -> bool {
        self.0.contains(name)
    }

    fn requirements(
        &self,
        wanted: &[SourcedRequirement],
        locked: &[SourcedRequirement],
    ) -> Vec<SourcedRequirement> {
        let known = |name: &PackageName| locked.iter().any(|it| it.name == *name);
        let wanted = wanted.iter();
        wanted
            .filter(|it| self.has(&it.name) || known(&it.name))
            .cloned()
            .collect()
    }
}

type Scope = (PackageName, Option<packaging::Version>);

fn scoped_excludes(
    asked: &lock::Asked,
    counts: impl Fn(&PackageName) -> bool,
) -> BTreeMap<Scope, BTreeSet<PackageName>> {
    let mut scopes: BTreeMap<Scope, BTreeSet<PackageName>> = BTreeMap::new();
    for exclude in &asked.package_excludes {
        if counts(&exclude.name) {
            let scope = (exclude.name.clone(), exclude.version.clone());
            let names = exclude.dependencies.iter().cloned();
            scopes.entry(scope).or_default().extend(names);
        }
    }
    scopes
}

fn union(markers: &[Marker]) -> Marker {
    if markers.is_empty() {
        return Marker::TRUE;
    }
    markers.iter().copied().fold(Marker::FALSE, Marker::or)
}

/// Specifiers in a form that does not depend on how they are spelled.
fn specifiers_key(specifiers: &VersionSpecifiers) -> Vec<(Version, Operator)> {
    let trimmed = |one: &VersionSpecifier| {
        use Operator::{EqualStar, NotEqualStar, TildeEqual};
        let version = match one.operator() {
            EqualStar | NotEqualStar | TildeEqual => one.version().clone(),
            _ => version::trimmed(one.version()),
        };
        (version, *one.operator())
    };
    let mut all: Vec<_> = specifiers.iter().map(trimmed).collect();
    all.sort();
    all
}

fn python_key(text: &str) -> String {
    version::parse_specifiers(text).map_or_else(
        |_| text.to_owned(),
        |it| format!("{:?}", specifiers_key(&it)),
    )
}

fn pythons(groups: &BTreeMap<GroupName, String>) -> BTreeMap<&GroupName, String> {
    let groups = groups.iter();
    groups
        .map(|(group, text)| (group, python_key(text)))
        .collect()
}

/// Entries in a form that does not depend on how versions are spelled; the order of what they
/// require counts (uv 0.13.8).
fn metadata_texts(asked: &lock::Asked, counts: impl Fn(&PackageName) -> bool) -> BTreeSet<String> {
    let entries = asked.dependency_metadata.iter();
    entries
        .filter(|entry| counts(&entry.name))
        .map(|entry| {
            let requires: Vec<String> = entry
                .requires_dist
                .iter()
                .map(|one| {
                    let specifiers = specifiers_key(&one.specifiers);
                    let (url, marker) = (&one.url, one.marker);
                    format!(
                        "{}{:?}{specifiers:?}{url:?}{marker:?}",
                        one.name, one.extras
                    )
                })
                .collect();
            let python = entry.requires_python.as_deref().map(python_key);
            let version = entry.version.as_ref().map(version::trimmed);
            format!(
                "{} {version:?} {python:?} {:?} {requires:?}",
                entry.name, entry.provides_extra
            )
        })
        .collect()
}
