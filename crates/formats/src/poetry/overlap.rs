//! Several requirements of one project by one package: merged where they agree, made mutually
//! exclusive where they do not, so that each is a world of its own. As seen in poetry 2.5.1.

use super::dependency::{Dependency, Origin};
use super::marker::Marker;
use super::range::Constraint;
use super::root::normalized;

/// More requirements of one project than this are given up: every combination is looked at.
const MOST: usize = 10;

/// Where requirements can matter.
pub(super) struct World<'a> {
    /// The versions of Python.
    pub(super) python: &'a Constraint,
    /// The markers of the branch.
    pub(super) marker: &'a Marker,
}

/// The requirements do not fit together, or there are too many.
pub(super) struct Clash;

/// What became of the requirements of one project.
pub(super) enum Settled {
    /// These hold together.
    Together(Vec<Dependency>),
    /// Each of these holds in a world of its own.
    Apart(Vec<Dependency>),
}

impl World<'_> {
    /// Settles the requirements of one project by a package of which some extras are wanted;
    /// `None` stands for any.
    pub(super) fn settle(
        &self,
        listed: Vec<Dependency>,
        extras: Option<&[String]>,
    ) -> Result<Settled, Clash> {
        if listed.len() == 1 {
            return Ok(Settled::Together(listed));
        }
        let mut by_extras: Vec<Vec<Dependency>> = Vec::new();
        for dependency in listed {
            let of_same = by_extras
                .iter_mut()
                .find(|it| it[0].extras == dependency.extras);
            match of_same {
                Some(same) => same.push(dependency),
                None => by_extras.push(vec![dependency]),
            }
        }
        let mut apart = match by_extras.len() {
            1 => self.exclusive(by_extras.remove(0), extras, true)?,
            _ => {
                for same in by_extras.iter_mut().filter(|it| it.len() > 1) {
                    *same = self.exclusive(std::mem::take(same), None, false)?;
                }
                if !are_exclusive(&by_extras) {
                    return Ok(Settled::Together(by_extras.concat()));
                }
                by_extras.concat()
            }
        };
        if apart.len() == 1 {
            return Ok(Settled::Together(apart));
        }
        apart.retain(|it| !self.marker.intersect(&it.marker).is_empty());
        if apart.len() > 1 {
            return Ok(Settled::Apart(apart));
        }
        apart.retain(|it| !it.constraint.is_empty());
        Ok(Settled::Together(apart))
    }

    /// Requirements whose markers exclude each other, for every combination of those that hold.
    fn exclusive(
        &self,
        listed: Vec<Dependency>,
        extras: Option<&[String]>,
        covers_rest: bool,
    ) -> Result<Vec<Dependency>, Clash> {
        let merged = merged_by_constraint(listed);
        if merged.len() > MOST {
            return Err(Clash);
        }
        let mut found = Vec::new();
        let combinations = 1_usize << merged.len();
        for combination in 0..combinations {
            // The first requirement is the slowest to change, and holds first.
            let holds = |at: usize| combination >> (merged.len() - 1 - at) & 1 == 0;
            let (held, left): (Vec<usize>, Vec<usize>) =
                (0..merged.len()).partition(|at| holds(*at));
            let markers = held.iter().map(|at| merged[*at].marker.clone());
            let inverse = left.iter().map(|at| merged[*at].marker.invert());
            let marker = markers
                .chain(inverse)
                .fold(Marker::Any, |all, one| all.intersect(&one));
            if !self.is_relevant(&marker, extras) {
                continue;
            }
            let mut all = Constraint::any();
            let mut special: Option<&Dependency> = None;
            for dependency in held.iter().map(|at| &merged[*at]) {
                if dependency.origin != Origin::Index {
                    if special.is_some_and(|known| known.origin != dependency.origin) {
                        return Err(Clash);
                    }
                    special = Some(dependency);
                }
                all = all.intersect(&dependency.constraint);
            }
            if all.is_empty() {
                return Err(Clash);
            }
            let first = match held.first() {
                Some(at) => &merged[*at],
                // Nothing is required here; others may still be, in this world of its own.
                None if covers_rest => {
                    all = Constraint::empty();
                    &merged[0]
                }
                None => continue,
            };
            found.push(Dependency {
                constraint: all,
                marker,
                ..special.unwrap_or(first).clone()
            });
        }
        Ok(merged_by_constraint(found))
    }

    fn is_relevant(&self, marker: &Marker, extras: Option<&[String]>) -> bool {
        let wanted = |extra: &str| {
            extras.is_some_and(|extras| extras.iter().any(|it| *it == normalized(extra)))
        };
        !marker.is_empty()
            && self.python.allows_any(&marker.python())
            && (extras.is_none() || marker.holds_with_extras(&wanted))
    }
}

/// Whether there is one requirement for each set of extras, and no two of them meet.
fn are_exclusive(by_extras: &[Vec<Dependency>]) -> bool {
    let is_one = by_extras.iter().all(|it| it.len() == 1);
    let all: Vec<&Dependency> = by_extras.iter().flatten().collect();
    let meets = |(at, one): (usize, &&Dependency)| {
        let rest = all.iter().skip(at + 1);
        rest.clone()
            .any(|it| !one.marker.intersect(&it.marker).is_empty())
    };
    is_one && !all.iter().enumerate().any(meets)
}

/// Requirements with one constraint become the first of them, with the marker of all.
fn merged_by_constraint(listed: Vec<Dependency>) -> Vec<Dependency> {
    let mut by_origin: Vec<Vec<Vec<Dependency>>> = Vec::new();
    for dependency in listed {
        let of_origin = by_origin
            .iter_mut()
            .find(|it| it[0][0].origin == dependency.origin);
        match of_origin {
            None => by_origin.push(vec![vec![dependency]]),
            Some(groups) => {
                let same = groups
                    .iter_mut()
                    .find(|it| it[0].constraint == dependency.constraint);
                match same {
                    Some(same) => same.push(dependency),
                    None => groups.push(vec![dependency]),
                }
            }
        }
    }
    let merge = |mut same: Vec<Dependency>| {
        if same.len() > 1 {
            let markers: Vec<Marker> = same.iter().map(|it| it.marker.clone()).collect();
            same[0].marker = Marker::union_of(&markers);
        }
        same.swap_remove(0)
    };
    by_origin.into_iter().flatten().map(merge).collect()
}
