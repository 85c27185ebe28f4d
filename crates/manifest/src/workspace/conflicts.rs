//! The conflicts of a workspace, with those that follow from includes.

use std::collections::BTreeSet;

use diagnostic::{Diagnose, Diagnostic};
use packaging::ConflictItem;

use super::{Workspace, included};
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
        // uv 0.13.8 looks at the groups of the root only.
        if let Some(project) = &self.root.project {
            included::add(&mut sets, &project.name, &self.root);
        }
        if found.is_empty() {
            Ok(sets)
        } else {
            Err(found)
        }
    }
}
