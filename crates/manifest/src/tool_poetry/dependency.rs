//! One entry of a table of requirements: `^1.2`, a table, or a list of several.

use std::sync::Arc;

use diagnostic::Span;
use packaging::poetry::{Constraint, Reading as Meaning};
use packaging::{ExtraName, GitReference, Marker, PackageName, Requirement, VersionSpecifiers};
use toml::de::DeTable;

use super::{PoetryError, Reading, python};
use crate::declared::DeclaredRequirement;
use crate::document::{Node, Reader};
use crate::tool_uv::{Source, SourceKind};

/// The keys that poetry 2.5.1 knows in an entry.
const KEYS: &[&str] = &[
    "version",
    "python",
    "platform",
    "markers",
    "allow-prereleases",
    "allows-prereleases",
    "optional",
    "extras",
    "source",
    "develop",
    "git",
    "branch",
    "tag",
    "rev",
    "subdirectory",
    "file",
    "path",
    "url",
];

/// What an entry is about.
pub(super) struct Names<'n> {
    pub(super) name: PackageName,
    pub(super) raw_name: &'n str,
    /// The entry's key, for messages.
    pub(super) place: &'n str,
}

/// What one entry, or one of a list, asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) name: PackageName,
    raw_name: String,
    pub(super) extras: Vec<ExtraName>,
    /// Specifiers any of which will do.
    pub(super) versions: Vec<VersionSpecifiers>,
    pub(super) marker: Marker,
    pub(super) source: Option<Arc<Source>>,
    pub(super) is_optional: bool,
    pub(super) span: Span,
}

impl Wish {
    /// The same as a requirement.
    pub(super) fn declared(&self) -> DeclaredRequirement {
        let mut versions = self.versions.iter().cloned();
        let specifiers = versions.next().unwrap_or_default();
        DeclaredRequirement {
            requirement: Arc::new(Requirement {
                text: self.raw_name.as_str().into(),
                raw_name: self.raw_name.as_str().into(),
                name: self.name.clone(),
                extras: self.extras.clone(),
                extras_text: None,
                specifiers,
                specifiers_text: None,
                url: None,
                marker: self.marker,
                marker_text: None,
            }),
            alternatives: versions.collect(),
            source: self.source.clone(),
            condition: Marker::TRUE,
            span: self.span.clone(),
        }
    }
}

impl Reading<'_, '_> {
    /// An entry: a constraint, a table, or a list of either.
    pub(super) fn entry(&mut self, names: &Names<'_>, node: &Node<'_>) -> Vec<Wish> {
        match node.get_ref().as_array() {
            Some(list) => list
                .iter()
                .filter_map(|node| self.one(names, node))
                .collect(),
            None => self.one(names, node).into_iter().collect(),
        }
    }

    fn one(&mut self, names: &Names<'_>, node: &Node<'_>) -> Option<Wish> {
        let empty = DeTable::new();
        let table = match node.get_ref().as_table() {
            Some(table) => table,
            None if node.get_ref().as_str().is_some() => &empty,
            None => {
                let expected = "a version constraint or a table";
                self.reader.unfit(node, names.place, expected);
                return None;
            }
        };
        self.reader.only(table, KEYS, names.place);
        let entry = Entry {
            table,
            place: names.place,
        };
        let constraint = match node.get_ref().as_str() {
            Some(_) => Some(node),
            None => table.get("version"),
        };
        let versions = match constraint {
            Some(node) => versions(self.reader, names, node)?,
            None => vec![VersionSpecifiers::empty()],
        };
        let admits = ["allow-prereleases", "allows-prereleases"]
            .into_iter()
            .find_map(|key| entry.flag(self.reader, key));
        if let Some(admits) = admits {
            self.prereleases.push((names.name.clone(), admits));
        }
        let marker = entry.marker(self.reader)?;
        let source = entry.kind(self).map(|kind| Source {
            kind,
            marker: Marker::TRUE,
            limit: None,
            span: node.span(),
        });
        Some(Wish {
            name: names.name.clone(),
            raw_name: names.raw_name.to_owned(),
            extras: entry.extras(self.reader),
            versions,
            marker,
            source: source.map(Arc::new),
            is_optional: entry.flag(self.reader, "optional").unwrap_or_default(),
            span: node.span(),
        })
    }
}

fn versions(
    reader: &mut Reader<'_>,
    names: &Names<'_>,
    node: &Node<'_>,
) -> Option<Vec<VersionSpecifiers>> {
    let text = reader.string(node, names.place)?;
    let constraint = Constraint::read(text, Meaning::Requirement).map_err(|_| {
        let (text, span) = (text.to_owned(), node.span());
        reader.note(&PoetryError::Constraint { text, span });
    });
    let versions = constraint.ok()?.pep440();
    if versions.is_empty() {
        reader.note(&PoetryError::Empty {
            name: names.name.clone(),
            text: text.to_owned(),
            span: node.span(),
        });
        return None;
    }
    Some(versions)
}

/// The table of an entry.
struct Entry<'e, 'd> {
    table: &'e DeTable<'d>,
    place: &'e str,
}

impl<'e, 'd> Entry<'e, 'd> {
    fn node(&self, key: &str) -> Option<(&'e Node<'d>, String)> {
        let node = self.table.get(key)?;
        Some((node, format!("{}.{key}", self.place)))
    }

    fn text(&self, reader: &mut Reader<'_>, key: &str) -> Option<&'e str> {
        let (node, key) = self.node(key)?;
        reader.string(node, &key)
    }

    fn flag(&self, reader: &mut Reader<'_>, key: &str) -> Option<bool> {
        let (node, key) = self.node(key)?;
        reader.boolean(node, &key)
    }

    fn extras(&self, reader: &mut Reader<'_>) -> Vec<ExtraName> {
        let Some((node, key)) = self.node("extras") else {
            return Vec::new();
        };
        let names = reader.strings(node, &key);
        let names: Vec<_> = names
            .iter()
            .map(|(text, node)| (*text, node.span()))
            .collect();
        names
            .into_iter()
            .filter_map(|(text, span)| reader.extra_name(text, span))
            .collect()
    }

    /// `markers`, `python` and `platform` together; `None` when one of them cannot be read.
    fn marker(&self, reader: &mut Reader<'_>) -> Option<Marker> {
        let mut all = Marker::TRUE;
        if let Some((node, key)) = self.node("markers") {
            let text = reader.string(node, &key)?;
            all = all.and(reader.marker(text, node)?.marker);
        }
        if let Some((node, key)) = self.node("python") {
            let text = reader.string(node, &key)?;
            all = all.and(python::condition(reader, text, node)?);
        }
        if let Some((node, key)) = self.node("platform") {
            let text = reader.string(node, &key)?;
            all = all.and(platform(text));
        }
        Some(all)
    }

    /// Where the distribution comes from, if the entry says so.
    fn kind(&self, reading: &mut Reading<'_, '_>) -> Option<SourceKind> {
        let reader = &mut *reading.reader;
        let subdirectory = self.text(reader, "subdirectory").map(str::to_owned);
        if let Some(url) = self.text(reader, "git") {
            return Some(SourceKind::Git {
                url: repository(url),
                reference: self.reference(reader),
                subdirectory,
                path: None,
                lfs: false,
            });
        }
        let path = self.text(reader, "file");
        if let Some(path) = path.or_else(|| self.text(reader, "path")) {
            let path = match subdirectory {
                Some(subdirectory) => format!("{path}/{subdirectory}"),
                None => path.to_owned(),
            };
            return Some(SourceKind::Path {
                path,
                editable: self.flag(reader, "develop"),
                package: None,
            });
        }
        if let Some(url) = self.text(reader, "url") {
            let url = url.to_owned();
            return Some(SourceKind::Url { url, subdirectory });
        }
        let (node, _) = self.node("source")?;
        let name = self.text(reader, "source")?.to_lowercase();
        let span = node.span();
        let is_known = |index: &crate::tool_uv::Index| index.name.as_deref() == Some(&*name);
        if !reading.indexes.iter().any(is_known) {
            reading
                .reader
                .note(&PoetryError::UnknownSource { name, span });
            return None;
        }
        Some(SourceKind::Index { name, span })
    }

    fn reference(&self, reader: &mut Reader<'_>) -> GitReference {
        let mut text = |key| self.text(reader, key).map(str::to_owned);
        let branch = text("branch").map(GitReference::Branch);
        let tag = branch.or_else(|| text("tag").map(GitReference::Tag));
        let rev = tag.or_else(|| text("rev").map(GitReference::Revision));
        rev.unwrap_or_default()
    }
}

/// A repository's URL: `git@host:path`, the short form, is `ssh://git@host/path`.
fn repository(url: &str) -> String {
    let url = url.strip_prefix("git+").unwrap_or(url);
    match url.split_once(':') {
        Some((host, path)) if host.contains('@') && !path.starts_with("//") => {
            format!("ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => url.to_owned(),
    }
}

/// `platform = "win32 || linux"`, `platform = "!=darwin,!=linux"`.
fn platform(text: &str) -> Marker {
    let one = |part: &str| {
        let (differs, value) = match part.trim().strip_prefix("!=") {
            Some(value) => (true, value),
            None => (false, part.trim().trim_start_matches('=')),
        };
        let equals = Marker::string(packaging::marker::MarkerString::SysPlatform, value.trim());
        if differs { equals.not() } else { equals }
    };
    let all = |part: &str| {
        let parts = part
            .split([',', ' '])
            .filter(|part| !part.trim().is_empty());
        parts.map(one).fold(Marker::TRUE, Marker::and)
    };
    let parts = text.split('|').filter(|part| !part.trim().is_empty());
    parts.map(all).fold(Marker::FALSE, Marker::or)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_alternatives() {
        assert_eq!(
            platform("win32 || linux").to_string(),
            "sys_platform == 'linux' or sys_platform == 'win32'"
        );
        assert_eq!(platform("!=darwin").to_string(), "sys_platform != 'darwin'");
    }

    #[test]
    fn short_forms_of_repositories_are_urls() {
        assert_eq!(
            repository("git@a.example:b/c.git"),
            "ssh://git@a.example/b/c.git"
        );
        assert_eq!(repository("https://a.example/b"), "https://a.example/b");
    }
}
