//! Requirements, markers and Pythons as somebody wrote them, with the place where they stand.

use std::sync::Arc;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{
    ExtraName, GroupName, InvalidName, Marker, PackageName, Requirement, RequiresPython, Version,
    VersionSpecifiers,
};

use crate::document::{Node, Reader};
use crate::tool_uv::Source;

/// A requirement and its place.
#[derive(Clone, Debug)]
pub struct DeclaredRequirement {
    /// The requirement, as written.
    pub requirement: Arc<Requirement>,
    /// Specifiers any of which will do as well as the requirement's own.
    pub alternatives: Vec<VersionSpecifiers>,
    /// Where it comes from, if that stands beside it rather than in a table of sources.
    pub source: Option<Arc<Source>>,
    /// What must hold beyond the requirement's own marker: the Pythons of its dependency group.
    pub condition: Marker,
    /// The string it stands in, quotes included.
    pub span: Span,
}

impl DeclaredRequirement {
    /// When the requirement applies.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.requirement.marker.and(self.condition)
    }
}

/// A `requires-python` and its place.
#[derive(Clone, Debug)]
pub struct DeclaredPython {
    /// The Pythons.
    pub python: RequiresPython,
    /// The specifiers, in the order they were written.
    pub specifiers: VersionSpecifiers,
    /// As written.
    pub text: String,
    /// The string it stands in, quotes included.
    pub span: Span,
}

/// A marker and its place.
#[derive(Clone, Debug)]
pub struct DeclaredMarker {
    /// The marker.
    pub marker: Marker,
    /// As written.
    pub text: String,
    /// The string it stands in, quotes included.
    pub span: Span,
}

/// A text that does not say what it should.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WordError {
    /// No name of a project, extra or group.
    #[error("{name}")]
    Name {
        /// What is wrong with it.
        name: InvalidName,
        /// Where.
        span: Span,
    },
    /// No version.
    #[error("expected a version for `{key}`, found `{text}`")]
    Version {
        /// The key.
        key: String,
        /// The text.
        text: String,
        /// What the parser says.
        reason: String,
        /// Where.
        span: Span,
    },
    /// No version specifiers.
    #[error("expected version specifiers for `{key}`, found `{text}`")]
    Specifiers {
        /// The key.
        key: String,
        /// The text.
        text: String,
        /// What the parser says.
        reason: String,
        /// Where.
        span: Span,
    },
    /// No requirement.
    #[error("`{text}` is not a requirement: {reason}")]
    Requirement {
        /// The text.
        text: String,
        /// What the parser says.
        reason: String,
        /// Where.
        span: Span,
    },
    /// No marker.
    #[error("`{text}` is not a marker: {reason}")]
    Marker {
        /// The text.
        text: String,
        /// What the parser says.
        reason: String,
        /// Where.
        span: Span,
    },
    /// None of the words a setting may have.
    #[error("expected {expected} for `{key}`, found `{text}`")]
    Choice {
        /// The key.
        key: String,
        /// The words it may have.
        expected: String,
        /// The text.
        text: String,
        /// Where.
        span: Span,
    },
}

impl Diagnose for WordError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::Name { span, .. } => {
                Diagnostic::error("manifest/invalid-name", self).label(span.clone(), "")
            }
            Self::Version { reason, span, .. } => {
                Diagnostic::error("manifest/invalid-version", self)
                    .label(span.clone(), reason)
                    .help("write a version such as `1.2.3`")
            }
            Self::Specifiers { reason, span, .. } => {
                Diagnostic::error("manifest/invalid-specifiers", self)
                    .label(span.clone(), reason)
                    .help("write specifiers such as `>=3.10` or `>=1.2,<2`")
            }
            Self::Requirement { span, .. } => {
                Diagnostic::error("manifest/invalid-requirement", self)
                    .label(span.clone(), "")
                    .help("write a requirement such as `name>=1.2 ; python_version >= '3.10'`")
            }
            Self::Marker { span, .. } => Diagnostic::error("manifest/invalid-marker", self)
                .label(span.clone(), "")
                .help("write a marker such as `sys_platform == 'linux'`"),
            Self::Choice { span, .. } => {
                Diagnostic::error("manifest/invalid-choice", self).label(span.clone(), "")
            }
        }
    }
}

/// A requirement that means something only with a known mistake mended.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a requirement, but can be read as one")]
struct Mended {
    text: String,
    reason: String,
    span: Span,
}

impl Diagnose for Mended {
    fn diagnose(&self) -> Diagnostic {
        Diagnostic::warning("manifest/mended-requirement", self)
            .label(self.span.clone(), &self.reason)
            .help("write it as the specification has it: build tools may refuse it")
    }
}

impl Reader<'_> {
    fn name<T>(&mut self, span: Span, name: Result<T, InvalidName>) -> Option<T> {
        name.map_err(|name| self.note(&WordError::Name { name, span }))
            .ok()
    }

    /// A project's name.
    pub(crate) fn package_name(&mut self, text: &str, span: Span) -> Option<PackageName> {
        self.name(span, PackageName::new(text))
    }

    /// An extra's name.
    pub(crate) fn extra_name(&mut self, text: &str, span: Span) -> Option<ExtraName> {
        self.name(span, ExtraName::new(text))
    }

    /// A dependency group's name.
    pub(crate) fn group_name(&mut self, text: &str, span: Span) -> Option<GroupName> {
        self.name(span, GroupName::new(text))
    }

    /// A list of project names.
    pub(crate) fn package_names(&mut self, node: &Node<'_>, key: &str) -> Vec<PackageName> {
        let strings = self.strings(node, key);
        strings
            .iter()
            .filter_map(|(text, node)| self.package_name(text, node.span()))
            .collect()
    }

    /// A version.
    pub(crate) fn version(&mut self, node: &Node<'_>, key: &str) -> Option<Version> {
        let text = self.string(node, key)?;
        text.parse::<Version>()
            .map_err(|error| {
                self.note(&WordError::Version {
                    key: key.to_owned(),
                    text: text.to_owned(),
                    reason: first_line(&error.to_string()),
                    span: node.span(),
                });
            })
            .ok()
    }

    /// The Pythons of a `requires-python`.
    pub(crate) fn python(&mut self, node: &Node<'_>, key: &str) -> Option<DeclaredPython> {
        let text = self.string(node, key)?;
        self.python_at(text, key, node.span())
    }

    /// The Pythons that a text names which stands for what is written in a place.
    pub(crate) fn python_at(
        &mut self,
        text: &str,
        key: &str,
        span: Span,
    ) -> Option<DeclaredPython> {
        let specifiers = packaging::version::parse_specifiers(text)
            .map_err(|error| {
                self.note(&WordError::Specifiers {
                    key: key.to_owned(),
                    text: text.to_owned(),
                    reason: first_line(&error.reason),
                    span: span.clone(),
                });
            })
            .ok()?;
        Some(DeclaredPython {
            python: RequiresPython::from_specifiers(&specifiers),
            specifiers,
            text: text.to_owned(),
            span,
        })
    }

    /// A requirement that stands for what is written in a place.
    pub(crate) fn requirement_at(&mut self, text: &str, span: Span) -> Option<DeclaredRequirement> {
        let requirement = Requirement::parse(text)
            .map_err(|error| {
                self.note(&WordError::Requirement {
                    text: text.to_owned(),
                    reason: first_line(&error.message),
                    span: span.clone(),
                });
            })
            .ok()?;
        Some(DeclaredRequirement {
            alternatives: Vec::new(),
            source: None,
            requirement: Arc::new(requirement),
            condition: Marker::TRUE,
            span,
        })
    }

    /// A requirement in a string.
    pub(crate) fn requirement(
        &mut self,
        text: &str,
        node: &Node<'_>,
    ) -> Option<DeclaredRequirement> {
        let requirement = Requirement::parse(text)
            .map_err(|error| {
                self.note(&WordError::Requirement {
                    text: text.to_owned(),
                    reason: first_line(&error.message),
                    span: self.span_in(node, error.span.clone()),
                });
            })
            .ok()?;
        Some(DeclaredRequirement {
            requirement: Arc::new(requirement),
            alternatives: Vec::new(),
            source: None,
            condition: Marker::TRUE,
            span: node.span(),
        })
    }

    /// A list of requirements in which known mistakes are mended with a warning, as uv does in
    /// `[project]`.
    pub(crate) fn mended_requirements(
        &mut self,
        node: &Node<'_>,
        key: &str,
    ) -> Vec<DeclaredRequirement> {
        let strings = self.strings(node, key);
        let mut found = Vec::with_capacity(strings.len());
        for (text, node) in strings {
            let mended = match Requirement::parse(text) {
                Ok(_) => None,
                Err(_) => Requirement::parse_lenient(text).ok(),
            };
            let Some((requirement, reasons)) = mended else {
                found.extend(self.requirement(text, node));
                continue;
            };
            let reason = reasons.last().cloned().unwrap_or_default();
            self.note(&Mended {
                text: text.to_owned(),
                reason,
                span: node.span(),
            });
            found.push(DeclaredRequirement {
                requirement: Arc::new(requirement),
                alternatives: Vec::new(),
                source: None,
                condition: Marker::TRUE,
                span: node.span(),
            });
        }
        found
    }

    /// A list of requirements.
    pub(crate) fn requirements(&mut self, node: &Node<'_>, key: &str) -> Vec<DeclaredRequirement> {
        let strings = self.strings(node, key);
        strings
            .iter()
            .filter_map(|(text, node)| self.requirement(text, node))
            .collect()
    }

    /// A marker in a string.
    pub(crate) fn marker(&mut self, text: &str, node: &Node<'_>) -> Option<DeclaredMarker> {
        let parsed = Marker::parse(text)
            .map_err(|error| {
                self.note(&WordError::Marker {
                    text: text.to_owned(),
                    reason: first_line(&error.message),
                    span: self.span_in(node, error.start..error.end),
                });
            })
            .ok()?;
        Some(DeclaredMarker {
            marker: parsed.marker,
            text: text.to_owned(),
            span: node.span(),
        })
    }

    /// One of the words a setting may have.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        node: &Node<'_>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.string(node, key)?;
        let chosen = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if chosen.is_none() {
            let listed: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.note(&WordError::Choice {
                key: key.to_owned(),
                expected: crate::document::either(&listed),
                text: text.to_owned(),
                span: node.span(),
            });
        }
        chosen
    }
}

/// The first sentence of a foreign parser's words, in the form of ours.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.trim_end_matches(['.', ':']);
    let mut characters = line.chars();
    let is_capitalized = line.chars().nth(1).is_some_and(char::is_lowercase);
    match characters.next() {
        Some(first) if is_capitalized => first.to_lowercase().chain(characters).collect(),
        _ => line.to_owned(),
    }
}
