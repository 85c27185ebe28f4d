//! `POST /v1/lock`: a project in, its lock out.

use diagnostic::Diagnose;
use futures_util::future::Either;
use lockwright::{LockReply, LockRequest, form};
use worker::{Date, Delay, Env, Request, Response};

use crate::limits::{LOCK_TIME, read_body};
use crate::offer::{self, Wanted};
use crate::reply::{self, Refusal};
use crate::settings::Settings;
use crate::shards::Shards;

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
    let body = text_of(read_body(request).await?)?;
    let mut asked = body_is.read(&content_type, body)?;
    apply(&query, &mut asked)?;
    let is_json = body_is == BodyIs::Json;
    let wanted = offer::choose(&query, &asked.formats, &accept, is_json)?;
    asked.formats = match &wanted {
        Wanted::File(format) => vec![format.clone()],
        Wanted::Envelope(formats) => formats.clone(),
    };
    complete(&mut asked, &settings)?;

    let reply = run(&asked, Shards::new(env.clone(), settings)).await?;
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

fn text_of(body: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(body)
        .map_err(|_| Refusal::new(400, "request/not-utf-8", "the body is not UTF-8"))
}

/// Takes options out of the query.
fn apply(query: &[(String, String)], asked: &mut LockRequest) -> Result<(), Refusal> {
    for (name, value) in query.iter().filter(|(name, _)| name != "format") {
        let set = asked.options.set(name, value);
        set.map_err(|unknown| Refusal::bad(vec![unknown.diagnose()]))?;
    }
    Ok(())
}

/// Fills in what only the service knows, and refuses indexes that it does not ask.
fn complete(asked: &mut LockRequest, settings: &Settings) -> Result<(), Refusal> {
    let options = &mut asked.options;
    options.now = options
        .now
        .or_else(|| i64::try_from(Date::now().as_millis()).ok());
    if options.public_index.is_none() {
        options.public_index.clone_from(&settings.public_index);
    }
    let named = options
        .index
        .iter()
        .map(|index| index.split_once('=').map_or(index.as_str(), |it| it.1));
    let mut indexes = options
        .public_index
        .iter()
        .chain(&options.default_index)
        .map(String::as_str)
        .chain(named);
    match indexes.find(|index| !settings.allows_index(index)) {
        Some(index) => Err(not_asked(index)),
        None => Ok(()),
    }
}

fn not_asked(index: &str) -> Refusal {
    let index = lockwright::source::without_credentials(index);
    Refusal::new(
        422,
        "index/not-asked",
        format!("this service does not ask the index `{index}`"),
    )
    .help("lock on your own machine: `lockwright lock`")
}

async fn run(asked: &LockRequest, shards: Shards) -> Result<LockReply, Refusal> {
    let mut progress = |_: &lockwright::Progress| {};
    let locking = Box::pin(lockwright::lock(asked, &shards, &mut progress));
    match futures_util::future::select(locking, Delay::from(LOCK_TIME)).await {
        Either::Left((outcome, _)) => outcome.map_err(|failure| match shards.refused() {
            Some(index) => not_asked(&index),
            None => Refusal::of(&failure, asked),
        }),
        Either::Right(_) => Err(Refusal::new(
            504,
            "edge/out-of-time",
            format!("no lock within {} s", LOCK_TIME.as_secs()),
        )
        .help("lock on your own machine: `lockwright lock`")),
    }
}
