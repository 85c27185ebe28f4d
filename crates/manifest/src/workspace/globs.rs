//! Which folders of a workspace are members.

use diagnostic::{Diagnose, Diagnostic};

use super::WorkspaceError;
use crate::Manifest;
use crate::glob::Glob;
use crate::lower::normalize;
use crate::tool_uv::Pattern;

/// Which folders of a workspace are members.
#[derive(Clone, Debug, Default)]
pub struct MemberGlobs {
    members: Vec<Glob>,
    exclude: Vec<Glob>,
}

impl MemberGlobs {
    /// Reads the patterns of a root's `[tool.uv.workspace]`.
    pub(super) fn new(root: &Manifest, found: &mut Vec<Diagnostic>) -> Self {
        let Some(table) = &root.uv.workspace else {
            return Self::default();
        };
        let mut globs = |patterns: &[Pattern], crosses| -> Vec<Glob> {
            let read = |pattern: &Pattern| {
                Glob::new(&pattern.text, crosses).map_err(|reason| WorkspaceError::InvalidPattern {
                    pattern: pattern.text.clone(),
                    reason,
                    span: pattern.span.clone(),
                })
            };
            patterns
                .iter()
                .filter_map(|pattern| {
                    read(pattern)
                        .map_err(|error| found.push(error.diagnose().in_file(&root.file)))
                        .ok()
                })
                .collect()
        };
        // uv lets the wildcards of exclusions reach across folders.
        Self {
            members: globs(&table.members, false),
            exclude: globs(&table.exclude, true),
        }
    }

    /// Whether a folder, relative to the root, is a member if it has a `pyproject.toml`.
    #[must_use]
    pub fn matches(&self, folder: &str) -> bool {
        let folder = normalize(folder);
        self.members.iter().any(|glob| glob.matches(&folder))
            && !self.exclude.iter().any(|glob| glob.matches(&folder))
    }

    /// Whether members may be found below a folder, so that a walk should enter it.
    #[must_use]
    pub fn may_match_below(&self, folder: &str) -> bool {
        let folder = normalize(folder);
        self.members
            .iter()
            .any(|glob| glob.may_match_below(&folder))
    }
}
