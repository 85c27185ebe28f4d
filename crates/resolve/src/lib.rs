//! Universal resolution as a conversation.
//!
//! A [`Resolver`] says what it needs to know ([`Step::Ask`]), somebody answers
//! ([`Resolver::learn`]), and what is known only grows. Knowledge decides whether it can go on,
//! never which way it goes.
//!
//! The engine is PubGrub; around it stand the rules by which uv 0.13.8 chooses versions, orders
//! decisions and splits environments. [`Manner`] says where others decide differently.

mod assemble;
mod candidate;
mod demand;
mod environment;
mod exclusive;
mod expand;
mod explain;
mod fork;
mod lookahead;
mod manner;
mod needs_build;
mod node;
mod preference;
mod priority;
mod problem;
mod python;
mod range;
pub mod relax;
mod resolution;
mod resolver;
mod rounds;
mod route;
mod solve;
mod version_map;
mod world;

pub use assemble::{artifact, is_usable, listed, published, published_by};
pub use demand::direct_source;
pub use explain::{Argument, Conflict, Explanation, Hint, Premise, Reason, Wish};
pub use manner::{Coverage, Manner, Splits};
pub use needs_build::with_entry as needs_build_advice;
pub use preference::Preference;
pub use problem::{
    BuildPolicy, IndexCutOffs, IndexStrategy, Indexes, LocalArchive, LocalProject, Overrides,
    Problem,
};
pub use resolution::Resolution;
pub use resolver::{Progress, ResolveError, Resolver, Statistics, Step};
pub use route::Route;
pub use world::is_same_place;
