//! `[[tool.poetry.source]]`: where projects are looked up.

use packaging::IndexUrl;
use toml::de::DeTable;

use super::PoetryError;
use crate::document::{Node, Reader};
use crate::tool_uv::{Authenticate, Index, IndexKind};

/// Stands for the public index, whose URL is not said here.
pub const PUBLIC: &str = "public";

/// The name of the public index, in lower case.
const PUBLIC_NAME: &str = "pypi";

/// How a source takes part in a search.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Priority {
    Primary,
    Supplemental,
    Explicit,
}

const PRIORITIES: &[(&str, Priority)] = &[
    ("primary", Priority::Primary),
    ("supplemental", Priority::Supplemental),
    ("explicit", Priority::Explicit),
];

/// Reads the sources, in the order in which they are searched. The public index is among them
/// unless a primary one takes its place.
pub(super) fn read(reader: &mut Reader<'_>, poetry: &DeTable<'_>) -> Vec<Index> {
    let list = poetry
        .get("source")
        .and_then(|node| reader.list(node, "tool.poetry.source"));
    let mut sources: Vec<(Priority, Index)> = Vec::new();
    for node in list.into_iter().flatten() {
        let Some((priority, index)) = read_one(reader, node) else {
            continue;
        };
        if sources.iter().any(|(_, known)| known.name == index.name) {
            let name = index.name.unwrap_or_default();
            let span = index.span;
            reader.note(&PoetryError::DuplicateSource { name, span });
            continue;
        }
        sources.push((priority, index));
    }
    let is_public = |index: &Index| index.name.as_deref() == Some(PUBLIC_NAME);
    let is_replaced = sources
        .iter()
        .any(|(priority, index)| *priority == Priority::Primary || is_public(index));
    if !is_replaced {
        sources.push((Priority::Primary, index(PUBLIC_NAME, PUBLIC, 0..0)));
    }
    sources.sort_by_key(|(priority, _)| *priority as u8);
    let with_priority = |(priority, index)| Index {
        explicit: priority == Priority::Explicit,
        supplemental: priority == Priority::Supplemental,
        ..index
    };
    sources.into_iter().map(with_priority).collect()
}

fn read_one(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<(Priority, Index)> {
    let place = "tool.poetry.source";
    let table = reader.table(node, place)?;
    let name = reader.required(table, "name", "[[tool.poetry.source]]", &node.span())?;
    let name = reader
        .string(name, "tool.poetry.source.name")?
        .to_lowercase();
    let priority = table
        .get("priority")
        .and_then(|node| reader.choice(node, "tool.poetry.source.priority", PRIORITIES))
        .unwrap_or(Priority::Primary);
    let url = table
        .get("url")
        .and_then(|node| Some((reader.string(node, "tool.poetry.source.url")?, node.span())));
    let wrong = |problem, span, help| PoetryError::Source {
        problem,
        span,
        help,
    };
    let index = match url {
        Some((_, span)) if name == PUBLIC_NAME => {
            let problem = "expected no `url` for the public index, found one";
            reader.note(&wrong(
                problem,
                span,
                "remove it, or name the source otherwise",
            ));
            return None;
        }
        None if name == PUBLIC_NAME => index(&name, PUBLIC, node.span()),
        None => {
            let problem = "expected a `url` for a source, found none";
            reader.note(&wrong(problem, node.span(), "add `url = \"…\"`"));
            return None;
        }
        Some((url, _)) => index(&name, url.trim_end_matches('/'), node.span()),
    };
    Some((priority, index))
}

fn index(name: &str, url: &str, span: diagnostic::Span) -> Index {
    Index {
        name: Some(name.to_owned()),
        url: IndexUrl::new(url),
        raw_url: url.to_owned(),
        explicit: false,
        supplemental: false,
        include: Vec::new(),
        exclude: Vec::new(),
        default: url == PUBLIC,
        kind: IndexKind::Simple,
        exclude_newer: None,
        exclude_newer_package: std::collections::BTreeMap::new(),
        ignore_error_codes: Vec::new(),
        cache_control: std::collections::BTreeMap::new(),
        authenticate: Authenticate::Auto,
        span,
    }
}
