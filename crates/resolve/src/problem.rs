//! What is to be resolved: requirements, limits, indexes, settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use index::Metadata;
use lock::{Asked, DefaultGroups, DependencyMetadata, ExcludeNewer, Options, Source};
use packaging::{
    ConflictItem, ExtraName, GitReference, GroupName, Hash, IndexUrl, Marker, PackageName,
    RequiresPython, SourcedRequirement, Version,
};

use crate::{Manner, Preference, Route};

/// What is to be resolved.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The Pythons to resolve for.
    pub requires_python: RequiresPython,
    /// The user's requirements: members first, then what no member asks for.
    pub requirements: Vec<SourcedRequirement>,
    /// Projects whose metadata is known already: members, what they reach by path, and whatever
    /// else a requirement names itself.
    pub local: Vec<LocalProject>,
    /// The workspace's members.
    pub members: BTreeSet<PackageName>,
    /// Bounds on what somebody requires anyway.
    pub constraints: Vec<SourcedRequirement>,
    /// Replacements of requirements.
    pub overrides: Overrides,
    /// Projects that no requirement reaches.
    pub excludes: BTreeSet<PackageName>,
    /// The environments to limit the resolution to, in the user's order.
    pub environments: Vec<Marker>,
    /// The environments that must find a distribution.
    pub required_environments: Vec<Marker>,
    /// Declared conflicts: sets in declared order, items sorted.
    pub conflicts: Vec<Vec<ConflictItem>>,
    /// Where projects are looked up.
    pub indexes: Indexes,
    /// The settings that a lock records.
    pub options: Options,
    /// Which distributions may not be used.
    pub builds: BuildPolicy,
    /// Metadata that replaces what distributions say.
    pub dependency_metadata: Vec<DependencyMetadata>,
    /// Versions to prefer.
    pub preferences: Vec<Preference>,
    /// The commits of git references, by repository.
    pub commits: BTreeMap<(Arc<str>, GitReference), Arc<str>>,
    /// The forks to begin with, from an existing lock; an empty list is the one fork for every
    /// environment. `None` for a fresh start, with the environments.
    pub forks: Option<Vec<Marker>>,
    /// What the lock records of the question.
    pub asked: Asked,
    /// In whose manner it is resolved.
    pub manner: Manner,
}

impl Problem {
    /// The source with the commit that its reference stands for.
    #[must_use]
    pub fn with_commit(&self, source: Source) -> Source {
        match source {
            Source::Git {
                url,
                reference,
                commit,
                subdirectory,
            } if commit.is_empty() => {
                let place = url.split('?').next().unwrap_or(&url).into();
                let known = self.commits.get(&(place, reference.clone()));
                Source::Git {
                    commit: known.cloned().unwrap_or(commit),
                    url,
                    reference,
                    subdirectory,
                }
            }
            source => source,
        }
    }
}

/// A project from elsewhere than an index, and what it asks for.
#[derive(Clone, Debug)]
pub struct LocalProject {
    /// The project.
    pub name: PackageName,
    /// The version; `None` when only a build could tell.
    pub version: Option<Version>,
    /// Where it is, and how it would be installed.
    pub source: Source,
    /// The Pythons it runs on.
    pub requires_python: Option<Arc<RequiresPython>>,
    /// What it published of itself, where it is no source tree on disk.
    pub metadata: Option<Arc<Metadata>>,
    /// Its file, where it is one.
    pub archive: Option<LocalArchive>,
    /// Its requirements, optional ones with `extra == '…'`.
    pub requires_dist: Vec<SourcedRequirement>,
    /// Its extras, in declared order.
    pub provides_extra: Vec<ExtraName>,
    /// Its dependency groups, includes expanded.
    pub groups: BTreeMap<GroupName, Vec<SourcedRequirement>>,
    /// Groups installed by default, where the project says so.
    pub default_groups: Option<DefaultGroups>,
    /// `requires-python` of groups.
    pub group_requires_python: BTreeMap<GroupName, String>,
}

/// The one file of a project that is an archive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalArchive {
    /// The file's name; tells wheel from source distribution.
    pub filename: Arc<str>,
    /// Its digest.
    pub hash: Hash,
}

/// Replacements of requirements.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// For every requirement on a project, whoever makes it.
    pub global: Vec<SourcedRequirement>,
    /// For the requirements that one project makes (in one version, or any).
    pub scoped: Vec<(PackageName, Option<Version>, Vec<SourcedRequirement>)>,
}

/// How several indexes are searched.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum IndexStrategy {
    /// The first index that has the project decides.
    #[default]
    FirstIndex,
    /// The first index with a matching version.
    UnsafeFirstMatch,
    /// The best version of all indexes.
    UnsafeBestMatch,
}

/// Where projects are looked up.
#[derive(Clone, Debug, Default)]
pub struct Indexes {
    /// The indexes for every project, in order; explicit ones are not among them.
    pub implicit: Vec<IndexUrl>,
    /// All indexes that the user configured, explicit ones too; `None` if there are none, so that
    /// the default index is all there is.
    pub configured: Option<BTreeSet<IndexUrl>>,
    /// How they are searched.
    pub strategy: IndexStrategy,
    /// Those of them that count only where the others have nothing.
    pub supplemental: BTreeSet<IndexUrl>,
    /// What single indexes are for, where they say so.
    pub routes: BTreeMap<IndexUrl, Route>,
    /// Indexes whose 401 and 403 mean absence rather than a stop.
    pub ignored_errors: BTreeSet<IndexUrl>,
    /// Indexes with cut-offs of their own.
    pub cutoffs: BTreeMap<IndexUrl, IndexCutOffs>,
}

/// The cut-offs of one index; an inner `None` switches off what would hold otherwise.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IndexCutOffs {
    /// For every project.
    pub general: Option<Option<ExcludeNewer>>,
    /// For one project.
    pub packages: BTreeMap<PackageName, Option<ExcludeNewer>>,
}

/// Which distributions may not be used.
#[derive(Clone, Debug, Default)]
pub struct BuildPolicy {
    /// No source distributions at all.
    pub no_build: bool,
    /// None of these projects.
    pub no_build_package: BTreeSet<PackageName>,
    /// No wheels at all.
    pub no_binary: bool,
    /// None of these projects.
    pub no_binary_package: BTreeSet<PackageName>,
}

impl BuildPolicy {
    /// Whether source distributions of the project are out of the question.
    ///
    /// To forbid all of them leaves those of projects whose wheels are forbidden by name, and is
    /// all that counts where single projects are named too (uv 0.13.8).
    #[must_use]
    pub fn forbids_sdist(&self, name: &PackageName) -> bool {
        if self.no_build {
            self.no_binary || !self.no_binary_package.contains(name)
        } else {
            self.no_build_package.contains(name)
        }
    }

    /// Whether wheels of the project are out of the question; the same the other way round.
    #[must_use]
    pub fn forbids_wheel(&self, name: &PackageName) -> bool {
        if self.no_binary {
            self.no_build || !self.no_build_package.contains(name)
        } else {
            self.no_binary_package.contains(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy, and whether it forbids the sdists and the wheels of `a`, which is named.
    fn forbids(no_build: [bool; 2], no_binary: [bool; 2]) -> [bool; 2] {
        let name = PackageName::new("a").unwrap();
        let named = |is_named: bool| is_named.then(|| name.clone()).into_iter().collect();
        let policy = BuildPolicy {
            no_build: no_build[0],
            no_build_package: named(no_build[1]),
            no_binary: no_binary[0],
            no_binary_package: named(no_binary[1]),
        };
        [policy.forbids_sdist(&name), policy.forbids_wheel(&name)]
    }

    #[test]
    fn one_named_is_an_exception_from_all_of_the_other_kind() {
        const ALL: [bool; 2] = [true, false];
        const NAMED: [bool; 2] = [false, true];
        assert_eq!(forbids(ALL, NAMED), [false, true]);
        assert_eq!(forbids(NAMED, ALL), [true, false]);
        assert_eq!(forbids(ALL, ALL), [true, true]);
        assert_eq!(forbids(NAMED, NAMED), [true, true]);
        assert_eq!(forbids(ALL, [false, false]), [true, false]);
        assert_eq!(forbids([false, false], NAMED), [false, true]);
    }
}
