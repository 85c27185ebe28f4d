//! A project as poetry 2.5.1 reads it: `[project]`, what `[tool.poetry]` adds to it or says in its
//! place, and dependency groups.
//!
//! <https://python-poetry.org/docs/pyproject/>

mod dependency;
mod error;
mod extras;
mod groups;
mod python;
mod source;

use packaging::{PackageName, Version};
use toml::de::DeTable;

pub use error::PoetryError;
pub use source::PUBLIC;

use crate::document::{Node, Reader};
use crate::project::{self, ProjectTable};
use crate::tool_uv::{IndexStrategy, PrereleaseMode, Settings, ToolUv};
use crate::{Dialect, Manifest, groups as standard};
use dependency::Wish;
use extras::Main;

/// The name of a project that needs none.
const NAMELESS: &str = "non-package-mode";

/// Reads a project; mistakes in `[tool.uv]` are nobody's business here.
///
/// Only the root has groups, sources and requirements that a build would have to tell.
pub(crate) fn manifest(
    reader: &mut Reader<'_>,
    document: &DeTable<'_>,
    (text, file): (&str, &str),
    is_root: bool,
) -> Manifest {
    let empty = DeTable::new();
    let tool = document
        .get("tool")
        .and_then(|node| reader.table(node, "tool"));
    let poetry_node = tool.and_then(|tool| tool.get("poetry"));
    let poetry = poetry_node
        .and_then(|node| reader.table(node, "tool.poetry"))
        .unwrap_or(&empty);
    let declared = document
        .get("project")
        .and_then(|node| project::read(reader, node, true));
    let mut reading = Reading {
        reader,
        indexes: Vec::new(),
        prereleases: Vec::new(),
    };
    reading.indexes = source::read(reading.reader, poetry);
    let legacy = reading.table(poetry, "dependencies");
    let mut project = declared.or_else(|| reading.nameless(poetry));
    let has_own = document
        .get("project")
        .and_then(|node| node.get_ref().as_table())
        .is_some_and(|table| {
            table.contains_key("dependencies")
                || project
                    .as_ref()
                    .is_some_and(|project| !project.optional_dependencies.is_empty())
        });
    if let Some(project) = &mut project {
        reading.complete(project, poetry, is_root);
        let main = reading.wishes(legacy, "tool.poetry.dependencies");
        if let Some(python) = reading.python(legacy) {
            python::check(reading.reader, project.requires_python.as_ref(), &python);
            project.requires_python = Some(python);
        }
        let main = Main {
            has_own,
            dynamic: &project.dynamic,
            wishes: main,
        };
        let found = main.read(&mut reading, project, poetry);
        (project.dependencies, project.optional_dependencies) = found;
        if is_root || has_own || poetry_node.is_some() {
            project.dynamic.clear();
        }
    }
    let standard = document
        .get("dependency-groups")
        .map(|node| standard::read(reading.reader, node))
        .unwrap_or_default();
    let groups = groups::read(&mut reading, standard, poetry);
    let is_package = poetry
        .get("package-mode")
        .and_then(|node| reading.reader.boolean(node, "tool.poetry.package-mode"));
    Manifest {
        file: file.into(),
        text: text.into(),
        raw: text.parse().unwrap_or_default(),
        project,
        groups,
        has_build_system: document.contains_key("build-system"),
        uv: settings(reading, is_package.unwrap_or(true)),
        script: None,
        dialect: Dialect::Poetry,
    }
}

/// What poetry's settings are in the words of the resolver.
fn settings(reading: Reading<'_, '_>, is_package: bool) -> ToolUv {
    let mode = |allows| match allows {
        true => PrereleaseMode::Allow,
        false => PrereleaseMode::Disallow,
    };
    let prereleases = reading.prereleases.into_iter();
    let settings = Settings {
        indexes: reading.indexes.clone(),
        index_strategy: IndexStrategy::UnsafeBestMatch,
        prerelease_package: prereleases.map(|(name, it)| (name, mode(it))).collect(),
        ..Settings::default()
    };
    let mut uv = ToolUv::default();
    uv.package = Some(is_package);
    uv.indexes = reading.indexes;
    uv.settings = settings;
    uv
}

/// A project being read.
pub(crate) struct Reading<'r, 't> {
    reader: &'r mut Reader<'t>,
    indexes: Vec<crate::tool_uv::Index>,
    /// Projects whose pre-releases are admitted, or not.
    prereleases: Vec<(PackageName, bool)>,
}

impl Reading<'_, '_> {
    /// A table of `[tool.poetry]`.
    fn table<'n, 'd>(&mut self, poetry: &'n DeTable<'d>, key: &str) -> Option<&'n DeTable<'d>> {
        let node = poetry.get(key)?;
        self.reader.table(node, &format!("tool.poetry.{key}"))
    }

    /// Everything a table of requirements asks for; `python` is no requirement.
    fn wishes(&mut self, table: Option<&DeTable<'_>>, place: &str) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for (raw_name, node) in table.into_iter().flatten() {
            if raw_name.get_ref().eq_ignore_ascii_case("python") {
                continue;
            }
            let span = raw_name.span();
            if let Some(name) = self.reader.package_name(raw_name.get_ref(), span) {
                let names = dependency::Names {
                    name,
                    raw_name: raw_name.get_ref(),
                    place: &format!("{place}.{}", raw_name.get_ref()),
                };
                wishes.extend(self.entry(&names, node));
            }
        }
        wishes
    }

    /// A `[project]` for a project that has none, or none with a name.
    fn nameless(&mut self, poetry: &DeTable<'_>) -> Option<ProjectTable> {
        let name = |node: &Node<'_>| {
            let text = node.get_ref().as_str()?;
            Some((text.to_owned(), node.span()))
        };
        let (raw_name, name_span) = poetry
            .get("name")
            .and_then(name)
            .unwrap_or_else(|| (NAMELESS.to_owned(), 0..0));
        let name = self.reader.package_name(&raw_name, name_span.clone())?;
        Some(ProjectTable {
            name,
            raw_name,
            name_span,
            version: None,
            dynamic: Vec::new(),
            requires_python: None,
            dependencies: Vec::new(),
            optional_dependencies: Vec::new(),
        })
    }

    /// What `[tool.poetry]` says where `[project]` does not: the version.
    fn complete(&mut self, project: &mut ProjectTable, poetry: &DeTable<'_>, is_root: bool) {
        if project.version.is_some() {
            return;
        }
        project.version = match poetry.get("version") {
            Some(node) => self.reader.version(node, "tool.poetry.version"),
            None if is_root => Some(Version::new([0])),
            None => None,
        };
    }
}
