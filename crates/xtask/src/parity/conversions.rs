//! Every lock of the corpus in every other format: versions and hashes stay, or we say no.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::locks::{sorted, unpack};
use super::sandbox::{Scratch, copy, environment};
use super::{Choice, Score};
use crate::command::{Failed, bounded, output_or_said, root};
use crate::indexes::Server;

/// How long one conversion may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The locks of the native tools that are converted.
const SOURCES: [&str; 5] = [
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
    "requirements.txt",
];

/// A lock to convert, and to what.
#[derive(Debug)]
struct Case {
    name: String,
    project: PathBuf,
    source: PathBuf,
    target: Format,
}

/// A format, as `lockwright formats --json` lists it.
#[derive(Clone, Debug, Deserialize)]
struct Format {
    name: String,
    file_name: String,
    can_be_read: bool,
    can_be_written: bool,
}

/// What came of a conversion.
#[derive(Debug)]
enum Outcome {
    Kept,
    /// We said no; the code says why.
    Refused(String),
    /// Something changed, or went wrong.
    Wrong(String),
}

/// Converts every lock of every project; counts those that came out whole, or that we said no to.
pub(super) fn compare(shared: &Path, choice: &Choice) -> Result<Score, Failed> {
    let _server = Server::corpus()?;
    let cases = cases(shared, choice)?;
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..choice.jobs.max(1) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = convert(case, choice)
                        .unwrap_or_else(|error| Outcome::Wrong(error.to_string()));
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    outcomes.insert(&case.name, outcome);
                }
            });
        }
    });
    let outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut kept, mut wrong) = (0, 0);
    for (name, outcome) in &outcomes {
        match outcome {
            Outcome::Kept => kept += 1,
            Outcome::Refused(code) => *refused.entry(code).or_default() += 1,
            Outcome::Wrong(reason) => {
                wrong += 1;
                println!("{name}: {reason}");
            }
        }
    }
    println!("conversions: {kept} kept whole");
    for (code, count) in refused {
        println!("conversions: {count} refused: {code}");
    }
    Ok(Score {
        identical: outcomes.len() - wrong,
        of: outcomes.len(),
    })
}

fn cases(shared: &Path, choice: &Choice) -> Result<Vec<Case>, Failed> {
    let mut command = Command::new(choice.profile.folder().join("lockwright"));
    let listed = output_or_said(command.args(["formats", "--json"]));
    let listed = listed.ok_or_else(|| Failed::new("`lockwright formats` fails"))?;
    let formats: Vec<Format> =
        serde_json::from_str(&listed).map_err(|error| Failed::new(error.to_string()))?;
    let mut cases = Vec::new();
    for folder in sorted(&unpack(shared)?)? {
        let project = folder.file_name().unwrap_or_default().to_string_lossy();
        if !choice.only.is_empty() && choice.only.iter().all(|only| *only != *project) {
            continue;
        }
        for source in SOURCES {
            let file = folder.join("expected").join(source);
            let targets = formats.iter().filter(|it| it.can_be_written);
            for target in targets.filter(|_| file.is_file()) {
                cases.push(Case {
                    name: format!("{project} {source} {}", target.name),
                    project: shared.join("corpus/projects").join(&*project),
                    source: file.clone(),
                    target: target.clone(),
                });
            }
        }
    }
    Ok(cases)
}

fn convert(case: &Case, choice: &Choice) -> Result<Outcome, Failed> {
    let scratch = Scratch::new(&case.name.replace(' ', "-"))?;
    let project = scratch.0.join("project");
    copy(&case.project, &project)?;
    let made = scratch.0.join(&case.target.file_name);
    let lockwright = || {
        let mut command = Command::new(choice.profile.folder().join("lockwright"));
        command.current_dir(&project);
        environment(&mut command, &scratch.0);
        // One cache for all: the same pages are wanted again and again.
        command.env("LOCKWRIGHT_CACHE_DIR", root().join(".state/parity/cache"));
        command
    };
    let mut command = lockwright();
    command.arg("convert").arg(&case.source);
    command.args(["--manifest", ".", "--to", &case.target.name]);
    // A selection is compared with all there is.
    command.args([
        "--all-extras",
        "--all-groups",
        "--all-packages",
        "--json",
        "--output",
    ]);
    let ended = bounded(command.arg(&made), LIMIT)?;
    let Some(status) = ended.status else {
        return Ok(Outcome::Wrong(format!(
            "timed out after {} s",
            LIMIT.as_secs()
        )));
    };
    if !status.success() {
        return Ok(match code(&ended.stdout) {
            Some(code) if status.code().is_some_and(|it| it < 3) => Outcome::Refused(code),
            _ => Outcome::Wrong(format!("{status}")),
        });
    }
    if !case.target.can_be_read {
        let is_there = std::fs::metadata(&made).is_ok_and(|it| it.len() > 0);
        return Ok(match is_there {
            true => Outcome::Kept,
            false => Outcome::Wrong("nothing was written".to_owned()),
        });
    }
    let mut command = lockwright();
    command
        .arg("diff")
        .arg(&case.source)
        .arg(&made)
        .arg("--json");
    let ended = bounded(&mut command, LIMIT)?;
    let said: Comparison = serde_json::from_str(&ended.stdout)
        .map_err(|error| Failed::new(format!("`lockwright diff` says no JSON: {error}")))?;
    let mut wrong = said.changes.iter().filter_map(Change::wrong);
    Ok(wrong.next().map_or(Outcome::Kept, Outcome::Wrong))
}

/// The code of a problem document.
fn code(document: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Problem {
        code: String,
    }
    let problem: Option<Problem> = serde_json::from_str(document).ok();
    problem.map(|it| it.code)
}

#[derive(Debug, Deserialize)]
struct Comparison {
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
struct Change {
    name: String,
    from: Vec<String>,
    to: Vec<String>,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    what: String,
}

impl Change {
    /// What must not be: another version, another hash. A selection, or a tool that keeps one
    /// version where another kept several, may leave some out.
    fn wrong(&self) -> Option<String> {
        if self.details.iter().any(|detail| detail.what == "hash") {
            return Some(format!("a hash of `{}` changed", self.name));
        }
        let is_new = |version: &&String| !self.from.contains(version);
        match self.to.iter().find(is_new) {
            Some(version) if !self.from.is_empty() => {
                let from = self.from.join(", ");
                Some(format!("`{}` {from} became {version}", self.name))
            }
            _ => None,
        }
    }
}
