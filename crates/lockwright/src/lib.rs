//! Lock Python projects without Python: resolve, write and convert lock files.
//!
//! Text and facts in, text out. The only loop and the only `await` are in [`drive`];
//! I/O happens in whatever implements [`Transport`] or [`Source`].

pub mod api;
pub mod batch;
pub mod convert;
pub mod drive;
pub mod form;
pub mod inspect;
pub mod migration;
pub mod recorded;
pub mod selection;
pub mod source;
pub mod transport;

mod built;
mod complete;
mod conflict;
mod direct;
mod existing;
mod foreign;
mod freshness;
mod locking;
mod mode;
mod preferences;
mod problem;
mod question;
mod ways_out;

pub use api::{LockOptions, LockReply, LockRequest, Progress};
pub use complete::complete;
pub use convert::convert;
pub use foreign::{FOREIGN_MANIFESTS, workspace as foreign_workspace};
pub use locking::{Failure, FailureKind, lock, manifest_lock_name, script_lock_name};
pub use mode::Mode;
pub use source::{Cache, CacheKey, Cached, HttpSettings, HttpSource, NoCache, Source, SourceError};
pub use transport::{Reply, Transport, TransportError};

/// The public index: the default of every peer, and the only place that names it.
pub const PUBLIC_INDEX: &str = "https://pypi.org/simple";
