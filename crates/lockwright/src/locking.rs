//! Locking a project: manifest → problem → resolution → lock → text. (being written)

use diagnostic::Diagnostic;

use crate::{LockReply, LockRequest, Progress, Source};

/// What kind of failure it was; decides exit codes and HTTP statuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureKind {
    /// The input cannot be read (exit 2, 400/422).
    Input,
    /// There is no solution (exit 1, 422).
    NoSolution,
    /// Something needed can only be had by a build (exit 1, 422).
    NeedsBuild,
    /// The index failed (exit 2, 502).
    Index,
    /// The index took too long (exit 2, 504).
    IndexTimeout,
    /// The caller cancelled (exit 130, 499).
    Cancelled,
}

/// Why there is no lock.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What is wrong, errors first; warnings may follow.
    pub diagnostics: Vec<Diagnostic>,
}

/// Locks a project.
///
/// # Errors
///
/// See [`FailureKind`].
pub async fn lock(
    request: &LockRequest,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
) -> Result<LockReply, Failure> {
    let _ = (request, source, progress);
    Err(Failure { kind: FailureKind::Cancelled, diagnostics: Vec::new() })
}
