//! Time and memory of `lockwright lock` beside `uv lock`, on the same warm local index.
//!
//! Whole processes, in turn, so that what else the machine does falls on both.

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
    /// The interpreter for uv, which looks for one otherwise.
    python: Option<PathBuf>,
    runs: usize,
}

/// What one run took, or the middle of several.
#[derive(Clone, Copy, Debug)]
struct Figures {
    seconds: f64,
    /// Processor time.
    busy: f64,
    megabytes: f64,
}

/// Prints a row for each project, then the middle and the worst.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failed> {
    let mut choice = read_arguments(arguments)?;
    let shared =
        shared().ok_or_else(|| Failed::new("there is no ../shared beside the repository"))?;
    run_shown(cargo().args(["build", "--release", "--package", "lockwright-cli"]))?;
    let _server = Server::corpus()?;
    let corpus = shared.join("corpus/projects");
    if choice.projects.is_empty() {
        choice.projects = all(&corpus)?;
    }
    let ours = target_dir().join("release/lockwright");
    println!(
        "{:<28} {:>7} {:>7} {:>7}  {:>7} {:>7} {:>7}  {:>6} {:>6} {:>6}",
        "project", "ours s", "busy s", "MB", "uv s", "busy s", "MB", "time", "busy", "memory"
    );
    let mut ratios = Vec::new();
    for name in &choice.projects {
        let project = corpus.join(name);
        if !project.is_dir() {
            return Err(Failed::new(format!("the corpus has no project `{name}`")));
        }
        match compare(&ours, &project, &choice) {
            Ok((mine, theirs)) => ratios.extend(print_row(name, mine, theirs)),
            Err(failed) => println!("{name:<28} {}", first_line(&failed.to_string())),
        }
    }
    print_summary(&ratios);
    Ok(ExitCode::SUCCESS)
}

fn all(corpus: &Path) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(corpus)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn read_arguments(arguments: &[String]) -> Result<Choice, Failed> {
    let mut choice = Choice {
        projects: Vec::new(),
        uv: on_path("uv"),
        python: None,
        runs: 5,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "resolve" => {}
            "--uv" => choice.uv = rest.next().map(PathBuf::from),
            "--python" => choice.python = rest.next().map(PathBuf::from),
            "--runs" => choice.runs = rest.next().and_then(|runs| runs.parse().ok()).unwrap_or(5),
            name if !name.starts_with('-') => choice.projects.push(name.to_owned()),
            other => return Err(Failed::new(format!("bench knows no `{other}`"))),
        }
    }
    Ok(choice)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Prints what both took; gives our parts of uv's time, processor time and memory.
fn print_row(name: &str, ours: Figures, theirs: Option<Figures>) -> Option<[f64; 3]> {
    let columns =
        |it: Figures| format!("{:>7.3} {:>7.3} {:>7.1}", it.seconds, it.busy, it.megabytes);
    let Some(uv) = theirs else {
        println!("{name:<28} {}  uv is not on PATH", columns(ours));
        return None;
    };
    let ratios = [
        ours.seconds / uv.seconds,
        ours.busy / uv.busy,
        ours.megabytes / uv.megabytes,
    ];
    let [time, busy, memory] = ratios;
    println!(
        "{name:<28} {}  {}  {time:>6.2} {busy:>6.2} {memory:>6.2}",
        columns(ours),
        columns(uv)
    );
    Some(ratios)
}

fn print_summary(ratios: &[[f64; 3]]) {
    if ratios.is_empty() {
        return;
    }
    let column = |at: usize| {
        let mut all: Vec<f64> = ratios.iter().map(|row| row[at]).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let columns = [0, 1, 2].map(column);
    let show = |title: &str, pick: &dyn Fn(&[f64]) -> f64| {
        let [time, busy, memory] = [0, 1, 2].map(|at| pick(&columns[at]));
        println!("{title:<79} {time:>6.2} {busy:>6.2} {memory:>6.2}");
    };
    let title = format!("the middle of {} projects", ratios.len());
    show(&title, &|all| median(all).unwrap_or(f64::NAN));
    show("the worst", &|all| all[all.len() - 1]);
}

/// Locks by turns, each time in a fresh copy; one run each before warms index and caches.
fn compare(
    ours: &Path,
    project: &Path,
    choice: &Choice,
) -> Result<(Figures, Option<Figures>), Failed> {
    let scratch = Scratch::new("bench")?;
    let mut uv_words = vec!["lock".to_owned()];
    if let Some(python) = &choice.python {
        uv_words.extend(["--python".to_owned(), python.display().to_string()]);
    }
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..=choice.runs.max(1) {
        let figures = once(ours, &["lock".to_owned()], project, &scratch.0)?;
        let uv = match &choice.uv {
            Some(uv) => Some(once(uv, &uv_words, project, &scratch.0)?),
            None => None,
        };
        if run > 0 {
            mine.push(figures);
            theirs.extend(uv);
        }
    }
    let ours = middle(&mine).ok_or_else(|| Failed::new("nothing was measured"))?;
    Ok((ours, middle(&theirs)))
}

/// The middle of sorted numbers: between both middles where there are two.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The middle of each figure.
fn middle(seen: &[Figures]) -> Option<Figures> {
    let of = |figure: fn(&Figures) -> f64| {
        let mut all: Vec<f64> = seen.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        median(&all)
    };
    Some(Figures {
        seconds: of(|it| it.seconds)?,
        busy: of(|it| it.busy)?,
        megabytes: of(|it| it.megabytes)?,
    })
}

/// One run under GNU time, which knows processor time and the peak of resident memory.
fn once(tool: &Path, words: &[String], project: &Path, scratch: &Path) -> Result<Figures, Failed> {
    let folder = scratch.join("project");
    let _ = std::fs::remove_dir_all(&folder);
    copy(project, &folder)?;
    let _ = std::fs::remove_file(folder.join("uv.lock"));
    let report = scratch.join("report");
    let mut command = match on_path("time") {
        Some(time) => {
            let mut command = Command::new(time);
            command
                .args(["--format", "%U %S %M", "--output"])
                .arg(&report)
                .arg(tool);
            command
        }
        None => Command::new(tool),
    };
    command.args(words).current_dir(&folder);
    environment(&mut command, scratch);
    let ended = bounded(&mut command, LIMIT)?;
    if !ended.status.is_some_and(|status| status.success()) {
        return Err(Failed::new(format!(
            "`{} lock` failed: {}",
            tool.display(),
            ended.stderr.trim()
        )));
    }
    let report = std::fs::read_to_string(report).unwrap_or_default();
    let mut numbers = report
        .split_whitespace()
        .map(|number| number.parse().unwrap_or(f64::NAN));
    let mut next = || numbers.next().unwrap_or(f64::NAN);
    Ok(Figures {
        seconds: ended.took.as_secs_f64(),
        busy: next() + next(),
        megabytes: next() / 1024.0,
    })
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_middle_of_an_even_count_lies_between_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0]), Some(1.0));
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
    }
}
