//! What all forks of a resolution share: the problem, prepared, and what indexes said, digested.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use index::{Absence, Answer, Index, Known, MetadataQuery, Query, Unverified};
use lock::{ForkStrategy, PrereleaseMode, ResolutionMode, Source};
use packaging::filename::WheelFilename;
use packaging::{
    ConflictItem, GroupName, IndexUrl, Marker, PackageName, Requirement, RequiresPython,
    SourcedRequirement, Version,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::candidate::{self, Candidate, Choice, Prereleases, Selector};
use crate::demand::{Demand, Origin};
use crate::environment::ForkEnvironment;
use crate::expand::{Context, Modifiers};
use crate::explain::{Gone, PackageGone};
use crate::fork::Fork;
use crate::manner::Splits;
use crate::problem::{IndexStrategy, LocalProject, Problem};
use crate::version_map::{FilePolicy, Verdict, VersionMap};

/// When something said about a project holds.
#[derive(Clone, Debug)]
struct Scope {
    marker: Marker,
    conflict: Option<ConflictItem>,
}

impl Scope {
    fn of(demand: &Demand) -> Self {
        let conflict = match &demand.origin {
            Origin::Registry { conflict, .. } => conflict.clone(),
            Origin::Direct(_) => None,
        };
        Self {
            marker: demand.marker,
            conflict,
        }
    }

    fn holds(&self, environment: &ForkEnvironment) -> bool {
        environment.includes(self.marker)
            && self
                .conflict
                .as_ref()
                .is_none_or(|item| environment.includes_item(item))
    }
}

type Scoped<T> = FxHashMap<PackageName, Vec<(Scope, T)>>;

fn holds<T>(scoped: &Scoped<T>, name: &PackageName, environment: &ForkEnvironment) -> bool {
    scoped
        .get(name)
        .is_some_and(|all| all.iter().any(|(scope, _)| scope.holds(environment)))
}

/// A project from elsewhere than an index, with its requirements prepared.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) project: LocalProject,
    /// Its file's name, where that is a wheel.
    pub(crate) wheel: Option<WheelFilename>,
    pub(crate) version: Version,
    pub(crate) requires: Vec<Arc<Demand>>,
    groups: BTreeMap<GroupName, Vec<Arc<Demand>>>,
}

impl Local {
    pub(crate) fn group(&self, group: &GroupName) -> Option<&[Arc<Demand>]> {
        self.groups.get(group).map(Vec::as_slice)
    }
}

/// What a distribution says about itself, prepared.
#[derive(Debug)]
pub(crate) struct KnownFacts {
    pub(crate) requires_python: Option<Arc<RequiresPython>>,
    pub(crate) requires: Vec<Arc<Demand>>,
}

/// What is known of a distribution.
pub(crate) enum Facts {
    Missing(Query),
    Gone(Gone),
    NeedsBuild(String, Option<Box<Unverified>>),
    /// The index lists the file, and does not give it.
    Withheld(&'static str),
    Known(Arc<KnownFacts>),
}

/// What is known of a project's releases.
#[derive(Clone)]
pub(crate) enum Found {
    Missing(Vec<Query>),
    Gone(PackageGone),
    Maps(Arc<[Arc<VersionMap>]>),
}

/// Who asks, and for what.
pub(crate) type Edge = (Option<PackageName>, Option<PackageName>);

/// What all forks share.
pub(crate) struct World {
    pub(crate) problem: Problem,
    pub(crate) index: Index,
    pub(crate) modifiers: Modifiers,
    pub(crate) requirements: Vec<Arc<Demand>>,
    pub(crate) selector: Selector,
    /// The environments that must find a distribution.
    pub(crate) artifact_environments: Vec<Marker>,
    locals: FxHashMap<PackageName, Vec<Arc<Local>>>,
    explicit: Scoped<IndexUrl>,
    directs: Scoped<Source>,
    prerelease_names: Scoped<()>,
    direct_names: Scoped<()>,
    /// The versions that were chosen beforehand.
    pub(crate) chosen: FxHashMap<PackageName, Version>,
    yanks: FxHashMap<PackageName, Vec<Version>>,
    maps: FxHashMap<(PackageName, Option<IndexUrl>), Found>,
    facts: FxHashMap<Arc<str>, Arc<KnownFacts>>,
    /// Dependencies that are never left out: somebody needed them after all.
    pub(crate) kept: FxHashSet<Edge>,
    /// Releases whose requirements nobody vouches for, and the files that say them.
    pub(crate) unverified: BTreeMap<(PackageName, Version), Vec<String>>,
    /// Requirements that distributions share, by where they are in memory, and what they become.
    demands: FxHashMap<usize, (Arc<Requirement>, Arc<Demand>)>,
}

impl World {
    pub(crate) fn new(problem: Problem) -> Self {
        let modifiers = Modifiers::new(&problem);
        let requirements = demands(&problem.requirements);
        let locals = locals(&problem);
        let mut first_party: Vec<Demand> = Vec::new();
        // What an archive or a repository asks for itself is nobody's direct wish.
        let mut own: Vec<Demand> = Vec::new();
        for project in &problem.local {
            let Some(local) = locals
                .get(&project.name)
                .and_then(|all| all.iter().find(|it| it.project.source == project.source))
            else {
                continue;
            };
            let context = Context::Package {
                name: &local.project.name,
                version: &local.version,
            };
            let owned = |demands: &[Arc<Demand>]| -> Vec<Demand> {
                let applied = modifiers.apply(context, demands);
                applied.into_iter().map(Cow::into_owned).collect()
            };
            let mut wishes = owned(&local.requires);
            for demands in local.groups.values() {
                wishes.extend(owned(demands));
            }
            if project.source.is_source_tree() {
                own.extend(wishes.iter().cloned());
            }
            first_party.extend(wishes);
        }
        let wishes = modifiers.apply(Context::Root, &requirements);
        let wishes: Vec<Demand> = wishes.into_iter().map(Cow::into_owned).collect();
        own.extend(wishes.iter().cloned());
        first_party.extend(wishes);
        let direct_names = scoped(&own, |_| Some(()));
        let explicit = scoped(&first_party, |demand| match &demand.origin {
            Origin::Registry { index, .. } => index.clone(),
            Origin::Direct(_) => None,
        });
        let bounds = problem
            .constraints
            .iter()
            .filter(|one| !modifiers.is_excluded(&one.name))
            .chain(&problem.overrides.global)
            .chain(problem.overrides.scoped.iter().flat_map(|(_, _, all)| all));
        first_party.extend(bounds.map(Demand::from));
        let directs = directs(&problem, &first_party);
        let mut artifact_environments = problem.environments.clone();
        artifact_environments.extend(&problem.required_environments);
        Self {
            yanks: yanks(&problem, &first_party),
            prerelease_names: scoped(&first_party, |demand| {
                demand.names_prerelease().then_some(())
            }),
            direct_names,
            explicit,
            directs,
            selector: Selector {
                resolution: problem.options.resolution,
                strategy: problem.indexes.strategy,
                supplemental: problem.indexes.supplemental.clone(),
            },
            artifact_environments,
            chosen: FxHashMap::default(),
            index: Index::default(),
            maps: FxHashMap::default(),
            facts: FxHashMap::default(),
            kept: FxHashSet::default(),
            unverified: BTreeMap::new(),
            demands: FxHashMap::default(),
            modifiers,
            requirements,
            locals,
            problem,
        }
    }

    /// Where a project comes from in a fork, if not from an index.
    ///
    /// What one requirement says holds for all of them: `foo` is whatever `foo @ url` says.
    pub(crate) fn direct(
        &self,
        name: &PackageName,
        environment: &ForkEnvironment,
    ) -> Option<&Source> {
        let all = self.directs.get(name)?;
        all.iter()
            .find(|(scope, _)| scope.holds(environment))
            .map(|(_, source)| source)
    }

    /// The same, each that some requirement names; more than one is a contradiction.
    pub(crate) fn direct_sources<'a>(
        &'a self,
        name: &PackageName,
        environment: &'a ForkEnvironment,
    ) -> impl Iterator<Item = &'a Source> {
        let all = self.directs.get(name).into_iter().flatten();
        all.filter(|(scope, _)| scope.holds(environment))
            .map(|(_, source)| source)
    }

    /// Whether somebody who may says where a project comes from, in some fork.
    pub(crate) fn names_source(&self, name: &PackageName) -> bool {
        self.directs.contains_key(name)
    }

    /// What a project from elsewhere than an index asks for.
    pub(crate) fn local(&self, name: &PackageName, source: &Source) -> Option<Arc<Local>> {
        let mut locals = self.locals.get(name)?.iter();
        locals
            .find(|local| is_same_place(&local.project.source, source))
            .cloned()
    }

    /// Whether a source tree satisfies any specifier: nobody knows its version, or it is pdm's own
    /// project, which is what it is.
    pub(crate) fn has_any_version(&self, name: &PackageName) -> bool {
        let is_own = self.problem.manner.plays_rounds && self.problem.members.contains(name);
        is_own || self.has_unknown_version(name)
    }

    /// Whether only a build could tell the version of a source tree.
    pub(crate) fn has_unknown_version(&self, name: &PackageName) -> bool {
        let mut locals = self.locals.get(name).into_iter().flatten();
        locals.any(|local| local.project.version.is_none())
    }

    /// The index a project must come from in a fork, if a requirement says so.
    pub(crate) fn explicit_index<'a>(
        &'a self,
        name: &PackageName,
        environment: &'a ForkEnvironment,
    ) -> Option<&'a IndexUrl> {
        self.explicit_indexes(name, environment).next()
    }

    /// The same, each that some requirement names; more than one is a contradiction.
    pub(crate) fn explicit_indexes<'a>(
        &'a self,
        name: &PackageName,
        environment: &'a ForkEnvironment,
    ) -> impl Iterator<Item = &'a IndexUrl> {
        let all = self.explicit.get(name).into_iter().flatten();
        all.filter(|(scope, _)| scope.holds(environment))
            .map(|(_, index)| index)
    }

    pub(crate) fn prereleases(
        &self,
        name: &PackageName,
        environment: &ForkEnvironment,
    ) -> Prereleases {
        let options = &self.problem.options;
        let mode = options
            .prerelease_package
            .get(name)
            .copied()
            .unwrap_or(options.prerelease);
        let is_named = || holds(&self.prerelease_names, name, environment);
        if self.problem.manner.admits_named_prereleases
            && mode == PrereleaseMode::IfNecessary
            && is_named()
        {
            return Prereleases::Allow;
        }
        candidate::prereleases(mode, is_named)
    }

    pub(crate) fn wants_highest(&self, name: &PackageName, environment: &ForkEnvironment) -> bool {
        self.selector
            .wants_highest(|| holds(&self.direct_names, name, environment))
    }

    /// Whether a newer Python of a release splits the resolution rather than ruling it out.
    pub(crate) fn forks_on_python(&self) -> bool {
        self.problem.manner.splits == Splits::Diverging
            && self.problem.options.fork_strategy == ForkStrategy::RequiresPython
    }

    /// Puts forks in stack order: the last is solved first.
    pub(crate) fn sort_forks(&self, forks: &mut [Fork]) {
        if self.prefers_old_pythons() {
            forks.sort_by(|left, right| {
                left.compare_python(right)
                    .reverse()
                    .then_with(|| left.compare_upper_bounds(right))
            });
        } else {
            forks.sort_by(|left, right| {
                left.compare_python(right)
                    .then_with(|| left.compare_upper_bounds(right))
            });
        }
    }

    /// Whether forks for old Pythons are solved first.
    pub(crate) fn prefers_old_pythons(&self) -> bool {
        let options = &self.problem.options;
        options.fork_strategy == ForkStrategy::Fewest
            || options.resolution == ResolutionMode::Lowest
    }

    /// The version that was chosen beforehand, if it is still among the choices.
    pub(crate) fn chosen<'a>(&self, choice: Choice<'a>) -> Option<Candidate<'a>> {
        let version = self.chosen.get(choice.name)?;
        let version = Some(version).filter(|version| choice.range.contains(version))?;
        choice.maps.iter().find_map(|map| {
            let (version, offer) = map.offer(version)?;
            let is_usable = !matches!(offer.verdict, Verdict::Unusable(_));
            is_usable.then_some(Candidate {
                version,
                offer,
                index: &map.index,
            })
        })
    }

    /// Whether exactly this version was chosen beforehand.
    pub(crate) fn has_chosen(&self, name: &PackageName, version: &Version) -> bool {
        self.chosen.get(name) == Some(version)
    }

    /// The releases of a project: on one index, or on those that are searched for everything.
    pub(crate) fn maps(&mut self, name: &PackageName, index: Option<&IndexUrl>) -> Found {
        let key = (name.clone(), index.cloned());
        if let Some(found) = self.maps.get(&key) {
            return found.clone();
        }
        let found = match index {
            Some(index) => self.find(name, std::slice::from_ref(index)),
            None => self.find(name, &self.problem.indexes.searched(name)),
        };
        if !matches!(found, Found::Missing(_)) {
            self.maps.insert(key, found.clone());
        }
        found
    }

    fn find(&self, name: &PackageName, indexes: &[IndexUrl]) -> Found {
        if indexes.is_empty() {
            return Found::Gone(PackageGone::NoIndex);
        }
        let is_first_index = self.problem.indexes.strategy == IndexStrategy::FirstIndex;
        let mut maps = Vec::new();
        let mut missing = Vec::new();
        let mut gone = PackageGone::NotFound;
        for index in indexes {
            let query = Query::Project {
                index: index.clone(),
                name: name.clone(),
            };
            match self.index.project(&query) {
                Known::Unasked => missing.push(query),
                Known::Present(project) => {
                    let yanks = self.yanks.get(name).cloned().unwrap_or_default();
                    let policy = FilePolicy::new(&self.problem, index, name, yanks);
                    maps.push(Arc::new(VersionMap::new(
                        index.clone(),
                        project.clone(),
                        policy,
                    )));
                }
                Known::Absent(Absence::Offline) => gone = PackageGone::Offline,
                Known::Absent(Absence::Unauthorized)
                    if !self.problem.indexes.ignored_errors.contains(index) =>
                {
                    gone = PackageGone::Unauthorized(index.clone());
                    if is_first_index {
                        break;
                    }
                }
                Known::Absent(_) => {}
            }
            if is_first_index && !(maps.is_empty() && missing.is_empty()) {
                break;
            }
        }
        match (missing.is_empty(), maps.is_empty()) {
            (false, _) => Found::Missing(missing),
            (true, true) => Found::Gone(gone),
            (true, false) => Found::Maps(maps.into()),
        }
    }

    /// An answer, with what nobody vouches for in the place of nothing, where that counts.
    pub(crate) fn believed(&mut self, query: &Query, answer: Answer) -> Answer {
        match (query, answer) {
            (
                Query::Metadata(query),
                Answer::Absent(Absence::NeedsBuild {
                    told: Some(told), ..
                }),
            ) if self.problem.manner.trusts_unverified => {
                let key = (query.name.clone(), query.version.clone());
                self.unverified.insert(key, told.files.clone());
                Answer::Metadata(told.metadata(&query.name, &query.version).into())
            }
            (_, answer) => answer,
        }
    }

    /// What a distribution says, or what the project says in its place.
    pub(crate) fn facts(&mut self, query: &MetadataQuery) -> Facts {
        if let Some(facts) = self.facts.get(&query.url) {
            return Facts::Known(facts.clone());
        }
        let facts = match self.declared_facts(query) {
            Some(facts) => facts,
            None => {
                let asked = Query::Metadata(query.clone());
                match self.index.metadata(&asked) {
                    Known::Unasked => return Facts::Missing(asked),
                    Known::Absent(Absence::NeedsBuild { reason, told }) => {
                        return Facts::NeedsBuild(reason.clone(), told.clone());
                    }
                    // A listed file that cannot be had is a failure: to take another release
                    // instead would pin an older one over a hiccup. uv 0.13.8 stops as well.
                    Known::Absent(Absence::NotFound) => {
                        return Facts::Withheld("the index lists it, and it is not there");
                    }
                    Known::Absent(Absence::Unauthorized) => {
                        return Facts::Withheld("the index lists it, and access to it is refused");
                    }
                    Known::Absent(absence) => return Facts::Gone(Gone::Metadata(absence.clone())),
                    Known::Present(metadata) => KnownFacts {
                        requires_python: metadata.requires_python.clone(),
                        requires: metadata
                            .requires_dist
                            .iter()
                            .map(|it| demand(it, &mut self.demands))
                            .collect(),
                    },
                }
            }
        };
        let facts = Arc::new(facts);
        self.facts.insert(query.url.clone(), facts.clone());
        Facts::Known(facts)
    }

    /// `dependency-metadata` for exactly this version, or else for any.
    fn declared_facts(&self, query: &MetadataQuery) -> Option<KnownFacts> {
        let entries = || {
            self.problem
                .dependency_metadata
                .iter()
                .filter(|entry| entry.name == query.name)
        };
        let entry = entries()
            .find(|entry| entry.version.as_ref() == Some(&query.version))
            .or_else(|| entries().find(|entry| entry.version.is_none()))?;
        let requires_python = entry.requires_python.as_deref();
        Some(KnownFacts {
            requires_python: requires_python
                .and_then(|text| RequiresPython::parse(text).ok())
                .map(Arc::new),
            requires: entry
                .requires_dist
                .iter()
                .map(|it| Arc::new(Demand::from(it)))
                .collect(),
        })
    }
}

fn demands(requirements: &[SourcedRequirement]) -> Vec<Arc<Demand>> {
    let demand = |requirement| Arc::new(Demand::from(requirement));
    requirements.iter().map(demand).collect()
}

/// The demand of a requirement. Holding on to the requirement keeps its place in memory its own.
fn demand(
    requirement: &Arc<Requirement>,
    known: &mut FxHashMap<usize, (Arc<Requirement>, Arc<Demand>)>,
) -> Arc<Demand> {
    let (_, demand) = known
        .entry(Arc::as_ptr(requirement).addr())
        .or_insert_with(|| (requirement.clone(), Arc::new(Demand::from(&**requirement))));
    demand.clone()
}

fn locals(problem: &Problem) -> FxHashMap<PackageName, Vec<Arc<Local>>> {
    let mut locals: FxHashMap<PackageName, Vec<Arc<Local>>> = FxHashMap::default();
    for project in &problem.local {
        let local = Local {
            version: project.version.clone().unwrap_or_else(|| Version::new([0])),
            wheel: project
                .archive
                .as_ref()
                .and_then(|archive| WheelFilename::parse(&archive.filename).ok()),
            requires: demands(&project.requires_dist),
            groups: project
                .groups
                .iter()
                .map(|(group, all)| (group.clone(), demands(all)))
                .collect(),
            project: project.clone(),
        };
        locals
            .entry(project.name.clone())
            .or_default()
            .push(Arc::new(local));
    }
    locals
}

/// Whether two sources are one: however a folder would be installed, and by whatever name a commit
/// was asked for.
#[must_use]
pub fn is_same_place(left: &Source, right: &Source) -> bool {
    match (left, right) {
        (
            Source::Git {
                url,
                commit,
                subdirectory,
                ..
            },
            Source::Git {
                url: other_url,
                commit: other_commit,
                subdirectory: other_subdirectory,
                ..
            },
        ) => {
            (repository(url), commit, subdirectory)
                == (repository(other_url), other_commit, other_subdirectory)
        }
        _ if left.is_source_tree() => left.folder() == right.folder(),
        _ => left == right,
    }
}

/// A repository's URL as far as it tells repositories apart.
fn repository(url: &str) -> String {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let place = place.trim_end_matches('/');
    let place = place.strip_suffix(".git").unwrap_or(place);
    format!("{}?{query}", place.to_lowercase())
}

/// Where projects come from, if not from an index. An override's word is the last.
fn directs(problem: &Problem, demands: &[Demand]) -> Scoped<Source> {
    let source = |demand: &Demand| match &demand.origin {
        Origin::Direct(source) => Some(problem.with_commit(source.clone())),
        Origin::Registry { .. } => None,
    };
    let mut directs = scoped(demands, source);
    let overrides = &problem.overrides.global;
    let overrides: Vec<Demand> = overrides.iter().map(Demand::from).collect();
    directs.extend(scoped(&overrides, source));
    directs
}

fn scoped<T>(demands: &[Demand], pick: impl Fn(&Demand) -> Option<T>) -> Scoped<T> {
    let mut map = Scoped::default();
    for demand in demands {
        if let Some(value) = pick(demand) {
            let entries: &mut Vec<_> = map.entry(demand.name.clone()).or_default();
            entries.push((Scope::of(demand), value));
        }
    }
    map
}

/// Withdrawn versions that may be used all the same: pinned, or in the existing lock.
fn yanks(problem: &Problem, demands: &[Demand]) -> FxHashMap<PackageName, Vec<Version>> {
    let mut yanks: FxHashMap<PackageName, Vec<Version>> = FxHashMap::default();
    let pinned = demands
        .iter()
        .filter_map(|demand| demand.pinned().map(|version| (&demand.name, version)));
    let preferred = problem
        .preferences
        .iter()
        .map(|one| (&one.name, &one.version));
    for (name, version) in pinned.chain(preferred) {
        yanks.entry(name.clone()).or_default().push(version.clone());
    }
    yanks
}
