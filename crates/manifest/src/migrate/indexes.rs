//! Package indexes, in the words of each tool.

use toml_edit::{ArrayOfTables, Item, Table, Value};

use super::edit;
use super::{Rewriting, Words};
use crate::tool_uv::{Index, IndexKind, SourceKind};

/// The keys of a table, in order.
pub(super) type Entries = Vec<(&'static str, Value)>;

/// The table of an index.
pub(super) fn table(entries: &[(&str, Value)], position: isize) -> Table {
    let mut table = Table::new();
    for (key, value) in entries {
        table.insert(key, Item::Value(value.clone()));
    }
    table.set_position(Some(position));
    table.decor_mut().set_prefix("\n");
    table
}

impl Rewriting<'_> {
    /// The name of an index, made up where it has none.
    pub(super) fn index_name(&self, index: &Index) -> String {
        if let Some(name) = &index.name {
            return name.clone();
        }
        let host = index.raw_url.split_once("://").map_or("", |it| it.1);
        let host = host.split('/').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        let name: String = host
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
            .collect();
        let name = name.trim_matches('-').to_owned();
        let same = |other: &&Index| other.raw_url != index.raw_url && other.raw_url.contains(host);
        match self.wanted.indexes.iter().find(same) {
            _ if name.is_empty() => "index".to_owned(),
            Some(_) => {
                let at = self
                    .wanted
                    .indexes
                    .iter()
                    .position(|it| it.raw_url == index.raw_url);
                format!("{name}-{}", at.unwrap_or_default() + 1)
            }
            None => name,
        }
    }

    /// The projects that are bound to an index.
    pub(super) fn bound_to(&self, name: &str) -> Vec<String> {
        let sources = self.wanted.sources.iter();
        let bound = sources.filter(|(_, sources)| {
            let is_bound = |kind: &SourceKind| {
                matches!(kind, SourceKind::Index { name: index, .. } if index == name)
            };
            sources.iter().any(|source| is_bound(&source.kind))
        });
        bound.map(|(project, _)| project.to_string()).collect()
    }

    /// Puts indexes into a tool's table, one table each.
    pub(super) fn put_indexes(
        &mut self,
        path: &[&str],
        entries: &dyn Fn(&Self, &Index) -> Entries,
    ) {
        let Some((key, above)) = path.split_last() else {
            return;
        };
        if self.wanted.indexes.is_empty() {
            return;
        }
        let mut tables = ArrayOfTables::new();
        for index in &self.wanted.indexes {
            let position = self.positions.end();
            tables.push(table(&entries(self, index), position));
        }
        let end = self.positions.end();
        let is_new = edit::existing(&self.document, above).is_none();
        if let Some(parent) = edit::table(&mut self.document, above, end)
            && !parent.contains_key(key)
        {
            parent.set_implicit(is_new && parent.is_empty());
            parent.insert(key, Item::ArrayOfTables(tables));
        }
    }

    /// Whether the indexes are those of the target itself, and stay as they are.
    pub(super) fn keeps_indexes(&self, words: Words) -> bool {
        self.origin.words == words
    }

    /// Tells that pages of files are no index.
    pub(super) fn lose_flat_indexes(&mut self) {
        let flat = self.wanted.indexes.iter();
        let flat: Vec<String> = flat
            .filter(|index| index.kind == IndexKind::Flat)
            .map(|index| index.url.to_string())
            .collect();
        for url in flat {
            self.lose(format!(
                "`{url}` is a page of files, which poetry reads as an index"
            ));
        }
    }
}
