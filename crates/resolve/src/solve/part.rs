//! Whether what is required here differs by conditions so much that each is resolved on its own.

use std::sync::Arc;

use packaging::{ExtraName, Marker, PackageName, Version, VersionRange};
use pubgrub::{DerivationTree, External, Id};
use rustc_hash::FxHashMap;

use super::{Dropped, ForkState};
use crate::demand::Demand;
use crate::environment::ForkEnvironment;
use crate::exclusive;
use crate::expand::Context;
use crate::explain::Tree;
use crate::fork::Dependency;
use crate::manner::Splits;
use crate::node::{Kind, Node};
use crate::world::{Edge, Local, World};

/// A part of the world that is resolved on its own.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) environment: ForkEnvironment,
    /// What makes the part, in the words of those who ask.
    pub(crate) words: Marker,
}

/// A requirement that a conflict goes back to.
#[derive(Clone, Debug)]
struct Wish {
    name: PackageName,
    range: VersionRange,
    marker: Marker,
}

impl ForkState {
    /// A part of the fork, without the Pythons that are out of the question.
    pub(super) fn part(&self, marker: Marker) -> Part {
        Part {
            environment: self.environment.narrow(marker.and(self.python.exact)),
            words: self.words.and(marker),
        }
    }

    /// The dependencies that can be needed by what is known of their dependents; poetry leaves the
    /// others out.
    pub(super) fn needed(
        &mut self,
        id: Id<Node>,
        version: &Version,
        dependencies: Vec<Dependency>,
        world: &World,
    ) -> Vec<Dependency> {
        if world.problem.manner.splits != Splits::Exclusive {
            return dependencies;
        }
        let reach = self.present_reach(id);
        if reach.is_true() {
            return dependencies;
        }
        let asker = self.engine.package_store[id].name().cloned();
        let (needed, others): (Vec<_>, Vec<_>) = dependencies.into_iter().partition(|it| {
            let edge = (asker.clone(), it.node.name().cloned());
            !reach.is_disjoint(it.node.marker()) || world.kept.contains(&edge)
        });
        self.dropped.extend(others.into_iter().map(|it| Dropped {
            asker: id,
            version: version.clone(),
            marker: it.node.marker(),
            edge: (asker.clone(), it.node.name().cloned()),
        }));
        needed
    }

    /// A dependency that was left out, and is needed after all.
    pub(super) fn missed(&self) -> Option<Edge> {
        if self.dropped.is_empty() {
            return None;
        }
        let solution: FxHashMap<Id<Node>, Version> =
            self.engine.partial_solution.extract_solution().collect();
        let is_missed = |it: &&Dropped| {
            solution.get(&it.asker) == Some(&it.version)
                && !self.present_reach(it.asker).is_disjoint(it.marker)
        };
        Some(self.dropped.iter().find(is_missed)?.edge.clone())
    }

    /// Where requirements of different releases contradict each other and never hold together, the
    /// parts in which one and the other holds.
    pub(crate) fn parts_of_conflict(&self, tree: &Tree, world: &World) -> Option<Vec<Part>> {
        if world.problem.manner.splits != Splits::Exclusive {
            return None;
        }
        let mut wishes: Vec<Wish> = Vec::new();
        self.collect(tree, &mut wishes);
        let here = self.environment.marker.and(self.python.exact);
        let clash = |one: &Wish, other: &Wish| {
            one.name == other.name
                && one.range.is_disjoint(&other.range)
                && one.marker.and(here).is_disjoint(other.marker)
        };
        let held: Vec<Wish> = wishes
            .into_iter()
            .filter(|wish| !wish.marker.is_disjoint(here))
            .collect();
        let (at, _) = held
            .iter()
            .enumerate()
            .find(|(at, one)| held[at + 1..].iter().any(|other| clash(one, other)))?;
        let marker = held[at].marker;
        Some([marker, marker.not()].map(|it| self.part(it)).into())
    }

    /// The requirements that a conflict goes back to.
    fn collect(&self, tree: &Tree, wishes: &mut Vec<Wish>) {
        match tree {
            DerivationTree::Derived(derived) => {
                self.collect(&derived.cause1, wishes);
                self.collect(&derived.cause2, wishes);
            }
            DerivationTree::External(External::FromDependencyOf(asker, _, node, range)) => {
                if let Some(name) = node.name().filter(|name| asker.name() != Some(name)) {
                    let reach = self.known_reach(asker);
                    wishes.push(Wish {
                        name: name.clone(),
                        range: range.clone(),
                        marker: reach.and(node.marker()),
                    });
                }
            }
            DerivationTree::External(_) => {}
        }
    }

    fn known_reach(&self, node: &Node) -> Marker {
        let of_node = |id: &&Id<Node>| self.engine.package_store[**id] == *node;
        match self.heard_of.iter().find(of_node) {
            Some(id) => self.reach(*id),
            None => Marker::TRUE,
        }
    }
    pub(super) fn parts(&self, demands: &[Demand], world: &World) -> Option<Vec<Marker>> {
        if world.problem.manner.splits != Splits::Exclusive {
            return None;
        }
        let here = self.python.exact.and(self.environment.marker);
        exclusive::parts(demands, |marker| !here.is_disjoint(marker))
    }

    /// What a project of the user's own requires counts together: its extras and groups too.
    pub(super) fn parts_of_local(
        &self,
        local: &Local,
        kind: &Kind,
        demands: &[Demand],
        world: &World,
    ) -> Option<Vec<Marker>> {
        if world.problem.manner.splits != Splits::Exclusive {
            return None;
        }
        if *kind != Kind::Base || !world.problem.members.contains(&local.project.name) {
            return self.parts(demands, world);
        }
        let expander = self.expander(world);
        let (name, version) = (&local.project.name, &local.version);
        let mut all = demands.to_vec();
        for extra in &local.project.provides_extra {
            let context = Context::Extra {
                name,
                version,
                extra,
            };
            all.extend(expander.expand(&local.requires, context));
        }
        for group in local.project.groups.keys() {
            let demands = local.group(group).unwrap_or_default();
            all.extend(expander.expand(demands, Context::Group { name, version }));
        }
        self.parts(&all, world)
    }

    /// What an extra adds counts together with what its project requires anyway.
    pub(super) fn parts_of_release(
        &self,
        extra: Option<&ExtraName>,
        requires: &[Arc<Demand>],
        context: Context<'_>,
        demands: &[Demand],
        world: &World,
    ) -> Option<Vec<Marker>> {
        if world.problem.manner.splits != Splits::Exclusive {
            return None;
        }
        let (Some(_), Some((name, version))) = (extra, context.package()) else {
            return self.parts(demands, world);
        };
        let mut all = self
            .expander(world)
            .expand(requires, Context::Package { name, version });
        all.extend_from_slice(demands);
        self.parts(&all, world)
    }
}
