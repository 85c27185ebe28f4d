//! Projects that are locked together: a root, its members, and what they ask for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{
    ConflictItem, ConflictKind, ExtraName, GroupName, Marker, PackageName, RequirementSource,
    RequiresPython, SourcedRequirement,
};

use crate::declared::DeclaredRequirement;
use crate::glob::{Glob, GlobError};
use crate::groups::GroupItem;
use crate::lower::{Context, LoweredRequirement, Part, lower, normalize, relative};
use crate::tool_uv::conflicts::ConflictError;
use crate::tool_uv::{Index, Pattern, Selection, SourceKind, Sources, ToolUv, WorkspaceReference};
use crate::{Manifest, read};

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

/// Why files make no workspace.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WorkspaceError {
    /// There is no file to begin with.
    #[error("expected a `{file}`, found none")]
    MissingFile {
        /// The file.
        file: String,
    },
    /// A member without a project.
    #[error("expected `[project]` in the file of a workspace member, found none")]
    MissingProject,
    /// A root that asks for nothing.
    #[error("found neither `[project]` nor `[dependency-groups]`: there is nothing to lock")]
    NothingAsked,
    /// A pattern that is none.
    #[error("`{pattern}` is not a pattern: {reason}")]
    InvalidPattern {
        /// The pattern.
        pattern: String,
        /// Why not.
        reason: GlobError,
        /// Where.
        span: Span,
    },
    /// Two members of one name.
    #[error("two workspace members are named `{name}`: `{first}` and `{second}`")]
    DuplicateMember {
        /// The name.
        name: PackageName,
        /// The folder of one.
        first: String,
        /// The folder of the other.
        second: String,
        /// Where the other is named.
        span: Span,
    },
    /// A member that is the root of another workspace.
    #[error("workspace member `{path}` is the root of another workspace")]
    Nested {
        /// The member's folder.
        path: String,
        /// Its `[tool.uv.workspace]`.
        span: Span,
    },
    /// Sources that disagree.
    #[error("sources of `{name}` disagree: expected the same `editable` everywhere")]
    EditableConflict {
        /// The member.
        name: PackageName,
        /// One of the sources.
        span: Span,
    },
    /// No Python satisfies all members.
    #[error("no Python satisfies the `requires-python` of all workspace members")]
    DisjointPythons {
        /// Where, with the members' files.
        places: Vec<(Arc<str>, Span)>,
    },
    /// A dependency is told by a build backend.
    #[error("the `{key}` of `{name}` are dynamic: only a build could tell them")]
    Dynamic {
        /// The project.
        name: PackageName,
        /// The key.
        key: &'static str,
        /// Where the project is named.
        span: Span,
    },
    /// A source is limited to a part that does not exist or does not ask for the project.
    #[error("the source of `{name}` is limited to {part}, which {reason}")]
    UselessLimit {
        /// The project.
        name: PackageName,
        /// The part.
        part: String,
        /// What is wrong with it.
        reason: &'static str,
        /// The source.
        span: Span,
    },
}

impl Diagnose for WorkspaceError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::MissingFile { .. } => Diagnostic::error("manifest/missing-file", self)
                .help("create it, or name another folder"),
            Self::MissingProject => Diagnostic::error("manifest/missing-project", self)
                .label(0..0, "")
                .help("add a `[project]` table with `name`, `version` and `dependencies`"),
            Self::NothingAsked => Diagnostic::warning("manifest/missing-project", self)
                .label(0..0, "")
                .help("add a `[project]` table with `name`, `version` and `dependencies`"),
            Self::InvalidPattern { span, .. } => {
                Diagnostic::error("manifest/invalid-pattern", self).label(span.clone(), "")
            }
            Self::DuplicateMember { span, .. } => {
                Diagnostic::error("manifest/duplicate-member", self)
                    .label(span.clone(), "named again here")
                    .help("rename one of them, or exclude its folder in `[tool.uv.workspace]`")
            }
            Self::Nested { path, span } => Diagnostic::error("manifest/nested-workspace", self)
                .label(span.clone(), "")
                .help(format!(
                    "add `{path}` to `exclude` in the outer `[tool.uv.workspace]`"
                )),
            Self::EditableConflict { span, .. } => {
                Diagnostic::error("manifest/invalid-source", self).label(span.clone(), "")
            }
            Self::DisjointPythons { places } => {
                let mut error = Diagnostic::error("manifest/disjoint-pythons", self)
                    .help("widen the `requires-python` of one of them");
                for (file, span) in places {
                    error = error.label(span.clone(), "").in_file(file);
                }
                error
            }
            Self::Dynamic { key, span, .. } => {
                Diagnostic::error("manifest/dynamic-dependencies", self)
                    .label(span.clone(), "")
                    .help(format!(
                        "write the `{key}` into `[project]`, and take them out of `dynamic`"
                    ))
            }
            Self::UselessLimit { span, .. } => {
                Diagnostic::error("manifest/invalid-source", self).label(span.clone(), "")
            }
        }
    }
}

/// Which folders of a workspace are members.
#[derive(Clone, Debug, Default)]
pub struct MemberGlobs {
    members: Vec<Glob>,
    exclude: Vec<Glob>,
}

impl MemberGlobs {
    /// Reads the patterns of a root's `[tool.uv.workspace]`.
    fn new(root: &Manifest, found: &mut Vec<Diagnostic>) -> Self {
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
        let mut found = Vec::new();
        let workspace = build(files, root, &mut found);
        let is_usable = !found.iter().any(Diagnostic::is_error);
        (workspace.filter(|_| is_usable), found)
    }

    /// A workspace of one project, out of the text of its `pyproject.toml`.
    #[must_use]
    pub fn single(text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let files = BTreeMap::from([("pyproject.toml".to_owned(), text.to_owned())]);
        Self::from_files(&files, ".")
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
            for source in manifest.uv.sources.values().flatten() {
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
        let specifiers = declared.iter().map(|(_, python)| &python.specifiers);
        RequiresPython::intersection(specifiers)
            .map(Some)
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

    /// The workspace that uv finds when it looks around a known folder; the lock's own need not
    /// be it. A `pyproject.toml` between a member and the root hides the root: such a member is
    /// on its own when its sources are looked up (0.13.8).
    fn around(&self, folder: &str) -> Option<Cow<'_, Self>> {
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
    fn known(&self, folder: &str) -> Option<&Arc<Manifest>> {
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
            if is_missing && project.is_dynamic(key) {
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

    /// What a root without `[project]` asks for: its dependency groups.
    ///
    /// # Errors
    ///
    /// Every mistake found.
    pub fn lowered_root(&self) -> Result<Vec<LoweredRequirement>, Vec<Diagnostic>> {
        let mut lowering = Batch::new(Some(self), &self.root, ".", None);
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
                if derived.len() == set.len() && !sets.contains(&derived) {
                    sets.push(derived);
                }
            }
        }
        at += 1;
    }
}

/// The folders above a folder, nearest first, as far as they have names.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
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
fn below(above: &str, folder: &str) -> Option<String> {
    let rest = match above {
        "." if folder.starts_with("..") || folder.starts_with('/') => return None,
        "." => folder,
        _ => folder.strip_prefix(above)?.strip_prefix('/')?,
    };
    Some(rest.to_owned())
}

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

    fn note(&mut self, error: &dyn Diagnose) {
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

    fn groups(&mut self) {
        let manifest = self.manifest;
        for group in &manifest.groups {
            self.lower(&group.requirements, &Part::Group(group.name.clone()));
        }
    }

    /// A source that is limited to an extra or group must serve something there.
    fn check_limits(&mut self) {
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
    limit: &crate::tool_uv::Limit,
) -> Option<(String, &'static str)> {
    use crate::tool_uv::Limit;
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

fn build(
    files: &BTreeMap<String, String>,
    root: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<Workspace> {
    let mut manifests = BTreeMap::new();
    let root = normalize(root);
    let file_of = |folder: &str| normalize(&format!("{folder}/pyproject.toml"));
    let texts: BTreeMap<String, (&String, &String)> = files
        .iter()
        .map(|(path, text)| (normalize(path), (path, text)))
        .collect();
    let Some((path, text)) = texts.get(&file_of(&root)) else {
        found.push(
            WorkspaceError::MissingFile {
                file: file_of(&root),
            }
            .diagnose(),
        );
        return None;
    };
    let (manifest, diagnostics) = read(text, path);
    found.extend(diagnostics);
    let manifest = Arc::new(manifest?);
    let asks = manifest.project.is_some() || !manifest.groups.is_empty();
    if !asks && manifest.uv.workspace.is_none() {
        found.push(
            WorkspaceError::NothingAsked
                .diagnose()
                .in_file(&manifest.file),
        );
    }
    let globs = MemberGlobs::new(&manifest, found);
    for (normalized, (path, text)) in &texts {
        let Some(folder) = folder_of(normalized, &root) else {
            continue;
        };
        if folder == "." {
            continue;
        }
        let (other, diagnostics) = read(text, path);
        let is_member = globs.matches(&folder);
        if is_member {
            found.extend(diagnostics);
        }
        if let Some(other) = other {
            manifests.insert(folder, (Arc::new(other), is_member));
        }
    }
    assemble(manifest, manifests, found)
}

/// The folder of a `pyproject.toml`, relative to the root.
fn folder_of(path: &str, root: &str) -> Option<String> {
    let folder = match path.rsplit_once('/') {
        Some((folder, "pyproject.toml")) => folder,
        None if path == "pyproject.toml" => ".",
        _ => return None,
    };
    if root == "." {
        return Some(folder.to_owned());
    }
    let (mut from, mut to) = (root.split('/').peekable(), folder.split('/').peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..");
    let parts: Vec<&str> = up.chain(to.filter(|part| *part != ".")).collect();
    Some(if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    })
}

fn assemble(
    root: Arc<Manifest>,
    manifests: BTreeMap<String, (Arc<Manifest>, bool)>,
    found: &mut Vec<Diagnostic>,
) -> Option<Workspace> {
    let mut members: BTreeMap<PackageName, Member> = BTreeMap::new();
    let mut local = BTreeMap::new();
    if let Some(project) = &root.project {
        let (name, path) = (project.name.clone(), ".".to_owned());
        members.insert(
            name.clone(),
            Member {
                name,
                path,
                manifest: root.clone(),
            },
        );
    }
    for (path, (manifest, is_member)) in manifests {
        if !is_member || manifest.uv.managed == Some(false) {
            local.insert(path, manifest);
            continue;
        }
        let Some(project) = &manifest.project else {
            found.push(
                WorkspaceError::MissingProject
                    .diagnose()
                    .in_file(&manifest.file),
            );
            continue;
        };
        let (name, span) = (project.name.clone(), project.name_span.clone());
        if let Some(first) = members.get(&name) {
            let first = first.path.clone();
            let error = WorkspaceError::DuplicateMember {
                name,
                first,
                second: path,
                span,
            };
            found.push(error.diagnose().in_file(&manifest.file));
            continue;
        }
        if let Some(table) = &manifest.uv.workspace {
            let error = WorkspaceError::Nested {
                path: path.clone(),
                span: table.span.clone(),
            };
            found.push(error.diagnose().in_file(&manifest.file));
        }
        members.insert(
            name.clone(),
            Member {
                name,
                path,
                manifest,
            },
        );
    }
    let members: Vec<Member> = members.into_values().collect();
    let required = required_members(&root, &members, found);
    let no_sources = root.uv.settings.no_sources.clone();
    let folder = ".".to_owned();
    Some(Workspace {
        root,
        members,
        required,
        local,
        folder,
        no_sources,
    })
}

/// The members that some source says are members, and whether it says that they are editable.
fn required_members(
    root: &Manifest,
    members: &[Member],
    found: &mut Vec<Diagnostic>,
) -> BTreeMap<PackageName, Option<bool>> {
    let mut required: BTreeMap<PackageName, Option<bool>> = BTreeMap::new();
    let own_name = root.project.as_ref().map(|project| &project.name);
    let manifests = members
        .iter()
        .map(|member| (&*member.manifest, Some(&member.name)));
    for (manifest, own_name) in [(root, own_name)].into_iter().chain(manifests) {
        let others = manifest
            .uv
            .sources
            .iter()
            .filter(|(name, _)| own_name != Some(*name));
        for (name, source) in
            others.flat_map(|(name, list)| list.iter().map(move |one| (name, one)))
        {
            let SourceKind::Workspace {
                reference: WorkspaceReference::Here(true),
                editable,
            } = &source.kind
            else {
                continue;
            };
            let before = required.insert(name.clone(), *editable);
            if let (Some(Some(before)), Some(now)) = (before, editable)
                && before != *now
            {
                let error = WorkspaceError::EditableConflict {
                    name: name.clone(),
                    span: source.span.clone(),
                };
                found.push(error.diagnose().in_file(&manifest.file));
            }
        }
    }
    required
}
