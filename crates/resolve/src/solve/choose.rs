//! The choice of a version: a release, a source, or a split (uv.md §2.6, §2.7 B to D).

use std::sync::Arc;

use index::{MetadataQuery, Query};
use lock::Source;
use packaging::marker::MarkerString;
use packaging::{Marker, PackageName, RequiresPython, Version, VersionRange, tag};
use pubgrub::{Id, Term};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Continuation, ForkAction, ForkState, Halt, Pin, Surroundings, VersionFork, root_version,
};
use crate::candidate::{Candidate, Choice, Selector};
use crate::environment::ForkEnvironment;
use crate::explain::{PackageGone, Reason, Unusable};
use crate::manner::{Coverage, Splits};
use crate::node::Node;
use crate::resolver::ResolveError;
use crate::version_map::Verdict;
use crate::world::{Found, World};

pub(super) enum Chosen {
    Version(Version),
    None,
    Gone(PackageGone),
    Forked(Vec<VersionFork>),
    Unusable(Version, Unusable),
    Missing(Vec<Query>),
}

impl ForkState {
    /// Chooses a version; `None` means that the engine has been told why there is none.
    pub(super) fn choose(
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
            self.direct(name, around.world).is_none() && !self.indexes.contains_key(name)
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

    pub(super) fn choose_version(
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
        if let Some(source) = self.direct(name, around.world) {
            return self.choose_direct(name, source, id, range, around.world);
        }
        self.choose_release(node, id, name, range, around)
    }

    pub(super) fn choose_release(
        &mut self,
        node: &Node,
        id: Id<Node>,
        name: &PackageName,
        range: &VersionRange,
        around: &mut Surroundings<'_>,
    ) -> Chosen {
        // A proxy is what its project is, once that is decided.
        if self.weighs
            && let Some(version) = self.decided_base(node)
            && range.contains(&version)
        {
            return Chosen::Version(version);
        }
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
        let chosen = around.world.chosen(choice);
        let is_chosen = chosen.is_some();
        let found =
            chosen.or_else(|| selector.select(choice, around.preferences, &self.environment));
        let Some(candidate) = found else {
            return Chosen::None;
        };
        if let Verdict::Unusable(reason) = &candidate.offer.verdict {
            return Chosen::Unusable(candidate.version.clone(), reason.clone());
        }
        let manner = around.world.problem.manner;
        if manner.coverage != Coverage::All
            && !is_chosen
            && let Some(requires_python) = candidate.offer.verdict.requires_python()
            && !self.supports(id, requires_python, &manner)
        {
            if around.world.forks_on_python()
                && let Some(forks) = self.fork_on_python(id, requires_python)
            {
                return Chosen::Forked(forks);
            }
            let reason = Unusable::RequiresPython(requires_python.clone().into());
            return Chosen::Unusable(candidate.version.clone(), reason);
        }
        if manner.minds_tags
            && let Some(below) = self.python.below
            && candidate.offer.pythons.is_disjoint(below)
        {
            return Chosen::Unusable(candidate.version.clone(), Unusable::PythonTag);
        }
        if manner.splits == Splits::Diverging
            && let Some(chosen) =
                self.cover_platforms(node, id, candidate, choice, &selector, around)
        {
            return chosen;
        }
        self.pin(name, candidate);
        self.speculate(name, candidate, choice, around);
        Chosen::Version(candidate.version.clone())
    }

    /// The one version a source has, if it is in range and of use here.
    fn choose_direct(
        &self,
        name: &PackageName,
        source: &Source,
        id: Id<Node>,
        range: &VersionRange,
        world: &World,
    ) -> Chosen {
        let Some(local) = world.local(name, source) else {
            return Chosen::None;
        };
        if !range.contains(&local.version) {
            return Chosen::None;
        }
        let unusable = |reason| Chosen::Unusable(local.version.clone(), reason);
        if let Some(wheel) = &local.wheel {
            let coverage = tag::implied_marker(wheel);
            for &marker in &world.artifact_environments {
                if self.environment.includes(marker)
                    && self.environment.includes(self.reach(id).and(marker))
                    && !self.environment.includes(coverage.and(marker))
                {
                    return unusable(Unusable::MissingPlatform(marker));
                }
            }
            if wheel.is_variant() {
                return unusable(Unusable::Variant);
            }
            if world.problem.manner.minds_tags
                && !tag::matches_requires_python(wheel, &self.python.bounds)
            {
                return unusable(Unusable::PythonTag);
            }
        }
        match &local.project.requires_python {
            Some(python) if !self.supports(id, python, &world.problem.manner) => {
                unusable(Unusable::RequiresPython(python.clone()))
            }
            _ => Chosen::Version(local.version.clone()),
        }
    }

    /// Splits where a release starts to support Python, if the fork spans that.
    pub(super) fn fork_on_python(
        &self,
        id: Id<Node>,
        requires_python: &RequiresPython,
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
    pub(super) fn cover_platforms(
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

    pub(super) fn fork_on_local(
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
            let marker = Marker::string(MarkerString::SysPlatform, platform);
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

    pub(super) fn split_environment(
        &self,
        marker: Marker,
    ) -> Option<(ForkEnvironment, ForkEnvironment)> {
        (self.environment.includes(marker) && self.environment.includes(marker.not())).then(|| {
            (
                self.environment.narrow(marker),
                self.environment.narrow(marker.not()),
            )
        })
    }

    /// The environments in which a node is wanted, by what is known of its dependents.
    pub(super) fn reach(&self, id: Id<Node>) -> Marker {
        self.reach_through(id, |_| true)
    }

    /// The environments in which a node is wanted by what is decided now.
    pub(super) fn present_reach(&self, id: Id<Node>) -> Marker {
        let solution = self.engine.partial_solution.extract_solution();
        let decided: FxHashMap<Id<Node>, Version> = solution.collect();
        let store = &self.engine.package_store;
        let reach = self.reach_through(id, |edge| match decided.get(&edge.dependent) {
            Some(version) => edge.dependent_versions.contains(version),
            None => store[edge.dependent].proxied_base().is_some(),
        });
        // What is reached from nowhere is taken to be wanted everywhere.
        if reach.is_false() {
            Marker::TRUE
        } else {
            reach
        }
    }

    fn reach_through(
        &self,
        id: Id<Node>,
        counts: impl Fn(&pubgrub::Dependency<'_, Node, VersionRange>) -> bool,
    ) -> Marker {
        let store = &self.engine.package_store;
        let root = self.engine.root_package;
        let mut ancestors = FxHashSet::from_iter([id]);
        let mut stack = vec![id];
        while let Some(current) = stack.pop() {
            for dependency in self.engine.dependencies(current) {
                if dependency.dependency == current
                    && counts(&dependency)
                    && ancestors.insert(dependency.dependent)
                {
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
                if dependency.dependent != current
                    || !ancestors.contains(&child)
                    || !counts(&dependency)
                {
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

    pub(super) fn pin(&mut self, name: &PackageName, candidate: Candidate<'_>) {
        let Some(file) = candidate.offer.verdict.metadata() else {
            return;
        };
        self.pins
            .entry((name.clone(), candidate.version.clone()))
            .or_insert_with(|| {
                Arc::new(Pin {
                    query: MetadataQuery::of(name, candidate.version, file),
                    index: candidate.index.clone(),
                    requires_python: candidate
                        .offer
                        .verdict
                        .requires_python()
                        .cloned()
                        .map(Arc::new),
                })
            });
    }

    /// Asks ahead for older releases of what has been tried often.
    pub(super) fn speculate(
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
}
