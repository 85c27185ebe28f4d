//! Fetches for a shard: bounded in time and size, tried again, redirects followed by hand.

use std::time::Duration;

use futures_util::{StreamExt, future::Either};
use lockwright::transport::Request as Wanted;
use lockwright::{Reply, Transport, TransportError};
use url::Url;
use worker::{Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response};

use crate::limits::{ANSWER, FETCH_TIME};
use crate::settings::Settings;

/// How often a request is sent before it counts as failed.
const ATTEMPTS: u32 = 4;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// Who asks.
const USER_AGENT: &str = concat!("lockwright/", env!("CARGO_PKG_VERSION"));

/// Fetches over HTTP.
#[derive(Debug)]
pub(crate) struct EdgeTransport {
    settings: Settings,
}

impl EdgeTransport {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings }
    }

    async fn try_once(&self, wanted: &Wanted) -> Result<Reply, TransportError> {
        let mut url = Url::parse(&wanted.url).map_err(|_| failed("the URL cannot be read"))?;
        for _ in 0..=REDIRECTS {
            if !self.settings.allows_address(&url) {
                return Err(failed("this service does not ask that address"));
            }
            let mut response = send(&url, wanted).await?;
            let header = |name: &str| response.headers().get(name).ok().flatten();
            let location = header("location").filter(|_| is_redirect(response.status_code()));
            let Some(location) = location else {
                let body = read(&mut response).await?;
                let header = |name: &str| response.headers().get(name).ok().flatten();
                return Ok(Reply::new(response.status_code(), url, body, header));
            };
            url = url
                .join(&location)
                .map_err(|_| failed("a redirect cannot be read"))?;
        }
        Err(failed("too many redirects"))
    }
}

impl Transport for EdgeTransport {
    async fn get(&self, wanted: Wanted) -> Result<Reply, TransportError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.try_once(&wanted).await;
            let is_worth_another = match &outcome {
                Ok(reply) => reply.status == 429 || reply.status >= 500,
                Err(error) => error.timed_out || error.reason == LOST,
            };
            if attempt == ATTEMPTS || !is_worth_another {
                return outcome;
            }
            Delay::from(Duration::from_millis(100 << attempt)).await;
        }
    }
}

/// What is said when the connection failed.
const LOST: &str = "the connection failed";

fn failed(reason: &str) -> TransportError {
    TransportError {
        reason: reason.to_owned(),
        timed_out: false,
    }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

async fn send(url: &Url, wanted: &Wanted) -> Result<Response, TransportError> {
    let request = request(url, wanted).map_err(|_| failed("the request cannot be made"))?;
    let fetch = Fetch::Request(request);
    let sending = Box::pin(fetch.send());
    match futures_util::future::select(sending, Delay::from(FETCH_TIME)).await {
        Either::Left((response, _)) => response.map_err(|_| failed(LOST)),
        Either::Right(_) => Err(TransportError {
            reason: format!("no answer within {} s", FETCH_TIME.as_secs()),
            timed_out: true,
        }),
    }
}

fn request(url: &Url, wanted: &Wanted) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("user-agent", USER_AGENT)?;
    if let Some(accept) = wanted.accept {
        headers.set("accept", accept)?;
    }
    if let Some(range) = &wanted.range {
        let last = range.end.saturating_sub(1);
        headers.set("range", &format!("bytes={}-{last}", range.start))?;
    }
    if let Some(etag) = &wanted.etag {
        headers.set("if-none-match", etag)?;
    }
    if !wanted.compressed {
        headers.set("accept-encoding", "identity")?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Get)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url.as_str(), &init)
}

async fn read(response: &mut Response) -> Result<Vec<u8>, TransportError> {
    // An answer without a body has no stream.
    let Ok(mut stream) = response.stream() else {
        return Ok(Vec::new());
    };
    let reading = Box::pin(async {
        let mut body = Vec::new();
        while let Some(piece) = stream.next().await {
            body.extend_from_slice(&piece.map_err(|_| failed(LOST))?);
            if body.len() > ANSWER {
                return Err(failed("the answer is too large"));
            }
        }
        Ok(body)
    });
    match futures_util::future::select(reading, Delay::from(FETCH_TIME)).await {
        Either::Left((body, _)) => body,
        Either::Right(_) => Err(TransportError {
            reason: format!("the answer took more than {} s", FETCH_TIME.as_secs()),
            timed_out: true,
        }),
    }
}
