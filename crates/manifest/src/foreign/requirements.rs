//! Requirements files, as pip 26.3 reads them: `requirements.in`, `requirements.txt` and the like.
//!
//! What `-r` includes counts as if it stood in place of the line, what `-c` includes only bounds
//! versions. Hashes say nothing about what is asked for. Paths are relative to the first file.

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::requirements_file::{
    Entry, FileOption, Mistake, OptionKind, Place, RequirementsFile, Statement, Wanted,
};
use packaging::{Marker, PackageName, Requirement};

use super::place::name_of;
use super::wishes::{Composed, Wishes, index};
use crate::Manifest;
use crate::declared::DeclaredRequirement;
use crate::document::Reader;
use crate::lower::{normalize, relative};
use crate::tool_uv::settings::Selection;
use crate::tool_uv::{FindLinks, PrereleaseMode, SourceKind};

/// What can be wrong with a requirements file.
#[derive(Debug, thiserror::Error)]
enum RequirementsError {
    #[error("{}", .0.message)]
    Line(Mistake),
    #[error("`{path}` is included, but was not found")]
    Missing { path: String, span: Span },
    #[error("`{path}` includes itself")]
    Cycle { path: String, span: Span },
    #[error("expected a local file to include, found `{url}`")]
    Remote { url: String, span: Span },
    #[error("expected `name @ ` before `{place}`, since it does not say the project's name")]
    Nameless { place: String, span: Span },
    #[error("expected a requirement with a name as a constraint, found `{place}`")]
    Constraint { place: String, span: Span },
}

impl Diagnose for RequirementsError {
    fn diagnose(&self) -> Diagnostic {
        let error =
            |code: &'static str, span: &Span| Diagnostic::error(code, self).label(span.clone(), "");
        match self {
            Self::Line(mistake) => error("manifest/invalid-line", &mistake.span),
            Self::Missing { span, .. } => error("manifest/missing-file", span),
            Self::Cycle { span, .. } => error("manifest/include-cycle", span),
            Self::Remote { span, .. } => {
                error("manifest/remote-file", span).help("download the file, and include that")
            }
            Self::Nameless { span, .. } => error("manifest/invalid-requirement", span),
            Self::Constraint { span, .. } => error("manifest/invalid-requirement", span),
        }
    }
}

/// Reads a requirements file; `files` are the texts of those that it includes, by path.
pub(super) fn read(
    text: &str,
    file: &str,
    files: &BTreeMap<String, String>,
) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut reading = Reading {
        wishes: Wishes::default(),
        files,
        found: Vec::new(),
        open: Vec::new(),
        index: None,
        included: None,
    };
    reading.file(text, file, false);
    let mut wishes = reading.wishes;
    wishes.uv.indexes.extend(reading.index);
    let is_usable = !reading.found.iter().any(Diagnostic::is_error);
    let manifest = wishes.into_manifest(text, file, toml::Table::new());
    (is_usable.then_some(manifest), reading.found)
}

/// The files that a requirements file leads to and that are not among those given.
pub(super) fn missing(file: &str, files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut missing = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![file.to_owned()];
    while let Some(file) = open.pop() {
        if !seen.insert(file.clone()) {
            continue;
        }
        let Some(text) = files.get(&file) else {
            missing.insert(file);
            continue;
        };
        let parsed = RequirementsFile::parse(text);
        for option in parsed.options() {
            let is_include = matches!(option.kind, OptionKind::Include | OptionKind::Constraints);
            if is_include && !is_remote(&option.value) {
                open.push(relative(folder_of(&file), &option.value));
            }
        }
        for (_, entry) in parsed.entries() {
            if let Wanted::Place(place) = &entry.wanted
                && place.egg().is_none()
                && let Some(path) = crate::lower::file_path(path_of(&place.text))
            {
                let pyproject = normalize(&format!("{path}/pyproject.toml"));
                if !crate::lower::is_archive(path) && !files.contains_key(&pyproject) {
                    missing.insert(pyproject);
                }
            }
        }
    }
    missing
}

/// A path or URL without its fragment.
fn path_of(text: &str) -> &str {
    text.split('#').next().unwrap_or(text)
}

fn is_remote(path: &str) -> bool {
    path.contains("://") && !path.starts_with("file:")
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or(".", |it| it.0)
}

/// Requirements files being read.
struct Reading<'f> {
    wishes: Wishes,
    files: &'f BTreeMap<String, String>,
    found: Vec<Diagnostic>,
    /// The files being read, each including the next.
    open: Vec<String>,
    /// The last index that takes the place of the public one.
    index: Option<crate::tool_uv::Index>,
    /// Where the first file includes what is being read.
    included: Option<Span>,
}

impl Reading<'_> {
    fn note(&mut self, error: &RequirementsError) {
        let file = self.open.last().map(String::as_str).unwrap_or_default();
        self.found.push(error.diagnose().in_file(file));
    }

    fn file(&mut self, text: &str, file: &str, is_bound: bool) {
        self.open.push(file.to_owned());
        let parsed = RequirementsFile::parse(text);
        for mistake in parsed.mistakes {
            self.note(&RequirementsError::Line(mistake));
        }
        for line in &parsed.lines {
            match &line.statement {
                None => {}
                Some(Statement::Options(options)) => {
                    options.iter().for_each(|it| self.option(it, is_bound));
                }
                Some(Statement::Entry(entry)) => {
                    let span = span_of(entry, text, &line.span);
                    if is_bound {
                        self.bound(entry, span);
                    } else {
                        self.entry(entry, span);
                    }
                }
            }
        }
        self.open.pop();
    }

    /// A place in the first file: of what is included, where that is done.
    fn place(&self, span: Span) -> Span {
        self.included.clone().unwrap_or(span)
    }

    fn bound(&mut self, entry: &Entry, span: Span) {
        let requirement = match &entry.wanted {
            Wanted::Named(requirement) => requirement.clone(),
            Wanted::Place(place) => {
                let place = place.text.to_string();
                return self.note(&RequirementsError::Constraint { place, span });
            }
        };
        let declared = self.declared(requirement, span);
        self.wishes.uv.constraints.push(declared);
    }

    fn declared(&self, requirement: Requirement, span: Span) -> DeclaredRequirement {
        DeclaredRequirement {
            alternatives: Vec::new(),
            source: None,
            requirement: requirement.into(),
            condition: Marker::TRUE,
            span: self.place(span),
        }
    }

    fn entry(&mut self, entry: &Entry, span: Span) {
        match &entry.wanted {
            Wanted::Named(requirement) => {
                let path = requirement.url.as_deref().and_then(crate::lower::file_path);
                match path.filter(|_| entry.editable) {
                    Some(path) => {
                        let path = path.to_owned();
                        let named = format!("{}{}", requirement.raw_name, behind(requirement));
                        self.editable(&requirement.name, &named, path, span);
                    }
                    None => {
                        let declared = self.declared(requirement.clone(), span);
                        self.wishes.require(declared, None);
                    }
                }
            }
            Wanted::Place(place) => self.unnamed(place, entry.editable, span),
        }
    }

    /// A path or URL whose project has to be found out.
    fn unnamed(&mut self, place: &Place, editable: bool, span: Span) {
        let name = name_of(place, self.files);
        let name = name.and_then(|raw| Some((PackageName::new(&raw).ok()?, raw)));
        let Some((name, raw_name)) = name else {
            let place = place.text.to_string();
            return self.note(&RequirementsError::Nameless { place, span });
        };
        let path = crate::lower::file_path(path_of(&place.text)).map(str::to_owned);
        let composed = Composed {
            name: &raw_name,
            extras: place.extras.iter().map(|it| it.as_str()).collect(),
            wanted: match &path {
                Some(_) if editable => String::new(),
                Some(path) => format!("@ {path}"),
                None => format!("@ {}", without_egg(&place.text)),
            },
            markers: place.marker_text.iter().map(ToString::to_string).collect(),
        };
        match path.filter(|_| editable) {
            Some(path) => self.editable(&name, &composed.text(), path, span),
            None => self.parsed(&composed.text(), span),
        }
    }

    /// A folder that is installed in place.
    fn editable(&mut self, name: &PackageName, text: &str, path: String, span: Span) {
        let kind = SourceKind::Path {
            path,
            editable: Some(true),
            package: None,
        };
        let place = self.place(span.clone());
        let mut reader = Reader::new("");
        self.wishes.source(&mut reader, name, kind, place);
        let file = self.open.last().map(String::as_str).unwrap_or_default();
        let noted = reader.found.into_iter().map(|it| it.in_file(file));
        self.found.extend(noted);
        self.parsed(text, span);
    }

    fn parsed(&mut self, text: &str, span: Span) {
        match Requirement::parse(text) {
            Ok(requirement) => {
                let declared = self.declared(requirement, span);
                self.wishes.require(declared, None);
            }
            Err(error) => self.note(&RequirementsError::Line(Mistake {
                message: error.message,
                span,
            })),
        }
    }

    fn option(&mut self, option: &FileOption, is_bound: bool) {
        let value = &*option.value;
        let span = self.place(option.span.clone());
        let settings = &mut self.wishes.uv.settings;
        match option.kind {
            OptionKind::Include => self.include(option, is_bound),
            OptionKind::Constraints => self.include(option, true),
            OptionKind::Index => {
                let mut index = index(None, value, span);
                index.default = true;
                self.index = Some(index);
            }
            OptionKind::ExtraIndex => self.wishes.uv.indexes.push(index(None, value, span)),
            OptionKind::NoIndex => settings.no_index = true,
            OptionKind::FindLinks => settings.find_links.push(FindLinks {
                location: value.to_owned(),
                span,
            }),
            OptionKind::NoBinary => select(&mut settings.no_binary, value),
            OptionKind::OnlyBinary => select(&mut settings.no_build, value),
            OptionKind::Pre => settings.prerelease = PrereleaseMode::Allow,
            OptionKind::AllReleases => match value {
                ":all:" => settings.prerelease = PrereleaseMode::Allow,
                names => {
                    let names = names.split(',').filter_map(|it| PackageName::new(it).ok());
                    let allowed = names.map(|name| (name, PrereleaseMode::Allow));
                    settings.prerelease_package.extend(allowed);
                }
            },
            OptionKind::PreferBinary
            | OptionKind::RequireHashes
            | OptionKind::NoRequireHashes
            | OptionKind::OnlyFinal
            | OptionKind::TrustedHost
            | OptionKind::UseFeature => {}
        }
    }

    fn include(&mut self, option: &FileOption, is_bound: bool) {
        let span = option.span.clone();
        if is_remote(&option.value) {
            let url = option.value.to_string();
            return self.note(&RequirementsError::Remote { url, span });
        }
        let here = self.open.last().map(String::as_str).unwrap_or_default();
        let path = relative(folder_of(here), &option.value);
        if self.open.contains(&path) {
            return self.note(&RequirementsError::Cycle { path, span });
        }
        let Some(text) = self.files.get(&path) else {
            return self.note(&RequirementsError::Missing { path, span });
        };
        let is_first = self.included.is_none();
        self.included.get_or_insert(span);
        self.file(text, &path, is_bound);
        if is_first {
            self.included = None;
        }
    }
}

/// Where a requirement stands, without hashes and the comment behind it.
fn span_of(entry: &Entry, text: &str, line: &Span) -> Span {
    let wanted = match &entry.wanted {
        Wanted::Named(requirement) => &*requirement.text,
        Wanted::Place(place) => &*place.text,
    };
    let found = text.get(line.clone()).and_then(|it| it.find(wanted));
    found.map_or(line.clone(), |at| {
        line.start + at..line.start + at + wanted.len()
    })
}

/// What stands in a requirement beside its name and URL.
fn behind(requirement: &Requirement) -> String {
    let extras = requirement.extras_text.as_ref();
    let extras = extras.map(|it| format!("[{it}]")).unwrap_or_default();
    let marker = requirement.marker_text.as_ref();
    let marker = marker.map(|it| format!(" ; {it}")).unwrap_or_default();
    format!("{extras}{marker}")
}

/// A URL whose fragment names no project any more.
fn without_egg(url: &str) -> String {
    let Some((url, fragment)) = url.split_once('#') else {
        return url.to_owned();
    };
    let kept: Vec<&str> = fragment
        .split('&')
        .filter(|part| !part.starts_with("egg="))
        .collect();
    match kept.is_empty() {
        true => url.to_owned(),
        false => format!("{url}#{}", kept.join("&")),
    }
}

/// `:all:`, `:none:` or names: the last word counts.
fn select(selection: &mut Selection, value: &str) {
    for word in value.split(',').map(str::trim) {
        match word {
            ":all:" => selection.all = true,
            ":none:" => *selection = Selection::default(),
            name => selection.packages.extend(PackageName::new(name).ok()),
        }
    }
}
