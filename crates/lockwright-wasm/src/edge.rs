//! Answers from the edge's batch route: one request for each wave.

use futures_util::stream::{self, LocalBoxStream, StreamExt};
use gloo_net::http::{Request, Response};
use index::{Answer, Query};
use js_sys::{Reflect, Uint8Array};
use lockwright::batch::{BatchRequest, MAX_QUERIES, Record, Records};
use lockwright::{Source, SourceError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

/// Asks the batch route at a URL.
#[derive(Clone, Debug)]
pub(crate) struct EdgeSource {
    url: String,
}

impl EdgeSource {
    /// A source that asks the route at this URL, which may be relative to the page.
    #[must_use]
    pub(crate) fn new(url: String) -> Self {
        Self { url }
    }
}

impl Source for EdgeSource {
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> LocalBoxStream<'a, Result<(Query, Answer), SourceError>> {
        let batches: Vec<Vec<Query>> = queries.chunks(MAX_QUERIES).map(<[_]>::to_vec).collect();
        stream::select_all(
            batches
                .into_iter()
                .map(|batch| Box::pin(self.ask_batch(batch))),
        )
        .boxed_local()
    }
}

/// A batch under way.
struct Reading {
    pieces: ReadableStreamDefaultReader,
    records: Records,
    arrived: std::vec::IntoIter<Record>,
    queries: Vec<Option<Query>>,
    unanswered: usize,
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Tells the server that nobody reads on; there is nothing to do when it does not listen.
        let _ = self.pieces.cancel();
    }
}

impl EdgeSource {
    fn ask_batch(
        &self,
        queries: Vec<Query>,
    ) -> impl stream::Stream<Item = Result<(Query, Answer), SourceError>> {
        stream::once(self.begin(queries)).flat_map(|begun| match begun {
            Ok(reading) => stream::try_unfold(reading, next).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        })
    }

    async fn begin(&self, queries: Vec<Query>) -> Result<Reading, SourceError> {
        let batch = BatchRequest { queries };
        let body = serde_json::to_string(&batch).map_err(|error| self.broken(&error))?;
        let request = Request::post(&self.url)
            .header("Content-Type", "application/json")
            .body(body)
            .map_err(|error| self.broken(&error))?;
        let response = request.send().await.map_err(|error| self.broken(&error))?;
        if !response.ok() {
            let reason = format!("the index route answered {}", response.status());
            let error = SourceError::new(&self.url, reason);
            return Err(SourceError {
                status: Some(response.status()),
                ..error
            });
        }
        let unanswered = batch.queries.len();
        Ok(Reading {
            pieces: reader(&response).ok_or_else(|| self.broken(&"the answer is empty"))?,
            records: Records::default(),
            arrived: Vec::new().into_iter(),
            queries: batch.queries.into_iter().map(Some).collect(),
            unanswered,
        })
    }

    fn broken(&self, error: &impl ToString) -> SourceError {
        SourceError::new(&self.url, error.to_string())
    }
}

fn reader(response: &Response) -> Option<ReadableStreamDefaultReader> {
    response.body()?.get_reader().dyn_into().ok()
}

/// The next answer of a batch.
async fn next(mut reading: Reading) -> Result<Option<((Query, Answer), Reading)>, SourceError> {
    loop {
        if let Some(record) = reading.arrived.next() {
            let place = usize::try_from(record.place).unwrap_or(usize::MAX);
            let query = reading.queries.get_mut(place).and_then(Option::take);
            let query = query.ok_or_else(|| broken_off("an answer that nobody asked for"))?;
            reading.unanswered -= 1;
            return Ok(Some(((query, record.answer()?), reading)));
        }
        if reading.unanswered == 0 {
            return Ok(None);
        }
        let piece = JsFuture::from(reading.pieces.read()).await;
        let piece = piece.map_err(|_| broken_off("the connection failed"))?;
        let value = Reflect::get(&piece, &JsValue::from_str("value")).unwrap_or_default();
        if value.is_undefined() {
            return Err(broken_off("the answer broke off"));
        }
        reading.arrived = reading
            .records
            .push(&Uint8Array::new(&value).to_vec())
            .into_iter();
    }
}

fn broken_off(reason: &str) -> SourceError {
    SourceError::new("batch", reason)
}
