//! Overrides, excludes, build constraints, and metadata taken instead of what distributions say.

use diagnostic::Span;
use packaging::{ExtraName, PackageName, Version};
use toml::de::DeTable;

use crate::declared::{DeclaredPython, DeclaredRequirement};
use crate::document::{Node, Reader};

/// A replacement of whatever else asks for a project.
#[derive(Clone, Debug)]
pub enum Override {
    /// Whoever asks.
    Everywhere(DeclaredRequirement),
    /// Only when a certain project asks.
    For {
        /// The project that asks.
        scope: Scope,
        /// What it gets.
        requirements: Vec<DeclaredRequirement>,
    },
}

/// A project nobody gets.
#[derive(Clone, Debug)]
pub enum Exclude {
    /// Whoever asks.
    Everywhere {
        /// The project.
        name: PackageName,
        /// Where it stands.
        span: Span,
    },
    /// Only when a certain project asks.
    For {
        /// The project that asks.
        scope: Scope,
        /// What it does not get.
        names: Vec<PackageName>,
    },
}

/// The project whose requirements are meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scope {
    /// The project.
    pub name: PackageName,
    /// The version; all of them when absent.
    pub version: Option<Version>,
    /// Where it stands.
    pub span: Span,
}

/// A bound on what builds need.
#[derive(Clone, Debug)]
pub struct BuildConstraint {
    /// The bound.
    pub requirement: DeclaredRequirement,
    /// Hashes its files must have.
    pub hashes: Vec<String>,
}

/// A `[[tool.uv.dependency-metadata]]` entry.
#[derive(Clone, Debug)]
pub struct DependencyMetadata {
    /// The project.
    pub name: PackageName,
    /// The version it speaks for; all of them when absent.
    pub version: Option<Version>,
    /// The requirements.
    pub requires_dist: Vec<DeclaredRequirement>,
    /// The Pythons supported.
    pub requires_python: Option<DeclaredPython>,
    /// The extras provided.
    pub provides_extra: Vec<ExtraName>,
    /// Where it stands.
    pub span: Span,
}

/// Reads `override-dependencies`.
pub(super) fn read_overrides(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Override> {
    read_each(
        reader,
        table,
        "override-dependencies",
        |reader, entry| match entry {
            Entry::Everywhere(text, node) => {
                reader.requirement(text, node).map(Override::Everywhere)
            }
            Entry::For(scope, node, place) => Some(Override::For {
                scope,
                requirements: reader.requirements(node, &place),
            }),
        },
    )
}

/// Reads `exclude-dependencies`.
pub(super) fn read_excludes(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Exclude> {
    read_each(
        reader,
        table,
        "exclude-dependencies",
        |reader, entry| match entry {
            Entry::Everywhere(text, node) => {
                let span = node.span();
                let name = reader.package_name(text, span.clone())?;
                Some(Exclude::Everywhere { name, span })
            }
            Entry::For(scope, node, place) => Some(Exclude::For {
                scope,
                names: reader.package_names(node, &place),
            }),
        },
    )
}

/// An entry of a list that holds for whoever asks, or only when a certain project asks.
enum Entry<'n, 'd> {
    /// A string, and where it stands.
    Everywhere(&'n str, &'n Node<'d>),
    /// A list, and how it is called.
    For(Scope, &'n Node<'d>, String),
}

/// Reads the entries of a list in `[tool.uv]`, each a string or a table with a [`Scope`].
fn read_each<T>(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    name: &str,
    read: impl Fn(&mut Reader<'_>, Entry<'_, '_>) -> Option<T>,
) -> Vec<T> {
    let key = format!("tool.uv.{name}");
    let list = table.get(name).and_then(|node| reader.list(node, &key));
    let mut found = Vec::new();
    for node in list.into_iter().flatten() {
        let entry = match node.get_ref().as_str() {
            Some(text) => Some(Entry::Everywhere(text, node)),
            None => read_scoped(reader, node, &key).map(|(scope, dependencies)| {
                Entry::For(scope, dependencies, format!("{key}.dependencies"))
            }),
        };
        found.extend(entry.and_then(|entry| read(reader, entry)));
    }
    found
}

/// Reads `{ package = { name = "…", version = "…" }, dependencies = […] }`.
fn read_scoped<'n, 'd>(
    reader: &mut Reader<'_>,
    node: &'n Node<'d>,
    key: &str,
) -> Option<(Scope, &'n Node<'d>)> {
    let Some(table) = node.get_ref().as_table() else {
        reader.unfit(node, key, "a string or a table");
        return None;
    };
    reader.only(table, &["package", "dependencies"], key);
    let dependencies = reader.required(table, "dependencies", key, &node.span());
    let package = reader.required(table, "package", key, &node.span())?;
    let span = package.span();
    let place = format!("{key}.package");
    let package = reader.table(package, &place)?;
    reader.only(package, &["name", "version"], &place);
    let version = package
        .get("version")
        .map(|node| reader.version(node, &format!("{place}.version")));
    let name = reader.required(package, "name", &place, &span)?;
    let text = reader.string(name, &format!("{place}.name"))?;
    let name = reader.package_name(text, name.span())?;
    let version = match version {
        Some(version) => Some(version?),
        None => None,
    };
    Some((
        Scope {
            name,
            version,
            span,
        },
        dependencies?,
    ))
}

/// Reads `build-constraint-dependencies`.
pub(super) fn read_build_constraints(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
) -> Vec<BuildConstraint> {
    let key = "tool.uv.build-constraint-dependencies";
    let Some(list) = table
        .get("build-constraint-dependencies")
        .and_then(|node| reader.list(node, key))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for node in list {
        if let Some(text) = node.get_ref().as_str() {
            let requirement = reader.requirement(text, node);
            found.extend(requirement.map(|requirement| BuildConstraint {
                requirement,
                hashes: Vec::new(),
            }));
        } else if let Some(table) = node.get_ref().as_table() {
            found.extend(read_hashed(reader, table, node, key));
        } else {
            reader.unfit(node, key, "a string or a table");
        }
    }
    found
}

fn read_hashed(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    node: &Node<'_>,
    key: &str,
) -> Option<BuildConstraint> {
    let hashes = reader
        .required(table, "hashes", key, &node.span())
        .map(|node| {
            let strings = reader.strings(node, &format!("{key}.hashes"));
            strings.iter().map(|(text, _)| (*text).to_owned()).collect()
        });
    let requirement = reader.required(table, "requirement", key, &node.span())?;
    let text = reader.string(requirement, &format!("{key}.requirement"))?;
    Some(BuildConstraint {
        requirement: reader.requirement(text, requirement)?,
        hashes: hashes?,
    })
}

/// Reads `[[tool.uv.dependency-metadata]]`.
pub(super) fn read_dependency_metadata(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
) -> Vec<DependencyMetadata> {
    let key = "tool.uv.dependency-metadata";
    let Some(list) = table
        .get("dependency-metadata")
        .and_then(|node| reader.list(node, key))
    else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|node| read_metadata(reader, node, key))
        .collect()
}

fn read_metadata(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    place: &str,
) -> Option<DependencyMetadata> {
    let table = reader.table(node, place)?;
    let key = |key: &str| format!("{place}.{key}");
    let version = table
        .get("version")
        .map(|node| reader.version(node, &key("version")));
    let requires_dist = table
        .get("requires-dist")
        .map(|node| reader.requirements(node, &key("requires-dist")))
        .unwrap_or_default();
    let requires_python = table
        .get("requires-python")
        .and_then(|node| reader.python(node, &key("requires-python")));
    let mut provides_extra = Vec::new();
    for spelling in ["provides-extra", "provides-extras"] {
        let Some(node) = table.get(spelling) else {
            continue;
        };
        for (text, node) in reader.strings(node, &key(spelling)) {
            provides_extra.extend(reader.extra_name(text, node.span()));
        }
    }
    let name = reader.required(
        table,
        "name",
        "[[tool.uv.dependency-metadata]]",
        &node.span(),
    )?;
    let text = reader.string(name, &key("name"))?;
    let name = reader.package_name(text, name.span())?;
    let version = match version {
        Some(version) => Some(version?),
        None => None,
    };
    let span = node.span();
    Some(DependencyMetadata {
        name,
        version,
        requires_dist,
        requires_python,
        provides_extra,
        span,
    })
}
