//! What a lock file does not say and others know: where files are, how large, all of a release,
//! what distributions say about themselves.
//!
//! Versions never change. A file whose digest is another than the lock's is an error, one that is
//! gone is told.

mod ask;
mod files;

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnostic::Diagnostic;
use formats::Needs;
use index::{Absence, Metadata};
use lock::{Lock, Package, PackageId, Source as LockSource};
use packaging::IndexUrl;

use self::ask::{Asking, Heard};
use crate::drive::drive;
use crate::locking::{Failure, FailureKind, drive_failure};
use crate::{Progress, Source};

/// Asks for whatever a format needs and the lock does not say, all questions together.
///
/// Packages whose index the lock does not name come from the default one, and are said to from
/// then on. The warnings tell of files that are gone, and of digests that could not be compared.
///
/// # Errors
///
/// A file has another digest than the lock says, or a release, all of its files or its metadata
/// cannot be had ([`FailureKind::Input`], [`FailureKind::NeedsBuild`]); or the index failed.
pub async fn complete(
    mut lock: Lock,
    needs: Needs,
    default_index: &IndexUrl,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
) -> Result<(Lock, Vec<Diagnostic>), Failure> {
    name_index(&mut lock, default_index);
    let mut asking = Asking::new(&lock, needs);
    drive(&mut asking, source, progress)
        .await
        .map_err(drive_failure)?;
    let heard = asking.into_heard();
    let mut told = Told::default();
    for (at, heard) in heard {
        fill_in(&mut lock, at, &heard, needs, &mut told);
    }
    if needs.usable {
        files::keep_usable(&mut lock);
    }
    match told.errors.is_empty() {
        true => Ok((lock, told.warnings)),
        false => Err(told.into_failure()),
    }
}

/// What is wrong, and what deserves a look.
#[derive(Debug, Default)]
struct Told {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Told {
    fn into_failure(self) -> Failure {
        let needs_build = |it: &Diagnostic| it.code == NEEDS_BUILD;
        let kind = match self.errors.iter().all(needs_build) {
            true => FailureKind::NeedsBuild,
            false => FailureKind::Input,
        };
        let diagnostics = self.errors.into_iter().chain(self.warnings).collect();
        Failure::new(kind, diagnostics)
    }
}

const NEEDS_BUILD: &str = "complete/needs-build";

/// Puts the default index where the lock names none.
fn name_index(lock: &mut Lock, default_index: &IndexUrl) {
    let name = |id: &mut PackageId| match &mut id.source {
        LockSource::Registry(index) if index.as_str().is_empty() => *index = default_index.clone(),
        _ => {}
    };
    for package in &mut lock.packages {
        name(&mut package.id);
        let parts = package
            .optional_dependencies
            .values_mut()
            .chain(package.dev_dependencies.values_mut());
        let edges = package.dependencies.iter_mut().chain(parts.flatten());
        edges.for_each(|edge| name(&mut edge.id));
    }
    lock.packages.sort_by(|left, right| left.id.cmp(&right.id));
}

/// Adds to a package what was heard of it.
fn fill_in(lock: &mut Lock, at: usize, heard: &Heard, needs: Needs, told: &mut Told) {
    let declared = declared(lock, &lock.packages[at]);
    let package = &mut lock.packages[at];
    if let Some(archive) = &heard.archive {
        files::compare_archive(package, archive, told);
    }
    if heard.page_absent.is_some()
        || heard
            .release
            .as_ref()
            .is_some_and(|it| it.files().next().is_none())
    {
        told.errors.push(no_release(package, heard));
        return;
    }
    if let Some(release) = &heard.release {
        files::compare(package, release, needs, told);
    }
    let metadata = match (&declared, &heard.metadata) {
        (Some(declared), _) => Some(declared),
        (None, Some(Ok(metadata))) => Some(&**metadata),
        (None, Some(Err(absence))) => {
            told.errors.push(no_metadata(package, absence));
            return;
        }
        (None, None) => None,
    };
    let mut published = match (&heard.release, metadata) {
        (Some(release), metadata) => resolve::published(release, metadata),
        (None, Some(metadata)) => {
            let files = package.sdist.iter().chain(&package.wheels).cloned();
            resolve::published_by(metadata, None, files.collect())
        }
        (None, None) => return,
    };
    // What the lock told before stays where nothing was heard.
    if let (None, Some(before)) = (metadata, &package.published) {
        let files = std::mem::take(&mut published.files);
        published = lock::Published {
            files,
            index_requires_python: published.index_requires_python,
            requires_python: published.requires_python.or(before.requires_python.clone()),
            ..(**before).clone()
        };
    }
    published.listed = heard.listed.clone();
    package.published = Some(Arc::new(published));
}

/// What the project says in the place of a distribution's own metadata.
fn declared(lock: &Lock, package: &Package) -> Option<Metadata> {
    let version = package.id.version.as_ref()?;
    let entries = || {
        let all = lock.asked.dependency_metadata.iter();
        all.filter(|entry| entry.name == package.id.name)
    };
    let entry = entries()
        .find(|entry| entry.version.as_ref() == Some(version))
        .or_else(|| entries().find(|entry| entry.version.is_none()))?;
    let requirements = entry.requires_dist.iter().cloned();
    Some(Metadata {
        requires_dist: requirements.map(Arc::new).collect(),
        requires_python_text: entry.requires_python.as_deref().map(Into::into),
        provides_extra: entry.provides_extra.clone(),
        ..Metadata::bare(&package.id.name, version)
    })
}

/// `` `name` version ``.
fn said(package: &Package) -> String {
    match &package.id.version {
        Some(version) => format!("`{}` {version}", package.id.name),
        None => format!("`{}`", package.id.name),
    }
}

fn no_release(package: &Package, heard: &Heard) -> Diagnostic {
    let title = match &heard.page_absent {
        Some(Absence::Unauthorized) => format!(
            "`{}` refuses access to {}",
            package.id.source,
            said(package)
        ),
        Some(Absence::Offline) => format!(
            "nothing is cached about {}, and requests are not allowed",
            said(package)
        ),
        Some(_) => format!(
            "`{}` does not have `{}`",
            package.id.source, package.id.name
        ),
        None => format!("`{}` does not have {}", package.id.source, said(package)),
    };
    Diagnostic::error("complete/no-release", title)
        .help("the lock names a release that its index does not list: lock the project anew")
}

fn no_metadata(package: &Package, absence: &Absence) -> Diagnostic {
    let error = |code: &'static str, reason: &str| {
        let title = format!("the metadata of {} cannot be had: {reason}", said(package));
        Diagnostic::error(code, title)
    };
    match absence {
        Absence::NeedsBuild { reason, told } => resolve::needs_build_advice(
            error(NEEDS_BUILD, reason),
            &package.id.name,
            package.id.version.as_ref(),
            told.as_deref(),
        ),
        Absence::Invalid { reason } | Absence::Inconsistent { reason } => {
            error("complete/no-metadata", reason)
        }
        Absence::Unauthorized => error("complete/no-metadata", "access is refused"),
        Absence::Offline => error(
            "complete/no-metadata",
            "nothing is cached, and requests are not allowed",
        ),
        Absence::NotFound | Absence::Mismatched => {
            error("complete/no-metadata", "no file of the release is there")
        }
    }
}

/// What was heard, by the package's place in the lock.
type HeardOf = BTreeMap<usize, Heard>;

#[cfg(test)]
mod tests;
