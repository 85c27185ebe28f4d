//! `lockwright lock`: resolves a project and writes its lock beside it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diagnostic::Diagnostic;
use formats::LockFormat;
use lockwright::{Failure, FailureKind, LockOptions, LockReply, LockRequest, Mode};
use manifest::ForeignKind;

use super::Status;
use crate::arguments::{ALL, LockArguments};
use crate::credentials::Credentials;
use crate::output::{self, Replaced};
use crate::progress::count;
use crate::project::ProjectFiles;
use crate::report;
use crate::session::{Session, environment, now, shown};

/// Locks a project.
#[must_use]
pub fn run(arguments: &LockArguments) -> Status {
    let started = Instant::now();
    match lock(arguments) {
        Ok(locked) => finish(arguments, &locked, started.elapsed()),
        Err(stopped) => stopped.report(arguments),
    }
}

/// A lock to write.
struct Target {
    format: &'static dyn LockFormat,
    /// The file; `None` is standard output.
    path: Option<PathBuf>,
}

/// What came of locking.
struct Locked {
    targets: Vec<Target>,
    project: ProjectFiles,
    reply: LockReply,
}

/// Why it came to nothing.
struct Stopped {
    failure: Failure,
    /// The files that the diagnostics' places are in.
    project: Option<Box<ProjectFiles>>,
}

impl Stopped {
    fn input(diagnostic: Diagnostic) -> Self {
        let failure = Failure {
            kind: FailureKind::Input,
            diagnostics: vec![diagnostic],
        };
        Self {
            failure,
            project: None,
        }
    }

    fn report(&self, arguments: &LockArguments) -> Status {
        let sources = self
            .project
            .as_ref()
            .map(|project| project.sources())
            .unwrap_or_default();
        if arguments.json {
            report::print_problem(&self.failure, &sources);
        }
        let is_wanted = |it: &&Diagnostic| arguments.check || !it.code.starts_with("check/");
        for diagnostic in self.failure.diagnostics.iter().filter(is_wanted) {
            if !arguments.json && (diagnostic.is_error() || !arguments.quiet) {
                report::say_diagnostic(diagnostic, &sources);
            }
        }
        match self.failure.kind {
            FailureKind::NoSolution | FailureKind::NeedsBuild => Status::Unsolved,
            FailureKind::Cancelled => Status::Interrupted,
            FailureKind::Input | FailureKind::Index | FailureKind::IndexTimeout => Status::Failed,
        }
    }
}

fn lock(arguments: &LockArguments) -> Result<Locked, Stopped> {
    let mode = Mode::asked(arguments.mode.as_deref(), first_format(arguments));
    let mode = mode.map_err(Stopped::input)?;
    let project = ProjectFiles::read(&arguments.path, mode.dialect())
        .map_err(|error| Stopped::input(Diagnostic::error("cli/unreadable-file", error)))?;
    let formats = wanted_formats(arguments, &project).map_err(Stopped::input)?;
    let targets = targets(arguments, &formats, &project);
    refuse_own_file(&targets, &project).map_err(Stopped::input)?;
    let request = request(arguments, &project, &targets).map_err(Stopped::input)?;
    let session = Session {
        credentials: credentials(&request, &project),
        project: project.folder.clone(),
        is_offline: arguments.offline,
        is_quiet: arguments.quiet,
    };
    let locked =
        session.run(async |source, progress| lockwright::lock(&request, source, progress).await);
    match locked {
        Ok((mut reply, warnings)) => {
            reply.warnings.extend(warnings.iter().map(Into::into));
            Ok(Locked {
                targets,
                project,
                reply,
            })
        }
        Err(failure) => Err(Stopped {
            failure,
            project: Some(Box::new(project)),
        }),
    }
}

/// Whether every format is wanted, as far as the lock can be held.
fn wants_all(arguments: &LockArguments) -> bool {
    arguments.format.iter().any(|name| name == ALL)
}

/// The formats to write, each once.
fn wanted_formats(
    arguments: &LockArguments,
    project: &ProjectFiles,
) -> Result<Vec<&'static dyn LockFormat>, Diagnostic> {
    let all = formats::writable;
    let mut wanted: Vec<&'static dyn LockFormat> = Vec::new();
    for name in &arguments.format {
        let is_meant = |it: &&'static dyn LockFormat| {
            it.name() == name || name == ALL && formats::is_in_all(*it)
        };
        for format in all().filter(is_meant) {
            if wanted.iter().all(|it| it.name() != format.name()) {
                wanted.push(format);
            }
        }
    }
    let output_name = arguments
        .output
        .as_ref()
        .and_then(|path| path.file_name()?.to_str());
    if wanted.is_empty() {
        let owner = all().find(|format| output_name.is_some_and(|name| format.owns(name)));
        wanted.extend(owner.or_else(|| usual_format(project)));
    }
    if wanted.len() > 1 && arguments.output.is_some() {
        let title = "`--output` names one file, but several formats are to be written";
        return Err(Diagnostic::error("cli/one-output", title)
            .help("leave `--output` out: each lock is written beside `pyproject.toml`"));
    }
    if arguments.json && arguments.output.as_deref() == Some(Path::new("-")) {
        let title = "`--json` and `--output -` both want standard output";
        return Err(Diagnostic::error("cli/one-output", title)
            .help("leave `--output` out: the JSON has the lock's text in `locks`"));
    }
    Ok(wanted)
}

/// The name of the first format that is asked for.
fn first_format(arguments: &LockArguments) -> Option<&str> {
    let output = || {
        let name = arguments.output.as_ref()?.file_name()?.to_str()?;
        let mut all = formats::FORMATS.iter();
        Some(all.find(|format| format.owns(name))?.name())
    };
    let first = arguments.format.first().map(String::as_str);
    first.or_else(output)
}

/// The format of a project that nobody names one for: requirements files become one another.
fn usual_format(project: &ProjectFiles) -> Option<&'static dyn LockFormat> {
    let kind = project.foreign.as_deref().and_then(ForeignKind::of);
    let own = match kind {
        Some(ForeignKind::Requirements) => formats::named("requirements"),
        Some(ForeignKind::Pipfile) => formats::named("pipfile"),
        Some(ForeignKind::Setuptools) | None => None,
    };
    own.or_else(|| formats::FORMATS.first().copied())
}

/// A lock never takes the place of what is locked.
fn refuse_own_file(targets: &[Target], project: &ProjectFiles) -> Result<(), Diagnostic> {
    let own = std::fs::canonicalize(&project.file).ok();
    let is_own = |path: &PathBuf| own.is_some() && std::fs::canonicalize(path).ok() == own;
    let targets = targets.iter().filter_map(|it| it.path.as_ref());
    match targets.into_iter().find(|path| is_own(path)) {
        None => Ok(()),
        Some(path) => {
            let title = format!("the lock would take the place of `{}`", shown(path));
            Err(Diagnostic::error("cli/own-file", title).help("name another file with `--output`"))
        }
    }
}

fn targets(
    arguments: &LockArguments,
    formats: &[&'static dyn LockFormat],
    project: &ProjectFiles,
) -> Vec<Target> {
    let target = |format: &&'static dyn LockFormat| Target {
        format: *format,
        path: match &arguments.output {
            Some(path) if path == Path::new("-") => None,
            Some(path) => Some(path.clone()),
            None => Some(usual_place(*format, project)),
        },
    };
    formats.iter().map(target).collect()
}

/// Where a lock is written unless told otherwise.
fn usual_place(format: &dyn LockFormat, project: &ProjectFiles) -> PathBuf {
    let name = match (&project.script, &project.foreign) {
        (Some(script), _) => lockwright::script_lock_name(format, script),
        (None, Some(manifest)) => lockwright::manifest_lock_name(format, manifest),
        (None, None) => format.file_name().to_owned(),
    };
    project.folder.join(name)
}

fn request(
    arguments: &LockArguments,
    project: &ProjectFiles,
    targets: &[Target],
) -> Result<LockRequest, Diagnostic> {
    Ok(LockRequest {
        pyproject: match (&project.script, &project.foreign) {
            (None, None) => project.text.clone(),
            _ => String::new(),
        },
        script: project.script.as_ref().map(|_| project.text.clone()),
        script_name: project.script.clone(),
        manifest: project.foreign.clone(),
        lock: existing_lock(targets, project)?,
        files: project.others.clone(),
        formats: if wants_all(arguments) {
            vec![ALL.to_owned()]
        } else {
            let names = targets.iter().map(|it| it.format.name().to_owned());
            names.collect()
        },
        options: LockOptions {
            public_index: environment("LOCKWRIGHT_PUBLIC_INDEX"),
            default_index: arguments.default_index.clone(),
            index: arguments.index.clone(),
            exclude_newer: arguments.exclude_newer.clone(),
            resolution: arguments.resolution.clone(),
            prerelease: arguments.prerelease.clone(),
            fork_strategy: arguments.fork_strategy.clone(),
            mode: arguments.mode.clone(),
            python: arguments.python.clone(),
            hatch: arguments.hatch,
            upgrade: arguments.upgrade,
            upgrade_package: arguments.upgrade_package.clone(),
            upgrade_group: arguments.upgrade_group.clone(),
            now: Some(now()),
            relax: None,
        },
    })
}

/// The lock whose versions are preferred: the first one to be replaced that can be read, or else
/// the `uv.lock` beside the project, or the script's own.
fn existing_lock(targets: &[Target], project: &ProjectFiles) -> Result<Option<String>, Diagnostic> {
    let replaced = targets
        .iter()
        .filter_map(|it| Some((it.format, it.path.clone()?)));
    let usual = formats::FORMATS
        .first()
        .map(|it| (*it, usual_place(*it, project)));
    for (format, path) in replaced.chain(usual) {
        if !formats::can_be_read(format) {
            continue;
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let title = format!("could not read `{}`: {error}", shown(&path));
                return Err(Diagnostic::error("cli/unreadable-file", title));
            }
        }
    }
    Ok(None)
}

/// What index URLs and the environment say about user names and passwords.
pub(super) fn credentials(request: &LockRequest, project: &ProjectFiles) -> Credentials {
    let mut credentials = Credentials::default();
    for index in &request.options.index {
        match index.split_once('=') {
            Some((name, url)) if !name.contains(['/', ':']) => {
                credentials.learn_named(name, url, environment);
            }
            _ => credentials.learn(index),
        }
    }
    let options = &request.options;
    for index in options.default_index.iter().chain(&options.public_index) {
        credentials.learn(index);
    }
    for index in project.manifest.iter().flat_map(|it| &it.uv.indexes) {
        let name = index.name.as_deref().unwrap_or_default();
        credentials.learn_named(name, &index.raw_url, environment);
    }
    credentials
}

/// Writes or checks the locks, and says what became of them.
fn finish(arguments: &LockArguments, locked: &Locked, took: Duration) -> Status {
    for warning in &locked.reply.warnings {
        if !arguments.quiet {
            report::say_warning(warning, &locked.project.sources());
        }
    }
    if !arguments.quiet {
        report::say(&summary(locked.reply.packages.len(), took));
    }
    let mut status = Status::Success;
    for target in &locked.targets {
        let outcome = match locked.reply.locks.get(target.format.name()) {
            Some(lock) if arguments.check => check(target, &lock.text, locked),
            Some(lock) => write(target, &lock.text, &lock.losses, arguments),
            // A warning has said why.
            None if wants_all(arguments) => Ok(Status::Success),
            None => Err(format!("no `{}` lock was made", target.format.name())),
        };
        match outcome {
            Ok(Status::Success) => {}
            Ok(other) => status = other,
            Err(reason) => {
                report::say(&format!("error: {reason}"));
                return Status::Failed;
            }
        }
    }
    if arguments.json && report::print_json(&locked.reply) == Status::Failed {
        return Status::Failed;
    }
    status
}

pub(super) fn summary(packages: usize, took: Duration) -> String {
    let packages = count(packages as u64, "package");
    let tenths = took.as_millis() / 100;
    if tenths == 0 {
        format!("Resolved {packages} in {} ms", took.as_millis())
    } else {
        format!("Resolved {packages} in {}.{} s", tenths / 10, tenths % 10)
    }
}

fn check(target: &Target, text: &str, locked: &Locked) -> Result<Status, String> {
    let Some(path) = &target.path else {
        return Ok(Status::Success);
    };
    if output::is(path, text) {
        return Ok(Status::Success);
    }
    let state = if path.exists() {
        "is not up to date"
    } else {
        "does not exist"
    };
    report::say(&format!("error: `{}` {state}", shown(path)));
    for reason in &locked.reply.stale {
        report::say(&format!("  reason: {}", reason.title));
    }
    let is_project = locked.project.script.is_none() && locked.project.foreign.is_none();
    let command = match is_project {
        false => format!("lockwright lock {}", shown(&locked.project.file)),
        true if target.format.name() == "uv" => "lockwright lock".to_owned(),
        true => format!("lockwright lock --format {}", target.format.name()),
    };
    report::say(&format!("  help: run `{command}`"));
    Ok(Status::Unsolved)
}

fn write(
    target: &Target,
    text: &str,
    losses: &[String],
    arguments: &LockArguments,
) -> Result<Status, String> {
    let Some(path) = &target.path else {
        return Ok(report::print(text));
    };
    let replaced = output::replace(path, text)
        .map_err(|error| format!("could not write `{}`: {error}", shown(path)))?;
    if !arguments.quiet {
        report::say(&match replaced {
            Replaced::Written => format!("Wrote `{}`", shown(path)),
            Replaced::Unchanged => format!("`{}` is up to date", shown(path)),
        });
        for loss in losses {
            report::say(&format!("note: {loss}"));
        }
    }
    Ok(Status::Success)
}
