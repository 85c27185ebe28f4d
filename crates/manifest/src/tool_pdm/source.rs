//! `[[tool.pdm.source]]`: where projects are looked up.

use std::collections::BTreeMap;

use packaging::IndexUrl;
use toml::de::DeTable;

use crate::document::{Node, Reader};
use crate::tool_uv::{Authenticate, Index, IndexKind};

const KIND: &[(&str, IndexKind)] = &[
    ("index", IndexKind::Simple),
    ("find_links", IndexKind::Flat),
];

/// The name of the source that takes the public index's place.
const PUBLIC_NAME: &str = "pypi";

/// Reads the sources, in order.
pub(super) fn read(reader: &mut Reader<'_>, pdm: &DeTable<'_>) -> Vec<Index> {
    let list = pdm
        .get("source")
        .and_then(|node| reader.list(node, "tool.pdm.source"));
    list.into_iter()
        .flatten()
        .filter_map(|node| read_one(reader, node))
        .collect()
}

fn read_one(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Index> {
    let table = reader.table(node, "tool.pdm.source")?;
    let name = reader.required(table, "name", "[[tool.pdm.source]]", &node.span())?;
    let name = reader.string(name, "tool.pdm.source.name")?.to_owned();
    // Without a URL it only says more about one that the user's own settings name.
    let url = table.get("url")?;
    let raw_url = reader.string(url, "tool.pdm.source.url")?.to_owned();
    let kind = table
        .get("type")
        .and_then(|node| reader.choice(node, "tool.pdm.source.type", KIND));
    let mut patterns = |key: &str| -> Vec<String> {
        let place = format!("tool.pdm.source.{key}");
        let strings = table.get(key).map(|node| reader.strings(node, &place));
        let strings = strings.unwrap_or_default();
        strings.iter().map(|(text, _)| (*text).to_owned()).collect()
    };
    let (include, exclude) = (patterns("include_packages"), patterns("exclude_packages"));
    Some(Index {
        default: name == PUBLIC_NAME,
        name: Some(name),
        url: IndexUrl::new(&raw_url),
        raw_url,
        explicit: false,
        supplemental: false,
        include,
        exclude,
        kind: kind.unwrap_or_default(),
        exclude_newer: None,
        exclude_newer_package: BTreeMap::new(),
        ignore_error_codes: Vec::new(),
        cache_control: BTreeMap::new(),
        authenticate: Authenticate::Auto,
        span: node.span(),
    })
}
