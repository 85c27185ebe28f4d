//! The worlds into which poetry 2.5.1 splits a resolution, found out from the set it chose.
//!
//! A `poetry.lock` does not say them, and they decide markers: each requirement that stands
//! several times with different constraints is resolved in a world of its own. What is chosen is
//! known here, so each decision is repeated rather than searched for.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::dependency::{Dependency, Origin};
use super::graph::{Choice, Reached, Solved, walk};
use super::marker::Marker;
use super::overlap::{Clash, Settled, World};
use super::range::Constraint;
use super::root::{Root, normalized};

/// So many worlds are looked at, and so often one starts anew, before it is given up.
const MOST_WORLDS: usize = 200;
/// So many packages are decided, over all worlds.
const MOST_CHOICES: usize = 10_000;
const MOST_STARTS: usize = 30;

/// Whose requirement is replaced in a world.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Owner {
    Root,
    Package {
        choice: usize,
        extras: Vec<String>,
    },
    /// Nobody's: the world is only restricted.
    World,
}

/// What a world is: the requirements that hold in it in the place of several.
#[derive(Clone, Debug, Default)]
struct Overrides(Vec<(Owner, Vec<Dependency>)>);

impl Overrides {
    fn of(&self, owner: &Owner) -> &[Dependency] {
        let found = self.0.iter().find(|(known, _)| known == owner);
        found.map_or(&[], |(_, dependencies)| dependencies)
    }

    fn with(&self, owner: &Owner, dependency: Dependency) -> Self {
        let mut more = self.clone();
        let at = match more.0.iter().position(|(known, _)| known == owner) {
            Some(at) => at,
            None => {
                more.0.push((owner.clone(), Vec::new()));
                more.0.len() - 1
            }
        };
        let own = &mut more.0[at].1;
        match own.iter_mut().find(|it| it.name == dependency.name) {
            Some(known) => *known = dependency,
            None => own.push(dependency),
        }
        more
    }

    fn marker(&self, of: impl Fn(&Marker) -> Marker) -> Marker {
        let all = self.0.iter().flat_map(|(_, dependencies)| dependencies);
        all.fold(Marker::Any, |all, it| all.intersect(&of(&it.marker)))
    }
}

/// Finds out what poetry would say of each choice; nothing when the set is none that poetry could
/// have chosen, or its worlds cannot be told.
pub(super) fn replay(root: &Root, choices: &[Choice]) -> Option<Vec<Option<Reached>>> {
    let mut replay = Replay {
        root,
        choices,
        members: (0..choices.len()).collect(),
        is_lenient: false,
        worlds: 0,
    };
    let found = replay.solve(&Overrides::default())?;
    let all = finish(root, choices, found);
    all.iter().all(Option::is_some).then_some(all)
}

/// The same where the worlds are known: each with a marker and the choices in it. Who requires
/// something that is not there gets whatever has the name.
pub(super) fn in_worlds(
    root: &Root,
    choices: &[Choice],
    worlds: &[(Marker, Vec<usize>)],
) -> Vec<Option<Reached>> {
    let mut found = Vec::new();
    for (marker, members) in worlds {
        let mut replay = Replay {
            root,
            choices,
            members: members.clone(),
            is_lenient: true,
            worlds: 0,
        };
        let mut overrides = Overrides::default();
        if let Some(mut restriction) = root.wanted.first().map(|it| it.dependency.clone()) {
            restriction.marker = marker.clone();
            overrides = overrides.with(&Owner::World, restriction);
        }
        if let Some(solved) = replay.solve(&overrides) {
            found.push((overrides, solved));
        }
    }
    let merged = match found.len() {
        1 => found.swap_remove(0).1,
        _ => merge(root, found),
    };
    finish(root, choices, merged)
}

/// Each choice's part, its markers without what the project's Python says already.
fn finish(root: &Root, choices: &[Choice], found: Vec<(usize, Reached)>) -> Vec<Option<Reached>> {
    let mut all: Vec<Option<Reached>> = choices.iter().map(|_| None).collect();
    for (choice, mut reached) in found {
        for marker in reached.markers.values_mut() {
            *marker = marker.reduce_by_python(&root.python);
        }
        all[choice] = Some(reached);
    }
    all
}

struct Replay<'a> {
    root: &'a Root,
    choices: &'a [Choice],
    /// The choices that exist.
    members: Vec<usize>,
    /// Whether a requirement that nothing fulfils is fulfilled by whatever has the name.
    is_lenient: bool,
    worlds: usize,
}

/// What is required of a project so far.
#[derive(Clone, Debug)]
struct Term {
    dependency: Dependency,
    /// When, all the way from the root.
    transitive: Marker,
    /// Who requires it, each with the requirement and when all of it holds.
    requirers: Vec<(Owner, Dependency, Marker)>,
    is_decided: bool,
    /// The choices ruled out by some Python of this world.
    rejected: BTreeSet<usize>,
    /// The places of the versions left among all that there are.
    left: Vec<usize>,
    /// When it is its turn, worked out once.
    turn: OnceCell<Turn>,
}

/// When a project is decided: those that can cause conflicts come first.
type Turn = (u8, Reverse<usize>, bool, Reverse<usize>);

/// How a world came out.
enum Run {
    Done(Vec<Solved>),
    Split(Vec<Overrides>),
    Failed,
}

/// Why a start came to nothing.
enum Stop {
    Split(Vec<Overrides>),
    /// Without this choice, the next start may do better.
    Without(usize),
    Failed,
}

impl From<Clash> for Stop {
    fn from(_: Clash) -> Self {
        Self::Failed
    }
}

impl Replay<'_> {
    fn solve(&mut self, overrides: &Overrides) -> Option<Vec<(usize, Reached)>> {
        self.worlds += 1;
        let most = MOST_WORLDS.min(MOST_CHOICES / self.choices.len().max(1));
        if self.worlds > most {
            return None;
        }
        match self.run(overrides) {
            Run::Done(solved) => Some(walk(self.root, self.choices, solved)),
            Run::Failed => None,
            Run::Split(worlds) => {
                let mut found = Vec::new();
                for world in worlds {
                    let solved = self.solve(&world)?;
                    found.push((world, solved));
                }
                Some(merge(self.root, found))
            }
        }
    }

    fn run(&self, overrides: &Overrides) -> Run {
        let marker = overrides.marker(Marker::clone);
        let python = self.root.python.intersect(&marker.python());
        let mut forbidden = BTreeSet::new();
        for _ in 0..MOST_STARTS {
            let start = Start {
                replay: self,
                overrides,
                world: World {
                    python: &python,
                    marker: &marker,
                },
                forbidden: &forbidden,
                terms: Vec::new(),
                solved: Vec::new(),
                unknown: None,
            };
            match start.run() {
                Ok(solved) => return Run::Done(solved),
                Err(Stop::Split(worlds)) => return Run::Split(worlds),
                Err(Stop::Failed) => return Run::Failed,
                Err(Stop::Without(choice)) => {
                    if !forbidden.insert(choice) {
                        return Run::Failed;
                    }
                }
            }
        }
        Run::Failed
    }
}

struct Start<'a> {
    replay: &'a Replay<'a>,
    overrides: &'a Overrides,
    world: World<'a>,
    forbidden: &'a BTreeSet<usize>,
    /// In the order in which they came up.
    terms: Vec<Term>,
    solved: Vec<Solved>,
    /// Why the world cannot end like this: for some project, what poetry chose in it is not
    /// known. It may still split, and then nobody will ever know.
    unknown: Option<Stop>,
}

impl Start<'_> {
    fn run(mut self) -> Result<Vec<Solved>, Stop> {
        let listed = self.replay.root.wanted.iter().map(|wanted| {
            let mut dependency = wanted.dependency.clone();
            dependency.marker = wanted.marker();
            dependency
        });
        let requirements = self.settle(&Owner::Root, listed.collect(), None)?;
        let requirements = requirements.into_iter().map(|it| (it.marker.clone(), it));
        self.require(&Owner::Root, requirements.collect());
        while let Some(at) = self.next() {
            self.decide(at)?;
        }
        match self.unknown {
            None => Ok(self.solved),
            Some(stop) => Err(stop),
        }
    }

    /// The project to decide next.
    fn next(&self) -> Option<usize> {
        let open = (0..self.terms.len()).filter(|at| !self.terms[*at].is_decided);
        open.min_by_key(|at| {
            *self.terms[*at]
                .turn
                .get_or_init(|| self.turn(&self.terms[*at]))
        })
    }

    fn turn(&self, term: &Term) -> Turn {
        let dependency = &term.dependency;
        let best = self.candidates(term).next();
        let (bounded, has_any) = best.map_or((0, false), |choice| {
            let counts = |it: &&Dependency| {
                let extras = it.marker.extras();
                let is_wanted = |extra: &String| dependency.extras.contains(&normalized(extra));
                extras.is_empty() || extras.iter().any(is_wanted)
            };
            let counted = self.replay.choices[choice]
                .requirements
                .iter()
                .filter(counts);
            let bounded = counted.clone().filter(|it| has_upper_bound(&it.constraint));
            (bounded.count(), counted.count() > 0)
        });
        let rivals = match dependency.constraint.single() {
            Some(_) => Some(1),
            None if self.listed_of(dependency).is_empty() => None,
            None => Some(term.left.len()),
        };
        let preference = match &dependency.origin {
            Origin::Index if rivals.unwrap_or(2) < 2 => 1,
            Origin::Index => 4,
            _ => 0,
        };
        (
            preference,
            Reverse(bounded),
            !has_any,
            Reverse(rivals.unwrap_or(0)),
        )
    }

    /// All versions of a project that there are.
    fn listed_of(&self, dependency: &Dependency) -> &[Constraint] {
        let named = |choice: &&Choice| choice.name == dependency.name.as_str();
        let choice = self.replay.choices.iter().find(named);
        choice.map_or(&[], |choice| &choice.listed)
    }

    /// The choices left for a requirement, the highest version first.
    fn candidates(&self, term: &Term) -> impl Iterator<Item = usize> {
        let all = self.fulfilling(&term.dependency);
        all.filter(|choice| !term.rejected.contains(choice))
    }

    /// The choices that fulfil a requirement, the highest version first.
    fn fulfilling(&self, dependency: &Dependency) -> impl Iterator<Item = usize> + use<> {
        let replay = self.replay;
        let named = |at: &usize| replay.choices[*at].name == dependency.name.as_str();
        let members = replay.members.iter().copied().filter(named);
        let allowed = members.filter(|at| !self.forbidden.contains(at));
        let fulfils = |at: &usize| replay.choices[*at].fulfils(&dependency.constraint);
        let mut found: Vec<usize> = allowed.clone().filter(fulfils).collect();
        if found.is_empty() && replay.is_lenient {
            found = allowed.collect();
        }
        found.into_iter().rev()
    }

    /// Whether a choice is for every Python for which it is required.
    fn fits_python(&self, choice: usize, term: &Term) -> bool {
        let mine = &self.replay.choices[choice].python;
        if self.replay.is_lenient || mine.allows_all(self.world.python) {
            return true;
        }
        let required = term.transitive.python();
        let both = mine.intersect(&required);
        let outside = required.intersect(&both.invert());
        let is_hopeless = required.is_any()
            || !self
                .world
                .python
                .allows_any(&term.dependency.marker.python())
            || both.is_empty()
            || !outside.intersect(self.world.python).is_empty();
        !is_hopeless
    }

    fn decide(&mut self, at: usize) -> Result<(), Stop> {
        let term = self.terms[at].clone();
        let Some(choice) = self.candidates(&term).next() else {
            self.terms[at].is_decided = true;
            self.doubt(self.stuck(&term));
            return Ok(());
        };
        // A higher version that is no choice was looked at and found wanting.
        let listed = self.listed_of(&term.dependency);
        let highest = term.left.last().map(|place| &listed[*place]);
        if highest.is_some_and(|version| is_higher(version, &self.replay.choices[choice].version)) {
            self.reject(at, None);
            return Ok(());
        }
        let owner = Owner::Package {
            choice,
            extras: term.dependency.extras.clone(),
        };
        // poetry looks at the requirements first, and splits the world even for a release that
        // it will then not choose.
        let (listed, extras) = self.listed(choice, &term);
        let settled = self.settle(&owner, listed, Some(&extras))?;
        if !self.fits_python(choice, &term) {
            self.reject(at, Some(choice));
            return Ok(());
        }
        self.terms[at].is_decided = true;
        let transitive = term.transitive.exclude("extra");
        let python = term.dependency.marker.python();
        let mut requirements = Vec::new();
        for dependency in settled {
            let mut marker = dependency.marker.clone();
            if !transitive.is_any() {
                marker = transitive.intersect(&marker.exclude("extra"));
                if marker.is_empty() {
                    continue;
                }
            }
            if !python.is_any() && !python.allows_any(&dependency.marker.python()) {
                continue;
            }
            requirements.push((marker, dependency));
        }
        self.solved.push(Solved {
            choice,
            extras: term.dependency.extras,
            requirements: requirements.iter().map(|(_, it)| it.clone()).collect(),
        });
        self.require(&owner, requirements);
        Ok(())
    }

    /// Rules out the highest version that is left.
    fn reject(&mut self, at: usize, choice: Option<usize>) {
        let term = &mut self.terms[at];
        term.rejected.extend(choice);
        term.left.pop();
        term.turn = OnceCell::new();
    }

    /// The requirements of a choice with the extras that are wanted of it, and those extras.
    fn listed(&self, choice: usize, term: &Term) -> (Vec<Dependency>, Vec<String>) {
        let it = &self.replay.choices[choice];
        let of_extra = |dependency: &Dependency, extra: &str| {
            let extras = dependency.marker.extras();
            extras.iter().any(|one| normalized(one) == extra)
        };
        let mut found: Vec<String> = Vec::new();
        let mut open = term.dependency.extras.clone();
        while let Some(extra) = open.pop() {
            if found.contains(&extra) {
                continue;
            }
            for own in it
                .requirements
                .iter()
                .filter(|own| own.name.as_str() == it.name && of_extra(own, &extra))
            {
                open.extend(own.extras.iter().cloned());
            }
            found.push(extra);
        }
        let mut listed = Vec::new();
        if !term.dependency.extras.is_empty() {
            listed.push(Dependency {
                extras: Vec::new(),
                constraint: it.version.clone(),
                ..term.dependency.clone()
            });
        }
        let counts = |dependency: &&Dependency| {
            let extras = dependency.marker.extras();
            let is_found = |extra: &String| found.contains(&normalized(extra));
            dependency.name.as_str() != it.name
                && (extras.is_empty() && !dependency.optional || extras.iter().any(is_found))
        };
        listed.extend(it.requirements.iter().filter(counts).cloned());
        (listed, found)
    }

    /// The requirements that count in this world, each project's settled.
    fn settle(
        &self,
        owner: &Owner,
        listed: Vec<Dependency>,
        extras: Option<&[String]>,
    ) -> Result<Vec<Dependency>, Stop> {
        let overriding = self.overrides.of(owner);
        let mut by_name: Vec<Vec<Dependency>> = Vec::new();
        let mut overridden = BTreeSet::new();
        for dependency in listed {
            let is_base = matches!(owner, Owner::Package { choice, .. } if self.replay.choices[*choice].name == dependency.name.as_str());
            if !is_base
                && (!self.world.python.allows_any(&dependency.marker.python())
                    || self.world.marker.intersect(&dependency.marker).is_empty())
            {
                continue;
            }
            let dependency = match overriding.iter().find(|it| it.name == dependency.name) {
                None => dependency,
                Some(override_) => {
                    let is_first = overridden.insert(dependency.name.clone());
                    if !is_first || override_.constraint.is_empty() {
                        continue;
                    }
                    override_.clone()
                }
            };
            match by_name.iter_mut().find(|it| it[0].name == dependency.name) {
                Some(same) => same.push(dependency),
                None => by_name.push(vec![dependency]),
            }
        }
        let mut settled = Vec::new();
        for same in by_name {
            match self.world.settle(same, extras)? {
                Settled::Together(more) => settled.extend(more),
                Settled::Apart(worlds) => {
                    let worlds = worlds.into_iter().map(|it| self.overrides.with(owner, it));
                    return Err(Stop::Split(worlds.collect()));
                }
            }
        }
        Ok(settled)
    }

    /// Takes requirements in; what comes last is looked at first, as poetry does.
    fn require(&mut self, owner: &Owner, requirements: Vec<(Marker, Dependency)>) {
        for (transitive, dependency) in requirements.into_iter().rev() {
            if dependency.name.as_str() == self.replay.root.name {
                continue;
            }
            let effective = transitive
                .exclude("extra")
                .intersect(&dependency.marker.exclude("extra"));
            let requirer = (owner.clone(), dependency.clone(), effective);
            let is_same = |it: &Term| {
                it.dependency.name == dependency.name && it.dependency.extras == dependency.extras
            };
            let Some(at) = self.terms.iter().position(is_same) else {
                let listed = self.listed_of(&dependency);
                let fulfils = |at: &usize| dependency.constraint.allows_all(&listed[*at]);
                let left = (0..listed.len()).filter(fulfils).collect();
                self.terms.push(Term {
                    rejected: BTreeSet::new(),
                    left,
                    turn: OnceCell::new(),
                    dependency,
                    transitive,
                    requirers: vec![requirer],
                    is_decided: false,
                });
                continue;
            };
            let mut left = std::mem::take(&mut self.terms[at].left);
            let listed = self.listed_of(&dependency);
            left.retain(|at| dependency.constraint.allows_all(&listed[*at]));
            let term = &mut self.terms[at];
            (term.left, term.turn) = (left, OnceCell::new());
            let both = term.dependency.constraint.intersect(&dependency.constraint);
            term.requirers.push(requirer);
            term.transitive = term.transitive.union(&transitive);
            if term.dependency.origin == Origin::Index && dependency.origin != Origin::Index {
                term.dependency.origin = dependency.origin;
            }
            term.dependency.constraint = both;
            if term.is_decided {
                self.check_decided(at);
            }
        }
    }

    /// A choice made before a requirement was known may be the wrong one.
    fn check_decided(&mut self, at: usize) {
        let term = &self.terms[at];
        let name = term.dependency.name.as_str();
        let chosen = self.solved.iter().map(|it| it.choice);
        let chosen = chosen
            .rev()
            .find(|it| self.replay.choices[*it].name == name);
        let Some(chosen) = chosen else { return };
        let is_fine = self.replay.is_lenient
            || self.replay.choices[chosen].fulfils(&term.dependency.constraint);
        if is_fine {
            return;
        }
        let stop = match self.fulfilling(&term.dependency).next() {
            Some(_) => Stop::Without(chosen),
            None => self.stuck(term),
        };
        self.doubt(stop);
    }

    fn doubt(&mut self, stop: Stop) {
        self.unknown.get_or_insert(stop);
    }

    /// No choice fulfils all requirements of a project: one who requires it may be chosen in
    /// another version, or else the world is split between two that never meet.
    fn stuck(&self, term: &Term) -> Stop {
        for (owner, ..) in term.requirers.iter().rev() {
            if let Owner::Package { choice, .. } = owner {
                let required = self
                    .terms
                    .iter()
                    .find(|it| it.dependency.name.as_str() == self.replay.choices[*choice].name);
                let others = required.map(|it| self.fulfilling(&it.dependency));
                if others.is_some_and(|mut it| it.any(|other| other != *choice)) {
                    return Stop::Without(*choice);
                }
            }
        }
        for (at, (_, first, when)) in term.requirers.iter().enumerate() {
            for (_, second, other) in &term.requirers[at + 1..] {
                if first.constraint.allows_any(&second.constraint) {
                    continue;
                }
                let here = when.intersect(self.world.marker);
                let there = other.intersect(self.world.marker);
                if here.is_empty() || there.is_empty() || !here.intersect(&there).is_empty() {
                    continue;
                }
                return Stop::Split(self.sides(first, &here));
            }
        }
        Stop::Failed
    }

    /// The two worlds on either side of a marker.
    fn sides(&self, dependency: &Dependency, marker: &Marker) -> Vec<Overrides> {
        let current = self.overrides.of(&Owner::World).first();
        let side = |marker: Marker| {
            let known = current.unwrap_or(dependency).clone();
            let marker = match current {
                Some(current) => current.marker.intersect(&marker),
                None => marker,
            };
            self.overrides
                .with(&Owner::World, Dependency { marker, ..known })
        };
        vec![side(marker.clone()), side(marker.invert())]
    }
}

fn is_higher(version: &Constraint, other: &Constraint) -> bool {
    version.single() > other.single()
}

fn has_upper_bound(constraint: &Constraint) -> bool {
    constraint.ranges().iter().all(|range| range.max.is_some())
}

/// What several worlds found out, as one.
fn merge(root: &Root, worlds: Vec<(Overrides, Vec<(usize, Reached)>)>) -> Vec<(usize, Reached)> {
    let mut all: Vec<(usize, Vec<(Reached, Marker)>)> = Vec::new();
    for (overrides, found) in worlds {
        let marker = overrides.marker(|it| it.exclude("extra"));
        let marker = marker.reduce_by_python(&root.python);
        for (choice, mut reached) in found {
            for own in reached.markers.values_mut() {
                *own = own.without(&marker);
            }
            match all.iter_mut().find(|(known, _)| *known == choice) {
                Some((_, same)) => same.push((reached, marker.clone())),
                None => all.push((choice, vec![(reached, marker.clone())])),
            }
        }
    }
    all.into_iter()
        .map(|(choice, same)| (choice, merge_one(&same)))
        .collect()
}

fn merge_one(same: &[(Reached, Marker)]) -> Reached {
    let mut merged = same[0].0.clone();
    merged.groups = same.iter().flat_map(|(it, _)| it.groups.clone()).collect();
    if same.iter().all(|(it, _)| it.markers == same[0].0.markers) {
        let within = same
            .iter()
            .fold(Marker::Empty, |all, (_, marker)| all.union(marker));
        for marker in merged.markers.values_mut() {
            *marker = within.intersect(marker);
        }
    } else {
        for marker in merged.markers.values_mut() {
            *marker = same[0].1.intersect(marker);
        }
        for (reached, within) in &same[1..] {
            for (group, marker) in &reached.markers {
                let known = merged.markers.entry(group.clone()).or_insert(Marker::Empty);
                *known = known.union(&within.intersect(marker));
            }
        }
    }
    for (reached, _) in &same[1..] {
        for dependency in &reached.requirements {
            if !merged
                .requirements
                .iter()
                .any(|known| known.is_equal(dependency))
            {
                merged.requirements.push(dependency.clone());
            }
        }
    }
    merged
}
