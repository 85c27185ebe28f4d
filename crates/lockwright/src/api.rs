//! The wire types: what the edge's HTTP API, the browser binding and `lockwright --json` speak.

use std::collections::BTreeMap;

use diagnostic::{Diagnose, Diagnostic, Sources};
use serde::{Deserialize, Serialize};

/// A project, or a script, to lock.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LockRequest {
    /// The text of `pyproject.toml`; empty for a script.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pyproject: String,
    /// The text of a script that says itself what it needs (PEP 723), in place of a project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The script's file name; `script.py` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_name: Option<String>,
    /// The path, among `files`, of a manifest of another kind that is locked in place of a
    /// `pyproject.toml`: `requirements.in`, `Pipfile`, `setup.cfg`, `setup.py`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// An existing lock whose versions are preferred, as text; any format that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// Further files by path relative to `pyproject.toml` or the script: workspace members and the
    /// like.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// The formats wanted, by name; `uv` alone when empty; `all` stands for every one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// Settings that the project does not make itself.
    #[serde(default)]
    pub options: LockOptions,
}

impl LockRequest {
    /// The name and the text of the file that is locked.
    #[must_use]
    pub fn root(&self) -> (&str, &str) {
        match (&self.script, &self.manifest) {
            (Some(script), _) => (self.script_name.as_deref().unwrap_or("script.py"), script),
            (None, Some(name)) => (name, self.files.get(name).map_or("", String::as_str)),
            (None, None) => ("pyproject.toml", &self.pyproject),
        }
    }

    /// Every text of the request, for the places in diagnostics.
    #[must_use]
    pub fn sources(&self) -> Sources<'_> {
        let (name, text) = self.root();
        let files = self.files.iter();
        files.fold(Sources::one(name, text), |it, (file, text)| {
            it.with(file, text)
        })
    }
}

/// Settings of a run. They override what `[tool.uv]` says, as command-line options do in uv.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LockOptions {
    /// Replaces the public index everywhere, its identity included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_index: Option<String>,
    /// The default index (`--default-index`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_index: Option<String>,
    /// Further indexes, `[NAME=]URL`, looked at before the default one (`--index`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub index: Vec<String>,
    /// Files uploaded at or after this do not exist: RFC 3339 instant, date, or span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_newer: Option<String>,
    /// `highest`, `lowest` or `lowest-direct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// `disallow`, `allow`, `if-necessary`, `explicit` or `if-necessary-or-explicit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prerelease: Option<String>,
    /// `requires-python` or `fewest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork_strategy: Option<String>,
    /// In whose manner to resolve: `uv`, `poetry` or `pdm`; that of the first format wanted, unless
    /// said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The oldest Python of a project that declares no `requires-python`: `3.12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Lock the environments of hatch too, each as a dependency group.
    pub hatch: bool,
    /// Ignore the versions of the existing lock.
    pub upgrade: bool,
    /// Ignore the existing lock's version of these projects; `NAME==VERSION` also pins the new one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upgrade_package: Vec<String>,
    /// Ignore the existing lock's versions of what these dependency groups require.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upgrade_group: Vec<String>,
    /// Milliseconds since 1970-01-01T00:00:00Z, for spans before now. A shell fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<i64>,
    /// Whether to look for ways out of a conflict; they are, unless this says `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relax: Option<bool>,
}

impl LockOptions {
    /// Sets an option by its name on the wire, as queries and forms give it; lists grow by one.
    ///
    /// `now` is the service's own, and cannot be set.
    ///
    /// # Errors
    ///
    /// There is no such option.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownOption> {
        let value = value.to_owned();
        match name {
            "public_index" => self.public_index = Some(value),
            "default_index" => self.default_index = Some(value),
            "index" => self.index.push(value),
            "exclude_newer" => self.exclude_newer = Some(value),
            "resolution" => self.resolution = Some(value),
            "prerelease" => self.prerelease = Some(value),
            "fork_strategy" => self.fork_strategy = Some(value),
            "mode" => self.mode = Some(value),
            "python" => self.python = Some(value),
            "hatch" => self.hatch = matches!(&*value, "" | "1" | "true"),
            "upgrade" => self.upgrade = matches!(&*value, "" | "1" | "true"),
            "upgrade_package" => self.upgrade_package.push(value),
            "upgrade_group" => self.upgrade_group.push(value),
            "relax" => self.relax = Some(!matches!(&*value, "0" | "false")),
            _ => return Err(UnknownOption(name.to_owned())),
        }
        Ok(())
    }
}

/// There is no option of that name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no option `{0}`")]
pub struct UnknownOption(pub String);

impl Diagnose for UnknownOption {
    fn diagnose(&self) -> Diagnostic {
        Diagnostic::error("request/unknown-option", self).help("`/openapi.json` lists the options")
    }
}

/// What a lock run gives.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct LockReply {
    /// The locks by format name.
    pub locks: BTreeMap<String, WrittenLock>,
    /// Whether the existing lock was up to date and is repeated byte for byte.
    pub unchanged: bool,
    /// Why an existing lock was not up to date; empty when it was, or when there was none.
    #[serde(default)]
    pub stale: Vec<DiagnosticRecord>,
    /// The locked packages, in the lock's order.
    pub packages: Vec<LockedPackage>,
    /// Warnings about the input and the resolution.
    pub warnings: Vec<DiagnosticRecord>,
    /// What it took.
    pub stats: Stats,
}

/// A lock in one format.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct WrittenLock {
    /// The usual file name.
    pub file_name: String,
    /// The text.
    pub text: String,
    /// What this format could not say, a sentence each.
    pub losses: Vec<String>,
}

/// A package of the lock, for tables.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct LockedPackage {
    /// The normalized name.
    pub name: String,
    /// The version; a source tree may have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it is needed; absent when always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// The names it depends on.
    pub dependencies: Vec<String>,
}

/// A diagnostic on the wire: as [`Diagnostic`], with owned code.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct DiagnosticRecord {
    /// The stable word.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What is wrong.
    pub title: String,
    /// Where.
    pub labels: Vec<LabelRecord>,
    /// What would help.
    pub help: Vec<String>,
}

/// A labelled place on the wire.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct LabelRecord {
    /// The file; `pyproject.toml` unless said otherwise.
    pub file: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What there is to say.
    pub text: String,
}

impl From<&Diagnostic> for DiagnosticRecord {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            code: diagnostic.code.to_string(),
            severity: if diagnostic.is_error() {
                "error"
            } else {
                "warning"
            }
            .to_owned(),
            title: diagnostic.title.clone(),
            labels: diagnostic
                .labels
                .iter()
                .map(|label| LabelRecord {
                    file: label.file.clone(),
                    start: label.span.start,
                    end: label.span.end,
                    text: label.text.clone(),
                })
                .collect(),
            help: diagnostic.help.clone(),
        }
    }
}

/// What a run took. Counts, no times: those are the shell's to measure.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Stats {
    /// Questions asked of the source.
    pub queries: usize,
    /// Rounds in which questions went out together.
    pub waves: usize,
    /// Forks solved.
    pub forks: usize,
    /// Versions tried, over all forks.
    pub decisions: usize,
}

/// How far a run is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Progress {
    /// Projects heard of.
    pub found: usize,
    /// Projects with a version chosen in the present fork.
    pub resolved: usize,
    /// Questions asked.
    pub asked: usize,
    /// Questions answered.
    pub answered: usize,
    /// Forks finished.
    pub forks: usize,
}
