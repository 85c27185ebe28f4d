//! `[tool.pdm.resolution]`: overrides, excludes, pre-releases, cut-offs, and which files count.

use packaging::{PackageName, VersionSpecifiers};
use toml::de::DeTable;

use crate::document::{Node, Reader};
use crate::tool_uv::{Exclude, IndexStrategy, Override, PrereleaseMode, Selection, ToolUv, cutoff};

/// Reads the table into the settings that stand for it.
pub(super) fn read(reader: &mut Reader<'_>, pdm: &DeTable<'_>, uv: &mut ToolUv) {
    let empty = DeTable::new();
    let table = pdm
        .get("resolution")
        .and_then(|node| reader.table(node, "tool.pdm.resolution"))
        .unwrap_or(&empty);
    uv.overrides = overrides(reader, table);
    uv.excludes = excludes(reader, table);
    let settings = &mut uv.settings;
    settings.prerelease = match flag(reader, table, "allow-prereleases") {
        None => PrereleaseMode::IfNecessary,
        Some(true) => PrereleaseMode::Allow,
        Some(false) => PrereleaseMode::Disallow,
    };
    settings.index_strategy = match flag(reader, table, "respect-source-order") {
        Some(true) => IndexStrategy::FirstIndex,
        _ => IndexStrategy::UnsafeBestMatch,
    };
    settings.exclude_newer = table
        .get("exclude-newer")
        .and_then(|node| cutoff::read(reader, node, "tool.pdm.resolution.exclude-newer"));
    settings.no_binary = selection(reader, table, "no-binary");
    settings.no_build = selection(reader, table, "only-binary");
}

fn flag(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Option<bool> {
    let node = table.get(key)?;
    reader.boolean(node, &format!("tool.pdm.resolution.{key}"))
}

/// Versions, specifiers or URLs by project: they hold whoever asks.
fn overrides(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Override> {
    let place = "tool.pdm.resolution.overrides";
    let listed = table
        .get("overrides")
        .and_then(|node| reader.table(node, place));
    let mut found = Vec::new();
    for (name, node) in listed.into_iter().flatten() {
        let name = name.get_ref();
        let Some(value) = reader.string(node, &format!("{place}.{name}")) else {
            continue;
        };
        let text = if value.contains("://") {
            format!("{name} @ {value}")
        } else if value.parse::<VersionSpecifiers>().is_ok() {
            format!("{name}{value}")
        } else {
            format!("{name}=={value}")
        };
        found.extend(reader.requirement(&text, node).map(Override::Everywhere));
    }
    found
}

fn excludes(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Exclude> {
    let Some(node) = table.get("excludes") else {
        return Vec::new();
    };
    let strings = reader.strings(node, "tool.pdm.resolution.excludes");
    let exclude = |(text, node): (&str, &Node<'_>)| {
        let span = node.span();
        // Extras of a project cannot be left out alone here.
        let name = PackageName::new(text).ok()?;
        Some(Exclude::Everywhere { name, span })
    };
    strings.into_iter().filter_map(exclude).collect()
}

/// Projects, or `:all:`; several in one string are separated by commas.
fn selection(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Selection {
    let place = format!("tool.pdm.resolution.{key}");
    let strings = table
        .get(key)
        .map(|node| reader.string_or_strings(node, &place));
    let mut selection = Selection::default();
    for (text, _) in strings.into_iter().flatten() {
        for name in text.split(',').map(str::trim) {
            match PackageName::new(name) {
                _ if name == ":all:" => selection.all = true,
                Ok(name) => selection.packages.push(name),
                Err(_) => {}
            }
        }
    }
    selection
}
