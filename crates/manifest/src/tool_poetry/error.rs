//! What can be wrong with `[tool.poetry]` beyond types and words.

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{GroupName, PackageName};

/// What can be wrong with `[tool.poetry]` beyond types and words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PoetryError {
    /// No version constraint.
    #[error("`{text}` is no version constraint")]
    Constraint {
        /// The text.
        text: String,
        /// Where.
        span: Span,
    },
    /// A constraint that no version satisfies.
    #[error("no version of `{name}` satisfies `{text}`")]
    Empty {
        /// The project.
        name: PackageName,
        /// The constraint.
        text: String,
        /// Where.
        span: Span,
    },
    /// `[project]` and `[tool.poetry.dependencies]` want different versions or sources.
    #[error("`[project]` and `[tool.poetry]` ask for different {what} of `{name}`")]
    Contradiction {
        /// The project.
        name: PackageName,
        /// What differs.
        what: &'static str,
        /// What `[project]` says.
        span: Span,
        /// What `[tool.poetry]` says.
        other: Span,
    },
    /// `python` of `[tool.poetry.dependencies]` is wider than `requires-python`.
    #[error("expected Pythons within `requires-python = \"{outer}\"`, found `{inner}`")]
    WiderPython {
        /// `requires-python`.
        outer: String,
        /// `python`.
        inner: String,
        /// Where `python` stands.
        span: Span,
    },
    /// An extra lists what is no dependency.
    #[error("extra `{extra}` lists `{name}`, which is no dependency")]
    UnknownInExtra {
        /// The extra.
        extra: String,
        /// What it lists.
        name: String,
        /// Where.
        span: Span,
    },
    /// A source that nobody declares.
    #[error("source `{name}` is not defined")]
    UnknownSource {
        /// The source.
        name: String,
        /// Where it is named.
        span: Span,
    },
    /// A source without URL, or the public one with another.
    #[error("{problem}")]
    Source {
        /// What is wrong.
        problem: &'static str,
        /// Where.
        span: Span,
        /// What would help.
        help: &'static str,
    },
    /// Two sources of one name.
    #[error("source `{name}` is declared twice")]
    DuplicateSource {
        /// The name.
        name: String,
        /// The second declaration.
        span: Span,
    },
    /// A group that includes itself.
    #[error("group `{group}` includes itself")]
    Cycle {
        /// The group.
        group: GroupName,
        /// The include that closes the cycle.
        span: Span,
    },
}

impl Diagnose for PoetryError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::Constraint { span, .. } => Diagnostic::error("manifest/invalid-constraint", self)
                .label(span.clone(), "")
                .help("write a constraint such as `^1.2`, `>=1.2,<2` or `1.2.*`"),
            Self::Empty { span, .. } => {
                Diagnostic::error("manifest/empty-constraint", self).label(span.clone(), "")
            }
            Self::Contradiction { span, other, .. } => {
                Diagnostic::error("manifest/contradicting-requirements", self)
                    .label(span.clone(), "required here")
                    .label(other.clone(), "and here")
            }
            Self::WiderPython { span, .. } => Diagnostic::error("manifest/wider-python", self)
                .label(span.clone(), "")
                .help("narrow it, or widen `requires-python`"),
            Self::UnknownInExtra { span, .. } => {
                Diagnostic::warning("manifest/unknown-in-extra", self)
                    .label(span.clone(), "listed here")
                    .help("add it to `[tool.poetry.dependencies]` with `optional = true`")
            }
            Self::UnknownSource { name, span } => Diagnostic::error("manifest/unknown-index", self)
                .label(span.clone(), "named here")
                .help(format!(
                    "add a `[[tool.poetry.source]]` with `name = \"{name}\"`"
                )),
            Self::Source { span, help, .. } => Diagnostic::error("manifest/invalid-index", self)
                .label(span.clone(), "")
                .help(*help),
            Self::DuplicateSource { span, .. } => Diagnostic::error("manifest/invalid-index", self)
                .label(span.clone(), "declared again here")
                .help("rename one of the two"),
            Self::Cycle { span, .. } => Diagnostic::error("manifest/group-cycle", self)
                .label(span.clone(), "this include closes the cycle")
                .help("remove one of the includes"),
        }
    }
}
