//! `pylock.toml`, PEP 751.

use diagnostic::Diagnostic;
use lock::Lock;

use crate::{LockFormat, WriteRequest, Written};

/// `pylock.toml`, lock-version 1.0.
#[derive(Clone, Copy, Debug)]
pub struct Pylock;

impl LockFormat for Pylock {
    fn name(&self) -> &'static str {
        "pylock"
    }

    fn file_name(&self) -> &'static str {
        "pylock.toml"
    }

    fn owns(&self, file_name: &str) -> bool {
        let infix = file_name
            .strip_prefix("pylock.")
            .and_then(|rest| rest.strip_suffix(".toml"));
        file_name == "pylock.toml"
            || infix.is_some_and(|infix| !infix.is_empty() && !infix.contains('.'))
    }

    fn recognizes(&self, text: &str) -> bool {
        text.lines()
            .any(|line| line.starts_with("lock-version = \"1."))
            && text
                .lines()
                .any(|line| line == "[[packages]]" || line == "packages = []")
    }

    fn read(&self, _: &str) -> Result<Lock, Vec<Diagnostic>> {
        Err(crate::only_written(self))
    }

    fn write(&self, _: &Lock, _: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}
