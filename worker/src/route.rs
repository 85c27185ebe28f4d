//! Which request goes where.

use formats::FORMATS;
use serde_json::json;
use worker::{Env, Method, Request, Response, Result};

use crate::reply::{self, Refusal};
use crate::settings::Settings;
use crate::{batch, convert, inspect, limits, lock};

/// What the service can do, for programs: OpenAPI 3.1.
const OPENAPI: &str = include_str!("../openapi.json");

/// Answers a request; every error becomes a problem document.
pub(crate) async fn answer(mut request: Request, env: &Env) -> Result<Response> {
    let path = request.path();
    let is_api = path.starts_with("/v1/") || matches!(path.as_str(), "/healthz" | "/openapi.json");
    if !is_api {
        return site(request, env).await;
    }
    let response = match api(&path, &mut request, env).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(&path)?,
    };
    reply::for_anyone(response)
}

async fn api(
    path: &str,
    request: &mut Request,
    env: &Env,
) -> std::result::Result<Response, Refusal> {
    let allowed = match path {
        "/v1/lock" | "/v1/convert" | "/v1/diff" | "/v1/tree" | "/v1/why" | "/v1/index/batch" => {
            Method::Post
        }
        "/v1/formats" | "/v1/meta" | "/healthz" | "/openapi.json" => Method::Get,
        _ => {
            return Err(Refusal::new(
                404,
                "request/not-found",
                format!("there is no `{path}`"),
            ));
        }
    };
    match request.method() {
        Method::Options => return reply::preflight(),
        Method::Head if allowed == Method::Get => {}
        method if method == allowed => {}
        method => {
            let title = format!("`{path}` does not take {method}");
            return Err(Refusal::new(405, "request/method-not-allowed", title).allow(&allowed));
        }
    }
    let settings = Settings::read(env);
    match path {
        "/v1/lock" => lock::answer(request, env, settings).await,
        "/v1/convert" => convert::answer(request, env, settings).await,
        "/v1/diff" => inspect::answer_diff(request).await,
        "/v1/tree" => inspect::answer_tree(request).await,
        "/v1/why" => inspect::answer_why(request).await,
        "/v1/index/batch" => batch::answer(request, env, settings).await,
        "/v1/formats" => reply::json(&formats()),
        "/v1/meta" => reply::json(&meta(&settings)),
        "/openapi.json" => reply::text("application/json", OPENAPI.to_owned()),
        _ => reply::json(&json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })),
    }
}

fn formats() -> serde_json::Value {
    let formats = FORMATS.iter().map(|format| {
        json!({
            "name": format.name(),
            "file_name": format.file_name(),
            "media_type": format.media_type(),
            "layouts": format.layouts(),
            "can_be_read": formats::can_be_read(*format),
            "can_be_written": formats::can_be_written(*format),
            "is_in_all": formats::is_in_all(*format),
        })
    });
    json!({ "formats": formats.collect::<Vec<_>>() })
}

/// What a client has to know about this deployment.
fn meta(settings: &Settings) -> serde_json::Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "public_index": settings.public_index,
        "limits": {
            "body_bytes": limits::BODY,
            "locks_body_bytes": limits::LOCKS_BODY,
            "seconds": limits::LOCK_TIME.as_secs(),
            "batch_queries": lockwright::batch::MAX_QUERIES,
        },
    })
}

/// The playground's files.
async fn site(request: Request, env: &Env) -> Result<Response> {
    let path = request.path();
    let response = match env.assets("ASSETS") {
        Ok(assets) => assets.fetch_request(request).await?,
        Err(_) => return Response::error("this deployment has no playground", 404),
    };
    reply::for_browsers(response, &path)
}
