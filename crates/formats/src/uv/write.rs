//! From the neutral lock to the text of `uv.lock`, revision 5.

use std::cmp::Ordering;
use std::fmt::Write as _;

use lock::{
    Artifact, ArtifactSource, Asked, Declared, DefaultGroups, DependencyMetadata, ExcludeNewer,
    ForkStrategy, Lock, Options, Package, PackageExclude, Part, PrereleaseMode, ResolutionMode,
    Source,
};
use packaging::{
    ConflictItem, ConflictKind, ExtraName, Marker, PackageName, Requirement, RequirementSource,
    SourcedRequirement, Version, VersionSpecifiers, version::specifiers_text,
};

use super::edges::Edges;
use super::git;
use crate::instant;
use crate::layout::{Inline, Page, lines_if_many, multi_line, one_line, quote, quoted};

/// What stands in the place of an instant that is computed anew each time.
const NO_INSTANT: &str = "\"0001-01-01T00:00:00Z\"";

/// Why it stands there.
const NO_INSTANT_NOTE: &str = "# This has no effect and is included for backwards compatibility when using relative exclude-newer values.";

/// Writes a `uv.lock`.
pub(super) fn write(lock: &Lock) -> String {
    let mut page = Page::default();
    let edges = Edges::new(lock);
    head(&mut page, lock);
    options(&mut page, &lock.options);
    asked(&mut page, &lock.asked);
    for package in &lock.packages {
        page.header("[[package]]");
        write_package(&mut page, &edges, package);
    }
    page.0
}

fn head(page: &mut Page, lock: &Lock) {
    page.set("version", 1);
    page.set("revision", super::REVISION);
    page.set("requires-python", quote(&lock.requires_python.to_string()));
    page.list("resolution-markers", &forks(lock, &lock.forks), multi_line);
    let simplified = |markers: &[Marker]| {
        quoted(
            markers
                .iter()
                .filter_map(|marker| lock.simplify(*marker).text()),
        )
    };
    // The keys stand even where every entry always holds and none is written.
    for (key, markers) in [
        ("supported-markers", &lock.environments),
        ("required-markers", &lock.required_environments),
    ] {
        if !markers.is_empty() {
            page.set(key, multi_line(&simplified(markers)));
        }
    }
    if !lock.conflicts.is_empty() {
        let sets: Vec<_> = lock.conflicts.iter().map(|set| conflict_set(set)).collect();
        page.set("conflicts", format!("[{}]", sets.join(", ")));
    }
}

/// The forks as the file shows them: without the chosen extras where they differ without those,
/// and without those that always hold.
fn forks(lock: &Lock, forks: &[Marker]) -> Vec<String> {
    let mut plain: Vec<Marker> = Vec::with_capacity(forks.len());
    for fork in forks {
        let fork = lock.simplify(fork.without_extras());
        if !plain.contains(&fork) {
            plain.push(fork);
        }
    }
    let mut rest = plain.as_slice();
    let mut disjoint = true;
    while let [fork, others @ ..] = rest {
        disjoint &= others.iter().all(|other| fork.is_disjoint(*other));
        rest = others;
    }
    if !disjoint {
        plain = forks.iter().map(|fork| lock.simplify(*fork)).collect();
    }
    quoted(plain.into_iter().filter_map(Marker::text))
}

fn conflict_set(set: &[ConflictItem]) -> String {
    let items: Vec<_> = set.iter().map(conflict_item).collect();
    multi_line(&items)
}

fn conflict_item(item: &ConflictItem) -> String {
    let table = Inline::new().text("package", &item.package);
    match &item.kind {
        ConflictKind::Extra(extra) => table.text("extra", extra),
        ConflictKind::Group(group) => table.text("group", group),
        ConflictKind::Project => table,
    }
    .finish()
}

fn options(page: &mut Page, options: &Options) {
    if *options == Options::default() {
        return;
    }
    page.header("[options]");
    if options.resolution != ResolutionMode::default() {
        page.set("resolution-mode", quote(options.resolution.as_str()));
    }
    if options.prerelease != PrereleaseMode::default() {
        page.set("prerelease-mode", quote(options.prerelease.as_str()));
    }
    if options.fork_strategy != ForkStrategy::default() {
        page.set("fork-strategy", quote(options.fork_strategy.as_str()));
    }
    match &options.exclude_newer {
        Some(ExcludeNewer::At(at)) => page.set("exclude-newer", quote(&instant::print(*at))),
        Some(ExcludeNewer::Span { span, .. }) => {
            page.set("exclude-newer", format!("{NO_INSTANT} {NO_INSTANT_NOTE}"));
            page.set("exclude-newer-span", quote(span));
        }
        None => {}
    }
    if !options.prerelease_package.is_empty() {
        page.header("[options.prerelease-package]");
        for (name, mode) in &options.prerelease_package {
            page.set(name.as_str(), quote(mode.as_str()));
        }
    }
    if !options.exclude_newer_package.is_empty() {
        page.header("[options.exclude-newer-package]");
        for (name, cut_off) in &options.exclude_newer_package {
            page.set(name.as_str(), package_cut_off(cut_off.as_ref()));
        }
    }
}

fn package_cut_off(cut_off: Option<&ExcludeNewer>) -> String {
    match cut_off {
        None => "false".to_owned(),
        Some(ExcludeNewer::At(at)) => quote(&instant::print(*at)),
        Some(ExcludeNewer::Span { span, .. }) => Inline::new()
            .raw("timestamp", NO_INSTANT)
            .text("span", span)
            .finish(),
    }
}

fn asked(page: &mut Page, asked: &Asked) {
    let mut direct = Page::default();
    direct.list("members", &quoted(sorted_names(&asked.members)), multi_line);
    if let Some(groups) = &asked.default_groups {
        direct.set("default-groups", default_groups(groups));
    }
    direct.list(
        "requirements",
        &requirements(&asked.requirements),
        lines_if_many,
    );
    direct.list(
        "constraints",
        &requirements(&asked.constraints),
        lines_if_many,
    );
    direct.list("overrides", &overrides(asked), lines_if_many);
    direct.list("excludes", &excludes(asked), lines_if_many);
    direct.list(
        "build-constraints",
        &requirements(&asked.build_constraints),
        lines_if_many,
    );
    if !direct.0.is_empty() {
        page.header("[manifest]");
        page.0.push_str(&direct.0);
    }
    if !asked.dependency_groups.is_empty() {
        page.header("[manifest.dependency-groups]");
        for (group, wanted) in &asked.dependency_groups {
            page.set(group.as_str(), lines_if_many(&requirements(wanted)));
        }
    }
    if !asked.group_requires_python.is_empty() {
        page.header("[manifest.group-requires-python]");
        for (group, requires_python) in &asked.group_requires_python {
            page.set(group.as_str(), quote(requires_python));
        }
    }
    let mut entries: Vec<_> = asked.dependency_metadata.iter().collect();
    entries.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    for entry in entries {
        page.header("[[manifest.dependency-metadata]]");
        dependency_metadata(page, entry);
    }
}

fn sorted_names(names: &[PackageName]) -> Vec<&PackageName> {
    let mut names: Vec<_> = names.iter().collect();
    names.sort();
    names.dedup();
    names
}

fn default_groups(groups: &DefaultGroups) -> String {
    match groups {
        DefaultGroups::All => quote("all"),
        DefaultGroups::List(names) => {
            let mut names: Vec<_> = names.iter().collect();
            names.sort();
            one_line(&quoted(names))
        }
    }
}

/// Overrides of one project's requirements come before those of everybody's.
fn overrides(asked: &Asked) -> Vec<String> {
    let mut scoped: Vec<_> = asked.package_overrides.iter().collect();
    scoped.sort_by(|a, b| {
        let (left, right) = (a.dependencies.iter(), b.dependencies.iter());
        let each = left.zip(right).map(|(a, b)| compare_requirements(a, b));
        let each = each.fold(Ordering::Equal, Ordering::then);
        let length = a.dependencies.len().cmp(&b.dependencies.len());
        let target = (&a.name, &a.version).cmp(&(&b.name, &b.version));
        target.then(each).then(length)
    });
    scoped.dedup();
    let scoped = scoped.into_iter().map(|scoped| {
        let dependencies: Vec<_> = scoped.dependencies.iter().map(requirement).collect();
        let target = target(&scoped.name, scoped.version.as_ref());
        Inline::new()
            .raw("package", target)
            .raw("dependencies", one_line(&dependencies))
            .finish()
    });
    scoped.chain(requirements(&asked.overrides)).collect()
}

fn excludes(asked: &Asked) -> Vec<String> {
    let mut scoped: Vec<_> = asked.package_excludes.iter().collect();
    let by = |scoped: &PackageExclude| {
        let PackageExclude {
            name,
            version,
            dependencies,
        } = scoped.clone();
        (name, version, dependencies)
    };
    scoped.sort_by_key(|scoped| by(scoped));
    scoped.dedup();
    let scoped = scoped.into_iter().map(|scoped| {
        let target = target(&scoped.name, scoped.version.as_ref());
        Inline::new()
            .raw("package", target)
            .raw("dependencies", one_line(&quoted(&scoped.dependencies)))
            .finish()
    });
    scoped
        .chain(quoted(sorted_names(&asked.excludes)))
        .collect()
}

fn target(name: &PackageName, version: Option<&Version>) -> String {
    let version = version.map(ToString::to_string);
    Inline::new()
        .text("name", name)
        .maybe("version", version)
        .finish()
}

fn dependency_metadata(page: &mut Page, entry: &DependencyMetadata) {
    page.set("name", quote(entry.name.as_str()));
    if let Some(version) = &entry.version {
        page.set("version", quote(&version.to_string()));
    }
    let requirements = entry.requires_dist.iter().map(canonical);
    page.list("requires-dist", &quoted(requirements), one_line);
    if let Some(requires_python) = &entry.requires_python {
        page.set("requires-python", quote(requires_python));
    }
    page.list("provides-extras", &quoted(&entry.provides_extra), one_line);
}

/// A requirement in one line, its marker in the canonical form.
fn canonical(wanted: &Requirement) -> String {
    let mut text = wanted.name.to_string();
    if !wanted.extras.is_empty() {
        let extras: Vec<_> = wanted.extras.iter().map(ExtraName::as_str).collect();
        let _ = write!(text, "[{}]", extras.join(","));
    }
    match &wanted.url {
        Some(url) => {
            let _ = write!(text, " @ {url}");
        }
        None => text.push_str(&specifiers_text(&wanted.specifiers)),
    }
    if let Some(marker) = wanted.marker.text() {
        let _ = write!(text, " ; {marker}");
    }
    text
}

/// Requirement tables: sorted, each once.
fn requirements(wanted: &[SourcedRequirement]) -> Vec<String> {
    let mut wanted: Vec<_> = wanted.iter().collect();
    wanted.sort_by(|a, b| compare_requirements(a, b));
    wanted.dedup();
    wanted.into_iter().map(requirement).collect()
}

fn compare_requirements(a: &SourcedRequirement, b: &SourcedRequirement) -> Ordering {
    (&a.name, &a.extras, &a.groups)
        .cmp(&(&b.name, &b.extras, &b.groups))
        .then_with(|| a.marker.cmp(&b.marker))
        .then_with(|| compare_sources(&a.source, &b.source))
}

/// Kind by kind, then by what each kind says.
fn compare_sources(a: &RequirementSource, b: &RequirementSource) -> Ordering {
    use RequirementSource::{Directory, Git, Path, Registry, Url};
    let rank = |source: &RequirementSource| match source {
        Registry { .. } => 0,
        Url { .. } => 1,
        Git { .. } => 2,
        Path(_) => 3,
        Directory { .. } => 4,
    };
    match (a, b) {
        (
            Registry {
                specifiers,
                index,
                conflict,
            },
            Registry {
                specifiers: specifiers2,
                index: index2,
                conflict: conflict2,
            },
        ) => compare_specifiers(specifiers, specifiers2)
            .then_with(|| (index, conflict).cmp(&(index2, conflict2))),
        (
            Url { url, subdirectory },
            Url {
                url: url2,
                subdirectory: subdirectory2,
            },
        ) => (url, subdirectory).cmp(&(url2, subdirectory2)),
        (
            Git {
                url,
                reference,
                commit,
                subdirectory,
            },
            Git {
                url: url2,
                reference: reference2,
                commit: commit2,
                subdirectory: folder2,
            },
        ) => (url, reference, commit, subdirectory).cmp(&(url2, reference2, commit2, folder2)),
        (Path(path), Path(path2)) => path.cmp(path2),
        (
            Directory {
                path,
                editable,
                is_virtual,
            },
            Directory {
                path: path2,
                editable: editable2,
                is_virtual: is_virtual2,
            },
        ) => (path, editable, is_virtual).cmp(&(path2, editable2, is_virtual2)),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn compare_specifiers(a: &VersionSpecifiers, b: &VersionSpecifiers) -> Ordering {
    let parts = |specifiers: &VersionSpecifiers| -> Vec<_> {
        specifiers
            .iter()
            .map(|one| (*one.operator(), one.version().clone()))
            .collect()
    };
    parts(a).cmp(&parts(b))
}

fn requirement(wanted: &SourcedRequirement) -> String {
    let mut table = Inline::new().text("name", &wanted.name);
    if !wanted.extras.is_empty() {
        table = table.raw("extras", one_line(&quoted(&wanted.extras)));
    }
    if !wanted.groups.is_empty() {
        table = table.raw("groups", one_line(&quoted(&wanted.groups)));
    }
    table = table.maybe("marker", wanted.marker.text());
    match &wanted.source {
        RequirementSource::Registry {
            specifiers,
            index,
            conflict,
        } => {
            let specifier = (!specifiers.is_empty()).then(|| specifier(specifiers));
            let table = table.maybe("specifier", specifier);
            let table = table.maybe("index", index.as_ref().map(|index| index.as_str()));
            match conflict {
                Some(item) => table.raw("conflict", conflict_item(item)),
                None => table,
            }
        }
        RequirementSource::Url { url, subdirectory } => table
            .text("url", url.split('#').next().unwrap_or(url))
            .maybe("subdirectory", subdirectory.as_deref()),
        RequirementSource::Git {
            url,
            reference,
            commit,
            subdirectory,
        } => table.text(
            "git",
            git::print(url, reference, commit.as_deref(), subdirectory.as_deref()),
        ),
        RequirementSource::Path(path) => table.text("path", path),
        RequirementSource::Directory {
            path,
            editable,
            is_virtual,
        } => {
            let kind = match (editable, is_virtual) {
                (true, _) => "editable",
                (false, true) => "virtual",
                (false, false) => "directory",
            };
            table.text(kind, path)
        }
    }
    .finish()
}

/// Comparisons by version and operator, without spaces.
fn specifier(specifiers: &VersionSpecifiers) -> String {
    let mut parts: Vec<_> = specifiers.iter().collect();
    parts.sort_by(|a, b| (a.version(), a.operator()).cmp(&(b.version(), b.operator())));
    let parts: Vec<_> = parts.into_iter().map(ToString::to_string).collect();
    parts.join(",")
}

fn write_package<'a>(page: &mut Page, edges: &Edges<'a>, package: &'a Package) {
    page.set("name", quote(package.id.name.as_str()));
    if let Some(version) = &package.id.version {
        page.set("version", quote(&version.to_string()));
    }
    page.set("source", source(&package.id.source));
    if let Some(groups) = &package.default_groups {
        page.set("default-groups", default_groups(groups));
    }
    page.list(
        "resolution-markers",
        &forks(edges.lock, &package.forks),
        multi_line,
    );
    page.list("dependencies", &edges.of(package, &Part::Base), multi_line);
    if let Some(sdist) = &package.sdist {
        page.set("sdist", artifact(sdist, &package.id.source, None));
    }
    page.list("wheels", &wheels(package), multi_line);
    let part = |page: &mut Page, name: &str, part: &Part| {
        page.list(name, &edges.of(package, part), multi_line);
    };
    if package
        .optional_dependencies
        .values()
        .any(|edges| !edges.is_empty())
    {
        page.header("[package.optional-dependencies]");
        for extra in package.optional_dependencies.keys() {
            part(page, extra.as_str(), &Part::Extra(extra.clone()));
        }
    }
    if package
        .dev_dependencies
        .values()
        .any(|edges| !edges.is_empty())
    {
        page.header("[package.dev-dependencies]");
        for group in package.dev_dependencies.keys() {
            part(page, group.as_str(), &Part::Group(group.clone()));
        }
    }
    if !package.group_requires_python.is_empty() {
        page.header("[package.group-requires-python]");
        for (group, requires_python) in &package.group_requires_python {
            page.set(group.as_str(), quote(requires_python));
        }
    }
    if let Some(declared) = &package.declared {
        metadata(page, declared);
    }
}

/// The source table of a package.
pub(super) fn source(source: &Source) -> String {
    let table = Inline::new();
    match source {
        Source::Registry(index) => table.text("registry", index.as_str()),
        Source::Git {
            url,
            reference,
            commit,
            subdirectory,
        } => table.text(
            "git",
            git::print(url, reference, Some(commit), subdirectory.as_deref()),
        ),
        Source::Url { url, subdirectory } => table
            .text("url", url)
            .maybe("subdirectory", subdirectory.as_deref()),
        Source::Path(path) => table.text("path", path),
        Source::Directory(path) => table.text("directory", path),
        Source::Editable(path) => table.text("editable", path),
        Source::Virtual(path) => table.text("virtual", path),
    }
    .finish()
}

fn wheels(package: &Package) -> Vec<String> {
    let mut wheels: Vec<_> = package.wheels.iter().collect();
    wheels.sort_by(|a, b| a.filename.cmp(&b.filename));
    let origin = &package.id.source;
    wheels
        .into_iter()
        .map(|wheel| artifact(wheel, origin, Some(&wheel.filename)))
        .collect()
}

/// A file: where it is, if that does not follow from the package's source; a wheel that has no
/// place of its own is told by its name.
fn artifact(file: &Artifact, origin: &Source, wheel: Option<&str>) -> String {
    let table = Inline::new();
    let table = match (origin, &file.source, wheel) {
        (Source::Path(_) | Source::Git { .. }, _, Some(wheel)) => table.text("filename", wheel),
        (Source::Url { .. } | Source::Path(_) | Source::Git { .. }, _, None) => table,
        (_, ArtifactSource::Url(url), _) => table.text("url", url),
        (_, ArtifactSource::Path(path), _) => table.text("path", path),
        (_, ArtifactSource::Name(name), _) => table.text("filename", name),
    };
    let table = table.maybe(
        "hash",
        file.hashes
            .iter()
            .max_by_key(|hash| hash.algorithm)
            .map(ToString::to_string),
    );
    let table = match file.size {
        Some(size) => table.raw("size", size),
        None => table,
    };
    table
        .maybe("upload-time", file.upload_time.map(instant::print))
        .finish()
}

fn metadata(page: &mut Page, declared: &Declared) {
    let Declared {
        requires_dist,
        provides_extra,
        requires_dev,
    } = declared;
    if requires_dist.is_empty() && provides_extra.is_empty() && requires_dev.is_empty() {
        return;
    }
    page.header("[package.metadata]");
    page.list("requires-dist", &requirements(requires_dist), lines_if_many);
    page.list("provides-extras", &quoted(provides_extra), one_line);
    if !requires_dev.is_empty() {
        page.header("[package.metadata.requires-dev]");
        for (group, wanted) in requires_dev {
            page.set(group.as_str(), lines_if_many(&requirements(wanted)));
        }
    }
}
