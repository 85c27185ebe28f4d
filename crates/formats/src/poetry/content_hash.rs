//! `content-hash`: what of a `pyproject.toml` makes a `poetry.lock` outdated when it changes.
//!
//! As poetry 2.3 and later compute it: dependency groups count.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::python_json::{Json, sha256};

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
    sha256(&canonical(pyproject))
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
