//! Locking a project: manifest → problem → resolution → lock → text.

use std::collections::BTreeMap;

use diagnostic::{Diagnose, Diagnostic, Severity};
use formats::{LockFormat, Uv, WriteRequest};
use index::{Answer, Query};
use lock::{Lock, Selection};
use manifest::{ForeignKind, Workspace};
use resolve::{Conflict, Problem, Resolution, ResolveError, Resolver};

use crate::api::{LockedPackage, Stats, WrittenLock};
use crate::direct::{self, Gathered};
use crate::drive::{Conversation, DriveError, Step, drive};
use crate::existing::Existing;
use crate::freshness::Worth;
use crate::preferences::Upgrades;
use crate::ways_out::Search;
use crate::{
    LockReply, LockRequest, Mode, Progress, Source, conflict, foreign, freshness, preferences,
    question, ways_out,
};

/// What kind of failure it was; decides exit codes and HTTP statuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureKind {
    /// The input cannot be read (exit 2, 400/422).
    Input,
    /// There is no solution (exit 1, 422).
    NoSolution,
    /// Something needed can only be had by a build (exit 1, 422).
    NeedsBuild,
    /// The index failed (exit 2, 502).
    Index,
    /// The index took too long (exit 2, 504).
    IndexTimeout,
    /// The caller cancelled (exit 130, 499).
    Cancelled,
}

/// Why there is no lock.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What is wrong, errors first; warnings may follow.
    pub diagnostics: Vec<Diagnostic>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, diagnostics: Vec<Diagnostic>) -> Self {
        Self { kind, diagnostics }
    }

    pub(crate) fn input(diagnostics: Vec<Diagnostic>) -> Self {
        Self::new(FailureKind::Input, diagnostics)
    }
}

/// Locks a project.
///
/// # Errors
///
/// See [`FailureKind`].
pub async fn lock(
    request: &LockRequest,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
) -> Result<LockReply, Failure> {
    let formats = wanted_formats(&request.formats).map_err(Failure::input)?;
    let mode = Mode::of(request).map_err(|error| Failure::input(vec![error]))?;
    let (workspace, mut warnings) = read_workspace(request, mode)?;
    let (mut problem, found) =
        question::pose(&workspace, &request.options, mode).map_err(Failure::input)?;
    ask_locked_extras(&mut problem, request, mode);
    warnings.extend(found);
    let upgrades = Upgrades::read(&request.options, &workspace).map_err(Failure::input)?;
    problem.constraints.extend(upgrades.bounds.iter().cloned());
    let existing = request.lock.as_deref().map(Existing::read);
    let existing = existing.unwrap_or_default();
    warnings.extend(existing.warnings.iter().cloned());
    let locked = direct::locked_commits(&existing.locks, |lock, name| {
        upgrades.all || upgrades.names(lock).contains(name)
    });
    let gathered = direct::gather(&problem, &workspace, locked, source, progress).await?;
    gathered.add_to(&mut problem);
    let mut stale = existing.stale.clone();
    for lock in &existing.locks {
        let verdict = freshness::judge(lock, &problem, &upgrades);
        if verdict.worth == Worth::Everything
            && existing.is_whole()
            && let Some(reply) = repeat(request, lock, &formats, &warnings)
        {
            return Ok(reply);
        }
        if existing.is_whole() {
            stale.extend(verdict.reasons);
        }
        preferences::adopt(&mut problem, lock, verdict.worth, &upgrades);
    }
    let asking = Asking {
        request,
        workspace: &workspace,
        gathered: &gathered,
    };
    let resolved = resolve(problem, &asking, source, progress).await;
    let (resolution, stats) = resolved.map_err(|mut failure| {
        failure.diagnostics.extend(stale.iter().cloned());
        failure
    })?;
    warnings.extend(resolution.warnings().iter().cloned());
    let lock = resolution.into_lock();
    let writing = Writing {
        request,
        lock: &lock,
        existing: existing.whole().filter(|_| stale.is_empty()),
        previous: existing.whole(),
    };
    let wrote = writing.write_all(&formats).map_err(Failure::input)?;
    warnings.extend(wrote.refused);
    let (locks, unchanged) = (wrote.locks, wrote.unchanged);
    Ok(LockReply {
        locks,
        unchanged,
        stale: stale.iter().map(Into::into).collect(),
        packages: lock
            .packages
            .iter()
            .map(|package| describe(package, &lock))
            .collect(),
        warnings: warnings.iter().map(Into::into).collect(),
        stats,
    })
}

/// The reply for a lock that is up to date, without asking anybody; `None` when a format is
/// wanted that needs more than the lock holds.
fn repeat(
    request: &LockRequest,
    lock: &Lock,
    formats: &[&'static dyn LockFormat],
    warnings: &[Diagnostic],
) -> Option<LockReply> {
    let writing = Writing {
        request,
        lock,
        existing: Some(lock),
        previous: Some(lock),
    };
    let previous = request.lock.as_deref()?;
    if !formats::named("uv")?.recognizes(previous) {
        return None;
    }
    let wrote = writing.write_all(formats).ok()?;
    if !wrote.refused.is_empty() {
        return None;
    }
    let locks = wrote.locks;
    Some(LockReply {
        locks,
        unchanged: true,
        stale: Vec::new(),
        packages: lock
            .packages
            .iter()
            .map(|package| describe(package, lock))
            .collect(),
        warnings: warnings.iter().map(Into::into).collect(),
        stats: Stats::default(),
    })
}

/// The usual name of a lock: a script's is its own, beside the script.
fn file_name(format: &dyn LockFormat, request: &LockRequest) -> String {
    match (&request.script, &request.manifest) {
        (Some(_), _) => script_lock_name(format, request.root().0),
        (None, Some(manifest)) => manifest_lock_name(format, manifest),
        (None, None) => format.file_name().to_owned(),
    }
}

/// The usual name of the lock of a manifest of another kind: that of a requirements file is its
/// own, `requirements.in.lock`, or `requirements.txt` of a `requirements.in`. That of a
/// `requirements.txt` in its own format has no other name.
#[must_use]
pub fn manifest_lock_name(format: &dyn LockFormat, manifest: &str) -> String {
    let manifest = manifest.rsplit(['/', '\\']).next().unwrap_or(manifest);
    let is_requirements = ForeignKind::of(manifest) == Some(ForeignKind::Requirements);
    match manifest.strip_suffix(".in") {
        _ if !is_requirements => format.file_name().to_owned(),
        Some(stem) if format.name() == "requirements" => format!("{stem}.txt"),
        None if format.name() == "requirements" => manifest.to_owned(),
        _ => script_lock_name(format, manifest),
    }
}

/// The usual name of a script's lock: `tool.py.lock`, `pylock.tool.toml`,
/// `tool.py.requirements.txt`.
#[must_use]
pub fn script_lock_name(format: &dyn LockFormat, script: &str) -> String {
    let script = script.rsplit(['/', '\\']).next().unwrap_or(script);
    match format.name() {
        "uv" => format!("{script}.lock"),
        "pylock" => {
            let stem = script.rsplit_once('.').map_or(script, |it| it.0);
            format!("pylock.{}.toml", stem.replace('.', "-"))
        }
        _ => format!("{script}.{}", format.file_name()),
    }
}

pub(crate) fn wanted_formats(
    names: &[String],
) -> Result<Vec<&'static dyn LockFormat>, Vec<Diagnostic>> {
    if names.is_empty() {
        return Ok(formats::named("uv").into_iter().collect());
    }
    if names.iter().any(|name| name == "all") {
        let all = formats::writable().filter(|format| formats::is_in_all(*format));
        return Ok(all.collect());
    }
    let known: Vec<&str> = formats::writable().map(|format| format.name()).collect();
    let mut wanted = Vec::new();
    let mut errors = Vec::new();
    for name in names {
        match formats::named(name) {
            Some(format) => wanted.push(format),
            None => errors.push(
                Diagnostic::error("formats/unknown-format", format!("`{name}` is no format"))
                    .help(format!("known are `{}` and `all`", known.join("`, `"))),
            ),
        }
    }
    if errors.is_empty() {
        Ok(wanted)
    } else {
        Err(errors)
    }
}

fn read_workspace(
    request: &LockRequest,
    mode: Mode,
) -> Result<(Workspace, Vec<Diagnostic>), Failure> {
    let (name, text) = request.root();
    let roots = [
        !request.pyproject.is_empty(),
        request.script.is_some(),
        request.manifest.is_some(),
    ];
    if roots.iter().filter(|it| **it).count() > 1 {
        let title =
            "expected one of a project, a script and a manifest of another kind, found several";
        let error = Diagnostic::error("request/several-roots", title);
        return Err(Failure::input(vec![error]));
    }
    let (workspace, found) = if request.manifest.is_some() {
        foreign::workspace(name, &request.files)
    } else if request.script.is_none() {
        let mut files: BTreeMap<String, String> = request.files.clone();
        files.insert(name.to_owned(), text.to_owned());
        Workspace::from_files_as(&files, ".", mode.dialect())
    } else {
        Workspace::script(text, name, &request.files)
    };
    match workspace {
        Some(workspace) if request.options.hatch => {
            let (workspace, more) = workspace.with_hatch_environments();
            let (errors, warnings): (Vec<_>, Vec<_>) =
                more.into_iter().partition(Diagnostic::is_error);
            match errors.is_empty() {
                true => Ok((workspace, found.into_iter().chain(warnings).collect())),
                false => Err(Failure::input(errors)),
            }
        }
        Some(workspace) => Ok((workspace, found)),
        None => Err(Failure::input(found)),
    }
}

/// What is asked, and what was fetched for it.
struct Asking<'a> {
    request: &'a LockRequest,
    workspace: &'a Workspace,
    gathered: &'a Gathered,
}

impl Asking<'_> {
    /// The problem of a changed request, whatever was locked before.
    fn problem_of(&self, request: &LockRequest) -> Option<Problem> {
        let mode = Mode::of(request).ok()?;
        let (workspace, _) = read_workspace(request, mode).ok()?;
        let (mut problem, _) = question::pose(&workspace, &request.options, mode).ok()?;
        ask_locked_extras(&mut problem, request, mode);
        self.gathered.add_to(&mut problem);
        Some(problem)
    }
}

/// The extras that an existing `pdm.lock` holds stay.
fn ask_locked_extras(problem: &mut Problem, request: &LockRequest, mode: Mode) {
    let groups = request.lock.as_deref();
    let groups = groups.filter(|_| mode == Mode::Pdm);
    if let Some(groups) = groups.and_then(formats::pdm::locked_groups) {
        question::ask_extras(problem, &groups);
    }
}

async fn resolve(
    problem: Problem,
    asking: &Asking<'_>,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
) -> Result<(Resolution, Stats), Failure> {
    let (request, workspace) = (asking.request, asking.workspace);
    let mut talk = Talk(Resolver::new(problem));
    let driven = drive(&mut talk, source, progress)
        .await
        .map_err(drive_failure)?;
    let statistics = talk.0.statistics();
    let stats = Stats {
        queries: driven.queries,
        waves: driven.waves,
        forks: statistics.forks,
        decisions: statistics.decisions,
    };
    match driven.end {
        Ok(resolution) => Ok((*resolution, stats)),
        Err(Unsolved::Conflict(conflict)) => {
            let mut diagnostic = conflict::tell(&conflict, workspace);
            if request.options.relax != Some(false) {
                let index = talk.0.into_index();
                let pose = |request: &LockRequest| asking.problem_of(request);
                let search = Search::new(request, workspace, pose, source, index);
                let ways = search.find(&conflict, progress).await;
                diagnostic = ways_out::add_to(diagnostic, &conflict, &ways);
            }
            Err(Failure::new(FailureKind::NoSolution, vec![diagnostic]))
        }
        Err(Unsolved::Failed(error)) => {
            let kind = match error {
                ResolveError::Withheld { .. } => FailureKind::Index,
                ResolveError::ConflictingIndexes { .. }
                | ResolveError::ConflictingSources { .. }
                | ResolveError::SourceOfRelease { .. } => FailureKind::Input,
                _ => FailureKind::NeedsBuild,
            };
            Err(Failure::new(kind, vec![error.diagnose()]))
        }
    }
}

pub(crate) fn drive_failure(error: DriveError) -> Failure {
    let kind = match &error {
        DriveError::Source(error) if error.timed_out => FailureKind::IndexTimeout,
        DriveError::Source(_) | DriveError::Stalled => FailureKind::Index,
    };
    let code = match kind {
        FailureKind::IndexTimeout => "index/timeout",
        _ => "index/failed",
    };
    Failure::new(kind, vec![Diagnostic::error(code, error)])
}

/// The resolver as something that can be driven.
struct Talk(Resolver);

/// Why there is no resolution.
enum Unsolved {
    Conflict(Box<Conflict>),
    Failed(ResolveError),
}

impl Conversation for Talk {
    type End = Result<Box<Resolution>, Unsolved>;

    fn step(&mut self) -> Step<Self::End> {
        match self.0.step() {
            resolve::Step::Ask(queries) => Step::Ask(queries),
            resolve::Step::Wait => Step::Wait,
            resolve::Step::Done(resolution) => Step::End(Ok(resolution)),
            resolve::Step::Stuck(conflict) => Step::End(Err(Unsolved::Conflict(conflict))),
            resolve::Step::Failed(error) => Step::End(Err(Unsolved::Failed(error))),
        }
    }

    fn learn(&mut self, query: Query, answer: Answer) {
        self.0.learn(query, answer);
    }

    fn ahead(&mut self) -> Vec<Query> {
        self.0.ahead()
    }

    fn progress(&self) -> Progress {
        let progress = self.0.progress();
        Progress {
            found: progress.found,
            resolved: progress.decided,
            forks: progress.forks,
            ..Progress::default()
        }
    }
}

struct Writing<'a> {
    request: &'a LockRequest,
    lock: &'a Lock,
    /// The existing lock, if it is up to date: then its text is repeated.
    existing: Option<&'a Lock>,
    /// The existing lock: its text is repeated where it says the same.
    previous: Option<&'a Lock>,
}

/// What was written.
#[derive(Default)]
struct Wrote {
    locks: BTreeMap<String, WrittenLock>,
    /// Whether the existing lock's text was repeated.
    unchanged: bool,
    /// Why some of all formats are not there, as warnings.
    refused: Vec<Diagnostic>,
}

impl Writing<'_> {
    /// Writes the lock in each format. Where all are wanted, those that cannot hold it are left
    /// out; else that is an error.
    fn write_all(&self, formats: &[&'static dyn LockFormat]) -> Result<Wrote, Vec<Diagnostic>> {
        let is_lenient = self.request.formats.iter().any(|name| name == "all");
        let mut wrote = Wrote::default();
        for format in formats {
            let mut written = match format.write(self.lock, &self.write_request()) {
                Ok(written) => written,
                Err(found) if is_lenient => {
                    wrote.refused.extend(left_out(*format, found));
                    continue;
                }
                Err(found) => return Err(found),
            };
            if let Some(text) = self.kept(*format, &written.text) {
                wrote.unchanged = true;
                written.text = text;
            }
            let losses = written.losses.iter().map(ToString::to_string).collect();
            let written = WrittenLock {
                file_name: file_name(*format, self.request),
                text: written.text,
                losses,
            };
            wrote.locks.insert(format.name().to_owned(), written);
        }
        Ok(wrote)
    }

    fn write_request(&self) -> WriteRequest<'_> {
        WriteRequest {
            pyproject: (!self.request.pyproject.is_empty()).then_some(&*self.request.pyproject),
            manifest: (self.request.manifest.as_ref()).map(|_| self.request.root().1),
            previous: self.previous.and(self.request.lock.as_deref()),
            selection: Selection::default(),
            ..WriteRequest::default()
        }
    }

    /// The existing lock's own text, when it says the same: then not a byte of it changes.
    fn kept(&self, format: &dyn LockFormat, text: &str) -> Option<String> {
        let (previous, previous_text) = (self.previous?, self.request.lock.as_deref()?);
        if format.name() != "uv" || !format.recognizes(previous_text) {
            return None;
        }
        if self.existing.is_some() {
            return Some(previous_text.to_owned());
        }
        if !Uv::is_current(previous_text) {
            return None;
        }
        let rewritten = format.write(previous, &self.write_request()).ok()?;
        (rewritten.text == text).then(|| previous_text.to_owned())
    }
}

/// Why a format is left out of all formats.
fn left_out(format: &dyn LockFormat, found: Vec<Diagnostic>) -> impl Iterator<Item = Diagnostic> {
    let file_name = format.file_name();
    found.into_iter().map(move |mut diagnostic| {
        diagnostic.severity = Severity::Warning;
        diagnostic.title = format!("`{file_name}` is not written: {}", diagnostic.title);
        diagnostic
    })
}

fn describe(package: &lock::Package, lock: &Lock) -> LockedPackage {
    let mut dependencies: Vec<String> = package
        .parts()
        .flat_map(|part| package.edges(&part).to_vec())
        .map(|dependency| dependency.id.name.to_string())
        .collect();
    dependencies.sort();
    dependencies.dedup();
    LockedPackage {
        name: package.id.name.to_string(),
        version: package.id.version.as_ref().map(ToString::to_string),
        marker: lock.simplify(package.marker).text(),
        dependencies,
    }
}
