//! Requests as they come over HTTP and from browsers: JSON in, locks out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use lockwright::recorded::Recorded;
use lockwright::{Failure, LockReply, LockRequest, lock};
use serde_json::{Value, json};

/// Locks what needs no index.
fn locked(request: Value) -> Result<LockReply, Failure> {
    let request: LockRequest = serde_json::from_value(request).unwrap();
    let source = Recorded::new();
    let mut progress = |_: &_| {};
    let mut future = pin!(lock(&request, &source, &mut progress));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(reply) = future.as_mut().poll(&mut context) {
            return reply;
        }
    }
}

fn project(name: &str, more: &str) -> String {
    format!("[project]\nname = \"{name}\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n{more}\n")
}

#[test]
fn a_workspace_comes_as_files() {
    let root = project(
        "shop",
        "dependencies = [\"till\"]\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\nexclude = [\"packages/old\"]\n[tool.uv.sources]\ntill = { workspace = true }",
    );
    let reply = locked(json!({
        "pyproject": root,
        "files": {
            "packages/till/pyproject.toml": project("till", "dependencies = []"),
            "packages/shelf/pyproject.toml": project("shelf", ""),
            "packages/old/pyproject.toml": project("old", ""),
        },
    }));
    let text = &reply.unwrap().locks["uv"].text;
    assert!(
        text.contains("members = [\n    \"shelf\",\n    \"shop\",\n    \"till\",\n]"),
        "{text}"
    );
    assert!(
        text.contains("packages/till") && !text.contains("packages/old"),
        "{text}"
    );
}

#[test]
fn mistakes_in_a_member_have_a_place_in_its_file() {
    let root = project("shop", "[tool.uv.workspace]\nmembers = [\"till\"]");
    let files = json!({ "till/pyproject.toml": project("till", "dependencies = [\"?\"]") });
    let request: LockRequest =
        serde_json::from_value(json!({ "pyproject": root, "files": files })).unwrap();
    let failure = locked(serde_json::to_value(&request).unwrap()).unwrap_err();
    let problem = serde_json::to_value(failure.problem(&request.sources())).unwrap();
    let label = &problem["diagnostics"][0]["labels"][0];
    assert_eq!(label["file"], "till/pyproject.toml", "{problem}");
    assert_eq!(label["line"], 5, "{problem}");
}

const SCRIPT: &str =
    "# /// script\n# requires-python = \">=3.12\"\n# dependencies = []\n# ///\nprint()\n";

#[test]
fn overrides_for_one_project_name_versions_only() {
    let root = project(
        "shop",
        "[tool.uv]\nindex = [{ name = \"own\", url = \"https://index.example/simple\", explicit = true }]\nsources = { till = { index = \"own\" } }\noverride-dependencies = [{ package = { name = \"shelf\" }, dependencies = [\"till<2\"] }]",
    );
    let failure = locked(json!({ "pyproject": root })).unwrap_err();
    let diagnostic = &failure.diagnostics[0];
    assert_eq!(diagnostic.code, "manifest/override-source");
    assert_eq!(root[diagnostic.labels[0].span.clone()], *"\"till<2\"");
}

#[test]
fn pythons_of_groups_and_metadata_are_written_in_order() {
    let root = project(
        "shop",
        "[dependency-groups]\ndev = []\n[tool.uv]\ndependency-groups = { dev = { requires-python = \"<4,>=3.13,!=3.13.0\" } }\ndependency-metadata = [{ name = \"till\", requires-python = \"<4,>=3.8,!=3.8.0\" }]",
    );
    let reply = locked(json!({ "pyproject": root })).unwrap();
    let text = &reply.locks["uv"].text;
    let lines = [
        "dev = \"!=3.13.0,>=3.13,<4\"",
        "requires-python = \"!=3.8.0, >=3.8, <4\"",
    ];
    assert!(lines.iter().all(|line| text.contains(line)), "{text}");
}

#[test]
fn a_script_comes_as_its_text() {
    let reply = locked(json!({ "script": SCRIPT, "script_name": "tool.py" })).unwrap();
    let lock = &reply.locks["uv"];
    assert_eq!(lock.file_name, "tool.py.lock");
    assert_eq!(
        lock.text,
        "version = 1\nrevision = 5\nrequires-python = \">=3.12\"\n"
    );
    let again = json!({ "script": SCRIPT, "lock": lock.text });
    assert!(locked(again).unwrap().unchanged);
    let both = json!({ "script": SCRIPT, "pyproject": project("shop", "") });
    let failure = locked(both).unwrap_err();
    assert_eq!(failure.diagnostics[0].code, "request/several-roots");
}

/// A project's are the Pythons of all its members; a script's are its own.
#[test]
fn a_script_keeps_the_words_of_its_python() {
    let script = "# /// script\n# requires-python = \"~=3.12\"\n# ///\n";
    let reply = locked(json!({ "script": script })).unwrap();
    let text = &reply.locks["uv"].text;
    assert!(text.contains("requires-python = \"~=3.12\""), "{text}");
    let again = json!({ "script": script, "lock": text, "options": { "upgrade": true } });
    assert_eq!(locked(again).unwrap().locks["uv"].text, *text);
}

#[test]
fn a_group_to_upgrade_has_to_be_there() {
    let request = |group: &str| {
        let pyproject = project("shop", "[dependency-groups]\ndev = []");
        json!({ "pyproject": pyproject, "options": { "upgrade_group": [group] } })
    };
    assert!(locked(request("Dev")).is_ok());
    let failure = locked(request("docs")).unwrap_err();
    assert_eq!(failure.diagnostics[0].code, "options/unknown-group");
    assert_eq!(failure.status(), 422);
}

#[test]
fn a_manifest_of_another_kind_is_among_the_files() {
    let files = json!({ "requirements.in": "-c bounds.txt\n", "bounds.txt": "six<2\n" });
    let request = json!({
        "manifest": "requirements.in", "files": files,
        "formats": ["uv", "requirements"], "options": { "python": "3.11" },
    });
    let reply = locked(request).unwrap();
    assert_eq!(reply.locks["requirements"].file_name, "requirements.txt");
    let uv = &reply.locks["uv"];
    assert_eq!(uv.file_name, "requirements.in.lock");
    assert!(
        uv.text
            .contains("constraints = [{ name = \"six\", specifier = \"<2\" }]"),
        "{}",
        uv.text
    );
    let pipfile = "[packages]\n[dev-packages]\n[requires]\npython_version = \"3.11\"\n";
    let reply = locked(json!({ "manifest": "Pipfile", "files": { "Pipfile": pipfile } })).unwrap();
    let uv = &reply.locks["uv"];
    assert_eq!(uv.file_name, "uv.lock");
    assert!(
        uv.text.contains("requires-python = \"==3.11.*\""),
        "{}",
        uv.text
    );
    let absent = json!({ "manifest": "Pipfile" });
    assert_eq!(
        locked(absent).unwrap_err().diagnostics[0].code,
        "request/missing-file"
    );
    let unknown = json!({ "manifest": "setup.json", "files": { "setup.json": "{}" } });
    assert_eq!(
        locked(unknown).unwrap_err().diagnostics[0].code,
        "request/unknown-manifest"
    );
}

#[test]
fn what_setuptools_reads_is_read_where_it_is_literal() {
    let request = |setup: &str| {
        let config = "[metadata]\nname = shop\nversion = 1.5\n[options]\npython_requires = >=3.10\n[options.extras_require]\nall =\n";
        json!({ "manifest": "setup.cfg", "files": { "setup.cfg": config, "setup.py": setup } })
    };
    let reply = locked(request("import setuptools\nsetuptools.setup()\n")).unwrap();
    let text = &reply.locks["uv"].text;
    assert!(text.contains("requires-python = \">=3.10\""), "{text}");
    assert!(
        text.contains("name = \"shop\"\nversion = \"1.5\"\nsource = { editable = \".\" }"),
        "{text}"
    );
    let computed = "import os, setuptools\nsetuptools.setup(install_requires=os.listdir())\n";
    let failure = locked(request(computed)).unwrap_err();
    assert_eq!(failure.diagnostics[0].code, "manifest/dynamic");
    let literal = "import setuptools\nsetuptools.setup(install_requires=['six >'])\n";
    let failure = locked(request(literal)).unwrap_err();
    let label = &failure.diagnostics[0].labels[0];
    assert_eq!(
        (label.file.as_str(), &literal[label.span.clone()]),
        ("setup.py", "'six >'")
    );
}
