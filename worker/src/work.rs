//! What the routes that ask indexes share: what only the service knows, and a bound on time.

use std::future::Future;

use diagnostic::Sources;
use futures_util::future::Either;
use lockwright::{Failure, LockOptions};
use worker::{Date, Delay};

use crate::limits::LOCK_TIME;
use crate::reply::Refusal;
use crate::settings::Settings;
use crate::shards::Shards;

/// A body as text.
pub(crate) fn text_of(body: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(body)
        .map_err(|_| Refusal::new(400, "request/not-utf-8", "the body is not UTF-8"))
}

/// Fills in what only the service knows, and refuses indexes that it does not ask.
pub(crate) fn complete(options: &mut LockOptions, settings: &Settings) -> Result<(), Refusal> {
    options.now = options
        .now
        .or_else(|| i64::try_from(Date::now().as_millis()).ok());
    if options.public_index.is_none() {
        options.public_index.clone_from(&settings.public_index);
    }
    let named = options
        .index
        .iter()
        .map(|index| index.split_once('=').map_or(index.as_str(), |it| it.1));
    let mut indexes = options
        .public_index
        .iter()
        .chain(&options.default_index)
        .map(String::as_str)
        .chain(named);
    match indexes.find(|index| !settings.allows_index(index)) {
        Some(index) => Err(not_asked(index)),
        None => Ok(()),
    }
}

fn not_asked(index: &str) -> Refusal {
    let index = lockwright::source::without_credentials(index);
    Refusal::new(
        422,
        "index/not-asked",
        format!("this service does not ask the index `{index}`"),
    )
    .help("do it on your own machine, with the command `lockwright`")
}

/// Waits for work that asks indexes, as long as one request may take.
pub(crate) async fn within_time<T>(
    work: impl Future<Output = Result<T, Failure>> + Unpin,
    shards: &Shards,
    sources: &Sources<'_>,
) -> Result<T, Refusal> {
    match futures_util::future::select(work, Delay::from(LOCK_TIME)).await {
        Either::Left((outcome, _)) => outcome.map_err(|failure| match shards.refused() {
            Some(index) => not_asked(&index),
            None => Refusal::of(&failure, sources),
        }),
        Either::Right(_) => Err(Refusal::new(
            504,
            "edge/out-of-time",
            format!("no lock within {} s", LOCK_TIME.as_secs()),
        )
        .help("do it on your own machine, with the command `lockwright`")),
    }
}
