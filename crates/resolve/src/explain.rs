//! Why there is no solution: the derivation as data, and as sentences.

mod hint;
mod proof;
mod range_text;
mod reason;
mod story;
mod wish;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::{Diagnose, Diagnostic};
use packaging::{Marker, PackageName, PythonBounds, RequiresPython, Version, VersionRange};
use pubgrub::{DerivationTree, External};
use rustc_hash::FxHashSet;

use crate::demand::Demand;
use crate::node::Node;
use crate::solve::ForkState;
use crate::world::{Found, World};
use proof::{Own, Proof};
use words::Words;

pub use hint::Hint;
pub(crate) use hint::instant;
pub use reason::Reason;
pub(crate) use reason::{Gone, PackageGone, Unusable};
pub use story::{Argument, Explanation, Premise};
pub use wish::Wish;

/// The engine's derivation.
pub(crate) type Tree = DerivationTree<Node, VersionRange, Reason>;

/// There is no solution, and why.
#[derive(Clone, Debug)]
pub struct Conflict {
    tree: Tree,
    /// The fork that failed, as a phrase; `None` when there was only one.
    pub fork: Option<String>,
    /// The versions that exist, of every project whose versions were looked at, ascending.
    pub versions: BTreeMap<PackageName, Vec<Version>>,
    /// The Pythons that the fork speaks for, as specifiers.
    pub requires_python: String,
    missing: BTreeMap<PackageName, PackageGone>,
    python: PythonBounds,
    environment: Marker,
    members: BTreeSet<PackageName>,
    bounds: Vec<(PackageName, VersionRange)>,
    hints: Vec<Hint>,
}

impl Conflict {
    pub(crate) fn new(tree: Tree, state: &ForkState, world: &mut World) -> Self {
        let mut versions = BTreeMap::new();
        let mut missing = BTreeMap::new();
        for name in chosen_projects(&tree) {
            match world.maps(&name, state.pinned_index(&name)) {
                Found::Maps(maps) => {
                    let mut known: Vec<Version> = maps
                        .iter()
                        .flat_map(|map| map.versions().cloned())
                        .collect();
                    known.sort_unstable();
                    known.dedup();
                    versions.insert(name, known);
                }
                Found::Gone(gone) => {
                    missing.insert(name, gone);
                }
                Found::Missing(_) => {}
            }
        }
        let hints = hint::gather(&tree, state, world);
        let python = RequiresPython::from_range(state.python.bounds.to_range());
        Self {
            tree,
            fork: state.environment.describe(),
            versions,
            missing,
            requires_python: python.to_string().replace(' ', ""),
            python: state.python.bounds.clone(),
            environment: state.environment.marker,
            members: world.problem.members.clone(),
            bounds: bounds(world),
            hints,
        }
    }

    /// The explanation, step by step.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let own = Own {
            members: &self.members,
            bounds: &self.bounds,
            missing: &|name| self.missing.get(name).cloned(),
        };
        let words = Words {
            members: &self.members,
            versions: &self.versions,
            requires_python: &self.requires_python,
            python: &self.python,
        };
        Proof::read(&self.tree, &own)
            .map_or_else(Explanation::default, |proof| story::tell(&proof, &words))
    }

    /// The explanation as sentences.
    #[must_use]
    pub fn prose(&self) -> String {
        self.explain().text()
    }

    /// What else there is to know, the most telling first.
    #[must_use]
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// The user's own requirements that take part, each once.
    #[must_use]
    pub fn wishes(&self) -> Vec<Wish> {
        self.own_part().0
    }

    /// Whether the Pythons asked for take part.
    #[must_use]
    pub fn blames_python(&self) -> bool {
        self.own_part().1
    }

    fn own_part(&self) -> (Vec<Wish>, bool) {
        let is_member = |name: &PackageName| self.members.contains(name);
        let is_bound = |name: &PackageName, range: &VersionRange| {
            let mut bounds = self.bounds.iter();
            bounds.any(|(of, bound)| of == name && bound == range)
        };
        wish::wishes(&self.tree, &is_member, &is_bound)
    }

    /// The Pythons that the fork speaks for.
    #[must_use]
    pub fn python(&self) -> &PythonBounds {
        &self.python
    }

    /// The environments that the fork speaks for.
    #[must_use]
    pub fn environment(&self) -> Marker {
        self.environment
    }

    /// Every project the derivation speaks of, by name.
    #[must_use]
    pub fn involved(&self) -> Vec<PackageName> {
        let mut names = BTreeSet::new();
        visit(&self.tree, &mut |external| {
            names.extend(nodes(external).into_iter().filter_map(Node::name).cloned());
        });
        names.into_iter().collect()
    }

    /// The projects that were not found anywhere, by name.
    #[must_use]
    pub fn missing_projects(&self) -> Vec<PackageName> {
        self.missing.keys().cloned().collect()
    }
}

/// The user's constraints as the engine knows them.
fn bounds(world: &World) -> Vec<(PackageName, VersionRange)> {
    let constraints = world.problem.constraints.iter().map(Demand::from);
    constraints
        .map(|demand| (demand.name, demand.range))
        .filter(|(_, range)| *range != VersionRange::full())
        .collect()
}

/// Visits the facts of a derivation, each once.
fn visit(tree: &Tree, see: &mut dyn FnMut(&External<Node, VersionRange, Reason>)) {
    let mut seen = FxHashSet::default();
    let mut stack = vec![tree];
    while let Some(current) = stack.pop() {
        if !seen.insert(std::ptr::from_ref(current)) {
            continue;
        }
        match current {
            DerivationTree::External(external) => see(external),
            DerivationTree::Derived(derived) => {
                stack.push(&*derived.cause2);
                stack.push(&*derived.cause1);
            }
        }
    }
}

fn nodes(external: &External<Node, VersionRange, Reason>) -> Vec<&Node> {
    match external {
        External::NotRoot(node, _) | External::NoVersions(node, _) | External::Custom(node, ..) => {
            vec![node]
        }
        External::FromDependencyOf(from, _, to, _) => vec![from, to],
    }
}

/// The projects whose versions the engine chose among.
///
/// Of others something may have been heard by chance: that must not change a word.
fn chosen_projects(tree: &Tree) -> BTreeSet<PackageName> {
    let mut names = BTreeSet::new();
    visit(tree, &mut |external| {
        let node = match external {
            External::NotRoot(..) => return,
            External::NoVersions(node, _) | External::Custom(node, ..) => node,
            External::FromDependencyOf(node @ Node::Package { .. }, ..) => node,
            External::FromDependencyOf(..) => return,
        };
        names.extend(node.name().cloned());
    });
    names
}

impl Diagnose for Conflict {
    fn diagnose(&self) -> Diagnostic {
        let title = match &self.fork {
            Some(fork) => format!("no solution found when resolving dependencies for {fork}"),
            None => "no solution found when resolving dependencies".to_owned(),
        };
        let title = format!("{title}\n\n{}", self.prose());
        let diagnostic = Diagnostic::error("resolve/no-solution", title);
        self.hints.iter().fold(diagnostic, |diagnostic, hint| {
            diagnostic.help(hint.to_string())
        })
    }
}
