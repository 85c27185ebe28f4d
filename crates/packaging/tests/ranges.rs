//! Specifiers as ranges: the same members as the specification's own implementation has.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where an input of its own is wrong"
)]

use lockwright_packaging::version::{canonical_range, range, specifier_range, without_sentinels};
use lockwright_packaging::{Operator, Version, VersionSpecifier, VersionSpecifiers};
use proptest::prelude::*;

#[test]
fn ranges_have_the_members_of_packaging() {
    let table = include_str!("fixtures/ranges.txt");
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let versions: Vec<Version> = lines
        .next()
        .and_then(|line| line.strip_prefix("versions "))
        .into_iter()
        .flat_map(|line| line.split(' '))
        .map(|version| version.parse().unwrap())
        .collect();
    let mut pairs = 0;
    for line in lines {
        let (specifier, members) = line.split_once(' ').unwrap();
        let specifiers: VersionSpecifiers = specifier.parse().unwrap();
        let range = range(&specifiers);
        for (version, member) in versions.iter().zip(members.chars()) {
            assert_eq!(
                range.contains(version),
                member == '1',
                "{specifier} {version}"
            );
            pairs += 1;
        }
    }
    assert!(pairs > 20_000, "{pairs}");
}

fn version() -> impl Strategy<Value = Version> {
    let suffix = prop_oneof![
        4 => Just(""), 1 => Just("a1"), 1 => Just("rc1"), 1 => Just(".post1"), 1 => Just(".dev1"),
        1 => Just("a1.dev1"), 1 => Just(".post1.dev1"), 1 => Just("+x"), 1 => Just(".post1+x"),
    ];
    ("[0-2](\\.[0-2]){0,2}", suffix)
        .prop_map(|(release, suffix)| format!("{release}{suffix}").parse().unwrap())
}

fn specifier() -> impl Strategy<Value = VersionSpecifier> {
    let operator = prop::sample::select(vec![
        Operator::Equal,
        Operator::EqualStar,
        Operator::ExactEqual,
        Operator::NotEqual,
        Operator::NotEqualStar,
        Operator::TildeEqual,
        Operator::LessThan,
        Operator::LessThanEqual,
        Operator::GreaterThan,
        Operator::GreaterThanEqual,
    ]);
    (operator, version()).prop_filter_map("not allowed together", |(operator, version)| {
        let is_prefix = version == version.only_release();
        if operator.is_star() && !is_prefix {
            return None;
        }
        VersionSpecifier::from_version(operator, version).ok()
    })
}

proptest! {
    /// Invariant: several specifiers allow what each of them allows.
    #[test]
    fn ranges_intersect(
        specifiers in prop::collection::vec(specifier(), 0..4),
        versions in prop::collection::vec(version(), 20),
    ) {
        let together = range(&specifiers.iter().cloned().collect());
        for version in versions {
            let each = specifiers.iter().all(|one| specifier_range(one).contains(&version));
            prop_assert_eq!(together.contains(&version), each, "{}", version);
        }
    }

    /// Invariant: away from pre-releases, post-releases and local versions, ranges are what
    /// `pep440_rs` says of each version.
    #[test]
    fn ranges_agree_with_pep440_rs_on_releases(
        specifier in specifier(),
        versions in prop::collection::vec(version(), 20),
    ) {
        prop_assume!(*specifier.version() == specifier.version().only_release());
        prop_assume!(*specifier.operator() != Operator::ExactEqual);
        for version in versions.iter().map(Version::only_release) {
            let is_member = specifier_range(&specifier).contains(&version);
            // `pep440_rs` takes `==1.2.*` to allow `1`: it compares no further than the shorter one.
            if version.release().len() >= specifier.version().release().len() {
                prop_assert_eq!(is_member, specifier.contains(&version), "{} {}", specifier, version);
            }
        }
    }

    /// Invariant: the canonical form has the same members, and is canonical.
    #[test]
    fn canonical_ranges_have_the_same_members(
        specifiers in prop::collection::vec(specifier(), 0..4),
        versions in prop::collection::vec(version(), 20),
    ) {
        let before = range(&specifiers.iter().cloned().collect());
        let after = canonical_range(&before).unwrap_or_else(|| before.clone());
        prop_assert!(canonical_range(&after).is_none(), "{after}");
        for version in versions {
            prop_assert_eq!(before.contains(&version), after.contains(&version), "{}", version);
        }
    }

    /// Invariant: leaving out sentinels is for reading only, and keeps releases in or out.
    #[test]
    fn ranges_without_sentinels_have_the_same_releases(
        specifier in specifier(),
        versions in prop::collection::vec(version(), 20),
    ) {
        let before = specifier_range(&specifier);
        let after = without_sentinels(&before);
        for version in versions.into_iter().filter(|version| !version.is_local()) {
            prop_assert_eq!(before.contains(&version), after.contains(&version), "{}", version);
        }
    }
}
