//! Conditions and the versions of Python they speak of.

use packaging::Version;

use super::super::atom::{self, Atom, Join};
use super::super::marker_parse;
use super::super::range::{Constraint, Range};
use super::Marker;

impl Marker {
    /// The versions of Python under which the condition can hold.
    pub(in crate::poetry) fn python(&self) -> Constraint {
        match self {
            Self::Any => atom::any_python(),
            Self::Empty => Constraint::empty(),
            Self::Atom(atom) => atom.python().unwrap_or_else(atom::any_python),
            Self::And(list) => list.iter().fold(atom::any_python(), |all, marker| {
                all.intersect(&marker.python())
            }),
            Self::Or(list) => list.iter().fold(Constraint::empty(), |all, marker| {
                all.union(&marker.python())
            }),
        }
    }

    /// The conditions on the version of Python alone.
    pub(in crate::poetry) fn only_python(&self) -> Self {
        match self {
            Self::Atom(atom) if !atom.is_python() => Self::Any,
            Self::And(list) => {
                Self::collected(list.iter().map(Self::only_python).collect(), Join::And)
            }
            Self::Or(list) => {
                Self::collected(list.iter().map(Self::only_python).collect(), Join::Or)
            }
            _ => self.clone(),
        }
    }

    /// The condition for somebody who knows that Python is in a range.
    pub(in crate::poetry) fn reduce_by_python(&self, python: &Constraint) -> Self {
        let reduced = |list: &[Self]| -> Vec<Self> {
            list.iter().map(|it| it.reduce_by_python(python)).collect()
        };
        match self {
            Self::Atom(atom) => self.reduce_atom(atom, python),
            Self::And(list) => Self::collected(reduced(list), Join::And),
            Self::Or(list) => {
                let is_python = |marker: &&Self| marker.only_python() == **marker;
                let pythons: Vec<Self> = list.iter().filter(is_python).cloned().collect();
                let is_many = python.single().is_none() && !python.is_empty();
                if is_many
                    && Self::collected(pythons, Join::Or)
                        .python()
                        .allows_all(python)
                {
                    return Self::Any;
                }
                Self::collected(reduced(list), Join::Or)
            }
            Self::Any | Self::Empty => self.clone(),
        }
    }

    fn reduce_atom(&self, atom: &Atom, python: &Constraint) -> Self {
        let Some(mine) = atom.python() else {
            return self.clone();
        };
        if mine.allows_all(python) {
            return Self::Any;
        }
        if !mine.allows_any(python) {
            return Self::Empty;
        }
        let both = self.intersect(&Self::of_python(python));
        match both.single() {
            Some(_) => both,
            None => self.clone(),
        }
    }

    /// The condition that Python is in a range, as poetry writes it for `python = "^3.8"`.
    pub(in crate::poetry) fn of_python(python: &Constraint) -> Self {
        if python.is_any() {
            return Self::Any;
        }
        let text = match python.ranges() {
            [range] => conditions(range),
            ranges => {
                let parts: Vec<String> = ranges
                    .iter()
                    .map(|range| format!("({})", conditions(range)))
                    .collect();
                parts.join(" or ")
            }
        };
        marker_parse::read(&text).unwrap_or(Self::Any)
    }
}

/// The conditions of a range as a marker's text.
fn conditions(range: &Range) -> String {
    if let Some(version) = range.single() {
        return format!("{} == '{version}'", name(version));
    }
    let mut parts = Vec::new();
    if let Some(min) = &range.min {
        parts.push(match range.include_min {
            true => format!("{} >= '{}'", name(min), stable(min)),
            false => strict(">", min),
        });
    }
    if let Some(max) = &range.max {
        parts.push(match range.include_max {
            true => strict("<=", max),
            false => format!("{} < '{}'", name(max), stable(max)),
        });
    }
    parts.join(" and ")
}

/// The variable that is as precise as a version.
fn name(version: &Version) -> &'static str {
    match version.release().len() {
        0..=2 => atom::MINOR,
        _ => atom::FULL,
    }
}

/// A bound that cuts through a minor version: it is compared with full versions.
fn strict(operator: &str, version: &Version) -> String {
    let full = atom::FULL;
    match *version.release() {
        [major] => format!("{full} {operator} '{major}.0.0'"),
        [major, minor] => format!("{full} {operator} '{major}.{minor}.0'"),
        _ => format!("{full} {operator} '{}'", stable(version)),
    }
}

/// The release that a pre-release comes before.
fn stable(version: &Version) -> Version {
    match version.pre().is_some() || version.dev().is_some() {
        true => version
            .clone()
            .with_pre(None)
            .with_dev(None)
            .without_local(),
        false => version.clone(),
    }
}
