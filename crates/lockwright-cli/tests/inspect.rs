//! `lockwright diff`, `tree` and `why` as their users meet them.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic like the tests"
)]

mod server;

use std::process::Command;

use server::Folder;

const LOCK: &str = r#"version = 1
revision = 5
requires-python = ">=3.12"

[[package]]
name = "app"
version = "1.0"
source = { virtual = "." }
dependencies = [
    { name = "server", extra = ["fast"], marker = "sys_platform == 'linux'" },
    { name = "text" },
]

[package.optional-dependencies]
tls = [
    { name = "crypt" },
]

[package.dev-dependencies]
dev = [
    { name = "text" },
]
docs = [
    { name = "crypt" },
]

[package.metadata]
requires-dist = [
    { name = "crypt", marker = "extra == 'tls'", specifier = ">=3" },
    { name = "server", extras = ["fast"], marker = "sys_platform == 'linux'", specifier = "<2" },
    { name = "text" },
]
provides-extras = ["tls"]

[package.metadata.requires-dev]
dev = [{ name = "text" }]
docs = [{ name = "crypt" }]

[[package]]
name = "crypt"
version = "3.1"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://files.example/crypt-3.1.tar.gz", hash = "sha256:1111111111111111111111111111111111111111111111111111111111111111", size = 9 }

[[package]]
name = "loop"
version = "0.9"
source = { registry = "https://index.example/simple" }
dependencies = [
    { name = "text" },
]
sdist = { url = "https://files.example/loop-0.9.tar.gz", hash = "sha256:2222222222222222222222222222222222222222222222222222222222222222", size = 9 }

[[package]]
name = "server"
version = "1.5"
source = { registry = "https://index.example/simple" }
dependencies = [
    { name = "text" },
]
sdist = { url = "https://files.example/server-1.5.tar.gz", hash = "sha256:3333333333333333333333333333333333333333333333333333333333333333", size = 9 }

[package.optional-dependencies]
fast = [
    { name = "loop" },
]

[[package]]
name = "text"
version = "2.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://files.example/text-2.0.tar.gz", hash = "sha256:4444444444444444444444444444444444444444444444444444444444444444", size = 9 }
"#;

/// The status, and what was printed.
fn run(folder: &Folder, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lockwright"))
        .args(arguments)
        .current_dir(&folder.0)
        .output()
        .unwrap();
    let texts = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    (output.status.code().unwrap(), texts.concat())
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("uv.lock", LOCK);
    folder
}

#[test]
fn a_tree_shows_who_requires_whom() {
    let folder = folder();
    let expected = "\
app v1.0
├── server[fast] v1.5
│   ├── text v2.0
│   └── loop v0.9 (extra: fast)
│       └── text v2.0
├── text v2.0
├── crypt v3.1 (extra: tls)
└── text v2.0 (group: dev)
";
    assert_eq!(run(&folder, &["tree"]), (0, expected.to_owned()));
    let (_, all) = run(&folder, &["tree", "uv.lock", "--all-groups", "--markers"]);
    assert!(all.contains("crypt v3.1 (group: docs)"), "{all}");
    assert!(
        all.contains("server[fast] v1.5 ; sys_platform == 'linux'"),
        "{all}"
    );
    let (_, elsewhere) = run(&folder, &["tree", "--platform", "windows"]);
    assert!(!elsewhere.contains("server"), "{elsewhere}");
    let (_, pruned) = run(&folder, &["tree", "--prune", "text", "--depth", "1"]);
    assert_eq!(
        pruned,
        "app v1.0\n├── server[fast] v1.5\n└── crypt v3.1 (extra: tls)\n"
    );
    let up = "\
loop v0.9
└── server v1.5 (extra: fast)
    └── app v1.0
";
    let inverted = run(&folder, &["tree", "--invert", "--package", "loop"]);
    assert_eq!(inverted, (0, up.to_owned()));
    let (status, said) = run(&folder, &["tree", "--package", "lop"]);
    assert_eq!(status, 2);
    assert!(said.contains("`lop` is not locked"), "{said}");
}

#[test]
fn why_names_the_ways_to_a_package() {
    let folder = folder();
    let (status, said) = run(&folder, &["why", "Loop"]);
    let expected = "\
loop 0.9 ; sys_platform == 'linux'
  app 1.0 → server[fast] 1.5 → loop 0.9 (asked: server<2, when sys_platform == 'linux')
";
    assert_eq!((status, &*said), (0, expected));
    let (_, said) = run(&folder, &["why", "crypt"]);
    assert!(
        said.contains("app 1.0 → crypt 3.1 (extra: tls, asked: crypt>=3)"),
        "{said}"
    );
    assert!(
        said.contains("app 1.0 → crypt 3.1 (group: docs, asked: crypt)"),
        "{said}"
    );
    let (status, said) = run(&folder, &["why", "nothing", "--json"]);
    assert_eq!(status, 2);
    assert!(said.contains("select/unknown-project"), "{said}");
    folder.write("uv.lock", "version = ");
    let (status, said) = run(&folder, &["why", "text"]);
    assert_eq!(status, 2);
    assert!(said.contains("uv.lock:1:"), "{said}");
}

#[test]
fn diff_tells_what_changed() {
    let folder = folder();
    assert_eq!(
        run(&folder, &["diff", "uv.lock", "uv.lock"]),
        (0, "no changes\n".to_owned())
    );
    let new = LOCK
        .replace("version = \"1.5\"", "version = \"1.6\"")
        .replace("4444444", "5555555")
        .replace("sys_platform == 'linux'", "sys_platform == 'win32'");
    folder.write("new.lock", &new);
    let (status, said) = run(&folder, &["diff", "uv.lock", "new.lock", "--exit-code"]);
    assert_eq!(status, 1);
    for expected in [
        "upgraded   server 1.5 → 1.6\n",
        "refiled    text 2.0\n",
        "HASH of text-2.0.tar.gz CHANGED: sha256:4444",
        "rewired    loop 0.9\n",
        "marker of 0.9: sys_platform == 'linux' → sys_platform == 'win32'\n",
        "1 refiled, 1 rewired, 1 upgraded\n",
    ] {
        assert!(said.contains(expected), "{expected:?} in {said}");
    }
    let (_, table) = run(
        &folder,
        &["diff", "uv.lock", "new.lock", "--style", "markdown"],
    );
    assert!(
        table.contains("| `server` | upgraded | 1.5 | 1.6 |"),
        "{table}"
    );
    let (_, json) = run(&folder, &["diff", "uv.lock", "new.lock", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["counts"]["upgraded"], 1);
    let (status, said) = run(&folder, &["diff", "uv.lock", "none.lock"]);
    assert_eq!(status, 2);
    assert!(said.contains("none.lock"), "{said}");
}

#[test]
fn a_lock_without_roots_begins_where_nothing_leads() {
    let folder = Folder::new();
    let lock = r#"
[[package]]
name = "loop"
version = "0.9"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = []

[[package]]
name = "server"
version = "1.5"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = []

[package.dependencies]
loop = "*"

[metadata]
lock-version = "2.1"
python-versions = ">=3.12"
content-hash = "0000"
"#;
    folder.write("poetry.lock", lock);
    let expected = "server v1.5\n└── loop v0.9\n";
    assert_eq!(run(&folder, &["tree"]), (0, expected.to_owned()));
    let (_, said) = run(&folder, &["why", "loop"]);
    assert_eq!(said, "loop 0.9\n  server 1.5 → loop 0.9\n");
}
