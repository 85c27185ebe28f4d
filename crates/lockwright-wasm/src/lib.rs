//! Lockwright in a browser. A binding is a doorway: JSON of [`lockwright::api`] in, JSON out.

mod edge;
mod transport;

use diagnostic::place::Sources;
use diagnostic::problem;
use formats::FORMATS;
use js_sys::Function;
use lockwright::convert::ConvertRequest;
use lockwright::inspect::diff::DiffRequest;
use lockwright::inspect::tree::TreeQuery;
use lockwright::inspect::why::WhyQuery;
use lockwright::{Failure, HttpSource, LockRequest, Progress, inspect};
use serde::Serialize;
use serde::de::DeserializeOwned;
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

/// The formats, as JSON: `[{name, file_name, media_type, layouts, can_be_read, can_be_written, is_in_all}]`.
#[wasm_bindgen]
#[must_use]
pub fn formats() -> String {
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
    let mut request: LockRequest = read(&request)?;
    request.options.now.get_or_insert_with(now);
    let mut tell = |progress: &Progress| tell(&on_progress, progress);
    let locked = match batch_url {
        Some(url) => lockwright::lock(&request, &EdgeSource::new(url), &mut tell).await,
        None => lockwright::lock(&request, &HttpSource::new(BrowserTransport), &mut tell).await,
    };
    answer(locked, &request.sources())
}

/// Writes a lock in another format.
///
/// `request` is the JSON of a `ConvertRequest`; the rest is as for [`lock`]. Gives the JSON of a
/// `ConvertReply`.
///
/// # Errors
///
/// The JSON of a problem document.
#[wasm_bindgen]
pub async fn convert(
    request: String,
    on_progress: Function,
    batch_url: Option<String>,
) -> Result<String, String> {
    let mut request: ConvertRequest = read(&request)?;
    request.options.now.get_or_insert_with(now);
    let mut tell = |progress: &Progress| tell(&on_progress, progress);
    let converted = match batch_url {
        Some(url) => lockwright::convert(&request, &EdgeSource::new(url), &mut tell).await,
        None => lockwright::convert(&request, &HttpSource::new(BrowserTransport), &mut tell).await,
    };
    answer(converted, &request.sources())
}

/// Says what changed from one lock to another: the JSON of a `DiffRequest` in, that of a
/// `DiffReply` out.
///
/// # Errors
///
/// The JSON of a problem document.
#[wasm_bindgen]
pub fn diff(request: &str) -> Result<String, String> {
    let request: DiffRequest = read(request)?;
    let old = Sources::one(&request.old.name, &request.old.text);
    let sources = old.with(&request.new.name, &request.new.text);
    answer(inspect::diff::diff(&request), &sources)
}

/// Shows a lock's packages as trees: the JSON of a `TreeQuery` in, that of a `TreeReply` out.
///
/// # Errors
///
/// The JSON of a problem document.
#[wasm_bindgen]
pub fn tree(query: &str) -> Result<String, String> {
    let query: TreeQuery = read(query)?;
    let sources = Sources::one(&query.lock.name, &query.lock.text);
    answer(inspect::tree::tree(&query), &sources)
}

/// Says why a package is locked: the JSON of a `WhyQuery` in, that of a `WhyReply` out.
///
/// # Errors
///
/// The JSON of a problem document.
#[wasm_bindgen]
pub fn why(query: &str) -> Result<String, String> {
    let query: WhyQuery = read(query)?;
    let sources = Sources::one(&query.lock.name, &query.lock.text);
    answer(inspect::why::why(&query), &sources)
}

const FILE: &str = "pyproject.toml";

fn read<T: DeserializeOwned>(request: &str) -> Result<T, String> {
    serde_json::from_str(request)
        .map_err(|error| refusal("request/invalid-json", &error.to_string()))
}

/// Tells a listener how far it is. One that throws is not this module's business.
fn tell(on_progress: &Function, progress: &Progress) {
    let told = serde_json::to_string(progress).unwrap_or_default();
    let _ = on_progress.call1(&JsValue::NULL, &JsValue::from_str(&told));
}

/// The reply as JSON, or the problem as JSON.
fn answer(
    outcome: Result<impl Serialize, Failure>,
    sources: &Sources<'_>,
) -> Result<String, String> {
    match outcome {
        Ok(reply) => serde_json::to_string(&reply)
            .map_err(|error| refusal("browser/internal", &error.to_string())),
        Err(failure) => Err(failure.problem(sources).to_json()),
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
