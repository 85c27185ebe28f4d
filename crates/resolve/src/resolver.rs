//! The conversation: steps that end in a question, and answers that are learned.

use std::sync::Arc;

use diagnostic::{Diagnose, Diagnostic};
use index::{Answer, Index, MetadataQuery, Query, Unverified};
use packaging::{IndexUrl, PackageName, Version};
use pubgrub::IncompatibilityArena;
use rustc_hash::FxHashSet;

use crate::Problem;
use crate::environment::{ForkEnvironment, Rule};
use crate::explain::Conflict;
use crate::fork::compare_python;
use crate::lookahead::Lookahead;
use crate::manner::{Coverage, Splits};
use crate::needs_build;
use crate::node::Engine;
use crate::preference::{Preferences, Voice};
use crate::python::PythonTarget;
use crate::resolution::{Merge, Resolution};
use crate::rounds::{Rounds, Turn};
use crate::solve::{ForkAction, ForkState, Halt, Part, PendingFork, Surroundings};
use crate::world::World;

/// Where a resolution stands after a step.
#[derive(Debug)]
pub enum Step {
    /// It cannot go on without these; each is named once. Where answers take a while, what
    /// [`Resolver::ahead`] names is best asked along.
    Ask(Vec<Query>),
    /// What was asked before has to be answered first.
    Wait,
    /// Solved.
    Done(Box<Resolution>),
    /// There is no solution.
    Stuck(Box<Conflict>),
    /// It cannot go on.
    Failed(ResolveError),
}

/// Why a resolution cannot go on, although there may be a solution.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ResolveError {
    /// Only building a source distribution could tell its metadata.
    #[error("`{name}` {version} can only be read by building `{filename}`: {reason}")]
    NeedsBuild {
        /// The project.
        name: PackageName,
        /// The version.
        version: Version,
        /// The source distribution.
        filename: Arc<str>,
        /// What it does not say by itself.
        reason: String,
        /// What it says of its requirements without vouching for it.
        told: Option<Box<Unverified>>,
        /// Who requires it, from one of the user's own projects or requirements down to it.
        chain: Vec<PackageName>,
    },
    /// A file that an index lists cannot be had.
    #[error("the metadata of `{name}` {version} cannot be read from `{filename}`: {reason}")]
    Withheld {
        /// The project.
        name: PackageName,
        /// The version.
        version: Version,
        /// The file.
        filename: Arc<str>,
        /// What the index answered.
        reason: &'static str,
    },
    /// Requirements that hold together name different indexes for one project.
    #[error(
        "`{name}` is bound to two indexes{}: {one} and {other}",
        fork.as_ref().map(|fork| format!(" in {fork}")).unwrap_or_default()
    )]
    ConflictingIndexes {
        /// The project.
        name: PackageName,
        /// One index.
        one: IndexUrl,
        /// The other.
        other: IndexUrl,
        /// The fork where they meet.
        fork: Option<String>,
    },
    /// Requirements that hold together name different sources for one project.
    #[error(
        "`{name}` is required from two sources{}: {}",
        fork.as_ref().map(|fork| format!(" in {fork}")).unwrap_or_default(),
        places.join(" and ")
    )]
    ConflictingSources {
        /// The project.
        name: PackageName,
        /// The sources.
        places: Vec<String>,
        /// The fork where they meet.
        fork: Option<String>,
    },
    /// A release of an index says where another project comes from, which it may not.
    #[error("`{asker}` {version} requires `{name}` from {place}")]
    SourceOfRelease {
        /// The project that is required.
        name: PackageName,
        /// Where from.
        place: String,
        /// Who requires it.
        asker: PackageName,
        /// In which version.
        version: Version,
    },
    /// An invariant of the engine does not hold: a bug here.
    #[error("the solver lost track of a node; please report this")]
    Engine,
    /// The resolution is over already.
    #[error("the resolution is over already")]
    Over,
}

impl ResolveError {
    pub(crate) fn needs_build(
        query: &MetadataQuery,
        reason: String,
        told: Option<Box<Unverified>>,
        chain: Vec<PackageName>,
    ) -> Self {
        Self::NeedsBuild {
            name: query.name.clone(),
            version: query.version.clone(),
            filename: query.filename.clone(),
            reason,
            told,
            chain,
        }
    }
}

impl Diagnose for ResolveError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::NeedsBuild {
                name,
                version,
                told,
                chain,
                ..
            } => {
                let error = Diagnostic::error("resolve/needs-build", self);
                needs_build::advise(error, (name, version), told.as_deref(), chain)
            }
            Self::Withheld { .. } => Diagnostic::error("index/file-withheld", self),
            Self::ConflictingIndexes { .. } => {
                Diagnostic::error("resolve/conflicting-indexes", self).help(
                    "limit the sources by markers that exclude each other, or declare the extras or groups as `tool.uv.conflicts`",
                )
            }
            Self::ConflictingSources { .. } => {
                Diagnostic::error("resolve/conflicting-sources", self).help(
                    "limit the sources by markers that exclude each other, or declare the extras or groups as `tool.uv.conflicts`",
                )
            }
            Self::SourceOfRelease { name, place, .. } => {
                Diagnostic::error("resolve/source-of-release", self)
                    .help(format!(
                        "only the project itself may name sources: require `{name} @ {place}`, or bound it so in `constraint-dependencies`"
                    ))
            }
            Self::Engine | Self::Over => Diagnostic::error("resolve/internal", self),
        }
    }
}

/// What a resolution took.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Statistics {
    /// Forks solved.
    pub forks: usize,
    /// Versions whose requirements were added, over all forks.
    pub decisions: usize,
}

/// How far a resolution is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// Projects heard of.
    pub found: usize,
    /// Nodes decided in the present fork.
    pub decided: usize,
    /// Forks solved.
    pub forks: usize,
}

/// Resolves a problem, step by step.
pub struct Resolver {
    world: World,
    preferences: Preferences,
    lookahead: Lookahead,
    asked: FxHashSet<Query>,
    pending: Vec<PendingFork>,
    active: Option<ForkState>,
    /// What every fork begins with.
    fresh: Arc<ForkState>,
    arena: Option<IncompatibilityArena<Engine>>,
    merge: Merge,
    /// What chooses versions beforehand, while it does.
    rounds: Option<Rounds>,
    statistics: Statistics,
    is_over: bool,
}

impl Resolver {
    /// Prepares a resolution; nothing is asked before the first step.
    #[must_use]
    pub fn new(problem: Problem) -> Self {
        let preferences = Preferences::new(&problem.preferences);
        let mut python = PythonTarget::new(problem.requires_python.bounds().clone());
        if problem.manner.coverage != Coverage::Oldest {
            python = python.with_gaps(problem.requires_python.range());
        }
        let rounds = problem.manner.plays_rounds.then(|| {
            let range = problem.requires_python.range().clone();
            Rounds::new(python.clone(), range)
        });
        let world = World::new(problem);
        let mut state = ForkState::new(python, &world.problem.manner);
        let arena = state.engine.take_incompatibility_arena();
        let fresh = Arc::new(state);
        let pending = initial_forks(&fresh, &world);
        Self {
            world,
            preferences,
            lookahead: Lookahead::default(),
            asked: FxHashSet::default(),
            pending,
            active: None,
            fresh,
            arena: Some(arena),
            merge: Merge::default(),
            rounds,
            statistics: Statistics::default(),
            is_over: false,
        }
    }

    /// The same with what another resolution has heard.
    #[must_use]
    pub fn knowing(mut self, index: Index) -> Self {
        self.world.index = index;
        self
    }

    /// Everything heard so far, for another resolution.
    #[must_use]
    pub fn into_index(self) -> Index {
        self.world.index
    }

    /// Takes an answer in. What was not asked, or is known already, changes nothing.
    pub fn learn(&mut self, query: Query, answer: Answer) {
        self.lookahead.learned(&query);
        let answer = self.world.believed(&query, answer);
        self.world.index.learn(query, answer);
    }

    /// Goes on as far as what is known allows.
    pub fn step(&mut self) -> Step {
        if self.is_over {
            return Step::Failed(ResolveError::Over);
        }
        if let Some(rounds) = &mut self.rounds {
            match rounds.run(&mut self.world) {
                Turn::Missing(queries) => return self.ask(queries),
                Turn::Chosen(versions) => self.world.chosen = versions.into_iter().collect(),
                Turn::Nothing => {}
            }
            self.rounds = None;
        }
        loop {
            let mut state = match self.active.take() {
                Some(state) => state,
                None => match self.next_fork() {
                    Ok(state) => state,
                    Err(step) => return *step,
                },
            };
            match state.run(&mut self.surroundings()) {
                Halt::Missing(queries) => {
                    self.active = Some(state);
                    return self.ask(queries);
                }
                Halt::Solved => self.finish(state),
                Halt::Forked(actions) => self.suspend(state, actions),
                Halt::Parted(parts) => self.begin_afresh(state, parts),
                Halt::Stuck(tree) => {
                    if let Some(parts) = state.parts_of_conflict(&tree, &self.world) {
                        self.begin_afresh(state, parts);
                        continue;
                    }
                    self.is_over = true;
                    return Step::Stuck(Box::new(Conflict::new(*tree, &state, &mut self.world)));
                }
                Halt::Failed(error) => {
                    self.is_over = true;
                    return Step::Failed(error);
                }
            }
        }
    }

    /// How far the resolution is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            found: self.lookahead.found(),
            decided: self.active.as_ref().map_or(0, ForkState::decided),
            forks: self.statistics.forks,
        }
    }

    /// What the resolution took so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn surroundings(&mut self) -> Surroundings<'_> {
        Surroundings {
            world: &mut self.world,
            preferences: &self.preferences,
            lookahead: &mut self.lookahead,
            decisions: &mut self.statistics.decisions,
        }
    }

    /// What will clearly be wanted soon, as far as nobody was asked for it yet.
    ///
    /// Only speed depends on it: somebody who answers at once need not be asked for more than a
    /// step needs.
    pub fn ahead(&mut self) -> Vec<Query> {
        let ahead = self.lookahead.wants(&mut self.world, &self.preferences);
        self.unasked(ahead)
    }

    fn ask(&mut self, needed: Vec<Query>) -> Step {
        let queries = self.unasked(needed);
        if queries.is_empty() {
            Step::Wait
        } else {
            Step::Ask(queries)
        }
    }

    fn unasked(&mut self, queries: Vec<Query>) -> Vec<Query> {
        queries
            .into_iter()
            .filter(|query| !self.world.index.knows(query) && self.asked.insert(query.clone()))
            .collect()
    }

    /// Takes the next fork from the stack, or ends the resolution.
    fn next_fork(&mut self) -> Result<ForkState, Box<Step>> {
        let Some(PendingFork { state, action }) = self.pending.pop() else {
            self.is_over = true;
            let merge = std::mem::take(&mut self.merge);
            let resolution = merge.into_resolution(&mut self.world);
            return Err(Box::new(Step::Done(Box::new(resolution))));
        };
        let mut state = Arc::unwrap_or_clone(state);
        let arena = self.arena.take().unwrap_or_default();
        state.engine.restore_incompatibility_arena(arena);
        state.take_up(action, &mut self.surroundings());
        Ok(state)
    }

    fn suspend(&mut self, mut state: ForkState, actions: Vec<ForkAction>) {
        self.arena = Some(state.engine.take_incompatibility_arena());
        let state = Arc::new(state);
        self.pending
            .extend(actions.into_iter().map(|action| PendingFork {
                state: state.clone(),
                action,
            }));
    }

    /// Gives a fork up for several that start again.
    fn begin_afresh(&mut self, mut state: ForkState, parts: Vec<Part>) {
        let mut arena = state.engine.take_incompatibility_arena();
        arena.rewind_to(&self.fresh.engine);
        self.arena = Some(arena);
        let pending = |part| PendingFork {
            state: self.fresh.clone(),
            action: ForkAction::Afresh(part),
        };
        self.pending.extend(parts.into_iter().rev().map(pending));
    }

    fn finish(&mut self, mut state: ForkState) {
        self.statistics.forks += 1;
        let chosen = self.merge.add(&state, &self.world);
        // Parts that are resolved on their own know nothing of each other.
        if self.world.problem.manner.splits == Splits::Diverging
            && self.world.selector.resolution != lock::ResolutionMode::LowestDirect
        {
            let marker = state.environment.combined();
            for (name, version, index) in chosen {
                self.preferences
                    .insert(&name, version, index, marker, Voice::Sibling);
            }
        }
        let mut arena = state.engine.take_incompatibility_arena();
        if let Some(next) = self.pending.last() {
            arena.rewind_to(&next.state.engine);
        }
        self.arena = Some(arena);
    }
}

/// The forks to begin with: those of an existing lock, or the environments the user named.
fn initial_forks(fresh: &Arc<ForkState>, world: &World) -> Vec<PendingFork> {
    let problem = &world.problem;
    let markers = problem.forks.as_ref().unwrap_or(&problem.environments);
    if markers.is_empty() {
        return vec![PendingFork {
            state: fresh.clone(),
            action: ForkAction::Initial,
        }];
    }
    let mut states: Vec<ForkState> = markers
        .iter()
        .rev()
        .filter_map(|marker| {
            let rules = conflict_rules(*marker, world);
            let environment = ForkEnvironment::default().with_rules(rules)?;
            let mut state = (**fresh).clone();
            state.set_environment(environment.narrow(marker.without_extras()));
            Some(state)
        })
        .collect();
    if world.prefers_old_pythons() {
        states
            .sort_by(|left, right| compare_python(&left.environment, &right.environment).reverse());
    } else {
        states.sort_by(|left, right| compare_python(&left.environment, &right.environment));
    }
    let pending = |state| PendingFork {
        state: Arc::new(state),
        action: ForkAction::Initial,
    };
    states.into_iter().map(pending).collect()
}

/// The sides of conflicts that a fork's marker switches on and off.
fn conflict_rules(marker: packaging::Marker, world: &World) -> Vec<Rule> {
    let mut rules = Vec::new();
    let items: Vec<_> = world.problem.conflicts.iter().flatten().collect();
    marker.only_extras().visit_extras(&mut |extra, is_wanted| {
        let item = items
            .iter()
            .find(|item| crate::environment::conflict_extra(item) == extra);
        if let Some(item) = item {
            let item = (**item).clone();
            rules.push(if is_wanted {
                Rule::Include(item)
            } else {
                Rule::Exclude(item)
            });
        }
    });
    rules
}
