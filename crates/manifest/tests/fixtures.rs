//! Every folder of `fixtures` is a workspace; its `expected.txt` holds what is told about it:
//! the diagnostics as people see them, and what the projects ask for. Those whose names start with
//! `poetry-reads-` are read as poetry reads them.
//!
//! `BLESS=1 cargo test -p lockwright-manifest --test fixtures` writes the files anew.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use diagnostic::text::{Dress, render};
use diagnostic::{Diagnostic, Sources};
use lockwright_manifest::{Dialect, LoweredRequirement, Workspace, foreign};
use packaging::{RequirementSource, SourcedRequirement};

fn collect(folder: &Path, base: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, base, files);
        } else if path.file_name().is_some_and(|name| name != "expected.txt") {
            let name = path
                .strip_prefix(base)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

fn one(requirement: &SourcedRequirement) -> String {
    let mut text = requirement.name.to_string();
    if !requirement.extras.is_empty() {
        let extras: Vec<&str> = requirement
            .extras
            .iter()
            .map(|extra| extra.as_str())
            .collect();
        let _ = write!(text, "[{}]", extras.join(","));
    }
    match &requirement.source {
        RequirementSource::Registry {
            specifiers,
            index,
            conflict,
        } => {
            let _ = write!(text, "{}", packaging::version::specifiers_text(specifiers));
            if let Some(index) = index {
                let _ = write!(text, " from {index}");
            }
            if let Some(conflict) = conflict {
                let _ = write!(text, " with {:?}", conflict.kind);
            }
        }
        RequirementSource::Url { url, subdirectory } => {
            let _ = write!(
                text,
                " url {url} {}",
                subdirectory.as_deref().unwrap_or_default()
            );
        }
        RequirementSource::Git {
            url,
            reference,
            subdirectory,
            ..
        } => {
            let folder = subdirectory.as_deref().unwrap_or_default();
            let _ = write!(text, " git {url} {reference:?} {folder}");
        }
        RequirementSource::Path(path) => {
            let _ = write!(text, " path {path}");
        }
        RequirementSource::Directory {
            path,
            editable,
            is_virtual,
        } => {
            let kind = match (editable, is_virtual) {
                (true, _) => "editable",
                (_, true) => "virtual",
                _ => "directory",
            };
            let _ = write!(text, " {kind} {path}");
        }
    }
    let mut text = text.trim_end().to_owned();
    for others in &requirement.alternatives {
        let _ = write!(text, " or {}", packaging::version::specifiers_text(others));
    }
    if !requirement.marker.is_true() {
        let _ = write!(text, " ; {}", requirement.marker);
    }
    text
}

fn tell(
    out: &mut String,
    sources: &Sources<'_>,
    lowered: Result<Vec<LoweredRequirement>, Vec<Diagnostic>>,
) {
    match lowered {
        Ok(list) => {
            for lowered in list {
                let _ = writeln!(out, "  {:?}: {}", lowered.part, one(&lowered.requirement));
            }
        }
        Err(found) => out.push_str(&render(&found, sources, Dress::Plain)),
    }
}

fn describe(files: &BTreeMap<String, String>, dialect: Dialect) -> String {
    let sources = Sources::from(files);
    let foreign = files
        .keys()
        .find(|file| matches!(file.as_str(), "Pipfile" | "requirements.in"));
    let (workspace, found) = match foreign {
        None => Workspace::from_files_as(files, ".", dialect),
        Some(file) => {
            let (manifest, mut found) = foreign::read(&files[file], file, files);
            let workspace = manifest.and_then(|root| {
                let (workspace, more) = Workspace::around_root(root, files);
                found.extend(more);
                workspace
            });
            (workspace, found)
        }
    };
    let mut out = render(&found, &sources, Dress::Plain);
    let Some(workspace) = workspace else {
        return out;
    };
    match workspace.requires_python() {
        Ok(Some(python)) => {
            let _ = writeln!(out, "python {python}");
        }
        Ok(None) => out.push_str("python unsaid\n"),
        Err(error) => out.push_str(&render(&[error], &sources, Dress::Plain)),
    }
    match workspace.conflicts() {
        Ok(sets) => {
            for set in sets {
                let items: Vec<String> = set
                    .iter()
                    .map(|item| format!("{} {:?}", item.package, item.kind))
                    .collect();
                let _ = writeln!(out, "conflict {}", items.join(", "));
            }
        }
        Err(found) => out.push_str(&render(&found, &sources, Dress::Plain)),
    }
    for member in &workspace.members {
        let kind = format!("{:?}", workspace.kind(member)).to_lowercase();
        let _ = writeln!(out, "{} {kind} {}", member.name, member.path);
        tell(&mut out, &sources, workspace.lowered(member));
        for folder in ["vendored", "vendored/inner"] {
            if member.path == "."
                && let Some(lowered) = workspace.lowered_at(folder)
            {
                let _ = writeln!(out, "{folder}");
                tell(&mut out, &sources, lowered);
            }
        }
    }
    if workspace.is_projectless() {
        out.push_str("root\n");
        tell(&mut out, &sources, workspace.lowered_root());
    }
    if foreign.is_some() {
        for index in workspace.uv().settings.searched_indexes() {
            let _ = writeln!(out, "index {}", index.url);
        }
    }
    match workspace.lower_root(&workspace.uv().constraints) {
        Ok(list) => list.iter().for_each(|constraint| {
            let _ = writeln!(out, "constraint {}", one(constraint));
        }),
        Err(found) => out.push_str(&render(&found, &sources, Dress::Plain)),
    }
    out
}

#[test]
fn fixtures() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut folders: Vec<_> = fs::read_dir(&base)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let mut failed = Vec::new();
    for folder in folders {
        let mut files = BTreeMap::new();
        collect(&folder, &folder, &mut files);
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let dialect = match &*name {
            name if name.starts_with("poetry-reads-") => Dialect::Poetry,
            name if name.starts_with("pdm-reads-") => Dialect::Pdm,
            _ => Dialect::Uv,
        };
        let told = describe(&files, dialect);
        let expected = folder.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != told {
            failed.push(format!("{}:\n{told}", folder.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
