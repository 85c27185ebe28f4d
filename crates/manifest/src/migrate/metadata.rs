//! What a project says of itself beside what it requires.

use toml::{Table, Value};

/// What a project says of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// A line about it.
    pub description: Option<String>,
    /// The file that tells more.
    pub readme: Option<String>,
    /// Its licence: an SPDX expression, or a text.
    pub license: Option<String>,
    /// Who wrote it.
    pub authors: Vec<Person>,
    /// Who keeps it.
    pub maintainers: Vec<Person>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Trove classifiers.
    pub classifiers: Vec<String>,
    /// Addresses by label.
    pub urls: Vec<(String, String)>,
    /// Commands by name.
    pub scripts: Vec<(String, String)>,
    /// Commands with windows by name.
    pub gui_scripts: Vec<(String, String)>,
    /// Other entry points, by group and name.
    pub entry_points: Vec<(String, Vec<(String, String)>)>,
    /// What of this only a build tells.
    pub dynamic: Vec<String>,
    /// What cannot be said in `[project]`, a sentence each.
    pub losses: Vec<String>,
}

/// An author or maintainer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Person {
    /// The name.
    pub name: Option<String>,
    /// The address.
    pub email: Option<String>,
}

/// The keys of `[tool.poetry]` that `[project]` has as well.
pub(super) const OF_POETRY: [&str; 15] = [
    "name",
    "version",
    "description",
    "license",
    "authors",
    "maintainers",
    "readme",
    "homepage",
    "repository",
    "documentation",
    "keywords",
    "classifiers",
    "scripts",
    "plugins",
    "urls",
];

impl Metadata {
    /// What `[tool.poetry]` says.
    pub(super) fn of_poetry(poetry: &Table) -> Self {
        let mut metadata = Self {
            name: text(poetry, "name"),
            version: text(poetry, "version"),
            description: text(poetry, "description"),
            license: text(poetry, "license").filter(|it| !it.is_empty()),
            authors: people(poetry, "authors"),
            maintainers: people(poetry, "maintainers"),
            keywords: list(poetry, "keywords"),
            classifiers: list(poetry, "classifiers"),
            ..Self::default()
        };
        let readmes = match poetry.get("readme") {
            Some(Value::String(one)) => vec![one.clone()],
            _ => list(poetry, "readme"),
        };
        metadata.readme = readmes.first().cloned();
        for other in readmes.iter().skip(1) {
            let loss = format!("only one `readme` can be told: `{other}` is left out");
            metadata.losses.push(loss);
        }
        for (key, label) in [
            ("homepage", "Homepage"),
            ("repository", "Repository"),
            ("documentation", "Documentation"),
        ] {
            let url = text(poetry, key).map(|url| (label.to_owned(), url));
            metadata.urls.extend(url);
        }
        metadata.urls.extend(texts(poetry.get("urls")));
        for (name, script) in poetry
            .get("scripts")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            metadata.script(name, script);
        }
        for (group, entries) in poetry
            .get("plugins")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            let entries = texts(Some(entries));
            match group.as_str() {
                "console_scripts" => metadata.scripts.extend(entries),
                "gui_scripts" => metadata.gui_scripts.extend(entries),
                _ => metadata.entry_points.push((group.clone(), entries)),
            }
        }
        metadata
    }

    fn script(&mut self, name: &str, script: &Value) {
        let reference = match script {
            Value::String(reference) => Some(reference.clone()),
            Value::Table(table) => {
                let is_file = table.get("type").and_then(Value::as_str) == Some("file");
                let reference = text(table, "reference").or_else(|| text(table, "callable"));
                reference.filter(|_| !is_file)
            }
            _ => None,
        };
        match reference {
            Some(reference) => self.scripts.push((name.to_owned(), reference)),
            None => self.losses.push(format!(
                "the script `{name}` is a file, which `[project.scripts]` cannot say"
            )),
        }
    }
}

fn text(table: &Table, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(str::to_owned)
}

fn list(table: &Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(Value::as_array);
    let texts = list.into_iter().flatten();
    texts
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

fn texts(value: Option<&Value>) -> Vec<(String, String)> {
    let table = value.and_then(Value::as_table).into_iter().flatten();
    table
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn people(table: &Table, key: &str) -> Vec<Person> {
    list(table, key).iter().map(|it| Person::read(it)).collect()
}

/// Whether a licence is an SPDX expression: names of licences joined by words.
pub(super) fn is_spdx(license: &str) -> bool {
    const KNOWN: [&str; 32] = [
        "0BSD",
        "AFL-3.0",
        "AGPL-3.0-only",
        "AGPL-3.0-or-later",
        "Apache-2.0",
        "Artistic-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC-BY-4.0",
        "CC0-1.0",
        "ECL-2.0",
        "EPL-2.0",
        "EUPL-1.2",
        "GPL-2.0-only",
        "GPL-2.0-or-later",
        "GPL-3.0-only",
        "GPL-3.0-or-later",
        "ISC",
        "LGPL-2.1-only",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "MulanPSL-2.0",
        "NCSA",
        "PSF-2.0",
        "Unlicense",
        "WTFPL",
        "Zlib",
    ];
    let words: Vec<&str> = license
        .split(|it: char| it.is_whitespace() || matches!(it, '(' | ')'))
        .filter(|word| !word.is_empty())
        .collect();
    let is_joined = |(at, word): (usize, &&str)| match at % 2 {
        0 => KNOWN.contains(word) || word.starts_with("LicenseRef-"),
        _ => matches!(*word, "AND" | "OR"),
    };
    !words.is_empty() && words.len() % 2 == 1 && words.iter().enumerate().all(is_joined)
}
