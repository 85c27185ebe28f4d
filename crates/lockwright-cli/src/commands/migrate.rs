//! `lockwright migrate`: rewrites a project's manifest for another tool, with its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use diagnostic::{Diagnostic, Sources};
use lockwright::migration::{Carried, MigrateRequest, carried, group_of_requirements, rewritten};
use lockwright::{Failure, FailureKind, LockOptions, LockReply, LockRequest};
use manifest::ForeignKind;
use manifest::migrate::{Layout, Rewritten, Target, Words};
use packaging::PackageName;
use packaging::requirements_file::{RequirementsFile, Wanted};

use super::Status;
use super::lock::{credentials, summary};
use crate::arguments::migrate::MigrateArguments;
use crate::output;
use crate::progress::count;
use crate::project::ProjectFiles;
use crate::report;
use crate::session::{Session, environment, now, shown};
use crate::unified::unified;

const PYPROJECT: &str = "pyproject.toml";

/// Migrates a project.
#[must_use]
pub fn run(arguments: &MigrateArguments) -> Status {
    match migrate(arguments) {
        Ok(status) => status,
        Err(stopped) => stopped.report(),
    }
}

/// Why nothing was written.
struct Stopped {
    failure: Failure,
    project: Option<Box<ProjectFiles>>,
    /// The rewritten manifest, which diagnostics may point into.
    pyproject: Option<String>,
}

impl Stopped {
    fn input(diagnostics: Vec<Diagnostic>, project: Option<ProjectFiles>) -> Self {
        let failure = Failure {
            kind: FailureKind::Input,
            diagnostics,
        };
        Self {
            failure,
            project: project.map(Box::new),
            pyproject: None,
        }
    }

    fn report(&self) -> Status {
        let sources = match (&self.pyproject, &self.project) {
            (Some(text), _) => Sources::one(PYPROJECT, text),
            (None, Some(project)) => project.sources(),
            (None, None) => Sources::default(),
        };
        for diagnostic in &self.failure.diagnostics {
            report::say_diagnostic(diagnostic, &sources);
        }
        if self.pyproject.is_some() {
            report::say("nothing was written; `--no-lock` rewrites the manifest alone");
        }
        match self.failure.kind {
            FailureKind::NoSolution | FailureKind::NeedsBuild => Status::Unsolved,
            FailureKind::Cancelled => Status::Interrupted,
            _ => Status::Failed,
        }
    }
}

fn migrate(arguments: &MigrateArguments) -> Result<Status, Stopped> {
    let dialect = Words::of(&pyproject_at(&arguments.path)).dialect();
    let mut project = ProjectFiles::read(&arguments.path, dialect).map_err(|error| {
        let error = Diagnostic::error("cli/unreadable-file", error);
        Stopped::input(vec![error], None)
    })?;
    let target = Target::ALL.iter().find(|(name, _)| *name == arguments.to);
    let target = target.map_or(Target::Uv, |it| it.1);
    let file = project.folder.join(PYPROJECT);
    let groups = groups(&mut project);
    let request = migration(arguments, &project, groups, target);
    let rewritten = match rewritten(&request) {
        Ok(rewritten) => rewritten,
        Err(found) => return Err(Stopped::input(found, Some(project))),
    };
    let old = existing_lock(&project, &request.groups);
    let format = target.lock_format().and_then(formats::named);
    let started = Instant::now();
    let mut lock = None;
    if let Some(format) = format.filter(|_| !arguments.no_lock) {
        let previous = old.as_ref().map(|it| it.1.clone());
        let request = lock_request(arguments, &project, &rewritten, format.name(), previous);
        let session = Session {
            credentials: credentials(&request, &project),
            project: project.folder.clone(),
            is_offline: arguments.offline,
            is_quiet: arguments.quiet,
        };
        let locked = session
            .run(async |source, progress| lockwright::lock(&request, source, progress).await);
        let (reply, warnings) = locked.map_err(|failure| Stopped {
            failure,
            project: None,
            pyproject: Some(rewritten.pyproject.clone()),
        })?;
        for warning in warnings.iter().filter(|_| !arguments.quiet) {
            report::say_diagnostic(warning, &Sources::default());
        }
        lock = Some((project.folder.join(format.file_name()), reply));
    }
    let mut files = vec![(file, rewritten.pyproject.clone())];
    if let Some((path, reply)) = &lock {
        let written = reply.locks.values().next();
        files.extend(written.map(|it| (path.clone(), it.text.clone())));
    }
    if arguments.dry_run {
        let diffs = files.iter().map(|(path, text)| {
            let before = fs::read_to_string(path).unwrap_or_default();
            unified(&shown(path).to_string(), &before, text)
        });
        report::print(&diffs.collect::<String>());
    } else if let Err((path, error)) = output::replace_all(&files) {
        report::say(&format!(
            "error: could not write `{}`: {error}",
            shown(&path)
        ));
        return Ok(Status::Failed);
    }
    if !arguments.quiet {
        tell(arguments, &rewritten, &files);
        if let Some((_, reply)) = &lock {
            report::say(&summary(reply.packages.len(), started.elapsed()));
            tell_versions(old.as_ref(), reply, &name_in(&rewritten.pyproject));
        }
        tell_remains(&project, old.as_ref(), &files);
    }
    Ok(Status::Success)
}

/// The text of the `pyproject.toml` that a path leads to; nothing where there is none.
fn pyproject_at(path: &Path) -> String {
    let file = match path.is_dir() {
        true => path.join(PYPROJECT),
        false => path.to_owned(),
    };
    fs::read_to_string(file).unwrap_or_default()
}

/// Says what was written, and what could not be said.
fn tell(arguments: &MigrateArguments, rewritten: &Rewritten, files: &[(PathBuf, String)]) {
    for (path, _) in files {
        let path = shown(path);
        report::say(&match arguments.dry_run {
            true => format!("Would write `{path}`"),
            false => format!("Wrote `{path}`"),
        });
    }
    for loss in &rewritten.losses {
        report::say(&format!("note: {loss}"));
    }
}

/// The normalized name of the project that a `pyproject.toml` describes.
fn name_in(pyproject: &str) -> String {
    let manifest = manifest::read(pyproject, PYPROJECT).0;
    let project = manifest.and_then(|it| it.project);
    project.map_or_else(String::new, |it| it.name.to_string())
}

/// Says what became of the locked versions.
fn tell_versions(old: Option<&(PathBuf, String)>, reply: &LockReply, project: &str) {
    let Some((path, text)) = old else {
        return;
    };
    let path = shown(path);
    let Some(Carried {
        kept,
        changed,
        gone,
        new,
    }) = carried(text, reply, project)
    else {
        return report::say(&format!(
            "note: `{path}` cannot be read: its versions do not count"
        ));
    };
    let verb = if kept == 1 { "is" } else { "are" };
    let kept = count(kept as u64, "version");
    report::say(&format!("{kept} of `{path}` {verb} kept"));
    for (name, before, after) in changed {
        let (before, after) = (before.join(", "), after.join(", "));
        report::say(&format!("note: `{name}` was {before}, and is {after} now"));
    }
    for (names, what) in [(gone, "not needed any more"), (new, "new")] {
        if !names.is_empty() {
            report::say(&format!("note: {what}: `{}`", names.join("`, `")));
        }
    }
}

/// Says which files are not needed any more.
fn tell_remains(
    project: &ProjectFiles,
    old: Option<&(PathBuf, String)>,
    files: &[(PathBuf, String)],
) {
    let manifest = project.foreign.as_ref().map(|_| &project.file);
    let lock = old.map(|it| &it.0);
    for path in manifest.into_iter().chain(lock) {
        if files.iter().all(|(written, _)| written != path) {
            let path = shown(path);
            report::say(&format!("note: `{path}` is left as it was"));
        }
    }
}

/// What is rewritten.
fn migration(
    arguments: &MigrateArguments,
    project: &ProjectFiles,
    groups: Vec<(String, String)>,
    target: Target,
) -> MigrateRequest {
    let pyproject = match project.foreign {
        Some(_) => fs::read_to_string(project.folder.join(PYPROJECT)).ok(),
        None => Some(project.text.clone()),
    };
    MigrateRequest {
        target,
        pyproject,
        manifest: project.foreign.clone(),
        groups,
        files: project.others.clone(),
        folder: folder_name(&project.folder),
        layout: layout(project),
        python: arguments.python.clone(),
    }
}

/// The requirements files of other groups beside the one at hand.
fn groups(project: &mut ProjectFiles) -> Vec<(String, String)> {
    let mut groups: BTreeMap<String, String> = BTreeMap::new();
    let Some(main) = &project.foreign else {
        return Vec::new();
    };
    if ForeignKind::of(main) != Some(ForeignKind::Requirements) {
        return Vec::new();
    }
    for folder in ["", "requirements"] {
        let mut found: Vec<String> = fs::read_dir(project.folder.join(folder))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| ForeignKind::of(name) == Some(ForeignKind::Requirements))
            .map(|name| match folder {
                "" => name,
                folder => format!("{folder}/{name}"),
            })
            .collect();
        // What is written by hand comes before what was made of it.
        found.sort_by_key(|name| (!name.ends_with(".in"), name.clone()));
        for path in found {
            let Some(group) = group_of_requirements(&path).filter(|_| path != *main) else {
                continue;
            };
            groups.entry(group).or_insert(path);
        }
    }
    let files = &mut project.others;
    for path in groups.values() {
        let mut open = vec![path.clone()];
        while let Some(path) = open.pop() {
            if !files.contains_key(&path)
                && let Ok(text) = fs::read_to_string(project.folder.join(&path))
            {
                files.insert(path.clone(), text);
                open.extend(manifest::foreign::missing(&path, files));
            }
        }
    }
    groups.into_iter().collect()
}

fn folder_name(folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .collect();
    match name.trim_matches('-') {
        "" => "project".to_owned(),
        name => name.to_ascii_lowercase(),
    }
}

/// Where the project's modules are, as far as the folder shows.
fn layout(project: &ProjectFiles) -> Option<Layout> {
    let document = project.manifest.as_ref()?;
    let name = document.project.as_ref().map(|it| it.name.to_string())?;
    let module = name.replace('-', "_");
    let is_module = |folder: &str| {
        let folder = project.folder.join(folder);
        folder.join(&module).join("__init__.py").is_file()
    };
    match (is_module("src"), is_module("")) {
        (true, _) => Some(Layout::Src),
        (false, true) => Some(Layout::Flat),
        (false, false) => None,
    }
}

/// The lock whose versions are carried over: that of the tool the project was written for first.
fn existing_lock(project: &ProjectFiles, groups: &[(String, String)]) -> Option<(PathBuf, String)> {
    let compiled = project.foreign.as_ref().and_then(|name| {
        let stem = name.strip_suffix(".in")?;
        Some(format!("{stem}.txt"))
    });
    let words = Words::of(&project.text);
    let own = match words {
        _ if project.foreign.is_some() => "Pipfile.lock",
        Words::Poetry => "poetry.lock",
        Words::Pdm => "pdm.lock",
        _ => "uv.lock",
    };
    let usual = ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"];
    let names = compiled.into_iter().chain([own.to_owned()]);
    let names = names.chain(usual.map(str::to_owned));
    names.into_iter().find_map(|name| {
        let path = project.folder.join(&name);
        let text = fs::read_to_string(&path).ok()?;
        formats::read("", &text).ok()?;
        match name.ends_with(".txt") {
            true => Some((path, with_groups(text, project, groups))),
            false => Some((path, text)),
        }
    })
}

/// A compiled requirements file, with what those of other groups pin beside it.
fn with_groups(mut text: String, project: &ProjectFiles, groups: &[(String, String)]) -> String {
    let names = |file: &RequirementsFile| -> BTreeSet<PackageName> {
        let entries = file.entries().filter_map(|(_, entry)| match &entry.wanted {
            Wanted::Named(requirement) => Some(requirement.name.clone()),
            Wanted::Place(_) => None,
        });
        entries.collect()
    };
    let mut known = names(&RequirementsFile::parse(&text));
    for (_, path) in groups {
        let compiled = path.strip_suffix(".in").map(|it| format!("{it}.txt"));
        let Some(path) = compiled else { continue };
        let Ok(more) = fs::read_to_string(project.folder.join(path)) else {
            continue;
        };
        let file = RequirementsFile::parse(&more);
        for (line, entry) in file.entries() {
            let is_new = match &entry.wanted {
                Wanted::Named(requirement) => !known.contains(&requirement.name),
                Wanted::Place(_) => false,
            };
            if let Some(line) = more.get(line.span.clone()).filter(|_| is_new) {
                text.push_str(&format!("\n{line}\n"));
            }
        }
        known.extend(names(&file));
    }
    text
}

fn lock_request(
    arguments: &MigrateArguments,
    project: &ProjectFiles,
    rewritten: &Rewritten,
    format: &str,
    lock: Option<String>,
) -> LockRequest {
    let is_other = |path: &String| path.ends_with("/pyproject.toml");
    LockRequest {
        pyproject: rewritten.pyproject.clone(),
        files: project
            .others
            .iter()
            .filter(|(path, _)| is_other(path))
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect(),
        formats: vec![format.to_owned()],
        lock,
        options: LockOptions {
            public_index: environment("LOCKWRIGHT_PUBLIC_INDEX"),
            default_index: arguments.default_index.clone(),
            index: arguments.index.clone(),
            exclude_newer: arguments.exclude_newer.clone(),
            python: arguments.python.clone(),
            now: Some(now()),
            ..LockOptions::default()
        },
        ..LockRequest::default()
    }
}
