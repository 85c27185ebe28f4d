//! What package indexes say: an [`Index`] holds everything heard so far, and only grows.

#[cfg(test)]
mod archives;
pub mod digest;
pub mod direct;
mod gzip;
pub mod metadata;
pub mod page;
pub mod project;
pub mod query;
pub mod sdist;
mod setuptools;
pub mod simple_html;
pub mod simple_json;
pub mod stated;
mod tar;
pub mod unverified;
pub mod wheel;
mod zip;

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use packaging::Requirement;
use rustc_hash::{FxHashMap, FxHashSet};

pub use direct::{
    Archive, ArchivePlace, ArchiveQuery, Checkout, RepositoryQuery, archive_metadata, wheel_of,
};
pub use metadata::{Metadata, MetadataError};
pub use packaging::IndexUrl;
pub use page::PageError;
pub use project::{CoreMetadata, File, FileKind, FileRequiresPython, Project, Release, Yanked};
pub use query::{Absence, Answer, MetadataQuery, Query};
pub use setuptools::{Declared, Field};
pub use simple_html::percent_decoded;
pub use stated::SourceTree;
pub use unverified::Unverified;
pub use zip::ZipError;

/// What is known about something: never asked, asked and absent, or present.
///
/// A failed request is none of the three: it ends the run.
#[derive(Debug)]
pub enum Known<'a, T: ?Sized> {
    /// Nobody asked yet.
    Unasked,
    /// Asked; there is none, and why.
    Absent(&'a Absence),
    /// Asked, and there it is.
    Present(&'a T),
}

/// Everything heard from indexes so far.
#[derive(Clone, Debug, Default)]
pub struct Index {
    answers: FxHashMap<Query, Answer>,
    /// Each requirement heard of: the releases of a project mostly repeat what the others say.
    requirements: FxHashSet<ByText>,
}

/// A requirement, known by its text.
#[derive(Clone, Debug)]
struct ByText(Arc<Requirement>);

impl Borrow<str> for ByText {
    fn borrow(&self) -> &str {
        &self.0.text
    }
}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.0.text).hash(state);
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for ByText {}

impl Index {
    /// Records an answer. What is known stays: a second answer to the same query is ignored.
    pub fn learn(&mut self, query: Query, answer: Answer) {
        if self.knows(&query) {
            return;
        }
        let answer = match answer {
            Answer::Metadata(metadata) => Answer::Metadata(self.share(metadata)),
            answer => answer,
        };
        self.answers.insert(query, answer);
    }

    /// The same metadata, its requirements in the place of equal ones.
    fn share(&mut self, metadata: Arc<Metadata>) -> Arc<Metadata> {
        let mut metadata = Arc::unwrap_or_clone(metadata);
        metadata.requires_dist.shrink_to_fit();
        for requirement in &mut metadata.requires_dist {
            match self.requirements.get(&*requirement.text) {
                Some(known) => *requirement = known.0.clone(),
                None => {
                    self.requirements.insert(ByText(requirement.clone()));
                }
            }
        }
        Arc::new(metadata)
    }

    /// Whether the query has been answered.
    #[must_use]
    pub fn knows(&self, query: &Query) -> bool {
        self.answers.contains_key(query)
    }

    /// What is known about a query.
    #[must_use]
    pub fn answer(&self, query: &Query) -> Option<&Answer> {
        self.answers.get(query)
    }

    /// What is known about a project on an index.
    #[must_use]
    pub fn project(&self, query: &Query) -> Known<'_, Arc<Project>> {
        match self.answers.get(query) {
            None => Known::Unasked,
            Some(Answer::Project(project)) => Known::Present(project),
            Some(Answer::Absent(absence)) => Known::Absent(absence),
            Some(_) => Known::Absent(&Absence::Mismatched),
        }
    }

    /// What is known about the metadata of a file.
    #[must_use]
    pub fn metadata(&self, query: &Query) -> Known<'_, Arc<Metadata>> {
        match self.answers.get(query) {
            None => Known::Unasked,
            Some(Answer::Metadata(metadata)) => Known::Present(metadata),
            Some(Answer::Absent(absence)) => Known::Absent(absence),
            Some(_) => Known::Absent(&Absence::Mismatched),
        }
    }
}
