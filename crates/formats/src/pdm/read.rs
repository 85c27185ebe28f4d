//! Reads a `pdm.lock` of lock version 4.x up to 4.5.
//!
//! The file does not name the root, so what it asked for is read as requirements of a root
//! without `[project]`: every package of `default`, and those of the other groups, extras among
//! them. A package without a source comes from the default index, whose URL the file does not
//! tell: it stays empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use diagnostic::{Diagnostic, Span};
use lock::{
    Artifact, ArtifactSource, Asked, Dependency, Lock, Package, PackageId, Published,
    ResolutionMode, Source,
};
use packaging::{
    ExtraName, GitReference, GroupName, IndexUrl, Marker, PackageName, Requirement,
    RequirementSource, RequiresPython, SourcedRequirement, VersionSpecifier, VersionSpecifiers,
};
use toml::Spanned;

use super::requirement::normalized;
use super::root::DEFAULT;
use super::shape::{FileShape, LockShape, PackageShape, Text};
use super::specifier::Specifier;

pub(super) fn read(text: &str) -> Result<Lock, Vec<Diagnostic>> {
    let shape: LockShape = toml::from_str(text).map_err(|error| vec![not_this(text, &error)])?;
    let version = &shape.metadata.lock_version;
    if !is_known(version.get_ref()) {
        let found = version.get_ref();
        let title = format!("expected lock_version 4.5 of `pdm.lock` or before, found `{found}`");
        let problem = Diagnostic::error("pdm/version", title).label(version.span(), "");
        return Err(vec![problem]);
    }
    let mut reader = Reader::default();
    let lock = reader.lock(&shape);
    if reader.problems.is_empty() {
        Ok(lock)
    } else {
        let mut problems = reader.problems;
        problems.sort_by_key(|problem| problem.labels.first().map(|label| label.span.start));
        Err(problems)
    }
}

/// Why a text is no `pdm.lock`.
fn not_this(text: &str, error: &toml::de::Error) -> Diagnostic {
    if let Some(conflict) = crate::merge_conflict(text) {
        return conflict;
    }
    let diagnostic = Diagnostic::error("pdm/syntax", error.message().trim_end());
    match error.span() {
        Some(span) => diagnostic.label(span, ""),
        None => diagnostic,
    }
}

fn is_known(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u64>);
    let major = parts.next();
    let minor = parts.next().unwrap_or(Ok(0));
    matches!((major, minor), (Some(Ok(4)), Ok(0..=5)))
}

/// An entry: a package, perhaps with some extras.
struct Entry<'a> {
    id: PackageId,
    extras: Vec<ExtraName>,
    shape: &'a PackageShape,
    marker: Marker,
    requirements: Vec<Requirement>,
}

#[derive(Default)]
struct Reader {
    problems: Vec<Diagnostic>,
}

impl Reader {
    fn problem(&mut self, code: &'static str, title: impl Display, span: Span) {
        let problem = Diagnostic::error(code, title.to_string()).label(span, "");
        self.problems.push(problem);
    }

    fn word<T: FromStr>(&mut self, code: &'static str, text: &Text) -> Option<T>
    where
        T::Err: Display,
    {
        match text.get_ref().parse() {
            Ok(word) => Some(word),
            Err(error) => {
                let error = error.to_string();
                let title = error.lines().next().unwrap_or_default();
                self.problem(code, title.trim_end_matches(':'), text.span());
                None
            }
        }
    }

    fn lock(&mut self, shape: &LockShape) -> Lock {
        let entries: Vec<Entry<'_>> = shape
            .package
            .iter()
            .filter_map(|package| self.entry(package))
            .collect();
        let packages = self.packages(&entries, &shape.metadata.files);
        let mut options = lock::Options::default();
        let strategy = &shape.metadata.strategy;
        if strategy
            .iter()
            .any(|flag| flag == "direct_minimal_versions")
        {
            options.resolution = ResolutionMode::LowestDirect;
        }
        let mut lock = Lock {
            requires_python: self.requires_python(shape),
            forks: Vec::new(),
            environments: Vec::new(),
            required_environments: Vec::new(),
            conflicts: Vec::new(),
            options,
            asked: self.asked(&entries, &shape.metadata.groups),
            packages,
        };
        lock.mark();
        lock
    }

    /// The Pythons from the lowest to the highest of all targets.
    fn requires_python(&mut self, shape: &LockShape) -> RequiresPython {
        let everything = || RequiresPython::from_specifiers(&VersionSpecifiers::empty());
        let mut all: Option<Specifier> = None;
        for target in &shape.metadata.targets {
            let text = &target.requires_python;
            let Some(specifier) = Specifier::parse(text.get_ref()) else {
                let title = format!("`{}` is no range of versions", text.get_ref());
                self.problem("pdm/requires-python", title, text.span());
                continue;
            };
            all = Some(match all {
                Some(all) => all.or(&specifier).unwrap_or(all),
                None => specifier,
            });
        }
        let Some(all) = all else { return everything() };
        let (first, last) = (all.ranges().first(), all.ranges().last());
        let text = match all.simple() {
            Some(text) => text,
            None => {
                let sign = |included, open: &'static str| match included {
                    true => format!("{open}="),
                    false => open.to_owned(),
                };
                let ends = [
                    first
                        .and_then(|range| range.min.as_ref())
                        .map(|end| (end, ">")),
                    last.and_then(|range| range.max.as_ref())
                        .map(|end| (end, "<")),
                ];
                let clauses = ends.into_iter().flatten();
                let clauses = clauses
                    .map(|(end, open)| format!("{}{}", sign(end.included, open), end.version));
                clauses.collect::<Vec<_>>().join(",")
            }
        };
        RequiresPython::parse(&text).unwrap_or_else(|_| everything())
    }

    fn entry<'a>(&mut self, shape: &'a PackageShape) -> Option<Entry<'a>> {
        let name: PackageName = self.word("pdm/name", &shape.name)?;
        let version = match &shape.version {
            Some(text) => Some(self.word("pdm/package-version", text)?),
            None => None,
        };
        let source = self.source(shape)?;
        let extras = shape.extras.iter();
        let extras = extras.filter_map(|extra| self.word("pdm/name", extra));
        let extras = extras.collect();
        let marker = self.marker(shape.marker.as_ref());
        let lines = shape.dependencies.iter();
        let requirements = lines.filter_map(|line| self.requirement(line)).collect();
        Some(Entry {
            id: PackageId {
                name,
                version,
                source,
            },
            extras,
            shape,
            marker,
            requirements,
        })
    }

    fn marker(&mut self, text: Option<&Text>) -> Marker {
        let Some(text) = text.filter(|text| !text.get_ref().is_empty()) else {
            return Marker::TRUE;
        };
        match Marker::parse(text.get_ref()) {
            Ok(parsed) => parsed.marker,
            Err(error) => {
                self.problem("pdm/marker", error.message, text.span());
                Marker::TRUE
            }
        }
    }

    /// A line of `dependencies`; for `-e` with a URL, what it requires.
    fn requirement(&mut self, line: &Text) -> Option<Requirement> {
        let text = line.get_ref();
        let written = match text.strip_prefix("-e ") {
            None => text.clone(),
            Some(rest) => {
                let (url, marker) = rest.split_once(" ;").unwrap_or((rest, ""));
                let (_, fragment) = url.split_once('#').unwrap_or((url, ""));
                let name = fragment.strip_prefix("egg=").unwrap_or_default();
                let name = name.split('&').next().unwrap_or_default();
                let marker = if marker.is_empty() { "" } else { " ;" };
                let rest = rest.split_once(" ;").map_or("", |(_, marker)| marker);
                format!("{name} @ {url}{marker}{rest}")
            }
        };
        match Requirement::parse_lenient(&written) {
            Ok((requirement, _)) => Some(requirement),
            Err(error) => {
                self.problem("pdm/dependency", error.message, line.span());
                None
            }
        }
    }

    fn source(&mut self, shape: &PackageShape) -> Option<Source> {
        let subdirectory = || shape.subdirectory.as_deref().map(Into::into);
        let foreign = [&shape.hg, &shape.svn, &shape.bzr];
        if let Some(url) = foreign.into_iter().flatten().next() {
            let title = "repositories other than git's are not supported";
            self.problem("pdm/source", title, url.span());
            return None;
        }
        if let Some(url) = &shape.git {
            return Some(Source::Git {
                url: url.as_str().into(),
                reference: match &shape.r#ref {
                    Some(reference) => GitReference::Revision(reference.clone()),
                    None => GitReference::Default,
                },
                commit: shape.revision.as_deref().unwrap_or_default().into(),
                subdirectory: subdirectory(),
            });
        }
        if let Some(path) = &shape.path {
            let path: Arc<str> = path.strip_prefix("./").unwrap_or(path).into();
            let is_archive = path.ends_with(".whl")
                || packaging::filename::strip_sdist_extension(&path).is_some();
            return Some(match (is_archive, shape.editable) {
                (true, _) => Source::Path(path),
                (false, true) => Source::Editable(path),
                (false, false) => Source::Directory(path),
            });
        }
        Some(match &shape.url {
            Some(url) => Source::Url {
                url: url.as_str().into(),
                subdirectory: subdirectory(),
            },
            None => Source::Registry(IndexUrl::new("")),
        })
    }

    fn packages(
        &mut self,
        entries: &[Entry<'_>],
        old: &BTreeMap<String, Vec<FileShape>>,
    ) -> Vec<Package> {
        let mut packages: BTreeMap<PackageId, Package> = BTreeMap::new();
        // An entry without extras tells most; of the others, those with the fewest come first.
        let mut sorted: Vec<&Entry<'_>> = entries.iter().collect();
        sorted.sort_by_key(|entry| entry.extras.len());
        for entry in sorted {
            let known = packages.remove(&entry.id);
            let mut package = match known {
                Some(package) => package,
                None => self.package(entry, old),
            };
            self.add_requirements(entry, &mut package, entries);
            packages.insert(entry.id.clone(), package);
        }
        packages.into_values().collect()
    }

    /// The package of an entry, without its requirements.
    fn package(&mut self, entry: &Entry<'_>, old: &BTreeMap<String, Vec<FileShape>>) -> Package {
        let shape = entry.shape;
        let version = shape.version.as_ref().map(Spanned::get_ref);
        let before = version.and_then(|version| {
            let name = shape.name.get_ref();
            old.get(&format!("{name} {version}"))
        });
        let listed = match (shape.files.as_slice(), before) {
            ([], Some(before)) => before,
            (files, _) => files,
        };
        let files: Vec<Artifact> = listed.iter().filter_map(|file| self.file(file)).collect();
        let (wheels, sdists): (Vec<Artifact>, Vec<Artifact>) = files
            .iter()
            .cloned()
            .partition(|file| file.filename.ends_with(".whl"));
        let published = Published {
            summary: shape.summary.as_deref().map(Into::into),
            requires_python: shape.requires_python.as_deref().map(Into::into),
            files: if sdists.len() > 1 { files } else { Vec::new() },
            ..Published::default()
        };
        Package {
            id: entry.id.clone(),
            forks: Vec::new(),
            marker: Marker::TRUE,
            extra_markers: BTreeMap::new(),
            dependencies: Vec::new(),
            optional_dependencies: BTreeMap::new(),
            dev_dependencies: BTreeMap::new(),
            sdist: sdists.into_iter().next(),
            wheels,
            published: Some(Arc::new(published)),
            declared: None,
            default_groups: None,
            group_requires_python: BTreeMap::new(),
        }
    }

    fn file(&mut self, shape: &FileShape) -> Option<Artifact> {
        let hash = match &shape.hash {
            Some(hash) => Some(self.word("pdm/hash", hash)?),
            None => None,
        };
        let (filename, source): (Arc<str>, _) = match (&shape.url, &shape.file) {
            (Some(url), _) => {
                let url = url.get_ref();
                let name = crate::last_segment(url).as_ref().into();
                (name, ArtifactSource::Url(url.as_str().into()))
            }
            (None, Some(file)) => {
                let name: Arc<str> = file.as_str().into();
                (name.clone(), ArtifactSource::Name(name))
            }
            (None, None) => return None,
        };
        Some(Artifact {
            filename,
            source,
            hashes: hash.into_iter().collect(),
            size: None,
            upload_time: None,
            yanked: None,
        })
    }

    /// Adds what an entry requires: to the package, or to its extras.
    fn add_requirements(
        &mut self,
        entry: &Entry<'_>,
        package: &mut Package,
        entries: &[Entry<'_>],
    ) {
        let mut published = package.published.as_deref().cloned().unwrap_or_default();
        // Of several extras, a requirement belongs to those that did not list theirs alone.
        let unknown = |extra: &&ExtraName| !package.optional_dependencies.contains_key(*extra);
        let mut extras: Vec<ExtraName> = entry.extras.iter().filter(unknown).cloned().collect();
        if extras.is_empty() {
            extras.clone_from(&entry.extras);
        }
        for extra in &extras {
            package
                .optional_dependencies
                .entry(extra.clone())
                .or_default();
            if !published.provides_extra.contains(extra) {
                published.provides_extra.push(extra.clone());
            }
        }
        for requirement in &entry.requirements {
            let is_base = requirement.name == entry.id.name && requirement.extras.is_empty();
            if is_base && !entry.extras.is_empty() {
                continue;
            }
            let edges = edges(requirement, entries);
            let requirement = match extras.as_slice() {
                [] => Some(requirement.clone()),
                extras => with_extras(requirement, extras),
            };
            let Some(requirement) = requirement else {
                continue;
            };
            let is_known = |known: &Arc<Requirement>| known.text == requirement.text;
            if !published.requires_dist.iter().any(is_known) {
                published.requires_dist.push(Arc::new(requirement));
            }
            if extras.is_empty() {
                add_edges(&mut package.dependencies, edges);
                continue;
            }
            for extra in &extras {
                let list = package.optional_dependencies.entry(extra.clone());
                add_edges(list.or_default(), edges.clone());
            }
        }
        package.published = Some(Arc::new(published));
    }

    /// What the root asks for: every package of a group, pinned.
    fn asked(&mut self, entries: &[Entry<'_>], groups: &[Text]) -> Asked {
        let mut asked = Asked::default();
        for text in groups.iter().filter(|text| text.get_ref() != DEFAULT) {
            if let Some(group) = self.group(text) {
                asked.dependency_groups.entry(group).or_default();
            }
        }
        for entry in entries {
            if entry.shape.groups.is_empty() {
                asked.requirements.push(pinned(entry));
            }
            for text in &entry.shape.groups {
                if text.get_ref() == DEFAULT {
                    asked.requirements.push(pinned(entry));
                } else if let Some(group) = self.group(text) {
                    let listed = asked.dependency_groups.entry(group).or_default();
                    listed.push(pinned(entry));
                }
            }
        }
        asked
    }

    fn group(&mut self, text: &Text) -> Option<GroupName> {
        match GroupName::new(&normalized(text.get_ref())) {
            Ok(group) => Some(group),
            Err(error) => {
                self.problem("pdm/name", error, text.span());
                None
            }
        }
    }
}

/// The edges a requirement stands for: to every entry of the name that it allows.
fn edges(requirement: &Requirement, entries: &[Entry<'_>]) -> Vec<Dependency> {
    let named: BTreeSet<&PackageId> = entries
        .iter()
        .map(|entry| &entry.id)
        .filter(|id| id.name == requirement.name)
        .collect();
    let fits = |id: &&&PackageId| {
        let is_versioned = matches!(id.source, Source::Registry(_));
        let version = id.version.as_ref().filter(|_| is_versioned);
        version.is_none_or(|version| requirement.specifiers.contains(version))
    };
    let mut fitting: Vec<&PackageId> = named.iter().filter(fits).copied().collect();
    if fitting.is_empty() {
        // Overridden: whoever has the name is meant.
        fitting = named.into_iter().collect();
    }
    let several = fitting.len() > 1;
    let marker = |id: &PackageId| {
        let own = entries.iter().filter(|entry| entry.id == *id);
        let own = own.fold(Marker::FALSE, |any, entry| any.or(entry.marker));
        match several {
            true => requirement.marker.and(own),
            false => requirement.marker,
        }
    };
    fitting
        .into_iter()
        .map(|id| Dependency {
            id: id.clone(),
            extras: requirement.extras.iter().cloned().collect(),
            marker: marker(id),
        })
        .filter(|edge| !edge.marker.is_false())
        .collect()
}

/// Adds edges; one that is there already holds under either condition.
fn add_edges(known: &mut Vec<Dependency>, edges: Vec<Dependency>) {
    for edge in edges {
        let same = |other: &&mut Dependency| other.id == edge.id && other.extras == edge.extras;
        match known.iter_mut().find(same) {
            Some(other) => other.marker = other.marker.or(edge.marker),
            None => known.push(edge),
        }
    }
}

/// The requirement under the condition that one of the extras is chosen.
fn with_extras(requirement: &Requirement, extras: &[ExtraName]) -> Option<Requirement> {
    let chosen: Vec<String> = extras
        .iter()
        .map(|extra| format!("extra == \"{extra}\""))
        .collect();
    let chosen = match chosen.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(" or ")),
    };
    let text = match &requirement.marker_text {
        None => {
            let gap = if requirement.url.is_some() { " " } else { "" };
            format!("{}{gap}; {chosen}", requirement.text)
        }
        Some(marker) => {
            let head = requirement.text.strip_suffix(&**marker)?;
            format!("{head}({marker}) and {chosen}")
        }
    };
    Requirement::parse_lenient(&text)
        .ok()
        .map(|(requirement, _)| requirement)
}

fn pinned(entry: &Entry<'_>) -> SourcedRequirement {
    let source = match &entry.id.source {
        Source::Registry(_) => {
            let version = entry.id.version.clone();
            let pin = version.map(VersionSpecifier::equals_version);
            RequirementSource::Registry {
                specifiers: pin.into_iter().collect(),
                index: None,
                conflict: None,
            }
        }
        Source::Git {
            url,
            reference,
            commit,
            subdirectory,
        } => RequirementSource::Git {
            url: url.clone(),
            reference: reference.clone(),
            commit: Some(commit.clone()),
            subdirectory: subdirectory.clone(),
        },
        Source::Url { url, subdirectory } => RequirementSource::Url {
            url: url.clone(),
            subdirectory: subdirectory.clone(),
        },
        Source::Path(path) => RequirementSource::Path(path.clone()),
        Source::Directory(path) | Source::Editable(path) | Source::Virtual(path) => {
            RequirementSource::Directory {
                path: path.clone(),
                editable: matches!(entry.id.source, Source::Editable(_)),
                is_virtual: false,
            }
        }
    };
    SourcedRequirement {
        alternatives: Vec::new(),
        name: entry.id.name.clone(),
        extras: entry.extras.clone(),
        groups: Vec::new(),
        marker: entry.marker,
        source,
    }
}
