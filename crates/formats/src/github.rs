//! What GitHub's dependency submission API takes: the `manifests` of a snapshot.
//! <https://docs.github.com/en/rest/dependency-graph/dependency-submission>
//!
//! Cannot say: hashes, files, indexes and markers. What only the caller knows (`sha`, `ref`, `job`,
//! `scanned`) is left for it to add. Only written.

use std::collections::BTreeMap;

use diagnostic::Diagnostic;
use lock::Lock;
use serde::Serialize;

use crate::graph::graph;
use crate::{LockFormat, Loss, WriteRequest, Written};

/// A snapshot for GitHub's dependency submission API.
#[derive(Clone, Copy, Debug)]
pub struct GitHub;

impl LockFormat for GitHub {
    fn name(&self) -> &'static str {
        "github-dependency-submission"
    }

    fn file_name(&self) -> &'static str {
        "dependency-submission.json"
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('{')
            && text.contains("\"detector\"")
            && text.contains("\"manifests\"")
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn is_export(&self) -> bool {
        true
    }

    fn read(&self, _: &str) -> Result<Lock, Vec<Diagnostic>> {
        Err(crate::only_written(self))
    }

    fn write(&self, lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        let mut written = Written::default();
        let graph = graph(lock, request, &mut written)?;
        let purls: BTreeMap<&str, &str> = graph
            .nodes
            .iter()
            .map(|node| (node.reference.as_str(), node.purl.as_str()))
            .collect();
        let mut resolved = BTreeMap::new();
        for node in &graph.nodes {
            let id = &node.selected.package.id;
            let is_alone = lock.named(&id.name).nth(1).is_none();
            let key = if is_alone {
                id.name.to_string()
            } else {
                node.reference.clone()
            };
            let requires = node.requires.iter();
            let dependencies = requires.filter_map(|it| purls.get(it.as_str()).copied());
            let resolution = Resolved {
                package_url: &node.purl,
                relationship: if node.is_direct { "direct" } else { "indirect" },
                scope: if node.is_runtime {
                    "runtime"
                } else {
                    "development"
                },
                dependencies: dependencies.collect(),
            };
            resolved.insert(key, resolution);
        }
        let manifest = Manifest {
            name: MANIFEST,
            file: File {
                source_location: MANIFEST,
            },
            resolved,
        };
        let snapshot = Snapshot {
            version: 0,
            detector: Detector {
                name: env!("CARGO_PKG_NAME").trim_end_matches("-formats"),
                version: env!("CARGO_PKG_VERSION"),
                url: env!("CARGO_PKG_REPOSITORY"),
            },
            manifests: BTreeMap::from([(MANIFEST, manifest)]),
        };
        if lock
            .packages
            .iter()
            .any(|package| package.artifacts().next().is_some())
        {
            written.lose(Loss::FileUrls);
        }
        written.lose(Loss::Caller {
            facts: "`sha`, `ref`, `job` and `scanned`",
        });
        written.text = crate::pretty_json(&snapshot);
        Ok(written)
    }
}

/// The file that the packages were resolved for.
const MANIFEST: &str = "pyproject.toml";

#[derive(Serialize)]
struct Snapshot<'a> {
    version: u32,
    detector: Detector<'a>,
    manifests: BTreeMap<&'a str, Manifest<'a>>,
}

#[derive(Serialize)]
struct Detector<'a> {
    name: &'a str,
    version: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Manifest<'a> {
    name: &'a str,
    file: File<'a>,
    resolved: BTreeMap<String, Resolved<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    source_location: &'a str,
}

#[derive(Serialize)]
struct Resolved<'a> {
    package_url: &'a str,
    relationship: &'a str,
    scope: &'a str,
    dependencies: Vec<&'a str>,
}
