//! The command as its users meet it: arguments, files, exit statuses, and what is said where.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic like the tests"
)]

mod server;

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use server::{Answered, Asked, Folder, Server, zip};

const FLASKET: &str = r#"[project]
name = "flasket"
version = "0.1.0"
requires-python = ">=3.12"
dependencies = ["one"]
"#;

/// An index with `one` 1.0 and 2.0, `two` 1.0, which `one` 2.0 requires, and nothing else.
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
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}\n");
        Answered::ok("text/plain", text)
    };
    match asked.path.as_str() {
        "/simple/one/" => page(&[file("one", "1.0"), file("one", "2.0")]),
        "/simple/two/" => page(&[file("two", "1.0")]),
        "/f/one-1.0-py3-none-any.whl.metadata" => metadata("one", "1.0", ""),
        "/f/one-2.0-py3-none-any.whl.metadata" => metadata("one", "2.0", "Requires-Dist: two\n"),
        "/f/two-1.0-py3-none-any.whl.metadata" => metadata("two", "1.0", ""),
        _ => Answered::status(404),
    }
}

/// What a run came to.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the command in a folder, with a cache of its own.
fn run(folder: &Folder, server: Option<&Server>, arguments: &[&str]) -> Ran {
    command(folder, server, arguments).output().unwrap().into()
}

fn command(folder: &Folder, server: Option<&Server>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockwright"));
    let index = server.map_or("http://127.0.0.1:9/simple".to_owned(), |it| {
        it.url("/simple")
    });
    command
        .args(arguments)
        .current_dir(&folder.0)
        .env("LOCKWRIGHT_CACHE_DIR", folder.0.join(".cache"))
        .env("LOCKWRIGHT_PUBLIC_INDEX", index);
    for variable in [
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        command.env_remove(variable);
    }
    command
}

fn project(pyproject: &str) -> Folder {
    let folder = Folder::new();
    folder.write("pyproject.toml", pyproject);
    folder
}

fn exists(folder: &Folder, name: &str) -> bool {
    folder.0.join(name).exists()
}

#[test]
fn usage_mistakes_end_with_2() {
    let folder = project(FLASKET);
    for (arguments, said) in [
        (&[][..], "Usage: lockwright"),
        (&["luck"][..], "'lock'"),
        (&["lock", "--format", "uvv"][..], "'uv'"),
        (&["lock", "--resolution", "newest"][..], "lowest-direct"),
        (
            &["lock", "--format", "all", "-o", "x.lock"][..],
            "`--output` names one file",
        ),
        (
            &["lock", "--json", "-o", "-"][..],
            "both want standard output",
        ),
        (&["lock", "elsewhere"][..], "could not read `elsewhere`"),
        (&["lock", ".cache/.."][..], "could not read"),
    ] {
        let ran = run(&folder, None, arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        let output = if arguments.contains(&"--json") {
            &ran.stdout
        } else {
            &ran.stderr
        };
        assert!(output.contains(said), "{arguments:?}: {output}");
    }
    let empty = Folder::new();
    let ran = run(&empty, None, &["lock"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("there is no `pyproject.toml` in `.`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn help_and_version_are_no_mistakes() {
    let folder = Folder::new();
    let ran = run(&folder, None, &["--version"]);
    assert_eq!(
        (ran.status, &*ran.stdout),
        (0, &*format!("lockwright {}\n", env!("CARGO_PKG_VERSION")))
    );
    let ran = run(&folder, None, &["lock", "--help"]);
    assert_eq!(ran.status, 0);
    for option in [
        "--format",
        "--check",
        "--default-index",
        "--upgrade-package",
        "--offline",
    ] {
        assert!(ran.stdout.contains(option), "{option}");
    }
}

#[test]
fn formats_are_listed() {
    let folder = Folder::new();
    let ran = run(&folder, None, &["formats"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stdout
            .lines()
            .any(|it| it.starts_with("uv ") && it.ends_with("uv.lock"))
    );
    let ran = run(&folder, None, &["formats", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(listed[0]["name"], "uv");
    assert_eq!(listed[0]["file_name"], "uv.lock");
}

#[test]
fn a_lock_is_written_once_and_checked() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("Resolved 3 packages in "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("Wrote `uv.lock`"), "{}", ran.stderr);
    assert!(
        !ran.stderr.contains('\x1b'),
        "nothing is drawn where nobody watches"
    );
    assert_eq!(ran.stdout, "");
    let lock = folder.read("uv.lock");
    assert!(lock.contains("name = \"two\""), "{lock}");

    let modified = || {
        std::fs::metadata(folder.0.join("uv.lock"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = modified();
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!((ran.status, modified()), (0, before), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`uv.lock` is up to date"),
        "{}",
        ran.stderr
    );
    assert_eq!(run(&folder, Some(&server), &["lock", "--check"]).status, 0);

    folder.write("pyproject.toml", &FLASKET.replace("\"one\"", "\"one<2\""));
    let ran = run(&folder, Some(&server), &["lock", "--check"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`uv.lock` is not up to date"),
        "{}",
        ran.stderr
    );
    assert_eq!(folder.read("uv.lock"), lock);
    let ran = run(&folder, Some(&server), &["lock", "--quiet"]);
    assert_eq!((ran.status, &*ran.stderr), (0, ""));
    assert!(!folder.read("uv.lock").contains("name = \"two\""));
    let names: Vec<_> = std::fs::read_dir(&folder.0)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 3, "nothing is left behind: {names:?}");
}

#[test]
fn check_of_nothing_is_not_up_to_date() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    let ran = run(&folder, Some(&server), &["lock", "--check"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`uv.lock` does not exist"),
        "{}",
        ran.stderr
    );
    assert!(!exists(&folder, "uv.lock"));
}

#[test]
fn the_locked_version_stays_until_upgraded() {
    let server = Server::start(index);
    let folder = project(&FLASKET.replace("\"one\"", "\"one<2\""));
    assert_eq!(run(&folder, Some(&server), &["lock"]).status, 0);
    folder.write("pyproject.toml", FLASKET);
    assert_eq!(run(&folder, Some(&server), &["lock"]).status, 0);
    assert!(
        folder
            .read("uv.lock")
            .contains("name = \"one\"\nversion = \"1.0\"")
    );
    assert_eq!(
        run(&folder, Some(&server), &["lock", "-P", "one"]).status,
        0
    );
    assert!(
        folder
            .read("uv.lock")
            .contains("name = \"one\"\nversion = \"2.0\"")
    );
}

#[test]
fn formats_and_places_are_the_users_choice() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    let ran = run(
        &folder,
        Some(&server),
        &["lock", "--format", "pylock", "--format", "uv"],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(exists(&folder, "uv.lock") && exists(&folder, "pylock.toml"));
    let ran = run(
        &folder,
        Some(&server),
        &["lock", "pyproject.toml", "-o", "-"],
    );
    assert_eq!((ran.status, ran.stdout), (0, folder.read("uv.lock")));
    let ran = run(&folder, Some(&server), &["lock", "-o", "pylock.other.toml"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(
        folder.read("pylock.other.toml"),
        folder.read("pylock.toml"),
        "by its name"
    );
}

#[test]
fn json_is_for_programs() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    let ran = run(&folder, Some(&server), &["lock", "--json", "--quiet"]);
    let reply: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(reply["locks"]["uv"]["text"], folder.read("uv.lock"));
    assert_eq!(reply["packages"].as_array().unwrap().len(), 3);
    folder.write("pyproject.toml", &FLASKET.replace("\"one\"", "\"one>3\""));
    let ran = run(&folder, Some(&server), &["lock", "--json"]);
    let problem: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (ran.status, &problem["status"]),
        (1, &422.into()),
        "{problem}"
    );
    assert!(problem["code"].as_str().unwrap().contains('/'), "{problem}");
    assert!(problem["diagnostics"][0]["title"].is_string(), "{problem}");
}

#[test]
fn no_solution_ends_with_1() {
    let server = Server::start(index);
    for requirement in ["one>3", "one==2.0\", \"two>1", "three"] {
        let folder = project(&FLASKET.replace("one", requirement));
        let ran = run(&folder, Some(&server), &["lock"]);
        assert_eq!(ran.status, 1, "{requirement}: {}", ran.stderr);
        assert!(
            ran.stderr.starts_with("error"),
            "{requirement}: {}",
            ran.stderr
        );
        assert!(!exists(&folder, "uv.lock"));
    }
}

#[test]
fn broken_input_ends_with_2_and_says_where() {
    let server = Server::start(index);
    for (text, line) in [
        ("[project\nname = 'a'\n", 1),
        (
            "[project]\nname = 'a'\nversion = '1'\nrequires-python = '>=3.12'\ndependencies = ['one >=']\n",
            5,
        ),
    ] {
        let folder = project(text);
        folder.write("uv.lock", "precious");
        let ran = run(&folder, Some(&server), &["lock"]);
        assert_eq!(ran.status, 2, "{}", ran.stderr);
        let place = format!("pyproject.toml:{line}:");
        assert!(ran.stderr.contains(&place), "{}", ran.stderr);
        assert_eq!(folder.read("uv.lock"), "precious");
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_failing_index_ends_with_2() {
    let server = Server::start(|_| Answered::status(500).header("Retry-After", "0"));
    let folder = project(FLASKET);
    folder.write("uv.lock", "precious");
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("500"), "{}", ran.stderr);
    assert_eq!(folder.read("uv.lock"), "precious");
}

#[test]
fn offline_what_is_cached_is_enough() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    assert_eq!(
        run(&folder, Some(&server), &["lock", "-o", "online.lock"]).status,
        0
    );
    let before = server.asked().len();
    let ran = run(&folder, Some(&server), &["lock", "--offline"]);
    // The pages say nothing about freshness, so that they were not kept.
    assert_ne!(ran.status, 0);
    assert_eq!(server.asked().len(), before, "offline is offline");
}

#[test]
fn a_cache_that_cannot_be_written_is_told_once() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    folder.write("file", "");
    let lock = |arguments: &[&str]| -> Ran {
        let mut command = command(&folder, Some(&server), arguments);
        command.env("LOCKWRIGHT_CACHE_DIR", folder.0.join("file/cache"));
        command.output().unwrap().into()
    };
    let ran = lock(&["lock"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let told = |ran: &Ran| ran.stderr.matches("could not be cached in `").count();
    assert_eq!(told(&ran), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("file/cache`: "), "{}", ran.stderr);
    assert_eq!(told(&lock(&["lock", "--upgrade", "--quiet"])), 0);
    assert_eq!(told(&run(&folder, Some(&server), &["lock"])), 0);
}

#[test]
fn a_proxy_is_asked_where_the_environment_says_so() {
    let proxy = Server::start(|asked| {
        let path = asked.path.replacen("http://index.example", "", 1);
        index(&Asked {
            path,
            ..asked.clone()
        })
    });
    let folder = project(FLASKET);
    let ran: Ran = command(&folder, None, &["lock"])
        .env("LOCKWRIGHT_PUBLIC_INDEX", "http://index.example/simple")
        .env("HTTP_PROXY", proxy.url(""))
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        proxy
            .asked()
            .iter()
            .all(|it| it.path.starts_with("http://index.example/"))
    );
}

#[test]
fn credentials_are_read_from_the_environment_and_never_told() {
    let server = Server::start(|asked| match asked.header("authorization") {
        "Basic bWU6c2VjcmV0" => index(asked),
        _ => Answered::status(401),
    });
    let folder = project(FLASKET);
    let named = format!("mine={}", server.url("/simple"));
    let ran: Ran = command(
        &folder,
        None,
        &[
            "lock",
            "--index",
            &named,
            "--default-index",
            &server.url("/simple"),
        ],
    )
    .env("UV_INDEX_MINE_USERNAME", "me")
    .env("UV_INDEX_MINE_PASSWORD", "secret")
    .output()
    .unwrap()
    .into();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let with_user = server.url_as("me:secret", "/simple");
    let ran = run(
        &folder,
        Some(&server),
        &["lock", "-U", "--default-index", &with_user],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lock = folder.read("uv.lock");
    assert!(
        lock.contains(&server.url("/simple")) && !lock.contains("secret"),
        "{lock}"
    );
}

#[test]
#[cfg(unix)]
fn an_interrupt_leaves_nothing_behind() {
    let server = Server::start(|_| Answered::status(404).after(Duration::from_secs(2)));
    let folder = project(FLASKET);
    let child = command(&folder, Some(&server), &["lock"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while server.asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let started = Instant::now();
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.status, 130);
    assert!(
        ran.stderr.contains("interrupted, nothing was written"),
        "{}",
        ran.stderr
    );
    assert!(
        started.elapsed() < Duration::from_millis(900),
        "{:?}",
        started.elapsed()
    );
    assert!(!exists(&folder, "uv.lock"));
}

#[test]
fn a_member_stands_for_its_workspace() {
    let server = Server::start(index);
    let folder = project("[tool.uv.workspace]\nmembers = ['packages/*']\n");
    folder.write(
        "packages/a/pyproject.toml",
        &FLASKET.replace("flasket", "a"),
    );
    folder.write(
        "packages/b/pyproject.toml",
        &FLASKET.replace("flasket", "b"),
    );
    let ran = run(&folder, Some(&server), &["lock", "packages/b"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lock = folder.read("uv.lock");
    assert!(
        lock.contains("packages/a") && lock.contains("packages/b"),
        "{lock}"
    );
}

#[test]
fn check_says_why_a_lock_is_not_up_to_date() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    assert_eq!(run(&folder, Some(&server), &["lock"]).status, 0);
    folder.write("pyproject.toml", &FLASKET.replace("\"one\"", "\"one<2\""));
    let ran = run(&folder, Some(&server), &["lock", "--check"]);
    assert_eq!(ran.status, 1);
    for reason in [
        "  reason: `flasket` now requires `one<2`\n",
        "  reason: `flasket` no longer requires `one`\n",
        "  help: run `lockwright lock`\n",
    ] {
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    }
    let ran = run(&folder, Some(&server), &["lock", "--check", "--json"]);
    let reply: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(reply["stale"][0]["code"], "check/requirement-added");
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!(ran.status, 0);
    assert!(!ran.stderr.contains("reason"), "{}", ran.stderr);
}

#[test]
fn a_failure_does_not_tell_what_was_not_asked() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    assert_eq!(run(&folder, Some(&server), &["lock"]).status, 0);
    folder.write("pyproject.toml", &FLASKET.replace("\"one\"", "\"one>2\""));
    let ran = run(&folder, Some(&server), &["lock"]);
    assert!(!ran.stderr.contains("check/"), "{}", ran.stderr);
    let ran = run(&folder, Some(&server), &["lock", "--check"]);
    assert!(ran.stderr.contains("check/"), "{}", ran.stderr);
}

/// A project with `one` in the group `dev`, locked at 1.0.
fn held_back(server: &Server) -> Folder {
    let grouped = FLASKET.replace("[\"one\"]", "[]\n[dependency-groups]\ndev = [\"one<2\"]");
    let folder = project(&grouped);
    assert_eq!(run(&folder, Some(server), &["lock"]).status, 0);
    folder.write("pyproject.toml", &grouped.replace("one<2", "one"));
    folder
}

#[test]
fn a_group_is_upgraded() {
    let server = Server::start(index);
    let folder = held_back(&server);
    let ran = run(&folder, Some(&server), &["lock", "--upgrade-group", "docs"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("known are `dev`"), "{}", ran.stderr);
    assert_eq!(run(&folder, Some(&server), &["lock"]).status, 0);
    let one = |version: &str| format!("name = \"one\"\nversion = \"{version}\"");
    assert!(folder.read("uv.lock").contains(&one("1.0")));
    let ran = run(&folder, Some(&server), &["lock", "--upgrade-group", "dev"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(folder.read("uv.lock").contains(&one("2.0")));
}

#[test]
fn a_project_may_ask_for_upgrades_itself() {
    let server = Server::start(index);
    for setting in ["upgrade = true", "upgrade-package = [\"one\"]"] {
        let folder = held_back(&server);
        let pyproject = folder.read("pyproject.toml");
        folder.write(
            "pyproject.toml",
            &format!("{pyproject}[tool.uv]\n{setting}\n"),
        );
        assert_eq!(run(&folder, Some(&server), &["lock"]).status, 0);
        let lock = folder.read("uv.lock");
        assert!(lock.contains("name = \"one\"\nversion = \"2.0\""), "{lock}");
    }
}

#[test]
fn the_bound_of_an_upgrade_counts_without_a_lock() {
    let server = Server::start(index);
    let folder = project(FLASKET);
    let ran = run(&folder, Some(&server), &["lock", "-P", "one==1.0"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        folder
            .read("uv.lock")
            .contains("name = \"one\"\nversion = \"1.0\"")
    );
}

#[test]
fn a_lock_with_merge_conflicts_is_repaired() {
    let server = Server::start(index);
    let folder = held_back(&server);
    assert_eq!(run(&folder, Some(&server), &["lock"]).status, 0);
    let ours = folder.read("uv.lock");
    let (head, rest) = ours.split_once("[[package]]").unwrap();
    let theirs = rest.replace("1.0", "0.9").replace("one", "two");
    let conflicted = format!(
        "{head}<<<<<<< ours\n[[package]]{rest}||||||| base\n[[package]]\n=======\n[[package]]{theirs}>>>>>>> theirs\n"
    );
    folder.write("uv.lock", &conflicted);
    let ran = run(&folder, Some(&server), &["lock", "--check"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("reason: the existing lock has merge conflict markers"),
        "{}",
        ran.stderr
    );
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("the versions of its sides are preferred"),
        "{}",
        ran.stderr
    );
    assert_eq!(folder.read("uv.lock"), ours);
}

#[test]
fn what_only_a_build_could_tell_is_an_error_with_the_entry_that_helps() {
    let server = Server::start(|asked| {
        match asked.path.as_str() {
        "/simple/old/" => Answered::page(
            r#"{"meta": {"api-version": "1.1"}, "name": "-", "files": [{"filename": "old-1.0.zip",
            "url": "/f/old-1.0.zip", "hashes": {}}]}"#,
        ),
        "/simple/two/" => Answered::page(
            r#"{"meta": {"api-version": "1.1"}, "name": "-", "files": [{"filename":
            "two-1.0-py3-none-any.whl", "url": "/f/two", "hashes": {}, "core-metadata": true}]}"#,
        ),
        "/f/two.metadata" => Answered::ok(
            "text/plain",
            "Metadata-Version: 2.1\nName: two\nVersion: 1.0\nRequires-Dist: old\n",
        ),
        "/f/old-1.0.zip" => Answered::ok(
            "application/zip",
            zip(&[
                ("old-1.0/PKG-INFO", b"Metadata-Version: 1.2\nName: old\nVersion: 1.0\nRequires-Python: >=3.6\n"),
                ("old-1.0/setup.py", b"from setuptools import setup\nimport os\nsetup(install_requires=os.environ['X'])\n"),
                ("old-1.0/old.egg-info/requires.txt", b"six>=1\n\n[fast]\nspeed\n"),
            ]),
        ),
        _ => Answered::status(404),
    }
    });
    let folder = project(&FLASKET.replace("one", "two"));
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    for said in [
        "error[resolve/needs-build]",
        "`flasket` requires `two`, which requires `old`",
        "requires-dist = [\n",
        "\"six>=1\",",
        "\"speed ; extra == 'fast'\",",
        "requires-python = \">=3.6\"",
        "provides-extra = [\"fast\"]",
        "nobody vouches for these requirements",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}

const SCRIPT: &str = "#!/usr/bin/env python3\n# /// script\n# requires-python = \">=3.12\"\n# dependencies = [\"one\"]\n# ///\nimport one\n";

#[test]
fn a_script_has_its_lock_beside_it() {
    let server = Server::start(index);
    let folder = Folder::new();
    folder.write("tools/tool.py", SCRIPT);
    let ran = run(&folder, Some(&server), &["lock", "tools/tool.py"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lock = folder.read("tools/tool.py.lock");
    assert!(
        lock.starts_with("version = 1\nrevision = 5\nrequires-python = \">=3.12\"\n\n[manifest]\nrequirements = [{ name = \"one\" }]\n\n[[package]]\nname = \"one\"\nversion = \"2.0\"\n"),
        "{lock}"
    );
    let check = ["lock", "--check", "tools/tool.py"];
    assert_eq!(run(&folder, Some(&server), &check).status, 0);
    folder.write("tools/tool.py", &SCRIPT.replace("one\"", "one<2\""));
    let ran = run(&folder, Some(&server), &check);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains(
            "reason: `requirements` changed\n  help: run `lockwright lock tools/tool.py`"
        ),
        "{}",
        ran.stderr
    );
    let ran = run(
        &folder,
        Some(&server),
        &[
            "lock",
            "tools/tool.py",
            "--format",
            "pylock",
            "--format",
            "requirements",
        ],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(exists(&folder, "tools/pylock.tool.toml"));
    assert!(exists(&folder, "tools/tool.py.requirements.txt"));
}

#[test]
fn mistakes_in_a_script_have_a_place_in_it() {
    let server = Server::start(index);
    let folder = Folder::new();
    for (text, said) in [
        ("import one\n".to_owned(), "expected a `# /// script` block"),
        (SCRIPT.replace("one\"", "one >\""), "tool.py:4:"),
        (SCRIPT.replace("one\"", "three\""), "tool.py:4:"),
        (
            SCRIPT.replace("# ///\n", "# [tool.uv]\n# environments = []\n# ///\n"),
            "`environments` is a setting of projects",
        ),
    ] {
        folder.write("tool.py", &text);
        let ran = run(&folder, Some(&server), &["lock", "tool.py"]);
        assert_ne!(ran.status, 0, "{text}");
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(!exists(&folder, "tool.py.lock"));
    }
    folder.write("tool.py", SCRIPT);
    let ran = run(&folder, Some(&server), &["lock", "tool.py", "-f", "poetry"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
}

#[test]
fn a_requirements_file_is_locked_beside_it() {
    let server = Server::start(index);
    let folder = Folder::new();
    folder.write("needs/requirements.in", "-c bounds.txt\n-r more.in\n");
    folder.write("needs/bounds.txt", "one<2\n");
    folder.write("needs/more.in", "one\n");
    let ran = run(&folder, Some(&server), &["lock", "needs/requirements.in"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("Wrote `needs/requirements.txt`"),
        "{}",
        ran.stderr
    );
    let lock = folder.read("needs/requirements.txt");
    assert!(lock.contains("one==1.0"), "{lock}");
    let again = ["lock", "needs/requirements.txt"];
    let ran = run(&folder, Some(&server), &again);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("would take the place of `needs/requirements.txt`"),
        "{}",
        ran.stderr
    );
    folder.write("needs/more.in", "-r absent.in\n");
    let ran = run(&folder, Some(&server), &["lock", "needs/requirements.in"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("more.in:1:1"), "{}", ran.stderr);
}

#[test]
fn a_folder_without_a_project_has_a_manifest_of_another_kind() {
    let server = Server::start(index);
    let folder = project("[build-system]\nrequires = [\"setuptools\"]\n");
    folder.write("requirements.txt", "one<2\n");
    folder.write("setup.py", "from setuptools import setup\nsetup(name='shop', version='1', install_requires=open('requirements.txt').read().split())\n");
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lock = folder.read("uv.lock");
    assert!(
        lock.contains("name = \"shop\"\nversion = \"1\"\nsource = { editable = \".\" }"),
        "{lock}"
    );
    assert!(lock.contains("name = \"one\"\nversion = \"1.0\""), "{lock}");
    folder.write(
        "Pipfile",
        "[packages]\none = \"*\"\n[dev-packages]\ntwo = \"*\"\n",
    );
    let ran = run(
        &folder,
        Some(&server),
        &["lock", "--format", "uv", "-o", "-"],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("[manifest.dependency-groups]\ndev = [{ name = \"two\" }]"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_manifest_is_rewritten_and_its_locked_versions_are_kept() {
    let server = Server::start(index);
    let folder = Folder::new();
    folder.write("requirements.in", "# the one\none  # first\n");
    folder.write("requirements.txt", "one==1.0\n");
    folder.write("requirements-dev.in", "-r requirements.in\ntwo\n");
    folder.write("requirements-dev.txt", "one==2.0\ntwo==1.0\n");
    let migrate = ["migrate", "--to", "uv", "--python", "3.12"];
    let ran = run(
        &folder,
        Some(&server),
        &[&migrate[..], &["--dry-run"]].concat(),
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout
            .starts_with("--- /dev/null\n+++ b/pyproject.toml\n@@ -0,0 +1,"),
        "{}",
        ran.stdout
    );
    assert!(!exists(&folder, "pyproject.toml") && !exists(&folder, "uv.lock"));
    let ran = run(&folder, Some(&server), &migrate);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("2 versions of `requirements.txt` are kept\n"),
        "{}",
        ran.stderr
    );
    let pyproject = folder.read("pyproject.toml");
    let asked = "requires-python = \">=3.12\"\ndependencies = [\n    # the one\n    \"one\", # first\n]\n\n[dependency-groups]\ndev = [\n    \"two\",\n]\n";
    assert!(pyproject.ends_with(asked), "{pyproject}");
    let lock = folder.read("uv.lock");
    assert!(lock.contains("name = \"one\"\nversion = \"1.0\""), "{lock}");
    let ran = run(&folder, Some(&server), &["lock", "--check"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let ran = run(&folder, Some(&server), &migrate);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(folder.read("pyproject.toml"), pyproject);
}

#[test]
fn a_migration_that_cannot_be_locked_writes_nothing() {
    let server = Server::start(index);
    let poetry = "[tool.poetry]\nname = \"shop\"\nversion = \"1\"\n[tool.poetry.dependencies]\npython = \"^3.12\"\none = \"^3\" # too new\n";
    let folder = project(poetry);
    let ran = run(&folder, Some(&server), &["migrate", "--to", "uv"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("one>=3,<4"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`--no-lock` rewrites"),
        "{}",
        ran.stderr
    );
    assert_eq!(folder.read("pyproject.toml"), poetry);
    assert!(!exists(&folder, "uv.lock"));
    let alone = ["migrate", "--to", "uv", "--no-lock"];
    let ran = run(&folder, None, &alone);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        folder
            .read("pyproject.toml")
            .contains("\"one>=3,<4\", # too new")
    );
    let broken = project("[tool.poetry]\nname = \"shop\"\ndependencies = { one = \">=>\" }\n");
    let ran = run(&broken, None, &alone);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("pyproject.toml:3:"), "{}", ran.stderr);
}

#[test]
fn environments_of_hatch_are_groups_when_asked_for() {
    let server = Server::start(index);
    let hatch = "[tool.hatch.envs.default]\ndependencies = [\"two\"]\n";
    let folder = project(&format!("{FLASKET}{hatch}"));
    let ran = run(&folder, Some(&server), &["lock", "--hatch"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lock = folder.read("uv.lock");
    assert!(lock.contains("default = [{ name = \"two\" }]"), "{lock}");
    let ran = run(&folder, Some(&server), &["lock"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!folder.read("uv.lock").contains("default ="));
    let migrate = ["migrate", "--to", "uv", "--dry-run", "--no-lock"];
    let ran = run(&folder, None, &migrate);
    assert!(
        ran.stdout.contains("+default = [\n+    \"two\",\n+]\n"),
        "{}",
        ran.stdout
    );
}
