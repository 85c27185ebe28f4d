//! What is wrong, where it stands in the user's own file, and what would help.
//!
//! Every error of every crate becomes a [`Diagnostic`]. Two renderers exist and no third:
//! [`text`] for people and [`problem`] for programs (RFC 9457).

pub mod place;
pub mod problem;
pub mod text;

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value};

pub use place::Sources;

/// A place in a file: a range of bytes, start inclusive, end exclusive.
pub type Span = Range<usize>;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The work cannot be done.
    Error,
    /// The work was done; something about the input deserves a look.
    Warning,
}

/// A labelled place in one of the user's files.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Label {
    /// The file, as the user named it; empty for the file at hand.
    pub file: String,
    /// The bytes meant.
    pub span: Span,
    /// What there is to say about them; may be empty.
    pub text: String,
}

/// One thing that is wrong, neutral of how it is shown.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Diagnostic {
    /// A stable word for programs: `manifest/unknown-group`.
    pub code: Cow<'static, str>,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence, lower case, no full stop; further paragraphs after blank lines.
    pub title: String,
    /// Where, most important first.
    pub labels: Vec<Label>,
    /// What can be done, each a line that can be acted on.
    pub help: Vec<String>,
    /// Further facts for programs: members of the [`problem`] that it becomes. Boxed, since few
    /// have any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<Box<Map<String, Value>>>,
}

impl Diagnostic {
    /// An error with a stable code and a title.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass errors and texts alike"
    )]
    pub fn error(code: impl Into<Cow<'static, str>>, title: impl ToString) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Error,
            title: title.to_string(),
            labels: Vec::new(),
            help: Vec::new(),
            more: None,
        }
    }

    /// A warning with a stable code and a title.
    pub fn warning(code: impl Into<Cow<'static, str>>, title: impl ToString) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, title)
        }
    }

    /// Adds a place in the file at hand.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            file: String::new(),
            span,
            text: text.into(),
        });
        self
    }

    /// Says which file the labels without a file belong to.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        for label in &mut self.labels {
            if label.file.is_empty() {
                file.clone_into(&mut label.file);
            }
        }
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a fact for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let more = self.more.get_or_insert_default();
        more.insert(name.to_owned(), value.into());
        self
    }

    /// Whether this is an error rather than a warning.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// An error that knows how to say itself.
pub trait Diagnose {
    /// The neutral form, with places and help.
    fn diagnose(&self) -> Diagnostic;
}
