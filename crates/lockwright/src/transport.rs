//! How bytes are fetched: the one thing every shell does for itself.

use std::future::Future;
use std::ops::Range;

use packaging::GitReference;

/// What to get.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Request {
    /// The absolute URL. May carry user information; it must not appear in errors or logs.
    pub url: String,
    /// The `Accept` header.
    pub accept: Option<&'static str>,
    /// Bytes wanted: absolute, end exclusive.
    pub range: Option<Range<u64>>,
    /// Revalidate against this entity tag: `If-None-Match`, answered by 304 when nothing changed.
    pub etag: Option<String>,
    /// Whether the body may travel compressed. Archives may not: their bytes are hashed, and
    /// some servers declare the archive's own compression as that of the transfer.
    pub compressed: bool,
}

/// What came back. Redirects have been followed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The URL that answered, after redirects.
    pub url: String,
    /// `Content-Type`, parameters included.
    pub content_type: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// Freshness in seconds, if `Cache-Control` says.
    pub max_age: Option<u64>,
    /// The size of the whole file, where `Content-Range` says, or `Content-Length` does so for an
    /// uncompressed whole.
    pub total: Option<u64>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Reply {
    /// A reply from its parts; reads the headers that matter through `header`.
    pub fn new(
        status: u16,
        url: impl Into<String>,
        body: Vec<u8>,
        header: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let whole = || header("content-length").filter(|_| header("content-encoding").is_none());
        let total = match status {
            206 | 416 => header("content-range")
                .and_then(|range| range.rsplit('/').next().map(str::to_owned)),
            _ => whole(),
        };
        Self {
            status,
            url: url.into(),
            content_type: header("content-type"),
            etag: header("etag"),
            max_age: header("cache-control").and_then(|it| max_age(&it)),
            total: total.and_then(|total| total.trim().parse().ok()),
            body,
        }
    }
}

/// For how many seconds a `Cache-Control` header calls an answer fresh.
#[must_use]
pub fn max_age(cache_control: &str) -> Option<u64> {
    let directives = || cache_control.split(',').map(str::trim);
    if directives()
        .any(|it| it.eq_ignore_ascii_case("no-store") || it.eq_ignore_ascii_case("no-cache"))
    {
        return Some(0);
    }
    directives().find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        let seconds = seconds.trim().trim_matches('"').parse().ok()?;
        name.trim()
            .eq_ignore_ascii_case("max-age")
            .then_some(seconds)
    })
}

/// Why nothing came back, after the transport's own retries.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct TransportError {
    /// What happened, without credentials.
    pub reason: String,
    /// Whether it was a matter of time.
    pub timed_out: bool,
}

/// What is asked of a git repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GitRequest {
    /// The full commit that a reference stands for.
    Commit {
        /// The repository. May carry user information; it must not appear in errors or logs.
        url: String,
        /// The branch, tag or revision.
        reference: GitReference,
    },
    /// The paths of all files.
    Paths {
        /// The repository.
        url: String,
        /// The full commit.
        commit: String,
    },
    /// The contents of files.
    Files {
        /// The repository.
        url: String,
        /// The full commit.
        commit: String,
        /// The paths from the top, with `/`.
        paths: Vec<String>,
    },
}

/// What a git repository says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GitReply {
    /// The full commit, in lower case.
    Commit(String),
    /// The paths of all files, with `/`.
    Paths(Vec<String>),
    /// The contents of the files, in order; `None` for what is no file.
    Files(Vec<Option<Vec<u8>>>),
    /// There is no such repository or revision; why.
    Absent(String),
}

/// Fetches bytes. Implementations pool connections, retry 429, 5xx and time-outs with back-off,
/// and follow redirects; a status is an answer, never an error.
///
/// How many requests run at once is bounded by [`HttpSource`](crate::HttpSource).
pub trait Transport {
    /// Sends a GET request.
    fn get(&self, request: Request) -> impl Future<Output = Result<Reply, TransportError>>;

    /// Reads a file that the user named, relative to the lock's folder; `None` if there is none.
    /// Only a shell with a disk can.
    fn read(&self, path: &str) -> impl Future<Output = Result<Option<Vec<u8>>, TransportError>> {
        let reason = format!("`{path}` is a local file, which only the command can read");
        async {
            Err(TransportError {
                reason,
                timed_out: false,
            })
        }
    }

    /// Asks a git repository by git itself; `None` where there is no git. Then the HTTP API of the
    /// forge is asked, if the repository is on one that is known.
    fn git(
        &self,
        request: GitRequest,
    ) -> impl Future<Output = Option<Result<GitReply, TransportError>>> {
        drop(request);
        async { None }
    }

    /// Computes something that takes a while, parsing a page for instance: on another thread where
    /// there is one, and right here by default.
    fn compute<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> impl Future<Output = R> {
        async { work() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_what_cache_control_says() {
        assert_eq!(max_age("max-age=600, public"), Some(600));
        assert_eq!(max_age("public, Max-Age=\"60\""), Some(60));
        assert_eq!(max_age("no-cache, max-age=600"), Some(0));
        assert_eq!(max_age("private, s-maxage=9"), None);
        assert_eq!(max_age("max-age=soon"), None);
    }

    #[test]
    fn the_total_is_that_of_the_whole_file() {
        let reply = |status, headers: &[(&str, &str)]| {
            Reply::new(status, "", Vec::new(), |name| {
                headers
                    .iter()
                    .find(|it| it.0 == name)
                    .map(|it| it.1.to_owned())
            })
            .total
        };
        let ranged = [
            ("content-range", "bytes 0-9/1234"),
            ("content-length", "10"),
        ];
        assert_eq!(reply(206, &ranged), Some(1234));
        assert_eq!(reply(206, &[("content-range", "bytes 0-9/*")]), None);
        assert_eq!(reply(416, &[("content-range", "bytes */99")]), Some(99));
        assert_eq!(reply(200, &[("content-length", "10")]), Some(10));
        assert_eq!(
            reply(
                200,
                &[("content-length", "10"), ("content-encoding", "gzip")]
            ),
            None
        );
    }
}
