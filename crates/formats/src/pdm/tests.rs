//! Markers against what dep-logic 0.7.2 makes of them, and hashes against pdm 2.29.3.

use super::marker_parse;
use super::project::Project;

/// `markers.tsv`: an operation, two markers, and the text of what dep-logic made of them.
#[test]
fn markers_are_those_of_dep_logic() {
    let mut failures = Vec::new();
    for row in include_str!("markers.tsv").lines() {
        let cells: Vec<&str> = row.split('\t').collect();
        let [operation, one, other, expected] = cells[..] else {
            panic!("{row}")
        };
        let one = marker_parse::read(one).unwrap();
        let other = marker_parse::read(other).unwrap();
        let found = match operation {
            "and" => one.and(&other),
            _ => one.or(&other),
        };
        if found.to_string() != expected {
            failures.push(format!("{row}\n    found {found}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn content_hash(pyproject: &str) -> String {
    Project::read(&pyproject.parse().unwrap()).content_hash()
}

#[test]
fn hashes_are_those_of_pdm() {
    for (pyproject, expected) in [
        (
            r#"[project]
name = "e1-extras-groups"
version = "0.1.0"
description = "extras and dependency groups"
requires-python = ">=3.10"
dependencies = ["httpx>=0.27", "Click>=8.1,<9"]

[project.optional-dependencies]
cli = ["rich>=13"]
http2 = ["httpx[http2]"]
all = ["rich>=13", "httpx[http2]"]

[dependency-groups]
lint = ["mypy-extensions"]
test = ["pytest>=8", { include-group = "lint" }]
Docs_Build = ["Markdown"]

"#,
            "e5991a7ce995366c83b61f5a6769bf129a516b44e74d30166fff49f3a7a4e2df",
        ),
        (
            r#"[project]
name = "e4-multi"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = [
    "click==8.1.8; python_version < '3.12'",
    "click>=8.2; python_version >= '3.12'",
    "idna<3.5; sys_platform == 'win32'",
    "idna>=3.7; sys_platform != 'win32'",
    "anyio>=4",
]

"#,
            "89b547d290d02e5fdee2bff82299a755ecc77d6969fabe9f6d5e7ca167ddceec",
        ),
    ] {
        assert_eq!(content_hash(pyproject), expected, "{pyproject}");
    }
}
