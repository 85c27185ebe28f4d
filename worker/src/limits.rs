//! What one request may use.

use std::time::Duration;

use futures_util::StreamExt;
use worker::Request;

use crate::reply::Refusal;

/// The largest request body with a project in it.
pub(crate) const BODY: usize = 1024 * 1024;

/// The largest request body with locks in it.
pub(crate) const LOCKS_BODY: usize = 8 * BODY;

/// How long one lock may take.
pub(crate) const LOCK_TIME: Duration = Duration::from_secs(60);

/// How long an index may take for one answer.
pub(crate) const FETCH_TIME: Duration = Duration::from_secs(20);

/// How many requests a shard has under way at once; the platform lets six connections wait.
pub(crate) const SHARD_CONCURRENCY: usize = 6;

/// The largest answer that is read from an index.
pub(crate) const ANSWER: usize = 64 * 1024 * 1024;

/// How much of a body that is too large is let pass by, so that its sender lives to hear why.
///
/// A connection that is closed under a sender breaks before it reads the answer.
const PASSED_BY: usize = 16 * 1024 * 1024;

/// Reads a request's body, and keeps nothing of one that is too large.
pub(crate) async fn read_body(request: &mut Request, limit: usize) -> Result<Vec<u8>, Refusal> {
    let announced = request.headers().get("content-length").ok().flatten();
    let announced: Option<usize> = announced.and_then(|length| length.parse().ok());
    if announced.is_some_and(|length| length > PASSED_BY) {
        return Err(too_large(limit));
    }
    let Ok(mut stream) = request.stream() else {
        return Ok(Vec::new());
    };
    let mut body = Vec::new();
    let mut received = 0;
    while let Some(piece) = stream.next().await {
        let piece =
            piece.map_err(|_| Refusal::new(400, "request/body-broken", "the body broke off"))?;
        received += piece.len();
        if received > PASSED_BY {
            break;
        }
        if received > limit {
            body = Vec::new();
        } else {
            body.extend_from_slice(&piece);
        }
    }
    if received > limit {
        Err(too_large(limit))
    } else {
        Ok(body)
    }
}

fn too_large(limit: usize) -> Refusal {
    let title = format!("the body is larger than {} KiB", limit / 1024);
    Refusal::new(413, "request/too-large", title).help(
        "send only `pyproject.toml`, an existing lock, and workspace members' `pyproject.toml`",
    )
}
