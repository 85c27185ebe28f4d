//! The files of a lock beside those of its index: digests are compared, gaps filled.

use std::sync::Arc;

use diagnostic::Diagnostic;
use formats::Needs;
use index::{Archive, File, Release};
use lock::{Artifact, ArtifactSource, Lock, Package, Source};
use packaging::filename::WheelFilename;
use packaging::{Hash, Marker};

use super::{Told, said};

/// Compares the files of a package with the release's, and fills in what they lack; a package
/// without files gets all of the release.
pub(super) fn compare(package: &mut Package, release: &Release, needs: Needs, told: &mut Told) {
    let listed: Vec<Artifact> = package
        .sdist
        .take()
        .into_iter()
        .chain(package.wheels.drain(..))
        .collect();
    if listed.is_empty() {
        let pick = |files: &[Arc<File>]| files.iter().map(resolve::artifact).collect::<Vec<_>>();
        package.sdist = pick(&release.sdists).into_iter().next();
        package.wheels = pick(&release.wheels);
        return;
    }
    let count = listed.len();
    let mut gone = Vec::new();
    let mut kept: Vec<Artifact> = Vec::new();
    for mut file in listed {
        match find(&file, release) {
            Some(found) => {
                if let Some(diagnostic) = differs(package, &file, found) {
                    told.note(diagnostic);
                }
                fill(&mut file, found);
                kept.push(file);
            }
            None => {
                gone.push(called(&file));
                // Where it was is known: an installer may still find it there.
                let has_name = !file.filename.is_empty() && !needs.places;
                if has_name || matches!(file.source, ArtifactSource::Url(_)) {
                    kept.push(file);
                }
            }
        }
    }
    for name in &gone {
        told.note(vanished(package, name, gone.len() < count));
    }
    kept.sort_by(|left, right| left.filename.cmp(&right.filename));
    kept.dedup_by(|left, right| left.filename == right.filename && !left.filename.is_empty());
    let (wheels, others): (Vec<_>, Vec<_>) = kept
        .into_iter()
        .partition(|file| file.filename.ends_with(".whl"));
    package.wheels = wheels;
    package.sdist = preferred(others);
}

/// The one sdist that locks list, where a lock listed all.
fn preferred(mut sdists: Vec<Artifact>) -> Option<Artifact> {
    let usual = sdists
        .iter()
        .position(|file| file.filename.ends_with(".tar.gz"));
    match sdists.is_empty() {
        true => None,
        false => Some(sdists.swap_remove(usual.unwrap_or(0))),
    }
}

/// The release's file of the same name; for one without a name, that with its digest.
fn find<'a>(file: &Artifact, release: &'a Release) -> Option<&'a Arc<File>> {
    let mut files = release.files();
    if file.filename.is_empty() {
        return files.find(|other| other.hashes.iter().any(|hash| has(&file.hashes, hash)));
    }
    files.find(|other| other.filename == file.filename)
}

fn has(hashes: &[Hash], wanted: &Hash) -> bool {
    let is_same = |hash: &Hash| {
        hash.algorithm == wanted.algorithm && hash.digest.eq_ignore_ascii_case(&wanted.digest)
    };
    hashes.iter().any(is_same)
}

/// What there is to say of a file whose digests are not those of the index.
fn differs(package: &Package, file: &Artifact, found: &File) -> Option<Diagnostic> {
    let known = |hash: &Hash| {
        found
            .hashes
            .iter()
            .find(|it| it.algorithm == hash.algorithm)
    };
    let comparable: Vec<(&Hash, &Hash)> = file
        .hashes
        .iter()
        .filter_map(|hash| Some((hash, known(hash)?)))
        .collect();
    for (locked, listed) in &comparable {
        if !locked.digest.eq_ignore_ascii_case(&listed.digest) {
            return Some(mismatch(package, &file.filename, locked, listed));
        }
    }
    if !comparable.is_empty() || file.hashes.is_empty() || found.hashes.is_empty() {
        return None;
    }
    let title = format!(
        "the digest of `{}` of {} could not be compared: the index has it by `{}` only, the lock by `{}`",
        file.filename,
        said(package),
        found.hashes[0].algorithm.as_str(),
        file.hashes[0].algorithm.as_str(),
    );
    Some(Diagnostic::warning("complete/hash-not-compared", title))
}

fn mismatch(package: &Package, filename: &str, locked: &Hash, listed: &Hash) -> Diagnostic {
    let title = format!(
        "`{filename}` of {} is another file than the lock says: expected `{locked}`, found `{listed}` on the index",
        said(package)
    );
    Diagnostic::error("complete/hash-mismatch", title)
        .help("find out which of the two is right before anything is installed; then lock the project anew")
}

fn vanished(package: &Package, file: &str, others_remain: bool) -> Diagnostic {
    let place = &package.id.source;
    let title = format!("{file} of {} is not on `{place}` any more", said(package));
    match others_remain {
        true => Diagnostic::warning("complete/file-gone", title),
        false => Diagnostic::error("complete/file-gone", title)
            .help("none of the release's locked files is left: lock the project anew"),
    }
}

/// How a file is called: by its name, or else by its digest.
fn called(file: &Artifact) -> String {
    match file.hashes.first() {
        Some(hash) if file.filename.is_empty() => format!("the file with the digest `{hash}`"),
        _ => format!("`{}`", file.filename),
    }
}

/// Adds what the index says of a file; what the lock says stays.
fn fill(file: &mut Artifact, found: &Arc<File>) {
    let listed = resolve::artifact(found);
    file.filename = listed.filename;
    if !matches!(
        file.source,
        ArtifactSource::Url(_) | ArtifactSource::Path(_)
    ) {
        file.source = listed.source;
    }
    for hash in listed.hashes {
        if !file
            .hashes
            .iter()
            .any(|known| known.algorithm == hash.algorithm)
        {
            file.hashes.push(hash);
        }
    }
    file.hashes.sort();
    file.size = file.size.or(listed.size);
    file.upload_time = file.upload_time.or(listed.upload_time);
    file.yanked = file.yanked.take().or(listed.yanked);
}

/// Compares the digest of a package that is an archive, and fills it in where the lock has none.
pub(super) fn compare_archive(package: &mut Package, archive: &Archive, told: &mut Told) {
    let files = || package.sdist.iter().chain(&package.wheels);
    let locked = files().find_map(|file| {
        let hash = file
            .hashes
            .iter()
            .find(|it| it.algorithm == archive.hash.algorithm)?;
        Some((file.filename.clone(), hash.clone()))
    });
    match locked {
        Some((filename, hash)) if !hash.digest.eq_ignore_ascii_case(&archive.hash.digest) => {
            told.note(mismatch(package, &filename, &hash, &archive.hash));
        }
        Some(_) => {}
        None if files().next().is_none() => add_archive(package, archive),
        None => {}
    }
}

fn add_archive(package: &mut Package, archive: &Archive) {
    let (place, source) = match &package.id.source {
        Source::Url { url, .. } => (
            index::ArchivePlace::Url(url.clone()),
            ArtifactSource::Url(url.clone()),
        ),
        Source::Path(path) => {
            let place = index::ArchivePlace::Path(path.clone());
            let name = place.filename();
            (place, ArtifactSource::Name(name.into()))
        }
        _ => return,
    };
    let file = Artifact {
        filename: place.filename().into(),
        source,
        hashes: vec![archive.hash.clone()],
        size: None,
        upload_time: None,
        yanked: None,
    };
    match file.filename.ends_with(".whl") {
        true => package.wheels.push(file),
        false => package.sdist = Some(file),
    }
}

/// Leaves out the wheels that no environment of the lock could use; those of a package that has
/// nothing else stay.
pub(super) fn keep_usable(lock: &mut Lock) {
    let environments = lock.environments.iter().copied();
    let environments = match lock.environments.is_empty() {
        true => Marker::TRUE,
        false => environments.fold(Marker::FALSE, Marker::or),
    };
    let bounds = lock.requires_python.bounds();
    for package in &mut lock.packages {
        if !matches!(package.id.source, Source::Registry(_)) {
            continue;
        }
        let reachable = package.marker.and(environments);
        let is_usable = |file: &Artifact| {
            WheelFilename::parse(&file.filename)
                .map_or(true, |wheel| resolve::is_usable(&wheel, bounds, reachable))
        };
        if package.sdist.is_some() || package.wheels.iter().any(is_usable) {
            package.wheels.retain(is_usable);
        }
    }
}

impl Told {
    fn note(&mut self, diagnostic: Diagnostic) {
        match diagnostic.is_error() {
            true => self.errors.push(diagnostic),
            false => self.warnings.push(diagnostic),
        }
    }
}
