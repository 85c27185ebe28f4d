//! Versions that are preferred over better ones: those of an existing lock, and those that
//! finished forks have chosen.

use packaging::{IndexUrl, Marker, PackageName, Version};
use rustc_hash::FxHashMap;

use crate::environment::ForkEnvironment;

/// A version to prefer.
#[derive(Clone, Debug)]
pub struct Preference {
    /// The project.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The index it came from.
    pub index: Option<IndexUrl>,
    /// The forks it was chosen in; none when it was chosen everywhere.
    pub forks: Vec<Marker>,
}

/// Who prefers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Voice {
    /// An existing lock.
    Lock,
    /// A fork that is finished.
    Sibling,
}

#[derive(Clone, Debug)]
struct Entry {
    /// The environments it was chosen for, whatever the extras.
    markers: Vec<Marker>,
    version: Version,
    index: Option<IndexUrl>,
    voice: Voice,
}

/// All preferences, growing as forks are finished.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preferences {
    entries: FxHashMap<PackageName, Vec<Entry>>,
}

impl Preferences {
    pub(crate) fn new(preferences: &[Preference]) -> Self {
        let mut all = Self::default();
        for preference in preferences {
            let forks: &[Marker] = if preference.forks.is_empty() {
                &[Marker::TRUE]
            } else {
                &preference.forks
            };
            for marker in forks {
                all.insert(
                    &preference.name,
                    preference.version.clone(),
                    preference.index.clone(),
                    *marker,
                    Voice::Lock,
                );
            }
        }
        all
    }

    pub(crate) fn insert(
        &mut self,
        name: &PackageName,
        version: Version,
        index: Option<IndexUrl>,
        marker: Marker,
        voice: Voice,
    ) {
        let marker = marker.without_extras();
        let entries = self.entries.entry(name.clone()).or_default();
        let same = |entry: &&mut Entry| {
            entry.voice == voice && entry.version == version && entry.index == index
        };
        match entries.iter_mut().find(same) {
            Some(entry) if entry.markers.contains(&marker) => {}
            Some(entry) => entry.markers.push(marker),
            None => entries.push(Entry {
                markers: vec![marker],
                version,
                index,
                voice,
            }),
        }
    }

    /// The preferred versions of a project for a fork, most preferred first.
    ///
    /// What was chosen for overlapping environments comes first, then the better version. Where
    /// the project is pinned to an index, what came from another one does not count.
    pub(crate) fn ordered(
        &self,
        name: &PackageName,
        index: Option<&IndexUrl>,
        environment: &ForkEnvironment,
        highest: bool,
    ) -> Vec<(&Version, Voice)> {
        let Some(entries) = self.entries.get(name) else {
            return Vec::new();
        };
        let mut entries: Vec<_> = entries
            .iter()
            .filter(|entry| index.is_none_or(|index| entry.index.as_ref() == Some(index)))
            .map(|entry| {
                let mut markers = entry.markers.iter();
                (markers.any(|marker| environment.includes(*marker)), entry)
            })
            .collect();
        entries.sort_by(|(left_fits, left), (right_fits, right)| {
            let by_version = left.version.cmp(&right.version);
            let better = if highest {
                by_version.reverse()
            } else {
                by_version
            };
            right_fits.cmp(left_fits).then(better)
        });
        entries
            .into_iter()
            .map(|(_, entry)| (&entry.version, entry.voice))
            .collect()
    }
}
