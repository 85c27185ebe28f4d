//! One marker condition on one variable, and how two of them merge into one.
//!
//! Two conditions of one variable become one where poetry-core 2.5.0 finds a single condition
//! for both; an original is preferred to an equal new one, so its spelling survives.

use std::fmt;
use std::hash::{Hash, Hasher};

use packaging::Version;

use super::constraint::Reading;
use super::range::{Constraint, Range};
use super::values::{Arity, Condition, Relation, Values};

/// The variables whose values are versions.
const VERSIONS: [&str; 3] = [MINOR, FULL, "platform_release"];
/// The operators of the grammar.
const OPERATORS: [&str; 10] = [
    "==", "!=", "<", "<=", ">", ">=", "~=", "===", "in", "not in",
];
/// `3.10`.
pub(super) const MINOR: &str = "python_version";
/// `3.10.1`.
pub(super) const FULL: &str = "python_full_version";

/// What a condition selects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Set {
    /// Versions.
    Versions(Constraint),
    /// Texts.
    Values(Values),
}

/// How a condition is written.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Shown {
    /// `name op "value"`.
    Plain { operator: String, value: String },
    /// `"value" in name`.
    Reversed { operator: String, value: String },
    /// Several conditions of one variable, joined by `and` or `or`.
    List,
}

/// One condition, or several of one variable that poetry keeps together.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    name: &'static str,
    set: Set,
    shown: Shown,
}

/// What became of two conditions.
pub(super) enum Merged {
    Any,
    Empty,
    Atom(Atom),
    /// Two conditions that hold both.
    Both(Atom, Atom),
}

/// How two conditions are joined.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Join {
    And,
    Or,
}

/// Equal conditions are written alike: `== "3.8"` is not `in "3.8"`, as in poetry-core 2.5.0.
impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.shown == other.shown && self.set == other.set
    }
}

impl Eq for Atom {}

impl Hash for Atom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.shown.hash(state);
        if let Set::Values(values) = &self.set {
            values.hash(state);
        }
    }
}

impl Atom {
    /// Reads `name operator "value"`; nothing when poetry finds it invalid.
    pub(super) fn new(name: &'static str, operator: &str, value: &str) -> Option<Self> {
        if !OPERATORS.contains(&operator) {
            return None;
        }
        let value = if name == FULL && !operator.ends_with("in") {
            padded(value)
        } else {
            value.to_owned()
        };
        let set = if VERSIONS.contains(&name) {
            Set::Versions(versions(operator, &value)?)
        } else {
            Set::Values(values(name, operator, &value)?)
        };
        let shown = Shown::Plain {
            operator: operator.to_owned(),
            value,
        };
        Some(Self { name, set, shown })
    }

    /// Reads `"value" operator name`.
    pub(super) fn reversed(value: &str, operator: &str, name: &'static str) -> Option<Self> {
        let relation = match operator {
            "in" => Relation::Contains,
            "not in" => Relation::Lacks,
            _ => return None,
        };
        if name == EXTRA || VERSIONS.contains(&name) {
            return None;
        }
        let set = Set::Values(Values::One(Condition::new(relation, value)));
        let shown = Shown::Reversed {
            operator: operator.to_owned(),
            value: value.to_owned(),
        };
        Some(Self { name, set, shown })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the condition is about the version of Python.
    pub(super) fn is_python(&self) -> bool {
        self.name == MINOR || self.name == FULL
    }

    /// How many conditions this is.
    pub(super) fn len(&self) -> usize {
        match (&self.shown, &self.set) {
            (Shown::List, Set::Values(values)) => values.conditions().len(),
            _ => 1,
        }
    }

    /// Whether this is a list joined by the other word, which needs parentheses.
    pub(super) fn is_alternative(&self) -> bool {
        matches!(
            (&self.shown, &self.set),
            (Shown::List, Set::Values(Values::Either(_)))
        )
    }

    /// The set of values, if they are texts.
    pub(super) fn values(&self) -> Option<&Values> {
        match &self.set {
            Set::Values(values) => Some(values),
            Set::Versions(_) => None,
        }
    }

    fn arity(&self) -> Arity {
        if self.name == EXTRA {
            Arity::Many
        } else {
            Arity::Single
        }
    }

    fn of_values(name: &'static str, values: Values) -> Merged {
        let shown = match &values {
            Values::Any => return Merged::Any,
            Values::Empty => return Merged::Empty,
            Values::One(condition) => {
                let value = condition.value.clone();
                match condition.relation {
                    Relation::Is => Shown::Plain {
                        operator: "==".to_owned(),
                        value,
                    },
                    Relation::IsNot => Shown::Plain {
                        operator: "!=".to_owned(),
                        value,
                    },
                    Relation::Contains => Shown::Reversed {
                        operator: "in".to_owned(),
                        value,
                    },
                    Relation::Lacks => Shown::Reversed {
                        operator: "not in".to_owned(),
                        value,
                    },
                }
            }
            Values::All(_) | Values::Either(_) => Shown::List,
        };
        Merged::Atom(Self {
            name,
            set: Set::Values(values),
            shown,
        })
    }

    /// The condition of one operator and one version.
    fn of_versions(name: &'static str, constraint: &Constraint) -> Option<Self> {
        let (operator, version) = operator(constraint)?;
        Self::new(name, operator, &version.to_string())
    }

    /// Merges two conditions; nothing when they stay two.
    pub(super) fn merge(&self, other: &Self, join: Join) -> Option<Merged> {
        if self.name != other.name {
            return if self.is_python() && other.is_python() {
                merge_python(self, other, join)
            } else {
                None
            };
        }
        match (&self.set, &other.set) {
            (Set::Values(mine), Set::Values(theirs)) => {
                let merged = match join {
                    Join::And => mine.intersect(theirs, self.arity())?,
                    Join::Or => mine.union(theirs, self.arity())?,
                };
                Some(if merged == *mine {
                    Merged::Atom(self.clone())
                } else if merged == *theirs {
                    Merged::Atom(other.clone())
                } else {
                    Self::of_values(self.name, merged)
                })
            }
            (Set::Versions(mine), Set::Versions(theirs)) => {
                self.merge_versions(mine, other, theirs, join)
            }
            _ => None,
        }
    }

    fn merge_versions(
        &self,
        mine: &Constraint,
        other: &Self,
        theirs: &Constraint,
        join: Join,
    ) -> Option<Merged> {
        let merged = combine(mine, theirs, join);
        if merged.is_empty() || (self.name == MINOR && is_between_minors(&merged)) {
            return Some(Merged::Empty);
        }
        if merged.is_any() || (self.name == MINOR && is_between_minors(&merged.invert())) {
            return Some(Merged::Any);
        }
        if merged == *mine {
            return Some(Merged::Atom(self.clone()));
        }
        if merged == *theirs {
            return Some(Merged::Atom(other.clone()));
        }
        if merged.is_simple() {
            return Self::of_versions(self.name, &merged).map(Merged::Atom);
        }
        if self.name != MINOR {
            return None;
        }
        match join {
            Join::And => one_minor(&merged)
                .and_then(|minor| Self::new(MINOR, "==", &minor))
                .map(Merged::Atom),
            Join::Or if merged.range().is_none() => fuse_minors(self, other),
            Join::Or => None,
        }
    }

    /// The versions of Python the condition speaks of, as full versions; none for others.
    pub(super) fn python(&self) -> Option<Constraint> {
        let Set::Versions(constraint) = &self.set else {
            return None;
        };
        match self.name {
            FULL => Some(constraint.clone()),
            MINOR => Some(full(constraint)),
            _ => None,
        }
    }
}

pub(super) const EXTRA: &str = "extra";

/// `3.8` as `3.8.0`: full versions have three parts. Wildcards stay.
fn padded(value: &str) -> String {
    if value.contains('*') {
        return value.to_owned();
    }
    let parts = value.split('.').count();
    format!("{value}{}", ".0".repeat(3_usize.saturating_sub(parts)))
}

fn versions(operator: &str, value: &str) -> Option<Constraint> {
    match operator {
        "in" | "not in" => {
            let mut all = Constraint::empty();
            for part in value
                .split(", ")
                .flat_map(|part| part.split([' ', ',', '|']))
            {
                let part = if part.is_empty() && value.contains("||") {
                    continue;
                } else {
                    part
                };
                let wild = if part.ends_with('*') || part.split('.').count() > 2 {
                    ""
                } else {
                    ".*"
                };
                let one = Constraint::read(&format!("=={part}{wild}"), Reading::Marker).ok()?;
                all = all.union(&one);
            }
            Some(if operator == "in" { all } else { all.invert() })
        }
        "===" => None,
        _ => Constraint::read(&format!("{operator}{value}"), Reading::Marker).ok(),
    }
}

fn values(name: &str, operator: &str, value: &str) -> Option<Values> {
    if name == EXTRA && !matches!(operator, "==" | "!=" | "in" | "not in") {
        return None;
    }
    let list = |relation| {
        value
            .split([' ', ',', '|'])
            .filter(|part| !part.is_empty())
            .map(|part| Condition::new(relation, part))
            .collect::<Vec<_>>()
    };
    Some(match operator {
        "==" => Values::One(Condition::new(Relation::Is, value)),
        "!=" => Values::One(Condition::new(Relation::IsNot, value)),
        "in" => Values::either_of(list(Relation::Is)),
        "not in" => Values::all_of(list(Relation::IsNot)),
        // poetry-core 2.5.0 takes operator and text together for a value.
        _ => Values::One(Condition::new(Relation::Is, format!("{operator} {value}"))),
    })
}

fn combine(mine: &Constraint, theirs: &Constraint, join: Join) -> Constraint {
    match join {
        Join::And => mine.intersect(theirs),
        Join::Or => mine.union(theirs),
    }
}

/// The operator and version of a simple constraint.
fn operator(constraint: &Constraint) -> Option<(&'static str, &Version)> {
    if let Some(version) = constraint.excluded() {
        return Some(("!=", version));
    }
    let range = constraint.range()?;
    if let Some(version) = range.single() {
        return Some(("==", version));
    }
    match (&range.min, &range.max) {
        (Some(min), None) => Some((if range.include_min { ">=" } else { ">" }, min)),
        (None, Some(max)) => Some((if range.include_max { "<=" } else { "<" }, max)),
        _ => None,
    }
}

/// The two parts of a minor version.
fn minor(version: &Version) -> Option<(u64, u64)> {
    match *version.release() {
        [major, minor] if version.pre().is_none() && version.dev().is_none() => {
            Some((major, minor))
        }
        _ => None,
    }
}

/// The minor version after this one.
fn next(version: &Version) -> Option<Version> {
    let (major, minor) = match *version.release() {
        [major] => (major, 0),
        [major, minor] => (major, minor),
        _ => return None,
    };
    Some(Version::new([major, minor.saturating_add(1)]))
}

/// Whether nothing can lie in a range, as there is no minor version between 3.9 and 3.10.
fn is_between_minors(constraint: &Constraint) -> bool {
    constraint.range().is_some_and(|range| {
        let (Some(min), Some(max)) = (&range.min, &range.max) else {
            return false;
        };
        !range.include_min && !range.include_max && follows(min, max)
    })
}

fn follows(low: &Version, high: &Version) -> bool {
    match (minor(low), minor(high)) {
        (Some((low_major, low)), Some((high_major, high))) => {
            low_major == high_major && low.checked_add(1) == Some(high)
        }
        _ => false,
    }
}

/// The only minor version in a range such as `>=3.8,<3.9`.
fn one_minor(constraint: &Constraint) -> Option<String> {
    let range = constraint.range()?;
    let (min, max) = (range.min.as_ref()?, range.max.as_ref()?);
    (range.include_min && !range.include_max && follows(min, max)).then(|| min.to_string())
}

/// Minor versions as ranges of full versions: `<=3.8` is `<3.9`, `3.8` is `>=3.8,<3.9`.
fn full(constraint: &Constraint) -> Constraint {
    let mut all = Constraint::empty();
    for range in constraint.ranges() {
        let mut wide = range.clone();
        if let Some(min) = range.min.as_ref()
            && !range.include_min
            && let Some(next) = next(min)
        {
            (wide.min, wide.include_min) = (Some(next), true);
        }
        if let Some(max) = range.max.as_ref()
            && range.include_max
            && let Some(next) = next(max)
        {
            (wide.max, wide.include_max) = (Some(next), false);
            if range.single().is_some()
                && let [major] = *max.release()
            {
                wide.min = Some(Version::new([major, 0]));
            }
        }
        all = all.union(&wide.into());
    }
    all
}

/// Adjacent minor versions as one range: `== "3.8" or == "3.9"`.
fn fuse_minors(first: &Atom, second: &Atom) -> Option<Merged> {
    let fused = first.python()?.union(&second.python()?);
    let range = fused.range()?;
    let low = range.min.as_ref().map(|min| {
        Atom::new(
            MINOR,
            if range.include_min { ">=" } else { ">" },
            &min.to_string(),
        )
    });
    let high = range.max.as_ref().map(|max| {
        Atom::new(
            MINOR,
            if range.include_max { "<=" } else { "<" },
            &max.to_string(),
        )
    });
    match (low, high) {
        (Some(low), Some(high)) => Some(Merged::Both(low?, high?)),
        (Some(one), None) | (None, Some(one)) => one.map(Merged::Atom),
        (None, None) => Some(Merged::Any),
    }
}

/// Merges a minor and a full version of Python by comparing as full versions.
fn merge_python(first: &Atom, second: &Atom, join: Join) -> Option<Merged> {
    let (mine, theirs) = (first.python()?, second.python()?);
    let merged = combine(&mine, &theirs, join);
    if merged.is_empty() {
        return Some(Merged::Empty);
    }
    if merged.is_any() {
        return Some(Merged::Any);
    }
    let (minor, minors, full, fulls) = if first.name == MINOR {
        (first, mine, second, theirs)
    } else {
        (second, theirs, first, mine)
    };
    if merged == minors {
        return Some(Merged::Atom(minor.clone()));
    }
    if let Some((operator, version)) = operator(&merged) {
        let release = version.release();
        let starts_minor =
            matches!(operator, ">=" | "<") && release.iter().skip(2).all(|part| *part == 0);
        return if starts_minor {
            let short: Vec<String> = release.iter().take(2).map(ToString::to_string).collect();
            Atom::new(MINOR, operator, &short.join("."))
        } else if merged == fulls {
            Some(full.clone())
        } else {
            Atom::new(FULL, operator, &version.to_string())
        }
        .map(Merged::Atom);
    }
    (merged == fulls).then(|| Merged::Atom(full.clone()))
}

impl Values {
    fn either_of(mut conditions: Vec<Condition>) -> Self {
        if conditions.len() == 1 {
            conditions.pop().map_or(Self::Empty, Self::One)
        } else {
            Self::Either(conditions)
        }
    }

    fn all_of(mut conditions: Vec<Condition>) -> Self {
        if conditions.len() == 1 {
            conditions.pop().map_or(Self::Any, Self::One)
        } else {
            Self::All(conditions)
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match &self.shown {
            Shown::Plain { operator, value } => write!(formatter, "{name} {operator} \"{value}\""),
            Shown::Reversed { operator, value } => {
                write!(formatter, "\"{value}\" {operator} {name}")
            }
            Shown::List => {
                let values = self.values().map_or(&[][..], Values::conditions);
                let word = if self.is_alternative() {
                    " or "
                } else {
                    " and "
                };
                let parts: Vec<String> = values
                    .iter()
                    .map(|condition| {
                        let operator = if condition.relation == Relation::IsNot {
                            "!="
                        } else {
                            "=="
                        };
                        format!("{name} {operator} \"{}\"", condition.value)
                    })
                    .collect();
                formatter.write_str(&parts.join(word))
            }
        }
    }
}

/// Any version of Python.
pub(super) fn any_python() -> Constraint {
    Range::any().into()
}
