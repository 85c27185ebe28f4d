//! Which questions there are about a lock, and what their answers come to.

use std::collections::BTreeSet;
use std::sync::Arc;

use formats::Needs;
use index::{
    Absence, Answer, Archive, ArchivePlace, ArchiveQuery, File, Index, Known, Metadata,
    MetadataQuery, Query, Release, RepositoryQuery,
};
use lock::{Lock, Package, Source};
use packaging::Version;

use super::{HeardOf, declared};
use crate::Progress;
use crate::direct;
use crate::drive::{Conversation, Step};

/// What was heard of a package.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Its files on the index.
    pub(super) release: Option<Release>,
    /// All versions that the index offers, where metadata is asked for.
    pub(super) listed: Arc<[Version]>,
    /// Why there is no page.
    pub(super) page_absent: Option<Absence>,
    /// What a distribution of it says about itself, or why none does.
    pub(super) metadata: Option<Result<Arc<Metadata>, Absence>>,
    /// The archive that it is.
    pub(super) archive: Option<Arc<Archive>>,
}

/// A package about which something is asked.
struct Open<'a> {
    at: usize,
    package: &'a Package,
    /// The page, or the archive or repository that the package is.
    first: Query,
    wants_metadata: bool,
    /// The release, as soon as the page is there.
    release: Option<Release>,
    listed: Arc<[Version]>,
    /// The files that could tell the metadata, the likeliest first.
    tellers: Vec<Query>,
}

/// The conversation: pages first, then metadata, each as soon as its page is there.
pub(super) struct Asking<'a> {
    open: Vec<Open<'a>>,
    index: Index,
    asked: BTreeSet<Query>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(lock: &'a Lock, needs: Needs) -> Self {
        let open = lock
            .packages
            .iter()
            .enumerate()
            .filter_map(|(at, package)| {
                let lacks_metadata = needs.lacks_metadata(package);
                if !lacks_metadata && !needs.lacks_files(package) {
                    return None;
                }
                Some(Open {
                    at,
                    package,
                    first: first_query(package)?,
                    wants_metadata: lacks_metadata && declared(lock, package).is_none(),
                    release: None,
                    listed: Arc::default(),
                    tellers: Vec::new(),
                })
            });
        Self {
            open: open.collect(),
            index: Index::default(),
            asked: BTreeSet::new(),
        }
    }

    /// Everything heard, once the conversation is over.
    pub(super) fn into_heard(self) -> HeardOf {
        let Self { open, index, .. } = self;
        open.into_iter()
            .map(|open| (open.at, heard(open, &index)))
            .collect()
    }
}

impl Conversation for Asking<'_> {
    type End = ();

    fn step(&mut self) -> Step<()> {
        let mut wanted = Vec::new();
        for open in &mut self.open {
            if self.index.knows(&open.first) {
                open.read_page(&self.index);
                wanted.extend(open.next_teller(&self.index));
            } else {
                wanted.push(open.first.clone());
            }
        }
        if wanted.is_empty() {
            return Step::End(());
        }
        wanted.retain(|query| self.asked.insert(query.clone()));
        match wanted.is_empty() {
            true => Step::Wait,
            false => Step::Ask(wanted),
        }
    }

    fn learn(&mut self, query: Query, answer: Answer) {
        self.index.learn(query, answer);
    }

    fn progress(&self) -> Progress {
        Progress {
            found: self.open.len(),
            ..Progress::default()
        }
    }
}

impl Open<'_> {
    /// Takes the release off the page, once.
    fn read_page(&mut self, index: &Index) {
        let (None, Known::Present(project)) = (&self.release, index.project(&self.first)) else {
            return;
        };
        let Some(version) = &self.package.id.version else {
            return;
        };
        let release = project.release(version).unwrap_or_default();
        if self.wants_metadata {
            let name = &self.package.id.name;
            let query = |file: &Arc<File>| Query::Metadata(MetadataQuery::of(name, version, file));
            self.listed = resolve::listed(project);
            self.tellers = tellers(&release).into_iter().map(query).collect();
        }
        self.release = Some(release);
    }

    /// The next file to ask for its metadata, unless one told it or none is left.
    fn next_teller(&self, index: &Index) -> Option<Query> {
        for query in &self.tellers {
            match index.metadata(query) {
                Known::Unasked => return Some(query.clone()),
                Known::Present(_) | Known::Absent(Absence::NeedsBuild { .. }) => return None,
                Known::Absent(_) => {}
            }
        }
        None
    }

    fn told(&self, index: &Index) -> Result<Arc<Metadata>, Absence> {
        let mut reason = Absence::NotFound;
        for query in &self.tellers {
            match index.metadata(query) {
                Known::Present(metadata) => return Ok(metadata.clone()),
                Known::Absent(absence) => reason = absence.clone(),
                Known::Unasked => break,
            }
        }
        Err(reason)
    }
}

/// The files of a release in the order in which they are asked: wheels for all platforms, other
/// wheels, sdists; those with metadata beside them first.
fn tellers(release: &Release) -> Vec<&Arc<File>> {
    let mut files: Vec<&Arc<File>> = release.files().collect();
    files.sort_by_key(|file| {
        (
            !file.is_wheel(),
            file.core_metadata.is_none(),
            !file.filename.ends_with("-none-any.whl"),
        )
    });
    files
}

/// What is asked first: the page, or the archive or repository itself.
fn first_query(package: &Package) -> Option<Query> {
    let name = package.id.name.clone();
    let hash = || {
        let mut files = package.sdist.iter().chain(&package.wheels);
        files.find_map(|file| file.hashes.last().cloned())
    };
    Some(match &package.id.source {
        Source::Registry(index) => Query::Project {
            index: index.clone(),
            name,
        },
        Source::Url { url, subdirectory } => Query::Archive(ArchiveQuery {
            name,
            place: ArchivePlace::Url(url.clone()),
            subdirectory: subdirectory.clone(),
            hash: hash(),
        }),
        Source::Path(path) => Query::Archive(ArchiveQuery {
            name,
            place: ArchivePlace::Path(path.clone()),
            subdirectory: None,
            hash: None,
        }),
        Source::Git {
            url,
            reference,
            commit,
            subdirectory,
        } => Query::Repository(RepositoryQuery {
            name,
            url: direct::repository(url).into(),
            reference: reference.clone(),
            commit: Some(commit.clone()),
            subdirectory: subdirectory.clone(),
            archive: direct::archive_in(url).map(Into::into),
        }),
        Source::Directory(_) | Source::Editable(_) | Source::Virtual(_) => return None,
    })
}

fn heard(open: Open<'_>, index: &Index) -> Heard {
    match index.answer(&open.first) {
        Some(Answer::Archive(archive)) => Heard {
            metadata: open.wants_metadata.then(|| archive.told.clone()),
            archive: Some(archive.clone()),
            ..Heard::default()
        },
        Some(Answer::Repository(checkout)) => Heard {
            metadata: Some(checkout.told.clone()),
            ..Heard::default()
        },
        Some(Answer::Absent(absence)) => match &open.first {
            Query::Project { .. } => Heard {
                page_absent: Some(absence.clone()),
                ..Heard::default()
            },
            _ => Heard {
                metadata: Some(Err(absence.clone())),
                ..Heard::default()
            },
        },
        _ => Heard {
            metadata: open.wants_metadata.then(|| open.told(index)),
            release: open.release,
            listed: open.listed,
            ..Heard::default()
        },
    }
}
