//! Ranges of versions as people write them: no sentinels, `!=` where a hole is meant.

use std::ops::Bound;

use packaging::version::{canonical_range, local_max, without_sentinels};
use packaging::{Version, VersionRange};

type Segment<'a> = (Bound<&'a Version>, Bound<&'a Version>);

/// A range as specifiers: `>=1,!=1.5,<2`. What no list of specifiers can say is several lists.
///
/// All versions are one empty text.
pub(super) fn specifiers(range: &VersionRange) -> Vec<String> {
    let range = without_sentinels(range);
    let segments: Vec<Segment<'_>> = range.iter().collect();
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        return vec!["<0".to_owned()];
    };
    let gaps: Option<Vec<String>> = segments
        .windows(2)
        .map(|pair| {
            let text = one_version((flipped(pair[0].1), flipped(pair[1].0)))?;
            Some(text.replacen("==", "!=", 1))
        })
        .collect();
    match gaps {
        Some(gaps) if segments.len() > 1 => {
            let outer = [lower(first.0), gaps.join(","), upper(last.1)];
            vec![joined(outer)]
        }
        _ => segments.iter().map(|segment| one(*segment)).collect(),
    }
}

fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(",")
}

fn one(segment: Segment<'_>) -> String {
    one_version(segment).unwrap_or_else(|| joined([lower(segment.0), upper(segment.1)]))
}

fn flipped(bound: Bound<&Version>) -> Bound<&Version> {
    match bound {
        Bound::Included(version) => Bound::Excluded(version),
        Bound::Excluded(version) => Bound::Included(version),
        Bound::Unbounded => Bound::Unbounded,
    }
}

/// `==1.0` for a version with its local variants, `==1.0.*` for a series.
fn one_version((lower, upper): Segment<'_>) -> Option<String> {
    match (lower, upper) {
        (Bound::Included(lower), Bound::Included(upper)) if lower == upper => {
            Some(format!("=={}", shown(lower)))
        }
        (Bound::Included(lower), Bound::Excluded(upper)) => {
            if is_after_locals(lower, upper) {
                return Some(format!("=={lower}"));
            }
            let low = series_start(lower)?;
            let high = series_start(upper)?;
            (high.release() == next(low.release()).as_slice() && low.epoch() == high.epoch())
                .then(|| format!("=={low}.*"))
        }
        _ => None,
    }
}

/// Whether the upper bound is the least version above all local variants of the lower one.
fn is_after_locals(lower: &Version, upper: &Version) -> bool {
    if lower.is_local() {
        return false;
    }
    let all = VersionRange::between(lower.clone(), local_max(lower));
    canonical_range(&all) == Some(VersionRange::between(lower.clone(), upper.clone()))
}

/// `1.5` for `1.5.dev0`, where a series begins.
fn series_start(version: &Version) -> Option<Version> {
    let is_start = version.dev() == Some(0) && version.pre().is_none() && version.post().is_none();
    is_start.then(|| version.clone().with_dev(None))
}

fn next(release: &[u64]) -> Vec<u64> {
    let mut next = release.to_vec();
    if let Some(last) = next.last_mut() {
        *last = last.saturating_add(1);
    }
    next
}

/// The version that a bound just above it stands for: `1.0` for `1.0.post0.dev0`.
fn just_below(version: &Version) -> Option<Version> {
    if version.dev() != Some(0) {
        return None;
    }
    let version = version.clone().with_dev(None);
    match version.post()? {
        0 => Some(version.with_post(None)),
        post => Some(version.with_post(Some(post - 1))),
    }
}

fn lower(bound: Bound<&Version>) -> String {
    match bound {
        Bound::Included(version) => match just_below(version) {
            Some(version) => format!(">{version}"),
            None => format!(">={}", shown(version)),
        },
        Bound::Excluded(version) => format!(">{}", shown(version)),
        Bound::Unbounded => String::new(),
    }
}

fn upper(bound: Bound<&Version>) -> String {
    match bound {
        Bound::Included(version) => format!("<={}", shown(version)),
        Bound::Excluded(version) => match just_below(version) {
            Some(version) => format!("<={version}"),
            None => format!("<{}", shown(version)),
        },
        Bound::Unbounded => String::new(),
    }
}

/// A version of a bound, without what only orders it.
fn shown(version: &Version) -> Version {
    if version.min().is_some() {
        version.clone().with_min(None)
    } else if version.max().is_some() {
        version.clone().with_max(None)
    } else if version.dev() == Some(0) {
        version.clone().with_dev(None)
    } else {
        version.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use packaging::VersionSpecifiers;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            ">=1.21.1,<3",
            "==2.0.0",
            "<=1.0",
            ">1.0",
            "<1.0",
            ">1.0.post1",
            "==1.0.post1",
            "!=2.0.0",
            ">=1,!=1.5,<2",
            ">=1,!=1.5.*,<2",
            "==1.5.*",
            "==2.0.0+foo",
            "<=1.0a1",
            ">=1.0a1",
            "",
        ] {
            let specifiers = VersionSpecifiers::from_str(text).unwrap();
            let range = crate::range::of(&specifiers);
            assert_eq!(super::specifiers(&range), [text], "{range}");
        }
        let split = VersionRange::strictly_lower_than(Version::new([1]))
            .union(&VersionRange::higher_than(Version::new([3])));
        assert_eq!(specifiers(&split), ["<1", ">=3"]);
    }
}
