//! The layout of TOML as uv writes it: strings, inline tables, short and long arrays.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

/// A string; a literal one where that saves escapes.
pub(crate) fn quote(text: &str) -> String {
    let needs_escape = |character: char| character.is_control() || character == '\u{7f}';
    if !text.contains(['"', '\\']) && !text.contains(needs_escape) {
        return format!("\"{text}\"");
    }
    if !text.contains('\'') && !text.contains(needs_escape) {
        return format!("'{text}'");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
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
    quoted
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
        let _ = writeln!(self.0, "{} = {value}", key(name));
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
#[derive(Clone, Debug, Default)]
pub(crate) struct Inline(String);

impl Inline {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a key with a value that is TOML already.
    pub(crate) fn raw(mut self, name: &str, value: impl Display) -> Self {
        let comma = if self.0.is_empty() { " " } else { ", " };
        let _ = write!(self.0, "{comma}{} = {value}", key(name));
        self
    }

    /// Adds a key with a string.
    pub(crate) fn text(self, name: &str, value: impl AsRef<str>) -> Self {
        self.raw(name, quote(value.as_ref()))
    }

    /// Adds a key with a string, if there is one.
    pub(crate) fn maybe(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(crate) fn finish(self) -> String {
        if self.0.is_empty() {
            "{}".to_owned()
        } else {
            format!("{{{} }}", self.0)
        }
    }
}

/// `[a, b]`.
pub(crate) fn one_line(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// Each element on a line of its own.
pub(crate) fn multi_line(items: &[String]) -> String {
    let mut text = String::from("[\n");
    for item in items {
        let _ = writeln!(text, "    {item},");
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
