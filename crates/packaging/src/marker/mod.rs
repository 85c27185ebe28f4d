//! Environment markers: conditions on the platform, the Python and the chosen extras.
//!
//! A [`Marker`] is a condition, not a text: whatever means the same is the same value, and is
//! written in the one way in which uv 0.13.8 writes it.
//! <https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers>

mod algebra;
mod cover;
mod diagram;
mod evaluate;
mod lower;
mod order;
mod parse;
mod print;
mod restrict;
mod variable;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;
use std::sync::Arc;

pub use parse::{MarkerError, MarkerWarning, Parsed};
pub use print::Expression;
pub use variable::{MarkerList, MarkerString, MarkerVersion};

pub(crate) use lower::release_range;
pub(crate) use print::{series, trimmed};

use crate::environment::{MarkerEnvironment, PythonBounds};
use crate::name::{ExtraName, GroupName};
use crate::version::{Operator, Version, VersionRange};
use diagram::{Ref, diagrams};
use evaluate::Installation;
use lower::Comparison;
use variable::{PYTHON, Variable};

/// A condition on the platform, the Python and the chosen extras.
///
/// Equal conditions are equal values, and comparing them costs nothing.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Marker(Ref);

impl Marker {
    /// Always holds.
    pub const TRUE: Self = Self(Ref::TRUE);
    /// Never holds.
    pub const FALSE: Self = Self(Ref::FALSE);

    /// Reads a marker; comparisons that make no sense are ignored with a warning.
    ///
    /// # Errors
    ///
    /// The text does not follow the grammar of markers.
    pub fn parse(text: &str) -> Result<Parsed, MarkerError> {
        parse::parse(text)
    }

    /// The condition that the Python version lies within a range; only releases count.
    #[must_use]
    pub fn from_python_range(range: &VersionRange) -> Self {
        Self(diagrams().within_versions(&PYTHON, range))
    }

    /// The condition that a version of the environment satisfies a comparison; only releases count.
    #[must_use]
    pub fn version(key: MarkerVersion, operator: Operator, version: &Version) -> Self {
        let range = release_range(operator, version);
        Self(diagrams().within_versions(&Variable::Version(key), &range))
    }

    /// `python_full_version >= '3.10'` and the like.
    #[must_use]
    pub fn python_full_version(operator: Operator, version: &Version) -> Self {
        Self::version(MarkerVersion::PythonFullVersion, operator, version)
    }

    /// `platform_release >= '20'` and the like, compared as versions as on macOS.
    #[must_use]
    pub fn platform_release(operator: Operator, version: &Version) -> Self {
        let range = release_range(operator, version);
        Self(diagrams().within_versions(&Variable::ReleaseVersion, &range))
    }

    /// `sys_platform == 'linux'` and the like.
    #[must_use]
    pub fn string(key: MarkerString, equals: &str) -> Self {
        Self(diagrams().compare_strings(key, Comparison::Equal, equals))
    }

    /// `extra == 'name'`; the name is taken as it is.
    #[must_use]
    pub fn extra(name: &str) -> Self {
        Self(diagrams().yes(&Variable::Extra(name.into())))
    }

    /// `'name' in extras` or `'name' in dependency_groups`; the name is taken as it is.
    #[must_use]
    pub fn listed(list: MarkerList, name: &str) -> Self {
        Self(diagrams().yes(&Variable::List(list, name.into())))
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(diagrams().and(self.0, other.0))
    }

    /// At least one of both holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(diagrams().or(self.0, other.0))
    }

    /// This one does not hold.
    #[must_use]
    pub const fn not(self) -> Self {
        Self(self.0.not())
    }

    /// Whether it always holds.
    #[must_use]
    pub fn is_true(self) -> bool {
        self == Self::TRUE
    }

    /// Whether it never holds.
    #[must_use]
    pub fn is_false(self) -> bool {
        self == Self::FALSE
    }

    /// Whether both never hold together.
    #[must_use]
    pub fn is_disjoint(self, other: Self) -> bool {
        diagrams().is_disjoint(self.0, other.0)
    }

    /// Whether the other one holds wherever this one does.
    #[must_use]
    pub fn implies(self, other: Self) -> bool {
        self.is_disjoint(other.not())
    }

    /// The marker without what the bounds say already: in a lock, with its `requires-python`.
    #[must_use]
    pub fn simplify_python(self, bounds: &PythonBounds) -> Self {
        Self(diagrams().simplify_python(self.0, bounds))
    }

    /// The marker together with the bounds: the reverse of [`Marker::simplify_python`].
    #[must_use]
    pub fn complexify_python(self, bounds: &PythonBounds) -> Self {
        self.and(bounds.to_marker())
    }

    /// A marker, mostly a simpler one, that is equal to this one wherever the assumption holds.
    #[must_use]
    pub fn restrict(self, assumption: Self) -> Self {
        Self(diagrams().restrict(self.0, assumption.0))
    }

    /// The environments in which some choice of extras makes this one hold.
    #[must_use]
    pub fn without_extras(self) -> Self {
        Self(diagrams().without_extras(self.0))
    }

    /// The choices of extras with which this one holds in some environment.
    #[must_use]
    pub fn only_extras(self) -> Self {
        Self(diagrams().only_extras(self.0))
    }

    /// The marker where no extra is chosen.
    #[must_use]
    pub fn simplify_no_extras(self) -> Self {
        Self(diagrams().no_extras(self.0))
    }

    /// The marker where the extras that satisfy the predicate are chosen.
    #[must_use]
    pub fn simplify_extras_with(self, is_chosen: impl Fn(&ExtraName) -> bool) -> Self {
        self.answer_named(|name| is_chosen(name).then_some(true))
    }

    /// The marker where the extras that satisfy the predicate are not chosen.
    #[must_use]
    pub fn simplify_not_extras_with(self, is_excluded: impl Fn(&ExtraName) -> bool) -> Self {
        self.answer_named(|name| is_excluded(name).then_some(false))
    }

    fn answer_named(self, answer: impl Fn(&ExtraName) -> Option<bool>) -> Self {
        self.resolve_extras(|name| answer(&ExtraName::new(name).ok()?))
    }

    /// The marker where some extras are known to be chosen or not; `None` leaves one open.
    ///
    /// The function must not use markers.
    #[must_use]
    pub fn resolve_extras(self, answer: impl Fn(&str) -> Option<bool>) -> Self {
        if !self.has_extras() {
            return self;
        }
        let answers: std::collections::BTreeMap<Arc<str>, Option<bool>> = self
            .extras()
            .into_iter()
            .map(|name| {
                let known = answer(&name);
                (name, known)
            })
            .collect();
        let answer = |name: &Arc<str>| answers.get(name).copied().flatten();
        Self(diagrams().answer_extras(self.0, &answer, &mut Default::default()))
    }

    /// Calls back for each extra that is asked about, in order of names: with `true` if the
    /// marker can hold when it is chosen, and with `false` if it can when it is not.
    pub fn visit_extras(self, visit: &mut dyn FnMut(&str, bool)) {
        let extras = diagrams().extras(self.0);
        for (name, positive) in &extras {
            visit(name, *positive);
        }
    }

    /// The names of the extras that are asked about.
    #[must_use]
    pub fn extras(self) -> BTreeSet<Arc<str>> {
        let extras = diagrams().extras(self.0);
        extras.into_iter().map(|(name, _)| name).collect()
    }

    /// Whether any extra is asked about.
    #[must_use]
    pub fn has_extras(self) -> bool {
        diagrams().asks_extras(self.0)
    }

    /// Whether it is asked whether this extra is chosen.
    #[must_use]
    pub fn asks_extra(self, extra: &ExtraName) -> bool {
        diagrams().asks_extra(self.0, extra)
    }

    /// Whether it holds in an environment with these extras chosen.
    #[must_use]
    pub fn evaluate(self, environment: &MarkerEnvironment, extras: &[ExtraName]) -> bool {
        self.evaluate_with_groups(environment, extras, &[])
    }

    /// Whether it holds in an environment with these extras and dependency groups chosen.
    #[must_use]
    pub fn evaluate_with_groups(
        self,
        environment: &MarkerEnvironment,
        extras: &[ExtraName],
        groups: &[GroupName],
    ) -> bool {
        diagrams().holds(
            self.0,
            &Installation {
                environment,
                extras,
                groups,
            },
        )
    }

    /// From the lowest to the highest Python for which it can hold; `None` if it says nothing
    /// about Python, or never holds.
    #[must_use]
    pub fn python_bounds(self) -> Option<PythonBounds> {
        let ranges = self.python_ranges();
        let (lower, upper) = ranges.bounding_range()?;
        match (lower, upper) {
            (Bound::Unbounded, Bound::Unbounded) => None,
            _ => Some(PythonBounds {
                lower: lower.cloned(),
                upper: upper.cloned(),
            }),
        }
    }

    /// The Pythons for which it can hold.
    #[must_use]
    pub fn python_ranges(self) -> VersionRange {
        diagrams().python_ranges(self.0)
    }

    /// The clauses, one of which must hold, each of literals that must all hold, as printed.
    ///
    /// No clause at all is [`Marker::FALSE`], one empty clause is [`Marker::TRUE`].
    #[must_use]
    pub fn to_dnf(self) -> Vec<Vec<Expression>> {
        diagrams().clauses(self.0)
    }

    /// The text as uv writes it; `None` if it always holds.
    #[must_use]
    pub fn text(self) -> Option<String> {
        (!self.is_true()).then(|| print::text(&self.to_dnf()))
    }
}

impl std::ops::Not for Marker {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0.not())
    }
}

impl Default for Marker {
    fn default() -> Self {
        Self::TRUE
    }
}

impl FromStr for Marker {
    type Err = MarkerError;
    fn from_str(text: &str) -> Result<Self, MarkerError> {
        Ok(Self::parse(text)?.marker)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text().unwrap_or_default())
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text().as_deref().unwrap_or("TRUE"))
    }
}

impl Ord for Marker {
    fn cmp(&self, other: &Self) -> Ordering {
        diagrams().compare(self.0, other.0)
    }
}

impl PartialOrd for Marker {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
