//! Builds a workspace out of the texts of its files.

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnostic::{Diagnose, Diagnostic};
use packaging::PackageName;

use super::{Member, MemberGlobs, Workspace, WorkspaceError};
use crate::lower::normalize;
use crate::tool_uv::{SourceKind, WorkspaceReference};
use crate::{Dialect, Manifest, read};

/// A workspace without members, out of a script; `files` are for its sources with a `path`.
pub(super) fn build_script(
    text: &str,
    file: &str,
    files: &BTreeMap<String, String>,
    found: &mut Vec<Diagnostic>,
) -> Option<Workspace> {
    let Some((manifest, diagnostics)) = crate::script::read(text, file) else {
        found.push(crate::script::ScriptError::None.diagnose().in_file(file));
        return None;
    };
    found.extend(diagnostics);
    let mut manifest = manifest?;
    forget_project_settings(&mut manifest);
    build_around(manifest, files, found)
}

/// A workspace without members but its root; `files` are for its sources with a `path`.
pub(super) fn build_around(
    root: Manifest,
    files: &BTreeMap<String, String>,
    found: &mut Vec<Diagnostic>,
) -> Option<Workspace> {
    let mut manifests = BTreeMap::new();
    for (path, text) in files {
        if let (Some(folder), (Some(other), _)) =
            (folder_of(&normalize(path), "."), read(text, path))
        {
            manifests.insert(folder, (Arc::new(other), false));
        }
    }
    assemble(Arc::new(root), manifests, found)
}

/// Forgets what is for projects: uv 0.13.8 does not read it in scripts.
fn forget_project_settings(script: &mut Manifest) {
    let uv = &mut script.uv;
    uv.workspace = None;
    uv.environments.clear();
    uv.required_environments.clear();
    uv.conflicts.clear();
    uv.default_groups = None;
    uv.dev_dependencies = None;
    uv.group_settings.clear();
    script.groups.clear();
    script.project = None;
}

pub(super) fn build(
    files: &BTreeMap<String, String>,
    root: &str,
    dialect: Dialect,
    found: &mut Vec<Diagnostic>,
) -> Option<Workspace> {
    let mut manifests = BTreeMap::new();
    let root = normalize(root);
    let file_of = |folder: &str| normalize(&format!("{folder}/pyproject.toml"));
    let texts: BTreeMap<String, (&String, &String)> = files
        .iter()
        .map(|(path, text)| (normalize(path), (path, text)))
        .collect();
    let Some((path, text)) = texts.get(&file_of(&root)) else {
        found.push(
            WorkspaceError::MissingFile {
                file: file_of(&root),
            }
            .diagnose(),
        );
        return None;
    };
    let (manifest, diagnostics) = dialect.read(text, path, true);
    found.extend(diagnostics);
    let manifest = Arc::new(manifest?);
    let asks = manifest.project.is_some() || !manifest.groups.is_empty();
    if !asks && manifest.uv.workspace.is_none() {
        found.push(
            WorkspaceError::NothingAsked
                .diagnose()
                .in_file(&manifest.file),
        );
    }
    let globs = MemberGlobs::new(&manifest, found);
    for (normalized, (path, text)) in &texts {
        let Some(folder) = folder_of(normalized, &root) else {
            continue;
        };
        if folder == "." {
            continue;
        }
        let (other, diagnostics) = dialect.read(text, path, false);
        let is_member = globs.matches(&folder);
        if is_member {
            found.extend(diagnostics);
        }
        if let Some(other) = other {
            manifests.insert(folder, (Arc::new(other), is_member));
        }
    }
    assemble(manifest, manifests, found)
}

/// The folder of a `pyproject.toml`, relative to the root.
fn folder_of(path: &str, root: &str) -> Option<String> {
    let folder = match path.rsplit_once('/') {
        Some((folder, "pyproject.toml")) => folder,
        None if path == "pyproject.toml" => ".",
        _ => return None,
    };
    if root == "." {
        return Some(folder.to_owned());
    }
    let (mut from, mut to) = (root.split('/').peekable(), folder.split('/').peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..");
    let parts: Vec<&str> = up.chain(to.filter(|part| *part != ".")).collect();
    Some(if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    })
}

fn assemble(
    root: Arc<Manifest>,
    manifests: BTreeMap<String, (Arc<Manifest>, bool)>,
    found: &mut Vec<Diagnostic>,
) -> Option<Workspace> {
    let mut members: BTreeMap<PackageName, Member> = BTreeMap::new();
    let mut local = BTreeMap::new();
    if let Some(project) = &root.project {
        let (name, path) = (project.name.clone(), ".".to_owned());
        members.insert(
            name.clone(),
            Member {
                name,
                path,
                manifest: root.clone(),
            },
        );
    }
    for (path, (manifest, is_member)) in manifests {
        if !is_member || manifest.uv.managed == Some(false) {
            local.insert(path, manifest);
            continue;
        }
        let Some(project) = &manifest.project else {
            found.push(
                WorkspaceError::MissingProject
                    .diagnose()
                    .in_file(&manifest.file),
            );
            continue;
        };
        let (name, span) = (project.name.clone(), project.name_span.clone());
        if let Some(first) = members.get(&name) {
            let first = first.path.clone();
            let error = WorkspaceError::DuplicateMember {
                name,
                first,
                second: path,
                span,
            };
            found.push(error.diagnose().in_file(&manifest.file));
            continue;
        }
        if let Some(table) = &manifest.uv.workspace {
            let error = WorkspaceError::Nested {
                path: path.clone(),
                span: table.span.clone(),
            };
            found.push(error.diagnose().in_file(&manifest.file));
        }
        members.insert(
            name.clone(),
            Member {
                name,
                path,
                manifest,
            },
        );
    }
    let members: Vec<Member> = members.into_values().collect();
    let required = required_members(&root, &members, found);
    let no_sources = root.uv.settings.no_sources.clone();
    let folder = ".".to_owned();
    Some(Workspace {
        root,
        members,
        required,
        local,
        folder,
        no_sources,
    })
}

/// The members that some source says are members, and whether it says that they are editable.
pub(super) fn required_members(
    root: &Manifest,
    members: &[Member],
    found: &mut Vec<Diagnostic>,
) -> BTreeMap<PackageName, Option<bool>> {
    let mut required: BTreeMap<PackageName, Option<bool>> = BTreeMap::new();
    let own_name = root.project.as_ref().map(|project| &project.name);
    let manifests = members
        .iter()
        .map(|member| (&*member.manifest, Some(&member.name)));
    for (manifest, own_name) in [(root, own_name)].into_iter().chain(manifests) {
        let others = manifest
            .uv
            .sources
            .iter()
            .filter(|(name, _)| own_name != Some(*name));
        for (name, source) in
            others.flat_map(|(name, list)| list.iter().map(move |one| (name, one)))
        {
            let SourceKind::Workspace {
                reference: WorkspaceReference::Here(true),
                editable,
            } = &source.kind
            else {
                continue;
            };
            let before = required.insert(name.clone(), *editable);
            if let (Some(Some(before)), Some(now)) = (before, editable)
                && before != *now
            {
                let error = WorkspaceError::EditableConflict {
                    name: name.clone(),
                    span: source.span.clone(),
                };
                found.push(error.diagnose().in_file(&manifest.file));
            }
        }
    }
    required
}
