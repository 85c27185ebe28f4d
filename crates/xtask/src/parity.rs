//! Compares our locks with uv's, byte by byte, over the scenarios and the corpus beside the repository.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Deserialize;

use crate::command::{
    Failed, bounded, cargo, output_or_said, program, root, run as run_shown, target_dir,
};
use crate::indexes::{CORPUS_PORT, Server, shared};
use crate::tally::Tally;

/// How long one project may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The numbers that must not fall, `tests/parity.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floors {
    scenarios: usize,
    corpus: usize,
    markers: usize,
}

/// What to compare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Scenarios,
    Corpus,
    Markers,
}

#[derive(Debug)]
struct Choice {
    parts: Vec<Part>,
    only: Vec<String>,
    jobs: usize,
    /// A comparison on projects that nobody wrote down, with its arguments.
    invented: Option<(Invented, Vec<String>)>,
}

/// A script that compares with uv itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Invented {
    /// Random small projects on random indexes; `--mode relock` changes them once locked, `--mode
    /// respell` says the same in other words.
    Fuzz,
    /// The sdists of well-known projects, on the live index.
    Live,
}

/// How many of how many are identical.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    identical: usize,
    of: usize,
}

/// Compares and prints; the status says whether the floors hold.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failed> {
    let choice = read_arguments(arguments)?;
    if let Some((invented, more)) = &choice.invented {
        return compare_with_uv(*invented, more);
    }
    let tally = compare(&choice)?;
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Everything, as one test each for scenarios, corpus and markers.
pub(crate) fn suite() -> Result<Tally, Failed> {
    let parts = vec![Part::Scenarios, Part::Corpus, Part::Markers];
    compare(&Choice {
        parts,
        only: Vec::new(),
        jobs: 2,
        invented: None,
    })
}

/// Runs the script, which prints each miss and the score, with whatever arguments follow.
fn compare_with_uv(invented: Invented, more: &[String]) -> Result<ExitCode, Failed> {
    run_shown(cargo().args(["build", "--release", "--package", "lockwright-cli"]))?;
    let folder = root().join("crates/xtask/src/parity");
    let mut command = program("python3");
    match invented {
        Invented::Fuzz => command.arg(folder.join("projects.py")).arg("run"),
        Invented::Live => command.arg(folder.join("live.py")),
    };
    let tool = target_dir().join("release/lockwright");
    let status = command
        .arg("--tool")
        .arg(format!("{} lock", tool.display()))
        .args(more)
        .status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read_arguments(arguments: &[String]) -> Result<Choice, Failed> {
    let mut choice = Choice {
        parts: Vec::new(),
        only: Vec::new(),
        jobs: 2,
        invented: None,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "scenarios" => choice.parts.push(Part::Scenarios),
            "corpus" => choice.parts.push(Part::Corpus),
            "markers" => choice.parts.push(Part::Markers),
            "--fuzz" => choice.invented = Some((Invented::Fuzz, rest.by_ref().cloned().collect())),
            "--live" => choice.invented = Some((Invented::Live, rest.by_ref().cloned().collect())),
            "--only" => choice.only.extend(rest.next().cloned()),
            "--jobs" => choice.jobs = rest.next().and_then(|jobs| jobs.parse().ok()).unwrap_or(2),
            other => return Err(Failed::new(format!("parity knows no `{other}`"))),
        }
    }
    if choice.parts.is_empty() {
        choice.parts = vec![Part::Scenarios, Part::Corpus];
        if choice.only.is_empty() {
            choice.parts.push(Part::Markers);
        }
    }
    Ok(choice)
}

fn compare(choice: &Choice) -> Result<Tally, Failed> {
    let shared =
        shared().ok_or_else(|| Failed::new("there is no ../shared beside the repository"))?;
    let floors = read_floors()?;
    if choice.parts != [Part::Markers] {
        run_shown(cargo().args(["build", "--release", "--package", "lockwright-cli"]))?;
    }
    let mut tally = Tally::default();
    for part in &choice.parts {
        let (title, score, floor) = match part {
            Part::Scenarios => (
                "scenarios",
                compare_scenarios(&shared, choice)?,
                floors.scenarios,
            ),
            Part::Corpus => ("corpus uv", compare_corpus(&shared, choice)?, floors.corpus),
            Part::Markers => ("markers", compare_markers(&shared)?, floors.markers),
        };
        let word = if *part == Part::Markers {
            ""
        } else {
            " identical"
        };
        println!("{title}: {}/{}{word}", score.identical, score.of);
        if choice.only.is_empty() {
            let holds = score.identical >= floor;
            if !holds {
                println!("{title}: tests/parity.toml says at least {floor}");
            }
            tally += Tally::one(holds);
        } else {
            tally += Tally::one(score.identical == score.of);
        }
    }
    Ok(tally)
}

fn read_floors() -> Result<Floors, Failed> {
    let text = std::fs::read_to_string(root().join("tests/parity.toml"))?;
    toml::from_str(&text).map_err(|error| Failed::new(format!("tests/parity.toml: {error}")))
}

/// One project to lock and what must come of it.
#[derive(Debug)]
struct Case {
    name: String,
    project: PathBuf,
    /// The lock that uv writes; none where uv fails.
    expected: Option<PathBuf>,
}

fn compare_scenarios(shared: &Path, choice: &Choice) -> Result<Score, Failed> {
    let _server = Server::scenarios()?;
    let mut cases = Vec::new();
    for group in sorted(&shared.join("scenarios"))? {
        for folder in sorted(&group)? {
            let name = folder
                .strip_prefix(shared.join("scenarios"))
                .unwrap_or(&folder);
            let lock = folder.join("uv.lock");
            if lock.is_file() || folder.join("no-solution.txt").is_file() {
                cases.push(Case {
                    name: name.display().to_string(),
                    expected: lock.is_file().then_some(lock),
                    project: folder,
                });
            }
        }
    }
    Ok(compare_all(cases, choice))
}

fn compare_corpus(shared: &Path, choice: &Choice) -> Result<Score, Failed> {
    let _server = Server::corpus()?;
    let unpacked = unpack(shared)?;
    let mut cases = Vec::new();
    for folder in sorted(&unpacked)? {
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let lock = folder.join("expected/uv.lock");
        if lock.is_file() || folder.join("expected/uv.error.txt").is_file() {
            cases.push(Case {
                project: shared.join("corpus/projects").join(&name),
                expected: lock.is_file().then_some(lock),
                name,
            });
        }
    }
    Ok(compare_all(cases, choice))
}

/// Unpacks the corpus's expected files once, and again when the corpus changes.
fn unpack(shared: &Path) -> Result<PathBuf, Failed> {
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

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
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
fn compare_all(cases: Vec<Case>, choice: &Choice) -> Score {
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
                    let miss =
                        lock_and_compare(case).unwrap_or_else(|error| Some(error.to_string()));
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
fn lock_and_compare(case: &Case) -> Result<Option<String>, Failed> {
    let scratch = Scratch::new(&case.name)?;
    let project = scratch.0.join("project");
    copy(&case.project, &project)?;
    // What a project keeps there would be preferred; uv's own run had none either.
    let lock = project.join("uv.lock");
    let _ = std::fs::remove_file(&lock);

    let mut command = Command::new(target_dir().join("release/lockwright"));
    command.arg("lock").current_dir(&project);
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
        (None, Some(_)) => Some("a lock was written where uv finds no solution".to_owned()),
        (Some(_), None) => Some(format!("no lock, {status}: {}", excerpt(&ended.stderr))),
        (Some(expected), Some(got)) => first_difference(&std::fs::read(expected)?, &got),
    })
}

/// Takes away what a user's own settings would change, and points at the frozen index.
pub(crate) fn environment(command: &mut Command, scratch: &Path) {
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        let foreign = [
            "SSL_CERT",
            "PIP_",
            "UV_",
            "POETRY_",
            "PDM_",
            "VIRTUAL_ENV",
            "PYTHON",
            "LOCKWRIGHT_",
        ];
        if upper.ends_with("_PROXY") || foreign.iter().any(|prefix| upper.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let index = format!("http://127.0.0.1:{CORPUS_PORT}/simple");
    command
        .env("NO_COLOR", "1")
        .env("HOME", scratch.join("home"))
        .env("XDG_CACHE_HOME", scratch.join("cache"))
        .env("LOCKWRIGHT_CACHE_DIR", scratch.join("cache/lockwright"))
        .env("LOCKWRIGHT_PUBLIC_INDEX", &index)
        .env("UV_CACHE_DIR", scratch.join("cache/uv"))
        .env("UV_DEFAULT_INDEX", &index)
        .env("UV_PYTHON_DOWNLOADS", "never")
        .env("UV_NO_PROGRESS", "1");
}

/// A folder that goes with this value.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Result<Self, Failed> {
        let unique = format!(
            "lockwright-{}-{}",
            std::process::id(),
            name.replace('/', "-")
        );
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(folder.join("home"))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The first line that differs, as `line N: expected … got …`.
fn first_difference(expected: &[u8], got: &[u8]) -> Option<String> {
    if expected == got {
        return None;
    }
    let (expected, got) = (
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(got),
    );
    let (mut left, mut right) = (expected.lines(), got.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (Some(left), Some(right)) if left == right => {}
            (None, None) => return Some("only line ends differ".to_owned()),
            (left, right) => {
                let said = |line: Option<&str>| {
                    line.map_or("nothing".to_owned(), |line| {
                        format!("`{}`", shortened(line))
                    })
                };
                return Some(format!(
                    "line {number}: expected {}, got {}",
                    said(left),
                    said(right)
                ));
            }
        }
    }
}

fn shortened(line: &str) -> String {
    let mut text: String = line.chars().take(160).collect();
    if text.len() < line.len() {
        text.push('…');
    }
    text
}

fn excerpt(stderr: &str) -> String {
    let mut text = String::new();
    for line in stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(3)
    {
        let _ = write!(text, "{}{line}", if text.is_empty() { "" } else { " / " });
    }
    shortened(&text)
}

/// Markers are compared inside one program of the tests package, which prints its misses and score.
fn compare_markers(shared: &Path) -> Result<Score, Failed> {
    let file = shared.join("markers/uv-0.13.8.jsonl");
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "tests",
        "--bin",
        "markers",
        "--",
    ]);
    let of = std::fs::read_to_string(&file)?.lines().count();
    let Some(said) = output_or_said(command.arg(&file)) else {
        println!(
            "markers: the comparison does not run: `{}`",
            crate::command::shown(&command)
        );
        return Ok(Score { identical: 0, of });
    };
    let mut identical = 0;
    for line in said.lines() {
        match line.strip_prefix("identical: ") {
            Some(count) => identical = count.trim().parse().unwrap_or(0),
            None => println!("{line}"),
        }
    }
    Ok(Score { identical, of })
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn finds_the_first_difference() {
        assert_eq!(first_difference(b"a\nb\n", b"a\nb\n"), None);
        assert_eq!(
            first_difference(b"a\nb\nc\n", b"a\nx\nc\n").as_deref(),
            Some("line 2: expected `b`, got `x`")
        );
        assert_eq!(
            first_difference(b"a\n", b"a\nb\n").as_deref(),
            Some("line 2: expected nothing, got `b`")
        );
        assert_eq!(
            first_difference(b"a\n", b"a").as_deref(),
            Some("only line ends differ")
        );
    }
}
