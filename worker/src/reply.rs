//! How answers look: files, JSON, problem documents, and the headers on all of them.

use diagnostic::problem::{self, Problem};
use diagnostic::{Diagnostic, Sources};
use lockwright::Failure;
use lockwright::api::WrittenLock;
use serde::Serialize;
use worker::{Headers, Method, Response, console_error};

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    diagnostics: Vec<Diagnostic>,
    /// The document, where places in the client's own texts are known.
    problem: Option<Problem>,
    allow: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, title: impl ToString) -> Self {
        Self::with(status, vec![Diagnostic::error(code, title)])
    }

    /// The request itself cannot be read, for every reason there is.
    pub(crate) fn bad(diagnostics: Vec<Diagnostic>) -> Self {
        Self::with(400, diagnostics)
    }

    fn with(status: u16, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            status,
            diagnostics,
            problem: None,
            allow: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(first) = self.diagnostics.first_mut() {
            first.help.push(help.into());
        }
        self
    }

    /// Names the method that would be taken.
    pub(crate) fn allow(mut self, method: &Method) -> Self {
        self.allow = Some(format!("{method}, OPTIONS"));
        self
    }

    /// Something on our side went wrong; the log says what.
    #[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
    pub(crate) fn ours(error: worker::Error) -> Self {
        console_error!("{error}");
        Self::new(500, "edge/internal", "something went wrong on this side")
    }

    pub(crate) fn into_response(self, path: &str) -> worker::Result<Response> {
        let plain = || Problem::new(&self.diagnostics, &Sources::none(), self.status);
        let problem = self.problem.unwrap_or_else(plain);
        let response =
            Response::ok(problem.with("instance", path).to_json())?.with_status(self.status);
        response
            .headers()
            .set("content-type", problem::MEDIA_TYPE)?;
        response.headers().set("cache-control", "no-store")?;
        if let Some(allow) = &self.allow {
            response.headers().set("allow", allow)?;
        }
        Ok(response)
    }

    /// What a failed run says; the texts are those that its places are in.
    pub(crate) fn of(failure: &Failure, sources: &Sources<'_>) -> Self {
        Self {
            status: failure.status(),
            diagnostics: failure.diagnostics.clone(),
            problem: Some(failure.problem(sources)),
            allow: None,
        }
    }
}

/// JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Response, Refusal> {
    let response = Response::from_json(value).map_err(Refusal::ours)?;
    response
        .headers()
        .set("cache-control", "no-store")
        .map_err(Refusal::ours)?;
    Ok(response)
}

/// A text of some media type that nobody keeps.
pub(crate) fn unkept(media_type: &str, text: String) -> Result<Response, Refusal> {
    let response = self::text(media_type, text)?;
    response
        .headers()
        .set("cache-control", "no-store")
        .map_err(Refusal::ours)?;
    Ok(response)
}

/// A text of some media type.
pub(crate) fn text(media_type: &str, text: String) -> Result<Response, Refusal> {
    let response = Response::ok(text).map_err(Refusal::ours)?;
    response
        .headers()
        .set("content-type", media_type)
        .map_err(Refusal::ours)?;
    Ok(response)
}

/// One lock, under its usual name.
pub(crate) fn file(format: &str, lock: &WrittenLock) -> Result<Response, Refusal> {
    let media_type = formats::named(format).map_or("text/plain", |format| format.media_type());
    let response = text(&format!("{media_type}; charset=utf-8"), lock.text.clone())?;
    let disposition = format!("attachment; filename=\"{}\"", lock.file_name);
    let headers = response.headers();
    headers
        .set("content-disposition", &disposition)
        .map_err(Refusal::ours)?;
    headers
        .set("cache-control", "no-store")
        .map_err(Refusal::ours)?;
    if !lock.losses.is_empty() {
        headers
            .set("lockwright-losses", &lock.losses.len().to_string())
            .map_err(Refusal::ours)?;
    }
    Ok(response)
}

/// What a browser wants to know before it sends a request from another origin.
pub(crate) fn preflight() -> Result<Response, Refusal> {
    let response = Response::empty().map_err(Refusal::ours)?.with_status(204);
    let headers = response.headers();
    let told = [
        ("access-control-allow-methods", "GET, POST, OPTIONS"),
        ("access-control-allow-headers", "Content-Type, Accept"),
        ("access-control-max-age", "86400"),
    ];
    for (name, value) in told {
        headers.set(name, value).map_err(Refusal::ours)?;
    }
    Ok(response)
}

/// The headers of the API: every site may use it, and no browser may take its texts for pages.
pub(crate) fn for_anyone(response: Response) -> worker::Result<Response> {
    let headers = Headers::clone(response.headers());
    headers.set("access-control-allow-origin", "*")?;
    headers.set(
        "access-control-expose-headers",
        "Content-Disposition, Lockwright-Losses",
    )?;
    headers.set(
        "content-security-policy",
        "sandbox; default-src 'none'; frame-ancestors 'none'",
    )?;
    for (name, value) in EVERYWHERE {
        headers.set(name, value)?;
    }
    Ok(response.with_headers(headers))
}

/// The headers of the playground.
pub(crate) fn for_browsers(response: Response, path: &str) -> worker::Result<Response> {
    let headers = Headers::clone(response.headers());
    headers.set("content-security-policy", PLAYGROUND_POLICY)?;
    if path.starts_with("/assets/") && response.status_code() == 200 {
        // Their names hold a digest of what is in them.
        headers.set("cache-control", "public, max-age=31536000, immutable")?;
    }
    for (name, value) in EVERYWHERE {
        headers.set(name, value)?;
    }
    Ok(response.with_headers(headers))
}

const EVERYWHERE: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000"),
];

/// The editor sets styles from script; an index that allows it may be asked directly.
const PLAYGROUND_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' https:; \
    worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
