//! The pip part of a lock of conda-lock: one file for each package and platform.
//! <https://conda.github.io/conda-lock/>

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::{Diagnostic, Span};
use lock::{Artifact, ArtifactSource, Dependency, Lock, Package, PackageId, Source};
use packaging::{
    GroupName, Hash, HashAlgorithm, IndexUrl, Marker, PackageName, RequiresPython, Version,
    VersionSpecifiers,
};

use super::yaml::{self, Node};
use super::{Reading, platform};
use crate::flat::{self, Pin};

/// The category of what is wanted without being asked for.
const MAIN: &str = "main";

pub(super) fn read(text: &str) -> Reading {
    let root = yaml::parse(text).map_err(|error| flat::or_conflict(text, vec![error]))?;
    version(text, &root)?;
    let mut entries = Entries::default();
    let mut conda = 0;
    let listed = root.get("package");
    for node in listed.map(Node::items).unwrap_or_default() {
        match node.text_of("manager") {
            Some("pip") => match entry(node) {
                Ok(entry) => entries.add(entry),
                Err(title) => {
                    let error = Diagnostic::error("conda/entry", title);
                    entries.errors.push(error.label(node.span.clone(), "here"));
                }
            },
            _ => conda += 1,
        }
    }
    if !entries.errors.is_empty() {
        return Err(flat::or_conflict(text, entries.errors));
    }
    let mut lock = entries.into_lock()?;
    let platforms = root
        .get("metadata")
        .and_then(|metadata| metadata.get("platforms"));
    let platforms = platforms.map(Node::items).unwrap_or_default().iter();
    lock.environments = platforms
        .filter_map(|it| platform::marker(it.text()?))
        .collect();
    let span = listed.map_or(0..0, |it| it.span.start..it.span.start);
    Ok((lock, unread(conda, span).into_iter().collect()))
}

/// The warning about packages that are none of an index's.
pub(super) fn unread(conda: usize, span: Span) -> Option<Diagnostic> {
    (conda > 0).then(|| {
        let title = match conda {
            1 => "1 package of conda is not read, only those of pip".to_owned(),
            _ => format!("{conda} packages of conda are not read, only those of pip"),
        };
        Diagnostic::warning("conda/not-read", title).label(span, "")
    })
}

fn version(text: &str, root: &Node) -> Result<(), Vec<Diagnostic>> {
    match root.get("version") {
        Some(version) if version.text() == Some("1") => Ok(()),
        Some(version) => {
            let found = version.text().unwrap_or("something else");
            let title = format!("version `{found}` of conda-lock's format is unknown: expected 1");
            let error = Diagnostic::error("conda/version", title);
            Err(vec![error.label(version.span.clone(), "")])
        }
        None => {
            let title = "a lock of conda-lock has a key `version`, but this has none";
            let error = Diagnostic::error("conda/shape", title).label(0..0, "");
            Err(flat::or_conflict(text, vec![error]))
        }
    }
}

/// A package that pip installs, on one platform.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: PackageId,
    pub(super) file: Option<Artifact>,
    pub(super) marker: Marker,
    pub(super) requires: Vec<(PackageName, Marker)>,
    /// The groups it is wanted for; nothing for what is wanted anyway.
    pub(super) groups: BTreeSet<GroupName>,
    pub(super) is_main: bool,
    pub(super) span: Span,
}

fn entry(node: &Node) -> Result<Entry, String> {
    let text = |key: &str| {
        node.text_of(key)
            .ok_or_else(|| format!("a package needs the key `{key}`"))
    };
    let name: PackageName = text("name")?.parse().map_err(|error| format!("{error}"))?;
    let version = text("version")?;
    let version: Version = version
        .parse()
        .map_err(|_| format!("`{version}` is no version"))?;
    let platform = text("platform")?;
    let marker = platform::marker(platform)
        .ok_or_else(|| format!("the platform `{platform}` is unknown"))?;
    let hash = node.get("hash");
    let hashes = [
        ("md5", HashAlgorithm::Md5),
        ("sha256", HashAlgorithm::Sha256),
    ];
    let hashes = hashes.into_iter().filter_map(|(key, algorithm)| {
        let digest = hash?.text_of(key)?;
        Some((algorithm, digest))
    });
    let hashes = digests(hashes)?;
    let (source, file) = place(text("url")?, hashes, None);
    let category = node.text_of("category").unwrap_or(MAIN);
    let group = category
        .parse::<GroupName>()
        .map_err(|error| error.to_string())?;
    let dependencies = node
        .get("dependencies")
        .map(Node::members)
        .unwrap_or_default();
    let names = dependencies
        .iter()
        .filter_map(|(name, _)| name.text()?.parse().ok());
    let version = file.is_some().then_some(version);
    Ok(Entry {
        id: PackageId {
            name,
            version,
            source,
        },
        file,
        marker,
        requires: names.map(|name| (name, Marker::TRUE)).collect(),
        is_main: category == MAIN,
        groups: if category == MAIN {
            BTreeSet::new()
        } else {
            [group].into()
        },
        span: node.span.clone(),
    })
}

/// Digests that are as long as their algorithms make them.
pub(super) fn digests<'a>(
    given: impl Iterator<Item = (HashAlgorithm, &'a str)>,
) -> Result<Vec<Hash>, String> {
    let mut hashes = Vec::new();
    for (algorithm, digest) in given {
        let digits = if algorithm == HashAlgorithm::Md5 {
            32
        } else {
            64
        };
        if digest.len() != digits || !digest.bytes().all(|it| it.is_ascii_hexdigit()) {
            let word = algorithm.as_str();
            return Err(format!(
                "expected {digits} hexadecimal digits for `{word}`, found `{digest}`"
            ));
        }
        hashes.push(Hash {
            algorithm,
            digest: digest.into(),
        });
    }
    Ok(hashes)
}

/// Where a package comes from: a file at a URL is one of an index, as far as anybody can tell.
pub(super) fn place(
    url: &str,
    hashes: Vec<Hash>,
    index: Option<&str>,
) -> (Source, Option<Artifact>) {
    let is_remote = url.starts_with("https://") || url.starts_with("http://");
    match flat::archive_name(url).filter(|_| is_remote) {
        Some(filename) => {
            let url = url.split('#').next().unwrap_or(url);
            let mut file = flat::named_file(&filename, hashes);
            file.source = ArtifactSource::Url(url.into());
            (
                Source::Registry(IndexUrl::new(index.unwrap_or_default())),
                Some(file),
            )
        }
        None => (flat::source(url, false), None),
    }
}

/// Packages on their way to a lock.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) errors: Vec<Diagnostic>,
    pins: Vec<Pin>,
    requires: BTreeMap<PackageId, Vec<(PackageName, Marker)>>,
    main: BTreeMap<PackageId, Marker>,
    groups: BTreeMap<GroupName, BTreeMap<PackageId, Marker>>,
}

impl Entries {
    pub(super) fn add(&mut self, entry: Entry) {
        let mut package = Package::new(entry.id.clone());
        package.marker = entry.marker;
        match entry.file {
            Some(file) if file.filename.ends_with(".whl") => package.wheels = vec![file],
            file => package.sdist = file,
        }
        self.pins.push(Pin {
            package,
            extras: Vec::new(),
            span: entry.span,
        });
        let requires = self.requires.entry(entry.id.clone()).or_default();
        for required in entry.requires {
            if !requires.contains(&required) {
                requires.push(required);
            }
        }
        for group in entry.groups {
            self.want(group, &entry.id, entry.marker);
        }
        if entry.is_main {
            let marker = self.main.entry(entry.id).or_insert(Marker::FALSE);
            *marker = marker.or(entry.marker);
        }
    }

    /// Says that a group wants a package.
    pub(super) fn want(&mut self, group: GroupName, id: &PackageId, marker: Marker) {
        let wanted = self.groups.entry(group).or_default();
        let known = wanted.entry(id.clone()).or_insert(Marker::FALSE);
        *known = known.or(marker);
    }

    pub(super) fn into_lock(self) -> Result<Lock, Vec<Diagnostic>> {
        let pins = flat::gather(self.pins, Marker::TRUE)?;
        let everything = RequiresPython::from_specifiers(&VersionSpecifiers::empty());
        let packages: Vec<Package> = pins.into_iter().map(|pin| pin.package).collect();
        let mut lock = Lock::of(everything, packages);
        let edges: BTreeMap<PackageId, Vec<Dependency>> = lock
            .packages
            .iter()
            .map(|package| (package.id.clone(), edges(&lock, package, &self.requires)))
            .collect();
        let pins = |wanted: &BTreeMap<PackageId, Marker>| {
            let pin = |(id, marker): (&PackageId, &Marker)| {
                Some(lock.package(id)?.pin(Vec::new(), *marker))
            };
            wanted.iter().filter_map(pin).collect::<Vec<_>>()
        };
        let requirements = pins(&self.main);
        let groups = self
            .groups
            .iter()
            .map(|(group, wanted)| (group.clone(), pins(wanted)));
        let groups = groups.collect();
        lock.asked.requirements = requirements;
        lock.asked.dependency_groups = groups;
        for package in &mut lock.packages {
            package.dependencies = edges.get(&package.id).cloned().unwrap_or_default();
        }
        flat::tell_apart(&mut lock);
        flat::settle(&mut lock);
        Ok(lock)
    }
}

/// The edges of a package to others that are installed wherever it is.
fn edges(
    lock: &Lock,
    package: &Package,
    requires: &BTreeMap<PackageId, Vec<(PackageName, Marker)>>,
) -> Vec<Dependency> {
    let mut edges = Vec::new();
    for (name, marker) in requires.get(&package.id).into_iter().flatten() {
        for target in lock.named(name) {
            let when = package.marker.and(*marker).and(target.marker);
            if !when.is_false() && target.id != package.id {
                edges.push(Dependency {
                    id: target.id.clone(),
                    extras: BTreeSet::new(),
                    marker: marker.and(target.marker),
                });
            }
        }
    }
    edges
}
