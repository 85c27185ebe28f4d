//! A project's manifest rewritten for another tool, with comments and order kept.
//!
//! What is asked for is taken from the [`Manifest`], in whatever words it was read; the rest, as
//! the description and the entry points, from the words themselves. Whatever the target cannot say
//! stays where it is, or is told as a loss.

mod backend;
mod comments;
mod edit;
mod indexes;
mod lines;
mod metadata;
mod pdm;
mod pdm_tables;
mod people;
mod poetry;
mod project;
mod sources;
mod uv;
mod versions;
mod wanted;

use std::collections::BTreeSet;

use diagnostic::Diagnostic;
use toml_edit::DocumentMut;

use crate::{Dialect, Manifest};

pub use backend::Layout;
pub use metadata::{Metadata, Person};

use edit::Positions;
use wanted::Wanted;

/// The words a manifest is rewritten into.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// `[project]`, `[dependency-groups]` and `[tool.uv]`.
    Uv,
    /// `[project]` and `[dependency-groups]` alone.
    Pep621,
    /// `[project]`, `[dependency-groups]` and `[tool.poetry]`, as poetry 2.2 and later read them.
    Poetry,
    /// `[project]`, `[dependency-groups]` and `[tool.pdm]`.
    Pdm,
}

impl Target {
    /// Every target, by its name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("uv", Self::Uv),
        ("pep621", Self::Pep621),
        ("poetry", Self::Poetry),
        ("pdm", Self::Pdm),
    ];

    /// The name of the lock format that goes with it.
    #[must_use]
    pub fn lock_format(self) -> Option<&'static str> {
        match self {
            Self::Uv => Some("uv"),
            Self::Pep621 => None,
            Self::Poetry => Some("poetry"),
            Self::Pdm => Some("pdm"),
        }
    }
}

/// The words a manifest was written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Words {
    /// `[project]` without any tool's table that asks for something.
    Pep621,
    /// `[tool.uv]`.
    Uv,
    /// `[tool.poetry]`.
    Poetry,
    /// `[tool.pdm]`.
    Pdm,
    /// A manifest of another kind.
    Foreign,
}

impl Words {
    /// The words of a `pyproject.toml`, by its text.
    #[must_use]
    pub fn of(pyproject: &str) -> Self {
        let pyproject: toml::Table = pyproject.parse().unwrap_or_default();
        let tool = |name: &str| pyproject.get("tool").and_then(|tool| tool.get(name));
        let has = |name: &str, keys: &[&str]| {
            tool(name).is_some_and(|tool| keys.iter().any(|key| tool.get(key).is_some()))
        };
        let of_poetry = [
            "name",
            "dependencies",
            "dev-dependencies",
            "group",
            "extras",
            "source",
        ];
        let of_pdm = ["dev-dependencies", "source", "resolution", "distribution"];
        if has("poetry", &of_poetry) {
            Self::Poetry
        } else if has("pdm", &of_pdm) {
            Self::Pdm
        } else if tool("uv").is_some() {
            Self::Uv
        } else if tool("poetry").is_some() {
            Self::Poetry
        } else if tool("pdm").is_some() {
            Self::Pdm
        } else {
            Self::of_backend(&pyproject)
        }
    }
}

impl Words {
    /// The words of a file without tables of tools: whoever builds it is whom it was written for.
    fn of_backend(pyproject: &toml::Table) -> Self {
        let backend = pyproject
            .get("build-system")
            .and_then(|it| it.get("build-backend")?.as_str());
        match backend.unwrap_or_default() {
            backend if backend.starts_with("poetry.core") => Self::Poetry,
            backend if backend.starts_with("pdm.") => Self::Pdm,
            "uv_build" => Self::Uv,
            _ => Self::Pep621,
        }
    }

    /// Reads a `pyproject.toml` in these words.
    #[must_use]
    pub fn read(self, text: &str, file: &str) -> (Option<Manifest>, Vec<Diagnostic>) {
        self.dialect().read(text, file, true)
    }

    /// Whose reading of a `pyproject.toml` counts.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Poetry => Dialect::Poetry,
            Self::Pep621 | Self::Uv | Self::Pdm | Self::Foreign => Dialect::Uv,
        }
    }
}

/// What is rewritten.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    /// What is asked for.
    pub manifest: &'o Manifest,
    /// The words it was written in.
    pub words: Words,
    /// The text of the `pyproject.toml` there is, or nothing.
    pub pyproject: &'o str,
    /// What a manifest of another kind says beside requirements.
    pub metadata: &'o Metadata,
    /// What further manifests ask for, each as a group of that name.
    pub groups: &'o [(String, Manifest)],
    /// A name for a project that has none.
    pub folder: &'o str,
    /// Where the project's modules are.
    pub layout: Option<Layout>,
    /// The oldest Python of a project that does not say which it is for.
    pub python: Option<&'o str>,
    /// The public index, which need not be said.
    pub public_index: &'o str,
}

/// A manifest rewritten.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rewritten {
    /// The text of the `pyproject.toml`.
    pub pyproject: String,
    /// What the target cannot say, a sentence each.
    pub losses: Vec<String>,
}

/// Rewrites a manifest.
///
/// # Errors
///
/// The `pyproject.toml` there is cannot be read, or nothing asks for anything.
pub fn rewrite(origin: &Origin<'_>, target: Target) -> Result<Rewritten, Vec<Diagnostic>> {
    let manifest = origin.manifest;
    if manifest.project.is_none() && manifest.groups.is_empty() && manifest.script.is_none() {
        return Err(vec![Diagnostic::error(
            "manifest/nothing-asked",
            NothingAsked,
        )]);
    }
    let document: DocumentMut = origin.pyproject.parse().map_err(|error| {
        let error: toml_edit::TomlError = error;
        let diagnostic = Diagnostic::error("manifest/invalid-toml", error.message());
        let place = error.span().unwrap_or(0..0);
        vec![diagnostic.label(place, "").in_file("pyproject.toml")]
    })?;
    let is_said = matches!(
        (origin.words, target),
        (Words::Uv, Target::Uv) | (Words::Pdm, Target::Pdm)
    );
    if is_said {
        return Ok(Rewritten {
            pyproject: origin.pyproject.to_owned(),
            losses: Vec::new(),
        });
    }
    let mut with_hatch = origin.manifest.clone();
    with_hatch.add_hatch_environments();
    let origin = &Origin {
        manifest: &with_hatch,
        ..*origin
    };
    let mut rewriting = Rewriting {
        origin,
        target,
        wanted: Wanted::of(origin),
        positions: Positions::of(&document),
        document,
        losses: Vec::new(),
        told: BTreeSet::new(),
    };
    rewriting.run();
    let mut pyproject = rewriting.document.to_string();
    if rewriting.origin.pyproject.is_empty() {
        pyproject = pyproject.trim_start().to_owned();
    }
    Ok(Rewritten {
        pyproject: as_before(origin.pyproject, pyproject),
        losses: rewriting.losses,
    })
}

/// A new text with the line ends and the byte order mark of the old one.
fn as_before(before: &str, after: String) -> String {
    let mark = match before.starts_with('\u{feff}') && !after.starts_with('\u{feff}') {
        true => "\u{feff}",
        false => "",
    };
    let after = match before.contains("\r\n") {
        true => after.replace("\r\n", "\n").replace('\n', "\r\n"),
        false => after,
    };
    format!("{mark}{after}")
}

/// A manifest that asks for nothing.
#[derive(Debug, thiserror::Error)]
#[error("there is nothing to migrate: no project, requirements or dependency groups")]
struct NothingAsked;

/// A manifest being rewritten.
struct Rewriting<'o> {
    origin: &'o Origin<'o>,
    target: Target,
    wanted: Wanted,
    document: DocumentMut,
    positions: Positions,
    losses: Vec<String>,
    told: BTreeSet<String>,
}

impl Rewriting<'_> {
    fn run(&mut self) {
        let losses = std::mem::take(&mut self.wanted.losses);
        losses.into_iter().for_each(|loss| self.lose(loss));
        self.positions.spread(&mut self.document);
        let lines = self.targeted();
        self.project(&lines);
        self.groups(&lines);
        match self.target {
            Target::Uv => self.tool_uv(),
            Target::Poetry => self.tool_poetry(),
            Target::Pdm => self.tool_pdm(),
            Target::Pep621 => self.no_tool(),
        }
        self.backend();
        self.leave_origin();
        for tool in ["uv", "poetry", "pdm"] {
            edit::tidy(&mut self.document, &["tool", tool]);
        }
    }

    /// Tells a loss once.
    fn lose(&mut self, loss: impl Into<String>) {
        let loss = loss.into();
        if self.told.insert(loss.clone()) {
            self.losses.push(loss);
        }
    }
}
