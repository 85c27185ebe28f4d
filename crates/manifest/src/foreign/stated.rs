//! What setuptools would say of a project, found out by somebody who can read its files.

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::Marker;

use crate::Manifest;
use crate::declared::{DeclaredRequirement, WordError};
use crate::document::Reader;
use crate::project::{OptionalDependencies, ProjectTable};
use crate::tool_uv::ToolUv;

/// What `setup.py` and `setup.cfg` state of a project.
#[derive(Clone, Debug, Default)]
pub struct StatedProject {
    /// Its name; `None` when it is computed.
    pub name: Option<String>,
    /// Its version; `None` when it is computed.
    pub version: Option<String>,
    /// The Pythons it is for.
    pub requires_python: Option<String>,
    /// What it always requires, a requirement each.
    pub requirements: Vec<String>,
    /// What its extras require. A name may have a condition, as in `name:marker`.
    pub extras: Vec<(String, Vec<String>)>,
}

/// A project without a name.
#[derive(Debug, thiserror::Error)]
#[error("expected the project's `name` as a literal text, found none")]
struct Nameless;

impl Diagnose for Nameless {
    fn diagnose(&self) -> Diagnostic {
        Diagnostic::error("manifest/missing-key", self)
            .help("write `name = …` in `[metadata]` of `setup.cfg`, or as an argument of `setup`")
    }
}

/// The manifest of a project that setuptools builds; `text` is that of the file it is stated in.
#[must_use]
pub fn stated(
    project: &StatedProject,
    text: &str,
    file: &str,
) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut reader = Reader::new(text);
    let mut places = Places { text, at: 0 };
    let table = table(project, &mut reader, &mut places);
    let manifest = table.map(|project| Manifest {
        file: file.into(),
        text: text.into(),
        raw: toml::Table::new(),
        project: Some(project),
        groups: Vec::new(),
        has_build_system: true,
        uv: ToolUv::default(),
        script: None,
        dialect: crate::Dialect::Uv,
    });
    crate::finish(reader, manifest, file)
}

fn table(
    project: &StatedProject,
    reader: &mut Reader<'_>,
    places: &mut Places<'_>,
) -> Option<ProjectTable> {
    let Some(raw_name) = &project.name else {
        reader.note(&Nameless);
        return None;
    };
    let name_span = places.first(raw_name);
    let name = reader.package_name(raw_name, name_span.clone());
    let version = project.version.as_ref().and_then(|text| {
        let span = places.first(text);
        let error = |error: packaging::version::VersionParseError| WordError::Version {
            key: "version".to_owned(),
            text: text.clone(),
            reason: error.to_string(),
            span,
        };
        text.parse().map_err(|it| reader.note(&error(it))).ok()
    });
    let requires_python = project.requires_python.as_ref().and_then(|text| {
        let span = places.first(text);
        reader.python_at(text, "python_requires", span)
    });
    let mut dependencies = requirements(&project.requirements, Marker::TRUE, reader, places);
    let mut extras: Vec<OptionalDependencies> = Vec::new();
    for (key, lines) in &project.extras {
        let (raw_name, condition) = key.split_once(':').unwrap_or((key, ""));
        let span = places.first(key);
        let marker = match condition.trim() {
            "" => Marker::TRUE,
            text => match Marker::parse(text) {
                Ok(parsed) => parsed.marker,
                Err(error) => {
                    reader.note(&WordError::Marker {
                        text: text.to_owned(),
                        reason: error.message,
                        span,
                    });
                    continue;
                }
            },
        };
        let requirements = requirements(lines, marker, reader, places);
        if raw_name.trim().is_empty() {
            dependencies.extend(requirements);
            continue;
        }
        let Some(name) = reader.extra_name(raw_name.trim(), span.clone()) else {
            continue;
        };
        match extras.iter_mut().find(|extra| extra.name == name) {
            Some(extra) => extra.requirements.extend(requirements),
            None => extras.push(OptionalDependencies {
                name,
                raw_name: raw_name.trim().to_owned(),
                name_span: span,
                requirements,
            }),
        }
    }
    let dynamic = match version {
        Some(_) => Vec::new(),
        None => vec!["version".to_owned()],
    };
    Some(ProjectTable {
        name: name?,
        raw_name: raw_name.clone(),
        name_span,
        version,
        dynamic,
        requires_python,
        dependencies,
        optional_dependencies: extras,
    })
}

fn requirements(
    lines: &[String],
    condition: Marker,
    reader: &mut Reader<'_>,
    places: &mut Places<'_>,
) -> Vec<DeclaredRequirement> {
    let read = lines.iter().filter_map(|line| {
        let mut declared = reader.requirement_at(line, places.next(line))?;
        declared.condition = condition;
        Some(declared)
    });
    read.collect()
}

/// Finds texts in a file that somebody else has read.
struct Places<'t> {
    text: &'t str,
    at: usize,
}

impl Places<'_> {
    /// Where a text stands first, with its quotes; the start of the file when it is nowhere.
    fn first(&self, wanted: &str) -> Span {
        self.from(0, wanted).unwrap_or(0..0)
    }

    /// Where a text stands after the last one.
    fn next(&mut self, wanted: &str) -> Span {
        let found = self.from(self.at, wanted).or_else(|| self.from(0, wanted));
        let span = found.unwrap_or(0..0);
        self.at = span.end.max(self.at);
        span
    }

    fn from(&self, start: usize, wanted: &str) -> Option<Span> {
        let mut start = start;
        loop {
            let at = start + self.text.get(start..)?.find(wanted)?;
            let end = at + wanted.len();
            let before = self.text[..at].chars().next_back();
            let after = self.text[end..].chars().next();
            let is_part = |side: Option<char>| {
                side.is_some_and(|it| it.is_alphanumeric() || matches!(it, '-' | '_' | '.'))
            };
            let is_quote = |side: Option<char>| side.filter(|it| matches!(it, '"' | '\''));
            if wanted.is_empty() || !is_part(before) && !is_part(after) {
                let is_quoted = is_quote(before).is_some() && is_quote(before) == is_quote(after);
                return Some(match is_quoted {
                    true => at - 1..end + 1,
                    false => at..end,
                });
            }
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_found_where_they_stand() {
        let text = "setup(\n  name='demo', version='1',\n  install_requires=['six', 'six-more', \"pip!\"],\n)\n";
        let project = StatedProject {
            name: Some("demo".into()),
            version: Some("1".into()),
            requirements: vec!["six-more".into(), "pip!".into(), "absent".into()],
            extras: vec![(":os_name == 'nt'".into(), vec!["six".into()])],
            ..StatedProject::default()
        };
        let (manifest, found) = stated(&project, text, "setup.py");
        assert!(manifest.is_none());
        assert_eq!(&text[found[0].labels[0].span.clone()], "\"pip!\"");
        let project = StatedProject {
            requirements: vec!["six-more".into()],
            ..project
        };
        let project = stated(&project, text, "setup.py")
            .0
            .unwrap()
            .project
            .unwrap();
        assert_eq!(&text[project.dependencies[0].span.clone()], "'six-more'");
        assert_eq!(&text[project.dependencies[1].span.clone()], "'six'");
        assert!(!project.dependencies[1].marker().is_true());
    }
}
