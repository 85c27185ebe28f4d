//! Sets of versions with a text form, as dep-logic 0.7 combines and prints them.
//!
//! Ranges remember the text they were read from; combining two of them looks for a short text
//! anew (`~=`, `==`, `!=`). Conditions on other variables than versions are one operator and text.

use std::fmt;

use packaging::Version;

/// One end of a range.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct End {
    pub(super) version: Version,
    pub(super) included: bool,
}

/// Versions from one end to another.
#[derive(Clone, Debug, Default)]
pub(super) struct Range {
    pub(super) min: Option<End>,
    pub(super) max: Option<End>,
    /// The text it was read from.
    written: Option<String>,
}

impl PartialEq for Range {
    fn eq(&self, other: &Self) -> bool {
        self.min == other.min && self.max == other.max
    }
}

/// Several ranges, ascending, none touching another.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    pub(super) ranges: Vec<Range>,
    written: Option<String>,
}

impl PartialEq for Ranges {
    fn eq(&self, other: &Self) -> bool {
        self.ranges == other.ranges
    }
}

/// What one variable may be.
#[derive(Clone, Debug)]
pub(super) enum Specifier {
    Any,
    Empty,
    Range(Range),
    Ranges(Ranges),
    /// `===`.
    Arbitrary(String),
    /// An operator and a text that is no version.
    Text {
        operator: String,
        value: String,
    },
}

impl PartialEq for Specifier {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, other) | (other, Self::Any) => other.is_any(),
            (Self::Empty, other) | (other, Self::Empty) => other.is_empty(),
            (Self::Range(one), Self::Range(other)) => one == other,
            (Self::Ranges(one), Self::Ranges(other)) => one == other,
            (Self::Arbitrary(one), Self::Arbitrary(other)) => one == other,
            (
                Self::Text { operator, value },
                Self::Text {
                    operator: other_operator,
                    value: other_value,
                },
            ) => operator == other_operator && value == other_value,
            _ => false,
        }
    }
}

impl Range {
    pub(super) fn between(min: Option<End>, max: Option<End>) -> Self {
        let written = None;
        Self { min, max, written }
    }

    pub(super) fn is_any(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    /// Whether it reaches further down.
    pub(super) fn allows_lower(&self, other: &Self) -> bool {
        match (&self.min, &other.min) {
            (_, None) => false,
            (None, _) => true,
            (Some(mine), Some(theirs)) => {
                mine.version < theirs.version
                    || (mine.version == theirs.version && mine.included && !theirs.included)
            }
        }
    }

    fn allows_higher(&self, other: &Self) -> bool {
        match (&self.max, &other.max) {
            (_, None) => false,
            (None, _) => true,
            (Some(mine), Some(theirs)) => {
                mine.version > theirs.version
                    || (mine.version == theirs.version && mine.included && !theirs.included)
            }
        }
    }

    fn is_strictly_lower(&self, other: &Self) -> bool {
        match (&self.max, &other.min) {
            (Some(max), Some(min)) => {
                max.version < min.version
                    || (max.version == min.version && !(max.included && min.included))
            }
            _ => false,
        }
    }

    fn is_adjacent_to(&self, other: &Self) -> bool {
        match (&self.max, &other.min) {
            (Some(max), Some(min)) => max.version == min.version && max.included != min.included,
            _ => false,
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        let low = match (&self.min, &other.min) {
            (None, _) => true,
            (_, None) => false,
            (Some(mine), Some(theirs)) => {
                mine.version < theirs.version
                    || (mine.version == theirs.version && (mine.included || !theirs.included))
            }
        };
        let high = match (&self.max, &other.max) {
            (None, _) => true,
            (_, None) => false,
            (Some(mine), Some(theirs)) => {
                mine.version > theirs.version
                    || (mine.version == theirs.version && (mine.included || !theirs.included))
            }
        };
        low && high
    }

    fn can_combine(&self, other: &Self) -> bool {
        if self.allows_lower(other) {
            !self.is_strictly_lower(other) || self.is_adjacent_to(other)
        } else {
            !other.is_strictly_lower(self) || other.is_adjacent_to(self)
        }
    }

    /// What both hold, if anything.
    fn and(&self, other: &Self) -> Option<Self> {
        if self.is_superset(other) {
            return Some(other.clone());
        }
        if other.is_superset(self) {
            return Some(self.clone());
        }
        let min = if self.allows_lower(other) {
            if self.is_strictly_lower(other) {
                return None;
            }
            &other.min
        } else {
            if other.is_strictly_lower(self) {
                return None;
            }
            &self.min
        };
        let max = if self.allows_higher(other) {
            &other.max
        } else {
            &self.max
        };
        Some(Self::between(min.clone(), max.clone()))
    }

    fn or(&self, other: &Self) -> Specifier {
        if self.is_superset(other) {
            return Specifier::Range(self.clone());
        }
        if other.is_superset(self) {
            return Specifier::Range(other.clone());
        }
        let (low, high) = if self.allows_lower(other) {
            (self, other)
        } else {
            (other, self)
        };
        if low.is_strictly_lower(high) && !low.is_adjacent_to(high) {
            return Specifier::Ranges(Ranges::new(vec![low.clone(), high.clone()]));
        }
        let max = if self.allows_higher(other) {
            &self.max
        } else {
            &other.max
        };
        Specifier::Range(Self::between(low.min.clone(), max.clone()))
    }

    /// The text, where a single clause says it.
    fn simple(&self) -> Option<String> {
        if let Some(written) = &self.written {
            return Some(written.clone());
        }
        let (min, max) = match (&self.min, &self.max) {
            (None, None) => return Some(String::new()),
            (None, Some(max)) => return Some(upper(max)),
            (Some(min), None) => return Some(lower(min)),
            (Some(min), Some(max)) => (min, max),
        };
        if min.version == max.version {
            return Some(format!("=={}", min.version));
        }
        if !min.included || max.included {
            return None;
        }
        let (low, high) = padded(&min.version, &max.version);
        let first = first_different(&low, &high);
        if first + 1 >= low.len() || first == 0 || high[first].checked_sub(low[first]) != Some(1) {
            return None;
        }
        let is_stable = high[first + 1..].iter().all(|part| *part == 0)
            && !max.version.any_prerelease()
            && min.version.release().len() == first + 1;
        is_stable.then(|| format!("~={}", min.version))
    }
}

fn lower(end: &End) -> String {
    format!("{}{}", if end.included { ">=" } else { ">" }, end.version)
}

fn upper(end: &End) -> String {
    format!("{}{}", if end.included { "<=" } else { "<" }, end.version)
}

/// Epoch and release of both, of one length.
fn padded(low: &Version, high: &Version) -> (Vec<u64>, Vec<u64>) {
    let parts = |version: &Version| -> Vec<u64> {
        std::iter::once(version.epoch())
            .chain(version.release().iter().copied())
            .collect()
    };
    let (mut low, mut high) = (parts(low), parts(high));
    let length = low.len().max(high.len());
    low.resize(length, 0);
    high.resize(length, 0);
    (low, high)
}

fn first_different(one: &[u64], other: &[u64]) -> usize {
    let place = one.iter().zip(other).position(|(one, other)| one != other);
    place.unwrap_or(one.len())
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.simple(), &self.min, &self.max) {
            (Some(simple), _, _) => formatter.write_str(&simple),
            (None, Some(min), Some(max)) => write!(formatter, "{},{}", lower(min), upper(max)),
            (None, _, _) => Ok(()),
        }
    }
}

impl Ranges {
    fn new(ranges: Vec<Range>) -> Self {
        let written = None;
        Self { ranges, written }
    }

    /// The text, where clauses joined by commas say it.
    fn simple(&self) -> Option<String> {
        if let Some(written) = &self.written {
            return Some(written.clone());
        }
        let [left, right] = self.ranges.as_slice() else {
            return None;
        };
        let within = |exclusion: String| {
            let parts = [left.min.as_ref().map(lower), Some(exclusion)];
            let parts = parts.into_iter().chain([right.max.as_ref().map(upper)]);
            parts.flatten().collect::<Vec<_>>().join(",")
        };
        let (end, start) = (left.max.as_ref()?, right.min.as_ref()?);
        if end.version == start.version && !end.included && !start.included {
            return Some(within(format!("!={}", end.version)));
        }
        if end.included
            || !start.included
            || end.version.any_prerelease()
            || start.version.any_prerelease()
        {
            return None;
        }
        let (low, high) = padded(&end.version, &start.version);
        let first = first_different(&low, &high);
        let is_one_series = first > 0
            && high.get(first)?.checked_sub(low[first]) == Some(1)
            && low[first + 1..].iter().chain(&high[first + 1..]).all(|part| *part == 0)
            // The last part differs: nothing follows it that could be zero.
            && first + 1 < low.len();
        is_one_series.then(|| {
            let epoch = match end.version.epoch() {
                0 => String::new(),
                epoch => format!("{epoch}!"),
            };
            let release = end.version.release();
            let parts = release.iter().take(first).map(ToString::to_string);
            within(format!(
                "!={epoch}{}.*",
                parts.collect::<Vec<_>>().join(".")
            ))
        })
    }

    fn of(mut ranges: Vec<Range>) -> Specifier {
        match ranges.len() {
            0 => Specifier::Empty,
            1 => Specifier::Range(ranges.remove(0)),
            _ => Specifier::Ranges(Self::new(ranges)),
        }
    }

    fn and(&self, others: &[Range]) -> Specifier {
        let pairs = self
            .ranges
            .iter()
            .flat_map(|mine| others.iter().filter_map(|other| mine.and(other)));
        Self::of(pairs.collect())
    }

    fn or(&self, other: &Range) -> Specifier {
        let mut found = Vec::new();
        let mut joined = other.clone();
        let mut ranges = self.ranges.iter();
        while let Some(range) = ranges.next() {
            if range.can_combine(&joined) {
                if let Specifier::Range(both) = joined.or(range) {
                    joined = both;
                }
            } else if joined.allows_lower(range) {
                found.push(joined);
                found.push(range.clone());
                found.extend(ranges.cloned());
                return Self::of(found);
            } else {
                found.push(range.clone());
            }
        }
        found.push(joined);
        Self::of(found)
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(simple) = self.simple() {
            return formatter.write_str(&simple);
        }
        for (at, range) in self.ranges.iter().enumerate() {
            write!(formatter, "{}{range}", if at == 0 { "" } else { "||" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Specifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Empty => formatter.write_str("<empty>"),
            Self::Range(range) => range.fmt(formatter),
            Self::Ranges(ranges) => ranges.fmt(formatter),
            Self::Arbitrary(target) => write!(formatter, "==={target}"),
            Self::Text { operator, value } => write!(formatter, "{operator} \"{value}\""),
        }
    }
}

impl Specifier {
    /// Every version.
    pub(super) fn every_version() -> Self {
        Self::Range(Range::default())
    }

    /// Reads clauses joined by commas, and those joined by `||`; `None` for what is no specifier.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.contains("||") {
            let mut parts = text.split("||").map(Self::parse);
            let first = parts.next()??;
            return parts.try_fold(first, |all, part| all.or(&part?));
        }
        let clauses = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        clauses
            .map(clause)
            .try_fold(Self::every_version(), |all, clause| all.and(&clause?))
    }

    pub(super) fn is_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Range(range) => range.is_any(),
            _ => false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The clauses joined by commas that say it; `None` if there are none such.
    pub(super) fn simple(&self) -> Option<String> {
        match self {
            Self::Range(range) => range.simple(),
            Self::Ranges(ranges) => ranges.simple(),
            Self::Arbitrary(target) => Some(format!("==={target}")),
            _ => None,
        }
    }

    /// The ranges it consists of; none for what is no set of versions.
    pub(super) fn ranges(&self) -> &[Range] {
        match self {
            Self::Range(range) => std::slice::from_ref(range),
            Self::Ranges(ranges) => &ranges.ranges,
            _ => &[],
        }
    }

    /// Whether a text satisfies a condition on a text; `None` if it is a condition on versions.
    pub(super) fn holds(&self, candidate: &str) -> Option<bool> {
        let Self::Text { operator, value } = self else {
            return None;
        };
        Some(match operator.as_str() {
            "==" => candidate == value,
            "!=" => candidate != value,
            "in" => value.contains(candidate),
            "not in" => !value.contains(candidate),
            ">" => candidate > value.as_str(),
            ">=" => candidate >= value.as_str(),
            "<" => candidate < value.as_str(),
            _ => candidate <= value.as_str(),
        })
    }

    /// What satisfies both; `None` if no one specifier says it.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Empty, _) | (_, Self::Empty) => Self::Empty,
            (Self::Any, other) | (other, Self::Any) => other.clone(),
            (Self::Range(one), Self::Range(other)) => {
                one.and(other).map_or(Self::Empty, Self::Range)
            }
            (Self::Ranges(several), Self::Range(one))
            | (Self::Range(one), Self::Ranges(several)) => {
                if one.is_any() {
                    Self::Ranges(several.clone())
                } else {
                    several.and(std::slice::from_ref(one))
                }
            }
            (Self::Ranges(one), Self::Ranges(other)) => one.and(&other.ranges),
            (Self::Arbitrary(target), other) | (other, Self::Arbitrary(target)) => {
                if other.is_any() || other.contains(target)? {
                    Self::Arbitrary(target.clone())
                } else {
                    Self::Empty
                }
            }
            (Self::Text { .. }, Self::Text { .. }) => return text_and(self, other),
            (Self::Text { .. }, _) | (_, Self::Text { .. }) => return None,
        })
    }

    /// What satisfies one of both; `None` if no one specifier says it.
    pub(super) fn or(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Empty, other) | (other, Self::Empty) => other.clone(),
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Range(one), Self::Range(other)) => one.or(other),
            (Self::Ranges(several), Self::Range(one))
            | (Self::Range(one), Self::Ranges(several)) => {
                if one.is_any() {
                    Self::Range(one.clone())
                } else {
                    several.or(one)
                }
            }
            (Self::Ranges(one), Self::Ranges(other)) => {
                let first = Self::Ranges(one.clone());
                let mut rest = other.ranges.iter();
                return rest.try_fold(first, |all, range| all.or(&Self::Range(range.clone())));
            }
            (Self::Arbitrary(target), other) | (other, Self::Arbitrary(target)) => {
                return (other.is_any() || other.contains(target)?).then(|| other.clone());
            }
            (Self::Text { .. }, Self::Text { .. }) => return text_or(self, other),
            (Self::Text { .. }, _) | (_, Self::Text { .. }) => return None,
        })
    }

    /// Whether a version is in it; `None` if the text is none.
    fn contains(&self, version: &str) -> Option<bool> {
        if let Self::Arbitrary(target) = self {
            return Some(target == version);
        }
        let version: Version = version.parse().ok()?;
        let end = || {
            Some(End {
                version: version.clone(),
                included: true,
            })
        };
        let exactly = Range::between(end(), end());
        Some(
            self.ranges()
                .iter()
                .any(|range| range.is_superset(&exactly)),
        )
    }
}

/// Two conditions in the order in which pairs of them are looked at.
fn in_order<'a>(one: &'a Specifier, other: &'a Specifier) -> Option<[(&'a str, &'a str); 2]> {
    let rank = |operator: &str| match operator {
        "==" => 0,
        "!=" => 1,
        "in" => 2,
        "not in" => 3,
        _ => 4,
    };
    let (
        Specifier::Text { operator, value },
        Specifier::Text {
            operator: other_operator,
            value: other_value,
        },
    ) = (one, other)
    else {
        return None;
    };
    let (one, other) = (
        (operator.as_str(), value.as_str()),
        (other_operator.as_str(), other_value.as_str()),
    );
    if rank(other.0) < rank(one.0) {
        Some([other, one])
    } else {
        Some([one, other])
    }
}

fn text((operator, value): (&str, &str)) -> Specifier {
    Specifier::Text {
        operator: operator.to_owned(),
        value: value.to_owned(),
    }
}

fn text_and(one: &Specifier, other: &Specifier) -> Option<Specifier> {
    if one == other {
        return Some(one.clone());
    }
    let [this, that] = in_order(one, other)?;
    Some(match (this.0, that.0) {
        ("==", "==") => Specifier::Empty,
        ("==", "!=") if this.1 == that.1 => Specifier::Empty,
        ("==", "!=") => text(this),
        ("in", "not in") if this.1 == that.1 => Specifier::Empty,
        ("==", "in") if that.1.contains(this.1) => text(this),
        ("==", "in") => Specifier::Empty,
        ("!=", "not in") if that.1.contains(this.1) => text(that),
        _ => return None,
    })
}

fn text_or(one: &Specifier, other: &Specifier) -> Option<Specifier> {
    if one == other {
        return Some(one.clone());
    }
    let [this, that] = in_order(one, other)?;
    Some(match (this.0, that.0) {
        ("==", "!=") if this.1 == that.1 => Specifier::Any,
        ("==", "!=") => text(that),
        ("!=", "!=") => Specifier::Any,
        ("in", "not in") if this.1 == that.1 => Specifier::Any,
        ("!=", "in") if that.1.contains(this.1) => Specifier::Any,
        ("!=", "not in") if that.1.contains(this.1) => text(this),
        ("!=", "not in") => Specifier::Any,
        ("==", "in") if that.1.contains(this.1) => text(that),
        _ => return None,
    })
}

/// Splits the operator off a clause.
pub(super) fn split_operator(clause: &str) -> Option<(&str, &str)> {
    const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];
    OPERATORS.iter().find_map(|operator| {
        let version = clause.strip_prefix(operator)?;
        Some((*operator, version.trim()))
    })
}

/// One operator and version.
fn clause(written: &str) -> Option<Specifier> {
    let (operator, text) = split_operator(written)?;
    let written = Some(format!("{operator}{text}"));
    if operator == "===" {
        return Some(Specifier::Arbitrary(text.to_owned()));
    }
    let end = |version: Version, included| Some(End { version, included });
    if let Some(prefix) = text.strip_suffix(".*") {
        let (low, high) = series(prefix)?;
        let (below, above) = (
            Range::between(None, end(low.clone(), false)),
            Range::between(end(high.clone(), true), None),
        );
        return match operator {
            "==" => Some(Specifier::Range(Range {
                min: end(low, true),
                max: end(high, false),
                written,
            })),
            "!=" => Some(Specifier::Ranges(Ranges {
                ranges: vec![below, above],
                written,
            })),
            _ => None,
        };
    }
    let version: Version = text.parse().ok()?;
    let (min, max) = match operator {
        ">" | ">=" => (end(version, operator == ">="), None),
        "<" | "<=" => (None, end(version, operator == "<=")),
        "==" => (end(version.clone(), true), end(version, true)),
        "~=" => {
            let (_, stem) = text.rsplit_once('.').map(|(stem, last)| (last, stem))?;
            // Suffixes such as `.post1` are no part of the release.
            let stem = match stem.rsplit_once('.') {
                Some((shorter, _)) if !is_release_part(text.rsplit('.').next()?) => shorter,
                _ => stem,
            };
            let (_, high) = series(stem)?;
            (end(version, true), end(high, false))
        }
        _ => {
            let ranges = vec![
                Range::between(None, end(version.clone(), false)),
                Range::between(end(version, false), None),
            ];
            return Some(Specifier::Ranges(Ranges { ranges, written }));
        }
    };
    Some(Specifier::Range(Range { min, max, written }))
}

fn is_release_part(part: &str) -> bool {
    !["dev", "a", "b", "rc", "post"]
        .iter()
        .any(|suffix| part.starts_with(suffix))
}

/// The first version of a series such as `3.8`, and that of the next.
fn series(prefix: &str) -> Option<(Version, Version)> {
    let low: Version = format!("{prefix}.0").parse().ok()?;
    let (head, last) = match prefix.rsplit_once('.') {
        Some((head, last)) => (format!("{head}."), last),
        None => (String::new(), prefix),
    };
    let next = last.parse::<u64>().ok()?.checked_add(1)?;
    let high: Version = format!("{head}{next}.0").parse().ok()?;
    Some((low, high))
}
