//! The pip part of a `pixi.lock`, version 4 to 7: one file for each package and platform.
//! <https://pixi.sh/latest/workspace/lockfile/>

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::Diagnostic;
use lock::PackageId;
use packaging::{GroupName, HashAlgorithm, PackageName, Requirement, Version};

use super::lock_file::{Entries, Entry, digests, place, unread};
use super::yaml::{self, Node};
use super::{Reading, platform};
use crate::flat;

/// The environment that is meant when none is named.
const DEFAULT: &str = "default";

pub(super) fn read(text: &str) -> Reading {
    let root = yaml::parse(text).map_err(|error| flat::or_conflict(text, vec![error]))?;
    version(text, &root)?;
    let mut warnings = Vec::new();
    let records: BTreeMap<&str, &Node> = root
        .get("packages")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| {
            // Up to version 5, a record says its kind and its URL.
            let of_kind = node
                .text_of("url")
                .filter(|_| node.text_of("kind") == Some("pypi"));
            let of_kind = of_kind.or_else(|| node.text_of("path"));
            Some((node.text_of("pypi").or(of_kind)?, node))
        })
        .collect();
    let mut entries = Entries::default();
    let mut conda = BTreeSet::new();
    let environments = root
        .get("environments")
        .map(Node::members)
        .unwrap_or_default();
    // An environment that names no index uses the same one as the others.
    let usual = environments.iter().find_map(|(_, it)| first_index(it));
    for (name, environment) in root
        .get("environments")
        .map(Node::members)
        .unwrap_or_default()
    {
        let group = name.text().map(str::parse::<GroupName>);
        let Some(Ok(group)) = group else {
            let error = Diagnostic::error("conda/shape", "expected the name of an environment");
            entries.errors.push(error.label(name.span.clone(), "here"));
            continue;
        };
        let is_default = group.as_str() == DEFAULT;
        let index = first_index(environment).or(usual);
        for (system, listed) in environment
            .get("packages")
            .map(Node::members)
            .unwrap_or_default()
        {
            let system_name = system.text().unwrap_or_default();
            let has_pypi = listed.items().iter().any(|node| node.get("pypi").is_some());
            conda.extend(
                listed
                    .items()
                    .iter()
                    .filter_map(|node| node.text_of("conda")),
            );
            let Some(marker) = platform::marker(system_name) else {
                if has_pypi {
                    let title = format!("the platform `{system_name}` is unknown, and left out");
                    let warning = Diagnostic::warning("conda/platform", title);
                    warnings.push(warning.label(system.span.clone(), "here"));
                }
                continue;
            };
            for node in listed.items() {
                let Some(url) = node.text_of("pypi") else {
                    continue;
                };
                let Some(record) = records.get(url) else {
                    let title = format!("`{url}` is not among the packages");
                    let error = Diagnostic::error("conda/dangling", title);
                    entries.errors.push(error.label(node.span.clone(), "here"));
                    continue;
                };
                match entry(url, record, index, marker) {
                    Ok(mut entry) => {
                        entry.is_main = is_default;
                        entry.span = node.span.clone();
                        let id = entry.id.clone();
                        entries.add(entry);
                        if !is_default {
                            entries.want(group.clone(), &id, marker);
                        }
                    }
                    Err(title) => {
                        let error = Diagnostic::error("conda/entry", title);
                        entries
                            .errors
                            .push(error.label(record.span.clone(), "here"));
                    }
                }
            }
        }
    }
    if !entries.errors.is_empty() {
        return Err(flat::or_conflict(text, entries.errors));
    }
    let span = root
        .get("environments")
        .map_or(0..0, |it| it.span.start..it.span.start);
    warnings.extend(unread(conda.len(), span));
    Ok((entries.into_lock()?, warnings))
}

/// The index that an environment's packages come from.
fn first_index(environment: &Node) -> Option<&str> {
    environment.get("indexes")?.items().first()?.text()
}

fn version(text: &str, root: &Node) -> Result<(), Vec<Diagnostic>> {
    match root.get("version") {
        Some(version) if matches!(version.text(), Some("4" | "5" | "6" | "7")) => Ok(()),
        Some(version) => {
            let found = version.text().unwrap_or("something else");
            let title = format!("version `{found}` of a `pixi.lock` is unknown: expected 4 to 7");
            let error = Diagnostic::error("conda/version", title);
            Err(vec![
                error
                    .label(version.span.clone(), "")
                    .help("let pixi write it anew"),
            ])
        }
        None => {
            let title = "a `pixi.lock` has a key `version`, but this has none";
            let error = Diagnostic::error("conda/shape", title).label(0..0, "");
            Err(flat::or_conflict(text, vec![error]))
        }
    }
}

fn entry(
    url: &str,
    record: &Node,
    index: Option<&str>,
    marker: packaging::Marker,
) -> Result<Entry, String> {
    let name = record
        .text_of("name")
        .ok_or("a package needs the key `name`")?;
    let name: PackageName = name.parse().map_err(|error| format!("{error}"))?;
    let version = match record.text_of("version") {
        Some(version) => {
            let parsed = version.parse::<Version>();
            Some(parsed.map_err(|_| format!("`{version}` is no version"))?)
        }
        None => None,
    };
    let algorithms = [
        ("md5", HashAlgorithm::Md5),
        ("sha256", HashAlgorithm::Sha256),
    ];
    let given = algorithms
        .into_iter()
        .filter_map(|(key, algorithm)| Some((algorithm, record.text_of(key)?)));
    let hashes = digests(given)?;
    let index = record.text_of("index").or(index);
    // Archives that a requirement names itself are marked by what they are: `direct+https://…`.
    let plain = url.strip_prefix("direct+").unwrap_or(url);
    let (source, file) = place(plain, hashes, index);
    let lines = record
        .get("requires_dist")
        .map(Node::items)
        .unwrap_or_default();
    let lines = lines
        .iter()
        .filter_map(|line| Requirement::parse(line.text()?).ok());
    let requires = lines
        .map(|line| (line.name.clone(), line.marker.simplify_no_extras()))
        .filter(|(_, marker)| !marker.is_false());
    let is_file = file.is_some();
    Ok(Entry {
        id: PackageId {
            name,
            version: version.filter(|_| is_file),
            source,
        },
        file,
        marker,
        requires: requires.collect(),
        groups: BTreeSet::new(),
        is_main: false,
        span: record.span.clone(),
    })
}
