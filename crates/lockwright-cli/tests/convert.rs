//! `lockwright convert` as its users meet it.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic like the tests"
)]

mod server;

use std::process::Command;

use server::{Answered, Asked, Folder, Server};

const APP: &str = r#"[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.12,<4"
dependencies = ["one<2"]

[project.optional-dependencies]
more = ["two"]
"#;

/// An index with `one` 1.0, 1.5 and 2.0, and `two` 1.0 that is for Windows only in `one` 1.5.
fn index(asked: &Asked) -> Answered {
    let file = |name: &str, version: &str| {
        format!(
            r#"{{"filename": "{name}-{version}-py3-none-any.whl", "url": "/f/{name}-{version}-py3-none-any.whl",
            "hashes": {{"sha256": "{:0>64}"}}, "size": 9, "core-metadata": true}}"#,
            version.replace('.', "")
        )
    };
    let page = |files: &[String]| {
        let files = files.join(",");
        Answered::page(format!(
            r#"{{"meta": {{"api-version": "1.1"}}, "name": "-", "files": [{files}]}}"#
        ))
    };
    let metadata = |name: &str, version: &str, more: &str| {
        let text = format!(
            "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {name} it is\n{more}\n"
        );
        Answered::ok("text/plain", text)
    };
    let needs_two = "Requires-Dist: two; sys_platform == 'win32'\n";
    match asked.path.as_str() {
        "/simple/one/" => page(&[file("one", "1.0"), file("one", "1.5"), file("one", "2.0")]),
        "/simple/two/" => page(&[file("two", "1.0")]),
        "/f/one-1.0-py3-none-any.whl.metadata" => metadata("one", "1.0", ""),
        "/f/one-1.5-py3-none-any.whl.metadata" => metadata("one", "1.5", needs_two),
        "/f/one-2.0-py3-none-any.whl.metadata" => metadata("one", "2.0", ""),
        "/f/two-1.0-py3-none-any.whl.metadata" => metadata("two", "1.0", ""),
        _ => Answered::status(404),
    }
}

/// The status, and what was printed to standard output and standard error.
fn run(folder: &Folder, server: &Server, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockwright"));
    command
        .args(arguments)
        .current_dir(&folder.0)
        .env("LOCKWRIGHT_CACHE_DIR", folder.0.join(".cache"))
        .env("LOCKWRIGHT_PUBLIC_INDEX", server.url("/simple"));
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    (output.status.code().unwrap(), stdout, stderr)
}

/// A project with its `uv.lock`.
fn locked(server: &Server) -> Folder {
    let folder = Folder::new();
    folder.write("pyproject.toml", APP);
    let (status, _, said) = run(&folder, server, &["lock"]);
    assert_eq!(status, 0, "{said}");
    folder
}

#[test]
fn there_and_back_nothing_changes() {
    let server = Server::start(index);
    let folder = locked(&server);
    let lock = folder.read("uv.lock");
    let there = ["convert", "uv.lock", "--to", "poetry", "-o", "poetry.lock"];
    let (status, _, said) = run(&folder, &server, &there);
    assert_eq!(status, 0, "{said}");
    let poetry = folder.read("poetry.lock");
    assert!(
        poetry.contains("name = \"one\"\nversion = \"1.5\""),
        "{poetry}"
    );
    std::fs::remove_file(folder.0.join("uv.lock")).unwrap();
    let back = ["convert", "poetry.lock", "-o", "uv.lock"];
    let (status, _, said) = run(&folder, &server, &back);
    assert_eq!(status, 0, "{said}");
    assert_eq!(folder.read("uv.lock"), lock);
    let (_, same, _) = run(&folder, &server, &["convert", "uv.lock", "--to", "uv"]);
    assert_eq!(same, lock);
}

#[test]
fn locked_versions_stay_however_old() {
    let server = Server::start(index);
    let folder = locked(&server);
    let old = folder.read("uv.lock").replace("1.5", "1.0");
    let old = old.replace(&format!("{:0>64}", "15"), &format!("{:0>64}", "10"));
    folder.write("uv.lock", &old);
    let arguments = ["convert", "uv.lock", "--to", "poetry"];
    let (status, poetry, said) = run(&folder, &server, &arguments);
    assert_eq!(status, 0, "{said}");
    assert!(
        poetry.contains("name = \"one\"\nversion = \"1.0\""),
        "{poetry}"
    );

    folder.write(
        "uv.lock",
        &old.replace(&format!("{:0>64}", "10"), &"f".repeat(64)),
    );
    let (status, _, said) = run(&folder, &server, &arguments);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("convert/hash-mismatch"), "{said}");

    folder.write("uv.lock", &old);
    folder.write("pyproject.toml", &APP.replace("one<2", "one>=1.2,<2"));
    let (status, _, said) = run(&folder, &server, &arguments);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("`one` is locked at 1.0"), "{said}");
    let (status, poetry, said) = run(
        &folder,
        &server,
        &["convert", "uv.lock", "--to", "poetry", "--allow-changes"],
    );
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("it would be 1.5"), "{said}");
    assert!(poetry.contains("version = \"1.5\""), "{poetry}");
}

#[test]
fn a_flat_lock_holds_what_is_selected() {
    let server = Server::start(index);
    let folder = locked(&server);
    let convert = |more: &[&str]| {
        let arguments = [&["convert", "uv.lock", "--to", "requirements"], more].concat();
        run(&folder, &server, &arguments)
    };
    let (status, text, said) = convert(&[]);
    assert_eq!(status, 0, "{said}");
    assert!(
        text.contains("two==1.0 ; sys_platform == 'win32'"),
        "{text}"
    );
    assert!(
        said.contains("the extras `more` are not selected"),
        "{said}"
    );
    let (_, text, _) = convert(&["--extra", "more"]);
    assert!(text.contains("two==1.0 \\"), "{text}");
    let (_, text, _) = convert(&["--platform", "linux"]);
    assert!(!text.contains("two"), "{text}");
    let (_, text, _) = convert(&["--platform", "windows", "--python", "3.13"]);
    assert!(text.contains("two==1.0 \\"), "{text}");
    for (option, word, code) in [
        ("--python", "3.11", "select/elsewhere"),
        ("--python", "three", "options/invalid-value"),
        ("--platform", "beos", "options/invalid-value"),
        ("--extra", "none", "select/unknown-extra"),
    ] {
        let (status, _, said) = convert(&[option, word]);
        assert_eq!(status, 2, "{option} {word}");
        assert!(said.contains(code), "{said}");
    }
}

#[test]
fn several_formats_go_into_a_folder() {
    let server = Server::start(index);
    let folder = locked(&server);
    let arguments = ["convert", ".", "--to", "pylock", "--to", "requirements"];
    let (status, _, said) = run(&folder, &server, &arguments);
    assert_eq!(status, 2);
    assert!(said.contains("several formats need a folder"), "{said}");
    std::fs::create_dir(folder.0.join("out")).unwrap();
    let (status, _, said) = run(&folder, &server, &[&arguments[..], &["-o", "out"]].concat());
    assert_eq!(status, 0, "{said}");
    assert!(folder.read("out/pylock.toml").contains("lock-version"));
    assert!(folder.read("out/requirements.txt").contains("one==1.5"));
    let (status, _, said) = run(&folder, &server, &["convert", "uv.lock"]);
    assert_eq!(status, 2);
    assert!(said.contains("which format shall it be?"), "{said}");
}
