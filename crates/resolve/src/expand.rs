//! From the requirements a distribution declares to those that count here: overrides, excludes,
//! constraints, the chosen extra, and extras that require each other (uv.md §2.1).

use std::collections::VecDeque;

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
    Group,
}

impl<'a> Context<'a> {
    fn extra(self) -> Option<&'a ExtraName> {
        match self {
            Self::Extra { extra, .. } => Some(extra),
            Self::Root | Self::Package { .. } | Self::Group => None,
        }
    }

    fn package(self) -> Option<(&'a PackageName, &'a Version)> {
        match self {
            Self::Package { name, version } | Self::Extra { name, version, .. } => {
                Some((name, version))
            }
            Self::Root | Self::Group => None,
        }
    }
}

type ByName = FxHashMap<PackageName, Vec<Demand>>;

/// What replaces, drops and bounds requirements, whoever makes them.
#[derive(Debug, Default)]
pub(crate) struct Modifiers {
    overrides: ByName,
    scoped: FxHashMap<PackageName, Vec<(Option<Version>, ByName)>>,
    excludes: FxHashSet<PackageName>,
    constraints: ByName,
}

fn by_name<'a>(demands: impl IntoIterator<Item = Demand> + 'a) -> ByName {
    let mut map = ByName::default();
    for demand in demands {
        map.entry(demand.name.clone()).or_default().push(demand);
    }
    map
}

impl Modifiers {
    pub(crate) fn new(problem: &Problem) -> Self {
        let mut scoped: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for (name, version, requirements) in &problem.overrides.scoped {
            let requirements = by_name(requirements.iter().map(Demand::from));
            scoped
                .entry(name.clone())
                .or_default()
                .push((version.clone(), requirements));
        }
        Self {
            overrides: by_name(problem.overrides.global.iter().map(Demand::from)),
            scoped,
            excludes: problem.excludes.iter().cloned().collect(),
            constraints: by_name(problem.constraints.iter().map(Demand::from)),
        }
    }

    pub(crate) fn is_excluded(&self, name: &PackageName) -> bool {
        self.excludes.contains(name)
    }

    /// The overrides of one project in this version, or else in any.
    fn scoped_for(&self, name: &PackageName, version: &Version) -> Option<&ByName> {
        let entries = self.scoped.get(name)?;
        let exact = entries.iter().find(|(of, _)| of.as_ref() == Some(version));
        exact
            .or_else(|| entries.iter().find(|(of, _)| of.is_none()))
            .map(|(_, map)| map)
    }

    /// Applies overrides and excludes.
    pub(crate) fn apply(&self, context: Context<'_>, demands: &[Demand]) -> Vec<Demand> {
        let scoped = context
            .package()
            .and_then(|(name, version)| self.scoped_for(name, version));
        let mut applied = Vec::with_capacity(demands.len());
        for demand in demands {
            let overrides = scoped
                .and_then(|scoped| scoped.get(&demand.name))
                .or_else(|| self.overrides.get(&demand.name));
            match overrides {
                None => applied.push(demand.clone()),
                Some(overrides) => applied.extend(replace(demand, overrides)),
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
            applied.extend(additions.into_iter().cloned());
        }
        applied.retain(|demand| !self.is_excluded(&demand.name));
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
    pub(crate) fn expand(&self, demands: &[Demand], context: Context<'_>) -> Vec<Demand> {
        let expanded = self.for_context(demands, context);
        // Groups may require the project itself, so only the others are flattened.
        let Some((name, version)) = context.package() else {
            return expanded;
        };
        let scoped = self.modifiers.scoped_for(name, version);
        let is_recursive = demands
            .iter()
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
        demands: &[Demand],
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
                extras: std::sync::Arc::default(),
                ..demand.clone()
            })
            .collect();
        expanded.retain(|demand| !is_own(demand));
        expanded.extend(own_bounds);
        expanded
    }

    fn for_context(&self, demands: &[Demand], context: Context<'_>) -> Vec<Demand> {
        let extra = context.extra();
        let mut expanded = Vec::new();
        for demand in self.modifiers.apply(context, demands) {
            let demand = demand.under(split_by_extra(demand.marker, extra));
            if !self.is_applicable(&demand, extra) {
                continue;
            }
            let constraints = self.constraints_on(&demand, extra);
            expanded.push(demand);
            expanded.extend(constraints);
        }
        expanded
    }

    fn is_applicable(&self, demand: &Demand, extra: Option<&ExtraName>) -> bool {
        if demand.marker.is_false() {
            return false;
        }
        if let Some(extra) = extra {
            let kind = ConflictKind::Extra(extra.clone());
            let item = ConflictItem {
                package: demand.name.clone(),
                kind,
            };
            if !self.environment.includes_item(&item) {
                return false;
            }
        }
        !self.python.is_disjoint(demand.marker) && self.environment.includes(demand.marker)
    }

    fn constraints_on(&self, demand: &Demand, extra: Option<&ExtraName>) -> Vec<Demand> {
        let Some(constraints) = self.modifiers.constraints.get(&demand.name) else {
            return Vec::new();
        };
        constraints
            .iter()
            .map(|constraint| {
                let is_active =
                    |name: &str| Some(extra.is_some_and(|extra| extra.as_str() == name));
                let marker = constraint
                    .marker
                    .resolve_extras(is_active)
                    .and(demand.marker);
                constraint.under(marker)
            })
            .filter(|constraint| self.is_applicable(constraint, extra))
            .collect()
    }
}

/// The part of a condition that holds with exactly the chosen extra, or with none.
///
/// `linux or extra == 'x'` is `linux` without extras, and what only `x` adds with it.
fn split_by_extra(marker: Marker, extra: Option<&ExtraName>) -> Marker {
    let without = marker.simplify_not_extras_with(|_| true);
    match extra {
        None => without,
        Some(extra) => marker
            .simplify_extras_with(|candidate| candidate == extra)
            .simplify_not_extras_with(|candidate| candidate != extra)
            .and(without.not()),
    }
}
