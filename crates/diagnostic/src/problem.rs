//! Diagnostics for programs: problem details.
//!
//! RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>. The media type is `application/problem+json`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::place::{Lines, Sources};
use crate::{Diagnostic, Severity, Span};

/// The media type of a [`Problem`].
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, as an HTTP answer says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// Which problem: a URI reference made of the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence, the same for all problems of the type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The code of the first error.
    pub code: String,
    /// Everything that is wrong.
    pub diagnostics: Vec<ProblemDiagnostic>,
    /// Further members.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// One diagnostic of a [`Problem`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ProblemDiagnostic {
    /// The stable word.
    pub code: String,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence; further paragraphs after blank lines.
    pub title: String,
    /// Where, most important first.
    pub labels: Vec<ProblemLabel>,
    /// What can be done.
    pub help: Vec<String>,
}

/// One place of a [`ProblemDiagnostic`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ProblemLabel {
    /// The file, as the user named it.
    pub file: String,
    /// The bytes meant.
    pub span: ProblemSpan,
    /// The line, from 1; absent when the file's text is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The character in the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What there is to say about it; may be empty.
    pub text: String,
}

/// A range of bytes (UTF-8): start inclusive, end exclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct ProblemSpan {
    /// The first byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

impl From<&Span> for ProblemSpan {
    fn from(span: &Span) -> Self {
        Self {
            start: span.start,
            end: span.end,
        }
    }
}

impl Problem {
    /// The problem that some diagnostics add up to; the first error gives it its name.
    #[must_use]
    pub fn new(diagnostics: &[Diagnostic], sources: &Sources<'_>, status: u16) -> Self {
        let first = diagnostics.iter().find(|diagnostic| diagnostic.is_error());
        let first = first.or(diagnostics.first());
        let code = first
            .map_or("unknown", |diagnostic| &diagnostic.code)
            .to_owned();
        let problem = Self {
            kind: format!("urn:lockwright:problem:{}", code.replace('/', ":")),
            title: title_of(&code),
            status,
            detail: first.map(|diagnostic| diagnostic.title.clone()),
            code,
            diagnostics: details(diagnostics, sources),
            more: Map::new(),
        };
        let more = first.and_then(|diagnostic| diagnostic.more.as_deref());
        more.into_iter()
            .flatten()
            .fold(problem, |problem, (name, value)| {
                problem.with(name, value.clone())
            })
    }

    /// Adds a member; what the specification and this type already name stays as it is.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        const TAKEN: &[&str] = &["type", "title", "status", "detail", "code", "diagnostics"];
        if !TAKEN.contains(&name) {
            self.more.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Diagnostics with lines and columns, as problems and successful answers carry them.
#[must_use]
pub fn details(diagnostics: &[Diagnostic], sources: &Sources<'_>) -> Vec<ProblemDiagnostic> {
    diagnostics
        .iter()
        .map(|diagnostic| detail(diagnostic, sources))
        .collect()
}

fn detail(diagnostic: &Diagnostic, sources: &Sources<'_>) -> ProblemDiagnostic {
    let labels = diagnostic.labels.iter().map(|label| {
        let place = sources.text(&label.file).map(|text| {
            let lines = Lines::new(text);
            lines.place(lines.clamp(&label.span).start)
        });
        ProblemLabel {
            file: label.file.clone(),
            span: ProblemSpan::from(&label.span),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            text: label.text.clone(),
        }
    });
    ProblemDiagnostic {
        code: diagnostic.code.to_string(),
        severity: diagnostic.severity,
        title: diagnostic.title.clone(),
        labels: labels.collect(),
        help: diagnostic.help.clone(),
    }
}

/// The sentence of a type: `manifest/unknown-group` is `manifest: unknown group`.
fn title_of(code: &str) -> String {
    code.replacen('/', ": ", 1).replace('-', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_named_by_its_first_error() {
        let text = "a\nbö c\n";
        let diagnostics = [
            Diagnostic::warning("manifest/unknown-setting", "`x` is unknown"),
            Diagnostic::error(
                "manifest/unknown-group",
                "dependency group `c` is not defined",
            )
            .label(6..7, "included here")
            .in_file("pyproject.toml")
            .help("define it")
            .with("group", "c")
            .with("title", "taken"),
        ];
        let sources = Sources::one("pyproject.toml", text);
        let problem = Problem::new(&diagnostics, &sources, 422)
            .with("request", "r1")
            .with("status", 200);
        let value: Value = serde_json::from_str(&problem.to_json()).unwrap();
        assert_eq!(
            value["type"],
            "urn:lockwright:problem:manifest:unknown-group"
        );
        assert_eq!(value["title"], "manifest: unknown group");
        assert_eq!(value["status"], 422);
        assert_eq!(value["detail"], "dependency group `c` is not defined");
        assert_eq!(value["code"], "manifest/unknown-group");
        assert_eq!(value["request"], "r1");
        assert_eq!(value["group"], "c");
        assert_eq!(value["diagnostics"][0]["severity"], "warning");
        let label = &value["diagnostics"][1]["labels"][0];
        assert_eq!(label["span"]["start"], 6);
        assert_eq!(
            (&label["line"], &label["column"]),
            (&Value::from(2), &Value::from(4))
        );
        assert_eq!(value["diagnostics"][1]["help"][0], "define it");
    }

    #[test]
    fn what_has_no_text_has_no_line() {
        let diagnostics = [Diagnostic::error("x/y", "z").label(3..4, "")];
        let problem = Problem::new(&diagnostics, &Sources::none(), 500);
        let value: Value = serde_json::from_str(&problem.to_json()).unwrap();
        assert!(value["diagnostics"][0]["labels"][0].get("line").is_none());
    }
}
