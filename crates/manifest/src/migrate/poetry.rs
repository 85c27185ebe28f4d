//! `[tool.poetry]` beside `[project]`, as poetry 2.2 and later read it.

use std::collections::BTreeMap;

use toml_edit::{Item, Table, Value};

use super::comments::Comments;
use super::edit::{self, Element, set};
use super::sources::for_poetry;
use super::wanted::{Line, WantedItem};
use super::{Rewriting, Words};
use crate::tool_uv::{Index, PrereleaseMode, Source, SourceKind};

impl Rewriting<'_> {
    /// Gives another name to an index that has the one poetry keeps for the public index.
    fn rename_index(&mut self) {
        const KEPT: &str = "pypi";
        const NEW: &str = "mirror";
        let is_kept = |name: &str| name.eq_ignore_ascii_case(KEPT);
        for index in &mut self.wanted.indexes {
            if index.name.as_deref().is_some_and(is_kept) {
                index.name = Some(NEW.to_owned());
            }
        }
        for source in self.wanted.sources.values_mut().flatten() {
            if let SourceKind::Index { name, .. } = &mut source.kind
                && is_kept(name)
            {
                *name = NEW.to_owned();
            }
        }
    }

    /// Writes what poetry reads in its own table.
    pub(super) fn tool_poetry(&mut self) {
        if self.origin.words != Words::Poetry {
            self.rename_index();
        }
        if self.origin.words == Words::Poetry {
            for key in ["dev-dependencies", "extras"] {
                edit::remove(&mut self.document, &["tool", "poetry", key]);
            }
        } else if self.is_virtual() == Some(true) {
            let end = self.positions.end();
            if let Some(table) = edit::table(&mut self.document, &["tool", "poetry"], end) {
                set(table, "package-mode", false.into());
            }
        }
        let base: Vec<Line> = self.wanted.dependencies.clone();
        let extras = self.wanted.extras.iter().flat_map(|(_, _, lines)| lines);
        let base: Vec<Line> = base.into_iter().chain(extras.cloned()).collect();
        self.enrich(&["tool", "poetry", "dependencies"], &base);
        let groups: Vec<(String, bool, Vec<Line>)> = self
            .wanted
            .groups
            .iter()
            .map(|group| {
                let lines = group.items.iter().filter_map(|item| match item {
                    WantedItem::Line(line) => Some((**line).clone()),
                    WantedItem::Include(_) => None,
                });
                (group.raw_name.clone(), group.is_default, lines.collect())
            })
            .collect();
        for (name, is_default, lines) in groups {
            // poetry installs every group unless told otherwise, others only `dev`.
            let is_usual = match self.origin.words {
                Words::Poetry => is_default,
                _ => is_default && name == "dev",
            };
            if !is_usual {
                let end = self.positions.end();
                let path = ["tool", "poetry", "group", &name];
                if let Some(table) = edit::table(&mut self.document, &path, end) {
                    set(table, "optional", (!is_default).into());
                }
            }
            self.enrich(&["tool", "poetry", "group", &name, "dependencies"], &lines);
        }
        if !self.keeps_indexes(Words::Poetry) {
            self.poetry_sources();
        }
    }

    /// Says where projects come from; what else there is to say of them `[project]` says.
    fn enrich(&mut self, path: &[&str], lines: &[Line]) {
        let mut entries: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for line in lines {
            let sources: Vec<Source> = self.wanted.serving(line).into_iter().cloned().collect();
            let mut rest = line.marker;
            let is_split = sources.iter().any(|it| !it.marker.is_true());
            for source in sources {
                rest = rest.and(source.marker.not());
                let extras = line.extras.trim_matches(['[', ']']).split(',');
                let extras = extras.map(|it| it.trim().to_owned());
                let extras: Vec<String> = extras.filter(|it| !it.is_empty()).collect();
                let Some(value) = for_poetry(&source, &extras) else {
                    let name = &line.name;
                    self.lose(format!("`{name}` is no member of the workspace any more"));
                    continue;
                };
                let values = entries.entry(line.raw_name.clone()).or_default();
                let is_known = values.iter().any(|it| it.to_string() == value.to_string());
                if !is_known {
                    values.push(value);
                }
            }
            // Where no source holds, the requirement is still wanted.
            if is_split && let Some(marker) = rest.text() {
                let values = entries.entry(line.raw_name.clone()).or_default();
                let value = edit::inline(&[("version", "*".into()), ("markers", marker.into())]);
                if !values.iter().any(|it| it.to_string() == value.to_string()) {
                    values.push(value);
                }
            }
        }
        self.admit_prereleases(lines, &mut entries);
        self.prune(path, &entries);
        if entries.is_empty() {
            return;
        }
        let end = self.positions.end();
        let Some(table) = edit::table(&mut self.document, path, end) else {
            return;
        };
        for (name, mut values) in entries {
            let value = match values.len() {
                1 => values.remove(0),
                _ => {
                    let elements = values.into_iter().map(|value| Element {
                        value,
                        comments: Comments::default(),
                    });
                    edit::list(elements.collect())
                }
            };
            set(table, &name, value);
        }
    }

    /// Adds whether pre-releases are admitted.
    fn admit_prereleases(&self, lines: &[Line], entries: &mut BTreeMap<String, Vec<Value>>) {
        let admitted = &self.origin.manifest.uv.settings.prerelease_package;
        for line in lines {
            let Some(mode) = admitted.get(&line.name) else {
                continue;
            };
            let values = entries.entry(line.raw_name.clone()).or_default();
            if values.is_empty() {
                values.push(edit::inline(&[]));
            }
            for table in values.iter_mut().filter_map(Value::as_inline_table_mut) {
                let admits = *mode == PrereleaseMode::Allow;
                table.insert("allow-prereleases", admits.into());
            }
        }
    }

    /// Takes out what `[project]` or a dependency group says now.
    fn prune(&mut self, path: &[&str], entries: &BTreeMap<String, Vec<Value>>) {
        let present = edit::existing(&self.document, path).and_then(Item::as_table_like);
        let names = present.into_iter().flat_map(|it| it.iter());
        let names: Vec<String> = names.map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| !entries.contains_key(*name)) {
            let mut full = path.to_vec();
            full.push(name);
            edit::remove(&mut self.document, &full);
        }
        if let Some((_, above)) = path.split_last()
            && above.len() > 2
        {
            let mut included = above.to_vec();
            included.push("include-groups");
            edit::remove(&mut self.document, &included);
        }
    }

    fn poetry_sources(&mut self) {
        let replaces = self.wanted.indexes.iter().any(|it| it.default);
        let has_primary = self.wanted.indexes.iter().any(|it| !it.explicit);
        let entries = |this: &Self, index: &Index| {
            let priority = if index.explicit {
                "explicit"
            } else {
                "primary"
            };
            vec![
                ("name", this.index_name(index).into()),
                ("url", index.raw_url.as_str().into()),
                ("priority", Value::from(priority)),
            ]
        };
        self.put_indexes(&["tool", "poetry", "source"], &entries);
        self.lose_flat_indexes();
        // A primary source takes the place of the public index, unless that is named too.
        if has_primary && !replaces {
            let end = self.positions.end();
            let entries = [("name", "PyPI".into()), ("priority", "primary".into())];
            let public: Table = super::indexes::table(&entries, end);
            let path = ["tool", "poetry", "source"];
            let source = edit::existing_mut(&mut self.document, &path);
            if let Some(Item::ArrayOfTables(tables)) = source {
                tables.push(public);
            }
        }
        let indexes = self.wanted.indexes.iter().filter(|it| !it.explicit).count();
        if indexes > 1 || has_primary && !replaces {
            self.lose(
                "the order of the indexes counts no more: poetry takes the best version of all primary sources",
            );
        }
    }
}
