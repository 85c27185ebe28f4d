//! Where poetry looks projects up: primary sources together, supplemental ones where those have
//! nothing, and explicit ones for what names them.

use manifest::tool_poetry::PUBLIC;
use packaging::{IndexUrl, RequirementSource, SourcedRequirement};
use resolve::Problem;

use super::{Posing, public_index};

impl Posing<'_> {
    /// Puts URLs in the place of the public index's stand-in, and says which indexes wait.
    pub(super) fn poetry_sources(&self, problem: &mut Problem) {
        let public = public_index(self.options);
        let mended = |index: &IndexUrl| match index.as_str() {
            PUBLIC => public.clone(),
            _ => index.clone(),
        };
        let indexes = &mut problem.indexes;
        indexes.implicit = indexes.implicit.iter().map(mended).collect();
        indexes.configured = indexes
            .configured
            .as_ref()
            .map(|all| all.iter().map(mended).collect());
        let declared = self.workspace.uv().settings.indexes.iter();
        indexes.supplemental = declared
            .filter(|index| index.supplemental)
            .map(|index| mended(&index.url))
            .collect();
        let mend = |requirement: &mut SourcedRequirement, is_member: bool| {
            if let RequirementSource::Registry { index, .. } = &mut requirement.source {
                // Only the root's sources count.
                *index = index.as_ref().filter(|_| is_member).map(mended);
            }
        };
        for project in &mut problem.local {
            let is_member = problem.members.contains(&project.name);
            let groups = project.groups.values_mut().flatten();
            for requirement in project.requires_dist.iter_mut().chain(groups) {
                mend(requirement, is_member);
            }
        }
    }
}
