//! CycloneDX 1.6, JSON: a lock as a bill of materials.
//! <https://cyclonedx.org/docs/1.6/json/>
//!
//! The same lock gives the same text: neither a serial number nor a time is written. A component's
//! marker stands in the property `lockwright:marker`, its index in `lockwright:index`. Cannot say:
//! extras and groups that are not selected, and forks. Only written.

use diagnostic::Diagnostic;
use lock::{Artifact, Lock, Package, Source};
use packaging::{Hash, HashAlgorithm};
use serde::Serialize;

use crate::graph::{Node, graph, url_of};
use crate::{LockFormat, Loss, Needs, WriteRequest, Written};

/// A CycloneDX bill of materials.
#[derive(Clone, Copy, Debug)]
pub struct CycloneDx;

impl LockFormat for CycloneDx {
    fn name(&self) -> &'static str {
        "cyclonedx"
    }

    fn file_name(&self) -> &'static str {
        "bom.cdx.json"
    }

    fn owns(&self, file_name: &str) -> bool {
        file_name == "bom.json" || file_name.ends_with(".cdx.json")
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('{') && text.contains("\"bomFormat\"")
    }

    fn media_type(&self) -> &'static str {
        "application/vnd.cyclonedx+json"
    }

    fn is_export(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs {
            hashes: true,
            metadata: true,
            ..Needs::NOTHING
        }
    }

    fn read(&self, _: &str) -> Result<Lock, Vec<Diagnostic>> {
        Err(crate::only_written(self))
    }

    fn write(&self, lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        let mut written = Written::default();
        let graph = graph(lock, request, &mut written)?;
        let root = graph.root.map(|id| Component {
            kind: "application",
            reference: ROOT,
            name: id.name.as_str(),
            version: id.version.as_ref().map(ToString::to_string),
            ..Component::default()
        });
        let direct = graph.nodes.iter().filter(|node| node.is_direct);
        let mut dependencies: Vec<Depends<'_>> = root
            .iter()
            .map(|_| Depends {
                reference: ROOT,
                depends_on: direct.clone().map(|node| node.reference.as_str()).collect(),
            })
            .collect();
        dependencies.extend(graph.nodes.iter().map(|node| Depends {
            reference: &node.reference,
            depends_on: node.requires.iter().map(String::as_str).collect(),
        }));
        for node in &graph.nodes {
            let package = node.selected.package;
            if package
                .published
                .as_ref()
                .is_none_or(|it| it.license.is_none())
                && !package.id.source.is_source_tree()
            {
                let name = package.id.name.clone();
                written.lose(Loss::Unheard {
                    name,
                    fact: "licence",
                });
            }
            let has_place = package.artifacts().any(|file| url_of(file).is_some());
            if !has_place && own_hashes(package).is_empty() && package.artifacts().next().is_some()
            {
                let (name, version) = (package.id.name.clone(), package.id.version.clone());
                written.lose(Loss::Unhashed { name, version });
            }
        }
        let bom = Bom {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bom_format: "CycloneDX",
            spec_version: "1.6",
            version: 1,
            metadata: Metadata {
                tools: Tools {
                    components: [Component {
                        kind: "application",
                        name: env!("CARGO_PKG_NAME").trim_end_matches("-formats"),
                        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                        ..Component::default()
                    }],
                },
                component: root,
            },
            components: graph.nodes.iter().map(component).collect(),
            dependencies,
        };
        written.text = crate::pretty_json(&bom);
        Ok(written)
    }
}

/// What stands for the project itself.
const ROOT: &str = "root";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    bom_format: &'a str,
    spec_version: &'a str,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    dependencies: Vec<Depends<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    tools: Tools<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<Component<'a>>,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [Component<'a>; 1],
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "bom-ref", skip_serializing_if = "str::is_empty")]
    reference: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Digest<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Licence<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    purl: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Digest<'a> {
    alg: &'a str,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Licence<'a> {
    License { name: &'a str },
    Expression(&'a str),
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Digest<'a>>,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Depends<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
}

fn component<'a>(node: &'a Node<'a>) -> Component<'a> {
    let package = node.selected.package;
    let published = package.published.as_deref();
    let mut properties = Vec::new();
    if let Source::Registry(index) = &package.id.source
        && !index.as_str().is_empty()
    {
        let value = index.to_string();
        properties.push(Property {
            name: "lockwright:index",
            value,
        });
    }
    if let Some(value) = node.selected.marker.text() {
        properties.push(Property {
            name: "lockwright:marker",
            value,
        });
    }
    Component {
        kind: "library",
        reference: &node.reference,
        name: package.id.name.as_str(),
        version: package.id.version.as_ref().map(ToString::to_string),
        description: published.and_then(|it| it.summary.as_deref()),
        scope: Some(if node.is_runtime {
            "required"
        } else {
            "optional"
        }),
        hashes: own_hashes(package),
        licenses: published
            .and_then(|it| it.license.as_deref())
            .map(licence)
            .into_iter()
            .collect(),
        purl: &node.purl,
        external_references: package.artifacts().filter_map(reference).collect(),
        properties,
    }
}

/// The digests of a package that is one file; those of several are with the files.
fn own_hashes(package: &Package) -> Vec<Digest<'_>> {
    let mut files = package.artifacts();
    match (files.next(), files.next()) {
        (Some(file), None) => digests(file),
        _ => Vec::new(),
    }
}

fn reference(file: &Artifact) -> Option<Reference<'_>> {
    Some(Reference {
        kind: "distribution",
        url: url_of(file)?,
        hashes: digests(file),
    })
}

fn digests(file: &Artifact) -> Vec<Digest<'_>> {
    let digest = |hash: &Hash| Digest {
        alg: match hash.algorithm {
            HashAlgorithm::Md5 => "MD5",
            HashAlgorithm::Sha256 => "SHA-256",
            HashAlgorithm::Sha384 => "SHA-384",
            HashAlgorithm::Sha512 => "SHA-512",
            HashAlgorithm::Blake2b => "BLAKE2b-512",
        },
        content: hash.digest.to_ascii_lowercase(),
    };
    file.hashes.iter().map(digest).collect()
}

/// A licence: an expression if it is composed like one, else a name.
fn licence(text: &str) -> Licence<'_> {
    let is_operator = |word: &str| matches!(word, "AND" | "OR" | "WITH");
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_identifier = |word: &&str| {
        let word = word.trim_matches(['(', ')']);
        !word.is_empty()
            && word
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b".+-:".contains(&it))
    };
    let alternates = words
        .iter()
        .enumerate()
        .all(|(at, word)| is_operator(word) == (at % 2 == 1));
    let is_expression =
        words.len() > 1 && words.len() % 2 == 1 && alternates && words.iter().all(is_identifier);
    if is_expression {
        Licence::Expression(text)
    } else {
        Licence::License { name: text }
    }
}
