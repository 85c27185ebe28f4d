//! Conditions as poetry computes with them; the text is the result of the computation.
//!
//! poetry-core has no canonical form: it builds the conjunctive and the disjunctive normal form
//! of every combination and keeps whichever is least complex. The steps follow what was observed
//! of poetry-core 2.5.0, since each of them shows in a lock.

mod join;
mod python;

use std::fmt;
use std::rc::Rc;

use super::atom::{self, Atom, Join, Merged};
use super::values::Relation;

/// A condition under which something is installed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Marker {
    /// Always.
    Any,
    /// Never.
    Empty,
    /// One condition, or several of one variable.
    Atom(Rc<Atom>),
    /// All of several.
    And(Rc<Vec<Marker>>),
    /// One of several.
    Or(Rc<Vec<Marker>>),
}

impl From<Atom> for Marker {
    fn from(atom: Atom) -> Self {
        Self::Atom(Rc::new(atom))
    }
}

impl Join {
    fn other(self) -> Self {
        match self {
            Self::And => Self::Or,
            Self::Or => Self::And,
        }
    }

    /// The marker that leaves the others as they are.
    fn neutral(self) -> Marker {
        match self {
            Self::And => Marker::Any,
            Self::Or => Marker::Empty,
        }
    }

    /// The marker that decides the whole.
    fn decisive(self) -> Marker {
        self.other().neutral()
    }
}

impl Marker {
    pub(super) fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Several conditions as they were written, each once, not yet computed. A list of one stays
    /// a list.
    pub(super) fn list(markers: impl IntoIterator<Item = Self>, join: Join) -> Self {
        let markers = Rc::new(flatten(markers, join));
        match join {
            Join::And => Self::And(markers),
            Join::Or => Self::Or(markers),
        }
    }

    /// The members, when joined by this word.
    fn members(&self, join: Join) -> Option<&[Self]> {
        match (self, join) {
            (Self::And(list), Join::And) | (Self::Or(list), Join::Or) => Some(list),
            _ => None,
        }
    }

    /// The condition if it is a single one, no list of any kind.
    fn single(&self) -> Option<&Atom> {
        match self {
            Self::Atom(atom) if atom.is_single() => Some(atom),
            _ => None,
        }
    }

    fn of_merged(merged: Merged) -> Self {
        match merged {
            Merged::Any => Self::Any,
            Merged::Empty => Self::Empty,
            Merged::Atom(atom) => atom.into(),
            Merged::Both(first, second) => Self::list([first.into(), second.into()], Join::And),
            Merged::Either(first, second) => Self::list([first.into(), second.into()], Join::Or),
        }
    }

    /// What is left when the conditions on a variable are taken away.
    pub(super) fn exclude(&self, name: &str) -> Self {
        let is_meant = |marker: &Self| matches!(marker, Self::Atom(atom) if atom.name() == name);
        match self {
            marker if is_meant(marker) => Self::Any,
            Self::And(list) => {
                let kept = list.iter().filter(|marker| !is_meant(marker));
                let kept = kept.map(|marker| marker.exclude(name));
                let kept: Vec<Self> = kept.filter(|marker| !marker.is_empty()).collect();
                Self::all_of(&kept)
            }
            Self::Or(list) if list.iter().any(is_meant) => Self::Any,
            Self::Or(list) => {
                let kept: Vec<Self> = list.iter().map(|marker| marker.exclude(name)).collect();
                Self::union_of(&kept)
            }
            _ => self.clone(),
        }
    }

    /// The condition for somebody who knows another one: only where its parts stand here as they
    /// are.
    pub(super) fn without(&self, other: &Self) -> Self {
        let known = match other {
            Self::And(list) => list.to_vec(),
            _ if other.single().is_some() => vec![other.clone()],
            _ => return self.clone(),
        };
        match self {
            Self::And(list) if known.iter().all(|it| list.contains(it)) => {
                let rest = list.iter().filter(|it| !known.contains(it)).cloned();
                Self::collected(rest.collect(), Join::And)
            }
            _ => self.clone(),
        }
    }

    /// The opposite condition, not computed beyond what single conditions need; a condition that
    /// poetry cannot turn round stays.
    pub(super) fn invert(&self) -> Self {
        let inverted = |list: &[Self]| list.iter().map(Self::invert).collect::<Vec<_>>();
        match self {
            Self::Any => Self::Empty,
            Self::Empty => Self::Any,
            Self::Atom(atom) => atom.invert().map_or_else(|| self.clone(), Self::of_merged),
            Self::And(list) => Self::list(inverted(list), Join::Or),
            Self::Or(list) => Self::list(inverted(list), Join::And),
        }
    }

    /// The condition that one of some extras is wanted.
    pub(super) fn of_extras<'a>(extras: impl IntoIterator<Item = &'a str>) -> Self {
        let atoms = extras
            .into_iter()
            .filter_map(|extra| Atom::new(atom::EXTRA, "==", extra));
        let atoms: Vec<Self> = atoms.map(Self::from).collect();
        Self::union_of(&[Self::list(atoms, Join::Or)])
    }

    /// The extras that turn the condition on, in order; `extra == 'a' or extra == 'b'`.
    pub(super) fn extras(&self) -> Vec<String> {
        match self {
            Self::Atom(atom) if atom.name() == atom::EXTRA => {
                let (conditions, _) = atom.conditions().unwrap_or((Vec::new(), Join::And));
                let meant = conditions
                    .iter()
                    .filter(|condition| condition.relation == Relation::Is);
                meant.map(|condition| condition.value.clone()).collect()
            }
            Self::And(list) | Self::Or(list) => list.iter().flat_map(Self::extras).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the condition holds when exactly these extras are wanted and all else is as it
    /// need be.
    pub(super) fn holds_with_extras(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Empty => false,
            Self::And(list) => list.iter().all(|marker| marker.holds_with_extras(wanted)),
            Self::Or(list) => list.iter().any(|marker| marker.holds_with_extras(wanted)),
            Self::Atom(atom) if atom.name() == atom::EXTRA => {
                let Some((conditions, join)) = atom.conditions() else {
                    return true;
                };
                let met = |relation: Relation, value: &str| match relation {
                    Relation::Is | Relation::Contains => wanted(value),
                    Relation::IsNot | Relation::Lacks => !wanted(value),
                };
                let mut met = conditions
                    .iter()
                    .map(|condition| met(condition.relation, &condition.value));
                match join {
                    Join::Or => met.any(|it| it),
                    Join::And => met.all(|it| it),
                }
            }
            Self::Atom(_) => true,
        }
    }

    /// How complex: conditions, then conditions with lists counted once.
    fn complexity(&self) -> (usize, usize) {
        match self {
            Self::Any | Self::Empty => (1, 1),
            Self::Atom(atom) => (atom.len(), 1),
            Self::And(list) | Self::Or(list) => list
                .iter()
                .map(Self::complexity)
                .fold((0, 0), |(a, b), (c, d)| (a + c, b + d)),
        }
    }
}

/// The members of lists in the place of the lists, each once.
fn flatten(markers: impl IntoIterator<Item = Marker>, join: Join) -> Vec<Marker> {
    let mut flat: Vec<Marker> = Vec::new();
    for marker in markers {
        let members = match marker.members(join) {
            Some(list) => flatten(list.to_vec(), join),
            None => vec![marker],
        };
        for member in members {
            if !flat.contains(&member) {
                flat.push(member);
            }
        }
    }
    flat
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Empty => formatter.write_str("<empty>"),
            Self::Atom(atom) => write!(formatter, "{atom}"),
            Self::And(list) => {
                let parts: Vec<String> = list.iter().map(in_conjunction).collect();
                formatter.write_str(&parts.join(" and "))
            }
            Self::Or(list) => {
                let parts: Vec<String> = list.iter().map(ToString::to_string).collect();
                formatter.write_str(&parts.join(" or "))
            }
        }
    }
}

fn in_conjunction(marker: &Marker) -> String {
    let is_plain = match marker {
        Marker::And(_) => true,
        Marker::Atom(atom) => !atom.is_alternative(),
        _ => false,
    };
    match is_plain {
        true => marker.to_string(),
        false => format!("({marker})"),
    }
}

#[cfg(test)]
mod tests;
