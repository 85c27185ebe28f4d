//! `POST /v1/lock`: a project in, its lock out.

use diagnostic::Diagnose;
use lockwright::{LockRequest, form};
use worker::{Env, Request, Response};

use crate::limits::{BODY, read_body};
use crate::offer::{self, Wanted};
use crate::reply::{self, Refusal};
use crate::settings::Settings;
use crate::shards::Shards;
use crate::work;

/// Resolves a project and answers with what the client wants back.
pub(crate) async fn answer(
    request: &mut Request,
    env: &Env,
    settings: Settings,
) -> Result<Response, Refusal> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .ok()
            .flatten()
            .unwrap_or_default()
    };
    let (accept, content_type) = (header("accept"), header("content-type"));
    let body_is = BodyIs::told_by(&content_type)?;
    let query: Vec<(String, String)> = request
        .url()
        .map(|url| url.query_pairs().into_owned().collect())
        .map_err(Refusal::ours)?;
    let body = work::text_of(read_body(request, BODY).await?)?;
    let mut asked = body_is.read(&content_type, body)?;
    apply(&query, &mut asked)?;
    let is_json = body_is == BodyIs::Json;
    let wanted = offer::choose(&query, &asked.formats, &accept, is_json)?;
    asked.formats = match &wanted {
        Wanted::File(format) => vec![format.clone()],
        Wanted::Envelope(formats) => formats.clone(),
    };
    work::complete(&mut asked.options, &settings)?;

    let shards = Shards::new(env.clone(), settings);
    let mut progress = |_: &lockwright::Progress| {};
    let locking = Box::pin(lockwright::lock(&asked, &shards, &mut progress));
    let reply = work::within_time(locking, &shards, &asked.sources()).await?;
    match wanted {
        Wanted::Envelope(_) => reply::json(&reply),
        Wanted::File(format) => {
            let lock = reply.locks.get(&format).ok_or_else(|| {
                Refusal::new(500, "edge/no-lock", format!("no `{format}` was written"))
            })?;
            reply::file(&format, lock)
        }
    }
}

/// What a body holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum BodyIs {
    /// `pyproject.toml` as it is.
    Pyproject,
    /// A [`LockRequest`].
    Json,
    /// The files of a project, each a part.
    Form,
}

impl BodyIs {
    fn told_by(content_type: &str) -> Result<Self, Refusal> {
        let media_type = content_type
            .split(';')
            .next()
            .unwrap_or("")
            .trim()
            .to_ascii_lowercase();
        match media_type.as_str() {
            "application/json" => Ok(Self::Json),
            form::MEDIA_TYPE => Ok(Self::Form),
            // The last is what curl says of `--data-binary` unless told otherwise.
            ""
            | "application/toml"
            | "text/plain"
            | "text/x-toml"
            | "application/octet-stream"
            | "application/x-www-form-urlencoded" => Ok(Self::Pyproject),
            other => Err(Refusal::new(
                415,
                "request/unsupported-media-type",
                format!("a body of type `{other}` cannot be read"),
            )
            .help(
                "send `pyproject.toml` as `application/toml`, several files as \
                 `multipart/form-data`, or a request as `application/json`",
            )),
        }
    }

    fn read(self, content_type: &str, body: String) -> Result<LockRequest, Refusal> {
        match self {
            Self::Pyproject => Ok(LockRequest {
                pyproject: body,
                ..LockRequest::default()
            }),
            Self::Json => serde_json::from_str(&body)
                .map_err(|error| Refusal::new(400, "request/invalid-json", error.to_string())),
            Self::Form => form::read(content_type, &body).map_err(Refusal::bad),
        }
    }
}

/// Takes options out of the query.
fn apply(query: &[(String, String)], asked: &mut LockRequest) -> Result<(), Refusal> {
    for (name, value) in query.iter().filter(|(name, _)| name != "format") {
        let set = asked.options.set(name, value);
        set.map_err(|unknown| Refusal::bad(vec![unknown.diagnose()]))?;
    }
    Ok(())
}
