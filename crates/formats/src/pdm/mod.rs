//! `pdm.lock`: reads lock versions 4.0 to 4.5, writes 4.5.1 as pdm 2.29.3 does.
//!
//! Cannot say: which index a package comes from; how large files are and when they were uploaded;
//! which environments a resolution was split into, beyond each package's marker; conflicts
//! between extras and groups; edges of extras that nobody wanted.
//!
//! Specification: none; the behaviour is that of pdm 2.29.3 with dep-logic 0.7.2 and resolvelib
//! 1.2.1.

mod atom;
mod files;
mod frame;
mod legacy;
mod marker;
mod marker_parse;
mod project;
mod python;
mod python_text;
mod read;
mod requirement;
mod root;
mod shape;
mod specifier;
mod walk;
mod write;

use diagnostic::Diagnostic;
use lock::Lock;

use crate::{LockFormat, Needs, WriteRequest, Written};

/// The groups that a `pdm.lock` holds, extras among them; `None` of a text that is none.
#[must_use]
pub fn locked_groups(text: &str) -> Option<Vec<String>> {
    frame::Previous::read(Some(text)).groups
}

/// `pdm.lock`.
#[derive(Clone, Copy, Debug)]
pub struct Pdm;

impl LockFormat for Pdm {
    fn name(&self) -> &'static str {
        "pdm"
    }

    fn file_name(&self) -> &'static str {
        "pdm.lock"
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\n[metadata]\n") && text.contains("\nlock_version = \"")
    }

    fn needs(&self) -> Needs {
        Needs {
            releases: true,
            metadata: true,
            ..Needs::NOTHING
        }
    }

    fn read(&self, text: &str) -> Result<Lock, Vec<Diagnostic>> {
        read::read(text)
    }

    fn write(&self, lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        write::write(lock, request)
    }
}

#[cfg(test)]
mod tests;
