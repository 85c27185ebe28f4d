//! What a format has to be told of each package, so that others can ask for it beforehand.

use lock::{Artifact, ArtifactSource, Package, Source};

/// What a format has to be told of each package, beyond names, versions and edges.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Needs {
    /// A digest of each file.
    pub hashes: bool,
    /// Where each file is, its size and when it was uploaded.
    pub places: bool,
    /// Of the wheels only those that some environment of the lock could use.
    pub usable: bool,
    /// Every file of the release.
    pub releases: bool,
    /// What the distribution says about itself: its requirements, extras and summary.
    pub metadata: bool,
}

impl Needs {
    /// Nothing.
    pub const NOTHING: Self = Self {
        hashes: false,
        places: false,
        usable: false,
        releases: false,
        metadata: false,
    };

    /// What both need.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            hashes: self.hashes || other.hashes,
            places: self.places || other.places,
            usable: self.usable && other.usable,
            releases: self.releases || other.releases,
            metadata: self.metadata || other.metadata,
        }
    }

    /// Whether the index of the package has to be asked for its files.
    #[must_use]
    pub fn lacks_files(&self, package: &Package) -> bool {
        let files = || package.sdist.iter().chain(&package.wheels);
        let published = package.published.as_deref();
        matches!(package.id.source, Source::Registry(_))
            && (self.hashes && !files().any(|file| !file.hashes.is_empty())
                || self.places && (files().next().is_none() || files().any(is_placeless))
                || self.releases && published.is_none_or(|published| published.files.is_empty()))
    }

    /// Whether the package's distribution has to be asked what it says about itself. Folders are
    /// none: only the project's own files tell.
    #[must_use]
    pub fn lacks_metadata(&self, package: &Package) -> bool {
        let published = package.published.as_deref();
        self.metadata
            && !package.id.source.is_source_tree()
            && published.is_none_or(|published| published.raw_name.is_none())
    }
}

fn is_placeless(file: &Artifact) -> bool {
    matches!(file.source, ArtifactSource::Name(_))
}
