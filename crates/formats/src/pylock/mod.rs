//! `pylock.toml`, PEP 751, lock-version 1.0: read whoever wrote it, written as uv 0.13.8 does.
//! <https://packaging.python.org/en/latest/specifications/pylock-toml/>
//!
//! Cannot say: forks, and which package requires which; each package has one marker instead. In
//! the layouts `uv` and `pip` also not: extras and groups that are not selected. The layout `pip`
//! leaves out what has no hash, since pip refuses the whole file for it; the layout `multi-use`
//! offers every extra and group, and the project's own dependencies as the group `default`.

mod choices;
mod entry;
mod multi;
mod read;
mod toml_reading;

use diagnostic::Diagnostic;
use lock::{Artifact, ArtifactSource, Lock, Package, Selected, Source};
use packaging::GitReference;
use packaging::filename::WheelFilename;

use crate::layout::{Inline, Page, multi_line, one_line, quote, quoted};
use crate::{Local, LockFormat, Loss, Needs, WriteRequest, Written, export, instant};

/// `pylock.toml`.
#[derive(Clone, Copy, Debug)]
pub struct Pylock;

impl LockFormat for Pylock {
    fn name(&self) -> &'static str {
        "pylock"
    }

    fn file_name(&self) -> &'static str {
        "pylock.toml"
    }

    fn owns(&self, file_name: &str) -> bool {
        let infix = file_name
            .strip_prefix("pylock.")
            .and_then(|rest| rest.strip_suffix(".toml"));
        file_name == "pylock.toml"
            || infix.is_some_and(|infix| !infix.is_empty() && !infix.contains('.'))
    }

    fn recognizes(&self, text: &str) -> bool {
        let head = || text.lines().map(str::trim_end);
        head().any(|line| line.starts_with("lock-version = \"1."))
            && head().any(|line| line == "[[packages]]" || line == "packages = []")
    }

    fn is_export(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs {
            places: true,
            usable: true,
            ..Needs::NOTHING
        }
    }

    fn read(&self, text: &str) -> Result<Lock, Vec<Diagnostic>> {
        read::read(text).map(|(lock, _)| lock)
    }

    fn lint(&self, text: &str) -> Vec<Diagnostic> {
        read::read(text).map_or_else(|_| Vec::new(), |(_, warnings)| warnings)
    }

    fn layouts(&self) -> &'static [&'static str] {
        &["uv", "multi-use", "pip"]
    }

    fn write(&self, lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
        let layout = crate::layout_of(self, request)?;
        let mut written = Written::default();
        let offer = match layout {
            "multi-use" => Some(multi::offer(lock, &request.selection)?),
            _ => None,
        };
        let mut packages = match &offer {
            Some(offer) => {
                let all = offer.packages.clone();
                export::without_local(all, request, Local::Written, &mut written)
            }
            None => export::choose(lock, request, Local::Written, &mut written)?,
        };
        if layout == "pip" {
            packages.retain(|selected| is_hashable(selected.package, &mut written));
        }
        let problems = problems(self, &packages);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut page = Page(export::header(request));
        page.set("lock-version", quote("1.0"));
        page.set("created-by", quote(export::tool(request)));
        let environments = lock.environments.iter();
        let environments = environments.filter_map(|marker| lock.simplify(*marker).text());
        page.list("environments", &quoted(environments), one_line);
        page.set("requires-python", quote(&lock.requires_python.to_string()));
        if let Some(offer) = &offer {
            let extras = offer.extras.iter().map(|extra| extra.as_str());
            page.set("extras", one_line(&quoted(extras)));
            let groups = offer.groups.iter().map(|group| group.as_str());
            page.set("dependency-groups", one_line(&quoted(groups)));
            page.set("default-groups", one_line(&quoted(&offer.default_groups)));
        }
        if packages.is_empty() {
            page.set("packages", "[]");
        }
        for selected in &packages {
            page.header("[[packages]]");
            package(&mut page, selected);
        }
        written.text = page.0;
        Ok(written)
    }
}

/// Whether pip installs a package from a file with hashes; what it does not is a loss.
fn is_hashable(package: &Package, written: &mut Written) -> bool {
    let name = package.id.name.clone();
    match &package.id.source {
        Source::Git { .. } => {
            written.lose(Loss::Repository { name });
            false
        }
        source if source.is_source_tree() => {
            written.lose(Loss::LocalProject { name });
            false
        }
        _ => true,
    }
}

/// What keeps packages from being written.
fn problems(format: &dyn LockFormat, packages: &[Selected<'_>]) -> Vec<Diagnostic> {
    let all = || packages.iter().map(|chosen| chosen.package);
    let mut problems = crate::nameless(format, all());
    if problems.is_empty() {
        problems.extend(crate::placeless(format, all()));
    }
    problems.extend(all().filter_map(unhashed));
    problems.extend(all().filter_map(moving));
    problems
}

/// The complaint about a package of a repository of which no commit is known.
fn moving(package: &Package) -> Option<Diagnostic> {
    let is_moving = matches!(&package.id.source, Source::Git { commit, .. } if commit.is_empty());
    is_moving.then(|| {
        let title = format!(
            "`pylock.toml` needs the commit of a repository, and that of `{}` is not known",
            package.id.name
        );
        Diagnostic::error("pylock/no-commit", title)
    })
}

/// The complaint about a package with a file that has no hash: the format does not allow it.
fn unhashed(package: &Package) -> Option<Diagnostic> {
    let name = &package.id.name;
    let hash = "`pylock.toml` needs a hash for every file, and a file of";
    package
        .sdist
        .iter()
        .chain(&package.wheels)
        .find(|file| file.hashes.is_empty())
        .map(|file| {
            Diagnostic::error(
                "pylock/no-hash",
                format!("{hash} `{name}` has none: `{}`", file.filename),
            )
        })
}

fn package(page: &mut Page, selected: &Selected<'_>) {
    let package = selected.package;
    let source = &package.id.source;
    page.set("name", quote(package.id.name.as_str()));
    if let Some(version) = package
        .id
        .version
        .as_ref()
        .filter(|_| !source.is_source_tree())
    {
        page.set("version", quote(&version.to_string()));
    }
    if let Some(marker) = selected.marker.text() {
        page.set("marker", quote(&marker));
    }
    match source {
        Source::Registry(index) => {
            if !index.as_str().is_empty() {
                page.set("index", quote(index.as_str()));
            }
            files(page, package, index.as_str());
        }
        Source::Git {
            url,
            reference,
            commit,
            subdirectory,
        } => {
            let table = Inline::new()
                .text("type", "git")
                .text("url", url)
                .maybe("requested-revision", requested(reference))
                .text("commit-id", commit)
                .maybe("subdirectory", subdirectory.as_deref());
            page.set("vcs", table.finish());
        }
        Source::Url { url, subdirectory } => {
            let table = archive(
                package,
                Inline::new().text("url", url),
                subdirectory.as_deref(),
            );
            page.set("archive", table);
        }
        Source::Path(path) => {
            page.set(
                "archive",
                archive(package, Inline::new().text("path", path), None),
            );
        }
        Source::Directory(path) | Source::Virtual(path) => {
            let table = Inline::new().text("path", path).raw("editable", false);
            page.set("directory", table.finish());
        }
        Source::Editable(path) => {
            let table = Inline::new().text("path", path).raw("editable", true);
            page.set("directory", table.finish());
        }
    }
}

/// The revision that was asked for.
fn requested(reference: &GitReference) -> Option<&str> {
    match reference {
        GitReference::Default => None,
        GitReference::Branch(name) | GitReference::Tag(name) | GitReference::Revision(name) => {
            Some(name)
        }
    }
}

fn archive(package: &Package, table: Inline, subdirectory: Option<&str>) -> String {
    let file = package.wheels.first().or(package.sdist.as_ref());
    let table = match file.and_then(|file| file.size) {
        Some(size) => table.raw("size", size),
        None => table,
    };
    let table = table.maybe("subdirectory", subdirectory);
    match file {
        Some(file) => table.raw("hashes", hashes(file)),
        None => table,
    }
    .finish()
}

fn files(page: &mut Page, package: &Package, index: &str) {
    if let Some(sdist) = &package.sdist {
        page.set("sdist", file(sdist, &sdist.filename, index));
    }
    let wheels = package.wheels.iter();
    let wheels: Vec<_> = wheels
        .map(|wheel| file(wheel, &wheel_name(wheel), index))
        .collect();
    match wheels.as_slice() {
        [] => {}
        [wheel] => page.set("wheels", format!("[{wheel}]")),
        _ => page.set("wheels", multi_line(&wheels)),
    }
}

/// The name of a wheel, the project's part of it normalized.
fn wheel_name(wheel: &Artifact) -> String {
    WheelFilename::parse(&wheel.filename)
        .map_or_else(|_| wheel.filename.to_string(), |name| name.to_string())
}

/// A file of an index; its name is said where its place does not show it.
fn file(file: &Artifact, name: &str, index: &str) -> String {
    let (key, place) = match &file.source {
        ArtifactSource::Url(url) => ("url", url.to_string()),
        ArtifactSource::Path(path) => ("path", format!("{index}/{path}")),
        ArtifactSource::Name(name) => ("path", name.to_string()),
    };
    let mut table = Inline::new();
    if crate::last_segment(&place) != *name {
        table = table.text("name", name);
    }
    table = table.text(key, place);
    if let Some(time) = file.upload_time {
        table = table.raw("upload-time", instant::print_seconds(time));
    }
    if let Some(size) = file.size {
        table = table.raw("size", size);
    }
    table.raw("hashes", hashes(file)).finish()
}

fn hashes(file: &Artifact) -> String {
    let hashes = file.hashes.iter();
    let table = hashes.fold(Inline::new(), |table, hash| {
        table.text(hash.algorithm.as_str(), &hash.digest)
    });
    table.finish()
}
