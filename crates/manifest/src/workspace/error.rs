//! Why files make no workspace.

use std::sync::Arc;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::PackageName;

use crate::glob::GlobError;

/// Why files make no workspace.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WorkspaceError {
    /// There is no file to begin with.
    #[error("expected a `{file}`, found none")]
    MissingFile {
        /// The file.
        file: String,
    },
    /// A member without a project.
    #[error("expected `[project]` in the file of a workspace member, found none")]
    MissingProject,
    /// A root that asks for nothing.
    #[error("found neither `[project]` nor `[dependency-groups]`: there is nothing to lock")]
    NothingAsked,
    /// A pattern that is none.
    #[error("`{pattern}` is not a pattern: {reason}")]
    InvalidPattern {
        /// The pattern.
        pattern: String,
        /// Why not.
        reason: GlobError,
        /// Where.
        span: Span,
    },
    /// Two members of one name.
    #[error("two workspace members are named `{name}`: `{first}` and `{second}`")]
    DuplicateMember {
        /// The name.
        name: PackageName,
        /// The folder of one.
        first: String,
        /// The folder of the other.
        second: String,
        /// Where the other is named.
        span: Span,
    },
    /// A member that is the root of another workspace.
    #[error("workspace member `{path}` is the root of another workspace")]
    Nested {
        /// The member's folder.
        path: String,
        /// Its `[tool.uv.workspace]`.
        span: Span,
    },
    /// Sources that disagree.
    #[error("sources of `{name}` disagree: expected the same `editable` everywhere")]
    EditableConflict {
        /// The member.
        name: PackageName,
        /// One of the sources.
        span: Span,
    },
    /// No Python satisfies all members.
    #[error("no Python satisfies the `requires-python` of all workspace members")]
    DisjointPythons {
        /// Where, with the members' files.
        places: Vec<(Arc<str>, Span)>,
    },
    /// A dependency is told by a build backend.
    #[error("the `{key}` of `{name}` are dynamic: only a build could tell them")]
    Dynamic {
        /// The project.
        name: PackageName,
        /// The key.
        key: &'static str,
        /// Where the project is named.
        span: Span,
    },
    /// A source is limited to a part that does not exist or does not ask for the project.
    #[error("the source of `{name}` is limited to {part}, which {reason}")]
    UselessLimit {
        /// The project.
        name: PackageName,
        /// The part.
        part: String,
        /// What is wrong with it.
        reason: &'static str,
        /// The source.
        span: Span,
    },
}

impl Diagnose for WorkspaceError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::MissingFile { .. } => Diagnostic::error("manifest/missing-file", self)
                .help("create it, or name another folder"),
            Self::MissingProject => Diagnostic::error("manifest/missing-project", self)
                .label(0..0, "")
                .help("add a `[project]` table with `name`, `version` and `dependencies`"),
            Self::NothingAsked => Diagnostic::warning("manifest/missing-project", self)
                .label(0..0, "")
                .help("add a `[project]` table with `name`, `version` and `dependencies`"),
            Self::InvalidPattern { span, .. } => {
                Diagnostic::error("manifest/invalid-pattern", self).label(span.clone(), "")
            }
            Self::DuplicateMember { span, .. } => {
                Diagnostic::error("manifest/duplicate-member", self)
                    .label(span.clone(), "named again here")
                    .help("rename one of them, or exclude its folder in `[tool.uv.workspace]`")
            }
            Self::Nested { path, span } => Diagnostic::error("manifest/nested-workspace", self)
                .label(span.clone(), "")
                .help(format!(
                    "add `{path}` to `exclude` in the outer `[tool.uv.workspace]`"
                )),
            Self::EditableConflict { span, .. } => {
                Diagnostic::error("manifest/invalid-source", self).label(span.clone(), "")
            }
            Self::DisjointPythons { places } => {
                let mut error = Diagnostic::error("manifest/disjoint-pythons", self)
                    .help("widen the `requires-python` of one of them");
                for (file, span) in places {
                    error = error.label(span.clone(), "").in_file(file);
                }
                error
            }
            Self::Dynamic { key, span, .. } => {
                Diagnostic::error("manifest/dynamic-dependencies", self)
                    .label(span.clone(), "")
                    .help(format!(
                        "write the `{key}` into `[project]`, and not into its `dynamic`"
                    ))
            }
            Self::UselessLimit { span, .. } => {
                Diagnostic::error("manifest/invalid-source", self).label(span.clone(), "")
            }
        }
    }
}
