//! Hash-consed decision diagrams: equal conditions are the same node.
//!
//! A node splits the values of one variable into neighbouring regions, and leads from each
//! region to a child that asks about later variables only. A reference to a node may stand
//! for its complement. Nodes live as long as the process.

use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::variable::{Cut, Value, Variable};
use crate::name::ExtraName;

/// A condition: a node or its complement.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Ref(u32);

impl Ref {
    pub(super) const TRUE: Self = Self(0);
    pub(super) const FALSE: Self = Self(1);

    /// The complement.
    pub(super) const fn not(self) -> Self {
        Self(self.0 ^ 1)
    }

    pub(super) const fn is_terminal(self) -> bool {
        self.0 < 2
    }

    const fn is_complement(self) -> bool {
        self.0 & 1 == 1
    }

    /// The child that a reference leads to, given the child of its node.
    const fn seen_through(self, parent: Self) -> Self {
        Self(self.0 ^ (parent.0 & 1))
    }

    const fn index(self) -> usize {
        (self.0 >> 1) as usize - 1
    }
}

/// A question, the boundaries between its answers, and where each answer leads.
///
/// **Invariant:** there is one child more than cuts, cuts ascend, neighbouring children differ,
/// and the first child is no complement (`equal_conditions_are_one_node` in the tests).
#[derive(Debug, Eq, Hash, PartialEq)]
pub(super) struct Node {
    pub(super) variable: Variable,
    pub(super) cuts: Box<[Cut]>,
    children: Box<[Ref]>,
}

impl Node {
    /// The children as seen through a reference to this node, in the order of the regions.
    pub(super) fn children(&self, through: Ref) -> impl DoubleEndedIterator<Item = Ref> + '_ {
        self.children
            .iter()
            .map(move |child| child.seen_through(through))
    }

    /// The child of one region as seen through a reference to this node.
    pub(super) fn child(&self, through: Ref, region: usize) -> Ref {
        self.children[region].seen_through(through)
    }

    /// The regions as bounds, each with its child as seen through a reference to this node.
    pub(super) fn regions(
        &self,
        through: Ref,
    ) -> impl Iterator<Item = (Bound<&Value>, Bound<&Value>, Ref)> + '_ {
        self.children(through).enumerate().map(|(region, child)| {
            let lower = region.checked_sub(1).map(|before| &self.cuts[before]);
            (
                lower_bound(lower),
                upper_bound(self.cuts.get(region)),
                child,
            )
        })
    }
}

/// The cut below a region that begins with this bound.
pub(super) fn lower_cut(bound: Bound<Value>) -> Option<Cut> {
    match bound {
        Bound::Included(value) => Some(Cut {
            value,
            after: false,
        }),
        Bound::Excluded(value) => Some(Cut { value, after: true }),
        Bound::Unbounded => None,
    }
}

/// The cut above a region that ends with this bound.
pub(super) fn upper_cut(bound: Bound<Value>) -> Option<Cut> {
    match bound {
        Bound::Included(value) => Some(Cut { value, after: true }),
        Bound::Excluded(value) => Some(Cut {
            value,
            after: false,
        }),
        Bound::Unbounded => None,
    }
}

fn lower_bound(cut: Option<&Cut>) -> Bound<&Value> {
    match cut {
        None => Bound::Unbounded,
        Some(Cut { value, after: true }) => Bound::Excluded(value),
        Some(Cut {
            value,
            after: false,
        }) => Bound::Included(value),
    }
}

fn upper_bound(cut: Option<&Cut>) -> Bound<&Value> {
    match cut {
        None => Bound::Unbounded,
        Some(Cut { value, after: true }) => Bound::Included(value),
        Some(Cut {
            value,
            after: false,
        }) => Bound::Excluded(value),
    }
}

/// Regions of one variable while they are put together, in ascending order.
#[derive(Default)]
pub(super) struct Regions {
    cuts: Vec<Cut>,
    children: Vec<Ref>,
    /// The end of the last region.
    end: Option<Cut>,
}

impl Regions {
    /// Adds the region that ends at the given cut.
    pub(super) fn push(&mut self, end: Option<&Cut>, child: Ref) {
        let begin = std::mem::replace(&mut self.end, end.cloned());
        if self.children.last() != Some(&child) {
            self.cuts.extend(begin);
            self.children.push(child);
        }
    }
}

/// The common refinement of two partitions: every region with its end and its place in both.
pub(super) fn overlay<'a>(
    first: &'a [Cut],
    second: &'a [Cut],
) -> impl Iterator<Item = (Option<&'a Cut>, usize, usize)> {
    let mut next = Some((0, 0));
    std::iter::from_fn(move || {
        let (left, right) = next?;
        let (end, step) = match (first.get(left), second.get(right)) {
            (None, None) => (None, None),
            (Some(cut), None) => (Some(cut), Some((left + 1, right))),
            (None, Some(cut)) => (Some(cut), Some((left, right + 1))),
            (Some(a), Some(b)) => match a.cmp(b) {
                std::cmp::Ordering::Less => (Some(a), Some((left + 1, right))),
                std::cmp::Ordering::Equal => (Some(a), Some((left + 1, right + 1))),
                std::cmp::Ordering::Greater => (Some(b), Some((left, right + 1))),
            },
        };
        next = step;
        Some((end, left, right))
    })
}

/// Every node there is, and what is known about them.
pub(super) struct Diagrams {
    nodes: Vec<&'static Node>,
    /// Whether each node, or one below it, asks about an extra.
    asks_extras: Vec<bool>,
    ids: FxHashMap<&'static Node, u32>,
    pub(super) conjunctions: FxHashMap<(Ref, Ref), Ref>,
    pub(super) disjoint: FxHashMap<(Ref, Ref), bool>,
    pub(super) restricted: FxHashMap<(Ref, Ref), Ref>,
    pub(super) without_extras: FxHashMap<Ref, Ref>,
    pub(super) only_extras: FxHashMap<Ref, Ref>,
    pub(super) no_extras: FxHashMap<Ref, Ref>,
    pub(super) extra_names: FxHashMap<Ref, Box<[ExtraName]>>,
    pub(super) impossible: Option<Ref>,
}

static DIAGRAMS: Mutex<Diagrams> = Mutex::new(Diagrams {
    nodes: Vec::new(),
    asks_extras: Vec::new(),
    ids: FxHashMap::with_hasher(FxBuildHasher),
    conjunctions: FxHashMap::with_hasher(FxBuildHasher),
    disjoint: FxHashMap::with_hasher(FxBuildHasher),
    restricted: FxHashMap::with_hasher(FxBuildHasher),
    without_extras: FxHashMap::with_hasher(FxBuildHasher),
    only_extras: FxHashMap::with_hasher(FxBuildHasher),
    no_extras: FxHashMap::with_hasher(FxBuildHasher),
    extra_names: FxHashMap::with_hasher(FxBuildHasher),
    impossible: None,
});

/// Locks the diagrams for one operation.
pub(super) fn diagrams() -> MutexGuard<'static, Diagrams> {
    // Nodes are only ever added whole, so a panic elsewhere leaves them sound.
    DIAGRAMS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Diagrams {
    /// The node of a reference that is no terminal.
    pub(super) fn node(&self, condition: Ref) -> &'static Node {
        debug_assert!(!condition.is_terminal());
        self.nodes[condition.index()]
    }

    /// Whether a condition asks about an extra anywhere.
    pub(super) fn asks_extras(&self, condition: Ref) -> bool {
        !condition.is_terminal() && self.asks_extras[condition.index()]
    }

    /// The one reference for these regions.
    pub(super) fn make(&mut self, variable: &Variable, regions: Regions) -> Ref {
        let Regions {
            cuts, mut children, ..
        } = regions;
        let through = children[0];
        if children.len() == 1 {
            return through;
        }
        if through.is_complement() {
            children.iter_mut().for_each(|child| *child = child.not());
        }
        let node = Node {
            variable: variable.clone(),
            cuts: cuts.into(),
            children: children.into(),
        };
        self.intern(node).seen_through(through)
    }

    fn intern(&mut self, node: Node) -> Ref {
        if let Some(id) = self.ids.get(&node) {
            return Ref(*id);
        }
        let node: &'static Node = Box::leak(Box::new(node));
        let asks_extras = matches!(node.variable, Variable::Extra(_))
            || node.children.iter().any(|child| self.asks_extras(*child));
        self.nodes.push(node);
        self.asks_extras.push(asks_extras);
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX >> 1) << 1;
        self.ids.insert(node, id);
        Ref(id)
    }

    /// The condition that the variable's value lies in one of these ascending segments.
    pub(super) fn within(
        &mut self,
        variable: &Variable,
        segments: impl IntoIterator<Item = (Bound<Value>, Bound<Value>)>,
    ) -> Ref {
        let mut regions = Regions::default();
        for (lower, upper) in segments {
            if let Some(cut) = lower_cut(lower) {
                regions.push(Some(&cut), Ref::FALSE);
            }
            match upper_cut(upper) {
                Some(cut) => regions.push(Some(&cut), Ref::TRUE),
                None => {
                    regions.push(None, Ref::TRUE);
                    return self.make(variable, regions);
                }
            }
        }
        regions.push(None, Ref::FALSE);
        self.make(variable, regions)
    }

    /// The condition that a yes-or-no question is answered with yes.
    pub(super) fn yes(&mut self, variable: &Variable) -> Ref {
        self.within(variable, [(Bound::Unbounded, Bound::Included(Value::Yes))])
    }

    /// The same question with other children.
    pub(super) fn map(
        &mut self,
        condition: Ref,
        mut change: impl FnMut(&mut Self, Ref) -> Ref,
    ) -> Ref {
        let node = self.node(condition);
        let mut regions = Regions::default();
        for (region, child) in node.children(condition).enumerate() {
            regions.push(node.cuts.get(region), change(self, child));
        }
        self.make(&node.variable, regions)
    }
}
