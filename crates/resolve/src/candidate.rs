//! Which release to try next, and why not the others (uv.md §2.6).

use std::collections::BTreeSet;
use std::sync::Arc;

use lock::{PrereleaseMode, ResolutionMode};
use packaging::{IndexUrl, PackageName, Version, VersionRange};

use crate::environment::ForkEnvironment;
use crate::preference::{Preferences, Voice};
use crate::problem::IndexStrategy;
use crate::version_map::{Offer, Verdict, VersionMap};

/// A release under consideration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) version: &'a Version,
    pub(crate) offer: &'a Offer,
    pub(crate) index: &'a IndexUrl,
}

/// Whether pre-releases count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Prereleases {
    Allow,
    Disallow,
    PreferStable,
}

#[derive(Clone, Copy)]
enum Stage {
    All,
    Stable,
    Prerelease,
}

impl Stage {
    fn admits(self, version: &Version) -> bool {
        match self {
            Self::All => true,
            Self::Stable => !version.any_prerelease(),
            Self::Prerelease => version.any_prerelease(),
        }
    }
}

/// Chooses releases.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    pub(crate) resolution: ResolutionMode,
    pub(crate) strategy: IndexStrategy,
    /// Indexes that count only where the others have nothing.
    pub(crate) supplemental: BTreeSet<IndexUrl>,
}

/// What a choice is made among.
#[derive(Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub(crate) name: &'a PackageName,
    pub(crate) range: &'a VersionRange,
    pub(crate) maps: &'a [Arc<VersionMap>],
    /// The index the project is pinned to.
    pub(crate) pinned_index: Option<&'a IndexUrl>,
    pub(crate) prereleases: Prereleases,
    pub(crate) highest: bool,
}

/// The pre-release rule of a mode.
pub(crate) fn prereleases(mode: PrereleaseMode, is_named: impl Fn() -> bool) -> Prereleases {
    match mode {
        PrereleaseMode::Disallow => Prereleases::Disallow,
        PrereleaseMode::Allow => Prereleases::Allow,
        PrereleaseMode::IfNecessary | PrereleaseMode::IfNecessaryOrExplicit => {
            Prereleases::PreferStable
        }
        PrereleaseMode::Explicit if is_named() => Prereleases::PreferStable,
        PrereleaseMode::Explicit => Prereleases::Disallow,
    }
}

impl Selector {
    /// Whether the highest version of a project is wanted rather than the lowest.
    pub(crate) fn wants_highest(&self, is_direct: impl Fn() -> bool) -> bool {
        match self.resolution {
            ResolutionMode::Highest => true,
            ResolutionMode::Lowest => false,
            ResolutionMode::LowestDirect => !is_direct(),
        }
    }

    /// The release to try: a preferred one, or else the best.
    pub(crate) fn select<'a>(
        &self,
        choice: Choice<'a>,
        preferences: &Preferences,
        environment: &ForkEnvironment,
    ) -> Option<Candidate<'a>> {
        let preferred = self.preferred(choice, preferences, environment);
        preferred.or_else(|| self.best(choice))
    }

    /// The best of the releases that are preferred, if one will do.
    pub(crate) fn preferred<'a>(
        &self,
        choice: Choice<'a>,
        preferences: &Preferences,
        environment: &ForkEnvironment,
    ) -> Option<Candidate<'a>> {
        preferred(choice, preferences, environment)
    }

    /// The best release, whatever is preferred.
    pub(crate) fn best<'a>(&self, choice: Choice<'a>) -> Option<Candidate<'a>> {
        let waits = |map: &Arc<VersionMap>| self.supplemental.contains(&map.index);
        // Supplemental indexes come last.
        let first = choice.maps.iter().position(waits);
        let Some((usual, others)) = first.and_then(|at| choice.maps.split_at_checked(at)) else {
            return self.best_of(choice);
        };
        let found = self.best_of(Choice {
            maps: usual,
            ..choice
        });
        found.or_else(|| {
            self.best_of(Choice {
                maps: others,
                ..choice
            })
        })
    }

    fn best_of<'a>(&self, choice: Choice<'a>) -> Option<Candidate<'a>> {
        match choice.prereleases {
            Prereleases::Allow => self.at_stage(choice, Stage::All),
            Prereleases::Disallow => self.at_stage(choice, Stage::Stable),
            Prereleases::PreferStable if self.strategy == IndexStrategy::UnsafeFirstMatch => {
                choice.maps.iter().find_map(|map| {
                    let choice = Choice {
                        maps: std::slice::from_ref(map),
                        ..choice
                    };
                    self.stable_then_prerelease(choice)
                })
            }
            Prereleases::PreferStable => self.stable_then_prerelease(choice),
        }
    }

    fn stable_then_prerelease<'a>(&self, choice: Choice<'a>) -> Option<Candidate<'a>> {
        self.at_stage(choice, Stage::Stable)
            .or_else(|| self.at_stage(choice, Stage::Prerelease))
    }

    fn at_stage<'a>(&self, choice: Choice<'a>, stage: Stage) -> Option<Candidate<'a>> {
        if self.strategy == IndexStrategy::UnsafeBestMatch && choice.maps.len() > 1 {
            let mut all: Vec<_> = choice
                .maps
                .iter()
                .enumerate()
                .flat_map(|(at, map)| {
                    map.within(choice.range)
                        .map(move |(version, offer)| (at, version, offer))
                })
                .collect();
            all.sort_by(|(left_at, left, _), (right_at, right, _)| {
                let order = left.cmp(right);
                (if choice.highest {
                    order.reverse()
                } else {
                    order
                })
                .then(left_at.cmp(right_at))
            });
            return first_usable(
                all.into_iter()
                    .map(|(at, version, offer)| (&*choice.maps[at], version, offer)),
                stage,
            );
        }
        choice.maps.iter().find_map(|map| {
            let map = &**map;
            let versions = map
                .within(choice.range)
                .map(move |(version, offer)| (map, version, offer));
            if choice.highest {
                first_usable(versions.rev(), stage)
            } else {
                first_usable(versions, stage)
            }
        })
    }
}

/// The first usable release; or the first unusable one, so that the solver hears why.
///
/// The same version may follow from another index, so an unusable one waits for its successor.
fn first_usable<'a>(
    versions: impl Iterator<Item = (&'a VersionMap, &'a Version, &'a Offer)>,
    stage: Stage,
) -> Option<Candidate<'a>> {
    let mut unusable: Option<Candidate<'a>> = None;
    for (map, version, offer) in versions {
        if unusable.is_some_and(|unusable| unusable.version != version) {
            return unusable;
        }
        if !stage.admits(version) {
            continue;
        }
        let candidate = Candidate {
            version,
            offer,
            index: &map.index,
        };
        match &offer.verdict {
            Verdict::Unusable(reason) if reason.is_cutoff() => {}
            Verdict::Unusable(_) => unusable = unusable.or(Some(candidate)),
            _ => return Some(candidate),
        }
    }
    unusable
}

fn preferred<'a>(
    choice: Choice<'a>,
    preferences: &Preferences,
    environment: &ForkEnvironment,
) -> Option<Candidate<'a>> {
    preferences
        .ordered(
            choice.name,
            choice.pinned_index,
            environment,
            choice.highest,
        )
        .into_iter()
        .find_map(|(version, voice)| {
            let is_admitted = !version.any_prerelease()
                || match choice.prereleases {
                    Prereleases::Allow => true,
                    Prereleases::Disallow => false,
                    Prereleases::PreferStable => voice == Voice::Lock,
                };
            if !is_admitted || !choice.range.contains(version) {
                return None;
            }
            let map = choice
                .maps
                .iter()
                .find(|map| map.offer(version).is_some())?;
            let (version, offer) =
                local_variant(map, version, choice.range).or_else(|| map.offer(version))?;
            Some(Candidate {
                version,
                offer,
                index: &map.index,
            })
        })
}

/// The highest local variant (`1.0+cpu`) of a preferred version, if one is in range.
fn local_variant<'a>(
    map: &'a VersionMap,
    version: &Version,
    range: &VersionRange,
) -> Option<(&'a Version, &'a Offer)> {
    if !map.has_locals {
        return None;
    }
    map.all_versions()
        .rev()
        .take_while(|local| *local > version)
        .filter(|local| local.is_local() && range.contains(local))
        .filter(|local| (*local).clone().without_local() == *version)
        .find_map(|local| map.offer(local))
}
