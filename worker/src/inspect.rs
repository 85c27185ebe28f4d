//! `POST /v1/diff`, `/v1/tree` and `/v1/why`: locks looked at. Nobody is asked.

use diagnostic::Sources;
use lockwright::Failure;
use lockwright::inspect::LockText;
use lockwright::inspect::diff::{DiffRequest, diff};
use lockwright::inspect::tree::{TreeQuery, tree};
use lockwright::inspect::why::{WhyQuery, why};
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Request, Response};

use crate::limits::{LOCKS_BODY, read_body};
use crate::reply::{self, Refusal};
use crate::work::text_of;

/// What changed from one lock to another: JSON, or text or Markdown where `Accept` wants that.
pub(crate) async fn answer_diff(request: &mut Request) -> Result<Response, Refusal> {
    let style = style(request);
    let asked: DiffRequest = json(request).await?;
    let reply = diff(&asked).map_err(|it| refused(&it, &[&asked.old, &asked.new]))?;
    match style {
        Style::Json => reply::json(&reply),
        Style::Text => plain("text/plain", reply.text()),
        Style::Markdown => plain("text/markdown", reply.markdown()),
    }
}

/// A lock's graph as trees: JSON, or lines where `Accept` wants text.
pub(crate) async fn answer_tree(request: &mut Request) -> Result<Response, Refusal> {
    let style = style(request);
    let asked: TreeQuery = json(request).await?;
    let reply = tree(&asked).map_err(|it| refused(&it, &[&asked.lock]))?;
    said(style, &reply, || reply.text(false))
}

/// Why a package is locked: JSON, or lines where `Accept` wants text.
pub(crate) async fn answer_why(request: &mut Request) -> Result<Response, Refusal> {
    let style = style(request);
    let asked: WhyQuery = json(request).await?;
    let reply = why(&asked).map_err(|it| refused(&it, &[&asked.lock]))?;
    said(style, &reply, || reply.text())
}

/// How an answer is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Style {
    Json,
    Text,
    Markdown,
}

fn style(request: &Request) -> Style {
    let accept = request.headers().get("accept").ok().flatten();
    let accept = accept.unwrap_or_default();
    if accept.contains("text/markdown") {
        Style::Markdown
    } else if accept.contains("text/plain") {
        Style::Text
    } else {
        Style::Json
    }
}

fn said(
    style: Style,
    reply: &impl Serialize,
    text: impl Fn() -> String,
) -> Result<Response, Refusal> {
    match style {
        Style::Text => plain("text/plain", text()),
        Style::Json | Style::Markdown => reply::json(reply),
    }
}

fn plain(media_type: &str, text: String) -> Result<Response, Refusal> {
    reply::unkept(&format!("{media_type}; charset=utf-8"), text)
}

fn refused(failure: &Failure, locks: &[&LockText]) -> Refusal {
    let sources = locks.iter().fold(Sources::none(), |sources, lock| {
        sources.with(&lock.name, &lock.text)
    });
    Refusal::of(failure, &sources)
}

async fn json<T: DeserializeOwned>(request: &mut Request) -> Result<T, Refusal> {
    match Body::read(request, LOCKS_BODY).await? {
        Body::Json(text) => serde_json::from_str(&text)
            .map_err(|error| Refusal::new(400, "request/invalid-json", error.to_string())),
        Body::Text(_) => Err(Refusal::new(
            415,
            "request/unsupported-media-type",
            "the body has to be `application/json`",
        )),
    }
}

/// A body as it was sent.
pub(crate) enum Body {
    Json(String),
    Text(String),
}

impl Body {
    pub(crate) async fn read(request: &mut Request, limit: usize) -> Result<Self, Refusal> {
        let content_type = request.headers().get("content-type").ok().flatten();
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        let text = text_of(read_body(request, limit).await?)?;
        Ok(match content_type.split(';').next().map(str::trim) {
            Some("application/json") => Self::Json(text),
            _ => Self::Text(text),
        })
    }
}

/// The pairs of the query.
pub(crate) fn query_of(request: &Request) -> Result<Vec<(String, String)>, Refusal> {
    let url = request.url().map_err(Refusal::ours)?;
    Ok(url.query_pairs().into_owned().collect())
}
