//! `[tool.uv.sources]`: where requirements come from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{ExtraName, GitReference, GroupName, Marker, PackageName};
use toml::de::DeTable;

use crate::document::{Node, Reader};

/// Where requirements come from, by project.
pub type Sources = BTreeMap<PackageName, Vec<Source>>;

/// One source of a project.
#[derive(Clone, Debug)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// Where it holds.
    pub marker: Marker,
    /// The extra or group whose requirements alone it serves.
    pub limit: Option<Limit>,
    /// Where it stands.
    pub span: Span,
}

/// The part of a project that a source is limited to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Limit {
    /// An extra's requirements.
    Extra(ExtraName),
    /// A dependency group's requirements.
    Group(GroupName),
}

/// What a source is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SourceKind {
    /// A git repository.
    Git {
        /// Its URL, `git+` removed.
        url: String,
        /// The revision asked for.
        reference: GitReference,
        /// The folder inside.
        subdirectory: Option<String>,
        /// An archive inside.
        path: Option<String>,
        /// Whether large files are fetched too.
        lfs: bool,
    },
    /// An archive at a URL.
    Url {
        /// The URL.
        url: String,
        /// The folder inside.
        subdirectory: Option<String>,
    },
    /// A local archive or source tree.
    Path {
        /// The path, as written.
        path: String,
        /// Whether it is installed in place.
        editable: Option<bool>,
        /// Whether it is installed itself.
        package: Option<bool>,
    },
    /// A declared index.
    Index {
        /// Its name.
        name: String,
        /// Where the name stands.
        span: Span,
    },
    /// A workspace member.
    Workspace {
        /// Of which workspace.
        reference: WorkspaceReference,
        /// Whether it is installed in place.
        editable: Option<bool>,
    },
}

/// Which workspace a member belongs to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WorkspaceReference {
    /// This one (`true`), or an explicit no.
    Here(bool),
    /// The one whose root is at a path.
    At(String),
}

/// What can be wrong with a source beyond types and words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SourceError {
    /// No key that says what the source is.
    #[error(
        "expected one of `git`, `url`, `path`, `index` or `workspace` for the source of `{name}`, found none"
    )]
    Kindless {
        /// The project.
        name: String,
        /// Where.
        span: Span,
    },
    /// Two keys that exclude each other.
    #[error("expected either `{first}` or `{second}` for the source of `{name}`, found both")]
    Both {
        /// The project.
        name: String,
        /// The key that stays.
        first: &'static str,
        /// The key that is too much.
        second: &'static str,
        /// Where the second stands.
        span: Span,
    },
    /// An empty list of sources.
    #[error("expected at least one source for `{name}`, found an empty list")]
    Empty {
        /// The project.
        name: String,
        /// Where.
        span: Span,
    },
    /// Sources of a list that hold in the same environments.
    #[error("sources of `{name}` overlap: expected markers that are never true together")]
    Overlap {
        /// The project.
        name: String,
        /// The second source.
        span: Span,
        /// The first source.
        first: Span,
        /// A marker for the second that would not overlap.
        remedy: Option<String>,
    },
    /// Two entries of one project.
    #[error("sources of `{name}` are declared twice")]
    Duplicate {
        /// The project.
        name: PackageName,
        /// The second declaration.
        span: Span,
    },
}

impl Diagnose for SourceError {
    fn diagnose(&self) -> Diagnostic {
        let error = Diagnostic::error("manifest/invalid-source", self);
        match self {
            Self::Kindless { span, .. } => error.label(span.clone(), "").help(
                "add one of them, for example `{ index = \"name\" }` or `{ workspace = true }`",
            ),
            Self::Both { second, span, .. } => error
                .label(span.clone(), "")
                .help(format!("remove `{second}`")),
            Self::Empty { span, .. } => error
                .label(span.clone(), "")
                .help("remove the entry, or add a source"),
            Self::Overlap {
                span,
                first,
                remedy,
                ..
            } => {
                let error = error
                    .label(span.clone(), "holds where the first one holds")
                    .label(first.clone(), "the first one");
                match remedy {
                    Some(marker) => error.help(format!("give it `marker = \"{marker}\"`")),
                    None => error.help(
                        "give each source a marker, for example `marker = \"sys_platform == 'linux'\"`",
                    ),
                }
            }
            Self::Duplicate { span, .. } => error
                .label(span.clone(), "declared again here")
                .help("merge the two entries"),
        }
    }
}

const KEYS: &[&str] = &[
    "git",
    "subdirectory",
    "rev",
    "tag",
    "branch",
    "lfs",
    "url",
    "path",
    "editable",
    "package",
    "index",
    "workspace",
    "marker",
    "extra",
    "group",
];

/// Reads `[tool.uv.sources]`.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Sources {
    let mut sources = Sources::new();
    let Some(node) = table.get("sources") else {
        return sources;
    };
    let Some(table) = reader.table(node, "tool.uv.sources") else {
        return sources;
    };
    for (raw_name, node) in table {
        let list = read_list(reader, node, raw_name.get_ref());
        let span = raw_name.span();
        let Some(name) = reader.package_name(raw_name.get_ref(), span.clone()) else {
            continue;
        };
        match sources.entry(name) {
            Entry::Occupied(first) => {
                let name = first.key().clone();
                reader.note(&SourceError::Duplicate { name, span });
            }
            Entry::Vacant(place) => {
                place.insert(list);
            }
        }
    }
    sources
}

fn read_list(reader: &mut Reader<'_>, node: &Node<'_>, name: &str) -> Vec<Source> {
    let key = format!("tool.uv.sources.{name}");
    if node.get_ref().is_table() {
        return read_one(reader, node, name).into_iter().collect();
    }
    let Some(list) = node.get_ref().as_array() else {
        reader.unfit(node, &key, "a table or a list of tables");
        return Vec::new();
    };
    if list.is_empty() {
        reader.note(&SourceError::Empty {
            name: name.to_owned(),
            span: node.span(),
        });
    }
    let sources: Vec<Source> = list
        .iter()
        .filter_map(|node| read_one(reader, node, name))
        .collect();
    for pair in sources.windows(2) {
        if let Some(error) = overlap(&pair[0], &pair[1], name) {
            reader.note(&error);
        }
    }
    sources
}

/// uv compares neighbours only, and only those with the same limit.
fn overlap(first: &Source, second: &Source, name: &str) -> Option<SourceError> {
    if first.limit != second.limit || first.marker.is_disjoint(second.marker) {
        return None;
    }
    let both_say = !first.marker.is_true() && !second.marker.is_true();
    let rest = first.marker.not().and(second.marker);
    Some(SourceError::Overlap {
        name: name.to_owned(),
        span: second.span.clone(),
        first: first.span.clone(),
        remedy: (both_say && !rest.is_false()).then(|| rest.to_string()),
    })
}

fn read_one(reader: &mut Reader<'_>, node: &Node<'_>, name: &str) -> Option<Source> {
    let place = format!("tool.uv.sources.{name}");
    let table = reader.table(node, &place)?;
    reader.only(table, KEYS, &place);
    let entry = SourceTable {
        table,
        place: &place,
        name,
    };
    let kind = entry.kind(reader, node.span());
    let marker = match table.get("marker") {
        None => Marker::TRUE,
        Some(node) => {
            let text = reader.string(node, &format!("{place}.marker"))?;
            reader.marker(text, node)?.marker
        }
    };
    let limit = entry.limit(reader);
    Some(Source {
        kind: kind?,
        marker,
        limit,
        span: node.span(),
    })
}

/// One table of a source.
struct SourceTable<'e, 'd> {
    table: &'e DeTable<'d>,
    place: &'e str,
    name: &'e str,
}

impl SourceTable<'_, '_> {
    fn text(&self, reader: &mut Reader<'_>, key: &str) -> Option<String> {
        let node = self.table.get(key)?;
        reader
            .string(node, &format!("{}.{key}", self.place))
            .map(str::to_owned)
    }

    fn flag(&self, reader: &mut Reader<'_>, key: &str) -> Option<bool> {
        let node = self.table.get(key)?;
        reader.boolean(node, &format!("{}.{key}", self.place))
    }

    /// Notes keys that exclude the key that says what the source is.
    fn exclude(&self, reader: &mut Reader<'_>, first: &'static str, others: &[&'static str]) {
        for second in others {
            if let Some((key, _)) = self.table.get_key_value(*second) {
                let (name, span) = (self.name.to_owned(), key.span());
                reader.note(&SourceError::Both {
                    name,
                    first,
                    second,
                    span,
                });
            }
        }
    }

    fn kind(&self, reader: &mut Reader<'_>, span: Span) -> Option<SourceKind> {
        if self.table.contains_key("git") {
            return self.git(reader);
        }
        if self.table.contains_key("url") {
            let others = [
                "index",
                "workspace",
                "path",
                "rev",
                "tag",
                "branch",
                "editable",
                "package",
            ];
            self.exclude(reader, "url", &others);
            let subdirectory = self.text(reader, "subdirectory");
            return Some(SourceKind::Url {
                url: self.text(reader, "url")?,
                subdirectory,
            });
        }
        if self.table.contains_key("path") {
            return self.path(reader);
        }
        if let Some(node) = self.table.get("index") {
            self.exclude(
                reader,
                "index",
                &["workspace", "rev", "tag", "branch", "editable", "package"],
            );
            let name = self.text(reader, "index")?;
            return Some(SourceKind::Index {
                name,
                span: node.span(),
            });
        }
        if let Some(node) = self.table.get("workspace") {
            return self.workspace(reader, node);
        }
        reader.note(&SourceError::Kindless {
            name: self.name.to_owned(),
            span,
        });
        None
    }

    fn git(&self, reader: &mut Reader<'_>) -> Option<SourceKind> {
        self.exclude(
            reader,
            "git",
            &["index", "workspace", "url", "editable", "package"],
        );
        if self.table.contains_key("subdirectory") {
            self.exclude(reader, "subdirectory", &["path"]);
        }
        let given: Vec<&'static str> = ["rev", "tag", "branch"]
            .into_iter()
            .filter(|key| self.table.contains_key(*key))
            .collect();
        if let [first, others @ ..] = given.as_slice() {
            self.exclude(reader, first, others);
        }
        let (rev, tag) = (self.text(reader, "rev"), self.text(reader, "tag"));
        let branch = self.text(reader, "branch");
        let reference = rev
            .map(GitReference::Revision)
            .or(tag.map(GitReference::Tag))
            .or(branch.map(GitReference::Branch))
            .unwrap_or_default();
        let subdirectory = self.text(reader, "subdirectory");
        let path = self.text(reader, "path");
        let lfs = self.flag(reader, "lfs").unwrap_or_default();
        let url = self.text(reader, "git")?;
        let url = url.strip_prefix("git+").unwrap_or(&url).to_owned();
        Some(SourceKind::Git {
            url,
            reference,
            subdirectory,
            path,
            lfs,
        })
    }

    fn path(&self, reader: &mut Reader<'_>) -> Option<SourceKind> {
        self.exclude(
            reader,
            "path",
            &["index", "workspace", "rev", "tag", "branch"],
        );
        let editable = self.flag(reader, "editable");
        let package = self.flag(reader, "package");
        if editable == Some(true) && package == Some(false) {
            self.exclude(reader, "editable", &["package"]);
        }
        Some(SourceKind::Path {
            path: self.text(reader, "path")?,
            editable,
            package,
        })
    }

    fn workspace(&self, reader: &mut Reader<'_>, node: &Node<'_>) -> Option<SourceKind> {
        self.exclude(reader, "workspace", &["rev", "tag", "branch", "package"]);
        let editable = self.flag(reader, "editable");
        let reference = if let Some(here) = node.get_ref().as_bool() {
            WorkspaceReference::Here(here)
        } else if let Some(path) = node.get_ref().as_str() {
            WorkspaceReference::At(path.to_owned())
        } else {
            reader.unfit(
                node,
                &format!("{}.workspace", self.place),
                "a boolean or a path",
            );
            return None;
        };
        Some(SourceKind::Workspace {
            reference,
            editable,
        })
    }

    fn limit(&self, reader: &mut Reader<'_>) -> Option<Limit> {
        if self.table.contains_key("extra") {
            self.exclude(reader, "extra", &["group"]);
        }
        let span = |key: &str| self.table.get(key).map_or(0..0, toml::Spanned::span);
        if let Some(extra) = self.text(reader, "extra") {
            return reader.extra_name(&extra, span("extra")).map(Limit::Extra);
        }
        let group = self.text(reader, "group")?;
        reader.group_name(&group, span("group")).map(Limit::Group)
    }
}
