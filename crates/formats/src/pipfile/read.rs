//! Reads a `Pipfile.lock`.

use std::collections::BTreeMap;

use diagnostic::{Diagnostic, Span};
use lock::{Artifact, Asked, DefaultGroups, Lock, Package, PackageId, Source};
use packaging::{
    ExtraName, GitReference, GroupName, Hash, IndexUrl, Marker, PackageName, RequirementSource,
    RequiresPython, SourcedRequirement, Version, VersionSpecifiers,
};
use serde_json::{Map, Value};

use crate::flat::{self, Pin};

/// The version of the format.
const SPEC: u64 = 6;

pub(super) fn read(text: &str) -> Result<(Lock, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document: Value = serde_json::from_str(text).map_err(|error| {
        let title = format!("a `Pipfile.lock` is JSON: {error}");
        let at = flat::offset(text, error.line(), error.column());
        let found = vec![Diagnostic::error("pipfile/syntax", title).label(at..at, "here")];
        flat::or_conflict(text, found)
    })?;
    let meta = document.get("_meta").and_then(Value::as_object);
    let (Some(sections), Some(meta)) = (document.as_object(), meta) else {
        let title = "a `Pipfile.lock` has an object `_meta`, but this has none";
        let end = text.find('\n').unwrap_or(text.len());
        return Err(vec![
            Diagnostic::error("pipfile/shape", title).label(0..end, ""),
        ]);
    };
    let spec = meta.get("pipfile-spec");
    if spec.and_then(Value::as_u64) != Some(SPEC) {
        let found = spec.map_or_else(|| "none".to_owned(), ToString::to_string);
        let title = format!("expected pipfile-spec {SPEC}, found {found}");
        let span = find(text, 0, "pipfile-spec");
        return Err(vec![
            Diagnostic::error("pipfile/version", title).label(span, ""),
        ]);
    }
    let mut reading = Reading::new(text, meta);
    for (name, section) in sections.iter().filter(|(name, _)| *name != "_meta") {
        reading.section(name, section);
    }
    if !reading.errors.is_empty() {
        return Err(reading.errors);
    }
    let pins = flat::gather(reading.pins, Marker::TRUE)?;
    let packages = pins.into_iter().map(|pin| pin.package).collect();
    let mut lock = Lock::of(requires_python(meta), packages);
    lock.asked = reading.asked;
    flat::tell_apart(&mut lock);
    flat::settle(&mut lock);
    Ok((lock, reading.warnings))
}

/// The place of a key behind another place; the start of the file where it is not found.
fn find(text: &str, from: usize, key: &str) -> Span {
    let quoted = format!("\"{key}\"");
    let found = text.get(from..).and_then(|rest| rest.find(&quoted));
    found.map_or(0..0, |at| from + at..from + at + quoted.len())
}

fn requires_python(meta: &Map<String, Value>) -> RequiresPython {
    let everything = || RequiresPython::from_specifiers(&VersionSpecifiers::empty());
    let requires = meta.get("requires").and_then(Value::as_object);
    let text = |key: &str| requires?.get(key)?.as_str();
    let specifiers = match (text("python_full_version"), text("python_version")) {
        (Some(version), _) => format!("=={version}"),
        (None, Some(version)) if version.starts_with(|it: char| it.is_ascii_digit()) => {
            format!("=={version}.*")
        }
        (None, Some(specifiers)) => specifiers.to_owned(),
        (None, None) => return everything(),
    };
    RequiresPython::parse(&specifiers).unwrap_or_else(|_| everything())
}

struct Reading<'a> {
    text: &'a str,
    /// URLs of indexes by name, the first one first.
    sources: Vec<(&'a str, IndexUrl)>,
    pins: Vec<Pin>,
    asked: Asked,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str, meta: &'a Map<String, Value>) -> Self {
        let listed = meta.get("sources").and_then(Value::as_array);
        let sources = listed.into_iter().flatten().filter_map(|source| {
            let name = source
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Some((name, IndexUrl::new(source.get("url")?.as_str()?)))
        });
        Self {
            text,
            sources: sources.collect(),
            pins: Vec::new(),
            asked: Asked {
                default_groups: Some(DefaultGroups::List(Vec::new())),
                ..Asked::default()
            },
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn section(&mut self, name: &str, section: &Value) {
        let start = find(self.text, 0, name).end;
        let Some(entries) = section.as_object() else {
            let title = format!("expected an object for `{name}`");
            let span = find(self.text, 0, name);
            self.errors
                .push(Diagnostic::error("pipfile/shape", title).label(span, ""));
            return;
        };
        let mut requirements: BTreeMap<PackageName, SourcedRequirement> = BTreeMap::new();
        for (key, entry) in entries {
            let span = find(self.text, start, key);
            match self.entry(key, entry, &span) {
                Ok(Some((pin, requirement))) => {
                    self.pins.push(pin);
                    requirements.insert(requirement.name.clone(), requirement);
                }
                Ok(None) => {
                    let title = format!("`{key}` is not locked, and left out");
                    let warning = Diagnostic::warning("pipfile/unlocked", title);
                    self.warnings
                        .push(warning.label(span, "pinned to no version"));
                }
                Err(title) => {
                    self.errors
                        .push(Diagnostic::error("pipfile/entry", title).label(span, ""));
                }
            }
        }
        let group = match name {
            "default" => None,
            "develop" => Some("dev"),
            category => Some(category),
        };
        let requirements = requirements.into_values();
        match group.map(str::parse::<GroupName>) {
            None => self.asked.requirements.extend(requirements),
            Some(Ok(group)) => {
                let asked = self.asked.dependency_groups.entry(group).or_default();
                asked.extend(requirements);
            }
            Some(Err(error)) => {
                let span = find(self.text, 0, name);
                self.errors
                    .push(Diagnostic::error("pipfile/shape", error).label(span, ""));
            }
        }
    }

    /// A pin and the requirement for it; nothing if the entry pins no version.
    fn entry(
        &self,
        key: &str,
        entry: &Value,
        span: &Span,
    ) -> Result<Option<(Pin, SourcedRequirement)>, String> {
        let name: PackageName = key.parse().map_err(|error| format!("{error}"))?;
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let marker = match text("markers") {
            Some(marker) => {
                Marker::parse(marker)
                    .map_err(|error| format!("`{marker}` is no marker: {error}"))?
                    .marker
            }
            None => Marker::TRUE,
        };
        let named = text("index").and_then(|name| self.sources.iter().find(|it| it.0 == name));
        let Some((version, source)) = self.source(entry, named.map(|it| &it.1))? else {
            return Ok(None);
        };
        let mut package = Package::new(PackageId {
            name,
            version,
            source,
        });
        package.marker = marker;
        for hash in strings(entry.get("hashes")) {
            let hash: Hash = hash.parse().map_err(|_| format!("`{hash}` is no hash"))?;
            package.wheels.push(Artifact::anonymous(hash));
        }
        let archive = match &package.id.source {
            Source::Url { url, .. } => flat::archive_name(url),
            Source::Path(path) => flat::archive_name(path),
            _ => None,
        };
        if let Some(file) = archive {
            let hashes = std::mem::take(&mut package.wheels);
            let hashes = hashes.into_iter().flat_map(|file| file.hashes).collect();
            if file.ends_with(".whl") {
                package.wheels = vec![flat::named_file(&file, hashes)];
            } else {
                package.sdist = Some(flat::named_file(&file, hashes));
            }
        }
        let extras = strings(entry.get("extras"));
        let extras: Vec<ExtraName> = extras.filter_map(|extra| extra.parse().ok()).collect();
        let mut requirement = package.pin(extras.clone(), marker);
        if let (RequirementSource::Registry { index, .. }, Some((_, url))) =
            (&mut requirement.source, named)
        {
            *index = Some(url.clone());
        }
        let span = span.clone();
        Ok(Some((
            Pin {
                package,
                extras,
                span,
            },
            requirement,
        )))
    }

    fn source(
        &self,
        entry: &Value,
        index: Option<&IndexUrl>,
    ) -> Result<Option<(Option<Version>, Source)>, String> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let subdirectory = text("subdirectory").map(Into::into);
        let is_editable = entry.get("editable").and_then(Value::as_bool) == Some(true);
        if let Some(url) = text("git") {
            let url = url.split('[').next().unwrap_or(url);
            let url = url.strip_prefix("git+").unwrap_or(url);
            let commit = text("ref").ok_or("a repository is pinned to no commit")?;
            let source = Source::Git {
                url: IndexUrl::new(url).as_str().into(),
                reference: GitReference::Revision(commit.to_owned()),
                commit: commit.into(),
                subdirectory,
            };
            return Ok(Some((None, source)));
        }
        if ["hg", "svn", "bzr"]
            .iter()
            .any(|key| entry.get(key).is_some())
        {
            return Err("only git repositories are known here".to_owned());
        }
        if let Some(place) = text("path").or_else(|| text("file")) {
            return Ok(Some((None, flat::source(place, is_editable))));
        }
        let Some(version) = text("version") else {
            return Err("expected a version, a repository, a path or a file".to_owned());
        };
        if version == "*" {
            return Ok(None);
        }
        let version = version
            .strip_prefix("==")
            .and_then(|version| version.trim_start_matches('=').parse::<Version>().ok())
            .ok_or_else(|| format!("expected `==` and a version, found `{version}`"))?;
        let first = self.sources.first().map(|it| &it.1);
        let index = index
            .or(first)
            .cloned()
            .unwrap_or_else(|| IndexUrl::new(""));
        Ok(Some((Some(version), Source::Registry(index))))
    }
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str)
}
