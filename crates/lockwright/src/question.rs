//! From what a project asks for, and the options of a run, to the problem that is resolved.

mod pdm;
pub(crate) use pdm::ask_extras;
mod poetry;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnostic::Diagnostic;
use lock::{Asked, ExcludeNewer, Options, PackageExclude, PackageOverride, Source};
use manifest::tool_uv::{CutOff, Exclude, Index, Override, Settings};
use manifest::{Clock, DeclaredRequirement, ForeignKind, Kind, Manifest, Member, Part, Workspace};
use packaging::{
    GroupName, IndexUrl, Marker, PackageName, RequirementSource, RequiresPython,
    SourcedRequirement, VersionRange, VersionSpecifiers, version,
};
use resolve::{
    BuildPolicy, IndexCutOffs, IndexStrategy, Indexes, LocalProject, Overrides, Problem,
    direct_source,
};

use crate::built::{built_order, sorts_extras_of_requirements};
use crate::{LockOptions, Mode, PUBLIC_INDEX};

/// The Pythons of a project that does not say: uv takes the running interpreter's, and there is
/// none here.
const DEFAULT_PYTHON: &str = ">=3.12";

/// The problem of a project, and warnings about how it was read.
pub(crate) fn pose(
    workspace: &Workspace,
    options: &LockOptions,
    mode: Mode,
) -> Result<(Problem, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut posing = Posing {
        workspace,
        options,
        mode,
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    let problem = posing.problem();
    match problem {
        Some(problem) if posing.errors.is_empty() => Ok((problem, posing.warnings)),
        _ => Err(posing.errors),
    }
}

/// The index that stands for the public one in this run.
pub(crate) fn public_index(options: &LockOptions) -> IndexUrl {
    IndexUrl::new(options.public_index.as_deref().unwrap_or(PUBLIC_INDEX))
}

struct Posing<'a> {
    workspace: &'a Workspace,
    options: &'a LockOptions,
    mode: Mode,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Posing<'_> {
    fn problem(&mut self) -> Option<Problem> {
        let mut problem = self.plain_problem()?;
        match self.mode {
            Mode::Uv => {}
            Mode::Poetry => self.poetry_sources(&mut problem),
            Mode::Pdm => self.as_pdm(&mut problem),
        }
        Some(problem)
    }

    fn plain_problem(&mut self) -> Option<Problem> {
        let requires_python = self.requires_python()?;
        self.refuse_environments(&requires_python);
        let settings = &self.workspace.uv().settings;
        let local = self.locals();
        let mut asked = self.asked();
        let members: BTreeSet<PackageName> = self
            .workspace
            .members
            .iter()
            .map(|member| member.name.clone())
            .collect();
        let requirements = self.requirements(&local[..members.len().min(local.len())], &mut asked);
        let conflicts = self.workspace.conflicts().unwrap_or_else(|found| {
            self.errors.extend(found);
            Vec::new()
        });
        let markers = |all: &[manifest::DeclaredMarker]| -> Vec<Marker> {
            all.iter().map(|declared| declared.marker).collect()
        };
        Some(Problem {
            requires_python,
            requirements,
            members,
            local,
            constraints: asked.constraints.clone(),
            overrides: overrides(&asked),
            excludes: asked.excludes.iter().cloned().collect(),
            environments: markers(&self.workspace.uv().environments),
            required_environments: markers(&self.workspace.uv().required_environments),
            conflicts,
            indexes: self.indexes(settings),
            options: self.settings(settings),
            builds: builds(settings),
            dependency_metadata: asked.dependency_metadata.clone(),
            preferences: Vec::new(),
            commits: BTreeMap::new(),
            forks: None,
            asked,
            manner: self.mode.manner(),
        })
    }

    /// Environments that overlap, or that no Python of the project can be.
    ///
    /// Only neighbours are compared, as in uv 0.13.8.
    fn refuse_environments(&mut self, requires_python: &RequiresPython) {
        let uv = self.workspace.uv();
        let file = &self.workspace.root.file;
        for (key, declared) in [
            ("environments", &uv.environments),
            ("required-environments", &uv.required_environments),
        ] {
            for pair in declared.windows(2) {
                let [left, right] = pair else { continue };
                if left.marker.is_disjoint(right.marker) {
                    continue;
                }
                let title = format!(
                    "`tool.uv.{key}` must not overlap, but `{}` and `{}` do",
                    left.text, right.text
                );
                let rest = left.marker.not().and(right.marker);
                let error = Diagnostic::error("manifest/overlapping-environments", title)
                    .label(right.span.clone(), "overlaps with the one before");
                let error = match rest.text() {
                    Some(rest) => error.help(format!("write `{rest}`")),
                    None => error,
                };
                self.errors.push(error.in_file(file));
            }
        }
        let python = requires_python.bounds().to_marker();
        for declared in &uv.environments {
            if declared.marker.is_disjoint(python) {
                let title = format!(
                    "`{}` is never true with `requires-python = \"{requires_python}\"`",
                    declared.text
                );
                let error = Diagnostic::error("manifest/impossible-environment", title)
                    .label(declared.span.clone(), "no Python of the project is there");
                self.errors.push(error.in_file(file));
            }
        }
    }

    fn requires_python(&mut self) -> Option<RequiresPython> {
        match self.workspace.requires_python() {
            Ok(Some(requires_python)) => Some(requires_python),
            Ok(None) if self.mode == Mode::Poetry => Some(poetry::every_python()),
            // For pdm that is every Python.
            Ok(None) if self.mode == Mode::Pdm => {
                Some(RequiresPython::from_range(VersionRange::full()))
            }
            Ok(None) => {
                let text = match &self.options.python {
                    Some(python) => format!(">={python}"),
                    None => DEFAULT_PYTHON.to_owned(),
                };
                let title = format!("no `requires-python` is declared: `{text}` is assumed");
                let root = &self.workspace.root;
                let line = format!("add `requires-python = \"{text}\"` to");
                let help = match ForeignKind::of(&root.file) {
                    Some(_) => "`--python` says another one".to_owned(),
                    None if root.script.is_some() => format!("{line} the script's block"),
                    None => format!("{line} `[project]`"),
                };
                self.warnings
                    .push(Diagnostic::warning("manifest/no-requires-python", title).help(help));
                self.parsed(RequiresPython::parse(&text), "python", &text)
            }
            Err(found) => {
                self.errors.push(found);
                None
            }
        }
    }

    /// A value of an option, or a diagnostic.
    fn parsed<T, E: std::fmt::Display>(
        &mut self,
        parsed: Result<T, E>,
        option: &str,
        text: &str,
    ) -> Option<T> {
        parsed
            .map_err(|error| {
                let title = format!("`{text}` is no value of `{option}`: {error}");
                self.errors
                    .push(Diagnostic::error("options/invalid-value", title));
            })
            .ok()
    }

    /// The members, and the source trees that their requirements lead to, and so on.
    fn locals(&mut self) -> Vec<LocalProject> {
        let workspace = self.workspace;
        let mut locals: Vec<LocalProject> = Vec::new();
        for member in &workspace.members {
            let path = member.path.as_str().into();
            let source = match workspace.kind(member) {
                Kind::Editable => Source::Editable(path),
                Kind::Directory => Source::Directory(path),
                Kind::Virtual => Source::Virtual(path),
            };
            locals.extend(self.local(
                &member.name,
                &member.manifest,
                source,
                workspace.declared(member),
            ));
        }
        let mut at = 0;
        let mut next: Vec<SourcedRequirement> = self.workspace.lowered_root().map_or_else(
            |_| Vec::new(),
            |all| all.into_iter().map(|one| one.requirement).collect(),
        );
        loop {
            for requirement in std::mem::take(&mut next) {
                let found = self.path_project(&requirement, &locals);
                locals.extend(found);
            }
            let Some(project) = locals.get(at) else {
                return locals;
            };
            let groups = project.groups.values().flatten();
            next = project
                .requires_dist
                .iter()
                .chain(groups)
                .cloned()
                .collect();
            at += 1;
        }
    }

    /// The project in a folder that a requirement leads to, unless it is known already.
    fn path_project(
        &mut self,
        requirement: &SourcedRequirement,
        known: &[LocalProject],
    ) -> Option<LocalProject> {
        let source = match &requirement.source {
            RequirementSource::Directory { .. } => direct_source(&requirement.source)?,
            _ => return None,
        };
        let folder = source.folder()?.to_owned();
        let is_known = |project: &LocalProject| {
            project.name == requirement.name && project.source.folder() == Some(&folder)
        };
        if known.iter().any(is_known) {
            return None;
        }
        let Some(manifest) = self.workspace.local(&folder) else {
            let title = format!(
                "`{}` is expected in `{folder}`, where no `pyproject.toml` was found",
                requirement.name
            );
            let error = self.at_requirement(&requirement.name, "manifest/missing-file", &title);
            self.errors.push(error);
            return None;
        };
        let member = Member {
            name: requirement.name.clone(),
            path: folder,
            manifest: manifest.clone().into(),
        };
        let declared = self.workspace.declared(&member);
        self.local(&member.name, &member.manifest, source, declared)
    }

    fn local(
        &mut self,
        name: &PackageName,
        manifest: &Manifest,
        source: Source,
        declared: Result<manifest::Declared, Vec<Diagnostic>>,
    ) -> Option<LocalProject> {
        let mut declared = declared.map_err(|found| self.errors.extend(found)).ok()?;
        if sorts_extras_of_requirements(manifest) {
            for requirement in &mut declared.requires_dist {
                requirement.extras.sort();
                requirement.extras.dedup();
            }
        }
        let uv = &manifest.uv;
        Some(LocalProject {
            name: name.clone(),
            version: manifest.project.as_ref().and_then(|it| it.version.clone()),
            requires_python: self.python_of(manifest),
            metadata: None,
            archive: None,
            source,
            requires_dist: declared.requires_dist,
            provides_extra: built_order(manifest, declared.provides_extra),
            groups: declared.requires_dev,
            default_groups: uv.default_groups.as_ref().and_then(default_groups),
            group_requires_python: group_pythons(manifest),
        })
    }

    /// The Pythons of a project that is no member: those of members make the workspace's own.
    fn python_of(&self, manifest: &Manifest) -> Option<Arc<RequiresPython>> {
        let project = manifest.project.as_ref()?;
        if self.workspace.member(&project.name).is_some() {
            return None;
        }
        let text = &project.requires_python.as_ref()?.text;
        RequiresPython::parse(text).ok().map(Arc::new)
    }

    fn asked(&mut self) -> Asked {
        let uv = self.workspace.uv();
        let mut asked = Asked {
            constraints: self.lower(&uv.constraints),
            ..Asked::default()
        };
        if self.workspace.lists_members() {
            asked.members = self
                .workspace
                .members
                .iter()
                .map(|member| member.name.clone())
                .collect();
        }
        for declared in &uv.overrides {
            match declared {
                Override::Everywhere(requirement) => {
                    asked
                        .overrides
                        .extend(self.lower(std::slice::from_ref(requirement)));
                }
                Override::For {
                    scope,
                    requirements,
                } => {
                    let dependencies = self.lower(requirements);
                    self.refuse_sources(&scope.name, requirements, &dependencies);
                    asked.package_overrides.push(PackageOverride {
                        name: scope.name.clone(),
                        version: scope.version.clone(),
                        dependencies,
                    });
                }
            }
        }
        for exclude in &uv.excludes {
            match exclude {
                Exclude::Everywhere { name, .. } => asked.excludes.push(name.clone()),
                Exclude::For { scope, names } => asked.package_excludes.push(PackageExclude {
                    name: scope.name.clone(),
                    version: scope.version.clone(),
                    dependencies: names.clone(),
                }),
            }
        }
        let bounds: Vec<DeclaredRequirement> = uv
            .build_constraints
            .iter()
            .map(|bound| bound.requirement.clone())
            .collect();
        asked.build_constraints = self.lower(&bounds);
        asked.dependency_metadata = dependency_metadata(&uv.settings);
        asked
    }

    /// Overrides of one project's requirements name versions only (uv 0.13.8).
    fn refuse_sources(
        &mut self,
        scope: &PackageName,
        declared: &[DeclaredRequirement],
        lowered: &[SourcedRequirement],
    ) {
        for requirement in lowered {
            let what = match &requirement.source {
                RequirementSource::Registry { index: None, .. } => continue,
                RequirementSource::Registry { .. } => "an index of its own",
                _ => "a source of its own",
            };
            let name = &requirement.name;
            let title = format!(
                "expected versions only in an override for `{scope}`, found {what} for `{name}`"
            );
            let error = Diagnostic::error("manifest/override-source", title);
            let place = declared.iter().find(|it| it.requirement.name == *name);
            let error = match place {
                Some(place) => error
                    .label(place.span.clone(), "required here")
                    .in_file(&self.workspace.root.file),
                None => error,
            };
            self.errors.push(error);
        }
    }

    fn lower(&mut self, requirements: &[DeclaredRequirement]) -> Vec<SourcedRequirement> {
        self.workspace
            .lower_root(requirements)
            .unwrap_or_else(|found| {
                self.errors.extend(found);
                Vec::new()
            })
    }

    /// The roots: every member with all its extras, the groups of each, and what a root without
    /// `[project]` asks for itself (uv.md §2.1).
    fn requirements(
        &mut self,
        local: &[LocalProject],
        asked: &mut Asked,
    ) -> Vec<SourcedRequirement> {
        let root = |project: &LocalProject| SourcedRequirement {
            alternatives: Vec::new(),
            name: project.name.clone(),
            extras: Vec::new(),
            groups: Vec::new(),
            marker: Marker::TRUE,
            source: directory(&project.source),
        };
        let mut requirements: Vec<SourcedRequirement> = local
            .iter()
            .map(|project| {
                let mut extras = project.provides_extra.clone();
                extras.sort();
                SourcedRequirement {
                    extras,
                    ..root(project)
                }
            })
            .collect();
        requirements.extend(
            local
                .iter()
                .filter(|project| !project.groups.is_empty())
                .map(|project| SourcedRequirement {
                    groups: project.groups.keys().cloned().collect(),
                    ..root(project)
                }),
        );
        if self.workspace.is_projectless() {
            self.root_requirements(asked);
            requirements.extend(asked.requirements.iter().cloned());
            requirements.extend(asked.dependency_groups.values().flatten().cloned());
        }
        requirements
    }

    /// What a root without `[project]` asks for: groups, or what a script needs.
    fn root_requirements(&mut self, asked: &mut Asked) {
        let uv = self.workspace.uv();
        asked.default_groups = uv.default_groups.as_ref().and_then(default_groups);
        asked.group_requires_python = group_pythons(&self.workspace.root);
        for group in &self.workspace.root.groups {
            asked
                .dependency_groups
                .entry(group.name.clone())
                .or_default();
        }
        match self.workspace.lowered_root() {
            Ok(lowered) => {
                for one in lowered {
                    match one.part {
                        Part::Group(group) => {
                            let known = asked.dependency_groups.entry(group).or_default();
                            known.push(one.requirement);
                        }
                        Part::Base => asked.requirements.push(one.requirement),
                        Part::Extra(_) => {}
                    }
                }
            }
            Err(found) => self.errors.extend(found),
        }
    }

    /// An error at the first place in a manifest that requires a project.
    fn at_requirement(&self, name: &PackageName, code: &'static str, title: &str) -> Diagnostic {
        let error = Diagnostic::error(code, title);
        match place_of(self.workspace, name) {
            Some((file, span)) => error.label(span, "required here").in_file(&file),
            None => error,
        }
    }

    fn indexes(&mut self, settings: &Settings) -> Indexes {
        let mut implicit: Vec<IndexUrl> = Vec::new();
        for text in &self.options.index {
            let url = text
                .split_once('=')
                .filter(|(name, _)| !name.contains("://"));
            implicit.push(IndexUrl::new(url.map_or(text.as_str(), |(_, url)| url)));
        }
        let default = self.options.default_index.as_deref().map(IndexUrl::new);
        if !settings.no_index {
            let replaced = default.is_some();
            let searched = settings
                .searched_indexes()
                .filter(|index| !(replaced && index.default));
            implicit.extend(searched.map(|index| self.substituted(&index.url)));
            match default {
                Some(default) => implicit.push(default),
                None if !settings.replaces_default_index() => {
                    implicit.push(public_index(self.options));
                }
                None => {}
            }
        } else if let Some(default) = default {
            implicit.push(default);
        }
        let mut seen = BTreeSet::new();
        implicit.retain(|index| seen.insert(index.clone()));
        let ignores = |index: &&Index| {
            index
                .ignore_error_codes
                .iter()
                .any(|it| matches!(it, 401 | 403))
        };
        Indexes {
            configured: self.configured_indexes(settings, &implicit),
            implicit,
            strategy: match settings.index_strategy {
                manifest::tool_uv::IndexStrategy::FirstIndex => IndexStrategy::FirstIndex,
                manifest::tool_uv::IndexStrategy::UnsafeFirstMatch => {
                    IndexStrategy::UnsafeFirstMatch
                }
                manifest::tool_uv::IndexStrategy::UnsafeBestMatch => IndexStrategy::UnsafeBestMatch,
            },
            supplemental: BTreeSet::new(),
            routes: BTreeMap::new(),
            cutoffs: self.index_cutoffs(settings),
            ignored_errors: settings
                .indexes
                .iter()
                .filter(ignores)
                .map(|index| self.substituted(&index.url))
                .collect(),
        }
    }

    /// The indexes that the user named in any way, if there are any.
    fn configured_indexes(
        &self,
        settings: &Settings,
        implicit: &[IndexUrl],
    ) -> Option<BTreeSet<IndexUrl>> {
        let is_named = !self.options.index.is_empty()
            || self.options.default_index.is_some()
            || self.options.public_index.is_some()
            || settings.no_index
            || !settings.indexes.is_empty();
        let explicit = settings.indexes.iter().filter(|_| !settings.no_index);
        let explicit = explicit.map(|index| self.substituted(&index.url));
        is_named.then(|| implicit.iter().cloned().chain(explicit).collect())
    }

    fn index_cutoffs(&mut self, settings: &Settings) -> BTreeMap<IndexUrl, IndexCutOffs> {
        let mut cutoffs = BTreeMap::new();
        for index in &settings.indexes {
            let general = index.exclude_newer.as_ref();
            let general = general.map(|own| own.as_ref().and_then(|it| self.instant(it)));
            let packages = index.exclude_newer_package.iter();
            let packages: BTreeMap<_, _> = packages
                .map(|(name, own)| {
                    let own = own.as_ref().and_then(|it| self.instant(it));
                    (name.clone(), own)
                })
                .collect();
            if general.is_some() || !packages.is_empty() {
                let own = IndexCutOffs { general, packages };
                cutoffs.entry(self.substituted(&index.url)).or_insert(own);
            }
        }
        cutoffs
    }

    /// The public index by its own name is whatever stands for it in this run.
    fn substituted(&self, url: &IndexUrl) -> IndexUrl {
        if url.as_str().trim_end_matches('/') == PUBLIC_INDEX && self.options.public_index.is_some()
        {
            public_index(self.options)
        } else {
            url.clone()
        }
    }

    fn settings(&mut self, settings: &Settings) -> Options {
        use manifest::tool_uv as uv;
        let resolution = match settings.resolution {
            uv::ResolutionMode::Highest => lock::ResolutionMode::Highest,
            uv::ResolutionMode::Lowest => lock::ResolutionMode::Lowest,
            uv::ResolutionMode::LowestDirect => lock::ResolutionMode::LowestDirect,
        };
        let fork_strategy = match settings.fork_strategy {
            uv::ForkStrategy::RequiresPython => lock::ForkStrategy::RequiresPython,
            uv::ForkStrategy::Fewest => lock::ForkStrategy::Fewest,
        };
        let prerelease_package = settings.prerelease_package.iter();
        let exclude_newer_package = settings.exclude_newer_package.iter();
        Options {
            resolution: self
                .word("resolution", &self.options.resolution.clone())
                .unwrap_or(resolution),
            prerelease: self
                .word("prerelease", &self.options.prerelease.clone())
                .map(usual_prerelease)
                .unwrap_or_else(|| prerelease(settings.prerelease)),
            fork_strategy: self
                .word("fork-strategy", &self.options.fork_strategy.clone())
                .unwrap_or(fork_strategy),
            prerelease_package: prerelease_package
                .map(|(name, mode)| (name.clone(), prerelease(*mode)))
                .collect(),
            exclude_newer: self.exclude_newer(settings),
            exclude_newer_package: exclude_newer_package
                .map(|(name, cutoff)| {
                    let cutoff = cutoff.as_ref().and_then(|cutoff| self.instant(cutoff));
                    (name.clone(), cutoff)
                })
                .collect(),
        }
    }

    /// An option that is one of a few words.
    fn word<T: serde::de::DeserializeOwned>(
        &mut self,
        option: &str,
        word: &Option<String>,
    ) -> Option<T> {
        let text = word.as_deref()?;
        let parsed = serde_json::from_value(serde_json::Value::String(text.to_owned()));
        self.parsed(parsed, option, text)
    }

    fn exclude_newer(&mut self, settings: &Settings) -> Option<ExcludeNewer> {
        let cutoff = match self.options.exclude_newer.clone() {
            Some(text) => self.parsed(CutOff::parse(&text), "exclude-newer", &text),
            None => settings.exclude_newer.clone(),
        };
        self.instant(&cutoff?)
    }

    fn instant(&mut self, cutoff: &CutOff) -> Option<ExcludeNewer> {
        let clock = Clock {
            now: self.options.now.unwrap_or_default(),
            offset: 0,
        };
        let at = cutoff.instant(&clock);
        match cutoff.span() {
            None => Some(ExcludeNewer::At(at)),
            Some(_) if self.options.now.is_none() => {
                let title = "a span before now needs `now`, the time of the run";
                self.errors
                    .push(Diagnostic::error("options/missing-now", title));
                None
            }
            Some(span) => Some(ExcludeNewer::Span {
                at,
                span: span.to_owned(),
            }),
        }
    }
}

/// Where a manifest requires a project first: the file, and the bytes in it.
pub(crate) fn place_of(
    workspace: &Workspace,
    name: &PackageName,
) -> Option<(String, diagnostic::Span)> {
    let script = workspace.root.script.iter();
    let mut of_script = script.flat_map(|it| &it.dependencies);
    if let Some(declared) = of_script.find(|it| it.requirement.name == *name) {
        return Some((workspace.root.file.to_string(), declared.span.clone()));
    }
    workspace.members.iter().find_map(|member| {
        let manifest = &member.manifest;
        let project = manifest.project.iter();
        let of_project = project.flat_map(|project| {
            let optional = project.optional_dependencies.iter();
            project
                .dependencies
                .iter()
                .chain(optional.flat_map(|it| &it.requirements))
        });
        let mut all = of_project.chain(manifest.groups.iter().flat_map(|it| &it.requirements));
        all.find(|declared| declared.requirement.name == *name)
            .map(|declared| (manifest.file.to_string(), declared.span.clone()))
    })
}

fn directory(source: &Source) -> RequirementSource {
    match source {
        Source::Directory(path) | Source::Editable(path) | Source::Virtual(path) => {
            RequirementSource::Directory {
                path: path.clone(),
                editable: matches!(source, Source::Editable(_)),
                is_virtual: matches!(source, Source::Virtual(_)),
            }
        }
        Source::Registry(_) | Source::Git { .. } | Source::Url { .. } | Source::Path(_) => {
            RequirementSource::Registry {
                specifiers: VersionSpecifiers::empty(),
                index: None,
                conflict: None,
            }
        }
    }
}

/// The groups installed by default, where they differ from the usual `dev`; sorted, as locks are.
fn default_groups(groups: &manifest::DefaultGroups) -> Option<lock::DefaultGroups> {
    match groups {
        manifest::DefaultGroups::All => Some(lock::DefaultGroups::All),
        manifest::DefaultGroups::List(groups) => {
            let groups: BTreeSet<GroupName> = groups.iter().cloned().collect();
            let is_usual = groups.iter().map(GroupName::as_str).eq(["dev"]);
            (!is_usual).then(|| lock::DefaultGroups::List(groups.into_iter().collect()))
        }
    }
}

/// The Pythons of each group, by its own setting and those of the groups it includes.
fn group_pythons(manifest: &Manifest) -> BTreeMap<GroupName, String> {
    let groups = manifest.groups.iter();
    groups
        .filter_map(|group| {
            let python = group.requires_python.as_ref()?;
            Some((group.name.clone(), version::specifiers_text(python)))
        })
        .collect()
}

fn overrides(asked: &Asked) -> Overrides {
    let scoped = asked.package_overrides.iter();
    Overrides {
        global: asked.overrides.clone(),
        scoped: scoped
            .map(|one| {
                (
                    one.name.clone(),
                    one.version.clone(),
                    one.dependencies.clone(),
                )
            })
            .collect(),
    }
}

fn builds(settings: &Settings) -> BuildPolicy {
    let names = |names: &[PackageName]| names.iter().cloned().collect();
    BuildPolicy {
        no_build: settings.no_build.all,
        no_build_package: names(&settings.no_build.packages),
        no_binary: settings.no_binary.all,
        no_binary_package: names(&settings.no_binary.packages),
    }
}

/// The spelling that locks record: the older one says the same as the default.
fn usual_prerelease(mode: lock::PrereleaseMode) -> lock::PrereleaseMode {
    match mode {
        lock::PrereleaseMode::IfNecessaryOrExplicit => lock::PrereleaseMode::IfNecessary,
        mode => mode,
    }
}

fn prerelease(mode: manifest::tool_uv::PrereleaseMode) -> lock::PrereleaseMode {
    use manifest::tool_uv::PrereleaseMode as Mode;
    match mode {
        Mode::Disallow => lock::PrereleaseMode::Disallow,
        Mode::Allow => lock::PrereleaseMode::Allow,
        // uv 0.13.8 takes the older spelling for the same thing, and records it as such.
        Mode::IfNecessary | Mode::IfNecessaryOrExplicit => lock::PrereleaseMode::IfNecessary,
        Mode::Explicit => lock::PrereleaseMode::Explicit,
    }
}

fn dependency_metadata(settings: &Settings) -> Vec<lock::DependencyMetadata> {
    let entries = settings.dependency_metadata.iter();
    entries
        .map(|entry| lock::DependencyMetadata {
            name: entry.name.clone(),
            version: entry.version.clone(),
            requires_dist: entry
                .requires_dist
                .iter()
                .map(|it| (*it.requirement).clone())
                .collect(),
            requires_python: entry
                .requires_python
                .as_ref()
                .map(|it| version::specifiers_text(&it.specifiers).replace(',', ", ")),
            provides_extra: entry.provides_extra.clone(),
        })
        .collect()
}
