//! The releases of a project on one index, and which of their files could be used.

use std::sync::{Arc, OnceLock};

use index::{File, FileKind, Project, Release};
use packaging::filename::WheelFilename;
use packaging::{IndexUrl, Marker, PackageName, RequiresPython, Version, VersionRange, tag};

use crate::explain::Unusable;
use crate::problem::Problem;

/// What decides whether a file can be used, the same for all files of a project.
#[derive(Debug)]
pub(crate) struct FilePolicy {
    pub(crate) requires_python: RequiresPython,
    pub(crate) cutoff: Option<i64>,
    pub(crate) forbids_sdist: bool,
    pub(crate) forbids_wheel: bool,
    /// Whether wheels for other Pythons than the project's are of no use.
    pub(crate) minds_tags: bool,
    /// Withdrawn versions that somebody pinned.
    pub(crate) allowed_yanks: Vec<Version>,
}

impl FilePolicy {
    /// The cut-off is the project's own, or else the index's, or else that of the run.
    pub(crate) fn new(
        problem: &Problem,
        index: &IndexUrl,
        name: &PackageName,
        allowed_yanks: Vec<Version>,
    ) -> Self {
        let global = &problem.options.exclude_newer;
        let of_index = problem.indexes.cutoffs.get(index);
        let of_index = of_index.and_then(|own| own.packages.get(name).or(own.general.as_ref()));
        let own = problem.options.exclude_newer_package.get(name);
        let cutoff = own.or(of_index).unwrap_or(global).as_ref();
        Self {
            requires_python: problem.requires_python.clone(),
            cutoff: cutoff.map(lock::ExcludeNewer::instant),
            forbids_sdist: problem.builds.forbids_sdist(name),
            forbids_wheel: problem.builds.forbids_wheel(name),
            minds_tags: problem.manner.minds_tags,
            allowed_yanks,
        }
    }

    fn excludes(&self, file: &File) -> bool {
        self.cutoff
            .is_some_and(|cutoff| file.upload_time.is_none_or(|time| time >= cutoff))
    }

    fn forbids_yanked(&self, file: &File, version: &Version) -> bool {
        file.yanked.is_yanked() && !self.allowed_yanks.contains(version)
    }

    fn sdist(&self, file: &File, version: &Version) -> Result<(), Unusable> {
        if self.excludes(file) {
            Err(Unusable::TooNew(file.upload_time))
        } else if self.forbids_sdist {
            Err(Unusable::NoBuild)
        } else if self.forbids_yanked(file, version) {
            Err(Unusable::yanked(file))
        } else if file.kind == FileKind::OldSdist {
            Err(Unusable::OldSdist)
        } else {
            Ok(())
        }
    }

    fn wheel(&self, file: &File, wheel: &WheelFilename, version: &Version) -> Result<(), Unusable> {
        if self.excludes(file) {
            Err(Unusable::TooNew(file.upload_time))
        } else if self.forbids_wheel {
            Err(Unusable::NoBinary)
        } else if self.forbids_yanked(file, version) {
            Err(Unusable::yanked(file))
        } else if wheel.is_variant() {
            Err(Unusable::Variant)
        } else if self.minds_tags
            && !tag::matches_requires_python(wheel, self.requires_python.bounds())
        {
            Err(Unusable::PythonTag)
        } else {
            Ok(())
        }
    }
}

/// What a release offers, after looking at all its files.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The file whose metadata speaks for the release, and whether a wheel would be installed.
    pub(crate) verdict: Verdict,
    /// The Pythons that some usable file supports.
    pub(crate) pythons: Marker,
    /// The environments that some usable file supports.
    pub(crate) environments: Marker,
    /// The most usable source distribution, usable or not.
    pub(crate) sdist: Option<Arc<File>>,
}

impl Offer {
    /// Puts whole files in the place of those that are sketched only.
    fn complete(&mut self, sketch: &Release, read: impl FnOnce(&[usize]) -> Release) {
        let of_verdict = match &mut self.verdict {
            Verdict::Wheel(file) => [Some(file), None],
            Verdict::Sdist { sdist, metadata } => [Some(sdist), Some(metadata)],
            Verdict::Unusable(_) => [None, None],
        };
        let place = |file: &Arc<File>| sketch.files().position(|it| Arc::ptr_eq(it, file));
        let wanted: Vec<(usize, &mut Arc<File>)> = of_verdict
            .into_iter()
            .flatten()
            .chain(&mut self.sdist)
            .filter(|file| file.url.is_empty())
            .filter_map(|file| Some((place(file)?, file)))
            .collect();
        if wanted.is_empty() {
            return;
        }
        let places: Vec<usize> = wanted.iter().map(|(place, _)| *place).collect();
        let release = read(&places);
        for (place, file) in wanted {
            if let Some(whole) = release.files().nth(place) {
                *file = whole.clone();
            }
        }
    }
}

/// Whether a release can be used.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// By a wheel.
    Wheel(Arc<File>),
    /// By a source distribution; the metadata comes from a wheel if there is any.
    Sdist {
        sdist: Arc<File>,
        metadata: Arc<File>,
    },
    /// Not at all.
    Unusable(Unusable),
}

impl Verdict {
    /// The file whose metadata speaks for the release.
    pub(crate) fn metadata(&self) -> Option<&Arc<File>> {
        match self {
            Self::Wheel(file) | Self::Sdist { metadata: file, .. } => Some(file),
            Self::Unusable(_) => None,
        }
    }

    /// The `Requires-Python` of the file that would be installed.
    pub(crate) fn requires_python(&self) -> Option<&RequiresPython> {
        let file = match self {
            Self::Wheel(file) | Self::Sdist { sdist: file, .. } => file,
            Self::Unusable(_) => return None,
        };
        file.requires_python
            .as_ref()
            .map(|requires_python| &*requires_python.value)
    }
}

fn judge(release: &Release, version: &Version, policy: &FilePolicy) -> Offer {
    let mut pythons = Marker::FALSE;
    let mut environments = Marker::FALSE;
    let mut sdist: Option<(&Arc<File>, Result<(), Unusable>)> = None;
    for file in &release.sdists {
        let verdict = policy.sdist(file, version);
        if verdict.is_ok() {
            (pythons, environments) = (Marker::TRUE, Marker::TRUE);
        }
        let is_better = sdist
            .as_ref()
            .is_none_or(|(_, known)| is_better(&verdict, known));
        if is_better {
            sdist = Some((file, verdict));
        }
    }
    let mut best: Option<(&Arc<File>, &WheelFilename, Result<(), Unusable>)> = None;
    for file in &release.wheels {
        let FileKind::Wheel(wheel) = &file.kind else {
            continue;
        };
        let verdict = policy.wheel(file, wheel, version);
        if verdict.is_ok() && !(pythons.is_true() && environments.is_true()) {
            let python = tag::implied_python_marker(wheel);
            pythons = pythons.or(python);
            environments = environments.or(tag::implied_marker(wheel));
        }
        let is_better = best.as_ref().is_none_or(|(_, known_wheel, known)| {
            match (wheel.is_variant(), known_wheel.is_variant()) {
                (false, true) => true,
                (true, false) => false,
                _ if verdict.is_ok() && known.is_ok() && policy.minds_tags => {
                    wheel.build > known_wheel.build
                }
                // What every Python can use speaks for the release.
                _ if verdict.is_ok() && known.is_ok() => {
                    wheel.tags.is_any_platform() && !known_wheel.tags.is_any_platform()
                }
                _ => is_better(&verdict, known),
            }
        });
        if is_better {
            best = Some((file, wheel, verdict));
        }
    }
    let listed = sdist.as_ref().map(|(file, _)| (*file).clone());
    Offer {
        verdict: verdict(best, sdist),
        pythons,
        environments,
        sdist: listed,
    }
}

fn is_better(new: &Result<(), Unusable>, known: &Result<(), Unusable>) -> bool {
    match (new, known) {
        (Ok(()), known) => known.is_err(),
        (Err(_), Ok(())) => false,
        (Err(new), Err(known)) => new.is_closer_than(known),
    }
}

fn verdict(
    wheel: Option<(&Arc<File>, &WheelFilename, Result<(), Unusable>)>,
    sdist: Option<(&Arc<File>, Result<(), Unusable>)>,
) -> Verdict {
    match (wheel, sdist) {
        (Some((wheel, _, Ok(()))), _) => Verdict::Wheel(wheel.clone()),
        (Some((wheel, name, Err(reason))), Some((sdist, Ok(()))))
            if !reason.is_cutoff() && !name.is_variant() =>
        {
            Verdict::Sdist {
                sdist: sdist.clone(),
                metadata: wheel.clone(),
            }
        }
        (_, Some((sdist, Ok(())))) => Verdict::Sdist {
            sdist: sdist.clone(),
            metadata: sdist.clone(),
        },
        (Some((_, _, Err(wheel))), sdist) => Verdict::Unusable(Unusable::of_both(
            Some(wheel),
            sdist.and_then(|(_, it)| it.err()),
        )),
        (None, Some((_, Err(sdist)))) => Verdict::Unusable(Unusable::of_both(None, Some(sdist))),
        (None, None) => Verdict::Unusable(Unusable::NoFiles),
    }
}

/// The releases of a project on one index.
#[derive(Debug)]
pub(crate) struct VersionMap {
    pub(crate) index: IndexUrl,
    pub(crate) project: Arc<Project>,
    pub(crate) policy: FilePolicy,
    /// What each release offers, in the order of the project's versions.
    offers: Box<[OnceLock<Box<Offer>>]>,
    /// Whether some version has a local part.
    pub(crate) has_locals: bool,
}

impl VersionMap {
    pub(crate) fn new(index: IndexUrl, project: Arc<Project>, policy: FilePolicy) -> Self {
        let offers = (0..project.len()).map(|_| OnceLock::new()).collect();
        let has_locals = project.has_locals();
        Self {
            index,
            project,
            policy,
            offers,
            has_locals,
        }
    }

    /// What a version offers.
    pub(crate) fn offer(&self, version: &Version) -> Option<(&Version, &Offer)> {
        Some(self.offer_at(self.project.place(version).ok()?))
    }

    fn offer_at(&self, at: usize) -> (&Version, &Offer) {
        let version = self.project.version_at(at);
        let judge = || {
            let sketch = self.project.sketch_at(at);
            let mut offer = judge(&sketch, version, &self.policy);
            offer.complete(&sketch, |places| self.project.release_with(at, places));
            offer.into()
        };
        (version, self.offers[at].get_or_init(judge))
    }

    /// The versions of a range that exist at all (the cut-off hides some), ascending.
    pub(crate) fn within<'a>(
        &'a self,
        range: &'a VersionRange,
    ) -> impl DoubleEndedIterator<Item = (&'a Version, &'a Offer)> {
        let (start, end) = self.bounds(range);
        (start..end)
            .filter(|at| range.contains(self.project.version_at(*at)) && self.exists(*at))
            .map(|at| self.offer_at(at))
    }

    fn bounds(&self, range: &VersionRange) -> (usize, usize) {
        use std::ops::Bound;
        let Some((lower, upper)) = range.bounding_range() else {
            return (0, 0);
        };
        let project = &self.project;
        let start = match lower {
            Bound::Included(lower) => project.partition_point(|version| version < lower),
            Bound::Excluded(lower) => project.partition_point(|version| version <= lower),
            Bound::Unbounded => 0,
        };
        let end = match upper {
            Bound::Included(upper) => project.partition_point(|version| version <= upper),
            Bound::Excluded(upper) => project.partition_point(|version| version < upper),
            Bound::Unbounded => project.len(),
        };
        (start, end.max(start))
    }

    fn exists(&self, at: usize) -> bool {
        self.policy.cutoff.is_none_or(|cutoff| {
            let uploaded = self.project.earliest_upload_at(at);
            uploaded.is_some_and(|uploaded| uploaded < cutoff)
        })
    }

    /// The nearest versions that exist, below and above this one; between them, whether it does.
    pub(crate) fn around(&self, version: &Version) -> [Option<&Version>; 3] {
        let at = self.project.partition_point(|known| known < version);
        let is_known = at < self.project.len() && self.project.version_at(at) == version;
        let above = at + usize::from(is_known);
        let below = (0..at).rev().find(|at| self.exists(*at));
        let same = Some(at).filter(|at| is_known && self.exists(*at));
        let above = (above..self.project.len()).find(|at| self.exists(*at));
        [below, same, above].map(|at| at.map(|at| self.project.version_at(at)))
    }

    /// All versions that exist, ascending.
    pub(crate) fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        (0..self.project.len())
            .filter(|at| self.exists(*at))
            .map(|at| self.project.version_at(at))
    }

    /// The versions that the cut-off hides, ascending, and when each was first uploaded.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = (&Version, Option<i64>)> {
        (0..self.project.len())
            .filter(|at| !self.exists(*at))
            .map(|at| {
                (
                    self.project.version_at(at),
                    self.project.earliest_upload_at(at),
                )
            })
    }

    /// All versions on the page, ascending, hidden ones too.
    pub(crate) fn all_versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.project.versions()
    }

    /// Whether the cut-off hides the file.
    pub(crate) fn hides(&self, file: &File) -> bool {
        self.policy.excludes(file)
    }
}
