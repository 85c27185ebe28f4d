//! Reads a `requirements.txt` in which everything is pinned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnostic::{Diagnostic, Span};
use lock::{Artifact, Dependency, Lock, Package, PackageId, Part, Source, reach};
use packaging::requirements_file::{
    Entry, Line, OptionKind, Place, RequirementsFile, Statement, Wanted,
};
use packaging::{
    ExtraName, IndexUrl, Marker, Operator, PackageName, Requirement, RequiresPython, Version,
    VersionSpecifiers,
};

use crate::flat::{self, Pin};

/// Whether a text looks like a list of pins: one line pins, and none says something else.
pub(super) fn recognizes(text: &str) -> bool {
    if text
        .lines()
        .any(|line| line.trim_start().starts_with("--hash="))
    {
        return true;
    }
    if text.trim_start().starts_with(['{', '[', '<']) {
        return false;
    }
    let file = RequirementsFile::parse(text);
    let is_pin = |entry: &Entry| match &entry.wanted {
        Wanted::Named(requirement) => requirement.url.is_some() || version(requirement).is_some(),
        Wanted::Place(_) => false,
    };
    file.mistakes.is_empty() && file.entries().any(|(_, entry)| is_pin(entry))
}

/// Reads a text, and tells what deserves a look.
pub(crate) fn read(text: &str) -> Result<(Lock, Vec<Diagnostic>), Vec<Diagnostic>> {
    let file = RequirementsFile::parse(text);
    let mut reading = Reading::new(text, &file);
    for mistake in &file.mistakes {
        let error = Diagnostic::error("requirements/syntax", &mistake.message);
        reading.errors.push(error.label(mistake.span.clone(), ""));
    }
    reading.options(&file);
    reading.entries(&file);
    let Reading {
        errors,
        mut warnings,
        pins,
        explained,
        ..
    } = reading;
    if !errors.is_empty() {
        return Err(flat::or_conflict(text, errors));
    }
    let pins = flat::gather(pins, Marker::TRUE)?;
    warnings.extend(mixed_hashes(&pins));
    let everything = RequiresPython::from_specifiers(&VersionSpecifiers::empty());
    let lock = flat::lock(everything, pins.clone());
    Ok((connect(lock, &pins, &explained), warnings))
}

/// Who asked for a project, in the words of the comments.
type Explained = BTreeMap<PackageId, BTreeSet<Arc<str>>>;

struct Reading<'a> {
    text: &'a str,
    index: IndexUrl,
    /// The projects at paths and URLs that do not say a name.
    guesses: BTreeMap<Arc<str>, PackageName>,
    pins: Vec<Pin>,
    explained: Explained,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str, file: &RequirementsFile) -> Self {
        Self {
            text,
            index: IndexUrl::new(""),
            guesses: guesses(text, file),
            pins: Vec::new(),
            explained: Explained::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn options(&mut self, file: &RequirementsFile) {
        for option in file.options() {
            match option.kind {
                OptionKind::Index => self.index = IndexUrl::new(&option.value),
                OptionKind::Include => {
                    let title = format!("what `{}` pins is not known here", option.value);
                    self.errors.push(
                        Diagnostic::error("requirements/include", title)
                            .label(option.span.clone(), "a further file")
                            .help("put its lines in the place of this one"),
                    );
                }
                OptionKind::ExtraIndex | OptionKind::FindLinks => {
                    let title = "the file does not say which project comes from where";
                    self.warnings.push(
                        Diagnostic::warning("requirements/further-index", title)
                            .label(option.span.clone(), "a further place to look at"),
                    );
                }
                _ => {}
            }
        }
    }

    fn entries(&mut self, file: &RequirementsFile) {
        let mut lines = file.lines.iter().peekable();
        let mut entries = file.entries().map(|(_, entry)| entry);
        while let Some(line) = lines.next() {
            let Some(Statement::Entry(_)) = &line.statement else {
                continue;
            };
            let Some(entry) = entries.next() else { return };
            let mut comments = Comments::default();
            comments.add(self.text, line);
            while let Some(next) = lines.peek().filter(|next| next.statement.is_none()) {
                comments.add(self.text, next);
                lines.next();
            }
            self.entry(line, entry, &comments);
        }
    }

    fn entry(&mut self, line: &Line, entry: &Entry, comments: &Comments) {
        let Some(id) = self.id(line, entry, comments) else {
            return;
        };
        if id.version.is_none()
            && let Source::Git { commit, .. } = &id.source
            && commit.is_empty()
        {
            let title = format!("`{}` is not pinned to a commit", id.name);
            let warning = Diagnostic::warning("requirements/no-commit", title);
            self.warnings
                .push(warning.label(line.span.clone(), "a revision that may move"));
        }
        let marker = entry.wanted.marker().simplify_no_extras();
        if marker.is_false() {
            let title = format!(
                "`{}` is never installed: no environment satisfies its marker",
                id.name
            );
            let warning = Diagnostic::warning("requirements/never", title);
            self.warnings.push(warning.label(line.span.clone(), "here"));
            return;
        }
        let mut package = Package::new(id);
        package.marker = marker;
        self.add_files(&mut package, entry);
        let explained = self.explained.entry(package.id.clone()).or_default();
        explained.extend(comments.via.iter().cloned());
        self.pins.push(Pin {
            package,
            extras: entry.wanted.extras().to_vec(),
            span: line.span.clone(),
        });
    }

    /// What a line pins; nothing if it does not.
    fn id(&mut self, line: &Line, entry: &Entry, comments: &Comments) -> Option<PackageId> {
        match &entry.wanted {
            Wanted::Named(requirement) => match &requirement.url {
                Some(url) => Some(of_place(requirement.name.clone(), url, entry.editable)),
                None => {
                    let Some(version) = version(requirement) else {
                        self.errors.push(unpinned(requirement, &line.span));
                        return None;
                    };
                    let index = comments.index.as_deref().map(IndexUrl::new);
                    Some(PackageId {
                        name: requirement.name.clone(),
                        version: Some(version),
                        source: Source::Registry(index.unwrap_or_else(|| self.index.clone())),
                    })
                }
            },
            Wanted::Place(place) => {
                let name = self.name_of(place, &line.span)?;
                Some(of_place(name, &place.text, entry.editable))
            }
        }
    }

    /// The project of a path or URL, as far as that can be told.
    fn name_of(&mut self, place: &Place, span: &Span) -> Option<PackageName> {
        if let Some(name) = said(place) {
            return Some(name);
        }
        let guess = self.guesses.get(&place.text).cloned();
        let text = &place.text;
        let title = match &guess {
            Some(name) => format!("what is at `{text}` is taken for `{name}`"),
            None => format!("what is at `{text}` is left out: its name is not known"),
        };
        let warning = Diagnostic::warning("requirements/unnamed", title);
        self.warnings.push(
            warning
                .label(span.clone(), "this says no name")
                .help(format!("write `name @ {text}`")),
        );
        guess
    }

    fn add_files(&mut self, package: &mut Package, entry: &Entry) {
        let archive = match &package.id.source {
            Source::Url { url, .. } => flat::archive_name(url),
            Source::Path(path) => flat::archive_name(path),
            _ => None,
        };
        match archive {
            Some(name) if name.ends_with(".whl") => {
                package.wheels = vec![flat::named_file(&name, entry.hashes.clone())];
            }
            Some(name) => package.sdist = Some(flat::named_file(&name, entry.hashes.clone())),
            None => {
                let hashes = entry.hashes.iter().cloned();
                package.wheels = hashes.map(Artifact::anonymous).collect();
            }
        }
    }
}

/// The identity of what is at a URL or path.
fn of_place(name: PackageName, place: &str, editable: bool) -> PackageId {
    let source = flat::source(place, editable);
    let version = flat::archive_name(place).and_then(|file| flat::version_of(&file, &name));
    PackageId {
        name,
        version: version.filter(|_| !source.is_source_tree()),
        source,
    }
}

/// The only version that a requirement allows.
fn version(requirement: &Requirement) -> Option<Version> {
    let mut specifiers = requirement.specifiers.iter();
    let (only, None) = (specifiers.next()?, specifiers.next()) else {
        return None;
    };
    let pins = matches!(only.operator(), Operator::Equal | Operator::ExactEqual);
    pins.then(|| only.version().clone())
}

fn unpinned(requirement: &Requirement, span: &Span) -> Diagnostic {
    let title = format!(
        "`{}` is not pinned: expected `==` and a version",
        requirement.name
    );
    Diagnostic::error("requirements/unpinned", title)
        .label(span.clone(), "here")
        .help("a list that is not pinned is no lock: lock it first")
}

/// That some pins have hashes and others that could have one do not.
fn mixed_hashes(pins: &[Pin]) -> Option<Diagnostic> {
    let has_hash = |pin: &Pin| pin.package.artifacts().any(|file| !file.hashes.is_empty());
    let bare = pins.iter().find(|pin| !has_hash(pin))?;
    pins.iter().any(has_hash).then(|| {
        let title = format!(
            "`{}` has no hash, but others have: an installer refuses the whole file",
            bare.package.id.name
        );
        Diagnostic::warning("requirements/no-hash", title).label(bare.span.clone(), "here")
    })
}

/// What the comments of a line say.
#[derive(Debug, Default)]
struct Comments {
    /// Who requires it.
    via: Vec<Arc<str>>,
    /// The index it comes from.
    index: Option<String>,
    /// Whether a list of who requires it goes on.
    is_open: bool,
}

impl Comments {
    fn add(&mut self, text: &str, line: &Line) {
        let Some(comment) = &line.comment else { return };
        let written = text.get(line.span.clone()).unwrap_or_default();
        let is_item = line.statement.is_none() && written.trim_start().starts_with("#  ");
        if let Some(index) = comment.strip_prefix("from ") {
            self.index = Some(index.trim().to_owned());
            self.is_open = false;
        } else if &**comment == "via" {
            self.is_open = true;
        } else if let Some(names) = comment.strip_prefix("via ") {
            self.via
                .extend(names.split(", ").map(|name| name.trim().into()));
            self.is_open = false;
        } else if self.is_open && is_item {
            self.via.push(comment.clone());
        } else {
            self.is_open = false;
        }
    }
}

/// The project that a path or URL names itself: by its fragment or its file's name.
fn said(place: &Place) -> Option<PackageName> {
    let egg = place.egg().and_then(|egg| egg.parse().ok());
    egg.or_else(|| Some(flat::archive(&flat::archive_name(&place.text)?)?.0))
}

/// Names for the paths and URLs that say none: those that comments mention and no line installs,
/// where they fit, and else the last part of the path.
fn guesses(text: &str, file: &RequirementsFile) -> BTreeMap<Arc<str>, PackageName> {
    let mut comments = Comments::default();
    for line in &file.lines {
        comments.add(text, line);
    }
    let mut installed: BTreeSet<PackageName> = BTreeSet::new();
    let mut places: Vec<&Place> = Vec::new();
    for (_, entry) in file.entries() {
        match &entry.wanted {
            Wanted::Named(requirement) => {
                installed.insert(requirement.name.clone());
            }
            Wanted::Place(place) => match said(place) {
                Some(name) => {
                    installed.insert(name);
                }
                None => places.push(place),
            },
        }
    }
    let mentioned = comments.via.iter().filter_map(|via| via.parse().ok());
    let mut open: BTreeSet<PackageName> = mentioned.collect();
    open.retain(|name| !installed.contains(name));
    let mut guesses = BTreeMap::new();
    // The file's own folder shows no name, so it takes what the others leave.
    places.sort_by_key(|place| is_own_folder(place));
    for place in places {
        if let Some(name) = guess(place, &open, &installed) {
            open.remove(&name);
            installed.insert(name.clone());
            guesses.insert(place.text.clone(), name);
        }
    }
    guesses
}

fn is_own_folder(place: &Place) -> bool {
    flat::source(&place.text, false).is_own_folder()
}

fn guess(
    place: &Place,
    open: &BTreeSet<PackageName>,
    installed: &BTreeSet<PackageName>,
) -> Option<PackageName> {
    let only = |mut names: std::vec::IntoIter<&PackageName>| match (names.next(), names.next()) {
        (Some(name), None) => Some(name.clone()),
        _ => None,
    };
    if is_own_folder(place) {
        return only(open.iter().collect::<Vec<_>>().into_iter());
    }
    let path = place.text.split('#').next().unwrap_or_default();
    let path = if path.starts_with("git+") {
        path.rsplit_once('@').map_or(path, |it| it.0)
    } else {
        path
    };
    let path = path.trim_end_matches(['/', '\\']).trim_end_matches(".git");
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let last: PackageName = parts.last()?.parse().ok()?;
    if open.contains(&last) {
        return Some(last);
    }
    let (beginning, ending) = (format!("{last}-"), format!("-{last}"));
    let fit: Vec<_> = open
        .iter()
        .filter(|name| name.as_str().ends_with(&ending) || name.as_str().starts_with(&beginning))
        .collect();
    if let Some(name) = only(fit.into_iter()) {
        return Some(name);
    }
    if !installed.contains(&last) {
        return Some(last);
    }
    let whole: Vec<&str> = parts
        .into_iter()
        .filter(|part| part.contains(char::is_alphanumeric))
        .collect();
    whole
        .join("-")
        .parse()
        .ok()
        .filter(|name| !installed.contains(name))
}

/// Puts in the edges that comments tell, and leaves as asked for what they do not explain.
fn connect(mut lock: Lock, pins: &[Pin], explained: &Explained) -> Lock {
    let extras: BTreeMap<&PackageId, &Vec<ExtraName>> = pins
        .iter()
        .map(|pin| (&pin.package.id, &pin.extras))
        .collect();
    let mut edges: BTreeMap<PackageId, Vec<Dependency>> = BTreeMap::new();
    let mut origins: BTreeMap<PackageName, BTreeSet<Arc<str>>> = BTreeMap::new();
    let mut is_asked: BTreeSet<PackageId> = BTreeSet::new();
    for package in &lock.packages {
        let id = &package.id;
        let explained = explained.get(id);
        if explained.is_none_or(BTreeSet::is_empty) {
            is_asked.insert(id.clone());
        }
        for via in explained.into_iter().flatten() {
            let word = via.split('[').next().unwrap_or(via);
            let parent: Option<PackageName> = word.parse().ok();
            let parents = parent.iter().flat_map(|name| lock.named(name));
            let parents: Vec<_> = parents.collect();
            if parents.is_empty() {
                origins
                    .entry(id.name.clone())
                    .or_default()
                    .insert(via.clone());
                is_asked.insert(id.clone());
            }
            for parent in parents {
                edges
                    .entry(parent.id.clone())
                    .or_default()
                    .push(Dependency {
                        id: id.clone(),
                        extras: extras[id].iter().cloned().collect(),
                        marker: package.marker,
                    });
            }
        }
    }
    for package in &mut lock.packages {
        package.dependencies = edges.remove(&package.id).unwrap_or_default();
    }
    lock.asked.origins = origins;
    let all = std::mem::take(&mut lock.asked.requirements);
    let of = |id: &PackageId| lock_requirement(&lock, id, &all);
    lock.asked.requirements = is_asked.iter().filter_map(of).collect();
    // What the edges do not lead to, or not always, was asked for as well.
    let reach = reach::from_roots(&lock);
    let mut rest = Vec::new();
    for (at, package) in lock.packages.iter().enumerate() {
        let is_reached = reach.of(at, &Part::Base) == package.marker;
        if !is_reached && !is_asked.contains(&package.id) {
            rest.extend(lock_requirement(&lock, &package.id, &all));
        }
    }
    lock.asked.requirements.extend(rest);
    flat::settle(&mut lock);
    lock
}

/// The requirement that pins a package: they are in the packages' order.
fn lock_requirement(
    lock: &Lock,
    id: &PackageId,
    all: &[packaging::SourcedRequirement],
) -> Option<packaging::SourcedRequirement> {
    let at = lock
        .packages
        .binary_search_by(|package| package.id.cmp(id))
        .ok()?;
    all.get(at).cloned()
}
