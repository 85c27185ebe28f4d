//! A project as pdm 2.29.3 reads it: `[project]`, dependency groups, and what `[tool.pdm]` adds to
//! them and says of resolution. `[tool.uv]` counts for nothing.
//!
//! <https://pdm-project.org/en/latest/reference/pep621/>

mod groups;
mod resolution;
mod source;

use toml::de::DeTable;

use crate::document::Reader;
use crate::groups as standard;
use crate::project::{self, ProjectTable};
use crate::tool_uv::ToolUv;
use crate::{Dialect, Manifest, tool_poetry};

/// Reads a project. One that has only poetry's tables is read as poetry's, as pdm converts it.
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
    let has = |key: &str| tool.is_some_and(|tool| tool.contains_key(key));
    if !document.contains_key("project") && has("poetry") {
        let manifest = tool_poetry::manifest(reader, document, (text, file), is_root);
        return Manifest {
            dialect: Dialect::Pdm,
            ..manifest
        };
    }
    let pdm = tool
        .and_then(|tool| tool.get("pdm"))
        .and_then(|node| reader.table(node, "tool.pdm"))
        .unwrap_or(&empty);
    let mut project = document
        .get("project")
        .and_then(|node| project::read(reader, node, true));
    if let Some(project) = &mut project
        && is_root
    {
        trust(project);
    }
    let mut groups = document
        .get("dependency-groups")
        .map(|node| standard::read(reader, node))
        .unwrap_or_default();
    groups::add_legacy(reader, &mut groups, pdm);
    let nothing = std::collections::BTreeMap::new();
    let additions = standard::Additions {
        dev: None,
        dev_span: 0..0,
        defaults: &[],
        settings: &nothing,
    };
    standard::expand(reader, &mut groups, &additions);
    Manifest {
        file: file.into(),
        text: text.into(),
        raw: text.parse().unwrap_or_default(),
        project,
        groups,
        has_build_system: document.contains_key("build-system"),
        uv: settings(reader, pdm),
        script: None,
        dialect: Dialect::Pdm,
    }
}

/// Takes the table at its word: what the root declares dynamic counts as nothing declared, since
/// pdm 2.29.3 builds the root for nobody.
fn trust(project: &mut ProjectTable) {
    project.dynamic.clear();
    if project.version.is_none() {
        project.version = Some(packaging::Version::new([0]));
    }
}

/// What `[tool.pdm]` says, in the words of the resolver.
fn settings(reader: &mut Reader<'_>, pdm: &DeTable<'_>) -> ToolUv {
    let mut uv = ToolUv::default();
    uv.package = pdm
        .get("distribution")
        .and_then(|node| reader.boolean(node, "tool.pdm.distribution"))
        .or(Some(true));
    let indexes = source::read(reader, pdm);
    uv.settings.indexes = indexes.clone();
    uv.indexes = indexes;
    resolution::read(reader, pdm, &mut uv);
    uv
}
