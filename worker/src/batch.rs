//! `POST /v1/index/batch`: index answers in the compact form, for resolvers that run in a browser.

use futures_util::StreamExt;
use lockwright::batch::{BatchRequest, MAX_QUERIES, MEDIA_TYPE};
use worker::{Env, Request, Response};

use crate::limits::{BODY, read_body};
use crate::reply::Refusal;
use crate::settings::Settings;
use crate::shards::Shards;

/// Streams answers in the order in which they arrive.
pub(crate) async fn answer(
    request: &mut Request,
    env: &Env,
    settings: Settings,
) -> Result<Response, Refusal> {
    let body = read_body(request, BODY).await?;
    let batch: BatchRequest = serde_json::from_slice(&body)
        .map_err(|error| Refusal::new(400, "request/invalid-json", error.to_string()))?;
    if batch.queries.len() > MAX_QUERIES {
        let title = format!("a batch may hold {MAX_QUERIES} queries");
        return Err(Refusal::new(413, "request/too-many-queries", title));
    }
    let records = Shards::new(env.clone(), settings).records(batch.queries);
    let pieces = records.map(|record| Ok::<_, worker::Error>(record.to_bytes()));
    let response = Response::from_stream(pieces).map_err(Refusal::ours)?;
    response
        .headers()
        .set("content-type", MEDIA_TYPE)
        .map_err(Refusal::ours)?;
    response
        .headers()
        .set("cache-control", "no-store")
        .map_err(Refusal::ours)?;
    Ok(response)
}
