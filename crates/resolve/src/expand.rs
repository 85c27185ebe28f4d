//! From the requirements a distribution declares to those that count here: overrides, excludes,
//! constraints, the chosen extra, and extras that require each other (uv.md §2.1).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use packaging::{ConflictItem, ConflictKind, ExtraName, Marker, PackageName, Version};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::demand::Demand;
use crate::environment::ForkEnvironment;
use crate::problem::Problem;

/// Whose requirements are expanded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Context<'a> {
    Root,
    Package {
        name: &'a PackageName,
        version: &'a Version,
    },
    Extra {
        name: &'a PackageName,
        version: &'a Version,
        extra: &'a ExtraName,
    },
    Group {
        name: &'a PackageName,
        version: &'a Version,
    },
}

impl<'a> Context<'a> {
    fn extra(self) -> Option<&'a ExtraName> {
        match self {
            Self::Extra { extra, .. } => Some(extra),
            Self::Root | Self::Package { .. } | Self::Group { .. } => None,
        }
    }

    pub(crate) fn package(self) -> Option<(&'a PackageName, &'a Version)> {
        match self {
            Self::Package { name, version } | Self::Extra { name, version, .. } => {
                Some((name, version))
            }
            Self::Root | Self::Group { .. } => None,
        }
    }

    /// Whose excludes count: groups follow those of their project, though not its overrides.
    fn asker(self) -> Option<(&'a PackageName, &'a Version)> {
        match self {
            Self::Group { name, version } => Some((name, version)),
            other => other.package(),
        }
    }
}

type ByName = FxHashMap<PackageName, Vec<Demand>>;

/// What holds when a certain project asks, in one version or in any.
type ByAsker<T> = FxHashMap<PackageName, Scopes<T>>;

/// Each version once; `None` stands for those that are not named.
type Scopes<T> = Vec<(Option<Version>, T)>;

/// What replaces, drops and bounds requirements, whoever makes them.
#[derive(Debug, Default)]
pub(crate) struct Modifiers {
    overrides: ByName,
    scoped: ByAsker<ByName>,
    excludes: FxHashSet<PackageName>,
    scoped_excludes: ByAsker<FxHashSet<PackageName>>,
    constraints: ByName,
}

fn by_name<'a>(demands: impl IntoIterator<Item = Demand> + 'a) -> ByName {
    let mut map = ByName::default();
    for demand in demands {
        map.entry(demand.name.clone()).or_default().push(demand);
    }
    map
}

/// Adds to the entry of a scope, which is there once.
fn merge_scope<T: Default>(
    entries: &mut Scopes<T>,
    version: Option<&Version>,
    add: impl FnOnce(&mut T),
) {
    let of_scope = |(of, _): &(Option<Version>, T)| of.as_ref() == version;
    let at = entries.iter().position(of_scope).unwrap_or_else(|| {
        entries.push((version.cloned(), T::default()));
        entries.len() - 1
    });
    if let Some((_, known)) = entries.get_mut(at) {
        add(known);
    }
}

/// What holds for this version, or else for any.
fn in_scope<'a, T>(entries: &'a [(Option<Version>, T)], version: &Version) -> Option<&'a T> {
    let exact = entries.iter().find(|(of, _)| of.as_ref() == Some(version));
    exact
        .or_else(|| entries.iter().find(|(of, _)| of.is_none()))
        .map(|(_, value)| value)
}

impl Modifiers {
    pub(crate) fn new(problem: &Problem) -> Self {
        let mut scoped: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for (name, version, requirements) in &problem.overrides.scoped {
            let entries = scoped.entry(name.clone()).or_default();
            let requirements = requirements.iter().map(Demand::from);
            merge_scope(entries, version.as_ref(), |known: &mut ByName| {
                for demand in requirements {
                    known.entry(demand.name.clone()).or_default().push(demand);
                }
            });
        }
        let mut scoped_excludes: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for exclude in &problem.asked.package_excludes {
            let entries = scoped_excludes.entry(exclude.name.clone()).or_default();
            merge_scope(
                entries,
                exclude.version.as_ref(),
                |known: &mut FxHashSet<_>| known.extend(exclude.dependencies.iter().cloned()),
            );
        }
        // A bound without a bound is none, whatever its condition (uv 0.13.8).
        let constraints = problem.constraints.iter().map(Demand::from);
        let constraints = constraints.filter(|constraint| !constraint.is_bare());
        Self {
            overrides: by_name(problem.overrides.global.iter().map(Demand::from)),
            scoped,
            excludes: problem.excludes.iter().cloned().collect(),
            scoped_excludes,
            constraints: by_name(constraints.map(|constraint| Demand {
                extras: Arc::default(),
                ..constraint
            })),
        }
    }

    pub(crate) fn is_excluded(&self, name: &PackageName) -> bool {
        self.excludes.contains(name)
    }

    /// The overrides of one project in this version, or else in any.
    fn scoped_for(&self, name: &PackageName, version: &Version) -> Option<&ByName> {
        in_scope(self.scoped.get(name)?, version)
    }

    /// Whether a project gets nothing of that name here.
    fn is_excluded_for(&self, context: Context<'_>, name: &PackageName) -> bool {
        let scoped = context
            .asker()
            .and_then(|(asker, version)| in_scope(self.scoped_excludes.get(asker)?, version));
        self.is_excluded(name) || scoped.is_some_and(|names| names.contains(name))
    }

    /// Applies overrides and excludes.
    pub(crate) fn apply<'a>(
        &'a self,
        context: Context<'_>,
        demands: &'a [Arc<Demand>],
    ) -> Vec<Cow<'a, Demand>> {
        let scoped = context
            .package()
            .and_then(|(name, version)| self.scoped_for(name, version));
        let mut applied = Vec::with_capacity(demands.len());
        for demand in demands {
            let overrides = scoped
                .and_then(|scoped| scoped.get(&demand.name))
                .or_else(|| self.overrides.get(&demand.name));
            match overrides {
                None => applied.push(Cow::Borrowed(&**demand)),
                Some(overrides) => applied.extend(replace(demand, overrides).map(Cow::Owned)),
            }
        }
        if let Some(scoped) = scoped {
            let mut additions: Vec<&Demand> = scoped
                .iter()
                .filter(|(name, _)| demands.iter().all(|demand| demand.name != **name))
                .flat_map(|(_, additions)| additions)
                .collect();
            additions.sort_by(|left, right| {
                left.name
                    .cmp(&right.name)
                    .then_with(|| left.marker.cmp(&right.marker))
            });
            applied.extend(additions.into_iter().map(Cow::Borrowed));
        }
        applied.retain(|demand| !self.is_excluded_for(context, &demand.name));
        applied
    }
}

/// The overrides in place of a requirement: only the extras of its condition survive.
fn replace<'a>(demand: &Demand, overrides: &'a [Demand]) -> impl Iterator<Item = Demand> + 'a {
    let extras = if demand.marker.is_false() {
        Marker::TRUE
    } else {
        demand.marker.only_extras()
    };
    overrides
        .iter()
        .map(move |one| one.under(extras.and(one.marker)))
}

/// Expands requirements for one fork.
#[derive(Clone, Copy)]
pub(crate) struct Expander<'a> {
    pub(crate) modifiers: &'a Modifiers,
    pub(crate) environment: &'a ForkEnvironment,
    /// The fork's Pythons.
    pub(crate) python: Marker,
}

impl Expander<'_> {
    /// The requirements that count, with their constraints.
    pub(crate) fn expand(&self, demands: &[Arc<Demand>], context: Context<'_>) -> Vec<Demand> {
        let expanded = self.for_context(demands, context);
        // Groups may require the project itself, so only the others are flattened.
        let Some((name, version)) = context.package() else {
            return expanded;
        };
        let scoped = self.modifiers.scoped_for(name, version);
        let is_recursive = demands
            .iter()
            .map(|demand| &**demand)
            .chain(
                scoped
                    .into_iter()
                    .flat_map(|scoped| scoped.values().flatten()),
            )
            .any(|demand| demand.name == *name && !demand.extras.is_empty());
        if is_recursive {
            self.flatten(demands, name, version, expanded)
        } else {
            expanded
        }
    }

    /// Replaces requirements on the project's own extras by what those extras require.
    fn flatten(
        &self,
        demands: &[Arc<Demand>],
        name: &PackageName,
        version: &Version,
        mut expanded: Vec<Demand>,
    ) -> Vec<Demand> {
        let wanted = |demand: &Demand| -> Vec<(ExtraName, Marker)> {
            demand
                .extras
                .iter()
                .map(|extra| (extra.clone(), demand.marker))
                .collect()
        };
        let mut seen = FxHashSet::default();
        let mut queue: VecDeque<(ExtraName, Marker)> = expanded
            .iter()
            .filter(|demand| demand.name == *name)
            .flat_map(wanted)
            .collect();
        while let Some((extra, marker)) = queue.pop_front() {
            if !seen.insert((extra.clone(), marker)) {
                continue;
            }
            for demand in self.for_context(
                demands,
                Context::Extra {
                    name,
                    version,
                    extra: &extra,
                },
            ) {
                let is_extra = |candidate: &ExtraName| *candidate == extra;
                let joint = marker.and(demand.marker);
                let demand = demand.under(joint.simplify_extras_with(is_extra));
                let applicable = demand.marker.simplify_not_extras_with(|it| !is_extra(it));
                if self.python.is_disjoint(applicable) || !self.environment.includes(applicable) {
                    continue;
                }
                if demand.name == *name {
                    queue.extend(wanted(&demand));
                }
                expanded.push(demand);
            }
        }
        let is_own = |demand: &Demand| demand.name == *name && !demand.extras.is_empty();
        let own_bounds: Vec<Demand> = expanded
            .iter()
            .filter(|demand| is_own(demand) && !demand.is_bare())
            .map(|demand| Demand {
                extras: Arc::default(),
                ..demand.clone()
            })
            .collect();
        expanded.retain(|demand| !is_own(demand));
        expanded.extend(own_bounds);
        expanded
    }

    fn for_context(&self, demands: &[Arc<Demand>], context: Context<'_>) -> Vec<Demand> {
        let extra = context.extra();
        let mut expanded = Vec::new();
        for demand in self.modifiers.apply(context, demands) {
            let marker = split_by_extra(demand.marker, extra);
            if !self.is_applicable(&demand.name, marker, extra) {
                continue;
            }
            let constraints = self.modifiers.constraints.get(&demand.name);
            expanded.push(match demand {
                Cow::Borrowed(demand) => demand.under(marker),
                Cow::Owned(demand) => Demand { marker, ..demand },
            });
            let constraints = constraints.into_iter().flatten();
            expanded.extend(self.under_constraints(constraints, marker, extra));
        }
        expanded
    }

    fn is_applicable(&self, name: &PackageName, marker: Marker, extra: Option<&ExtraName>) -> bool {
        if marker.is_false() {
            return false;
        }
        if let Some(extra) = extra {
            let kind = ConflictKind::Extra(extra.clone());
            let item = ConflictItem {
                package: name.clone(),
                kind,
            };
            if !self.environment.includes_item(&item) {
                return false;
            }
        }
        !self.python.is_disjoint(marker) && self.environment.includes(marker)
    }

    /// The constraints on a requirement that counts under a marker.
    fn under_constraints<'a>(
        &self,
        constraints: impl Iterator<Item = &'a Demand>,
        wanted: Marker,
        extra: Option<&ExtraName>,
    ) -> impl Iterator<Item = Demand> {
        constraints.filter_map(move |constraint| {
            let is_active = |name: &str| Some(extra.is_some_and(|extra| extra.as_str() == name));
            let marker = constraint.marker.resolve_extras(is_active).and(wanted);
            self.is_applicable(&constraint.name, marker, extra)
                .then(|| constraint.under(marker))
        })
    }
}

/// The part of a condition that holds with exactly the chosen extra, or with none.
///
/// `linux or extra == 'x'` is `linux` without extras, and what only `x` adds with it.
fn split_by_extra(marker: Marker, extra: Option<&ExtraName>) -> Marker {
    let without = marker.simplify_no_extras();
    match extra {
        None => without,
        // Then it changes nothing whether the extra is chosen.
        Some(extra) if !marker.asks_extra(extra) => Marker::FALSE,
        Some(extra) => marker
            .simplify_extras_with(|candidate| candidate == extra)
            .simplify_not_extras_with(|candidate| candidate != extra)
            .and(without.not()),
    }
}
