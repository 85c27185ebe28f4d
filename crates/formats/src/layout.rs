//! The layout of TOML as uv writes it: strings, inline tables, short and long arrays.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

/// A string; a literal one where that saves escapes.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, text);
    quoted
}

/// Adds a string to what is written already.
fn push_quoted(quoted: &mut String, text: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        quoted.push('"');
        quoted.push_str(text);
        quoted.push('"');
    } else {
        push_escaped(quoted, text);
    }
}

fn push_escaped(quoted: &mut String, text: &str) {
    let needs_escape = |character: char| character.is_control() || character == '\u{7f}';
    let delimiter = if text.contains(needs_escape) {
        None
    } else if !text.contains(['"', '\\']) {
        Some('"')
    } else {
        (!text.contains('\'')).then_some('\'')
    };
    if let Some(delimiter) = delimiter {
        quoted.push(delimiter);
        quoted.push_str(text);
        quoted.push(delimiter);
        return;
    }
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            _ if needs_escape(character) => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
}

/// A key; bare where it can be.
pub(crate) fn key(text: &str) -> Cow<'_, str> {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !text.is_empty() && text.bytes().all(is_bare) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(quote(text))
    }
}

/// A file being written: keys and headers, line by line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page(pub(crate) String);

impl Page {
    /// A key with a value that is TOML already.
    pub(crate) fn set(&mut self, name: &str, value: impl Display) {
        self.0.push_str(&key(name));
        let _ = writeln!(self.0, " = {value}");
    }

    /// An empty line and a header.
    pub(crate) fn header(&mut self, header: &str) {
        let _ = writeln!(self.0, "\n{header}");
    }

    /// A list that is left out when it is empty.
    pub(crate) fn list(&mut self, name: &str, items: &[String], layout: fn(&[String]) -> String) {
        if !items.is_empty() {
            self.set(name, layout(items));
        }
    }
}

/// An inline table: `{ name = "x", size = 3 }`.
#[derive(Clone, Debug)]
pub(crate) struct Inline(String);

impl Inline {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    fn key(&mut self, name: &str) {
        self.0.push_str(if self.0.len() == 1 { " " } else { ", " });
        self.0.push_str(&key(name));
        self.0.push_str(" = ");
    }

    /// Adds a key with a value that is TOML already.
    pub(crate) fn raw(mut self, name: &str, value: impl Display) -> Self {
        self.key(name);
        let _ = write!(self.0, "{value}");
        self
    }

    /// Adds a key with a string.
    pub(crate) fn text(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        self.0.reserve(name.len() + value.len() + 8);
        self.key(name);
        push_quoted(&mut self.0, value);
        self
    }

    /// Adds a key with a string, if there is one.
    pub(crate) fn maybe(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push_str(if self.0.len() == 1 { "}" } else { " }" });
        self.0
    }
}

/// `[a, b]`.
pub(crate) fn one_line(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// Each element on a line of its own.
pub(crate) fn multi_line(items: &[String]) -> String {
    let length: usize = items.iter().map(|item| item.len() + 6).sum();
    let mut text = String::with_capacity(length + 3);
    text.push_str("[\n");
    for item in items {
        for part in ["    ", item.as_str(), ",\n"] {
            text.push_str(part);
        }
    }
    text.push(']');
    text
}

/// One line for none or one element, a line for each otherwise.
pub(crate) fn lines_if_many(items: &[String]) -> String {
    if items.len() > 1 {
        multi_line(items)
    } else {
        one_line(items)
    }
}

/// The strings, quoted.
pub(crate) fn quoted<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| quote(item.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_literal_where_that_saves_escapes() {
        assert_eq!(quote("a 'b'"), r#""a 'b'""#);
        assert_eq!(quote(r"a\b"), r"'a\b'");
        assert_eq!(quote("'\"\n"), r#""'\"\n""#);
    }

    #[test]
    fn tables_and_arrays_have_one_layout() {
        assert_eq!(Inline::new().finish(), "{}");
        assert_eq!(
            Inline::new().text("a", "b").raw("c.d", 1).finish(),
            r#"{ a = "b", "c.d" = 1 }"#
        );
        let items = quoted(["a", "b"]);
        assert_eq!(one_line(&items), r#"["a", "b"]"#);
        assert_eq!(lines_if_many(&items), "[\n    \"a\",\n    \"b\",\n]");
        assert_eq!(lines_if_many(&items[..1]), r#"["a"]"#);
    }
}
