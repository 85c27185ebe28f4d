//! `[tool.pdm]`.

use toml_edit::Value;

use super::Rewriting;
use super::edit::{self, set, texts};
use crate::tool_uv::{Index, IndexKind};

impl Rewriting<'_> {
    /// Writes what pdm reads in its own table.
    pub(super) fn tool_pdm(&mut self) {
        if self.is_virtual() == Some(true) {
            let end = self.positions.end();
            if let Some(table) = edit::table(&mut self.document, &["tool", "pdm"], end) {
                set(table, "distribution", false.into());
            }
        }
        let overrides = self.overrides();
        let allows = self.allows_prereleases();
        if allows {
            let end = self.positions.end();
            let path = ["tool", "pdm", "resolution"];
            if let Some(table) = edit::table(&mut self.document, &path, end) {
                set(table, "allow-prereleases", true.into());
            }
        }
        for text in overrides {
            let end = self.positions.end();
            let Ok(requirement) = packaging::Requirement::parse(&text) else {
                continue;
            };
            let path = ["tool", "pdm", "resolution", "overrides"];
            let specifiers = requirement.specifiers_text.as_deref().unwrap_or("*");
            let value = requirement.url.as_deref().unwrap_or(specifiers).to_owned();
            if let Some(table) = edit::table(&mut self.document, &path, end) {
                set(table, &requirement.raw_name, value.into());
            }
        }
        let entries = |this: &Self, index: &Index| {
            let name = this.index_name(index);
            let bound = this.bound_to(&name);
            // The source of that name takes the place of the public index.
            let name = if index.default {
                "pypi".to_owned()
            } else {
                name
            };
            let mut entries: Vec<(&'static str, Value)> = vec![
                ("name", name.into()),
                ("url", index.raw_url.as_str().into()),
                ("verify_ssl", true.into()),
            ];
            if index.kind == IndexKind::Flat {
                entries.push(("type", "find_links".into()));
            }
            if index.explicit {
                entries.push(("include_packages", texts(&bound)));
            }
            entries
        };
        self.put_indexes(&["tool", "pdm", "source"], &entries);
        let implicit = self.wanted.indexes.iter().filter(|it| !it.explicit).count();
        if implicit > 1 {
            self.lose("the order of the indexes counts no more: pdm takes the best version of all sources");
        }
        let optional: Vec<String> = self
            .wanted
            .groups
            .iter()
            .filter(|group| !group.is_default)
            .map(|group| group.raw_name.clone())
            .collect();
        for group in optional {
            self.lose(format!(
                "the group `{group}` is installed by default now: pdm installs all groups"
            ));
        }
    }
}
