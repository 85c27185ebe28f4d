//! The `[tool.uv]` table: everything of it that decides what a lock says.

pub mod conflicts;
pub mod cutoff;
pub mod index;
pub mod overrides;
pub mod settings;
pub mod sources;

use std::collections::BTreeMap;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{GroupName, PackageName};
use toml::de::DeTable;

use crate::declared::{DeclaredMarker, DeclaredRequirement};
use crate::document::{Node, Reader};
use crate::groups::{GroupError, GroupSettings};

pub use conflicts::{ConflictSet, DeclaredConflict};
pub use cutoff::{Clock, CutOff};
pub use index::{Authenticate, FindLinks, Index, IndexKind};
pub use overrides::{BuildConstraint, DependencyMetadata, Exclude, Override, Scope};
pub use settings::{
    ForkStrategy, IndexStrategy, PrereleaseMode, ResolutionMode, Selection, Settings,
};
pub use sources::{Limit, Source, SourceKind, Sources, WorkspaceReference};

/// What `[tool.uv]` says.
#[derive(Clone, Debug, Default)]
pub struct ToolUv {
    /// Whether uv may manage the project; `None` when unsaid.
    pub managed: Option<bool>,
    /// Whether the project is installed itself; `None` when unsaid.
    pub package: Option<bool>,
    /// Where requirements come from, by project.
    pub sources: Sources,
    /// The indexes declared here, in order. Which of them are searched: [`Settings::indexes`].
    pub indexes: Vec<Index>,
    /// The workspace whose root this is.
    pub workspace: Option<WorkspaceTable>,
    /// Bounds on whatever else asks for these projects.
    pub constraints: Vec<DeclaredRequirement>,
    /// Replacements of whatever else asks for these projects.
    pub overrides: Vec<Override>,
    /// Projects nobody gets.
    pub excludes: Vec<Exclude>,
    /// Bounds on what builds need.
    pub build_constraints: Vec<BuildConstraint>,
    /// The environments the lock is limited to, in order.
    pub environments: Vec<DeclaredMarker>,
    /// The environments that must find wheels, in order.
    pub required_environments: Vec<DeclaredMarker>,
    /// Extras and groups that are never asked for together.
    pub conflicts: Vec<ConflictSet>,
    /// Groups installed by default; `["dev"]` when unsaid.
    pub default_groups: Option<DefaultGroups>,
    /// The older spelling of the group `dev`.
    pub dev_dependencies: Option<Vec<DeclaredRequirement>>,
    /// Settings of dependency groups.
    pub group_settings: BTreeMap<GroupName, GroupSettings>,
    /// How to resolve.
    pub settings: Settings,
    dev_span: Span,
    default_spans: Vec<(GroupName, Span)>,
}

impl ToolUv {
    /// The groups that `default-groups` lists, with their places.
    pub(crate) fn default_spans(&self) -> &[(GroupName, Span)] {
        &self.default_spans
    }

    /// Where `dev-dependencies` stands.
    #[must_use]
    pub fn dev_span(&self) -> Span {
        self.dev_span.clone()
    }
}

/// `[tool.uv.workspace]`.
#[derive(Clone, Debug)]
pub struct WorkspaceTable {
    /// Patterns of members' folders.
    pub members: Vec<Pattern>,
    /// Patterns of folders that are no members.
    pub exclude: Vec<Pattern>,
    /// Where the table stands.
    pub span: Span,
}

/// A pattern of paths and its place.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written.
    pub text: String,
    /// The string it stands in.
    pub span: Span,
}

/// `default-groups`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DefaultGroups {
    /// `"all"`.
    All,
    /// A list.
    List(Vec<GroupName>),
}

/// The keys that uv 0.13.8 knows in `[tool.uv]`.
const KEYS: &[&str] = &[
    "required-version",
    "system-certs",
    "native-tls",
    "offline",
    "no-cache",
    "cache-dir",
    "preview",
    "preview-features",
    "python-preference",
    "python-downloads",
    "concurrent-downloads",
    "concurrent-builds",
    "concurrent-installs",
    "index",
    "index-url",
    "extra-index-url",
    "no-index",
    "find-links",
    "index-strategy",
    "keyring-provider",
    "http-proxy",
    "https-proxy",
    "no-proxy",
    "allow-insecure-host",
    "resolution",
    "prerelease",
    "prerelease-package",
    "fork-strategy",
    "dependency-metadata",
    "config-settings",
    "config-settings-package",
    "no-build-isolation",
    "require-build-hashes",
    "no-build-isolation-package",
    "extra-build-dependencies",
    "extra-build-variables",
    "exclude-newer",
    "exclude-newer-package",
    "link-mode",
    "compile-bytecode",
    "no-sources",
    "no-sources-package",
    "upgrade",
    "upgrade-package",
    "reinstall",
    "reinstall-package",
    "no-build",
    "no-build-package",
    "no-binary",
    "no-binary-package",
    "torch-backend",
    "python-install-mirror",
    "pypy-install-mirror",
    "graalpy-install-mirror",
    "pyodide-install-mirror",
    "python-downloads-json-url",
    "publish-url",
    "trusted-publishing",
    "check-url",
    "add-bounds",
    "audit",
    "pip",
    "cache-keys",
    "override-dependencies",
    "exclude-dependencies",
    "constraint-dependencies",
    "build-constraint-dependencies",
    "environments",
    "required-environments",
    "minimum-libc-version",
    "conflicts",
    "workspace",
    "sources",
    "managed",
    "package",
    "default-groups",
    "dependency-groups",
    "dev-dependencies",
    "build-backend",
];

/// A key of `[tool.uv]` that uv does not know.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{key}` is not a setting of `[tool.uv]`")]
struct UnknownSetting {
    key: String,
    span: Span,
}

impl Diagnose for UnknownSetting {
    fn diagnose(&self) -> Diagnostic {
        let close = KEYS.iter().find(|known| is_close(known, &self.key));
        let help = match close {
            Some(known) => format!("write `{known}`, or remove the key"),
            None => "remove the key".to_owned(),
        };
        Diagnostic::warning("manifest/unknown-setting", self)
            .label(
                self.span.clone(),
                "settings of how to resolve are ignored because of this",
            )
            .help(help)
    }
}

/// Whether two words differ in case, separators or one character.
fn is_close(known: &str, word: &str) -> bool {
    let word = word.replace('_', "-").to_ascii_lowercase();
    if known == word {
        return true;
    }
    let shared_start = known
        .bytes()
        .zip(word.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let rest = |text: &str| text.len() - shared_start;
    let shared_end = known
        .bytes()
        .rev()
        .zip(word.bytes().rev())
        .take(rest(known).min(rest(&word)))
        .take_while(|(a, b)| a == b)
        .count();
    rest(known).max(rest(&word)) - shared_end <= 1
}

/// Reads `[tool.uv]`.
pub(crate) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> ToolUv {
    let Some(table) = reader.table(node, "tool.uv") else {
        return ToolUv::default();
    };
    let settings = match unknown_settings(table) {
        unknown if unknown.is_empty() => settings::read(reader, table),
        // uv 0.13.8 warns and goes on as if none of the settings of how to resolve were there.
        unknown => {
            unknown.iter().for_each(|setting| reader.note(setting));
            settings::read(reader, table);
            Settings::default()
        }
    };
    let requirements = |reader: &mut Reader<'_>, key: &str| {
        let key_text = format!("tool.uv.{key}");
        table
            .get(key)
            .map(|node| reader.requirements(node, &key_text))
    };
    let defaults = table
        .get("default-groups")
        .and_then(|node| default_groups(reader, node));
    let (default_groups, default_spans) = defaults.unzip();
    let default_spans = default_spans.unwrap_or_default();
    let dev_dependencies = requirements(reader, "dev-dependencies");
    let constraints = requirements(reader, "constraint-dependencies").unwrap_or_default();
    ToolUv {
        managed: flag(reader, table, "managed"),
        package: flag(reader, table, "package"),
        sources: sources::read(reader, table),
        indexes: index::read(reader, table),
        workspace: table
            .get("workspace")
            .and_then(|node| read_workspace(reader, node)),
        constraints,
        overrides: overrides::read_overrides(reader, table),
        excludes: overrides::read_excludes(reader, table),
        build_constraints: overrides::read_build_constraints(reader, table),
        environments: markers(reader, table, "environments"),
        required_environments: markers(reader, table, "required-environments"),
        conflicts: conflicts::read(reader, table),
        default_groups,
        default_spans,
        dev_span: table
            .get_key_value("dev-dependencies")
            .map_or(0..0, |(key, _)| key.span()),
        dev_dependencies,
        group_settings: group_settings(reader, table),
        settings,
    }
}

fn unknown_settings(table: &DeTable<'_>) -> Vec<UnknownSetting> {
    table
        .keys()
        .filter(|key| !KEYS.contains(&&**key.get_ref()))
        .map(|key| UnknownSetting {
            key: key.get_ref().to_string(),
            span: key.span(),
        })
        .collect()
}

fn flag(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Option<bool> {
    table
        .get(key)
        .and_then(|node| reader.boolean(node, &format!("tool.uv.{key}")))
}

fn markers(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Vec<DeclaredMarker> {
    let Some(node) = table.get(key) else {
        return Vec::new();
    };
    let strings = reader.string_or_strings(node, &format!("tool.uv.{key}"));
    strings
        .iter()
        .filter_map(|(text, node)| reader.marker(text, node))
        .collect()
}

fn read_workspace(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<WorkspaceTable> {
    let table = reader.table(node, "tool.uv.workspace")?;
    reader.only(table, &["members", "exclude"], "tool.uv.workspace");
    let mut patterns = |key: &str| -> Vec<Pattern> {
        let Some(node) = table.get(key) else {
            return Vec::new();
        };
        reader
            .strings(node, &format!("tool.uv.workspace.{key}"))
            .iter()
            .map(|(text, node)| Pattern {
                text: (*text).to_owned(),
                span: node.span(),
            })
            .collect()
    };
    let (members, exclude) = (patterns("members"), patterns("exclude"));
    Some(WorkspaceTable {
        members,
        exclude,
        span: node.span(),
    })
}

fn default_groups(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
) -> Option<(DefaultGroups, Vec<(GroupName, Span)>)> {
    let key = "tool.uv.default-groups";
    if node.get_ref().is_str() {
        if node.get_ref().as_str() == Some("all") {
            return Some((DefaultGroups::All, Vec::new()));
        }
        reader.unfit(node, key, "`\"all\"` or a list of names");
        return None;
    }
    let strings = reader.strings(node, key);
    let named: Vec<(GroupName, Span)> = strings
        .iter()
        .filter_map(|(text, node)| Some((reader.group_name(text, node.span())?, node.span())))
        .collect();
    let names = named.iter().map(|(name, _)| name.clone()).collect();
    Some((DefaultGroups::List(names), named))
}

fn group_settings(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
) -> BTreeMap<GroupName, GroupSettings> {
    let mut settings: BTreeMap<GroupName, GroupSettings> = BTreeMap::new();
    let key = "tool.uv.dependency-groups";
    let Some(node) = table.get("dependency-groups") else {
        return settings;
    };
    let Some(table) = reader.table(node, key) else {
        return settings;
    };
    for (raw_name, node) in table {
        let key = format!("{key}.{}", raw_name.get_ref());
        let span = raw_name.span();
        let Some(table) = reader.table(node, &key) else {
            continue;
        };
        let requires_python = table
            .get("requires-python")
            .and_then(|node| reader.python(node, &format!("{key}.requires-python")));
        let Some(name) = reader.group_name(raw_name.get_ref(), span.clone()) else {
            continue;
        };
        if let Some(first) = settings.get(&name) {
            let first = first.name_span.clone();
            reader.note(&GroupError::Duplicate { name, span, first });
        } else {
            settings.insert(
                name,
                GroupSettings {
                    requires_python,
                    name_span: span,
                },
            );
        }
    }
    settings
}

/// A table whose keys are project names.
pub(crate) fn by_package<T>(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    key: &str,
    mut read: impl FnMut(&mut Reader<'_>, &Node<'_>, &str) -> Option<T>,
) -> BTreeMap<PackageName, T> {
    let mut found = BTreeMap::new();
    let full = format!("tool.uv.{key}");
    let last = key.rsplit('.').next().unwrap_or(key);
    let Some(table) = table.get(last).and_then(|node| reader.table(node, &full)) else {
        return found;
    };
    for (raw_name, node) in table {
        let name = reader.package_name(raw_name.get_ref(), raw_name.span());
        let value = read(reader, node, &format!("{full}.{}", raw_name.get_ref()));
        if let (Some(name), Some(value)) = (name, value) {
            found.insert(name, value);
        }
    }
    found
}
