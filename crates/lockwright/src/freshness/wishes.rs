//! Requirements by what they ask for, however they are spelled (uv.md §2.9).
//!
//! Two lists ask for the same if, environment by environment, they allow the same versions with
//! the same extras from the same source. Order, repetition, trailing zeros, clauses that others
//! imply, and how environments are split between requirements do not count.

use lock::Lock;
use packaging::{
    ExtraName, GroupName, Marker, PackageName, RequirementSource, SourcedRequirement, VersionRange,
    VersionSpecifier, version,
};

/// What a list of requirements asks for: no wish twice, in no particular order.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes(Vec<Wish>);

/// What is asked of a project in some environments.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    name: PackageName,
    extras: Vec<ExtraName>,
    groups: Vec<GroupName>,
    marker: Marker,
    source: RequirementSource,
    versions: Versions,
}

/// Which versions are wanted, in a form that does not depend on how that is said.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Versions {
    range: Option<VersionRange>,
    /// A pre-release is named, which allows pre-releases.
    names_prerelease: bool,
    /// One version is all that is said, so that it may be yanked.
    is_pin: bool,
}

impl Eq for Wishes {}

impl PartialEq for Wishes {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.missing_in(other).next().is_none()
    }
}

impl Wishes {
    /// What the requirements ask for, given the Pythons of a lock.
    pub(super) fn read(lock: &Lock, requirements: &[SourcedRequirement]) -> Self {
        let mut wishes: Vec<Wish> = requirements
            .iter()
            .map(|requirement| Wish::read(lock, requirement))
            .collect();
        wishes.sort_by_cached_key(|wish| {
            let Wish { name, extras, .. } = wish;
            (name.clone(), extras.clone(), wish.text())
        });
        let mut merged = Vec::with_capacity(wishes.len());
        for group in wishes.chunk_by(|left, right| left.name == right.name) {
            match group {
                [only] => merged.push(only.clone()),
                several => merged.extend(merge_all(several)),
            }
        }
        Self(merged)
    }

    /// What the requirements ask for as constraints: extras do not count, nor does what bounds
    /// nothing.
    pub(super) fn read_bounds(lock: &Lock, constraints: &[SourcedRequirement]) -> Self {
        let bounds = constraints.iter().filter(|constraint| {
            let is_empty = match &constraint.source {
                RequirementSource::Registry { specifiers, .. } => specifiers.is_empty(),
                _ => false,
            };
            !is_empty && !lock.simplify(constraint.marker).is_false()
        });
        let bounds = bounds.map(|constraint| SourcedRequirement {
            extras: Vec::new(),
            ..constraint.clone()
        });
        Self::read(lock, &bounds.collect::<Vec<_>>())
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The wishes that the other list does not have.
    pub(super) fn missing_in<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Wish> {
        self.0.iter().filter(|wish| !other.0.contains(wish))
    }
}

impl Wish {
    fn read(lock: &Lock, requirement: &SourcedRequirement) -> Self {
        let SourcedRequirement {
            name,
            mut extras,
            mut groups,
            alternatives: _,
            marker,
            source,
        } = requirement.clone();
        extras.sort();
        extras.dedup();
        groups.sort();
        Self {
            name,
            extras,
            groups,
            marker: lock.simplify(marker),
            versions: Versions::of(&source),
            source,
        }
    }

    /// The wish as a requirement.
    pub(super) fn text(&self) -> String {
        let mut text = self.name.to_string();
        if !self.extras.is_empty() {
            let extras: Vec<&str> = self.extras.iter().map(ExtraName::as_str).collect();
            text.push_str(&format!("[{}]", extras.join(",")));
        }
        text.push_str(&source_text(&self.source));
        if let Some(marker) = self.marker.text() {
            text.push_str(&format!(" ; {marker}"));
        }
        text
    }

    /// Where the distribution comes from, whatever its version.
    fn origin(&self) -> String {
        match &self.source {
            RequirementSource::Registry {
                index, conflict, ..
            } => format!("{index:?} {conflict:?}"),
            other => source_text(other),
        }
    }

    /// Which wishes can be merged: those that differ in environments, extras and ranges only.
    /// A condition on extras stays as it is, since an override keeps it (uv 0.13.8).
    fn scope(&self) -> (Vec<GroupName>, Option<Marker>, String, Option<VersionRange>) {
        let choice = (self.marker.without_extras() != self.marker).then_some(self.marker);
        let pin = self.versions.range.clone().filter(|_| self.versions.is_pin);
        (self.groups.clone(), choice, self.origin(), pin)
    }

    fn with_marker(&self, marker: Marker) -> Self {
        Self {
            marker,
            ..self.clone()
        }
    }

    /// Where both wishes apply.
    fn and(&self, other: &Self, marker: Marker) -> Self {
        let mut both = self.with_marker(marker);
        both.extras.extend(other.extras.iter().cloned());
        both.extras.sort();
        both.extras.dedup();
        if let RequirementSource::Registry { specifiers, .. } = &mut both.source
            && let RequirementSource::Registry {
                specifiers: more, ..
            } = &other.source
            && !both.versions.is_pin
        {
            *specifiers = specifiers.iter().chain(more.iter()).cloned().collect();
            both.versions = Versions::of(&both.source);
        }
        both
    }

    fn is_same_but_for_marker(&self, other: &Self) -> bool {
        self.name == other.name
            && self.extras == other.extras
            && self.groups == other.groups
            && self.versions == other.versions
            && self.origin() == other.origin()
    }
}

impl Eq for Wish {}

impl PartialEq for Wish {
    fn eq(&self, other: &Self) -> bool {
        self.marker == other.marker && self.is_same_but_for_marker(other)
    }
}

/// Merges the wishes about one project.
fn merge_all(wishes: &[Wish]) -> Vec<Wish> {
    let mut scopes = Vec::new();
    for wish in wishes {
        let scope = wish.scope();
        match scopes.iter_mut().find(|(known, _)| *known == scope) {
            Some((_, members)) => *members = with(std::mem::take(members), wish),
            None => scopes.push((scope, vec![wish.clone()])),
        }
    }
    scopes
        .into_iter()
        .flat_map(|(_, regions)| regions)
        .collect()
}

/// Adds a wish to regions that do not overlap, so that they still do not.
fn with(regions: Vec<Wish>, wish: &Wish) -> Vec<Wish> {
    let mut remaining = wish.marker;
    let mut next = Vec::with_capacity(regions.len() + 1);
    for region in regions {
        let overlap = region.marker.and(wish.marker);
        if overlap.is_false() {
            next.push(region);
            continue;
        }
        remaining = remaining.and(region.marker.not());
        let outside = region.marker.and(wish.marker.not());
        if !outside.is_false() {
            next.push(region.with_marker(outside));
        }
        next.push(region.and(wish, overlap));
    }
    // One that never applies stays: an override would replace its marker.
    if !remaining.is_false() || wish.marker.is_false() {
        next.push(wish.with_marker(remaining));
    }
    let mut merged: Vec<Wish> = Vec::with_capacity(next.len());
    for region in next {
        match merged
            .iter_mut()
            .find(|it| it.is_same_but_for_marker(&region))
        {
            Some(known) => known.marker = known.marker.or(region.marker),
            None => merged.push(region),
        }
    }
    merged
}

impl Versions {
    fn of(source: &RequirementSource) -> Self {
        let RequirementSource::Registry { specifiers, .. } = source else {
            return Self::default();
        };
        let range = version::range(specifiers);
        Self {
            range: Some(version::canonical_range(&range).unwrap_or(range)),
            names_prerelease: specifiers.iter().any(names_prerelease),
            is_pin: version::is_singleton(specifiers),
        }
    }
}

/// Whether a specifier allows pre-releases by naming one.
fn names_prerelease(specifier: &VersionSpecifier) -> bool {
    use packaging::Operator::{NotEqual, NotEqualStar};
    !matches!(specifier.operator(), NotEqual | NotEqualStar) && specifier.any_prerelease()
}

/// A source as a text, version and place.
pub(super) fn source_text(source: &RequirementSource) -> String {
    match source {
        RequirementSource::Registry {
            specifiers, index, ..
        } => {
            let index = index
                .as_ref()
                .map(|index| format!(" from {index}"))
                .unwrap_or_default();
            format!("{}{index}", version::specifiers_text(specifiers))
        }
        other => resolve::direct_source(other)
            .map(|source| format!(" @ {source:?}"))
            .unwrap_or_default(),
    }
}
