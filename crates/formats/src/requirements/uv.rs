//! The layout of `uv export`, uv 0.13.8.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use diagnostic::Diagnostic;
use lock::{Asked, Lock, Selected, Source};
use packaging::{GitReference, Hash, IndexUrl};

use crate::{Annotations, Hashes, Local, Loss, WriteRequest, Written, export};

pub(super) fn write(lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
    let mut written = Written::default();
    let mut packages = export::choose(lock, request, Local::LeftOut, &mut written)?;
    packages.sort_by(|a, b| compare(a, b));
    written.text = export::header(request);
    for selected in &packages {
        requirement(&mut written, selected, &lock.asked, request);
    }
    say_what_is_lost(&packages, &mut written);
    Ok(written)
}

/// Editable source trees come first, then other local things, both by path, then packages.
fn compare(a: &Selected<'_>, b: &Selected<'_>) -> Ordering {
    let rank = |selected: &Selected<'_>| match &selected.package.id.source {
        Source::Editable(path) => (0, Some(path.clone())),
        Source::Path(path) | Source::Directory(path) => (1, Some(path.clone())),
        _ => (2, None),
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| a.package.id.cmp(&b.package.id))
}

fn requirement(
    written: &mut Written,
    selected: &Selected<'_>,
    asked: &Asked,
    request: &WriteRequest<'_>,
) {
    let package = selected.package;
    let files = package.sdist.iter().chain(&package.wheels);
    // One digest for each file: an installer accepts a file for any of them.
    let hashes: BTreeSet<&Hash> = files
        .filter(|_| request.hashes == Hashes::Written)
        .filter_map(|file| file.hashes.iter().max_by_key(|hash| hash.algorithm))
        .collect();
    if hashes.is_empty() && request.hashes == Hashes::Written && !package.id.source.is_source_tree()
    {
        let (name, version) = (package.id.name.clone(), package.id.version.clone());
        written.lose(Loss::Unhashed { name, version });
    }
    let text = &mut written.text;
    text.push_str(&what(selected));
    if let Some(marker) = selected.marker.text() {
        let _ = write!(text, " ; {marker}");
    }
    for hash in hashes {
        let _ = write!(text, " \\\n    --hash={hash}");
    }
    text.push('\n');
    if request.annotations == Annotations::Written {
        text.push_str(&via(selected, asked));
    }
}

/// The comment that names who requires a package.
fn via(selected: &Selected<'_>, asked: &Asked) -> String {
    let origins = asked.origins.get(&selected.package.id.name);
    // Files come first; a bare word is a project, which sorts with the others.
    let (projects, files): (Vec<&str>, Vec<&str>) = origins
        .into_iter()
        .flatten()
        .map(|origin| &**origin)
        .partition(|origin| !origin.contains(' '));
    let names: BTreeSet<&str> = selected
        .via
        .iter()
        .map(|name| name.as_str())
        .chain(projects)
        .collect();
    let names: Vec<&str> = files.into_iter().chain(names).collect();
    match names.as_slice() {
        [] => String::new(),
        [name] => format!("    # via {name}\n"),
        _ => names.iter().fold("    # via\n".to_owned(), |text, name| {
            format!("{text}    #   {name}\n")
        }),
    }
}

/// What is to be installed: the line without marker and hashes.
fn what(selected: &Selected<'_>) -> String {
    let id = &selected.package.id;
    match &id.source {
        Source::Registry(_) => match &id.version {
            Some(version) => format!("{}=={version}", id.name),
            None => id.name.to_string(),
        },
        Source::Git {
            url,
            reference,
            commit,
            subdirectory,
        } => {
            let folder = subdirectory
                .as_ref()
                .map(|folder| format!("#subdirectory={folder}"));
            let revision = revision(reference, commit);
            let folder = folder.unwrap_or_default();
            format!("{} @ git+{url}{revision}{folder}", id.name)
        }
        Source::Url { url, subdirectory } => {
            let folder = subdirectory
                .as_ref()
                .map(|folder| format!("#subdirectory={folder}"));
            format!("{} @ {url}{}", id.name, folder.unwrap_or_default())
        }
        Source::Path(path) | Source::Directory(path) | Source::Virtual(path) => place(path),
        Source::Editable(path) => format!("-e {}", place(path)),
    }
}

/// `@` and the commit; what was asked for where no commit is known.
pub(super) fn revision(reference: &GitReference, commit: &str) -> String {
    match reference {
        _ if !commit.is_empty() => format!("@{commit}"),
        GitReference::Default => String::new(),
        GitReference::Branch(name) | GitReference::Tag(name) | GitReference::Revision(name) => {
            format!("@{name}")
        }
    }
}

/// A path that no installer takes for a name.
pub(super) fn place(path: &str) -> String {
    if path.starts_with('/') {
        format!("file://{path}")
    } else if path == "." || path.starts_with("./") || path.starts_with("../") || path == ".." {
        path.to_owned()
    } else {
        format!("./{path}")
    }
}

pub(super) fn say_what_is_lost(packages: &[Selected<'_>], written: &mut Written) {
    let files = || {
        packages
            .iter()
            .flat_map(|one| one.package.sdist.iter().chain(&one.package.wheels))
    };
    if files().next().is_some() {
        written.lose(Loss::FileUrls);
    }
    if files().any(|file| file.size.is_some() || file.upload_time.is_some()) {
        written.lose(Loss::FileFacts {
            facts: "sizes and upload times",
        });
    }
    let mut indexes: BTreeMap<&IndexUrl, usize> = BTreeMap::new();
    let from_index = packages
        .iter()
        .filter_map(|selected| match &selected.package.id.source {
            Source::Registry(index) => Some((&selected.package.id.name, index)),
            _ => None,
        });
    for (_, index) in from_index.clone() {
        *indexes.entry(index).or_insert(0) += 1;
    }
    let usual = indexes
        .iter()
        .max_by_key(|(_, count)| **count)
        .map(|(index, _)| *index);
    for (name, index) in from_index.filter(|(_, index)| Some(*index) != usual) {
        written.lose(Loss::Index {
            name: name.clone(),
            index: index.clone(),
        });
    }
}
