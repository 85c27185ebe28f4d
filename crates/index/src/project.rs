//! A project as one index has it: releases in version order, files in name order.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use packaging::filename::WheelFilename;
use packaging::{Hash, PackageName, RequiresPython, Version};
use serde::{Deserialize, Serialize};

use crate::digest::{self, DigestError, Files, Reader, Texts};
use crate::page::Shared;

/// A project's page.
///
/// It is kept in its compact form, about a hundred bytes a file. A release is put together when
/// somebody looks at it, since a resolution looks at few of them.
pub struct Project {
    /// The whole compact form, checksum included.
    form: Box<[u8]>,
    /// The project's name as its wheels have it.
    name: Option<PackageName>,
    status: Option<Box<str>>,
    /// Where in the form each text that files share begins.
    texts: Box<[u32]>,
    /// Releases by version, ascending. Versions come from file names, as uv reads pages.
    releases: Box<[Head]>,
    /// What texts that files share mean, as far as somebody looked.
    shared: Mutex<Shared>,
}

/// What is known of a release without looking at its files.
#[derive(Debug)]
struct Head {
    /// Which of the texts that files share is the version.
    text: u32,
    /// What that text means, as soon as somebody looked: a resolution looks at few of many.
    version: OnceLock<Version>,
    /// When its first file was uploaded.
    earliest: Option<i64>,
    /// Where its files begin in the form, and end.
    files: (u32, u32),
}

impl Project {
    /// Puts a project into its compact form.
    #[must_use]
    pub fn new(status: Option<&str>, releases: &BTreeMap<Version, Release>) -> Self {
        let opened = Self::open(digest::write_project(status, releases));
        debug_assert!(opened.is_ok(), "what was just written can be read");
        opened.unwrap_or_else(|_| Self::nothing(Box::default()))
    }

    /// Opens the compact form.
    pub(crate) fn open(form: Box<[u8]>) -> Result<Self, DigestError> {
        let mut project = Self::nothing(form);
        let form = &*project.form;
        let place = |reader: &Reader<'_>| {
            u32::try_from(form.len() - digest::CHECKSUM - reader.rest.len())
                .map_err(|_| DigestError::Damaged("it is too long"))
        };
        let mut reader = Reader::begin(form, digest::PROJECT, "a project")?;
        project.name = PackageName::new(reader.text()?).ok();
        project.status = reader.optional()?.map(Into::into);
        let count = reader.count()?;
        let mut starts = Vec::with_capacity(count);
        for _ in 0..count {
            starts.push(place(&reader)?);
            reader.text()?;
        }
        let count = reader.count()?;
        let mut heads = Vec::with_capacity(count);
        let (mut start, mut earliest) = (0_u32, 0_i64);
        for _ in 0..count {
            let text = u32::try_from(reader.number()?).ok();
            let text = text.filter(|text| (*text as usize) < starts.len());
            let text = text.ok_or(DigestError::Damaged("a text is not in its table"))?;
            let length = reader.count()?;
            let end = u32::try_from(length)
                .ok()
                .and_then(|it| start.checked_add(it));
            let end = end.ok_or(DigestError::Damaged("it is too long"))?;
            let has_time = reader.number()? != 0;
            if has_time {
                earliest = earliest.wrapping_add(reader.signed()?);
            }
            heads.push(Head {
                text,
                version: OnceLock::new(),
                earliest: has_time.then_some(earliest),
                files: (start, end),
            });
            start = end;
        }
        if reader.rest.len() != start as usize {
            return Err(DigestError::Damaged("its files end elsewhere"));
        }
        let first = place(&reader)?;
        for head in &mut heads {
            head.files = (first + head.files.0, first + head.files.1);
        }
        project.texts = starts.into();
        project.releases = heads.into();
        Ok(project)
    }

    fn nothing(form: Box<[u8]>) -> Self {
        Self {
            form,
            name: None,
            status: None,
            texts: Box::default(),
            releases: Box::default(),
            shared: Mutex::default(),
        }
    }

    /// The project in its compact form.
    pub(crate) fn form(&self) -> &[u8] {
        &self.form
    }

    /// The project status marker (PEP 792), if the page has one.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// The number of releases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.releases.len()
    }

    /// Whether there are no releases.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.releases.is_empty()
    }

    /// The versions of all releases, ascending.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> + ExactSizeIterator {
        self.releases.iter().map(|head| self.version_of(head))
    }

    /// Whether some version has a local part.
    #[must_use]
    pub fn has_locals(&self) -> bool {
        let text = |head: &Head| self.texts().get(head.text).unwrap_or_default();
        self.releases.iter().any(|head| text(head).contains('+'))
    }

    fn texts(&self) -> Texts<'_> {
        Texts {
            form: &self.form,
            starts: &self.texts,
        }
    }

    fn version_of<'a>(&'a self, head: &'a Head) -> &'a Version {
        head.version.get_or_init(|| {
            let text = self.texts().get(head.text);
            // What has the right checksum can be read.
            text.and_then(digest::read_version)
                .unwrap_or_else(|_| Version::new([0]))
        })
    }

    /// The version of a release, by its place in the order of versions.
    #[must_use]
    pub fn version_at(&self, at: usize) -> &Version {
        self.version_of(&self.releases[at])
    }

    /// When the first file of a release was uploaded, as far as the index says.
    #[must_use]
    pub fn earliest_upload_at(&self, at: usize) -> Option<i64> {
        self.releases[at].earliest
    }

    /// The place of a version among all, or the one where it would be.
    ///
    /// # Errors
    ///
    /// There is no such release.
    pub fn place(&self, version: &Version) -> Result<usize, usize> {
        self.releases
            .binary_search_by(|head| self.version_of(head).cmp(version))
    }

    /// The number of releases at the beginning of the order for which something holds.
    pub fn partition_point(&self, holds: impl Fn(&Version) -> bool) -> usize {
        self.releases
            .partition_point(|head| holds(self.version_of(head)))
    }

    /// Puts the files of a version together.
    #[must_use]
    pub fn release(&self, version: &Version) -> Option<Release> {
        Some(self.release_at(self.place(version).ok()?))
    }

    /// Puts the files of a release together. What cannot be read, although the checksum of the
    /// whole was right, has no files.
    #[must_use]
    pub fn release_at(&self, at: usize) -> Release {
        self.read_release(&self.releases[at], |_, _| true)
            .unwrap_or_default()
    }

    /// The same, but where there are many files they are without name, URL and digests: enough to
    /// tell which of them are of use. Those are had from [`Project::release_with`].
    #[must_use]
    pub fn sketch_at(&self, at: usize) -> Release {
        self.read_release(&self.releases[at], |_, count| count <= 2)
            .unwrap_or_default()
    }

    /// The same with whole files at these places in the order of [`Release::files`].
    #[must_use]
    pub fn release_with(&self, at: usize, places: &[usize]) -> Release {
        self.read_release(&self.releases[at], |place, _| places.contains(&place))
            .unwrap_or_default()
    }

    /// All releases, put together one after the other.
    pub fn releases(&self) -> impl DoubleEndedIterator<Item = (&Version, Release)> {
        (0..self.len()).map(|at| (self.version_at(at), self.release_at(at)))
    }

    /// Reads the files of a release; whole ones where that is wanted, by place and number of files.
    fn read_release(
        &self,
        head: &Head,
        is_whole: impl Fn(usize, usize) -> bool,
    ) -> Result<Release, DigestError> {
        let cut = DigestError::Damaged("it is cut off");
        let (start, end) = (head.files.0 as usize, head.files.1 as usize);
        let mut reader = Reader {
            rest: self.form.get(start..end).ok_or(cut)?,
        };
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = Files {
            texts: self.texts(),
            name: self.name.as_ref(),
            shared: &mut shared,
            filename: String::new(),
            time: head.earliest.unwrap_or(0),
            is_whole: true,
        };
        let (sdists, wheels) = (reader.count()?, reader.count()?);
        let count = sdists.saturating_add(wheels);
        let mut release = Release {
            sdists: Vec::with_capacity(sdists),
            wheels: Vec::with_capacity(wheels),
        };
        for place in 0..count {
            files.is_whole = is_whole(place, count);
            let file = Arc::new(files.read(&mut reader)?);
            let files = if place < sdists {
                &mut release.sdists
            } else {
                &mut release.wheels
            };
            files.push(file);
        }
        reader.end()?;
        Ok(release)
    }
}

impl Default for Project {
    fn default() -> Self {
        Self::new(None, &BTreeMap::new())
    }
}

impl PartialEq for Project {
    /// The form is canonical: equal projects have equal bytes.
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl fmt::Debug for Project {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.releases()).finish()
    }
}

/// The files of one version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    /// Source distributions, by file name.
    pub sdists: Vec<Arc<File>>,
    /// Wheels, by file name in plain byte order.
    pub wheels: Vec<Arc<File>>,
}

impl Release {
    /// All files: sdists, then wheels.
    pub fn files(&self) -> impl Iterator<Item = &Arc<File>> {
        self.sdists.iter().chain(&self.wheels)
    }
}

/// One distribution: a wheel or an sdist.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The file's name.
    pub filename: Arc<str>,
    /// What the name says.
    pub kind: FileKind,
    /// The absolute URL, fragment removed.
    pub url: Arc<str>,
    /// Every digest advertised, weakest algorithm first.
    pub hashes: Vec<Hash>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Upload time in milliseconds since 1970-01-01T00:00:00Z, truncated.
    pub upload_time: Option<i64>,
    /// `Requires-Python` as the index wrote it, read leniently.
    pub requires_python: Option<FileRequiresPython>,
    /// Whether, and why, the file was withdrawn (PEP 592).
    pub yanked: Yanked,
    /// Set when the index serves the metadata beside the file (PEP 658, 714).
    pub core_metadata: Option<CoreMetadata>,
}

impl File {
    /// What the file's name says, if it is a wheel.
    #[must_use]
    pub fn wheel(&self) -> Option<&Arc<WheelFilename>> {
        match &self.kind {
            FileKind::Wheel(wheel) => Some(wheel),
            FileKind::Sdist | FileKind::OldSdist => None,
        }
    }

    /// Whether the file is a wheel.
    #[must_use]
    pub fn is_wheel(&self) -> bool {
        self.wheel().is_some()
    }

    /// Whether, and why, the file was withdrawn.
    #[must_use]
    pub fn yanked(&self) -> Option<&Arc<str>> {
        match &self.yanked {
            Yanked::No => None,
            Yanked::Yes(reason) => Some(reason),
        }
    }

    /// The digest that locks record: of the strongest algorithm advertised.
    #[must_use]
    pub fn strongest_hash(&self) -> Option<&Hash> {
        self.hashes.last()
    }
}

/// `Requires-Python` of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRequiresPython {
    /// The index's text.
    pub text: Arc<str>,
    /// What it means.
    pub value: Arc<RequiresPython>,
}

/// What a file's name says it is.
#[derive(Clone, Debug, PartialEq)]
pub enum FileKind {
    /// A wheel with its parsed name.
    Wheel(Arc<WheelFilename>),
    /// A source distribution whose name and extension PEP 625 allows (`.tar.gz`, and `.zip` of old).
    Sdist,
    /// A source distribution in a form no tool should use (`.tar.bz2`, `.tgz`, …).
    OldSdist,
}

/// Whether a file was withdrawn.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub enum Yanked {
    /// It was not.
    #[default]
    No,
    /// It was, for this reason (may be empty).
    Yes(Arc<str>),
}

impl Yanked {
    /// Whether the file was withdrawn.
    #[must_use]
    pub fn is_yanked(&self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

/// The metadata file beside a distribution.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CoreMetadata {
    /// Its strongest advertised digest.
    pub hash: Option<Hash>,
}
