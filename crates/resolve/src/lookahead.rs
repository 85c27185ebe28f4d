//! What will clearly be wanted soon, so that questions go out together.
//!
//! A pure walk over what is already known: the best candidate of each requirement met so far, its
//! requirements, and so on. It changes speed, never the result.

use std::sync::Arc;

use index::{MetadataQuery, Query};
use packaging::{ExtraName, IndexUrl, Marker, PackageName, VersionRange};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::candidate::Choice;
use crate::demand::Demand;
use crate::environment::ForkEnvironment;
use crate::expand::{Context, Expander};
use crate::fork::Dependency;
use crate::node::Node;
use crate::preference::Preferences;
use crate::version_map::VersionMap;
use crate::world::{Facts, Found, World};

/// Somebody requires a project.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Wish {
    name: PackageName,
    range: VersionRange,
    index: Option<IndexUrl>,
    extra: Option<ExtraName>,
    environment: Marker,
}

/// The walk: what is still to be looked at, and what waits for an answer.
#[derive(Debug, Default)]
pub(crate) struct Lookahead {
    seen: FxHashSet<(PackageName, VersionRange, Option<ExtraName>)>,
    names: FxHashSet<PackageName>,
    ready: Vec<Wish>,
    blocked: FxHashMap<Query, Vec<Wish>>,
    plain: Vec<Query>,
}

impl Lookahead {
    /// Follows a dependency of a fork.
    pub(crate) fn watch(
        &mut self,
        dependency: &Dependency,
        index: Option<IndexUrl>,
        environment: &ForkEnvironment,
    ) {
        let Some(name) = dependency.node.name() else {
            return;
        };
        let extra = match &dependency.node {
            Node::Extra { extra, .. } => Some(extra.clone()),
            _ => None,
        };
        self.wish(Wish {
            name: name.clone(),
            range: dependency.range.clone(),
            index,
            extra,
            environment: environment.marker,
        });
    }

    fn wish(&mut self, wish: Wish) {
        if self
            .seen
            .insert((wish.name.clone(), wish.range.clone(), wish.extra.clone()))
        {
            self.names.insert(wish.name.clone());
            self.ready.push(wish);
        }
    }

    /// Asks for the metadata of the next few releases of a project that was tried often.
    pub(crate) fn speculate(
        &mut self,
        name: &PackageName,
        maps: &[Arc<VersionMap>],
        range: &VersionRange,
        count: usize,
    ) {
        let releases = maps
            .iter()
            .flat_map(|map| map.within(range).rev())
            .take(count);
        self.plain.extend(releases.filter_map(|(version, offer)| {
            let file = offer.verdict.metadata()?;
            Some(Query::Metadata(MetadataQuery::of(name, version, file)))
        }));
    }

    /// An answer came in: what waited for it can go on.
    pub(crate) fn learned(&mut self, query: &Query) {
        self.ready
            .extend(self.blocked.remove(query).into_iter().flatten());
    }

    /// How many projects are known to be involved.
    pub(crate) fn found(&self) -> usize {
        self.names.len()
    }

    /// Walks as far as what is known allows, and names what is missing.
    pub(crate) fn wants(&mut self, world: &mut World, preferences: &Preferences) -> Vec<Query> {
        let mut wants = std::mem::take(&mut self.plain);
        while let Some(wish) = self.ready.pop() {
            for query in self.follow(&wish, world, preferences) {
                wants.push(query.clone());
                self.blocked.entry(query).or_default().push(wish.clone());
            }
        }
        wants
    }

    /// Follows a wish to the requirements of its best candidate; returns what is missing for that.
    fn follow(&mut self, wish: &Wish, world: &mut World, preferences: &Preferences) -> Vec<Query> {
        let environment = ForkEnvironment::default().narrow(wish.environment);
        if world.direct(&wish.name, &environment).is_some() {
            return Vec::new();
        }
        let maps = match world.maps(&wish.name, wish.index.as_ref()) {
            Found::Missing(queries) => return queries,
            Found::Gone(_) => return Vec::new(),
            Found::Maps(maps) => maps,
        };
        let choice = Choice {
            name: &wish.name,
            range: &wish.range,
            maps: &maps,
            pinned_index: wish.index.as_ref(),
            prereleases: world.prereleases(&wish.name, &environment),
            highest: world.wants_highest(&wish.name, &environment),
        };
        let selector = world.selector.clone();
        let Some(candidate) = selector.select(choice, preferences, &environment) else {
            return Vec::new();
        };
        let Some(file) = candidate.offer.verdict.metadata() else {
            return Vec::new();
        };
        let query = MetadataQuery::of(&wish.name, candidate.version, file);
        let facts = match world.facts(&query) {
            Facts::Missing(query) => return vec![query],
            Facts::Gone(_) | Facts::NeedsBuild(..) | Facts::Withheld(_) => return Vec::new(),
            Facts::Known(facts) => facts,
        };
        let (name, version) = (&wish.name, candidate.version);
        let expander = Expander {
            modifiers: &world.modifiers,
            environment: &environment,
            python: world.problem.requires_python.bounds().to_marker(),
        };
        let mut demands = expander.expand(&facts.requires, Context::Package { name, version });
        if let Some(extra) = &wish.extra {
            let context = Context::Extra {
                name,
                version,
                extra,
            };
            demands.extend(expander.expand(&facts.requires, context));
        }
        for demand in &demands {
            self.wish_for(demand, &environment, world);
        }
        Vec::new()
    }

    fn wish_for(&mut self, demand: &Demand, environment: &ForkEnvironment, world: &World) {
        if world.direct(&demand.name, environment).is_some() || demand.is_unsatisfiable() {
            return;
        }
        let index = world.explicit_index(&demand.name, environment).cloned();
        let extras = demand.extras.iter().cloned().map(Some);
        let base = demand.extras.is_empty().then_some(None);
        for extra in extras.chain(base) {
            self.wish(Wish {
                name: demand.name.clone(),
                range: demand.range.clone(),
                index: index.clone(),
                extra,
                environment: environment.marker,
            });
        }
    }
}
