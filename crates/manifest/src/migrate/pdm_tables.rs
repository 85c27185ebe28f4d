//! What `[tool.pdm]` asks for: groups for development, sources and overrides.

use packaging::requirements_file::{RequirementsFile, Wanted as Entry};
use packaging::{GroupName, IndexUrl, Marker, PackageName};
use toml::{Table, Value};

use super::comments::Comments;
use super::wanted::{Line, Wanted, WantedGroup, WantedItem};
use crate::lower::{Part, file_path};
use crate::tool_uv::{Authenticate, Index, IndexKind, Source, SourceKind};

/// The name by which a source takes the place of the public index.
const PUBLIC: &str = "pypi";

/// `[tool.pdm]` of a document.
pub(super) fn table(raw: &Table) -> Option<&Table> {
    raw.get("tool")?.get("pdm")?.as_table()
}

/// The overrides, as requirements.
pub(super) fn overrides(raw: &Table) -> Vec<String> {
    let resolution = table(raw).and_then(|it| it.get("resolution"));
    let overrides = resolution.and_then(|it| it.get("overrides")?.as_table());
    let texts = overrides.into_iter().flatten().filter_map(|(name, value)| {
        let value = value.as_str()?;
        Some(match value {
            "*" | "" => name.clone(),
            url if url.contains("://") => format!("{name} @ {url}"),
            version if version.starts_with(|it: char| it.is_ascii_digit()) => {
                format!("{name}=={version}")
            }
            specifiers => format!("{name}{specifiers}"),
        })
    });
    texts.collect()
}

impl Wanted {
    /// Adds what `[tool.pdm]` asks for.
    pub(super) fn add_pdm(&mut self, raw: &Table, text: &str) {
        let Some(pdm) = table(raw) else { return };
        let groups = pdm.get("dev-dependencies").and_then(Value::as_table);
        for (raw_name, list) in groups.into_iter().flatten() {
            let Ok(name) = GroupName::new(raw_name) else {
                continue;
            };
            let lines = list.as_array().into_iter().flatten();
            let lines: Vec<Line> = lines
                .filter_map(|it| self.pdm_line(it.as_str()?, text, &name))
                .collect();
            let items = lines.into_iter().map(Box::new).map(WantedItem::Line);
            match self.groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.items.extend(items),
                None => self.groups.push(WantedGroup {
                    raw_name: raw_name.clone(),
                    name,
                    items: items.collect(),
                    is_default: true,
                    above: Vec::new(),
                }),
            }
        }
        let sources = pdm.get("source").and_then(Value::as_array);
        for source in sources.into_iter().flatten().filter_map(Value::as_table) {
            self.pdm_source(source);
        }
        self.indexes.sort_by_key(|index| index.default);
    }

    /// A requirement, which may be a folder that is installed in place.
    fn pdm_line(&mut self, written: &str, text: &str, group: &GroupName) -> Option<Line> {
        let file = RequirementsFile::parse(written);
        let Some((_, entry)) = file.entries().next() else {
            self.losses
                .push(format!("`{written}` cannot be read: it is left out"));
            return None;
        };
        let comments = text.find(written).map_or_else(Comments::default, |at| {
            Comments::at(text, &(at..at + written.len()))
        });
        let part = Part::Group(group.clone());
        match &entry.wanted {
            Entry::Named(requirement) => {
                let extras = requirement.extras_text.as_ref();
                Some(Line {
                    name: requirement.name.clone(),
                    raw_name: requirement.raw_name.to_string(),
                    text: requirement.text.trim().to_owned(),
                    extras: extras.map_or_else(String::new, |it| format!("[{}]", it.trim())),
                    url: requirement.url.as_deref().map(str::to_owned),
                    marker: requirement.marker,
                    marker_text: requirement.marker_text.as_deref().map(str::to_owned),
                    sources: Vec::new(),
                    part,
                    comments,
                })
            }
            Entry::Place(place) => {
                let raw_name = place.egg()?.to_owned();
                let url = place.text.split('#').next().unwrap_or_default();
                let path = file_path(url).filter(|_| entry.editable);
                let path = path.map(|path| SourceKind::Path {
                    path: path.to_owned(),
                    editable: Some(true),
                    package: None,
                });
                let marker = place.marker_text.as_deref();
                let behind = marker.map(|it| format!(" ; {it}")).unwrap_or_default();
                Some(Line {
                    name: PackageName::new(&raw_name).ok()?,
                    text: format!("{raw_name}{behind}"),
                    raw_name,
                    extras: String::new(),
                    url: path.is_none().then(|| url.to_owned()),
                    marker: place.marker,
                    marker_text: marker.map(str::to_owned),
                    sources: path.map(|it| (it, Marker::TRUE)).into_iter().collect(),
                    part,
                    comments,
                })
            }
        }
    }

    fn pdm_source(&mut self, source: &Table) {
        let text = |key: &str| source.get(key).and_then(Value::as_str);
        let Some(url) = text("url") else { return };
        let name = text("name").unwrap_or("index");
        let bound = source.get("include_packages").and_then(Value::as_array);
        let bound: Vec<&str> = bound
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut is_bound = !bound.is_empty();
        for project in bound {
            match PackageName::new(project) {
                Ok(project) => {
                    let kind = SourceKind::Index {
                        name: name.to_owned(),
                        span: 0..0,
                    };
                    self.sources.entry(project).or_insert_with(|| {
                        vec![Source {
                            kind,
                            marker: Marker::TRUE,
                            limit: None,
                            span: 0..0,
                        }]
                    });
                }
                Err(_) => {
                    is_bound = false;
                    self.losses.push(format!(
                        "the index `{name}` serves all projects now, not only `{project}`"
                    ));
                }
            }
        }
        if source.contains_key("exclude_packages") {
            self.losses.push(format!(
                "the index `{name}` has no excluded packages any more"
            ));
        }
        self.indexes.push(Index {
            name: Some(name.to_owned()),
            url: IndexUrl::new(url),
            raw_url: url.to_owned(),
            explicit: is_bound,
            supplemental: false,
            include: Vec::new(),
            exclude: Vec::new(),
            default: name == PUBLIC,
            kind: match text("type") {
                Some("find_links") => IndexKind::Flat,
                _ => IndexKind::Simple,
            },
            exclude_newer: None,
            exclude_newer_package: std::collections::BTreeMap::new(),
            ignore_error_codes: Vec::new(),
            cache_control: std::collections::BTreeMap::new(),
            authenticate: Authenticate::Auto,
            span: 0..0,
        });
    }
}
