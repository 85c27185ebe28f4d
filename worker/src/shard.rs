//! A Durable Object that keeps what indexes say about some of the projects.
//!
//! It answers batches ([`lockwright::batch`]). Each question is asked of the index once for
//! everybody, kept in the compact form in SQLite, and revalidated by its entity tag.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use index::{Answer, Query};
use lockwright::batch::{BatchRequest, MEDIA_TYPE, Record};
use lockwright::{Cache, CacheKey, Cached, HttpSettings, HttpSource, Source, SourceError};
use url::Url;
use worker::{
    Date, DurableObject, Env, Request, Response, Result, SqlStorage, SqlStorageValue, State,
    console_error, durable_object, wasm_bindgen,
};

use crate::limits::SHARD_CONCURRENCY;
use crate::settings::{Settings, origin};
use crate::transport::EdgeTransport;

/// The largest row that is kept; SQLite takes 2 MB.
const LARGEST: usize = 1_900_000;

/// For how long an answer that nobody asks for is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often old answers are looked for.
const SWEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// The Durable Object.
#[durable_object(alarm)]
pub struct IndexShard {
    inner: Rc<Inner>,
}

struct Inner {
    state: State,
    settings: Settings,
    source: HttpSource<EdgeTransport, Kept>,
}

impl DurableObject for IndexShard {
    fn new(state: State, env: Env) -> Self {
        let kept = Kept {
            sql: state.storage().sql(),
        };
        if let Err(error) = kept.sql.exec(SCHEMA, None) {
            console_error!("the shard's tables cannot be made: {error}");
        }
        let settings = Settings::read(&env);
        let transport = EdgeTransport::new(settings.clone());
        let http = HttpSettings {
            now,
            is_offline: false,
            concurrency: SHARD_CONCURRENCY,
        };
        let source = HttpSource::with_cache(transport, kept, http);
        Self {
            inner: Rc::new(Inner {
                state,
                settings,
                source,
            }),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let Ok(batch) = serde_json::from_slice::<BatchRequest>(&request.bytes().await?) else {
            return Response::error("this is not a batch", 400);
        };
        let places = 0_u32..;
        let records: FuturesUnordered<_> = places
            .zip(batch.queries)
            .map(|(place, query)| {
                let inner = Rc::clone(&self.inner);
                async move {
                    Record {
                        place,
                        outcome: inner.answer(query).await,
                    }
                }
            })
            .collect();
        let response =
            Response::from_stream(records.map(|record| Ok::<_, worker::Error>(record.to_bytes())))?;
        response.headers().set("content-type", MEDIA_TYPE)?;
        Ok(response)
    }

    async fn alarm(&self) -> Result<Response> {
        let inner = &self.inner;
        #[expect(
            clippy::cast_precision_loss,
            reason = "SQLite takes numbers as JavaScript has them"
        )]
        let oldest = (now() - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX)) as f64;
        inner
            .source
            .cache()
            .sql
            .exec("DELETE FROM answer WHERE asked_at < ?", vec![oldest.into()])?;
        inner.state.storage().set_alarm(SWEEP).await?;
        Response::empty()
    }
}

impl Inner {
    /// The answer in its compact form.
    async fn answer(self: Rc<Self>, query: Query) -> std::result::Result<Vec<u8>, SourceError> {
        if let Some(bytes) = self.source.cache().fresh(&query) {
            return Ok(bytes);
        }
        self.refuse_strangers(&query)?;
        let me = Rc::clone(&self);
        let asked = async move {
            let answered = me.source.ask(vec![query]).next().await;
            let (query, answer) = answered
                .unwrap_or_else(|| Err(SourceError::new("batch", "the source gave no answer")))?;
            // What was fetched is kept already, and need not be made compact a second time.
            let kept = me.source.cache().fresh(&query);
            Ok(kept.unwrap_or_else(|| for_now(answer).to_bytes()))
        }
        .boxed_local()
        .shared();
        // Polled on when whoever asked has gone, so that it is there for the next.
        self.state.wait_until(asked.clone().map(drop));
        self.sweep_some_day().await;
        asked.await
    }

    /// Only files that pages of allowed indexes name may be asked for, so that nobody can make this
    /// service fetch what it likes.
    fn refuse_strangers(&self, query: &Query) -> std::result::Result<(), SourceError> {
        let (url, is_known) = match query {
            Query::Project { index, .. } => {
                (index.as_str(), self.settings.allows_index(index.as_str()))
            }
            Query::Metadata(query) => {
                let origin = Url::parse(&query.url).ok().map(|url| origin(&url));
                (
                    &*query.url,
                    origin.is_some_and(|origin| self.source.cache().knows(&origin)),
                )
            }
            // Whoever requires a URL chooses it: only hosts that serve allowed indexes are asked.
            Query::Archive(query) => {
                let place = query.place.as_str();
                let origin = Url::parse(place).ok().map(|url| origin(&url));
                let is_of_index = origin.is_some_and(|it| self.source.cache().knows(&it));
                (place, is_of_index || self.settings.allows_index(place))
            }
            Query::Repository(query) => {
                let is_public = lockwright::source::is_on_public_forge(&query.url);
                let is_known = is_public || self.settings.allows_index(&query.url);
                (&*query.url, is_known)
            }
        };
        if is_known {
            return Ok(());
        }
        Err(SourceError {
            status: Some(403),
            ..SourceError::new(url, REFUSED)
        })
    }

    async fn sweep_some_day(&self) {
        let storage = self.state.storage();
        if matches!(storage.get_alarm().await, Ok(None))
            && let Err(error) = storage.set_alarm(SWEEP).await
        {
            console_error!("no alarm can be set: {error}");
        }
    }
}

/// What is said about an address that is not asked.
pub(crate) const REFUSED: &str = "this service does not ask that address";

fn now() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

fn for_now(answer: Answer) -> Cached {
    Cached {
        answer,
        etag: None,
        fetched_at: now(),
        max_age: Some(0),
    }
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS answer(
    key TEXT PRIMARY KEY, fresh_until REAL, asked_at REAL NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS origin(origin TEXT PRIMARY KEY) WITHOUT ROWID;
";

/// Answers in SQLite.
#[derive(Debug)]
struct Kept {
    sql: SqlStorage,
}

impl Kept {
    /// A fresh answer in its compact form, not decoded.
    fn fresh(&self, query: &Query) -> Option<Vec<u8>> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "SQLite takes numbers as JavaScript has them"
        )]
        let now = now() as f64;
        let sql =
            "SELECT body FROM answer WHERE key = ? AND (fresh_until IS NULL OR fresh_until > ?)";
        self.blob(sql, vec![key(query).into(), now.into()])
    }

    fn blob(&self, sql: &str, values: Vec<SqlStorageValue>) -> Option<Vec<u8>> {
        // `raw` and not `one`, which never ends where there is no row.
        let row = self.sql.exec(sql, values).ok()?.raw().next()?.ok()?;
        match row.into_iter().next()? {
            SqlStorageValue::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether a page named files there.
    fn knows(&self, origin: &str) -> bool {
        let found = self
            .sql
            .exec("SELECT 1 FROM origin WHERE origin = ?", vec![origin.into()]);
        found.is_ok_and(|cursor| cursor.raw().next().is_some())
    }

    fn store(&self, query: &Query, cached: &Cached) -> Result<()> {
        let body = cached.to_bytes();
        if body.len() > LARGEST {
            return Ok(());
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "SQLite takes numbers as JavaScript has them"
        )]
        let (fetched_at, now) = (cached.fetched_at as f64, now() as f64);
        #[expect(
            clippy::cast_precision_loss,
            reason = "SQLite takes numbers as JavaScript has them"
        )]
        let fresh_until = cached
            .max_age
            .map(|seconds| seconds as f64 * 1000.0 + fetched_at);
        self.sql.exec(
            "INSERT OR REPLACE INTO answer(key, fresh_until, asked_at, body) VALUES (?, ?, ?, ?)",
            vec![
                key(query).into(),
                fresh_until.map_or(SqlStorageValue::Null, Into::into),
                now.into(),
                body.into(),
            ],
        )?;
        if let Answer::Project(project) = &cached.answer {
            let origins: BTreeSet<_> = project
                .releases()
                .flat_map(|(_, release)| {
                    let files = release.files();
                    files
                        .filter_map(|file| Some(origin(&Url::parse(&file.url).ok()?)))
                        .collect::<Vec<_>>()
                })
                .collect();
            for origin in origins {
                self.sql.exec(
                    "INSERT OR IGNORE INTO origin VALUES (?)",
                    vec![origin.into()],
                )?;
            }
        }
        Ok(())
    }
}

impl Cache for Kept {
    async fn get(&self, query: &Query) -> Option<Cached> {
        let bytes = self.blob(
            "SELECT body FROM answer WHERE key = ?",
            vec![key(query).into()],
        )?;
        Cached::from_bytes(&bytes)
    }

    async fn put(&self, query: &Query, cached: Cached) {
        if let Err(error) = self.store(query, &cached) {
            console_error!("an answer cannot be kept: {error}");
        }
    }
}

/// The key of a query. A metadata answer also tells whether the file is of the release asked for,
/// so that one who asks for a wrong one cannot spoil it for others.
fn key(query: &Query) -> String {
    let key = CacheKey::of(query);
    match query {
        Query::Project { .. } => key.as_str().to_owned(),
        Query::Metadata(query) => format!(
            "{}/{}/{}/{}/{}",
            key.as_str(),
            query.name,
            query.version,
            query.filename,
            u8::from(query.beside)
        ),
        Query::Archive(_) | Query::Repository(_) => key.as_str().to_owned(),
    }
}
