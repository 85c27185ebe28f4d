//! The `[project]` table.
//!
//! <https://packaging.python.org/en/latest/specifications/pyproject-toml/>

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{ExtraName, PackageName, Version};
use toml::de::DeTable;

use crate::declared::{DeclaredPython, DeclaredRequirement};
use crate::document::{Node, Reader};

/// What `[project]` says.
#[derive(Clone, Debug)]
pub struct ProjectTable {
    /// The project's name.
    pub name: PackageName,
    /// The name as written.
    pub raw_name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The version; a build backend tells it when it is dynamic.
    pub version: Option<Version>,
    /// The keys that a build backend tells.
    pub dynamic: Vec<String>,
    /// The Pythons supported.
    pub requires_python: Option<DeclaredPython>,
    /// What the project always needs.
    pub dependencies: Vec<DeclaredRequirement>,
    /// What its extras need, in declaration order.
    pub optional_dependencies: Vec<OptionalDependencies>,
}

impl ProjectTable {
    /// Whether only a build backend can tell a key.
    #[must_use]
    pub fn is_dynamic(&self, key: &str) -> bool {
        self.dynamic.iter().any(|dynamic| dynamic == key)
    }
}

/// What one extra needs.
#[derive(Clone, Debug)]
pub struct OptionalDependencies {
    /// The extra.
    pub name: ExtraName,
    /// Its name as written.
    pub raw_name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The requirements.
    pub requirements: Vec<DeclaredRequirement>,
}

/// What can be wrong with `[project]` beyond types and words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProjectError {
    /// No version, and no word that a build backend tells it.
    #[error("expected `version` in `[project]` or in its `dynamic` list, found neither")]
    MissingVersion {
        /// Where the table stands.
        span: Span,
    },
    /// Two extras of one name.
    #[error("extra `{name}` is declared twice")]
    DuplicateExtra {
        /// The extra.
        name: ExtraName,
        /// The second declaration.
        span: Span,
        /// The first declaration.
        first: Span,
    },
}

impl Diagnose for ProjectError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::MissingVersion { span } => Diagnostic::error("manifest/missing-version", self)
                .label(span.clone(), "this project has no version")
                .help("add `version = \"0.1.0\"`, or `dynamic = [\"version\"]` if the build backend tells it"),
            Self::DuplicateExtra { span, first, .. } => {
                Diagnostic::error("manifest/duplicate-extra", self)
                    .label(span.clone(), "declared again here")
                    .label(first.clone(), "first declared here")
                    .help("merge the two lists")
            }
        }
    }
}

/// Reads `[project]`; the table is left out when it has no valid name.
///
/// `version_elsewhere` says that another table tells the version.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    version_elsewhere: bool,
) -> Option<ProjectTable> {
    let table = reader.table(node, "project")?;
    let name = read_name(reader, table, node);
    let version = table
        .get("version")
        .map(|node| reader.version(node, "project.version"));
    let dynamic: Vec<String> = table
        .get("dynamic")
        .map(|node| reader.strings(node, "project.dynamic"))
        .unwrap_or_default()
        .iter()
        .map(|(text, _)| (*text).to_owned())
        .collect();
    if version.is_none() && !version_elsewhere && !dynamic.iter().any(|key| key == "version") {
        reader.note(&ProjectError::MissingVersion { span: node.span() });
    }
    let requires_python = table
        .get("requires-python")
        .and_then(|node| reader.python(node, "project.requires-python"));
    let dependencies = table
        .get("dependencies")
        .map(|node| reader.mended_requirements(node, "project.dependencies"))
        .unwrap_or_default();
    let optional_dependencies = table
        .get("optional-dependencies")
        .map(|node| read_optional(reader, node))
        .unwrap_or_default();
    let (name, raw_name, name_span) = name?;
    Some(ProjectTable {
        name,
        raw_name,
        name_span,
        version: version.flatten(),
        dynamic,
        requires_python,
        dependencies,
        optional_dependencies,
    })
}

fn read_name(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    node: &Node<'_>,
) -> Option<(PackageName, String, Span)> {
    let name = reader.required(table, "name", "[project]", &node.span())?;
    let text = reader.string(name, "project.name")?;
    Some((
        reader.package_name(text, name.span())?,
        text.to_owned(),
        name.span(),
    ))
}

fn read_optional(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<OptionalDependencies> {
    let key = "project.optional-dependencies";
    let Some(table) = reader.table(node, key) else {
        return Vec::new();
    };
    let mut extras: Vec<OptionalDependencies> = Vec::new();
    for (raw_name, node) in table {
        let requirements =
            reader.mended_requirements(node, &format!("{key}.{}", raw_name.get_ref()));
        let span = raw_name.span();
        let Some(name) = reader.extra_name(raw_name.get_ref(), span.clone()) else {
            continue;
        };
        match extras.iter().find(|extra| extra.name == name) {
            Some(first) => {
                let first = first.name_span.clone();
                reader.note(&ProjectError::DuplicateExtra { name, span, first });
            }
            None => extras.push(OptionalDependencies {
                name,
                raw_name: raw_name.get_ref().to_string(),
                name_span: span,
                requirements,
            }),
        }
    }
    extras
}
