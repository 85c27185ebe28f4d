//! From a flat list of pins to a lock.

use diagnostic::{Diagnostic, Span};
use lock::{Artifact, Lock, Package, Source};
use packaging::filename::{WheelFilename, parse_sdist, strip_sdist_extension};
use packaging::{ExtraName, GitReference, Marker, PackageName, Version};

/// One pin: a package that has its marker and its files, but no edges.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    /// The package.
    pub(crate) package: Package,
    /// The extras that come along.
    pub(crate) extras: Vec<ExtraName>,
    /// Where it is pinned; empty where that is not known.
    pub(crate) span: Span,
}

/// Makes one pin of those for the same package, and complains of those that exclude each other.
///
/// Where it is not possible at all, nothing is installed twice.
pub(crate) fn gather(mut pins: Vec<Pin>, possible: Marker) -> Result<Vec<Pin>, Vec<Diagnostic>> {
    pins.sort_by(|first, second| first.package.id.cmp(&second.package.id));
    let mut gathered: Vec<Pin> = Vec::new();
    let mut problems = Vec::new();
    for pin in pins {
        match gathered.last_mut() {
            Some(last) if last.package.id == pin.package.id => last.merge(pin),
            _ => gathered.push(pin),
        }
    }
    for (at, pin) in gathered.iter().enumerate() {
        let later = gathered[at + 1..].iter();
        let rivals = later.take_while(|rival| rival.package.id.name == pin.package.id.name);
        for rival in rivals.filter(|rival| {
            !rival
                .package
                .marker
                .and(possible)
                .is_disjoint(pin.package.marker)
        }) {
            problems.push(twice(pin, rival));
        }
    }
    if problems.is_empty() {
        Ok(gathered)
    } else {
        Err(problems)
    }
}

impl Pin {
    fn merge(&mut self, other: Self) {
        let (package, more) = (&mut self.package, other.package);
        package.marker = package.marker.or(more.marker);
        for file in more.wheels {
            if !package.wheels.contains(&file) {
                package.wheels.push(file);
            }
        }
        package.sdist = package.sdist.take().or(more.sdist);
        for extra in other.extras {
            if !self.extras.contains(&extra) {
                self.extras.push(extra);
            }
        }
    }
}

fn twice(pin: &Pin, rival: &Pin) -> Diagnostic {
    let when = pin.package.marker.and(rival.package.marker);
    let name = &pin.package.id.name;
    let title = match when.text() {
        Some(when) => format!("`{name}` is pinned twice for {when}"),
        None => format!("`{name}` is pinned twice"),
    };
    Diagnostic::error("formats/pinned-twice", title)
        .label(rival.span.clone(), "here")
        .label(pin.span.clone(), "and here")
        .help("keep one of them, or give them markers that exclude each other")
}

/// A lock in which every pin was asked for.
pub(crate) fn lock(requires_python: packaging::RequiresPython, pins: Vec<Pin>) -> Lock {
    let asked = pins
        .iter()
        .map(|pin| pin.package.pin(pin.extras.clone(), pin.package.marker))
        .collect();
    let packages = pins.into_iter().map(|pin| pin.package).collect();
    let mut lock = Lock::of(requires_python, packages);
    lock.asked.requirements = asked;
    tell_apart(&mut lock);
    lock
}

/// Tells packages of one name apart by their markers, as forks do.
pub(crate) fn tell_apart(lock: &mut Lock) {
    for at in 0..lock.packages.len() {
        let name = &lock.packages[at].id.name;
        let has_rival = lock.named(name).nth(1).is_some();
        let package = &mut lock.packages[at];
        if has_rival {
            package.forks = vec![package.marker];
        }
    }
}

/// A project in the lock's own folder is a root, whatever a list says of it: what follows from
/// that holds for the markers of all.
pub(crate) fn settle(lock: &mut Lock) {
    if lock.roots().next().is_some() {
        lock.mark();
        tell_apart(lock);
    }
}

/// The complaint about a text in which version control left a conflict, or else what was found.
pub(crate) fn or_conflict(text: &str, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    match crate::merge_conflict(text) {
        Some(conflict) => vec![conflict],
        None => found,
    }
}

/// The byte at a line and column, both counted from one.
pub(crate) fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A file with a name and digests.
pub(crate) fn named_file(filename: &str, hashes: Vec<packaging::Hash>) -> Artifact {
    Artifact {
        filename: filename.into(),
        source: lock::ArtifactSource::Name(filename.into()),
        hashes,
        size: None,
        upload_time: None,
        yanked: None,
    }
}

/// What the name of an archive says: the project, as far as that can be told, and the version.
pub(crate) fn archive(filename: &str) -> Option<(PackageName, Version)> {
    if let Ok(wheel) = WheelFilename::parse(filename) {
        return Some((wheel.name, wheel.version));
    }
    let (stem, _) = strip_sdist_extension(filename)?;
    let (name, version) = stem.rsplit_once('-')?;
    Some((name.parse().ok()?, version.parse().ok()?))
}

/// The version in the name of an archive of a project.
pub(crate) fn version_of(filename: &str, name: &PackageName) -> Option<Version> {
    if let Ok(wheel) = WheelFilename::parse(filename) {
        return (wheel.name == *name).then_some(wheel.version);
    }
    parse_sdist(filename, name).map(|it| it.0)
}

/// Where a URL or path leads, as something to install; the fragment counts.
pub(crate) fn source(place: &str, editable: bool) -> Source {
    if let Some(rest) = place.strip_prefix("git+") {
        return git(rest);
    }
    let (url, fragment) = place.split_once('#').unwrap_or((place, ""));
    let subdirectory = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("subdirectory="));
    let is_archive = archive_name(url).is_some();
    let local = url
        .strip_prefix("file://")
        .or_else(|| (!url.contains("://")).then_some(url));
    let Some(path) = local else {
        return Source::Url {
            url: url.into(),
            subdirectory: subdirectory.map(Into::into),
        };
    };
    let path = match path.trim_start_matches("./").trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        "" => ".",
        path => path,
    };
    match (is_archive, editable) {
        (true, _) => Source::Path(path.into()),
        (false, true) => Source::Editable(path.into()),
        (false, false) => Source::Directory(path.into()),
    }
}

/// The file name at the end of a URL or path, if it is that of an archive.
pub(crate) fn archive_name(place: &str) -> Option<String> {
    let name = crate::last_segment(place);
    let is_archive = name.ends_with(".whl") || strip_sdist_extension(&name).is_some();
    is_archive.then(|| name.into_owned())
}

/// `https://host/repository.git@revision#subdirectory=…`; the commit is empty when the revision
/// is none.
fn git(text: &str) -> Source {
    let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
    let subdirectory = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("subdirectory="));
    let path = place.find("://").map_or(0, |at| at + 3);
    let path = path + place[path..].find('/').unwrap_or(0);
    let (url, revision) = match place[path..].rfind('@') {
        Some(at) => (&place[..path + at], Some(&place[path + at + 1..])),
        None => (place, None),
    };
    let is_commit = |text: &&str| text.len() == 40 && text.bytes().all(|it| it.is_ascii_hexdigit());
    Source::Git {
        url: packaging::IndexUrl::new(url).as_str().into(),
        reference: match revision {
            Some(revision) => GitReference::Revision(revision.to_owned()),
            None => GitReference::Default,
        },
        commit: revision.filter(is_commit).unwrap_or_default().into(),
        subdirectory: subdirectory.map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let commit = "be26ecc2156716dac246ecf32b42f9a12a428f42";
        let table = [
            ("./a/b", "a/b"),
            (".", "."),
            ("./", "."),
            ("../c", "../c"),
            ("file:///d/e.zip", "/d/e.zip"),
            (
                "https://a.example/f-1.zip#subdirectory=g",
                "https://a.example/f-1.zip#subdirectory=g",
            ),
            (
                "git+https://u:p@a.example/b.git@v1#egg=b",
                "git+https://a.example/b.git@v1",
            ),
            (
                "git+ssh://git@a.example/b@feature/x",
                "git+ssh://a.example/b@feature/x",
            ),
        ];
        for (text, shown) in table {
            assert_eq!(source(text, false).to_string(), shown, "{text}");
        }
        let pinned = source(&format!("git+https://a.example/b.git@{commit}"), false);
        assert!(matches!(pinned, Source::Git { commit: found, .. } if *found == *commit));
    }
}
