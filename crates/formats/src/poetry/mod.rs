//! `poetry.lock`: reads lock-version 1.x to 2.1, writes 2.1 as poetry 2.5.1 does.
//!
//! Cannot say: where files are, how large they are and when they were uploaded; which
//! environments a resolution was split into, beyond each package's markers; conflicts between
//! extras and groups. `poetry lock` keeps one version of a project per branch of its own, so a
//! set that was split elsewhere can be installed but not locked again unchanged.
//!
//! Specification: none; the behaviour is that of poetry 2.5.1 with poetry-core 2.5.0.

mod atom;
mod content_hash;
mod dependency;
mod graph;
mod marker;
mod marker_parse;
mod overlap;
mod places;
mod read;
mod replay;
mod root;
mod values;
mod write;

use diagnostic::Diagnostic;
use lock::Lock;
use packaging::poetry::{constraint, range};

use crate::tomlkit as layout;
use crate::{LockFormat, Needs, WriteRequest, Written};

/// `poetry.lock`.
#[derive(Clone, Copy, Debug)]
pub struct Poetry;

impl LockFormat for Poetry {
    fn name(&self) -> &'static str {
        "poetry"
    }

    fn file_name(&self) -> &'static str {
        "poetry.lock"
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\n[metadata]\n") && text.contains("\ncontent-hash = \"")
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
        let problems = crate::nameless(self, lock.packages.iter());
        if problems.is_empty() {
            write::write(lock, request)
        } else {
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors {
    mod tests;
}
