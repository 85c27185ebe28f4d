//! How a failure is told to programs: the same problem over HTTP and in the browser.

use diagnostic::Sources;
use diagnostic::problem::Problem;

use crate::{Failure, FailureKind};

/// What is not TOML is not even a question; everything else that is wrong with a project is one
/// that has no answer.
const NOT_TOML: &str = "manifest/invalid-toml";

impl Failure {
    /// The HTTP status that says what kind of failure it was.
    #[must_use]
    pub fn status(&self) -> u16 {
        let is_toml = self.diagnostics.iter().all(|it| it.code != NOT_TOML);
        match self.kind {
            FailureKind::Input if !is_toml => 400,
            FailureKind::Input | FailureKind::NoSolution | FailureKind::NeedsBuild => 422,
            FailureKind::Index => 502,
            FailureKind::IndexTimeout => 504,
            FailureKind::Cancelled => 499,
        }
    }

    /// The problem document, with lines and columns in the request's own texts.
    #[must_use]
    pub fn problem(&self, sources: &Sources<'_>) -> Problem {
        Problem::new(&self.diagnostics, sources, self.status())
    }
}
