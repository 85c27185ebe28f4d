//! One marker condition on one variable, as it is written and as it is meant.
//!
//! Conditions are told apart by how they are written, as in poetry-core 2.5.0, so `== "3.8"` is
//! not `in "3.8"`.

mod merge;

use std::fmt;
use std::hash::{Hash, Hasher};

use packaging::Version;

use super::constraint::Reading;
use super::range::{Constraint, Range};
use super::values::{Arity, Condition, Relation, Values};

pub(super) use merge::Merged;

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
/// The extras that are wanted.
pub(super) const EXTRA: &str = "extra";

/// What a condition selects.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Set {
    /// Versions.
    Versions(Constraint),
    /// Texts.
    Values(Values),
}

/// How a condition is written.
#[derive(Clone, Debug)]
enum Shown {
    /// `name op "value"`, or `"value" op name`.
    Single {
        operator: String,
        value: String,
        is_reversed: bool,
    },
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

/// How two conditions are joined.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Join {
    And,
    Or,
}

/// Which side of the operator the variable is on does not tell conditions apart.
impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && match (self.written(), other.written()) {
                (None, None) => self.set == other.set,
                (mine, theirs) => mine == theirs,
            }
    }
}

impl Eq for Atom {}

impl Hash for Atom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.written().hash(state);
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
        Some(Self::single(name, set, operator, value, false))
    }

    /// Reads `"value" operator name`.
    pub(super) fn reversed(value: &str, operator: &str, name: &'static str) -> Option<Self> {
        let relation = match operator {
            "in" => Relation::Contains,
            "not in" => Relation::Lacks,
            _ => return None,
        };
        let set = match name {
            EXTRA => return None,
            MINOR | FULL => Set::Versions(versions(operator, value)?),
            _ => Set::Values(Values::One(Condition::new(relation, value.trim()))),
        };
        Some(Self::single(name, set, operator, value.to_owned(), true))
    }

    fn single(
        name: &'static str,
        set: Set,
        operator: &str,
        value: String,
        is_reversed: bool,
    ) -> Self {
        let shown = Shown::Single {
            operator: operator.to_owned(),
            value,
            is_reversed,
        };
        Self { name, set, shown }
    }

    /// Operator and value, unless this is a list.
    fn written(&self) -> Option<(&str, &str)> {
        match &self.shown {
            Shown::Single {
                operator, value, ..
            } => Some((operator, value)),
            Shown::List => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether this is no list of conditions.
    pub(super) fn is_single(&self) -> bool {
        self.written().is_some()
    }

    /// Whether the condition is about the version of Python.
    pub(super) fn is_python(&self) -> bool {
        self.name == MINOR || self.name == FULL
    }

    /// How many conditions this is.
    pub(super) fn len(&self) -> usize {
        match (&self.shown, &self.set) {
            (Shown::List, Set::Values(Values::All(list))) => list.len(),
            (Shown::List, Set::Values(Values::Either(list))) => list.len(),
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

    /// The conditions on a text and the word that joins them; nothing for versions.
    pub(super) fn conditions(&self) -> Option<(Vec<&Condition>, Join)> {
        let Set::Values(values) = &self.set else {
            return None;
        };
        let join = match values {
            Values::Either(_) => Join::Or,
            _ => Join::And,
        };
        Some((values.conditions()?, join))
    }

    fn arity(&self) -> Arity {
        if self.name == EXTRA {
            Arity::Many
        } else {
            Arity::Single
        }
    }

    /// The opposite condition; two of them where a compatible release is one between two bounds.
    pub(super) fn invert(&self) -> Option<Merged> {
        let Some((operator, value)) = self.written() else {
            return self.invert_list().map(Merged::Atom);
        };
        let operator = match operator {
            "==" | "===" => "!=",
            "!=" => "==",
            ">" => "<=",
            ">=" => "<",
            "<" => ">=",
            "<=" => ">",
            "in" => "not in",
            "not in" => "in",
            _ => return self.invert_compatible(),
        };
        let is_reversed = matches!(self.shown, Shown::Single { is_reversed, .. } if is_reversed);
        let inverse = match is_reversed {
            true => Self::reversed(value, operator, self.name),
            false => Self::new(self.name, operator, value),
        };
        inverse.map(Merged::Atom)
    }

    fn invert_list(&self) -> Option<Self> {
        let Set::Values(values) = &self.set else {
            return None;
        };
        Some(Self {
            set: Set::Values(values.invert()?),
            ..self.clone()
        })
    }

    /// `~= "3.8"`: below the one bound or beyond the other.
    fn invert_compatible(&self) -> Option<Merged> {
        let Set::Versions(constraint) = &self.set else {
            return None;
        };
        let range = constraint.range()?;
        let (min, max) = (range.min.as_ref()?, range.max.as_ref()?);
        let below = Self::new(self.name, "<", &min.to_string())?;
        let beyond = Self::new(self.name, ">=", &max.to_string())?;
        Some(Merged::Either(below, beyond))
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

/// `3.8` as `3.8.0`: full versions have three parts. Wildcards stay.
fn padded(value: &str) -> String {
    if value.contains('*') {
        return value.to_owned();
    }
    let parts = value.split('.').count();
    format!("{value}{}", ".0".repeat(3_usize.saturating_sub(parts)))
}

/// The parts of a list in one text: blanks, commas and bars part them.
fn parts(value: &str) -> Vec<&str> {
    let is_separator = |c| matches!(c, ' ' | ',' | '|');
    let mut parts = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find(is_separator) {
        parts.push(&rest[..at]);
        rest = rest[at..].trim_start_matches(is_separator);
    }
    parts.push(rest);
    parts
}

fn versions(operator: &str, value: &str) -> Option<Constraint> {
    match operator {
        "in" | "not in" => {
            let mut all = Constraint::empty();
            for part in parts(value) {
                let is_short = part.split('.').count() < 3;
                let wild = if is_short { ".*" } else { "" };
                let one = Constraint::read(&format!("=={part}{wild}"), Reading::Marker).ok()?;
                all = all.union(&one);
            }
            Some(if operator == "in" { all } else { all.invert() })
        }
        "===" => Constraint::read(&format!("=={value}"), Reading::Marker).ok(),
        _ => Constraint::read(&format!("{operator}{value}"), Reading::Marker).ok(),
    }
}

fn values(name: &str, operator: &str, value: &str) -> Option<Values> {
    if name == EXTRA && !matches!(operator, "==" | "===" | "!=" | "in" | "not in") {
        return None;
    }
    let list = |relation| {
        parts(value)
            .into_iter()
            .map(move |part| Condition::new(relation, part))
    };
    let one = |relation| Values::One(Condition::new(relation, value));
    Some(match operator {
        "==" | "===" => one(Relation::Is),
        "!=" => one(Relation::IsNot),
        "in" => Values::either(list(Relation::Is).map(Values::One).collect()),
        "not in" => Values::all(list(Relation::IsNot).collect()),
        // poetry-core 2.5.0 takes operator and text together for a value.
        _ => Values::One(Condition::new(Relation::Is, format!("{operator} {value}"))),
    })
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

/// Minor versions as ranges of full versions: `<=3.8` is `<3.9`, `3.8` is `>=3.8,<3.9`.
fn full(constraint: &Constraint) -> Constraint {
    if let Some([major]) = constraint.excluded().map(Version::release) {
        let (low, high) = ([*major, 0], [*major, 1]);
        let [low, high] = [low, high].map(Version::new);
        let above: Constraint = Range::from(high, true).into();
        return above.union(&Range::until(low, false).into());
    }
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

impl fmt::Display for Atom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match &self.shown {
            Shown::Single {
                operator,
                value,
                is_reversed: false,
            } => write!(formatter, "{name} {operator} \"{value}\""),
            Shown::Single {
                operator, value, ..
            } => write!(formatter, "\"{value}\" {operator} {name}"),
            Shown::List => {
                let (conditions, join) = self.conditions().unwrap_or((Vec::new(), Join::And));
                let word = match join {
                    Join::And => " and ",
                    Join::Or => " or ",
                };
                let parts: Vec<String> = conditions
                    .iter()
                    .map(|condition| {
                        let operator = match condition.relation {
                            Relation::Is => "==",
                            Relation::IsNot => "!=",
                            Relation::Contains => "in",
                            Relation::Lacks => "not in",
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
