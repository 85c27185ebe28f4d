//! Git repositories by the user's own `git`, so that credentials and proxies work as usual.
//!
//! Only objects are fetched, into bare repositories in the cache; nothing is checked out, and no
//! hook or filter runs.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lockwright::transport::{GitReply, GitRequest, TransportError};
use packaging::GitReference;
use sha2::{Digest, Sha256};

/// How often a fetch is tried while another process holds the repository's lock.
const ATTEMPTS: u32 = 20;

/// Answers from the repositories below a folder; `None` if there is no `git` to run.
pub(crate) fn ask(folder: &Path, request: &GitRequest) -> Option<Result<GitReply, TransportError>> {
    let (GitRequest::Commit { url, .. }
    | GitRequest::Paths { url, .. }
    | GitRequest::Files { url, .. }) = request;
    let repository = Repository::new(folder, url);
    let answer = match request {
        GitRequest::Commit { reference, .. } => repository.commit(reference),
        GitRequest::Paths { commit, .. } => repository.paths(commit),
        GitRequest::Files { commit, paths, .. } => repository.files(commit, paths),
    };
    match answer {
        Ok(reply) => Some(Ok(reply)),
        Err(Failed::NoGit) => None,
        Err(Failed::Absent(reason)) => Some(Ok(GitReply::Absent(reason))),
        Err(Failed::Broken(reason)) => Some(Err(TransportError {
            reason,
            timed_out: false,
        })),
    }
}

enum Failed {
    /// There is no `git`.
    NoGit,
    /// Git says that there is no such thing.
    Absent(String),
    /// Something else went wrong.
    Broken(String),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoGit,
            _ => Self::Broken(format!("git cannot be run: {error}")),
        }
    }
}

struct Repository {
    /// Where its objects are kept.
    place: PathBuf,
    url: String,
}

impl Repository {
    fn new(folder: &Path, url: &str) -> Self {
        let digest = Sha256::digest(url.as_bytes());
        let name: String = digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            place: folder.join("git-v1").join(name),
            url: url.to_owned(),
        }
    }

    /// Runs git on the repository in the cache; what it printed.
    fn run<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Result<Vec<u8>, Failed> {
        std::fs::create_dir_all(&self.place)
            .map_err(|error| Failed::Broken(format!("the cache cannot be written: {error}")))?;
        let mut command = Command::new("git");
        // A server that falls silent does not hold us for ever, and nothing asks at the terminal.
        for setting in [
            "http.lowSpeedLimit=100",
            "http.lowSpeedTime=30",
            "core.hooksPath=/dev/null",
            "gc.auto=0",
            "maintenance.auto=false",
        ] {
            command.args(["-c", setting]);
        }
        command
            .arg("--git-dir")
            .arg(&self.place)
            .args(arguments)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // Written beside the reading, or both sides would wait for each other.
            let writing = scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
            let output = child.wait_with_output();
            let _ = writing.join();
            output
        })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failed::Absent(without_credentials(
            complaint(&said),
            &self.url,
        )))
    }

    /// The repository in the cache, made where it is missing.
    fn prepared(&self) -> Result<&Self, Failed> {
        if !self.place.join("HEAD").is_file() {
            self.run(&["init", "--quiet", "--bare", "--template="], b"")?;
        }
        Ok(self)
    }

    fn fetch(&self, what: &[&str]) -> Result<(), Failed> {
        let mut arguments = vec!["fetch", "--quiet", "--force", "--no-tags"];
        let url = self.url.as_str();
        let deep = what.len() > 1;
        if !deep {
            arguments.extend(["--depth", "1"]);
        }
        arguments.extend(["--", url]);
        arguments.extend(what);
        for attempt in 1.. {
            match self.prepared()?.run(&arguments, b"") {
                // Another process fetches into the same repository.
                Err(Failed::Absent(said)) if said.contains(".lock") && attempt < ATTEMPTS => {
                    std::thread::sleep(Duration::from_millis(250));
                }
                outcome => return outcome.map(drop),
            }
        }
        Ok(())
    }

    fn commit(&self, reference: &GitReference) -> Result<GitReply, Failed> {
        let wanted: Vec<String> = match reference {
            GitReference::Default => vec!["HEAD".to_owned()],
            GitReference::Branch(name) => vec![format!("refs/heads/{name}")],
            GitReference::Tag(name) => tag(name).into(),
            GitReference::Revision(name) if name.starts_with("refs/") => vec![name.clone()],
            // A branch comes before a tag of the same name (uv 0.13.8).
            GitReference::Revision(name) => {
                let mut wanted = vec![format!("refs/heads/{name}")];
                wanted.extend(tag(name));
                wanted
            }
        };
        let mut arguments = vec!["ls-remote", "--quiet", "--", &self.url];
        arguments.extend(wanted.iter().map(String::as_str));
        let printed = self.prepared()?.run(&arguments, b"")?;
        let printed = String::from_utf8_lossy(&printed);
        let found = wanted.iter().find_map(|name| {
            let mut lines = printed.lines().filter_map(|line| line.split_once('\t'));
            lines
                .find(|(_, found)| found == name)
                .map(|(commit, _)| commit)
        });
        match (found, reference) {
            (Some(commit), _) => Ok(GitReply::Commit(commit.to_ascii_lowercase())),
            (None, GitReference::Revision(name)) if is_short_commit(name) => self.abbreviated(name),
            (None, GitReference::Default) => {
                Err(Failed::Absent("the repository is empty".to_owned()))
            }
            (
                None,
                GitReference::Branch(name) | GitReference::Tag(name) | GitReference::Revision(name),
            ) => {
                let kind = match reference {
                    GitReference::Branch(_) => "branch",
                    GitReference::Tag(_) => "tag",
                    _ => "branch, tag or commit",
                };
                Err(Failed::Absent(format!("there is no {kind} `{name}`")))
            }
        }
    }

    /// The commit that begins with these digits: all of them must be known to tell.
    fn abbreviated(&self, name: &str) -> Result<GitReply, Failed> {
        self.everything()?;
        let wanted = format!("{name}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &wanted,
        ];
        let printed = self.run(&arguments, b"").map_err(|failed| match failed {
            Failed::Absent(_) => Failed::Absent(format!("there is no commit `{name}`")),
            failed => failed,
        })?;
        let commit = String::from_utf8_lossy(&printed).trim().to_owned();
        Ok(GitReply::Commit(commit))
    }

    fn everything(&self) -> Result<(), Failed> {
        self.fetch(&[
            "+refs/heads/*:refs/remotes/origin/*",
            "+refs/tags/*:refs/remotes/origin/tags/*",
            "+HEAD:refs/remotes/origin/HEAD",
        ])
    }

    /// Sees to it that a commit is in the cache.
    fn have(&self, commit: &str) -> Result<(), Failed> {
        let object = format!("{commit}^{{tree}}");
        let is_there = || self.run(&["cat-file", "-e", &object], b"");
        match self.prepared().and_then(|_| is_there()) {
            Err(Failed::Absent(_)) => {}
            other => return other.map(drop),
        }
        // Some servers give only what a branch or tag leads to.
        match self.fetch(&[commit]) {
            Err(Failed::Absent(_)) => self.everything()?,
            other => other?,
        }
        is_there().map(drop).map_err(|failed| match failed {
            Failed::Absent(_) => Failed::Absent(format!("there is no commit `{commit}`")),
            failed => failed,
        })
    }

    fn paths(&self, commit: &str) -> Result<GitReply, Failed> {
        self.have(commit)?;
        let arguments = ["ls-tree", "-r", "-z", "--name-only", commit];
        let printed = self.run(&arguments, b"")?;
        let paths = printed.split(|byte| *byte == 0);
        let paths = paths.filter_map(|path| String::from_utf8(path.to_vec()).ok());
        Ok(GitReply::Paths(
            paths.filter(|path| !path.is_empty()).collect(),
        ))
    }

    fn files(&self, commit: &str, paths: &[String]) -> Result<GitReply, Failed> {
        self.have(commit)?;
        let mut input = String::new();
        for path in paths {
            // A line is a name: what has line breaks in it cannot be asked for.
            let path = path.replace(['\n', '\r'], "?");
            input.push_str(&format!("{commit}:{path}\n"));
        }
        let printed = self.run(&["cat-file", "--batch"], input.as_bytes())?;
        let files = batch(&printed, paths.len());
        let confused = || Failed::Broken("git answered something else than was asked".to_owned());
        files.map(GitReply::Files).ok_or_else(confused)
    }
}

/// What git complained of, out of all it said.
fn complaint(said: &str) -> &str {
    let lines = || said.lines().map(str::trim);
    let fatal = lines().find_map(|line| line.strip_prefix("fatal: "));
    let last = || lines().rev().find(|line| !line.is_empty());
    fatal.or_else(last).unwrap_or("git failed without a word")
}

/// Reads what `git cat-file --batch` printed: for each object a line, and its content if it is one.
fn batch(mut printed: &[u8], count: usize) -> Option<Vec<Option<Vec<u8>>>> {
    let mut files = Vec::with_capacity(count);
    for _ in 0..count {
        let end = printed.iter().position(|byte| *byte == b'\n')?;
        let line = String::from_utf8_lossy(&printed[..end]).into_owned();
        printed = &printed[end + 1..];
        if line.ends_with(" missing") || line.ends_with(" ambiguous") {
            files.push(None);
            continue;
        }
        let mut words = line.rsplit(' ');
        let size: usize = words.next()?.parse().ok()?;
        let is_file = words.next()? == "blob";
        let content = printed.get(..size)?.to_vec();
        printed = printed.get(size + 1..)?;
        files.push(is_file.then_some(content));
    }
    Some(files)
}

/// What a tag may be called in a listing; annotated ones lead to their commit.
fn tag(name: &str) -> [String; 2] {
    [
        format!("refs/tags/{name}^{{}}"),
        format!("refs/tags/{name}"),
    ]
}

fn is_short_commit(name: &str) -> bool {
    (4..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What git said, without the user information of the URL that it may repeat.
fn without_credentials(said: &str, url: &str) -> String {
    said.replace(url, &lockwright::source::without_credentials(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_holds_files_and_what_is_none() {
        let printed = b"c0 blob 3\na\nb\nc:x missing\nc1 tree 2\nxx\n";
        assert_eq!(
            batch(printed, 3),
            Some(vec![Some(b"a\nb".to_vec()), None, None])
        );
        assert_eq!(batch(b"c0 blob 30\na\n", 1), None);
    }

    #[test]
    fn what_git_says_hides_passwords() {
        let url = "https://me:pw@git.example/a";
        let said = without_credentials("unable to access 'https://me:pw@git.example/a/'", url);
        assert_eq!(said, "unable to access 'https://git.example/a/'");
    }
}
