//! The edge worker: the HTTP API, the playground's files, and the index state behind both.
//!
//! A request for a lock is resolved right here; what indexes say comes from [`shard`]s, Durable
//! Objects that each keep the answers about some of the projects.

mod batch;
mod convert;
mod inspect;
mod limits;
mod lock;
mod offer;
mod reply;
mod route;
mod settings;
mod shard;
mod shards;
mod transport;
mod work;

use worker::{Context, Env, Request, Response, Result, console_error, event};

/// Says in the log what went wrong before the module is started anew.
#[event(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| console_error!("{panic}")));
}

/// Answers a request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    route::answer(request, &env).await
}
