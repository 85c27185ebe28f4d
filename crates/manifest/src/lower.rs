//! From requirements to requirements with their sources, as uv 0.13.8 applies `[tool.uv.sources]`.

use std::sync::Arc;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{
    ConflictItem, ConflictKind, ExtraName, GitReference, GroupName, Marker, PackageName,
    Requirement, RequirementSource, SourcedRequirement, VersionSpecifiers,
};

use crate::declared::DeclaredRequirement;
use crate::tool_uv::{Index, Limit, Source, SourceKind, Sources, WorkspaceReference};
use crate::workspace::Workspace;

/// The part of a project that a requirement belongs to.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// What it always needs.
    Base,
    /// One of its extras.
    Extra(ExtraName),
    /// One of its dependency groups.
    Group(GroupName),
}

/// A requirement with its source, and where it comes from.
#[derive(Clone, Debug)]
pub struct LoweredRequirement {
    /// The requirement.
    pub requirement: SourcedRequirement,
    /// The part of the project that asks for it.
    pub part: Part,
    /// What was written.
    pub declared: Arc<Requirement>,
    /// The string it stands in.
    pub span: Span,
}

/// Where requirements are lowered.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The project that asks; none for a root without `[project]` and for scripts.
    pub project: Option<&'c PackageName>,
    /// The project's folder, relative to the lock's.
    pub folder: &'c str,
    /// The project's own sources.
    pub sources: &'c Sources,
    /// The project's own indexes.
    pub indexes: &'c [Index],
    /// The workspace; none for scripts.
    pub workspace: Option<&'c Workspace>,
}

/// Why a requirement has no source.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LowerError {
    /// A source names an index that nobody declares.
    #[error("index `{index}` is not defined")]
    UnknownIndex {
        /// The index.
        index: String,
        /// Where it is named.
        span: Span,
    },
    /// A member that is required without a word that it is one.
    #[error(
        "`{name}` is a workspace member: expected `{name} = {{ workspace = true }}` in `[tool.uv.sources]`, found {found}"
    )]
    MemberWithoutSource {
        /// The member.
        name: PackageName,
        /// What there is instead.
        found: &'static str,
        /// Where it is required, or its source.
        span: Span,
    },
    /// A source says that a project is a member, which it is not.
    #[error("`{name}` is not a workspace member")]
    NoMember {
        /// The project.
        name: PackageName,
        /// The source.
        span: Span,
    },
    /// `workspace = false`.
    #[error("expected `workspace = true` for the source of `{name}`, found `workspace = false`")]
    WorkspaceFalse {
        /// The project.
        name: PackageName,
        /// The source.
        span: Span,
    },
    /// A member source where there is no workspace.
    #[error("`{name}` cannot come from a workspace here")]
    NoWorkspace {
        /// The project.
        name: PackageName,
        /// The source.
        span: Span,
    },
    /// A URL that leads to no distribution.
    #[error("`{url}` does not lead to a distribution: {reason}")]
    Url {
        /// The URL.
        url: String,
        /// Why not.
        reason: &'static str,
        /// Where.
        span: Span,
        /// What could be written instead.
        help: Option<String>,
    },
}

impl Diagnose for LowerError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::UnknownIndex { index, span } => Diagnostic::error("manifest/unknown-index", self)
                .label(span.clone(), "named here")
                .help(format!(
                    "add a `[[tool.uv.index]]` with `name = \"{index}\"`"
                )),
            Self::MemberWithoutSource { name, span, .. } => {
                Diagnostic::error("manifest/member-without-source", self)
                    .label(span.clone(), "")
                    .help(format!(
                        "add `{name} = {{ workspace = true }}` to `[tool.uv.sources]`"
                    ))
            }
            Self::NoMember { name, span } => Diagnostic::error("manifest/unknown-member", self)
                .label(span.clone(), "this source says that it is one")
                .help(format!(
                    "add the folder of `{name}` to `members` in `[tool.uv.workspace]`"
                )),
            Self::WorkspaceFalse { span, .. } => Diagnostic::error("manifest/invalid-source", self)
                .label(span.clone(), "")
                .help("remove the source, or write `workspace = true`"),
            Self::NoWorkspace { span, .. } => Diagnostic::error("manifest/invalid-source", self)
                .label(span.clone(), "")
                .help("use `path` instead of `workspace`"),
            Self::Url { span, help, .. } => {
                let error = Diagnostic::error("manifest/invalid-url", self).label(span.clone(), "");
                match help {
                    Some(help) => error.help(help),
                    None => error,
                }
            }
        }
    }
}

/// Lowers one requirement of a part of a project.
///
/// A list of sources makes several requirements, and one more without a source where their markers
/// leave room.
///
/// # Errors
///
/// The sources name what does not exist, or a member is required without a source.
pub fn lower(
    declared: &DeclaredRequirement,
    part: &Part,
    context: &Context<'_>,
) -> Result<Vec<SourcedRequirement>, LowerError> {
    let requirement = &*declared.requirement;
    let marker = match part {
        Part::Extra(extra) => declared.marker().and(Marker::extra(extra.as_str())),
        Part::Base | Part::Group(_) => declared.marker(),
    };
    let lowering = Lowering {
        requirement,
        span: &declared.span,
        limit: match (part, context.project) {
            // Sources for a group do not count in a root without `[project]` (uv 0.13.8).
            (Part::Group(_), None) => None,
            _ => limit(part, marker),
        },
        context,
    };
    if let Some(source) = &declared.source {
        let source = lowering.sourced(source, context.folder)?;
        return Ok(vec![lowering.any_of(
            &declared.alternatives,
            marker,
            source,
        )]);
    }
    if !declared.alternatives.is_empty() {
        let SourcedRequirement { source, .. } = lowering.plain(marker)?;
        return Ok(vec![lowering.any_of(
            &declared.alternatives,
            marker,
            source,
        )]);
    }
    let (sources, folder) = lowering.sources();
    lowering.check_member(sources.as_deref())?;
    let Some(sources) = sources else {
        return Ok(vec![lowering.plain(marker)?]);
    };
    let mut lowered = Vec::with_capacity(sources.len() + 1);
    let mut rest = marker;
    for source in sources {
        rest = rest.and(source.marker.not());
        let marker = source.marker.and(marker);
        let source = lowering.sourced(source, folder)?;
        lowered.push(lowering.with(marker, source));
    }
    if !rest.is_false() {
        lowered.push(lowering.plain(rest)?);
    }
    lowered.retain(|requirement| !requirement.marker.is_false());
    Ok(lowered)
}

/// The extra or group that sources may be limited to. A requirement that is always declared can
/// still name an extra in its own marker.
fn limit(part: &Part, marker: Marker) -> Option<Limit> {
    match part {
        Part::Extra(extra) => Some(Limit::Extra(extra.clone())),
        Part::Group(group) => Some(Limit::Group(group.clone())),
        Part::Base => {
            let extras = marker.extras();
            let name = extras
                .iter()
                .find(|extra| marker.implies(Marker::extra(extra)))?;
            ExtraName::new(name).ok().map(Limit::Extra)
        }
    }
}

/// One requirement on its way.
struct Lowering<'l, 'c> {
    requirement: &'l Requirement,
    span: &'l Span,
    limit: Option<Limit>,
    context: &'l Context<'c>,
}

impl<'c> Lowering<'_, 'c> {
    /// The sources that serve this requirement, and the folder that their paths start from.
    fn sources(&self) -> (Option<Vec<&'c Source>>, &'c str) {
        let name = &self.requirement.name;
        let of_workspace = || {
            let workspace = self.context.workspace?;
            Some((workspace.root_sources().get(name)?, workspace.folder()))
        };
        let own = self
            .context
            .sources
            .get(name)
            .map(|sources| (sources, self.context.folder));
        let Some((sources, folder)) = own.or_else(of_workspace) else {
            return (None, self.context.folder);
        };
        if self
            .context
            .workspace
            .is_some_and(|workspace| workspace.ignores_sources_of(name))
        {
            return (None, self.context.folder);
        }
        let serves = |source: &&Source| source.limit.is_none() || source.limit == self.limit;
        (Some(sources.iter().filter(serves).collect()), folder)
    }

    /// A member must come from the workspace, unless the project requires itself.
    fn check_member(&self, sources: Option<&[&Source]>) -> Result<(), LowerError> {
        let name = &self.requirement.name;
        let Some(workspace) = self.context.workspace else {
            return Ok(());
        };
        let is_member = workspace.member(name).is_some() && self.context.project != Some(name);
        if !is_member || workspace.ignores_sources_of(name) {
            return Ok(());
        }
        let error = |found, span: &Span| {
            let (name, span) = (name.clone(), span.clone());
            Err(LowerError::MemberWithoutSource { name, found, span })
        };
        let Some(sources) = sources else {
            return error("none", self.span);
        };
        for source in sources {
            match &source.kind {
                SourceKind::Git { .. } => return error("a git source", &source.span),
                SourceKind::Url { .. } => return error("a URL", &source.span),
                SourceKind::Path { .. } => return error("a path", &source.span),
                SourceKind::Index { .. } => return error("an index", &source.span),
                SourceKind::Workspace {
                    reference: WorkspaceReference::Here(true),
                    ..
                } => {}
                SourceKind::Workspace { .. } => return error("another workspace", &source.span),
            }
        }
        Ok(())
    }

    fn with(&self, marker: Marker, source: RequirementSource) -> SourcedRequirement {
        SourcedRequirement {
            name: self.requirement.name.clone(),
            extras: self.requirement.extras.clone(),
            groups: Vec::new(),
            alternatives: Vec::new(),
            marker,
            source,
        }
    }

    fn any_of(
        &self,
        alternatives: &[VersionSpecifiers],
        marker: Marker,
        source: RequirementSource,
    ) -> SourcedRequirement {
        SourcedRequirement {
            alternatives: alternatives.to_vec(),
            ..self.with(marker, source)
        }
    }

    /// The requirement as written, without any declared source.
    fn plain(&self, marker: Marker) -> Result<SourcedRequirement, LowerError> {
        let source = match &self.requirement.url {
            Some(url) => {
                direct(url, self.context.folder).map_err(|(reason, help)| LowerError::Url {
                    url: url.to_string(),
                    reason,
                    span: self.span.clone(),
                    help,
                })?
            }
            None => RequirementSource::Registry {
                specifiers: self.requirement.specifiers.clone(),
                index: None,
                conflict: None,
            },
        };
        Ok(self.with(marker, source))
    }

    fn sourced(&self, source: &Source, folder: &str) -> Result<RequirementSource, LowerError> {
        let span = source.span.clone();
        let bad = |url: &str, reason, help| LowerError::Url {
            url: url.to_owned(),
            reason,
            span: source.span.clone(),
            help,
        };
        match &source.kind {
            SourceKind::Git {
                url,
                reference,
                subdirectory,
                path,
                lfs,
            } => Ok(RequirementSource::Git {
                url: repository(url, path.as_deref(), *lfs).into(),
                commit: None,
                reference: reference.clone(),
                subdirectory: subdirectory.as_deref().map(Arc::from),
            }),
            SourceKind::Url { url, subdirectory } => {
                if url.contains('#') {
                    return Err(bad(url, "a fragment is not allowed in a source", None));
                }
                if !is_archive(url.split(['?', '#']).next().unwrap_or_default()) {
                    let name = &self.requirement.name;
                    let help = looks_like_git(url)
                        .then(|| format!("write `{name} = {{ git = \"{url}\" }}`"));
                    return Err(bad(url, "it ends in no archive's extension", help));
                }
                let (url, subdirectory) =
                    (usual(url).into(), subdirectory.as_deref().map(Arc::from));
                Ok(RequirementSource::Url { url, subdirectory })
            }
            SourceKind::Path {
                path,
                editable,
                package,
            } => {
                let path = relative(folder, path);
                if is_archive(&path) {
                    if *editable == Some(true) || *package == Some(true) {
                        let reason = "only a folder can be `editable` or a `package`";
                        return Err(bad(&path, reason, None));
                    }
                    return Ok(RequirementSource::Path(path.into()));
                }
                let editable = *editable == Some(true);
                let is_package = package.unwrap_or_else(|| {
                    let manifest = self
                        .context
                        .workspace
                        .and_then(|workspace| workspace.local(&path));
                    manifest.is_none_or(|manifest| manifest.is_package(false))
                });
                let is_virtual = !editable && !is_package;
                Ok(RequirementSource::Directory {
                    path: path.into(),
                    editable,
                    is_virtual,
                })
            }
            SourceKind::Index { name, span } => self.indexed(name, span, source.limit.as_ref()),
            SourceKind::Workspace {
                reference,
                editable,
            } => self.of_member(reference, *editable, folder, span),
        }
    }

    fn indexed(
        &self,
        name: &str,
        span: &Span,
        limit: Option<&Limit>,
    ) -> Result<RequirementSource, LowerError> {
        let of_workspace = self
            .context
            .workspace
            .map(Workspace::root_indexes)
            .unwrap_or_default();
        let index = self
            .context
            .indexes
            .iter()
            .chain(of_workspace)
            .find(|index| index.name.as_deref() == Some(name))
            .ok_or_else(|| LowerError::UnknownIndex {
                index: name.to_owned(),
                span: span.clone(),
            })?;
        let specifiers = match self.requirement.url {
            Some(_) => VersionSpecifiers::empty(),
            None => self.requirement.specifiers.clone(),
        };
        // Only a source that is limited to an extra or group carries it.
        let conflict = self
            .context
            .project
            .filter(|_| self.context.workspace.is_some());
        let conflict = conflict.zip(limit).map(|(package, limit)| ConflictItem {
            package: package.clone(),
            kind: match limit {
                Limit::Extra(extra) => ConflictKind::Extra(extra.clone()),
                Limit::Group(group) => ConflictKind::Group(group.clone()),
            },
        });
        Ok(RequirementSource::Registry {
            specifiers,
            index: Some(index.url.clone()),
            conflict,
        })
    }

    fn of_member(
        &self,
        reference: &WorkspaceReference,
        editable: Option<bool>,
        folder: &str,
        span: Span,
    ) -> Result<RequirementSource, LowerError> {
        let name = self.requirement.name.clone();
        let workspace = match reference {
            WorkspaceReference::Here(false) => {
                return Err(LowerError::WorkspaceFalse { name, span });
            }
            WorkspaceReference::Here(true) => self.context.workspace,
            WorkspaceReference::At(path) => {
                return self.of_other_member(&relative(folder, path), editable, span);
            }
        };
        let Some(workspace) = workspace else {
            return Err(LowerError::NoWorkspace { name, span });
        };
        match workspace.member(&name) {
            Some(member) => Ok(workspace.source(member)),
            None => Err(LowerError::NoMember { name, span }),
        }
    }

    /// A member of the workspace at another path, among the folders whose files are known.
    fn of_other_member(
        &self,
        root: &str,
        editable: Option<bool>,
        span: Span,
    ) -> Result<RequirementSource, LowerError> {
        let name = &self.requirement.name;
        let found = self
            .context
            .workspace
            .and_then(|workspace| workspace.local_named(root, name));
        let Some((path, manifest)) = found else {
            return Err(LowerError::NoMember {
                name: name.clone(),
                span,
            });
        };
        let is_package = manifest.is_package(false);
        Ok(RequirementSource::Directory {
            path: path.into(),
            editable: is_package && editable.unwrap_or(true),
            is_virtual: !is_package,
        })
    }
}

/// Why a URL is none, and what would help.
type BadUrl = (&'static str, Option<String>);

/// The source that the URL of `name @ url` stands for; `folder` is where relative paths start.
///
/// # Errors
///
/// The URL leads to no distribution.
pub fn direct(url: &str, folder: &str) -> Result<RequirementSource, BadUrl> {
    let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
    let subdirectory = fragment
        .split('&')
        .find_map(|pair| pair.strip_prefix("subdirectory="))
        .filter(|subdirectory| !subdirectory.is_empty());
    if let Some((scheme, _)) = place.split_once("://")
        && let Some((tool, _)) = scheme.split_once('+')
        && tool != "git"
    {
        return Err(("only git repositories are supported", None));
    }
    if place.contains("${") && file_path(place).is_none() {
        let help = "write the value itself: nothing here reads the environment";
        return Err(("it holds an environment variable", Some(help.to_owned())));
    }
    if let Some(path) = file_path(place) {
        return Ok(local(&relative(folder, path)));
    }
    let path = place.split('?').next().unwrap_or_default();
    if let Some(repository) = place.strip_prefix("git+") {
        return Ok(git(repository, subdirectory));
    }
    if path.to_ascii_lowercase().ends_with(".git") {
        return Ok(git(place, subdirectory));
    }
    if !is_archive(path) {
        let help = looks_like_git(place).then(|| format!("write `git+{url}`"));
        return Err(("it ends in no archive's extension", help));
    }
    Ok(RequirementSource::Url {
        url: usual(url).into(),
        subdirectory: subdirectory.map(Arc::from),
    })
}

/// The URL as browsers write it: scheme and host in lower case, `..` followed, spaces encoded.
fn usual(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), String::from)
}

/// The path of a `file:` URL or of what is no URL at all; `${PROJECT_ROOT}` is the folder.
pub(crate) fn file_path(text: &str) -> Option<&str> {
    let path = match text.split_once("://") {
        None => text.strip_prefix("file:").unwrap_or(text),
        Some(("file", path)) => path.strip_prefix("localhost/").map_or(path, |_| &path[9..]),
        Some(_) => return None,
    };
    let rooted = path
        .strip_prefix('/')
        .unwrap_or(path)
        .strip_prefix("${PROJECT_ROOT}");
    Some(match rooted {
        Some(rest) => rest.strip_prefix('/').unwrap_or(rest),
        None => path,
    })
}

fn local(path: &str) -> RequirementSource {
    if is_archive(path) {
        return RequirementSource::Path(path.into());
    }
    RequirementSource::Directory {
        path: path.into(),
        editable: false,
        is_virtual: false,
    }
}

/// `repository@revision`
fn git(repository: &str, subdirectory: Option<&str>) -> RequirementSource {
    let start = repository.find("://").map_or(0, |at| at + 3);
    let path = repository[start..]
        .find('/')
        .map_or(repository.len(), |at| start + at);
    let (url, reference) = match repository[path..].rfind('@') {
        Some(at) => (
            &repository[..path + at],
            GitReference::Revision(repository[path + at + 1..].to_owned()),
        ),
        None => (repository, GitReference::Default),
    };
    RequirementSource::Git {
        url: usual(&without_credentials(url)).into(),
        commit: None,
        reference,
        subdirectory: subdirectory.map(Arc::from),
    }
}

/// A repository's URL with what uv adds to it: an archive inside, and whether large files count.
fn repository(url: &str, path: Option<&str>, lfs: bool) -> String {
    let path = path.map(|path| format!("path={}", packaging::form_encoded(path)));
    let lfs = lfs.then(|| "lfs=true".to_owned());
    let query: Vec<String> = path.into_iter().chain(lfs).collect();
    let url = usual(&without_credentials(url));
    match query.is_empty() {
        true => url,
        false => format!("{url}?{}", query.join("&")),
    }
}

/// The commit that a reference names in full.
///
/// Lowered requirements say no commit beside their reference: locks repeat what was asked, and a
/// commit only where one was found.
#[must_use]
pub fn commit_of(reference: &GitReference) -> Option<Arc<str>> {
    match reference {
        GitReference::Revision(revision)
            if revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Some(revision.as_str().into())
        }
        _ => None,
    }
}

/// The URL without user name and password; the user name `git` of ssh is none.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if scheme.ends_with("ssh") && &rest[..at] == "git" => url.to_owned(),
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// Whether a path ends as archives of distributions do.
pub(crate) fn is_archive(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".whl",
        ".zip",
        ".tar.gz",
        ".tgz",
        ".tar.bz2",
        ".tbz",
        ".tar.xz",
        ".txz",
        ".tar.lz",
        ".tlz",
        ".tar.lzma",
        ".tar.zst",
        ".tar",
    ];
    let name = path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    ENDINGS
        .iter()
        .any(|ending| name.len() > ending.len() && name.ends_with(ending))
}

/// Whether a URL is that of a repository on a forge: `https://forge.example/owner/name`.
fn looks_like_git(url: &str) -> bool {
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'));
    path.is_some_and(|(_, path)| path.trim_end_matches('/').split('/').count() == 2)
}

/// A path somebody wrote in a file of `folder`, relative to the lock's folder; absolute ones stay.
pub(crate) fn relative(folder: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    let is_absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    if is_absolute {
        normalize(&path)
    } else {
        normalize(&format!("{folder}/{path}"))
    }
}

/// A path without `.`, empty and resolvable `..` parts; the empty path is `.`.
#[must_use]
pub fn normalize(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if root == "/" => {}
            _ => parts.push(part),
        }
    }
    match parts.is_empty() {
        true if root.is_empty() => ".".to_owned(),
        _ => format!("{root}{}", parts.join("/")),
    }
}
