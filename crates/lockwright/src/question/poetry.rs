//! Where poetry looks projects up: primary sources together, supplemental ones where those have
//! nothing, and explicit ones for what names them.

use manifest::tool_poetry::PUBLIC;
use packaging::{
    IndexUrl, RequirementSource, RequiresPython, SourcedRequirement, Version, VersionRange,
};
use resolve::Problem;

use super::{Posing, public_index};

/// The Pythons of a project that does not say: the last 2, and 3 from 3.4 on.
pub(super) fn every_python() -> RequiresPython {
    let release = |from: [u64; 2]| Version::new(from);
    let two = VersionRange::between(release([2, 7]), release([2, 8]));
    RequiresPython::from_range(two.union(&VersionRange::higher_than(release([3, 4]))))
}

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
