//! Answers out of shards: one call for each shard and wave.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::stream::{self, LocalBoxStream, SelectAll};
use futures_util::{FutureExt, StreamExt};
use index::{Answer, Query};
use lockwright::batch::{BatchRequest, Record, Records};
use lockwright::{Source, SourceError};
use worker::{Env, Method, Request, RequestInit, Response};

use crate::settings::Settings;
use crate::shard::REFUSED;

/// How many shards there are. Changing it means moving what they hold.
const SHARDS: u64 = 64;

/// Asks shards.
pub(crate) struct Shards {
    env: Env,
    settings: Settings,
    /// The last index that was refused.
    refused: Rc<RefCell<Option<String>>>,
}

impl Shards {
    pub(crate) fn new(env: Env, settings: Settings) -> Self {
        Self {
            env,
            settings,
            refused: Rc::default(),
        }
    }

    /// An index that this service does not ask, if the project wanted one.
    pub(crate) fn refused(&self) -> Option<String> {
        self.refused.borrow().clone()
    }

    /// The records of a batch as they arrive, their places those of `queries`.
    pub(crate) fn records(
        &self,
        queries: Vec<Query>,
    ) -> SelectAll<LocalBoxStream<'static, Record>> {
        let mut by_shard: Vec<(u64, Vec<u32>, Vec<Query>)> = Vec::new();
        let mut streams = SelectAll::new();
        for (place, query) in (0_u32..).zip(queries) {
            if let Query::Project { index, .. } = &query
                && !self.settings.allows_index(index.as_str())
            {
                *self.refused.borrow_mut() = Some(index.as_str().to_owned());
                let error = SourceError {
                    status: Some(403),
                    ..SourceError::new(index.as_str(), REFUSED)
                };
                streams.push(
                    stream::iter([Record {
                        place,
                        outcome: Err(error),
                    }])
                    .boxed_local(),
                );
                continue;
            }
            let shard = shard_of(&query);
            match by_shard.iter_mut().find(|it| it.0 == shard) {
                Some((_, places, queries)) => {
                    places.push(place);
                    queries.push(query);
                }
                None => by_shard.push((shard, vec![place], vec![query])),
            }
        }
        for (shard, places, queries) in by_shard {
            streams.push(ask_shard(self.env.clone(), shard, places, queries));
        }
        streams
    }
}

impl Source for Shards {
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> LocalBoxStream<'a, Result<(Query, Answer), SourceError>> {
        let records = self.records(queries.clone());
        records
            .map(move |record| {
                let place = usize::try_from(record.place).unwrap_or(usize::MAX);
                let query = queries.get(place).cloned().ok_or_else(broken)?;
                Ok((query, record.answer()?))
            })
            .boxed_local()
    }
}

/// The shard that knows a project.
fn shard_of(query: &Query) -> u64 {
    let name = match query {
        Query::Project { name, .. } => name,
        Query::Metadata(query) => &query.name,
        Query::Archive(query) => &query.name,
        Query::Repository(query) => &query.name,
    };
    // FNV-1a: the same everywhere and for ever, since it decides where things are kept.
    let hash = name
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    hash % SHARDS
}

/// Asks one shard; whatever goes wrong is an error for each query that has no answer yet.
fn ask_shard(
    env: Env,
    shard: u64,
    places: Vec<u32>,
    queries: Vec<Query>,
) -> LocalBoxStream<'static, Record> {
    let calling = async move {
        let waiting = places.clone();
        match call(&env, shard, queries).await {
            Ok(mut response) => match response.stream() {
                Ok(pieces) => read(pieces, places).boxed_local(),
                Err(_) => failures(waiting).boxed_local(),
            },
            Err(_) => failures(waiting).boxed_local(),
        }
    };
    calling.into_stream().flatten().boxed_local()
}

async fn call(env: &Env, shard: u64, queries: Vec<Query>) -> worker::Result<Response> {
    let body = serde_json::to_string(&BatchRequest { queries })?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into()));
    let request = Request::new_with_init("https://shard.internal/batch", &init)?;
    let shards = env.durable_object("INDEX")?;
    let response = shards
        .get_by_name(&format!("s{shard:02x}"))?
        .fetch_with_request(request)
        .await?;
    if response.status_code() == 200 {
        return Ok(response);
    }
    Err(worker::Error::from(format!(
        "a shard answered {}",
        response.status_code()
    )))
}

fn read(pieces: worker::ByteStream, places: Vec<u32>) -> impl stream::Stream<Item = Record> {
    let waiting = Rc::new(RefCell::new(places.clone()));
    let unanswered = Rc::clone(&waiting);
    let mut records = Records::default();
    let arriving = pieces
        .map(move |piece| records.push(&piece.unwrap_or_default()))
        .flat_map(stream::iter)
        .filter_map(move |record| {
            let place = usize::try_from(record.place)
                .ok()
                .and_then(|at| places.get(at))
                .copied();
            if let Some(place) = place {
                waiting.borrow_mut().retain(|it| *it != place);
            }
            std::future::ready(place.map(|place| Record { place, ..record }))
        });
    let broken_off = stream::once(async move { failures(unanswered.take()) }).flatten();
    arriving.chain(broken_off)
}

fn failures(places: Vec<u32>) -> impl stream::Stream<Item = Record> {
    stream::iter(places).map(|place| Record {
        place,
        outcome: Err(broken()),
    })
}

fn broken() -> SourceError {
    SourceError::new("shard", "the index state did not answer")
}
