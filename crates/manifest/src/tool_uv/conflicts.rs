//! `conflicts`: extras and groups that are never asked for together.

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{ConflictItem, ConflictKind, PackageName};
use toml::de::DeTable;

use crate::document::{Node, Reader};

/// Extras, groups or projects of which at most one is asked for.
#[derive(Clone, Debug)]
pub struct ConflictSet {
    /// Its items, as declared.
    pub items: Vec<DeclaredConflict>,
    /// Where the set stands.
    pub span: Span,
}

/// One item of a conflict set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeclaredConflict {
    /// The project; the one at hand when unsaid.
    pub package: Option<PackageName>,
    /// What of it.
    pub kind: ConflictKind,
    /// Where the item stands.
    pub span: Span,
}

impl DeclaredConflict {
    /// The item, given the project at hand.
    #[must_use]
    pub fn item(&self, at_hand: Option<&PackageName>) -> Option<ConflictItem> {
        let package = self.package.as_ref().or(at_hand)?.clone();
        Some(ConflictItem {
            package,
            kind: self.kind.clone(),
        })
    }
}

/// What can be wrong with conflicts beyond types and words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConflictError {
    /// A set that excludes nothing.
    #[error("expected at least two items in a set of conflicts, found {found}")]
    TooFew {
        /// How many different items there are.
        found: usize,
        /// Where.
        span: Span,
    },
    /// An item that says nothing.
    #[error("expected `package`, `extra` or `group` in an item of `conflicts`, found none")]
    Nothing {
        /// Where.
        span: Span,
    },
    /// An item that says too much.
    #[error("expected either `extra` or `group` in an item of `conflicts`, found both")]
    Both {
        /// Where.
        span: Span,
    },
    /// An item without a project, in a file without one.
    #[error("expected `package` in an item of `conflicts`, since this file has no `[project]`")]
    Packageless {
        /// Where.
        span: Span,
    },
}

impl Diagnose for ConflictError {
    fn diagnose(&self) -> Diagnostic {
        let error = Diagnostic::error("manifest/invalid-conflict", self);
        match self {
            Self::TooFew { span, .. } | Self::Nothing { span } | Self::Both { span } => {
                error.label(span.clone(), "")
            }
            Self::Packageless { span } => {
                error.label(span.clone(), "").help("add `package = \"…\"`")
            }
        }
    }
}

/// Reads `conflicts`.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<ConflictSet> {
    let key = "tool.uv.conflicts";
    let Some(list) = table
        .get("conflicts")
        .and_then(|node| reader.list(node, key))
    else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|node| read_set(reader, node, key))
        .collect()
}

fn read_set(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<ConflictSet> {
    let list = reader.list(node, key)?;
    let items: Vec<DeclaredConflict> = list
        .iter()
        .filter_map(|node| read_item(reader, node, key))
        .collect();
    let mut different: Vec<_> = items
        .iter()
        .map(|item| (&item.package, &item.kind))
        .collect();
    different.sort_unstable();
    different.dedup();
    let found = different.len();
    if found < 2 && items.len() == list.len() {
        reader.note(&ConflictError::TooFew {
            found,
            span: node.span(),
        });
        return None;
    }
    Some(ConflictSet {
        items,
        span: node.span(),
    })
}

fn read_item(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<DeclaredConflict> {
    let table = reader.table(node, key)?;
    reader.only(table, &["package", "extra", "group"], key);
    let mut text = |name: &str| {
        let node = table.get(name)?;
        Some((reader.string(node, &format!("{key}.{name}"))?, node.span()))
    };
    let (package, extra, group) = (text("package"), text("extra"), text("group"));
    let span = node.span();
    if !["package", "extra", "group"]
        .iter()
        .any(|key| table.contains_key(*key))
    {
        reader.note(&ConflictError::Nothing { span });
        return None;
    }
    if extra.is_some() && group.is_some() {
        reader.note(&ConflictError::Both { span });
        return None;
    }
    let package = match package {
        Some((text, span)) => Some(reader.package_name(text, span)?),
        None => None,
    };
    let kind = match (extra, group) {
        (Some((text, span)), _) => ConflictKind::Extra(reader.extra_name(text, span)?),
        (None, Some((text, span))) => ConflictKind::Group(reader.group_name(text, span)?),
        (None, None) => {
            package.as_ref()?;
            ConflictKind::Project
        }
    };
    Some(DeclaredConflict {
        package,
        kind,
        span,
    })
}
