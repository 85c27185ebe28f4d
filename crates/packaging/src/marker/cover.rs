//! Which products of conditions a marker is written as: an irredundant cover.
//!
//! The method is that of Minato and Morreale: a cover of any function between a lower and an
//! upper one, branch by branch of the first variable, so that no product says more than it must.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::diagram::{Diagrams, Ref, Regions, overlay};
use super::variable::Variable;

/// A disjunction of products.
pub(super) enum Cover {
    /// No product: never true.
    Nothing,
    /// The empty product: always true.
    Always,
    /// Each guard, a condition on one variable, distributed over its own cover.
    Branches(Vec<(Ref, Rc<Cover>)>),
}

/// Results so far: the function that was chosen between two, and its cover.
type Memory = FxHashMap<(Ref, Ref), (Ref, Rc<Cover>)>;

/// A part of a variable's values, and what the two functions are there.
struct Cofactor {
    guard: Ref,
    lower: Ref,
    upper: Ref,
}

/// A branch while it is put together.
struct Branch {
    function: Ref,
    guard: Ref,
    cover: Rc<Cover>,
}

impl Diagrams {
    /// The cover of a condition.
    pub(super) fn cover(&mut self, condition: Ref) -> Rc<Cover> {
        self.cover_between(condition, condition, &mut Memory::default())
            .1
    }

    fn cover_between(&mut self, lower: Ref, upper: Ref, memory: &mut Memory) -> (Ref, Rc<Cover>) {
        if lower == Ref::FALSE {
            return (Ref::FALSE, Rc::new(Cover::Nothing));
        }
        if upper == Ref::TRUE {
            return (Ref::TRUE, Rc::new(Cover::Always));
        }
        if let Some((function, cover)) = memory.get(&(lower, upper)) {
            return (*function, Rc::clone(cover));
        }
        let (function, cover) = if lower == upper && self.asks_one_thing(lower) {
            (
                lower,
                Cover::Branches(vec![(lower, Rc::new(Cover::Always))]),
            )
        } else {
            self.cover_branches(lower, upper, memory)
        };
        let cover = Rc::new(cover);
        memory.insert((lower, upper), (function, Rc::clone(&cover)));
        (function, cover)
    }

    fn asks_one_thing(&self, condition: Ref) -> bool {
        self.node(condition)
            .children(condition)
            .all(Ref::is_terminal)
    }

    fn cover_branches(&mut self, lower: Ref, upper: Ref, memory: &mut Memory) -> (Ref, Cover) {
        let cofactors = self.cofactors(lower, upper);
        let common_upper = cofactors.iter().fold(Ref::TRUE, |common, cofactor| {
            self.and(common, cofactor.upper)
        });
        let mut common_lower = Ref::FALSE;
        let mut function = Ref::FALSE;
        let mut branches: Vec<Branch> = Vec::new();
        for cofactor in cofactors {
            let required = self.and(cofactor.lower, common_upper.not());
            let (part, cover) = self.cover_between(required, cofactor.upper, memory);
            let rest = self.and(cofactor.lower, part.not());
            common_lower = self.or(common_lower, rest);
            if part == Ref::FALSE {
                continue;
            }
            if lower != upper {
                let guarded = self.and(cofactor.guard, part);
                function = self.or(function, guarded);
            }
            match branches.iter_mut().find(|branch| branch.function == part) {
                Some(branch) => branch.guard = self.or(branch.guard, cofactor.guard),
                None => branches.push(Branch {
                    function: part,
                    guard: cofactor.guard,
                    cover,
                }),
            }
        }
        let (common, cover) = self.cover_between(common_lower, common_upper, memory);
        if common != Ref::FALSE {
            let branch = Branch {
                function: common,
                guard: Ref::TRUE,
                cover,
            };
            match branches.iter_mut().find(|branch| branch.function == common) {
                Some(equal) => *equal = branch,
                None => branches.push(branch),
            }
        }
        let function = if lower == upper {
            lower
        } else {
            self.or(function, common)
        };
        let branches = branches
            .into_iter()
            .map(|branch| (branch.guard, branch.cover))
            .collect();
        (function, Cover::Branches(branches))
    }

    /// The parts of the first variable's values in which both functions do not depend on it.
    fn cofactors(&mut self, lower: Ref, upper: Ref) -> Vec<Cofactor> {
        // A lower or upper function may be terminal here, but never both.
        let variable = [lower, upper]
            .into_iter()
            .filter(|function| !function.is_terminal())
            .map(|function| &self.node(function).variable)
            .min();
        let Some(variable) = variable else {
            return Vec::new();
        };
        let (lower, upper) = (self.split(lower, variable), self.split(upper, variable));
        let mut kinds: Vec<(Ref, Ref)> = Vec::new();
        for (_, i, j) in overlay(lower.cuts, upper.cuts) {
            let kind = (lower.children[i], upper.children[j]);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if variable.is_boolean() {
            kinds.reverse();
        }
        kinds
            .into_iter()
            .map(|kind| self.cofactor(variable, &lower, &upper, kind))
            .collect()
    }

    /// The cofactor of all regions with the given pair of children.
    fn cofactor(
        &mut self,
        variable: &Variable,
        lower: &Split,
        upper: &Split,
        kind: (Ref, Ref),
    ) -> Cofactor {
        let mut regions = Regions::default();
        for (end, i, j) in overlay(lower.cuts, upper.cuts) {
            let here = (lower.children[i], upper.children[j]) == kind;
            regions.push(end, if here { Ref::TRUE } else { Ref::FALSE });
        }
        Cofactor {
            guard: self.make(variable, regions),
            lower: kind.0,
            upper: kind.1,
        }
    }

    /// A condition's regions of a variable that it may not ask about.
    fn split(&self, condition: Ref, variable: &Variable) -> Split {
        if !condition.is_terminal() {
            let node = self.node(condition);
            if node.variable == *variable {
                return Split {
                    cuts: &node.cuts,
                    children: node.children(condition).collect(),
                };
            }
        }
        Split {
            cuts: &[],
            children: vec![condition],
        }
    }
}

/// The regions of a variable and the child of each.
struct Split {
    cuts: &'static [super::variable::Cut],
    children: Vec<Ref>,
}
