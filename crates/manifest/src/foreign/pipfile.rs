//! `Pipfile`, as pipenv 2026.10 reads it.
//!
//! `[packages]` is what the root asks for, `[dev-packages]` its group `dev`, and any further table
//! of packages a group of its own name. The first `[[source]]` serves everything that names no
//! other one. What pip options and hashes say is not read.

use std::collections::BTreeSet;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{GroupName, PackageName};
use toml::de::{DeTable, DeValue};

use super::wishes::{Composed, Wishes, index};
use crate::Manifest;
use crate::document::{Node, Reader};
use crate::tool_uv::{PrereleaseMode, SourceKind};

/// Tables that hold no packages.
const OTHER_TABLES: [&str; 5] = ["source", "requires", "scripts", "pipenv", "build-system"];

/// Variables of markers, which are keys of a package as well.
const MARKERS: [&str; 11] = [
    "implementation_name",
    "implementation_version",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_version",
    "sys_platform",
];

/// Keys of a package beside those of [`MARKERS`].
const KEYS: [&str; 18] = [
    "version",
    "extras",
    "editable",
    "markers",
    "ref",
    "git",
    "svn",
    "hg",
    "bzr",
    "path",
    "file",
    "index",
    "subdirectory",
    "pip_args",
    "hashes",
    "no_binary",
    "skip_resolver",
    "url",
];

/// What can be wrong with a `Pipfile` beyond types and words.
#[derive(Debug, thiserror::Error)]
enum PipfileError {
    #[error("source `{name}` is not defined")]
    UnknownSource { name: String, span: Span },
    #[error("only git repositories are supported, found `{tool}` for `{name}`")]
    Repository {
        name: String,
        tool: &'static str,
        span: Span,
    },
}

impl Diagnose for PipfileError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::UnknownSource { name, span } => Diagnostic::error("manifest/unknown-index", self)
                .label(span.clone(), "named here")
                .help(format!("add a `[[source]]` with `name = \"{name}\"`")),
            Self::Repository { span, .. } => {
                Diagnostic::error("manifest/invalid-source", self).label(span.clone(), "")
            }
        }
    }
}

/// Reads a `Pipfile`.
pub(super) fn read(text: &str, file: &str) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut reader = Reader::new(text);
    let manifest = reader.document().map(|document| {
        let mut pipfile = Pipfile {
            reader: &mut reader,
            wishes: Wishes::default(),
            named: BTreeSet::new(),
        };
        pipfile.document(document.get_ref());
        let raw = text.parse().unwrap_or_default();
        pipfile.wishes.into_manifest(text, file, raw)
    });
    crate::finish(reader, manifest, file)
}

/// A `Pipfile` being read.
struct Pipfile<'p, 't> {
    reader: &'p mut Reader<'t>,
    wishes: Wishes,
    /// The names of sources.
    named: BTreeSet<String>,
}

impl Pipfile<'_, '_> {
    fn document(&mut self, document: &DeTable<'_>) {
        if let Some(node) = document.get("source") {
            self.sources(node);
        }
        if let Some(node) = document.get("requires") {
            self.requires(node);
        }
        if let Some(node) = document.get("pipenv") {
            self.settings(node);
        }
        for (key, node) in document {
            let (name, span) = (key.get_ref().as_ref(), key.span());
            if name == "packages" {
                self.packages(node, name, None);
            } else if name == "dev-packages" {
                if let Some(group) = self.reader.group_name("dev", span.clone()) {
                    self.wishes.group(&group, "dev", span);
                    self.packages(node, name, Some(&group));
                }
            } else if !OTHER_TABLES.contains(&name)
                && node.get_ref().is_table()
                && let Some(group) = self.reader.group_name(name, span.clone())
            {
                self.wishes.group(&group, name, span);
                self.packages(node, name, Some(&group));
            }
        }
    }

    /// The first source takes the place of the public index, others serve who names them.
    fn sources(&mut self, node: &Node<'_>) {
        let Some(list) = self.reader.list(node, "source") else {
            return;
        };
        for (at, node) in list.iter().enumerate() {
            let Some(table) = self.reader.table(node, "source") else {
                continue;
            };
            let url = self
                .reader
                .required(table, "url", "[[source]]", &node.span());
            let Some(url) = url.and_then(|node| self.reader.string(node, "source.url")) else {
                continue;
            };
            let name = table
                .get("name")
                .and_then(|node| self.reader.string(node, "source.name"));
            self.named.extend(name.map(str::to_owned));
            let mut index = index(name, url, node.span());
            index.default = at == 0;
            index.explicit = at > 0;
            self.wishes.uv.indexes.push(index);
        }
    }

    /// pipenv locks for the one Python that is required.
    fn requires(&mut self, node: &Node<'_>) {
        let Some(table) = self.reader.table(node, "requires") else {
            return;
        };
        for (key, ending) in [("python_full_version", ""), ("python_version", ".*")] {
            let Some(node) = table.get(key) else { continue };
            let key = format!("requires.{key}");
            let Some(text) = self.reader.string(node, &key) else {
                continue;
            };
            if text == "*" {
                continue;
            }
            // Three parts are one release.
            let ending = if text.matches('.').count() > 1 {
                ""
            } else {
                ending
            };
            let text = format!("=={text}{ending}");
            self.wishes.requires_python = self.reader.python_at(&text, &key, node.span());
            return;
        }
    }

    fn settings(&mut self, node: &Node<'_>) {
        let Some(table) = self.reader.table(node, "pipenv") else {
            return;
        };
        let allows = table.get("allow_prereleases");
        let allows = allows.and_then(|it| self.reader.boolean(it, "pipenv.allow_prereleases"));
        if allows == Some(true) {
            self.wishes.uv.settings.prerelease = PrereleaseMode::Allow;
        }
    }

    fn packages(&mut self, node: &Node<'_>, table: &str, group: Option<&GroupName>) {
        let Some(packages) = self.reader.table(node, table) else {
            return;
        };
        for (key, node) in packages {
            let name = key.get_ref().as_ref();
            let span = key.span().start..node.span().end.max(key.span().end);
            let Some(package) = self.reader.package_name(name, key.span()) else {
                continue;
            };
            let entry = Entry {
                name,
                package: &package,
                place: &format!("{table}.{name}"),
                span,
            };
            let composed = match node.get_ref() {
                DeValue::String(text) => Some(entry.of_version(text)),
                DeValue::Table(table) => self.entry(&entry, table),
                _ => {
                    self.reader.unfit(node, entry.place, "a string or a table");
                    None
                }
            };
            let Some(text) = composed.map(|it| it.text()) else {
                continue;
            };
            if let Some(requirement) = self.reader.requirement_at(&text, entry.span) {
                self.wishes.require(requirement, group);
            }
        }
    }

    /// A package with a table.
    fn entry<'d>(&mut self, entry: &Entry<'d>, table: &'d DeTable<'_>) -> Option<Composed<'d>> {
        let known: Vec<&str> = KEYS.iter().chain(&MARKERS).copied().collect();
        self.reader.only(table, &known, entry.place);
        let text = |reader: &mut Reader<'_>, key: &str| {
            let node = table.get(key)?;
            reader.string(node, &format!("{}.{key}", entry.place))
        };
        for tool in ["svn", "hg", "bzr"] {
            if let Some((key, _)) = table.get_key_value(tool) {
                self.reader.note(&PipfileError::Repository {
                    name: entry.name.to_owned(),
                    tool,
                    span: key.span(),
                });
                return None;
            }
        }
        let version = text(self.reader, "version").unwrap_or("*");
        let mut composed = entry.of_version(version);
        if let Some(node) = table.get("extras") {
            let extras = self
                .reader
                .strings(node, &format!("{}.extras", entry.place));
            composed.extras = extras.into_iter().map(|(text, _)| text).collect();
        }
        composed.markers = self.markers(entry, table);
        if let Some(url) = text(self.reader, "git") {
            let reference = text(self.reader, "ref");
            let subdirectory = text(self.reader, "subdirectory");
            composed.wanted = format!("@ {}", repository(url, reference, subdirectory));
            return Some(composed);
        }
        let place = ["path", "file", "url"]
            .into_iter()
            .find_map(|key| text(self.reader, key));
        if let Some(place) = place {
            let editable = table.get("editable").and_then(|node| {
                self.reader
                    .boolean(node, &format!("{}.editable", entry.place))
            });
            composed.wanted = format!("@ {place}");
            if editable == Some(true) && !place.contains("://") {
                composed.wanted.clear();
                let kind = SourceKind::Path {
                    path: place.to_owned(),
                    editable,
                    package: None,
                };
                self.wishes
                    .source(self.reader, entry.package, kind, entry.span.clone());
            }
            return Some(composed);
        }
        if let Some(node) = table.get("index") {
            let name = self
                .reader
                .string(node, &format!("{}.index", entry.place))?;
            self.bind(entry, name, node);
        }
        Some(composed)
    }

    /// Binds a package to a source, by name or URL.
    fn bind(&mut self, entry: &Entry<'_>, name: &str, node: &Node<'_>) {
        let (name, span) = (name.to_owned(), node.span());
        if !self.named.contains(&name) {
            return self
                .reader
                .note(&PipfileError::UnknownSource { name, span });
        }
        let kind = SourceKind::Index { name, span };
        self.wishes
            .source(self.reader, entry.package, kind, entry.span.clone());
    }

    /// The conditions of a package: `markers`, and a key for each variable.
    fn markers(&mut self, entry: &Entry<'_>, table: &DeTable<'_>) -> Vec<String> {
        let mut markers = Vec::new();
        for key in ["markers"].iter().chain(&MARKERS) {
            let Some(node) = table.get(*key) else {
                continue;
            };
            let place = format!("{}.{key}", entry.place);
            let Some(text) = self.reader.string(node, &place) else {
                continue;
            };
            let marker = match *key {
                _ if text.trim().is_empty() => continue,
                "markers" => text.to_owned(),
                variable => format!("{variable} {text}"),
            };
            if self.reader.marker(&marker, node).is_some() {
                markers.push(marker);
            }
        }
        markers
    }
}

/// One package and where it stands.
struct Entry<'e> {
    name: &'e str,
    package: &'e PackageName,
    place: &'e str,
    span: Span,
}

impl<'e> Entry<'e> {
    /// A version: `*`, specifiers, a bare version, or the URL of a repository.
    fn of_version(&self, text: &str) -> Composed<'e> {
        let text = text.trim();
        let wanted = if text.starts_with("git+") {
            format!("@ {text}")
        } else {
            specifiers(text)
        };
        Composed {
            name: self.name,
            wanted,
            ..Composed::default()
        }
    }
}

/// Specifiers as pipenv reads them: a bare version is that one.
fn specifiers(text: &str) -> String {
    let text = text.trim_start_matches('(').trim_end_matches(')').trim();
    match text {
        "" | "*" | "==*" => String::new(),
        _ if text.starts_with(['=', '>', '<', '~', '!']) => text.to_owned(),
        _ => format!("=={text}"),
    }
}

/// A repository as requirements write it.
fn repository(url: &str, reference: Option<&str>, subdirectory: Option<&str>) -> String {
    let mut text = url.strip_prefix("git+").unwrap_or(url).to_owned();
    // `git@host:owner/name` is the short form of ssh.
    if !text.contains("://")
        && let Some((host, path)) = text.split_once(':')
    {
        text = format!("ssh://{host}/{path}");
    }
    let reference = reference.map(|it| format!("@{it}")).unwrap_or_default();
    let subdirectory = subdirectory
        .map(|it| format!("#subdirectory={it}"))
        .unwrap_or_default();
    format!("git+{text}{reference}{subdirectory}")
}
