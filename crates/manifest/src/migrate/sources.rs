//! Where projects come from, in the words of each tool.

use packaging::{ExtraName, GitReference, GroupName, Marker, PackageName};
use toml_edit::Value;

use super::edit::inline;
use super::wanted::{Line, Wanted, WantedItem};
use crate::lower::{Part, file_path};
use crate::tool_uv::{Limit, Source, SourceKind, WorkspaceReference};

impl Wanted {
    /// Every requirement.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        let extras = self.extras.iter().flat_map(|(_, _, lines)| lines);
        let groups = self.groups.iter().flat_map(|group| &group.items);
        let groups = groups.filter_map(|item| match item {
            WantedItem::Line(line) => Some(&**line),
            WantedItem::Include(_) => None,
        });
        self.dependencies.iter().chain(extras).chain(groups)
    }

    /// Gathers the sources that stand beside requirements, and the URLs for which a function says
    /// so, by project.
    pub(super) fn gather_sources(&mut self, is_taken: impl Fn(&str) -> bool) {
        let lines = self.lines().filter(|line| {
            let url = line.url.as_deref();
            let is_said = !line.sources.is_empty() || url.is_some_and(&is_taken);
            is_said && !self.sources.contains_key(&line.name)
        });
        let taken: Vec<Line> = lines.cloned().collect();
        for line in &taken {
            let same = |other: &Line| other.url == line.url && is_same(other, line);
            let is_for_all = self.lines().filter(|it| it.name == line.name).all(same);
            let of_url = line.url.as_deref().filter(|url| is_taken(url));
            let of_url = of_url.and_then(kind_of).map(|kind| (kind, Marker::TRUE));
            for (kind, marker) in line.sources.iter().cloned().chain(of_url) {
                let (marker, limit) = match is_for_all {
                    true => (marker, None),
                    false => (line.marker.and(marker), limit_of(&line.part)),
                };
                let sources = self.sources.entry(line.name.clone()).or_default();
                let is_known = sources.iter().any(|it| {
                    is_same_kind(&it.kind, &kind) && it.marker == marker && it.limit == limit
                });
                if !is_known {
                    sources.push(Source {
                        kind,
                        marker,
                        limit,
                        span: 0..0,
                    });
                }
            }
        }
        let names: Vec<PackageName> = taken.into_iter().map(|line| line.name).collect();
        let extras = self.extras.iter_mut().flat_map(|(_, _, lines)| lines);
        let groups = self.groups.iter_mut().flat_map(|group| &mut group.items);
        let groups = groups.filter_map(|item| match item {
            WantedItem::Line(line) => Some(&mut **line),
            WantedItem::Include(_) => None,
        });
        for line in self.dependencies.iter_mut().chain(extras).chain(groups) {
            let url = line.url.as_deref();
            if url.is_some_and(&is_taken) && names.contains(&line.name) {
                line.url = None;
            }
            line.sources.clear();
        }
    }

    /// The sources that serve a requirement.
    pub(super) fn serving(&self, line: &Line) -> Vec<&Source> {
        let limit = limit_of(&line.part);
        let sources = self.sources.get(&line.name).into_iter().flatten();
        let serves = |source: &&Source| source.limit.is_none() || source.limit == limit;
        sources.filter(serves).collect()
    }
}

/// Whether two requirements come from the same places.
fn is_same(one: &Line, other: &Line) -> bool {
    let pairs = one.sources.iter().zip(&other.sources);
    let is_same = |(one, other): (&(SourceKind, Marker), &(SourceKind, Marker))| {
        is_same_kind(&one.0, &other.0) && one.1 == other.1
    };
    one.sources.len() == other.sources.len() && pairs.into_iter().all(is_same)
}

/// Whether two sources are the same, wherever they stand.
fn is_same_kind(one: &SourceKind, other: &SourceKind) -> bool {
    match (one, other) {
        (SourceKind::Index { name: one, .. }, SourceKind::Index { name: other, .. }) => {
            one == other
        }
        _ => one == other,
    }
}

pub(super) fn limit_of(part: &Part) -> Option<Limit> {
    match part {
        Part::Base => None,
        Part::Extra(extra) => Some(Limit::Extra(extra.clone())),
        Part::Group(group) => Some(Limit::Group(group.clone())),
    }
}

/// The source that a URL of a requirement stands for.
fn kind_of(url: &str) -> Option<SourceKind> {
    let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
    let subdirectory = fragment
        .split('&')
        .find_map(|pair| pair.strip_prefix("subdirectory="));
    let subdirectory = subdirectory.map(str::to_owned);
    if let Some(path) = file_path(place) {
        return Some(SourceKind::Path {
            path: path.to_owned(),
            editable: None,
            package: None,
        });
    }
    let Some(repository) = place.strip_prefix("git+") else {
        return Some(SourceKind::Url {
            url: place.to_owned(),
            subdirectory,
        });
    };
    let start = repository.find("://").map_or(0, |at| at + 3);
    let path = start + repository[start..].find('/').unwrap_or_default();
    let (url, reference) = match repository[path..].rfind('@') {
        Some(at) => {
            let revision = repository[path + at + 1..].to_owned();
            (&repository[..path + at], GitReference::Revision(revision))
        }
        None => (repository, GitReference::Default),
    };
    Some(SourceKind::Git {
        url: url.to_owned(),
        reference,
        subdirectory,
        path: None,
        lfs: false,
    })
}

/// A source as the URL behind `@`; `None` where there is none.
pub(super) fn url_of(kind: &SourceKind, root: Option<&str>) -> Option<String> {
    let within = |url: String, subdirectory: &Option<String>| match subdirectory {
        Some(folder) => format!("{url}#subdirectory={folder}"),
        None => url,
    };
    match kind {
        SourceKind::Git {
            url,
            reference,
            subdirectory,
            ..
        } => {
            let reference = match reference {
                GitReference::Default => String::new(),
                GitReference::Branch(it) | GitReference::Tag(it) | GitReference::Revision(it) => {
                    format!("@{it}")
                }
            };
            Some(within(format!("git+{url}{reference}"), subdirectory))
        }
        SourceKind::Url { url, subdirectory } => Some(within(url.clone(), subdirectory)),
        SourceKind::Path { path, .. } => {
            let path = path.replace('\\', "/");
            if path.starts_with('/') {
                return Some(format!("file://{path}"));
            }
            let path = path.strip_prefix("./").unwrap_or(&path);
            root.map(|root| format!("{root}/{path}"))
        }
        SourceKind::Index { .. } | SourceKind::Workspace { .. } => None,
    }
}

fn flag(value: Option<bool>, key: &'static str) -> Option<(&'static str, Value)> {
    value.map(|it| (key, it.into()))
}

/// A source as `[tool.uv.sources]` has it.
pub(super) fn for_uv(source: &Source) -> Value {
    let mut entries = match &source.kind {
        SourceKind::Git {
            url,
            reference,
            subdirectory,
            path,
            lfs,
        } => {
            let mut entries: Vec<(&str, Value)> = vec![("git", url.as_str().into())];
            entries.extend(revision(reference));
            for (key, value) in [("subdirectory", subdirectory), ("path", path)] {
                entries.extend(value.as_deref().map(|it| (key, it.into())));
            }
            entries.extend(flag(lfs.then_some(true), "lfs"));
            entries
        }
        SourceKind::Url { url, subdirectory } => {
            let mut entries: Vec<(&str, Value)> = vec![("url", url.as_str().into())];
            let folder = subdirectory.as_deref();
            entries.extend(folder.map(|it| ("subdirectory", it.into())));
            entries
        }
        SourceKind::Path {
            path,
            editable,
            package,
        } => {
            let mut entries: Vec<(&str, Value)> = vec![("path", path.as_str().into())];
            entries.extend(flag(*editable, "editable"));
            // A package is what a folder with a build system is anyway.
            entries.extend(flag(package.filter(|it| !it), "package"));
            entries
        }
        SourceKind::Index { name, .. } => vec![("index", name.as_str().into())],
        SourceKind::Workspace {
            reference,
            editable,
        } => {
            let reference: Value = match reference {
                WorkspaceReference::Here(here) => (*here).into(),
                WorkspaceReference::At(path) => path.as_str().into(),
            };
            let mut entries = vec![("workspace", reference)];
            entries.extend(flag(*editable, "editable"));
            entries
        }
    };
    if let Some(marker) = source.marker.text() {
        entries.push(("marker", marker.into()));
    }
    match &source.limit {
        Some(Limit::Extra(extra)) => entries.push(("extra", ExtraName::as_str(extra).into())),
        Some(Limit::Group(group)) => entries.push(("group", GroupName::as_str(group).into())),
        None => {}
    }
    inline(&entries)
}

/// A source as a dependency's table in `[tool.poetry]` has it; `None` where there is none.
pub(super) fn for_poetry(source: &Source, extras: &[String]) -> Option<Value> {
    let mut entries: Vec<(&str, Value)> = Vec::new();
    match &source.kind {
        SourceKind::Git {
            url,
            reference,
            subdirectory,
            ..
        } => {
            entries.push(("git", url.as_str().into()));
            entries.extend(revision(reference));
            let folder = subdirectory.as_deref();
            entries.extend(folder.map(|it| ("subdirectory", it.into())));
        }
        SourceKind::Url { url, subdirectory } => {
            entries.push(("url", url.as_str().into()));
            let folder = subdirectory.as_deref();
            entries.extend(folder.map(|it| ("subdirectory", it.into())));
        }
        SourceKind::Path { path, editable, .. } => {
            entries.push(("path", path.as_str().into()));
            entries.extend(flag(editable.filter(|it| *it), "develop"));
        }
        SourceKind::Index { name, .. } => entries.push(("source", name.as_str().into())),
        SourceKind::Workspace { .. } => return None,
    }
    if !extras.is_empty() {
        let extras: toml_edit::Array = extras.iter().map(String::as_str).collect();
        entries.push(("extras", Value::Array(extras)));
    }
    if let Some(marker) = source.marker.text() {
        entries.push(("markers", marker.into()));
    }
    Some(inline(&entries))
}

fn revision(reference: &GitReference) -> Option<(&'static str, Value)> {
    match reference {
        GitReference::Default => None,
        GitReference::Branch(it) => Some(("branch", it.as_str().into())),
        GitReference::Tag(it) => Some(("tag", it.as_str().into())),
        GitReference::Revision(it) => Some(("rev", it.as_str().into())),
    }
}
