//! One locked package: identity, edges, files, and what it says about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use packaging::{
    ExtraName, GitReference, GroupName, Hash, IndexUrl, Marker, PackageName, RequirementSource,
    SourcedRequirement, Version, VersionSpecifier,
};

use crate::DefaultGroups;

/// Where a package comes from. The order of the variants is the order of sorting.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// A package index.
    Registry(IndexUrl),
    /// A commit of a git repository.
    Git {
        /// The repository, credentials removed; the queries `path` and `lfs` of uv are kept.
        url: Arc<str>,
        /// What was asked for.
        reference: GitReference,
        /// The full commit.
        commit: Arc<str>,
        /// The folder inside.
        subdirectory: Option<Arc<str>>,
    },
    /// An archive at a URL.
    Url {
        /// The URL, fragment removed.
        url: Arc<str>,
        /// The folder inside.
        subdirectory: Option<Arc<str>>,
    },
    /// A local archive, relative to the lock.
    Path(Arc<str>),
    /// A source tree, installed by copy.
    Directory(Arc<str>),
    /// A source tree, installed in place.
    Editable(Arc<str>),
    /// A source tree that is never installed itself.
    Virtual(Arc<str>),
}

impl Source {
    /// Whether this is a source tree on disk.
    #[must_use]
    pub fn is_source_tree(&self) -> bool {
        self.folder().is_some()
    }

    /// Whether this is the source tree in the lock's own folder.
    #[must_use]
    pub fn is_own_folder(&self) -> bool {
        self.folder() == Some(".")
    }

    /// The folder of a source tree, relative to the lock.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        match self {
            Self::Directory(path) | Self::Editable(path) | Self::Virtual(path) => Some(path),
            Self::Registry(_) | Self::Git { .. } | Self::Url { .. } | Self::Path(_) => None,
        }
    }
}

impl fmt::Display for Source {
    /// The source as it would be written after `@`, without user name and password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, subdirectory) = match self {
            Self::Registry(index) => (index.to_string(), &None),
            Self::Git {
                url,
                reference,
                subdirectory,
                ..
            } => {
                let reference = match reference {
                    GitReference::Default => String::new(),
                    GitReference::Branch(name)
                    | GitReference::Tag(name)
                    | GitReference::Revision(name) => format!("@{name}"),
                };
                (format!("git+{url}{reference}"), subdirectory)
            }
            Self::Url { url, subdirectory } => {
                (IndexUrl::new(url).as_str().to_owned(), subdirectory)
            }
            Self::Path(path)
            | Self::Directory(path)
            | Self::Editable(path)
            | Self::Virtual(path) => (path.to_string(), &None),
        };
        match subdirectory {
            Some(subdirectory) => write!(formatter, "{place}#subdirectory={subdirectory}"),
            None => formatter.write_str(&place),
        }
    }
}

/// What tells one package of a lock from another.
///
/// Sorted by name, version (a missing one first), source.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PackageId {
    /// The project.
    pub name: PackageName,
    /// The version; a source tree with a dynamic version has none.
    pub version: Option<Version>,
    /// Where it comes from.
    pub source: Source,
}

/// An edge of the graph.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dependency {
    /// The package needed.
    pub id: PackageId,
    /// The extras of it that are needed.
    pub extras: BTreeSet<ExtraName>,
    /// When: the whole condition of the edge, not simplified by anything.
    pub marker: Marker,
}

/// Where a pinned file is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ArtifactSource {
    /// At a URL.
    Url(Arc<str>),
    /// At a path relative to the index, a folder, that the package comes from.
    Path(Arc<str>),
    /// Only the name is known (files of a local or git archive; `poetry.lock`, `pdm.lock`).
    Name(Arc<str>),
}

/// A pinned file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Artifact {
    /// The file's name.
    pub filename: Arc<str>,
    /// Where it is.
    pub source: ArtifactSource,
    /// Every digest known, weakest algorithm first.
    pub hashes: Vec<Hash>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Upload time in milliseconds since 1970-01-01T00:00:00Z.
    pub upload_time: Option<i64>,
    /// Why it was withdrawn, if it was (the reason may be empty).
    pub yanked: Option<Arc<str>>,
}

impl Artifact {
    /// A file of which nothing but a digest is known: flat lists do not say which file has it.
    #[must_use]
    pub fn anonymous(hash: Hash) -> Self {
        Self {
            filename: "".into(),
            source: ArtifactSource::Name("".into()),
            hashes: vec![hash],
            size: None,
            upload_time: None,
            yanked: None,
        }
    }

    /// Whether nothing but digests is known.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.filename.is_empty()
    }
}

/// What a package says in its own metadata, kept raw: formats spell it differently.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    /// The name as written (`PyYAML`).
    pub raw_name: Option<Arc<str>>,
    /// `Summary`.
    pub summary: Option<Arc<str>>,
    /// `Requires-Python` as the index wrote it, or else the metadata.
    pub requires_python: Option<Arc<str>>,
    /// The same as the index wrote it, if it did.
    pub index_requires_python: Option<Arc<str>>,
    /// `Requires-Dist`, in order.
    pub requires_dist: Vec<Arc<packaging::Requirement>>,
    /// `Provides-Extra`, in order.
    pub provides_extra: Vec<ExtraName>,
    /// `License-Expression` or `License`.
    pub license: Option<Arc<str>>,
    /// All files of the release the index has, sdists first, by name: nothing filtered out.
    pub files: Vec<Artifact>,
    /// Every version of the project that the index has and has not withdrawn, ascending; empty
    /// where nobody looked.
    pub listed: Arc<[Version]>,
}

/// What a local project asked for when it was locked: uv's `[package.metadata]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// `dependencies`, then optional ones with `extra == '…'`.
    pub requires_dist: Vec<SourcedRequirement>,
    /// The extras declared, in order.
    pub provides_extra: Vec<ExtraName>,
    /// Dependency groups, includes expanded.
    pub requires_dev: BTreeMap<GroupName, Vec<SourcedRequirement>>,
}

/// One locked package.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// Its identity.
    pub id: PackageId,
    /// The forks it belongs to, in the lock's order; only when several packages share its name.
    pub forks: Vec<Marker>,
    /// When it is reached at all; with conflict pseudo-extras, not simplified. Edges are written
    /// without what it says already. [`Lock::mark`](crate::Lock::mark) computes it.
    pub marker: Marker,
    /// The same for its extras; one that is missing is reached whenever the package is.
    pub extra_markers: BTreeMap<ExtraName, Marker>,
    /// Edges that always hold.
    pub dependencies: Vec<Dependency>,
    /// Edges of its extras.
    pub optional_dependencies: BTreeMap<ExtraName, Vec<Dependency>>,
    /// Edges of its dependency groups.
    pub dev_dependencies: BTreeMap<GroupName, Vec<Dependency>>,
    /// The source distribution.
    pub sdist: Option<Artifact>,
    /// The wheels that some environment of the lock could use, by file name.
    pub wheels: Vec<Artifact>,
    /// What it says about itself, where that was heard.
    pub published: Option<Arc<Published>>,
    /// What it asked for, when it is local.
    pub declared: Option<Declared>,
    /// Groups installed by default, for local projects that say so.
    pub default_groups: Option<DefaultGroups>,
    /// `requires-python` of its dependency groups.
    pub group_requires_python: BTreeMap<GroupName, String>,
}

impl Package {
    /// A package that is always wanted, without edges and files.
    #[must_use]
    pub fn new(id: PackageId) -> Self {
        Self {
            id,
            forks: Vec::new(),
            marker: Marker::TRUE,
            extra_markers: BTreeMap::new(),
            dependencies: Vec::new(),
            optional_dependencies: BTreeMap::new(),
            dev_dependencies: BTreeMap::new(),
            sdist: None,
            wheels: Vec::new(),
            published: None,
            declared: None,
            default_groups: None,
            group_requires_python: BTreeMap::new(),
        }
    }

    /// Its files: the source distribution, then the wheels.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.sdist.iter().chain(&self.wheels)
    }

    /// The requirement that only this package satisfies.
    #[must_use]
    pub fn pin(&self, extras: Vec<ExtraName>, marker: Marker) -> SourcedRequirement {
        let source = match &self.id.source {
            Source::Registry(_) => {
                let version = self.id.version.clone();
                let specifiers = version.map(VersionSpecifier::equals_version);
                RequirementSource::Registry {
                    specifiers: specifiers.into_iter().collect(),
                    index: None,
                    conflict: None,
                }
            }
            Source::Git {
                url,
                reference,
                commit,
                subdirectory,
            } => RequirementSource::Git {
                url: url.clone(),
                reference: reference.clone(),
                commit: Some(commit.clone()),
                subdirectory: subdirectory.clone(),
            },
            Source::Url { url, subdirectory } => RequirementSource::Url {
                url: url.clone(),
                subdirectory: subdirectory.clone(),
            },
            Source::Path(path) => RequirementSource::Path(path.clone()),
            Source::Directory(path) | Source::Editable(path) | Source::Virtual(path) => {
                RequirementSource::Directory {
                    path: path.clone(),
                    editable: matches!(self.id.source, Source::Editable(_)),
                    is_virtual: matches!(self.id.source, Source::Virtual(_)),
                }
            }
        };
        SourcedRequirement {
            alternatives: Vec::new(),
            name: self.id.name.clone(),
            extras,
            groups: Vec::new(),
            marker,
            source,
        }
    }
}
