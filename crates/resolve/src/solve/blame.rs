//! Who is to blame for conflicts, and what that does to the order of decisions (uv.md §2.4).

use pubgrub::{ConflictId, Id};
use rustc_hash::FxHashMap;

use super::ForkState;
use crate::node::{Engine, Node};

/// How often a project must meet conflicts before it is decided earlier or later.
const CONFLICT_THRESHOLD: u32 = 5;

#[derive(Clone, Debug, Default)]
pub(super) struct ConflictTracker {
    affected: FxHashMap<Id<Node>, u32>,
    culprits: FxHashMap<Id<Node>, u32>,
    earlier: Vec<Id<Node>>,
    later: Vec<Id<Node>>,
}

impl ForkState {
    pub(super) fn record_conflict(&mut self, affected: Id<Node>, conflict: &ConflictId<Engine>) {
        if !self.learns_from_conflicts {
            return;
        }
        let store = &self.engine.package_store;
        let mut has_culprit = false;
        for culprit in self.engine.conflict_packages(conflict) {
            // A proxy repeats what its project must do: no conflict of two.
            if culprit == affected || store[affected].name() == store[culprit].name() {
                continue;
            }
            has_culprit = true;
            let count = self.tracker.culprits.entry(culprit).or_default();
            *count += 1;
            if *count == CONFLICT_THRESHOLD {
                self.tracker.later.push(culprit);
            }
        }
        if has_culprit {
            let count = self.tracker.affected.entry(self.next).or_default();
            *count += 1;
            if *count == CONFLICT_THRESHOLD {
                self.tracker.earlier.push(self.next);
            }
        }
    }

    pub(super) fn reprioritize(&mut self) {
        for id in std::mem::take(&mut self.tracker.earlier) {
            self.priorities.decide_early(&self.engine.package_store[id]);
        }
        for id in std::mem::take(&mut self.tracker.later) {
            if self.priorities.decide_late(&self.engine.package_store[id]) {
                self.engine.backtrack_package(id);
            }
        }
    }
}
