//! Real locks, written by the native tools, of a folder that is not part of the repository.
//!
//! The folder is `LOCKWRIGHT_SHARED`, or else `shared` beside the repository. Without it these
//! tests say so and pass: the fixtures beside this file hold the same laws for small locks.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use lockwright_formats::{LockFormat, Pdm, Pylock, Requirements, Uv, WriteRequest};

#[path = "request/mod.rs"]
mod request;

/// The folder of real locks, if there is one here.
fn shared() -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = match env::var_os("LOCKWRIGHT_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => repository.join("../shared"),
    };
    if !folder.join("corpus").is_dir() {
        println!("skipped: no shared folder at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The corpus' expected files, unpacked once: a folder for each project.
fn corpus(shared: &Path) -> Vec<PathBuf> {
    let unpacked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus");
    let mut projects = Vec::new();
    for archive in folders(&shared.join("corpus/expected")) {
        let name = archive.file_name().unwrap().to_str().unwrap();
        let Some(name) = name.strip_suffix(".tar.xz") else {
            continue;
        };
        let project = unpacked.join(name);
        if !project.join(".whole").exists() {
            fs::create_dir_all(&project).unwrap();
            let mut tar = Command::new("tar");
            let tar = tar.arg("-xJf").arg(&archive).arg("-C").arg(&project);
            assert!(tar.status().unwrap().success(), "{}", archive.display());
            fs::write(project.join(".whole"), "").unwrap();
        }
        projects.push(project);
    }
    projects
}

/// What a folder holds, in order of names.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Every folder with a `uv.lock`.
fn uv_locks(shared: &Path) -> Vec<PathBuf> {
    let mut locks = corpus(shared);
    locks.extend(
        folders(&shared.join("scenarios"))
            .iter()
            .flat_map(|suite| folders(suite)),
    );
    locks.extend(folders(&shared.join("examples")));
    locks.retain(|folder| folder.join("uv.lock").exists());
    locks
}

/// Compares texts line by line, and tells the first difference.
fn first_difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    let place = lines.find(|(_, (expected, found))| expected != found);
    Some(match place {
        Some((at, (expected, found))) => {
            format!(
                "line {}\n    expected {expected}\n    found    {found}",
                at + 1
            )
        }
        None => "one is longer than the other".to_owned(),
    })
}

/// Counts what is as expected, and tells of what is not.
#[derive(Default)]
struct Tally {
    same: usize,
    different: Vec<String>,
}

impl Tally {
    fn compare(&mut self, name: &Path, expected: &str, found: &str) {
        match first_difference(expected, found) {
            None => self.same += 1,
            Some(difference) => self
                .different
                .push(format!("{}: {difference}", name.display())),
        }
    }

    fn settle(self, what: &str) {
        println!(
            "{what}: {} of {} identical",
            self.same,
            self.same + self.different.len()
        );
        assert!(self.different.is_empty(), "{}", self.different.join("\n"));
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn uv_locks_survive_reading_and_writing() {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    for folder in uv_locks(&shared) {
        let text = read(&folder.join("uv.lock"));
        match Uv.read(&text) {
            Ok(lock) => {
                let written = Uv.write(&lock, &WriteRequest::default()).unwrap().text;
                tally.compare(&folder, &text, &written);
                if Uv.read(&written).as_ref() != Ok(&lock) {
                    tally
                        .different
                        .push(format!("{}: another lock", folder.display()));
                }
            }
            Err(problems) => {
                tally
                    .different
                    .push(format!("{}: {problems:?}", folder.display()));
            }
        }
    }
    tally.settle("uv.lock");
}

/// Every `pdm.lock`, with the `pyproject.toml` it was made from.
fn pdm_locks(shared: &Path) -> Vec<(PathBuf, String, String)> {
    let mut found = Vec::new();
    for folder in corpus(shared) {
        let project = shared
            .join("corpus/projects")
            .join(folder.file_name().unwrap());
        found.push((folder.join("pdm.lock"), project.join("pyproject.toml")));
    }
    for folder in folders(&shared.join("examples")) {
        // Their names of places were changed, so their hashes tell of another text.
        let is_changed = ["e3-index", "e5-direct"]
            .iter()
            .any(|name| folder.ends_with(name));
        if !is_changed {
            found.push((folder.join("pdm.lock"), folder.join("pyproject.toml")));
        }
    }
    let text = |path: &Path| fs::read_to_string(path).ok();
    found
        .into_iter()
        .filter_map(|(lock, project)| Some((lock.clone(), text(&lock)?, text(&project)?)))
        // Of several targets, the one each package is for is not worked out.
        .filter(|(_, lock, _)| lock.matches("[[metadata.targets]]").count() == 1)
        .collect()
}

#[test]
fn pdm_locks_survive_reading_and_writing() {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    for (path, text, pyproject) in pdm_locks(&shared) {
        let request = WriteRequest {
            pyproject: Some(&pyproject),
            previous: Some(&text),
            ..WriteRequest::default()
        };
        let written = Pdm.read(&text).and_then(|lock| Pdm.write(&lock, &request));
        match written {
            Ok(written) => tally.compare(&path, &text, &written.text),
            Err(problems) => {
                tally
                    .different
                    .push(format!("{}: {problems:?}", path.display()));
            }
        }
    }
    tally.settle("pdm.lock");
}

/// Exports every lock of the corpus as the native tool did.
fn exports_are_identical(format: &dyn LockFormat, file_name: &str) {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    for folder in corpus(&shared) {
        let Ok(expected) = fs::read_to_string(folder.join(file_name)) else {
            continue;
        };
        let lock = Uv.read(&read(&folder.join("uv.lock"))).unwrap();
        let command = expected
            .lines()
            .nth(1)
            .unwrap()
            .trim_start_matches(['#', ' ']);
        match format.write(&lock, &request::of(command)) {
            Ok(written) => tally.compare(&folder, &expected, &written.text),
            Err(problems) => tally
                .different
                .push(format!("{}: {problems:?}", folder.display())),
        }
    }
    tally.settle(file_name);
}

#[test]
fn pylocks_are_identical() {
    exports_are_identical(&Pylock, "pylock.toml");
}

#[test]
fn requirements_are_identical() {
    exports_are_identical(&Requirements, "requirements.txt");
}

#[test]
fn requirements_of_all_extras_and_groups_are_identical() {
    exports_are_identical(&Requirements, "requirements-all.txt");
}

#[test]
fn invariants_hold() {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    for folder in uv_locks(&shared) {
        let lock = Uv.read(&read(&folder.join("uv.lock"))).unwrap();
        let violations = lock::check(&lock);
        match violations.first() {
            None => tally.same += 1,
            Some(first) => {
                let (name, count) = (folder.display(), violations.len());
                tally
                    .different
                    .push(format!("{name}: {count} violations: {first}"));
            }
        }
    }
    tally.settle("invariants");
}

/// The files of the examples whose names begin so.
fn examples(shared: &Path, beginning: &str) -> Vec<PathBuf> {
    let folders = folders(&shared.join("examples"));
    let files = folders.iter().flat_map(|folder| self::folders(folder));
    let is_one = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.contains(beginning))
    };
    files.filter(is_one).collect()
}

/// Whether an export cannot be told from another: a project without a name, or one release from
/// two indexes.
fn is_ambiguous(text: &str) -> bool {
    let lines = || text.lines().filter(|line| !line.starts_with([' ', '#']));
    let pins: Vec<_> = lines().filter_map(|line| line.split_once(" ;")).collect();
    let has_twins = pins
        .iter()
        .enumerate()
        .any(|(at, (pin, _))| pins[..at].iter().any(|it| it.0 == *pin));
    has_twins || lines().any(|line| line.starts_with("-e ."))
}

#[test]
fn exported_requirements_survive_reading_and_writing() {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    let mut files = examples(&shared, "requirements.uv-export");
    for folder in corpus(&shared) {
        files.extend(["requirements.txt", "requirements-all.txt"].map(|name| folder.join(name)));
    }
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let lock = match Requirements.read(&text) {
            Ok(lock) => lock,
            Err(problems) => {
                tally
                    .different
                    .push(format!("{}: {problems:?}", file.display()));
                continue;
            }
        };
        if let Some(violation) = lock::check(&lock).first() {
            tally
                .different
                .push(format!("{}: {violation}", file.display()));
        }
        let command = text.lines().nth(1).unwrap_or_default();
        let request = WriteRequest {
            command: Some(command.trim_start_matches(['#', ' '])),
            local: Some(lockwright_formats::Local::Written),
            ..WriteRequest::default()
        };
        let written = Requirements.write(&lock, &request).unwrap().text;
        if !is_ambiguous(&text) {
            tally.compare(&file, &text, &written);
        }
    }
    tally.settle("requirements read and written");
}

#[test]
fn exported_pylocks_survive_reading_and_writing() {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    let mut files = examples(&shared, "pylock.uv");
    files.extend(
        corpus(&shared)
            .iter()
            .map(|folder| folder.join("pylock.toml")),
    );
    for file in files.into_iter().filter(|file| file.exists()) {
        let text = read(&file);
        let command = text.lines().nth(1).unwrap_or_default();
        let request = WriteRequest {
            command: Some(command.trim_start_matches(['#', ' '])),
            ..WriteRequest::default()
        };
        match Pylock.read(&text) {
            Ok(lock) => {
                if let Some(violation) = lock::check(&lock).first() {
                    tally
                        .different
                        .push(format!("{}: {violation}", file.display()));
                }
                let written = Pylock.write(&lock, &request).unwrap().text;
                tally.compare(&file, &text, &written);
            }
            Err(problems) => tally
                .different
                .push(format!("{}: {problems:?}", file.display())),
        }
    }
    tally.settle("pylock.toml read and written");
}

#[test]
fn pylocks_of_all_writers_can_be_read() {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    for file in examples(&shared, "pylock.") {
        let text = read(&file);
        let is_invalid = file.display().to_string().contains("INVALID");
        match (Pylock.read(&text), is_invalid) {
            (Err(_), true) => tally.same += 1,
            (Ok(lock), false) => match lock::check(&lock).first() {
                None => tally.same += 1,
                Some(violation) => {
                    tally
                        .different
                        .push(format!("{}: {violation}", file.display()));
                }
            },
            (found, _) => tally
                .different
                .push(format!("{}: {found:?}", file.display())),
        }
        for lint in Pylock.lint(&text) {
            println!("{}: {}", file.display(), lint.title);
        }
    }
    tally.settle("pylock.toml of all writers");
}

#[test]
fn compiled_requirements_survive_reading_and_writing() {
    let Some(shared) = shared() else { return };
    let mut tally = Tally::default();
    let layouts = [
        ("pip-compile", "pip-compile"),
        ("uv-pip-compile", "uv-pip-compile"),
        ("uv-universal", "uv-pip-compile"),
    ];
    for (name, layout) in layouts {
        for file in examples(&shared, name) {
            // uv's file of that name is none of pip-compile's.
            if layout == "pip-compile" && file.display().to_string().contains("uv-pip-compile") {
                continue;
            }
            let text = read(&file);
            let manifest = fs::read_to_string(file.with_file_name("requirements.in")).ok();
            let pyproject = fs::read_to_string(file.with_file_name("pyproject.toml")).ok();
            let command = text.lines().take_while(|line| line.starts_with('#'));
            let command = command.filter_map(|line| line.strip_prefix("#    ")).next();
            let request = WriteRequest {
                layout: Some(layout),
                manifest: manifest.as_deref(),
                pyproject: pyproject.as_deref(),
                previous: Some(&text),
                command,
                ..WriteRequest::default()
            };
            let lock = Requirements.read(&text).unwrap();
            let written = Requirements.write(&lock, &request).unwrap().text;
            tally.compare(&file, &text, &written);
        }
    }
    tally.settle("compiled requirements read and written");
}
