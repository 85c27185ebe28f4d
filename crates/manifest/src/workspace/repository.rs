//! A project inside of somebody else's repository, with the sources it names itself.

use std::collections::BTreeMap;

use diagnostic::Diagnostic;
use packaging::RequirementSource;

use super::around::{ancestors, below};
use super::globs::MemberGlobs;
use super::{Declared, Member, Workspace};
use crate::lower::normalize;

impl Workspace {
    /// What the project in a folder of a repository asks for, paths relative to the repository's
    /// top; `None` when there is no `[project]`.
    ///
    /// `files` maps the paths of `pyproject.toml` files to their texts. The workspace around the
    /// folder is found as uv 0.13.8 finds it: the next `pyproject.toml` above is its root or none.
    ///
    /// # Errors
    ///
    /// Every mistake found.
    pub fn declared_in(
        files: &BTreeMap<String, String>,
        folder: &str,
    ) -> Result<Option<(Member, Declared)>, Vec<Diagnostic>> {
        let folder = normalize(folder);
        let manifest = |folder: &str| {
            let path = normalize(&format!("{folder}/pyproject.toml"));
            let text = files.get(&path)?;
            crate::read(text, &path).0
        };
        let Some(own) = manifest(&folder) else {
            return Ok(None);
        };
        let Some(project) = &own.project else {
            return Ok(None);
        };
        let mut root = folder.clone();
        if own.uv.workspace.is_none()
            && let Some((above, found)) =
                ancestors(&folder).find_map(|above| Some((above, manifest(above)?)))
            && found.uv.workspace.is_some()
            && let Some(inside) = below(above, &folder)
            && MemberGlobs::new(&found, &mut Vec::new()).matches(&inside)
        {
            root = above.to_owned();
        }
        let (workspace, mut found) = Self::from_files(files, &root);
        let Some(workspace) = workspace else {
            found.retain(Diagnostic::is_error);
            return Err(found);
        };
        let inside = match root == folder {
            true => ".".to_owned(),
            false => below(&root, &folder).unwrap_or_else(|| folder.clone()),
        };
        let member = Member {
            name: project.name.clone(),
            path: inside,
            manifest: own.into(),
        };
        let mut declared = workspace.declared(&member)?;
        let groups = declared.requires_dev.values_mut().flatten();
        for requirement in declared.requires_dist.iter_mut().chain(groups) {
            match &mut requirement.source {
                RequirementSource::Directory { path, .. } | RequirementSource::Path(path) => {
                    let from_top = match path.starts_with('/') {
                        true => path.to_string(),
                        false => normalize(&format!("{root}/{path}")),
                    };
                    *path = from_top.into();
                }
                _ => {}
            }
        }
        Ok(Some((member, declared)))
    }
}
