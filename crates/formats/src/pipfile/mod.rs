//! `Pipfile.lock`, pipfile-spec 6, as pipenv 2026.10 reads and writes it.
//!
//! Cannot say: which package requires which, where files are and which has which hash, several
//! versions of a project, and which Pythons and platforms the whole is for. The project's own
//! dependencies are `default`, the group `dev` is `develop`, other groups are categories.

mod json;
mod read;
mod write;

use diagnostic::Diagnostic;
use lock::Lock;

use crate::{LockFormat, Needs, WriteRequest, Written};

/// `Pipfile.lock`.
#[derive(Clone, Copy, Debug)]
pub struct PipfileLock;

impl LockFormat for PipfileLock {
    fn name(&self) -> &'static str {
        "pipfile"
    }

    fn file_name(&self) -> &'static str {
        "Pipfile.lock"
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('{') && text.contains("\"pipfile-spec\"")
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn is_export(&self) -> bool {
        true
    }

    fn holds_forks(&self) -> bool {
        false
    }

    fn needs(&self) -> Needs {
        Needs {
            hashes: true,
            metadata: true,
            ..Needs::NOTHING
        }
    }

    fn read(&self, text: &str) -> Result<Lock, Vec<Diagnostic>> {
        read::read(text).map(|(lock, _)| lock)
    }

    fn lint(&self, text: &str) -> Vec<Diagnostic> {
        read::read(text).map_or_else(|_| Vec::new(), |(_, warnings)| warnings)
    }

    fn write(&self, lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        write::write(lock, request)
    }
}
