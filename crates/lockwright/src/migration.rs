//! A project's manifest rewritten for another tool, and what became of the locked versions.

use std::collections::BTreeMap;

use diagnostic::Diagnostic;
use index::{Declared, Field};
use manifest::migrate::{Layout, Metadata, Origin, Person, Rewritten, Target, Words, rewrite};
use manifest::{ForeignKind, Manifest};
use serde::Serialize;

use crate::LockReply;
use crate::foreign;

/// A manifest to rewrite.
#[derive(Clone, Debug)]
pub struct MigrateRequest {
    /// The words wanted.
    pub target: Target,
    /// The text of `pyproject.toml`, where there is one.
    pub pyproject: Option<String>,
    /// The path, among `files`, of a manifest of another kind that asks in its place.
    pub manifest: Option<String>,
    /// Further manifests among `files`, each a dependency group of that name.
    pub groups: Vec<(String, String)>,
    /// The texts of files by path.
    pub files: BTreeMap<String, String>,
    /// The folder's name, for a project that has none.
    pub folder: String,
    /// Where the project's modules are, if that is known.
    pub layout: Option<Layout>,
    /// The oldest Python of a project that does not say which it is for.
    pub python: Option<String>,
}

/// Rewrites a manifest. Nothing is resolved.
///
/// # Errors
///
/// The manifest cannot be read; every mistake is told.
pub fn rewritten(request: &MigrateRequest) -> Result<Rewritten, Vec<Diagnostic>> {
    let pyproject = request.pyproject.as_deref().unwrap_or_default();
    let (manifest, words) = match &request.manifest {
        Some(name) => (foreign::manifest(name, &request.files), Words::Foreign),
        None => {
            let words = Words::of(pyproject);
            (words.read(pyproject, "pyproject.toml"), words)
        }
    };
    let (manifest, found) = manifest;
    let manifest = manifest.ok_or(found)?;
    let mut groups: Vec<(String, Manifest)> = Vec::new();
    for (group, path) in &request.groups {
        let (manifest, found) = foreign::manifest(path, &request.files);
        groups.push((group.clone(), manifest.ok_or(found)?));
    }
    let metadata = request.manifest.as_ref().map(|name| said(name, request));
    let origin = Origin {
        manifest: &manifest,
        words,
        pyproject,
        metadata: &metadata.unwrap_or_default(),
        groups: &groups,
        folder: &request.folder,
        layout: request.layout,
        python: request.python.as_deref(),
        public_index: crate::PUBLIC_INDEX,
    };
    rewrite(&origin, request.target)
}

/// What a manifest of another kind says beside requirements.
fn said(name: &str, request: &MigrateRequest) -> Metadata {
    if ForeignKind::of(name) != Some(ForeignKind::Setuptools) {
        return Metadata::default();
    }
    match foreign::declared(name, &request.files) {
        Ok(declared) => metadata(&declared),
        Err(_) => Metadata::default(),
    }
}

/// What setuptools would say of a project.
fn metadata(declared: &Declared) -> Metadata {
    let mut losses = Vec::new();
    let mut dynamic = Vec::new();
    let literal = |name: &str| {
        let text = declared.text(name)?;
        (!text.starts_with("attr:") && !text.starts_with("file:")).then(|| text.to_owned())
    };
    let version = literal("version");
    if version.is_none() {
        dynamic.push("version".to_owned());
        if let Some(text) = declared.text("version") {
            losses.push(format!(
                "the version is not said any more: say `{text}` in `[tool.setuptools.dynamic]`"
            ));
        }
    }
    let readme = declared.text("long_description");
    let readme = readme.and_then(|text| text.strip_prefix("file:"));
    let readme = readme.map(|it| it.split(',').next().unwrap_or(it).trim().to_owned());
    let person = |name: &str, email: &str| {
        let person = Person {
            name: literal(name),
            email: literal(email),
        };
        let is_someone = person.name.is_some() || person.email.is_some();
        is_someone.then_some(person).into_iter().collect()
    };
    let urls = literal("url").map(|url| ("Homepage".to_owned(), url));
    let more = pairs(declared.field("project_urls"));
    let mut metadata = Metadata {
        name: literal("name"),
        version,
        description: literal("description"),
        readme,
        license: literal("license"),
        authors: person("author", "author_email"),
        maintainers: person("maintainer", "maintainer_email"),
        keywords: words(declared.field("keywords")),
        classifiers: listed(declared.field("classifiers")),
        urls: urls.into_iter().chain(more).collect(),
        dynamic,
        losses,
        ..Metadata::default()
    };
    if let Some(Field::Table(groups)) = declared.field("entry_points") {
        for (group, entries) in groups {
            let entries = pairs(Some(entries));
            match group.as_str() {
                "console_scripts" => metadata.scripts.extend(entries),
                "gui_scripts" => metadata.gui_scripts.extend(entries),
                _ => metadata.entry_points.push((group.clone(), entries)),
            }
        }
    }
    metadata
}

/// `name = value`, line by line, or a table.
fn pairs(field: Option<&Field>) -> Vec<(String, String)> {
    let split = |text: &str| {
        let (name, value) = text.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    match field {
        Some(Field::Table(entries)) => entries
            .iter()
            .filter_map(|(name, value)| match value {
                Field::Text(text) => Some((name.clone(), text.clone())),
                _ => None,
            })
            .collect(),
        Some(Field::List(lines)) => lines.iter().filter_map(|it| split(it)).collect(),
        Some(Field::Text(text)) => text.lines().filter_map(split).collect(),
        None => Vec::new(),
    }
}

fn listed(field: Option<&Field>) -> Vec<String> {
    match field {
        Some(Field::List(list)) => list.clone(),
        Some(Field::Text(text)) => text.lines().map(|it| it.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Keywords, which one text may hold with commas or blanks between.
fn words(field: Option<&Field>) -> Vec<String> {
    let Some(Field::Text(text)) = field else {
        return listed(field);
    };
    let separator = |it: char| match text.contains(',') {
        true => it == ',',
        false => it.is_whitespace(),
    };
    let words = text.split(separator).map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What became of the versions of an old lock.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Carried {
    /// How many packages have the version they had.
    pub kept: usize,
    /// Packages with another version: name, the old ones, the new ones.
    pub changed: Vec<(String, Vec<String>, Vec<String>)>,
    /// Packages that are not needed any more.
    pub gone: Vec<String>,
    /// Packages that were not there before.
    pub new: Vec<String>,
}

/// Compares an old lock, of any format that can be read, with what was locked anew for a project
/// of that name.
#[must_use]
pub fn carried(old: &str, reply: &LockReply, project: &str) -> Option<Carried> {
    let old = formats::read("", old).ok()?;
    let mut before: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let is_own = |package: &&lock::Package| package.id.source.folder() != Some(".");
    for package in old.packages.iter().filter(is_own) {
        let versions = before.entry(package.id.name.to_string()).or_default();
        versions.extend(package.id.version.as_ref().map(ToString::to_string));
    }
    let mut after: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in reply.packages.iter().filter(|it| it.name != project) {
        let versions = after.entry(package.name.clone()).or_default();
        versions.extend(package.version.clone());
    }
    before.retain(|_, versions| !versions.is_empty());
    after.retain(|_, versions| !versions.is_empty());
    let mut carried = Carried::default();
    for (name, versions) in &before {
        match after.get(name) {
            None => carried.gone.push(name.clone()),
            Some(new) if is_same(versions, new) => carried.kept += 1,
            Some(new) => {
                let change = (name.clone(), versions.clone(), new.clone());
                carried.changed.push(change);
            }
        }
    }
    let is_new = |name: &&String| !before.contains_key(*name);
    carried.new = after.keys().filter(is_new).cloned().collect();
    Some(carried)
}

/// Whether versions are equal, however they are written.
fn is_same(before: &[String], after: &[String]) -> bool {
    let read = |texts: &[String]| -> Option<Vec<packaging::Version>> {
        texts.iter().map(|it| it.parse().ok()).collect()
    };
    before == after || read(before).is_some_and(|it| Some(it) == read(after))
}

/// Which dependency group a requirements file is for, by its name: `requirements-dev.in`,
/// `dev-requirements.txt`, `requirements/dev.txt`. `None` is the project itself.
#[must_use]
pub fn group_of_requirements(path: &str) -> Option<String> {
    let (stem, _) = path.rsplit_once('.')?;
    let (folder, stem) = stem.rsplit_once('/').unwrap_or(("", stem));
    let group = if stem.starts_with("requirements") || stem.ends_with("requirements") {
        let rest = stem.trim_start_matches("requirements");
        rest.trim_end_matches("requirements").to_owned()
    } else if folder.ends_with("requirements") {
        stem.to_owned()
    } else {
        return None;
    };
    let group = group.trim_matches(['-', '_', '.']).to_ascii_lowercase();
    let is_main = [
        "",
        "base",
        "main",
        "prod",
        "production",
        "common",
        "default",
    ];
    (!is_main.contains(&group.as_str())).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_files_are_for_groups() {
        for (path, group) in [
            ("requirements.in", None),
            ("requirements-dev.in", Some("dev")),
            ("requirements_test.txt", Some("test")),
            ("dev-requirements.txt", Some("dev")),
            ("requirements/base.txt", None),
            ("requirements/docs.in", Some("docs")),
            ("deps.txt", None),
        ] {
            assert_eq!(group_of_requirements(path).as_deref(), group, "{path}");
        }
    }
}
