//! The text of a marker: literals in a fixed order of kinds.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use super::cover::Cover;
use super::diagram::{Diagrams, Ref};
use super::variable::{MarkerList, MarkerString, MarkerVersion, Value, Variable};
use crate::version::{Operator, Version};

/// One literal of a marker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Expression {
    /// `python_full_version >= '3.10'`, `python_full_version == '3.10.*'`
    Version {
        /// The left side.
        key: MarkerVersion,
        /// The comparison; stars belong to it.
        operator: Operator,
        /// The right side, without a star.
        version: Version,
    },
    /// `platform_release >= '20'`, compared as versions.
    Release {
        /// The comparison, never with a star.
        operator: Operator,
        /// The right side.
        version: Version,
    },
    /// `sys_platform == 'linux'`
    String {
        /// The left side.
        key: MarkerString,
        /// The comparison, of texts.
        operator: Operator,
        /// The right side.
        value: Arc<str>,
    },
    /// `platform_machine in 'arm64 aarch64'`
    In {
        /// The left side.
        key: MarkerString,
        /// The right side.
        value: Arc<str>,
        /// Whether it says `not in`.
        negated: bool,
    },
    /// `'arm' in platform_machine`
    Contains {
        /// The right side.
        key: MarkerString,
        /// The left side.
        value: Arc<str>,
        /// Whether it says `not in`.
        negated: bool,
    },
    /// `'dev' in dependency_groups`
    List {
        /// The right side.
        list: MarkerList,
        /// The left side.
        value: Arc<str>,
        /// Whether it says `not in`.
        negated: bool,
    },
    /// `extra == 'test'`
    Extra {
        /// The normalized name.
        name: Arc<str>,
        /// Whether it says `!=`.
        negated: bool,
    },
}

impl Expression {
    /// The place of a literal's kind among the literals of a clause.
    fn kind(&self) -> (u8, &'static str) {
        match self {
            Self::Version { key, .. } => (0, key.as_str()),
            Self::Release { .. } => (2, MarkerString::PlatformRelease.as_str()),
            Self::String { key, .. } | Self::In { key, .. } | Self::Contains { key, .. } => {
                (2, key.as_str())
            }
            Self::List {
                list: MarkerList::Extras,
                ..
            } => (3, ""),
            Self::List {
                list: MarkerList::DependencyGroups,
                ..
            } => (4, ""),
            Self::Extra { .. } => (5, ""),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version {
                key,
                operator,
                version,
            } => write_comparison(formatter, key.as_str(), *operator, version),
            Self::Release { operator, version } => {
                write_comparison(formatter, "platform_release", *operator, version)
            }
            Self::String {
                key,
                operator,
                value,
            } => {
                write!(formatter, "{key} {operator} {}", Quoted(value))
            }
            Self::In {
                key,
                value,
                negated,
            } => {
                write!(
                    formatter,
                    "{key} {} {}",
                    membership(*negated),
                    Quoted(value)
                )
            }
            Self::Contains {
                key,
                value,
                negated,
            } => {
                write!(
                    formatter,
                    "{} {} {key}",
                    Quoted(value),
                    membership(*negated)
                )
            }
            Self::List {
                list,
                value,
                negated,
            } => {
                write!(
                    formatter,
                    "{} {} {list}",
                    Quoted(value),
                    membership(*negated)
                )
            }
            Self::Extra { name, negated } => {
                write!(
                    formatter,
                    "extra {} '{name}'",
                    if *negated { "!=" } else { "==" }
                )
            }
        }
    }
}

fn write_comparison(
    formatter: &mut fmt::Formatter<'_>,
    key: &str,
    operator: Operator,
    version: &Version,
) -> fmt::Result {
    match operator {
        Operator::EqualStar => write!(formatter, "{key} == '{version}.*'"),
        Operator::NotEqualStar => write!(formatter, "{key} != '{version}.*'"),
        _ => write!(formatter, "{key} {operator} '{version}'"),
    }
}

fn membership(negated: bool) -> &'static str {
    if negated { "not in" } else { "in" }
}

/// A text in the quotes that it does not contain.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('\'') { '"' } else { '\'' };
        write!(formatter, "{quote}{}{quote}", self.0)
    }
}

/// The text of a disjunction of clauses; a sole empty clause has none.
pub(super) fn text(clauses: &[Vec<Expression>]) -> String {
    if clauses.is_empty() {
        return "python_version < '0'".to_owned();
    }
    let several = clauses.len() > 1;
    let clauses: Vec<String> = clauses
        .iter()
        .map(|clause| {
            let literals: Vec<String> = clause.iter().map(Expression::to_string).collect();
            let text = literals.join(" and ");
            if several && literals.len() > 1 {
                format!("({text})")
            } else {
                text
            }
        })
        .collect();
    clauses.join(" or ")
}

impl Diagrams {
    /// The clauses of a condition in the order in which they are printed.
    pub(super) fn clauses(&mut self, condition: Ref) -> Vec<Vec<Expression>> {
        let cover = self.cover(condition);
        let mut clauses = self.products(&cover);
        for clause in &mut clauses {
            clause.sort_by_key(Expression::kind);
        }
        clauses
            .sort_by_cached_key(|clause| clause.iter().map(Expression::kind).collect::<Vec<_>>());
        clauses
    }

    /// A cover with every guard distributed over its own cover.
    fn products(&self, cover: &Cover) -> Vec<Vec<Expression>> {
        let branches = match cover {
            Cover::Nothing => return Vec::new(),
            Cover::Always => return vec![Vec::new()],
            Cover::Branches(branches) => branches,
        };
        let mut products = Vec::new();
        for (guard, cover) in branches {
            let rest = self.products(cover);
            for literals in self.guard_literals(*guard) {
                for product in &rest {
                    products.push([literals.as_slice(), product].concat());
                }
            }
        }
        products
    }

    /// The products that a condition on one variable is written as.
    fn guard_literals(&self, guard: Ref) -> Vec<Vec<Expression>> {
        if guard == Ref::TRUE {
            return vec![Vec::new()];
        }
        let node = self.node(guard);
        match &node.variable {
            Variable::String(key) => guard_products(&self.guard_segments(guard), |segment| {
                string_literals(*key, segment)
            }),
            Variable::Version(key) => guard_products(&self.guard_segments(guard), |segment| {
                version_literals(segment, |operator, version| Expression::Version {
                    key: *key,
                    operator,
                    version,
                })
            }),
            Variable::ReleaseVersion => self
                .guard_segments(guard)
                .inside
                .into_iter()
                .map(release_literals)
                .collect(),
            boolean => {
                let negated = node.child(guard, 0) == Ref::FALSE;
                vec![vec![membership_literal(boolean, negated)]]
            }
        }
    }

    /// The segments in which a guard holds, and those in which it does not.
    fn guard_segments(&self, guard: Ref) -> GuardSegments<'static> {
        let mut segments = GuardSegments::default();
        for (lower, upper, child) in self.node(guard).regions(guard) {
            let side = if child == Ref::TRUE {
                &mut segments.inside
            } else {
                &mut segments.outside
            };
            side.push((lower, upper));
        }
        segments
    }
}

type Segment<'a> = (Bound<&'a Value>, Bound<&'a Value>);

/// What a guard on a ranged variable includes and excludes.
#[derive(Default)]
struct GuardSegments<'a> {
    inside: Vec<Segment<'a>>,
    outside: Vec<Segment<'a>>,
}

/// A segment that is to be written, or to be excluded.
#[derive(Clone, Copy)]
enum Range<'a> {
    Within(Segment<'a>),
    Without(Segment<'a>),
}

/// One product that excludes a few values or one `X.Y.*`, or else one product per segment.
fn guard_products<'a>(
    segments: &GuardSegments<'a>,
    literals: impl Fn(Range<'a>) -> Vec<Expression>,
) -> Vec<Vec<Expression>> {
    let excluded = &segments.outside;
    let one_series = excluded.len() == 1 && star(excluded[0]).is_some();
    if one_series || excluded.iter().all(|segment| point(*segment).is_some()) {
        return vec![
            excluded
                .iter()
                .flat_map(|segment| literals(Range::Without(*segment)))
                .collect(),
        ];
    }
    segments
        .inside
        .iter()
        .map(|segment| literals(Range::Within(*segment)))
        .collect()
}

/// The only value of a segment.
fn point(segment: Segment<'_>) -> Option<&Value> {
    match segment {
        (Bound::Included(lower), Bound::Included(upper)) if lower == upper => Some(lower),
        _ => None,
    }
}

/// `X.Y` if the segment is the versions `X.Y.*`.
fn star(segment: Segment<'_>) -> Option<Version> {
    let (Bound::Included(Value::Version(lower)), Bound::Excluded(Value::Version(upper))) = segment
    else {
        return None;
    };
    series(lower, upper)
}

/// `X.Y` if the versions from `lower` to before `upper` are `X.Y.*`.
pub(crate) fn series(lower: &Version, upper: &Version) -> Option<Version> {
    let (major, minor) = match trimmed(lower.release()) {
        [] => (0, 0),
        [major] => (*major, 0),
        [major, minor] => (*major, *minor),
        _ => return None,
    };
    (trimmed(upper.release()) == [major, minor + 1]).then(|| Version::new([major, minor]))
}

/// A release without the zeros at its end.
pub(crate) fn trimmed(mut release: &[u64]) -> &[u64] {
    while let [rest @ .., 0] = release {
        release = rest;
    }
    release
}

fn version_literals(
    range: Range<'_>,
    literal: impl Fn(Operator, Version) -> Expression,
) -> Vec<Expression> {
    let (segment, negated) = match range {
        Range::Within(segment) => (segment, false),
        Range::Without(segment) => (segment, true),
    };
    if let Some(Value::Version(version)) = point(segment) {
        let operator = if negated {
            Operator::NotEqual
        } else {
            Operator::Equal
        };
        return vec![literal(operator, version.clone())];
    }
    if let Some(version) = star(segment) {
        let operator = if negated {
            Operator::NotEqualStar
        } else {
            Operator::EqualStar
        };
        return vec![literal(operator, version)];
    }
    bound_literals(segment, |operator, value| match value {
        Value::Version(version) => Some(literal(operator, version.clone())),
        _ => None,
    })
}

/// The literals of a release as a version, for which uv writes neither `!=` nor stars.
fn release_literals(segment: Segment<'_>) -> Vec<Expression> {
    let literal = |operator, value: &Value| match value {
        Value::Version(version) => Some(Expression::Release {
            operator,
            version: version.clone(),
        }),
        _ => None,
    };
    match point(segment) {
        Some(value) => literal(Operator::Equal, value).into_iter().collect(),
        None => bound_literals(segment, literal),
    }
}

fn string_literals(key: MarkerString, range: Range<'_>) -> Vec<Expression> {
    let literal = |operator, value: &Value| match value {
        Value::Text(value) => Some(Expression::String {
            key,
            operator,
            value: Arc::clone(value),
        }),
        _ => None,
    };
    match range {
        Range::Without((Bound::Included(value), _)) => {
            literal(Operator::NotEqual, value).into_iter().collect()
        }
        Range::Within(segment) | Range::Without(segment) => match point(segment) {
            Some(value) => literal(Operator::Equal, value).into_iter().collect(),
            None => bound_literals(segment, literal),
        },
    }
}

/// The lower bound of a segment, then the upper one.
fn bound_literals(
    (lower, upper): Segment<'_>,
    literal: impl Fn(Operator, &Value) -> Option<Expression>,
) -> Vec<Expression> {
    let lower = match lower {
        Bound::Included(value) => literal(Operator::GreaterThanEqual, value),
        Bound::Excluded(value) => literal(Operator::GreaterThan, value),
        Bound::Unbounded => None,
    };
    let upper = match upper {
        Bound::Included(value) => literal(Operator::LessThanEqual, value),
        Bound::Excluded(value) => literal(Operator::LessThan, value),
        Bound::Unbounded => None,
    };
    lower.into_iter().chain(upper).collect()
}

/// The literal of a yes-or-no question.
fn membership_literal(variable: &Variable, negated: bool) -> Expression {
    match variable {
        Variable::In(key, value) => Expression::In {
            key: *key,
            value: Arc::clone(value),
            negated,
        },
        Variable::Contains(key, value) => Expression::Contains {
            key: *key,
            value: Arc::clone(value),
            negated,
        },
        Variable::List(list, value) => Expression::List {
            list: *list,
            value: Arc::clone(value),
            negated,
        },
        Variable::Extra(name) => Expression::Extra {
            name: Arc::clone(name),
            negated,
        },
        Variable::String(_) | Variable::ReleaseVersion | Variable::Version(_) => {
            unreachable!("a ranged variable has segments")
        }
    }
}
