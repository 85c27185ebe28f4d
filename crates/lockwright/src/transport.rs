//! How bytes are fetched: the one thing every shell does for itself.

use std::future::Future;
use std::ops::Range;

/// What to get.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The absolute URL. May carry user information; it must not appear in errors or logs.
    pub url: String,
    /// The `Accept` header.
    pub accept: Option<&'static str>,
    /// Bytes wanted: absolute, end exclusive.
    pub range: Option<Range<u64>>,
    /// Revalidate against this entity tag.
    pub etag: Option<String>,
}

/// What came back. Redirects have been followed.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The URL that answered, after redirects.
    pub url: String,
    /// `Content-Type`, parameters included.
    pub content_type: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// Freshness in seconds (`Cache-Control: max-age`), if said.
    pub max_age: Option<u64>,
    /// The whole size, where `Content-Range` or `Content-Length` says.
    pub total: Option<u64>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

/// Why nothing came back, after the transport's own retries.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct TransportError {
    /// What happened, without credentials.
    pub reason: String,
    /// Whether it was a matter of time.
    pub timed_out: bool,
}

/// Fetches bytes. Implementations pool connections, bound concurrency and retry
/// 429, 5xx and time-outs with back-off; a status is an answer, never an error.
pub trait Transport {
    /// Sends a GET request.
    fn get(&self, request: Request) -> impl Future<Output = Result<Reply, TransportError>>;
}
