//! Conditions as dep-logic 0.7 combines and prints them.
//!
//! The order of terms is part of the value: the same condition put together in another order
//! prints differently, and a `pdm.lock` shows it.

use std::fmt;

use super::atom::{Atom, Joint};

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Marker {
    /// Always.
    Any,
    /// Never.
    Empty,
    Atom(Atom),
    All(Vec<Marker>),
    Either(Vec<Marker>),
}

/// How many products of terms are looked at; conditions beyond it stay as they are. Real markers
/// stay far below.
const LIMIT: usize = 8192;

impl Marker {
    pub(super) fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Conditions side by side, nested ones unfolded, nothing simplified.
    pub(super) fn all(markers: impl IntoIterator<Item = Self>) -> Self {
        Self::All(flat(markers, Joint::And))
    }

    /// Alternatives side by side, nested ones unfolded, nothing simplified.
    pub(super) fn any_of(markers: impl IntoIterator<Item = Self>) -> Self {
        Self::Either(flat(markers, Joint::Or))
    }

    /// When both hold.
    pub(super) fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, other) => other.clone(),
            (Self::Empty, _) | (Self::Atom(_), Self::Empty) => Self::Empty,
            (Self::Atom(_), Self::Any) => self.clone(),
            (Self::Atom(one), Self::Atom(other)) => one.and(other),
            // The side with several terms comes first.
            (Self::Atom(_), several) => dnf(&Self::all([several.clone(), self.clone()])),
            _ => dnf(&Self::all([self.clone(), other.clone()])),
        }
    }

    /// When one of both holds.
    pub(super) fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (Self::Atom(_), Self::Any) => Self::Any,
            (Self::Empty, other) => other.clone(),
            (Self::Atom(_), Self::Empty) => self.clone(),
            (Self::Atom(one), Self::Atom(other)) => one.or(other),
            (Self::Atom(_), several) => union(vec![several.clone(), self.clone()]),
            _ => union(vec![self.clone(), other.clone()]),
        }
    }

    /// The alternatives, simplified pair by pair.
    pub(super) fn either(markers: Vec<Self>) -> Self {
        either(markers)
    }

    /// The condition without what it says of some variables.
    pub(super) fn exclude(&self, names: &[&str]) -> Self {
        let mut marker = self.clone();
        for name in names {
            marker = marker.exclude_one(name);
        }
        marker
    }

    fn exclude_one(&self, name: &str) -> Self {
        let is_meant = |marker: &&Self| matches!(marker, Self::Atom(atom) if atom.name() == name);
        match self {
            Self::Atom(atom) if atom.name() == name => Self::Any,
            Self::All(markers) => {
                let kept = markers
                    .iter()
                    .filter(|marker| !is_meant(marker))
                    .map(|marker| marker.exclude_one(name))
                    .filter(|marker| !marker.is_empty());
                conjunction(kept.collect())
            }
            Self::Either(markers) => {
                let kept: Vec<Self> = markers
                    .iter()
                    .filter(|marker| !is_meant(marker))
                    .map(|marker| marker.exclude_one(name))
                    .collect();
                if kept.is_empty() {
                    Self::Any
                } else {
                    either(kept)
                }
            }
            other => other.clone(),
        }
    }

    /// What it says of some variables.
    pub(super) fn only(&self, names: &[&str]) -> Self {
        match self {
            Self::Atom(atom) if !names.contains(&atom.name()) => Self::Any,
            Self::All(markers) => {
                conjunction(markers.iter().map(|marker| marker.only(names)).collect())
            }
            Self::Either(markers) => {
                either(markers.iter().map(|marker| marker.only(names)).collect())
            }
            other => other.clone(),
        }
    }

    /// How many comparisons there are, and how many terms.
    fn complexity(&self) -> (usize, usize) {
        match self {
            Self::Atom(atom) => (atom.size(), 1),
            Self::All(markers) | Self::Either(markers) => {
                let sizes = markers.iter().map(Self::complexity);
                sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
            }
            Self::Any | Self::Empty => (1, 1),
        }
    }
}

/// Markers with nested ones of a kind unfolded, each once.
fn flat(markers: impl IntoIterator<Item = Marker>, joint: Joint) -> Vec<Marker> {
    let mut found: Vec<Marker> = Vec::new();
    for marker in markers {
        let parts = match (marker, joint) {
            (Marker::All(inner), Joint::And) | (Marker::Either(inner), Joint::Or) => {
                flat(inner, joint)
            }
            (other, _) => vec![other],
        };
        for part in parts {
            if !found.contains(&part) {
                found.push(part);
            }
        }
    }
    found
}

fn terms(marker: Marker) -> Vec<Marker> {
    match marker {
        Marker::All(markers) | Marker::Either(markers) => markers,
        other => vec![other],
    }
}

/// The conditions, simplified pair by pair.
fn conjunction(markers: Vec<Marker>) -> Marker {
    let mut found = terms(Marker::all(markers));
    let mut before = Vec::new();
    while before != found {
        before = std::mem::take(&mut found);
        for marker in &before {
            if found.contains(marker) || marker.is_any() {
                continue;
            }
            match absorb(&mut found, marker, Joint::And) {
                Absorbed::Ends => return Marker::Empty,
                Absorbed::Yes => found = terms(Marker::all(found)),
                Absorbed::No => found.push(marker.clone()),
            }
        }
    }
    if found.iter().any(Marker::is_empty) {
        return Marker::Empty;
    }
    match found.len() {
        0 => Marker::Any,
        1 => found.remove(0),
        _ => Marker::all(found),
    }
}

/// The alternatives, simplified pair by pair.
fn either(markers: Vec<Marker>) -> Marker {
    let mut found = terms(Marker::any_of(markers));
    let mut before = Vec::new();
    while before != found {
        before = std::mem::take(&mut found);
        for marker in &before {
            if found.contains(marker) || marker.is_empty() {
                continue;
            }
            match absorb(&mut found, marker, Joint::Or) {
                Absorbed::Ends => return Marker::Any,
                Absorbed::Yes => found = terms(Marker::any_of(found)),
                Absorbed::No => found.push(marker.clone()),
            }
        }
    }
    if found.iter().any(Marker::is_any) {
        return Marker::Any;
    }
    match found.len() {
        0 => Marker::Empty,
        1 => found.remove(0),
        _ => Marker::any_of(found),
    }
}

/// What became of a term that was held against those found before.
enum Absorbed {
    Yes,
    No,
    /// Together with one of them it decides the whole.
    Ends,
}

fn absorb(found: &mut [Marker], marker: &Marker, kind: Joint) -> Absorbed {
    for known in found {
        let both = match (&*known, kind) {
            (Marker::Atom(_), _) => {
                let (both, ends) = match kind {
                    Joint::And => {
                        let both = known.and(marker);
                        let ends = both.is_empty();
                        (both, ends)
                    }
                    Joint::Or => {
                        let both = known.or(marker);
                        let ends = both.is_any();
                        (both, ends)
                    }
                };
                if ends {
                    return Absorbed::Ends;
                }
                matches!(both, Marker::Atom(_)).then_some(both)
            }
            (Marker::Either(terms), Joint::And) => simplify(terms, marker, kind),
            (Marker::All(terms), Joint::Or) => simplify(terms, marker, kind),
            _ => None,
        };
        if let Some(both) = both {
            *known = both;
            return Absorbed::Yes;
        }
    }
    Absorbed::No
}

/// Easy cases of a list of terms and another marker: one contains the other, or they differ in
/// what is one atom together.
fn simplify(terms: &[Marker], other: &Marker, kind: Joint) -> Option<Marker> {
    if terms.contains(other) {
        return Some(other.clone());
    }
    let theirs = match (other, kind) {
        (Marker::Either(theirs), Joint::And) | (Marker::All(theirs), Joint::Or) => theirs,
        _ => return None,
    };
    let list = |terms: Vec<Marker>| match kind {
        Joint::And => Marker::any_of(terms),
        Joint::Or => Marker::all(terms),
    };
    if terms.iter().all(|term| theirs.contains(term)) {
        return Some(list(terms.to_vec()));
    }
    if theirs.iter().all(|term| terms.contains(term)) {
        return Some(other.clone());
    }
    let (shared, unique): (Vec<Marker>, Vec<Marker>) = terms
        .iter()
        .cloned()
        .partition(|term| theirs.contains(term));
    if shared.is_empty() {
        return None;
    }
    let other_unique = theirs.iter().filter(|term| !terms.contains(term)).cloned();
    let (unique, other_unique) = (list(unique), list(other_unique.collect()));
    match kind {
        Joint::And => {
            let both = unique.and(&other_unique);
            matches!(both, Marker::Atom(_) | Marker::Empty).then(|| both.or(&list(shared)))
        }
        Joint::Or => {
            let both = unique.or(&other_unique);
            matches!(both, Marker::Atom(_) | Marker::Any).then(|| both.and(&list(shared)))
        }
    }
}

/// Every way of taking one term of each list.
fn products(lists: &[Vec<Marker>]) -> Option<Vec<Vec<Marker>>> {
    let count = lists
        .iter()
        .try_fold(1usize, |count, list| count.checked_mul(list.len()))?;
    if count > LIMIT {
        return None;
    }
    let mut rows: Vec<Vec<Marker>> = vec![Vec::new()];
    for list in lists {
        rows = rows
            .iter()
            .flat_map(|row| {
                list.iter().map(move |term| {
                    let mut longer = row.clone();
                    longer.push(term.clone());
                    longer
                })
            })
            .collect();
    }
    Some(rows)
}

/// Alternatives of conditions.
fn dnf(marker: &Marker) -> Marker {
    match marker {
        Marker::All(markers) => {
            let lists: Vec<Vec<Marker>> = markers
                .iter()
                .map(|marker| match dnf(marker) {
                    Marker::Either(terms) => terms,
                    other => vec![other],
                })
                .collect();
            match products(&lists) {
                Some(rows) => either(rows.into_iter().map(conjunction).collect()),
                None => marker.clone(),
            }
        }
        Marker::Either(markers) => either(markers.iter().map(dnf).collect()),
        other => other.clone(),
    }
}

/// Conditions of alternatives.
fn cnf(marker: &Marker) -> Marker {
    match marker {
        Marker::Either(markers) => {
            let lists: Vec<Vec<Marker>> = markers
                .iter()
                .map(|marker| match cnf(marker) {
                    Marker::All(terms) => terms,
                    other => vec![other],
                })
                .collect();
            match products(&lists) {
                Some(rows) => conjunction(rows.into_iter().map(either).collect()),
                None => marker.clone(),
            }
        }
        Marker::All(markers) => conjunction(markers.iter().map(cnf).collect()),
        other => other.clone(),
    }
}

/// The simplest of three forms.
fn union(markers: Vec<Marker>) -> Marker {
    let mut raw = Marker::any_of(markers);
    while let Marker::All(terms) | Marker::Either(terms) = &raw {
        match terms.as_slice() {
            [only] => raw = only.clone(),
            _ => break,
        }
    }
    let conjunction = cnf(&raw);
    if !matches!(conjunction, Marker::All(_)) {
        return conjunction;
    }
    let disjunction = dnf(&conjunction);
    if !matches!(disjunction, Marker::Either(_)) {
        return disjunction;
    }
    let mut simplest = disjunction;
    for other in [conjunction, raw] {
        if other.complexity() < simplest.complexity() {
            simplest = other;
        }
    }
    simplest
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Empty => formatter.write_str("<empty>"),
            Self::Atom(atom) => atom.fmt(formatter),
            Self::All(markers) => {
                for (at, marker) in markers.iter().enumerate() {
                    let glue = if at == 0 { "" } else { " and " };
                    match marker {
                        Self::Atom(Atom::One(_)) | Self::All(_) => {
                            write!(formatter, "{glue}{marker}")?;
                        }
                        _ => write!(formatter, "{glue}({marker})")?,
                    }
                }
                Ok(())
            }
            Self::Either(markers) => {
                for (at, marker) in markers.iter().enumerate() {
                    let glue = if at == 0 { "" } else { " or " };
                    write!(formatter, "{glue}{marker}")?;
                }
                Ok(())
            }
        }
    }
}
