//! JSON as Python prints it, which content hashes are taken of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use toml::Value;

/// The SHA-256 of a text, in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A JSON value; objects in the order of their keys' code points.
pub(crate) enum Json {
    Null,
    Plain(String),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Plain(quote(text)),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Table(table) => Self::Object(
                table
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::from(value)))
                    .collect(),
            ),
            Value::Datetime(datetime) => Self::Plain(quote(&datetime.to_string())),
            Value::Float(float) => Self::Plain(format!("{float:?}")),
            Value::Integer(_) | Value::Boolean(_) => Self::Plain(value.to_string()),
        }
    }
}

impl Json {
    /// Whether it is an object without members.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Object(members) if members.is_empty())
    }

    /// The text: `, ` and `: ` between, ASCII only.
    pub(crate) fn print(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Plain(text) => text.clone(),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::print).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{}: {}", quote(key), value.print()))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }
}

/// A string in ASCII, as Python's `json` writes it.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            ' '..='~' => quoted.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}
