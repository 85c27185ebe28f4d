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
        (
            r#"[tool.poetry]
name = "legacy-a"
version = "1.0"
description = "x"
authors = ["A B <a@b.example>"]
[tool.poetry.dependencies]
python = "~3.8 || ^3.10"
Foo_Bar = "^1.2.3"
baz = {version = "~1.2", extras = ["z", "a"], markers = "sys_platform == 'win32' or python_version < '3.11'"}
qux = [{version = ">=1.0 <2.0", python = "<3.10"}, {version = "^2.0", python = ">=3.10", platform = "linux|darwin"}]
pinned = "1.2.3"
any = "*"
opt = {version = "^0.2.3", optional = true}
gitty = {git = "https://git.example/a/b.git", tag = "v1"}
url = {url = "https://files.example/a-1.0.tar.gz"}
zero = "^0.0"
py = {version = "!=1.5,>=1", python = "^3.9"}
multi = "~1"
[tool.poetry.extras]
one = ["opt"]
[tool.poetry.dev-dependencies]
pytest = "^7"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
mkdocs = ">=1.4,<2"
[[tool.poetry.source]]
name = "corp"
url = "https://index.example/simple"
priority = "explicit"
"#,
            "20419cd1113a904bb9caae65a4851dd1073eded52b7fc170fb5c410696b7f070",
        ),
        (
            r#"[tool.flit.metadata]
module = "flitty"
dist-name = "Flitty"
author = "x"
requires = ["a>=1", "b ; python_version < '3.8'"]
requires-python = ">=3.8"
dev-requires = ["pytest"]
[tool.flit.metadata.requires-extra]
test = ["q"]
"#,
            "1152aece19914b121ac98ea23d26e550f8e422f29062e1a470b55ab59fa7551e",
        ),
        (
            r#"[project]
name = "c"
version = "1"
dependencies = ["é ; python_version < '3.8'"]
[dependency-groups]
Dev_A = ["x", {include-group = "b"}]
b = []
[tool.pdm.dev-dependencies]
dev-a = ["y"]
[tool.pdm.resolution]
allow-prereleases = true
respect-source-order = true
[tool.pdm.resolution.overrides]
Z = "1.0"
a = ">=2"
[[tool.pdm.source]]
name = "s"
url = "https://x.example"
verify_ssl = true
"#,
            "959a94d4f8af5a443e86810c3a531901692fd47648539c55e77f6bbc8bec8a65",
        ),
    ] {
        assert_eq!(content_hash(pyproject), expected, "{pyproject}");
    }
}
