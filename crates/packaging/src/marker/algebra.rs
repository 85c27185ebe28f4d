//! And, or, disjointness; and the platforms that cannot exist.

use std::cmp::Ordering;
use std::ops::Bound;

use super::diagram::{Diagrams, Ref, Regions, overlay};
use super::variable::{MarkerString, Value, Variable};

/// Systems that no known `sys_platform` belongs to, iOS apart.
const FOREIGN_SYSTEMS: [&str; 6] = ["FreeBSD", "NetBSD", "OpenBSD", "SunOS", "iOS", "iPadOS"];

/// The values of `sys_platform` whose system is known.
const PLATFORMS: [&str; 9] = [
    "aix",
    "android",
    "emscripten",
    "ios",
    "linux",
    "darwin",
    "win32",
    "cygwin",
    "wasi",
];

/// Pairs of `os_name` and `sys_platform` that exclude each other.
const FOREIGN_NAMES: [(&str, &str); 4] = [
    ("nt", "linux"),
    ("nt", "darwin"),
    ("nt", "ios"),
    ("posix", "win32"),
];

/// An unordered pair as the key of a memory.
fn pair(left: Ref, right: Ref) -> (Ref, Ref) {
    if left <= right {
        (left, right)
    } else {
        (right, left)
    }
}

impl Diagrams {
    /// Both conditions hold; `FALSE` when only impossible platforms are left.
    pub(super) fn and(&mut self, left: Ref, right: Ref) -> Ref {
        if let Some(result) = trivial_and(left, right) {
            return result;
        }
        if let Some(result) = self.conjunctions.get(&pair(left, right)) {
            return *result;
        }
        let mut result = self.expand(left, right, Self::and);
        if self.may_exclude(left, right) && self.is_impossible(result) {
            result = Ref::FALSE;
        }
        self.conjunctions.insert(pair(left, right), result);
        result
    }

    /// At least one of the conditions holds.
    pub(super) fn or(&mut self, left: Ref, right: Ref) -> Ref {
        self.and(left.not(), right.not()).not()
    }

    /// Whether no environment satisfies both conditions.
    pub(super) fn is_disjoint(&mut self, left: Ref, right: Ref) -> bool {
        if let Some(result) = trivial_and(left, right) {
            return result == Ref::FALSE;
        }
        if self.may_exclude(left, right) {
            return self.and(left, right) == Ref::FALSE;
        }
        if let Some(result) = self.disjoint.get(&pair(left, right)) {
            return *result;
        }
        let result = self.all_regions(left, right, Self::is_disjoint);
        self.disjoint.insert(pair(left, right), result);
        result
    }

    fn may_exclude(&self, left: Ref, right: Ref) -> bool {
        self.node(left).variable.excludes() && self.node(right).variable.excludes()
    }

    /// Whether a condition holds on platforms that cannot exist only.
    fn is_impossible(&mut self, condition: Ref) -> bool {
        let impossible = self.impossible();
        self.is_plainly_disjoint(condition, impossible.not())
    }

    /// Disjointness by the values alone.
    fn is_plainly_disjoint(&mut self, left: Ref, right: Ref) -> bool {
        match trivial_and(left, right) {
            Some(result) => result == Ref::FALSE,
            None => self.all_regions(left, right, Self::is_plainly_disjoint),
        }
    }

    /// Conjunction by the values alone.
    fn plain_and(&mut self, left: Ref, right: Ref) -> Ref {
        trivial_and(left, right).unwrap_or_else(|| self.expand(left, right, Self::plain_and))
    }

    /// The platforms that cannot exist.
    fn impossible(&mut self) -> Ref {
        if let Some(impossible) = self.impossible {
            return impossible;
        }
        let mut impossible = Ref::FALSE;
        for (os_name, platform) in FOREIGN_NAMES {
            impossible = self.or_pair(impossible, (MarkerString::OsName, os_name), platform);
        }
        for system in FOREIGN_SYSTEMS {
            for platform in PLATFORMS {
                if platform == "ios" && matches!(system, "iOS" | "iPadOS") {
                    continue;
                }
                impossible =
                    self.or_pair(impossible, (MarkerString::PlatformSystem, system), platform);
            }
        }
        self.impossible = Some(impossible);
        impossible
    }

    fn or_pair(&mut self, so_far: Ref, other: (MarkerString, &str), platform: &str) -> Ref {
        let other = self.equals(other.0, other.1);
        let platform = self.equals(MarkerString::SysPlatform, platform);
        let both = self.plain_and(other, platform);
        self.plain_and(so_far.not(), both.not()).not()
    }

    /// The condition that a text is this one.
    pub(super) fn equals(&mut self, key: MarkerString, value: &str) -> Ref {
        let value = Value::Text(value.into());
        let point = (Bound::Included(value.clone()), Bound::Included(value));
        self.within(&Variable::String(key), [point])
    }

    /// Combines two conditions region by region of their first variable.
    fn expand(&mut self, left: Ref, right: Ref, combine: fn(&mut Self, Ref, Ref) -> Ref) -> Ref {
        let (first, second) = (self.node(left), self.node(right));
        match first.variable.cmp(&second.variable) {
            Ordering::Less => self.map(left, |this, child| combine(this, child, right)),
            Ordering::Greater => self.map(right, |this, child| combine(this, left, child)),
            Ordering::Equal => {
                let mut regions = Regions::default();
                for (end, i, j) in overlay(&first.cuts, &second.cuts) {
                    let (a, b) = (first.child(left, i), second.child(right, j));
                    regions.push(end, combine(self, a, b));
                }
                self.make(&first.variable, regions)
            }
        }
    }

    /// Whether something is true in all regions of the first variable of two conditions.
    fn all_regions(
        &mut self,
        left: Ref,
        right: Ref,
        holds: fn(&mut Self, Ref, Ref) -> bool,
    ) -> bool {
        let (first, second) = (self.node(left), self.node(right));
        match first.variable.cmp(&second.variable) {
            Ordering::Less => first.children(left).all(|child| holds(self, child, right)),
            Ordering::Greater => second.children(right).all(|child| holds(self, left, child)),
            Ordering::Equal => overlay(&first.cuts, &second.cuts)
                .all(|(_, i, j)| holds(self, first.child(left, i), second.child(right, j))),
        }
    }
}

/// A conjunction that needs no look at the nodes.
fn trivial_and(left: Ref, right: Ref) -> Option<Ref> {
    match (left, right) {
        (Ref::TRUE, other) | (other, Ref::TRUE) => Some(other),
        (Ref::FALSE, _) | (_, Ref::FALSE) => Some(Ref::FALSE),
        _ if left == right => Some(left),
        _ if left == right.not() => Some(Ref::FALSE),
        _ => None,
    }
}
