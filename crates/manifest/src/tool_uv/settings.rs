//! How to resolve: the part of `[tool.uv]` that a command line could say as well.

use std::collections::BTreeMap;

use packaging::PackageName;
use toml::de::DeTable;

use super::{
    CutOff, DependencyMetadata, FindLinks, Index, by_package, cutoff, flag, index, overrides,
};
use crate::document::Reader;

/// Which of the allowed versions is preferred.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ResolutionMode {
    /// The highest.
    #[default]
    Highest,
    /// The lowest.
    Lowest,
    /// The lowest for what is required directly, the highest for the rest.
    LowestDirect,
}

/// When pre-releases are allowed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PrereleaseMode {
    /// Never.
    Disallow,
    /// Like any other version.
    Allow,
    /// When no stable version satisfies.
    #[default]
    IfNecessary,
    /// Only for first-party requirements that name one.
    Explicit,
    /// As `IfNecessary` (deprecated spelling).
    IfNecessaryOrExplicit,
}

/// When to split the resolution.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ForkStrategy {
    /// The best version for each Python.
    #[default]
    RequiresPython,
    /// As few versions as possible.
    Fewest,
}

/// How several indexes are searched for one project.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum IndexStrategy {
    /// Only the first that has the project.
    #[default]
    FirstIndex,
    /// The first that has a matching version.
    UnsafeFirstMatch,
    /// All of them together.
    UnsafeBestMatch,
}

/// All projects, or some.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// Whether all are meant.
    pub all: bool,
    /// Those that are meant anyway.
    pub packages: Vec<PackageName>,
}

impl Selection {
    /// Whether a project is meant.
    #[must_use]
    pub fn contains(&self, name: &PackageName) -> bool {
        self.all || self.packages.contains(name)
    }
}

/// How to resolve.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The indexes to search: those without `explicit` in order, the one with `default` last;
    /// explicit ones follow. The legacy keys are merged in as uv merges them.
    pub indexes: Vec<Index>,
    /// Whether no index is searched at all.
    pub no_index: bool,
    /// Folders and pages of files beside the indexes.
    pub find_links: Vec<FindLinks>,
    /// How several indexes are searched for one project.
    pub index_strategy: IndexStrategy,
    /// Which of the allowed versions is preferred.
    pub resolution: ResolutionMode,
    /// When pre-releases are allowed.
    pub prerelease: PrereleaseMode,
    /// The same for single projects.
    pub prerelease_package: BTreeMap<PackageName, PrereleaseMode>,
    /// When to split the resolution.
    pub fork_strategy: ForkStrategy,
    /// Metadata that is taken instead of what distributions say.
    pub dependency_metadata: Vec<DependencyMetadata>,
    /// Files uploaded later do not exist.
    pub exclude_newer: Option<CutOff>,
    /// The same for single projects; `None` switches it off.
    pub exclude_newer_package: BTreeMap<PackageName, Option<CutOff>>,
    /// Projects whose sdists are never used.
    pub no_build: Selection,
    /// Projects whose wheels are never used.
    pub no_binary: Selection,
    /// Projects whose `[tool.uv.sources]` are ignored.
    pub no_sources: Selection,
}

impl Settings {
    /// The indexes that are searched for projects bound to none, first to last.
    ///
    /// Empty means that the product's default index is the only one; a list without a `default`
    /// index is followed by it. See [`Settings::replaces_default_index`].
    pub fn searched_indexes(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(|index| !index.explicit)
    }

    /// Whether one of the indexes stands in for the product's default index.
    #[must_use]
    pub fn replaces_default_index(&self) -> bool {
        self.indexes.iter().any(|index| index.default)
    }
}

const PRERELEASE: &[(&str, PrereleaseMode)] = &[
    ("disallow", PrereleaseMode::Disallow),
    ("allow", PrereleaseMode::Allow),
    ("if-necessary", PrereleaseMode::IfNecessary),
    ("explicit", PrereleaseMode::Explicit),
    (
        "if-necessary-or-explicit",
        PrereleaseMode::IfNecessaryOrExplicit,
    ),
];

const RESOLUTION: &[(&str, ResolutionMode)] = &[
    ("highest", ResolutionMode::Highest),
    ("lowest", ResolutionMode::Lowest),
    ("lowest-direct", ResolutionMode::LowestDirect),
];

const FORK_STRATEGY: &[(&str, ForkStrategy)] = &[
    ("requires-python", ForkStrategy::RequiresPython),
    ("fewest", ForkStrategy::Fewest),
];

const INDEX_STRATEGY: &[(&str, IndexStrategy)] = &[
    ("first-index", IndexStrategy::FirstIndex),
    ("unsafe-first-match", IndexStrategy::UnsafeFirstMatch),
    ("unsafe-best-match", IndexStrategy::UnsafeBestMatch),
];

/// Reads the settings out of `[tool.uv]`.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Settings {
    let (indexes, find_links) = index::searched(reader, table);
    Settings {
        indexes,
        no_index: flag(reader, table, "no-index").unwrap_or_default(),
        find_links,
        index_strategy: choice(reader, table, "index-strategy", INDEX_STRATEGY),
        resolution: choice(reader, table, "resolution", RESOLUTION),
        prerelease: choice(reader, table, "prerelease", PRERELEASE),
        prerelease_package: by_package(reader, table, "prerelease-package", |reader, node, key| {
            reader.choice(node, key, PRERELEASE)
        }),
        fork_strategy: choice(reader, table, "fork-strategy", FORK_STRATEGY),
        dependency_metadata: overrides::read_dependency_metadata(reader, table),
        exclude_newer: table
            .get("exclude-newer")
            .and_then(|node| cutoff::read(reader, node, "tool.uv.exclude-newer")),
        exclude_newer_package: by_package(
            reader,
            table,
            "exclude-newer-package",
            cutoff::read_or_off,
        ),
        no_build: selection(reader, table, "no-build"),
        no_binary: selection(reader, table, "no-binary"),
        no_sources: selection(reader, table, "no-sources"),
    }
}

fn choice<T: Copy + Default>(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    key: &str,
    words: &[(&str, T)],
) -> T {
    let node = table.get(key);
    node.and_then(|node| reader.choice(node, &format!("tool.uv.{key}"), words))
        .unwrap_or_default()
}

fn selection(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Selection {
    let packages_key = format!("{key}-package");
    let all = flag(reader, table, key);
    let packages = table
        .get(&*packages_key)
        .map(|node| reader.package_names(node, &format!("tool.uv.{packages_key}")))
        .unwrap_or_default();
    Selection {
        all: all.unwrap_or_default(),
        // An answer for all is the answer for each, `false` too (uv 0.13.8).
        packages: match all {
            Some(_) => Vec::new(),
            None => packages,
        },
    }
}
