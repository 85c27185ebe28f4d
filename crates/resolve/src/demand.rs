//! A requirement in the solver's terms: a range of versions under a marker.

use std::sync::Arc;

use lock::Source;
use packaging::{
    ConflictItem, ExtraName, GroupName, IndexUrl, Marker, Operator, PackageName, Requirement,
    RequirementSource, SourcedRequirement, Version, VersionRange, VersionSpecifiers,
};

/// Where the wanted distribution comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// An index; a named one if said.
    Registry {
        index: Option<IndexUrl>,
        conflict: Option<ConflictItem>,
    },
    /// A URL, a path or the workspace.
    Direct(Source),
}

/// A requirement in the solver's terms.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) name: PackageName,
    pub(crate) extras: Arc<[ExtraName]>,
    pub(crate) groups: Arc<[GroupName]>,
    pub(crate) marker: Marker,
    pub(crate) specifiers: Arc<VersionSpecifiers>,
    pub(crate) range: VersionRange,
    pub(crate) origin: Origin,
}

impl Demand {
    /// Whether the requirement says nothing about versions or source.
    pub(crate) fn is_bare(&self) -> bool {
        self.specifiers.is_empty() && !matches!(self.origin, Origin::Direct(_))
    }

    /// Whether no version at all could satisfy the specifiers.
    pub(crate) fn is_unsatisfiable(&self) -> bool {
        self.range.is_empty()
    }

    /// The one version that is pinned, if there is exactly one specifier and it is `==` or `===`.
    pub(crate) fn pinned(&self) -> Option<&Version> {
        match &**self.specifiers {
            [one] if matches!(one.operator(), Operator::Equal | Operator::ExactEqual) => {
                Some(one.version())
            }
            _ => None,
        }
    }

    /// Whether a specifier names a pre-release.
    pub(crate) fn names_prerelease(&self) -> bool {
        self.specifiers
            .iter()
            .any(|one| one.operator() != &Operator::NotEqual && one.any_prerelease())
    }

    /// The same under another marker.
    pub(crate) fn under(&self, marker: Marker) -> Self {
        Self {
            marker,
            ..self.clone()
        }
    }
}

impl From<&SourcedRequirement> for Demand {
    fn from(requirement: &SourcedRequirement) -> Self {
        let (specifiers, origin) = match &requirement.source {
            RequirementSource::Registry {
                specifiers,
                index,
                conflict,
            } => (
                specifiers.clone(),
                Origin::Registry {
                    index: index.clone(),
                    conflict: conflict.clone(),
                },
            ),
            direct => (
                VersionSpecifiers::empty(),
                direct_source(direct).map_or(
                    Origin::Registry {
                        index: None,
                        conflict: None,
                    },
                    Origin::Direct,
                ),
            ),
        };
        Self {
            name: requirement.name.clone(),
            extras: requirement.extras.as_slice().into(),
            groups: requirement.groups.as_slice().into(),
            marker: requirement.marker,
            range: crate::range::of_any(&specifiers, &requirement.alternatives),
            specifiers: specifiers.into(),
            origin,
        }
    }
}

impl From<&Requirement> for Demand {
    /// A distribution's own requirement: indexes are never named there.
    fn from(requirement: &Requirement) -> Self {
        Self {
            name: requirement.name.clone(),
            extras: requirement.extras.as_slice().into(),
            groups: Arc::default(),
            marker: requirement.marker,
            range: crate::range::of(&requirement.specifiers),
            specifiers: Arc::new(requirement.specifiers.clone()),
            origin: match requirement.url {
                Some(ref url) => Origin::Direct(Source::Url {
                    url: url.clone(),
                    subdirectory: None,
                }),
                None => Origin::Registry {
                    index: None,
                    conflict: None,
                },
            },
        }
    }
}

/// Where a requirement's distribution is, unless an index has it.
#[must_use]
pub fn direct_source(source: &RequirementSource) -> Option<Source> {
    Some(match source {
        RequirementSource::Registry { .. } => return None,
        RequirementSource::Url { url, subdirectory } => Source::Url {
            url: url.split('#').next().unwrap_or(url).into(),
            subdirectory: subdirectory.clone(),
        },
        RequirementSource::Git {
            url,
            reference,
            commit,
            subdirectory,
        } => Source::Git {
            url: url.clone(),
            reference: reference.clone(),
            commit: commit.clone().unwrap_or_default(),
            subdirectory: subdirectory.clone(),
        },
        RequirementSource::Path(path) => Source::Path(path.clone()),
        RequirementSource::Directory {
            path,
            editable,
            is_virtual,
        } => match (editable, is_virtual) {
            (_, true) => Source::Virtual(path.clone()),
            (true, false) => Source::Editable(path.clone()),
            (false, false) => Source::Directory(path.clone()),
        },
    })
}
