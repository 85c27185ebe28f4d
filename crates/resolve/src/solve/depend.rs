//! What a decided version depends on, and how the engine is told (uv.md §2.2).

use std::sync::Arc;

use index::Query;
use lock::Source;
use packaging::{
    ConflictKind, GroupName, Marker, PackageName, RequiresPython, Version, VersionRange,
};
use rustc_hash::FxHashSet;

use super::{ForkState, Surroundings};
use crate::demand::{Demand, Origin};
use crate::expand::{Context, Expander};
use crate::explain::{Gone, Reason, Unusable};
use crate::fork::Dependency;
use crate::manner::Coverage;
use crate::node::{Kind, Node};
use crate::range;
use crate::resolver::ResolveError;
use crate::world::{Facts, Found, World, is_same_place};

pub(super) enum Dependencies {
    Available(Vec<Dependency>),
    Unforkable(Vec<Dependency>),
    /// What it requires differs under these conditions, so that each is resolved on its own.
    Parted(Vec<Marker>),
    Gone(Gone),
    NeedsPython(Arc<RequiresPython>),
    Missing(Vec<Query>),
    Failed(ResolveError),
}

impl ForkState {
    pub(super) fn dependencies(
        &self,
        node: &Node,
        version: &Version,
        around: &mut Surroundings<'_>,
    ) -> Dependencies {
        match node {
            Node::Root => {
                let expander = self.expander(around.world);
                let demands = expander.expand(&around.world.requirements, Context::Root);
                if let Some(parts) = self.parts(&demands, around.world) {
                    return Dependencies::Parted(parts);
                }
                lower(&demands, None, around.world)
            }
            Node::Python => Dependencies::Unforkable(Vec::new()),
            Node::Package { name, kind, .. } => {
                self.package_dependencies(name, kind, version, around)
            }
            Node::Marker { name, marker } => {
                proxied(name, version, &[Kind::Base], [Marker::TRUE, *marker])
            }
            Node::Extra {
                name,
                extra,
                marker,
            } => {
                let kinds = [Kind::Base, Kind::Extra(extra.clone())];
                proxied(name, version, &kinds, [Marker::TRUE, *marker])
            }
            Node::Group {
                name,
                group,
                marker,
            } => {
                let kinds = [Kind::Group(group.clone())];
                proxied(name, version, &kinds, [Marker::TRUE, *marker])
            }
        }
    }

    pub(super) fn expander<'a>(&'a self, world: &'a World) -> Expander<'a> {
        Expander {
            modifiers: &world.modifiers,
            environment: &self.environment,
            python: self.python.marker,
        }
    }

    /// Who requires a project, from one of the user's own projects or requirements down to it.
    fn chain(&self, name: &PackageName) -> Vec<PackageName> {
        let store = &self.engine.package_store;
        let mut chain = vec![name.clone()];
        let mut seen = FxHashSet::from_iter([self.next]);
        let mut current = self.next;
        // The first dependent that is not on the way yet: nodes without a name are passed through.
        while let Some(above) = self
            .engine
            .dependencies(current)
            .filter(|it| it.dependency == current)
            .map(|it| it.dependent)
            .find(|it| !seen.contains(it))
        {
            seen.insert(above);
            current = above;
            if let Some(name) = store[above].name()
                && chain.last() != Some(name)
            {
                chain.push(name.clone());
            }
        }
        chain.reverse();
        chain
    }

    pub(super) fn package_dependencies(
        &self,
        name: &PackageName,
        kind: &Kind,
        version: &Version,
        around: &mut Surroundings<'_>,
    ) -> Dependencies {
        let context = match kind {
            Kind::Base => Context::Package { name, version },
            Kind::Extra(extra) => Context::Extra {
                name,
                version,
                extra,
            },
            Kind::Group(_) => Context::Group { name, version },
        };
        let parent = matches!(kind, Kind::Base).then_some(name);
        if let Some(source) = self.direct(name, around.world) {
            let Some(local) = around.world.local(name, source) else {
                return Dependencies::Available(Vec::new());
            };
            let none: &[Arc<Demand>] = &[];
            let demands = match kind {
                Kind::Base | Kind::Extra(_) => &*local.requires,
                Kind::Group(group) => local.group(group).unwrap_or(none),
            };
            let demands = self.expander(around.world).expand(demands, context);
            if let Some(parts) = self.parts_of_local(&local, kind, &demands, around.world) {
                return Dependencies::Parted(parts);
            }
            return lower(&demands, parent, around.world);
        }
        let Some(pin) = self.pins.get(&(name.clone(), version.clone())) else {
            debug_assert!(false, "{name} {version} was chosen without being pinned");
            return Dependencies::Failed(ResolveError::Engine);
        };
        let manner = around.world.problem.manner;
        // What poetry would split by counts even where the release is ruled out afterwards.
        let is_late = manner.coverage == Coverage::All;
        let listed = pin.requires_python.as_ref().filter(|_| is_late);
        let is_chosen = around.world.has_chosen(name, version);
        let unsupported = |python: Option<&Arc<RequiresPython>>| {
            python
                .filter(|it| !is_chosen && !self.supports(self.next, it, &manner))
                .cloned()
        };
        let facts = around.world.facts(&pin.query);
        if !matches!(facts, Facts::Missing(_) | Facts::Known(_))
            && let Some(python) = unsupported(listed)
        {
            return Dependencies::NeedsPython(python);
        }
        let facts = match facts {
            Facts::Missing(query) => return Dependencies::Missing(vec![query]),
            Facts::Known(facts) => facts,
            Facts::Gone(reason) => return Dependencies::Gone(reason),
            Facts::Withheld(reason) => {
                return Dependencies::Failed(ResolveError::Withheld {
                    name: name.clone(),
                    version: version.clone(),
                    filename: pin.query.filename.clone(),
                    reason,
                });
            }
            Facts::NeedsBuild(reason, told) => {
                let chain = self.chain(name);
                let error = ResolveError::needs_build(&pin.query, reason, told, chain);
                return Dependencies::Failed(error);
            }
        };
        let python = unsupported(facts.requires_python.as_ref()).or_else(|| unsupported(listed));
        if !is_late && let Some(python) = python {
            return Dependencies::NeedsPython(python);
        }
        let demands: &[Arc<Demand>] = if matches!(kind, Kind::Group(_)) {
            &[]
        } else {
            &facts.requires
        };
        let demands = self.expander(around.world).expand(demands, context);
        if let Some(parts) = self.parts_of_release(
            kind.extra(),
            &facts.requires,
            context,
            &demands,
            around.world,
        ) {
            return Dependencies::Parted(parts);
        }
        if let Some(python) = python {
            return Dependencies::NeedsPython(python);
        }
        // Releases may not say where others come from, unless somebody who may says so too.
        let stranger = demands.iter().find_map(|demand| match &demand.origin {
            Origin::Direct(source) if !around.world.names_source(&demand.name) => {
                Some((&demand.name, source))
            }
            _ => None,
        });
        if let Some((required, source)) = stranger {
            return Dependencies::Failed(ResolveError::SourceOfRelease {
                name: required.clone(),
                place: source.to_string(),
                asker: name.clone(),
                version: version.clone(),
            });
        }
        lower(&demands, parent, around.world)
    }

    /// Registers and adds the dependencies of the node at hand.
    pub(super) fn add_dependencies(
        &mut self,
        version: &Version,
        dependencies: Vec<Dependency>,
        around: &mut Surroundings<'_>,
    ) {
        for dependency in &dependencies {
            self.discover(dependency, around);
        }
        for dependency in &dependencies {
            if let Some(base) = dependency.node.proxied_base() {
                let proxy = self.engine.package_store.alloc(dependency.node.clone());
                let base = self.engine.package_store.alloc(base);
                // The proxy and its project share the range, so that conflicts reject the whole
                // range instead of one proxied version after the other.
                let range = dependency.range.clone();
                self.engine
                    .add_dependency(proxy, range.clone(), (base, range));
            }
        }
        let versions = self.widen(version, around.world);
        let conflict = self.engine.add_package_version_dependencies(
            self.next,
            version.clone(),
            versions,
            dependencies
                .into_iter()
                .map(|dependency| (dependency.node, dependency.range)),
        );
        if let Some(conflict) = conflict {
            self.record_conflict(self.next, &conflict);
        }
    }

    pub(super) fn discover(&mut self, dependency: &Dependency, around: &mut Surroundings<'_>) {
        self.hear_of(&dependency.node);
        let Some(name) = dependency.node.name() else {
            return;
        };
        let declared = around.world.explicit_indexes(name, &self.environment);
        for index in dependency.index.iter().chain(declared) {
            let known = self.indexes.entry(name.clone()).or_insert(index.clone());
            if known != index && self.failure.is_none() {
                self.failure = Some(ResolveError::ConflictingIndexes {
                    name: name.clone(),
                    one: known.clone(),
                    other: index.clone(),
                    fork: self.environment.describe(),
                });
            }
        }
        if let Some(source) = &dependency.source {
            let known = self.sources.entry(name.clone()).or_insert(source.clone());
            if !is_same_place(known, source) && self.failure.is_none() {
                let mut places = [&*known, source];
                places.sort();
                self.failure = Some(ResolveError::ConflictingSources {
                    name: name.clone(),
                    places: places.map(Source::to_string).into(),
                    fork: self.environment.describe(),
                });
            }
        }
        let is_direct = self.direct(name, around.world).is_some();
        self.priorities
            .discover(&dependency.node, &dependency.range, is_direct);
        if let Some(base) = dependency.node.proxied_base() {
            self.hear_of(&base);
            self.priorities
                .discover(&base, &dependency.range, is_direct);
        }
        if !is_direct {
            let index = self.indexes.get(name).cloned();
            around.lookahead.watch(dependency, index, &self.environment);
        }
    }

    /// Remembers a node that is to be weighed.
    fn hear_of(&mut self, node: &Node) {
        if self.weighs {
            let id = self.engine.package_store.alloc(node.clone());
            if !self.heard_of.contains(&id) {
                self.heard_of.push(id);
            }
        }
    }

    pub(super) fn widen(&mut self, version: &Version, world: &mut World) -> VersionRange {
        let node = &self.engine.package_store[self.next];
        let Some(name) = node
            .name()
            .filter(|name| self.direct(name, world).is_none())
            .cloned()
        else {
            return range::widen(version, &[]);
        };
        if !self.known.contains_key(&name) {
            let Found::Maps(maps) = world.maps(&name, self.indexes.get(&name)) else {
                return range::widen(version, &[]);
            };
            self.known.insert(name.clone(), maps);
        }
        let maps = self.known.get(&name).into_iter().flat_map(|maps| &**maps);
        let mut near: Vec<&Version> = maps.flat_map(|map| map.around(version)).flatten().collect();
        near.sort_unstable();
        near.dedup();
        range::widen(version, &near)
    }

    pub(super) fn add_unusable(&mut self, version: Version, reason: Unusable, world: &mut World) {
        let versions = self.widen(&version, world);
        if let Unusable::RequiresPython(requires_python) = &reason {
            let python = self.engine.package_store.alloc(Node::Python);
            let range = requires_python.range().clone();
            self.engine
                .add_dependency(self.next, versions, (python, range));
            self.engine
                .partial_solution
                .add_decision(self.next, version);
            return;
        }
        self.engine
            .add_unavailable(self.next, versions, Reason::Version(Gone::Unusable(reason)));
    }
}

/// What a proxy depends on: the same version with and without its condition.
pub(super) fn proxied(
    name: &PackageName,
    version: &Version,
    kinds: &[Kind],
    markers: [Marker; 2],
) -> Dependencies {
    let markers = if markers[0] == markers[1] {
        &markers[..1]
    } else {
        &markers[..]
    };
    let dependency = |marker: Marker, kind: &Kind| Dependency {
        node: Node::Package {
            name: name.clone(),
            kind: kind.clone(),
            marker,
        },
        range: VersionRange::singleton(version.clone()),
        parent: None,
        index: None,
        source: None,
    };
    Dependencies::Unforkable(
        markers
            .iter()
            .flat_map(|marker| kinds.iter().map(move |kind| (marker, kind)))
            .map(|(marker, kind)| dependency(*marker, kind))
            .collect(),
    )
}

/// Requirements as dependencies of the engine.
pub(super) fn lower(
    demands: &[Demand],
    parent: Option<&PackageName>,
    world: &World,
) -> Dependencies {
    let mut dependencies = Vec::with_capacity(demands.len());
    for demand in demands {
        if demand.is_unsatisfiable() {
            let name = demand.name.clone();
            let specifiers = packaging::version::specifiers_text(&demand.specifiers);
            return Dependencies::Gone(Gone::UnsatisfiableRequirement { name, specifiers });
        }
        // What nobody knows satisfies everybody: only a build could tell a dynamic version, and
        // projects are often required by their own tests' requirements.
        let range = if world.has_any_version(&demand.name) {
            VersionRange::full()
        } else {
            demand.range.clone()
        };
        for kind in kinds(demand, world) {
            let is_proxy_of_kind = !matches!(kind, Kind::Base);
            let node = Node::wanted(demand.name.clone(), kind, demand.marker);
            dependencies.push(Dependency {
                node,
                range: range.clone(),
                parent: if is_proxy_of_kind {
                    None
                } else {
                    parent.cloned()
                },
                index: None,
                source: match &demand.origin {
                    Origin::Direct(source) => Some(world.problem.with_commit(source.clone())),
                    Origin::Registry { .. } => None,
                },
            });
        }
    }
    Dependencies::Available(dependencies)
}

/// The extras and groups a requirement asks for; the project itself beside them only where one of
/// them is a side of a conflict, so that the fork without it still reaches the project.
pub(super) fn kinds(demand: &Demand, world: &World) -> Vec<Kind> {
    let is_side = |kind: ConflictKind| {
        world
            .problem
            .conflicts
            .iter()
            .flatten()
            .any(|item| item.package == demand.name && item.kind == kind)
    };
    let (kinds, has_side): (Vec<Kind>, bool) = if !demand.extras.is_empty() {
        (
            demand.extras.iter().cloned().map(Kind::Extra).collect(),
            demand
                .extras
                .iter()
                .any(|extra| is_side(ConflictKind::Extra(extra.clone()))),
        )
    } else if !demand.groups.is_empty() {
        let is_side = |group: &GroupName| is_side(ConflictKind::Group(group.clone()));
        (
            demand.groups.iter().cloned().map(Kind::Group).collect(),
            demand.groups.iter().any(is_side),
        )
    } else {
        return vec![Kind::Base];
    };
    let base = has_side.then_some(Kind::Base);
    base.into_iter().chain(kinds).collect()
}
