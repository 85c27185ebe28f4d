//! From the tables of `uv.lock` to the neutral lock.
//!
//! Markers in the file hold given `requires-python` and the forks; here both are written out again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use diagnostic::{Diagnostic, Span};
use lock::{
    Artifact, ArtifactSource, Asked, Declared, DefaultGroups, Dependency, DependencyMetadata,
    ExcludeNewer, Lock, Options, Package, PackageExclude, PackageId, PackageOverride, Source,
};
use packaging::{
    ConflictItem, ConflictKind, ExtraName, GroupName, Hash, IndexUrl, Marker, PackageName,
    Requirement, RequirementSource, RequiresPython, SourcedRequirement, Version, VersionSpecifiers,
};
use toml::Spanned;

use super::git::Git;
use super::shape::{
    ArtifactShape, ConflictShape, CutOffShape, DefaultGroupsShape, DependencyMetadataShape,
    DependencyShape, ExcludeShape, Head, LockShape, ManifestShape, MetadataShape, OptionsShape,
    PackageShape, RequirementShape, SourceShape, TargetShape, Text,
};

/// Reads a `uv.lock`.
pub(super) fn read(text: &str) -> Result<Lock, Vec<Diagnostic>> {
    let shape: LockShape = toml::from_str(text).map_err(|error| vec![not_this(text, &error)])?;
    if *shape.version.get_ref() != 1 {
        return Err(vec![unknown_version(&shape.version)]);
    }
    let mut reader = Reader::default();
    let lock = reader.lock(shape);
    if reader.problems.is_empty() {
        Ok(lock)
    } else {
        Err(reader.problems)
    }
}

/// Why a text is no `uv.lock`: the first cause that explains the others.
fn not_this(text: &str, error: &toml::de::Error) -> Diagnostic {
    if let Some(conflict) = crate::merge_conflict(text) {
        return conflict;
    }
    if let Ok(head) = toml::from_str::<Head>(text)
        && *head.version.get_ref() != 1
    {
        return unknown_version(&head.version);
    }
    let diagnostic = Diagnostic::error("uv/syntax", error.message().trim_end());
    match error.span() {
        Some(span) => diagnostic.label(span, ""),
        None => diagnostic,
    }
}

fn unknown_version(version: &Spanned<i64>) -> Diagnostic {
    let title = format!(
        "expected version 1 of `uv.lock`, found version {}",
        version.get_ref()
    );
    Diagnostic::error("uv/version", title).label(version.span(), "")
}

/// What is known while reading, and what was found wrong.
#[derive(Default)]
struct Reader {
    problems: Vec<Diagnostic>,
    requires_python: Option<RequiresPython>,
    /// Where some fork speaks.
    environment: Marker,
}

impl Reader {
    fn lock(&mut self, shape: LockShape) -> Lock {
        let requires_python = self.requires_python(&shape.requires_python);
        self.requires_python = Some(requires_python.clone());
        let forks = self.environments(&shape.resolution_markers);
        let mut lock = Lock {
            requires_python,
            forks,
            environments: self.environments(&shape.supported_markers),
            required_environments: self.environments(&shape.required_markers),
            conflicts: Vec::new(),
            options: self.options(shape.options),
            asked: self.asked(shape.manifest),
            packages: Vec::new(),
        };
        self.environment = lock.environment();
        for set in &shape.conflicts {
            lock.conflicts
                .push(set.iter().filter_map(|item| self.conflict(item)).collect());
        }
        lock.packages = self.packages(&shape.packages);
        lock.mark();
        lock
    }

    // Words.

    fn problem(&mut self, code: &'static str, title: impl Display, span: Span) {
        self.problems
            .push(Diagnostic::error(code, title).label(span, ""));
    }

    /// A word that knows how to read itself.
    fn word<T: FromStr>(&mut self, code: &'static str, text: &Text) -> Option<T>
    where
        T::Err: Display,
    {
        self.plain(code, text.get_ref(), text.span())
    }

    fn plain<T: FromStr>(&mut self, code: &'static str, text: &str, span: Span) -> Option<T>
    where
        T::Err: Display,
    {
        match text.parse() {
            Ok(word) => Some(word),
            Err(error) => {
                // Some errors draw the text once more below their first line.
                let error = error.to_string();
                let title = error
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(':');
                self.problem(code, title, span);
                None
            }
        }
    }

    fn package_name(&mut self, text: &Text) -> Option<PackageName> {
        self.word("uv/name", text)
    }

    fn extras(&mut self, texts: &[Text]) -> Vec<ExtraName> {
        texts
            .iter()
            .filter_map(|text| self.word("uv/name", text))
            .collect()
    }

    fn version(&mut self, text: Option<&Text>) -> Option<Version> {
        self.word("uv/package-version", text?)
    }

    fn requires_python(&mut self, text: &Text) -> RequiresPython {
        let every = || RequiresPython::from_specifiers(&VersionSpecifiers::empty());
        let specifiers = self.word("uv/requires-python", text);
        specifiers.map_or_else(every, |it| RequiresPython::as_written(&it))
    }

    /// A marker as it stands; one that is absent always holds.
    fn marker(&mut self, text: Option<&Text>) -> Marker {
        let Some(text) = text else {
            return Marker::TRUE;
        };
        super::written_marker::parse(text.get_ref()).unwrap_or_else(|error| {
            let span = text.span();
            // The quote before the text is part of the span.
            let start = (span.start + 1 + error.start).min(span.end);
            let end = (span.start + 1 + error.end).clamp(start, span.end);
            self.problem("uv/marker", error, start..end);
            Marker::TRUE
        })
    }

    /// A marker that the file gives without `requires-python`.
    fn whole_marker(&mut self, text: Option<&Text>) -> Marker {
        let marker = self.marker(text);
        match &self.requires_python {
            Some(requires_python) => marker.complexify_python(requires_python.bounds()),
            None => marker,
        }
    }

    fn environments(&mut self, texts: &[Text]) -> Vec<Marker> {
        texts
            .iter()
            .map(|text| self.whole_marker(Some(text)))
            .collect()
    }

    fn instant(&mut self, text: &str, span: Span) -> i64 {
        crate::instant::parse(text).unwrap_or_else(|| {
            self.problem(
                "uv/timestamp",
                format!("`{text}` is no RFC 3339 timestamp"),
                span,
            );
            0
        })
    }

    // The head.

    fn conflict(&mut self, shape: &ConflictShape) -> Option<ConflictItem> {
        let package = self.package_name(&shape.package)?;
        let kind = match (&shape.extra, &shape.group) {
            (Some(extra), _) => ConflictKind::Extra(self.word("uv/name", extra)?),
            (None, Some(group)) => ConflictKind::Group(self.word("uv/name", group)?),
            (None, None) => ConflictKind::Project,
        };
        Some(ConflictItem { package, kind })
    }

    fn options(&mut self, shape: OptionsShape) -> Options {
        let mut options = Options {
            resolution: shape.resolution_mode,
            prerelease: shape.prerelease_mode,
            fork_strategy: shape.fork_strategy,
            ..Options::default()
        };
        if let Some(text) = &shape.exclude_newer {
            let at = self.instant(text.get_ref(), text.span());
            options.exclude_newer = Some(cut_off(at, shape.exclude_newer_span));
        }
        for (name, mode) in shape.prerelease_package {
            if let Some(name) = self.plain("uv/name", &name, mode.span()) {
                options.prerelease_package.insert(name, mode.into_inner());
            }
        }
        for (name, shape) in shape.exclude_newer_package {
            let span = shape.span();
            let Some(name) = self.plain("uv/name", &name, span.clone()) else {
                continue;
            };
            let cut_off = match shape.into_inner() {
                CutOffShape::Switch(true) => {
                    let title = "expected a timestamp or `false`, found `true`";
                    self.problem("uv/timestamp", title, span);
                    continue;
                }
                CutOffShape::Switch(false) => None,
                CutOffShape::At(text) => Some(ExcludeNewer::At(self.instant(&text, span))),
                CutOffShape::Span {
                    timestamp,
                    span: length,
                } => Some(cut_off(self.instant(&timestamp, span), length)),
            };
            options.exclude_newer_package.insert(name, cut_off);
        }
        options
    }

    fn asked(&mut self, shape: ManifestShape) -> Asked {
        let mut asked = Asked {
            members: shape
                .members
                .iter()
                .filter_map(|name| self.package_name(name))
                .collect(),
            default_groups: self.default_groups(shape.default_groups.as_ref()),
            requirements: self.requirements(&shape.requirements),
            constraints: self.requirements(&shape.constraints),
            build_constraints: self.requirements(&shape.build_constraints),
            dependency_groups: self.requirement_groups(&shape.dependency_groups),
            group_requires_python: self.group_requires_python(&shape.group_requires_python),
            ..Asked::default()
        };
        for shape in &shape.overrides {
            match &shape.package {
                Some(target) => {
                    asked
                        .package_overrides
                        .extend(self.scoped(target, &shape.dependencies));
                }
                None => asked.overrides.extend(self.requirement(shape)),
            }
        }
        for shape in &shape.excludes {
            self.exclude(shape, &mut asked);
        }
        let metadata = shape.dependency_metadata.into_iter();
        asked.dependency_metadata = metadata
            .filter_map(|m| self.dependency_metadata(m))
            .collect();
        asked
    }

    fn scoped(
        &mut self,
        target: &TargetShape,
        dependencies: &[RequirementShape],
    ) -> Option<PackageOverride> {
        Some(PackageOverride {
            name: self.package_name(&target.name)?,
            version: self.version(target.version.as_ref()),
            dependencies: self.requirements(dependencies),
        })
    }

    fn exclude(&mut self, shape: &Spanned<ExcludeShape>, asked: &mut Asked) {
        let span = shape.span();
        match shape.get_ref() {
            ExcludeShape::Everywhere(name) => {
                asked
                    .excludes
                    .extend(self.plain::<PackageName>("uv/name", name, span));
            }
            ExcludeShape::Scoped {
                package,
                dependencies,
            } => {
                let Some(name) = self.plain("uv/name", &package.name, span.clone()) else {
                    return;
                };
                let version = package
                    .version
                    .as_ref()
                    .and_then(|version| self.plain("uv/package-version", version, span.clone()));
                let dependencies = dependencies.iter();
                let dependencies = dependencies
                    .filter_map(|name| self.plain("uv/name", name, span.clone()))
                    .collect();
                asked.package_excludes.push(PackageExclude {
                    name,
                    version,
                    dependencies,
                });
            }
        }
    }

    fn dependency_metadata(
        &mut self,
        shape: DependencyMetadataShape,
    ) -> Option<DependencyMetadata> {
        let mut requires_dist = Vec::with_capacity(shape.requires_dist.len());
        for text in &shape.requires_dist {
            match Requirement::parse(text.get_ref()) {
                Ok(requirement) => requires_dist.push(requirement),
                Err(error) => self.problem("uv/requirement", error, text.span()),
            }
        }
        Some(DependencyMetadata {
            name: self.package_name(&shape.name)?,
            version: self.version(shape.version.as_ref()),
            requires_dist,
            requires_python: shape.requires_python,
            provides_extra: self.extras(&shape.provides_extras),
        })
    }

    fn default_groups(
        &mut self,
        shape: Option<&Spanned<DefaultGroupsShape>>,
    ) -> Option<DefaultGroups> {
        let shape = shape?;
        let names = match shape.get_ref() {
            DefaultGroupsShape::All(word) if word == "all" => return Some(DefaultGroups::All),
            DefaultGroupsShape::All(word) => {
                let title = format!("expected `\"all\"` or a list of groups, found `{word}`");
                self.problem("uv/default-groups", title, shape.span());
                return None;
            }
            DefaultGroupsShape::List(names) => names.iter(),
        };
        let names = names.filter_map(|name| self.plain("uv/name", name, shape.span()));
        Some(DefaultGroups::List(names.collect()))
    }

    fn group_requires_python(
        &mut self,
        shapes: &BTreeMap<String, Text>,
    ) -> BTreeMap<GroupName, String> {
        let named = shapes.iter().filter_map(|(name, text)| {
            let name = self.plain("uv/name", name, text.span())?;
            Some((name, text.get_ref().clone()))
        });
        named.collect()
    }

    // Requirements.

    fn requirements(&mut self, shapes: &[RequirementShape]) -> Vec<SourcedRequirement> {
        shapes
            .iter()
            .filter_map(|shape| self.requirement(shape))
            .collect()
    }

    fn requirement_groups(
        &mut self,
        shapes: &BTreeMap<String, Spanned<Vec<RequirementShape>>>,
    ) -> BTreeMap<GroupName, Vec<SourcedRequirement>> {
        let mut groups = BTreeMap::new();
        for (name, requirements) in shapes {
            if let Some(name) = self.plain("uv/name", name, requirements.span()) {
                groups.insert(name, self.requirements(requirements.get_ref()));
            }
        }
        groups
    }

    fn requirement(&mut self, shape: &RequirementShape) -> Option<SourcedRequirement> {
        let Some(name) = &shape.name else {
            self.problem("uv/requirement", "a requirement has no `name`", 0..0);
            return None;
        };
        Some(SourcedRequirement {
            alternatives: Vec::new(),
            name: self.package_name(name)?,
            extras: self.extras(&shape.extras),
            groups: shape
                .groups
                .iter()
                .filter_map(|name| self.word("uv/name", name))
                .collect(),
            marker: self.marker(shape.marker.as_ref()),
            source: self.requirement_source(shape),
        })
    }

    fn requirement_source(&mut self, shape: &RequirementShape) -> RequirementSource {
        let directory = |path: &str, editable, is_virtual| RequirementSource::Directory {
            path: path.into(),
            editable,
            is_virtual,
        };
        if let Some(git) = &shape.git {
            let Git {
                url,
                reference,
                commit,
                subdirectory,
            } = Git::parse(git);
            RequirementSource::Git {
                url,
                reference,
                commit,
                subdirectory,
            }
        } else if let Some(url) = &shape.url {
            let subdirectory = shape.subdirectory.as_deref().map(Into::into);
            RequirementSource::Url {
                url: url.as_str().into(),
                subdirectory,
            }
        } else if let Some(path) = &shape.path {
            RequirementSource::Path(path.as_str().into())
        } else if let Some(path) = &shape.directory {
            directory(path, false, false)
        } else if let Some(path) = &shape.editable {
            directory(path, true, false)
        } else if let Some(path) = &shape.r#virtual {
            directory(path, false, true)
        } else {
            let specifiers = shape.specifier.as_ref();
            RequirementSource::Registry {
                specifiers: specifiers
                    .and_then(|text| self.word("uv/specifier", text))
                    .unwrap_or_default(),
                index: shape.index.as_deref().map(IndexUrl::new),
                conflict: shape.conflict.as_ref().and_then(|item| self.conflict(item)),
            }
        }
    }

    // Packages.

    fn packages(&mut self, shapes: &[PackageShape]) -> Vec<Package> {
        let mut named = Vec::with_capacity(shapes.len());
        let mut ids: HashMap<PackageName, Vec<PackageId>> = HashMap::new();
        for shape in shapes {
            let Some(id) = self.package_id(shape) else {
                continue;
            };
            let same_name = ids.entry(id.name.clone()).or_default();
            if same_name.contains(&id) {
                let title = format!("the package `{}` stands here twice", id.name);
                self.problem("uv/duplicate-package", title, shape.name.span());
                continue;
            }
            same_name.push(id.clone());
            named.push((id, shape));
        }
        let mut packages: Vec<_> = named
            .into_iter()
            .map(|(id, shape)| self.package(id, shape, &ids))
            .collect();
        packages.sort_by(|a, b| a.id.cmp(&b.id));
        packages
    }

    fn package_id(&mut self, shape: &PackageShape) -> Option<PackageId> {
        Some(PackageId {
            name: self.package_name(&shape.name)?,
            version: match &shape.version {
                Some(version) => Some(self.word("uv/package-version", version)?),
                None => None,
            },
            source: self.source(&shape.source)?,
        })
    }

    fn source(&mut self, shape: &Spanned<SourceShape>) -> Option<Source> {
        let span = shape.span();
        let shape = shape.get_ref();
        if let Some(url) = &shape.registry {
            Some(Source::Registry(IndexUrl::new(url)))
        } else if let Some(git) = &shape.git {
            let Git {
                url,
                reference,
                commit,
                subdirectory,
            } = Git::parse(git);
            let Some(commit) = commit else {
                self.problem("uv/source", "a git source does not name its commit", span);
                return None;
            };
            Some(Source::Git {
                url,
                reference,
                commit,
                subdirectory,
            })
        } else if let Some(url) = &shape.url {
            let subdirectory = shape.subdirectory.as_deref().map(Into::into);
            Some(Source::Url {
                url: url.as_str().into(),
                subdirectory,
            })
        } else if let Some(path) = &shape.path {
            Some(Source::Path(path.as_str().into()))
        } else if let Some(path) = &shape.directory {
            Some(Source::Directory(path.as_str().into()))
        } else if let Some(path) = &shape.editable {
            Some(Source::Editable(path.as_str().into()))
        } else if let Some(path) = &shape.r#virtual {
            Some(Source::Virtual(path.as_str().into()))
        } else {
            self.problem(
                "uv/source",
                "expected a source, `registry` for instance",
                span,
            );
            None
        }
    }

    fn package(
        &mut self,
        id: PackageId,
        shape: &PackageShape,
        ids: &HashMap<PackageName, Vec<PackageId>>,
    ) -> Package {
        let mut edges = |shapes: &[_]| self.dependencies(shapes, ids);
        let dependencies = edges(&shape.dependencies);
        let optional: Vec<_> = shape
            .optional_dependencies
            .iter()
            .map(|(name, shapes)| (name, shapes.span(), edges(shapes.get_ref())))
            .collect();
        let groups: Vec<_> = shape
            .dev_dependencies
            .iter()
            .map(|(name, shapes)| (name, shapes.span(), edges(shapes.get_ref())))
            .collect();
        Package {
            forks: self.environments(&shape.resolution_markers),
            marker: Marker::TRUE,
            extra_markers: BTreeMap::new(),
            dependencies,
            optional_dependencies: self.named(optional),
            dev_dependencies: self.named(groups),
            sdist: shape
                .sdist
                .as_ref()
                .and_then(|shape| self.artifact(shape, &id.source)),
            wheels: shape
                .wheels
                .iter()
                .filter_map(|shape| self.artifact(shape, &id.source))
                .collect(),
            published: None,
            declared: match &shape.metadata {
                Some(metadata) => Some(self.declared(metadata)),
                None if matches!(id.source, Source::Registry(_) | Source::Git { .. }) => None,
                None => Some(Declared::default()),
            },
            default_groups: self.default_groups(shape.default_groups.as_ref()),
            group_requires_python: self.group_requires_python(&shape.group_requires_python),
            id,
        }
    }

    fn named<N: FromStr + Ord, T>(&mut self, parts: Vec<(&String, Span, T)>) -> BTreeMap<N, T>
    where
        N::Err: Display,
    {
        let named = parts
            .into_iter()
            .filter_map(|(name, span, part)| Some((self.plain("uv/name", name, span)?, part)));
        named.collect()
    }

    fn dependencies(
        &mut self,
        shapes: &[Spanned<DependencyShape>],
        ids: &HashMap<PackageName, Vec<PackageId>>,
    ) -> Vec<Dependency> {
        shapes
            .iter()
            .filter_map(|shape| self.dependency(shape, ids))
            .collect()
    }

    fn dependency(
        &mut self,
        shape: &Spanned<DependencyShape>,
        ids: &HashMap<PackageName, Vec<PackageId>>,
    ) -> Option<Dependency> {
        let span = shape.span();
        let shape = shape.get_ref();
        let name = self.package_name(&shape.name)?;
        let version = self.version(shape.version.as_ref());
        let source = match &shape.source {
            Some(source) => Some(self.source(source)?),
            None => None,
        };
        let mut candidates = ids.get(&name).into_iter().flatten().filter(|id| {
            (version.is_none() || id.version == version)
                && source.as_ref().is_none_or(|source| id.source == *source)
        });
        let (Some(id), None) = (candidates.next(), candidates.next()) else {
            let known = ids.get(&name).map_or(0, Vec::len);
            let title = match known {
                0 => format!("`{name}` is required but not locked"),
                1 => format!("`{name}` is required in another version or from another source"),
                _ => format!("`{name}` is locked {known} times: it does not say which is meant"),
            };
            self.problem("uv/dependency", title, span);
            return None;
        };
        let extras: BTreeSet<_> = self.extras(&shape.extra).into_iter().collect();
        let marker = self
            .whole_marker(shape.marker.as_ref())
            .and(self.environment);
        Some(Dependency {
            id: id.clone(),
            extras,
            marker,
        })
    }

    fn artifact(&mut self, shape: &Spanned<ArtifactShape>, origin: &Source) -> Option<Artifact> {
        let span = shape.span();
        let shape = shape.get_ref();
        let name_of = |text: &str| Arc::<str>::from(crate::last_segment(text).as_ref());
        let (filename, source) = if let Some(url) = &shape.url {
            (name_of(url), ArtifactSource::Url(url.as_str().into()))
        } else if let Some(path) = &shape.path {
            (name_of(path), ArtifactSource::Path(path.as_str().into()))
        } else if let Some(filename) = &shape.filename {
            (
                filename.as_str().into(),
                ArtifactSource::Name(filename.as_str().into()),
            )
        } else if let Source::Url { url: place, .. } | Source::Path(place) = origin {
            (name_of(place), ArtifactSource::Name(name_of(place)))
        } else if matches!(origin, Source::Git { .. }) {
            ("".into(), ArtifactSource::Name("".into()))
        } else {
            self.problem(
                "uv/file",
                "expected a `url`, a `path` or a `filename`",
                span,
            );
            return None;
        };
        let hash: Option<Hash> = shape
            .hash
            .as_ref()
            .and_then(|hash| self.word("uv/hash", hash));
        let upload_time = shape.upload_time.as_ref();
        Some(Artifact {
            filename,
            source,
            hashes: hash.into_iter().collect(),
            size: shape.size,
            upload_time: upload_time.map(|text| self.instant(text.get_ref(), text.span())),
            yanked: None,
        })
    }

    fn declared(&mut self, shape: &MetadataShape) -> Declared {
        Declared {
            requires_dist: self.requirements(&shape.requires_dist),
            provides_extra: self.extras(&shape.provides_extras),
            requires_dev: self.requirement_groups(&shape.requires_dev),
        }
    }
}

fn cut_off(at: i64, span: Option<String>) -> ExcludeNewer {
    match span {
        Some(span) => ExcludeNewer::Span { at, span },
        None => ExcludeNewer::At(at),
    }
}
