//! Everything a lock offers in one file: extras and dependency groups as conditions in markers.

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::{Diagnose, Diagnostic};
use lock::{
    DefaultGroups, Extras, Groups, GroupsFrom, Lock, Package, PackageId, Production, Selected,
    Selection, select,
};
use packaging::marker::MarkerList;
use packaging::{ExtraName, GroupName, Marker};

/// The group that stands for the project's own dependencies, as pdm calls it.
pub(super) const PROJECT_GROUP: &str = "default";

/// What a file offers.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) packages: Vec<Selected<'a>>,
    pub(super) extras: BTreeSet<ExtraName>,
    pub(super) groups: BTreeSet<GroupName>,
    pub(super) default_groups: Vec<String>,
}

/// Every extra and group of the roots, but those that are excluded.
pub(super) fn offer<'a>(lock: &'a Lock, wanted: &Selection) -> Result<Offer<'a>, Vec<Diagnostic>> {
    let choose =
        |selection: &Selection| select(lock, selection).map_err(|error| vec![error.diagnose()]);
    let bare = Selection {
        production: Production::Wanted,
        extras: Extras::default(),
        groups: Groups {
            from: GroupsFrom::Nothing,
            ..Groups::default()
        },
        ..wanted.clone()
    };
    let project = choose(&bare)?;
    let mut extras = project.other_extras.clone();
    extras.retain(|extra| !wanted.extras.without.contains(extra));
    let mut groups = project.other_groups.clone();
    groups.retain(|group| !wanted.groups.without.contains(group));
    let mut union = Union::default();
    let in_project: BTreeMap<&PackageId, Marker> = project
        .packages
        .iter()
        .map(|selected| (&selected.package.id, selected.marker))
        .collect();
    for selected in &project.packages {
        union.add(
            selected,
            listed(MarkerList::DependencyGroups, PROJECT_GROUP),
            selected.marker,
        );
    }
    for extra in &extras {
        let mut selection = bare.clone();
        selection.extras.with.insert(extra.clone());
        for selected in choose(&selection)?.packages {
            // An extra comes with the project: only what it adds is said.
            if in_project.get(&selected.package.id) != Some(&selected.marker) {
                union.add(
                    &selected,
                    listed(MarkerList::Extras, extra.as_str()),
                    selected.marker,
                );
            }
        }
    }
    for group in &groups {
        let mut selection = bare.clone();
        selection.production = Production::Unwanted;
        selection.groups.with.insert(group.clone());
        for selected in choose(&selection)?.packages {
            let condition = listed(MarkerList::DependencyGroups, group.as_str());
            union.add(&selected, condition, selected.marker);
        }
    }
    let packages = lock
        .packages
        .iter()
        .filter_map(|package| union.take(package));
    Ok(Offer {
        packages: packages.collect(),
        default_groups: default_groups(lock, &groups),
        extras,
        groups,
    })
}

fn listed(list: MarkerList, name: &str) -> Marker {
    Marker::listed(list, name)
}

/// The project's dependencies, and the groups that the project installs by default.
fn default_groups(lock: &Lock, groups: &BTreeSet<GroupName>) -> Vec<String> {
    let mut names = vec![PROJECT_GROUP.to_owned()];
    let own = lock.roots().find(|root| root.id.source.is_own_folder());
    let declared = match own {
        Some(own) => own.default_groups.as_ref(),
        None => lock.asked.default_groups.as_ref(),
    };
    match declared {
        Some(DefaultGroups::All) => names.extend(groups.iter().map(ToString::to_string)),
        Some(DefaultGroups::List(list)) => {
            let known = list.iter().filter(|group| groups.contains(group));
            names.extend(known.map(ToString::to_string));
        }
        None => {}
    }
    names
}

/// The packages with the union of their markers.
#[derive(Default)]
struct Union<'a>(BTreeMap<&'a PackageId, Selected<'a>>);

impl<'a> Union<'a> {
    fn add(&mut self, selected: &Selected<'a>, condition: Marker, marker: Marker) {
        let known = self
            .0
            .entry(&selected.package.id)
            .or_insert_with(|| Selected {
                marker: Marker::FALSE,
                ..selected.clone()
            });
        known.marker = known.marker.or(condition.and(marker));
        known.via.extend(&selected.via);
        known.extras.extend(selected.extras.iter().cloned());
    }

    fn take(&mut self, package: &Package) -> Option<Selected<'a>> {
        self.0.remove(&package.id)
    }
}
