//! A parsed TOML document that still knows where everything stands, and a reader that notes every mistake.

use std::ops::Range;

use diagnostic::{Diagnose, Diagnostic, Span};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A value and its place.
pub(crate) type Node<'a> = Spanned<DeValue<'a>>;

/// Something that is not of the type it must have, or not where it must be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// The text is no TOML.
    #[error("invalid TOML: {message}")]
    InvalidToml {
        /// What the parser says.
        message: String,
        /// Where.
        span: Span,
    },
    /// A value has another type than its key asks for.
    #[error("expected {expected} for `{key}`, found {found}")]
    WrongType {
        /// The key, with the tables above it.
        key: String,
        /// What belongs there: `a string`.
        expected: &'static str,
        /// What stands there: `an integer`.
        found: &'static str,
        /// Where.
        span: Span,
    },
    /// A table lacks a key it must have.
    #[error("expected a key `{key}` in `{table}`, found none")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// The table.
        table: String,
        /// Where the table stands.
        span: Span,
    },
    /// A table has a key that has no meaning there.
    #[error("expected {expected} in `{table}`, found `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
        /// The table.
        table: String,
        /// The keys it may have.
        expected: String,
        /// Where the key stands.
        span: Span,
    },
}

impl Diagnose for ShapeError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::InvalidToml { span, .. } => {
                Diagnostic::error("manifest/invalid-toml", self).label(span.clone(), "")
            }
            Self::WrongType { expected, span, .. } => {
                Diagnostic::error("manifest/wrong-type", self)
                    .label(span.clone(), format!("expected {expected}"))
            }
            Self::MissingKey { key, span, .. } => Diagnostic::error("manifest/missing-key", self)
                .label(span.clone(), format!("`{key}` is missing here")),
            Self::UnknownKey { span, .. } => {
                Diagnostic::error("manifest/unknown-key", self).label(span.clone(), "")
            }
        }
    }
}

/// Reads values of the types they must have, and notes every mistake on the way.
pub(crate) struct Reader<'t> {
    /// The document's text, for spans inside strings.
    text: &'t str,
    /// Everything noted so far.
    pub(crate) found: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    /// A reader of the same text whose notes nobody sees.
    pub(crate) fn silent(&self) -> Self {
        Self::new(self.text)
    }

    /// Notes a mistake.
    pub(crate) fn note(&mut self, error: &dyn Diagnose) {
        self.found.push(error.diagnose());
    }

    /// The document, unless its text is no TOML.
    pub(crate) fn document(&mut self) -> Option<Spanned<DeTable<'t>>> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let span = self.within(error.span().unwrap_or(0..0));
            let message = error.message().to_owned();
            self.note(&ShapeError::InvalidToml { message, span });
        }
        errors.is_empty().then_some(document)
    }

    /// A span cut to the text, at character boundaries.
    fn within(&self, span: Span) -> Span {
        let floor = |at: usize| {
            let at = at.min(self.text.len());
            (0..=at)
                .rev()
                .find(|&at| self.text.is_char_boundary(at))
                .unwrap_or(0)
        };
        floor(span.start)..floor(span.end.max(span.start))
    }

    fn wrong<T>(&mut self, node: &Node<'_>, key: &str, expected: &'static str) -> Option<T> {
        self.note(&ShapeError::WrongType {
            key: key.to_owned(),
            expected,
            found: kind(node.get_ref()),
            span: node.span(),
        });
        None
    }

    /// The table's key, if it must be there.
    pub(crate) fn required<'n, 'd>(
        &mut self,
        table: &'n DeTable<'d>,
        key: &'static str,
        place: &str,
        span: &Span,
    ) -> Option<&'n Node<'d>> {
        let node = table.get(key);
        if node.is_none() {
            let (table, span) = (place.to_owned(), span.clone());
            self.note(&ShapeError::MissingKey { key, table, span });
        }
        node
    }

    /// A string.
    pub(crate) fn string<'n>(&mut self, node: &'n Node<'_>, key: &str) -> Option<&'n str> {
        match node.get_ref().as_str() {
            Some(text) => Some(text),
            None => self.wrong(node, key, "a string"),
        }
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, node: &Node<'_>, key: &str) -> Option<bool> {
        match node.get_ref().as_bool() {
            Some(value) => Some(value),
            None => self.wrong(node, key, "a boolean"),
        }
    }

    /// A table, inline or not.
    pub(crate) fn table<'n, 'd>(
        &mut self,
        node: &'n Node<'d>,
        key: &str,
    ) -> Option<&'n DeTable<'d>> {
        match node.get_ref().as_table() {
            Some(table) => Some(table),
            None => self.wrong(node, key, "a table"),
        }
    }

    /// A list.
    pub(crate) fn list<'n, 'd>(
        &mut self,
        node: &'n Node<'d>,
        key: &str,
    ) -> Option<&'n DeArray<'d>> {
        match node.get_ref().as_array() {
            Some(list) => Some(list),
            None => self.wrong(node, key, "a list"),
        }
    }

    /// The strings of a list; what is no string is noted and left out.
    pub(crate) fn strings<'n, 'd>(
        &mut self,
        node: &'n Node<'d>,
        key: &str,
    ) -> Vec<(&'n str, &'n Node<'d>)> {
        let Some(list) = self.list(node, key) else {
            return Vec::new();
        };
        list.iter()
            .filter_map(|item| Some((self.string(item, key)?, item)))
            .collect()
    }

    /// A string, or the strings of a list.
    pub(crate) fn string_or_strings<'n, 'd>(
        &mut self,
        node: &'n Node<'d>,
        key: &str,
    ) -> Vec<(&'n str, &'n Node<'d>)> {
        match node.get_ref() {
            DeValue::String(text) => vec![(text, node)],
            DeValue::Array(_) => self.strings(node, key),
            _ => self
                .wrong(node, key, "a string or a list of strings")
                .unwrap_or_default(),
        }
    }

    /// Notes that a value is of none of the types it may have.
    pub(crate) fn unfit(&mut self, node: &Node<'_>, key: &str, expected: &'static str) {
        let _: Option<()> = self.wrong(node, key, expected);
    }

    /// Notes the keys of a table that have no meaning there.
    pub(crate) fn only(&mut self, table: &DeTable<'_>, keys: &[&str], place: &str) {
        for key in table.keys().filter(|key| !keys.contains(&&**key.get_ref())) {
            let listed: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            self.note(&ShapeError::UnknownKey {
                key: key.get_ref().to_string(),
                table: place.to_owned(),
                expected: format!("only {}", either(&listed)),
                span: key.span(),
            });
        }
    }

    /// The bytes of the file that a part of a string's value came from.
    pub(crate) fn span_in(&self, node: &Node<'_>, part: Range<usize>) -> Span {
        let token = node.span();
        let Some(raw) = self.text.get(token.clone()) else {
            return token;
        };
        let start = token.start + offset_in_token(raw, part.start);
        let end = token.start + offset_in_token(raw, part.end.max(part.start));
        start..end.max(start)
    }
}

/// ``a`, `b` or `c``.
pub(crate) fn either(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// What a value is, with its article.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Where in a string's token (quotes and escapes included) a byte of its value came from.
fn offset_in_token(token: &str, offset: usize) -> usize {
    let (quotes, escapes) = match token.as_bytes() {
        [b'"', b'"', b'"', ..] => (3, true),
        [b'\'', b'\'', b'\'', ..] => (3, false),
        [b'"', ..] => (1, true),
        [b'\'', ..] => (1, false),
        _ => (0, false),
    };
    let end = token
        .len()
        .saturating_sub(quotes)
        .max(quotes.min(token.len()));
    let mut at = quotes.min(end);
    if quotes == 3 {
        // A newline right after the opening quotes is no part of the value.
        at += [&b"\r\n"[..], b"\n"]
            .iter()
            .find(|newline| token.as_bytes()[at..end].starts_with(newline))
            .map_or(0, |newline| newline.len());
    }
    if !escapes {
        return (at + offset).min(end);
    }
    let mut value = 0;
    while value < offset && at < end {
        let (taken, made) = step(&token[at..end]);
        at += taken;
        value += made;
    }
    at
}

/// How many bytes of a basic string's token the next character takes, and how many it makes.
fn step(rest: &str) -> (usize, usize) {
    let mut characters = rest.chars();
    let Some(first) = characters.next() else {
        return (rest.len().max(1), 0);
    };
    if first != '\\' {
        return (first.len_utf8(), first.len_utf8());
    }
    let digits = match characters.next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(next) if next.is_whitespace() => {
            let blank = rest.len() - 1 - rest[1..].trim_start().len();
            return (1 + blank, 0);
        }
        Some(next) => return (1 + next.len_utf8(), 1),
        None => return (1, 0),
    };
    let made = rest
        .get(2..2 + digits)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .and_then(char::from_u32)
        .map_or(1, char::len_utf8);
    ((2 + digits).min(rest.len()), made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_of_a_value_is_found_in_its_token() {
        for (token, offset, expected) in [
            ("\"abc\"", 1, 2),
            ("'abc'", 3, 4),
            (r#""a\tb""#, 2, 4),
            (r#""\u00e4b""#, 2, 7),
            (r#""\U0001F600b""#, 4, 11),
            ("\"\"\"\nab\"\"\"", 1, 5),
            ("\"\"\"a\\\n   b\"\"\"", 1, 4),
            ("'''\r\nab'''", 0, 5),
            ("\"äb\"", 2, 3),
            ("\"ab\"", 9, 3),
        ] {
            assert_eq!(
                offset_in_token(token, offset),
                expected,
                "{token:?} {offset}"
            );
        }
    }
}
