//! `[[tool.uv.index]]`, and the legacy keys `index-url`, `extra-index-url` and `find-links`.

use std::collections::BTreeMap;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{IndexUrl, PackageName};
use toml::de::DeTable;

use super::by_package;
use super::cutoff::{self, CutOff};
use crate::document::{Node, Reader};

/// A declared index.
#[derive(Clone, Debug)]
pub struct Index {
    /// The name that sources call it by.
    pub name: Option<String>,
    /// Its URL, or the path of a folder; credentials removed.
    pub url: IndexUrl,
    /// The same with whatever credentials were written, for whoever asks it.
    pub raw_url: String,
    /// Whether only projects bound to it are looked up there.
    pub explicit: bool,
    /// Whether it is searched only where the others have nothing.
    pub supplemental: bool,
    /// Patterns of the projects that are looked up in indexes which name them, and nowhere else.
    pub include: Vec<String>,
    /// Patterns of the projects that are not looked up here.
    pub exclude: Vec<String>,
    /// Whether it stands in for the product's default index.
    pub default: bool,
    /// What it serves.
    pub kind: IndexKind,
    /// Its own cut-off: `Some(None)` switches the general one off.
    pub exclude_newer: Option<Option<CutOff>>,
    /// Its own cut-offs of single projects.
    pub exclude_newer_package: BTreeMap<PackageName, Option<CutOff>>,
    /// Statuses that are read as "no such project".
    pub ignore_error_codes: Vec<u16>,
    /// `cache-control` for its `api` and `files`.
    pub cache_control: BTreeMap<String, String>,
    /// When credentials are sent.
    pub authenticate: Authenticate,
    /// Where the index stands.
    pub span: Span,
}

/// What an index serves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum IndexKind {
    /// A page per project (PEP 503).
    #[default]
    Simple,
    /// One page or folder of files.
    Flat,
}

/// When credentials are sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Authenticate {
    /// When the index asks for them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A folder or page of files, `find-links`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FindLinks {
    /// Its URL or path, as written.
    pub location: String,
    /// Where it stands.
    pub span: Span,
}

/// What can be wrong with indexes beyond types and words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IndexError {
    /// Two indexes of one name.
    #[error("index `{name}` is declared twice")]
    Duplicate {
        /// The name.
        name: String,
        /// The second declaration.
        span: Span,
    },
    /// Two default indexes.
    #[error("expected one index with `default = true`, found several")]
    SeveralDefaults {
        /// The second one.
        span: Span,
    },
    /// A name that sources could not call it by.
    #[error("expected letters, digits, `-`, `_` or `.` in the name of an index, found `{name}`")]
    InvalidName {
        /// The name.
        name: String,
        /// Where.
        span: Span,
    },
    /// An explicit index that nothing can be bound to.
    #[error("expected a `name` for an index with `explicit = true`, found none")]
    Unreachable {
        /// Where.
        span: Span,
    },
}

impl Diagnose for IndexError {
    fn diagnose(&self) -> Diagnostic {
        let error = Diagnostic::error("manifest/invalid-index", self);
        match self {
            Self::Duplicate { span, .. } => error
                .label(span.clone(), "declared again here")
                .help("rename one of the two"),
            Self::SeveralDefaults { span } => error
                .label(span.clone(), "the second one")
                .help("remove `default` from all but one"),
            Self::InvalidName { span, .. } => error.label(span.clone(), ""),
            Self::Unreachable { span } => error
                .label(span.clone(), "nothing can be bound to this index")
                .help("add `name = \"…\"`, or remove `explicit`"),
        }
    }
}

const AUTHENTICATE: &[(&str, Authenticate)] = &[
    ("auto", Authenticate::Auto),
    ("always", Authenticate::Always),
    ("never", Authenticate::Never),
];

const KIND: &[(&str, IndexKind)] = &[("simple", IndexKind::Simple), ("flat", IndexKind::Flat)];

/// Reads `[[tool.uv.index]]`.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Index> {
    let Some(node) = table.get("index") else {
        return Vec::new();
    };
    let Some(list) = reader.list(node, "tool.uv.index") else {
        return Vec::new();
    };
    let indexes: Vec<Index> = list
        .iter()
        .filter_map(|node| read_one(reader, node))
        .collect();
    for (at, index) in indexes.iter().enumerate() {
        let before = &indexes[..at];
        let span = index.span.clone();
        if index.default && before.iter().any(|other| other.default) {
            reader.note(&IndexError::SeveralDefaults { span: span.clone() });
        }
        if let Some(name) = &index.name
            && before.iter().any(|other| other.name.as_ref() == Some(name))
        {
            reader.note(&IndexError::Duplicate {
                name: name.clone(),
                span,
            });
        }
    }
    indexes
}

fn read_one(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Index> {
    let place = "tool.uv.index";
    let table = reader.table(node, place)?;
    let key = |key: &str| format!("{place}.{key}");
    let name = table.get("name").and_then(|node| {
        let name = reader.string(node, &key("name"))?;
        if name.is_empty() || !name.bytes().all(is_name_byte) {
            let (name, span) = (name.to_owned(), node.span());
            reader.note(&IndexError::InvalidName { name, span });
            return None;
        }
        Some(name.to_owned())
    });
    let mut flag = |name: &str| {
        let node = table.get(name)?;
        reader.boolean(node, &key(name))
    };
    let explicit = flag("explicit").unwrap_or_default();
    let default = flag("default").unwrap_or_default();
    let kind = table
        .get("format")
        .and_then(|node| reader.choice(node, &key("format"), KIND));
    let authenticate = table
        .get("authenticate")
        .and_then(|node| reader.choice(node, &key("authenticate"), AUTHENTICATE));
    let exclude_newer = table
        .get("exclude-newer")
        .and_then(|node| cutoff::read_or_off(reader, node, &key("exclude-newer")));
    let exclude_newer_package = by_package(
        reader,
        table,
        "index.exclude-newer-package",
        cutoff::read_or_off,
    );
    let ignore_error_codes = error_codes(reader, table);
    let cache_control = cache_control(reader, table);
    if explicit && !table.contains_key("name") {
        reader.note(&IndexError::Unreachable { span: node.span() });
    }
    let url = reader.required(table, "url", "[[tool.uv.index]]", &node.span())?;
    let raw_url = reader.string(url, &key("url"))?.to_owned();
    Some(Index {
        name,
        url: IndexUrl::new(&raw_url),
        raw_url,
        explicit,
        supplemental: false,
        include: Vec::new(),
        exclude: Vec::new(),
        default,
        kind: kind.unwrap_or_default(),
        exclude_newer,
        exclude_newer_package,
        ignore_error_codes,
        cache_control,
        authenticate: authenticate.unwrap_or_default(),
        span: node.span(),
    })
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn error_codes(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<u16> {
    let key = "tool.uv.index.ignore-error-codes";
    let Some(list) = table
        .get("ignore-error-codes")
        .and_then(|node| reader.list(node, key))
    else {
        return Vec::new();
    };
    let mut codes = Vec::new();
    for node in list {
        let number = node
            .get_ref()
            .as_integer()
            .filter(|number| number.radix() == 10);
        match number.and_then(|number| number.as_str().parse::<u16>().ok()) {
            Some(code) if (100..1000).contains(&code) => codes.push(code),
            _ => reader.unfit(node, key, "an HTTP status"),
        }
    }
    codes
}

fn cache_control(reader: &mut Reader<'_>, table: &DeTable<'_>) -> BTreeMap<String, String> {
    let key = "tool.uv.index.cache-control";
    let mut found = BTreeMap::new();
    let Some(table) = table
        .get("cache-control")
        .and_then(|node| reader.table(node, key))
    else {
        return found;
    };
    for (part, node) in table {
        if let Some(value) = reader.string(node, &format!("{key}.{}", part.get_ref())) {
            found.insert(part.get_ref().to_string(), value.to_owned());
        }
    }
    found
}

/// The indexes to search, legacy keys merged in: `index`, then `extra-index-url`, then `index-url`.
pub(super) fn searched(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
) -> (Vec<Index>, Vec<FindLinks>) {
    // Mistakes in `[[tool.uv.index]]` are noted where the table itself is read.
    let mut unnoted = reader.silent();
    let mut indexes = read(&mut unnoted, table);
    if let Some(node) = table.get("extra-index-url") {
        let urls = reader.strings(node, "tool.uv.extra-index-url");
        indexes.extend(urls.iter().map(|(url, node)| legacy(url, node, false)));
    }
    if let Some(node) = table.get("index-url") {
        let url = reader.string(node, "tool.uv.index-url");
        indexes.extend(url.map(|url| legacy(url, node, true)));
    }
    indexes.sort_by_key(|index| (index.explicit, index.default));
    let links = match table.get("find-links") {
        None => Vec::new(),
        Some(node) => reader
            .strings(node, "tool.uv.find-links")
            .iter()
            .map(|(link, node)| FindLinks {
                location: (*link).to_owned(),
                span: node.span(),
            })
            .collect(),
    };
    (indexes, links)
}

fn legacy(url: &str, node: &Node<'_>, default: bool) -> Index {
    Index {
        name: None,
        url: IndexUrl::new(url),
        raw_url: url.to_owned(),
        explicit: false,
        supplemental: false,
        include: Vec::new(),
        exclude: Vec::new(),
        default,
        kind: IndexKind::Simple,
        exclude_newer: None,
        exclude_newer_package: BTreeMap::new(),
        ignore_error_codes: Vec::new(),
        cache_control: BTreeMap::new(),
        authenticate: Authenticate::Auto,
        span: node.span(),
    }
}
