//! `uv.lock`, version 1: reads revisions 0 to 5, writes revision 5 as uv 0.13.8 does.
//!
//! Cannot say: which digests beside the strongest one a file has, what packages publish about
//! themselves, and the instant behind a relative cut-off.

mod edges;
mod git;
mod read;
mod shape;
mod write;
mod written_marker;

use diagnostic::Diagnostic;
use lock::Lock;

use crate::{LockFormat, Needs, WriteRequest, Written};

/// `uv.lock`.
#[derive(Clone, Copy, Debug)]
pub struct Uv;

/// The revision written.
const REVISION: u32 = 5;

impl Uv {
    /// Whether a lock is of the revision written here: uv 0.13.8 takes a lock of another one, once
    /// it is not up to date, for a different lock.
    #[must_use]
    pub fn is_current(text: &str) -> bool {
        let head = text.lines().take_while(|line| !line.starts_with('['));
        head.filter_map(|line| line.split_once('='))
            .any(|(key, value)| key.trim() == "revision" && value.trim().parse() == Ok(REVISION))
    }
}

impl LockFormat for Uv {
    fn name(&self) -> &'static str {
        "uv"
    }

    fn file_name(&self) -> &'static str {
        "uv.lock"
    }

    /// Scripts have their lock beside them: `tool.py.lock`.
    fn owns(&self, file_name: &str) -> bool {
        file_name == "uv.lock" || file_name.ends_with(".py.lock")
    }

    fn recognizes(&self, text: &str) -> bool {
        let head = || text.lines().take_while(|line| !line.starts_with('['));
        head().any(|line| line == "version = 1")
            && head().any(|line| line.starts_with("requires-python = "))
    }

    fn needs(&self) -> Needs {
        Needs {
            places: true,
            usable: true,
            ..Needs::NOTHING
        }
    }

    fn read(&self, text: &str) -> Result<Lock, Vec<Diagnostic>> {
        read::read(text)
    }

    fn write(&self, lock: &Lock, _: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        let problems = crate::placeless(self, lock.packages.iter());
        if problems.is_empty() {
            Ok(Written::whole(write::write(lock)))
        } else {
            Err(problems)
        }
    }
}
