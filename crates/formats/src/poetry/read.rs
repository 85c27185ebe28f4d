//! Reads a `poetry.lock` of lock-version 1.x, 2.0 or 2.1.
//!
//! The file does not name the root, so what it asked for is read as requirements of a root
//! without `[project]`: the main group's, and those of the other groups. A package without a
//! source table comes from the default index, whose URL the file does not tell: it stays empty.

use std::collections::BTreeMap;

use diagnostic::{Diagnostic, Span};
use lock::{Artifact, ArtifactSource, Asked, Dependency, Lock, Package, PackageId, Source};
use packaging::{
    ExtraName, GitReference, GroupName, Hash, IndexUrl, Marker, PackageName, RequirementSource,
    RequiresPython, SourcedRequirement, Version, VersionSpecifier, VersionSpecifiers,
};
use toml::{Table, Value};

use super::constraint::Reading;
use super::range::Constraint;
use super::root::{MAIN, normalized};
use super::{marker_parse, places};
use crate::flat::tell_apart;

pub(super) fn read(text: &str) -> Result<Lock, Vec<Diagnostic>> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let title = format!("a `poetry.lock` is TOML: {}", error.message());
        let diagnostic = Diagnostic::error("formats/poetry-syntax", title);
        vec![match error.span() {
            Some(span) => diagnostic.label(span, "here"),
            None => diagnostic,
        }]
    })?;
    let metadata = table.get("metadata").and_then(Value::as_table);
    let Some(metadata) = metadata else {
        let title = "a `poetry.lock` has a table `[metadata]`, but this has none";
        return Err(vec![Diagnostic::error("formats/poetry-shape", title)]);
    };
    if let Some(version) = metadata.get("lock-version").and_then(Value::as_str)
        && !matches!(version.split('.').next(), Some("1" | "2"))
    {
        let title = format!("lock-version `{version}` is unknown: expected 1.x or 2.x");
        let found = Diagnostic::error("formats/poetry-version", title);
        return Err(vec![found.label(places::key(text, "lock-version"), "here")]);
    }
    let mut found = Vec::new();
    let mut entries: Vec<(&Table, Package)> = Vec::new();
    let mut seen: BTreeMap<PackageId, usize> = BTreeMap::new();
    let listed = table
        .get("package")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for (at, entry) in listed.iter().enumerate() {
        let Some(entry) = entry.as_table() else {
            let title = "a package is a table";
            found.push(Diagnostic::error("formats/poetry-shape", title));
            continue;
        };
        match package(entry, metadata) {
            Ok(package) => {
                if let Some(first) = seen.insert(package.id.clone(), at) {
                    let places = [first, at].map(|at| places::package(text, at));
                    found.push(twice(&package.id, places));
                }
                entries.push((entry, package));
            }
            Err(Wrong { title, part }) => found.push(
                Diagnostic::error("formats/poetry-shape", title)
                    .label(places::in_package(text, at, &part), "here"),
            ),
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    entries.sort_by(|(_, first), (_, second)| first.id.cmp(&second.id));
    for (entry, package) in &mut entries {
        package.marker = own_marker(entry).without_extras();
    }
    connect(&mut entries);
    let mut lock = Lock {
        requires_python: requires_python(metadata),
        forks: Vec::new(),
        environments: Vec::new(),
        required_environments: Vec::new(),
        conflicts: Vec::new(),
        options: lock::Options::default(),
        asked: asked(&entries),
        packages: entries.into_iter().map(|(_, package)| package).collect(),
    };
    tell_apart(&mut lock);
    Ok(lock)
}

/// When a package is wanted at all, whatever the group.
fn own_marker(entry: &Table) -> Marker {
    let groups: Vec<&str> = strings(entry.get("groups")).collect();
    let of_group = |table: &Value, group: &&str| marker(table.get(group));
    match entry.get("markers") {
        Some(table @ Value::Table(_)) => {
            let markers = groups.iter().map(|group| of_group(table, group));
            markers.fold(Marker::FALSE, Marker::or)
        }
        shared => marker(shared),
    }
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The Pythons from the lowest to the highest; gaps between alternatives are not kept.
fn requires_python(metadata: &Table) -> RequiresPython {
    let everything = || RequiresPython::from_specifiers(&VersionSpecifiers::empty());
    let written = text(metadata, "python-versions").unwrap_or("*");
    let Ok(constraint) = Constraint::read(written, Reading::Requirement) else {
        return everything();
    };
    let (Some(first), Some(last)) = (constraint.ranges().first(), constraint.ranges().last())
    else {
        return everything();
    };
    let mut parts = Vec::new();
    if let Some(min) = &first.min {
        parts.push(format!(
            "{}{min}",
            if first.include_min { ">=" } else { ">" }
        ));
    }
    if let Some(max) = &last.max {
        let max = max.clone().with_dev(None);
        parts.push(format!(
            "{}{max}",
            if last.include_max { "<=" } else { "<" }
        ));
    }
    RequiresPython::parse(&parts.join(",")).unwrap_or_else(|_| everything())
}

/// What is wrong with a package, and the text that shows where.
struct Wrong {
    title: String,
    part: String,
}

impl Wrong {
    fn new(title: impl Into<String>, part: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            part: part.into(),
        }
    }
}

fn twice(id: &PackageId, [first, second]: [Span; 2]) -> Diagnostic {
    let version = id.version.as_ref().map(|it| format!(" {it}"));
    let title = format!(
        "`{}`{} is locked twice",
        id.name,
        version.unwrap_or_default()
    );
    Diagnostic::error("formats/poetry-duplicate", title)
        .label(second, "here")
        .label(first, "and here")
        .help("keep one of them, or let `poetry lock` write the file anew")
}

fn package(entry: &Table, metadata: &Table) -> Result<Package, Wrong> {
    let raw_name =
        text(entry, "name").ok_or_else(|| Wrong::new("a package has no name", "[[package]]"))?;
    let name = PackageName::new(raw_name)
        .map_err(|error| Wrong::new(error.to_string(), format!("\"{raw_name}\"")))?;
    let version: Option<Version> = match text(entry, "version") {
        Some(version) => Some(version.parse().map_err(|_| {
            let title = format!("`{name}` has no valid version: `{version}`");
            Wrong::new(title, format!("\"{version}\""))
        })?),
        None => None,
    };
    let mut sdist = None;
    let mut wheels = Vec::new();
    for file in files(entry, metadata, raw_name)? {
        if file.filename.ends_with(".whl") {
            wheels.push(file);
        } else if sdist.is_none() {
            sdist = Some(file);
        }
    }
    wheels.sort_by(|first, second| first.filename.cmp(&second.filename));
    Ok(Package {
        id: PackageId {
            name,
            version,
            source: source(entry),
        },
        forks: Vec::new(),
        marker: marker(entry.get("markers")),
        extra_markers: BTreeMap::new(),
        dependencies: Vec::new(),
        optional_dependencies: BTreeMap::new(),
        dev_dependencies: BTreeMap::new(),
        sdist,
        wheels,
        published: None,
        declared: None,
        default_groups: None,
        group_requires_python: BTreeMap::new(),
    })
}

/// A marker, or a table with one for each group: the package is needed when any group needs it.
fn marker(value: Option<&Value>) -> Marker {
    match value {
        Some(Value::String(text)) => parse(text),
        Some(Value::Table(table)) => table
            .values()
            .filter_map(Value::as_str)
            .fold(Marker::FALSE, |any, text| any.or(parse(text))),
        _ => Marker::TRUE,
    }
}

fn parse(text: &str) -> Marker {
    if text == "<empty>" {
        return Marker::FALSE;
    }
    Marker::parse(text).map_or(Marker::TRUE, |parsed| parsed.marker)
}

/// The files: of the package, or of `[metadata.files]` as lock-version 1 has them.
fn files(entry: &Table, metadata: &Table, raw_name: &str) -> Result<Vec<Artifact>, Wrong> {
    let old = || {
        metadata
            .get("files")
            .and_then(Value::as_table)?
            .get(raw_name)
    };
    let listed = entry.get("files").or_else(old).and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(|file| {
            let filename = file.get("file")?.as_str()?;
            let hash = file.get("hash").and_then(Value::as_str);
            let hash = hash.map(|text| read_hash(raw_name, filename, text));
            Some(hash.transpose().map(|hash| Artifact {
                filename: filename.into(),
                source: ArtifactSource::Name(filename.into()),
                hashes: hash.into_iter().collect(),
                size: None,
                upload_time: None,
                yanked: None,
            }))
        })
        .collect()
}

/// A digest: an algorithm we know, and hexadecimal digits.
fn read_hash(name: &str, filename: &str, text: &str) -> Result<Hash, Wrong> {
    text.parse().map_err(|_| {
        let title = format!("the hash of `{filename}` of `{name}` is none: `{text}`");
        Wrong::new(title, format!("\"{text}\""))
    })
}

fn source(entry: &Table) -> Source {
    let empty = Table::new();
    let table = entry
        .get("source")
        .and_then(Value::as_table)
        .unwrap_or(&empty);
    let url = text(table, "url").unwrap_or_default();
    let subdirectory = || text(table, "subdirectory").map(Into::into);
    match text(table, "type") {
        Some("git") => Source::Git {
            url: url.into(),
            reference: match text(table, "reference") {
                None | Some("HEAD") => GitReference::Default,
                Some(reference) => GitReference::Revision(reference.to_owned()),
            },
            commit: text(table, "resolved_reference").unwrap_or_default().into(),
            subdirectory: subdirectory(),
        },
        Some("url") => Source::Url {
            url: url.into(),
            subdirectory: subdirectory(),
        },
        Some("file") => Source::Path(url.into()),
        Some("directory") if entry.get("develop").and_then(Value::as_bool) == Some(true) => {
            Source::Editable(url.into())
        }
        Some("directory") => Source::Directory(url.into()),
        _ => Source::Registry(IndexUrl::new(url)),
    }
}

/// Puts the edges in: every package of the name that the constraint allows.
fn connect(entries: &mut [(&Table, Package)]) {
    let ids: Vec<(PackageId, Marker)> = entries
        .iter()
        .map(|(_, package)| (package.id.clone(), package.marker.without_extras()))
        .collect();
    for (entry, package) in entries {
        let listed = entry.get("dependencies").and_then(Value::as_table);
        for (name, value) in listed.into_iter().flatten() {
            let Ok(name) = PackageName::new(name) else {
                continue;
            };
            let one = std::slice::from_ref(value);
            for value in value.as_array().map_or(one, Vec::as_slice) {
                add_edges(package, &name, value, &ids);
            }
        }
    }
}

fn add_edges(
    package: &mut Package,
    name: &PackageName,
    value: &Value,
    ids: &[(PackageId, Marker)],
) {
    let member = |key: &str| value.get(key).and_then(Value::as_str);
    let constraint = value.as_str().or_else(|| member("version"));
    let constraint = constraint.and_then(|text| Constraint::read(text, Reading::Requirement).ok());
    let allows = |version: &Version| {
        constraint.as_ref().is_none_or(|constraint| {
            constraint.allows_all(&super::range::Range::exactly(version.clone()).into())
        })
    };
    let written = member("markers").unwrap_or_default();
    let marker = if written.is_empty() {
        Marker::TRUE
    } else {
        parse(written)
    };
    let extras: Vec<ExtraName> = marker_parse::read(written)
        .map(|marker| marker.extras())
        .unwrap_or_default()
        .iter()
        .filter_map(|extra| ExtraName::new(extra).ok())
        .collect();
    let of_name =
        |(id, _): &&(PackageId, Marker)| id.name == *name && id.version.as_ref().is_none_or(allows);
    let fitting: Vec<_> = ids.iter().filter(of_name).collect();
    for (id, own) in &fitting {
        // Of several versions, each is meant only where it is wanted itself.
        let own = if fitting.len() > 1 {
            *own
        } else {
            Marker::TRUE
        };
        let dependency = Dependency {
            id: id.clone(),
            extras: strings(value.get("extras"))
                .filter_map(|extra| ExtraName::new(extra).ok())
                .collect(),
            marker: marker.without_extras().and(own),
        };
        if extras.is_empty() {
            package.dependencies.push(dependency.clone());
        }
        for extra in &extras {
            let edges = package
                .optional_dependencies
                .entry(extra.clone())
                .or_default();
            edges.push(dependency.clone());
        }
    }
}

/// What the root asks for: every package of a group, pinned.
fn asked(entries: &[(&Table, Package)]) -> Asked {
    let mut asked = Asked::default();
    for (entry, package) in entries {
        // Before lock-version 2.1 a package had a category, or nothing.
        let category = text(entry, "category").filter(|category| *category != MAIN);
        let mut groups: Vec<&str> = strings(entry.get("groups")).collect();
        if groups.is_empty() {
            groups.push(category.unwrap_or(MAIN));
        }
        for group in groups {
            let of_group = |value: &Value| value.get(group).is_some();
            let marker = match entry.get("markers") {
                Some(table @ Value::Table(_)) if of_group(table) => marker(table.get(group)),
                Some(Value::Table(_)) | None => Marker::TRUE,
                shared => marker(shared),
            };
            let requirement = pinned(package, marker);
            match GroupName::new(&normalized(group)) {
                Ok(name) if group != MAIN => {
                    asked
                        .dependency_groups
                        .entry(name)
                        .or_default()
                        .push(requirement);
                }
                _ => asked.requirements.push(requirement),
            }
        }
    }
    asked
}

fn pinned(package: &Package, marker: Marker) -> SourcedRequirement {
    let subdirectory = |subdirectory: &Option<std::sync::Arc<str>>| subdirectory.clone();
    let source = match &package.id.source {
        Source::Registry(_) => RequirementSource::Registry {
            specifiers: package
                .id
                .version
                .clone()
                .map(VersionSpecifier::equals_version)
                .into_iter()
                .collect(),
            index: None,
            conflict: None,
        },
        Source::Git {
            url,
            reference,
            commit,
            subdirectory: folder,
        } => RequirementSource::Git {
            url: url.clone(),
            reference: reference.clone(),
            commit: Some(commit.clone()),
            subdirectory: subdirectory(folder),
        },
        Source::Url {
            url,
            subdirectory: folder,
        } => RequirementSource::Url {
            url: url.clone(),
            subdirectory: subdirectory(folder),
        },
        Source::Path(path) => RequirementSource::Path(path.clone()),
        Source::Directory(path) | Source::Editable(path) | Source::Virtual(path) => {
            RequirementSource::Directory {
                path: path.clone(),
                editable: matches!(package.id.source, Source::Editable(_)),
                is_virtual: matches!(package.id.source, Source::Virtual(_)),
            }
        }
    };
    SourcedRequirement {
        alternatives: Vec::new(),
        name: package.id.name.clone(),
        extras: Vec::new(),
        groups: Vec::new(),
        marker,
        source,
    }
}
