//! Whether what is required here differs by conditions so much that each is resolved on its own.

use std::sync::Arc;

use packaging::{ExtraName, Marker};

use super::ForkState;
use crate::demand::Demand;
use crate::exclusive;
use crate::expand::Context;
use crate::manner::Splits;
use crate::node::Kind;
use crate::world::{Local, World};

impl ForkState {
    pub(super) fn parts(&self, demands: &[Demand], world: &World) -> Option<Vec<Marker>> {
        if world.problem.manner.splits != Splits::Exclusive {
            return None;
        }
        exclusive::parts(demands, |marker| {
            !self.python.marker.is_disjoint(marker) && self.environment.includes(marker)
        })
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
