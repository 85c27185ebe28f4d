//! The derivation without the engine's own nodes: facts, and what follows from them.

use std::collections::BTreeSet;
use std::sync::Arc;

use packaging::{Marker, PackageName, RequiresPython, VersionRange};
use pubgrub::{DerivationTree, Derived, External, Term};
use rustc_hash::{FxHashMap, FxHashSet};

use super::reason::{Gone, PackageGone, Reason, Unusable};
use super::{Tree, visit};
use crate::node::{Kind, Node};

/// What is spoken of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Subject {
    /// The user's project or workspace.
    Ours,
    /// Python itself.
    Python,
    /// A project, one of its extras or groups.
    Project {
        name: PackageName,
        kind: Kind,
        /// When it is wanted; only said where somebody wants it.
        marker: Marker,
    },
}

impl Subject {
    pub(super) fn name(&self) -> Option<&PackageName> {
        match self {
            Self::Ours | Self::Python => None,
            Self::Project { name, .. } => Some(name),
        }
    }

    fn anywhere(self) -> Self {
        match self {
            Self::Project { name, kind, .. } => Self::Project {
                name,
                kind,
                marker: Marker::TRUE,
            },
            other => other,
        }
    }
}

/// What is simply so.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// These versions depend on that.
    Depends {
        from: Subject,
        versions: VersionRange,
        to: Subject,
        range: VersionRange,
    },
    /// A constraint of the user's allows only these.
    Bound { to: Subject, range: VersionRange },
    /// None of these versions can be had.
    Unavailable(Unavailable),
    /// The Pythons asked for are not all in this range.
    Python(VersionRange),
}

/// Why no version of a range can be had.
#[derive(Clone, Debug)]
pub(super) struct Unavailable {
    pub(super) name: PackageName,
    /// There are none here.
    pub(super) none: VersionRange,
    /// There are some here, which cannot be used.
    pub(super) gone: Vec<(VersionRange, Gone)>,
    /// There is nothing at all.
    pub(super) project: Option<PackageGone>,
}

impl Unavailable {
    fn none(name: PackageName, range: VersionRange) -> Self {
        Self {
            name,
            none: range,
            gone: Vec::new(),
            project: None,
        }
    }

    fn gone(name: PackageName, range: VersionRange, why: Gone) -> Self {
        Self {
            gone: vec![(range, why)],
            ..Self::none(name, VersionRange::empty())
        }
    }

    /// Both, what has one reason in words as one.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.none = self.none.union(&other.none);
        self.project = self.project.or(other.project);
        for (range, why) in other.gone {
            let text = why.to_string();
            let mut known = self.gone.iter_mut();
            match known.find(|(_, known)| *known == why || known.to_string() == text) {
                Some((known, _)) => *known = known.union(&range),
                None => self.gone.push((range, why)),
            }
        }
        self
    }
}

/// A statement about a project in a conclusion: `is_wanted` versions of it cannot all hold.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) subject: Subject,
    /// Whether the versions are picked, rather than ruled out.
    pub(super) is_picked: bool,
    pub(super) range: VersionRange,
}

/// What follows from facts and earlier inferences.
#[derive(Clone, Debug, Default)]
pub(super) struct Inference {
    /// What cannot hold together.
    pub(super) clauses: Vec<Clause>,
    pub(super) facts: Vec<Fact>,
    /// Earlier inferences, by their place.
    pub(super) from: Vec<usize>,
    /// Whether several inferences follow from it.
    pub(super) is_shared: bool,
}

/// A derivation: each inference follows from facts and from inferences before it.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    pub(super) inferences: Vec<Inference>,
}

impl Proof {
    /// Reads the engine's derivation; `None` if nothing remains of it.
    pub(super) fn read(tree: &Tree, own: &Own<'_>) -> Option<Self> {
        let mut reader = Reader {
            own,
            active: active_parts(tree, own),
            parts: FxHashMap::default(),
            inferences: Vec::new(),
        };
        match reader.read(tree) {
            Part::Nothing => None,
            Part::Inferred(end) => {
                reader.inferences.truncate(end + 1);
                Some(Self {
                    inferences: reader.inferences,
                })
            }
            Part::Fact(fact) => Some(Self {
                inferences: vec![Inference {
                    facts: vec![*fact],
                    ..Inference::default()
                }],
            }),
        }
    }

    /// The last inference, which says that there is no solution.
    pub(super) fn end(&self) -> usize {
        self.inferences.len().saturating_sub(1)
    }
}

/// What belongs to the user.
pub(super) struct Own<'a> {
    pub(super) members: &'a BTreeSet<PackageName>,
    /// Constraints, by project.
    pub(super) bounds: &'a [(PackageName, VersionRange)],
    /// Projects that nothing was found of, although the engine was only told of no versions.
    pub(super) missing: &'a dyn Fn(&PackageName) -> Option<PackageGone>,
}

impl Own<'_> {
    /// Whether the node is a member itself: part of what is asked, rather than of what follows.
    fn is_member(&self, node: &Node) -> bool {
        let is_base = match node {
            Node::Package { kind, .. } => *kind == Kind::Base,
            Node::Marker { .. } => true,
            _ => false,
        };
        is_base && node.name().is_some_and(|name| self.members.contains(name))
    }

    fn is_bound(&self, name: &PackageName, range: &VersionRange) -> bool {
        let mut bounds = self.bounds.iter();
        bounds.any(|(of, bound)| of == name && bound == range)
    }

    fn subject(&self, node: &Node) -> Subject {
        if self.members.len() == 1 && self.is_member(node) {
            return Subject::Ours;
        }
        self.named(node)
    }

    /// The subject by its own name, be it the user's or not.
    fn named(&self, node: &Node) -> Subject {
        let (name, kind, marker) = match node {
            Node::Root => return Subject::Ours,
            Node::Python => return Subject::Python,
            Node::Package { name, kind, marker } => (name, kind.clone(), marker),
            Node::Marker { name, marker } => (name, Kind::Base, marker),
            Node::Extra {
                name,
                extra,
                marker,
            } => (name, Kind::Extra(extra.clone()), marker),
            Node::Group {
                name,
                group,
                marker,
            } => (name, Kind::Group(group.clone()), marker),
        };
        Subject::Project {
            name: name.clone(),
            kind,
            marker: *marker,
        }
    }
}

/// What remains of a part of the tree.
#[derive(Clone, Debug)]
enum Part {
    /// It only said what everybody knows.
    Nothing,
    Fact(Box<Fact>),
    Inferred(usize),
}

struct Reader<'a> {
    own: &'a Own<'a>,
    /// Extras and groups of members whose own requirements take part.
    active: FxHashSet<(PackageName, Kind)>,
    parts: FxHashMap<*const Tree, Part>,
    inferences: Vec<Inference>,
}

impl Reader<'_> {
    /// Reads a tree without recursion: derivations can be thousands of steps deep.
    fn read(&mut self, tree: &Tree) -> Part {
        let mut stack = vec![tree];
        while let Some(&current) = stack.last() {
            let key = std::ptr::from_ref(current);
            if self.parts.contains_key(&key) {
                stack.pop();
                continue;
            }
            let part = match current {
                DerivationTree::External(external) => self.fact(external),
                DerivationTree::Derived(derived) => {
                    let known = |cause: &Arc<Tree>| self.parts.get(&Arc::as_ptr(cause)).cloned();
                    match (known(&derived.cause1), known(&derived.cause2)) {
                        (Some(first), Some(second)) => self.combine(derived, first, second),
                        (first, second) => {
                            stack.extend(first.is_none().then_some(&*derived.cause1));
                            stack.extend(second.is_none().then_some(&*derived.cause2));
                            continue;
                        }
                    }
                }
            };
            self.parts.insert(key, part);
            stack.pop();
        }
        self.parts
            .remove(&std::ptr::from_ref(tree))
            .unwrap_or(Part::Nothing)
    }

    fn fact(&self, external: &External<Node, VersionRange, Reason>) -> Part {
        let fact = match external {
            External::NotRoot(..) => return Part::Nothing,
            External::NoVersions(Node::Python, range) => Fact::Python(range.clone()),
            External::NoVersions(node, range) => {
                let is_foreign = |name: &&PackageName| !self.own.members.contains(name);
                let Some(name) = node.name().filter(is_foreign) else {
                    return Part::Nothing;
                };
                let mut unavailable = Unavailable::none(name.clone(), range.clone());
                unavailable.project = (self.own.missing)(name);
                Fact::Unavailable(unavailable)
            }
            External::Custom(node, range, reason) => {
                let Some(name) = node.name() else {
                    return Part::Nothing;
                };
                Fact::Unavailable(match reason {
                    Reason::Package(gone) => Unavailable {
                        project: Some(gone.clone()),
                        ..Unavailable::none(name.clone(), range.clone())
                    },
                    Reason::Version(gone) => {
                        Unavailable::gone(name.clone(), range.clone(), gone.clone())
                    }
                })
            }
            External::FromDependencyOf(from, versions, to, range) => {
                let is_proxy = !matches!(from, Node::Package { .. } | Node::Root | Node::Python);
                // What only stands for a member needs no saying.
                let is_asked = || match to {
                    Node::Extra { name, extra, .. } => {
                        let part = (name.clone(), Kind::Extra(extra.clone()));
                        self.own.members.contains(name) && !self.active.contains(&part)
                    }
                    to => self.own.is_member(to),
                };
                if is_proxy || matches!(from, Node::Root) && is_asked() {
                    return Part::Nothing;
                }
                let to = match to.name() {
                    Some(name) if self.own.is_bound(name, range) => {
                        let to = self.own.named(to);
                        let range = range.clone();
                        return Part::Fact(Box::new(Fact::Bound { to, range }));
                    }
                    // A project that depends on itself.
                    Some(_) if self.own.is_member(to) => self.own.named(to),
                    _ => self.own.subject(to),
                };
                Fact::Depends {
                    from: self.own.subject(from).anywhere(),
                    versions: versions.clone(),
                    to,
                    range: range.clone(),
                }
            }
        };
        Part::Fact(Box::new(fact))
    }

    fn combine(
        &mut self,
        derived: &Derived<Node, VersionRange, Reason>,
        first: Part,
        second: Part,
    ) -> Part {
        match (first, second) {
            (Part::Nothing, other) | (other, Part::Nothing) => other,
            (Part::Inferred(first), Part::Inferred(second)) if first == second => {
                Part::Inferred(first)
            }
            (Part::Fact(first), Part::Fact(second)) => match joined(&first, &second) {
                Some(fact) => Part::Fact(Box::new(fact)),
                None => self.infer(derived, vec![*first, *second], Vec::new()),
            },
            (Part::Inferred(at), Part::Fact(fact)) | (Part::Fact(fact), Part::Inferred(at)) => {
                match self.absorbed(at, &fact) {
                    Some((facts, from)) => self.infer(derived, facts, from),
                    None => self.infer(derived, vec![*fact], vec![at]),
                }
            }
            (Part::Inferred(first), Part::Inferred(second)) => {
                self.infer(derived, Vec::new(), vec![first, second])
            }
        }
    }

    fn infer(
        &mut self,
        derived: &Derived<Node, VersionRange, Reason>,
        facts: Vec<Fact>,
        from: Vec<usize>,
    ) -> Part {
        self.inferences.push(Inference {
            clauses: self.clauses(derived),
            facts,
            from,
            is_shared: derived.shared_id.is_some(),
        });
        Part::Inferred(self.inferences.len() - 1)
    }

    /// The premises of an inference with one more reason why a project cannot be had, if that is
    /// what the inference is about already.
    fn absorbed(&self, at: usize, fact: &Fact) -> Option<(Vec<Fact>, Vec<usize>)> {
        let inference = &self.inferences[at];
        if inference.is_shared || inference.facts.len() + inference.from.len() > 2 {
            return None;
        }
        let mut facts = inference.facts.clone();
        let known = facts
            .iter_mut()
            .find_map(|known| joined_in_place(known, fact));
        known.map(|()| (facts, inference.from.clone()))
    }

    /// What a derived term says, without the engine's own nodes: each project once.
    fn clauses(&self, derived: &Derived<Node, VersionRange, Reason>) -> Vec<Clause> {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut terms: Vec<_> = derived.terms.iter().collect();
        terms.sort_by_cached_key(|(node, _)| node.to_string());
        for (node, term) in terms {
            let (is_picked, range) = match term {
                Term::Positive(range) => (true, range),
                Term::Negative(range) => (false, range),
            };
            if is_picked && (matches!(node, Node::Root) || self.own.is_member(node)) {
                continue;
            }
            let subject = self.own.subject(node);
            let subject = if is_picked {
                subject.anywhere()
            } else {
                subject
            };
            let known = clauses
                .iter_mut()
                .find(|known| known.subject == subject && known.is_picked == is_picked);
            match known {
                Some(known) if is_picked => known.range = known.range.intersection(range),
                Some(known) => known.range = known.range.union(range),
                None => clauses.push(Clause {
                    subject,
                    is_picked,
                    range: range.clone(),
                }),
            }
        }
        clauses
    }
}

/// The extras and groups of members whose own requirements take part.
fn active_parts(tree: &Tree, own: &Own<'_>) -> FxHashSet<(PackageName, Kind)> {
    let mut active = FxHashSet::default();
    visit(tree, &mut |external| {
        if let External::FromDependencyOf(Node::Package { name, kind, .. }, ..)
        | External::Custom(Node::Package { name, kind, .. }, ..) = external
            && own.members.contains(name)
        {
            active.insert((name.clone(), kind.clone()));
        }
    });
    active
}

/// Two facts as one, where that is one thing to say.
fn joined(first: &Fact, second: &Fact) -> Option<Fact> {
    let mut fact = first.clone();
    if joined_in_place(&mut fact, second).is_some() {
        return Some(fact);
    }
    let (depends, unsatisfied) = match (first, second) {
        (Fact::Depends { .. }, Fact::Python(python)) => (first, python),
        (Fact::Python(python), Fact::Depends { .. }) => (second, python),
        _ => return None,
    };
    match depends {
        Fact::Depends {
            from: Subject::Project { name, .. },
            versions,
            to: Subject::Python,
            range,
        } if range.subset_of(unsatisfied) => {
            let python = RequiresPython::from_range(range.clone());
            let why = Gone::Unusable(Unusable::RequiresPython(python.into()));
            Some(Fact::Unavailable(Unavailable::gone(
                name.clone(),
                versions.clone(),
                why,
            )))
        }
        _ => None,
    }
}

fn joined_in_place(known: &mut Fact, more: &Fact) -> Option<()> {
    match (known, more) {
        (Fact::Unavailable(known), Fact::Unavailable(more)) if known.name == more.name => {
            *known = known.clone().and(more.clone());
            Some(())
        }
        (Fact::Python(known), Fact::Python(more)) => {
            *known = known.union(more);
            Some(())
        }
        _ => None,
    }
}
