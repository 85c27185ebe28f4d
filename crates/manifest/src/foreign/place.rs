//! The project behind a path or URL that does not say its name.

use std::collections::BTreeMap;

use packaging::filename::{WheelParts, strip_sdist_extension};
use packaging::requirements_file::Place;

use crate::lower::{file_path, is_archive, normalize};

/// The name of the project: by its `egg`, its file's name, its `pyproject.toml` among the files,
/// or the repository's name.
pub(super) fn name_of(place: &Place, files: &BTreeMap<String, String>) -> Option<String> {
    if let Some(egg) = place.egg() {
        return Some(egg.to_owned());
    }
    let text = place.text.split(['#', '?']).next()?;
    if is_archive(text) {
        return of_archive(text.rsplit(['/', '\\']).next()?);
    }
    if let Some(path) = file_path(text) {
        let path = normalize(&format!("{}/pyproject.toml", path.replace('\\', "/")));
        let document: toml::Table = files.get(&path)?.parse().ok()?;
        let name = |table: Option<&toml::Value>| {
            let name = table?.get("name")?.as_str()?;
            Some(name.to_owned())
        };
        let poetry = document.get("tool").and_then(|tool| tool.get("poetry"));
        return name(document.get("project")).or_else(|| name(poetry));
    }
    let repository = text.strip_prefix("git+")?;
    let start = repository.find("://").map_or(0, |at| at + 3);
    let path = repository.get(start..)?.split_once('/')?.1;
    let path = path.split('@').next()?.trim_end_matches('/');
    let name = path.rsplit('/').next()?;
    Some(name.trim_end_matches(".git").to_owned())
}

/// The name of the project whose distribution a file is.
fn of_archive(file: &str) -> Option<String> {
    if file.ends_with(".whl") {
        return Some(WheelParts::split(file).ok()?.name.to_owned());
    }
    let stem = strip_sdist_extension(file).map_or(file, |it| it.0);
    let mut dashes = stem.match_indices('-').map(|it| it.0);
    let at = dashes.find(|at| stem[at + 1..].starts_with(|it: char| it.is_ascii_digit()))?;
    Some(stem[..at].to_owned())
}
