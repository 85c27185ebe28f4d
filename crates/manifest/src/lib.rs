//! What a project asks for: `pyproject.toml`, its workspace, scripts with requirements inside, and
//! the manifests of other kinds.
//!
//! [`read`] takes the text of one file and tells every mistake in it, each with its place;
//! [`Workspace`] takes the texts of several and answers what a resolver wants to know. Nothing here
//! touches a disk: a shell reads the files that [`MemberGlobs`] names.

mod declared;
mod document;
pub mod foreign;
mod glob;
pub mod groups;
pub mod lower;
pub mod migrate;
pub mod project;
pub mod script;
pub mod tool_pdm;
pub mod tool_poetry;
pub mod tool_uv;
pub mod workspace;

use std::sync::Arc;

use diagnostic::Diagnostic;
use packaging::GroupName;
use toml::de::DeTable;

pub use declared::{DeclaredMarker, DeclaredPython, DeclaredRequirement, WordError};
pub use document::ShapeError;
pub use foreign::ForeignKind;
pub use groups::{Group, GroupItem};
pub use lower::{LowerError, LoweredRequirement, Part, commit_of, direct, normalize};
pub use project::{OptionalDependencies, ProjectTable};
pub use script::ScriptTable;
pub use tool_uv::{Clock, CutOff, DefaultGroups, ToolUv};
pub use workspace::{Declared, Kind, Member, MemberGlobs, Workspace};

use document::Reader;

/// Whose reading of a `pyproject.toml` counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Dialect {
    /// `[project]` and `[tool.uv]`.
    #[default]
    Uv,
    /// `[project]` and `[tool.poetry]`.
    Poetry,
    /// `[project]`, or poetry's tables in its place, and `[tool.pdm]`.
    Pdm,
}

impl Dialect {
    /// Reads a `pyproject.toml`, that of the root or another one; see [`read`].
    #[must_use]
    pub fn read(
        self,
        text: &str,
        file: &str,
        is_root: bool,
    ) -> (Option<Manifest>, Vec<Diagnostic>) {
        match self {
            Self::Uv => read(text, file),
            Self::Poetry | Self::Pdm => {
                let mut reader = Reader::new(text);
                let manifest = reader.document().map(|document| {
                    let document = document.get_ref();
                    let read = match self {
                        Self::Pdm => tool_pdm::manifest,
                        _ => tool_poetry::manifest,
                    };
                    read(&mut reader, document, (text, file), is_root)
                });
                finish(reader, manifest, file)
            }
        }
    }
}

/// What one `pyproject.toml` asks for.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// The plain document, for formats that hash or repeat what was asked.
    pub raw: toml::Table,
    /// `[project]`.
    pub project: Option<ProjectTable>,
    /// Dependency groups in declaration order, includes expanded; a group `dev` that only
    /// `tool.uv.dev-dependencies` makes comes last.
    pub groups: Vec<Group>,
    /// Whether a `[build-system]` is declared.
    pub has_build_system: bool,
    /// `[tool.uv]`.
    pub uv: ToolUv,
    /// What a script's block says, or a file that has no project of its own, as a requirements
    /// file; `None` for a `pyproject.toml`.
    pub script: Option<ScriptTable>,
    /// Whose reading this is.
    pub dialect: Dialect,
}

impl Manifest {
    /// The dependency group of a name.
    #[must_use]
    pub fn group(&self, name: &GroupName) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == *name)
    }

    /// Whether the project is installed itself, rather than only its requirements.
    ///
    /// `[tool.uv] package` says so, or else a `[build-system]`, unless none is required.
    #[must_use]
    pub fn is_package(&self, requires_build_system: bool) -> bool {
        self.uv
            .package
            .unwrap_or(self.has_build_system || !requires_build_system)
    }

    /// Every requirement of the project, its extras and groups.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &DeclaredRequirement> {
        let project = self.project.iter();
        let of_project = project.flat_map(|project| {
            let extras = project.optional_dependencies.iter();
            let optional = extras.flat_map(|extra| &extra.requirements);
            project.dependencies.iter().chain(optional)
        });
        of_project.chain(self.groups.iter().flat_map(|group| &group.requirements))
    }

    /// Whether `[project]` says nothing of dependencies beside a `[tool.poetry]` that may.
    ///
    /// uv 0.13.8 asks the build backend then, rather than believing that there are none.
    pub(crate) fn leaves_dependencies_to_poetry(&self) -> bool {
        if self.dialect != Dialect::Uv {
            return false;
        }
        let has = |table: &str, key: &str| {
            let table = self.raw.get(table).and_then(toml::Value::as_table);
            table.is_some_and(|table| table.contains_key(key))
        };
        has("tool", "poetry") && !has("project", "dependencies")
    }
}

/// Reads a `pyproject.toml`.
///
/// There is a manifest unless one of the diagnostics is an error; all mistakes are told, not only
/// the first. `file` is how the user calls the file, and what the diagnostics' labels say.
#[must_use]
pub fn read(text: &str, file: &str) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut reader = Reader::new(text);
    let manifest = reader.document().map(|document| {
        let document = document.get_ref();
        manifest(&mut reader, document, text, file)
    });
    finish(reader, manifest, file)
}

/// Puts the file into what was noted, and the manifest away if it cannot be used.
fn finish(
    reader: Reader<'_>,
    manifest: Option<Manifest>,
    file: &str,
) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut found: Vec<Diagnostic> = reader
        .found
        .into_iter()
        .map(|diagnostic| diagnostic.in_file(file))
        .collect();
    found.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span.start));
    let is_usable = !found.iter().any(Diagnostic::is_error);
    (manifest.filter(|_| is_usable), found)
}

fn manifest(reader: &mut Reader<'_>, document: &DeTable<'_>, text: &str, file: &str) -> Manifest {
    let tool = document
        .get("tool")
        .and_then(|node| reader.table(node, "tool"));
    let uv = tool
        .and_then(|tool| tool.get("uv"))
        .map(|node| tool_uv::read(reader, node))
        .unwrap_or_default();
    let project = document
        .get("project")
        .and_then(|node| project::read(reader, node, tells_version(tool)));
    let mut groups = document
        .get("dependency-groups")
        .map(|node| groups::read(reader, node))
        .unwrap_or_default();
    let additions = groups::Additions {
        dev: uv.dev_dependencies.as_deref(),
        dev_span: uv.dev_span(),
        defaults: uv.default_spans(),
        settings: &uv.group_settings,
    };
    groups::expand(reader, &mut groups, &additions);
    Manifest {
        file: file.into(),
        text: text.into(),
        raw: text.parse().unwrap_or_default(),
        project,
        groups,
        has_build_system: document.contains_key("build-system"),
        uv,
        script: None,
        dialect: Dialect::Uv,
    }
}

/// Whether `[tool.poetry]` tells the version, as poetry allows beside a `[project]` without one.
fn tells_version(tool: Option<&DeTable<'_>>) -> bool {
    let poetry = tool.and_then(|tool| tool.get("poetry"));
    poetry
        .and_then(|poetry| poetry.get_ref().as_table())
        .is_some_and(|table| table.contains_key("version"))
}
