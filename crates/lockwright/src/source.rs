//! Who answers queries, and how: pages, metadata files, ranges out of wheels, sdists.

use futures_util::stream::LocalBoxStream;
use index::{Answer, Query};

/// A query that could not be answered. It ends the run: failure is not absence.
#[derive(Clone, Debug, thiserror::Error)]
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

/// Answers queries.
pub trait Source {
    /// Asks for several things at once; answers come in any order, one per query.
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> LocalBoxStream<'a, Result<(Query, Answer), SourceError>>;
}

/// Answers queries over HTTP. (being written)
#[derive(Debug)]
pub struct HttpSource;
