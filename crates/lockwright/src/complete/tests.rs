//! Small locks, completed from a recorded index.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use diagnostic::Diagnostic;
use formats::{LockFormat, Poetry, Pylock, Uv, WriteRequest};
use index::{Absence, Answer, Metadata, Query, simple_json};
use lock::{ArtifactSource, Lock};
use packaging::{IndexUrl, PackageName};

use super::complete;
use crate::locking::{Failure, FailureKind};
use crate::recorded::{Order, Recorded};

const INDEX: &str = "https://index.example/simple";
const PYPROJECT: &str = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"tea\"]\n";

fn name(text: &str) -> PackageName {
    PackageName::new(text).unwrap()
}

/// An index with one project, whose files each have a digest of one repeated digit.
fn index_of(files: &[(&str, &str)]) -> Recorded {
    let mut source = Recorded::new();
    let listed = files.iter().map(|(filename, digit)| {
        serde_json::json!({
            "filename": filename,
            "url": format!("https://files.example/{filename}"),
            "hashes": { "sha256": digit.repeat(64) },
            "size": 11,
            "upload-time": "2026-01-02T03:04:05Z",
            "requires-python": ">=3.9",
            "core-metadata": filename.ends_with(".whl"),
        })
    });
    let page = serde_json::json!({ "meta": { "api-version": "1.1" }, "files": listed.collect::<Vec<_>>() });
    let page = simple_json::read(page.to_string().as_bytes(), INDEX, &name("tea")).unwrap();
    source.project(
        &IndexUrl::new(INDEX),
        &name("tea"),
        Answer::Project(Arc::new(page)),
    );
    for (filename, _) in files {
        let text = "Metadata-Version: 2.1\nName: Tea\nVersion: 1.0\nSummary: hot water\nRequires-Dist: milk; extra == 'white'\nProvides-Extra: white\n";
        let metadata = Metadata::read(text, &name("tea"), &"1.0".parse().unwrap()).unwrap();
        let url = format!("https://files.example/{filename}");
        source.metadata(&url, Answer::Metadata(Arc::new(metadata)));
    }
    source
}

/// A `poetry.lock` of one package with these files.
fn poetry_lock(files: &[(&str, &str)]) -> Lock {
    let files: Vec<String> = files
        .iter()
        .map(|(file, digit)| {
            format!(
                "{{file = \"{file}\", hash = \"sha256:{}\"}}",
                digit.repeat(64)
            )
        })
        .collect();
    let text = format!(
        "[[package]]\nname = \"tea\"\nversion = \"1.0\"\ndescription = \"\"\noptional = false\npython-versions = \"*\"\ngroups = [\"main\"]\nfiles = [{}]\n\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.10\"\ncontent-hash = \"\"\n",
        files.join(", ")
    );
    Poetry.read(&text).unwrap()
}

fn completed(
    lock: Lock,
    format: &dyn LockFormat,
    source: &Recorded,
) -> Result<(Lock, Vec<Diagnostic>), Failure> {
    let index = IndexUrl::new(INDEX);
    let mut progress = |_: &_| ();
    let mut future = pin!(complete(
        lock,
        format.needs(),
        &index,
        source,
        &mut progress
    ));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}

const WHEEL: &str = "tea-1.0-py3-none-any.whl";
const SDIST: &str = "tea-1.0.tar.gz";

#[test]
fn places_come_from_the_index_that_the_lock_does_not_name() {
    let source = index_of(&[(SDIST, "a"), (WHEEL, "b")]);
    let (lock, warnings) = completed(poetry_lock(&[(WHEEL, "b")]), &Pylock, &source).unwrap();
    assert_eq!(warnings, []);
    let package = &lock.packages[0];
    assert_eq!(
        package.id.source,
        lock::Source::Registry(IndexUrl::new(INDEX))
    );
    // Only the file that was locked, and no other of the release.
    assert!(package.sdist.is_none());
    let wheel = &package.wheels[0];
    let url = format!("https://files.example/{WHEEL}");
    assert_eq!(wheel.source, ArtifactSource::Url(url.into()));
    assert_eq!(
        (wheel.size, wheel.upload_time),
        (Some(11), Some(1_767_323_045_000))
    );
    let written = Pylock.write(&lock, &WriteRequest::default()).unwrap();
    assert!(
        written.text.contains("https://index.example/simple"),
        "{}",
        written.text
    );
    assert_eq!(source.asked().len(), 1);
}

#[test]
fn a_whole_release_and_its_metadata_are_asked_in_two_waves() {
    let source = index_of(&[(SDIST, "a"), (WHEEL, "b")]);
    let (lock, _) = completed(poetry_lock(&[(WHEEL, "b")]), &Poetry, &source).unwrap();
    let published = lock.packages[0].published.as_deref().unwrap();
    assert_eq!(published.files.len(), 2);
    assert_eq!(published.summary.as_deref(), Some("hot water"));
    assert_eq!(published.raw_name.as_deref(), Some("Tea"));
    // The index's word on Pythons, not the metadata's.
    assert_eq!(published.requires_python.as_deref(), Some(">=3.9"));
    assert_eq!(published.requires_dist.len(), 1);
    let asked = source.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(matches!(&asked[1][..], [Query::Metadata(query)] if &*query.filename == WHEEL));
    let request = WriteRequest {
        pyproject: Some(PYPROJECT),
        ..WriteRequest::default()
    };
    let written = Poetry.write(&lock, &request).unwrap();
    assert!(
        written.text.contains("description = \"hot water\""),
        "{}",
        written.text
    );
    assert!(
        written.text.contains("white = [\"milk\"]"),
        "{}",
        written.text
    );
}

#[test]
fn the_order_of_answers_is_of_no_consequence() {
    let files = [(SDIST, "a"), (WHEEL, "b")];
    let whole = completed(poetry_lock(&files), &Poetry, &index_of(&files)).unwrap();
    for seed in 0..8 {
        let source = index_of(&files).in_order(Order::Shuffled(seed));
        assert_eq!(
            completed(poetry_lock(&files), &Poetry, &source).unwrap(),
            whole
        );
    }
}

#[test]
fn nothing_is_asked_when_nothing_is_missing() {
    let files = [(SDIST, "a"), (WHEEL, "b")];
    let (lock, _) = completed(poetry_lock(&files), &Uv, &index_of(&files)).unwrap();
    let silent = Recorded::new();
    completed(lock, &Uv, &silent).unwrap();
    assert!(silent.asked().is_empty());
}

#[test]
fn another_digest_is_an_error_that_names_package_and_file() {
    let source = index_of(&[(SDIST, "a"), (WHEEL, "b")]);
    let failure =
        completed(poetry_lock(&[(SDIST, "a"), (WHEEL, "c")]), &Pylock, &source).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Input);
    let [error] = &failure.diagnostics[..] else {
        panic!("{failure:?}")
    };
    assert_eq!(error.code, "complete/hash-mismatch");
    assert!(
        error.title.contains(WHEEL) && error.title.contains("`tea` 1.0"),
        "{}",
        error.title
    );
}

#[test]
fn a_file_that_is_gone_is_told() {
    let source = index_of(&[(SDIST, "a")]);
    let (lock, warnings) =
        completed(poetry_lock(&[(SDIST, "a"), (WHEEL, "b")]), &Pylock, &source).unwrap();
    assert!(lock.packages[0].wheels.is_empty());
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].code, "complete/file-gone");
    assert!(warnings[0].title.contains(WHEEL), "{}", warnings[0].title);
    let failure = completed(poetry_lock(&[(WHEEL, "b")]), &Pylock, &source).unwrap_err();
    assert_eq!(failure.diagnostics[0].code, "complete/file-gone");
}

#[test]
fn a_release_that_is_gone_is_an_error() {
    let source = index_of(&[("tea-2.0.tar.gz", "a")]);
    let failure = completed(poetry_lock(&[(WHEEL, "b")]), &Poetry, &source).unwrap_err();
    assert_eq!(failure.diagnostics[0].code, "complete/no-release");
    let mut source = Recorded::new();
    source.no_project(&IndexUrl::new(INDEX), &name("tea"));
    let failure = completed(poetry_lock(&[(WHEEL, "b")]), &Poetry, &source).unwrap_err();
    assert!(failure.diagnostics[0].title.contains("does not have `tea`"));
}

#[test]
fn what_only_a_build_could_tell_is_an_error_of_its_own() {
    let mut source = index_of(&[(SDIST, "a")]);
    let absence = Absence::NeedsBuild {
        reason: "its version is dynamic".into(),
        told: None,
    };
    source.metadata(
        &format!("https://files.example/{SDIST}"),
        Answer::Absent(absence),
    );
    let failure = completed(poetry_lock(&[(SDIST, "a")]), &Poetry, &source).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeedsBuild);
    assert_eq!(failure.diagnostics[0].code, "complete/needs-build");
}

#[test]
fn another_file_tells_when_the_first_has_no_metadata() {
    let mut source = index_of(&[(SDIST, "a"), (WHEEL, "b")]);
    let url = format!("https://files.example/{WHEEL}");
    source.metadata(&url, Answer::Absent(Absence::NotFound));
    let (lock, _) = completed(poetry_lock(&[(WHEEL, "b")]), &Poetry, &source).unwrap();
    let published = lock.packages[0].published.as_deref().unwrap();
    assert_eq!(published.summary.as_deref(), Some("hot water"));
}

#[test]
fn a_failed_request_is_no_absence() {
    let failure = completed(poetry_lock(&[(WHEEL, "b")]), &Poetry, &Recorded::new()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Index);
}

#[test]
fn wheels_that_no_environment_could_use_are_left_out_for_formats_that_leave_them_out() {
    let old = "tea-1.0-cp38-cp38-win32.whl";
    let files = [(WHEEL, "b"), (old, "c")];
    let of = |format: &dyn LockFormat| {
        let (lock, _) = completed(poetry_lock(&files), format, &index_of(&files)).unwrap();
        lock.packages[0].wheels.len()
    };
    assert_eq!((of(&Uv), of(&Poetry)), (1, 2));
}
