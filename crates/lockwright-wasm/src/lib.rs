//! Lockwright in a browser. A binding is a doorway: JSON of [`lockwright::api`] in, JSON out.

mod edge;
mod transport;

use diagnostic::place::Sources;
use diagnostic::problem;
use formats::FORMATS;
use js_sys::Function;
use lockwright::{HttpSource, LockRequest, Progress, Source};
use serde_json::json;
use wasm_bindgen::prelude::*;

use edge::EdgeSource;
use transport::BrowserTransport;

/// Says on the console what went wrong, before the module is of no more use.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&JsValue::from_str(&format!("lockwright: {panic}")));
    }));
}

/// The version of this module.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The formats that can be written, as JSON: `[{name, file_name, media_type}]`.
#[wasm_bindgen]
#[must_use]
pub fn formats() -> String {
    let formats = FORMATS.iter().map(|format| {
        json!({
            "name": format.name(),
            "file_name": format.file_name(),
            "media_type": format.media_type(),
        })
    });
    serde_json::Value::from_iter(formats).to_string()
}

/// What is wrong with a `pyproject.toml` as far as its text tells, as JSON: a list of diagnostics.
#[wasm_bindgen]
#[must_use]
pub fn diagnose(pyproject: &str) -> String {
    let (_, found) = manifest::read(pyproject, FILE);
    let details = problem::details(&found, &Sources::one(FILE, pyproject));
    serde_json::to_string(&details).unwrap_or_default()
}

/// Resolves a project and writes its locks.
///
/// `request` is the JSON of a `LockRequest`. `on_progress` is called with the JSON of each
/// `Progress`. Index answers come from `batch_url`, the edge's batch route; without one, the indexes
/// are asked directly, which they have to allow. Gives the JSON of a `LockReply`.
///
/// # Errors
///
/// The JSON of a problem document.
#[wasm_bindgen]
pub async fn lock(
    request: String,
    on_progress: Function,
    batch_url: Option<String>,
) -> Result<String, String> {
    let mut request: LockRequest = serde_json::from_str(&request)
        .map_err(|error| refusal("request/invalid-json", &error.to_string()))?;
    request.options.now.get_or_insert_with(now);
    let mut tell = |progress: &Progress| {
        let told = serde_json::to_string(progress).unwrap_or_default();
        // A listener that throws is not this module's business.
        let _ = on_progress.call1(&JsValue::NULL, &JsValue::from_str(&told));
    };
    match batch_url {
        Some(url) => run(&request, &EdgeSource::new(url), &mut tell).await,
        None => run(&request, &HttpSource::new(BrowserTransport), &mut tell).await,
    }
}

const FILE: &str = "pyproject.toml";

async fn run(
    request: &LockRequest,
    source: &impl Source,
    tell: &mut dyn FnMut(&Progress),
) -> Result<String, String> {
    match lockwright::lock(request, source, tell).await {
        Ok(reply) => serde_json::to_string(&reply)
            .map_err(|error| refusal("browser/internal", &error.to_string())),
        Err(failure) => Err(failure.problem(request).to_json()),
    }
}

fn refusal(code: &'static str, title: &str) -> String {
    let diagnostics = [diagnostic::Diagnostic::error(code, title)];
    problem::Problem::new(&diagnostics, &Sources::none(), 400).to_json()
}

fn now() -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds are whole numbers"
    )]
    let now = js_sys::Date::now() as i64;
    now
}
