//! `POST /v1/convert`: a lock in, the same in another format out.

use diagnostic::Diagnose;
use lockwright::convert::ConvertRequest;
use lockwright::inspect::LockText;
use worker::{Env, Request, Response};

use crate::inspect::{Body, query_of};
use crate::limits::LOCKS_BODY;
use crate::reply::{self, Refusal};
use crate::settings::Settings;
use crate::shards::Shards;
use crate::work;

/// Converts a lock. One that is sent as it is comes back as a file, if one format is wanted.
pub(crate) async fn answer(
    request: &mut Request,
    env: &Env,
    settings: Settings,
) -> Result<Response, Refusal> {
    let query = query_of(request)?;
    let body = Body::read(request, LOCKS_BODY).await?;
    let is_json = matches!(body, Body::Json(_));
    let mut asked = match body {
        Body::Json(text) => serde_json::from_str(&text)
            .map_err(|error| Refusal::new(400, "request/invalid-json", error.to_string()))?,
        Body::Text(text) => ConvertRequest {
            lock: LockText {
                text,
                ..LockText::default()
            },
            ..ConvertRequest::default()
        },
    };
    for (name, value) in &query {
        apply(&mut asked, name, value)?;
    }
    if asked.to.is_empty() {
        let refusal = Refusal::new(400, "request/no-format", "which format shall it be?");
        return Err(refusal.help("say `?to=FORMAT`; `/v1/formats` lists them"));
    }
    work::complete(&mut asked.options, &settings)?;

    let shards = Shards::new(env.clone(), settings);
    let mut progress = |_: &lockwright::Progress| {};
    let converting = Box::pin(lockwright::convert(&asked, &shards, &mut progress));
    let reply = work::within_time(converting, &shards, &asked.sources()).await?;
    match reply.locks.iter().next() {
        Some((format, lock)) if !is_json && reply.locks.len() == 1 => reply::file(format, lock),
        _ => reply::json(&reply),
    }
}

/// Takes what is wanted out of the query.
fn apply(asked: &mut ConvertRequest, name: &str, value: &str) -> Result<(), Refusal> {
    let is_on = matches!(value, "" | "1" | "true");
    match name {
        "to" => asked
            .to
            .extend(value.split(',').map(|it| it.trim().to_owned())),
        "offline" => asked.offline = is_on,
        "allow_changes" => asked.allow_changes = is_on,
        "layout" => asked.layout = Some(value.to_owned()),
        "no_hashes" => asked.no_hashes = is_on,
        "no_annotate" => asked.no_annotate = is_on,
        "lock_name" => value.clone_into(&mut asked.lock.name),
        _ => {
            let set = asked.wanted.set(name, value);
            let set = set.or_else(|_| asked.options.set(name, value));
            set.map_err(|unknown| Refusal::bad(vec![unknown.diagnose()]))?;
        }
    }
    Ok(())
}
