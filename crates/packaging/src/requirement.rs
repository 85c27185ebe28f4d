//! Requirements as people and metadata write them: `name[extra]>=1; marker`, `name @ url`.
//!
//! <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::version::mend;
use crate::{ExtraName, Marker, PackageName, VersionSpecifier, VersionSpecifiers};

/// One requirement, with everything as it was written beside what it means.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Requirement {
    /// The whole text as written.
    pub text: Arc<str>,
    /// The project's name as written.
    pub raw_name: Arc<str>,
    /// The project.
    pub name: PackageName,
    /// Extras in declaration order, duplicates kept.
    pub extras: Vec<ExtraName>,
    /// What stands between the brackets, as written.
    pub extras_text: Option<Arc<str>>,
    /// Which versions are wanted; empty for any.
    pub specifiers: VersionSpecifiers,
    /// The specifiers as written, without parentheses.
    pub specifiers_text: Option<Arc<str>>,
    /// The URL after `@`, as written.
    pub url: Option<Arc<str>>,
    /// When the requirement applies.
    pub marker: Marker,
    /// The marker as written.
    pub marker_text: Option<Arc<str>>,
}

/// A text that is no requirement.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct RequirementError {
    /// What was expected, and what was found.
    pub message: String,
    /// Where in the text, in bytes.
    pub span: Range<usize>,
}

impl RequirementError {
    fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self {
            message: message.into(),
            span,
        }
    }
}

impl Requirement {
    /// Reads a requirement strictly.
    ///
    /// # Errors
    ///
    /// The text is none; the error says why and where.
    pub fn parse(text: &str) -> Result<Self, RequirementError> {
        Self::parse_with_warnings(text).map(|(requirement, _)| requirement)
    }

    /// Reads a requirement strictly; also tells which marker expressions mean nothing.
    ///
    /// # Errors
    ///
    /// The text is none; the error says why and where.
    pub fn parse_with_warnings(text: &str) -> Result<(Self, Vec<String>), RequirementError> {
        Parser {
            text,
            at: 0,
            allows_comment: false,
        }
        .requirement()
    }

    /// Reads a requirement out of a distribution's metadata: known mistakes are mended.
    /// [`Requirement::text`] stays as written. The texts tell what was mended or ignored.
    ///
    /// # Errors
    ///
    /// The text is no requirement, and no known mistake either.
    pub fn parse_lenient(text: &str) -> Result<(Self, Vec<String>), RequirementError> {
        let parse = |text: &str| {
            Parser {
                text,
                at: 0,
                allows_comment: true,
            }
            .requirement()
        };
        let ((mut requirement, mut warnings), mended) = mend(text, parse)?;
        requirement.text = text.into();
        warnings.extend(mended.into_iter().map(|what| format!("`{text}`: {what}")));
        Ok((requirement, warnings))
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;
    fn from_str(text: &str) -> Result<Self, RequirementError> {
        Self::parse(text)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// What may follow the name: specifiers or a URL, each with its text.
#[derive(Default)]
struct Wanted {
    specifiers: VersionSpecifiers,
    specifiers_text: Option<Arc<str>>,
    url: Option<Arc<str>>,
}

/// A marker with its text.
#[derive(Default)]
struct Condition {
    marker: Marker,
    text: Option<Arc<str>>,
    warnings: Vec<String>,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    allows_comment: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|next| !accept(next)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// An error at the next character, or at the end.
    fn unexpected(&self, expected: &str) -> RequirementError {
        match self.peek() {
            Some(found) => RequirementError::new(
                format!("expected {expected}, found `{found}`"),
                self.at..self.at + found.len_utf8(),
            ),
            None => RequirementError::new(
                format!("expected {expected}, found the end"),
                self.at..self.at,
            ),
        }
    }

    fn requirement(mut self) -> Result<(Requirement, Vec<String>), RequirementError> {
        self.skip_space();
        let start = self.at;
        let raw_name = self.name().map_err(|error| self.or_unnamed(start, error))?;
        let name = PackageName::new(raw_name)
            .map_err(|error| RequirementError::new(error.to_string(), start..self.at))?;
        self.skip_space();
        let (extras, extras_text) = self.extras()?;
        self.skip_space();
        let wanted = match self.peek() {
            Some('@') => Wanted {
                url: Some(self.url()?),
                ..Wanted::default()
            },
            Some('(') => self.parenthesised()?,
            Some('<' | '>' | '=' | '~' | '!') => self.specifiers_until(&[';'])?,
            Some(';') | None => Wanted::default(),
            Some('#') if self.allows_comment => Wanted::default(),
            Some(_) => {
                let error = self.unexpected("one of `@`, `(`, `<`, `>`, `=`, `~`, `!`, `;`");
                return Err(self.or_unnamed(start, error));
            }
        };
        if wanted.url.is_none() && wanted.specifiers_text.is_none() && is_archive(raw_name) {
            let error = RequirementError::new("", start..start);
            return Err(self.or_unnamed(start, error));
        }
        self.skip_space();
        let Condition {
            marker,
            text: marker_text,
            warnings,
        } = self.marker()?;
        self.skip_space();
        if !(self.rest().is_empty() || self.allows_comment && self.rest().starts_with('#')) {
            return Err(self.unexpected("`;` or the end"));
        }
        let requirement = Requirement {
            text: self.text.into(),
            raw_name: raw_name.into(),
            name,
            extras,
            extras_text,
            specifiers: wanted.specifiers,
            specifiers_text: wanted.specifiers_text,
            url: wanted.url,
            marker,
            marker_text,
        };
        Ok((requirement, warnings))
    }

    /// Replaces an error by a better one when the text is a bare URL, path or archive.
    fn or_unnamed(&self, start: usize, error: RequirementError) -> RequirementError {
        let rest = &self.text[start..];
        let word = rest.split(char::is_whitespace).next().unwrap_or(rest);
        let is_unnamed = word.starts_with(['.', '/', '\\'])
            || word.contains("://")
            || word.contains(['/', '\\'])
            || is_archive(word);
        if !is_unnamed {
            return error;
        }
        RequirementError::new(
            format!(
                "expected `name @ ` before `{word}`, since a URL or path does not say the project's name"
            ),
            start..start + word.len(),
        )
    }

    fn name(&mut self) -> Result<&'a str, RequirementError> {
        if !self
            .peek()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        {
            return Err(self.unexpected("a project's name"));
        }
        let name = self.take_while(is_name_character);
        if name.ends_with(['-', '_', '.']) {
            return Err(RequirementError::new(
                format!("expected the name `{name}` to end with a letter or digit"),
                self.at - 1..self.at,
            ));
        }
        Ok(name)
    }

    fn extras(&mut self) -> Result<(Vec<ExtraName>, Option<Arc<str>>), RequirementError> {
        let open = self.at;
        if !self.eat('[') {
            return Ok((Vec::new(), None));
        }
        let start = self.at;
        let mut extras = Vec::new();
        self.skip_space();
        while !self.eat(']') {
            if !extras.is_empty() {
                if !self.eat(',') {
                    return Err(match self.peek() {
                        Some(_) => self.unexpected("`,` or `]` after an extra"),
                        None => RequirementError::new("expected `]` for this `[`", open..open + 1),
                    });
                }
                self.skip_space();
            }
            let from = self.at;
            let extra = self.take_while(is_name_character);
            if extra.is_empty() {
                return Err(match self.peek() {
                    Some(_) => self.unexpected("the name of an extra"),
                    None => RequirementError::new("expected `]` for this `[`", open..open + 1),
                });
            }
            extras.push(
                ExtraName::new(extra)
                    .map_err(|error| RequirementError::new(error.to_string(), from..self.at))?,
            );
            self.skip_space();
        }
        Ok((extras, Some(self.text[start..self.at - 1].into())))
    }

    /// The URL goes on until white space before the end, a marker or a comment.
    fn url(&mut self) -> Result<Arc<str>, RequirementError> {
        self.eat('@');
        self.skip_space();
        let rest = self.rest();
        let mut length = rest.len();
        for (at, character) in rest.char_indices() {
            if matches!(character, '\r' | '\n') {
                length = at;
                break;
            }
            let after = &rest[at..];
            if character.is_whitespace()
                && after
                    .trim_start()
                    .chars()
                    .next()
                    .is_none_or(|it| matches!(it, ';' | '#'))
            {
                length = at;
                break;
            }
            // `url; marker`: the semicolon could be part of the URL, but uv takes it for the end.
            if matches!(character, ';' | '#')
                && after[1..].starts_with(char::is_whitespace)
                && at > 0
            {
                length = at;
                break;
            }
        }
        if length == 0 {
            return Err(self.unexpected("a URL after `@`"));
        }
        self.at += length;
        Ok(rest[..length].into())
    }

    fn parenthesised(&mut self) -> Result<Wanted, RequirementError> {
        let open = self.at;
        self.eat('(');
        self.skip_space();
        if !self.rest().contains(')') {
            return Err(RequirementError::new(
                "expected `)` for this `(`",
                open..open + 1,
            ));
        }
        let wanted = self.specifiers_until(&[')'])?;
        self.eat(')');
        Ok(wanted)
    }

    /// Specifiers separated by commas, the last of which may be followed by one.
    fn specifiers_until(&mut self, ends: &[char]) -> Result<Wanted, RequirementError> {
        let rest = self.rest();
        let list = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let mut specifiers: Vec<VersionSpecifier> = Vec::new();
        let mut start = self.at;
        let mut parts = list.split(',').peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            if !(is_last && part.trim().is_empty() && !specifiers.is_empty()) {
                let leading = part.len() - part.trim_start().len();
                let span = start + leading..start + leading + part.trim().len();
                specifiers.push(VersionSpecifier::from_str(part).map_err(|error| {
                    RequirementError::new(specifier_message(part, &error), span)
                })?);
            }
            start += part.len() + 1;
        }
        self.at += list.len();
        Ok(Wanted {
            specifiers: specifiers.into_iter().collect(),
            specifiers_text: Some(list.trim().into()),
            url: None,
        })
    }

    fn marker(&mut self) -> Result<Condition, RequirementError> {
        if !self.eat(';') {
            return Ok(Condition::default());
        }
        self.skip_space();
        let rest = self.rest();
        let end = if self.allows_comment {
            comment_start(rest)
        } else {
            rest.len()
        };
        let text = rest[..end].trim_end();
        let parsed = Marker::parse(text).map_err(|error| {
            RequirementError::new(error.message, self.at + error.start..self.at + error.end)
        })?;
        self.at += end;
        let warnings = parsed.warnings.iter().map(ToString::to_string).collect();
        Ok(Condition {
            marker: parsed.marker,
            text: Some(text.into()),
            warnings,
        })
    }
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// Whether a word ends like an archive: `requests-2.26.0.tar.gz` is a valid name, and never meant
/// as one.
pub(crate) fn is_archive(word: &str) -> bool {
    [".whl", ".zip", ".tgz", ".tar", ".tar.gz"]
        .iter()
        .any(|extension| word.ends_with(extension))
}

/// Where a comment begins: at a `#` outside of quotes.
fn comment_start(text: &str) -> usize {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '#') => return at,
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn specifier_message(text: &str, error: &dyn fmt::Display) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "expected a version specifier such as `>=1.0`".to_owned();
    }
    format!("`{text}` is not a version specifier: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Requirement {
        Requirement::parse(text).unwrap()
    }

    #[test]
    fn every_part_is_read_and_kept_as_written() {
        let requirement =
            read("  Foo.Bar [ b , A,b ] (>=1.0, !=1.5.*) ; python_version<'3.9' and extra=='X'  ");
        assert_eq!(&*requirement.raw_name, "Foo.Bar");
        assert_eq!(requirement.name.as_str(), "foo-bar");
        let extras: Vec<&str> = requirement.extras.iter().map(ExtraName::as_str).collect();
        assert_eq!(extras, ["b", "a", "b"]);
        assert_eq!(requirement.extras_text.as_deref(), Some(" b , A,b "));
        assert_eq!(
            requirement.specifiers_text.as_deref(),
            Some(">=1.0, !=1.5.*")
        );
        assert_eq!(requirement.specifiers, ">=1.0,!=1.5.*".parse().unwrap());
        assert_eq!(
            requirement.marker_text.as_deref(),
            Some("python_version<'3.9' and extra=='X'")
        );
        assert_eq!(
            requirement.marker,
            "python_full_version < '3.9' and extra == 'x'"
                .parse()
                .unwrap()
        );
        assert!(requirement.url.is_none());
    }

    #[test]
    fn parts_may_be_missing() {
        let bare = read("foo");
        assert!(bare.extras.is_empty() && bare.specifiers.is_empty() && bare.marker.is_true());
        assert_eq!(read("foo[]").extras_text.as_deref(), Some(""));
        assert_eq!(read("foo>=1,<2").specifiers.len(), 2);
        assert_eq!(read("foo >=1, <2,").specifiers.len(), 2);
        assert_eq!(read("foo[a]==1.*;os_name=='nt'").specifiers.len(), 1);
        assert_eq!(read("foo===1.0").specifiers.len(), 1);
        assert_eq!(read("foo(>1)").specifiers.len(), 1);
    }

    #[test]
    fn urls_end_at_white_space_before_a_marker() {
        let url = |text: &str| read(text).url.unwrap().to_string();
        assert_eq!(
            url("foo @ https://a.example/foo.zip"),
            "https://a.example/foo.zip"
        );
        assert_eq!(
            url("foo@git+https://a.example/foo@v1#egg=foo"),
            "git+https://a.example/foo@v1#egg=foo"
        );
        let marked = read("foo[x] @ https://a.example/f;o.zip ; os_name == 'nt'");
        assert_eq!(marked.url.as_deref(), Some("https://a.example/f;o.zip"));
        assert!(!marked.marker.is_true());
        assert_eq!(url("foo @ ../a b/foo  "), "../a b/foo");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let table = [
            ("", "a project's name", 0..0),
            ("-foo", "a project's name", 0..1),
            ("foo-", "to end with a letter", 3..4),
            ("foo bar", "one of `@`", 4..5),
            ("foo[a", "`]` for this `[`", 3..4),
            ("foo[a b]", "`,` or `]`", 6..7),
            ("foo[,]", "the name of an extra", 4..5),
            ("foo[a,]", "the name of an extra", 6..7),
            ("foo[a-]", "extra name", 4..6),
            ("foo(>=1", "`)` for this `(`", 3..4),
            ("foo()", "a version specifier", 4..4),
            ("foo>=1 # why", "`>=1 # why` is not", 3..12),
            ("foo>=1,,<2", "a version specifier", 7..7),
            ("foo=>1", "`=>1` is not a version specifier", 3..6),
            ("foo @ ", "a URL", 6..6),
            ("https://a.example/foo.zip", "`name @ ` before", 0..25),
            ("./foo", "`name @ ` before", 0..5),
            ("foo-1.0.tar.gz", "`name @ ` before", 0..14),
            ("foo # comment", "one of `@`", 4..5),
            ("foo (>=1) bar", "`;` or the end", 10..11),
        ];
        for (text, message, span) in table {
            let error = Requirement::parse(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {error}");
            assert_eq!(error.span, span, "{text}: {error}");
        }
        let url = "https://a.example/foo.zip;v=1";
        let read = Requirement::parse(&format!("foo @ {url}; os_name == 'nt'")).unwrap();
        assert_eq!(read.url.as_deref(), Some(url));
        assert_eq!(read.marker_text.as_deref(), Some("os_name == 'nt'"));
        let error = Requirement::parse("foo ; python_version ? '3'").unwrap_err();
        assert!(error.span.start >= 6, "{error:?}");
    }

    #[test]
    fn metadata_is_read_leniently_and_kept_raw() {
        let table = [
            (
                "elasticsearch-dsl (>=7.2.0<8.0.0)",
                "elasticsearch-dsl>=7.2.0,<8.0.0",
            ),
            ("jupyter-core (!=~5.0,>=4.12)", "jupyter-core!=5.0.*,>=4.12"),
            ("torch (>=1.9.*)", "torch>=1.9"),
            ("torch (>= 1.9.*)", "torch>=1.9"),
            (
                "pyzmq (>=2.7,!=3.0*,!=3.1*,!=3.2*)",
                "pyzmq>=2.7,!=3.0.*,!=3.1.*,!=3.2.*",
            ),
            ("pyzmq >=3.6,", "pyzmq>=3.6"),
            (
                "foo (>='1.0') ; os_name == 'nt'",
                "foo>=1.0; os_name == 'nt'",
            ),
            ("foo ; os_name == 'nt' # why", "foo; os_name == 'nt'"),
        ];
        for (written, meant) in table {
            let (read_as, _) = Requirement::parse_lenient(written).unwrap();
            let meant = read(meant);
            assert_eq!(&*read_as.text, written);
            assert_eq!(
                (read_as.name, read_as.specifiers, read_as.marker),
                (meant.name, meant.specifiers, meant.marker),
                "{written}"
            );
        }
        assert!(
            !Requirement::parse_lenient("foo>=1.9.*")
                .unwrap()
                .1
                .is_empty()
        );
        assert!(Requirement::parse_lenient("foo>=1.9").unwrap().1.is_empty());
        assert!(Requirement::parse_lenient("foo bar").is_err());
    }
}
