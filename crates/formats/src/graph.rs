//! The chosen packages as a graph with package URLs: what inventories list.
//! <https://github.com/package-url/purl-spec>

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use diagnostic::{Diagnose, Diagnostic};
use lock::{
    ArtifactSource, Groups, GroupsFrom, Lock, PackageId, Part, Selected, Selection, Source, select,
};
use packaging::PackageName;

use crate::{Local, WriteRequest, Written, export};

/// A chosen package.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) selected: Selected<'a>,
    /// Its package URL.
    pub(crate) purl: String,
    /// A word for it that no other package has.
    pub(crate) reference: String,
    /// The references of what it requires.
    pub(crate) requires: BTreeSet<String>,
    /// Whether a root requires it itself.
    pub(crate) is_direct: bool,
    /// Whether it is wanted without any dependency group.
    pub(crate) is_runtime: bool,
}

/// The chosen packages but the root itself, and what the root requires.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    /// The project in the lock's own folder.
    pub(crate) root: Option<&'a PackageId>,
    pub(crate) nodes: Vec<Node<'a>>,
}

/// The graph of a selection.
pub(crate) fn graph<'a>(
    lock: &'a Lock,
    request: &WriteRequest<'_>,
    written: &mut Written,
) -> Result<Graph<'a>, Vec<Diagnostic>> {
    let all = export::choose(lock, request, Local::Written, written)?;
    // Here the edges are written.
    written.losses.retain(|loss| *loss != crate::Loss::Edges);
    let without_groups = Selection {
        groups: Groups {
            from: GroupsFrom::Nothing,
            ..Groups::default()
        },
        ..request.selection.clone()
    };
    let runtime = select(lock, &without_groups).map_err(|error| vec![error.diagnose()])?;
    let runtime: BTreeSet<&PackageId> = runtime
        .packages
        .iter()
        .map(|selected| &selected.package.id)
        .collect();
    let root = lock.roots().find(|root| root.id.source.is_own_folder());
    let root = root.map(|root| &root.id);
    let environment = request.environment;
    let is_installed =
        |selected: &Selected<'_>| environment.is_none_or(|it| selected.marker.evaluate(it, &[]));
    let chosen: Vec<Selected<'a>> = all.into_iter().filter(is_installed).collect();
    let references = references(&chosen);
    let direct = direct(lock);
    let mut nodes = Vec::new();
    for selected in chosen {
        let id = &selected.package.id;
        if Some(id) == root {
            continue;
        }
        let mut requires = BTreeSet::new();
        let extras = selected.extras.iter().cloned().map(Part::Extra);
        for part in std::iter::once(Part::Base).chain(extras) {
            for edge in selected.package.edges(&part) {
                let is_open =
                    environment.is_none_or(|it| edge.marker.without_extras().evaluate(it, &[]));
                if let Some(reference) = references
                    .get(&edge.id)
                    .filter(|_| is_open && edge.id != *id)
                {
                    requires.insert(reference.clone());
                }
            }
        }
        nodes.push(Node {
            purl: purl(id),
            reference: references.get(id).cloned().unwrap_or_default(),
            requires,
            is_direct: direct.contains(&id.name),
            is_runtime: runtime.contains(id),
            selected,
        });
    }
    nodes.sort_by(|a, b| a.reference.cmp(&b.reference));
    Ok(Graph { root, nodes })
}

/// What roots require, and what was asked for beside them.
fn direct(lock: &Lock) -> BTreeSet<PackageName> {
    let asked = lock
        .asked_beside()
        .map(|requirement| requirement.name.clone());
    let roots = lock.roots().flat_map(|root| {
        let parts: Vec<Part> = root.parts().collect();
        parts
            .into_iter()
            .flat_map(|part| root.edges(&part).to_vec())
    });
    asked.chain(roots.map(|edge| edge.id.name)).collect()
}

/// Package URLs; a number tells those apart that have the same.
fn references<'a>(chosen: &[Selected<'a>]) -> BTreeMap<&'a PackageId, String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut references = BTreeMap::new();
    for selected in chosen {
        let id = &selected.package.id;
        let purl = purl(id);
        let count = seen.entry(purl.clone()).or_default();
        *count += 1;
        let reference = if *count == 1 {
            purl
        } else {
            format!("{purl}#{count}")
        };
        references.insert(id, reference);
    }
    references
}

/// The package URL of a package.
pub(crate) fn purl(id: &PackageId) -> String {
    let mut purl = format!("pkg:pypi/{}", id.name);
    if let Some(version) = &id.version {
        purl.push('@');
        purl.push_str(&encoded(&version.to_string(), ""));
    }
    match &id.source {
        Source::Registry(_) => {}
        Source::Git { url, commit, .. } => {
            let place = encoded(&format!("git+{url}@{commit}"), ":/");
            let _ = write!(purl, "?vcs_url={place}");
        }
        Source::Url { url, .. } => {
            let _ = write!(purl, "?download_url={}", encoded(url, ":/"));
        }
        Source::Path(path)
        | Source::Directory(path)
        | Source::Editable(path)
        | Source::Virtual(path) => {
            let _ = write!(purl, "?file_name={}", encoded(path, "/"));
        }
    }
    purl
}

/// Percent-encoded, but for letters, digits, `.-_~` and what is allowed besides.
fn encoded(text: &str, allowed: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric()
            || ".-_~".contains(character)
            || allowed.contains(character)
        {
            encoded.push(character);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The URL of a file, where it has one.
pub(crate) fn url_of(file: &lock::Artifact) -> Option<&str> {
    match &file.source {
        ArtifactSource::Url(url) => Some(url),
        ArtifactSource::Path(_) | ArtifactSource::Name(_) => None,
    }
}
