//! Answers over HTTP, from a cache where it is fresh; one request per query, however many ask.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use futures_util::future::{LocalBoxFuture, Shared, WeakShared};
use futures_util::stream::{FuturesUnordered, LocalBoxStream};
use futures_util::{FutureExt, StreamExt};
use index::{Absence, Answer, ArchivePlace, Query};
use rustc_hash::FxHashMap;

use super::gate::Gate;
use super::{Cache, Cached, NoCache, Source, SourceError, archive, file, page, repository};
use crate::transport::{Reply, Request, Transport};

/// Answers queries over HTTP.
///
/// Any number of [`Source::ask`] may be under way; a query asked twice at a time is sent once.
pub struct HttpSource<T, C = NoCache>(Rc<Client<T, C>>);

/// How an [`HttpSource`] behaves.
#[derive(Clone, Copy, Debug)]
pub struct HttpSettings {
    /// The present time in milliseconds since 1970-01-01T00:00:00Z, for freshness.
    pub now: fn() -> i64,
    /// Whether only the cache is read, fresh or not.
    pub is_offline: bool,
    /// How many requests may be under way at once.
    pub concurrency: usize,
}

impl Default for HttpSettings {
    /// Online, 50 requests at once, at the beginning of time: with a cache, set `now`.
    fn default() -> Self {
        Self {
            now: || 0,
            is_offline: false,
            concurrency: 50,
        }
    }
}

type Outcome = Result<Answer, SourceError>;
type Flight = Shared<LocalBoxFuture<'static, Outcome>>;

/// What requests need.
pub(super) struct Client<T, C> {
    pub(super) transport: T,
    cache: C,
    settings: HttpSettings,
    gate: Gate,
    flights: RefCell<FxHashMap<Query, WeakShared<LocalBoxFuture<'static, Outcome>>>>,
}

impl<T: Transport + 'static> HttpSource<T> {
    /// A source without a cache.
    #[must_use]
    pub fn new(transport: T) -> Self {
        Self::with_cache(transport, NoCache, HttpSettings::default())
    }
}

impl<T: Transport + 'static, C: Cache + 'static> HttpSource<T, C> {
    /// A source that reads a cache first and keeps there what it learns.
    #[must_use]
    pub fn with_cache(transport: T, cache: C, settings: HttpSettings) -> Self {
        let gate = Gate::new(settings.concurrency);
        Self(Rc::new(Client {
            transport,
            cache,
            settings,
            gate,
            flights: RefCell::default(),
        }))
    }

    /// How the bytes are fetched.
    #[must_use]
    pub fn transport(&self) -> &T {
        &self.0.transport
    }

    /// Where answers are kept.
    #[must_use]
    pub fn cache(&self) -> &C {
        &self.0.cache
    }

    /// The answer to one query.
    fn flight(&self, query: &Query) -> Flight {
        let mut flights = self.0.flights.borrow_mut();
        if let Some(flight) = flights.get(query).and_then(WeakShared::upgrade) {
            return flight;
        }
        let landing = Landing {
            client: Rc::clone(&self.0),
            query: query.clone(),
        };
        let flight = async move { landing.client.answer(&landing.query).await }
            .boxed_local()
            .shared();
        flights.extend(flight.downgrade().map(|weak| (query.clone(), weak)));
        flight
    }
}

impl<T: Transport + 'static, C: Cache + 'static> Source for HttpSource<T, C> {
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> LocalBoxStream<'a, Result<(Query, Answer), SourceError>> {
        queries
            .into_iter()
            .map(|query| {
                let flight = self.flight(&query);
                async move { Ok((query, flight.await?)) }
            })
            .collect::<FuturesUnordered<_>>()
            .boxed_local()
    }

    fn at_hand(&self, query: &Query) -> Option<Answer> {
        let held = self.0.cache.at_hand(query)?;
        self.0.is_good(&held).then_some(held.answer)
    }
}

impl<T, C> fmt::Debug for HttpSource<T, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.0.flights.borrow().len();
        formatter
            .debug_struct("HttpSource")
            .field("settings", &self.0.settings)
            .field("under_way", &under_way)
            .finish_non_exhaustive()
    }
}

/// Forgets a flight when it has landed or was cancelled.
struct Landing<T, C> {
    client: Rc<Client<T, C>>,
    query: Query,
}

impl<T, C> Drop for Landing<T, C> {
    fn drop(&mut self) {
        self.client.flights.borrow_mut().remove(&self.query);
    }
}

impl<T: Transport, C: Cache> Client<T, C> {
    /// Answers from the cache where that is good, and over HTTP otherwise.
    async fn answer(&self, query: &Query) -> Outcome {
        let held = self.cache.get(query).await;
        match held {
            Some(held) if self.is_good(&held) => Ok(held.answer),
            _ if self.settings.is_offline && !is_on_disk(query) => {
                Ok(Answer::Absent(Absence::Offline))
            }
            held => self.fetch(query, held).await,
        }
    }

    /// Whether nobody need be asked.
    fn is_good(&self, held: &Cached) -> bool {
        self.settings.is_offline || held.is_fresh((self.settings.now)())
    }

    async fn fetch(&self, query: &Query, held: Option<Cached>) -> Outcome {
        let fetched = match query {
            Query::Project { index, name } => page::project(self, index, name, held).await?,
            Query::Metadata(query) => file::metadata(self, query).await?,
            Query::Archive(query) => archive::read(self, query, held).await?,
            Query::Repository(query) => repository::read(self, query).await?,
        };
        if fetched.is_worth_keeping() {
            let cached = Cached {
                answer: fetched.answer.clone(),
                etag: fetched.etag,
                fetched_at: (self.settings.now)(),
                max_age: fetched.max_age,
            };
            self.cache.put(query, cached).await;
        }
        Ok(fetched.answer)
    }

    /// Sends a request when it is its turn.
    pub(super) async fn get(&self, request: Request) -> Result<Reply, SourceError> {
        let url = request.url.clone();
        let _pass = self.gate.enter().await;
        self.transport
            .get(request)
            .await
            .map_err(|error| SourceError {
                timed_out: error.timed_out,
                ..SourceError::new(&url, error.reason)
            })
    }
}

/// Whether a query is answered without any network.
fn is_on_disk(query: &Query) -> bool {
    let Query::Archive(query) = query else {
        return false;
    };
    matches!(query.place, ArchivePlace::Path(_))
}

/// An answer, and what the server said about keeping it.
pub(super) struct Fetched {
    pub(super) answer: Answer,
    pub(super) etag: Option<String>,
    pub(super) max_age: Option<u64>,
}

impl Fetched {
    /// An answer that never changes.
    pub(super) fn forever(answer: Answer) -> Self {
        Self {
            answer,
            etag: None,
            max_age: None,
        }
    }

    /// An answer as fresh as the reply says it is, and to be revalidated from then on.
    pub(super) fn as_said(answer: Answer, reply: &Reply) -> Self {
        Self {
            answer,
            etag: reply.etag.clone(),
            max_age: Some(reply.max_age.unwrap_or(0)),
        }
    }

    /// The answer held, which the server says is right still; what it does not repeat holds on.
    pub(super) fn still_right(held: Cached, mut reply: Reply) -> Self {
        reply.etag = reply.etag.or(held.etag);
        reply.max_age = reply.max_age.or(held.max_age);
        Self::as_said(held.answer, &reply)
    }

    /// An answer for this run only.
    pub(super) fn for_now(answer: Answer) -> Self {
        Self {
            answer,
            etag: None,
            max_age: Some(0),
        }
    }

    fn is_worth_keeping(&self) -> bool {
        self.etag.is_some() || self.max_age != Some(0)
    }
}

/// What a status other than success means: absence where it says so, failure otherwise.
pub(super) fn refusal(reply: &Reply) -> Result<Absence, SourceError> {
    match reply.status {
        404 | 410 => Ok(Absence::NotFound),
        401 | 403 => Ok(Absence::Unauthorized),
        status => Err(SourceError {
            status: Some(status),
            timed_out: matches!(status, 408 | 504),
            ..SourceError::new(&reply.url, format!("the server answered {status}"))
        }),
    }
}

#[cfg(test)]
mod tests;
