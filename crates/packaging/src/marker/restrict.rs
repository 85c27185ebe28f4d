//! A simpler condition that says the same wherever something else is known.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::diagram::{Diagrams, Ref, Regions, lower_cut, overlay, upper_cut};
use super::variable::{Cut, PYTHON, Value, Variable};
use crate::environment::PythonBounds;
use crate::name::ExtraName;

/// Results of one transformation.
type Memory = FxHashMap<Ref, Ref>;

impl Diagrams {
    /// The generalised cofactor: equal to `value` wherever `assumption` holds.
    pub(super) fn restrict(&mut self, value: Ref, assumption: Ref) -> Ref {
        if assumption == Ref::TRUE || value.is_terminal() {
            return value;
        }
        if assumption == Ref::FALSE || value == assumption.not() {
            return Ref::FALSE;
        }
        if value == assumption {
            return Ref::TRUE;
        }
        if let Some(result) = self.restricted.get(&(value, assumption)) {
            return *result;
        }
        let result = self.restrict_nodes(value, assumption);
        self.restricted.insert((value, assumption), result);
        result
    }

    fn restrict_nodes(&mut self, value: Ref, assumption: Ref) -> Ref {
        let (node, given) = (self.node(value), self.node(assumption));
        match node.variable.cmp(&given.variable) {
            Ordering::Less => self.map(value, |this, child| this.restrict(child, assumption)),
            Ordering::Greater => {
                let weaker = self.any_child(assumption);
                self.restrict(value, weaker)
            }
            Ordering::Equal => self.restrict_regions(value, assumption),
        }
    }

    /// Regions that are assumed away do as the first region that is not.
    fn restrict_regions(&mut self, value: Ref, assumption: Ref) -> Ref {
        let (node, given) = (self.node(value), self.node(assumption));
        let results: Vec<(Option<&Cut>, Option<Ref>)> = overlay(&node.cuts, &given.cuts)
            .map(|(end, i, j)| {
                let known = given.child(assumption, j);
                let reachable = known != Ref::FALSE;
                (
                    end,
                    reachable.then(|| self.restrict(node.child(value, i), known)),
                )
            })
            .collect();
        let Some(first) = results.iter().find_map(|(_, result)| *result) else {
            return Ref::FALSE;
        };
        let mut regions = Regions::default();
        for (end, result) in results {
            regions.push(end, result.unwrap_or(first));
        }
        self.make(&node.variable, regions)
    }

    /// The condition that some value of the first variable makes this one hold.
    fn any_child(&mut self, condition: Ref) -> Ref {
        let node = self.node(condition);
        node.children(condition)
            .fold(Ref::FALSE, |any, child| self.or(any, child))
    }

    /// Forgets the distinctions between Python versions outside the bounds.
    pub(super) fn simplify_python(&mut self, condition: Ref, bounds: &PythonBounds) -> Ref {
        let lower = lower_cut(bounds.lower.clone().map(Value::Version));
        let upper = upper_cut(bounds.upper.clone().map(Value::Version));
        if lower.is_none() && upper.is_none() {
            return condition;
        }
        let keep = |end: Option<&Cut>, begin: Option<&Cut>| {
            let above = lower.is_none() || end.is_none() || end > lower.as_ref();
            let below = upper.is_none() || begin.is_none() || begin < upper.as_ref();
            above && below
        };
        self.keep_python(condition, &keep, &mut Memory::default())
    }

    fn keep_python(
        &mut self,
        condition: Ref,
        keep: &impl Fn(Option<&Cut>, Option<&Cut>) -> bool,
        memory: &mut Memory,
    ) -> Ref {
        if condition.is_terminal() {
            return condition;
        }
        if let Some(result) = memory.get(&condition) {
            return *result;
        }
        let node = self.node(condition);
        let result = if node.variable == PYTHON {
            let kept: Vec<_> = (0..=node.cuts.len())
                .filter(|&at| {
                    keep(
                        node.cuts.get(at),
                        at.checked_sub(1).map(|at| &node.cuts[at]),
                    )
                })
                .collect();
            let mut regions = Regions::default();
            for (position, &at) in kept.iter().enumerate() {
                let end = if position + 1 == kept.len() {
                    None
                } else {
                    node.cuts.get(at)
                };
                regions.push(end, node.child(condition, at));
            }
            if kept.is_empty() {
                Ref::FALSE
            } else {
                self.make(&PYTHON, regions)
            }
        } else {
            self.map(condition, |this, child| {
                this.keep_python(child, keep, memory)
            })
        };
        memory.insert(condition, result);
        result
    }

    /// The condition without what it asks about extras, weakened.
    pub(super) fn without_extras(&mut self, condition: Ref) -> Ref {
        if !self.asks_extras(condition) {
            return condition;
        }
        let mut memory = std::mem::take(&mut self.without_extras);
        let is_extra = |variable: &Variable| matches!(variable, Variable::Extra(_));
        let result = self.forget(condition, &is_extra, &mut memory);
        self.without_extras = memory;
        result
    }

    /// What a condition asks about extras alone, weakened.
    pub(super) fn only_extras(&mut self, condition: Ref) -> Ref {
        let mut memory = std::mem::take(&mut self.only_extras);
        let is_other = |variable: &Variable| !matches!(variable, Variable::Extra(_));
        let result = self.forget(condition, &is_other, &mut memory);
        self.only_extras = memory;
        result
    }

    /// The condition where no extra is chosen.
    pub(super) fn no_extras(&mut self, condition: Ref) -> Ref {
        if !self.asks_extras(condition) {
            return condition;
        }
        let mut memory = std::mem::take(&mut self.no_extras);
        let result = {
            // As for any other extra: a name that cannot be chosen stays open.
            let answer = |name: &Arc<str>| ExtraName::new(name).is_ok().then_some(false);
            self.answer_extras(condition, &answer, &mut memory)
        };
        self.no_extras = memory;
        result
    }

    /// Whether a condition asks about this extra anywhere.
    pub(super) fn asks_extra(&mut self, condition: Ref, extra: &ExtraName) -> bool {
        if !self.asks_extras(condition) {
            return false;
        }
        if let Some(names) = self.extra_names.get(&condition) {
            return names.contains(extra);
        }
        let extras = self.extras(condition);
        let names: Box<[ExtraName]> = extras
            .iter()
            .filter_map(|(name, _)| ExtraName::new(name).ok())
            .collect();
        let is_asked = names.contains(extra);
        self.extra_names.insert(condition, names);
        is_asked
    }

    /// Weakens a condition so that it no longer asks about some variables.
    fn forget(
        &mut self,
        condition: Ref,
        forgotten: &impl Fn(&Variable) -> bool,
        memory: &mut Memory,
    ) -> Ref {
        if condition.is_terminal() {
            return condition;
        }
        if let Some(result) = memory.get(&condition) {
            return *result;
        }
        let node = self.node(condition);
        let result = if forgotten(&node.variable) {
            node.children(condition).fold(Ref::FALSE, |any, child| {
                let child = self.forget(child, forgotten, memory);
                self.or(any, child)
            })
        } else {
            self.map(condition, |this, child| {
                this.forget(child, forgotten, memory)
            })
        };
        memory.insert(condition, result);
        result
    }

    /// Answers questions about extras; `None` leaves a question open.
    pub(super) fn answer_extras(
        &mut self,
        condition: Ref,
        answer: &impl Fn(&Arc<str>) -> Option<bool>,
        memory: &mut Memory,
    ) -> Ref {
        if condition.is_terminal() {
            return condition;
        }
        if let Some(result) = memory.get(&condition) {
            return *result;
        }
        let node = self.node(condition);
        let known = match &node.variable {
            Variable::Extra(name) => answer(name),
            _ => None,
        };
        let result = match known {
            Some(yes) => {
                self.answer_extras(node.child(condition, usize::from(!yes)), answer, memory)
            }
            None => self.map(condition, |this, child| {
                this.answer_extras(child, answer, memory)
            }),
        };
        memory.insert(condition, result);
        result
    }
}
