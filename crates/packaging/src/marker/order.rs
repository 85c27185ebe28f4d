//! The order in which files list what has markers.

use std::cmp::Ordering;

use super::diagram::{Diagrams, Ref};
use super::variable::Variable;

impl Diagrams {
    /// A total order by structure; `TRUE` comes first, then `FALSE`.
    pub(super) fn compare(&self, left: Ref, right: Ref) -> Ordering {
        if left == right {
            return Ordering::Equal;
        }
        match (left.is_terminal(), right.is_terminal()) {
            (true, true) => (left == Ref::FALSE).cmp(&(right == Ref::FALSE)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.compare_nodes(left, right),
        }
    }

    fn compare_nodes(&self, left: Ref, right: Ref) -> Ordering {
        let (first, second) = (self.node(left), self.node(right));
        let variables = rank(&first.variable)
            .cmp(&rank(&second.variable))
            .then_with(|| first.variable.cmp(&second.variable));
        if variables != Ordering::Equal {
            return variables;
        }
        for (region, (a, b)) in first.children(left).zip(second.children(right)).enumerate() {
            // The last region has no end and is the larger.
            let ends = match (first.cuts.get(region), second.cuts.get(region)) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(end), Some(other)) => end.cmp(other),
            };
            let regions = ends.then_with(|| self.compare(a, b));
            if regions != Ordering::Equal {
                return regions;
            }
        }
        Ordering::Equal
    }
}

/// Versions before texts, unlike in a diagram.
fn rank(variable: &Variable) -> u8 {
    match variable {
        Variable::Version(_) => 0,
        Variable::ReleaseVersion => 1,
        Variable::String(_) => 2,
        Variable::In(..) => 3,
        Variable::Contains(..) => 4,
        Variable::List(..) => 5,
        Variable::Extra(_) => 6,
    }
}
