//! The requirements of the root, group by group, in the order in which pdm hands them to its
//! resolver.

use std::collections::{BTreeMap, BTreeSet};

use packaging::Requirement;
use toml::Value;

use super::marker_parse;
use super::project::Project;
use super::requirement::{Line, normalized};

/// The group of a project's own dependencies.
pub(super) const DEFAULT: &str = "default";

/// What is asked for.
pub(super) struct Root {
    /// The requirements; one that several groups share stands there several times.
    pub(super) lines: Vec<Line>,
    /// The groups that are locked, `default` first.
    pub(super) groups: Vec<String>,
}

/// `default`, then by name.
pub(super) fn in_order(groups: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut groups: Vec<String> = groups.into_iter().collect();
    groups.sort_by(|one, other| (one != DEFAULT, one).cmp(&(other != DEFAULT, other)));
    groups.dedup();
    groups
}

/// The requirements of some groups.
pub(super) fn read(project: &Project, groups: &[String]) -> Root {
    let mut extras = project.extras();
    extras.insert(DEFAULT.to_owned(), project.dependencies());
    let mut expansion = Expansion {
        own: project.name().map(normalized),
        extras,
        groups: &project.groups,
        lines: Vec::new(),
        by_group: BTreeMap::new(),
        open: Vec::new(),
    };
    expansion.expand(groups);
    let mut lines = Vec::new();
    for group in groups {
        let found = expansion.by_group.get(group).into_iter().flatten();
        lines.extend(found.map(|at| expansion.lines[*at].clone()));
    }
    let mentioned = lines.iter().flat_map(|line| line.groups.iter().cloned());
    Root {
        groups: in_order(groups.iter().cloned().chain(mentioned)),
        lines,
    }
}

struct Expansion<'a> {
    own: Option<String>,
    extras: BTreeMap<String, Vec<Value>>,
    groups: &'a BTreeMap<String, Vec<Value>>,
    lines: Vec<Line>,
    by_group: BTreeMap<String, Vec<usize>>,
    /// Groups that refer to others, with those not yet dealt with.
    open: Vec<(String, BTreeSet<String>)>,
}

impl Expansion<'_> {
    fn expand(&mut self, groups: &[String]) {
        let mut known: BTreeSet<String> = groups.iter().cloned().collect();
        for group in groups {
            self.collect(group);
        }
        let mut added: Vec<(String, Vec<usize>)> = Vec::new();
        loop {
            let mut changed = false;
            let mut at = 0;
            while at < self.open.len() {
                let (group, referred) = self.open[at].clone();
                for other in referred {
                    if known.insert(other.clone()) {
                        self.collect(&other);
                    }
                    if self
                        .open
                        .iter()
                        .any(|(name, left)| *name == other && !left.is_empty())
                    {
                        continue;
                    }
                    self.include(&group, &other, &mut added);
                    self.open[at].1.remove(&other);
                    changed = true;
                }
                at += 1;
            }
            self.open.retain(|(_, referred)| !referred.is_empty());
            if !changed {
                break;
            }
        }
        for (group, lines) in added {
            self.by_group.entry(group).or_default().extend(lines);
        }
    }

    /// What a group takes over of another one.
    fn include(&mut self, group: &str, other: &str, added: &mut Vec<(String, Vec<usize>)>) {
        let own = self.by_group.get(other).cloned().unwrap_or_default();
        let more = added.iter().find(|(name, _)| name == other);
        let more = more.map(|(_, lines)| lines.clone()).unwrap_or_default();
        for at in own.iter().chain(&more) {
            let groups = &mut self.lines[*at].groups;
            if !groups.iter().any(|known| known == group) {
                groups.push(group.to_owned());
            }
        }
        match added.iter_mut().find(|(name, _)| name == group) {
            Some((_, lines)) => lines.extend(own),
            None => added.push((group.to_owned(), own)),
        }
    }

    /// Reads the items of one group.
    fn collect(&mut self, group: &str) {
        let in_metadata = self.extras.contains_key(group);
        let items = self.extras.get(group).or_else(|| self.groups.get(group));
        let items = items.cloned().unwrap_or_default();
        let mut referred = BTreeSet::new();
        for item in &items {
            if let Some(name) = item.get("include-group").and_then(Value::as_str) {
                referred.insert(normalized(name));
            }
            let Some(text) = item.as_str() else { continue };
            if let Some(extras) = self.extras_of_own(text) {
                referred.extend(extras);
                continue;
            }
            if in_metadata && text.starts_with("-e ") {
                continue;
            }
            let Some(mut line) = line(text) else { continue };
            line.groups.push(group.to_owned());
            self.by_group
                .entry(group.to_owned())
                .or_default()
                .push(self.lines.len());
            self.lines.push(line);
        }
        if !referred.is_empty() {
            self.open.push((group.to_owned(), referred));
        }
    }

    /// The extras, if the item is the project itself and nothing else.
    fn extras_of_own(&self, text: &str) -> Option<Vec<String>> {
        let (name, extras) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((name, extras)) => (name, extras),
            None => (text, ""),
        };
        (self.own.as_deref() == Some(normalized(name.trim()).as_str())).then(|| {
            let extras = extras.split(',').map(str::trim);
            extras
                .filter(|extra| !extra.is_empty())
                .map(normalized)
                .collect()
        })
    }
}

/// Reads what stands in a list of requirements: PEP 508, a repository's URL, `-e` and a URL.
pub(super) fn line(text: &str) -> Option<Line> {
    let (text, editable) = match text.strip_prefix("-e ") {
        Some(rest) => (rest.trim(), true),
        None => (text, false),
    };
    let mut line = match Requirement::parse_lenient(text) {
        Ok((requirement, _)) if !is_repository(text) => Line::of(&requirement),
        _ => of_url(text)?,
    };
    line.editable = editable;
    Some(line)
}

fn is_repository(text: &str) -> bool {
    ["git+", "hg+", "svn+", "bzr+"]
        .iter()
        .any(|kind| text.starts_with(kind))
}

/// A URL or path without a name before it; `#egg=` may tell the name.
fn of_url(text: &str) -> Option<Line> {
    let (url, marker) = text.split_once(';').unwrap_or((text, ""));
    let url = url.trim();
    let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
    let part = |key: &str| {
        fragment
            .split('&')
            .find_map(|part| part.strip_prefix(key)?.strip_prefix('='))
    };
    let egg = part("egg").map(str::to_owned).or_else(|| guess(place))?;
    let (name, extras) = egg.split_once('[').unwrap_or((&egg, ""));
    let mut line = Line::new(name);
    line.extras = extras
        .trim_end_matches(']')
        .split(',')
        .map(|extra| extra.trim().to_owned())
        .filter(|extra| !extra.is_empty())
        .collect();
    line.extras.sort();
    let folder = part("subdirectory").map(|folder| format!("#subdirectory={folder}"));
    line.url = Some(format!("{place}{}", folder.unwrap_or_default()));
    line.set_marker(
        Some(marker.trim())
            .filter(|text| !text.is_empty())
            .and_then(marker_parse::read),
    );
    Some(line)
}

/// The project's name at the end of a URL or path.
fn guess(place: &str) -> Option<String> {
    let file = place.trim_end_matches('/').rsplit('/').next()?;
    let file = file.split('@').next()?;
    if let Some(wheel) = file.strip_suffix(".whl") {
        return wheel.split('-').next().map(str::to_owned);
    }
    if is_repository(place) {
        return Some(file.trim_end_matches(".git").to_owned());
    }
    let stem = packaging::filename::strip_sdist_extension(file).map_or(file, |(stem, _)| stem);
    let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
    (!name.is_empty()).then(|| name.to_owned())
}
