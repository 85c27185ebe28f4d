//! poetry's constraint language and its text: `^1.2`, `~1.2`, `>=1,!=1.5,<2`, `<1 || >=2`.
//!
//! The text is what `[package.dependencies]` and `[package.extras]` show. It is not PEP 440:
//! an exact version stands bare, alternatives are joined by `||`. Seen in poetry-core 2.5.0.

use std::fmt;
use std::str::FromStr;

use crate::{Version, VersionSpecifiers};

use super::range::{Constraint, Range};

/// What a bound means: a requirement keeps pre-releases of an exclusive bound out, a marker
/// compares with the very version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// A requirement's specifier.
    Requirement,
    /// A marker's value.
    Marker,
}

/// A text that is no constraint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no version constraint")]
pub struct InvalidConstraint(pub(super) String);

impl Constraint {
    /// Reads a constraint as it stands in `[tool.poetry]` tables and in `poetry.lock`.
    ///
    /// # Errors
    ///
    /// The text is none.
    pub fn read(text: &str, reading: Reading) -> Result<Self, InvalidConstraint> {
        let invalid = || InvalidConstraint(text.to_owned());
        let mut alternatives = Self::empty();
        for part in text.trim().split("||").flat_map(|part| part.split('|')) {
            let mut all = Self::any();
            for single in singles(part) {
                all = all.intersect(&read_single(&single, reading).ok_or_else(invalid)?);
            }
            alternatives = alternatives.union(&all);
        }
        Ok(alternatives)
    }

    /// The same in PEP 440's language: specifiers any of which will do; none if no version is in
    /// the set.
    #[must_use]
    pub fn pep440(&self) -> Vec<VersionSpecifiers> {
        if self.is_any() {
            return vec![VersionSpecifiers::empty()];
        }
        let groups = self.ranges().chunk_by(only_a_version_between);
        groups
            .filter_map(|group| {
                let text = match group {
                    [range] if range.single().is_some() => format!("=={}", print_group(group)),
                    _ => print_group(group),
                };
                VersionSpecifiers::from_str(&text).ok()
            })
            .collect()
    }
}

/// The parts joined by commas or blanks; an operator may stand apart from its version.
fn singles(text: &str) -> Vec<String> {
    let mut singles: Vec<String> = Vec::new();
    for word in text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
    {
        match singles.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '!', '~', '^']) => last.push_str(word),
            _ => singles.push(word.to_owned()),
        }
    }
    singles
}

fn read_single(text: &str, reading: Reading) -> Option<Constraint> {
    if is_wild(text) {
        return Some(Constraint::any());
    }
    for (operator, bump) in [
        ("~=", Bump::Compatible),
        ("^", Bump::Caret),
        ("~", Bump::Tilde),
    ] {
        if let Some(version) = text.strip_prefix(operator) {
            let version = read_version(version)?;
            let upper = bump.upper(version.release()).with_epoch(version.epoch());
            let upper = exclusive(upper, reading);
            return Some(Range::between(version, upper).into());
        }
    }
    let at = text
        .find(|c| !matches!(c, '<' | '>' | '=' | '!'))
        .unwrap_or(text.len());
    let (operator, version) = text.split_at(at);
    if let Some(prefix) = version.strip_suffix(".*") {
        let prefix = prefix.trim_end_matches(".*");
        let version = read_version(prefix)?;
        return match operator {
            "" | "=" | "==" => Some(wildcard(&version, reading)),
            "!=" => Some(wildcard(&version, reading).invert()),
            _ => compare(operator, version, reading),
        };
    }
    compare(operator, read_version(version)?, reading)
}

fn compare(operator: &str, version: Version, reading: Reading) -> Option<Constraint> {
    Some(match operator {
        "" | "=" | "==" => Range::exactly(version).into(),
        "!=" => Constraint::except(&version),
        "<" => Range::until(exclusive(version, reading), false).into(),
        "<=" => Range::until(version, true).into(),
        ">" => Range::from(version, false).into(),
        ">=" => Range::from(version, true).into(),
        _ => return None,
    })
}

fn is_wild(text: &str) -> bool {
    text.trim_start_matches(['v', 'V'])
        .split('.')
        .all(|part| matches!(part, "*" | "x" | "X"))
}

/// Reads a version; what PEP 440 does not allow becomes a local part if possible, since markers
/// compare `platform_release` with texts such as `5.10.0-microsoft-standard`.
fn read_version(text: &str) -> Option<Version> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    text.parse().ok().or_else(|| {
        let (release, rest) = text.split_once('-')?;
        format!("{release}+{rest}").parse().ok()
    })
}

/// `==1.2.*`: from the first pre-release of `1.2` to before the first one of `1.3`.
fn wildcard(version: &Version, reading: Reading) -> Constraint {
    let upper = match version.pre() {
        None => bump_at(version.release(), version.release().len().saturating_sub(1))
            .with_epoch(version.epoch()),
        Some(mut pre) => {
            pre.number = pre.number.saturating_add(1);
            version.clone().with_pre(Some(pre))
        }
    };
    match reading {
        Reading::Marker => Range::between(version.clone(), upper).into(),
        Reading::Requirement => {
            Range::between(version.clone().with_dev(Some(0)), upper.with_dev(Some(0))).into()
        }
    }
}

/// An exclusive upper bound of a requirement keeps out the bound's own pre-releases.
fn exclusive(version: Version, reading: Reading) -> Version {
    if reading == Reading::Marker || version.pre().is_some() || version.dev().is_some() {
        version
    } else {
        version.without_local().with_dev(Some(0))
    }
}

/// How an operator finds its upper bound.
#[derive(Clone, Copy)]
enum Bump {
    /// `^`: the left-most part that is not zero, among the first three.
    Caret,
    /// `~`: the second part, or the only one.
    Tilde,
    /// `~=`: the part before the last.
    Compatible,
}

impl Bump {
    fn upper(self, release: &[u64]) -> Version {
        let last = release.len().saturating_sub(1);
        let at = match self {
            Self::Caret => release
                .iter()
                .take(3)
                .position(|part| *part != 0)
                .unwrap_or(last.min(2)),
            Self::Tilde => last.min(1),
            Self::Compatible => last.saturating_sub(1),
        };
        bump_at(release, at)
    }
}

/// The next release at a part, with as many parts.
fn bump_at(release: &[u64], at: usize) -> Version {
    Version::new(
        release
            .iter()
            .enumerate()
            .map(|(index, part)| match index.cmp(&at) {
                std::cmp::Ordering::Less => *part,
                std::cmp::Ordering::Equal => part.saturating_add(1),
                std::cmp::Ordering::Greater => 0,
            }),
    )
}

impl fmt::Display for Constraint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return formatter.write_str("<empty>");
        }
        if let Some(prefix) = excluded_prefix(self.ranges()) {
            return write!(formatter, "!={prefix}.*");
        }
        let mut text = String::new();
        for group in self.ranges().chunk_by(only_a_version_between) {
            if !text.is_empty() {
                text.push_str(" || ");
            }
            text.push_str(&print_group(group));
        }
        formatter.write_str(&text)
    }
}

/// The constraint inside the parentheses of a PEP 508 text: `==1.2`, and `!=1.6.*` where only
/// such releases are left out.
#[must_use]
pub fn pep508(constraint: &Constraint) -> String {
    if let Some(version) = constraint.single() {
        return format!("=={version}");
    }
    let ranges = constraint.ranges();
    let gap = |low: &Range, high: &Range| -> Option<String> {
        if only_a_version_between(low, high) {
            return low.max.as_ref().map(|version| format!("!={version}"));
        }
        let (Some(min), Some(max)) = (&low.max, &high.min) else {
            return None;
        };
        let is_wild = !low.include_max && high.include_min;
        prefix(min, max)
            .filter(|_| is_wild)
            .map(|prefix| format!("!={prefix}.*"))
    };
    let gaps: Option<Vec<String>> = ranges
        .windows(2)
        .map(|pair| gap(pair.first()?, pair.get(1)?))
        .collect();
    let (Some(gaps), Some(first), Some(last), true) =
        (gaps, ranges.first(), ranges.last(), ranges.len() > 1)
    else {
        return constraint.to_string();
    };
    let mut parts = Vec::new();
    parts.extend(
        first
            .min
            .as_ref()
            .map(|min| bound(if first.include_min { ">=" } else { ">" }, min)),
    );
    parts.extend(gaps);
    parts.extend(last.max.as_ref().map(|max| {
        if last.include_max {
            bound("<=", max)
        } else {
            bound("<", &shown(max))
        }
    }));
    parts.join(",")
}

fn bound(operator: &str, version: &Version) -> String {
    format!("{operator}{version}")
}

/// Whether exactly one version lies between two ranges.
fn only_a_version_between(low: &Range, high: &Range) -> bool {
    low.max.is_some() && low.max == high.min && !low.include_max && !high.include_min
}

/// Ranges with single versions between them: `>=1,!=1.5,<2`.
fn print_group(group: &[Range]) -> String {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return String::new();
    };
    if let [range] = group {
        if let Some(version) = range.single() {
            return version.to_string();
        }
        if range.is_any() {
            return "*".to_owned();
        }
        if let Some(prefix) = wildcard_prefix(range) {
            return format!("=={prefix}.*");
        }
    }
    let mut parts = Vec::new();
    if let Some(min) = &first.min {
        parts.push(format!(
            "{}{min}",
            if first.include_min { ">=" } else { ">" }
        ));
    }
    for range in group.iter().skip(1) {
        parts.extend(range.min.as_ref().map(|min| format!("!={min}")));
    }
    if let Some(max) = &last.max {
        parts.push(if last.include_max {
            format!("<={max}")
        } else {
            format!("<{}", shown(max))
        });
    }
    parts.join(",")
}

/// An exclusive upper bound as it is shown: without the `.dev0` that was put there when read.
fn shown(max: &Version) -> Version {
    if max.dev() == Some(0) && max.pre().is_none() {
        max.clone().with_dev(None)
    } else {
        max.clone()
    }
}

/// `1.2` of the range that `==1.2.*` stands for.
fn wildcard_prefix(range: &Range) -> Option<String> {
    let (Some(min), Some(max)) = (&range.min, &range.max) else {
        return None;
    };
    if !range.include_min || range.include_max {
        return None;
    }
    prefix(min, max)
}

/// `1.2` of the two ranges that `!=1.2.*` stands for.
fn excluded_prefix(ranges: &[Range]) -> Option<String> {
    let [low, high] = ranges else { return None };
    let (None, Some(min), Some(max), None) = (&low.min, &low.max, &high.min, &high.max) else {
        return None;
    };
    if low.include_max || !high.include_min {
        return None;
    }
    prefix(min, max)
}

/// What both bounds start with, when the upper one is the first development release of the next
/// release at some part. The epoch is not shown, as in poetry-core 2.5.0.
fn prefix(min: &Version, max: &Version) -> Option<String> {
    let plain = |version: &Version| {
        version.dev() == Some(0)
            && version.pre().is_none()
            && version.post().is_none()
            && !version.is_local()
    };
    if !plain(min) || !plain(max) || min.epoch() != max.epoch() {
        return None;
    }
    let parts = min.release().len().max(max.release().len());
    let padded = |version: &Version| -> Vec<u64> {
        version
            .release()
            .iter()
            .copied()
            .chain(std::iter::repeat(0))
            .take(parts)
            .collect()
    };
    let (low, high) = (padded(min), padded(max));
    let at = low.iter().zip(&high).position(|(low, high)| low != high)?;
    let rest_is_zero = low.iter().skip(at + 1).all(|part| *part == 0);
    if *bump_at(&low, at).release() != *high || !rest_is_zero {
        return None;
    }
    let parts: Vec<String> = low.iter().take(at + 1).map(ToString::to_string).collect();
    Some(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(constraint: &str) -> String {
        Constraint::read(constraint, Reading::Requirement)
            .unwrap()
            .to_string()
    }

    /// Verified against poetry-core 2.5.0.
    #[test]
    fn prints_what_poetry_prints() {
        for (written, printed) in [
            ("^0.4", ">=0.4,<0.5"),
            ("^0.0.0.2", ">=0.0.0.2,<0.0.1.0"),
            ("~3", ">=3,<4"),
            ("~=2.4.1", ">=2.4.1,<2.5.0"),
            ("==4.*", "==4.*"),
            (
                ">=4,!=4.2.0,!=4.3.*,<6",
                ">=4,!=4.2.0,<4.3 || >=4.4.dev0,<6",
            ),
            (">=3,!=4.0.*,!=4.1.*", ">=3,<4.0 || >=4.2.dev0"),
            ("^3 || ^4", ">=3,<4 || >=4,<5"),
            ("= 7.1", "7.1"),
            ("<2.post1", "<2.post1"),
            ("2.0-rc.1", "2.0rc1"),
            (">=5 <4", "<empty>"),
        ] {
            assert_eq!(text(written), printed, "{written}");
        }
        for wrong in ["===1", "^1.*", "1.x", "a"] {
            assert!(
                Constraint::read(wrong, Reading::Requirement).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn alternatives_are_specifiers_each() {
        let text = |text: &str| -> Vec<String> {
            let constraint = Constraint::read(text, Reading::Requirement).unwrap();
            let specifiers = constraint.pep440();
            specifiers.iter().map(ToString::to_string).collect()
        };
        assert_eq!(text("^1.2"), [">=1.2, <2.0"]);
        assert_eq!(text("*"), [""]);
        assert_eq!(text("1.2"), ["==1.2"]);
        assert_eq!(text("~1.2 || 3.*"), [">=1.2, <1.3", "==3.*"]);
        assert_eq!(text(">=1,!=1.5,<2"), [">=1, !=1.5, <2"]);
        assert_eq!(text(">=2,!=2.1.*"), [">=2, <2.1", ">=2.2.dev0"]);
        assert_eq!(text("<1,>2"), [""; 0]);
    }

    #[test]
    fn prints_pep_508_where_only_releases_are_left_out() {
        let text = |text: &str| pep508(&Constraint::read(text, Reading::Requirement).unwrap());
        assert_eq!(text(">=6,!=8.1.*"), ">=6,!=8.1.*");
        assert_eq!(text("3.1"), "==3.1");
        assert_eq!(text(">=3,!=4.0.*,!=4.1.*,<5"), ">=3,<4.0 || >=4.2.dev0,<5");
    }
}
