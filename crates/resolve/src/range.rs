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
