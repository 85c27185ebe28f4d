//! The layouts of `pip-compile`, pip-tools 7.6.2, and `uv pip compile`, uv 0.13.8.
//!
//! The command line of the request decides the details, as it does for the tools: hashes, extras,
//! the style of annotations, the header. The options of the file that is replaced are kept.

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::Diagnostic;
use lock::{Lock, Part, Selected, Source};
use packaging::requirements_file::{OptionKind, RequirementsFile, Wanted};
use packaging::{Hash, Marker, MarkerEnvironment, PackageName};

use super::style::{Style, Tool};
use super::uv::{place, revision, say_what_is_lost};
use crate::{Annotations, Hashes, Local, Loss, WriteRequest, Written, export, marker_text};

/// Packages that pip-compile does not pin unless it is told to.
const UNSAFE: &[&str] = &["distribute", "pip", "setuptools"];
const UNSAFE_TITLE: &str =
    "# The following packages are considered to be unsafe in a requirements file:";
const UNSAFE_UNPINNED: &str = "# WARNING: The following packages were not pinned, but pip requires them to be\n# pinned when the requirements file includes hashes and the requirement is not\n# satisfied by a package already installed. Consider using the --allow-unsafe flag.";
const UNHASHED: &str = "# WARNING: pip install will require the following package to be hashed.\n# Consider using a hashable URL like https://github.com/jazzband/pip-tools/archive/SOMECOMMIT.zip\n";

pub(super) fn write(
    lock: &Lock,
    request: &WriteRequest<'_>,
    tool: Tool,
) -> Result<Written, Vec<Diagnostic>> {
    let mut style = Style::of(tool, request.command.unwrap_or_default());
    if request.command.is_none() {
        style.has_hashes = true;
    }
    style.has_hashes &= request.hashes == Hashes::Written;
    style.is_annotated &= request.annotations == Annotations::Written;
    let mut written = Written::default();
    let mut packages = export::choose(lock, request, Local::Written, &mut written)?;
    packages.retain(|selected| is_wanted(selected, lock, request.environment));
    packages.sort_by(|a, b| {
        let key = |it: &Selected<'_>| {
            (
                !matches!(it.package.id.source, Source::Editable(_)),
                it.package.id.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    let compiling = Compiling {
        lock,
        request,
        asked: asked(request),
        has_hashes: style.has_hashes && packages.iter().any(|it| !hashes(it).is_empty()),
        names: packages
            .iter()
            .map(|it| it.package.id.name.clone())
            .collect(),
        style,
    };
    let mut text = compiling.header();
    let (usual, unsafe_packages): (Vec<_>, Vec<_>) = packages
        .iter()
        .partition(|it| !compiling.is_unsafe(&it.package.id.name));
    for selected in &usual {
        text.push_str(&compiling.entry(selected, &mut written));
    }
    text.push_str(&compiling.unsafe_part(&unsafe_packages, &mut written));
    written.text = text;
    say_what_is_lost(&packages, &mut written);
    Ok(written)
}

/// Whether a package is installed in the environment, and is not the project itself.
fn is_wanted(
    selected: &Selected<'_>,
    lock: &Lock,
    environment: Option<&MarkerEnvironment>,
) -> bool {
    let name = &selected.package.id.name;
    let is_asked = lock.asked.requirements.iter().any(|it| it.name == *name);
    let is_root = lock.roots().any(|root| root.id == selected.package.id) && !is_asked;
    !is_root && environment.is_none_or(|it| selected.marker.evaluate(it, &[]))
}

/// The markers of what a manifest asks for, as they were written.
type AskedFor = BTreeMap<PackageName, (String, Marker)>;

fn asked(request: &WriteRequest<'_>) -> AskedFor {
    let mut asked = AskedFor::new();
    if let Some(text) = request.manifest {
        for (_, entry) in RequirementsFile::parse(text).entries() {
            if let Wanted::Named(requirement) = &entry.wanted {
                let written = requirement.marker_text.as_deref().unwrap_or_default();
                asked.insert(
                    requirement.name.clone(),
                    (written.to_owned(), requirement.marker),
                );
            }
        }
    }
    let pyproject = request
        .pyproject
        .and_then(|text| text.parse::<toml::Table>().ok());
    let listed = pyproject
        .as_ref()
        .and_then(|table| table.get("project")?.get("dependencies")?.as_array());
    for line in listed.into_iter().flatten().filter_map(toml::Value::as_str) {
        if let Ok(requirement) = packaging::Requirement::parse(line) {
            let written = requirement.marker_text.as_deref().unwrap_or_default();
            asked.insert(
                requirement.name.clone(),
                (written.to_owned(), requirement.marker),
            );
        }
    }
    asked
}

fn hashes<'a>(selected: &Selected<'a>) -> BTreeSet<&'a Hash> {
    let files = selected.package.artifacts();
    files
        .filter_map(|file| file.hashes.iter().max_by_key(|hash| hash.algorithm))
        .collect()
}

struct Compiling<'a> {
    lock: &'a Lock,
    request: &'a WriteRequest<'a>,
    style: Style,
    asked: AskedFor,
    has_hashes: bool,
    /// The packages that are written.
    names: BTreeSet<PackageName>,
}

impl Compiling<'_> {
    fn header(&self) -> String {
        let mut text = String::new();
        if let Some(command) = self.request.command.filter(|_| self.style.has_header) {
            text = match self.style.tool {
                Tool::Uv => format!(
                    "# This file was autogenerated by uv via the following command:\n#    {command}\n"
                ),
                Tool::PipCompile => {
                    let python = self.request.environment.map(|it| {
                        let mut release = it.python_full_version.release().iter();
                        let mut part = || release.next().copied().unwrap_or_default();
                        format!(" with Python {}.{}", part(), part())
                    });
                    let python = python
                        .or_else(|| self.previous_python())
                        .unwrap_or_default();
                    format!(
                        "#\n# This file is autogenerated by pip-compile{python}\n# by the following command:\n#\n#    {command}\n#\n"
                    )
                }
            };
        }
        let options = self.options();
        if !options.is_empty() {
            text.push_str(&options.join("\n"));
            text.push_str("\n\n");
        }
        text
    }

    /// The Python of the file that is replaced: ` with Python 3.11`.
    fn previous_python(&self) -> Option<String> {
        let line = self.request.previous?.lines().nth(1)?;
        let at = line.find(" with Python ")?;
        Some(line[at..].to_owned())
    }

    /// The options in front: those of the file that is replaced, or else of the command line.
    fn options(&self) -> Vec<String> {
        let previous = self.request.previous.map(RequirementsFile::parse);
        let kept = previous.iter().flat_map(RequirementsFile::options);
        let kept = kept.filter_map(|option| {
            let name = match option.kind {
                OptionKind::Index => "--index-url",
                OptionKind::ExtraIndex => "--extra-index-url",
                OptionKind::FindLinks => "--find-links",
                OptionKind::TrustedHost => "--trusted-host",
                OptionKind::NoBinary => "--no-binary",
                OptionKind::OnlyBinary => "--only-binary",
                _ => return None,
            };
            Some(format!("{name} {}", option.value))
        });
        let kept: Vec<String> = kept.collect();
        if kept.is_empty() {
            self.style.options.clone()
        } else {
            kept
        }
    }

    fn is_unsafe(&self, name: &PackageName) -> bool {
        self.style.tool == Tool::PipCompile
            && (UNSAFE.contains(&name.as_str())
                || self.style.unsafe_packages.contains(name.as_str()))
    }

    fn unsafe_part(&self, packages: &[&Selected<'_>], written: &mut Written) -> String {
        let mut names: BTreeSet<&PackageName> =
            packages.iter().map(|it| &it.package.id.name).collect();
        // What is wanted and was never pinned is only known from what asks for it.
        names.extend(self.asked.keys().filter(|name| self.is_unsafe(name)));
        if names.is_empty() {
            return String::new();
        }
        let mut text = "\n".to_owned();
        let is_pinned = self.style.allows_unsafe;
        text.push_str(if self.has_hashes && !is_pinned {
            UNSAFE_UNPINNED
        } else {
            UNSAFE_TITLE
        });
        text.push('\n');
        if is_pinned {
            for selected in packages {
                text.push_str(&self.entry(selected, written));
            }
            return text;
        }
        for name in names {
            written.lose(Loss::Unpinned { name: name.clone() });
            text.push_str(&format!("# {name}\n"));
        }
        text
    }

    /// A requirement with its hashes and who requires it.
    fn entry(&self, selected: &Selected<'_>, written: &mut Written) -> String {
        let hashes = if self.style.has_hashes {
            hashes(selected)
        } else {
            BTreeSet::new()
        };
        let id = &selected.package.id;
        let mut text = String::new();
        if self.has_hashes && hashes.is_empty() {
            if !id.source.is_source_tree() {
                let (name, version) = (id.name.clone(), id.version.clone());
                written.lose(Loss::Unhashed { name, version });
            }
            if self.style.tool == Tool::PipCompile {
                text.push_str(UNHASHED);
            }
        }
        let mut line = self.what(selected);
        if let Some(marker) = self.marker(selected) {
            line.push_str(&format!(" ; {marker}"));
        }
        for hash in &hashes {
            line.push_str(&format!(" \\\n    --hash={hash}"));
        }
        text.push_str(&line);
        if self.style.is_annotated {
            text.push_str(&self.annotation(selected, line.len(), !hashes.is_empty()));
        }
        text.push('\n');
        text
    }

    fn annotation(&self, selected: &Selected<'_>, width: usize, has_hashes: bool) -> String {
        let names = self.via(selected);
        let mut text = match names.as_slice() {
            [] => String::new(),
            names if self.style.is_one_line && has_hashes => {
                format!("\n    # via {}", names.join(", "))
            }
            names if self.style.is_one_line => {
                format!(
                    "{}  # via {}",
                    " ".repeat(24_usize.saturating_sub(width)),
                    names.join(", ")
                )
            }
            [name] => format!("\n    # via {name}"),
            names => format!("\n    # via\n    #   {}", names.join("\n    #   ")),
        };
        if let Source::Registry(index) = &selected.package.id.source
            && self.style.names_indexes
            && !index.as_str().is_empty()
        {
            text.push_str(&format!("\n    # from {index}"));
        }
        text
    }

    /// Who requires a package: files, and packages that are written too.
    fn via(&self, selected: &Selected<'_>) -> Vec<String> {
        let name = &selected.package.id.name;
        let mut files: BTreeSet<String> = BTreeSet::new();
        let mut projects: BTreeSet<String> = BTreeSet::new();
        let origins = &self.lock.asked.origins;
        if let Some(origins) = origins.get(name) {
            files.extend(origins.iter().map(ToString::to_string));
        } else if origins.is_empty() && self.lock.asked_beside().any(|it| it.name == *name) {
            files.extend(self.style.label(None));
        }
        for parent in &selected.via {
            let is_root = self.lock.roots().any(|root| root.id.name == **parent);
            if is_root && !self.names.contains(*parent) {
                let usual = || format!("{parent} (pyproject.toml)");
                files.insert(self.style.label(Some(parent)).unwrap_or_else(usual));
            } else if self.names.contains(*parent) && self.holds(parent, selected) {
                projects.insert(parent.to_string());
            }
        }
        let all: Vec<String> = files.into_iter().chain(projects).collect();
        match self.style.tool {
            Tool::Uv => all,
            // One list, sorted as a whole.
            Tool::PipCompile => all
                .into_iter()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        }
    }

    /// Whether an edge holds in the environment.
    fn holds(&self, parent: &PackageName, selected: &Selected<'_>) -> bool {
        let Some(environment) = self.request.environment else {
            return true;
        };
        self.lock.named(parent).any(|parent| {
            let parts = parent
                .parts()
                .filter(|part| !matches!(part, Part::Group(_)));
            let mut edges = parts.flat_map(|part| parent.edges(&part).to_vec());
            edges.any(|edge| {
                edge.id == selected.package.id
                    && edge.marker.without_extras().evaluate(environment, &[])
            })
        })
    }

    fn marker(&self, selected: &Selected<'_>) -> Option<String> {
        let name = &selected.package.id.name;
        if self.style.tool == Tool::Uv {
            let is_one = self.request.environment.is_some();
            return selected.marker.text().filter(|_| !is_one);
        }
        let asked = self.asked.get(name);
        let raw = asked.filter(|(text, _)| !text.is_empty());
        if self.request.environment.is_some() {
            // Only what the file itself asks for keeps its marker.
            let respelled = raw.map(|(text, _)| marker_text::respelled(text));
            let is_unknown = asked.is_none();
            return respelled.or_else(|| {
                let marker = self.declared_marker(name).filter(|_| is_unknown)?;
                marker_text::classic(self.lock.simplify(marker), '"')
            });
        }
        let same = raw.filter(|(_, marker)| self.lock.simplify(*marker) == selected.marker);
        same.map(|(text, _)| marker_text::respelled(text))
            .or_else(|| marker_text::classic(selected.marker, '"'))
    }

    /// The marker of the requirement that asks for a package, where the lock has it.
    fn declared_marker(&self, name: &PackageName) -> Option<Marker> {
        let declared = self.lock.roots().filter_map(|root| root.declared.as_ref());
        let declared = declared.flat_map(|declared| &declared.requires_dist);
        let mut asked = self.lock.asked_beside().chain(declared);
        let found = asked.find(|requirement| requirement.name == *name)?;
        Some(found.marker.without_extras())
    }

    /// What is to be installed.
    fn what(&self, selected: &Selected<'_>) -> String {
        let id = &selected.package.id;
        let mut name = id.name.to_string();
        if self.style.shows_extras && !selected.extras.is_empty() {
            let extras: Vec<_> = selected.extras.iter().map(|extra| extra.as_str()).collect();
            name.push_str(&format!("[{}]", extras.join(",")));
        }
        match &id.source {
            Source::Registry(_) => match &id.version {
                Some(version) => format!("{name}=={version}"),
                None => name,
            },
            Source::Git {
                url,
                reference,
                commit,
                subdirectory,
            } => {
                let folder = subdirectory
                    .as_ref()
                    .map(|it| format!("#subdirectory={it}"));
                let revision = revision(reference, commit);
                format!("{name} @ git+{url}{revision}{}", folder.unwrap_or_default())
            }
            Source::Url { url, subdirectory } => {
                let folder = subdirectory
                    .as_ref()
                    .map(|it| format!("#subdirectory={it}"));
                format!("{name} @ {url}{}", folder.unwrap_or_default())
            }
            Source::Editable(path) => format!("-e {}", place(path)),
            Source::Path(path) | Source::Directory(path) | Source::Virtual(path) => {
                if path.starts_with('/') {
                    format!("{name} @ file://{path}")
                } else {
                    place(path)
                }
            }
        }
    }
}
