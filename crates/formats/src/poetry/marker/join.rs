//! Joining conditions: normal forms, and what two conditions have in common.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::atom::{Atom, Join};
use super::{Marker, flatten};

/// Normal forms with more terms than this are given up: they are longer than any file that was
/// seen, and a request must not take for ever.
const MOST_CHOICES: usize = 20_000;

/// So many joined pairs are remembered.
const MOST_JOINED: usize = 5_000;

thread_local! {
    /// What pairs come to: a project that is looked at in many worlds joins the same ones in each.
    static JOINED: RefCell<HashMap<(Join, Marker, Marker), Marker>> = RefCell::default();
}

/// A combination that would need itself: poetry gives up on that normal form.
struct Endless;

type Joined = Result<Marker, Endless>;

/// The combinations being computed right now, and the normal forms known so far.
#[derive(Default)]
struct Work {
    open: Vec<(Join, Vec<Marker>)>,
    known: HashMap<(Join, Marker), Marker>,
}

impl Marker {
    /// Both conditions.
    pub(in crate::poetry) fn intersect(&self, other: &Self) -> Self {
        self.join(other, Join::And)
    }

    /// Either condition.
    pub(in crate::poetry) fn union(&self, other: &Self) -> Self {
        self.join(other, Join::Or)
    }

    fn join(&self, other: &Self, join: Join) -> Self {
        let key = (join, self.clone(), other.clone());
        if let Some(known) = JOINED.with_borrow(|joined| joined.get(&key).cloned()) {
            return known;
        }
        let found = pair(&mut Work::default(), self, other, join)
            .unwrap_or_else(|Endless| Self::list([self.clone(), other.clone()], join));
        JOINED.with_borrow_mut(|joined| {
            if joined.len() >= MOST_JOINED {
                joined.clear();
            }
            joined.insert(key, found.clone());
        });
        found
    }

    /// All of several conditions, computed together.
    pub(in crate::poetry) fn all_of(markers: &[Self]) -> Self {
        combine(&mut Work::default(), markers, Join::And)
            .unwrap_or_else(|Endless| Self::list(markers.to_vec(), Join::And))
    }

    /// One of several conditions, computed together.
    pub(in crate::poetry) fn union_of(markers: &[Self]) -> Self {
        combine(&mut Work::default(), markers, Join::Or)
            .unwrap_or_else(|Endless| Self::list(markers.to_vec(), Join::Or))
    }

    /// All or one of several conditions, simplified only where two of them merge.
    pub(in crate::poetry) fn collected(markers: Vec<Self>, join: Join) -> Self {
        collect(&mut Work::default(), markers.clone(), join)
            .unwrap_or_else(|Endless| Self::list(markers, join))
    }
}

/// Joins two markers.
fn pair(work: &mut Work, first: &Marker, second: &Marker, join: Join) -> Joined {
    match (first, second) {
        (Marker::Any | Marker::Empty, _) => Ok(match *first == join.neutral() {
            true => second.clone(),
            false => first.clone(),
        }),
        (Marker::Atom(mine), Marker::Atom(theirs)) => Ok(join_atoms(mine, theirs, join)),
        // A single condition goes behind a composed one: poetry asks the composed one to do it.
        (Marker::Atom(_), _) => pair(work, second, first, join),
        _ => combine(work, &[first.clone(), second.clone()], join),
    }
}

fn join_atoms(mine: &Rc<Atom>, theirs: &Rc<Atom>, join: Join) -> Marker {
    match mine.merge(theirs, join) {
        Some(merged) => Marker::of_merged(merged),
        None => Marker::list([mine, theirs].map(|it| Marker::Atom(it.clone())), join),
    }
}

/// The least complex of the normal forms.
fn combine(work: &mut Work, markers: &[Marker], join: Join) -> Joined {
    let key = (join, markers.to_vec());
    if work.open.contains(&key) {
        return Err(Endless);
    }
    work.open.push(key);
    let combined = combine_open(work, markers, join);
    work.open.pop();
    combined
}

fn combine_open(work: &mut Work, markers: &[Marker], join: Join) -> Joined {
    let mut plain = Marker::list(markers.to_vec(), join);
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
fn normal_form(work: &mut Work, marker: &Marker, outer: Join) -> Joined {
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

fn new_normal_form(work: &mut Work, marker: &Marker, outer: Join) -> Joined {
    if let Some(list) = marker.members(outer.other()) {
        let mut choices: Vec<Vec<Marker>> = vec![Vec::new()];
        for member in list {
            let form = normal_form(work, member, outer)?;
            let options = match form.members(outer) {
                Some(options) => options.to_vec(),
                None => vec![form.clone()],
            };
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
        for choice in distinct(choices) {
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

/// Choices of which none has the same members as one before it.
fn distinct(choices: Vec<Vec<Marker>>) -> Vec<Vec<Marker>> {
    let mut seen: HashSet<Vec<String>> = HashSet::new();
    let mut is_new = |choice: &Vec<Marker>| {
        let mut members: Vec<String> = choice.iter().map(|it| format!("{it:?}")).collect();
        members.sort();
        members.dedup();
        seen.insert(members)
    };
    match choices.len() {
        0 | 1 => choices,
        _ => choices.into_iter().filter(|it| is_new(it)).collect(),
    }
}

/// Joins markers, merging two where that gives one, until nothing merges any more.
fn collect(work: &mut Work, markers: Vec<Marker>, join: Join) -> Joined {
    let mut list = flatten(markers, join);
    let mut old = Vec::new();
    while list != old {
        old = std::mem::take(&mut list);
        for marker in &old {
            if list.contains(marker) || *marker == join.neutral() {
                continue;
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
    }
    if list.contains(&join.decisive()) {
        return Ok(join.decisive());
    }
    Ok(match list.len() {
        0 => join.neutral(),
        1 => list.swap_remove(0),
        _ => Marker::list(list, join),
    })
}

/// A list so short that it counts as an improvement: two conditions.
fn is_short(marker: &Marker) -> bool {
    marker.complexity() <= (2, 2)
}

/// One marker for two, where there is a simple one.
fn merge(
    work: &mut Work,
    known: &Marker,
    marker: &Marker,
    join: Join,
) -> Result<Option<Marker>, Endless> {
    if known.members(join.other()).is_some() {
        return absorb(work, known, marker, join);
    }
    if marker.members(join.other()).is_some() {
        return absorb(work, marker, known, join);
    }
    if !matches!(known, Marker::Atom(_)) {
        return Ok(None);
    }
    let one = pair(work, known, marker, join)?;
    let is_better = match &one {
        Marker::Atom(_) => true,
        Marker::And(_) => join == Join::Or && is_short(&one),
        one => *one == join.decisive(),
    };
    Ok(is_better.then_some(one))
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
    if let Some(atom) = marker.single()
        && mine.iter().any(|member| decides_python(member, atom, join))
    {
        return Ok(Some(marker.clone()));
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
    let pick = |from: &[Marker], other: &[Marker], shared: bool| {
        let picked = from.iter().filter(|it| other.contains(it) == shared);
        Marker::list(picked.cloned(), inner)
    };
    let shared = pick(mine, theirs, true);
    if shared.members(inner).is_some_and(<[_]>::is_empty) {
        return Ok(None);
    }
    let (own, foreign) = (pick(mine, theirs, false), pick(theirs, mine, false));
    let joined = pair(work, &own, &foreign, join)?;
    let is_simple = match &joined {
        Marker::Atom(_) => true,
        joined if joined.members(inner).is_some() => is_short(joined),
        joined => *joined == join.decisive(),
    };
    if !is_simple {
        return Ok(None);
    }
    Ok(Some(pair(work, &joined, &shared, inner)?))
}

/// Whether a list that holds the member is absorbed by a condition on Python: an alternative
/// needs no `python < 3.9 and …` beside `python < 3.10`.
fn decides_python(member: &Marker, atom: &Atom, join: Join) -> bool {
    let Some(member) = member.single() else {
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
