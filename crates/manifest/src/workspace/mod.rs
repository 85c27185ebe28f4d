//! Projects that are locked together: a root, its members, and what they ask for.

mod around;
mod batch;
mod build;
mod conflicts;
mod error;
mod globs;
mod included;
mod repository;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnostic::{Diagnose, Diagnostic};
use packaging::{
    ExtraName, GroupName, PackageName, RequirementSource, RequiresPython, SourcedRequirement,
    VersionRange,
};

pub(crate) use batch::Batch;
use build::{build, build_around, build_script};
pub use error::WorkspaceError;
pub use globs::MemberGlobs;

use crate::declared::DeclaredRequirement;
use crate::lower::{LoweredRequirement, Part, relative};
use crate::tool_uv::{Index, Selection, SourceKind, Sources, ToolUv, WorkspaceReference};
use crate::{Dialect, Manifest};

/// Projects that are locked together. A single project is a workspace of one.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The root's manifest; it need not have a `[project]`.
    pub root: Arc<Manifest>,
    /// The projects, the root's among them, by name.
    pub members: Vec<Member>,
    /// Members that another one requires, and whether it says that they are editable.
    required: BTreeMap<PackageName, Option<bool>>,
    /// Other folders whose manifests are known, for sources with a `path`.
    local: BTreeMap<String, Arc<Manifest>>,
    /// The root's folder; not `.` only for the workspaces that local requirements live in.
    folder: String,
    /// The projects whose sources are ignored.
    no_sources: Selection,
}

/// One project of a workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// The project's name.
    pub name: PackageName,
    /// Its folder relative to the root, with `/`; `.` for the root itself.
    pub path: String,
    /// Its manifest.
    pub manifest: Arc<Manifest>,
}

/// How a member stands in a lock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Installed in place.
    Editable,
    /// Installed by copy.
    Directory,
    /// Never installed itself: only its requirements count.
    Virtual,
}

/// What a member asks for, in the order in which locks record it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// `dependencies`, then optional ones with `extra == '…'`.
    pub requires_dist: Vec<SourcedRequirement>,
    /// The extras declared, in order.
    pub provides_extra: Vec<ExtraName>,
    /// Dependency groups, includes expanded.
    pub requires_dev: BTreeMap<GroupName, Vec<SourcedRequirement>>,
}

impl Workspace {
    /// Builds a workspace out of the texts of its files.
    ///
    /// `files` maps paths, with `/`, to texts; `root` is the folder whose `pyproject.toml` is the
    /// root, `.` or empty for the folder that the paths start from. Files that belong to no member
    /// are kept for sources with a `path`.
    #[must_use]
    pub fn from_files(
        files: &BTreeMap<String, String>,
        root: &str,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        Self::from_files_as(files, root, Dialect::Uv)
    }

    /// The same in somebody else's reading.
    #[must_use]
    pub fn from_files_as(
        files: &BTreeMap<String, String>,
        root: &str,
        dialect: Dialect,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let workspace = build(files, root, dialect, &mut found);
        let is_usable = !found.iter().any(Diagnostic::is_error);
        (workspace.filter(|_| is_usable), found)
    }

    /// A workspace of one project, out of the text of its `pyproject.toml`.
    #[must_use]
    pub fn single(text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let files = BTreeMap::from([("pyproject.toml".to_owned(), text.to_owned())]);
        Self::from_files(&files, ".")
    }

    /// A workspace without members, out of the text of a script.
    ///
    /// `file` is how the user calls it; `files` are manifests for its sources with a `path`, by
    /// path relative to the script's folder.
    #[must_use]
    pub fn script(
        text: &str,
        file: &str,
        files: &BTreeMap<String, String>,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let workspace = build_script(text, file, files, &mut found);
        let is_usable = !found.iter().any(Diagnostic::is_error);
        (workspace.filter(|_| is_usable), found)
    }

    /// A workspace whose root was read from another file than a `pyproject.toml`.
    ///
    /// `files` are manifests for its sources with a `path`, by path relative to the root's folder.
    #[must_use]
    pub fn around_root(
        root: Manifest,
        files: &BTreeMap<String, String>,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let workspace = build_around(root, files, &mut found);
        let is_usable = !found.iter().any(Diagnostic::is_error);
        (workspace.filter(|_| is_usable), found)
    }

    /// The same workspace with the root's environments of hatch as dependency groups.
    #[must_use]
    pub fn with_hatch_environments(mut self) -> (Self, Vec<Diagnostic>) {
        let mut root = (*self.root).clone();
        let found = root.add_hatch_environments();
        self.root = Arc::new(root);
        for member in self.members.iter_mut().filter(|it| it.path == ".") {
            member.manifest = self.root.clone();
        }
        (self, found)
    }

    /// Which folders are members of the workspace whose root this is, for a shell that walks.
    #[must_use]
    pub fn member_globs(root: &Manifest) -> MemberGlobs {
        MemberGlobs::new(root, &mut Vec::new())
    }

    /// The settings, which only the root has a say in.
    #[must_use]
    pub fn uv(&self) -> &ToolUv {
        &self.root.uv
    }

    /// Whether the root has no `[project]`.
    #[must_use]
    pub fn is_projectless(&self) -> bool {
        self.root.project.is_none()
    }

    /// Whether locks list the members: there are several, or the root is none.
    #[must_use]
    pub fn lists_members(&self) -> bool {
        self.members.len() > 1 || self.is_projectless()
    }

    /// The member of a name.
    #[must_use]
    pub fn member(&self, name: &PackageName) -> Option<&Member> {
        let at = self
            .members
            .binary_search_by(|member| member.name.cmp(name))
            .ok()?;
        self.members.get(at)
    }

    /// The manifest of any known folder, relative to the root.
    #[must_use]
    pub fn local(&self, folder: &str) -> Option<&Manifest> {
        let of_member = self.members.iter().find(|member| member.path == folder);
        of_member
            .map(|member| &*member.manifest)
            .or_else(|| self.local.get(folder).map(|known| &**known))
    }

    /// The known project of a name at or below a folder, with its own folder.
    pub(crate) fn local_named(&self, root: &str, name: &PackageName) -> Option<(&str, &Manifest)> {
        let below = |folder: &str| {
            folder == root
                || folder
                    .strip_prefix(root)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let is_named = |manifest: &Manifest| {
            manifest
                .project
                .as_ref()
                .is_some_and(|project| project.name == *name)
        };
        let mut local = self.local.iter();
        let found = local.find(|(folder, manifest)| below(folder) && is_named(manifest));
        found.map(|(folder, manifest)| (folder.as_str(), &**manifest))
    }

    /// The folders that sources with a `path` lead to and whose manifests are not known yet.
    #[must_use]
    pub fn unread_folders(&self) -> BTreeSet<String> {
        let mut folders = BTreeSet::new();
        let known = self
            .members
            .iter()
            .map(|member| (member.path.as_str(), &member.manifest));
        let others = self
            .local
            .iter()
            .map(|(folder, manifest)| (folder.as_str(), manifest));
        for (folder, manifest) in known.chain(others).chain([(".", &self.root)]) {
            let declared = manifest.declared().filter_map(|it| it.source.as_deref());
            for source in manifest.uv.sources.values().flatten().chain(declared) {
                let path = match &source.kind {
                    SourceKind::Path { path, .. } => path,
                    SourceKind::Workspace {
                        reference: WorkspaceReference::At(path),
                        ..
                    } => path,
                    _ => continue,
                };
                folders.insert(relative(folder, path));
            }
        }
        folders.retain(|folder| self.local(folder).is_none());
        folders
    }

    /// The root's sources, which serve members that have none of their own.
    #[must_use]
    pub fn root_sources(&self) -> &Sources {
        &self.root.uv.sources
    }

    /// The root's indexes, which members may name too.
    #[must_use]
    pub fn root_indexes(&self) -> &[Index] {
        &self.root.uv.indexes
    }

    /// Whether the settings switch a project's sources off.
    #[must_use]
    pub fn ignores_sources_of(&self, name: &PackageName) -> bool {
        self.no_sources.contains(name)
    }

    /// How a member stands in a lock.
    #[must_use]
    pub fn kind(&self, member: &Member) -> Kind {
        let required = self.required.get(&member.name);
        if !member.manifest.is_package(required.is_none()) {
            return Kind::Virtual;
        }
        match required.copied().flatten() {
            Some(false) => Kind::Directory,
            Some(true) | None => Kind::Editable,
        }
    }

    /// Where a member comes from, as a requirement says it.
    #[must_use]
    pub fn source(&self, member: &Member) -> RequirementSource {
        let kind = self.kind(member);
        RequirementSource::Directory {
            path: member.path.as_str().into(),
            editable: kind == Kind::Editable,
            is_virtual: kind == Kind::Virtual,
        }
    }

    /// The Pythons that all members support; `None` when no member says any.
    ///
    /// # Errors
    ///
    /// No Python satisfies all of them.
    pub fn requires_python(&self) -> Result<Option<RequiresPython>, Diagnostic> {
        if let Some(script) = &self.root.script {
            let python = script.requires_python.as_ref();
            let possible =
                python.filter(|it| RequiresPython::intersection([&it.specifiers]).is_some());
            return Ok(possible.map(|it| RequiresPython::as_written(&it.specifiers)));
        }
        let declared: Vec<_> = self
            .members
            .iter()
            .filter_map(|member| {
                let python = member.manifest.project.as_ref()?.requires_python.as_ref()?;
                Some((member, python))
            })
            .collect();
        if declared.is_empty() {
            return Ok(None);
        }
        let all = declared.iter().fold(VersionRange::full(), |all, (_, it)| {
            all.intersection(it.python.range())
        });
        (!all.is_empty())
            .then(|| Some(RequiresPython::from_range(all)))
            .ok_or_else(|| {
                let places = declared
                    .iter()
                    .map(|(member, python)| (member.manifest.file.clone(), python.span.clone()))
                    .collect();
                WorkspaceError::DisjointPythons { places }.diagnose()
            })
    }

    /// The root's folder, where its own sources' paths start from.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// What the project in a known folder asks for, a member or not; `None` when the folder is
    /// not known or has no `[project]`. Its dependency groups are among it.
    #[must_use]
    pub fn lowered_at(
        &self,
        folder: &str,
    ) -> Option<Result<Vec<LoweredRequirement>, Vec<Diagnostic>>> {
        let manifest = self.known(folder)?.clone();
        let name = manifest.project.as_ref()?.name.clone();
        Some(self.lowered(&Member {
            name,
            path: folder.to_owned(),
            manifest,
        }))
    }

    /// What a member asks for, with sources, in declaration order: `dependencies`, extras, groups.
    ///
    /// # Errors
    ///
    /// Every mistake found.
    pub fn lowered(&self, member: &Member) -> Result<Vec<LoweredRequirement>, Vec<Diagnostic>> {
        let manifest = &member.manifest;
        let around = self.around(&member.path).unwrap_or(Cow::Borrowed(self));
        let mut lowering = Batch::new(Some(&around), manifest, &member.path, Some(&member.name));
        let Some(project) = &manifest.project else {
            return lowering.finish();
        };
        for (key, is_missing) in [
            ("dependencies", project.dependencies.is_empty()),
            (
                "optional-dependencies",
                project.optional_dependencies.is_empty(),
            ),
        ] {
            let is_dynamic = project.is_dynamic(key)
                || (key == "dependencies" && manifest.leaves_dependencies_to_poetry());
            if is_missing && is_dynamic {
                let (name, span) = (project.name.clone(), project.name_span.clone());
                lowering.note(&WorkspaceError::Dynamic { name, key, span });
            }
        }
        lowering.lower(&project.dependencies, &Part::Base);
        for extra in &project.optional_dependencies {
            lowering.lower(&extra.requirements, &Part::Extra(extra.name.clone()));
        }
        lowering.groups();
        lowering.check_limits();
        lowering.finish()
    }

    /// What a root without `[project]` asks for: what a script or a file of another kind needs, and
    /// dependency groups.
    ///
    /// # Errors
    ///
    /// Every mistake found.
    pub fn lowered_root(&self) -> Result<Vec<LoweredRequirement>, Vec<Diagnostic>> {
        let mut lowering = Batch::new(Some(self), &self.root, ".", None);
        if let Some(script) = &self.root.script {
            lowering.lower(&script.dependencies, &Part::Base);
        }
        if self.is_projectless() {
            lowering.groups();
            lowering.check_limits();
        }
        lowering.finish()
    }

    /// What a member asks for, as locks record it.
    ///
    /// # Errors
    ///
    /// Every mistake found.
    pub fn declared(&self, member: &Member) -> Result<Declared, Vec<Diagnostic>> {
        let project = member.manifest.project.as_ref();
        let extras = project
            .map(|project| &*project.optional_dependencies)
            .unwrap_or_default();
        let mut declared = Declared {
            provides_extra: extras.iter().map(|extra| extra.name.clone()).collect(),
            ..Declared::default()
        };
        // A group without requirements is declared all the same.
        for group in &member.manifest.groups {
            declared.requires_dev.insert(group.name.clone(), Vec::new());
        }
        for LoweredRequirement {
            requirement, part, ..
        } in self.lowered(member)?
        {
            match part {
                Part::Base | Part::Extra(_) => declared.requires_dist.push(requirement),
                Part::Group(group) => {
                    declared
                        .requires_dev
                        .entry(group)
                        .or_default()
                        .push(requirement);
                }
            }
        }
        Ok(declared)
    }

    /// Lowers bounds and replacements that the root's `[tool.uv]` declares.
    ///
    /// # Errors
    ///
    /// Every mistake found.
    pub fn lower_root(
        &self,
        requirements: &[DeclaredRequirement],
    ) -> Result<Vec<SourcedRequirement>, Vec<Diagnostic>> {
        let mut lowering = Batch::new(Some(self), &self.root, ".", None);
        lowering.lower(requirements, &Part::Base);
        Ok(lowering
            .finish()?
            .into_iter()
            .map(|lowered| lowered.requirement)
            .collect())
    }
}
