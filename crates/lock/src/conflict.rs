//! Declared conflicts as markers see them: each conflicting extra, group or project is a pseudo-extra.

use packaging::{ConflictItem, ConflictKind, Marker, PackageName};

use crate::{Lock, Part};

/// The pseudo-extra that stands for a conflicting item in markers: `extra-5-torch-cpu`.
///
/// The number is the length of the project's name, so that no two items share a text.
#[must_use]
pub fn pseudo_extra(item: &ConflictItem) -> String {
    let package = &item.package;
    let length = package.as_str().len();
    match &item.kind {
        ConflictKind::Extra(extra) => format!("extra-{length}-{package}-{extra}"),
        ConflictKind::Group(group) => format!("group-{length}-{package}-{group}"),
        ConflictKind::Project => format!("project-{length}-{package}"),
    }
}

/// That at most one of the items is chosen.
#[must_use]
pub fn at_most_one(set: &[ConflictItem]) -> Marker {
    let chosen: Vec<_> = set
        .iter()
        .map(|item| Marker::extra(&pseudo_extra(item)))
        .collect();
    let mut all = Marker::TRUE;
    for (at, one) in chosen.iter().enumerate() {
        for other in &chosen[at + 1..] {
            all = all.and(one.and(*other).not());
        }
    }
    all
}

impl Lock {
    /// What choosing a part of a root means where that part is a side of a declared conflict.
    #[must_use]
    pub fn chosen_with(&self, package: &PackageName, part: &Part) -> Marker {
        let kind = match part {
            Part::Base => ConflictKind::Project,
            Part::Extra(extra) => ConflictKind::Extra(extra.clone()),
            Part::Group(group) => ConflictKind::Group(group.clone()),
        };
        let item = ConflictItem {
            package: package.clone(),
            kind,
        };
        let is_declared = self
            .conflicts
            .iter()
            .flatten()
            .any(|declared| *declared == item);
        if is_declared {
            Marker::extra(&pseudo_extra(&item))
        } else {
            Marker::TRUE
        }
    }

    /// That of each set of conflicting items at most one is chosen.
    #[must_use]
    pub fn at_most_one(&self) -> Marker {
        self.conflicts
            .iter()
            .map(|set| at_most_one(set))
            .fold(Marker::TRUE, Marker::and)
    }
}
