//! The workspace that a folder lives in: the lock's own, another one, or the folder alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::required_members;
use super::{Member, MemberGlobs, Workspace};
use crate::Manifest;

impl Workspace {
    /// The workspace that uv finds when it looks around a known folder; the lock's own need not
    /// be it. A `pyproject.toml` between a member and the root hides the root: such a member is
    /// on its own when its sources are looked up (0.13.8).
    pub(super) fn around(&self, folder: &str) -> Option<Cow<'_, Self>> {
        let manifest = self.known(folder)?;
        if folder == self.folder {
            return Some(Cow::Borrowed(self));
        }
        if manifest.uv.workspace.is_some() {
            return Some(Cow::Owned(self.rooted_at(folder, manifest)));
        }
        let above = ancestors(folder).find_map(|above| Some((above, self.known(above)?)));
        if let Some((above, root)) = above
            && root.uv.workspace.is_some()
            && MemberGlobs::new(root, &mut Vec::new()).matches(&below(above, folder)?)
        {
            let is_own = above == self.folder;
            return Some(if is_own {
                Cow::Borrowed(self)
            } else {
                Cow::Owned(self.rooted_at(above, root))
            });
        }
        Some(Cow::Owned(self.rooted_at(folder, manifest)))
    }

    /// The manifest of a known folder.
    pub(super) fn known(&self, folder: &str) -> Option<&Arc<Manifest>> {
        let member = self.members.iter().find(|member| member.path == folder);
        let member = member.map(|member| &member.manifest);
        let root = (folder == self.folder).then_some(&self.root);
        member.or(root).or_else(|| self.local.get(folder))
    }

    /// The workspace with its root at a known folder.
    fn rooted_at(&self, folder: &str, root: &Arc<Manifest>) -> Self {
        let globs = MemberGlobs::new(root, &mut Vec::new());
        let mut members = BTreeMap::new();
        let mut local = BTreeMap::new();
        let own = self
            .members
            .iter()
            .map(|member| (&member.path, &member.manifest));
        for (path, manifest) in own.chain(&self.local) {
            let is_member =
                path == folder || below(folder, path).is_some_and(|path| globs.matches(&path));
            match &manifest.project {
                Some(project) if is_member && manifest.uv.managed != Some(false) => {
                    let (name, manifest) = (project.name.clone(), manifest.clone());
                    members.insert(
                        name.clone(),
                        Member {
                            name,
                            path: path.clone(),
                            manifest,
                        },
                    );
                }
                _ => {
                    local.insert(path.clone(), manifest.clone());
                }
            }
        }
        let members: Vec<Member> = members.into_values().collect();
        let required = required_members(root, &members, &mut Vec::new());
        let (root, folder, no_sources) = (root.clone(), folder.to_owned(), self.no_sources.clone());
        Self {
            root,
            members,
            required,
            local,
            folder,
            no_sources,
        }
    }
}

/// The folders above a folder, nearest first, as far as they have names.
pub(super) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    let mut rest = (folder != ".").then_some(folder);
    std::iter::from_fn(move || {
        let folder = rest?;
        let above = match folder.rsplit_once('/') {
            Some((above, name)) if name != ".." => above,
            None if folder != ".." => ".",
            _ => {
                rest = None;
                return None;
            }
        };
        rest = (above != "." && !above.is_empty()).then_some(above);
        Some(above)
    })
}

/// A folder relative to one above it.
pub(super) fn below(above: &str, folder: &str) -> Option<String> {
    let rest = match above {
        "." if folder.starts_with("..") || folder.starts_with('/') => return None,
        "." => folder,
        _ => folder.strip_prefix(above)?.strip_prefix('/')?,
    };
    Some(rest.to_owned())
}
