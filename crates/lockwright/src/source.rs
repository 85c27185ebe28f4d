//! Who answers queries, and how: pages, metadata files, ranges out of wheels, sdists.

mod archive;
mod cache;
mod checksum;
mod file;
mod forge;
mod gate;
mod http;
mod page;
mod repository;

use futures_util::stream::LocalBoxStream;
use index::{Answer, Query};

pub use cache::{Cache, CacheKey, Cached, NoCache};
pub use forge::is_on_public_forge;
pub use http::{HttpSettings, HttpSource};

/// A query that could not be answered. It ends the run: failure is not absence.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("could not read `{url}`: {reason}")]
pub struct SourceError {
    /// What was asked for, without credentials.
    pub url: String,
    /// What went wrong.
    pub reason: String,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// Whether it was a matter of time.
    pub timed_out: bool,
}

impl SourceError {
    /// An error about a URL, whose user information is left out.
    #[must_use]
    pub fn new(url: &str, reason: impl Into<String>) -> Self {
        Self {
            url: without_credentials(url),
            reason: reason.into(),
            status: None,
            timed_out: false,
        }
    }
}

/// Answers queries.
pub trait Source {
    /// Asks for several things at once; answers come in any order, one per query.
    ///
    /// Dropping the stream cancels what nobody else asked for.
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> LocalBoxStream<'a, Result<(Query, Answer), SourceError>>;

    /// The answer, where it can be had without waiting for anybody.
    fn at_hand(&self, _: &Query) -> Option<Answer> {
        None
    }
}

/// The URL without user name and password.
#[must_use]
pub fn without_credentials(url: &str) -> String {
    packaging::IndexUrl::new(url).as_str().to_owned()
}
