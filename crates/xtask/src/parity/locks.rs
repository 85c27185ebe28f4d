//! Locks compared byte by byte: each project is copied, locked and looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::difference::{excerpt, first_difference, other_versions};
use super::parts::{Locks, Measure, Projects, Writer};
use super::sandbox::{Scratch, copy, environment};
use super::{Choice, Score};
use crate::command::{Failed, bounded, program, root, run as run_shown};
use crate::indexes::Server;

/// How long one project may take.
const LIMIT: Duration = Duration::from_secs(60);

/// One project to lock and what must come of it.
#[derive(Debug)]
struct Case {
    name: String,
    project: PathBuf,
    /// The lock that the tool writes; none where it fails.
    expected: Option<PathBuf>,
}

/// Compares all projects of a part.
pub(super) fn compare(part: Locks, shared: &Path, choice: &Choice) -> Result<Score, Failed> {
    let _server = match part.projects {
        Projects::Scenarios => Server::scenarios()?,
        Projects::Corpus => Server::corpus()?,
    };
    let cases = match part.projects {
        Projects::Scenarios => scenarios(part, shared)?,
        Projects::Corpus => corpus(part, shared)?,
    };
    Ok(compare_all(part, cases, choice))
}

fn scenarios(part: Locks, shared: &Path) -> Result<Vec<Case>, Failed> {
    let all = shared.join("scenarios");
    let mut cases = Vec::new();
    for group in sorted(&all)? {
        for folder in sorted(&group)? {
            let name = folder.strip_prefix(&all).unwrap_or(&folder);
            let name = name.display().to_string();
            cases.extend(case(part, name, folder.clone(), &folder));
        }
    }
    Ok(cases)
}

fn corpus(part: Locks, shared: &Path) -> Result<Vec<Case>, Failed> {
    let projects = shared.join("corpus/projects");
    let mut cases = Vec::new();
    for folder in sorted(&unpack(shared)?)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let project = projects.join(&*name);
        cases.extend(case(
            part,
            name.into_owned(),
            project,
            &folder.join("expected"),
        ));
    }
    Ok(cases)
}

/// The case of a project, if anything is expected of it.
fn case(part: Locks, name: String, project: PathBuf, folder: &Path) -> Option<Case> {
    let expected = Some(folder.join(part.expected)).filter(|file| file.is_file());
    let fails = part.failure.is_some_and(|file| folder.join(file).is_file());
    (expected.is_some() || fails).then_some(Case {
        name,
        project,
        expected,
    })
}

/// Unpacks the corpus's expected files once, and again when the corpus changes.
pub(super) fn unpack(shared: &Path) -> Result<PathBuf, Failed> {
    let folder = root().join(".state/parity/corpus");
    let stamp = root().join(".state/parity/INDEX.toml");
    let index = std::fs::read(shared.join("corpus/INDEX.toml"))?;
    if std::fs::read(&stamp).is_ok_and(|old| old == index) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    run_shown(
        program("python3")
            .arg(shared.join("tools/corpus.py"))
            .arg("unpack")
            .arg(&folder),
    )?;
    std::fs::write(stamp, index)?;
    Ok(folder)
}

pub(super) fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Runs the cases, a few at a time, and prints the misses in order.
fn compare_all(part: Locks, cases: Vec<Case>, choice: &Choice) -> Score {
    let wanted = |case: &Case| {
        choice.only.is_empty()
            || choice
                .only
                .iter()
                .any(|only| *only == case.name || case.name.split('/').any(|part| part == only))
    };
    let cases: Vec<Case> = cases.into_iter().filter(wanted).collect();
    let next = AtomicUsize::new(0);
    let misses = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..choice.jobs.max(1) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let miss = lock_and_compare(part, case, choice)
                        .unwrap_or_else(|error| Some(error.to_string()));
                    if let Some(miss) = miss {
                        misses
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .insert(&case.name, miss);
                    }
                }
            });
        }
    });
    let misses = misses.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (name, miss) in &misses {
        println!("{name}: {miss}");
    }
    Score {
        identical: cases.len() - misses.len(),
        of: cases.len(),
    }
}

/// Locks a copy of the project; says what is different, if anything.
fn lock_and_compare(part: Locks, case: &Case, choice: &Choice) -> Result<Option<String>, Failed> {
    let scratch = Scratch::new(&case.name)?;
    let project = scratch.0.join("project");
    copy(&case.project, &project)?;
    // What a project keeps there would be preferred; the tool's own run had none either.
    let lock = project.join(part.expected);
    let _ = std::fs::remove_file(&lock);

    let mut command = command(part.writer, case, choice);
    command.current_dir(&project);
    environment(&mut command, &scratch.0);
    let ended = bounded(&mut command, LIMIT)?;
    let Some(status) = ended.status else {
        return Ok(Some(format!("timed out after {} s", LIMIT.as_secs())));
    };
    let got = std::fs::read(&lock).ok();
    Ok(match (&case.expected, got) {
        (None, None) if status.code() == Some(1) => None,
        (None, None) => Some(format!(
            "expected exit status 1, {status}: {}",
            excerpt(&ended.stderr)
        )),
        (None, Some(_)) => Some("a lock was written where the tool finds no solution".to_owned()),
        (Some(_), None) => Some(format!("no lock, {status}: {}", excerpt(&ended.stderr))),
        (Some(expected), Some(got)) => {
            let expected = std::fs::read(expected)?;
            match part.measure {
                Measure::Text => first_difference(&expected, &got),
                Measure::Versions => other_versions(&expected, &got),
            }
        }
    })
}

/// What is run in the project's folder.
fn command(writer: Writer, case: &Case, choice: &Choice) -> Command {
    let programs = choice.profile.folder();
    match writer {
        Writer::Lockwright(arguments) => {
            let mut command = Command::new(programs.join("lockwright"));
            command.args(arguments);
            command
        }
        Writer::Emission(format) => {
            let mut command = Command::new(programs.join("examples/emission"));
            command.arg(format).args(&case.expected);
            command
        }
    }
}
