//! Fetches in a browser.
//!
//! Only `Accept` and absolute ranges are sent: anything more costs a second request to ask for
//! permission, or is refused by public indexes. The browser's own cache revalidates.

use gloo_net::http::Request;
use lockwright::transport::Request as Wanted;
use lockwright::{Reply, Transport, TransportError};
use web_sys::RequestCredentials;

/// How often a request is sent before it counts as failed.
const ATTEMPTS: u32 = 2;

/// Fetches over HTTP, as far as an index allows it to other sites.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BrowserTransport;

impl Transport for BrowserTransport {
    async fn get(&self, wanted: Wanted) -> Result<Reply, TransportError> {
        let mut attempt = 1;
        loop {
            let outcome = get_once(&wanted).await;
            let failed = match &outcome {
                Ok(reply) => reply.status == 429 || reply.status >= 500,
                Err(_) => true,
            };
            if !failed || attempt == ATTEMPTS {
                return outcome;
            }
            attempt += 1;
        }
    }
}

async fn get_once(wanted: &Wanted) -> Result<Reply, TransportError> {
    let mut request = Request::get(&wanted.url).credentials(RequestCredentials::Omit);
    if let Some(accept) = wanted.accept {
        request = request.header("Accept", accept);
    }
    if let Some(range) = &wanted.range {
        let last = range.end.saturating_sub(1);
        request = request.header("Range", &format!("bytes={}-{last}", range.start));
    }
    let response = request.send().await.map_err(|error| failed(&error))?;
    let body = response.binary().await.map_err(|error| failed(&error))?;
    let headers = response.headers();
    Ok(Reply::new(
        response.status(),
        response.url(),
        body,
        |name| headers.get(name),
    ))
}

fn failed(error: &gloo_net::Error) -> TransportError {
    TransportError {
        reason: error.to_string(),
        timed_out: false,
    }
}
