//! One `[[packages]]` of a `pylock.toml`: its source and its files.

use diagnostic::Span;
use lock::{Artifact, ArtifactSource, Package, PackageId, Source};
use packaging::filename::{WheelFilename, parse_sdist};
use packaging::{
    GitReference, Hash, HashAlgorithm, IndexUrl, Marker, PackageName, Requirement, Version,
    VersionSpecifiers,
};

use super::read::{marker, name};
use super::toml_reading::{Findings, Part};
use crate::flat::Pin;

const KEYS: &[&str] = &[
    "name",
    "version",
    "marker",
    "requires-python",
    "dependencies",
    "vcs",
    "directory",
    "archive",
    "index",
    "sdist",
    "wheels",
    "attestation-identities",
    "tool",
];

/// A package as the file has it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pin: Pin,
    /// What it requires, as far as the file tells.
    pub(super) requires: Vec<Required>,
}

/// What an entry says it requires.
#[derive(Debug)]
pub(super) enum Required {
    /// The keys that tell the entry from others.
    Keys(PackageName, Option<Version>),
    /// A requirement, as pdm has it in its own table.
    Line(Box<Requirement>),
}

/// Reads an entry; nothing if something is wrong with it.
pub(super) fn read(part: &Part<'_, '_>, found: &mut Findings) -> Option<Entry> {
    part.known(KEYS, found);
    let before = found.errors.len();
    let (text, span) = part.needed("name", found)?;
    let name = name::<PackageName>(text, &span, found)?;
    let version = part.text("version", found).and_then(|(text, span)| {
        let version = text.parse::<Version>();
        if version.is_err() {
            let title = format!("`{text}` is no version");
            found.error("pylock/project-version", title, span);
        }
        version.ok()
    });
    let condition = part
        .text("marker", found)
        .and_then(|(text, span)| marker(text, &span, found));
    if let Some((text, span)) = part.text("requires-python", found)
        && text.parse::<VersionSpecifiers>().is_err()
    {
        let title = format!("`{text}` is no list of version specifiers");
        found.error("pylock/requires-python", title, span);
    }
    let (source, files) = Sources {
        part,
        name: &name,
        version: version.as_ref(),
    }
    .read(found)?;
    let is_moving = source.is_source_tree();
    if is_moving && version.is_some() {
        let title = format!("`{name}` should have no version: its source may change");
        found.warn("pylock/project-version", title, part.span());
    }
    let of_file = || {
        files
            .iter()
            .find_map(|file| crate::flat::version_of(&file.filename, &name))
    };
    let version = match version {
        None if !is_moving => of_file(),
        version => version.filter(|_| !is_moving),
    };
    let mut package = Package::new(PackageId {
        name,
        version,
        source,
    });
    package.marker = condition.unwrap_or(Marker::TRUE);
    for file in files {
        if file.filename.ends_with(".whl") {
            package.wheels.push(file);
        } else {
            package.sdist = Some(file);
        }
    }
    let requires = requires(part, found);
    (found.errors.len() == before).then(|| Entry {
        pin: Pin {
            package,
            extras: Vec::new(),
            span: header(part),
        },
        requires,
    })
}

/// The place of an entry's name.
fn header(part: &Part<'_, '_>) -> Span {
    part.get("name")
        .map_or_else(|| part.span(), toml::Spanned::span)
}

fn requires(part: &Part<'_, '_>, found: &mut Findings) -> Vec<Required> {
    let mut requires = Vec::new();
    for table in part.tables("dependencies", "a dependency", found) {
        let Some((text, span)) = table.text("name", found) else {
            continue;
        };
        let version = table.text("version", found);
        let version = version.and_then(|(text, _)| text.parse().ok());
        if let Some(name) = name::<PackageName>(text, &span, found) {
            requires.push(Required::Keys(name, version));
        }
    }
    // Tools' own tables are free: what does not look as it should is none of ours.
    let mut unheard = Findings::default();
    let tool = part.part("tool", "a tool", &mut unheard);
    let pdm = tool.and_then(|tool| tool.part("pdm", "pdm", &mut unheard));
    if let Some(pdm) = pdm {
        let lines = pdm.texts("dependencies", &mut unheard).into_iter();
        let lines = lines.filter_map(|(line, _)| Requirement::parse(line).ok());
        requires.extend(lines.map(|line| Required::Line(Box::new(line))));
    }
    requires
}

/// An entry whose source is being read.
struct Sources<'a, 'i> {
    part: &'a Part<'a, 'i>,
    name: &'a PackageName,
    version: Option<&'a Version>,
}

impl Sources<'_, '_> {
    fn read(&self, found: &mut Findings) -> Option<(Source, Vec<Artifact>)> {
        let has = |key: &str| self.part.get(key).is_some();
        let kinds = ["vcs", "directory", "archive"];
        let mut given: Vec<&str> = kinds.into_iter().filter(|key| has(key)).collect();
        if has("sdist") || has("wheels") {
            given.push("sdist or wheels");
        }
        let name = self.name;
        match given.as_slice() {
            ["vcs"] => self.vcs(found),
            ["directory"] => self.directory(found),
            ["archive"] => self.archive(found),
            [_] => self.files(found),
            [] => {
                let title = format!(
                    "`{name}` has no source: expected one of `vcs`, `directory`, `archive`, `sdist`, `wheels`"
                );
                found.error("pylock/source", title, header(self.part));
                None
            }
            several => {
                let title = format!("`{name}` has several sources: {}", several.join(", "));
                found.error("pylock/source", title, header(self.part));
                None
            }
        }
    }

    fn vcs(&self, found: &mut Findings) -> Option<(Source, Vec<Artifact>)> {
        let vcs = self.part.part("vcs", "`vcs`", found)?;
        vcs.known(
            &[
                "type",
                "url",
                "path",
                "requested-revision",
                "commit-id",
                "subdirectory",
            ],
            found,
        );
        let (kind, kind_span) = vcs.needed("type", found)?;
        if kind != "git" {
            let title = format!("`{kind}` is no version control known here: expected `git`");
            found.error("pylock/vcs", title, kind_span);
            return None;
        }
        let (place, _) = self.place(&vcs, found)?;
        let (commit, _) = vcs.needed("commit-id", found)?;
        let revision = vcs.text("requested-revision", found);
        let source = Source::Git {
            url: place.into(),
            reference: match revision {
                Some((revision, _)) => GitReference::Revision(revision.to_owned()),
                None => GitReference::Default,
            },
            commit: commit.into(),
            subdirectory: vcs.text("subdirectory", found).map(|it| it.0.into()),
        };
        Some((source, Vec::new()))
    }

    fn directory(&self, found: &mut Findings) -> Option<(Source, Vec<Artifact>)> {
        let directory = self.part.part("directory", "`directory`", found)?;
        directory.known(&["path", "editable", "subdirectory"], found);
        let (path, _) = directory.needed("path", found)?;
        let path = match directory.text("subdirectory", found) {
            Some((subdirectory, _)) => format!("{}/{subdirectory}", path.trim_end_matches('/')),
            None => path.to_owned(),
        };
        let path = match path.trim_start_matches("./").trim_end_matches('/') {
            "" if path.starts_with('/') => "/",
            "" => ".",
            path => path,
        };
        let source = if directory.flag("editable", found) {
            Source::Editable(path.into())
        } else {
            Source::Directory(path.into())
        };
        Some((source, Vec::new()))
    }

    fn archive(&self, found: &mut Findings) -> Option<(Source, Vec<Artifact>)> {
        let archive = self.part.part("archive", "`archive`", found)?;
        archive.known(
            &[
                "url",
                "path",
                "size",
                "upload-time",
                "hashes",
                "subdirectory",
            ],
            found,
        );
        let (place, is_path) = self.place(&archive, found)?;
        let subdirectory = archive.text("subdirectory", found).map(|it| it.0.into());
        let filename = crate::last_segment(&place).into_owned();
        let artifact = self.artifact(&archive, filename, ArtifactSource::Url("".into()), found)?;
        let path = match place.strip_prefix("file://") {
            Some(path) => Some(path),
            None => is_path.then(|| place.trim_start_matches("./")),
        };
        let (source, place) = match path {
            Some(path) => (Source::Path(path.into()), ArtifactSource::Name("".into())),
            None => {
                let url: std::sync::Arc<str> = place.as_str().into();
                (
                    Source::Url {
                        url: url.clone(),
                        subdirectory,
                    },
                    ArtifactSource::Url(url),
                )
            }
        };
        let place = match place {
            ArtifactSource::Name(_) => ArtifactSource::Name(artifact.filename.clone()),
            place => place,
        };
        Some((
            source,
            vec![Artifact {
                source: place,
                ..artifact
            }],
        ))
    }

    /// The source distribution and the wheels.
    fn files(&self, found: &mut Findings) -> Option<(Source, Vec<Artifact>)> {
        let sdist = self.part.part("sdist", "an sdist", found);
        let wheels = self.part.tables("wheels", "a wheel", found);
        if self.version.is_none() {
            let title = format!("`{}` should have a version", self.name);
            found.warn("pylock/project-version", title, header(self.part));
        }
        let mut index = self.part.text("index", found).map(|it| it.0.to_owned());
        let mut files = Vec::new();
        for file in sdist.iter().chain(&wheels) {
            files.push(self.file(file, &mut index, found)?);
        }
        if files.is_empty() {
            let title = format!("`{}` has no file", self.name);
            found.error("pylock/source", title, header(self.part));
            return None;
        }
        let index = IndexUrl::new(&index.unwrap_or_default());
        Some((Source::Registry(index), files))
    }

    /// A file; paths without an index make their folder the index.
    fn file(
        &self,
        part: &Part<'_, '_>,
        index: &mut Option<String>,
        found: &mut Findings,
    ) -> Option<Artifact> {
        part.known(
            &["name", "upload-time", "url", "path", "size", "hashes"],
            found,
        );
        let (place, is_path) = self.place(part, found)?;
        let of_place = crate::last_segment(&place).into_owned();
        let filename = match part.text("name", found) {
            Some((name, _)) => name.to_owned(),
            None => of_place,
        };
        self.fits(part, &filename, found);
        let source = if is_path {
            let place = place.trim_start_matches("./");
            let folder = index
                .get_or_insert_with(|| place.rsplit_once('/').map_or(".", |it| it.0).to_owned());
            let inside = place.strip_prefix(folder.as_str());
            let inside = inside.and_then(|rest| rest.strip_prefix('/'));
            ArtifactSource::Path(inside.unwrap_or(place).into())
        } else {
            ArtifactSource::Url(place.as_str().into())
        };
        self.artifact(part, filename, source, found)
    }

    /// That a file's name is that of the project and the version.
    fn fits(&self, part: &Part<'_, '_>, filename: &str, found: &mut Findings) {
        let name = self.name;
        let told = if part.what == "a wheel" {
            let wheel = WheelFilename::parse(filename).ok();
            wheel.filter(|it| it.name == *name).map(|it| it.version)
        } else {
            parse_sdist(filename, name).map(|it| it.0)
        };
        let is_right = match (&told, self.version) {
            (Some(told), Some(version)) => told == version,
            (told, _) => told.is_some(),
        };
        if !is_right {
            let expected = self
                .version
                .map_or_else(String::new, |version| format!(" {version}"));
            let title = format!(
                "`{filename}` is not the name of {} of `{name}`{expected}",
                part.what
            );
            found.error("pylock/file-name", title, part.span());
        }
    }

    /// The path, or else the URL, and whether it is the path.
    fn place(&self, part: &Part<'_, '_>, found: &mut Findings) -> Option<(String, bool)> {
        let path = part.text("path", found);
        let url = part.text("url", found);
        if let (Some((path, span)), Some((url, _))) = (&path, &url)
            && crate::last_segment(path) != crate::last_segment(url)
        {
            let title = format!("the path and the URL of a file of `{}` differ", self.name);
            found.warn("pylock/place", title, span.clone());
        }
        match (path, url) {
            (Some((path, _)), _) => Some((path.replace('\\', "/"), true)),
            (None, Some((url, span))) => {
                if !url.contains("://") {
                    let title = format!("`{url}` is no URL");
                    found.warn("pylock/place", title, span);
                }
                Some((url.to_owned(), false))
            }
            (None, None) => {
                let title = format!("{} needs one of the keys `url` and `path`", part.what);
                found.error("pylock/missing-key", title, part.span());
                None
            }
        }
    }

    fn artifact(
        &self,
        part: &Part<'_, '_>,
        filename: String,
        source: ArtifactSource,
        found: &mut Findings,
    ) -> Option<Artifact> {
        Some(Artifact {
            filename: filename.into(),
            source,
            hashes: hashes(part, found)?,
            size: part.size("size", found),
            upload_time: part.instant("upload-time", found),
            yanked: None,
        })
    }
}

/// The digests of a file, weakest algorithm first; those of unknown algorithms are left out.
fn hashes(part: &Part<'_, '_>, found: &mut Findings) -> Option<Vec<Hash>> {
    let Some(table) = part.part("hashes", "`hashes`", found) else {
        if part.get("hashes").is_none() {
            let title = format!("{} needs the key `hashes`", part.what);
            found.error("pylock/missing-key", title, part.span());
        }
        return None;
    };
    if table.table.is_empty() {
        let title = format!("{} needs a hash", part.what);
        found.error("pylock/hash", title, table.span());
    }
    let mut hashes = Vec::new();
    for (key, value) in table.table {
        let Some((digest, span)) = table.text(key.get_ref(), found) else {
            continue;
        };
        let Some(algorithm) = HashAlgorithm::from_name(key.get_ref()) else {
            let title = format!(
                "the algorithm `{}` is unknown: the hash is ignored",
                key.get_ref()
            );
            found.warn("pylock/hash", title, key.span());
            continue;
        };
        let digits = match algorithm {
            HashAlgorithm::Md5 => 32,
            HashAlgorithm::Sha256 => 64,
            HashAlgorithm::Sha384 => 96,
            HashAlgorithm::Sha512 | HashAlgorithm::Blake2b => 128,
        };
        let is_digest = digest.len() == digits && digest.bytes().all(|it| it.is_ascii_hexdigit());
        if !is_digest {
            let title = format!(
                "expected {digits} hexadecimal digits for `{}`, found `{digest}`",
                algorithm.as_str()
            );
            found.error("pylock/hash", title, span);
            continue;
        }
        let _ = value;
        hashes.push(Hash {
            algorithm,
            digest: digest.into(),
        });
    }
    hashes.sort();
    if !table.table.is_empty()
        && hashes
            .iter()
            .all(|hash| hash.algorithm == HashAlgorithm::Md5)
    {
        let title = format!("{} has no hash of a secure algorithm", part.what);
        found.warn("pylock/hash", title, table.span());
    }
    Some(hashes)
}
