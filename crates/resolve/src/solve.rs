//! One fork: propagate, pick, choose, depend; or pause when a fact is missing (uv.md §2.5).

use std::sync::Arc;

use index::{MetadataQuery, Query};
use lock::Source;
use packaging::{ConflictKind, GroupName, IndexUrl, Marker, PackageName, Version, VersionRange};
use pubgrub::{ConflictId, Id, State, Term};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::candidate::{Candidate, Choice, Selector};
use crate::demand::{Demand, Origin};
use crate::environment::ForkEnvironment;
use crate::expand::{Context, Expander};
use crate::explain::{Gone, PackageGone, Reason, Tree, Unusable};
use crate::fork::{self, Dependency, Fork};
use crate::lookahead::Lookahead;
use crate::node::{Engine, Kind, Node};
use crate::preference::Preferences;
use crate::priority::Priorities;
use crate::python::PythonTarget;
use crate::range;
use crate::resolver::ResolveError;
use crate::version_map::Verdict;
use crate::world::{Facts, Found, World};

/// How often a project must meet conflicts before it is decided earlier or later.
const CONFLICT_THRESHOLD: u32 = 5;

/// What happens next in a fork.
#[derive(Clone, Debug, Default)]
pub(crate) enum Continuation {
    /// Propagate, then pick a node.
    #[default]
    Propagate,
    /// Choose a version for this node.
    Select(Id<Node>),
    /// Go on with this version of this node.
    Use(Id<Node>, Version),
}

/// The file a version was decided by.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) query: MetadataQuery,
    pub(crate) index: IndexUrl,
}

#[derive(Clone, Debug, Default)]
struct ConflictTracker {
    affected: FxHashMap<Id<Node>, u32>,
    culprits: FxHashMap<Id<Node>, u32>,
    earlier: Vec<Id<Node>>,
    later: Vec<Id<Node>>,
}

/// The state of one fork.
#[derive(Clone)]
pub(crate) struct ForkState {
    pub(crate) engine: State<Engine>,
    pub(crate) environment: ForkEnvironment,
    pub(crate) python: PythonTarget,
    pub(crate) pins: FxHashMap<(PackageName, Version), Arc<Pin>>,
    continuation: Continuation,
    next: Id<Node>,
    indexes: FxHashMap<PackageName, IndexUrl>,
    priorities: Priorities,
    added: FxHashMap<Id<Node>, FxHashSet<Version>>,
    selected: FxHashMap<Id<Node>, (VersionRange, Version)>,
    known: FxHashMap<PackageName, Arc<[Version]>>,
    tracker: ConflictTracker,
    tried: FxHashMap<PackageName, u32>,
}

/// A fork that waits for its turn, sharing its parent's state until then.
pub(crate) struct PendingFork {
    pub(crate) state: Arc<ForkState>,
    pub(crate) action: ForkAction,
}

/// What makes the waiting fork differ from its parent.
pub(crate) enum ForkAction {
    Initial,
    Dependencies(Fork, Version),
    Version(VersionFork),
}

/// A split over the choice of a version.
#[derive(Clone, Debug)]
pub(crate) struct VersionFork {
    environment: ForkEnvironment,
    id: Id<Node>,
    version: Option<Version>,
}

/// Why a fork stopped.
pub(crate) enum Halt {
    /// Facts are missing.
    Missing(Vec<Query>),
    /// It is solved.
    Solved,
    /// It goes on as several forks, the last of which is next.
    Forked(Vec<ForkAction>),
    /// There is no solution.
    Stuck(Box<Tree>),
    /// It cannot go on.
    Failed(ResolveError),
}

enum Chosen {
    Version(Version),
    None,
    Gone(PackageGone),
    Forked(Vec<VersionFork>),
    Unusable(Version, Unusable),
    Missing(Vec<Query>),
}

enum Dependencies {
    Available(Vec<Dependency>),
    Unforkable(Vec<Dependency>),
    Gone(Gone),
    NeedsPython(Arc<packaging::RequiresPython>),
    Missing(Vec<Query>),
    Failed(ResolveError),
}

/// Everything a fork may look at, besides its own state.
pub(crate) struct Surroundings<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) preferences: &'a Preferences,
    pub(crate) lookahead: &'a mut Lookahead,
    pub(crate) decisions: &'a mut usize,
}

impl ForkState {
    pub(crate) fn new(python: PythonTarget) -> Self {
        let engine: State<Engine> = State::init(Node::Root, root_version());
        Self {
            next: engine.root_package,
            engine,
            environment: ForkEnvironment::default(),
            python,
            pins: FxHashMap::default(),
            continuation: Continuation::Propagate,
            indexes: FxHashMap::default(),
            priorities: Priorities::default(),
            added: FxHashMap::default(),
            selected: FxHashMap::default(),
            known: FxHashMap::default(),
            tracker: ConflictTracker::default(),
            tried: FxHashMap::default(),
        }
    }

    /// Narrows the fork; candidates chosen under the wider environment are forgotten.
    pub(crate) fn set_environment(&mut self, environment: ForkEnvironment) {
        self.selected.clear();
        self.environment = environment;
        if let Some(bounds) = self.environment.python_bounds()
            && let Some(python) = self.python.narrow(&bounds)
        {
            self.python = python;
        }
    }

    /// Makes a waiting fork the running one. The engine's arena must have been restored.
    pub(crate) fn take_up(&mut self, action: ForkAction, around: &mut Surroundings<'_>) {
        match action {
            ForkAction::Initial => {}
            ForkAction::Version(fork) => {
                self.continuation = match fork.version {
                    Some(version) => Continuation::Use(fork.id, version),
                    None => Continuation::Select(fork.id),
                };
                self.set_environment(fork.environment);
            }
            ForkAction::Dependencies(fork, version) => {
                self.set_environment(fork.environment);
                self.add_dependencies(&version, fork.dependencies, around);
            }
        }
    }

    /// Runs until something stops the fork.
    pub(crate) fn run(&mut self, around: &mut Surroundings<'_>) -> Halt {
        loop {
            let (id, version) = match std::mem::take(&mut self.continuation) {
                Continuation::Select(id) => (id, None),
                Continuation::Use(id, version) => (id, Some(version)),
                Continuation::Propagate => match self.propagate_and_pick() {
                    Ok(Some(id)) => (id, None),
                    Ok(None) => return Halt::Solved,
                    Err(tree) => return Halt::Stuck(tree),
                },
            };
            self.next = id;
            let version = match version {
                Some(version) => version,
                None => match self.choose(id, around) {
                    Ok(Some(version)) => version,
                    Ok(None) => continue,
                    Err(halt) => return halt,
                },
            };
            if let Some(halt) = self.decide(id, version, around) {
                return halt;
            }
        }
    }

    fn propagate_and_pick(&mut self) -> Result<Option<Id<Node>>, Box<Tree>> {
        let conflicts: Vec<_> = self
            .engine
            .unit_propagation(self.next)
            .map_err(Box::new)?
            .into_iter()
            .collect();
        for (affected, conflict) in conflicts {
            self.record_conflict(affected, &conflict);
        }
        self.reprioritize();
        let (engine, priorities) = (&mut self.engine, &self.priorities);
        let store = &engine.package_store;
        let picked = engine
            .partial_solution
            .pick_highest_priority_pkg(|id, _| priorities.rank(&store[id]));
        Ok(picked.map(|(id, _)| id))
    }

    /// Chooses a version; `None` means that the engine has been told why there is none.
    fn choose(
        &mut self,
        id: Id<Node>,
        around: &mut Surroundings<'_>,
    ) -> Result<Option<Version>, Halt> {
        let Some(Term::Positive(range)) = self
            .engine
            .partial_solution
            .term_intersection_for_package(id)
            .cloned()
        else {
            debug_assert!(false, "a picked node has a positive term");
            return Err(Halt::Failed(ResolveError::Engine));
        };
        let node = self.engine.package_store[id].clone();
        let is_cached = node.name().is_some_and(|name| {
            around.world.direct(name, &self.environment).is_none()
                && !self.indexes.contains_key(name)
        });
        if is_cached
            && let Some((selected_range, version)) = self.selected.get(&id)
            && *selected_range == range
        {
            return Ok(Some(version.clone()));
        }
        match self.choose_version(&node, id, &range, around) {
            Chosen::Version(version) => {
                if is_cached {
                    self.selected.insert(id, (range, version.clone()));
                }
                Ok(Some(version))
            }
            Chosen::None => {
                self.engine.add_no_versions(id, range);
                Ok(None)
            }
            Chosen::Gone(reason) => {
                let reason = match node {
                    Node::Package { .. } => Some(Reason::Package(reason)),
                    _ => None,
                };
                match reason {
                    Some(reason) => self.engine.add_unavailable(id, range, reason),
                    None => self.engine.add_no_versions(id, range),
                }
                Ok(None)
            }
            Chosen::Forked(forks) => Err(Halt::Forked(
                forks.into_iter().map(ForkAction::Version).collect(),
            )),
            Chosen::Unusable(version, reason) => {
                self.add_unusable(version, reason, around.world);
                Ok(None)
            }
            Chosen::Missing(queries) => {
                self.continuation = Continuation::Select(id);
                Err(Halt::Missing(queries))
            }
        }
    }

    fn choose_version(
        &mut self,
        node: &Node,
        id: Id<Node>,
        range: &VersionRange,
        around: &mut Surroundings<'_>,
    ) -> Chosen {
        let Some(name) = node.name() else {
            return match node {
                Node::Root => Chosen::Version(root_version()),
                _ => Chosen::None,
            };
        };
        if let Some(source) = around.world.direct(name, &self.environment) {
            return choose_direct(name, source, range, around.world);
        }
        self.choose_release(node, id, name, range, around)
    }

    fn choose_release(
        &mut self,
        node: &Node,
        id: Id<Node>,
        name: &PackageName,
        range: &VersionRange,
        around: &mut Surroundings<'_>,
    ) -> Chosen {
        let pinned_index = self.indexes.get(name).cloned();
        let maps = match around.world.maps(name, pinned_index.as_ref()) {
            Found::Missing(queries) => return Chosen::Missing(queries),
            Found::Gone(reason) => return Chosen::Gone(reason),
            Found::Maps(maps) => maps,
        };
        let choice = Choice {
            name,
            range,
            maps: &maps,
            pinned_index: pinned_index.as_ref(),
            prereleases: around.world.prereleases(name, &self.environment),
            highest: around.world.wants_highest(name, &self.environment),
        };
        let selector = around.world.selector.clone();
        let Some(candidate) = selector.select(choice, around.preferences, &self.environment) else {
            return Chosen::None;
        };
        if let Verdict::Unusable(reason) = &candidate.offer.verdict {
            return Chosen::Unusable(candidate.version.clone(), reason.clone());
        }
        if let Some(requires_python) = candidate.offer.verdict.requires_python()
            && !self.python.is_supported_by(requires_python)
        {
            if around.world.forks_on_python()
                && let Some(forks) = self.fork_on_python(id, requires_python)
            {
                return Chosen::Forked(forks);
            }
            let reason = Unusable::RequiresPython(requires_python.clone().into());
            return Chosen::Unusable(candidate.version.clone(), reason);
        }
        if let Some(below) = upper_marker(&self.python)
            && candidate.offer.pythons.is_disjoint(below)
        {
            return Chosen::Unusable(candidate.version.clone(), Unusable::PythonTag);
        }
        if let Some(chosen) = self.cover_platforms(node, id, candidate, choice, &selector, around) {
            return chosen;
        }
        self.pin(name, candidate);
        self.speculate(name, candidate, choice, around);
        Chosen::Version(candidate.version.clone())
    }

    /// Splits where a release starts to support Python, if the fork spans that.
    fn fork_on_python(
        &self,
        id: Id<Node>,
        requires_python: &packaging::RequiresPython,
    ) -> Option<Vec<VersionFork>> {
        let (below, above) = self.python.split(&requires_python.bounds().lower)?;
        let forks: Vec<VersionFork> = [below, above]
            .into_iter()
            .filter(|marker| self.environment.includes(*marker))
            .map(|marker| VersionFork {
                environment: self.environment.narrow(marker),
                id,
                version: None,
            })
            .collect();
        (!forks.is_empty()).then_some(forks)
    }

    /// Splits where a release has no distribution for an environment that must have one, and
    /// where a local version covers less than its public one (uv.md §2.7 C and D).
    fn cover_platforms(
        &mut self,
        node: &Node,
        id: Id<Node>,
        candidate: Candidate<'_>,
        choice: Choice<'_>,
        selector: &Selector,
        around: &mut Surroundings<'_>,
    ) -> Option<Chosen> {
        let coverage = candidate.offer.environments;
        if coverage.is_true() {
            return None;
        }
        for &marker in &around.world.artifact_environments {
            if self.environment.includes(marker)
                && !self.environment.includes(coverage.and(marker))
                && self.environment.includes(self.reach(id).and(marker))
            {
                let covered = coverage.and(self.environment.marker);
                let split = marker.restrict(marker.or(covered));
                return Some(match self.split_environment(split) {
                    None => Chosen::Unusable(
                        candidate.version.clone(),
                        Unusable::MissingPlatform(marker),
                    ),
                    Some((with, without)) => Chosen::Forked(
                        [with, without]
                            .map(|environment| VersionFork {
                                environment,
                                id,
                                version: None,
                            })
                            .into(),
                    ),
                });
            }
        }
        if !candidate.version.is_local() {
            return None;
        }
        self.fork_on_local(node, id, candidate, choice, selector, around)
    }

    fn fork_on_local(
        &mut self,
        node: &Node,
        id: Id<Node>,
        candidate: Candidate<'_>,
        choice: Choice<'_>,
        selector: &Selector,
        around: &mut Surroundings<'_>,
    ) -> Option<Chosen> {
        let public = candidate.version.clone().without_local();
        let range = choice.range.intersection(&VersionRange::singleton(public));
        let choice = Choice {
            range: &range,
            ..choice
        };
        let base = selector.select(choice, around.preferences, &self.environment)?;
        if matches!(base.offer.verdict, Verdict::Unusable(_)) {
            return None;
        }
        let coverage = candidate.offer.environments;
        let mut remainder = base.offer.environments.and(coverage.not());
        if remainder.is_false() || !self.environment.includes(remainder) {
            return None;
        }
        let name = node.name()?;
        if !self.environment.includes(coverage) {
            self.pin(name, base);
            return Some(Chosen::Version(base.version.clone()));
        }
        for platform in ["darwin", "linux", "win32"] {
            let marker = Marker::string(packaging::marker::MarkerString::SysPlatform, platform);
            if coverage.is_disjoint(marker) && !remainder.is_disjoint(marker) {
                remainder = remainder.or(marker);
            }
        }
        let (with, without) = self.split_environment(remainder)?;
        self.pin(name, candidate);
        self.pin(name, base);
        Some(Chosen::Forked(vec![
            VersionFork {
                environment: with,
                id,
                version: Some(base.version.clone()),
            },
            VersionFork {
                environment: without,
                id,
                version: Some(candidate.version.clone()),
            },
        ]))
    }

    fn split_environment(&self, marker: Marker) -> Option<(ForkEnvironment, ForkEnvironment)> {
        (self.environment.includes(marker) && self.environment.includes(marker.not())).then(|| {
            (
                self.environment.narrow(marker),
                self.environment.narrow(marker.not()),
            )
        })
    }

    /// The environments in which a node is wanted, by what is known of its dependents.
    fn reach(&self, id: Id<Node>) -> Marker {
        let store = &self.engine.package_store;
        let root = self.engine.root_package;
        let mut ancestors = FxHashSet::from_iter([id]);
        let mut stack = vec![id];
        while let Some(current) = stack.pop() {
            for dependency in self.engine.dependencies(current) {
                if dependency.dependency == current && ancestors.insert(dependency.dependent) {
                    stack.push(dependency.dependent);
                }
            }
        }
        if !ancestors.contains(&root) {
            return Marker::FALSE;
        }
        let mut reach = FxHashMap::from_iter([(root, Marker::TRUE)]);
        let mut stack = vec![root];
        while let Some(current) = stack.pop() {
            let here = reach.get(&current).copied().unwrap_or(Marker::FALSE);
            for dependency in self.engine.dependencies(current) {
                let child = dependency.dependency;
                if dependency.dependent != current || !ancestors.contains(&child) {
                    continue;
                }
                let known = reach.entry(child).or_insert(Marker::FALSE);
                let wider = known.or(store[child].marker().and(here));
                if wider != *known {
                    *known = wider;
                    stack.push(child);
                }
            }
        }
        reach.get(&id).copied().unwrap_or(Marker::FALSE)
    }

    fn pin(&mut self, name: &PackageName, candidate: Candidate<'_>) {
        let Some(file) = candidate.offer.verdict.metadata() else {
            return;
        };
        self.pins
            .entry((name.clone(), candidate.version.clone()))
            .or_insert_with(|| {
                Arc::new(Pin {
                    query: MetadataQuery::of(name, candidate.version, file),
                    index: candidate.index.clone(),
                })
            });
    }

    /// Asks ahead for older releases of what has been tried often.
    fn speculate(
        &mut self,
        name: &PackageName,
        candidate: Candidate<'_>,
        choice: Choice<'_>,
        around: &mut Surroundings<'_>,
    ) {
        let tried = self.tried.entry(name.clone()).or_default();
        *tried += 1;
        let is_due = matches!(*tried, 5 | 10 | 20) || *tried > 20 && tried.is_multiple_of(20);
        if is_due {
            let count = (*tried).min(50) as usize;
            let below = VersionRange::strictly_lower_than(candidate.version.clone());
            let range = choice.range.intersection(&below);
            around.lookahead.speculate(name, choice.maps, &range, count);
        }
    }

    /// Goes on with a version: decides it, splits, or tells the engine why not.
    fn decide(
        &mut self,
        id: Id<Node>,
        version: Version,
        around: &mut Surroundings<'_>,
    ) -> Option<Halt> {
        if self
            .added
            .get(&id)
            .is_some_and(|added| added.contains(&version))
        {
            self.engine.partial_solution.add_decision(id, version);
            return None;
        }
        let node = self.engine.package_store[id].clone();
        match self.dependencies(&node, &version, around) {
            Dependencies::Missing(queries) => {
                self.continuation = Continuation::Use(id, version);
                return Some(Halt::Missing(queries));
            }
            Dependencies::Failed(error) => return Some(Halt::Failed(error)),
            Dependencies::Gone(reason) => {
                let versions = self.widen(&version, around.world);
                self.engine
                    .add_unavailable(id, versions, Reason::Version(reason));
            }
            Dependencies::NeedsPython(requires_python) => {
                if around.world.forks_on_python()
                    && let Some(forks) = self.fork_on_python(id, &requires_python)
                {
                    return Some(Halt::Forked(
                        forks.into_iter().map(ForkAction::Version).collect(),
                    ));
                }
                let versions = self.widen(&version, around.world);
                let reason = Gone::Unusable(Unusable::RequiresPython(requires_python));
                self.engine
                    .add_unavailable(id, versions, Reason::Version(reason));
            }
            Dependencies::Unforkable(dependencies) => {
                *around.decisions += 1;
                self.added.entry(id).or_default().insert(version.clone());
                self.add_dependencies(&version, dependencies, around);
            }
            Dependencies::Available(dependencies) => {
                *around.decisions += 1;
                self.added.entry(id).or_default().insert(version.clone());
                let conflicts = &around.world.problem.conflicts;
                let mut forks =
                    fork::fork(dependencies, &self.environment, &self.python, conflicts);
                if forks.len() > 1 {
                    around.world.sort_forks(&mut forks);
                    let action = |fork| ForkAction::Dependencies(fork, version.clone());
                    return Some(Halt::Forked(forks.into_iter().map(action).collect()));
                }
                let dependencies = forks
                    .pop()
                    .map(|fork| fork.dependencies)
                    .unwrap_or_default();
                self.add_dependencies(&version, dependencies, around);
            }
        }
        None
    }

    fn dependencies(
        &self,
        node: &Node,
        version: &Version,
        around: &mut Surroundings<'_>,
    ) -> Dependencies {
        match node {
            Node::Root => {
                let expander = self.expander(around.world);
                let demands = expander.expand(&around.world.requirements, Context::Root);
                lower(&demands, None, around.world)
            }
            Node::Python => Dependencies::Unforkable(Vec::new()),
            Node::Package { name, kind, .. } => {
                self.package_dependencies(name, kind, version, around)
            }
            Node::Marker { name, marker } => {
                proxied(name, version, &[Kind::Base], [Marker::TRUE, *marker])
            }
            Node::Extra {
                name,
                extra,
                marker,
            } => {
                let kinds = [Kind::Base, Kind::Extra(extra.clone())];
                proxied(name, version, &kinds, [Marker::TRUE, *marker])
            }
            Node::Group {
                name,
                group,
                marker,
            } => {
                let kinds = [Kind::Group(group.clone())];
                proxied(name, version, &kinds, [Marker::TRUE, *marker])
            }
        }
    }

    fn expander<'a>(&'a self, world: &'a World) -> Expander<'a> {
        Expander {
            modifiers: &world.modifiers,
            environment: &self.environment,
            python: self.python.marker,
        }
    }

    fn package_dependencies(
        &self,
        name: &PackageName,
        kind: &Kind,
        version: &Version,
        around: &mut Surroundings<'_>,
    ) -> Dependencies {
        let context = match kind {
            Kind::Base => Context::Package { name, version },
            Kind::Extra(extra) => Context::Extra {
                name,
                version,
                extra,
            },
            Kind::Group(_) => Context::Group,
        };
        let parent = matches!(kind, Kind::Base).then_some(name);
        if let Some(source) = around.world.direct(name, &self.environment) {
            let Some(local) = around.world.local(name, source) else {
                return Dependencies::Available(Vec::new());
            };
            let none: &[Demand] = &[];
            let demands = match kind {
                Kind::Base | Kind::Extra(_) => &*local.requires,
                Kind::Group(group) => local.group(group).unwrap_or(none),
            };
            let demands = self.expander(around.world).expand(demands, context);
            return lower(&demands, parent, around.world);
        }
        let Some(pin) = self.pins.get(&(name.clone(), version.clone())) else {
            debug_assert!(false, "{name} {version} was chosen without being pinned");
            return Dependencies::Failed(ResolveError::Engine);
        };
        let facts = match around.world.facts(&pin.query) {
            Facts::Missing(query) => return Dependencies::Missing(vec![query]),
            Facts::Gone(reason) => return Dependencies::Gone(reason),
            Facts::NeedsBuild(reason) => {
                return Dependencies::Failed(ResolveError::needs_build(&pin.query, reason));
            }
            Facts::Known(facts) => facts,
        };
        if let Some(requires_python) = &facts.requires_python
            && !self.python.is_supported_by(requires_python)
        {
            return Dependencies::NeedsPython(requires_python.clone());
        }
        let demands: &[Demand] = if matches!(kind, Kind::Group(_)) {
            &[]
        } else {
            &facts.requires
        };
        let demands = self.expander(around.world).expand(demands, context);
        lower(&demands, parent, around.world)
    }

    /// Registers and adds the dependencies of the node at hand.
    fn add_dependencies(
        &mut self,
        version: &Version,
        dependencies: Vec<Dependency>,
        around: &mut Surroundings<'_>,
    ) {
        for dependency in &dependencies {
            self.discover(dependency, around);
        }
        for dependency in &dependencies {
            if let Some(base) = dependency.node.proxied_base() {
                let proxy = self.engine.package_store.alloc(dependency.node.clone());
                let base = self.engine.package_store.alloc(base);
                // The proxy and its project share the range, so that conflicts reject the whole
                // range instead of one proxied version after the other.
                let range = dependency.range.clone();
                self.engine
                    .add_dependency(proxy, range.clone(), (base, range));
            }
        }
        let versions = self.widen(version, around.world);
        let conflict = self.engine.add_package_version_dependencies(
            self.next,
            version.clone(),
            versions,
            dependencies
                .into_iter()
                .map(|dependency| (dependency.node, dependency.range)),
        );
        if let Some(conflict) = conflict {
            self.record_conflict(self.next, &conflict);
        }
    }

    fn discover(&mut self, dependency: &Dependency, around: &mut Surroundings<'_>) {
        let Some(name) = dependency.node.name() else {
            return;
        };
        let index = dependency.index.clone().or_else(|| {
            around
                .world
                .explicit_index(name, &self.environment)
                .cloned()
        });
        if let Some(index) = index {
            self.indexes.entry(name.clone()).or_insert(index);
        }
        let is_direct =
            dependency.is_direct || around.world.direct(name, &self.environment).is_some();
        self.priorities
            .discover(&dependency.node, &dependency.range, is_direct);
        if let Some(base) = dependency.node.proxied_base() {
            self.priorities
                .discover(&base, &dependency.range, is_direct);
        }
        if !is_direct {
            let index = self.indexes.get(name).cloned();
            around.lookahead.watch(dependency, index, &self.environment);
        }
    }

    fn widen(&mut self, version: &Version, world: &mut World) -> VersionRange {
        let node = &self.engine.package_store[self.next];
        let Some(name) = node
            .name()
            .filter(|name| world.direct(name, &self.environment).is_none())
            .cloned()
        else {
            return range::widen(version, None);
        };
        if !self.known.contains_key(&name) {
            let Found::Maps(maps) = world.maps(&name, self.indexes.get(&name)) else {
                return range::widen(version, None);
            };
            let mut versions: Vec<Version> = maps
                .iter()
                .flat_map(|map| map.versions().cloned())
                .collect();
            versions.sort_unstable();
            versions.dedup();
            self.known.insert(name.clone(), versions.into());
        }
        range::widen(version, self.known.get(&name).map(|known| &**known))
    }

    fn add_unusable(&mut self, version: Version, reason: Unusable, world: &mut World) {
        let versions = self.widen(&version, world);
        if let Unusable::RequiresPython(requires_python) = &reason {
            let python = self.engine.package_store.alloc(Node::Python);
            let range = requires_python.range().clone();
            self.engine
                .add_dependency(self.next, versions, (python, range));
            self.engine
                .partial_solution
                .add_decision(self.next, version);
            return;
        }
        self.engine
            .add_unavailable(self.next, versions, Reason::Version(Gone::Unusable(reason)));
    }

    fn record_conflict(&mut self, affected: Id<Node>, conflict: &ConflictId<Engine>) {
        let store = &self.engine.package_store;
        let mut has_culprit = false;
        for culprit in self.engine.conflict_packages(conflict) {
            // A proxy repeats what its project must do: no conflict of two.
            if culprit == affected || store[affected].name() == store[culprit].name() {
                continue;
            }
            has_culprit = true;
            let count = self.tracker.culprits.entry(culprit).or_default();
            *count += 1;
            if *count == CONFLICT_THRESHOLD {
                self.tracker.later.push(culprit);
            }
        }
        if has_culprit {
            let count = self.tracker.affected.entry(self.next).or_default();
            *count += 1;
            if *count == CONFLICT_THRESHOLD {
                self.tracker.earlier.push(self.next);
            }
        }
    }

    fn reprioritize(&mut self) {
        for id in std::mem::take(&mut self.tracker.earlier) {
            self.priorities.decide_early(&self.engine.package_store[id]);
        }
        for id in std::mem::take(&mut self.tracker.later) {
            if self.priorities.decide_late(&self.engine.package_store[id]) {
                self.engine.backtrack_package(id);
            }
        }
    }

    /// The number of nodes decided so far.
    pub(crate) fn decided(&self) -> usize {
        self.engine.partial_solution.extract_solution().count()
    }

    /// The index a project is pinned to in this fork.
    pub(crate) fn pinned_index(&self, name: &PackageName) -> Option<&IndexUrl> {
        self.indexes.get(name)
    }
}

/// The one version a source has, if it is in range.
fn choose_direct(
    name: &PackageName,
    source: &Source,
    range: &VersionRange,
    world: &World,
) -> Chosen {
    match world.local(name, source) {
        Some(local) if range.contains(&local.version) => Chosen::Version(local.version.clone()),
        _ => Chosen::None,
    }
}

/// The version of the root; any will do.
fn root_version() -> Version {
    Version::new([0])
}

/// `< upper` of the fork's Pythons, if they end somewhere.
fn upper_marker(python: &PythonTarget) -> Option<Marker> {
    let upper = python.bounds.upper.clone();
    if matches!(upper, std::ops::Bound::Unbounded) {
        return None;
    }
    let bounds = packaging::PythonBounds {
        lower: std::ops::Bound::Unbounded,
        upper,
    };
    Some(bounds.to_marker())
}

/// What a proxy depends on: the same version with and without its condition.
fn proxied(
    name: &PackageName,
    version: &Version,
    kinds: &[Kind],
    markers: [Marker; 2],
) -> Dependencies {
    let markers = if markers[0] == markers[1] {
        &markers[..1]
    } else {
        &markers[..]
    };
    let dependency = |marker: Marker, kind: &Kind| Dependency {
        node: Node::Package {
            name: name.clone(),
            kind: kind.clone(),
            marker,
        },
        range: VersionRange::singleton(version.clone()),
        parent: None,
        index: None,
        is_direct: false,
    };
    Dependencies::Unforkable(
        markers
            .iter()
            .flat_map(|marker| kinds.iter().map(move |kind| (marker, kind)))
            .map(|(marker, kind)| dependency(*marker, kind))
            .collect(),
    )
}

/// Requirements as dependencies of the engine.
fn lower(demands: &[Demand], parent: Option<&PackageName>, world: &World) -> Dependencies {
    let mut dependencies = Vec::with_capacity(demands.len());
    for demand in demands {
        if demand.is_unsatisfiable() {
            let name = demand.name.clone();
            let specifiers = packaging::version::specifiers_text(&demand.specifiers);
            return Dependencies::Gone(Gone::UnsatisfiableRequirement { name, specifiers });
        }
        for kind in kinds(demand, world) {
            let is_proxy_of_kind = !matches!(kind, Kind::Base);
            let node = Node::wanted(demand.name.clone(), kind, demand.marker);
            dependencies.push(Dependency {
                node,
                range: demand.range.clone(),
                parent: if is_proxy_of_kind {
                    None
                } else {
                    parent.cloned()
                },
                index: None,
                is_direct: matches!(demand.origin, Origin::Direct(_)),
            });
        }
    }
    Dependencies::Available(dependencies)
}

/// The extras and groups a requirement asks for; the project itself beside them only where one of
/// them is a side of a conflict, so that the fork without it still reaches the project.
fn kinds(demand: &Demand, world: &World) -> Vec<Kind> {
    let is_side = |kind: ConflictKind| {
        world
            .problem
            .conflicts
            .iter()
            .flatten()
            .any(|item| item.package == demand.name && item.kind == kind)
    };
    let (kinds, has_side): (Vec<Kind>, bool) = if !demand.extras.is_empty() {
        (
            demand.extras.iter().cloned().map(Kind::Extra).collect(),
            demand
                .extras
                .iter()
                .any(|extra| is_side(ConflictKind::Extra(extra.clone()))),
        )
    } else if !demand.groups.is_empty() {
        let is_side = |group: &GroupName| is_side(ConflictKind::Group(group.clone()));
        (
            demand.groups.iter().cloned().map(Kind::Group).collect(),
            demand.groups.iter().any(is_side),
        )
    } else {
        return vec![Kind::Base];
    };
    let base = has_side.then_some(Kind::Base);
    base.into_iter().chain(kinds).collect()
}
