//! The versions pdm would choose: rounds of pinning and jumping back, as resolvelib 1.2.1 makes
//! them with pdm 2.29.3's preferences.
//!
//! Only versions come out. The engine resolves with them at hand, so that the graph, its
//! conditions and the explanation of conflicts are made in one way for everybody.

mod candidates;
mod jump;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use index::Query;
use packaging::{ExtraName, PackageName, Version, VersionRange};

use crate::demand::{Demand, Origin};
use crate::environment::ForkEnvironment;
use crate::python::PythonTarget;
use crate::world::World;
use candidates::Candidate;

/// No resolution takes more rounds than this.
const ROUNDS: usize = 4000;
/// How often a project stands in the way before it is decided earlier.
const OFTEN: usize = 5;
/// The part of all rounds that jumps may skip over what seems to have no share in a conflict.
const OPTIMISTIC: f64 = 0.1;

/// A project with some of its extras.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    name: PackageName,
    extras: Vec<ExtraName>,
}

impl Key {
    fn of(demand: &Demand) -> Self {
        let extras: BTreeSet<ExtraName> = demand.extras.iter().cloned().collect();
        Self {
            name: demand.name.clone(),
            extras: extras.into_iter().collect(),
        }
    }

    fn base(&self) -> Self {
        Self {
            name: self.name.clone(),
            extras: Vec::new(),
        }
    }

    /// `name` or `name[extra,other]`.
    fn text(&self) -> String {
        if self.extras.is_empty() {
            return self.name.to_string();
        }
        let extras: Vec<&str> = self.extras.iter().map(ExtraName::as_str).collect();
        format!("{}[{}]", self.name, extras.join(","))
    }
}

/// A requirement, and the Pythons for which it counts.
#[derive(Clone, Debug)]
struct Wish {
    demand: Arc<Demand>,
    python: VersionRange,
}

impl Wish {
    fn is_direct(&self) -> bool {
        matches!(self.demand.origin, Origin::Direct(_))
    }

    /// The smallest is the one that candidates are looked for with.
    fn preference(&self) -> (bool, bool, bool, Reverse<usize>) {
        (
            !self.is_direct(),
            self.demand.pinned().is_none(),
            !self.demand.names_prerelease(),
            Reverse(self.demand.specifiers.len()),
        )
    }
}

/// Who wants something; nobody is the root.
#[derive(Clone, Debug)]
struct Information {
    wish: Wish,
    parent: Option<Key>,
}

/// What is known of a key.
#[derive(Clone, Debug, Default)]
struct Criterion {
    information: Vec<Information>,
    /// What candidates are looked for with. It stays when parents are forgotten.
    wishes: Vec<Wish>,
    incompatible: Vec<Version>,
    /// Whether it comes from elsewhere than an index: then there is one version, and it will do.
    is_fixed: bool,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// Pins, in the order they were made.
    mapping: Vec<(Key, Version)>,
    criteria: BTreeMap<Key, Arc<Criterion>>,
    causes: Vec<Information>,
}

impl State {
    fn pinned(&self, key: &Key) -> Option<&Version> {
        let mut all = self.mapping.iter();
        all.find(|(known, _)| known == key)
            .map(|(_, version)| version)
    }

    /// Whether the present pin is as everybody wants it.
    fn is_satisfied(&self, key: &Key, criterion: &Criterion) -> bool {
        self.pinned(key).is_some_and(|version| {
            let mut all = criterion.information.iter();
            criterion.is_fixed || all.all(|one| accepts(&one.wish, version))
        })
    }
}

fn accepts(wish: &Wish, version: &Version) -> bool {
    wish.is_direct() || wish.demand.range.contains(version)
}

/// What came of the rounds so far.
pub(crate) enum Turn {
    /// Facts are missing.
    Missing(Vec<Query>),
    /// The versions.
    Chosen(Vec<(PackageName, Version)>),
    /// There are none, or they are too hard to find.
    Nothing,
}

/// Something has to be asked first.
struct Missing(Vec<Query>);

/// The rounds of one resolution.
pub(crate) struct Rounds {
    states: Vec<State>,
    saved: Option<Vec<State>>,
    /// Whether jumps may skip over what seems to have no share in a conflict.
    is_optimistic: bool,
    /// The round at which rash jumps come to their end.
    cutoff: Option<usize>,
    round: usize,
    conflicts: BTreeMap<Key, usize>,
    promoted: BTreeSet<Key>,
    /// Keys whose first candidates are known, as they stood then.
    looked: BTreeMap<Key, Arc<Criterion>>,
    python: PythonTarget,
    /// The Pythons of the target, holes and all.
    range: VersionRange,
    environment: ForkEnvironment,
}

impl Rounds {
    pub(crate) fn new(python: PythonTarget, range: VersionRange) -> Self {
        Self {
            states: Vec::new(),
            saved: None,
            is_optimistic: true,
            cutoff: None,
            round: 0,
            conflicts: BTreeMap::new(),
            promoted: BTreeSet::new(),
            looked: BTreeMap::new(),
            python,
            range,
            environment: ForkEnvironment::default(),
        }
    }

    /// Goes on as far as what is known allows.
    pub(crate) fn run(&mut self, world: &mut World) -> Turn {
        loop {
            let played = match self.states.last() {
                None => self.begin(world),
                Some(_) if self.round < ROUNDS => self.play(world),
                Some(_) => return Turn::Nothing,
            };
            match played {
                Ok(Played::On) => self.round += 1,
                Ok(Played::Done) => return self.chosen(),
                Ok(Played::Lost) => return Turn::Nothing,
                Err(Missing(queries)) => return Turn::Missing(queries),
            }
        }
    }

    fn chosen(&self) -> Turn {
        let mapping = self.states.last().map(|state| state.mapping.clone());
        let all = mapping.unwrap_or_default().into_iter();
        Turn::Chosen(all.map(|(key, version)| (key.name, version)).collect())
    }

    /// Takes the requirements of the root.
    fn begin(&mut self, world: &mut World) -> Result<Played, Missing> {
        let mut criteria = BTreeMap::new();
        let mut missing = Vec::new();
        for wish in self.root(world) {
            match self.add(&mut criteria, wish, None, world) {
                Ok(Added::Yes) => {}
                Ok(Added::Conflict(_)) => return Ok(Played::Lost),
                Err(Missing(queries)) => missing.extend(queries),
            }
        }
        if !missing.is_empty() {
            return Err(Missing(missing));
        }
        let state = State {
            criteria,
            ..State::default()
        };
        self.states = vec![state.clone(), state];
        Ok(Played::On)
    }

    /// Adds a requirement to what is known of its key.
    fn add(
        &self,
        criteria: &mut BTreeMap<Key, Arc<Criterion>>,
        wish: Wish,
        parent: Option<&Key>,
        world: &mut World,
    ) -> Result<Added, Missing> {
        let key = Key::of(&wish.demand);
        let mut criterion = criteria
            .get(&key)
            .map(|it| (**it).clone())
            .unwrap_or_default();
        criterion.information.push(Information {
            wish,
            parent: parent.cloned(),
        });
        let wishes = criterion.information.iter().map(|one| one.wish.clone());
        criterion.wishes = wishes.collect();
        criterion.is_fixed = self.source(&key.name, &criterion.wishes, world).is_some();
        let is_possible = !self
            .candidates(&key, &criterion, criteria, 1, world)?
            .is_empty();
        if !is_possible {
            return Ok(Added::Conflict(criterion.information));
        }
        criteria.insert(key, Arc::new(criterion));
        Ok(Added::Yes)
    }

    /// One round: what is not as wanted is pinned, or a jump goes back.
    fn play(&mut self, world: &mut World) -> Result<Played, Missing> {
        if self.gives_up_rashness() {
            return Ok(Played::On);
        }
        let Some(state) = self.states.last().cloned() else {
            return Ok(Played::Lost);
        };
        let open: Vec<Key> = state
            .criteria
            .iter()
            .filter(|(key, criterion)| !state.is_satisfied(key, criterion))
            .map(|(key, _)| key.clone())
            .collect();
        if open.is_empty() {
            return Ok(Played::Done);
        }
        self.look_ahead(&open, &state, world)?;
        let key = self.next(&open, &state, world);
        match self.pin(&key, &state, world)? {
            Pinned::As(pinned) => {
                let before = |key: &Key| state.criteria.contains_key(key) && !open.contains(key);
                let pinned = forget_unsatisfied(pinned, before);
                if let Some(last) = self.states.last_mut() {
                    *last = pinned.clone();
                }
                self.states.push(pinned);
            }
            Pinned::Not(causes) => return self.jump(causes, world),
        }
        Ok(Played::On)
    }

    /// The project to pin next.
    fn next(&mut self, open: &[Key], state: &State, world: &mut World) -> Key {
        let mut left = open.to_vec();
        if open.len() > 1 {
            left = self.narrow(open, state);
        }
        let involved = keys_of(&state.causes);
        let mut best: Option<(Preference, Key)> = None;
        for key in left {
            let preference = self.preference(&key, state, &involved, world);
            if best.as_ref().is_none_or(|(known, _)| preference < *known) {
                best = Some((preference, key));
            }
        }
        best.map_or_else(|| open[0].clone(), |(_, key)| key)
    }

    /// What took part in the last conflict comes first, then what often does.
    fn narrow(&mut self, open: &[Key], state: &State) -> Vec<Key> {
        let mut involved = BTreeSet::new();
        for one in &state.causes {
            let wanted = Key::of(&one.wish.demand);
            for key in std::iter::once(wanted).chain(one.parent.clone()) {
                if state.pinned(&key).is_none() {
                    let count = self.conflicts.entry(key.clone()).or_default();
                    *count += 1;
                    if *count >= OFTEN {
                        self.promoted.insert(key.clone());
                    }
                }
                involved.insert(key);
            }
        }
        let of = |set: &BTreeSet<Key>| -> Vec<Key> {
            open.iter()
                .filter(|key| set.contains(key))
                .cloned()
                .collect()
        };
        let causes = of(&involved);
        if !causes.is_empty() {
            return causes;
        }
        let promoted = of(&self.promoted);
        if promoted.is_empty() {
            open.to_vec()
        } else {
            promoted
        }
    }

    fn preference(
        &self,
        key: &Key,
        state: &State,
        involved: &BTreeSet<Key>,
        world: &mut World,
    ) -> Preference {
        let none = Arc::default();
        let criterion = state.criteria.get(key).unwrap_or(&none);
        let information = &criterion.information;
        let clauses = || {
            let all = information.iter();
            all.flat_map(|one| one.wish.demand.specifiers.iter())
        };
        let requires_involved = !involved.is_empty() && {
            let first = self.candidates(key, criterion, &state.criteria, 1, world);
            let first = first.ok().and_then(|all| all.into_iter().next());
            let wishes = first.and_then(|first| {
                let wishes = self.requirements(key, criterion, &first, world).ok()?;
                Some(wishes.unwrap_or_default())
            });
            let mut keys = wishes.iter().flatten().map(|wish| Key::of(&wish.demand));
            keys.any(|key| involved.contains(&key))
        };
        (
            information.iter().all(|one| one.parent.is_some()),
            !self.promoted.contains(key),
            !information.iter().any(|one| one.wish.is_direct()),
            !clauses().any(|clause| clause.operator().to_string().starts_with("==")),
            !requires_involved,
            Reverse(clauses().count()),
            key.text(),
        )
    }

    /// Pins the first candidate whose requirements leave a choice for everybody.
    fn pin(&self, key: &Key, state: &State, world: &mut World) -> Result<Pinned, Missing> {
        let Some(criterion) = state.criteria.get(key) else {
            return Ok(Pinned::Not(Vec::new()));
        };
        let mut causes = Vec::new();
        // The first will mostly do; the others are looked for when it does not.
        let mut found = self.candidates(key, criterion, &state.criteria, 1, world)?;
        let mut tried = 0;
        while let Some(candidate) = found.get(tried).cloned() {
            match self.attempt(key, criterion, &candidate, state, world)? {
                Attempt::Pinned(pinned) => return Ok(Pinned::As(pinned)),
                Attempt::Failed(information) => causes.extend(information),
            }
            tried += 1;
            if tried == 1 {
                found = self.candidates(key, criterion, &state.criteria, usize::MAX, world)?;
            }
        }
        Ok(Pinned::Not(causes))
    }

    /// Tries one candidate.
    fn attempt(
        &self,
        key: &Key,
        criterion: &Criterion,
        candidate: &Candidate,
        state: &State,
        world: &mut World,
    ) -> Result<Attempt, Missing> {
        let Some(wishes) = self.requirements(key, criterion, candidate, world)? else {
            let wish = self.wanted_as(criterion);
            let parent = Some(key.clone());
            let information = wish.map(|wish| Information { wish, parent });
            return Ok(Attempt::Failed(information.into_iter().collect()));
        };
        let mut criteria = state.criteria.clone();
        let mut missing = Vec::new();
        for wish in wishes {
            match self.add(&mut criteria, wish, Some(key), world) {
                Ok(Added::Yes) => {}
                Ok(Added::Conflict(information)) if missing.is_empty() => {
                    return Ok(Attempt::Failed(information));
                }
                Ok(Added::Conflict(_)) => break,
                Err(Missing(queries)) => missing.extend(queries),
            }
        }
        if !missing.is_empty() {
            return Err(Missing(missing));
        }
        let mut pinned = State {
            criteria,
            ..state.clone()
        };
        pinned.mapping.retain(|(known, _)| known != key);
        pinned
            .mapping
            .push((key.clone(), candidate.version.clone()));
        Ok(Attempt::Pinned(pinned))
    }
}

/// The smallest comes first: required by the root, often in conflict, a URL, pinned, requiring
/// what is in conflict, many clauses, the name.
type Preference = (bool, bool, bool, bool, bool, Reverse<usize>, String);

/// What became of a round.
enum Played {
    On,
    Done,
    Lost,
}

/// What became of a requirement.
enum Added {
    Yes,
    /// Nothing satisfies it together with the others.
    Conflict(Vec<Information>),
}

/// What became of one candidate.
enum Attempt {
    Pinned(State),
    /// Who could not be satisfied any more.
    Failed(Vec<Information>),
}

/// What became of an attempt to pin.
enum Pinned {
    As(State),
    /// Why nothing would do.
    Not(Vec<Information>),
}

/// Everybody who takes part.
fn keys_of(causes: &[Information]) -> BTreeSet<Key> {
    let keys = causes.iter().flat_map(|one| {
        let wanted = Key::of(&one.wish.demand);
        std::iter::once(wanted).chain(one.parent.clone())
    });
    keys.collect()
}

/// What a pin no longer satisfies will be pinned anew: until then its requirements do not count.
fn forget_unsatisfied(mut state: State, before: impl Fn(&Key) -> bool) -> State {
    let gone: BTreeSet<Key> = state
        .criteria
        .iter()
        .filter(|(key, criterion)| before(key) && !state.is_satisfied(key, criterion))
        .map(|(key, _)| key.clone())
        .collect();
    if gone.is_empty() {
        return state;
    }
    for criterion in state.criteria.values_mut() {
        let is_gone = |one: &Information| one.parent.as_ref().is_some_and(|it| gone.contains(it));
        if criterion.information.iter().any(is_gone) {
            Arc::make_mut(criterion)
                .information
                .retain(|one| !is_gone(one));
        }
    }
    state
}
