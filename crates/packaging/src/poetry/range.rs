//! Sets of versions as poetry computes with them: one range, several, or none.
//!
//! The rules are those seen in poetry-core 2.5.0 (poetry 2.5.1). They differ from PEP 440's in
//! corners that show in a lock's text: `<2` ends at `2.dev0`, equal bounds keep the spelling of
//! the left side, and a version set is never merged across the gap between `2.dev0` and `2`.

use std::cmp::Ordering;

use crate::Version;

/// Versions between two bounds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Range {
    /// The lower bound, if there is one.
    pub min: Option<Version>,
    /// The upper bound, if there is one.
    pub max: Option<Version>,
    /// Whether the lower bound belongs to the range.
    pub include_min: bool,
    /// Whether the upper bound belongs to the range.
    pub include_max: bool,
}

impl Range {
    /// All versions.
    #[must_use]
    pub fn any() -> Self {
        Self {
            min: None,
            max: None,
            include_min: false,
            include_max: false,
        }
    }

    /// One version.
    #[must_use]
    pub fn exactly(version: Version) -> Self {
        Self {
            min: Some(version.clone()),
            max: Some(version),
            include_min: true,
            include_max: true,
        }
    }

    /// What is above a version.
    #[must_use]
    pub fn from(version: Version, include_min: bool) -> Self {
        Self {
            min: Some(version),
            include_min,
            ..Self::any()
        }
    }

    /// What is below a version.
    #[must_use]
    pub fn until(version: Version, include_max: bool) -> Self {
        Self {
            max: Some(version),
            include_max,
            ..Self::any()
        }
    }

    /// From the first version to before the second.
    #[must_use]
    pub fn between(min: Version, max: Version) -> Self {
        Self {
            min: Some(min),
            max: Some(max),
            include_min: true,
            include_max: false,
        }
    }

    /// The only version of the range, if it holds one only.
    #[must_use]
    pub fn single(&self) -> Option<&Version> {
        let (Some(min), Some(max)) = (&self.min, &self.max) else {
            return None;
        };
        (min == max && self.include_min && self.include_max).then_some(min)
    }

    /// Whether there is no bound at all.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    fn is_void(&self) -> bool {
        let (Some(min), Some(max)) = (&self.min, &self.max) else {
            return false;
        };
        match min.cmp(max) {
            Ordering::Greater => true,
            Ordering::Equal => !(self.include_min && self.include_max),
            Ordering::Less => false,
        }
    }

    /// Whether the range reaches further down than the other.
    fn allows_lower(&self, other: &Self) -> bool {
        match (&self.min, &other.min) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(mine), Some(theirs)) => match mine.cmp(theirs) {
                Ordering::Less => true,
                Ordering::Greater => false,
                Ordering::Equal => self.include_min && !other.include_min,
            },
        }
    }

    /// Whether the range reaches further up than the other.
    fn allows_higher(&self, other: &Self) -> bool {
        match (&self.max, &other.max) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(mine), Some(theirs)) => match mine.cmp(theirs) {
                Ordering::Greater => true,
                Ordering::Less => false,
                Ordering::Equal => self.include_max && !other.include_max,
            },
        }
    }

    /// Whether the range ends before the other starts, with or without a gap.
    fn is_strictly_lower(&self, other: &Self) -> bool {
        let (Some(max), Some(min)) = (&self.max, &other.min) else {
            return false;
        };
        match max.cmp(min) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => !(self.include_max && other.include_min),
        }
    }

    /// Whether the other range starts exactly where this one ends.
    fn is_followed_by(&self, other: &Self) -> bool {
        let (Some(max), Some(min)) = (&self.max, &other.min) else {
            return false;
        };
        max == min && (self.include_max || other.include_min)
    }

    /// A single version stands for its local variants, too (`1.0` for `1.0+cpu`).
    fn holds(&self, version: &Version) -> bool {
        if let Some(single) = self.single() {
            return if single.is_local() {
                single == version
            } else {
                *single == version.clone().without_local()
            };
        }
        let above = self.min.as_ref().is_none_or(|min| {
            let version = plain_beside(version, min);
            if !self.include_min && version.is_post() && !min.is_post() {
                // `>1.2` leaves out `1.2.post1`.
                return version.with_post(None) > *min;
            }
            version > *min || (self.include_min && version == *min)
        });
        let below = self.max.as_ref().is_none_or(|max| {
            let version = plain_beside(version, max);
            version < *max || (self.include_max && version == *max)
        });
        above && below
    }

    fn intersect(&self, other: &Self) -> Option<Self> {
        if let Some(theirs) = other.single()
            && self.holds(theirs)
        {
            return Some(other.clone());
        }
        if let Some(version) = self.single() {
            return other.holds(version).then(|| self.clone());
        }
        if other.single().is_some() {
            return None;
        }
        let (min, include_min) = if self.allows_lower(other) {
            (&other.min, other.include_min)
        } else {
            (&self.min, self.include_min)
        };
        let (max, include_max) = if self.allows_higher(other) {
            (&other.max, other.include_max)
        } else {
            (&self.max, self.include_max)
        };
        let both = Self {
            min: min.clone(),
            max: max.clone(),
            include_min,
            include_max,
        };
        (!both.is_void()).then_some(both)
    }

    /// One range for both, when they touch or overlap.
    fn fuse(&self, other: &Self) -> Option<Self> {
        if other.single().is_some() && self.covers(other) {
            return Some(self.clone());
        }
        let (low, high) = if other.allows_lower(self) {
            (other, self)
        } else {
            (self, other)
        };
        if low.is_strictly_lower(high) && !low.is_followed_by(high) {
            return None;
        }
        // Equal bounds keep the spelling of the other range.
        let (min, include_min) = if self.allows_lower(other) {
            (&self.min, self.include_min)
        } else {
            (&other.min, other.include_min)
        };
        let (max, include_max) = if self.allows_higher(other) {
            (&self.max, self.include_max)
        } else {
            (&other.max, other.include_max)
        };
        Some(Self {
            min: min.clone(),
            include_min,
            max: max.clone(),
            include_max,
        })
    }

    fn covers(&self, other: &Self) -> bool {
        if let Some(version) = other.single() {
            return self.holds(version);
        }
        !other.allows_lower(self) && !other.allows_higher(self)
    }
}

/// A version as a bound sees it: a local part counts only beside another one.
fn plain_beside(version: &Version, bound: &Version) -> Version {
    if version.is_local() && !bound.is_local() {
        version.clone().without_local()
    } else {
        version.clone()
    }
}

/// A set of versions: disjoint ranges, ascending.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Constraint(Vec<Range>);

impl From<Range> for Constraint {
    fn from(range: Range) -> Self {
        Self(if range.is_void() {
            Vec::new()
        } else {
            vec![range]
        })
    }
}

impl Constraint {
    /// All versions.
    #[must_use]
    pub fn any() -> Self {
        Self(vec![Range::any()])
    }

    /// No version.
    #[must_use]
    pub fn empty() -> Self {
        Self(Vec::new())
    }

    /// All versions but one.
    #[must_use]
    pub fn except(version: &Version) -> Self {
        Self(vec![
            Range::until(version.clone(), false),
            Range::from(version.clone(), false),
        ])
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[Range] {
        &self.0
    }

    /// The range, if it is one.
    #[must_use]
    pub fn range(&self) -> Option<&Range> {
        match self.0.as_slice() {
            [range] => Some(range),
            _ => None,
        }
    }

    /// Whether all versions are in the set.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.range().is_some_and(Range::is_any)
    }

    /// Whether no version is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The only version, if the set holds one only.
    #[must_use]
    pub fn single(&self) -> Option<&Version> {
        self.range().and_then(Range::single)
    }

    /// The only version that is *not* in the set, if there is exactly one.
    #[must_use]
    pub fn excluded(&self) -> Option<&Version> {
        let [low, high] = self.0.as_slice() else {
            return None;
        };
        if low.min.is_some() || high.max.is_some() || low.include_max || high.include_min {
            return None;
        }
        low.max
            .as_ref()
            .filter(|max| high.min.as_ref() == Some(max))
    }

    /// Whether one operator and one version say it all.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        match self.range() {
            Some(range) => range.single().is_some() || range.min.is_none() || range.max.is_none(),
            None => self.excluded().is_some(),
        }
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        if self.0.len() == 1 && other.0.len() > 1 {
            // Equal bounds keep the spelling of several ranges rather than that of one.
            return other.intersect(self);
        }
        let mut both = Vec::new();
        for mine in &self.0 {
            both.extend(other.0.iter().filter_map(|theirs| mine.intersect(theirs)));
        }
        Self(both)
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if let (Some(mine), Some(theirs)) = (self.range(), other.range())
            && let Some(fused) = mine.fuse(theirs)
        {
            return fused.into();
        }
        let mut ranges: Vec<Range> = self.0.iter().chain(&other.0).cloned().collect();
        ranges.sort_by(|a, b| {
            if a.allows_lower(b) {
                Ordering::Less
            } else if b.allows_lower(a) {
                Ordering::Greater
            } else if b.allows_higher(a) {
                Ordering::Less
            } else if a.allows_higher(b) {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        });
        let mut merged: Vec<Range> = Vec::new();
        for range in ranges {
            match merged.last().and_then(|last| last.fuse(&range)) {
                Some(fused) => {
                    merged.pop();
                    merged.push(fused);
                }
                None => merged.push(range),
            }
        }
        Self(merged)
    }

    /// Everything else.
    #[must_use]
    pub fn invert(&self) -> Self {
        let mut rest = Self::any();
        for range in &self.0 {
            let mut outside = Vec::new();
            if let Some(min) = &range.min {
                outside.push(Range::until(min.clone(), !range.include_min));
            }
            if let Some(max) = &range.max {
                outside.push(Range::from(max.clone(), !range.include_max));
            }
            rest = rest.intersect(&Self(outside));
        }
        rest
    }

    /// Whether everything of the other set is in this one.
    #[must_use]
    pub fn allows_all(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|theirs| self.0.iter().any(|mine| mine.covers(theirs)))
    }

    /// Whether the two sets share a version.
    #[must_use]
    pub fn allows_any(&self, other: &Self) -> bool {
        !self.intersect(other).is_empty()
    }
}
