//! How two conditions of one variable become one.
//!
//! An original is preferred to an equal new condition, so its spelling survives. Seen in
//! poetry-core 2.5.0.

use packaging::Version;

use super::{Atom, FULL, Join, MINOR, Set, Shown};
use crate::poetry::range::{Constraint, Range};
use crate::poetry::values::{Relation, Values};

/// Sets of alternatives with more pairs than this stay two conditions, as nobody reads what they
/// come to: a request must not take for ever.
const MOST_PAIRS: usize = 1_000;

/// What became of two conditions.
pub(in crate::poetry) enum Merged {
    Any,
    Empty,
    Atom(Atom),
    /// Two conditions that hold both.
    Both(Atom, Atom),
    /// Two conditions of which one holds.
    Either(Atom, Atom),
}

impl Atom {
    /// Merges two conditions; nothing when they stay two.
    pub(in crate::poetry) fn merge(&self, other: &Self, join: Join) -> Option<Merged> {
        if self.name != other.name {
            return if self.is_python() && other.is_python() {
                merge_pythons(self, other, join)
            } else {
                None
            };
        }
        match (&self.set, &other.set) {
            (Set::Values(mine), Set::Values(theirs))
                if join == Join::And && mine.pairs_with(theirs) > MOST_PAIRS =>
            {
                None
            }
            (Set::Values(mine), Set::Values(theirs)) => {
                let merged = match join {
                    Join::And => mine.intersect(theirs, self.arity()),
                    Join::Or => mine.union(theirs, self.arity()),
                };
                match merged {
                    Values::Any => Some(Merged::Any),
                    Values::Empty => Some(Merged::Empty),
                    merged if merged == *mine => Some(Merged::Atom(self.clone())),
                    merged if merged == *theirs => Some(Merged::Atom(other.clone())),
                    merged => self.of_values(merged).map(Merged::Atom),
                }
            }
            (Set::Versions(mine), Set::Versions(theirs)) => {
                self.merge_versions(mine, other, theirs, join)
            }
            _ => None,
        }
    }

    /// A condition of the variable, unless poetry has none for such a set.
    fn of_values(&self, values: Values) -> Option<Self> {
        if let Values::One(condition) = &values {
            let operator = match condition.relation {
                Relation::Is => "==",
                Relation::IsNot => "!=",
                Relation::Contains | Relation::Lacks => return None,
            };
            return Self::new(self.name, operator, &condition.value);
        }
        let usual = match values {
            Values::Either(_) => Relation::Is,
            _ => Relation::IsNot,
        };
        let is_listable = |relation| {
            relation == usual
                || self.name == super::EXTRA && matches!(relation, Relation::Is | Relation::IsNot)
        };
        let conditions = values.conditions()?;
        let all_listable = conditions.iter().all(|it| is_listable(it.relation));
        all_listable.then_some(Self {
            name: self.name,
            set: Set::Values(values),
            shown: Shown::List,
        })
    }

    fn merge_versions(
        &self,
        mine: &Constraint,
        other: &Self,
        theirs: &Constraint,
        join: Join,
    ) -> Option<Merged> {
        let merged = combine(mine, theirs, join);
        if merged.is_empty() {
            return Some(Merged::Empty);
        }
        if merged.is_any() {
            return Some(Merged::Any);
        }
        if merged == *mine {
            return Some(Merged::Atom(self.clone()));
        }
        if merged == *theirs {
            return Some(Merged::Atom(other.clone()));
        }
        if merged.is_simple() {
            return of_versions(self.name, &merged).map(Merged::Atom);
        }
        if self.name != MINOR {
            return None;
        }
        match join {
            Join::And => one_minor(&merged).or_else(|| {
                let both = self.python()?.intersect(&other.python()?);
                both.is_empty().then_some(Merged::Empty)
            }),
            Join::Or if merged.range().is_none() => fuse_minors(self, other),
            Join::Or => None,
        }
    }
}

fn combine(mine: &Constraint, theirs: &Constraint, join: Join) -> Constraint {
    match join {
        Join::And => mine.intersect(theirs),
        Join::Or => mine.union(theirs),
    }
}

/// The operator and version of a simple constraint.
fn operator(constraint: &Constraint) -> Option<(&'static str, &Version)> {
    if let Some(version) = constraint.excluded() {
        return Some(("!=", version));
    }
    let range = constraint.range()?;
    if let Some(version) = range.single() {
        return Some(("==", version));
    }
    match (&range.min, &range.max) {
        (Some(min), None) => Some((if range.include_min { ">=" } else { ">" }, min)),
        (None, Some(max)) => Some((if range.include_max { "<=" } else { "<" }, max)),
        _ => None,
    }
}

/// The condition of one operator and one version.
fn of_versions(name: &'static str, constraint: &Constraint) -> Option<Atom> {
    let (operator, version) = operator(constraint)?;
    Atom::new(name, operator, &version.to_string())
}

/// The only minor version in a range such as `>=3.8,<3.9`.
fn one_minor(constraint: &Constraint) -> Option<Merged> {
    let min = constraint.range()?.min.as_ref()?;
    let minor = Atom::new(MINOR, "==", &min.to_string())?;
    (minor.python()? == *constraint).then_some(Merged::Atom(minor))
}

/// Adjacent minor versions as one range: `== "3.8" or == "3.9"`.
fn fuse_minors(first: &Atom, second: &Atom) -> Option<Merged> {
    let fused = first.python()?.union(&second.python()?);
    if fused.is_any() {
        return Some(Merged::Any);
    }
    if fused.is_simple() {
        return of_versions(MINOR, &fused).map(Merged::Atom);
    }
    let range = fused.range()?;
    let half = |range: Range| of_versions(MINOR, &range.into());
    let low = half(Range::from(range.min.clone()?, range.include_min))?;
    let high = half(Range::until(range.max.clone()?, range.include_max))?;
    Some(Merged::Both(low, high))
}

/// Merges a minor and a full version of Python by comparing as full versions.
fn merge_pythons(first: &Atom, second: &Atom, join: Join) -> Option<Merged> {
    let (minor, full) = match first.name == MINOR {
        true => (first, second),
        false => (second, first),
    };
    let (minors, fulls) = (minor.python()?, full.python()?);
    let merged = combine(&minors, &fulls, join);
    if merged.is_empty() {
        return Some(Merged::Empty);
    }
    if merged.is_any() {
        return Some(Merged::Any);
    }
    if merged == minors {
        return Some(Merged::Atom(minor.clone()));
    }
    let one = match merged == fulls {
        true => full.clone(),
        false if merged.is_simple() => of_versions(FULL, &merged)?,
        false => return None,
    };
    Some(Merged::Atom(shortened(&one).unwrap_or(one)))
}

/// `python_full_version < "3.9.0"` as `python_version < "3.9"`.
fn shortened(full: &Atom) -> Option<Atom> {
    let (operator, value) = full.written()?;
    let is_bound = matches!(operator, "<" | ">=");
    let has_three_parts = value.split('.').count() == 3;
    let minor = value.strip_suffix(".0")?;
    let minor = (is_bound && has_three_parts).then_some(minor)?;
    Atom::new(MINOR, operator, minor)
}
