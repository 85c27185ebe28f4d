//! What pdm reads of a `pyproject.toml` for locking, and the hash it takes of that.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::python_json::{Json, sha256};

use super::legacy;
use super::requirement::normalized;

/// A project as pdm sees it.
pub(super) struct Project {
    /// `[project]`, or what poetry's or flit's tables are converted to.
    pub(super) metadata: Table,
    /// `[tool.pdm]`.
    pub(super) settings: Table,
    /// Dependency groups by normalized name, `[tool.pdm.dev-dependencies]` added to them.
    pub(super) groups: BTreeMap<String, Vec<Value>>,
}

fn table(table: &Table, key: &str) -> Table {
    let found = table.get(key).and_then(Value::as_table);
    found.cloned().unwrap_or_default()
}

fn array(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

impl Project {
    pub(super) fn read(pyproject: &Table) -> Self {
        let tool = table(pyproject, "tool");
        let mut settings = table(&tool, "pdm");
        let metadata = match pyproject.get("project").and_then(Value::as_table) {
            Some(metadata) => metadata.clone(),
            None => legacy::convert(&tool, &mut settings),
        };
        let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, items) in &table(pyproject, "dependency-groups") {
            groups.insert(normalized(name), array(Some(items)));
        }
        for (name, items) in &table(&settings, "dev-dependencies") {
            let group = groups.entry(normalized(name)).or_default();
            group.extend(array(Some(items)));
        }
        Self {
            metadata,
            settings,
            groups,
        }
    }

    /// The project's name, as written.
    pub(super) fn name(&self) -> Option<&str> {
        self.metadata.get("name").and_then(Value::as_str)
    }

    /// The normalized name of a project that is a package itself.
    pub(super) fn distribution(&self) -> Option<String> {
        let name = self.name().filter(|name| !name.is_empty())?;
        let is_distribution = match self.settings.get("package-type") {
            Some(kind) => kind.as_str() == Some("library"),
            None => self.settings.get("distribution").and_then(Value::as_bool) != Some(false),
        };
        is_distribution.then(|| normalized(name))
    }

    /// `requires-python`, as written.
    pub(super) fn requires_python(&self) -> &str {
        let text = self.metadata.get("requires-python").and_then(Value::as_str);
        text.unwrap_or_default()
    }

    /// `dependencies`.
    pub(super) fn dependencies(&self) -> Vec<Value> {
        array(self.metadata.get("dependencies"))
    }

    /// `optional-dependencies`, by normalized name.
    pub(super) fn extras(&self) -> BTreeMap<String, Vec<Value>> {
        table(&self.metadata, "optional-dependencies")
            .iter()
            .map(|(name, items)| (normalized(name), array(Some(items))))
            .collect()
    }

    /// `[tool.pdm.resolution]`.
    pub(super) fn resolution(&self) -> Table {
        table(&self.settings, "resolution")
    }

    /// The hash in `[metadata]`, in hexadecimal.
    pub(super) fn content_hash(&self) -> String {
        sha256(&self.canonical().print())
    }

    fn canonical(&self) -> Json {
        let or_empty =
            |table: &Table, key: &str, empty: Value| Json::from(table.get(key).unwrap_or(&empty));
        let list = || Value::Array(Vec::new());
        let object = || Value::Table(Table::new());
        let groups = self
            .groups
            .iter()
            .map(|(name, items)| (name.clone(), Json::from(&Value::Array(items.clone()))));
        let metadata = &self.metadata;
        let members = [
            ("sources", or_empty(&self.settings, "source", list())),
            ("dependencies", or_empty(metadata, "dependencies", list())),
            ("dev-dependencies", Json::Object(groups.collect())),
            (
                "optional-dependencies",
                or_empty(metadata, "optional-dependencies", object()),
            ),
            (
                "requires-python",
                or_empty(metadata, "requires-python", Value::String(String::new())),
            ),
            (
                "resolution",
                or_empty(&self.settings, "resolution", object()),
            ),
        ];
        let members = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Json::Object(members.collect())
    }
}
