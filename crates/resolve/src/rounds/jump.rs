//! Jumping back from a conflict to where another choice can be made.

use std::collections::BTreeSet;
use std::sync::Arc;

use packaging::Version;

use super::{
    Criterion, Information, Key, Missing, OPTIMISTIC, Played, ROUNDS, Rounds, State, keys_of,
};
use crate::world::World;

impl Rounds {
    /// Whether rash jumps have gone on for too long; then everything is as before the first one.
    pub(super) fn gives_up_rashness(&mut self) -> bool {
        if !self.is_optimistic || self.saved.is_none() {
            return false;
        }
        let left = ROUNDS.saturating_sub(self.round);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a few thousand rounds at most"
        )]
        let few = (left as f64 * OPTIMISTIC) as usize;
        let cutoff = *self.cutoff.get_or_insert(self.round + few);
        let is_over = self.round >= cutoff;
        if is_over {
            self.roll_back();
        }
        is_over
    }

    fn roll_back(&mut self) {
        self.is_optimistic = false;
        if let Some(saved) = self.saved.take() {
            self.states = saved;
        }
    }

    /// Goes back from a conflict, and remembers why.
    pub(super) fn jump(
        &mut self,
        causes: Vec<Information>,
        world: &mut World,
    ) -> Result<Played, Missing> {
        let could_be_rash = self.is_optimistic;
        let success = self.jump_back(&causes, world)?;
        if !success && could_be_rash && self.saved.is_some() {
            self.roll_back();
            return Ok(Played::On);
        }
        if let Some(state) = self.states.last_mut() {
            state.causes = causes;
        }
        Ok(if success { Played::On } else { Played::Lost })
    }

    fn jump_back(&mut self, causes: &[Information], world: &mut World) -> Result<bool, Missing> {
        let involved = keys_of(causes);
        while self.states.len() >= 3 {
            self.states.pop();
            let Some((broken, key, version)) = self.broken(&involved, world)? else {
                return Ok(false);
            };
            let mut known: Vec<(Key, Vec<Version>)> = broken
                .criteria
                .iter()
                .map(|(key, criterion)| (key.clone(), criterion.incompatible.clone()))
                .collect();
            known.push((key, vec![version]));
            let Some(base) = self.states.last().cloned() else {
                return Ok(false);
            };
            self.states.push(base);
            if self.patch(known, world)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes states away down to one that has a share in the conflict, and its last pin.
    fn broken(
        &mut self,
        involved: &BTreeSet<Key>,
        world: &mut World,
    ) -> Result<Option<(State, Key, Version)>, Missing> {
        loop {
            let Some(mut broken) = self.states.pop() else {
                return Ok(None);
            };
            let Some((key, version)) = broken.mapping.pop() else {
                return Ok(None);
            };
            if !self.is_optimistic && !involved.contains(&key) {
                return Ok(Some((broken, key, version)));
            }
            if self.is_optimistic && self.saved.is_none() && !involved.contains(&key) {
                let mut saved = self.states.clone();
                let mut whole = broken.clone();
                whole.mapping.push((key.clone(), version.clone()));
                saved.push(whole);
                self.saved = Some(saved);
            }
            if self.requires_any(&key, &version, &broken, involved, world)?
                || broken.mapping.is_empty()
            {
                return Ok(Some((broken, key, version)));
            }
            if self.states.len() <= 1 {
                return Ok(None);
            }
        }
    }

    /// Whether a pin requires somebody who takes part in the conflict.
    fn requires_any(
        &self,
        key: &Key,
        version: &Version,
        state: &State,
        involved: &BTreeSet<Key>,
        world: &mut World,
    ) -> Result<bool, Missing> {
        let none: Arc<Criterion> = Arc::default();
        let criterion = state.criteria.get(key).unwrap_or(&none);
        let all = self.candidates(key, criterion, &state.criteria, usize::MAX, world)?;
        let Some(candidate) = all.into_iter().find(|it| it.version == *version) else {
            return Ok(true);
        };
        let wishes = self.requirements(key, criterion, &candidate, world)?;
        let mut keys = wishes.iter().flatten().map(|wish| Key::of(&wish.demand));
        Ok(keys.any(|key| involved.contains(&key)))
    }

    /// Rules versions out; whether everybody still has a choice.
    fn patch(
        &mut self,
        known: Vec<(Key, Vec<Version>)>,
        world: &mut World,
    ) -> Result<bool, Missing> {
        let Some(mut state) = self.states.last().cloned() else {
            return Ok(false);
        };
        let mut success = true;
        for (key, mut versions) in known {
            let Some(criterion) = state.criteria.get(&key).filter(|_| !versions.is_empty()) else {
                continue;
            };
            let mut criterion = (**criterion).clone();
            versions.extend(criterion.incompatible.iter().cloned());
            versions.dedup();
            criterion.incompatible = versions;
            if self
                .candidates(&key, &criterion, &state.criteria, 1, world)?
                .is_empty()
            {
                success = false;
                break;
            }
            state.criteria.insert(key, Arc::new(criterion));
        }
        if let Some(last) = self.states.last_mut() {
            *last = state;
        }
        Ok(success)
    }
}
