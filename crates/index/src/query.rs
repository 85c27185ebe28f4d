//! The questions a resolution asks of an index, and the answers there are.

use std::sync::Arc;

use packaging::{Hash, IndexUrl, PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::{
    Archive, ArchiveQuery, Checkout, File, Metadata, Project, RepositoryQuery, Unverified,
};

/// A question.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Query {
    /// Which releases and files does the index have of the project?
    Project {
        /// The index asked.
        index: IndexUrl,
        /// The project.
        name: PackageName,
    },
    /// What does the file say about itself?
    Metadata(MetadataQuery),
    /// What does an archive say that a requirement names itself?
    Archive(ArchiveQuery),
    /// What is in a git repository that a requirement names?
    Repository(RepositoryQuery),
}

/// Which file's metadata is wanted, with all that is needed to get it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct MetadataQuery {
    /// The project the file must belong to.
    pub name: PackageName,
    /// The version the file must have.
    pub version: Version,
    /// The file's name; tells wheel from sdist.
    pub filename: Arc<str>,
    /// Where the file is.
    pub url: Arc<str>,
    /// Its size in bytes, if the index says.
    pub size: Option<u64>,
    /// Whether the index serves the metadata beside the file (PEP 658).
    pub beside: bool,
    /// The digest the metadata file must have, if the index says.
    pub metadata_hash: Option<Hash>,
    /// The digest the file must have, if the index says (read when the whole file is fetched).
    pub file_hash: Option<Hash>,
}

impl MetadataQuery {
    /// The query for the metadata of a file of a release.
    #[must_use]
    pub fn of(name: &PackageName, version: &Version, file: &File) -> Self {
        Self {
            name: name.clone(),
            version: version.clone(),
            filename: file.filename.clone(),
            url: file.url.clone(),
            size: file.size,
            beside: file.core_metadata.is_some(),
            metadata_hash: file.core_metadata.as_ref().and_then(|it| it.hash.clone()),
            file_hash: file.hashes.last().cloned(),
        }
    }
}

impl MetadataQuery {
    /// Where the metadata beside the file is (PEP 658).
    #[must_use]
    pub fn metadata_url(&self) -> String {
        // A query of the URL belongs to the file; the suffix goes before it.
        match self.url.split_once('?') {
            Some((path, query)) => format!("{path}.metadata?{query}"),
            None => format!("{}.metadata", self.url),
        }
    }
}

/// Why there is nothing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Absence {
    /// The index has no such page or file (404, 410).
    NotFound,
    /// The index refused (401, 403).
    Unauthorized,
    /// Nothing is cached, and requests are not allowed.
    Offline,
    /// Only building the source distribution could tell.
    NeedsBuild {
        /// What the archive does not say by itself.
        reason: String,
        /// What it says of its requirements without vouching for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<Box<Unverified>>,
    },
    /// The metadata does not parse.
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The metadata is of another project or version than the file name says.
    Inconsistent {
        /// What it says, and what was expected.
        reason: String,
    },
    /// An answer of the other kind was recorded.
    Mismatched,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The project's releases.
    Project(Arc<Project>),
    /// The file's metadata.
    Metadata(Arc<Metadata>),
    /// The archive, read.
    Archive(Arc<Archive>),
    /// The repository at a commit.
    Repository(Arc<Checkout>),
    /// There is none.
    Absent(Absence),
}
