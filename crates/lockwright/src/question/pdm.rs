//! What pdm locks: the project's own dependencies and groups, extras only where they are named;
//! and what its sources are for.

use std::collections::BTreeSet;

use packaging::ExtraName;
use resolve::{Problem, Route};

use super::Posing;

impl Posing<'_> {
    /// Leaves extras out, and says what indexes are for.
    pub(super) fn as_pdm(&self, problem: &mut Problem) {
        self.poetry_sources(problem);
        for requirement in &mut problem.requirements {
            if problem.members.contains(&requirement.name) {
                requirement.extras.clear();
            }
        }
        let declared = self.workspace.uv().settings.indexes.iter();
        let routes = declared.filter(|it| !it.include.is_empty() || !it.exclude.is_empty());
        problem.indexes.routes = routes
            .map(|index| {
                let route = Route {
                    include: index.include.clone(),
                    exclude: index.exclude.clone(),
                };
                (self.substituted(&index.url), route)
            })
            .collect();
    }
}

/// Asks for the extras of the root that are among these groups.
pub(crate) fn ask_extras(problem: &mut Problem, groups: &[String]) {
    let wanted: BTreeSet<ExtraName> = groups
        .iter()
        .filter_map(|group| ExtraName::new(group).ok())
        .collect();
    for requirement in &mut problem.requirements {
        let project = problem
            .local
            .iter()
            .find(|project| project.name == requirement.name);
        let Some(project) = project.filter(|project| problem.members.contains(&project.name))
        else {
            continue;
        };
        if requirement.groups.is_empty() {
            let extras = project.provides_extra.iter();
            requirement.extras = extras
                .filter(|extra| wanted.contains(*extra))
                .cloned()
                .collect();
            requirement.extras.sort();
        }
    }
}
