//! Distributions that requirements name themselves: they are fetched before the resolution begins,
//! with whatever they name in turn (uv.md §2.1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnostic::Diagnostic;
use futures_util::StreamExt;
use index::{
    Absence, Answer, ArchivePlace, ArchiveQuery, Checkout, Metadata, Query, RepositoryQuery,
    Unverified,
};
use lock::{DependencyMetadata, Lock, Source as LockSource};
use manifest::Workspace;
use packaging::{
    ExtraName, GitReference, Hash, HashAlgorithm, Marker, PackageName, Requirement,
    RequirementSource, RequiresPython, SourcedRequirement, Version,
};
use resolve::{LocalArchive, LocalProject, Problem, direct_source, needs_build_advice};

use crate::locking::{Failure, FailureKind, drive_failure};
use crate::question::place_of;
use crate::source::without_credentials;
use crate::{Progress, Source, SourceError};

/// Chains of sources that are longer than this lead nowhere.
const DEPTH: usize = 64;

/// What was fetched for requirements that name their distributions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gathered {
    projects: Vec<LocalProject>,
    commits: BTreeMap<(Arc<str>, GitReference), Arc<str>>,
}

impl Gathered {
    /// Tells a problem what was fetched.
    pub(crate) fn add_to(&self, problem: &mut Problem) {
        problem.local.extend(self.projects.iter().cloned());
        problem.commits.extend(self.commits.clone());
    }
}

/// The commits that existing locks have for references, unless their projects are upgraded.
pub(crate) fn locked_commits(
    locks: &[Lock],
    is_upgraded: impl Fn(&Lock, &PackageName) -> bool,
) -> BTreeMap<(Arc<str>, GitReference), Arc<str>> {
    let mut commits = BTreeMap::new();
    for lock in locks {
        for package in &lock.packages {
            if let LockSource::Git {
                url,
                reference,
                commit,
                ..
            } = &package.id.source
                && is_commit(commit)
                && !is_upgraded(lock, &package.id.name)
            {
                let key = (repository(url).into(), reference.clone());
                commits.entry(key).or_insert_with(|| commit.clone());
            }
        }
    }
    commits
}

/// Fetches what requirements name, wave by wave.
pub(crate) async fn gather(
    problem: &Problem,
    workspace: &Workspace,
    locked: BTreeMap<(Arc<str>, GitReference), Arc<str>>,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Gathered, Failure> {
    let mut gathering = Gathering {
        problem,
        workspace,
        gathered: Gathered {
            projects: Vec::new(),
            commits: locked,
        },
        seen: BTreeSet::new(),
        errors: Vec::new(),
    };
    let declared = problem.local.iter().flat_map(|project| {
        project
            .requires_dist
            .iter()
            .chain(project.groups.values().flatten())
    });
    let scoped = problem.overrides.scoped.iter().flat_map(|(_, _, all)| all);
    let all = declared
        .chain(&problem.requirements)
        .chain(&problem.constraints)
        .chain(&problem.overrides.global)
        .chain(scoped);
    let mut wanted: Vec<Wanted> = all.filter_map(|it| Wanted::of(it, None)).collect();
    let (mut asked, mut answered) = (0, 0);
    for depth in 0.. {
        wanted.retain(|one| gathering.seen.insert(one.key()));
        if wanted.is_empty() {
            break;
        }
        if depth == DEPTH {
            gathering.refuse(&wanted[0], "one source leads to another without end");
            break;
        }
        let mut waiting: Vec<(Query, Wanted)> = Vec::new();
        for one in wanted.drain(..) {
            waiting.extend(gathering.query(&one).map(|query| (query, one)));
        }
        let mut queries: Vec<Query> = waiting.iter().map(|(query, _)| query.clone()).collect();
        queries.sort();
        queries.dedup();
        asked += queries.len();
        let mut answers = BTreeMap::new();
        let mut stream = source.ask(queries);
        while let Some(answer) = stream.next().await {
            let (query, answer) = answer.map_err(|error| gathering.failed(&waiting, error))?;
            answers.insert(query, answer);
            answered += 1;
            progress(&Progress {
                asked,
                answered,
                ..Progress::default()
            });
        }
        // In the order of the requirements, whatever the order of the answers.
        for (query, one) in waiting {
            let Some(answer) = answers.get(&query) else {
                return Err(drive_failure(crate::drive::DriveError::Stalled));
            };
            if let Some(project) = gathering.project(&one, answer)? {
                let next = project.requires_dist.iter();
                wanted.extend(next.filter_map(|it| Wanted::of(it, Some(&one.extras))));
                gathering.keep(project);
            }
        }
    }
    match gathering.errors.is_empty() {
        true => Ok(gathering.gathered),
        false => Err(Failure::new(FailureKind::Input, gathering.errors)),
    }
}

/// Whether a text is a full commit: locks come from anywhere, and git takes words for options.
fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The URL of a repository without the queries that only locks write.
pub(crate) fn repository(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// A distribution that somebody names.
#[derive(Clone, Debug)]
struct Wanted {
    name: PackageName,
    extras: Vec<ExtraName>,
    source: RequirementSource,
}

impl Wanted {
    /// What a requirement names, if it counts with these extras of its project, or with all.
    fn of(requirement: &SourcedRequirement, extras: Option<&[ExtraName]>) -> Option<Self> {
        let is_direct = matches!(
            requirement.source,
            RequirementSource::Url { .. }
                | RequirementSource::Git { .. }
                | RequirementSource::Path(_)
        );
        let is_chosen = |name: &str| Some(extras?.iter().any(|extra| extra.as_str() == name));
        let may_count = |marker: Marker| !marker.resolve_extras(is_chosen).is_false();
        (is_direct && may_count(requirement.marker)).then(|| Self {
            name: requirement.name.clone(),
            extras: requirement.extras.clone(),
            source: requirement.source.clone(),
        })
    }

    /// What is looked at only once: with other extras, more of its requirements may count.
    fn key(&self) -> Key {
        let source = direct_source(&self.source);
        (self.name.clone(), self.extras.clone(), source)
    }

    /// How errors call it.
    fn place(&self) -> String {
        direct_source(&self.source).map_or_else(String::new, |source| source.to_string())
    }
}

/// What tells one [`Wanted`] from another.
type Key = (PackageName, Vec<ExtraName>, Option<LockSource>);

struct Gathering<'a> {
    problem: &'a Problem,
    workspace: &'a Workspace,
    gathered: Gathered,
    seen: BTreeSet<Key>,
    errors: Vec<Diagnostic>,
}

impl Gathering<'_> {
    /// Keeps a project, once.
    fn keep(&mut self, project: LocalProject) {
        let is_same =
            |known: &LocalProject| known.name == project.name && known.source == project.source;
        if !self.gathered.projects.iter().any(is_same) {
            self.gathered.projects.push(project);
        }
    }

    fn query(&self, wanted: &Wanted) -> Option<Query> {
        let name = wanted.name.clone();
        Some(match &wanted.source {
            RequirementSource::Git {
                url,
                reference,
                commit,
                subdirectory,
            } => {
                let place: Arc<str> = repository(url).into();
                let key = (place.clone(), reference.clone());
                let known = || self.gathered.commits.get(&key).cloned();
                Query::Repository(RepositoryQuery {
                    name,
                    url: place,
                    reference: reference.clone(),
                    commit: commit
                        .clone()
                        .or_else(|| manifest::commit_of(reference))
                        .or_else(known),
                    subdirectory: subdirectory.as_deref().and_then(folder),
                    archive: archive_in(url).map(Into::into),
                })
            }
            RequirementSource::Url { url, subdirectory } => Query::Archive(ArchiveQuery {
                name,
                place: ArchivePlace::Url(url.split('#').next().unwrap_or(url).into()),
                subdirectory: subdirectory.as_deref().and_then(folder),
                hash: promised(url),
            }),
            RequirementSource::Path(path) => Query::Archive(ArchiveQuery {
                name,
                place: ArchivePlace::Path(path.clone()),
                subdirectory: None,
                hash: None,
            }),
            RequirementSource::Registry { .. } | RequirementSource::Directory { .. } => {
                return None;
            }
        })
    }

    /// The project that an answer tells of; `None` when it is an error, which is noted.
    fn project(
        &mut self,
        wanted: &Wanted,
        answer: &Answer,
    ) -> Result<Option<LocalProject>, Failure> {
        match answer {
            Answer::Archive(archive) => {
                let hash = archive.hash.clone();
                self.of_archive(wanted, hash, &archive.told)
            }
            Answer::Repository(checkout) => self.of_checkout(wanted, checkout),
            Answer::Absent(absence) => {
                self.refuse(wanted, why(absence));
                Ok(None)
            }
            Answer::Project(_) | Answer::Metadata(_) => {
                Err(drive_failure(crate::drive::DriveError::Stalled))
            }
        }
    }

    /// Why a wave failed, at the requirement that is to blame, if the error tells.
    fn failed(&self, waiting: &[(Query, Wanted)], error: SourceError) -> Failure {
        let is_asked = |query: &Query| match query {
            Query::Archive(query) => without_credentials(query.place.as_str()) == error.url,
            Query::Repository(query) => without_credentials(&query.url) == error.url,
            Query::Project { .. } | Query::Metadata(_) => false,
        };
        let Some((query, wanted)) = waiting.iter().find(|(query, _)| is_asked(query)) else {
            return drive_failure(error.into());
        };
        let is_local = matches!(
            query,
            Query::Archive(ArchiveQuery {
                place: ArchivePlace::Path(_),
                ..
            })
        );
        let title = format!(
            "`{}` cannot be had from {}: {}",
            wanted.name,
            wanted.place(),
            error.reason
        );
        // What this shell never asks is the request's fault; all else may pass.
        let is_refused = is_local || error.status == Some(403);
        let kind = match is_refused {
            true => FailureKind::Input,
            false => drive_failure(error.into()).kind,
        };
        let code = match kind {
            FailureKind::Input => "resolve/unusable-source",
            FailureKind::IndexTimeout => "index/timeout",
            _ => "index/failed",
        };
        Failure::new(
            kind,
            vec![self.at(&wanted.name, Diagnostic::error(code, title))],
        )
    }

    fn refuse(&mut self, wanted: &Wanted, reason: &str) {
        let title = format!(
            "`{}` cannot be had from {}: {reason}",
            wanted.name,
            wanted.place()
        );
        self.error(&wanted.name, "resolve/unusable-source", title);
    }

    /// An error at the first place in a manifest that requires a project.
    fn error(&mut self, name: &PackageName, code: &'static str, title: String) {
        let error = self.at(name, Diagnostic::error(code, title));
        self.errors.push(error);
    }

    fn at(&self, name: &PackageName, error: Diagnostic) -> Diagnostic {
        match place_of(self.workspace, name) {
            Some((file, span)) => error.label(span, "required here").in_file(&file),
            None => error,
        }
    }

    fn of_archive(
        &mut self,
        wanted: &Wanted,
        hash: Hash,
        told: &Result<Arc<Metadata>, Absence>,
    ) -> Result<Option<LocalProject>, Failure> {
        let Some(source) = direct_source(&wanted.source) else {
            return Ok(None);
        };
        let filename = match &wanted.source {
            RequirementSource::Path(path) => ArchivePlace::Path(path.clone()),
            RequirementSource::Url { url, .. } => ArchivePlace::Url(url.clone()),
            _ => return Ok(None),
        }
        .filename();
        let archive = LocalArchive {
            filename: filename.into(),
            hash,
        };
        self.of_metadata(wanted, source, Some(archive), told)
    }

    fn of_checkout(
        &mut self,
        wanted: &Wanted,
        checkout: &Checkout,
    ) -> Result<Option<LocalProject>, Failure> {
        let RequirementSource::Git {
            url,
            reference,
            subdirectory,
            ..
        } = &wanted.source
        else {
            return Ok(None);
        };
        let key = (repository(url).into(), reference.clone());
        self.gathered.commits.insert(key, checkout.commit.clone());
        let source = LockSource::Git {
            url: url.clone(),
            reference: reference.clone(),
            commit: checkout.commit.clone(),
            subdirectory: subdirectory.clone(),
        };
        let archive = archive_in(url).zip(checkout.hash.clone());
        let archive = archive.map(|(path, hash)| LocalArchive {
            filename: path.rsplit('/').next().unwrap_or(&path).into(),
            hash,
        });
        let inside = subdirectory.as_deref().and_then(folder);
        let inside = inside.as_deref().unwrap_or(".");
        let mut project = self.of_metadata(wanted, source, archive, &checkout.told)?;
        // What the user declares counts as it stands, and the archive of a repository has no
        // sources of its own.
        if let Some(project) = &mut project
            && checkout.hash.is_none()
            && self.entry(&wanted.name).is_none()
        {
            match Workspace::declared_in(&checkout.manifests, inside) {
                Ok(Some((_, declared))) if !declared.requires_dist.is_empty() => {
                    project.requires_dist = declared.requires_dist;
                    for requirement in &mut project.requires_dist {
                        stay_inside(requirement, url, reference);
                    }
                }
                Ok(_) => {}
                Err(found) => {
                    let reason = found
                        .iter()
                        .map(|it| it.title.clone())
                        .collect::<Vec<_>>()
                        .join("; ");
                    self.refuse(wanted, &reason);
                    return Ok(None);
                }
            }
        }
        Ok(project)
    }

    fn of_metadata(
        &mut self,
        wanted: &Wanted,
        source: LockSource,
        archive: Option<LocalArchive>,
        told: &Result<Arc<Metadata>, Absence>,
    ) -> Result<Option<LocalProject>, Failure> {
        if let Some(mut project) = self.declared(wanted, &source, archive.as_ref()) {
            project.metadata = told.as_ref().ok().cloned();
            return Ok(Some(project));
        }
        let metadata = match told {
            Ok(metadata) => metadata,
            Err(Absence::NeedsBuild { reason, told }) => {
                return Err(self.needs_build(wanted, reason, told.as_deref()));
            }
            Err(absence) => {
                self.refuse(wanted, why(absence));
                return Ok(None);
            }
        };
        let mut requires_dist = Vec::new();
        for requirement in &metadata.requires_dist {
            match sourced(requirement) {
                Ok(requirement) => requires_dist.push(requirement),
                Err(reason) => {
                    self.refuse(wanted, &reason);
                    return Ok(None);
                }
            }
        }
        Ok(Some(LocalProject {
            name: wanted.name.clone(),
            version: Some(metadata.version.clone()),
            source,
            requires_python: metadata.requires_python.clone(),
            metadata: Some(metadata.clone()),
            archive,
            requires_dist,
            provides_extra: metadata.provides_extra.clone(),
            groups: BTreeMap::new(),
            default_groups: None,
            group_requires_python: BTreeMap::new(),
        }))
    }

    /// The `dependency-metadata` of a project from a source: it counts only where it is the only
    /// entry and names the version (uv 0.13.8).
    fn entry(&self, name: &PackageName) -> Option<(&DependencyMetadata, &Version)> {
        let entries = self.problem.dependency_metadata.iter();
        let mut entries = entries.filter(|entry| entry.name == *name);
        let (entry, None) = (entries.next()?, entries.next()) else {
            return None;
        };
        Some((entry, entry.version.as_ref()?))
    }

    /// What `dependency-metadata` says.
    fn declared(
        &self,
        wanted: &Wanted,
        source: &LockSource,
        archive: Option<&LocalArchive>,
    ) -> Option<LocalProject> {
        let (entry, version) = self.entry(&wanted.name)?;
        let python = entry.requires_python.as_deref();
        Some(LocalProject {
            name: wanted.name.clone(),
            version: Some(version.clone()),
            source: source.clone(),
            requires_python: python
                .and_then(|text| RequiresPython::parse(text).ok())
                .map(Arc::new),
            metadata: None,
            archive: archive.cloned(),
            requires_dist: entry
                .requires_dist
                .iter()
                .filter_map(|requirement| sourced(requirement).ok())
                .collect(),
            provides_extra: entry.provides_extra.clone(),
            groups: BTreeMap::new(),
            default_groups: None,
            group_requires_python: BTreeMap::new(),
        })
    }

    fn needs_build(&self, wanted: &Wanted, reason: &str, told: Option<&Unverified>) -> Failure {
        let title = format!(
            "`{}` from {} can only be read by building it: {reason}",
            wanted.name,
            wanted.place()
        );
        let error = self.at(
            &wanted.name,
            Diagnostic::error("resolve/needs-build", title),
        );
        let error = needs_build_advice(error, &wanted.name, None, told);
        Failure::new(FailureKind::NeedsBuild, vec![error])
    }
}

/// Why there is nothing, in words.
fn why(absence: &Absence) -> &str {
    match absence {
        Absence::NotFound => "there is nothing",
        Absence::Unauthorized => "access is refused",
        Absence::Offline => "it is not cached, and requests are not allowed",
        Absence::NeedsBuild { reason, .. }
        | Absence::Invalid { reason }
        | Absence::Inconsistent { reason } => reason,
        Absence::Mismatched => "the answer is of another kind",
    }
}

/// The folder that a subdirectory means; `None` for the top.
fn folder(subdirectory: &str) -> Option<Arc<str>> {
    let path = manifest::normalize(subdirectory);
    (path != ".").then(|| path.into())
}

/// The archive in a repository that `?path=` names.
pub(crate) fn archive_in(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let path = query.split('&').find_map(|it| it.strip_prefix("path="))?;
    Some(index::percent_decoded(&path.replace('+', " ")).into_owned())
}

/// The digest that a URL's fragment promises; of the algorithms only the one that locks record.
fn promised(url: &str) -> Option<Hash> {
    let (_, fragment) = url.split_once('#')?;
    let mut pairs = fragment.split('&');
    let digest = pairs.find_map(|pair| pair.strip_prefix("sha256="))?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| Hash {
        algorithm: HashAlgorithm::Sha256,
        digest: digest.to_ascii_lowercase().into(),
    })
}

/// A distribution's own requirement.
fn sourced(requirement: &Requirement) -> Result<SourcedRequirement, String> {
    let source = match &requirement.url {
        Some(url) => manifest::direct(url, ".")
            .map_err(|(reason, _)| format!("it requires `{url}`, but {reason}"))?,
        None => RequirementSource::Registry {
            specifiers: requirement.specifiers.clone(),
            index: None,
            conflict: None,
        },
    };
    Ok(SourcedRequirement {
        alternatives: Vec::new(),
        name: requirement.name.clone(),
        extras: requirement.extras.clone(),
        groups: Vec::new(),
        marker: requirement.marker,
        source,
    })
}

/// A path inside of a repository is a folder or an archive of that repository, at that revision.
fn stay_inside(requirement: &mut SourcedRequirement, url: &str, reference: &GitReference) {
    let place = repository(url);
    let source = |url: String, subdirectory: Option<Arc<str>>| RequirementSource::Git {
        url: url.into(),
        reference: reference.clone(),
        commit: None,
        subdirectory,
    };
    requirement.source = match &requirement.source {
        RequirementSource::Directory { path, .. } if is_inside(path) => {
            let folder = (**path != *".").then(|| path.clone());
            source(place.to_owned(), folder)
        }
        RequirementSource::Path(path) if is_inside(path) => source(
            format!("{place}?path={}", packaging::form_encoded(path)),
            None,
        ),
        _ => return,
    };
}

fn is_inside(path: &str) -> bool {
    !(path.starts_with('/') || path == ".." || path.starts_with("../"))
}
