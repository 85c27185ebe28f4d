//! From comparisons as people write them to conditions.
//!
//! The rules are those of uv 0.13.8: what it rewrites, ignores with a warning or takes as never true.

use std::ops::Bound;
use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::VersionPattern;

use super::diagram::{Diagrams, Ref};
use super::print::trimmed;
use super::variable::{MarkerList, MarkerString, MarkerVersion, Value, Variable};
use crate::name::ExtraName;
use crate::version::{Operator, Version, VersionRange, VersionSpecifier};

/// How a marker compares its two sides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Compatible,
    In,
    NotIn,
}

impl Comparison {
    /// The comparison with its sides exchanged.
    fn mirrored(self) -> Self {
        match self {
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            same => same,
        }
    }

    /// The specifier operator; `in` and `not in` have none.
    fn operator(self) -> Option<Operator> {
        Some(match self {
            Self::Equal => Operator::Equal,
            Self::NotEqual => Operator::NotEqual,
            Self::Greater => Operator::GreaterThan,
            Self::GreaterEqual => Operator::GreaterThanEqual,
            Self::Less => Operator::LessThan,
            Self::LessEqual => Operator::LessThanEqual,
            Self::Compatible => Operator::TildeEqual,
            Self::In | Self::NotIn => return None,
        })
    }
}

/// What a name in a marker stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Key {
    String(MarkerString),
    Version(MarkerVersion),
    PythonVersion,
    Extra,
    List(MarkerList),
}

impl Key {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "python_version" => Some(Self::PythonVersion),
            "extra" => Some(Self::Extra),
            _ => MarkerString::named(name)
                .map(Self::String)
                .or_else(|| MarkerVersion::named(name).map(Self::Version))
                .or_else(|| MarkerList::named(name).map(Self::List)),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::String(key) => key.as_str(),
            Self::Version(key) => key.as_str(),
            Self::PythonVersion => "python_version",
            Self::Extra => "extra",
            Self::List(list) => list.as_str(),
        }
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Operand {
    Key(Key),
    Quoted(String),
}

/// The values of `platform_system` that say the same as one of `sys_platform`.
fn platform_of(system: &str) -> Option<&'static str> {
    Some(match system {
        "Windows" => "win32",
        "Darwin" => "darwin",
        "Linux" => "linux",
        "AIX" => "aix",
        "Emscripten" => "emscripten",
        "Android" => "android",
        _ => return None,
    })
}

/// Why a comparison has no condition.
pub(super) enum Refusal {
    /// It says nothing, and is left out.
    Ignored(String),
    /// It is not allowed.
    Wrong(String),
}

impl Diagrams {
    /// The condition of one comparison.
    pub(super) fn lower(
        &mut self,
        left: &Operand,
        comparison: Comparison,
        right: &Operand,
    ) -> Result<Ref, Refusal> {
        match (left, right) {
            (Operand::Key(key), Operand::Quoted(text)) => {
                self.lower_key(*key, comparison, text, false)
            }
            (Operand::Quoted(text), Operand::Key(key)) => {
                self.lower_key(*key, comparison.mirrored(), text, true)
            }
            (Operand::Key(Key::List(list)), Operand::Key(_)) => Err(misplaced(*list)),
            (Operand::Key(_), Operand::Key(_)) => {
                Err(ignored("comparing two marker variables is not supported"))
            }
            (Operand::Quoted(_), Operand::Quoted(_)) => Err(ignored(
                "comparing two quoted strings says nothing about an environment",
            )),
        }
    }

    fn lower_key(
        &mut self,
        key: Key,
        comparison: Comparison,
        text: &str,
        reversed: bool,
    ) -> Result<Ref, Refusal> {
        match key {
            Key::String(key) => self.lower_string(key, comparison, text, reversed),
            Key::Version(key) => {
                let range = version_range(key.as_str(), comparison, text, reversed, release_range)?;
                Ok(self.within_versions(&Variable::Version(key), &range))
            }
            Key::PythonVersion => {
                let range = version_range(
                    key.as_str(),
                    comparison,
                    text,
                    reversed,
                    python_version_range,
                )?;
                Ok(self.within_versions(&super::variable::PYTHON, &range))
            }
            Key::Extra => self.lower_extra(comparison, text),
            Key::List(list) => self.lower_list(list, comparison, text, reversed),
        }
    }

    fn lower_extra(&mut self, comparison: Comparison, text: &str) -> Result<Ref, Refusal> {
        let negated = match comparison {
            Comparison::Equal => false,
            Comparison::NotEqual => true,
            _ => return Err(ignored("`extra` can be compared by `==` and `!=` only")),
        };
        let Ok(name) = ExtraName::new(text) else {
            return Ok(Ref::FALSE);
        };
        let extra = self.yes(&Variable::Extra(name.as_str().into()));
        Ok(if negated { extra.not() } else { extra })
    }

    fn lower_list(
        &mut self,
        list: MarkerList,
        comparison: Comparison,
        text: &str,
        reversed: bool,
    ) -> Result<Ref, Refusal> {
        let negated = match comparison {
            Comparison::In if reversed => false,
            Comparison::NotIn if reversed => true,
            _ => return Err(misplaced(list)),
        };
        // A text that is no name is kept as it is.
        let name = ExtraName::new(text).map_or_else(|_| text.into(), |name| name.as_str().into());
        let listed = self.yes(&Variable::List(list, name));
        Ok(if negated { listed.not() } else { listed })
    }

    fn lower_string(
        &mut self,
        key: MarkerString,
        comparison: Comparison,
        text: &str,
        reversed: bool,
    ) -> Result<Ref, Refusal> {
        let value: Arc<str> = text.into();
        let membership = if reversed {
            Variable::Contains(key, value)
        } else {
            Variable::In(key, value)
        };
        match comparison {
            Comparison::In => Ok(self.yes(&membership)),
            Comparison::NotIn => Ok(self.yes(&membership).not()),
            Comparison::Compatible => Err(ignored(format!(
                "`{key}` is no version and cannot be compared by `~=`"
            ))),
            _ => Ok(self.compare_strings(key, comparison, text)),
        }
    }

    /// A comparison by order or equality.
    pub(super) fn compare_strings(
        &mut self,
        key: MarkerString,
        comparison: Comparison,
        text: &str,
    ) -> Ref {
        match key {
            MarkerString::PlatformSystem => match platform_of(text) {
                Some(platform) => {
                    self.compare_names(MarkerString::SysPlatform, comparison, platform)
                }
                None => self.compare_names(key, comparison, text),
            },
            MarkerString::PlatformRelease => self.compare_releases(comparison, text),
            MarkerString::PlatformVersion => self.compare_texts(key, comparison, text),
            _ => self.compare_names(key, comparison, text),
        }
    }

    /// Names are equal or not; none is less than another.
    fn compare_names(&mut self, key: MarkerString, comparison: Comparison, text: &str) -> Ref {
        match comparison {
            Comparison::NotEqual => self.equals(key, text).not(),
            Comparison::Greater | Comparison::Less => Ref::FALSE,
            _ => self.equals(key, text),
        }
    }

    /// Texts are ordered by their characters.
    fn compare_texts(&mut self, key: MarkerString, comparison: Comparison, text: &str) -> Ref {
        let value = || Value::Text(text.into());
        let segment = match comparison {
            Comparison::NotEqual => return self.equals(key, text).not(),
            Comparison::Greater => (Bound::Excluded(value()), Bound::Unbounded),
            Comparison::GreaterEqual => (Bound::Included(value()), Bound::Unbounded),
            Comparison::Less => (Bound::Unbounded, Bound::Excluded(value())),
            Comparison::LessEqual => (Bound::Unbounded, Bound::Included(value())),
            _ => return self.equals(key, text),
        };
        self.within(&Variable::String(key), [segment])
    }

    /// Releases of Darwin are versions, those of other kernels are texts.
    fn compare_releases(&mut self, comparison: Comparison, text: &str) -> Ref {
        let key = MarkerString::PlatformRelease;
        let as_text = self.compare_texts(key, comparison, text);
        let Ok(range) = version_range(key.as_str(), comparison, text, false, release_range) else {
            return as_text;
        };
        let as_version = self.within_versions(&Variable::ReleaseVersion, &range);
        let darwin = self.equals(MarkerString::SysPlatform, "darwin");
        let on_darwin = self.and(darwin, as_version);
        let elsewhere = self.and(darwin.not(), as_text);
        self.or(on_darwin, elsewhere)
    }

    /// The condition that a version lies within a range; zeros at the end do not count.
    pub(super) fn within_versions(&mut self, variable: &Variable, range: &VersionRange) -> Ref {
        let value = |version: &Version| Value::Version(Version::new(trimmed_or_zero(version)));
        let segments: Vec<_> = range
            .iter()
            .map(|(lower, upper)| (lower.map(value), upper.map(value)))
            .collect();
        self.within(variable, segments)
    }
}

fn trimmed_or_zero(version: &Version) -> &[u64] {
    match trimmed(version.release()) {
        [] => &[0],
        release => release,
    }
}

/// A comparison that is left out.
fn ignored(reason: impl Into<String>) -> Refusal {
    Refusal::Ignored(reason.into())
}

/// A list anywhere but on the right of `in`.
fn misplaced(list: MarkerList) -> Refusal {
    Refusal::Wrong(format!(
        "`{list}` can only stand on the right of `in` and `not in`"
    ))
}

/// The range of a comparison with a version or a list of versions.
fn version_range(
    key: &str,
    comparison: Comparison,
    text: &str,
    reversed: bool,
    range: fn(Operator, &Version) -> VersionRange,
) -> Result<VersionRange, Refusal> {
    if matches!(comparison, Comparison::In | Comparison::NotIn) {
        if reversed {
            return Err(ignored(format!(
                "`{key}` is a version and contains no text"
            )));
        }
        return range_of_list(key, comparison, text, range);
    }
    let pattern = VersionPattern::from_str(text).map_err(|_| {
        ignored(format!(
            "`{key}` is compared with `{text}`, which is no version"
        ))
    })?;
    if reversed && pattern.is_wildcard() {
        return Err(ignored(format!(
            "`{text}` can only stand on the right of `==` and `!=`"
        )));
    }
    let refusal = || {
        ignored(format!(
            "`{key}` is compared with `{text}` in a way that has no sense"
        ))
    };
    let operator = comparison.operator().ok_or_else(refusal)?;
    let specifier = VersionSpecifier::from_pattern(operator, pattern).map_err(|_| refusal())?;
    Ok(range(*specifier.operator(), specifier.version()))
}

/// The range of a list of versions, separated by spaces.
fn range_of_list(
    key: &str,
    comparison: Comparison,
    text: &str,
    range: fn(Operator, &Version) -> VersionRange,
) -> Result<VersionRange, Refusal> {
    let mut union = VersionRange::empty();
    let mut is_possible = true;
    for word in text.split_whitespace() {
        let version = Version::from_str(word).map_err(|_| {
            ignored(format!(
                "`{key}` is compared with `{word}`, which is no version"
            ))
        })?;
        let part = range(Operator::Equal, &version);
        is_possible &= !part.is_empty();
        union = union.union(&part);
    }
    // With a version that `python_version` can never have, neither `in` nor `not in` ever holds.
    Ok(match comparison {
        _ if !is_possible => VersionRange::empty(),
        Comparison::NotIn => union.complement(),
        _ => union,
    })
}

/// The versions of a specifier when only release segments count.
pub(crate) fn release_range(operator: Operator, version: &Version) -> VersionRange {
    let release = version.only_release();
    match operator {
        Operator::Equal | Operator::ExactEqual => VersionRange::singleton(release),
        Operator::NotEqual => VersionRange::singleton(release).complement(),
        Operator::EqualStar => prefix_range(release.clone(), release.release()),
        Operator::NotEqualStar => prefix_range(release.clone(), release.release()).complement(),
        Operator::TildeEqual => {
            let (_, prefix) = release.release().split_last().unwrap_or((&0, &[]));
            prefix_range(release.clone(), prefix)
        }
        Operator::LessThan => VersionRange::strictly_lower_than(release),
        Operator::LessThanEqual => VersionRange::lower_than(release),
        Operator::GreaterThan => VersionRange::strictly_higher_than(release),
        Operator::GreaterThanEqual => VersionRange::higher_than(release),
    }
}

/// From a version to before the first that no longer has the prefix.
fn prefix_range(from: Version, prefix: &[u64]) -> VersionRange {
    let mut next = prefix.to_vec();
    if let Some(last) = next.last_mut() {
        *last = last.saturating_add(1);
    }
    VersionRange::between(from, Version::new(next))
}

/// The full versions of a comparison of `python_version`, which has two segments only.
fn python_version_range(operator: Operator, version: &Version) -> VersionRange {
    let written = version.release();
    let starred = matches!(operator, Operator::EqualStar | Operator::NotEqualStar);
    let series = match trimmed(written) {
        [_, _, _, ..] => return between_series(operator, &written[..2]),
        _ if starred && written.len() == 1 => return release_range(operator, version),
        [] => [0, 0],
        [major] => [*major, 0],
        [major, minor] => [*major, *minor],
    };
    let version = Version::new(series);
    let operator = match operator {
        Operator::Equal | Operator::ExactEqual | Operator::EqualStar => Operator::EqualStar,
        Operator::NotEqual | Operator::NotEqualStar => Operator::NotEqualStar,
        Operator::TildeEqual if written.len() > 2 => Operator::EqualStar,
        Operator::GreaterThan => {
            return VersionRange::higher_than(Version::new([series[0], series[1] + 1]));
        }
        Operator::LessThanEqual => {
            return VersionRange::strictly_lower_than(Version::new([series[0], series[1] + 1]));
        }
        Operator::LessThan if series == [0, 0] => return VersionRange::empty(),
        Operator::GreaterThanEqual if series == [0, 0] => return VersionRange::full(),
        same => same,
    };
    release_range(operator, &version)
}

/// A comparison of `python_version` with something that it can never equal.
fn between_series(operator: Operator, series: &[u64]) -> VersionRange {
    let next = Version::new([series[0], series[1] + 1]);
    match operator {
        Operator::NotEqual => VersionRange::full(),
        Operator::GreaterThan | Operator::GreaterThanEqual => VersionRange::higher_than(next),
        Operator::LessThan | Operator::LessThanEqual => VersionRange::strictly_lower_than(next),
        _ => VersionRange::empty(),
    }
}
