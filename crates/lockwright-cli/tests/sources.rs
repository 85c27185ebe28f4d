//! Requirements that name their distribution: URLs, local archives and git repositories. What the
//! locks must say was written by uv 0.13.8 for the same files.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic like the tests"
)]

mod server;

use std::path::Path;
use std::process::{Command, Output};

use server::{Answered, Asked, Folder, Server};

const METADATA: &str = "Metadata-Version: 2.2\nName: wheely\nVersion: 1.5\nRequires-Python: >=3.8\n\
Provides-Extra: net\nRequires-Dist: one>=1\nRequires-Dist: two; extra == \"net\"\n";

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let bytes = files.iter().map(|(name, text)| (*name, text.as_bytes()));
    server::zip(&bytes.collect::<Vec<_>>())
}

fn wheel() -> Vec<u8> {
    zip(&[
        ("wheely/__init__.py", ""),
        ("wheely-1.5.dist-info/METADATA", METADATA),
        ("wheely-1.5.dist-info/RECORD", ""),
    ])
}

/// An index with `one` and `two`, and a wheel and a source distribution outside of it.
fn site(asked: &Asked) -> Answered {
    let page = |name: &str| {
        Answered::page(format!(
            r#"{{"meta": {{"api-version": "1.1"}}, "name": "{name}", "files": [{{
                "filename": "{name}-1.0-py3-none-any.whl", "url": "/f/{name}-1.0-py3-none-any.whl",
                "hashes": {{"sha256": "{:0>64}"}}, "core-metadata": true}}]}}"#,
            name.len()
        ))
    };
    let metadata = |name: &str| {
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n");
        Answered::ok("text/plain", text)
    };
    match asked.path.split('?').next().unwrap_or_default() {
        "/simple/one/" => page("one"),
        "/simple/two/" => page("two"),
        "/f/one-1.0-py3-none-any.whl.metadata" => metadata("one"),
        "/f/two-1.0-py3-none-any.whl.metadata" => metadata("two"),
        "/wheely-1.5-py3-none-any.whl" => Answered::ok("application/zip", wheel()),
        "/one-9.0-py3-none-any.whl" => Answered::ok(
            "application/zip",
            zip(&[(
                "one-9.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: one\nVersion: 9.0\n",
            )]),
        ),
        "/outer-1.0-py3-none-any.whl" => {
            let metadata = format!(
                "Metadata-Version: 2.1\nName: outer\nVersion: 1.0\nProvides-Extra: more\n\
                 Requires-Dist: one @ http://{}/one-9.0-py3-none-any.whl ; extra == \"more\"\n",
                asked.header("host")
            );
            let files = [("outer-1.0.dist-info/METADATA", metadata.as_str())];
            Answered::ok("application/zip", zip(&files))
        }
        "/nested-2.0.zip" => Answered::ok(
            "application/zip",
            zip(&[(
                "nested-2.0/inner/pyproject.toml",
                "[project]\nname = \"nested\"\nversion = \"2.1\"\ndependencies = [\"one\"]\n",
            )]),
        ),
        "/dynamic-1.0.zip" => Answered::ok(
            "application/zip",
            zip(&[(
                "dynamic-1.0/pyproject.toml",
                "[project]\nname = \"dynamic\"\ndynamic = [\"version\"]\n",
            )]),
        ),
        _ => Answered::status(404),
    }
}

fn run(folder: &Folder, server: &Server, arguments: &[&str]) -> (i32, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_lockwright"))
        .args(arguments)
        .current_dir(&folder.0)
        .env("LOCKWRIGHT_CACHE_DIR", folder.0.join(".cache"))
        .env("LOCKWRIGHT_PUBLIC_INDEX", server.url("/simple"))
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

fn project(dependencies: &str, more: &str) -> Folder {
    let folder = Folder::new();
    let text = format!(
        "[project]\nname = \"root\"\nversion = \"0\"\nrequires-python = \">=3.11\"\ndependencies = [{dependencies}]\n{more}"
    );
    folder.write("pyproject.toml", &text);
    folder
}

/// The lock of a project that must have one.
fn locked(folder: &Folder, server: &Server) -> String {
    let (status, said) = run(folder, server, &["lock"]);
    assert_eq!(status, 0, "{said}");
    std::fs::read_to_string(folder.0.join("uv.lock")).unwrap()
}

fn entry<'l>(lock: &'l str, name: &str) -> &'l str {
    let start = lock
        .find(&format!("[[package]]\nname = \"{name}\""))
        .unwrap();
    let end = lock[start + 1..].find("\n[[package]]\n");
    end.map_or(&lock[start..], |end| &lock[start..start + 2 + end])
}

#[test]
fn a_wheel_at_a_url_is_hashed_and_its_metadata_recorded() {
    let server = Server::start(site);
    let url = server.url("/wheely-1.5-py3-none-any.whl");
    let folder = project(&format!("\"wheely[net] @ {url}\""), "");
    let lock = locked(&folder, &server);
    let wheely = entry(&lock, "wheely");
    assert!(
        wheely.starts_with(&format!(
            "[[package]]\nname = \"wheely\"\nversion = \"1.5\"\nsource = {{ url = \"{url}\" }}\n\
             dependencies = [\n    {{ name = \"one\" }},\n]\n\
             wheels = [\n    {{ url = \"{url}\", hash = \"sha256:"
        )),
        "{wheely}"
    );
    assert!(
        wheely.ends_with(
            "[package.optional-dependencies]\nnet = [\n    { name = \"two\" },\n]\n\n\
             [package.metadata]\nrequires-dist = [\n    { name = \"one\", specifier = \">=1\" },\n    \
             { name = \"two\", marker = \"extra == 'net'\" },\n]\nprovides-extras = [\"net\"]\n"
        ),
        "{wheely}"
    );
    assert!(
        entry(&lock, "root").contains(&format!(
            "requires-dist = [{{ name = \"wheely\", extras = [\"net\"], url = \"{url}\" }}]"
        )),
        "{lock}"
    );
    let (status, said) = run(&folder, &server, &["lock", "--check"]);
    assert_eq!(status, 0, "{said}");
}

#[test]
fn a_local_archive_is_found_from_the_projects_folder() {
    let server = Server::start(site);
    let folder = project(
        "\"wheely\"",
        "[tool.uv.sources]\nwheely = { path = \"wheels/wheely-1.5-py3-none-any.whl\" }\n",
    );
    std::fs::create_dir(folder.0.join("wheels")).unwrap();
    let place = folder.0.join("wheels/wheely-1.5-py3-none-any.whl");
    std::fs::write(&place, wheel()).unwrap();
    let lock = locked(&folder, &server);
    let wheely = entry(&lock, "wheely");
    assert!(
        wheely.contains("source = { path = \"wheels/wheely-1.5-py3-none-any.whl\" }"),
        "{wheely}"
    );
    assert!(
        wheely.contains("{ filename = \"wheely-1.5-py3-none-any.whl\", hash = \"sha256:"),
        "{wheely}"
    );
    std::fs::remove_file(place).unwrap();
    let (status, said) = run(&folder, &server, &["lock"]);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("`wheely` cannot be had from wheels/wheely-1.5"),
        "{said}"
    );
    assert!(said.contains("pyproject.toml:5:17"), "{said}");
}

#[test]
fn a_source_distribution_at_a_url_may_hold_the_project_in_a_folder() {
    let server = Server::start(site);
    let url = server.url("/nested-2.0.zip");
    let folder = project(&format!("\"nested @ {url}#subdirectory=inner\""), "");
    let lock = locked(&folder, &server);
    let nested = entry(&lock, "nested");
    assert!(nested.contains("version = \"2.1\"\n"), "{nested}");
    assert!(
        nested.contains(&format!(
            "source = {{ url = \"{url}\", subdirectory = \"inner\" }}"
        )),
        "{nested}"
    );
    assert!(nested.contains("sdist = { hash = \"sha256:"), "{nested}");
}

#[test]
fn what_cannot_be_had_is_an_error_at_its_requirement() {
    let server = Server::start(site);
    for (file, status, expected) in [
        ("gone-1.0.zip", 2, "there is nothing"),
        ("dynamic-1.0.zip", 1, "declares `version` dynamic"),
        (
            "wheely-1.5-py3-none-any.whl",
            2,
            "expected metadata of dynamic",
        ),
    ] {
        let requirement = format!("\"dynamic @ {}\"", server.url(&format!("/{file}")));
        let folder = project(&requirement, "");
        let (found, said) = run(&folder, &server, &["lock"]);
        assert_eq!(found, status, "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("pyproject.toml:5:17"), "{said}");
        assert!(!folder.0.join("uv.lock").exists());
    }
}

#[test]
fn passwords_of_sources_are_not_told() {
    let server = Server::start(site);
    let url = server.url("/gone-1.0.zip").replace("://", "://me:secret@");
    let folder = project(
        "\"gone\"",
        &format!("[tool.uv.sources]\ngone = {{ url = \"{url}\" }}\n"),
    );
    let (status, said) = run(&folder, &server, &["lock"]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("/gone-1.0.zip: there is nothing"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn more_extras_of_one_archive_bring_more_along() {
    let server = Server::start(site);
    let (url, other) = (
        server.url("/outer-1.0-py3-none-any.whl"),
        server.url("/one-9.0-py3-none-any.whl"),
    );
    let folder = project(
        &format!("\"outer @ {url}\""),
        &format!("[dependency-groups]\ndev = [\"outer[more] @ {url}\"]\n"),
    );
    let lock = locked(&folder, &server);
    assert!(
        entry(&lock, "one").contains(&format!("source = {{ url = \"{other}\" }}")),
        "{lock}"
    );
}

#[test]
fn two_sources_of_one_project_contradict_each_other() {
    let server = Server::start(site);
    let one = server.url("/wheely-1.5-py3-none-any.whl");
    let other = server.url("/wheely-1.5-py3-none-any.whl?again");
    let folder = project(&format!("\"wheely @ {one}\", \"wheely @ {other}\""), "");
    let (status, said) = run(&folder, &server, &["lock"]);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("`wheely` is required from two sources"),
        "{said}"
    );
}

#[test]
fn extras_in_conflict_may_have_sources_of_their_own() {
    let server = Server::start(site);
    let url = server.url("/one-9.0-py3-none-any.whl");
    let folder = project(
        "",
        &format!(
            "[project.optional-dependencies]\na = [\"one\"]\nb = [\"one\"]\n\
             [tool.uv]\nconflicts = [[{{ extra = \"a\" }}, {{ extra = \"b\" }}]]\n\
             [tool.uv.sources]\none = [{{ url = \"{url}\", extra = \"a\" }}]\n"
        ),
    );
    let lock = locked(&folder, &server);
    let of_index = format!("source = {{ registry = \"{}\" }}", server.url("/simple"));
    let of_url = format!("source = {{ url = \"{url}\" }}");
    let ones: Vec<&str> = lock
        .split("[[package]]\nname = \"one\"\n")
        .skip(1)
        .collect();
    assert_eq!(ones.len(), 2, "{lock}");
    assert!(
        ones[0].starts_with(&format!("version = \"1.0\"\n{of_index}")),
        "{lock}"
    );
    assert!(
        ones[1].starts_with(&format!("version = \"9.0\"\n{of_url}")),
        "{lock}"
    );
}

/// A repository with a workspace, a folder beside it, two tags and a branch that moves on.
struct Repository(Folder);

impl Repository {
    fn new() -> Self {
        let repository = Self(Folder::new());
        repository.git(&["init", "-q", "-b", "main"]);
        repository.write(
            "pyproject.toml",
            "[project]\nname = \"gitty\"\nversion = \"0.3\"\ndependencies = [\"member\", \"beside\", \"one\"]\n\
             [tool.uv.workspace]\nmembers = [\"packages/*\"]\n\
             [tool.uv.sources]\nmember = { workspace = true }\nbeside = { path = \"beside\" }\n",
        );
        repository.write(
            "packages/member/pyproject.toml",
            "[project]\nname = \"member\"\nversion = \"0.1\"\ndependencies = [\"two\"]\n",
        );
        repository.write(
            "beside/pyproject.toml",
            "[project]\nname = \"beside\"\nversion = \"0.2\"\n",
        );
        repository.commit("v1");
        repository
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.0.0.join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.0.0)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([
                ("GIT_AUTHOR_NAME", "tests"),
                ("GIT_AUTHOR_EMAIL", "tests@example.org"),
                ("GIT_COMMITTER_NAME", "tests"),
                ("GIT_COMMITTER_EMAIL", "tests@example.org"),
            ])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits everything under a tag; the full commit.
    fn commit(&self, tag: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", tag]);
        self.git(&["tag", tag]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn url(&self) -> String {
        format!("file://{}", path_text(&self.0.0))
    }
}

fn path_text(path: &Path) -> String {
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_repository_brings_its_members_and_folders_along() {
    let server = Server::start(site);
    let repository = Repository::new();
    let commit = repository.git(&["rev-parse", "v1"]);
    let url = repository.url();
    let folder = project(&format!("\"gitty @ git+{url}@v1\""), "");
    let lock = locked(&folder, &server);
    for (name, source) in [
        ("gitty", format!("{url}?rev=v1#{commit}")),
        (
            "member",
            format!("{url}?subdirectory=packages%2Fmember&rev=v1#{commit}"),
        ),
        (
            "beside",
            format!("{url}?subdirectory=beside&rev=v1#{commit}"),
        ),
    ] {
        let entry = entry(&lock, name);
        assert!(
            entry.contains(&format!("source = {{ git = \"{source}\" }}")),
            "{entry}"
        );
        assert!(!entry.contains("[package.metadata]"), "{entry}");
    }
    assert!(
        entry(&lock, "member").contains("{ name = \"two\" }"),
        "{lock}"
    );
    assert!(
        entry(&lock, "root").contains(&format!("{{ name = \"gitty\", git = \"{url}?rev=v1\" }}")),
        "{lock}"
    );
}

#[test]
fn declared_metadata_counts_where_only_a_build_could_tell() {
    let server = Server::start(site);
    let repository = Repository::new();
    repository.write(
        "dynamic/pyproject.toml",
        "[project]\nname = \"dynamic\"\ndynamic = [\"version\", \"dependencies\"]\n",
    );
    repository.commit("v2");
    let requirement = format!(
        "\"dynamic @ git+{}@v2#subdirectory=dynamic\"",
        repository.url()
    );
    let (status, said) = run(&project(&requirement, ""), &server, &["lock"]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("[[tool.uv.dependency-metadata]]"), "{said}");
    let entry_of = "[[tool.uv.dependency-metadata]]\nname = \"dynamic\"\nversion = \"7\"\nrequires-dist = [\"two\"]\n";
    let lock = locked(&project(&requirement, entry_of), &server);
    let dynamic = entry(&lock, "dynamic");
    assert!(dynamic.contains("version = \"7\"\n"), "{dynamic}");
    assert!(dynamic.contains("{ name = \"two\" }"), "{dynamic}");
}

#[test]
fn the_locked_commit_of_a_branch_stays_until_upgraded() {
    let server = Server::start(site);
    let repository = Repository::new();
    let first = repository.git(&["rev-parse", "HEAD"]);
    let folder = project(
        "\"beside\"",
        &format!(
            "[tool.uv.sources]\nbeside = {{ git = \"{}\", branch = \"main\", subdirectory = \"beside\" }}\n",
            repository.url()
        ),
    );
    let source = |commit: &str| {
        let url = repository.url();
        format!("source = {{ git = \"{url}?subdirectory=beside&branch=main#{commit}\" }}")
    };
    assert!(locked(&folder, &server).contains(&source(&first)));
    repository.write(
        "beside/pyproject.toml",
        "[project]\nname = \"beside\"\nversion = \"0.4\"\n",
    );
    let second = repository.commit("v2");
    let (status, said) = run(&folder, &server, &["lock", "--check"]);
    assert_eq!(status, 0, "{said}");
    assert!(locked(&folder, &server).contains(&source(&first)));
    let (status, said) = run(&folder, &server, &["lock", "-P", "beside"]);
    assert_eq!(status, 0, "{said}");
    let lock = std::fs::read_to_string(folder.0.join("uv.lock")).unwrap();
    assert!(lock.contains(&source(&second)), "{lock}");
    assert!(
        entry(&lock, "beside").contains("version = \"0.4\""),
        "{lock}"
    );
}

#[test]
fn revisions_may_be_short_and_folders_missing() {
    let server = Server::start(site);
    let repository = Repository::new();
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let url = repository.url();
    let short = &commit[..9];
    let folder = project(
        &format!("\"beside @ git+{url}@{short}#subdirectory=beside\""),
        "",
    );
    let lock = locked(&folder, &server);
    assert!(lock.contains(&format!("&rev={short}#{commit}")), "{lock}");
    for (requirement, expected) in [
        (
            format!("gitty @ git+{url}@none"),
            "there is no branch, tag or commit `none`",
        ),
        (
            format!("gitty @ git+{url}@v1#subdirectory=none"),
            "it has no folder `none`",
        ),
        (
            format!("gitty @ git+{url}-none@v1"),
            "does not appear to be a git repository",
        ),
    ] {
        let folder = project(&format!("\"{requirement}\""), "");
        let (status, said) = run(&folder, &server, &["lock"]);
        assert_eq!(status, 2, "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("pyproject.toml:5:17"), "{said}");
    }
}

#[test]
fn a_folder_for_newer_pythons_is_no_way_to_go() {
    let server = Server::start(site);
    let folder = project("\"dep\"", "[tool.uv.sources]\ndep = { path = \"dep\" }\n");
    folder.write(
        "dep/pyproject.toml",
        "[project]\nname = \"dep\"\nversion = \"0\"\nrequires-python = \">=3.12\"\n",
    );
    let (status, said) = run(&folder, &server, &["lock"]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("Python>=3.12"), "{said}");
}
