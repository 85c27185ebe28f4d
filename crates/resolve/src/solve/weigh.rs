//! What to decide next as poetry 2.5.1 does: what leaves no choice, then what bounds others most
//! (formats.md §1.12).

use index::{MetadataQuery, Query};
use packaging::{ExtraName, PackageName, Version, VersionRange};
use pubgrub::{Id, Term};
use rustc_hash::FxHashSet;

use super::{ForkState, Surroundings};
use crate::candidate::{Choice, Prereleases};
use crate::demand::Demand;
use crate::node::{Kind, Node};
use crate::priority::{Freedom, Weight};
use crate::range;
use crate::version_map::{Verdict, VersionMap};
use crate::world::{Facts, Found};

impl ForkState {
    /// Weighs everything undecided, or tells what has to be known for that.
    pub(super) fn weigh(&mut self, around: &mut Surroundings<'_>) -> Result<(), Vec<Query>> {
        let solution = &self.engine.partial_solution;
        let decided: FxHashSet<Id<Node>> = solution.extract_solution().map(|(id, _)| id).collect();
        let mut open: Vec<(Id<Node>, VersionRange)> = Vec::new();
        for &id in &self.heard_of {
            if !decided.contains(&id)
                && let Some(Term::Positive(range)) = solution.term_intersection_for_package(id)
                && self
                    .weights
                    .get(&id)
                    .is_none_or(|(known, _)| known != range)
            {
                open.push((id, range.clone()));
            }
        }
        let mut missing = Vec::new();
        for (id, range) in open {
            let node = self.engine.package_store[id].clone();
            match self.weight(&node, &range, around) {
                Ok(weight) => {
                    self.weights.insert(id, (range, weight));
                }
                Err(queries) => missing.extend(queries),
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(missing)
        }
    }

    fn weight(
        &self,
        node: &Node,
        range: &VersionRange,
        around: &mut Surroundings<'_>,
    ) -> Result<Weight, Vec<Query>> {
        let plain = |freedom| Weight {
            freedom,
            bounded: 0,
            has_requirements: false,
            candidates: 0,
        };
        let (name, extra) = match node {
            Node::Root | Node::Python | Node::Group { .. } => return Ok(plain(Freedom::Settled)),
            Node::Marker { .. } => return Ok(plain(Freedom::Repetition)),
            Node::Package { kind, .. } if *kind != Kind::Base => {
                return Ok(plain(Freedom::Settled));
            }
            Node::Package { marker, .. } if !marker.is_true() => {
                return Ok(plain(Freedom::Repetition));
            }
            Node::Package { name, .. } => (name, None),
            Node::Extra { name, extra, .. } => (name, Some(extra)),
        };
        if around.world.problem.members.contains(name) {
            return Ok(plain(Freedom::Settled));
        }
        if let Some(source) = self.direct(name, around.world) {
            let local = around.world.local(name, source);
            let requires = local.iter().flat_map(|local| &local.requires);
            return Ok(weight_of(
                Freedom::Direct,
                1,
                requires.map(|it| &**it),
                extra,
            ));
        }
        self.weight_of_releases(name, extra, range, around)
    }

    fn weight_of_releases(
        &self,
        name: &PackageName,
        extra: Option<&ExtraName>,
        range: &VersionRange,
        around: &mut Surroundings<'_>,
    ) -> Result<Weight, Vec<Query>> {
        let nothing = weight_of(Freedom::None, 0, std::iter::empty(), extra);
        let index = self.pinned_index(name).cloned();
        let maps = match around.world.maps(name, index.as_ref()) {
            Found::Missing(queries) => return Err(queries),
            Found::Gone(_) => return Ok(nothing),
            Found::Maps(maps) => maps,
        };
        let prereleases = around.world.prereleases(name, &self.environment);
        let choice = Choice {
            name,
            range,
            maps: &maps,
            pinned_index: index.as_ref(),
            prereleases,
            highest: true,
        };
        let selector = around.world.selector.clone();
        let preferred = selector.preferred(choice, around.preferences, &self.environment);
        let freedom = match preferred {
            Some(_) => Freedom::Locked,
            None => Freedom::Some,
        };
        let Some(candidate) = preferred.or_else(|| selector.best(choice)) else {
            return Ok(nothing);
        };
        let candidates = match freedom {
            Freedom::Locked => 1,
            _ => maps
                .iter()
                .map(|map| candidates(map, range, prereleases))
                .sum(),
        };
        let freedom = match freedom {
            Freedom::Some if candidates < 2 => Freedom::None,
            freedom => freedom,
        };
        let Some(file) = candidate.offer.verdict.metadata() else {
            return Ok(weight_of(freedom, candidates, std::iter::empty(), extra));
        };
        match around
            .world
            .facts(&MetadataQuery::of(name, candidate.version, file))
        {
            Facts::Missing(query) => Err(vec![query]),
            Facts::Known(facts) => {
                let requires = facts.requires.iter().map(|it| &**it);
                Ok(weight_of(freedom, candidates, requires, extra))
            }
            Facts::Gone(_) | Facts::NeedsBuild(..) | Facts::Withheld(_) => {
                Ok(weight_of(freedom, candidates, std::iter::empty(), extra))
            }
        }
    }

    /// The version that a node's project has been decided to be.
    pub(super) fn decided_base(&self, node: &Node) -> Option<Version> {
        let base = Node::base(node.name()?);
        let store = &self.engine.package_store;
        let mut solution = self.engine.partial_solution.extract_solution();
        solution.find_map(|(id, version)| (store[id] == base).then_some(version))
    }
}

/// How many versions of an index are candidates: withdrawn ones are none, and pre-releases only
/// where there is nothing else.
fn candidates(map: &VersionMap, range: &VersionRange, prereleases: Prereleases) -> usize {
    let usable = map
        .within(range)
        .filter(|(_, offer)| match &offer.verdict {
            Verdict::Unusable(reason) => !reason.is_cutoff() && !reason.is_yanked(),
            Verdict::Wheel(_) | Verdict::Sdist { .. } => true,
        })
        .map(|(version, _)| version.any_prerelease());
    let (early, stable): (Vec<bool>, Vec<bool>) = usable.partition(|early| *early);
    match prereleases {
        Prereleases::Allow => early.len() + stable.len(),
        Prereleases::PreferStable if stable.is_empty() => early.len(),
        Prereleases::PreferStable | Prereleases::Disallow => stable.len(),
    }
}

/// The weight of a node whose best candidate requires this; what is for other extras than the
/// wanted one does not count.
fn weight_of<'a>(
    freedom: Freedom,
    candidates: usize,
    requires: impl Iterator<Item = &'a Demand>,
    extra: Option<&ExtraName>,
) -> Weight {
    let counts = |demand: &&Demand| {
        !demand.marker.simplify_no_extras().is_false()
            || extra.is_some_and(|extra| demand.marker.asks_extra(extra))
    };
    let mut weight = Weight {
        freedom,
        bounded: 0,
        has_requirements: false,
        candidates,
    };
    for demand in requires.filter(counts) {
        weight.has_requirements = true;
        weight.bounded += usize::from(range::has_upper_bound(&demand.range));
    }
    weight
}
