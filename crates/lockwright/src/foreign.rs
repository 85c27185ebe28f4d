//! Projects whose manifest is no `pyproject.toml`.

use std::collections::BTreeMap;

use diagnostic::Diagnostic;
use index::{Declared, SourceTree};
use manifest::foreign::StatedProject;
use manifest::{ForeignKind, Manifest, Workspace};

/// The manifests of other kinds that are looked for where there is no `pyproject.toml`, first to
/// last.
pub const FOREIGN_MANIFESTS: [&str; 5] = [
    "Pipfile",
    "setup.cfg",
    "setup.py",
    "requirements.in",
    "requirements.txt",
];

/// The workspace of a manifest among files, by its path.
#[must_use]
pub fn workspace(
    name: &str,
    files: &BTreeMap<String, String>,
) -> (Option<Workspace>, Vec<Diagnostic>) {
    let (manifest, mut found) = manifest(name, files);
    let Some(manifest) = manifest else {
        return (None, found);
    };
    let (workspace, more) = Workspace::around_root(manifest, files);
    found.extend(more);
    (workspace, found)
}

/// The manifest among files, by its path.
pub(crate) fn manifest(
    name: &str,
    files: &BTreeMap<String, String>,
) -> (Option<Manifest>, Vec<Diagnostic>) {
    let Some(text) = files.get(name) else {
        let title = format!("`{name}` is to be locked, but is not among the files");
        return (None, vec![Diagnostic::error("request/missing-file", title)]);
    };
    match ForeignKind::of(name) {
        Some(ForeignKind::Setuptools) => setuptools(name, files),
        Some(_) => manifest::foreign::read(text, name, files),
        None => {
            let title = format!("`{name}` is no manifest that can be read");
            let error = Diagnostic::error("request/unknown-manifest", title).help(KNOWN);
            (None, vec![error])
        }
    }
}

const KNOWN: &str = "known are `pyproject.toml`, `requirements.in` and `.txt`, `Pipfile`, `setup.cfg` and `setup.py`";

/// What `setup.py` and `setup.cfg` state of the project in the folder of one of them.
pub(crate) fn declared(name: &str, files: &BTreeMap<String, String>) -> Result<Declared, String> {
    let folder = name.rsplit_once('/').map_or("", |it| it.0);
    let mut tree = SourceTree::default();
    for (path, text) in files {
        if let Some(path) = index::stated::below(path, folder)
            && SourceTree::wants(path, text.len() as u64)
        {
            tree.keep(path, text.clone().into_bytes());
        }
    }
    tree.declared()
}

fn setuptools(name: &str, files: &BTreeMap<String, String>) -> (Option<Manifest>, Vec<Diagnostic>) {
    let declared = match declared(name, files) {
        Ok(declared) => declared,
        Err(reason) => {
            let title = format!("`{name}` does not state literally what the project requires");
            let error = Diagnostic::error("manifest/dynamic", format!("{title}: {reason}"))
                .help("state it in `setup.cfg`, or in `[project]` of a `pyproject.toml`: nothing here runs code");
            return (None, vec![error]);
        }
    };
    let text_of = |field: &str| {
        let text = declared.text(field)?;
        (!text.starts_with("attr:") && !text.starts_with("file:")).then(|| text.to_owned())
    };
    let project = StatedProject {
        name: text_of("name"),
        version: text_of("version"),
        requires_python: declared.requires_python.clone(),
        requirements: declared.requirements.clone(),
        extras: declared.extras.clone(),
    };
    let place = place(name, files, &project);
    let text = files.get(&place).map(String::as_str).unwrap_or_default();
    manifest::foreign::stated(&project, text, &place)
}

/// The file that the requirements stand in.
fn place(name: &str, files: &BTreeMap<String, String>, project: &StatedProject) -> String {
    let folder = name.rsplit_once('/').map_or("", |it| it.0);
    let extras = project.extras.iter().flat_map(|(_, lines)| lines);
    let first = project.requirements.iter().chain(extras).next();
    let both = ["setup.py", "setup.cfg"].map(|file| match folder {
        "" => file.to_owned(),
        folder => format!("{folder}/{file}"),
    });
    let holds = |file: &String| {
        let text = files.get(file)?;
        text.contains(first?.as_str()).then(|| file.clone())
    };
    both.iter()
        .find_map(holds)
        .unwrap_or_else(|| name.to_owned())
}
