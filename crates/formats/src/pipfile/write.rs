//! Writes a `Pipfile.lock`.

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::{Diagnose, Diagnostic};
use lock::{
    Extras, Groups, GroupsFrom, Lock, Part, Production, Selected, Selection, Source, select,
};
use packaging::{GroupName, IndexUrl, Marker, PackageName, RequirementSource, RequiresPython};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::json::{compact, indented};
use crate::{Hashes, Local, Loss, WriteRequest, Written, export, marker_text};

/// Tables of a `Pipfile` that hold no packages.
const OTHER_TABLES: &[&str] = &[
    "source",
    "packages",
    "dev-packages",
    "requires",
    "scripts",
    "pipfile",
    "pipenv",
    "default",
    "develop",
];

pub(super) fn write(lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
    let mut written = Written::default();
    let is_pipfile = |table: &toml::Table| {
        let tables = ["source", "packages", "dev-packages"];
        tables.iter().any(|key| table.contains_key(*key))
    };
    let pipfile = request.manifest.and_then(|text| text.parse().ok());
    let pipfile = pipfile.filter(is_pipfile);
    let writing = Writing {
        lock,
        request,
        meta: match &pipfile {
            Some(pipfile) => meta(pipfile),
            None => invented_meta(lock, &mut written),
        },
        pipfile,
    };
    let mut document = writing.sections(&mut written)?;
    document.insert("_meta".to_owned(), writing.meta.clone());
    written.text = indented(&Value::Object(document));
    Ok(written)
}

/// What pipenv says of the `Pipfile`, with the hash that tells whether it changed.
fn meta(pipfile: &toml::Table) -> Value {
    let member = |key: &str| pipfile.get(key).map(json_of);
    let empty = || json!({});
    let sources = member("source").unwrap_or_else(|| json!([]));
    let requires = member("requires").unwrap_or_else(empty);
    let mut hashed = Map::new();
    hashed.insert(
        "_meta".to_owned(),
        json!({"sources": sources, "requires": requires}),
    );
    let packages = |key: &str| pipfile.get(key).map_or_else(empty, normalized);
    hashed.insert("default".to_owned(), packages("packages"));
    hashed.insert("develop".to_owned(), packages("dev-packages"));
    for (key, value) in pipfile {
        if !OTHER_TABLES.contains(&key.as_str()) {
            hashed.insert(key.clone(), normalized(value));
        }
    }
    let digest = Sha256::digest(compact(&Value::Object(hashed)));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "hash": {"sha256": digest},
        "pipfile-spec": 6,
        "requires": requires,
        "sources": sources,
    })
}

/// A table of packages, their names normalized: another spelling is no change.
fn normalized(table: &toml::Value) -> Value {
    let Some(table) = table.as_table() else {
        return json_of(table);
    };
    let members = table.iter().map(|(key, value)| {
        let name = key.parse::<PackageName>();
        let name = name.map_or_else(|_| key.to_lowercase(), |name| name.to_string());
        (name, json_of(value))
    });
    Value::Object(members.collect())
}

fn json_of(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(flag) => json!(flag),
        toml::Value::Datetime(instant) => json!(instant.to_string()),
        toml::Value::Array(items) => items.iter().map(json_of).collect(),
        toml::Value::Table(table) => {
            let members = table
                .iter()
                .map(|(key, value)| (key.clone(), json_of(value)));
            Value::Object(members.collect())
        }
    }
}

/// What can be said without a `Pipfile`: no hash, the indexes that packages come from.
fn invented_meta(lock: &Lock, written: &mut Written) -> Value {
    written.lose(Loss::ManifestHash);
    let indexes: BTreeSet<&str> = lock
        .packages
        .iter()
        .filter_map(|package| match &package.id.source {
            Source::Registry(index) if !index.as_str().is_empty() => {
                Some(index.as_str().trim_end_matches('/'))
            }
            _ => None,
        })
        .collect();
    let sources = indexes.iter().enumerate().map(|(at, index)| {
        json!({"name": format!("index-{}", at + 1), "url": index, "verify_ssl": true})
    });
    json!({
        "hash": {"sha256": ""},
        "pipfile-spec": 6,
        "requires": {},
        "sources": sources.collect::<Vec<_>>(),
    })
}

struct Writing<'a> {
    lock: &'a Lock,
    request: &'a WriteRequest<'a>,
    meta: Value,
    pipfile: Option<toml::Table>,
}

impl Writing<'_> {
    fn sections(&self, written: &mut Written) -> Result<Map<String, Value>, Vec<Diagnostic>> {
        let wanted = &self.request.selection;
        let bare = Selection {
            production: Production::Wanted,
            extras: wanted.extras.clone(),
            groups: Groups {
                from: GroupsFrom::Nothing,
                ..Groups::default()
            },
            ..wanted.clone()
        };
        let choose = |selection: &Selection| {
            select(self.lock, selection).map_err(|error| vec![error.diagnose()])
        };
        let project = choose(&bare)?;
        let mut sections = Map::new();
        let mut categories: BTreeMap<GroupName, Vec<Selected<'_>>> = BTreeMap::new();
        for group in &project.other_groups {
            let mut selection = bare.clone();
            selection.production = Production::Unwanted;
            selection.extras = Extras::default();
            selection.groups.with.insert(group.clone());
            categories.insert(group.clone(), choose(&selection)?.packages);
        }
        if !project.other_extras.is_empty() {
            let names = project.other_extras.clone();
            written.lose(Loss::Extras { names });
        }
        written.lose(Loss::Edges);
        written.lose(Loss::FileUrls);
        sections.insert(
            "default".to_owned(),
            self.section(project.packages, None, written)?,
        );
        sections.insert("develop".to_owned(), json!({}));
        for (group, packages) in categories {
            let key = match group.as_str() {
                "dev" => "develop".to_owned(),
                _ => self.category(&group),
            };
            sections.insert(key, self.section(packages, Some(&group), written)?);
        }
        Ok(sections)
    }

    /// The name of a category as the `Pipfile` writes it.
    fn category(&self, group: &GroupName) -> String {
        let mut keys = self.pipfile.iter().flat_map(toml::Table::keys);
        let written = keys.find(|key| key.parse::<GroupName>().as_ref() == Ok(group));
        written.map_or_else(|| group.to_string(), Clone::clone)
    }

    fn section(
        &self,
        packages: Vec<Selected<'_>>,
        group: Option<&GroupName>,
        written: &mut Written,
    ) -> Result<Value, Vec<Diagnostic>> {
        let packages = export::without_local(packages, self.request, Local::Written, written);
        let mut section = Map::new();
        for selected in &packages {
            let package = selected.package;
            let is_root = self.lock.roots().any(|root| root.id == package.id)
                && !self
                    .lock
                    .asked_beside()
                    .any(|it| it.name == package.id.name);
            let environment = self.request.environment;
            let holds = environment.is_none_or(|it| selected.marker.evaluate(it, &[]));
            if is_root || !holds {
                continue;
            }
            let key = package.id.name.to_string();
            if section.contains_key(&key) {
                return Err(vec![several(&package.id.name)]);
            }
            section.insert(key, self.entry(selected, group, written));
        }
        Ok(Value::Object(section))
    }

    fn entry(
        &self,
        selected: &Selected<'_>,
        group: Option<&GroupName>,
        written: &mut Written,
    ) -> Value {
        let package = selected.package;
        let mut entry = Map::new();
        let mut set = |key: &str, value: Value| entry.insert(key.to_owned(), value);
        let mut hashes: BTreeSet<String> = BTreeSet::new();
        if self.request.hashes == Hashes::Written {
            let best = |file: &lock::Artifact| {
                file.hashes
                    .iter()
                    .max_by_key(|hash| hash.algorithm)
                    .map(ToString::to_string)
            };
            hashes = package.artifacts().filter_map(best).collect();
        }
        if hashes.is_empty() && !package.id.source.is_source_tree() {
            let (name, version) = (package.id.name.clone(), package.id.version.clone());
            written.lose(Loss::Unhashed { name, version });
        }
        if !hashes.is_empty() {
            set("hashes", hashes.into_iter().collect());
        }
        if !selected.extras.is_empty() {
            set(
                "extras",
                selected.extras.iter().map(ToString::to_string).collect(),
            );
        }
        if let Some(marker) = self.marker(selected, group) {
            set("markers", json!(marker));
        }
        match &package.id.source {
            Source::Registry(index) => {
                if let Some(version) = &package.id.version {
                    set("version", json!(format!("=={version}")));
                }
                if let Some(name) = self.index_name(selected, group, index) {
                    set("index", json!(name));
                }
            }
            Source::Git {
                url,
                reference: _,
                commit,
                subdirectory,
            } => {
                set("git", json!(&**url));
                set("ref", json!(&**commit));
                if let Some(folder) = subdirectory {
                    set("subdirectory", json!(&**folder));
                }
            }
            Source::Url { url, .. } => {
                set("file", json!(&**url));
            }
            Source::Path(path) | Source::Directory(path) | Source::Virtual(path) => {
                set("path", json!(local(path)));
            }
            Source::Editable(path) => {
                set("path", json!(local(path)));
                set("editable", json!(true));
            }
        }
        Value::Object(entry)
    }

    /// The requirements of a section that name a package.
    fn asked(
        &self,
        name: &PackageName,
        group: Option<&GroupName>,
    ) -> impl Iterator<Item = &packaging::SourcedRequirement> {
        let asked = &self.lock.asked;
        let listed = match group {
            None => Some(&asked.requirements),
            Some(group) => asked.dependency_groups.get(group),
        };
        let name = name.clone();
        listed
            .into_iter()
            .flatten()
            .filter(move |it| it.name == name)
    }

    /// When a package is wanted, and what its own `Requires-Python` says.
    fn marker(&self, selected: &Selected<'_>, group: Option<&GroupName>) -> Option<String> {
        let package = selected.package;
        let is_flat = selected.via.is_empty();
        let asked = self.asked(&package.id.name, group).map(|it| it.marker);
        // A requirement of the file itself is repeated, also where the file's Python implies it.
        let asked = asked.filter(|_| is_flat).reduce(Marker::or);
        let marker = asked.unwrap_or(selected.marker);
        let published = package.published.as_ref();
        let python = published.and_then(|it| it.requires_python.as_ref());
        let python = python.and_then(|text| RequiresPython::parse(text).ok());
        let marker = match python {
            Some(python) if marker.is_true() => python.to_marker(),
            _ => marker,
        };
        marker_text::excluding(marker, '\'').or_else(|| marker_text::classic(marker, '\''))
    }

    /// The name of the index of a package that the `Pipfile` itself asks for.
    fn index_name(
        &self,
        selected: &Selected<'_>,
        group: Option<&GroupName>,
        index: &IndexUrl,
    ) -> Option<&str> {
        let name = &selected.package.id.name;
        let says_index = |requirement: &packaging::SourcedRequirement| {
            matches!(
                &requirement.source,
                RequirementSource::Registry { index: Some(_), .. }
            )
        };
        let is_direct = self.asked(name, group).any(says_index)
            || (selected.extras.is_empty() && self.is_listed(name, group))
            || self.pipfile.is_none() && self.is_edge_of_root(selected, group);
        let sources = self.meta.get("sources")?.as_array()?;
        let same = |source: &&Value| {
            let url = source.get("url").and_then(Value::as_str);
            url.is_some_and(|url| url.trim_end_matches('/') == index.as_str().trim_end_matches('/'))
        };
        let found = sources
            .iter()
            .find(same)
            .or_else(|| sources.first().filter(|_| sources.len() == 1));
        // What comes from another index than the first has to say it, whoever asks for it.
        let is_first = sources.first() == found;
        let found = found.filter(|_| is_direct || !is_first);
        found?.get("name")?.as_str()
    }

    /// Whether the `Pipfile` lists a package without markers of its own.
    fn is_listed(&self, name: &PackageName, group: Option<&GroupName>) -> bool {
        let table = match group.map(GroupName::as_str) {
            None => "packages".to_owned(),
            Some("dev") => "dev-packages".to_owned(),
            Some(_) => group.map(|group| self.category(group)).unwrap_or_default(),
        };
        let listed = self
            .pipfile
            .as_ref()
            .and_then(|pipfile| pipfile.get(&table)?.as_table());
        listed.into_iter().flatten().any(|(key, value)| {
            let is_plain = value.get("markers").is_none() && value.get("extras").is_none();
            key == name.as_str() && is_plain
        })
    }

    fn is_edge_of_root(&self, selected: &Selected<'_>, group: Option<&GroupName>) -> bool {
        let part = group.map_or(Part::Base, |group| Part::Group(group.clone()));
        self.lock.roots().any(|root| {
            let mut edges = root.edges(&part).iter();
            edges.any(|edge| edge.id == selected.package.id && edge.extras.is_empty())
        })
    }
}

/// The complaint about several versions of one project.
fn several(name: &PackageName) -> Diagnostic {
    let title =
        format!("a `Pipfile.lock` holds one version of a project, and `{name}` has several");
    Diagnostic::error("pipfile/several-versions", title)
        .help("choose one environment, in which only one of them is installed")
}

/// A path as pipenv writes it.
fn local(path: &str) -> String {
    match path {
        "." => path.to_owned(),
        _ if path.starts_with(['/', '.']) => path.to_owned(),
        _ => format!("./{path}"),
    }
}
