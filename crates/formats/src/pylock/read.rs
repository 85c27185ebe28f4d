//! Reads a `pylock.toml` of any writer.

use diagnostic::{Diagnostic, Span};
use lock::Lock;
use packaging::{ExtraName, GroupName, Marker, RequiresPython, VersionSpecifiers};
use toml::de::DeTable;

use super::choices::{self, Offered};
use super::entry::{self, Entry};
use super::toml_reading::{Findings, Part};
use crate::flat;

const KEYS: &[&str] = &[
    "lock-version",
    "environments",
    "requires-python",
    "extras",
    "dependency-groups",
    "default-groups",
    "created-by",
    "packages",
    "tool",
];

/// Reads a text, and tells what deserves a look.
pub(super) fn read(text: &str) -> Result<(Lock, Vec<Diagnostic>), Vec<Diagnostic>> {
    crate::nesting::check(text).map_err(|error| vec![error])?;
    let document = DeTable::parse(text).map_err(|error| {
        let title = format!("a `pylock.toml` is TOML: {}", error.message());
        let error_at = error.span().unwrap_or(0..0);
        let diagnostic = Diagnostic::error("pylock/syntax", title).label(error_at, "here");
        flat::or_conflict(text, vec![diagnostic])
    })?;
    let mut found = Findings::default();
    let end = text.find('\n').unwrap_or(text.len());
    let file = Part::new(document.get_ref(), 0..end, "the file");
    version(&file, &mut found)?;
    file.known(KEYS, &mut found);
    file.needed("created-by", &mut found);
    let requires_python = requires_python(&file, &mut found);
    let environments = environments(&file, &mut found);
    let offered = offered(&file, &mut found);
    if file.get("packages").is_none() {
        found.error(
            "pylock/missing-key",
            "the file needs the key `packages`",
            file.span(),
        );
    }
    let tables = file.tables("packages", "a package", &mut found);
    let entries: Vec<Entry> = tables
        .iter()
        .filter_map(|table| entry::read(table, &mut found))
        .collect();
    if !found.errors.is_empty() {
        return Err(flat::or_conflict(text, found.errors));
    }
    let possible = environments.iter().copied().reduce(Marker::or);
    let possible = possible
        .unwrap_or(Marker::TRUE)
        .and(requires_python.to_marker());
    let mut lock = choices::lock(entries, &offered, requires_python, possible, &mut found)?;
    lock.environments = environments;
    Ok((lock, found.warnings))
}

/// That the file is of a version that is known here.
fn version(file: &Part<'_, '_>, found: &mut Findings) -> Result<(), Vec<Diagnostic>> {
    let Some((version, span)) = file.needed("lock-version", found) else {
        return Err(std::mem::take(&mut found.errors));
    };
    let (major, minor) = version.split_once('.').unwrap_or((version, ""));
    if major != "1" || minor.parse::<u32>().is_err() {
        let title = format!("lock-version `{version}` is unknown: expected 1.0");
        return Err(vec![
            Diagnostic::error("pylock/version", title).label(span, ""),
        ]);
    }
    if minor != "0" {
        let title =
            format!("lock-version `{version}` is newer than 1.0: some of it may be unknown");
        found.warn("pylock/version", title, span);
    }
    Ok(())
}

fn requires_python(file: &Part<'_, '_>, found: &mut Findings) -> RequiresPython {
    let everything = || RequiresPython::from_specifiers(&VersionSpecifiers::empty());
    let Some((text, span)) = file.text("requires-python", found) else {
        return everything();
    };
    RequiresPython::parse(text).unwrap_or_else(|_| {
        let title = format!("`{text}` is no list of version specifiers");
        found.error("pylock/requires-python", title, span);
        everything()
    })
}

fn environments(file: &Part<'_, '_>, found: &mut Findings) -> Vec<Marker> {
    let mut environments: Vec<Marker> = Vec::new();
    for (text, span) in file.texts("environments", found) {
        let Some(marker) = marker(text, &span, found) else {
            continue;
        };
        if environments.iter().any(|other| !other.is_disjoint(marker)) {
            let title = "environments should exclude each other";
            found.warn("pylock/environments", title, span);
        }
        environments.push(marker);
    }
    if let Some(value) = file.get("environments").filter(|_| environments.is_empty()) {
        let title = "a list without environments supports none: leave it out";
        found.warn("pylock/environments", title, value.span());
    }
    environments
}

/// Reads a marker that stands in the file.
pub(super) fn marker(text: &str, span: &Span, found: &mut Findings) -> Option<Marker> {
    match Marker::parse(text) {
        Ok(parsed) => {
            for warning in parsed.warnings {
                found.warn("pylock/marker", warning, span.clone());
            }
            Some(parsed.marker)
        }
        Err(error) => {
            let title = format!("`{text}` is no marker: {error}");
            found.error("pylock/marker", title, span.clone());
            None
        }
    }
}

/// The extras and groups that the file offers.
fn offered(file: &Part<'_, '_>, found: &mut Findings) -> Offered {
    let mut offered = Offered {
        is_multi_use: ["extras", "dependency-groups", "default-groups"]
            .iter()
            .any(|key| file.get(key).is_some()),
        ..Offered::default()
    };
    for (text, span) in file.texts("extras", found) {
        offered.extras.extend(name::<ExtraName>(text, &span, found));
    }
    for (text, span) in file.texts("dependency-groups", found) {
        offered.groups.extend(name::<GroupName>(text, &span, found));
    }
    for (text, span) in file.texts("default-groups", found) {
        let Some(group) = name::<GroupName>(text, &span, found) else {
            continue;
        };
        if offered.groups.contains(&group) {
            let title = format!("the default group `{group}` should not be offered as well");
            found.warn("pylock/default-groups", title, span);
        }
        offered.default_groups.push(group);
    }
    offered
}

/// A name that should be normalized already.
pub(super) fn name<T: std::str::FromStr<Err = packaging::InvalidName> + ToString>(
    text: &str,
    span: &Span,
    found: &mut Findings,
) -> Option<T> {
    match text.parse::<T>() {
        Ok(name) => {
            let normalized = name.to_string();
            if normalized != text {
                let title = format!("the name `{text}` is not normalized: expected `{normalized}`");
                found.warn("pylock/name", title, span.clone());
            }
            Some(name)
        }
        Err(error) => {
            found.error("pylock/name", error, span.clone());
            None
        }
    }
}
