//! `requirements.txt` with hashes.

use diagnostic::Diagnostic;
use lock::Lock;

use crate::{LockFormat, WriteRequest, Written};

/// `requirements.txt` with hashes.
#[derive(Clone, Copy, Debug)]
pub struct Requirements;

impl LockFormat for Requirements {
    fn name(&self) -> &'static str {
        "requirements"
    }

    fn file_name(&self) -> &'static str {
        "requirements.txt"
    }

    fn recognizes(&self, text: &str) -> bool {
        text.lines()
            .any(|line| line.trim_start().starts_with("--hash="))
    }

    fn media_type(&self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    fn read(&self, _: &str) -> Result<Lock, Vec<Diagnostic>> {
        Err(crate::only_written(self))
    }

    fn write(&self, _: &Lock, _: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}
