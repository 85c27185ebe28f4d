//! Compares our locks with those of the native tools, byte by byte, over what is beside the repository.

mod conversions;
mod difference;
mod exports;
mod locks;
mod markers;
mod parts;
mod sandbox;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::command::{Failed, cargo, program, root, run as run_shown, target_dir};
use crate::indexes::shared;
use crate::tally::Tally;
use parts::{PARTS, Part, What, Writer};

pub(crate) use sandbox::{Scratch, copy, environment};

#[derive(Debug)]
struct Choice {
    parts: Vec<Part>,
    only: Vec<String>,
    jobs: usize,
    profile: Profile,
    /// A comparison on projects that nobody wrote down, with its arguments.
    invented: Option<(Invented, Vec<String>)>,
}

/// How what is compared is built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Profile {
    /// As it is shipped.
    Release,
    /// Sooner built, and slower.
    Debug,
}

impl Profile {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--release"],
            Self::Debug => &[],
        }
    }

    /// Where the programs are.
    fn folder(self) -> PathBuf {
        target_dir().join(match self {
            Self::Release => "release",
            Self::Debug => "debug",
        })
    }
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

/// Everything, as one test for each part.
pub(crate) fn suite() -> Result<Tally, Failed> {
    compare(&Choice {
        parts: PARTS.to_vec(),
        only: Vec::new(),
        jobs: 2,
        profile: Profile::Release,
        invented: None,
    })
}

/// The names of all parts, for messages.
fn names() -> String {
    let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
    names.join(", ")
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
        profile: Profile::Release,
        invented: None,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--fuzz" => choice.invented = Some((Invented::Fuzz, rest.by_ref().cloned().collect())),
            "--live" => choice.invented = Some((Invented::Live, rest.by_ref().cloned().collect())),
            "--only" => choice.only.extend(rest.next().cloned()),
            "--jobs" => choice.jobs = rest.next().and_then(|jobs| jobs.parse().ok()).unwrap_or(2),
            "--debug" => choice.profile = Profile::Debug,
            other => match PARTS.iter().find(|part| part.name == other) {
                Some(part) => choice.parts.push(*part),
                None => {
                    let known = names();
                    return Err(Failed::new(format!(
                        "parity knows no `{other}`; its parts are {known}"
                    )));
                }
            },
        }
    }
    if choice.parts.is_empty() {
        let is_of_projects = |part: &&Part| matches!(part.what, What::Locks(_));
        let all = PARTS.iter().copied();
        choice.parts = all
            .filter(|part| choice.only.is_empty() || is_of_projects(&part))
            .collect();
    }
    Ok(choice)
}

fn compare(choice: &Choice) -> Result<Tally, Failed> {
    let shared =
        shared().ok_or_else(|| Failed::new("there is no ../shared beside the repository"))?;
    let floors = read_floors()?;
    build(choice)?;
    let mut tally = Tally::default();
    for part in &choice.parts {
        let (score, word) = match part.what {
            What::Locks(locks) => (locks::compare(locks, &shared, choice)?, " identical"),
            What::Conversions => (conversions::compare(&shared, choice)?, " kept or refused"),
            What::Exports(test) => (exports::compare(test, choice)?, " identical"),
            What::Markers => (markers::compare(&shared, choice)?, ""),
        };
        let title = part.title;
        println!("{title}: {}/{}{word}", score.identical, score.of);
        if choice.only.is_empty() {
            let floor = floors.get(part.name).copied().unwrap_or(usize::MAX);
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

/// Builds the programs that the chosen parts run.
fn build(choice: &Choice) -> Result<(), Failed> {
    let writers = || {
        choice.parts.iter().filter_map(|part| match part.what {
            What::Locks(locks) => Some(locks.writer),
            What::Conversions => Some(Writer::Lockwright(&["convert"])),
            What::Exports(_) | What::Markers => None,
        })
    };
    let mut command = cargo();
    command.arg("build").args(choice.profile.arguments());
    if writers().any(|it| matches!(it, Writer::Lockwright(_))) {
        command.args(["--package", "lockwright-cli", "--bin", "lockwright"]);
    }
    if writers().any(|it| matches!(it, Writer::Emission(_))) {
        command.args(["--package", "lockwright-cli", "--example", "emission"]);
    }
    match writers().next() {
        Some(_) => run_shown(&mut command),
        None => Ok(()),
    }
}

/// The numbers that must not fall, by part.
fn read_floors() -> Result<BTreeMap<String, usize>, Failed> {
    let text = std::fs::read_to_string(root().join("tests/parity.toml"))?;
    let wrong = |reason: String| Failed::new(format!("tests/parity.toml: {reason}"));
    let floors: BTreeMap<String, usize> =
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    for part in PARTS {
        if !floors.contains_key(part.name) {
            return Err(wrong(format!("there is no `{}`", part.name)));
        }
    }
    match floors
        .keys()
        .find(|key| PARTS.iter().all(|part| part.name != **key))
    {
        Some(key) => Err(wrong(format!("there is no part `{key}`"))),
        None => Ok(floors),
    }
}
