//! What else there is to know of a conflict: things that are there but hidden, and settings that
//! hide them (uv.md §5.2).

use std::collections::BTreeSet;
use std::fmt;

use packaging::filename::WheelParts;
use packaging::{IndexUrl, PackageName, RequiresPython, Version, VersionRange};
use pubgrub::External;

use super::reason::{Gone, PackageGone, Reason, Unusable};
use super::{Tree, range_text, visit};
use crate::candidate::Prereleases;
use crate::node::{Kind, Node};
use crate::problem::IndexStrategy;
use crate::solve::ForkState;
use crate::version_map::VersionMap;
use crate::world::{Found, World};

/// Something to know of a conflict, beside its derivation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hint {
    /// There are pre-releases, which are not allowed.
    Prereleases {
        /// The project.
        name: PackageName,
        /// The latest of them.
        version: Version,
    },
    /// Some Pythons of the project are not supported by what it depends on.
    Python {
        /// The Pythons asked for.
        asked: String,
        /// A release that supports fewer, as a requirement.
        example: String,
        /// The Pythons it supports.
        supports: String,
    },
    /// The cut-off hides versions.
    CutOff {
        /// The project.
        name: PackageName,
        /// The latest hidden version.
        version: Version,
        /// When it was uploaded, in milliseconds since 1970.
        uploaded: Option<i64>,
        /// The cut-off, in milliseconds since 1970.
        cutoff: i64,
    },
    /// A withdrawn version can be had by name.
    Yanked {
        /// The project.
        name: PackageName,
        /// The version.
        version: Version,
    },
    /// There are wheels, but none that fits.
    Wheels {
        /// The project.
        name: PackageName,
        /// The version.
        version: Version,
        /// The tags of its wheels.
        tags: Vec<String>,
    },
    /// Source distributions are forbidden.
    NoBuild(PackageName),
    /// Wheels are forbidden.
    NoBinary(PackageName),
    /// No index is configured.
    NoIndex,
    /// Requests are not allowed.
    Offline,
    /// An index wants credentials.
    Unauthorized(IndexUrl),
    /// Other indexes were not looked at, since the first one has the project.
    FirstIndex {
        /// The project.
        name: PackageName,
        /// The index that has it.
        found: IndexUrl,
    },
    /// A project requires itself in another version.
    OnItself(PackageName),
    /// Extras and groups are locked together.
    Together(Vec<String>),
}

impl Hint {
    /// Whether the other says the same, be it of another version.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Yanked { name, .. }, Self::Yanked { name: other, .. })
            | (Self::Wheels { name, .. }, Self::Wheels { name: other, .. })
            | (Self::CutOff { name, .. }, Self::CutOff { name: other, .. })
            | (Self::Prereleases { name, .. }, Self::Prereleases { name: other, .. }) => {
                name == other
            }
            (own, other) => own == other,
        }
    }

    fn version(&self) -> Option<&Version> {
        match self {
            Self::Yanked { version, .. }
            | Self::Wheels { version, .. }
            | Self::CutOff { version, .. }
            | Self::Prereleases { version, .. } => Some(version),
            _ => None,
        }
    }
}

/// Everything there is to know of a conflict, the most telling first.
pub(super) fn gather(tree: &Tree, state: &ForkState, world: &mut World) -> Vec<Hint> {
    let mut externals = Vec::new();
    visit(tree, &mut |external| externals.push(external.clone()));
    let mut gatherer = Gatherer {
        state,
        world,
        python: None,
        own: BTreeSet::new(),
        hints: Vec::new(),
    };
    for external in &externals {
        gatherer.look_at(external);
    }
    gatherer.finish()
}

struct Gatherer<'a> {
    state: &'a ForkState,
    world: &'a mut World,
    /// The release that wants the newest Python.
    python: Option<(PackageName, VersionRange, RequiresPython)>,
    /// Extras and groups of the user's own that take part.
    own: BTreeSet<String>,
    hints: Vec<Hint>,
}

impl Gatherer<'_> {
    fn look_at(&mut self, external: &External<Node, VersionRange, Reason>) {
        match external {
            External::NotRoot(..) | External::NoVersions(Node::Python, _) => {}
            External::NoVersions(node, range) => {
                if let Some(name) = node.name() {
                    self.look_for_hidden(name, range);
                }
            }
            External::Custom(node, range, reason) => {
                if let Some(name) = node.name() {
                    self.look_at_reason(name, range, reason);
                }
            }
            External::FromDependencyOf(from, versions, Node::Python, python) => {
                if let Some(name) = from.name() {
                    let python = RequiresPython::from_range(python.clone());
                    self.wants_python(name, versions, &python);
                }
            }
            External::FromDependencyOf(from, _, to, _) => self.look_at_dependency(from, to),
        }
    }

    fn look_at_dependency(&mut self, from: &Node, to: &Node) {
        let Node::Package { name, kind, .. } = from else {
            return;
        };
        if !self.world.problem.members.contains(name) {
            return;
        }
        match kind {
            Kind::Base
                if to.name() == Some(name) && to.proxied_base().is_none_or(|it| it != *from) =>
            {
                self.add(Hint::OnItself(name.clone()));
            }
            Kind::Base => {}
            Kind::Extra(extra) => {
                self.own.insert(format!("{name}[{extra}]"));
            }
            Kind::Group(group) => {
                self.own.insert(format!("{name}:{group}"));
            }
        }
    }

    fn wants_python(
        &mut self,
        name: &PackageName,
        versions: &VersionRange,
        python: &RequiresPython,
    ) {
        let is_newest = self
            .python
            .as_ref()
            .is_none_or(|(_, _, known)| python.bounds().raises(known.bounds()));
        if is_newest {
            self.python = Some((name.clone(), versions.clone(), python.clone()));
        }
    }

    /// Versions that exist in a range although the engine was told of none.
    fn look_for_hidden(&mut self, name: &PackageName, range: &VersionRange) {
        let maps = match self.world.maps(name, self.state.pinned_index(name)) {
            Found::Maps(maps) => maps,
            Found::Gone(gone) => return self.look_at_gone(&gone),
            Found::Missing(_) => return,
        };
        let allows = self.world.prereleases(name, &self.state.environment);
        for map in maps.iter() {
            self.look_for_newer(name, range, map);
            let latest = map.within(range).rev().map(|(version, _)| version);
            let latest = latest.into_iter().find(|version| version.any_prerelease());
            if let Some(version) = latest.filter(|_| allows == Prereleases::Disallow) {
                let version = version.clone();
                let name = name.clone();
                self.add(Hint::Prereleases { name, version });
            }
        }
        let indexes = &self.world.problem.indexes;
        if let Some(map) = maps.first()
            && indexes.strategy == IndexStrategy::FirstIndex
            && self.state.pinned_index(name).is_none()
            && indexes.implicit.last() != Some(&map.index)
        {
            let (name, found) = (name.clone(), map.index.clone());
            self.add(Hint::FirstIndex { name, found });
        }
    }

    /// The latest version of a range that the cut-off hides.
    fn look_for_newer(&mut self, name: &PackageName, range: &VersionRange, map: &VersionMap) {
        let Some(cutoff) = map.policy.cutoff else {
            return;
        };
        let mut hidden: Vec<(&Version, Option<i64>)> = map
            .hidden()
            .filter(|(version, _)| range.contains(version))
            .collect();
        if hidden.iter().any(|(version, _)| !version.any_prerelease()) {
            hidden.retain(|(version, _)| !version.any_prerelease());
        }
        if let Some((version, uploaded)) = hidden.last() {
            self.add(Hint::CutOff {
                name: name.clone(),
                version: (*version).clone(),
                uploaded: *uploaded,
                cutoff,
            });
        }
    }

    fn look_at_gone(&mut self, gone: &PackageGone) {
        match gone {
            PackageGone::NoIndex => self.add(Hint::NoIndex),
            PackageGone::Offline => self.add(Hint::Offline),
            PackageGone::Unauthorized(index) => self.add(Hint::Unauthorized(index.clone())),
            PackageGone::NotFound => {}
        }
    }

    fn look_at_reason(&mut self, name: &PackageName, range: &VersionRange, reason: &Reason) {
        let unusable = match reason {
            Reason::Package(gone) => return self.look_at_gone(gone),
            Reason::Version(Gone::Metadata(index::Absence::Offline)) => {
                return self.add(Hint::Offline);
            }
            Reason::Version(Gone::Unusable(unusable)) => unusable,
            Reason::Version(_) => return,
        };
        match unusable {
            Unusable::RequiresPython(python) => self.wants_python(name, range, python),
            Unusable::NoBuild => self.add(Hint::NoBuild(name.clone())),
            Unusable::NoBinary => self.add(Hint::NoBinary(name.clone())),
            Unusable::Yanked(_) => {
                if let Some((version, _)) = self.latest(name, range) {
                    let name = name.clone();
                    self.add(Hint::Yanked { name, version });
                }
            }
            Unusable::PythonTag | Unusable::MissingPlatform(_) => {
                if let Some((version, tags)) = self.latest(name, range) {
                    let name = name.clone();
                    self.add(Hint::Wheels {
                        name,
                        version,
                        tags,
                    });
                }
            }
            Unusable::TooNew(_) | Unusable::Variant | Unusable::OldSdist | Unusable::NoFiles => {}
        }
    }

    /// The latest existing version of a range, and the tags of its wheels.
    fn latest(
        &mut self,
        name: &PackageName,
        range: &VersionRange,
    ) -> Option<(Version, Vec<String>)> {
        let Found::Maps(maps) = self.world.maps(name, self.state.pinned_index(name)) else {
            return None;
        };
        let latest = maps
            .iter()
            .filter_map(|map| Some((map, map.within(range).next_back()?.0)))
            .max_by_key(|(_, version)| (*version).clone());
        let (map, version) = latest?;
        let release = map.project.release(version)?;
        let tags: BTreeSet<String> = release
            .wheels
            .iter()
            .filter_map(|file| Some(WheelParts::split(&file.filename).ok()?.tags.to_owned()))
            .collect();
        Some((version.clone(), tags.into_iter().collect()))
    }

    /// Adds a hint, unless the same is known of a later version.
    fn add(&mut self, hint: Hint) {
        let known = self.hints.iter_mut().find(|known| known.is_like(&hint));
        match known {
            Some(known) if known.version() < hint.version() => *known = hint,
            Some(_) => {}
            None => self.hints.push(hint),
        }
    }

    fn finish(mut self) -> Vec<Hint> {
        if let Some((name, versions, python)) = self.python.take() {
            let latest = self.latest(&name, &versions);
            let example = match latest {
                Some((version, _)) => format!("{name}=={version}"),
                None => {
                    let texts = range_text::specifiers(&versions);
                    format!("{name}{}", texts.first().map_or("", String::as_str))
                }
            };
            let asked = RequiresPython::to_string(&self.world.problem.requires_python);
            self.add(Hint::Python {
                asked: asked.replace(' ', ""),
                example,
                supports: python.to_string().replace(' ', ""),
            });
        }
        if self.own.len() > 1 {
            let own = std::mem::take(&mut self.own);
            self.add(Hint::Together(own.into_iter().collect()));
        }
        self.hints
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prereleases { name, version } => write!(
                formatter,
                "`{name}` has pre-releases in the requested range, the latest being {version}; allow them with `prerelease = \"allow\"` in `[tool.uv]`"
            ),
            Self::Python {
                asked,
                example,
                supports,
            } => write!(
                formatter,
                "`requires-python` ({asked}) includes Pythons that are not supported by dependencies: `{example}` supports only {supports}; consider a narrower `requires-python = \"{supports}\"`"
            ),
            Self::CutOff {
                name,
                version,
                uploaded,
                cutoff,
            } => {
                write!(
                    formatter,
                    "`exclude-newer` hides what was uploaded at or after {}: the latest matching version of `{name}` is {version}",
                    instant(*cutoff)
                )?;
                if let Some(uploaded) = uploaded {
                    write!(formatter, ", uploaded {}", instant(*uploaded))?;
                }
                write!(
                    formatter,
                    "; a later cut-off for `{name}` alone can be set in `exclude-newer-package`"
                )
            }
            Self::Yanked { name, version } => write!(
                formatter,
                "a yanked version is only used when it is pinned: `{name}=={version}`"
            ),
            Self::Wheels {
                name,
                version,
                tags,
            } => {
                if tags.is_empty() {
                    return write!(formatter, "`{name}=={version}` has no wheels");
                }
                let shown: Vec<String> = tags.iter().take(6).map(|tag| format!("`{tag}`")).collect();
                let more = tags.len().saturating_sub(shown.len());
                write!(
                    formatter,
                    "`{name}=={version}` has wheels tagged {}",
                    shown.join(", ")
                )?;
                if more > 0 {
                    write!(formatter, " and {more} more")?;
                }
                Ok(())
            }
            Self::NoBuild(name) => write!(
                formatter,
                "`{name}` would have to be built from source, which `no-build` or `no-build-package` forbids"
            ),
            Self::NoBinary(name) => write!(
                formatter,
                "`{name}` would have to be installed from a wheel, which `no-binary` or `no-binary-package` forbids"
            ),
            Self::NoIndex => formatter.write_str(
                "no index is searched: `no-index` is set, and no `[[tool.uv.index]]` takes its place",
            ),
            Self::Offline => formatter.write_str(
                "only what is cached was looked at; try again without `--offline`",
            ),
            Self::Unauthorized(index) => write!(
                formatter,
                "the index `{index}` wants credentials, or other ones; `ignore-error-codes` makes it count as having nothing"
            ),
            Self::FirstIndex { name, found } => write!(
                formatter,
                "`{name}` was found on `{found}`, so no other index was asked for it; another may have a matching version: see `index-strategy`, or name the index in `[tool.uv.sources]`"
            ),
            Self::OnItself(name) => write!(
                formatter,
                "`{name}` depends on itself in a version that it does not have; is another project of that name meant, or is the requirement a mistake?"
            ),
            Self::Together(own) => {
                let own: Vec<String> = own.iter().map(|one| format!("`{one}`")).collect();
                write!(
                    formatter,
                    "a lock holds all extras and groups together; if {} are never installed together, declare that in `[tool.uv] conflicts`",
                    super::words::listed(own.into_iter(), "and")
                )
            }
        }
    }
}

/// An instant in UTC, to the second.
pub(crate) fn instant(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The proleptic Gregorian calendar in eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn instants_are_dates() {
        assert_eq!(super::instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(super::instant(1_704_153_599_000), "2024-01-01T23:59:59Z");
        assert_eq!(super::instant(951_782_400_000), "2000-02-29T00:00:00Z");
    }
}
