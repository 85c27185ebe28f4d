//! Where something is to be installed: bounds of Python versions, and one environment's facts.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use pep440_rs::VersionSpecifiersParseError;

use crate::marker::{Marker, release_range, series, trimmed};
use crate::version::{Operator, Version, VersionRange, VersionSpecifier, VersionSpecifiers};

/// From the lowest to the highest Python version; only release segments count.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PythonBounds {
    /// The lower bound, without zeros at its end.
    pub lower: Bound<Version>,
    /// The upper bound, without zeros at its end.
    pub upper: Bound<Version>,
}

impl PythonBounds {
    /// Every Python.
    pub const UNBOUNDED: Self = Self {
        lower: Bound::Unbounded,
        upper: Bound::Unbounded,
    };

    /// Bounds of which only the release segments are kept, without zeros at the end.
    #[must_use]
    pub fn new(lower: Bound<&Version>, upper: Bound<&Version>) -> Self {
        Self {
            lower: lower.map(trim),
            upper: upper.map(trim),
        }
    }

    /// The bounds around a range; `None` if it is empty.
    #[must_use]
    pub fn around(range: &VersionRange) -> Option<Self> {
        let (lower, upper) = range.bounding_range()?;
        Some(Self::new(lower, upper))
    }

    /// Whether a version lies within.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        self.to_range().contains(&version.only_release())
    }

    /// Whether only one version lies within.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        matches!((&self.lower, &self.upper), (Bound::Included(a), Bound::Included(b)) if a == b)
    }

    /// Whether no version lies within.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to_range().is_empty()
    }

    /// Whether the lower bound is strictly higher than the other's.
    #[must_use]
    pub fn raises(&self, other: &Self) -> bool {
        self.compare_lower(other) == Ordering::Greater
    }

    /// Which lower bound is the lower one.
    #[must_use]
    pub fn compare_lower(&self, other: &Self) -> Ordering {
        compare_lower(&self.lower, &other.lower)
    }

    /// Which upper bound is the lower one.
    #[must_use]
    pub fn compare_upper(&self, other: &Self) -> Ordering {
        compare_upper(&self.upper, &other.upper)
    }

    /// The bounds that both allow, if they are narrower than these.
    #[must_use]
    pub fn narrow(&self, other: &Self) -> Option<Self> {
        let lower = if other.raises(self) {
            &other.lower
        } else {
            &self.lower
        };
        let upper = match other.compare_upper(self) {
            Ordering::Less => &other.upper,
            Ordering::Equal | Ordering::Greater => &self.upper,
        };
        let narrowed = Self {
            lower: lower.clone(),
            upper: upper.clone(),
        };
        (narrowed != *self).then_some(narrowed)
    }

    /// The bounds of a marker within these, if they are narrower.
    #[must_use]
    pub fn narrow_to(&self, marker: Marker) -> Option<Self> {
        self.narrow(&marker.python_bounds()?)
    }

    /// The versions below a lower bound and those from it on; `None` if one half is empty.
    #[must_use]
    pub fn split_at(&self, lower: &Bound<Version>) -> Option<(Self, Self)> {
        let end = match lower {
            Bound::Included(version) => Bound::Excluded(version.clone()),
            Bound::Excluded(version) => Bound::Included(version.clone()),
            Bound::Unbounded => return None,
        };
        let below = self.narrow(&Self {
            lower: Bound::Unbounded,
            upper: end,
        })?;
        let above = self.narrow(&Self {
            lower: lower.clone(),
            upper: Bound::Unbounded,
        })?;
        (!below.is_empty() && !above.is_empty()).then_some((below, above))
    }

    /// The versions within.
    #[must_use]
    pub fn to_range(&self) -> VersionRange {
        VersionRange::from_range_bounds((self.lower.clone(), self.upper.clone()))
    }

    /// The condition that Python lies within.
    #[must_use]
    pub fn to_marker(&self) -> Marker {
        Marker::from_python_range(&self.to_range())
    }
}

impl Default for PythonBounds {
    fn default() -> Self {
        Self::UNBOUNDED
    }
}

impl From<&RequiresPython> for PythonBounds {
    fn from(requires_python: &RequiresPython) -> Self {
        requires_python.bounds().clone()
    }
}

/// A release without zeros at its end.
fn trim(version: &Version) -> Version {
    match trimmed(version.release()) {
        [] => Version::new([0]),
        release => Version::new(release),
    }
}

/// Orders lower bounds by the first version they admit.
fn compare_lower(left: &Bound<Version>, right: &Bound<Version>) -> Ordering {
    match (left, right) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Less,
        (_, Bound::Unbounded) => Ordering::Greater,
        (Bound::Included(a), Bound::Excluded(b)) => a.cmp(b).then(Ordering::Less),
        (Bound::Excluded(a), Bound::Included(b)) => a.cmp(b).then(Ordering::Greater),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => {
            a.cmp(b)
        }
    }
}

/// Orders upper bounds by the last version they admit.
fn compare_upper(left: &Bound<Version>, right: &Bound<Version>) -> Ordering {
    match (left, right) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Greater,
        (_, Bound::Unbounded) => Ordering::Less,
        (Bound::Excluded(a), Bound::Included(b)) => a.cmp(b).then(Ordering::Less),
        (Bound::Included(a), Bound::Excluded(b)) => a.cmp(b).then(Ordering::Greater),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => {
            a.cmp(b)
        }
    }
}

/// The Pythons that a project supports, as a lock file writes them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequiresPython {
    specifiers: Vec<VersionSpecifier>,
    range: VersionRange,
    bounds: PythonBounds,
}

impl RequiresPython {
    /// Reads a `requires-python`.
    ///
    /// # Errors
    ///
    /// The text is no list of version specifiers.
    pub fn parse(text: &str) -> Result<Self, VersionSpecifiersParseError> {
        Ok(Self::from_specifiers(&VersionSpecifiers::from_str(text)?))
    }

    /// The Pythons that satisfy all specifiers; only release segments count.
    #[must_use]
    pub fn from_specifiers(specifiers: &VersionSpecifiers) -> Self {
        Self::from_range(specified(specifiers, VersionRange::full()))
    }

    /// The same, but said in the specifiers as they are written: only their order changes.
    #[must_use]
    pub fn as_written(specifiers: &VersionSpecifiers) -> Self {
        Self {
            specifiers: sorted(specifiers.iter().cloned().collect()),
            ..Self::from_specifiers(specifiers)
        }
    }

    /// The Pythons that all members of a workspace support; `None` if there is none.
    #[must_use]
    pub fn intersection<'a>(
        members: impl IntoIterator<Item = &'a VersionSpecifiers>,
    ) -> Option<Self> {
        let range = members
            .into_iter()
            .fold(VersionRange::full(), |range, specifiers| {
                specified(specifiers, range)
            });
        (!range.is_empty()).then(|| Self::from_range(range))
    }

    /// The Pythons of a range.
    #[must_use]
    pub fn from_range(range: VersionRange) -> Self {
        let bounds = PythonBounds::around(&range).unwrap_or_default();
        Self {
            specifiers: specifiers_of(&range),
            range,
            bounds,
        }
    }

    /// From the lowest to the highest Python: what a resolution goes by.
    #[must_use]
    pub fn bounds(&self) -> &PythonBounds {
        &self.bounds
    }

    /// The Pythons, with the gaps.
    #[must_use]
    pub fn range(&self) -> &VersionRange {
        &self.range
    }

    /// The specifiers in the order in which they are written.
    #[must_use]
    pub fn specifiers(&self) -> &[VersionSpecifier] {
        &self.specifiers
    }

    /// Whether a Python is supported.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        self.range.contains(&version.only_release())
    }

    /// The condition that Python lies within the bounds.
    #[must_use]
    pub fn to_marker(&self) -> Marker {
        self.bounds.to_marker()
    }
}

impl FromStr for RequiresPython {
    type Err = VersionSpecifiersParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for RequiresPython {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, specifier) in self.specifiers.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(formatter, "{separator}{specifier}")?;
        }
        Ok(())
    }
}

/// The part of a range that satisfies all specifiers.
fn specified(specifiers: &VersionSpecifiers, range: VersionRange) -> VersionRange {
    specifiers.iter().fold(range, |range, specifier| {
        range.intersection(&release_range(*specifier.operator(), specifier.version()))
    })
}

/// The specifiers of a range; gaps that no specifier can say are left out.
fn specifiers_of(range: &VersionRange) -> Vec<VersionSpecifier> {
    let Some((lower, upper)) = range.bounding_range() else {
        return Vec::new();
    };
    let mut specifiers = outer_specifiers(lower, upper);
    let segments: Vec<_> = range.iter().collect();
    for pair in segments.windows(2) {
        specifiers.extend(gap_specifiers(pair[0].1, pair[1].0));
    }
    sorted(specifiers)
}

/// Specifiers in version order.
fn sorted(mut specifiers: Vec<VersionSpecifier>) -> Vec<VersionSpecifier> {
    specifiers.sort_by(|a, b| {
        a.version()
            .cmp(b.version())
            .then_with(|| rank(a).cmp(&rank(b)))
    });
    specifiers
}

/// The place of an operator among those of one version.
fn rank(specifier: &VersionSpecifier) -> u8 {
    match specifier.operator() {
        Operator::Equal => 0,
        Operator::EqualStar => 1,
        Operator::ExactEqual => 2,
        Operator::NotEqual => 3,
        Operator::NotEqualStar => 4,
        Operator::TildeEqual => 5,
        Operator::LessThan => 6,
        Operator::LessThanEqual => 7,
        Operator::GreaterThan => 8,
        Operator::GreaterThanEqual => 9,
    }
}

/// One exact version, one series, or a lower and an upper bound.
fn outer_specifiers(lower: Bound<&Version>, upper: Bound<&Version>) -> Vec<VersionSpecifier> {
    match (lower, upper) {
        (Bound::Included(a), Bound::Included(b)) if a == b => {
            return vec![VersionSpecifier::equals_version(a.clone())];
        }
        (Bound::Included(a), Bound::Excluded(b)) => {
            if let Some(version) = series(a, b) {
                return vec![VersionSpecifier::equals_star_version(version)];
            }
        }
        _ => {}
    }
    let lower = match lower {
        Bound::Included(version) => Some(VersionSpecifier::greater_than_equal_version(
            version.clone(),
        )),
        Bound::Excluded(version) => Some(VersionSpecifier::greater_than_version(version.clone())),
        Bound::Unbounded => None,
    };
    let upper = match upper {
        Bound::Included(version) => {
            Some(VersionSpecifier::less_than_equal_version(version.clone()))
        }
        Bound::Excluded(version) => Some(VersionSpecifier::less_than_version(version.clone())),
        Bound::Unbounded => None,
    };
    lower.into_iter().chain(upper).collect()
}

/// What excludes the versions between two segments.
fn gap_specifiers(end: Bound<&Version>, begin: Bound<&Version>) -> Vec<VersionSpecifier> {
    match (end, begin) {
        (Bound::Excluded(a), Bound::Excluded(b)) if a == b => {
            vec![VersionSpecifier::not_equals_version(a.clone())]
        }
        (Bound::Excluded(a), Bound::Included(b)) => match (a.release(), b.release()) {
            ([major, first], [other, end]) if major == other => (*first..*end)
                .map(|minor| {
                    VersionSpecifier::not_equals_star_version(Version::new([*major, minor]))
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// One environment's answers to what markers ask.
///
/// <https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers>
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MarkerEnvironment {
    /// `sys.implementation.name`
    pub implementation_name: String,
    /// The version of the interpreter's implementation.
    pub implementation_version: Version,
    /// `os.name`
    pub os_name: String,
    /// `platform.machine()`
    pub platform_machine: String,
    /// `platform.python_implementation()`
    pub platform_python_implementation: String,
    /// `platform.release()`
    pub platform_release: String,
    /// `platform.system()`
    pub platform_system: String,
    /// `platform.version()`
    pub platform_version: String,
    /// The version of Python, with its patch number.
    pub python_full_version: Version,
    /// `sys.platform`
    pub sys_platform: String,
}

impl MarkerEnvironment {
    /// CPython on Linux, x86-64.
    #[must_use]
    pub fn linux_cpython(version: &Version) -> Self {
        Self::cpython(version, "posix", "linux", "Linux", "x86_64")
    }

    /// CPython on macOS, Apple silicon.
    #[must_use]
    pub fn macos_cpython(version: &Version) -> Self {
        let mut environment = Self::cpython(version, "posix", "darwin", "Darwin", "arm64");
        environment.platform_release = "23.0.0".to_owned();
        environment
    }

    /// CPython on Windows, x86-64.
    #[must_use]
    pub fn windows_cpython(version: &Version) -> Self {
        Self::cpython(version, "nt", "win32", "Windows", "AMD64")
    }

    fn cpython(version: &Version, os: &str, platform: &str, system: &str, machine: &str) -> Self {
        Self {
            implementation_name: "cpython".to_owned(),
            implementation_version: version.clone(),
            os_name: os.to_owned(),
            platform_machine: machine.to_owned(),
            platform_python_implementation: "CPython".to_owned(),
            platform_release: String::new(),
            platform_system: system.to_owned(),
            platform_version: String::new(),
            python_full_version: version.clone(),
            sys_platform: platform.to_owned(),
        }
    }
}
