//! A lock as pdm 2.29.3 writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use diagnostic::Diagnostic;
use lock::{Lock, Package, ResolutionMode, Source};
use packaging::{ExtraName, GitReference, Marker as Condition, VersionSpecifiers};
use toml::{Table, Value};

use crate::tomlkit::{array, lines, quote};
use crate::{Loss, WriteRequest, Written};

use super::frame::{self, Frame, Previous, Target};
use super::marker::Marker;
use super::project::Project;
use super::requirement::{Line, normalized};
use super::root::{self, DEFAULT, Root};
use super::specifier::Specifier;
use super::walk::{self, Choice, Node, World};
use super::{files, marker_parse};

pub(super) fn write(lock: &Lock, request: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
    let project = Project::read(&pyproject(request)?);
    let previous = Previous::read(request.previous);
    let groups = groups(lock, request, &project, &previous);
    let root = root::read(&project, &groups);
    let own = project.distribution();
    let packages: Vec<&Package> = lock
        .packages
        .iter()
        .filter(|package| !package.id.source.is_own_folder())
        .collect();
    let python = Specifier::parse(project.requires_python());
    let python = python.unwrap_or_else(Specifier::every_version);
    let targets = targets(&python, &previous);
    let mut choices: Vec<Choice> = packages
        .iter()
        .map(|package| choice(lock, package))
        .collect();
    if let Some(own) = &own
        && !choices.iter().any(|choice| choice.name == *own)
    {
        choices.push(own_choice(own, &project));
    }
    let settings = project.resolution();
    let world = World {
        choices: &choices,
        python: &python,
        excludes: excludes(&settings),
        overrides: overrides(&settings),
    };
    let wanted: Vec<Line> = root
        .lines
        .iter()
        .filter(|line| {
            let marker = line.marker.as_ref();
            marker.is_none_or(|marker| super::python::matches(marker, &python))
        })
        .cloned()
        .collect();
    let (nodes, order) = walk::walk(&world, &wanted);
    let strategy = strategy(lock, &previous);
    let has_metadata = strategy.iter().any(|flag| flag == "inherit_metadata");
    let markers = walk::markers(&nodes, &order);
    let reached_by = walk::groups(&nodes, &order);
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for at in order {
        let (node, marker) = (&nodes[at], markers[at].clone());
        let choice = &choices[node.choice];
        if own.as_deref() == Some(choice.name.as_str())
            || marker.as_ref().is_some_and(Marker::is_empty)
        {
            continue;
        }
        let Some(package) = packages.get(node.choice) else {
            continue;
        };
        entries.push(Entry {
            package,
            node,
            called: walk::called(choice, node),
            marker: marker.filter(|marker| !marker.is_any()),
            groups: reached_by[at].clone(),
        });
    }
    let unheard: BTreeSet<String> = entries
        .iter()
        .filter(|entry| entry.needs_metadata())
        .map(|entry| format!("`{}`", entry.package.id.name))
        .collect();
    if !unheard.is_empty() {
        return Err(vec![needs_metadata(&unheard)]);
    }
    entries.sort_by(|one, other| one.called.cmp(&other.called));
    let frame = Frame {
        groups: root.groups.clone(),
        targets,
        content_hash: project.content_hash(),
        is_empty: entries.is_empty(),
        strategy: strategy.clone(),
    };
    let mut text = frame.print();
    for entry in &entries {
        entry.print(
            &mut text,
            &python,
            has_metadata,
            strategy.iter().any(|flag| flag == "static_urls"),
        );
    }
    let mut written = Written::whole(text);
    if previous.has_crlf {
        written.text = written.text.replace('\n', "\r\n");
    }
    lose(lock, &entries, &packages, &root, &project, &mut written);
    Ok(written)
}

fn pyproject(request: &WriteRequest<'_>) -> Result<Table, Vec<Diagnostic>> {
    let Some(text) = request.pyproject else {
        let title = "a `pdm.lock` needs the project's `pyproject.toml`, which it hashes";
        return Err(vec![Diagnostic::error(
            "formats/pdm-needs-pyproject",
            title,
        )]);
    };
    text.parse().map_err(|error: toml::de::Error| {
        let title = format!("`pyproject.toml` is no TOML: {}", error.message());
        let diagnostic = Diagnostic::error("formats/pdm-needs-pyproject", title);
        vec![match error.span() {
            Some(span) => diagnostic.label(span, "here").in_file("pyproject.toml"),
            None => diagnostic,
        }]
    })
}

fn needs_metadata(names: &BTreeSet<String>) -> Diagnostic {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let title = format!(
        "a `pdm.lock` repeats what packages publish, which is not known of {}",
        names.join(", ")
    );
    Diagnostic::error("formats/pdm-needs-metadata", title)
        .help("lock with access to the package index, so that their metadata is read")
}

/// The groups that are locked: those of the existing file, or else the project's own
/// dependencies, all dependency groups, and the extras that are chosen or were locked before.
fn groups(
    lock: &Lock,
    request: &WriteRequest<'_>,
    project: &Project,
    previous: &Previous,
) -> Vec<String> {
    let extras = project.extras();
    let exists = |group: &String| {
        group == DEFAULT || extras.contains_key(group) || project.groups.contains_key(group)
    };
    if let Some(groups) = previous.groups.as_ref().filter(|groups| !groups.is_empty()) {
        return root::in_order(groups.iter().filter(|group| exists(group)).cloned());
    }
    let chosen = &request.selection.extras;
    let is_chosen = |extra: &String| {
        let name = ExtraName::new(extra);
        let is_named = name.is_ok_and(|name| chosen.with.contains(&name));
        let mut locked = lock.asked.dependency_groups.keys();
        chosen.all || is_named || locked.any(|group| group.as_str() == extra)
    };
    let extras = extras.keys().filter(|extra| is_chosen(extra)).cloned();
    let all = std::iter::once(DEFAULT.to_owned()).chain(extras);
    root::in_order(all.chain(project.groups.keys().cloned()))
}

/// The targets of the existing file within the project's Pythons, or else one for all of them.
fn targets(python: &Specifier, previous: &Previous) -> Vec<Target> {
    let mut targets = previous.targets.clone();
    if targets.is_empty() {
        targets.push(Target {
            requires_python: python.to_string(),
            more: Vec::new(),
        });
    }
    for target in &mut targets {
        if let Some(wanted) = Specifier::parse(&target.requires_python) {
            target.requires_python = frame::within(python, &wanted).to_string();
        }
    }
    targets
}

fn strategy(lock: &Lock, previous: &Previous) -> Vec<String> {
    let usual = || vec!["inherit_metadata".to_owned()];
    let mut flags = previous.strategy.clone().unwrap_or_else(usual);
    if previous.strategy.is_none() && lock.options.resolution == ResolutionMode::LowestDirect {
        flags.insert(0, "direct_minimal_versions".to_owned());
    }
    flags
}

fn excludes(settings: &Table) -> Vec<String> {
    let listed = settings.get("excludes").and_then(Value::as_array);
    let names = listed.into_iter().flatten().filter_map(Value::as_str);
    names.map(normalized).collect()
}

/// `[tool.pdm.resolution.overrides]` as requirements.
fn overrides(settings: &Table) -> Vec<Line> {
    let listed = settings.get("overrides").and_then(Value::as_table);
    let listed = listed.into_iter().flatten();
    listed
        .filter_map(|(name, value)| {
            let (name, value) = (normalized(name), value.as_str()?);
            let text = if value.contains("://") {
                format!("{name} @ {value}")
            } else if value.parse::<VersionSpecifiers>().is_ok() {
                format!("{name}{value}")
            } else {
                format!("{name}=={value}")
            };
            root::line(&text)
        })
        .collect()
}

fn choice(lock: &Lock, package: &Package) -> Choice {
    let published = package.published.as_deref();
    let requirements = published.map(|published| &published.requires_dist[..]);
    let several = lock.named(&package.id.name).nth(1).is_some();
    let fork = several.then(|| fork(lock, package)).flatten();
    let version = package.id.version.clone();
    let plain = version.clone().map(packaging::Version::without_local);
    let python = published.and_then(|published| published.requires_python.as_deref());
    Choice {
        name: package.id.name.to_string(),
        version: plain.map(|version| version.to_string()).unwrap_or_default(),
        is_versioned: matches!(package.id.source, Source::Registry(_)),
        python: python
            .and_then(Specifier::parse)
            .unwrap_or_else(Specifier::every_version),
        fork,
        requirements: requirements
            .unwrap_or_default()
            .iter()
            .map(|requirement| Line::of(requirement))
            .collect(),
        exactly: version,
    }
}

/// Where one of several packages of a name belongs.
fn fork(lock: &Lock, package: &Package) -> Option<Marker> {
    let condition = match package.forks.as_slice() {
        [] => package.marker,
        forks => forks
            .iter()
            .fold(Condition::FALSE, |all, fork| all.or(*fork)),
    };
    let text = lock.simplify(condition.without_extras()).text()?;
    marker_parse::read(&text)
}

/// The project itself, which other packages may require.
fn own_choice(name: &str, project: &Project) -> Choice {
    let read = |value: &Value| root::line(value.as_str()?);
    let mut requirements: Vec<Line> = project.dependencies().iter().filter_map(read).collect();
    for (extra, items) in project.extras() {
        let condition = marker_parse::read(&format!("extra == '{extra}'")).unwrap_or(Marker::Any);
        requirements.extend(items.iter().filter_map(read).map(|mut line| {
            let marker = line.marker.clone().unwrap_or(Marker::Any).and(&condition);
            line.set_marker(Some(marker));
            line
        }));
    }
    Choice {
        name: name.to_owned(),
        version: String::new(),
        is_versioned: false,
        python: Specifier::every_version(),
        fork: None,
        requirements,
        exactly: None,
    }
}

/// What the lock knows and the text does not say.
fn lose(
    lock: &Lock,
    entries: &[Entry<'_>],
    packages: &[&Package],
    root: &Root,
    project: &Project,
    written: &mut Written,
) {
    if lock.forks.len() > 1 {
        let forks = lock.forks.len();
        written.lose(Loss::Forks { forks });
    }
    let asked = &lock.asked;
    let settings = [
        ("environments", !lock.environments.is_empty()),
        ("conflicts", !lock.conflicts.is_empty()),
        ("constraint-dependencies", !asked.constraints.is_empty()),
        ("exclude-newer", lock.options.exclude_newer.is_some()),
    ];
    let names: Vec<&'static str> = settings
        .into_iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(name, _)| name)
        .collect();
    if !names.is_empty() {
        written.lose(Loss::Settings { names });
    }
    let left_out: BTreeSet<ExtraName> = project
        .extras()
        .keys()
        .filter(|extra| !root.groups.contains(extra))
        .filter_map(|extra| ExtraName::new(extra).ok())
        .collect();
    let written_packages: BTreeSet<_> = entries.iter().map(|entry| &entry.package.id).collect();
    let unselected = packages.len() - written_packages.len();
    if unselected > 0 && !left_out.is_empty() {
        written.lose(Loss::Extras { names: left_out });
    }
    let files = || entries.iter().flat_map(|entry| files::known(entry.package));
    if files().any(|file| matches!(file.source, lock::ArtifactSource::Url(_))) {
        written.lose(Loss::FileUrls);
    }
    if files().any(|file| file.size.is_some() || file.upload_time.is_some()) {
        let facts = "upload times and sizes";
        written.lose(Loss::FileFacts { facts });
    }
    for entry in entries
        .iter()
        .filter(|entry| entry.package.published.is_none())
    {
        let (name, fact) = (entry.package.id.name.clone(), "summary");
        written.lose(Loss::Unheard { name, fact });
    }
    if unselected > 0 {
        let packages = unselected;
        written.lose(Loss::Unselected { packages });
    }
}

/// A package, with some of its extras, that is written.
struct Entry<'a> {
    package: &'a Package,
    node: &'a Node,
    /// `name` or `name[extra]`.
    called: String,
    marker: Option<Marker>,
    groups: BTreeSet<String>,
}

fn set(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name} = {value}");
}

impl Entry<'_> {
    /// Whether nothing can be said about the package without asking its index.
    fn needs_metadata(&self) -> bool {
        self.package.published.is_none() && !self.package.id.source.is_source_tree()
    }

    fn print(&self, text: &mut String, python: &Specifier, has_metadata: bool, with_urls: bool) {
        let published = self.package.published.as_deref();
        text.push_str("\n[[package]]\n");
        set(
            text,
            "name",
            &quote(&normalized(self.package.id.name.as_str())),
        );
        if let Some(version) = self.version() {
            set(text, "version", &quote(&version));
        }
        if !self.node.extras.is_empty() {
            set(text, "extras", &array(&self.node.extras));
        }
        let python_text = published.and_then(|published| published.requires_python.as_deref());
        if let Some(python) = python_text.filter(|python| !python.is_empty()) {
            set(text, "requires_python", &quote(python));
        }
        self.print_source(text);
        let summary = published.and_then(|published| published.summary.as_deref());
        set(text, "summary", &quote(summary.unwrap_or_default()));
        if has_metadata {
            let groups = root::in_order(self.groups.iter().cloned());
            set(text, "groups", &array(&groups));
            if let Some(marker) = &self.marker {
                set(text, "marker", &quote(&marker.to_string()));
            }
        }
        let mut dependencies: Vec<String> = self.node.lines.iter().map(Line::text).collect();
        dependencies.sort();
        let dependencies: Vec<String> = dependencies.iter().map(|line| quote(line)).collect();
        if !dependencies.is_empty() {
            set(text, "dependencies", &lines(&dependencies));
        }
        let files = files::items(self.package, python, with_urls);
        if !files.is_empty() {
            set(text, "files", &lines(&files));
        }
    }

    /// The version; its local part only if the requirement names one.
    fn version(&self) -> Option<String> {
        let version = self.package.id.version.clone()?;
        let is_local = self.node.requirement.is_pinned()
            && self
                .node
                .requirement
                .specifiers
                .iter()
                .any(|clause| clause.contains('+'));
        Some(if is_local {
            version.to_string()
        } else {
            version.without_local().to_string()
        })
    }

    fn print_source(&self, text: &mut String) {
        match &self.package.id.source {
            Source::Registry(_) => {}
            Source::Git {
                url,
                reference,
                commit,
                subdirectory,
            } => {
                if self.node.requirement.editable {
                    set(text, "editable", "true");
                }
                if let Some(folder) = subdirectory {
                    set(text, "subdirectory", &quote(folder));
                }
                set(text, "git", &quote(url));
                match reference {
                    GitReference::Default => {}
                    GitReference::Branch(name)
                    | GitReference::Tag(name)
                    | GitReference::Revision(name) => set(text, "ref", &quote(name)),
                }
                if !self.node.requirement.editable {
                    set(text, "revision", &quote(commit));
                }
            }
            Source::Url { url, subdirectory } => {
                if let Some(folder) = subdirectory {
                    set(text, "subdirectory", &quote(folder));
                }
                set(text, "url", &quote(url));
            }
            Source::Path(path) | Source::Directory(path) | Source::Virtual(path) => {
                set(text, "path", &quote(&relative(path)));
            }
            Source::Editable(path) => {
                set(text, "editable", "true");
                set(text, "path", &quote(&relative(path)));
            }
        }
    }
}

/// A path that begins with where it is relative to.
fn relative(path: &str) -> String {
    let is_clear = path == "."
        || ["./", "../", "/"]
            .iter()
            .any(|start| path.starts_with(start));
    if is_clear {
        path.to_owned()
    } else {
        format!("./{path}")
    }
}
