//! HTTP by reqwest: HTTP/2, pooled, compressed, patient; system proxies and certificates.

use std::error::Error as _;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lockwright::transport::{GitReply, GitRequest, Reply, Request, Transport, TransportError};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, IF_NONE_MATCH, RANGE, RETRY_AFTER};
use reqwest::redirect::Policy;
use tokio::task::JoinHandle;
use url::Url;

use crate::credentials::Credentials;
use crate::git;
use crate::retry::{self, Retries};

/// Fetches over HTTP, on the runtime's threads.
#[derive(Clone, Debug)]
pub struct HttpTransport(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Made for the first request: reading the system's certificates takes longer than a run that
    /// finds everything in its cache.
    client: OnceLock<Result<reqwest::Client, TransportError>>,
    credentials: Credentials,
    settings: TransportSettings,
    places: Places,
    traffic: Traffic,
}

/// Where an [`HttpTransport`] finds what is not fetched over HTTP.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Places {
    /// The folder that relative paths start from: that of the project.
    pub project: PathBuf,
    /// Where git repositories are kept; without one, git is not used.
    pub cache: Option<PathBuf>,
}

/// How patient an [`HttpTransport`] is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TransportSettings {
    /// What happens after a failure that may pass.
    pub retries: Retries,
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long the server may be silent.
    pub read_timeout: Duration,
    /// No body is read beyond this many bytes.
    pub largest_body: u64,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            retries: Retries::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            largest_body: 1 << 30,
        }
    }
}

/// What went over the wire so far.
#[derive(Debug, Default)]
struct Traffic {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl HttpTransport {
    /// A transport with its own pool of connections.
    ///
    /// Certificates are those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`; proxies are
    /// those of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or of the system.
    ///
    /// Both are looked at when something is to be fetched; what is wrong with them fails requests.
    #[must_use]
    pub fn new(credentials: Credentials, settings: TransportSettings, places: Places) -> Self {
        Self(Arc::new(Shared {
            client: OnceLock::new(),
            credentials,
            settings,
            places,
            traffic: Traffic::default(),
        }))
    }

    /// Requests sent so far, repeated ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.traffic.requests.load(Ordering::Relaxed)
    }

    /// Bytes of bodies received so far, counted after decompression.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.traffic.bytes.load(Ordering::Relaxed)
    }
}

impl Transport for HttpTransport {
    async fn get(&self, request: Request) -> Result<Reply, TransportError> {
        let shared = Arc::clone(&self.0);
        // A task of its own: decryption and decompression then run beside the resolver.
        Task(tokio::spawn(
            async move { shared.get_patiently(&request).await },
        ))
        .await
    }

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, TransportError> {
        let path = self.0.places.project.join(path);
        let read = self.compute(move || std::fs::read(path)).await;
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TransportError {
                reason: error.to_string(),
                timed_out: false,
            }),
        }
    }

    async fn git(&self, request: GitRequest) -> Option<Result<GitReply, TransportError>> {
        let folder = self.0.places.cache.clone()?;
        self.compute(move || git::ask(&folder, &request)).await
    }

    async fn compute<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> R {
        Task(tokio::task::spawn_blocking(work)).await
    }
}

/// A task that ends when nobody waits for it any more.
struct Task<R>(JoinHandle<R>);

impl<R> Drop for Task<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<R> Future for Task<R> {
    type Output = R;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<R> {
        match std::pin::Pin::new(&mut self.0).poll(context) {
            std::task::Poll::Ready(Ok(result)) => std::task::Poll::Ready(result),
            std::task::Poll::Ready(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Aborted: the runtime is shutting down, and with it whoever waits.
                Err(_) => std::task::Poll::Pending,
            },
            std::task::Poll::Pending => std::task::Poll::Pending,
        }
    }
}

/// A failure, and whether it may pass.
struct Attempt {
    error: TransportError,
    may_pass: bool,
}

impl Shared {
    fn client(&self) -> Result<&reqwest::Client, TransportError> {
        let client = self.client.get_or_init(|| {
            // Another one may be there already, when tests share a process: as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder()
                .user_agent(concat!("lockwright/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(self.settings.connect_timeout)
                .read_timeout(self.settings.read_timeout)
                .pool_idle_timeout(Duration::from_secs(60))
                .redirect(Policy::limited(10))
                .build()
                .map_err(|error| failed(&error))
        });
        client.as_ref().map_err(Clone::clone)
    }

    async fn get_patiently(&self, request: &Request) -> Result<Reply, TransportError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (outcome, retry_after) = match self.get_once(request).await {
                Ok((reply, _)) if !retry::may_pass(reply.status) => return Ok(reply),
                Ok((reply, retry_after)) => (Ok(reply), retry_after),
                Err(attempt) if !attempt.may_pass => return Err(attempt.error),
                Err(attempt) => (Err(attempt.error), None),
            };
            let Some(pause) = self.settings.retries.pause_after(attempts, retry_after) else {
                return outcome;
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn get_once(&self, request: &Request) -> Result<(Reply, Option<Duration>), Attempt> {
        let lasting = |error| Attempt {
            error,
            may_pass: false,
        };
        let client = self.client().map_err(lasting)?;
        let built = self.build(client, request).map_err(lasting)?;
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        let mut response = client.execute(built).await.map_err(Attempt::from)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Attempt::from)? {
            self.traffic
                .bytes
                .fetch_add(chunk.len() as u64, Ordering::Relaxed);
            body.extend_from_slice(&chunk);
            if body.len() as u64 > self.settings.largest_body {
                let reason = format!("the answer is over {} bytes", self.settings.largest_body);
                let error = TransportError {
                    reason,
                    timed_out: false,
                };
                return Err(Attempt {
                    error,
                    may_pass: false,
                });
            }
        }
        let headers = response.headers();
        let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let retry_after = header(RETRY_AFTER.as_str()).and_then(|it| retry::retry_after(&it));
        let reply = Reply::new(
            response.status().as_u16(),
            response.url().as_str(),
            body,
            header,
        );
        Ok((reply, retry_after))
    }

    fn build(
        &self,
        client: &reqwest::Client,
        request: &Request,
    ) -> Result<reqwest::Request, TransportError> {
        let refused = |reason: String| TransportError {
            reason,
            timed_out: false,
        };
        let mut url = Url::parse(&request.url)
            .map_err(|error| refused(format!("it is not a URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(format!(
                "`{}:` URLs are not supported",
                url.scheme()
            )));
        }
        self.credentials.apply(&mut url);
        // reqwest makes an `Authorization` header of user information, and drops it when a
        // redirect leads to another host or port.
        let mut built = client.get(url);
        if let Some(accept) = request.accept {
            built = built.header(ACCEPT, accept);
        }
        if let Some(etag) = &request.etag {
            built = built.header(IF_NONE_MATCH, etag);
        }
        if let Some(range) = &request.range {
            let last = range.end.saturating_sub(1);
            built = built.header(RANGE, format!("bytes={}-{last}", range.start));
        }
        if !request.compressed {
            built = built.header(ACCEPT_ENCODING, "identity");
        }
        built.build().map_err(|error| failed(&error))
    }
}

impl From<reqwest::Error> for Attempt {
    fn from(error: reqwest::Error) -> Self {
        let may_pass =
            !(error.is_builder() || error.is_redirect() || is_about_certificates(&error));
        Self {
            error: failed(&error),
            may_pass,
        }
    }
}

/// Whether the servers do not trust each other: waiting does not help.
fn is_about_certificates(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        let is_tls = inner.is_some_and(|inner| inner.is::<rustls::Error>());
        if is_tls || error.is::<rustls::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The causes of a failure in a row. URLs are left out: they may carry credentials.
fn failed(error: &reqwest::Error) -> TransportError {
    let kind = match () {
        () if error.is_timeout() => "the server did not answer in time",
        () if error.is_connect() => "no connection",
        () if error.is_redirect() => "redirected too often",
        () if error.is_decode() => "the answer cannot be decompressed",
        () => "the request failed",
    };
    let mut reason = kind.to_owned();
    let mut last = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !text.contains("://") && !last.contains(&text) && error.source().is_none() {
            reason.push_str(": ");
            reason.push_str(&text);
        }
        last = text;
        cause = error.source();
    }
    TransportError {
        reason,
        timed_out: error.is_timeout(),
    }
}
