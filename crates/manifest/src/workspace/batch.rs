//! Lowers all requirements of one manifest, and notes every mistake.

use diagnostic::{Diagnose, Diagnostic};
use packaging::{Marker, PackageName};

use super::{Workspace, WorkspaceError};
use crate::Manifest;
use crate::declared::DeclaredRequirement;
use crate::lower::{Context, LoweredRequirement, Part, lower};
use crate::tool_uv::Limit;

/// Requirements of one manifest being lowered, with every mistake.
pub(crate) struct Batch<'b> {
    manifest: &'b Manifest,
    pub(crate) context: Context<'b>,
    lowered: Vec<LoweredRequirement>,
    found: Vec<Diagnostic>,
}

impl<'b> Batch<'b> {
    pub(crate) fn new(
        workspace: Option<&'b Workspace>,
        manifest: &'b Manifest,
        folder: &'b str,
        project: Option<&'b PackageName>,
    ) -> Self {
        let context = Context {
            project,
            folder,
            sources: &manifest.uv.sources,
            indexes: &manifest.uv.indexes,
            workspace,
        };
        Self {
            manifest,
            context,
            lowered: Vec::new(),
            found: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, error: &dyn Diagnose) {
        self.found
            .push(error.diagnose().in_file(&self.manifest.file));
    }

    pub(crate) fn lower(&mut self, requirements: &[DeclaredRequirement], part: &Part) {
        for declared in requirements {
            match lower(declared, part, &self.context) {
                Ok(lowered) => {
                    self.lowered.extend(lowered.into_iter().map(|requirement| {
                        LoweredRequirement {
                            requirement,
                            part: part.clone(),
                            declared: declared.requirement.clone(),
                            span: declared.span.clone(),
                        }
                    }));
                }
                Err(error) => self.note(&error),
            }
        }
    }

    pub(super) fn groups(&mut self) {
        let manifest = self.manifest;
        for group in &manifest.groups {
            self.lower(&group.requirements, &Part::Group(group.name.clone()));
        }
    }

    /// A source that is limited to an extra or group must serve something there.
    pub(super) fn check_limits(&mut self) {
        let manifest = self.manifest;
        for (name, sources) in &manifest.uv.sources {
            for source in sources {
                let Some(limit) = &source.limit else { continue };
                if let Some((part, reason)) = useless(manifest, name, limit) {
                    let (name, span) = (name.clone(), source.span.clone());
                    self.note(&WorkspaceError::UselessLimit {
                        name,
                        part,
                        reason,
                        span,
                    });
                }
            }
        }
    }

    pub(crate) fn finish(self) -> Result<Vec<LoweredRequirement>, Vec<Diagnostic>> {
        if self.found.is_empty() {
            Ok(self.lowered)
        } else {
            Err(self.found)
        }
    }
}

/// What is wrong with limiting a source of a project to a part of the manifest, if anything is.
fn useless(
    manifest: &Manifest,
    name: &PackageName,
    limit: &Limit,
) -> Option<(String, &'static str)> {
    let asks =
        |list: &[DeclaredRequirement]| list.iter().any(|item| item.requirement.name == *name);
    let (part, requirements) = match limit {
        Limit::Extra(extra) => {
            // Without `[project]` there are no extras to be limited to, and uv does not look.
            let project = manifest.project.as_ref()?;
            let named = |item: &DeclaredRequirement| {
                item.requirement.name == *name
                    && item.marker().implies(Marker::extra(extra.as_str()))
            };
            let declared = project
                .optional_dependencies
                .iter()
                .find(|other| other.name == *extra);
            let is_asked = project.dependencies.iter().any(named);
            let requirements = declared.map(|extra| (&*extra.requirements, is_asked));
            (format!("extra `{extra}`"), requirements)
        }
        Limit::Group(group) => {
            let declared = manifest.group(group);
            (
                format!("dependency group `{group}`"),
                declared.map(|group| (&*group.requirements, false)),
            )
        }
    };
    match requirements {
        None => Some((part, "is not defined")),
        Some((list, is_asked)) if !is_asked && !asks(list) => Some((part, "does not require it")),
        Some(_) => None,
    }
}
