//! Where a requirement's distribution comes from, once tool tables have had their say.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ExtraName, GroupName, Marker, PackageName, VersionSpecifiers};

/// The URL of a simple index as configured: credentials removed, trailing slash preserved.
///
/// Two spellings are two indexes, as they are in uv.
#[derive(Clone, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct IndexUrl(Arc<str>);

impl IndexUrl {
    /// Takes a URL, removing user name and password.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Self(url.into());
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        match rest[..end].rfind('@') {
            Some(at) => Self(format!("{scheme}://{}", &rest[at + 1..]).into()),
            None => Self(url.into()),
        }
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a project's page: `<index>/<name>/`.
    #[must_use]
    pub fn page(&self, name: &PackageName) -> String {
        format!("{}/{name}/", self.0.trim_end_matches('/'))
    }
}

impl fmt::Display for IndexUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for IndexUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// A text as a value of a URL's query: `application/x-www-form-urlencoded`, as browsers do it.
#[must_use]
pub fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'*' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// Which revision of a git repository is meant.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum GitReference {
    /// The default branch.
    #[default]
    Default,
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
    /// A commit, or any other revision.
    Revision(String),
}

/// One side of a declared conflict (`[tool.uv] conflicts`).
///
/// The order is uv's: project name, then extra before group before the project itself, then name.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ConflictItem {
    /// The project the item belongs to.
    pub package: PackageName,
    /// What of it.
    pub kind: ConflictKind,
}

/// What of a project conflicts.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum ConflictKind {
    /// One of its extras.
    Extra(ExtraName),
    /// One of its dependency groups.
    Group(GroupName),
    /// The project as a whole.
    Project,
}

/// Where a requirement's distribution comes from.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum RequirementSource {
    /// A package index.
    Registry {
        /// Which versions are wanted.
        specifiers: VersionSpecifiers,
        /// The only index to look at, if one is named.
        index: Option<IndexUrl>,
        /// Set when the source holds only together with an extra or group.
        conflict: Option<ConflictItem>,
    },
    /// An archive at a URL.
    Url {
        /// The URL, fragment kept.
        url: Arc<str>,
        /// The folder inside the archive.
        subdirectory: Option<Arc<str>>,
    },
    /// A git repository.
    Git {
        /// The repository's URL, credentials removed.
        url: Arc<str>,
        /// The revision asked for.
        reference: GitReference,
        /// The commit, when the reference is a full one or has been resolved.
        commit: Option<Arc<str>>,
        /// The folder inside the repository.
        subdirectory: Option<Arc<str>>,
    },
    /// A local archive, relative to the lock's folder with `/`.
    Path(Arc<str>),
    /// A local source tree, relative to the lock's folder with `/`.
    Directory {
        /// The folder.
        path: Arc<str>,
        /// Installed in place.
        editable: bool,
        /// Never installed itself: only its requirements count.
        is_virtual: bool,
    },
}

/// A requirement with its source.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SourcedRequirement {
    /// The project.
    pub name: PackageName,
    /// Extras in declaration order, duplicates kept.
    pub extras: Vec<ExtraName>,
    /// Dependency groups (workspace members only).
    pub groups: Vec<GroupName>,
    /// Specifiers any of which will do as well as those of the source; only poetry can say so.
    pub alternatives: Vec<VersionSpecifiers>,
    /// When it applies; carries `extra == '…'` for optional dependencies.
    pub marker: Marker,
    /// Where it comes from.
    pub source: RequirementSource,
}
