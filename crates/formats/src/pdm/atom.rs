//! The atoms of markers: one comparison, or several values of one variable taken together.

use std::fmt;

use super::marker::Marker;
use super::marker_parse::normalized as normalized_extra;
use super::specifier::{Specifier, split_operator};

/// A condition on one variable.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom {
    One(Comparison),
    /// The variable is one of the values.
    Among(Values),
    /// The variable is none of the values.
    Outside(Values),
}

/// A comparison of a variable with a text.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) value: String,
    /// Whether the text stands on the left.
    pub(super) reversed: bool,
    /// What it was made from, where it was not read.
    specifier: Option<Specifier>,
}

/// Sides do not tell comparisons apart, as in dep-logic.
impl PartialEq for Comparison {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.operator == other.operator && self.value == other.value
    }
}

/// Values of a variable, each once, in the order they were met.
#[derive(Clone, Debug)]
pub(super) struct Values {
    name: String,
    values: Vec<String>,
}

/// The order of values does not matter.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.values.len() == other.values.len()
            && self.values.iter().all(|value| other.values.contains(value))
    }
}

impl Values {
    fn with(&self, values: impl IntoIterator<Item = String>) -> Self {
        let mut kept: Vec<String> = Vec::new();
        for value in values {
            if !kept.contains(&value) {
                kept.push(value);
            }
        }
        Self {
            name: self.name.clone(),
            values: kept,
        }
    }

    fn keep(&self, keep: impl Fn(&str) -> bool) -> Self {
        self.with(self.values.iter().filter(|value| keep(value)).cloned())
    }

    fn join(&self, others: &[String]) -> Self {
        self.with(self.values.iter().chain(others).cloned())
    }

    fn has(&self, value: &str) -> bool {
        self.values.iter().any(|known| known == value)
    }

    /// `Among`, or less where there are fewer than two values.
    fn among(self) -> Marker {
        match self.values.as_slice() {
            [] => Marker::Empty,
            [value] => Marker::Atom(Atom::One(Comparison::new(&self.name, "==", value))),
            _ => Marker::Atom(Atom::Among(self)),
        }
    }

    fn outside(self) -> Marker {
        match self.values.as_slice() {
            [] => Marker::Any,
            [value] => Marker::Atom(Atom::One(Comparison::new(&self.name, "!=", value))),
            _ => Marker::Atom(Atom::Outside(self)),
        }
    }
}

/// Which of the two ways of putting markers together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Joint {
    And,
    Or,
}

/// The operator as seen from the other side.
pub(super) fn reflected(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    }
}

impl Comparison {
    pub(super) fn new(name: &str, operator: &str, value: &str) -> Self {
        Self {
            name: name.to_owned(),
            operator: operator.to_owned(),
            value: value.to_owned(),
            reversed: false,
            specifier: None,
        }
    }

    /// What the variable may be; `None` if the comparison makes no sense.
    pub(super) fn specifier(&self) -> Option<Specifier> {
        if let Some(specifier) = &self.specifier {
            return Some(specifier.clone());
        }
        let (operator, value) = (self.operator.as_str(), self.value.as_str());
        let is_version = matches!(
            self.name.as_str(),
            "python_version" | "python_full_version" | "platform_release"
        );
        if !is_version {
            return (!matches!(operator, "~=" | "===")).then(|| Specifier::Text {
                operator: operator.to_owned(),
                value: value.to_owned(),
            });
        }
        let (each, glue) = match operator {
            "in" => ("==", "||"),
            "not in" => ("!=", ","),
            _ => return Specifier::parse(&format!("{operator}{value}")),
        };
        let listed = value.split(',').map(|part| {
            let part = part.trim();
            // A full version gets two zeros too many or none; so it is in dep-logic 0.7.
            let rest = match (part.split('.').count() < 3, self.name.as_str()) {
                (false, _) => "",
                (true, "python_version") => ".*",
                (true, _) => ".0.0",
            };
            format!("{each}{part}{rest}")
        });
        Specifier::parse(&listed.collect::<Vec<_>>().join(glue))
    }

    /// The comparison that says a specifier, where one does.
    fn of(name: &str, specifier: Specifier) -> Option<Marker> {
        if specifier.is_any() {
            return Some(Marker::Any);
        }
        if specifier.is_empty() {
            return Some(Marker::Empty);
        }
        let (operator, mut value) = match &specifier {
            Specifier::Text { operator, value } => (operator.clone(), value.clone()),
            versions => {
                let simple = versions.simple()?;
                if simple.contains(',') {
                    return None;
                }
                let (operator, version) = split_operator(&simple)?;
                (operator.to_owned(), version.to_owned())
            }
        };
        if name == "python_full_version" {
            for _ in value.matches('.').count()..2 {
                value.push_str(".0");
            }
        }
        let mut comparison = Self::new(name, &operator, &value);
        comparison.specifier = Some(specifier);
        Some(Marker::Atom(Atom::One(comparison)))
    }

    /// Both comparisons in one atom, where that can be said.
    fn merge(&self, other: &Self, joint: Joint) -> Option<Marker> {
        let is_python =
            |one: &Self| matches!(one.name.as_str(), "python_version" | "python_full_version");
        if self.name != other.name {
            return (is_python(self) && is_python(other))
                .then(|| self.merge_python(other, joint))?;
        }
        if self.name == "extra" && self.value != other.value {
            return None;
        }
        let (mine, theirs) = (self.specifier()?, other.specifier()?);
        let Some(both) = join(&mine, &theirs, joint) else {
            let values = Values {
                name: self.name.clone(),
                values: vec![self.value.clone(), other.value.clone()],
            };
            return match (self.operator.as_str(), other.operator.as_str(), joint) {
                ("==", "==", Joint::Or) => Some(Marker::Atom(Atom::Among(values))),
                ("!=", "!=", Joint::And) => Some(Marker::Atom(Atom::Outside(values))),
                _ => None,
            };
        };
        if both == mine {
            return Some(self.marker());
        }
        if both == theirs {
            return Some(other.marker());
        }
        Self::of(&self.name, both)
    }

    fn merge_python(&self, other: &Self, joint: Joint) -> Option<Marker> {
        let (minor, full) = match self.name.as_str() {
            "python_version" => (self, other),
            _ => (other, self),
        };
        let normal = minor.full_specifier()?;
        let both = join(&normal, &full.specifier()?, joint)?;
        if both == normal {
            return Some(minor.marker());
        }
        Self::of("python_full_version", both)
    }

    /// What a comparison of `python_version` says of the full version.
    fn full_specifier(&self) -> Option<Specifier> {
        let parts: Vec<&str> = self.value.split('.').map(str::trim).collect();
        if matches!(self.operator.as_str(), "in" | "not in")
            || parts.len() > 2
            || parts.contains(&"*")
        {
            return self.specifier();
        }
        let text = parts.join(".");
        let next = || {
            let (head, last) = parts.split_at(parts.len() - 1);
            let last = last
                .first()?
                .parse::<u64>()
                .ok()?
                .checked_add(1)?
                .to_string();
            let parts: Vec<&str> = head.iter().copied().chain([last.as_str()]).collect();
            Some(parts.join("."))
        };
        let text = match self.operator.as_str() {
            operator @ ("==" | "!=") => format!("{operator}{text}.*"),
            ">" => format!(">={}", next()?),
            "<=" => format!("<{}", next()?),
            operator => format!("{operator}{text}"),
        };
        Specifier::parse(&text)
    }

    fn marker(&self) -> Marker {
        Marker::Atom(Atom::One(self.clone()))
    }
}

fn join(one: &Specifier, other: &Specifier, joint: Joint) -> Option<Specifier> {
    match joint {
        Joint::And => one.and(other),
        Joint::Or => one.or(other),
    }
}

impl Atom {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::One(comparison) => &comparison.name,
            Self::Among(values) | Self::Outside(values) => &values.name,
        }
    }

    /// Whether a condition on `extra` holds when these are chosen.
    pub(super) fn holds_for_extras(&self, extras: &[String]) -> bool {
        let is_chosen = |value: &str| {
            extras
                .iter()
                .any(|extra| normalized_extra(extra) == normalized_extra(value))
        };
        match self {
            Self::One(one) => (one.operator == "==") == is_chosen(&one.value),
            Self::Among(values) => values.values.iter().any(|value| is_chosen(value)),
            Self::Outside(values) => !values.values.iter().any(|value| is_chosen(value)),
        }
    }

    /// How many comparisons it is printed with.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Among(values) | Self::Outside(values) => values.values.len(),
        }
    }

    fn several_first<'a>(one: &'a Self, other: &'a Self) -> (&'a Self, &'a Self) {
        match (one, other) {
            (Self::One(_), _) => (other, one),
            (Self::Among(_), Self::Outside(_)) if one.name() == other.name() => (other, one),
            _ => (one, other),
        }
    }

    pub(super) fn and(&self, other: &Self) -> Marker {
        if let (Self::One(one), Self::One(other)) = (self, other) {
            let both = one.merge(other, Joint::And);
            return both.unwrap_or_else(|| Marker::all([one.marker(), other.marker()]));
        }
        // The atom with several values decides, on whichever side it stands.
        let (several, other) = Self::several_first(self, other);
        let apart = || Marker::all([Marker::Atom(several.clone()), Marker::Atom(other.clone())]);
        if several.name() != other.name() {
            return apart();
        }
        match (several, other) {
            (Self::Among(values), Self::One(one)) => match one.specifier() {
                Some(specifier) => values
                    .keep(|value| specifier.holds(value) == Some(true))
                    .among(),
                None => apart(),
            },
            (Self::Among(values), Self::Among(others)) => {
                others.keep(|value| values.has(value)).among()
            }
            (Self::Outside(values), Self::One(one)) => match one.operator.as_str() {
                "==" if values.has(&one.value) => Marker::Empty,
                "==" => one.marker(),
                "!=" => Marker::Atom(Self::Outside(values.join(std::slice::from_ref(&one.value)))),
                _ if all_fail(values, one) => one.marker(),
                _ => apart(),
            },
            (Self::Outside(values), Self::Among(others)) => {
                others.keep(|value| !values.has(value)).among()
            }
            (Self::Outside(values), Self::Outside(others)) => {
                Marker::Atom(Self::Outside(values.join(&others.values)))
            }
            _ => apart(),
        }
    }

    pub(super) fn or(&self, other: &Self) -> Marker {
        if let (Self::One(one), Self::One(other)) = (self, other) {
            let both = one.merge(other, Joint::Or);
            return both.unwrap_or_else(|| Marker::any_of([one.marker(), other.marker()]));
        }
        let (several, other) = Self::several_first(self, other);
        let apart = || Marker::any_of([Marker::Atom(several.clone()), Marker::Atom(other.clone())]);
        if several.name() != other.name() {
            return apart();
        }
        match (several, other) {
            (Self::Among(values), Self::One(one)) => match one.operator.as_str() {
                "==" => Marker::Atom(Self::Among(values.join(std::slice::from_ref(&one.value)))),
                "!=" if values.has(&one.value) => Marker::Any,
                "!=" => one.marker(),
                _ if all_hold(values, one) => one.marker(),
                _ => apart(),
            },
            (Self::Among(values), Self::Among(others)) => {
                Marker::Atom(Self::Among(values.join(&others.values)))
            }
            (Self::Outside(values), Self::One(one)) => match one.specifier() {
                Some(specifier) => values
                    .keep(|value| specifier.holds(value) == Some(false))
                    .outside(),
                None => apart(),
            },
            (Self::Outside(values), Self::Among(others)) => {
                values.keep(|value| !others.has(value)).outside()
            }
            (Self::Outside(values), Self::Outside(others)) => {
                others.keep(|value| values.has(value)).outside()
            }
            _ => apart(),
        }
    }
}

fn all_hold(values: &Values, one: &Comparison) -> bool {
    let specifier = one.specifier();
    let holds = |value: &String| specifier.as_ref()?.holds(value);
    values.values.iter().all(|value| holds(value) == Some(true))
}

fn all_fail(values: &Values, one: &Comparison) -> bool {
    let specifier = one.specifier();
    let holds = |value: &String| specifier.as_ref()?.holds(value);
    values
        .values
        .iter()
        .all(|value| holds(value) == Some(false))
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, operator, value) = (&self.name, &self.operator, &self.value);
        if self.reversed {
            write!(formatter, "\"{value}\" {} {name}", reflected(operator))
        } else {
            write!(formatter, "{name} {operator} \"{value}\"")
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (values, operator, glue) = match self {
            Self::One(comparison) => return comparison.fmt(formatter),
            Self::Among(values) => (values, "==", " or "),
            Self::Outside(values) => (values, "!=", " and "),
        };
        for (at, value) in values.values.iter().enumerate() {
            let glue = if at == 0 { "" } else { glue };
            write!(formatter, "{glue}{} {operator} \"{value}\"", values.name)?;
        }
        Ok(())
    }
}
