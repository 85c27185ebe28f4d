//! Projects without `[project]`: what pdm makes of poetry's and flit's tables.

use toml::{Table, Value};

use super::requirement::{Line, normalized};
use super::specifier::Specifier;
use super::{marker_parse, python_text};

/// The `[project]` table that stands for the tables of another tool; what they say beyond it goes
/// to `[tool.pdm]`.
pub(super) fn convert(tool: &Table, settings: &mut Table) -> Table {
    let table = |key: &str| tool.get(key).and_then(Value::as_table);
    if let Some(flit) = table("flit") {
        return of_flit(flit);
    }
    match table("poetry") {
        Some(poetry) => of_poetry(poetry, settings),
        None => Table::new(),
    }
}

fn of_flit(flit: &Table) -> Table {
    let empty = Table::new();
    let metadata = flit
        .get("metadata")
        .and_then(Value::as_table)
        .unwrap_or(&empty);
    let mut project = Table::new();
    let mut set = |key: &str, value: Option<&Value>| {
        if let Some(value) = value {
            project.insert(key.to_owned(), value.clone());
        }
    };
    set(
        "name",
        metadata.get("dist-name").or_else(|| metadata.get("module")),
    );
    set("requires-python", metadata.get("requires-python"));
    let none = Value::Array(Vec::new());
    set(
        "dependencies",
        Some(metadata.get("requires").unwrap_or(&none)),
    );
    let extras = metadata.get("requires-extra").and_then(Value::as_table);
    let mut extras = extras.cloned().unwrap_or_default();
    if let (Some(wanted), false) = (metadata.get("dev-requires"), extras.contains_key("dev")) {
        extras.insert("dev".to_owned(), wanted.clone());
    }
    set("optional-dependencies", Some(&Value::Table(extras)));
    project
}

fn of_poetry(poetry: &Table, settings: &mut Table) -> Table {
    let empty = Table::new();
    let table = |key: &str| poetry.get(key).and_then(Value::as_table).unwrap_or(&empty);
    let mut project = Table::new();
    if let Some(name) = poetry.get("name") {
        project.insert("name".to_owned(), name.clone());
    }
    let python = table("dependencies").get("python").and_then(Value::as_str);
    let python = python.map(python_of).unwrap_or_default();
    project.insert("requires-python".to_owned(), Value::String(python));
    add_dependencies(table("dependencies"), table("extras"), &mut project);
    let mut groups = Table::new();
    if let Some(listed) = poetry.get("dev-dependencies").and_then(Value::as_table) {
        groups.insert("dev".to_owned(), all(listed));
    }
    for (name, group) in table("group") {
        let listed = group.get("dependencies").and_then(Value::as_table);
        groups.insert(name.clone(), all(listed.unwrap_or(&empty)));
    }
    if !groups.is_empty() {
        settings.insert("dev-dependencies".to_owned(), Value::Table(groups));
    }
    if let Some(mode) = poetry.get("package-mode") {
        settings.insert("distribution".to_owned(), mode.clone());
    }
    if let Some(sources) = poetry.get("source").and_then(Value::as_array) {
        settings.insert("source".to_owned(), Value::Array(sources_of(sources)));
    }
    project
}

fn sources_of(sources: &[Value]) -> Vec<Value> {
    let named = |source: &Value| {
        let mut table = Table::new();
        for key in ["name", "url"] {
            let empty = Value::String(String::new());
            let value = source.get(key).unwrap_or(&empty);
            table.insert(key.to_owned(), value.clone());
        }
        let url = source.get("url").and_then(Value::as_str);
        let is_secure = url.is_some_and(|url| url.starts_with("https"));
        table.insert("verify_ssl".to_owned(), Value::Boolean(is_secure));
        Value::Table(table)
    };
    sources.iter().map(named).collect()
}

/// `dependencies` and `optional-dependencies`.
fn add_dependencies(listed: &Table, extras: &Table, project: &mut Table) {
    let mut always = Vec::new();
    let mut optional = Table::new();
    for (name, value) in listed.iter().filter(|(name, _)| *name != "python") {
        let one = std::slice::from_ref(value);
        for value in value.as_array().map_or(one, Vec::as_slice) {
            let is_optional = value.get("optional").and_then(Value::as_bool) == Some(true);
            let Some(line) = line(name, value, false) else {
                continue;
            };
            if !is_optional {
                always.push(Value::String(line));
                continue;
            }
            for (extra, members) in extras {
                let members = members.as_array().into_iter().flatten();
                let mut members = members.filter_map(Value::as_str);
                if members.any(|member| normalized(member) == normalized(name)) {
                    let list = optional
                        .entry(extra.clone())
                        .or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(list) = list {
                        list.push(Value::String(line.clone()));
                    }
                }
            }
        }
    }
    project.insert("dependencies".to_owned(), Value::Array(always));
    if !optional.is_empty() {
        project.insert("optional-dependencies".to_owned(), Value::Table(optional));
    }
}

/// Every requirement of a table.
fn all(listed: &Table) -> Value {
    let lines = listed.iter().flat_map(|(name, value)| {
        let one = std::slice::from_ref(value);
        value
            .as_array()
            .map_or(one, Vec::as_slice)
            .iter()
            .filter_map(move |value| line(name, value, true))
    });
    Value::Array(lines.map(Value::String).collect())
}

/// A requirement as a line.
fn line(name: &str, value: &Value, can_be_editable: bool) -> Option<String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let mut line = Line::new(name);
    if let Some(version) = value.as_str().or_else(|| text("version")) {
        line.specifiers = clauses(version);
        line.specifiers.sort();
    }
    let extras = value.get("extras").and_then(Value::as_array);
    let extras = extras.into_iter().flatten().filter_map(Value::as_str);
    line.extras = extras.map(str::to_owned).collect();
    line.extras.sort();
    let subdirectory = text("subdirectory").map(|folder| format!("#subdirectory={folder}"));
    let subdirectory = subdirectory.unwrap_or_default();
    let is_develop = value.get("develop").and_then(Value::as_bool) == Some(true);
    if let Some(url) = text("git") {
        let reference = text("rev")
            .or_else(|| text("tag"))
            .or_else(|| text("branch"));
        let reference = reference.map(|reference| format!("@{reference}"));
        line.url = Some(format!(
            "git+{url}{}{subdirectory}",
            reference.unwrap_or_default()
        ));
    } else if let Some(path) = text("path") {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        line.url = Some(format!("file:///${{PROJECT_ROOT}}/{path}{subdirectory}"));
    } else {
        line.url = text("url").map(str::to_owned);
    }
    let is_archive = text("path").is_some_and(|path| {
        path.ends_with(".whl") || packaging::filename::strip_sdist_extension(path).is_some()
    });
    line.editable = can_be_editable && is_develop && !is_archive && line.url.is_some();
    let markers = [
        text("markers").and_then(marker_parse::read),
        text("python").and_then(|python| {
            let specifier = python_specifier(python)?;
            marker_parse::read(&python_text::marker(&specifier))
        }),
        text("platform").map(platform_marker),
    ];
    let marker = markers
        .into_iter()
        .flatten()
        .reduce(|all, one| all.and(&one));
    // The text is read once more, single quotes for double ones.
    let marker = marker.and_then(|marker| marker_parse::read(&marker.to_string()));
    line.set_marker(marker.filter(|marker| !marker.is_any()));
    Some(line.text())
}

fn platform_marker(text: &str) -> super::marker::Marker {
    use super::marker::Marker;
    let one = |text: &str| {
        let text = text.trim();
        let (operator, value) = match text.strip_prefix("!=") {
            Some(value) => ("!=", value),
            None => ("==", text.trim_start_matches('=')),
        };
        let condition = format!("sys_platform {operator} \"{}\"", value.trim());
        marker_parse::read(&condition).unwrap_or(Marker::Any)
    };
    if text.trim() == "*" {
        return Marker::Any;
    }
    let alternatives = text.split('|').filter(|part| !part.trim().is_empty());
    let alternatives = alternatives.map(|part| {
        let conditions = part.split(',').map(one);
        conditions
            .reduce(|all, one| all.and(&one))
            .unwrap_or(Marker::Any)
    });
    alternatives
        .reduce(|all, one| all.or(&one))
        .unwrap_or(Marker::Any)
}

/// `python = "^3.10"` as `requires-python`.
fn python_of(text: &str) -> String {
    match text.split_once("||") {
        None => {
            let mut clauses = clauses(text);
            clauses.sort();
            clauses.join(",")
        }
        Some(_) => python_specifier(text)
            .map_or_else(String::new, |specifier| python_text::specifier(&specifier)),
    }
}

fn python_specifier(text: &str) -> Option<Specifier> {
    let mut parts = text
        .split("||")
        .map(|part| Specifier::parse(&clauses(part).join(",")));
    let first = parts.next()??;
    parts.try_fold(first, |all, part| all.or(&part?))
}

/// Poetry's constraints as clauses: `^` and `~` are ranges, a bare version is pinned.
fn clauses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split(',') {
        let mut rest = part.trim();
        while !rest.is_empty() {
            let end = rest
                .find(|character: char| !"<>=!~^".contains(character))
                .unwrap_or(rest.len());
            let (operator, after) = rest.split_at(end);
            let after = after.trim_start().trim_start_matches('v').trim_start();
            if !after.starts_with(|first: char| first.is_ascii_digit()) {
                break;
            }
            // A blank stands for a comma where another operator follows.
            let mut end = after.len();
            for (at, _) in after.match_indices(char::is_whitespace) {
                if after[at..]
                    .trim_start()
                    .starts_with(|next| "<>=!~^".contains(next))
                {
                    end = at;
                    break;
                }
            }
            let version = after[..end].trim();
            match operator {
                "^" => found.extend([format!(">={version}"), format!("<{}", above(version, None))]),
                "~" => found.extend([
                    format!(">={version}"),
                    format!("<{}", above(version, Some(1))),
                ]),
                "" => found.push(format!("=={version}")),
                operator => found.push(format!("{operator}{version}")),
            }
            rest = after[end..].trim_start();
        }
    }
    found
}

/// The first version after those that agree in one place: the given one, or the first that is
/// not zero.
fn above(version: &str, place: Option<usize>) -> String {
    let numbers: Vec<u64> = version
        .split('.')
        .map(|part| {
            let end = part
                .find(|one: char| !one.is_ascii_digit())
                .unwrap_or(part.len());
            part[..end].parse().unwrap_or(0)
        })
        .collect();
    let last = numbers.len().saturating_sub(1);
    let place = match place {
        Some(place) => place.min(last),
        None => numbers
            .iter()
            .position(|number| *number != 0)
            .unwrap_or(last),
    };
    let bumped = numbers
        .iter()
        .enumerate()
        .map(|(at, number)| match at.cmp(&place) {
            std::cmp::Ordering::Less => number.to_string(),
            std::cmp::Ordering::Equal => number.saturating_add(1).to_string(),
            std::cmp::Ordering::Greater => "0".to_owned(),
        });
    bumped.collect::<Vec<_>>().join(".")
}
