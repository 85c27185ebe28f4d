//! The edges of the graph as `uv.lock` writes them: without what their surroundings say already.

use std::collections::{BTreeSet, HashMap};

use lock::{Lock, Package, PackageId, Part};
use packaging::{ExtraName, Marker, PackageName};

use super::write::source;
use crate::layout::{Inline, one_line, quoted};

/// What has to be known about the whole graph to write one edge.
pub(super) struct Edges<'a> {
    pub(super) lock: &'a Lock,
    /// Where some fork speaks, simplified.
    environment: Marker,
    named: HashMap<&'a PackageName, usize>,
    packages: HashMap<&'a PackageId, &'a Package>,
}

/// An edge before it is printed.
struct Edge<'a> {
    id: &'a PackageId,
    extras: BTreeSet<&'a ExtraName>,
    marker: Marker,
}

impl<'a> Edges<'a> {
    pub(super) fn new(lock: &'a Lock) -> Self {
        let mut named = HashMap::new();
        for package in &lock.packages {
            *named.entry(&package.id.name).or_insert(0) += 1;
        }
        Self {
            lock,
            environment: lock.simplify(lock.environment()),
            named,
            packages: lock
                .packages
                .iter()
                .map(|package| (&package.id, package))
                .collect(),
        }
    }

    /// The edges of one part of a package: sorted, and merged where only the extras differ.
    pub(super) fn of(&self, package: &'a Package, part: &Part) -> Vec<String> {
        let parent = self.surroundings(package, part);
        let mut edges: Vec<Edge<'a>> = Vec::new();
        for edge in package.edges(part) {
            let marker = self
                .lock
                .simplify(edge.marker)
                .restrict(parent)
                .and(self.environment);
            let same = edges
                .iter_mut()
                .find(|known| *known.id == edge.id && known.marker == marker);
            match same {
                Some(known) => known.extras.extend(&edge.extras),
                None => {
                    let extras = edge.extras.iter().collect();
                    edges.push(Edge {
                        id: &edge.id,
                        extras,
                        marker,
                    });
                }
            }
        }
        edges.sort_by(|a, b| (a.id, &a.extras, a.marker).cmp(&(b.id, &b.extras, b.marker)));
        edges.iter().map(|edge| self.print(edge)).collect()
    }

    /// Where a part is reached, whatever extras are chosen: what its edges need not repeat.
    fn surroundings(&self, package: &Package, part: &Part) -> Marker {
        let reached = match part {
            Part::Base => package.marker,
            Part::Extra(extra) => package
                .extra_markers
                .get(extra)
                .copied()
                .unwrap_or(package.marker),
            Part::Group(_) => Marker::TRUE,
        };
        let reached = reached.without_extras();
        if reached.is_false() {
            Marker::TRUE
        } else {
            self.lock.simplify(reached)
        }
    }

    fn print(&self, edge: &Edge<'_>) -> String {
        let mut table = Inline::new().text("name", &edge.id.name);
        if self
            .named
            .get(&edge.id.name)
            .is_some_and(|count| *count > 1)
        {
            let version = edge.id.version.as_ref().map(ToString::to_string);
            table = table
                .maybe("version", version)
                .raw("source", source(&edge.id.source));
        }
        let extras: Vec<_> = edge
            .extras
            .iter()
            .filter(|extra| self.offers(edge.id, extra))
            .collect();
        if !extras.is_empty() {
            table = table.raw("extra", one_line(&quoted(extras)));
        }
        let marker = edge.marker.restrict(self.environment).text();
        table.maybe("marker", marker).finish()
    }

    /// Whether an extra of a package leads anywhere.
    fn offers(&self, id: &PackageId, extra: &ExtraName) -> bool {
        let package = self.packages.get(id);
        package.is_some_and(|package| {
            package
                .optional_dependencies
                .get(extra)
                .is_some_and(|edges| !edges.is_empty())
        })
    }
}
