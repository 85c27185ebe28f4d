//! Which files of a release a `pdm.lock` lists: those that the target could use.

use lock::{Artifact, ArtifactSource, Package, Source};
use packaging::filename::{WheelParts, strip_sdist_extension};
use packaging::{Hash, HashAlgorithm, PackageName, Version};

use crate::tomlkit::quote;

use super::specifier::Specifier;

/// The files of a package that are known.
pub(super) fn known(package: &Package) -> Box<dyn Iterator<Item = &Artifact> + '_> {
    match package.published.as_deref() {
        Some(published) if !published.files.is_empty() => Box::new(published.files.iter()),
        _ => Box::new(package.sdist.iter().chain(&package.wheels)),
    }
}

/// The items of `files`, sorted; with URLs instead of names, where that is wanted.
pub(super) fn items(package: &Package, python: &Specifier, with_urls: bool) -> Vec<String> {
    let source = &package.id.source;
    if source.is_source_tree() || matches!(source, Source::Git { .. }) {
        return Vec::new();
    }
    let is_listed = |file: &&Artifact| {
        !matches!(source, Source::Registry(_))
            || is_usable(&file.filename, &package.id.name, python)
    };
    let mut items: Vec<(String, String)> = known(package)
        .filter(is_listed)
        .filter_map(|file| {
            let place = match (&file.source, with_urls) {
                (ArtifactSource::Url(url), true) => url.split('#').next().unwrap_or(url),
                _ => &file.filename,
            };
            Some((place.to_owned(), hash(&file.hashes)?.to_string()))
        })
        .collect();
    items.sort();
    items.dedup();
    let key = if with_urls { "url" } else { "file" };
    items
        .into_iter()
        .map(|(place, hash)| format!("{{{key} = {}, hash = {}}}", quote(&place), quote(&hash)))
        .collect()
}

fn hash(hashes: &[Hash]) -> Option<&Hash> {
    let wanted = [
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
    ];
    let of = |algorithm| hashes.iter().find(move |hash| hash.algorithm == algorithm);
    wanted.into_iter().find_map(of)
}

fn is_usable(filename: &str, name: &PackageName, python: &Specifier) -> bool {
    if let Ok(parts) = WheelParts::split(filename) {
        let is_named = PackageName::new(parts.name).is_ok_and(|found| found == *name);
        return is_named && parts.version.parse::<Version>().is_ok() && fits(parts.tags, python);
    }
    if filename.ends_with(".whl") || filename.ends_with(".egg") {
        return false;
    }
    let Some((stem, _)) = strip_sdist_extension(filename) else {
        return false;
    };
    let Some((prefix, version)) = stem.rsplit_once('-') else {
        return false;
    };
    let is_named = PackageName::new(prefix).is_ok_and(|found| found == *name);
    is_named && version.parse::<Version>().is_ok()
}

/// Whether some Python of the target could use a wheel with these tags. Platforms are not asked.
fn fits(tags: &str, python: &Specifier) -> bool {
    let parts: Vec<&str> = tags.split('-').collect();
    let [pythons, abis, _] = parts.as_slice() else {
        return false;
    };
    let mut pairs = pythons
        .split('.')
        .flat_map(|tag| abis.split('.').map(move |abi| (tag, abi)));
    pairs.any(|(tag, abi)| fits_one(tag, abi, python))
}

fn fits_one(tag: &str, abi: &str, python: &Specifier) -> bool {
    let (Some(implementation), Some(major)) = (tag.get(..2), tag.get(2..)) else {
        return false;
    };
    let (major, minor) = match major.char_indices().nth(1) {
        Some((at, _)) => major.split_at(at),
        None => (major, ""),
    };
    let meets = |text: String| {
        Specifier::parse(&text)
            .and_then(|range| range.and(python))
            .is_some_and(|both| !both.is_empty())
    };
    let abi = abi.split('_').next().unwrap_or_default();
    let abi = abi
        .replace("pypy", "pp")
        .replace("pyston", "pt")
        .to_lowercase();
    if abi == "abi3" {
        let from = if minor.is_empty() { "0" } else { minor };
        return implementation == "cp" && meets(format!(">={major}.{from}"));
    }
    if abi != "none" && !abi.starts_with(&tag.to_lowercase()) {
        return false;
    }
    if major.is_empty() || minor.is_empty() {
        meets(format!("=={major}.*"))
    } else {
        meets(format!("=={major}.{minor}.*"))
    }
}
