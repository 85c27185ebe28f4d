//! What the root asks for, as poetry reads a `pyproject.toml` for locking.

use std::collections::BTreeMap;

use packaging::{PackageName, Requirement};
use toml::{Table, Value};

use super::constraint::Reading;
use super::dependency::{Dependency, Origin};
use super::marker::Marker;
use super::marker_parse;
use super::range::Constraint;

/// The group of a project's own dependencies.
pub(super) const MAIN: &str = "main";

/// The root project.
pub(super) struct Root {
    /// The normalized name; empty if it has none.
    pub(super) name: String,
    /// `[metadata].python-versions`, as written.
    pub(super) python_text: String,
    /// The versions of Python it stands for.
    pub(super) python: Constraint,
    /// The requirements: the main group's, then those of the other groups, in file order.
    pub(super) wanted: Vec<Wanted>,
    /// The extras, each with the names it lists as written.
    pub(super) extras: BTreeMap<String, Vec<String>>,
    /// Sources: names and URLs without trailing slash.
    pub(super) sources: Vec<(String, String)>,
}

/// A requirement of the root.
pub(super) struct Wanted {
    pub(super) dependency: Dependency,
    /// The normalized name of its group.
    pub(super) group: String,
    /// The extras that want it; empty for one that is always wanted.
    pub(super) in_extras: Vec<String>,
}

impl Wanted {
    /// When it is wanted, extras included.
    pub(super) fn marker(&self) -> Marker {
        let marker = &self.dependency.marker;
        if self.in_extras.is_empty() {
            return marker.clone();
        }
        let extras = self.in_extras.iter().map(String::as_str);
        marker.intersect(&Marker::of_extras(extras))
    }
}

/// Reads what poetry looks at.
pub(super) fn read(pyproject: &Table) -> Root {
    let empty = Table::new();
    let table = |table: &'_ Table, key: &str| -> Table {
        table
            .get(key)
            .and_then(Value::as_table)
            .cloned()
            .unwrap_or_default()
    };
    let project = table(pyproject, "project");
    let poetry = table(&table(pyproject, "tool"), "poetry");
    let legacy = poetry
        .get("dependencies")
        .and_then(Value::as_table)
        .unwrap_or(&empty);
    let python_text = legacy
        .get("python")
        .and_then(Value::as_str)
        .or_else(|| project.get("requires-python").and_then(Value::as_str))
        .unwrap_or("*")
        .to_owned();
    let name = |table: &Table| table.get("name").and_then(Value::as_str).map(normalized);
    let mut root = Root {
        name: name(&project).or_else(|| name(&poetry)).unwrap_or_default(),
        python: Constraint::read(&python_text, Reading::Marker)
            .unwrap_or_else(|_| Constraint::any()),
        python_text,
        wanted: Vec::new(),
        extras: BTreeMap::new(),
        sources: sources(&poetry),
    };
    if project.contains_key("dependencies") || project.contains_key("optional-dependencies") {
        root.read_project(&project, legacy);
    } else {
        root.read_legacy(&poetry, legacy);
    }
    root.read_groups(&table(pyproject, "dependency-groups"), &poetry);
    root.share_markers();
    root
}

fn sources(poetry: &Table) -> Vec<(String, String)> {
    let listed = poetry
        .get("source")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    listed
        .iter()
        .filter_map(|source| {
            let url = source.get("url")?.as_str()?.trim_end_matches('/');
            Some((source.get("name")?.as_str()?.to_owned(), url.to_owned()))
        })
        .collect()
}

/// A group's or extra's name, normalized.
pub(super) fn normalized(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(character.to_lowercase()),
        }
    }
    normal
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn requirement(text: &str) -> Option<Dependency> {
    let (requirement, _) = Requirement::parse_lenient(text).ok()?;
    Dependency::of_requirement(&requirement)
}

impl Root {
    fn want(&mut self, dependency: Dependency, group: &str) {
        let wanted = Wanted {
            dependency,
            group: group.to_owned(),
            in_extras: Vec::new(),
        };
        self.wanted.push(wanted);
    }

    fn read_project(&mut self, project: &Table, legacy: &Table) {
        for text in strings(project.get("dependencies")) {
            for dependency in requirement(text)
                .into_iter()
                .flat_map(|one| enrich(one, legacy))
            {
                self.want(dependency, MAIN);
            }
        }
        let own = project.get("name").and_then(Value::as_str).map(normalized);
        let empty = Table::new();
        let optional = project
            .get("optional-dependencies")
            .and_then(Value::as_table)
            .unwrap_or(&empty);
        for extra in optional.keys() {
            let mut found = Vec::new();
            let mut open = Vec::new();
            expand_extra(optional, own.as_deref(), extra, &mut open, &mut found);
            let extra = normalized(extra);
            let names = self.extras.entry(extra.clone()).or_default();
            names.extend(found.iter().map(|dependency| dependency.raw_name.clone()));
            for mut dependency in found.into_iter().flat_map(|one| enrich(one, legacy)) {
                dependency.optional = true;
                self.wanted.push(Wanted {
                    dependency,
                    group: MAIN.to_owned(),
                    in_extras: vec![extra.clone()],
                });
            }
        }
        self.finish_extras();
    }

    fn read_legacy(&mut self, poetry: &Table, legacy: &Table) {
        let empty = Table::new();
        let extras = poetry
            .get("extras")
            .and_then(Value::as_table)
            .unwrap_or(&empty);
        for (name, value) in legacy.iter().filter(|(name, _)| *name != "python") {
            for dependency in from_table(name, value) {
                let lists = |value: &Value| {
                    strings(Some(value)).any(|listed| normalized(listed) == normalized(name))
                };
                let in_extras: Vec<String> = extras
                    .iter()
                    .filter(|(_, listed)| lists(listed))
                    .map(|(extra, _)| normalized(extra))
                    .collect();
                let group = MAIN.to_owned();
                self.wanted.push(Wanted {
                    dependency,
                    group,
                    in_extras,
                });
            }
        }
        for (extra, listed) in extras {
            let known = |name: &&str| legacy.keys().any(|key| normalized(key) == normalized(name));
            let names: Vec<String> = strings(Some(listed))
                .filter(known)
                .map(str::to_owned)
                .collect();
            self.extras.insert(normalized(extra), names);
        }
        for (name, value) in poetry
            .get("dev-dependencies")
            .and_then(Value::as_table)
            .unwrap_or(&empty)
        {
            for dependency in from_table(name, value) {
                self.want(dependency, "dev");
            }
        }
        self.finish_extras();
    }

    fn finish_extras(&mut self) {
        for names in self.extras.values_mut() {
            names.sort();
            names.dedup();
        }
    }

    fn read_groups(&mut self, standard: &Table, poetry: &Table) {
        let empty = Table::new();
        let tables = poetry
            .get("group")
            .and_then(Value::as_table)
            .unwrap_or(&empty);
        let mut order: Vec<String> = Vec::new();
        for name in standard.keys().chain(tables.keys()) {
            let name = normalized(name);
            if !order.contains(&name) {
                order.push(name);
            }
        }
        for group in &order {
            let mut found = Vec::new();
            collect_group(standard, tables, group, &mut Vec::new(), &mut found);
            for dependency in found {
                self.want(dependency, group);
            }
        }
    }

    /// Requirements of one project with one constraint share their marker: the first one gets the
    /// union. Seen in poetry 2.5.1, where merging changes the first object in place.
    fn share_markers(&mut self) {
        let mut firsts: Vec<Vec<usize>> = Vec::new();
        for at in 0..self.wanted.len() {
            let is_same =
                |same: &&mut Vec<usize>| same_target(&self.wanted[same[0]], &self.wanted[at]);
            match firsts.iter_mut().find(is_same) {
                Some(same) => same.push(at),
                None => firsts.push(vec![at]),
            }
        }
        for same in firsts.iter().filter(|same| same.len() > 1) {
            // What an extra wants is looked at as a copy.
            if self.wanted[same[0]].in_extras.is_empty() {
                let markers: Vec<Marker> =
                    same.iter().map(|at| self.wanted[*at].marker()).collect();
                self.wanted[same[0]].dependency.marker = Marker::union_of(&markers);
            }
        }
    }
}

fn same_target(first: &Wanted, second: &Wanted) -> bool {
    let (first, second) = (&first.dependency, &second.dependency);
    first.name == second.name
        && first.extras == second.extras
        && first.constraint == second.constraint
        && first.origin == second.origin
}

/// The requirements of an extra; what it takes from the project's other extras is put in place,
/// since poetry refuses a project that requires itself.
fn expand_extra(
    optional: &Table,
    own: Option<&str>,
    extra: &str,
    open: &mut Vec<String>,
    found: &mut Vec<Dependency>,
) {
    if open.contains(&normalized(extra)) {
        return;
    }
    open.push(normalized(extra));
    let listed = optional
        .iter()
        .find(|(name, _)| normalized(name) == normalized(extra));
    for text in strings(listed.map(|(_, value)| value)) {
        let Some(dependency) = requirement(text) else {
            continue;
        };
        if own == Some(dependency.name.as_str()) {
            for other in &dependency.extras {
                expand_extra(optional, own, other, open, found);
            }
        } else {
            found.push(dependency);
        }
    }
}

/// A requirement of `[project]` with what `[tool.poetry.dependencies]` adds to it.
fn enrich(dependency: Dependency, legacy: &Table) -> Vec<Dependency> {
    let entry = legacy
        .iter()
        .find(|(name, _)| normalized(name) == dependency.name.as_str());
    let Some((name, value)) = entry else {
        return vec![dependency];
    };
    let mut enriched = Vec::new();
    for addition in from_table(name, value) {
        let marker = dependency.marker.intersect(&addition.marker);
        let constraint = dependency.constraint.intersect(&addition.constraint);
        if marker.is_empty() {
            continue;
        }
        let mut one = dependency.clone();
        one.marker = marker;
        one.constraint = constraint;
        if one.origin == Origin::Index {
            one.origin = addition.origin;
        }
        enriched.push(one);
    }
    if enriched.is_empty() {
        vec![dependency]
    } else {
        enriched
    }
}

fn collect_group(
    standard: &Table,
    tables: &Table,
    group: &str,
    open: &mut Vec<String>,
    found: &mut Vec<Dependency>,
) {
    if open.iter().any(|known| known == group) {
        return;
    }
    open.push(group.to_owned());
    let named = |table: &Table| -> Option<Value> {
        table
            .iter()
            .find(|(name, _)| normalized(name) == group)
            .map(|(_, value)| value.clone())
    };
    let mut included: Vec<String> = Vec::new();
    let empty = Table::new();
    let additions = named(tables)
        .and_then(|value| value.get("dependencies").and_then(Value::as_table).cloned())
        .unwrap_or_default();
    let listed = named(standard);
    for item in listed
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(dependency) = item.as_str().and_then(requirement) {
            found.extend(enrich(dependency, &additions));
        }
        included.extend(
            item.get("include-group")
                .and_then(Value::as_str)
                .map(normalized),
        );
    }
    if listed.is_none() {
        for (name, value) in &additions {
            found.extend(from_table(name, value));
        }
    }
    let poetry = named(tables);
    let poetry = poetry.as_ref().and_then(Value::as_table).unwrap_or(&empty);
    included.extend(strings(poetry.get("include-groups")).map(normalized));
    // Included requirements come last, wherever the include stands.
    for group in included {
        collect_group(standard, tables, &group, open, found);
    }
}

/// A requirement of a legacy table: text, table, or several of them.
fn from_table(raw_name: &str, value: &Value) -> Vec<Dependency> {
    let Ok(name) = PackageName::new(raw_name) else {
        return Vec::new();
    };
    let one = |value: &Value| -> Option<Dependency> {
        let empty = Table::new();
        let table = value.as_table().unwrap_or(&empty);
        let text = |key: &str| table.get(key).and_then(Value::as_str);
        let version = value.as_str().or_else(|| text("version")).unwrap_or("*");
        let constraint = Constraint::read(version, Reading::Requirement).ok()?;
        let mut extras: Vec<String> = strings(table.get("extras")).map(normalized).collect();
        extras.sort();
        let marker = [
            text("markers").map(|markers| marker_parse::read(markers).unwrap_or(Marker::Any)),
            text("python")
                .and_then(|python| Constraint::read(python, Reading::Marker).ok())
                .map(|python| Marker::of_python(&python)),
            text("platform").map(of_platform),
        ];
        let marker = marker
            .into_iter()
            .flatten()
            .fold(Marker::Any, |all, one| all.intersect(&one));
        Some(Dependency {
            raw_name: raw_name.to_owned(),
            name: name.clone(),
            extras,
            constraint,
            marker,
            optional: table
                .get("optional")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            origin: origin(table),
        })
    };
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        _ => one(value).into_iter().collect(),
    }
}

fn origin(table: &Table) -> Origin {
    let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Some(url) = text("git") {
        let reference = ["branch", "tag", "rev"]
            .into_iter()
            .find_map(|key| text(key).map(|value| (key.to_owned(), value)));
        return Origin::Git {
            url,
            reference,
            subdirectory: text("subdirectory"),
        };
    }
    if let Some(path) = text("path").or_else(|| text("file")) {
        let develop = table
            .get("develop")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        return Origin::Path { path, develop };
    }
    text("url").map_or(Origin::Index, Origin::Url)
}

/// `platform = "win32 || linux"`.
fn of_platform(text: &str) -> Marker {
    let parts = text
        .split("||")
        .flat_map(|part| part.split('|'))
        .map(|part| {
            let part = part.trim();
            let (operator, value) = match part.strip_prefix("!=") {
                Some(value) => ("!=", value.trim()),
                None => ("==", part.trim_start_matches('=').trim()),
            };
            marker_parse::read(&format!("sys_platform {operator} '{value}'")).unwrap_or(Marker::Any)
        });
    parts.fold(Marker::Empty, |all, part| all.union(&part))
}
