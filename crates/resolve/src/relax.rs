//! Ways out of a conflict: what could be changed, the smallest changes first.
//!
//! Nothing is resolved here. Whoever offers a change has to resolve the changed problem first.

use std::collections::BTreeSet;
use std::ops::Bound;

use packaging::{
    ConflictItem, ConflictKind, Marker, Operator, PackageName, RequiresPython, Version,
    VersionRange, VersionSpecifier, VersionSpecifiers, version,
};

use crate::explain::{Conflict, Hint, Wish, instant};
use crate::problem::Problem;

/// How long a marker may be to be offered.
const LONGEST_MARKER: usize = 100;

/// A change that may resolve a conflict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Pre-releases of a project are allowed.
    Prereleases(PackageName),
    /// The cut-off of a project comes after this upload, in milliseconds since 1970.
    CutOff {
        /// The project.
        name: PackageName,
        /// The upload.
        uploaded: i64,
    },
    /// A requirement of the user's own names one version.
    Pin {
        /// The requirement.
        wish: Wish,
        /// The version.
        version: Version,
    },
    /// A project that others require has one version.
    Constrain {
        /// The project.
        name: PackageName,
        /// The version.
        version: Version,
    },
    /// Pythons below this one are no longer supported.
    Python(Version),
    /// These are never installed together.
    Apart(Vec<ConflictItem>),
    /// A requirement of the user's own allows other versions.
    Loosen(Wish),
    /// Environments are left out; these remain.
    Environment(Marker),
    /// Several requirements of the user's own allow other versions.
    LoosenAll(Vec<Wish>),
    /// A requirement of the user's own goes away.
    Without(Wish),
}

impl Change {
    /// How much is asked of the user: what is larger is only of interest when nothing smaller helps.
    #[must_use]
    pub fn size(&self) -> u8 {
        match self {
            Self::LoosenAll(_) => 1,
            Self::Without(_) => 2,
            _ => 0,
        }
    }
}

impl Change {
    /// Whether another change that resolves makes it needless.
    #[must_use]
    pub fn is_needless_with(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Python(_), Self::Python(_)))
    }

    /// Whether it does what a hint only suggests.
    #[must_use]
    pub fn answers(&self, hint: &Hint) -> bool {
        match (self, hint) {
            (Self::Prereleases(name), Hint::Prereleases { name: of, .. }) => name == of,
            // Asking for a withdrawn version is a change of its own, offered where it helps.
            (_, Hint::Yanked { .. }) => true,
            (Self::Python(_), Hint::Python { .. }) | (Self::Apart(_), Hint::Together(_)) => true,
            _ => false,
        }
    }
}

/// What could be changed, the smallest changes first.
#[must_use]
pub fn changes(problem: &Problem, conflict: &Conflict) -> Vec<Change> {
    let wishes = conflict.wishes();
    let mut changes: Vec<Change> = Vec::new();
    for hint in conflict.hints() {
        match hint {
            Hint::Prereleases { name, .. } => changes.push(Change::Prereleases(name.clone())),
            Hint::CutOff {
                name,
                uploaded: Some(uploaded),
                ..
            } => changes.push(Change::CutOff {
                name: name.clone(),
                uploaded: *uploaded,
            }),
            _ => {}
        }
    }
    let somewhere = wishes.iter().filter_map(|wish| elsewhere(problem, wish));
    let (pythons, environments): (Vec<Change>, Vec<Change>) = environment(problem, conflict)
        .into_iter()
        .chain(next_python(problem, conflict).map(Change::Python))
        .chain(somewhere)
        .partition(|change| matches!(change, Change::Python(_)));
    changes.extend(lowest_first(pythons));
    changes.extend(apart(&wishes));
    changes.extend(wishes.iter().cloned().map(Change::Loosen));
    changes.extend(pins(conflict, &wishes));
    for change in environments {
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    changes.push(Change::LoosenAll(wishes.clone()));
    changes.extend(wishes.into_iter().map(Change::Without));
    changes
}

/// Withdrawn versions, asked for by name.
fn pins(conflict: &Conflict, wishes: &[Wish]) -> Vec<Change> {
    let mut changes = Vec::new();
    for hint in conflict.hints() {
        let Hint::Yanked { name, version } = hint else {
            continue;
        };
        let of_project = wishes.iter().filter(|wish| wish.name == *name);
        let known = changes.len();
        changes.extend(of_project.map(|wish| Change::Pin {
            wish: wish.clone(),
            version: version.clone(),
        }));
        if changes.len() == known {
            changes.push(Change::Constrain {
                name: name.clone(),
                version: version.clone(),
            });
        }
    }
    changes
}

/// Pythons to begin with, the one that leaves out the fewest first.
fn lowest_first(mut pythons: Vec<Change>) -> Vec<Change> {
    let version = |change: &Change| match change {
        Change::Python(version) => Some(version.clone()),
        _ => None,
    };
    pythons.sort_by_key(version);
    pythons.dedup();
    pythons
}

/// The Python from which on the conflict is none, as far as the derivation tells.
#[must_use]
pub fn next_python(problem: &Problem, conflict: &Conflict) -> Option<Version> {
    let asked = problem.requires_python.bounds();
    let wanted = conflict.hints().iter().find_map(|hint| match hint {
        Hint::Python { supports, .. } => {
            let python = RequiresPython::parse(supports).ok()?;
            match (&python.bounds().lower, python.bounds().raises(asked)) {
                (Bound::Included(lower), true) => Some(lower.clone()),
                _ => None,
            }
        }
        _ => None,
    });
    wanted.or_else(|| {
        let fork = conflict.python();
        match &fork.upper {
            Bound::Excluded(upper) if fork.compare_upper(asked).is_lt() => Some(upper.clone()),
            _ => None,
        }
    })
}

/// Extras and groups that could be declared never to be installed together.
fn apart(wishes: &[Wish]) -> Option<Change> {
    let items: BTreeSet<ConflictItem> = wishes
        .iter()
        .filter_map(|wish| wish.owner.clone())
        .filter(|owner| owner.kind != ConflictKind::Project)
        .collect();
    (items.len() > 1).then(|| Change::Apart(items.into_iter().collect()))
}

/// Leaves the fork out that failed.
fn environment(problem: &Problem, conflict: &Conflict) -> Option<Change> {
    without(problem, conflict.environment())
}

/// Leaves the environments out in which a requirement holds at all.
fn elsewhere(problem: &Problem, wish: &Wish) -> Option<Change> {
    without(problem, wish.marker())
}

/// Leaves environments out, where that can be said briefly: old Pythons by `requires-python`.
fn without(problem: &Problem, failed: Marker) -> Option<Change> {
    let asked = problem.requires_python.bounds();
    let failed = failed.without_extras().simplify_python(asked);
    if failed.is_true() || failed.is_false() {
        return None;
    }
    if let Some(python) = failed.python_bounds()
        && python.to_marker().simplify_python(asked) == failed
    {
        return match &python.upper {
            Bound::Excluded(upper) if python.compare_upper(asked).is_lt() => {
                Some(Change::Python(upper.clone()))
            }
            _ => None,
        };
    }
    let rest = failed.not();
    let is_brief = rest.text()?.len() <= LONGEST_MARKER;
    (is_brief && problem.environments.is_empty()).then_some(Change::Environment(rest))
}

/// A cut-off that lets an upload through: the next full second, as RFC 3339 has it.
#[must_use]
pub fn just_after(uploaded: i64) -> String {
    instant((uploaded.div_euclid(1000) + 1) * 1000)
}

/// Specifiers that keep what they can of others, and allow these versions.
#[must_use]
pub fn fitting(specifiers: &VersionSpecifiers, versions: &[Version]) -> VersionSpecifiers {
    let (Some(lowest), Some(highest)) = (versions.iter().min(), versions.iter().max()) else {
        return VersionSpecifiers::empty();
    };
    let allows = |range: &VersionRange| versions.iter().all(|version| range.contains(version));
    let mut fitting: Vec<VersionSpecifier> = Vec::new();
    let mut add = |specifier: VersionSpecifier| {
        if allows(&version::specifier_range(&specifier)) && !fitting.contains(&specifier) {
            fitting.push(specifier);
        }
    };
    let lower = lowest.clone().without_local();
    let from_lowest = || VersionSpecifier::greater_than_equal_version(lower.clone());
    let up_to_next = || VersionSpecifier::less_than_version(next_major(highest));
    for specifier in specifiers.iter() {
        if allows(&version::specifier_range(specifier)) {
            add(specifier.clone());
            continue;
        }
        match specifier.operator() {
            Operator::Equal | Operator::ExactEqual if lowest == highest => {
                add(VersionSpecifier::equals_version(lowest.clone()));
            }
            Operator::Equal | Operator::ExactEqual => {
                add(from_lowest());
            }
            Operator::EqualStar | Operator::TildeEqual => {
                add(from_lowest());
                add(up_to_next());
            }
            Operator::LessThan | Operator::LessThanEqual => add(up_to_next()),
            Operator::GreaterThan | Operator::GreaterThanEqual => add(from_lowest()),
            Operator::NotEqual | Operator::NotEqualStar => {}
        }
    }
    fitting.into_iter().collect()
}

/// The version that usually is the first to break something: `3` after `2.5`, `0.6` after `0.5.1`.
fn next_major(version: &Version) -> Version {
    let release = version.release();
    let leading = release.iter().take_while(|segment| **segment == 0).count();
    let at = leading.min(release.len().saturating_sub(1));
    let mut next: Vec<u64> = release.iter().take(at + 1).copied().collect();
    if let Some(last) = next.last_mut() {
        *last = last.saturating_add(1);
    }
    Version::new(next).with_epoch(version.epoch())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn specifiers_keep_what_they_can() {
        for (text, versions, expected) in [
            ("==1.0.0", &["2.1.0"][..], "==2.1.0"),
            ("==1.0.0", &["2.1.0", "2.0.0"], ">=2.0.0"),
            (">=1,<2", &["2.5.1"], ">=1,<3"),
            (">=3,<4", &["2.5.1"], ">=2.5.1,<4"),
            ("<0.5", &["0.5.3"], "<0.6"),
            ("~=1.4", &["2.5.1"], ">=2.5.1,<3"),
            ("==1.*", &["2.5.1"], ">=2.5.1,<3"),
            (">=1,!=2.5.1", &["2.5.1"], ">=1"),
            (">1.2.3", &["1.2.3+foo"], ">=1.2.3"),
            (">=1", &[], ""),
        ] {
            let specifiers = VersionSpecifiers::from_str(text).unwrap();
            let versions: Vec<Version> = versions.iter().map(|it| it.parse().unwrap()).collect();
            let fitting = fitting(&specifiers, &versions);
            let texts: Vec<String> = fitting.iter().map(ToString::to_string).collect();
            assert_eq!(texts.join(","), expected, "{text}");
        }
    }
}
