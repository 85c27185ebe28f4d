//! From a resolution to a lock: edges, files with hashes, raw texts (uv.md appendix B.6).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use index::{File, Metadata, Project, Release, Yanked};
use lock::{
    Artifact, ArtifactSource, Declared, Dependency, Lock, Package, PackageId, Published, Source,
};
use packaging::filename::WheelFilename;
use packaging::{ExtraName, Marker, PackageName, PythonBounds, Version, tag};
use rustc_hash::FxHashSet;

use crate::node::Kind;
use crate::problem::LocalProject;
use crate::resolution::{GraphNode, Heard, Resolution};

impl Resolution {
    /// The lock: everything that any format could want to say.
    #[must_use]
    pub fn into_lock(self) -> Lock {
        let assembly = Assembly::new(&self);
        let packages = assembly.packages();
        Lock {
            requires_python: self.problem.requires_python,
            forks: self.forks.iter().map(|fork| fork.combined).collect(),
            environments: self.problem.environments,
            required_environments: self.problem.required_environments,
            conflicts: self.problem.conflicts,
            options: self.problem.options,
            asked: self.problem.asked,
            packages,
        }
    }
}

struct Assembly<'a> {
    resolution: &'a Resolution,
    ids: Vec<PackageId>,
    /// Projects locked in several versions.
    duplicates: FxHashSet<&'a PackageName>,
    /// The environments that wheels must serve, if the user limits them.
    environments: Option<Marker>,
}

impl<'a> Assembly<'a> {
    fn new(resolution: &'a Resolution) -> Self {
        let graph = &resolution.graph;
        let mut names = FxHashSet::default();
        let bases = graph
            .nodes
            .iter()
            .filter(|node| node.key.kind == Kind::Base);
        let duplicates = bases
            .map(|node| &node.key.name)
            .filter(|name| !names.insert(*name))
            .collect();
        let ids = graph
            .nodes
            .iter()
            .zip(&resolution.heard)
            .map(|(node, heard)| id(node, heard));
        let environments = &resolution.problem.environments;
        Self {
            resolution,
            ids: ids.collect(),
            duplicates,
            environments: (!environments.is_empty())
                .then(|| environments.iter().copied().fold(Marker::FALSE, Marker::or)),
        }
    }

    fn packages(&self) -> Vec<Package> {
        let nodes = &self.resolution.graph.nodes;
        let mut packages: BTreeMap<&PackageId, Package> = BTreeMap::new();
        for at in (0..nodes.len()).filter(|at| nodes[*at].key.kind == Kind::Base) {
            packages.insert(&self.ids[at], self.package(at));
        }
        for (at, node) in nodes.iter().enumerate() {
            let Some(package) = packages.get_mut(&self.ids[at]) else {
                continue;
            };
            let edges = self.edges(at);
            if edges.is_empty() {
                continue;
            }
            match &node.key.kind {
                Kind::Base => {}
                Kind::Extra(extra) => {
                    package
                        .extra_markers
                        .insert(extra.clone(), node.condition.combined);
                    package.optional_dependencies.insert(extra.clone(), edges);
                }
                Kind::Group(group) => {
                    package.dev_dependencies.insert(group.clone(), edges);
                }
            }
        }
        packages.into_values().collect()
    }

    fn package(&self, at: usize) -> Package {
        let node = &self.resolution.graph.nodes[at];
        let heard = &self.resolution.heard[at];
        let marker = node.condition.combined;
        let local = heard.local.as_deref().map(|local| &local.project);
        let forks = self.resolution.forks.iter().map(|fork| fork.combined);
        Package {
            id: self.ids[at].clone(),
            forks: if self.duplicates.contains(&node.key.name) {
                forks.filter(|fork| !fork.is_disjoint(marker)).collect()
            } else {
                Vec::new()
            },
            marker,
            extra_markers: BTreeMap::new(),
            dependencies: self.edges(at),
            optional_dependencies: BTreeMap::new(),
            dev_dependencies: BTreeMap::new(),
            sdist: match local {
                Some(project) => local_file(project).filter(|_| heard.is_sdist()),
                None => sdist(heard).map(artifact),
            },
            wheels: match local {
                Some(project) => {
                    let file = local_file(project).filter(|_| !heard.is_sdist());
                    file.into_iter().collect()
                }
                None => self.wheels(heard, marker),
            },
            published: match local {
                Some(project) => project.metadata.as_deref().map(|metadata| {
                    let files = local_file(project).into_iter().collect();
                    published_by(metadata, None, files)
                }),
                None => heard.release.as_ref().map(|release| Published {
                    listed: self.listed(heard),
                    ..published(release, heard.metadata.as_deref())
                }),
            }
            .map(Arc::new),
            // What a repository says is known by its commit.
            declared: local
                .filter(|project| !matches!(project.source, Source::Git { .. }))
                .map(|project| Declared {
                    requires_dist: project.requires_dist.clone(),
                    provides_extra: project.provides_extra.clone(),
                    requires_dev: project.groups.clone(),
                }),
            default_groups: local.and_then(|project| project.default_groups.clone()),
            group_requires_python: local
                .map(|project| project.group_requires_python.clone())
                .unwrap_or_default(),
        }
    }

    /// The versions to choose from, where their number counted.
    fn listed(&self, heard: &Heard) -> Arc<[Version]> {
        let map = heard.map.as_ref();
        let map = map.filter(|_| self.resolution.problem.manner.weighs);
        map.map_or_else(Arc::default, |map| listed(&map.project))
    }

    /// The edges of a node.
    fn edges(&self, at: usize) -> Vec<Dependency> {
        let graph = &self.resolution.graph;
        let edges = graph.edges.range((at + 1, 0)..(at + 2, 0));
        let mut dependencies: Vec<Dependency> = edges
            .map(|(&(_, to), condition)| {
                let target = &graph.nodes[to - 1].key.kind;
                Dependency {
                    id: self.ids[to - 1].clone(),
                    extras: match target {
                        Kind::Extra(extra) => BTreeSet::from([extra.clone()]),
                        Kind::Base | Kind::Group(_) => BTreeSet::<ExtraName>::new(),
                    },
                    marker: condition.combined,
                }
            })
            .collect();
        dependencies.sort_by(|left, right| {
            let order = left
                .id
                .cmp(&right.id)
                .then_with(|| left.extras.cmp(&right.extras));
            order.then_with(|| left.marker.cmp(&right.marker))
        });
        dependencies
    }

    /// The wheels that some environment of the package could use.
    fn wheels(&self, heard: &Heard, marker: Marker) -> Vec<Artifact> {
        let (Some(map), Some(release)) = (&heard.map, &heard.release) else {
            return Vec::new();
        };
        let reachable = self.environments.map_or(marker, |all| marker.and(all));
        let bounds = self.resolution.problem.requires_python.bounds();
        release
            .wheels
            .iter()
            .filter(|file| !map.hides(file))
            .filter(|file| {
                file.wheel()
                    .is_some_and(|wheel| is_usable(wheel, bounds, reachable))
            })
            .map(artifact)
            .collect()
    }
}

/// Whether some environment and some Python of a lock could use a wheel.
#[must_use]
pub fn is_usable(wheel: &WheelFilename, bounds: &PythonBounds, reachable: Marker) -> bool {
    !wheel.is_variant()
        && tag::matches_requires_python(wheel, bounds)
        && tag::is_reachable(wheel, reachable)
}

fn id(node: &GraphNode, heard: &Heard) -> PackageId {
    let (version, source) = match &heard.local {
        Some(local) if local.project.source.is_source_tree() => {
            (local.project.version.clone(), local.project.source.clone())
        }
        Some(local) => (local.project.version.clone(), node.key.source.clone()),
        None => (Some(node.key.version.clone()), node.key.source.clone()),
    };
    PackageId {
        name: node.key.name.clone(),
        version,
        source,
    }
}

/// The file of a project that is an archive.
fn local_file(project: &LocalProject) -> Option<Artifact> {
    let archive = project.archive.as_ref()?;
    Some(Artifact {
        filename: archive.filename.clone(),
        source: match &project.source {
            Source::Url { url, .. } => ArtifactSource::Url(url.clone()),
            _ => ArtifactSource::Name(archive.filename.clone()),
        },
        hashes: vec![archive.hash.clone()],
        size: None,
        upload_time: None,
        yanked: None,
    })
}

/// The source distribution a lock lists: the most usable one the cut-off does not hide.
fn sdist(heard: &Heard) -> Option<&Arc<File>> {
    let map = heard.map.as_deref()?;
    heard
        .offer
        .as_ref()?
        .sdist
        .as_ref()
        .filter(|file| !map.hides(file))
}

/// A file of an index as locks pin it.
#[must_use]
pub fn artifact(file: &Arc<File>) -> Artifact {
    Artifact {
        filename: file.filename.clone(),
        source: ArtifactSource::Url(file.url.clone()),
        hashes: file.hashes.clone(),
        size: file.size,
        upload_time: file.upload_time,
        yanked: match &file.yanked {
            Yanked::No => None,
            Yanked::Yes(reason) => Some(reason.clone()),
        },
    }
}

/// What an index and, where it was heard, metadata say about a release; the index's word on
/// Pythons counts first.
#[must_use]
pub fn published(release: &Release, metadata: Option<&Metadata>) -> Published {
    let on_page = release
        .files()
        .find_map(|file| file.requires_python.as_ref())
        .map(|requires_python| requires_python.text.clone());
    let files = release.files().map(artifact).collect();
    match metadata {
        Some(metadata) => published_by(metadata, on_page, files),
        None => Published {
            index_requires_python: on_page.clone(),
            requires_python: on_page,
            files,
            ..Published::default()
        },
    }
}

/// Every version of a project that its index has not withdrawn, ascending.
#[must_use]
pub fn listed(project: &Project) -> Arc<[Version]> {
    let is_offered = |at: &usize| {
        let release = project.sketch_at(*at);
        release.files().any(|file| !file.yanked.is_yanked())
    };
    let places = (0..project.len()).filter(is_offered);
    places.map(|at| project.version_at(at).clone()).collect()
}

/// What metadata says; the index's word on Pythons counts first.
#[must_use]
pub fn published_by(
    metadata: &Metadata,
    on_page: Option<Arc<str>>,
    files: Vec<Artifact>,
) -> Published {
    Published {
        raw_name: Some(metadata.raw_name.clone()),
        summary: metadata.summary.clone(),
        index_requires_python: on_page.clone(),
        requires_python: on_page.or_else(|| metadata.requires_python_text.clone()),
        requires_dist: metadata.requires_dist.clone(),
        provides_extra: metadata.provides_extra.clone(),
        license: metadata.license.clone(),
        files,
        listed: Arc::default(),
    }
}
