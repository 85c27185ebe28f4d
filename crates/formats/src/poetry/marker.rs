//! Conditions as poetry computes with them; the text is the result of the computation.
//!
//! poetry-core has no canonical form: it builds the conjunctive and the disjunctive normal form
//! of every combination and keeps whichever is least complex. The steps here follow what was
//! observed of poetry-core 2.5.0, step by step, since each of them shows in a lock.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use super::atom::{self, Atom, Join, Merged};
use super::range::Constraint;
use super::values::{Relation, Values};

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

/// Normal forms with more terms than this are given up: they are longer than any file that was
/// seen, and a request must not take for ever.
const MOST_CHOICES: usize = 20_000;

/// A combination that would need itself: poetry gives up on that normal form.
struct Endless;

/// The combinations being computed right now, and the normal forms known so far.
#[derive(Default)]
struct Work {
    open: Vec<(Join, Vec<Marker>)>,
    known: HashMap<(Join, Marker), Marker>,
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

    fn list(self, markers: Vec<Marker>) -> Marker {
        match self {
            Self::And => Marker::And(Rc::new(markers)),
            Self::Or => Marker::Or(Rc::new(markers)),
        }
    }
}

impl Marker {
    pub(super) fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Both conditions.
    pub(super) fn intersect(&self, other: &Self) -> Self {
        pair(&mut Work::default(), self, other, Join::And)
            .unwrap_or_else(|Endless| Join::And.list(vec![self.clone(), other.clone()]))
    }

    /// Either condition.
    pub(super) fn union(&self, other: &Self) -> Self {
        pair(&mut Work::default(), self, other, Join::Or)
            .unwrap_or_else(|Endless| Join::Or.list(vec![self.clone(), other.clone()]))
    }

    /// Several conditions as they were written, not yet computed.
    pub(super) fn written(mut markers: Vec<Self>, join: Join) -> Self {
        if join == Join::Or {
            markers = flatten(markers, join);
        }
        if markers.len() == 1 {
            markers.remove(0)
        } else {
            join.list(markers)
        }
    }

    /// One of several conditions, computed together.
    pub(super) fn union_of(markers: &[Self]) -> Self {
        combine(&mut Work::default(), markers, Join::Or)
            .unwrap_or_else(|Endless| Join::Or.list(markers.to_vec()))
    }

    /// All of several conditions, simplified only where two of them merge.
    pub(super) fn all(markers: Vec<Self>) -> Self {
        collect(&mut Work::default(), markers.clone(), Join::And)
            .unwrap_or_else(|Endless| Join::And.list(markers))
    }

    /// One of several conditions, simplified only where two of them merge.
    pub(super) fn either(markers: Vec<Self>) -> Self {
        collect(&mut Work::default(), markers.clone(), Join::Or)
            .unwrap_or_else(|Endless| Join::Or.list(markers))
    }

    /// What is left when the conditions on a variable are taken away.
    pub(super) fn exclude(&self, name: &str) -> Self {
        self.filter(&|atom| atom.name() != name)
    }

    fn filter(&self, wanted: &dyn Fn(&Atom) -> bool) -> Self {
        match self {
            Self::Atom(atom) if !wanted(atom) => Self::Any,
            Self::And(list) => {
                let left: Vec<Self> = list.iter().map(|marker| marker.filter(wanted)).collect();
                combine(&mut Work::default(), &left, Join::And)
                    .unwrap_or_else(|Endless| Join::And.list(left))
            }
            Self::Or(list) => Self::union_of(
                &list
                    .iter()
                    .map(|marker| marker.filter(wanted))
                    .collect::<Vec<_>>(),
            ),
            _ => self.clone(),
        }
    }

    /// The versions of Python under which the condition can hold.
    pub(super) fn python(&self) -> Constraint {
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

    /// The condition for somebody who knows that Python is in a range.
    pub(super) fn reduce_by_python(&self, python: &Constraint) -> Self {
        match self {
            Self::Atom(atom) if atom.is_python() => {
                let Some(mine) = atom.python() else {
                    return self.clone();
                };
                if mine.allows_all(python) {
                    return Self::Any;
                }
                if !mine.allows_any(python) {
                    return Self::Empty;
                }
                match Self::of_python(python).intersect(self) {
                    Self::Atom(atom) => Self::Atom(atom),
                    _ => self.clone(),
                }
            }
            Self::And(list) => Self::all(
                list.iter()
                    .map(|marker| marker.reduce_by_python(python))
                    .collect(),
            ),
            Self::Or(list) => Self::either(
                list.iter()
                    .map(|marker| marker.reduce_by_python(python))
                    .collect(),
            ),
            _ => self.clone(),
        }
    }

    /// The condition that Python is in a range, as poetry writes it for `python = "^3.8"`.
    pub(super) fn of_python(python: &Constraint) -> Self {
        if python.is_any() {
            return Self::Any;
        }
        let mut alternatives = Vec::new();
        for range in python.ranges() {
            let mut all = Vec::new();
            if let Some(version) = range.single() {
                let name = if version.release().len() > 2 {
                    atom::FULL
                } else {
                    atom::MINOR
                };
                all.extend(Atom::new(name, "==", &version.to_string()));
            } else {
                let bound = |operator: &str, version: &packaging::Version| {
                    let exact = matches!(operator, ">" | "<=") || version.release().len() > 2;
                    let version = if version.dev() == Some(0) {
                        version.clone().with_dev(None)
                    } else {
                        version.clone()
                    };
                    let name = if exact { atom::FULL } else { atom::MINOR };
                    Atom::new(name, operator, &version.to_string())
                };
                let low = if range.include_min { ">=" } else { ">" };
                let high = if range.include_max { "<=" } else { "<" };
                all.extend(range.min.as_ref().and_then(|min| bound(low, min)));
                all.extend(range.max.as_ref().and_then(|max| bound(high, max)));
            }
            alternatives.push(Self::all(all.into_iter().map(Self::from).collect()));
        }
        match alternatives.as_slice() {
            [one] => one.clone(),
            _ => Self::union_of(&alternatives),
        }
    }

    /// The condition that one of some extras is wanted.
    pub(super) fn of_extras<'a>(extras: impl IntoIterator<Item = &'a str>) -> Self {
        let atoms = extras
            .into_iter()
            .filter_map(|extra| Atom::new(atom::EXTRA, "==", extra));
        atoms.fold(Self::Empty, |all, atom| all.union(&atom.into()))
    }

    /// The extras that turn the condition on, in order; `extra == 'a' or extra == 'b'`.
    pub(super) fn extras(&self) -> Vec<String> {
        match self {
            Self::Atom(atom) if atom.name() == atom::EXTRA => atom
                .values()
                .map_or(&[][..], Values::conditions)
                .iter()
                .filter(|condition| condition.relation == Relation::Is)
                .map(|condition| condition.value.clone())
                .collect(),
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
                let Some(values) = atom.values() else {
                    return true;
                };
                let met = |relation: Relation, value: &str| match relation {
                    Relation::Is | Relation::Contains => wanted(value),
                    Relation::IsNot | Relation::Lacks => !wanted(value),
                };
                let mut conditions = values.conditions().iter();
                match values {
                    Values::Either(_) => {
                        conditions.any(|condition| met(condition.relation, &condition.value))
                    }
                    _ => conditions.all(|condition| met(condition.relation, &condition.value)),
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

    /// The members, when joined by this word.
    fn members(&self, join: Join) -> Option<&[Self]> {
        match (self, join) {
            (Self::And(list), Join::And) | (Self::Or(list), Join::Or) => Some(list),
            _ => None,
        }
    }
}

fn of_merged(merged: Merged, join: Join) -> Marker {
    match merged {
        Merged::Any => Marker::Any,
        Merged::Empty => Marker::Empty,
        Merged::Atom(atom) => atom.into(),
        Merged::Both(first, second) => join.list(vec![first.into(), second.into()]),
    }
}

/// Joins two markers.
fn pair(work: &mut Work, first: &Marker, second: &Marker, join: Join) -> Result<Marker, Endless> {
    if *first == join.neutral() || *second == join.decisive() {
        return Ok(second.clone());
    }
    if *second == join.neutral() || *first == join.decisive() {
        return Ok(first.clone());
    }
    if let (Marker::Atom(mine), Marker::Atom(theirs)) = (first, second) {
        return Ok(join_atoms(mine, theirs, join));
    }
    // A single condition goes behind a composed one: poetry asks the composed one to do it.
    let (first, second) = match first {
        Marker::Atom(_) => (second, first),
        _ => (first, second),
    };
    combine(work, &[first.clone(), second.clone()], join)
}

fn join_atoms(mine: &Rc<Atom>, theirs: &Rc<Atom>, join: Join) -> Marker {
    if mine == theirs {
        return Marker::Atom(mine.clone());
    }
    match mine.merge(theirs, join) {
        // Fused minors are always a range, whichever word joined them.
        Some(merged) => of_merged(merged, Join::And),
        None => join.list(vec![
            Marker::Atom(mine.clone()),
            Marker::Atom(theirs.clone()),
        ]),
    }
}

/// The least complex of the normal forms.
fn combine(work: &mut Work, markers: &[Marker], join: Join) -> Result<Marker, Endless> {
    let key = (join, markers.to_vec());
    if work.open.contains(&key) {
        return Err(Endless);
    }
    work.open.push(key);
    let combined = combine_open(work, markers, join);
    work.open.pop();
    combined
}

fn combine_open(work: &mut Work, markers: &[Marker], join: Join) -> Result<Marker, Endless> {
    let mut plain = join.list(flatten(markers.to_vec(), join));
    while let Marker::And(list) | Marker::Or(list) = &plain {
        let [only] = list.as_slice() else { break };
        plain = only.clone();
    }
    // First the form that is joined by the other word, then the one joined by this.
    let first = normal_form(work, &plain, join.other())?;
    if first.members(join.other()).is_none() {
        return Ok(first);
    }
    let mut candidates = vec![first];
    if let Ok(second) = normal_form(work, &candidates[0], join) {
        if second.members(join).is_none() {
            return Ok(second);
        }
        candidates.push(second);
    }
    if join == Join::Or {
        // Ties keep the order: disjunctive, conjunctive, as it came.
        candidates.reverse();
    }
    candidates.push(plain);
    Ok(candidates
        .into_iter()
        .min_by_key(Marker::complexity)
        .unwrap_or(Marker::Empty))
}

/// The normal form whose outer word is `outer`.
fn normal_form(work: &mut Work, marker: &Marker, outer: Join) -> Result<Marker, Endless> {
    if matches!(marker, Marker::Atom(_) | Marker::Any | Marker::Empty) {
        return Ok(marker.clone());
    }
    let key = (outer, marker.clone());
    if let Some(known) = work.known.get(&key) {
        return Ok(known.clone());
    }
    let form = new_normal_form(work, marker, outer)?;
    work.known.insert(key, form.clone());
    Ok(form)
}

fn new_normal_form(work: &mut Work, marker: &Marker, outer: Join) -> Result<Marker, Endless> {
    if let Some(list) = marker.members(outer.other()) {
        let mut choices: Vec<Vec<Marker>> = vec![Vec::new()];
        for member in list {
            let form = normal_form(work, member, outer)?;
            let options = form
                .members(outer)
                .map_or_else(|| vec![form.clone()], <[_]>::to_vec);
            if choices.len().saturating_mul(options.len()) > MOST_CHOICES {
                return Err(Endless);
            }
            choices = choices
                .into_iter()
                .flat_map(|choice| {
                    options.iter().map(move |option| {
                        let mut longer = choice.clone();
                        longer.push(option.clone());
                        longer
                    })
                })
                .collect();
        }
        let mut parts = Vec::new();
        for choice in choices {
            parts.push(collect(work, choice, outer.other())?);
        }
        return collect(work, parts, outer);
    }
    if let Some(list) = marker.members(outer) {
        let mut parts = Vec::new();
        for member in list {
            parts.push(normal_form(work, member, outer)?);
        }
        return collect(work, parts, outer);
    }
    Ok(marker.clone())
}

fn flatten(markers: Vec<Marker>, join: Join) -> Vec<Marker> {
    let mut flat: Vec<Marker> = Vec::new();
    for marker in markers {
        match marker.members(join) {
            Some(list) => flat.extend(flatten(list.to_vec(), join)),
            None => flat.push(marker),
        }
    }
    flat
}

/// Joins markers, merging two where that gives one, until nothing merges any more.
fn collect(work: &mut Work, markers: Vec<Marker>, join: Join) -> Result<Marker, Endless> {
    let mut list = flatten(markers, join);
    loop {
        let old = std::mem::take(&mut list);
        for marker in &old {
            if list.contains(marker) || *marker == join.neutral() {
                continue;
            }
            if *marker == join.decisive() {
                return Ok(join.decisive());
            }
            let mut merged = None;
            for (at, known) in list.iter().enumerate() {
                if let Some(one) = merge(work, known, marker, join)? {
                    merged = Some((at, one));
                    break;
                }
            }
            match merged {
                Some((_, one)) if one == join.decisive() => return Ok(one),
                Some((at, one)) => {
                    list[at] = one;
                    list = flatten(list, join);
                }
                None => list.push(marker.clone()),
            }
        }
        if list == old {
            break;
        }
    }
    if list.iter().any(|marker| *marker == join.decisive()) {
        return Ok(join.decisive());
    }
    list.retain(|marker| *marker != join.neutral());
    Ok(match list.len() {
        0 => join.neutral(),
        1 => list.swap_remove(0),
        _ => join.list(list),
    })
}

/// One marker for two, where there is a simple one.
fn merge(
    work: &mut Work,
    known: &Marker,
    marker: &Marker,
    join: Join,
) -> Result<Option<Marker>, Endless> {
    if let (Marker::Atom(mine), Marker::Atom(theirs)) = (known, marker) {
        let one = join_atoms(mine, theirs, join);
        let is_list = one.members(join).is_some();
        return Ok((!is_list).then_some(one));
    }
    if known.members(join.other()).is_some() {
        return absorb(work, known, marker, join);
    }
    if marker.members(join.other()).is_some() {
        return absorb(work, marker, known, join);
    }
    Ok(None)
}

/// Joins a list with a marker by what they share: `(a or b) and a`, `(a and b) or (a and c)`.
fn absorb(
    work: &mut Work,
    list: &Marker,
    marker: &Marker,
    join: Join,
) -> Result<Option<Marker>, Endless> {
    let inner = join.other();
    let Some(mine) = list.members(inner) else {
        return Ok(None);
    };
    if mine.contains(marker) {
        return Ok(Some(marker.clone()));
    }
    if let Marker::Atom(atom) = marker {
        let absorbed = mine.iter().any(|member| decides_python(member, atom, join));
        return Ok(absorbed.then(|| marker.clone()));
    }
    let Some(theirs) = marker.members(inner) else {
        return Ok(None);
    };
    if mine.iter().all(|member| theirs.contains(member)) {
        return Ok(Some(list.clone()));
    }
    if theirs.iter().all(|member| mine.contains(member)) {
        return Ok(Some(marker.clone()));
    }
    let pick = |from: &[Marker], other: &[Marker], shared: bool| -> Vec<Marker> {
        from.iter()
            .filter(|member| other.contains(member) == shared)
            .cloned()
            .collect()
    };
    let shared = pick(mine, theirs, true);
    if shared.is_empty() {
        return Ok(None);
    }
    let own = collect(work, pick(mine, theirs, false), inner)?;
    let foreign = collect(work, pick(theirs, mine, false), inner)?;
    let joined = pair(work, &own, &foreign, join)?;
    let atoms = matches!((&own, &foreign), (Marker::Atom(_), Marker::Atom(_)));
    let simple = match joined {
        Marker::Any | Marker::Empty | Marker::Atom(_) => true,
        _ => atoms && joined.members(join).is_none(),
    };
    if !simple {
        return Ok(None);
    }
    let shared = collect(work, shared, inner)?;
    Ok(Some(pair(work, &shared, &joined, inner)?))
}

/// Whether a list that holds the member is absorbed by a condition on Python: an alternative
/// needs no `python < 3.9 and …` beside `python < 3.10`.
fn decides_python(member: &Marker, atom: &Atom, join: Join) -> bool {
    let Marker::Atom(member) = member else {
        return false;
    };
    let (Some(inner), Some(outer)) = (member.python(), atom.python()) else {
        return false;
    };
    match join {
        Join::Or => outer.allows_all(&inner),
        Join::And => inner.allows_all(&outer),
    }
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
                let parts: Vec<String> = list.iter().map(in_disjunction).collect();
                formatter.write_str(&parts.join(" or "))
            }
        }
    }
}

fn in_disjunction(marker: &Marker) -> String {
    match marker {
        Marker::Or(_) => format!("({marker})"),
        _ => marker.to_string(),
    }
}

fn in_conjunction(marker: &Marker) -> String {
    let alternative = match marker {
        Marker::Or(_) | Marker::And(_) => true,
        Marker::Atom(atom) => atom.is_alternative(),
        _ => false,
    };
    if alternative {
        format!("({marker})")
    } else {
        marker.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::constraint::Reading;
    use super::super::marker_parse::read;
    use super::*;

    /// Verified against poetry-core 2.5.0.
    #[test]
    fn prints_what_poetry_prints() {
        for (written, printed) in [
            (
                "python_version>='3.11' and python_version<'3.12'",
                r#"python_version == "3.11""#,
            ),
            (
                "python_version == '3.11' or python_version == '3.12'",
                r#"python_version >= "3.11" and python_version < "3.13""#,
            ),
            ("'bsd' in sys_platform", r#""bsd" in sys_platform"#),
            ("os.name=='posix' and os_name == 'nt'", "<empty>"),
            (
                "os_name == 'nt' and python_version < '3.12' or os_name == 'java' and python_version < '3.12'",
                r#"(os_name == "nt" or os_name == "java") and python_version < "3.12""#,
            ),
            (
                "python_version < '3.12' or python_version >= '3.12' and os_name == 'nt'",
                r#"python_version < "3.12" or os_name == "nt""#,
            ),
            (
                "extra == 'b' and python_version < '3.11' or os_name != 'nt' or python_version <= '3.10'",
                r#"os_name != "nt" or python_version <= "3.10""#,
            ),
        ] {
            assert_eq!(read(written).unwrap().to_string(), printed, "{written}");
        }
        for wrong in [
            "colour == 'red'",
            "'nt' == os_name",
            "os_name = 'nt'",
            "(os_name == 'nt'",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    /// Verified against poetry-core 2.5.0.
    #[test]
    fn leaves_out_what_the_projects_python_says() {
        for (written, python, printed) in [
            (
                "python_version < '3.12'",
                ">=3.11",
                r#"python_version == "3.11""#,
            ),
            ("python_version >= '3.9'", "^3.11", ""),
            (
                "python_full_version < '3.12.0'",
                ">=3.11",
                r#"python_full_version < "3.12.0""#,
            ),
            (
                "python_full_version < '3.12.0'",
                ">=3.11,<3.14",
                r#"python_version == "3.11""#,
            ),
        ] {
            let python = Constraint::read(python, Reading::Requirement).unwrap();
            let reduced = read(written).unwrap().reduce_by_python(&python);
            assert_eq!(reduced.to_string(), printed, "{written}");
        }
    }

    #[test]
    fn extras_can_be_taken_away() {
        let marker = read("extra == 'fast' and os_name == 'nt'").unwrap();
        assert_eq!(marker.extras(), ["fast"]);
        assert_eq!(marker.exclude("extra").to_string(), r#"os_name == "nt""#);
        assert!(!marker.holds_with_extras(&|_| false));
    }
}
