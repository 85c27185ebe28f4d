//! The conflicts of a workspace, with those that follow from includes.

use std::collections::BTreeSet;

use diagnostic::{Diagnose, Diagnostic};
use packaging::{ConflictItem, ConflictKind, GroupName, PackageName};

use super::Workspace;
use crate::Manifest;
use crate::groups::GroupItem;
use crate::tool_uv::conflicts::ConflictError;

impl Workspace {
    /// The declared conflicts: sets in declared order, items sorted; with the sets that follow
    /// from groups that include a conflicting one.
    ///
    /// # Errors
    ///
    /// An item has no project, and the file none to go by.
    pub fn conflicts(&self) -> Result<Vec<Vec<ConflictItem>>, Vec<Diagnostic>> {
        let mut sets: Vec<Vec<ConflictItem>> = Vec::new();
        let mut found = Vec::new();
        let root = self.is_projectless().then_some((None, &self.root));
        let members = self
            .members
            .iter()
            .map(|member| (Some(&member.name), &member.manifest));
        for (name, manifest) in root.into_iter().chain(members) {
            for set in &manifest.uv.conflicts {
                let mut items = BTreeSet::new();
                for item in &set.items {
                    match item.item(name) {
                        Some(item) => {
                            items.insert(item);
                        }
                        None => {
                            let error = ConflictError::Packageless {
                                span: item.span.clone(),
                            };
                            found.push(error.diagnose().in_file(&manifest.file));
                        }
                    }
                }
                sets.push(items.into_iter().collect());
            }
        }
        for member in &self.members {
            add_included(&mut sets, &member.name, &member.manifest);
        }
        if found.is_empty() {
            Ok(sets)
        } else {
            Err(found)
        }
    }
}

/// Adds the sets in which a group stands for a conflicting group that it includes.
fn add_included(sets: &mut Vec<Vec<ConflictItem>>, name: &PackageName, manifest: &Manifest) {
    let includers = |group: &GroupName| -> Vec<GroupName> {
        let mut seen = vec![group.clone()];
        let mut at = 0;
        while let Some(inner) = seen.get(at).cloned() {
            for outer in &manifest.groups {
                let includes = outer
                    .items
                    .iter()
                    .any(|item| matches!(item, GroupItem::Include { name, .. } if *name == inner));
                if includes && !seen.contains(&outer.name) {
                    seen.push(outer.name.clone());
                }
            }
            at += 1;
        }
        seen.split_off(1)
    };
    let item = |group: GroupName| ConflictItem {
        package: name.clone(),
        kind: ConflictKind::Group(group),
    };
    let mut at = 0;
    while let Some(set) = sets.get(at).cloned() {
        for (place, conflict) in set.iter().enumerate() {
            let ConflictKind::Group(group) = &conflict.kind else {
                continue;
            };
            if conflict.package != *name {
                continue;
            }
            for outer in includers(group) {
                let mut derived = set.clone();
                derived[place] = item(outer);
                derived.sort();
                derived.dedup();
                // Where a group includes one that it conflicts with, itself alone remains.
                if !sets.contains(&derived) {
                    sets.push(derived);
                }
            }
        }
        at += 1;
    }
}
