//! Markers against what uv wrote, and against the laws of logic.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic like the tests"
)]

use std::ops::Bound;

use lockwright_packaging::marker::{MarkerString, MarkerVersion};
use lockwright_packaging::{
    ExtraName, Marker, MarkerEnvironment, Operator, PythonBounds, RequiresPython, Version,
};

fn marker(text: &str) -> Marker {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn bounds(requires_python: &str) -> PythonBounds {
    RequiresPython::parse(requires_python)
        .unwrap()
        .bounds()
        .clone()
}

/// The records of a fixture: lines of a name and a value; an empty line ends a record.
fn records(fixture: &str) -> Vec<Vec<(&str, &str)>> {
    let lines: Vec<&str> = fixture
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    lines
        .split(|line| line.is_empty())
        .filter(|record| !record.is_empty())
        .map(|record| record.iter().map(|line| fields(line)).collect())
        .collect()
}

fn fields(line: &str) -> (&str, &str) {
    let (name, value) = line.split_once(' ').unwrap();
    (name, value.trim_start())
}

/// How the fixtures write a marker of which no text is left.
fn shown(marker: Marker) -> String {
    marker.text().unwrap_or_else(|| "(always)".to_owned())
}

/// The marker on the edge from a dependency group, where no extra is chosen.
fn edge(written: Marker, requires_python: &str) -> String {
    let bounds = bounds(requires_python);
    let marker = written.simplify_not_extras_with(|_| true);
    if marker.complexify_python(&bounds).is_false() {
        return "(absent)".to_owned();
    }
    shown(marker.simplify_python(&bounds))
}

#[test]
fn printed_like_uv() {
    for record in records(include_str!("fixtures/markers/printed.txt")) {
        let text = record[0].1;
        let marker = marker(text);
        for (name, expected) in &record[1..] {
            let found = if *name == "printed" {
                shown(marker)
            } else {
                edge(marker, name)
            };
            assert_eq!(found, *expected, "{name} of {text}");
        }
    }
}

#[test]
fn restricted_like_uv() {
    let bounds = bounds(">=3.9");
    for record in records(include_str!("fixtures/markers/environments.txt")) {
        let environment = marker(record[1].1);
        let edge = marker(record[0].1)
            .complexify_python(&bounds)
            .and(environment);
        let known = environment
            .complexify_python(&bounds)
            .simplify_python(&bounds);
        let found = shown(edge.simplify_python(&bounds).restrict(known));
        assert_eq!(found, record[2].1, "{record:?}");
    }
}

#[test]
fn refused_like_uv() {
    let refused = include_str!("fixtures/markers/refused.txt").lines();
    for text in refused.filter(|line| !line.starts_with("# ")) {
        let error = Marker::parse(text).unwrap_err();
        assert!(
            error.start <= error.end && error.end <= text.len(),
            "{text}: {error:?}"
        );
    }
}

#[test]
fn errors_know_their_place() {
    let text = "python_version >= '3.9' and platform == 'x'";
    let error = Marker::parse(text).unwrap_err();
    assert_eq!(&text[error.start..error.end], "platform");
    let parsed = Marker::parse("sys_platform ~= 'linux' or os_name == 'nt'").unwrap();
    assert_eq!(parsed.marker, marker("os_name == 'nt'"));
    assert_eq!((parsed.warnings[0].start, parsed.warnings[0].end), (0, 23));
}

/// A source of numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % limit
    }

    fn marker(&mut self, size: usize) -> Marker {
        if size == 0 {
            return marker(ATOMS[self.below(ATOMS.len())]);
        }
        let left = self.marker(size / 2);
        let right = self.marker((size - 1) / 2);
        if self.below(2) == 0 {
            left.and(right)
        } else {
            left.or(right)
        }
    }
}

const ATOMS: [&str; 30] = [
    "python_version < '3.9'",
    "python_version < '3.11'",
    "python_version >= '3.10'",
    "python_version == '3.12'",
    "python_version != '3.11'",
    "python_version not in '3.9 3.13'",
    "python_full_version != '3.11.4'",
    "python_full_version > '3.12.1'",
    "implementation_version < '7.3'",
    "implementation_version == '3.11.*'",
    "sys_platform == 'linux'",
    "sys_platform != 'linux'",
    "sys_platform == 'win32'",
    "sys_platform != 'darwin'",
    "os_name == 'nt'",
    "os_name != 'posix'",
    "platform_system == 'Java'",
    "platform_system != 'FreeBSD'",
    "platform_machine == 'x86_64'",
    "platform_machine != 'arm64'",
    "platform_machine in 'arm64 aarch64'",
    "'arm' in platform_machine",
    "platform_release >= '20'",
    "platform_version < '10'",
    "platform_python_implementation == 'PyPy'",
    "implementation_name != 'cpython'",
    "extra == 'a'",
    "extra != 'b'",
    "'a' in extras",
    "'dev' not in dependency_groups",
];

/// Calls back for many pairs of markers of all sizes.
fn for_all_pairs(law: impl Fn(Marker, Marker)) {
    let mut dice = Dice(1);
    for round in 0..3000 {
        let (left, right) = (dice.marker(round % 9), dice.marker(round % 7));
        law(left, right);
    }
}

/// Invariant: equal conditions are one value, as long as no impossible platform is involved.
#[test]
fn equal_conditions_are_one_node() {
    for_all_pairs(|a, b| {
        assert_eq!(a.not().not(), a);
        assert_eq!(a.and(b).not(), a.not().or(b.not()));
        assert_eq!(a.or(b).not(), a.not().and(b.not()));
        assert_eq!(a.and(b), b.and(a));
        assert_eq!(a.or(b), b.or(a));
        assert_eq!(a.and(a.not()), Marker::FALSE);
        assert_eq!(a.or(a.not()), Marker::TRUE);
        assert!(a.and(b).implies(a));
        assert!(a.implies(a.or(b)));
        assert_eq!(a.is_disjoint(b), a.and(b).is_false());
    });
}

#[test]
fn what_is_printed_reads_back() {
    for_all_pairs(|a, _| {
        let text = a.text().unwrap_or_default();
        // The text of a release on macOS is that of a string elsewhere, and a clause by itself
        // may be an impossible platform where the marker as a whole is not.
        let platforms = ["os_name", "sys_platform", "platform_system"];
        let several = platforms.iter().filter(|key| text.contains(**key)).count() > 1;
        if !several && !a.is_true() && !text.contains("platform_release") {
            assert_eq!(marker(&text), a, "{text}");
        }
    });
}

#[test]
fn restricting_changes_nothing_where_the_assumption_holds() {
    for_all_pairs(|value, assumption| {
        if assumption.is_false() {
            return;
        }
        let restricted = value.restrict(assumption);
        let difference = restricted.and(value.not()).or(value.and(restricted.not()));
        assert!(
            difference.is_disjoint(assumption),
            "{value} assuming {assumption}"
        );
    });
}

#[test]
fn simplifying_and_complexifying_are_inverse() {
    for bounds in [
        bounds(">=3.10"),
        bounds(">=3.9,<3.12"),
        bounds(">3.11.2,<=3.12"),
    ] {
        for_all_pairs(|a, _| {
            let simple = a.simplify_python(&bounds);
            assert_eq!(
                simple.complexify_python(&bounds),
                a.complexify_python(&bounds)
            );
            assert_eq!(
                a.complexify_python(&bounds).simplify_python(&bounds),
                simple
            );
        });
    }
}

#[test]
fn forgetting_extras_keeps_what_is_possible() {
    for_all_pairs(|a, _| {
        assert!(a.implies(a.without_extras()));
        assert!(a.implies(a.only_extras()));
        assert!(!a.without_extras().has_extras());
        let none = a.simplify_not_extras_with(|_| true);
        assert!(!none.has_extras());
        assert_eq!(none, a.simplify_no_extras());
        assert_eq!(a.has_extras(), !a.extras().is_empty());
        for extra in ["a", "b"].map(|name| ExtraName::new(name).unwrap()) {
            assert_eq!(a.asks_extra(&extra), a.extras().contains(extra.as_str()));
        }
        assert!(none.implies(a.without_extras()));
    });
}

#[test]
fn evaluating_agrees_with_logic() {
    let environments = ["3.9.2", "3.11.4", "3.12.1", "3.13.0"].map(version);
    let extras = [ExtraName::new("a").unwrap()];
    for_all_pairs(|a, b| {
        for python in &environments {
            for environment in [
                MarkerEnvironment::linux_cpython(python),
                MarkerEnvironment::macos_cpython(python),
                MarkerEnvironment::windows_cpython(python),
            ] {
                let holds = |marker: Marker| marker.evaluate(&environment, &extras);
                assert_eq!(holds(a.not()), !holds(a));
                assert_eq!(holds(a.and(b)), holds(a) && holds(b));
                assert_eq!(holds(a.or(b)), holds(a) || holds(b));
                assert!(!holds(a) || a.python_ranges().contains(python));
            }
        }
    });
}

#[test]
fn the_order_is_total() {
    for_all_pairs(|a, b| {
        assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        assert_eq!(a.cmp(&b).is_eq(), a == b);
        assert!(Marker::TRUE <= a);
    });
    let ascending = [
        Marker::TRUE,
        Marker::FALSE,
        marker("implementation_version < '3.12'"),
        marker("python_full_version < '3.12'"),
        marker("python_full_version >= '3.12'"),
        marker("os_name == 'nt'"),
        marker("sys_platform != 'linux'"),
        marker("sys_platform == 'linux'"),
        marker("sys_platform == 'win32'"),
        marker("platform_machine in 'arm64'"),
        marker("'arm' in platform_machine"),
        marker("extra == 'a'"),
        marker("extra != 'a'"),
        marker("extra == 'b'"),
    ];
    assert!(ascending.is_sorted());
}

#[test]
fn constructors_agree_with_the_parser() {
    assert_eq!(
        Marker::string(MarkerString::PlatformSystem, "Linux"),
        marker("sys_platform == 'linux'")
    );
    assert_eq!(Marker::extra("a"), marker("extra == 'a'"));
    assert_eq!(
        Marker::python_full_version(Operator::EqualStar, &version("3.10")),
        marker("python_version == '3.10'")
    );
    assert_eq!(
        Marker::version(
            MarkerVersion::ImplementationVersion,
            Operator::LessThan,
            &version("7.3")
        ),
        marker("implementation_version < '7.3'")
    );
    let release = Marker::platform_release(Operator::GreaterThanEqual, &version("20"));
    assert_eq!(release.text().as_deref(), Some("platform_release >= '20'"));
}

#[test]
fn extras_are_visited_by_name() {
    let mut visited = Vec::new();
    marker("extra == 'b' and extra != 'a'")
        .visit_extras(&mut |name, positive| visited.push((name.to_owned(), positive)));
    assert_eq!(visited, [("a".to_owned(), false), ("b".to_owned(), true)]);
    let either = marker("extra == 'a' and os_name == 'nt' or extra == 'b'");
    let known = either.resolve_extras(|name| (name == "b").then_some(false));
    assert_eq!(known, marker("extra == 'a' and os_name == 'nt'"));
    assert_eq!(
        known.simplify_extras_with(|_| true),
        marker("os_name == 'nt'")
    );
    assert_eq!(either.without_extras(), Marker::TRUE);
}

#[test]
fn a_marker_has_python_bounds() {
    let bounds_of = |text| marker(text).python_bounds();
    let bounded = |lower, upper| Some(PythonBounds { lower, upper });
    assert_eq!(
        bounds_of("python_version >= '3.10' and python_version < '3.12' and os_name == 'nt'"),
        bounded(
            Bound::Included(version("3.10")),
            Bound::Excluded(version("3.12"))
        )
    );
    assert_eq!(
        bounds_of("python_version < '3.9' or python_version == '3.11' and os_name == 'nt'"),
        bounded(Bound::Unbounded, Bound::Excluded(version("3.12")))
    );
    assert_eq!(bounds_of("python_version < '3.9' or os_name == 'nt'"), None);
    assert_eq!(Marker::FALSE.python_bounds(), None);
}

#[test]
fn bounds_narrow_and_rise() {
    let current = bounds(">=3.9,<4");
    assert_eq!(current.narrow(&bounds(">=3.8")), None);
    assert_eq!(current.narrow(&bounds(">=3.10")), Some(bounds(">=3.10,<4")));
    assert_eq!(
        current.narrow(&bounds("<3.12")),
        Some(bounds(">=3.9,<3.12"))
    );
    assert_eq!(current.narrow_to(marker("os_name == 'nt'")), None);
    assert!(bounds(">3.9").raises(&current));
    assert!(!bounds(">=3.9.0").raises(&current));
    assert!(!bounds("<3.9").raises(&current));
    let halves = current.split_at(&Bound::Included(version("3.11")));
    assert_eq!(halves, Some((bounds(">=3.9,<3.11"), bounds(">=3.11,<4"))));
    assert_eq!(current.split_at(&Bound::Included(version("3.9"))), None);
}

#[test]
fn requires_python_is_written_like_uv() {
    for (input, written) in [
        (">=3.9,<4", ">=3.9, <4"),
        ("~=3.9", ">=3.9, <4"),
        ("==3.11.*", "==3.11.*"),
        (">=3.11,<3.12", "==3.11.*"),
        (">=3.9.0", ">=3.9.0"),
        (">3.9,!=3.10.1", ">3.9, !=3.10.1"),
        (">=3.9,!=3.10.*", ">=3.9, !=3.10.*"),
        (
            ">=3.9,!=3.10.*,!=3.12.*,!=3.13.*",
            ">=3.9, !=3.10.*, !=3.12.*, !=3.13.*",
        ),
        (">=3.10.0a1", ">=3.10.0"),
        (
            ">=3.9, !=3.9.0, !=3.9.1,<3.14.0",
            ">3.9.0, !=3.9.1, <3.14.0",
        ),
        ("<4,>=3.10", ">=3.10, <4"),
        ("==3.12.1", "==3.12.1"),
        (">=3.11.0,<3.12.0", "==3.11.*"),
        ("~=3.11.0", "==3.11.*"),
        (">=3.9,!=3.12.*,!=3.12.1", ">=3.9, !=3.12.*"),
        (">=3.0,!=3.0.*,!=3.1.*", ">=3.2"),
        (">=3.9, !=3.12.2.*", ">=3.9"),
        (">=3.9.0,>=3.9", ">=3.9"),
        (">=3.9,>=3.9.0", ">=3.9.0"),
        ("<3.13.0,<3.13,>=3.8", ">=3.8, <3.13.0"),
        (">=3.10.0,==3.*", ">=3.10.0, <4"),
        (">=3.9,<=3.14,!=3.14", ">=3.9, <3.14"),
    ] {
        let requires_python = RequiresPython::parse(input).unwrap();
        assert_eq!(requires_python.to_string(), written, "{input}");
        let reread = RequiresPython::parse(written).unwrap();
        assert_eq!(reread.to_string(), written);
        assert_eq!(reread.bounds(), requires_python.bounds());
    }
    let members = [">=3.11".parse().unwrap(), "<3.12".parse().unwrap()];
    assert_eq!(
        RequiresPython::intersection(&members).unwrap().to_string(),
        "==3.11.*"
    );
    let members = [">=3.11".parse().unwrap(), "<3.10".parse().unwrap()];
    assert_eq!(RequiresPython::intersection(&members), None);
}
