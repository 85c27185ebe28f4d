//! `requirements.txt`: read as pip 26.3 does, written as `uv export` and others do.
//! <https://pip.pypa.io/en/stable/reference/requirements-file-format/>
//!
//! Cannot say: where the files are, the index each package comes from, and all that `pylock.toml`
//! cannot say either. Local projects are left out unless they are asked for: they have no hash,
//! and pip refuses a file in which some requirements have hashes and others do not.
//!
//! Read, every line must pin. Such a file does not name its root: what no `# via` comment explains
//! was asked for by a root without a project. Which file has which hash stays unknown.

mod compile;
mod plain;
mod read;
mod style;
mod uv;

use diagnostic::Diagnostic;
use lock::Lock;

pub(crate) use read::read as read_pinned;

use crate::{LockFormat, Needs, WriteRequest, Written};

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

    fn owns(&self, file_name: &str) -> bool {
        file_name.starts_with("requirements") && file_name.ends_with(".txt")
    }

    fn recognizes(&self, text: &str) -> bool {
        read::recognizes(text)
    }

    fn media_type(&self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    fn is_export(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs {
            hashes: true,
            ..Needs::NOTHING
        }
    }

    fn read(&self, text: &str) -> Result<Lock, Vec<Diagnostic>> {
        read::read(text).map(|(lock, _)| lock)
    }

    fn lint(&self, text: &str) -> Vec<Diagnostic> {
        read::read(text).map_or_else(|_| Vec::new(), |(_, warnings)| warnings)
    }

    fn layouts(&self) -> &'static [&'static str] {
        &[
            "uv-export",
            "uv-pip-compile",
            "pip-compile",
            "pdm",
            "poetry",
        ]
    }

    fn write(&self, lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        match crate::layout_of(self, request)? {
            "uv-pip-compile" => compile::write(lock, request, style::Tool::Uv),
            "pip-compile" => compile::write(lock, request, style::Tool::PipCompile),
            "pdm" => plain::write(lock, request, plain::Tool::Pdm),
            "poetry" => plain::write(lock, request, plain::Tool::Poetry),
            _ => uv::write(lock, request),
        }
    }
}
