//! Versions, specifiers and the ranges they stand for.
//!
//! `pep440_rs` parses, prints and orders; the conversion of specifiers to ranges is ours,
//! since its rules about pre-releases and local versions decide what a resolution finds.
//! <https://packaging.python.org/en/latest/specifications/version-specifiers/>
//!
//! Ranges have bounds that no release has: *sentinels*, versions just below everything, or just
//! above everything, that belongs to a release. See [`local_max`], [`canonical_range`] and
//! [`without_sentinels`].

mod mend;

use std::ops::Bound;
use std::str::FromStr;

pub use pep440_rs::{
    LocalSegment, Operator, Prerelease, PrereleaseKind, Version, VersionParseError,
    VersionSpecifier, VersionSpecifiers,
};

pub(crate) use mend::mend;

/// A set of versions as the solver sees it.
pub type VersionRange = version_ranges::Ranges<Version>;

/// A text that is no list of specifiers.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a version specifier: {reason}")]
pub struct InvalidSpecifiers {
    /// The text as written.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The versions that all specifiers allow.
#[must_use]
pub fn range(specifiers: &VersionSpecifiers) -> VersionRange {
    specifiers
        .iter()
        .fold(VersionRange::full(), |range, specifier| {
            range.intersection(&specifier_range(specifier))
        })
}

/// The versions that a specifier allows, as uv reads PEP 440.
#[must_use]
pub fn specifier_range(specifier: &VersionSpecifier) -> VersionRange {
    let version = specifier.version().clone();
    match specifier.operator() {
        Operator::Equal if version.is_local() => VersionRange::singleton(version),
        Operator::Equal => local_variants(version),
        Operator::ExactEqual => VersionRange::singleton(version),
        Operator::NotEqual if version.is_local() => VersionRange::singleton(version).complement(),
        Operator::NotEqual => local_variants(version).complement(),
        Operator::TildeEqual => {
            let upper = compatible_upper(&version)
                .with_epoch(version.epoch())
                .with_dev(Some(0));
            VersionRange::from_range_bounds(version..upper)
        }
        // "MUST NOT allow a pre-release of the specified version unless the specified version is
        // itself a pre-release."
        Operator::LessThan if version.any_prerelease() => {
            VersionRange::strictly_lower_than(version)
        }
        Operator::LessThan if version.is_post() => {
            VersionRange::strictly_lower_than(version.with_dev(Some(0)))
        }
        Operator::LessThan => VersionRange::strictly_lower_than(version.with_min(Some(0))),
        Operator::LessThanEqual => VersionRange::lower_than(local_max(&version)),
        // "MUST NOT allow a post-release of the given version unless the given version itself is
        // a post-release."
        Operator::GreaterThan => match version.dev() {
            Some(dev) => VersionRange::higher_than(version.with_dev(Some(dev.saturating_add(1)))),
            None if version.is_post() => VersionRange::strictly_higher_than(local_max(&version)),
            None => VersionRange::strictly_higher_than(version.with_max(Some(0))),
        },
        Operator::GreaterThanEqual => VersionRange::higher_than(version),
        Operator::EqualStar => star(&version),
        Operator::NotEqualStar => star(&version).complement(),
    }
}

/// `==1.0`: the release and its local variants.
fn local_variants(version: Version) -> VersionRange {
    let high = local_max(&version);
    VersionRange::between(version, high)
}

/// `==1.2.*`: everything from the first development release up to the next prefix's.
fn star(version: &Version) -> VersionRange {
    let low = version.clone().with_dev(Some(0));
    let high = if let Some(post) = low.post() {
        low.clone().with_post(Some(post.saturating_add(1)))
    } else if let Some(Prerelease { kind, number }) = low.pre() {
        low.clone().with_pre(Some(Prerelease {
            kind,
            number: number.saturating_add(1),
        }))
    } else {
        low.clone().with_release(next_release(low.release()))
    };
    VersionRange::from_range_bounds(low..high)
}

/// The release segments with the last one raised.
fn next_release(release: &[u64]) -> Vec<u64> {
    let mut next = release.to_vec();
    if let Some(last) = next.last_mut() {
        *last = last.saturating_add(1);
    }
    next
}

/// `~=1.4.2`: release `1.5`.
fn compatible_upper(version: &Version) -> Version {
    let release = version.release();
    Version::new(next_release(
        &release[..release.len().saturating_sub(1).max(1)],
    ))
}

/// Above every local variant of a version, and below all that comes after them.
///
/// `pep440_rs` knows no such version, so this is one whose local part no real release has.
#[must_use]
pub fn local_max(version: &Version) -> Version {
    version
        .clone()
        .with_local(vec![LocalSegment::Number(u64::MAX); 2])
}

/// Whether a version was made by [`local_max`].
#[must_use]
pub fn is_local_max(version: &Version) -> bool {
    matches!(
        version.local(),
        [
            LocalSegment::Number(u64::MAX),
            LocalSegment::Number(u64::MAX)
        ]
    )
}

/// The least real version above a sentinel, where there is one.
fn successor(version: &Version) -> Option<Version> {
    if is_local_max(version) {
        let version = version.clone().without_local();
        return Some(if let Some(dev) = version.dev() {
            version.with_dev(Some(dev.checked_add(1)?))
        } else if let Some(post) = version.post() {
            version
                .with_post(Some(post.checked_add(1)?))
                .with_dev(Some(0))
        } else {
            version.with_post(Some(0)).with_dev(Some(0))
        });
    }
    if version.min().is_some() {
        return Some(version.clone().with_min(None).with_dev(Some(0)));
    }
    match (version.max(), version.pre()) {
        (Some(_), Some(Prerelease { kind, number })) => {
            let pre = Prerelease {
                kind,
                number: number.checked_add(1)?,
            };
            Some(
                version
                    .clone()
                    .with_max(None)
                    .with_pre(Some(pre))
                    .with_dev(Some(0)),
            )
        }
        _ => None,
    }
}

/// The range in the one form that all ranges with the same members share, so that equal sets are
/// equal values: `>1.0a1` is `>=1.0a2.dev0`.
///
/// Returns `None` when the range has that form already.
#[must_use]
pub fn canonical_range(range: &VersionRange) -> Option<VersionRange> {
    let first = Version::new([0]).with_dev(Some(0));
    let lower_of = |bound: Bound<&Version>| match bound {
        Bound::Included(version) => match successor(version) {
            None if *version <= first => Bound::Unbounded,
            Some(next) if next <= first => Bound::Unbounded,
            Some(next) => Bound::Included(next),
            None => Bound::Included(version.clone()),
        },
        Bound::Excluded(version) => match successor(version) {
            None if *version < first => Bound::Unbounded,
            Some(next) if next <= first => Bound::Unbounded,
            Some(next) => Bound::Included(next),
            None => Bound::Excluded(version.clone()),
        },
        Bound::Unbounded => Bound::Unbounded,
    };
    let upper_of = |bound: Bound<&Version>| match bound {
        Bound::Included(version) => {
            successor(version).map_or_else(|| Bound::Included(version.clone()), Bound::Excluded)
        }
        Bound::Excluded(version) => {
            Bound::Excluded(successor(version).unwrap_or_else(|| version.clone()))
        }
        Bound::Unbounded => Bound::Unbounded,
    };
    let is_empty = |upper: &Bound<Version>| match upper {
        Bound::Included(version) => *version < first,
        Bound::Excluded(version) => *version <= first,
        Bound::Unbounded => false,
    };
    let is_canonical = range.iter().all(|(lower, upper)| {
        let (low, high) = (lower_of(lower), upper_of(upper));
        !is_empty(&high) && low.as_ref() == lower && high.as_ref() == upper
    });
    if is_canonical {
        return None;
    }
    Some(
        range
            .iter()
            .map(|(lower, upper)| (lower_of(lower), upper_of(upper)))
            .filter(|(_, upper)| !is_empty(upper))
            .collect(),
    )
}

/// The range with bounds fit for people: `<=1.0` where the solver has the sentinel above `1.0`.
#[must_use]
pub fn without_sentinels(range: &VersionRange) -> VersionRange {
    range
        .iter()
        .map(|(lower, upper)| {
            let from_included = matches!(lower, Bound::Included(_));
            let lower = match lower.cloned() {
                Bound::Included(version) | Bound::Excluded(version) if is_local_max(&version) => {
                    Bound::Excluded(version.without_local())
                }
                lower => lower,
            };
            let upper = match upper.cloned() {
                Bound::Included(version) if is_local_max(&version) => {
                    Bound::Included(version.without_local())
                }
                Bound::Excluded(version) if is_local_max(&version) && from_included => {
                    Bound::Included(version.without_local())
                }
                Bound::Excluded(version) if is_local_max(&version) => {
                    Bound::Excluded(version.without_local())
                }
                upper => upper,
            };
            (lower, upper)
        })
        .collect()
}

/// The Python versions that all specifiers allow, looking at release segments only.
///
/// `>=3.13` allows `3.13.0b1` for users, so pre-release parts on either side do not count.
/// Trailing zeros are kept.
#[must_use]
pub fn release_range(specifiers: &VersionSpecifiers) -> VersionRange {
    specifiers
        .iter()
        .fold(VersionRange::full(), |range, specifier| {
            range.intersection(&release_specifier_range(specifier))
        })
}

/// The Python versions that a specifier allows, looking at release segments only.
#[must_use]
pub fn release_specifier_range(specifier: &VersionSpecifier) -> VersionRange {
    let version = specifier.version().only_release();
    let starred = |version: Version| {
        let high = Version::new(next_release(version.release()));
        VersionRange::from_range_bounds(version..high)
    };
    match specifier.operator() {
        Operator::Equal | Operator::ExactEqual => VersionRange::singleton(version),
        Operator::NotEqual => VersionRange::singleton(version).complement(),
        Operator::TildeEqual => {
            let upper = compatible_upper(&version);
            VersionRange::from_range_bounds(version..upper)
        }
        Operator::LessThan => VersionRange::strictly_lower_than(version),
        Operator::LessThanEqual => VersionRange::lower_than(version),
        Operator::GreaterThan => VersionRange::strictly_higher_than(version),
        Operator::GreaterThanEqual => VersionRange::higher_than(version),
        Operator::EqualStar => starred(version),
        Operator::NotEqualStar => starred(version).complement(),
    }
}

/// The version without trailing zeros in its release: `3.9.0` becomes `3.9`.
#[must_use]
pub fn trimmed(version: &Version) -> Version {
    let release = version.release();
    let length = release
        .iter()
        .rposition(|segment| *segment != 0)
        .map_or(1, |last| last + 1);
    version.clone().with_release(&release[..length])
}

/// The one version that the specifiers name by `==` or `===`, if that is all they say.
#[must_use]
pub fn exact_version(specifiers: &VersionSpecifiers) -> Option<&Version> {
    match &**specifiers {
        [only] if matches!(only.operator(), Operator::Equal | Operator::ExactEqual) => {
            Some(only.version())
        }
        _ => None,
    }
}

/// Whether the specifiers name exactly one version: a single `==` without star, or `===`.
#[must_use]
pub fn is_singleton(specifiers: &VersionSpecifiers) -> bool {
    exact_version(specifiers).is_some()
}

/// The specifiers in version order without spaces, as uv writes them: `>=22,!=22.2.0,<23.1.0`.
#[must_use]
pub fn specifiers_text(specifiers: &VersionSpecifiers) -> String {
    let mut sorted: Vec<&VersionSpecifier> = specifiers.iter().collect();
    sorted.sort_by(|a, b| (a.version(), a.operator()).cmp(&(b.version(), b.operator())));
    let texts: Vec<String> = sorted.into_iter().map(ToString::to_string).collect();
    texts.join(",")
}

/// Reads a list of specifiers.
///
/// # Errors
///
/// The text is no comma-separated list of specifiers.
pub fn parse_specifiers(text: &str) -> Result<VersionSpecifiers, InvalidSpecifiers> {
    text.split(',')
        .filter(|_| !text.is_empty())
        .map(|part| {
            VersionSpecifier::from_str(part).map_err(|error| InvalidSpecifiers {
                text: text.to_owned(),
                reason: error.to_string(),
            })
        })
        .collect()
}

/// Reads a list of specifiers as found in the wild; tells how it had to be mended.
///
/// # Errors
///
/// The text is no list of specifiers, and no known mistake either.
pub fn parse_specifiers_lenient(
    text: &str,
) -> Result<(VersionSpecifiers, Vec<&'static str>), InvalidSpecifiers> {
    mend(text, parse_specifiers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn range_of(text: &str) -> VersionRange {
        range(&text.parse().unwrap())
    }

    #[test]
    fn ranges_allow_what_the_specification_allows() {
        let table = [
            (
                "==1.0",
                "1.0 1.0.0 1.0+a 1.0+99",
                "1.0.post1 1.0.dev1 1.0rc1 1.0.1",
            ),
            ("==1.0+a", "1.0+a", "1.0 1.0+b"),
            ("===1.0", "1.0", "1.0+a 1.0.1"),
            ("!=1.0", "1.0.post1 1.0.dev1 0.9 2", "1.0 1.0+a"),
            ("!=1.0+a", "1.0 1.0+b", "1.0+a"),
            (
                "~=1.4.2",
                "1.4.2 1.4.2+a 1.4.9 1.4.2.post1",
                "1.4.1 1.4.2rc1 1.5 1.5.dev1 1.5a1 2",
            ),
            ("~=1.4", "1.4 1.9", "2.0 2.0.dev0 1.3"),
            ("~=1!1.4", "1!1.4", "1.4 1!2"),
            ("<2", "1.9 1.9rc1 1.9+a", "2 2.0rc1 2.0.dev1 2.0+a"),
            ("<2rc1", "2b1 2.dev1 1", "2rc1 2"),
            ("<2.post1", "1.9", "2.post1 2.post1.dev0 3"),
            ("<=2", "2 2+a 2rc1 1", "2.post1 2.0.1"),
            (">2", "2.0.1 3 3rc1", "2 2+a 2.post1 2rc1"),
            (">2rc1", "2rc2 2 2rc2.dev0", "2rc1 2rc1+a 2rc1.post1"),
            (">2.dev1", "2.dev2 2a1 2", "2.dev1 2.dev0"),
            (">2.post1", "2.post2 2.post2.dev0", "2.post1 2.post1+a 2"),
            (">=2", "2 2+a 2.post1 3", "2rc1 2.dev1 1"),
            (
                "==1.2.*",
                "1.2 1.2.9 1.2.dev0 1.2rc1 1.2.post1 1.2+a",
                "1.3 1.3.dev0 1.1.9",
            ),
            (
                "!=1.2.*",
                "1.3 1.3.dev0 1.1.9",
                "1.2 1.2.9 1.2.dev0 1.2rc1 1.2.post1",
            ),
            (">=1,<2", "1 1.9", "0.9 2 2rc1"),
        ];
        for (specifiers, members, others) in table {
            let range = range_of(specifiers);
            for member in members.split(' ') {
                assert!(
                    range.contains(&version(member)),
                    "{specifiers} allows {member}"
                );
            }
            for other in others.split(' ') {
                assert!(
                    !range.contains(&version(other)),
                    "{specifiers} refuses {other}"
                );
            }
        }
    }

    #[test]
    fn equal_sets_are_equal_after_canonicalizing() {
        let canonical = |text: &str| {
            let range = range_of(text);
            canonical_range(&range).unwrap_or(range)
        };
        assert_eq!(canonical(">1.0a1"), canonical(">=1.0a2.dev0"));
        assert_eq!(canonical("<=1.0"), canonical("<1.0.post0.dev0"));
        assert_eq!(canonical(">1.0.post1"), canonical(">=1.0.post2.dev0"));
        assert_eq!(canonical("<1.0"), canonical("<1.0.dev0"));
        assert_eq!(canonical(">=0.dev0"), VersionRange::full());
        assert_eq!(canonical("<0"), VersionRange::empty());
        assert!(canonical_range(&range_of(">=1,<2.dev0")).is_none());
        // A final release has no least successor: `1.0.post5` and `1.0.0.1` are both above it.
        assert!(canonical_range(&range_of(">1.0")).is_none());
    }

    #[test]
    fn sentinels_are_not_shown() {
        assert_eq!(
            without_sentinels(&range_of("<=1.0")),
            VersionRange::lower_than(version("1.0"))
        );
        assert_eq!(
            without_sentinels(&range_of("==1.0")),
            VersionRange::singleton(version("1.0"))
        );
    }

    #[test]
    fn python_ranges_look_at_releases_only() {
        let release = |text: &str| release_range(&text.parse().unwrap());
        assert_eq!(
            release(">=3.10.0a1"),
            VersionRange::higher_than(version("3.10.0"))
        );
        assert_eq!(release("~=3.9"), release(">=3.9,<4"));
        assert_eq!(release("==3.9.*"), release(">=3.9,<3.10"));
        assert!(release("<=3.9").contains(&version("3.9")));
    }

    #[test]
    fn specifiers_print_in_version_order() {
        let print = |text: &str| specifiers_text(&text.parse().unwrap());
        assert_eq!(print("<23.1.0, !=22.2.0 , >=22"), ">=22,!=22.2.0,<23.1.0");
        assert_eq!(print("==3.*"), "==3.*");
        assert_eq!(print(">=1,!=1"), "!=1,>=1");
        assert_eq!(print(""), "");
    }

    #[test]
    fn only_one_exact_specifier_is_a_singleton() {
        let single = |text: &str| is_singleton(&text.parse().unwrap());
        assert!(single("==1.0") && single("===1.0") && single("==1.0+a"));
        assert!(!single("==1.*") && !single("==1.0,>0") && !single(">=1") && !single(""));
    }

    #[test]
    fn trailing_zeros_are_trimmed() {
        assert_eq!(trimmed(&version("3.9.0")).to_string(), "3.9");
        assert_eq!(trimmed(&version("0.0")).to_string(), "0");
        assert_eq!(trimmed(&version("3.10.0rc1")).to_string(), "3.10rc1");
    }
}
