//! Answers from recordings, for tests: nothing is fetched, nothing is left to chance.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::{self, LocalBoxStream};
use index::{Absence, Answer, Query};
use packaging::{IndexUrl, PackageName};
use rustc_hash::FxHashMap;

use crate::transport::{Reply, Request, Transport, TransportError};
use crate::{Source, SourceError};

/// A source that knows its answers.
///
/// Metadata is recorded by the URL of the file, so that a recording need not repeat what a page
/// says about it. A query that was not recorded is a failure, never absence.
#[derive(Debug, Default)]
pub struct Recorded {
    projects: FxHashMap<(IndexUrl, PackageName), Answer>,
    metadata: FxHashMap<Box<str>, Answer>,
    order: Order,
    random: Random,
    asked: RefCell<Vec<Vec<Query>>>,
}

/// In which order recorded answers come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// As asked, at once.
    #[default]
    AsAsked,
    /// The other way round, at once.
    Reversed,
    /// In an order that depends on the seed alone, and one by one, some late.
    Shuffled(u64),
}

impl Recorded {
    /// A source that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Chooses the order of answers.
    #[must_use]
    pub fn in_order(mut self, order: Order) -> Self {
        self.order = order;
        if let Order::Shuffled(seed) = order {
            self.random = Random::new(seed);
        }
        self
    }

    /// Records what an index says about a project.
    pub fn project(&mut self, index: &IndexUrl, name: &PackageName, answer: Answer) {
        self.projects.insert((index.clone(), name.clone()), answer);
    }

    /// Records that an index does not have a project.
    pub fn no_project(&mut self, index: &IndexUrl, name: &PackageName) {
        self.project(index, name, Answer::Absent(Absence::NotFound));
    }

    /// Records the metadata of the file at a URL.
    pub fn metadata(&mut self, url: &str, answer: Answer) {
        self.metadata.insert(url.into(), answer);
    }

    /// What was asked so far, wave by wave.
    #[must_use]
    pub fn asked(&self) -> Vec<Vec<Query>> {
        self.asked.borrow().clone()
    }

    fn answer(&self, query: Query) -> Result<(Query, Answer), SourceError> {
        let (answer, url) = match &query {
            Query::Project { index, name } => (
                self.projects.get(&(index.clone(), name.clone())),
                index.page(name),
            ),
            Query::Metadata(query) => (self.metadata.get(&*query.url), query.url.to_string()),
            Query::Archive(query) => {
                let place = query.place.as_str();
                (self.metadata.get(place), place.to_owned())
            }
            Query::Repository(query) => (self.metadata.get(&*query.url), query.url.to_string()),
        };
        match answer.cloned() {
            Some(answer) => Ok((query, answer)),
            None => Err(SourceError::new(&url, "it was not recorded")),
        }
    }
}

impl Source for Recorded {
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> LocalBoxStream<'a, Result<(Query, Answer), SourceError>> {
        self.asked.borrow_mut().push(queries.clone());
        let mut answers: Vec<_> = queries
            .into_iter()
            .map(|query| self.answer(query))
            .collect();
        match self.order {
            Order::AsAsked => stream::iter(answers).boxed_local(),
            Order::Reversed => stream::iter(answers.into_iter().rev()).boxed_local(),
            Order::Shuffled(_) => {
                self.random.shuffle(&mut answers);
                stream::iter(answers)
                    .then(move |answer| async move {
                        later(self.random.below(4)).await;
                        answer
                    })
                    .boxed_local()
            }
        }
    }
}

/// Waits for so many polls.
async fn later(mut polls: usize) {
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A transport that knows its replies, by URL: what is under test is how they are read.
#[derive(Debug, Default)]
pub struct RecordedReplies {
    replies: FxHashMap<String, Reply>,
    requests: RefCell<Vec<Request>>,
}

impl RecordedReplies {
    /// Records the reply to a URL. Ranges are cut out of a body that is recorded with status 206,
    /// and an entity tag that a request repeats is answered by 304.
    #[must_use]
    pub fn with(mut self, reply: Reply) -> Self {
        self.replies.insert(reply.url.clone(), reply);
        self
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.borrow().clone()
    }
}

impl Transport for RecordedReplies {
    async fn get(&self, request: Request) -> Result<Reply, TransportError> {
        self.requests.borrow_mut().push(request.clone());
        later(1).await;
        let Some(reply) = self.replies.get(&request.url).cloned() else {
            return Err(TransportError {
                reason: "it was not recorded".into(),
                timed_out: false,
            });
        };
        if request.etag.is_some() && request.etag == reply.etag {
            return Ok(Reply {
                status: 304,
                body: Vec::new(),
                ..reply
            });
        }
        if reply.status != 206 {
            return Ok(reply);
        }
        let total = reply.body.len();
        let range = request.range.unwrap_or(0..total as u64);
        let clamp = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(total);
        let body = reply.body[clamp(range.start)..clamp(range.end)].to_vec();
        let status = if body.is_empty() { 416 } else { 206 };
        Ok(Reply {
            status,
            body,
            total: Some(total as u64),
            ..reply
        })
    }
}

/// A small generator (xorshift64*): the same seed, the same numbers, on every platform.
#[derive(Debug)]
struct Random(Cell<u64>);

impl Default for Random {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Random {
    fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }

    fn below(&self, limit: usize) -> usize {
        let mut state = self.0.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.0.set(state);
        let number = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0) % limit.max(1)
    }

    fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
