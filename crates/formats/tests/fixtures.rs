//! Every format against its own fixtures: `fixtures/<format>/<case>/`.
//!
//! The file called as the format's files usually are is what has to be written. It is read from
//! `from.<file>` where there is one, from `uv.lock` for formats that are only written, and else
//! from itself. `problems.txt` holds what is wrong with a file that cannot be read, `losses.txt`
//! what the written file does not say, `warnings.txt` what deserves a look in the file that is
//! read. `layout.txt` names a layout that
//! is not the usual one. With `BLESS=1` the first three, and files that are missing, are
//! written.
//!
//! The locks were made by uv 0.13.8 from a made-up index, the exports by the command that stands
//! in their second line.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use diagnostic::Diagnostic;
use lock::Lock;
use lockwright_formats::{FORMATS, LockFormat, WriteRequest, detect};

#[path = "request/mod.rs"]
mod request;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn every_format_has_fixtures_and_no_folder_is_without_a_format() {
    let mut formats: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
    formats.sort_unstable();
    let folders = folders(&fixtures());
    assert_eq!(
        folders
            .iter()
            .map(|folder| name(folder))
            .collect::<Vec<_>>(),
        formats
    );
    assert!(
        folders
            .iter()
            .all(|folder| fs::read_dir(folder).unwrap().count() > 0)
    );
}

#[test]
fn formats_know_their_files() {
    for format in FORMATS {
        let found = detect(format.file_name(), "").map(LockFormat::name);
        assert_eq!(found, Some(format.name()));
        for case in folders(&fixtures().join(format.name())) {
            let Ok(text) = fs::read_to_string(case.join(format.file_name())) else {
                continue;
            };
            let is_empty = text
                .lines()
                .all(|line| line.is_empty() || line.starts_with('#'));
            if !is_empty && !case.join("problems.txt").exists() {
                let found = detect("something.else", &text).map(LockFormat::name);
                assert_eq!(found, Some(format.name()), "{}", case.display());
            }
        }
    }
    assert!(detect("something.else", "").is_none());
}

#[test]
fn files_are_written_as_they_should_be() {
    let mut failures = Vec::new();
    for format in FORMATS {
        for case in folders(&fixtures().join(format.name())) {
            failures.extend(
                run(*format, &case)
                    .err()
                    .map(|what| format!("{}: {what}", case.display())),
            );
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn run(format: &dyn LockFormat, case: &Path) -> Result<(), String> {
    let problems = case.join("problems.txt");
    let lock = match source(format, case) {
        Ok(lock) => lock,
        Err(found) => return settle(&problems, &list(&found)),
    };
    if problems.exists() {
        return Err("expected problems, found none".to_owned());
    }
    let violations = lock::check(&lock);
    if !violations.is_empty() {
        return Err(format!("{violations:?}"));
    }
    let warnings = case.join("warnings.txt");
    if !lockwright_formats::can_be_written(format) {
        // Only read: what was read shows as another format.
        let text = fs::read_to_string(source_file(format, case)).unwrap();
        settle(&warnings, &list(&format.lint(&text)))?;
        let request = WriteRequest {
            local: Some(lockwright_formats::Local::Written),
            selection: lock::Selection {
                groups: lock::Groups {
                    from: lock::GroupsFrom::All,
                    ..Default::default()
                },
                ..Default::default()
            },
            ..WriteRequest::default()
        };
        let written = lockwright_formats::Requirements.write(&lock, &request);
        return settle(&case.join("requirements.txt"), &written.unwrap().text);
    }
    let expected = case.join(format.file_name());
    let text = fs::read_to_string(&expected).unwrap_or_default();
    let pyproject = fs::read_to_string(case.join("pyproject.toml")).ok();
    let mut request = match command(&text) {
        Some(command) if command.starts_with("uv export") => request::of(command),
        command => WriteRequest {
            command,
            ..WriteRequest::default()
        },
    };
    let manifest = manifest(case);
    request.manifest = manifest.as_deref();
    if name(&source_file(format, case)) == format.file_name() {
        request.previous = Some(&text);
    }
    request.pyproject = pyproject.as_deref();
    let layout = fs::read_to_string(case.join("layout.txt")).ok();
    request.layout = layout.as_deref().map(str::trim);
    let written = format
        .write(&lock, &request)
        .map_err(|problems| list(&problems))?;
    settle(&expected, &written.text)?;
    let losses: Vec<_> = written
        .losses
        .iter()
        .map(|loss| format!("{}: {loss}\n", loss.code()))
        .collect();
    settle(&case.join("losses.txt"), &losses.concat())?;
    let lints = fs::read_to_string(source_file(format, case)).unwrap_or_default();
    settle(
        &case.join("warnings.txt"),
        &list(&lint(format, case, &lints)),
    )?;
    let Ok(again) = format.read(&written.text) else {
        return Ok(());
    };
    let starts_from_itself = name(&source_file(format, case)) == format.file_name();
    if starts_from_itself && again != lock && !case.join("losses.txt").exists() {
        return Err("what was written reads as another lock".to_owned());
    }
    // A flat list has no extras and groups to choose from any more.
    if !starts_from_itself {
        request.selection = Default::default();
    }
    let twice = format
        .write(&again, &request)
        .map_err(|problems| list(&problems))?;
    if twice.text == written.text {
        Ok(())
    } else {
        Err("written twice, it differs".to_owned())
    }
}

/// The command line in the first lines of a file.
fn command(text: &str) -> Option<&str> {
    let mut head = text
        .lines()
        .take(6)
        .take_while(|line| line.starts_with('#'));
    let is_made = |line: &str| line.starts_with("# This file ") || line.starts_with("# by the");
    head.find(|line| is_made(line))?;
    let line = head.find(|line| line.starts_with("#    "))?;
    Some(line.trim_start_matches(['#', ' ']))
}

/// The files that say what is wanted.
fn manifest(case: &Path) -> Option<String> {
    let files = folders(case);
    let manifests = files
        .iter()
        .filter(|file| name(file).ends_with(".in") || name(file) == "Pipfile");
    let texts: Vec<_> = manifests
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    (!texts.is_empty()).then(|| texts.concat())
}

/// The lock of a case, from the file it starts from.
fn source(format: &dyn LockFormat, case: &Path) -> Result<Lock, Vec<Diagnostic>> {
    let file = source_file(format, case);
    let text = fs::read_to_string(&file).unwrap();
    lockwright_formats::read(name(&file).trim_start_matches("from."), &text)
}

/// What deserves a look in the file a case starts from, where it is of the format itself.
fn lint(format: &dyn LockFormat, case: &Path, text: &str) -> Vec<Diagnostic> {
    let file = source_file(format, case);
    if format.owns(name(&file).trim_start_matches("from.")) {
        format.lint(text)
    } else {
        Vec::new()
    }
}

/// The file a case starts from.
fn source_file(format: &dyn LockFormat, case: &Path) -> PathBuf {
    let from = folders(case)
        .into_iter()
        .find(|file| name(file).starts_with("from."));
    let uv = Some(case.join("uv.lock")).filter(|file| file.exists());
    from.or(uv).unwrap_or_else(|| case.join(format.file_name()))
}

/// Compares a text with a file; no file is an empty text.
fn settle(file: &Path, found: &str) -> Result<(), String> {
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    let is_ours = name(file).ends_with("s.txt") && !name(file).starts_with("requirements");
    if env::var_os("BLESS").is_some() && (is_ours || !file.exists()) {
        fs::write(file, found).unwrap();
        return Ok(());
    }
    let lines = expected.lines().chain(std::iter::repeat("(end)"));
    let difference = lines
        .zip(found.lines().chain(["(end)"]))
        .find(|(one, other)| one != other);
    Err(format!(
        "{} differs: expected, found\n{difference:#?}",
        name(file)
    ))
}

fn list(problems: &[Diagnostic]) -> String {
    let mut text = String::new();
    for problem in problems {
        let places: Vec<_> = problem
            .labels
            .iter()
            .map(|label| format!("{:?}", label.span))
            .collect();
        text.push_str(&format!(
            "{} at {}: {}\n",
            problem.code,
            places.join(", "),
            problem.title
        ));
        for help in &problem.help {
            text.push_str(&format!("    help: {help}\n"));
        }
    }
    text
}
