//! Sentences from a derivation: proxies folded, ranges narrowed to what exists.

use std::sync::Arc;

use packaging::{PackageName, VersionRange, version};
use pubgrub::{DerivationTree, Derived, External, Map, ReportFormatter, Reporter, Term};

use super::{Conflict, Reason, Tree};
use crate::node::Node;

pub(super) fn explain(conflict: &Conflict) -> String {
    let tree = fold(conflict.tree.clone());
    pubgrub::DefaultStringReporter::report_with_formatter(&tree, &Sentences { conflict })
}

/// Drops the steps that only say that a proxy is its project.
fn fold(tree: Tree) -> Tree {
    let DerivationTree::Derived(derived) = tree else {
        return tree;
    };
    let first = fold((*derived.cause1).clone());
    let second = fold((*derived.cause2).clone());
    if is_proxy_step(&first) {
        return second;
    }
    if is_proxy_step(&second) {
        return first;
    }
    DerivationTree::Derived(Derived {
        terms: derived.terms,
        shared_id: derived.shared_id,
        cause1: Arc::new(first),
        cause2: Arc::new(second),
    })
}

fn is_proxy_step(tree: &Tree) -> bool {
    match tree {
        DerivationTree::External(External::FromDependencyOf(from, _, to, _)) => {
            !matches!(from, Node::Root) && from.name().is_some() && from.name() == to.name()
        }
        DerivationTree::External(External::NoVersions(node, _)) => {
            matches!(
                node,
                Node::Python | Node::Marker { .. } | Node::Extra { .. }
            )
        }
        _ => false,
    }
}

struct Sentences<'a> {
    conflict: &'a Conflict,
}

impl Sentences<'_> {
    fn subject(&self, node: &Node) -> String {
        match node {
            Node::Root => "your project".to_owned(),
            Node::Python => "the requested Python version".to_owned(),
            Node::Package {
                name,
                kind: crate::node::Kind::Base,
                ..
            } if self.conflict.members.contains(name) => "your project".to_owned(),
            _ => {
                let text = node.to_string();
                text.split('{').next().unwrap_or(&text).to_owned()
            }
        }
    }

    fn set(&self, node: &Node, range: &VersionRange) -> String {
        let subject = self.subject(node);
        if matches!(node, Node::Root) || node.name().is_some_and(|it| self.is_member(it)) {
            return subject;
        }
        let marker = node
            .marker()
            .text()
            .map(|it| format!("{{{it}}}"))
            .unwrap_or_default();
        let range = self.narrowed(node, range);
        match range_text(&range) {
            Some(range) => format!("{subject}{marker}{range}"),
            None => format!("all versions of {subject}{marker}"),
        }
    }

    fn wanted(&self, node: &Node, range: &VersionRange) -> String {
        let subject = self.subject(node);
        let marker = node
            .marker()
            .text()
            .map(|it| format!("{{{it}}}"))
            .unwrap_or_default();
        format!("{subject}{marker}{}", range_text(range).unwrap_or_default())
    }

    fn is_member(&self, name: &PackageName) -> bool {
        self.conflict.members.contains(name)
    }

    /// The range drawn tight around the versions that exist.
    fn narrowed(&self, node: &Node, range: &VersionRange) -> VersionRange {
        match node
            .name()
            .and_then(|name| self.conflict.versions.get(name))
        {
            Some(known) if !known.is_empty() => range.simplify(known.iter()),
            _ => range.clone(),
        }
    }

    fn no_versions(&self, node: &Node, range: &VersionRange) -> String {
        let known = node
            .name()
            .and_then(|name| self.conflict.versions.get(name));
        let subject = self.subject(node);
        match known.map(Vec::as_slice) {
            Some([only]) => format!("only {subject}=={only} is available"),
            Some([first, .., last]) if !range.contains(first) || !range.contains(last) => {
                let outside = range.complement().simplify(known.into_iter().flatten());
                match range_text(&outside) {
                    Some(outside) => format!("only {subject}{outside} is available"),
                    None => format!("there are no versions of {}", self.wanted(node, range)),
                }
            }
            _ => format!("there are no versions of {}", self.wanted(node, range)),
        }
    }
}

/// A range as specifiers; `None` for all versions.
pub(super) fn range_text(range: &VersionRange) -> Option<String> {
    if *range == VersionRange::full() {
        return None;
    }
    let range = version::without_sentinels(range);
    let segments: Vec<String> = range
        .iter()
        .map(|(lower, upper)| segment_text(lower, upper))
        .collect();
    Some(segments.join(" | "))
}

fn segment_text(
    lower: std::ops::Bound<&packaging::Version>,
    upper: std::ops::Bound<&packaging::Version>,
) -> String {
    use std::ops::Bound;
    let lower_text = match lower {
        Bound::Included(version) => format!(">={version}"),
        Bound::Excluded(version) => format!(">{version}"),
        Bound::Unbounded => String::new(),
    };
    let upper_text = match upper {
        Bound::Included(version) => format!("<={version}"),
        Bound::Excluded(version) => upper_excluded(lower, version),
        Bound::Unbounded => String::new(),
    };
    match (lower, upper) {
        (Bound::Included(lower), Bound::Included(upper)) if lower == upper => format!("=={lower}"),
        (Bound::Included(lower), Bound::Excluded(upper)) if is_successor(lower, upper) => {
            format!("=={lower}")
        }
        _ if !lower_text.is_empty() && !upper_text.is_empty() => {
            format!("{lower_text},{upper_text}")
        }
        _ => format!("{lower_text}{upper_text}"),
    }
}

/// `<2.dev0` is what `<2` means, and `<1.0.post0.dev0` what `<=1.0` means.
fn upper_excluded(
    _lower: std::ops::Bound<&packaging::Version>,
    version: &packaging::Version,
) -> String {
    if version.dev() == Some(0) && version.post() == Some(0) && version.pre().is_none() {
        return format!("<={}", version.clone().with_dev(None).with_post(None));
    }
    if version.dev() == Some(0) && version.post().is_none() {
        return format!("<{}", version.clone().with_dev(None));
    }
    format!("<{version}")
}

fn is_successor(lower: &packaging::Version, upper: &packaging::Version) -> bool {
    upper.dev() == Some(0)
        && upper.post() == Some(0)
        && upper.clone().with_dev(None).with_post(None) == *lower
}

impl ReportFormatter<Node, VersionRange, Reason> for Sentences<'_> {
    type Output = String;

    fn format_external(&self, external: &External<Node, VersionRange, Reason>) -> String {
        match external {
            External::NotRoot(node, _) => format!("we are solving {}", self.subject(node)),
            External::NoVersions(node, range) => self.no_versions(node, range),
            External::Custom(node, range, reason) => match reason {
                Reason::Package(_) => format!("{} {reason}", self.subject(node)),
                Reason::Version(_) => format!("{} {reason}", self.set(node, range)),
            },
            External::FromDependencyOf(from, from_range, to, range) => {
                let subject = self.set(from, from_range);
                let verb = match (from, to) {
                    (_, Node::Python) => "requires",
                    _ => "depends on",
                };
                match to {
                    Node::Python => format!(
                        "{subject} {verb} Python{}",
                        range_text(range).unwrap_or_default()
                    ),
                    _ => format!("{subject} {verb} {}", self.wanted(to, range)),
                }
            }
        }
    }

    fn format_terms(&self, terms: &Map<Node, Term<VersionRange>>) -> String {
        let mut terms: Vec<_> = terms.iter().collect();
        terms.sort_by_key(|(node, _)| node.to_string());
        let is_ours = |node: &Node| {
            matches!(node, Node::Root) || node.name().is_some_and(|name| self.is_member(name))
        };
        match &terms[..] {
            [] => "your project's requirements are unsatisfiable".to_owned(),
            [(node, Term::Positive(_))] if is_ours(node) => {
                "your project's requirements are unsatisfiable".to_owned()
            }
            [(node, Term::Positive(range))] => {
                format!("{} cannot be used", self.set(node, range))
            }
            [(node, Term::Negative(range))] => {
                format!("{} must be used", self.wanted(node, range))
            }
            [(from, Term::Positive(range)), (to, Term::Negative(wanted))]
            | [(to, Term::Negative(wanted)), (from, Term::Positive(range))] => {
                format!(
                    "{} depends on {}",
                    self.set(from, range),
                    self.wanted(to, wanted)
                )
            }
            all => {
                let parts: Vec<String> = all
                    .iter()
                    .map(|(node, term)| match term {
                        Term::Positive(range) => self.set(node, range),
                        Term::Negative(range) => format!("not {}", self.wanted(node, range)),
                    })
                    .collect();
                format!("{} are incompatible", parts.join(", "))
            }
        }
    }

    fn explain_both_external(
        &self,
        first: &External<Node, VersionRange, Reason>,
        second: &External<Node, VersionRange, Reason>,
        terms: &Map<Node, Term<VersionRange>>,
    ) -> String {
        format!(
            "Because {} and {}, we can conclude that {}.",
            self.format_external(first),
            self.format_external(second),
            self.format_terms(terms)
        )
    }

    fn explain_both_ref(
        &self,
        first_number: usize,
        first: &Derived<Node, VersionRange, Reason>,
        second_number: usize,
        second: &Derived<Node, VersionRange, Reason>,
        terms: &Map<Node, Term<VersionRange>>,
    ) -> String {
        format!(
            "Because we know from ({first_number}) that {} and we know from ({second_number}) that {}, we can conclude that {}.",
            self.format_terms(&first.terms),
            self.format_terms(&second.terms),
            self.format_terms(terms)
        )
    }

    fn explain_ref_and_external(
        &self,
        number: usize,
        derived: &Derived<Node, VersionRange, Reason>,
        external: &External<Node, VersionRange, Reason>,
        terms: &Map<Node, Term<VersionRange>>,
    ) -> String {
        format!(
            "Because we know from ({number}) that {} and {}, we can conclude that {}.",
            self.format_terms(&derived.terms),
            self.format_external(external),
            self.format_terms(terms)
        )
    }

    fn and_explain_external(
        &self,
        external: &External<Node, VersionRange, Reason>,
        terms: &Map<Node, Term<VersionRange>>,
    ) -> String {
        format!(
            "And because {}, we can conclude that {}.",
            self.format_external(external),
            self.format_terms(terms)
        )
    }

    fn and_explain_ref(
        &self,
        number: usize,
        derived: &Derived<Node, VersionRange, Reason>,
        terms: &Map<Node, Term<VersionRange>>,
    ) -> String {
        format!(
            "And because we know from ({number}) that {}, we can conclude that {}.",
            self.format_terms(&derived.terms),
            self.format_terms(terms)
        )
    }

    fn and_explain_prior_and_external(
        &self,
        prior: &External<Node, VersionRange, Reason>,
        external: &External<Node, VersionRange, Reason>,
        terms: &Map<Node, Term<VersionRange>>,
    ) -> String {
        format!(
            "And because {} and {}, we can conclude that {}.",
            self.format_external(prior),
            self.format_external(external),
            self.format_terms(terms)
        )
    }
}
