//! Ranges of versions as the engine needs them.

use std::ops::Bound;

use packaging::{Version, VersionRange, VersionSpecifiers, version};

/// The versions that specifiers allow, in the one form that equal sets share.
///
/// The engine merges what is equal, so two spellings of one set must be one value.
pub(crate) fn of(specifiers: &VersionSpecifiers) -> VersionRange {
    let range = version::range(specifiers);
    version::canonical_range(&range).unwrap_or(range)
}

/// The versions that one or another list of specifiers allows.
pub(crate) fn of_any(first: &VersionSpecifiers, others: &[VersionSpecifiers]) -> VersionRange {
    if others.is_empty() {
        return of(first);
    }
    let ranges = others.iter().map(version::range);
    let range = ranges.fold(version::range(first), |all, one| all.union(&one));
    version::canonical_range(&range).unwrap_or(range)
}

/// Whether a range stands for one public version: `{v}`, or `==v` with its local variants.
pub(crate) fn is_singleton(range: &VersionRange) -> bool {
    if range.as_singleton().is_some() {
        return true;
    }
    let mut segments = range.iter();
    let (Some(segment), None) = (segments.next(), segments.next()) else {
        return false;
    };
    matches!(segment, (Bound::Included(lower), Bound::Excluded(upper))
        if !lower.is_local() && is_after_locals(lower, upper))
}

/// Whether `upper` is the least version above all local variants of `lower`.
fn is_after_locals(lower: &Version, upper: &Version) -> bool {
    // What follows the local variants of a version is of the same release.
    let (low, high) = (lower.release(), upper.release());
    let part = |release: &[u64], at: usize| release.get(at).copied().unwrap_or(0);
    let is_other = (0..low.len().max(high.len())).any(|at| part(low, at) != part(high, at));
    if is_other || lower.epoch() != upper.epoch() {
        return false;
    }
    let all = VersionRange::between(lower.clone(), version::local_max(lower));
    let canonical = version::canonical_range(&all);
    canonical == Some(VersionRange::between(lower.clone(), upper.clone()))
}

/// Widens a version to the gap around it: the largest interval without another known version.
///
/// Rejected neighbours then merge into one range instead of leaving a hole each. Of what is known
/// the nearest versions are enough.
pub(crate) fn widen(version: &Version, known: &[&Version]) -> VersionRange {
    let range = VersionRange::singleton(version.clone());
    if known.is_empty() {
        return range;
    }
    range.widen_versions(known)
}

/// Whether the range ends somewhere.
pub(crate) fn has_upper_bound(range: &VersionRange) -> bool {
    range
        .bounding_range()
        .is_some_and(|(_, upper)| !matches!(upper, Bound::Unbounded))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn version(text: &str) -> Version {
        Version::from_str(text).unwrap()
    }

    #[test]
    fn the_nearest_versions_widen_like_all() {
        let known = ["0.9", "1.0a1", "1.0", "1.0+cpu", "1.0.post1", "1.1", "2.0"].map(version);
        for at in 0..known.len() {
            let all: Vec<&Version> = known.iter().collect();
            let near = &all[at.saturating_sub(1)..(at + 2).min(all.len())];
            let version = &known[at];
            assert_eq!(widen(version, near), widen(version, &all), "{version}");
        }
        let other = version("1.0.1");
        let all: Vec<&Version> = known.iter().collect();
        assert_eq!(widen(&other, &all[4..6]), widen(&other, &all));
        assert_eq!(widen(&other, &[]), VersionRange::singleton(other));
    }

    #[test]
    fn one_version_with_its_local_variants_is_a_singleton() {
        let of = |text: &str| super::of(&VersionSpecifiers::from_str(text).unwrap());
        for text in [
            "==1.0",
            "===1.0",
            "==1.0+cpu",
            "==0",
            "==1.0.post1",
            "==1.0a1",
        ] {
            assert!(is_singleton(&of(text)), "{text}");
        }
        for text in [
            "==1.*",
            ">=1.0",
            ">=1.0,<1.1",
            ">=1.0,<=1.0.0.1",
            "!=1.0",
            "<1",
        ] {
            assert!(!is_singleton(&of(text)), "{text}");
        }
    }
}
