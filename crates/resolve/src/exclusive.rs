//! When requirements of one release allow different versions of a project under different
//! conditions, so that each part of the world is resolved on its own (formats.md §1.12).

use std::collections::BTreeMap;

use packaging::{ExtraName, Marker, PackageName, VersionRange};

use crate::demand::{Demand, Origin};

/// What is required of a project under one condition, which excludes those of its siblings.
#[derive(Clone, Debug)]
struct Part<'a> {
    marker: Marker,
    /// The versions; `None` when nothing is required.
    range: Option<VersionRange>,
    /// Where it must come from, if anybody says.
    origin: Option<&'a Origin>,
}

/// The conditions to resolve on their own, for the first project that needs it; `None` when one
/// resolution will do. `counts` says whether a condition matters here.
pub(crate) fn parts(demands: &[Demand], counts: impl Fn(Marker) -> bool) -> Option<Vec<Marker>> {
    let mut names: Vec<&PackageName> = Vec::new();
    let mut by_name: BTreeMap<&PackageName, Vec<&Demand>> = BTreeMap::new();
    for demand in demands {
        let all = by_name.entry(&demand.name).or_default();
        if all.is_empty() {
            names.push(&demand.name);
        }
        all.push(demand);
    }
    names
        .into_iter()
        .find_map(|name| parts_of_one(by_name.get(name)?, &counts))
}

fn parts_of_one(demands: &[&Demand], counts: &impl Fn(Marker) -> bool) -> Option<Vec<Marker>> {
    if demands.len() < 2 {
        return None;
    }
    let mut by_extras: Vec<(Vec<&ExtraName>, Vec<&Demand>)> = Vec::new();
    for demand in demands {
        let mut extras: Vec<&ExtraName> = demand.extras.iter().collect();
        extras.sort();
        match by_extras.iter_mut().find(|(known, _)| *known == extras) {
            Some((_, all)) => all.push(demand),
            None => by_extras.push((extras, vec![demand])),
        }
    }
    let parts = match &by_extras[..] {
        [(_, all)] => exclusive(all, counts, true),
        several => {
            let each: Vec<Vec<Part<'_>>> = several
                .iter()
                .map(|(_, all)| exclusive(all, counts, false))
                .collect();
            let parts: Vec<Part<'_>> = each.iter().flatten().cloned().collect();
            // Extras that come together are no reason to split.
            if each.iter().any(|parts| parts.len() != 1) || !are_disjoint(&parts) {
                return None;
            }
            parts
        }
    };
    let markers: Vec<Marker> = parts.into_iter().map(|part| part.marker).collect();
    if markers.len() < 2 {
        return None;
    }
    let markers: Vec<Marker> = markers.into_iter().filter(|it| counts(*it)).collect();
    (markers.len() > 1).then_some(markers)
}

fn are_disjoint(parts: &[Part<'_>]) -> bool {
    let disjoint = |(at, part): (usize, &Part<'_>)| {
        let later = &parts[at + 1..];
        later
            .iter()
            .all(|other| other.marker.is_disjoint(part.marker))
    };
    parts.iter().enumerate().all(disjoint)
}

/// Conditions that exclude each other, and what is required under each; what comes to the same is
/// one part.
fn exclusive<'a>(
    demands: &[&'a Demand],
    counts: &impl Fn(Marker) -> bool,
    covers_the_rest: bool,
) -> Vec<Part<'a>> {
    let mut parts = vec![Part {
        marker: Marker::TRUE,
        range: None,
        origin: None,
    }];
    for wanted in merged(demands.iter().map(|demand| Part {
        marker: demand.marker,
        range: Some(demand.range.clone()),
        origin: says_where(&demand.origin).then_some(&demand.origin),
    })) {
        parts = parts
            .into_iter()
            .flat_map(|part| {
                let outside = Part {
                    marker: part.marker.and(wanted.marker.not()),
                    ..part.clone()
                };
                [part.with(&wanted), outside]
            })
            .filter(|part| counts(part.marker))
            .collect();
    }
    if !covers_the_rest {
        parts.retain(|part| part.range.is_some());
    }
    merged(parts)
}

impl<'a> Part<'a> {
    fn with(&self, other: &Self) -> Self {
        let ranges = [&self.range, &other.range].into_iter().flatten();
        Self {
            marker: self.marker.and(other.marker),
            range: ranges.cloned().reduce(|all, one| all.intersection(&one)),
            origin: self.origin.or(other.origin),
        }
    }
}

fn says_where(origin: &Origin) -> bool {
    !matches!(origin, Origin::Registry { index: None, .. })
}

fn merged<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> Vec<Part<'a>> {
    let mut merged: Vec<Part<'a>> = Vec::new();
    for part in parts {
        let same = |known: &&mut Part<'a>| known.range == part.range && known.origin == part.origin;
        match merged.iter_mut().find(same) {
            Some(known) => known.marker = known.marker.or(part.marker),
            None => merged.push(part),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use packaging::Requirement;

    use super::*;

    fn parts_of(requirements: &[&str]) -> Vec<String> {
        let demands: Vec<Demand> = requirements
            .iter()
            .map(|text| Demand::from(&Requirement::parse_lenient(text).unwrap().0))
            .collect();
        let found = parts(&demands, |marker| !marker.is_false()).unwrap_or_default();
        found.into_iter().map(|it| it.to_string()).collect()
    }

    #[test]
    fn only_what_allows_other_versions_makes_a_part() {
        let none: &[&str] = &[];
        assert_eq!(parts_of(&["a", "b"]), none);
        assert_eq!(parts_of(&["a>=1", "a<2"]), none, "both hold everywhere");
        assert_eq!(
            parts_of(&["a>=1; os_name == 'nt'", "a>=1; os_name != 'nt'"]),
            none
        );
        assert_eq!(
            parts_of(&["a>=1; os_name == 'nt'", "a>=2; os_name != 'nt'"]),
            ["os_name == 'nt'", "os_name != 'nt'"]
        );
    }

    #[test]
    fn what_overlaps_is_a_part_of_its_own() {
        let found = parts_of(&["a>=1", "a>=2; os_name == 'nt'"]);
        assert_eq!(found, ["os_name == 'nt'", "os_name != 'nt'"]);
        let found = parts_of(&[
            "a>=1; python_version < '3.9'",
            "a>=2; python_version == '3.10.*'",
        ]);
        assert_eq!(
            found,
            [
                "python_full_version < '3.9'",
                "python_full_version == '3.10.*'",
                "python_full_version == '3.9.*' or python_full_version >= '3.11'"
            ]
        );
    }

    #[test]
    fn extras_split_only_where_they_never_meet() {
        let none: &[&str] = &[];
        assert_eq!(parts_of(&["a>=1", "a[x]>=2"]), none);
        assert_eq!(
            parts_of(&["a>=1; os_name == 'nt'", "a[x]>=1; os_name != 'nt'"]),
            ["os_name == 'nt'", "os_name != 'nt'"]
        );
    }
}
