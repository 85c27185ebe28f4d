//! Time and peak memory of `lockwright lock` beside `uv lock`, on the same warm local index.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::command::{Failed, bounded, cargo, on_path, run as run_shown, target_dir};
use crate::indexes::{Server, shared};
use crate::parity::{Scratch, copy, environment};

const LIMIT: Duration = Duration::from_secs(300);

#[derive(Debug)]
struct Choice {
    projects: Vec<String>,
    uv: Option<PathBuf>,
    runs: usize,
}

/// The middle of several runs.
#[derive(Clone, Copy, Debug)]
struct Figures {
    seconds: f64,
    megabytes: f64,
}

/// Prints a row for each project.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failed> {
    let choice = read_arguments(arguments)?;
    let shared =
        shared().ok_or_else(|| Failed::new("there is no ../shared beside the repository"))?;
    run_shown(cargo().args(["build", "--release", "--package", "lockwright-cli"]))?;
    let _server = Server::corpus()?;
    let ours = target_dir().join("release/lockwright");
    println!(
        "{:<24} {:>9} {:>9}  {:>9} {:>9}  {:>7} {:>7}",
        "project, cache", "ours s", "MB", "uv s", "MB", "time ×", "mem. ×"
    );
    for name in &choice.projects {
        let project = shared.join("corpus/projects").join(name);
        if !project.is_dir() {
            return Err(Failed::new(format!("the corpus has no project `{name}`")));
        }
        for cached in [false, true] {
            let mine = figures(&ours, &project, &choice, cached)?;
            let theirs = match &choice.uv {
                Some(uv) => Some(figures(uv, &project, &choice, cached)?),
                None => None,
            };
            print_row(name, cached, mine, theirs);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_arguments(arguments: &[String]) -> Result<Choice, Failed> {
    let mut choice = Choice {
        projects: Vec::new(),
        uv: on_path("uv"),
        runs: 3,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--uv" => choice.uv = rest.next().map(PathBuf::from),
            "--runs" => choice.runs = rest.next().and_then(|runs| runs.parse().ok()).unwrap_or(3),
            name if !name.starts_with('-') => choice.projects.push(name.to_owned()),
            other => return Err(Failed::new(format!("bench knows no `{other}`"))),
        }
    }
    if choice.projects.is_empty() {
        choice.projects = ["flask", "black-26.5.1", "open-webui"]
            .map(str::to_owned)
            .to_vec();
    }
    Ok(choice)
}

fn print_row(name: &str, cached: bool, ours: Figures, theirs: Option<Figures>) {
    let title = format!("{name}, {}", if cached { "warm" } else { "empty" });
    let Some(uv) = theirs else {
        println!(
            "{title:<24} {:>9.3} {:>9.1}  uv is not on PATH",
            ours.seconds, ours.megabytes
        );
        return;
    };
    println!(
        "{title:<24} {:>9.3} {:>9.1}  {:>9.3} {:>9.1}  {:>7.2} {:>7.2}",
        ours.seconds,
        ours.megabytes,
        uv.seconds,
        uv.megabytes,
        ours.seconds / uv.seconds,
        ours.megabytes / uv.megabytes,
    );
}

/// Locks several times, each in a fresh copy; one run before warms the index, and the cache where wanted.
fn figures(tool: &Path, project: &Path, choice: &Choice, cached: bool) -> Result<Figures, Failed> {
    let scratch = Scratch::new("bench")?;
    let mut seen = Vec::new();
    for run in 0..=choice.runs.max(1) {
        let folder = scratch.0.join(format!("project-{run}"));
        copy(project, &folder)?;
        let _ = std::fs::remove_file(folder.join("uv.lock"));
        if !cached {
            let _ = std::fs::remove_dir_all(scratch.0.join("cache"));
        }
        let figures = once(tool, &folder, &scratch.0)?;
        if run > 0 {
            seen.push(figures);
        }
    }
    seen.sort_by(|left, right| left.seconds.total_cmp(&right.seconds));
    seen.get(seen.len() / 2)
        .copied()
        .ok_or_else(|| Failed::new("nothing was measured"))
}

/// One run under GNU time, which knows the peak of resident memory.
fn once(tool: &Path, folder: &Path, scratch: &Path) -> Result<Figures, Failed> {
    let report = scratch.join("peak");
    let peak = on_path("time");
    let mut command = match &peak {
        Some(time) => {
            let mut command = Command::new(time);
            command
                .args(["--format", "%M", "--output"])
                .arg(&report)
                .arg(tool);
            command
        }
        None => Command::new(tool),
    };
    command.arg("lock").current_dir(folder);
    environment(&mut command, scratch);
    let ended = bounded(&mut command, LIMIT)?;
    if !ended.status.is_some_and(|status| status.success()) {
        return Err(Failed::new(format!(
            "`{} lock` failed: {}",
            tool.display(),
            ended.stderr.trim()
        )));
    }
    let kilobytes = std::fs::read_to_string(report).ok();
    let kilobytes = kilobytes.and_then(|text| text.trim().parse::<f64>().ok());
    Ok(Figures {
        seconds: ended.took.as_secs_f64(),
        megabytes: kilobytes.map_or(f64::NAN, |size| size / 1024.0),
    })
}
