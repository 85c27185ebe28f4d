//! `content-hash`: what of a `pyproject.toml` makes a `poetry.lock` outdated when it changes.
//!
//! As poetry 2.3 and later compute it: dependency groups count.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

const PROJECT: [&str; 3] = ["requires-python", "dependencies", "optional-dependencies"];
const POETRY: [&str; 5] = [
    "dependencies",
    "source",
    "extras",
    "dev-dependencies",
    "group",
];

/// The hash of a parsed `pyproject.toml`, in hexadecimal.
pub(super) fn content_hash(pyproject: &Table) -> String {
    let digest = Sha256::digest(canonical(pyproject).as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The text that is hashed: JSON as Python prints it, keys sorted.
fn canonical(pyproject: &Table) -> String {
    let table = |table: &Table, key: &str| table.get(key).and_then(Value::as_table).cloned();
    let project = table(pyproject, "project").unwrap_or_default();
    let tool = table(pyproject, "tool").unwrap_or_default();
    let poetry = table(&tool, "poetry").unwrap_or_default();
    let pick = |from: &Table, keys: &[&str]| -> Json {
        let known = keys
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), from.get(*key)?)));
        Json::Object(known.map(|(key, value)| (key, Json::from(value))).collect())
    };
    let standard = pick(&project, &PROJECT);
    let groups = Json::from(&Value::Table(
        table(pyproject, "dependency-groups").unwrap_or_default(),
    ));
    let mut legacy = pick(&poetry, &POETRY);
    if standard.is_empty() && groups.is_empty() {
        // Absent tables are null, except `group`, which is younger than the hash.
        if let Json::Object(members) = &mut legacy {
            for key in POETRY.into_iter().filter(|key| *key != "group") {
                members.entry(key.to_owned()).or_insert(Json::Null);
            }
        }
        return legacy.print();
    }
    let mut all = BTreeMap::new();
    for (key, value) in [("project", standard), ("dependency-groups", groups)] {
        if !value.is_empty() {
            all.insert(key.to_owned(), value);
        }
    }
    all.insert(
        "tool".to_owned(),
        Json::Object(BTreeMap::from([("poetry".to_owned(), legacy)])),
    );
    Json::Object(all).print()
}

/// A JSON value; objects in the order of their keys' code points.
enum Json {
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
    fn is_empty(&self) -> bool {
        matches!(self, Self::Object(members) if members.is_empty())
    }

    fn print(&self) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> String {
        content_hash(&text.parse().unwrap())
    }

    /// Verified against poetry 2.5.1.
    #[test]
    fn hashes_what_poetry_hashes() {
        for (text, expected) in [
            (
                "[project]\nname = \"demo\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"alpha>=1\", \"Bété ; python_version < '3.12'\"]\n\n[project.optional-dependencies]\nfast = [\"gamma\"]\n\n[dependency-groups]\ndev = [\"delta\", { include-group = \"Lint\" }]\nLint = [\"epsilon\"]\n",
                "06a7fbe6bfa545fe7fb7f23c72fd643dd7986fd2b52d5b2ee3749a32c4c478f5",
            ),
            (
                "[tool.poetry.dependencies]\npython = \"^3.11\"\nalpha = { version = \"^1\", optional = true }\n\n[tool.poetry.extras]\na = [\"alpha\"]\n\n[tool.poetry.group.docs]\noptional = true\n",
                "c5fc7760c1a79c1710b62852ab38e7ed9a6594230d8152b79b1fa5736731ac52",
            ),
            (
                "[project]\nname = \"demo\"\nversion = \"1\"\ndependencies = []\n",
                "1c4b7d03605c20e6f96a02bca2daeba973554885fab37a188c1e5effbd8e352c",
            ),
            (
                "[project]\nname = \"demo\"\nversion = \"1\"\n\n[tool.poetry.dependencies]\nalpha = \"*\"\n",
                "21bd04dc1e5d5c91a8983a10af54a6b845d24cb37e53c2bf56e8ae40d50e1619",
            ),
        ] {
            assert_eq!(hash(text), expected, "{text}");
        }
    }
}
