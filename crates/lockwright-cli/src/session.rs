//! A run that asks indexes: the network, the cache, a line of progress, and a way to break it off.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use diagnostic::Diagnostic;
use lockwright::{Failure, FailureKind, HttpSettings, HttpSource, Progress};
use tokio::runtime::Runtime;
use tokio::time::MissedTickBehavior;

use crate::cache::{self, DiskCache};
use crate::credentials::Credentials;
use crate::progress::{INTERVAL, ProgressLine};
use crate::transport::{HttpTransport, Places, TransportSettings};

/// How many requests may be under way at once.
const CONCURRENCY: usize = 50;

/// Who answers, in the command.
pub type Answers = HttpSource<HttpTransport, DiskCache>;

/// What a run needs to know before it asks.
#[derive(Debug)]
pub struct Session {
    /// User names and passwords of indexes.
    pub credentials: Credentials,
    /// The folder that relative paths of sources start from.
    pub project: PathBuf,
    /// Whether nobody is asked: only what is cached counts.
    pub is_offline: bool,
    /// Whether no progress is shown.
    pub is_quiet: bool,
}

impl Session {
    /// Does something with answers to be had, drawing progress until it is done or interrupted.
    ///
    /// Warnings are about what could not be kept; they come with a failure's own diagnostics.
    ///
    /// # Errors
    ///
    /// What the job says, or that it was interrupted.
    pub fn run<T>(
        self,
        job: impl AsyncFnOnce(&Answers, &mut dyn FnMut(&Progress)) -> Result<T, Failure>,
    ) -> Result<(T, Vec<Diagnostic>), Failure> {
        let runtime = runtime().map_err(|error| Failure {
            kind: FailureKind::Input,
            diagnostics: vec![Diagnostic::error("cli/no-runtime", error)],
        })?;
        let folder = cache::usual_folder(environment_path);
        let places = Places {
            project: self.project,
            cache: folder.clone(),
        };
        let transport = HttpTransport::new(self.credentials, TransportSettings::default(), places);
        let settings = HttpSettings {
            now,
            is_offline: self.is_offline,
            concurrency: CONCURRENCY,
        };
        let cache = DiskCache::new(folder.clone());
        let source = HttpSource::with_cache(transport, cache, settings);
        let line = ProgressLine::new(self.is_quiet);
        let outcome = runtime.block_on(async {
            let outcome = watched(job, &source, &line).await;
            let kept = source.cache().flush().await;
            let warning = folder.as_deref().and_then(|it| cache_warning(kept, it));
            with_warning(outcome, warning)
        });
        // Whatever still runs, a name lookup for instance, need not be waited for.
        runtime.shutdown_background();
        outcome
    }
}

fn with_warning<T>(
    outcome: Result<T, Failure>,
    warning: Option<Diagnostic>,
) -> Result<(T, Vec<Diagnostic>), Failure> {
    match outcome {
        Ok(done) => Ok((done, warning.into_iter().collect())),
        Err(mut failure) => {
            failure.diagnostics.extend(warning);
            Err(failure)
        }
    }
}

/// That answers could not be kept, if so.
fn cache_warning(kept: std::io::Result<()>, folder: &Path) -> Option<Diagnostic> {
    let error = kept.err()?;
    let folder = shown(folder);
    let title = format!("answers could not be cached in `{folder}`: {error}");
    let warning = Diagnostic::warning("cli/cache-not-written", title);
    Some(warning.help("`LOCKWRIGHT_CACHE_DIR` names another folder"))
}

/// A few threads for connections, and a few for parsing and the cache: with more of them, what a
/// warm run reads at once would cost more memory than it saves time.
fn runtime() -> std::io::Result<Runtime> {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.clamp(1, 4))
        .max_blocking_threads(processors.clamp(2, 8))
        .enable_all()
        .build()
}

/// Does the job while drawing the line, until done or interrupted.
async fn watched<T>(
    job: impl AsyncFnOnce(&Answers, &mut dyn FnMut(&Progress)) -> Result<T, Failure>,
    source: &Answers,
    line: &ProgressLine,
) -> Result<T, Failure> {
    let mut update = |progress: &Progress| line.update(progress);
    let mut working = std::pin::pin!(job(source, &mut update));
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + INTERVAL, INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    let impatience = tokio::spawn(give_up_when_interrupted());
    let outcome = loop {
        tokio::select! {
            biased;
            Ok(()) = &mut interrupt => break Err(interrupted()),
            outcome = &mut working => break outcome,
            _ = ticks.tick() => line.draw(source.transport()),
        }
    };
    impatience.abort();
    line.clear();
    outcome
}

/// Ends the process when an interrupt is not noticed in time, since the resolver is amid a long
/// step. Nothing is written by then but whole files of the cache.
async fn give_up_when_interrupted() {
    if tokio::signal::ctrl_c().await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        std::process::exit(130);
    }
}

fn interrupted() -> Failure {
    let diagnostic = Diagnostic::error("cli/interrupted", "interrupted, nothing was written");
    Failure {
        kind: FailureKind::Cancelled,
        diagnostics: vec![diagnostic],
    }
}

/// An environment variable that is set to something.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|it| !it.is_empty())
}

fn environment_path(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A path as the user would write it.
#[must_use]
pub fn shown(path: &Path) -> std::path::Display<'_> {
    path.strip_prefix(".").unwrap_or(path).display()
}
