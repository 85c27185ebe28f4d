//! One fork: propagate, pick, choose, depend; or pause when a fact is missing (uv.md §2.5).

mod blame;
mod choose;
mod depend;
mod part;
mod weigh;

use std::sync::Arc;

use index::{MetadataQuery, Query};
use lock::Source;
use packaging::{IndexUrl, Marker, PackageName, RequiresPython, Version, VersionRange};
use pubgrub::{Id, State};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::environment::ForkEnvironment;
use crate::explain::{Gone, Reason, Tree, Unusable};
use crate::fork::{self, Fork};
use crate::lookahead::Lookahead;
use crate::manner::{Coverage, Manner, Splits};
use crate::node::{Engine, Node};
use crate::preference::Preferences;
use crate::priority::{Priorities, Rank, Weight};
use crate::python::{PythonTarget, open_ended};
use crate::resolver::ResolveError;
use crate::version_map::VersionMap;
use crate::world::{Edge, World, is_same_place};
use blame::ConflictTracker;
use depend::Dependencies;
pub(crate) use part::Part;

/// What happens next in a fork.
#[derive(Clone, Debug, Default)]
pub(crate) enum Continuation {
    /// Propagate, then pick a node.
    #[default]
    Propagate,
    /// Pick a node.
    Pick,
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
    /// `requires-python` by the index, where that has not been looked at yet.
    pub(crate) requires_python: Option<Arc<RequiresPython>>,
}

/// A dependency that was left out since nobody seemed to need it.
#[derive(Clone, Debug)]
struct Dropped {
    asker: Id<Node>,
    version: Version,
    marker: Marker,
    edge: Edge,
}

/// The state of one fork.
#[derive(Clone)]
pub(crate) struct ForkState {
    pub(crate) engine: State<Engine>,
    pub(crate) environment: ForkEnvironment,
    pub(crate) python: PythonTarget,
    /// What makes the fork, where it is a part of the world that is resolved on its own.
    pub(crate) words: Marker,
    pub(crate) pins: FxHashMap<(PackageName, Version), Arc<Pin>>,
    continuation: Continuation,
    next: Id<Node>,
    indexes: FxHashMap<PackageName, IndexUrl>,
    /// The sources that requirements heard of in this fork name.
    sources: FxHashMap<PackageName, Source>,
    priorities: Priorities,
    added: FxHashMap<Id<Node>, FxHashSet<Version>>,
    selected: FxHashMap<Id<Node>, (VersionRange, Version)>,
    known: FxHashMap<PackageName, Arc<[Arc<VersionMap>]>>,
    tracker: ConflictTracker,
    tried: FxHashMap<PackageName, u32>,
    learns_from_conflicts: bool,
    weighs: bool,
    /// Nodes that something depends on; only where they are weighed.
    heard_of: Vec<Id<Node>>,
    dropped: Vec<Dropped>,
    /// What they weigh, for the versions that were possible.
    weights: FxHashMap<Id<Node>, (VersionRange, Weight)>,
    /// What was found wrong while dependencies were added; ends the next turn.
    failure: Option<ResolveError>,
}

/// A fork that waits for its turn, sharing its parent's state until then.
pub(crate) struct PendingFork {
    pub(crate) state: Arc<ForkState>,
    pub(crate) action: ForkAction,
}

/// What makes the waiting fork differ from its parent.
pub(crate) enum ForkAction {
    Initial,
    /// From the start, in this environment.
    Afresh(Part),
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
    /// It is given up for several, each from the start; the first is next.
    Parted(Vec<Part>),
    /// There is no solution.
    Stuck(Box<Tree>),
    /// It cannot go on.
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
    pub(crate) fn new(python: PythonTarget, manner: &Manner) -> Self {
        let engine: State<Engine> = State::init(Node::Root, root_version());
        Self {
            next: engine.root_package,
            engine,
            environment: ForkEnvironment::default(),
            python,
            words: Marker::TRUE,
            pins: FxHashMap::default(),
            continuation: Continuation::Propagate,
            indexes: FxHashMap::default(),
            sources: FxHashMap::default(),
            failure: None,
            priorities: Priorities::default(),
            added: FxHashMap::default(),
            selected: FxHashMap::default(),
            known: FxHashMap::default(),
            tracker: ConflictTracker::default(),
            tried: FxHashMap::default(),
            learns_from_conflicts: manner.learns_from_conflicts,
            weighs: manner.weighs,
            heard_of: Vec::new(),
            dropped: Vec::new(),
            weights: FxHashMap::default(),
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
            ForkAction::Afresh(part) => {
                self.words = part.words;
                self.set_environment(part.environment);
            }
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
            if let Some(error) = self.failure.take() {
                return Halt::Failed(error);
            }
            let (id, version) = match std::mem::take(&mut self.continuation) {
                Continuation::Select(id) => (id, None),
                Continuation::Use(id, version) => (id, Some(version)),
                Continuation::Propagate => {
                    if let Err(tree) = self.propagate() {
                        return Halt::Stuck(tree);
                    }
                    self.continuation = Continuation::Pick;
                    continue;
                }
                Continuation::Pick => match self.pick(around) {
                    Ok(Some(id)) => (id, None),
                    Ok(None) => return self.solved(around),
                    Err(queries) => {
                        self.continuation = Continuation::Pick;
                        return Halt::Missing(queries);
                    }
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

    /// The end, unless something was left out that is needed: then everything begins again.
    fn solved(&self, around: &mut Surroundings<'_>) -> Halt {
        match self.missed() {
            Some(edge) => {
                around.world.kept.insert(edge);
                Halt::Parted(vec![Part {
                    environment: self.environment.clone(),
                    words: self.words,
                }])
            }
            None => Halt::Solved,
        }
    }

    fn propagate(&mut self) -> Result<(), Box<Tree>> {
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
        Ok(())
    }

    fn pick(&mut self, around: &mut Surroundings<'_>) -> Result<Option<Id<Node>>, Vec<Query>> {
        if self.weighs {
            self.weigh(around)?;
        }
        let (engine, priorities) = (&mut self.engine, &self.priorities);
        let (store, weights) = (&engine.package_store, &self.weights);
        let picked = engine.partial_solution.pick_highest_priority_pkg(|id, _| {
            let node = &store[id];
            match weights.get(&id) {
                Some((_, weight)) => Rank::Weight(*weight, priorities.discovery(node)),
                None => priorities.rank(node),
            }
        });
        Ok(picked.map(|(id, _)| id))
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
            Dependencies::Parted(markers) => {
                let parts = markers.into_iter().map(|marker| self.part(marker));
                return Some(Halt::Parted(parts.collect()));
            }
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
                if around.world.problem.manner.splits != Splits::Diverging {
                    let needed = self.needed(id, &version, dependencies, around.world);
                    self.add_dependencies(&version, needed, around);
                    return None;
                }
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

    /// Whether a distribution supports the Pythons that count here.
    fn supports(&self, id: Id<Node>, requires_python: &RequiresPython, manner: &Manner) -> bool {
        match manner.coverage {
            Coverage::Oldest => self.python.is_supported_by(requires_python),
            Coverage::All | Coverage::AllOfPython3 => {
                let open;
                let requires_python = match manner.coverage {
                    Coverage::AllOfPython3 => {
                        open = RequiresPython::from_range(open_ended(requires_python.range()));
                        &open
                    }
                    _ => requires_python,
                };
                let here = self.environment.marker;
                self.python.is_covered_by(requires_python, here)
                    || self
                        .python
                        .is_covered_by(requires_python, here.and(self.present_reach(id)))
            }
        }
    }

    /// The number of nodes decided so far.
    pub(crate) fn decided(&self) -> usize {
        self.engine.partial_solution.extract_solution().count()
    }

    /// Where a project comes from in this fork, if not from an index: what a requirement heard of
    /// here says, spelled as the last does that counts here.
    pub(crate) fn direct<'a>(&'a self, name: &PackageName, world: &'a World) -> Option<&'a Source> {
        match self.sources.get(name) {
            // Members come from the workspace, whoever requires them.
            None if world.problem.members.contains(name) => world.direct(name, &self.environment),
            None => None,
            Some(source) => {
                let known = world.direct_sources(name, &self.environment);
                let same = known.filter(|known| is_same_place(known, source));
                Some(same.reduce(later).unwrap_or(source))
            }
        }
    }

    /// The index a project is pinned to in this fork.
    pub(crate) fn pinned_index(&self, name: &PackageName) -> Option<&IndexUrl> {
        self.indexes.get(name)
    }
}

/// Of two spellings of one source the later counts, but a folder that is installed in place stays so.
fn later<'a>(one: &'a Source, other: &'a Source) -> &'a Source {
    match (one, other) {
        (Source::Editable(_), Source::Directory(_)) => one,
        _ => other,
    }
}

/// The version of the root; any will do.
fn root_version() -> Version {
    Version::new([0])
}
