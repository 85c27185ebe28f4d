//! Which versions would do, and what they require.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use index::{MetadataQuery, Query};
use lock::{PrereleaseMode, Source};
use packaging::{
    ExtraName, PackageName, RequiresPython, Version, VersionRange, VersionSpecifier,
    VersionSpecifiers,
};

use super::{Criterion, Key, Missing, Rounds, State, Wish, accepts};
use crate::demand::{Demand, Origin};
use crate::expand::{Context, Expander};
use crate::python::open_ended;
use crate::version_map::{Offer, Verdict, VersionMap};
use crate::world::{Facts, Found, Local, World};

/// A version that may be pinned.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) version: Version,
    place: Place,
}

/// Where a candidate says what it requires.
#[derive(Clone)]
enum Place {
    Release {
        query: MetadataQuery,
        python: Option<Arc<RequiresPython>>,
    },
    Local(Arc<Local>),
}

/// A release on a page; what it offers is looked at when it is asked for.
struct Listed<'a> {
    version: &'a Version,
    map: &'a VersionMap,
}

impl<'a> Listed<'a> {
    fn usable(&self) -> Option<(&'a Version, &'a Offer)> {
        let offer = self.map.offer(self.version)?;
        (!matches!(offer.1.verdict, Verdict::Unusable(_))).then_some(offer)
    }
}

impl Rounds {
    /// Whether a release for these Pythons is for all that count.
    fn covers(&self, python: Option<&RequiresPython>, wanted: &VersionRange) -> bool {
        python.is_none_or(|python| {
            let wanted = wanted.intersection(&self.range);
            wanted.subset_of(&open_ended(python.range()))
        })
    }

    /// The requirement that candidates are looked for with.
    pub(super) fn wanted_as(&self, criterion: &Criterion) -> Option<Wish> {
        let wishes = criterion.wishes.iter();
        wishes.min_by_key(|wish| wish.preference()).cloned()
    }

    /// The versions that everybody accepts, best first, and no more than so many.
    pub(super) fn candidates(
        &self,
        key: &Key,
        criterion: &Criterion,
        criteria: &BTreeMap<Key, Arc<Criterion>>,
        limit: usize,
        world: &mut World,
    ) -> Result<Vec<Candidate>, Missing> {
        let mut wishes = criterion.wishes.clone();
        if !key.extras.is_empty()
            && let Some(base) = criteria.get(&key.base())
        {
            wishes.extend(base.wishes.iter().cloned());
        }
        wishes.sort_by_key(Wish::preference);
        let Some(first) = wishes.first() else {
            return Ok(Vec::new());
        };
        let will_do = |version: &Version| {
            !criterion.incompatible.contains(version)
                && wishes.iter().all(|wish| accepts(wish, version))
        };
        if let Some(source) = self.source(&key.name, &wishes, world) {
            let local = world.local(&key.name, &source);
            let local = local.filter(|local| !criterion.incompatible.contains(&local.version));
            return Ok(local
                .map(|local| Candidate {
                    version: local.version.clone(),
                    place: Place::Local(local),
                })
                .into_iter()
                .collect());
        }
        let index = world.explicit_index(&key.name, &self.environment).cloned();
        let maps = match world.maps(&key.name, index.as_ref()) {
            Found::Missing(queries) => return Err(Missing(queries)),
            Found::Gone(_) => return Ok(Vec::new()),
            Found::Maps(maps) => maps,
        };
        let mut listed: Vec<Listed<'_>> = Vec::new();
        for map in &*maps {
            let within = |version: &&Version| first.demand.range.contains(version);
            let all = map.versions().rev().filter(within);
            listed.extend(all.map(|version| Listed { version, map }));
        }
        if maps.len() > 1 {
            listed.sort_by(|one, other| other.version.cmp(one.version));
        }
        if !world.wants_highest(&key.name, &self.environment) {
            listed.reverse();
        }
        self.prefer_locked(&key.name, &mut listed, world);
        let found = self.applicable(first, &listed, &will_do, limit, world);
        Ok(found
            .into_iter()
            .filter_map(|(version, offer)| {
                let file = offer.verdict.metadata()?;
                Some(Candidate {
                    version: version.clone(),
                    place: Place::Release {
                        query: MetadataQuery::of(&key.name, version, file),
                        python: offer.verdict.requires_python().cloned().map(Arc::new),
                    },
                })
            })
            .collect())
    }

    /// What an existing lock has comes first.
    fn prefer_locked(&self, name: &PackageName, listed: &mut Vec<Listed<'_>>, world: &World) {
        let locked = world.problem.preferences.iter();
        for preference in locked.filter(|it| it.name == *name).rev() {
            let mut versions = listed.iter();
            if let Some(at) = versions.position(|it| *it.version == preference.version) {
                let one = listed.remove(at);
                listed.insert(0, one);
            }
        }
    }

    /// Where a project comes from, if not from an index.
    pub(super) fn source(
        &self,
        name: &PackageName,
        wishes: &[Wish],
        world: &World,
    ) -> Option<Source> {
        let direct = wishes.iter().find_map(|wish| match &wish.demand.origin {
            Origin::Direct(source) => Some(source.clone()),
            Origin::Registry { .. } => None,
        });
        direct.or_else(|| {
            let is_member = world.problem.members.contains(name);
            let source = world.direct(name, &self.environment);
            source.filter(|_| is_member).cloned()
        })
    }

    /// Releases that the requirement admits: for all Pythons if there are any such, and
    /// pre-releases if it names one or there is nothing else.
    fn applicable<'a>(
        &self,
        first: &Wish,
        listed: &[Listed<'a>],
        will_do: &dyn Fn(&Version) -> bool,
        limit: usize,
        world: &World,
    ) -> Vec<(&'a Version, &'a Offer)> {
        let general = match world.problem.options.prerelease {
            PrereleaseMode::Allow => Some(true),
            PrereleaseMode::Disallow | PrereleaseMode::Explicit => Some(false),
            PrereleaseMode::IfNecessary | PrereleaseMode::IfNecessaryOrExplicit => None,
        };
        let names_one = first.demand.names_prerelease();
        let is_pinned = first.demand.pinned().is_some();
        let allowed = if names_one && is_pinned {
            Some(true)
        } else {
            general
        };
        let admits = allowed.unwrap_or(names_one);
        let is_admitted = |one: &&Listed<'_>| admits || !one.version.any_prerelease();
        let covers = |offer: &Offer| self.covers(offer.verdict.requires_python(), &first.python);
        let wanted = |one: &&Listed<'_>| will_do(one.version);
        let usable = || listed.iter().filter(is_admitted);
        let fitting = usable().filter(wanted).filter_map(Listed::usable);
        let found: Vec<_> = fitting
            .filter(|(_, offer)| covers(offer))
            .take(limit)
            .collect();
        let mut all = usable().filter_map(Listed::usable).peekable();
        match all.peek().is_some() {
            _ if !found.is_empty() => found,
            true if all.any(|(_, offer)| covers(offer)) => found,
            true => {
                let fitting = usable().filter(wanted).filter_map(Listed::usable);
                fitting.take(limit).collect()
            }
            false if allowed.is_none() => {
                let fitting = listed.iter().filter(wanted).filter_map(Listed::usable);
                let (covering, others): (Vec<_>, Vec<_>) =
                    fitting.partition(|(_, offer)| covers(offer));
                if covering.is_empty() {
                    others
                } else {
                    covering
                }
            }
            false => found,
        }
    }

    /// What a candidate requires; `None` if it is not for all Pythons that count.
    pub(super) fn requirements(
        &self,
        key: &Key,
        criterion: &Criterion,
        candidate: &Candidate,
        world: &mut World,
    ) -> Result<Option<Vec<Wish>>, Missing> {
        let every = VersionRange::full();
        let wanted = self.wanted_as(criterion);
        let around = wanted.as_ref().map_or(&every, |wish| &wish.python);
        let (requires, python) = match &candidate.place {
            Place::Local(local) => {
                let python = local.project.requires_python.clone();
                (local.requires.clone(), python)
            }
            Place::Release { query, python } => match world.facts(query) {
                Facts::Missing(query) => return Err(Missing(vec![query])),
                Facts::Known(facts) => {
                    let python = facts.requires_python.clone().or_else(|| python.clone());
                    (facts.requires.clone(), python)
                }
                // Whoever goes on with it will say what is wrong.
                _ => (Vec::new(), python.clone()),
            },
        };
        let counts = !around.intersection(&self.range).is_empty();
        if counts && !self.covers(python.as_deref(), around) {
            return Ok(None);
        }
        let demands = self.expand(key, &candidate.version, &requires, world);
        let supported = python.map_or(every.clone(), |python| python.range().clone());
        let mut wishes: Vec<Wish> = Vec::new();
        if !key.extras.is_empty()
            && let Some(wanted) = &wanted
        {
            wishes.push(same_version(&wanted.demand, &candidate.version));
        }
        let around = around.intersection(&self.range).intersection(&supported);
        wishes.extend(demands.into_iter().filter_map(|demand| {
            let own = demand.marker.python_ranges();
            let is_possible = !own.intersection(&around).is_empty();
            let wanted = wanted.as_ref().map_or(&every, |wish| &wish.python);
            is_possible.then(|| Wish {
                python: own.intersection(wanted),
                demand: Arc::new(demand),
            })
        }));
        Ok(Some(wishes))
    }

    fn expand(
        &self,
        key: &Key,
        version: &Version,
        requires: &[Arc<Demand>],
        world: &World,
    ) -> Vec<Demand> {
        let expander = self.expander(world);
        let name = &key.name;
        if key.extras.is_empty() {
            return expander.expand(requires, Context::Package { name, version });
        }
        let of_extra = |extra: &ExtraName| {
            let context = Context::Extra {
                name,
                version,
                extra,
            };
            expander.expand(requires, context)
        };
        key.extras.iter().flat_map(of_extra).collect()
    }

    fn expander<'a>(&'a self, world: &'a World) -> Expander<'a> {
        Expander {
            modifiers: &world.modifiers,
            environment: &self.environment,
            python: self.python.marker,
        }
    }

    /// What the root requires: its dependencies, then its groups by name.
    pub(super) fn root(&self, world: &World) -> Vec<Wish> {
        let expander = self.expander(world);
        let mut demands = Vec::new();
        for asked in &world.problem.requirements {
            let mut locals = world.problem.local.iter();
            let project = locals
                .find(|project| project.name == asked.name)
                .filter(|project| world.problem.members.contains(&project.name))
                .and_then(|project| world.local(&project.name, &project.source));
            let Some(local) = project else {
                let demand = [Arc::new(Demand::from(asked))];
                demands.extend(expander.expand(&demand, Context::Root));
                continue;
            };
            let (name, version) = (&local.project.name, &local.version);
            if asked.groups.is_empty() {
                let context = Context::Package { name, version };
                demands.extend(expander.expand(&local.requires, context));
            }
            for extra in &asked.extras {
                let context = Context::Extra {
                    name,
                    version,
                    extra,
                };
                demands.extend(expander.expand(&local.requires, context));
            }
            let groups: BTreeSet<_> = asked.groups.iter().collect();
            for group in groups {
                let listed = local.group(group).unwrap_or_default();
                demands.extend(expander.expand(listed, Context::Group { name, version }));
            }
        }
        demands
            .into_iter()
            .map(|demand| Wish {
                python: demand.marker.python_ranges(),
                demand: Arc::new(demand),
            })
            .collect()
    }

    /// Asks for the metadata of all that may be pinned next, together.
    pub(super) fn look_ahead(
        &mut self,
        open: &[Key],
        state: &State,
        world: &mut World,
    ) -> Result<(), Missing> {
        let mut missing: Vec<Query> = Vec::new();
        for key in open {
            let Some(criterion) = state.criteria.get(key) else {
                continue;
            };
            let looked = self.looked.get(key);
            if looked.is_some_and(|looked| Arc::ptr_eq(looked, criterion)) {
                continue;
            }
            let first = self.candidates(key, criterion, &state.criteria, 1, world);
            let first = match first {
                Ok(all) => all.into_iter().next(),
                Err(Missing(queries)) => {
                    missing.extend(queries);
                    continue;
                }
            };
            if let Some(Candidate {
                place: Place::Release { query, .. },
                ..
            }) = first
                && let Facts::Missing(query) = world.facts(&query)
            {
                missing.push(query);
            } else {
                self.looked.insert(key.clone(), criterion.clone());
            }
        }
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Missing(missing)),
        }
    }
}

/// The project without its extras, in the same version.
fn same_version(demand: &Demand, version: &Version) -> Wish {
    let pin = VersionSpecifier::equals_version(version.clone());
    let specifiers: VersionSpecifiers = std::iter::once(pin).collect();
    let direct = matches!(demand.origin, Origin::Direct(_));
    let demand = Demand {
        extras: Arc::default(),
        groups: Arc::default(),
        marker: packaging::Marker::TRUE,
        range: crate::range::of(&specifiers),
        specifiers: if direct {
            Arc::default()
        } else {
            Arc::new(specifiers)
        },
        ..demand.clone()
    };
    Wish {
        demand: Arc::new(demand),
        python: VersionRange::full(),
    }
}
