//! JSON as Python prints it: sorted keys, other characters than ASCII escaped.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

/// Without any space.
pub(super) fn compact(value: &Value) -> String {
    let mut text = String::new();
    push(&mut text, value, None);
    text
}

/// A line for each item, four spaces for each level, and a line end behind it all.
pub(super) fn indented(value: &Value) -> String {
    let mut text = String::new();
    push(&mut text, value, Some(0));
    text.push('\n');
    text
}

fn push(text: &mut String, value: &Value, level: Option<usize>) {
    match value {
        Value::String(string) => push_string(text, string),
        Value::Array(items) => {
            let items = items.iter().map(|item| (None, item));
            push_items(text, ['[', ']'], items, level);
        }
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            let items = sorted
                .into_iter()
                .map(|(key, value)| (Some(key.as_str()), value));
            push_items(text, ['{', '}'], items, level);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

fn push_items<'a>(
    text: &mut String,
    [open, close]: [char; 2],
    items: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    level: Option<usize>,
) {
    text.push(open);
    let inner = level.map(|level| level + 1);
    let mut is_empty = true;
    for (key, value) in items {
        if !is_empty {
            text.push(',');
        }
        is_empty = false;
        push_line(text, inner);
        if let Some(key) = key {
            push_string(text, key);
            text.push_str(if level.is_some() { ": " } else { ":" });
        }
        push(text, value, inner);
    }
    if !is_empty {
        push_line(text, level);
    }
    text.push(close);
}

fn push_line(text: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        text.push('\n');
        text.push_str(&"    ".repeat(level));
    }
}

fn push_string(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_sorted_and_characters_escaped() {
        let value: Value =
            serde_json::from_str(r#"{"b":[],"a":["é\u007f😀",{"c":true}]}"#).unwrap();
        assert_eq!(
            compact(&value),
            r#"{"a":["\u00e9\u007f\ud83d\ude00",{"c":true}],"b":[]}"#
        );
        assert_eq!(
            indented(&value),
            "{\n    \"a\": [\n        \"\\u00e9\\u007f\\ud83d\\ude00\",\n        {\n            \"c\": true\n        }\n    ],\n    \"b\": []\n}\n"
        );
    }
}
