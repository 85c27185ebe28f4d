//! What a request can ask of every format: a layout, no hashes, no annotations, one environment.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use lock::Lock;
use lockwright_formats::{
    Annotations, FORMATS, Hashes, LockFormat, PipfileLock, Requirements, Uv, WriteRequest,
    can_be_read, can_be_written, is_in_all, writable,
};
use packaging::MarkerEnvironment;

/// A lock of the fixtures.
fn lock(name: &str) -> Lock {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/uv");
    let text = fs::read_to_string(fixtures.join(name).join("uv.lock")).unwrap();
    Uv.read(&text).unwrap()
}

#[test]
fn every_format_is_read_or_written() {
    for format in FORMATS {
        let name = format.name();
        assert!(can_be_read(*format) || can_be_written(*format), "{name}");
    }
    let only_read = FORMATS.iter().filter(|format| !can_be_written(**format));
    let names: Vec<_> = only_read.map(|format| format.name()).collect();
    assert_eq!(names, ["conda-lock", "pixi", "conda-environment"]);
    let all = FORMATS.iter().filter(|format| is_in_all(**format));
    let names: Vec<_> = all.map(|format| format.name()).collect();
    assert_eq!(names, ["uv", "poetry", "pdm", "pylock", "requirements"]);
}

#[test]
fn layouts_are_those_a_format_has() {
    let lock = lock("direct");
    for format in writable() {
        for layout in format.layouts() {
            let request = WriteRequest {
                layout: Some(*layout),
                ..WriteRequest::default()
            };
            assert!(format.write(&lock, &request).is_ok(), "{layout}");
        }
    }
    let request = WriteRequest {
        layout: Some("sideways"),
        ..WriteRequest::default()
    };
    let found = Requirements.write(&lock, &request).unwrap_err();
    assert_eq!(found[0].code, "formats/unknown-layout");
    assert!(found[0].help[0].contains("pip-compile"));
}

#[test]
fn hashes_and_annotations_can_be_left_out() {
    let lock = lock("harbour");
    for layout in Requirements.layouts() {
        let request = WriteRequest {
            layout: Some(*layout),
            ..WriteRequest::default()
        };
        assert!(
            Requirements
                .write(&lock, &request)
                .unwrap()
                .text
                .contains("--hash="),
            "{layout}"
        );
        let bare = WriteRequest {
            hashes: Hashes::LeftOut,
            annotations: Annotations::LeftOut,
            ..request
        };
        let text = Requirements.write(&lock, &bare).unwrap().text;
        assert!(
            !text.contains("--hash=") && !text.contains("# via"),
            "{layout}: {text}"
        );
    }
}

#[test]
fn one_environment_has_one_version_of_a_project() {
    let lock = lock("harbour");
    assert!(PipfileLock.write(&lock, &WriteRequest::default()).is_err());
    let environment = MarkerEnvironment::linux_cpython(&"3.11.7".parse().unwrap());
    let request = WriteRequest {
        environment: Some(&environment),
        layout: Some("pip-compile"),
        ..WriteRequest::default()
    };
    let written = Requirements.write(&lock, &request).unwrap().text;
    assert_eq!(written.matches("numeral==").count(), 1, "{written}");
    let request = WriteRequest {
        layout: None,
        ..request
    };
    let written = PipfileLock.write(&lock, &request).unwrap().text;
    assert_eq!(written.matches("\"==2.1.0\"").count(), 3, "{written}");
}
