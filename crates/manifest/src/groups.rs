//! The `[dependency-groups]` table, with includes expanded.
//!
//! <https://packaging.python.org/en/latest/specifications/dependency-groups/>

use std::collections::BTreeMap;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{GroupName, RequiresPython, VersionSpecifiers};

use crate::declared::{DeclaredPython, DeclaredRequirement};
use crate::document::{Node, Reader};

/// One dependency group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// Its name as written.
    pub raw_name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// What stands in its list, in order.
    pub items: Vec<GroupItem>,
    /// Its requirements, those of the groups it includes at the place of the include.
    pub requirements: Vec<DeclaredRequirement>,
    /// The Pythons that it and the groups it includes ask for in `[tool.uv.dependency-groups]`.
    pub requires_python: Option<VersionSpecifiers>,
    /// Whether `[dependency-groups]` has it; `tool.uv.dev-dependencies` alone makes `dev` without.
    pub is_standard: bool,
}

/// One item of a group's list.
#[derive(Clone, Debug)]
pub enum GroupItem {
    /// A requirement.
    Requirement(DeclaredRequirement),
    /// Another group.
    Include {
        /// The group.
        name: GroupName,
        /// Where its name stands.
        span: Span,
    },
}

/// What can be wrong with dependency groups beyond types and words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GroupError {
    /// An include of a group that is nowhere defined.
    #[error("dependency group `{include}` is not defined")]
    Unknown {
        /// The group.
        include: GroupName,
        /// Where it is included.
        span: Span,
    },
    /// The same, but there is a `tool.uv.dev-dependencies`, which cannot be included.
    #[error("dependency group `dev` is not defined: `tool.uv.dev-dependencies` cannot be included")]
    LegacyDev {
        /// Where it is included.
        span: Span,
    },
    /// A group that is installed by default but nowhere defined.
    #[error("default group `{group}` is not defined in `[dependency-groups]`")]
    UnknownDefault {
        /// The group.
        group: GroupName,
        /// Where it is named.
        span: Span,
    },
    /// Settings of a group that is nowhere defined.
    #[error("dependency group `{group}` has settings but is not defined")]
    UnknownSettings {
        /// The group.
        group: GroupName,
        /// Where the settings stand.
        span: Span,
    },
    /// A group that includes itself.
    #[error("dependency groups include each other: {}", cycle_text(.cycle))]
    Cycle {
        /// The groups, each including the next, the last including the first.
        cycle: Vec<GroupName>,
        /// The include that closes the cycle.
        span: Span,
    },
    /// Two groups of one name.
    #[error("dependency group `{name}` is declared twice")]
    Duplicate {
        /// The group.
        name: GroupName,
        /// The second declaration.
        span: Span,
        /// The first declaration.
        first: Span,
    },
    /// A table that is no include.
    #[error("expected a requirement or `{{include-group = \"…\"}}`, found another table")]
    UnknownItem {
        /// Where.
        span: Span,
    },
}

fn cycle_text(cycle: &[GroupName]) -> String {
    let names: Vec<String> = cycle
        .iter()
        .chain(cycle.first())
        .map(|name| format!("`{name}`"))
        .collect();
    names.join(" -> ")
}

impl Diagnose for GroupError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::Unknown { include, span } => Diagnostic::error("manifest/unknown-group", self)
                .label(span.clone(), "included here")
                .help(format!("add `{include} = []` to `[dependency-groups]`")),
            Self::LegacyDev { span } => Diagnostic::error("manifest/unknown-group", self)
                .label(span.clone(), "included here")
                .help("move `tool.uv.dev-dependencies` to `dev` in `[dependency-groups]`"),
            Self::UnknownDefault { group, span } => {
                Diagnostic::error("manifest/unknown-group", self)
                    .label(span.clone(), "named here")
                    .help(format!("add `{group} = []` to `[dependency-groups]`"))
            }
            Self::UnknownSettings { group, span } => {
                Diagnostic::error("manifest/unknown-group", self)
                    .label(span.clone(), "settings of no group")
                    .help(format!("add `{group} = []` to `[dependency-groups]`"))
            }
            Self::Cycle { span, .. } => Diagnostic::error("manifest/group-cycle", self)
                .label(span.clone(), "this include closes the cycle")
                .help("remove one of the includes"),
            Self::Duplicate { span, first, .. } => {
                Diagnostic::error("manifest/duplicate-group", self)
                    .label(span.clone(), "declared again here")
                    .label(first.clone(), "first declared here")
                    .help("merge the two lists")
            }
            Self::UnknownItem { span } => Diagnostic::error("manifest/wrong-type", self)
                .label(span.clone(), "")
                .help("write a requirement in quotes, or `{include-group = \"name\"}`"),
        }
    }
}

/// Reads `[dependency-groups]`, without expanding includes.
pub(crate) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<Group> {
    let Some(table) = reader.table(node, "dependency-groups") else {
        return Vec::new();
    };
    let mut groups: Vec<Group> = Vec::new();
    for (raw_name, node) in table {
        let items = read_items(
            reader,
            node,
            &format!("dependency-groups.{}", raw_name.get_ref()),
        );
        let span = raw_name.span();
        let Some(name) = reader.group_name(raw_name.get_ref(), span.clone()) else {
            continue;
        };
        match groups.iter().find(|group| group.name == name) {
            Some(first) => {
                let first = first.name_span.clone();
                reader.note(&GroupError::Duplicate { name, span, first });
            }
            None => groups.push(Group {
                name,
                raw_name: raw_name.get_ref().to_string(),
                name_span: span,
                items,
                requirements: Vec::new(),
                requires_python: None,
                is_standard: true,
            }),
        }
    }
    groups
}

fn read_items(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Vec<GroupItem> {
    let Some(list) = reader.list(node, key) else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|item| read_item(reader, item, key))
        .collect()
}

fn read_item(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<GroupItem> {
    if let Some(text) = node.get_ref().as_str() {
        return reader.requirement(text, node).map(GroupItem::Requirement);
    }
    let Some(table) = node.get_ref().as_table() else {
        reader.unfit(node, key, "a requirement or an include");
        return None;
    };
    let Some(include) = table.get("include-group").filter(|_| table.len() == 1) else {
        reader.note(&GroupError::UnknownItem { span: node.span() });
        return None;
    };
    let text = reader.string(include, "include-group")?;
    let name = reader.group_name(text, include.span())?;
    Some(GroupItem::Include {
        name,
        span: include.span(),
    })
}

/// What `[tool.uv]` adds to the groups.
pub(crate) struct Additions<'u> {
    /// `tool.uv.dev-dependencies`.
    pub(crate) dev: Option<&'u [DeclaredRequirement]>,
    /// Where `tool.uv.dev-dependencies` stands.
    pub(crate) dev_span: Span,
    /// `tool.uv.default-groups`, as a list.
    pub(crate) defaults: &'u [(GroupName, Span)],
    /// `tool.uv.dependency-groups`.
    pub(crate) settings: &'u BTreeMap<GroupName, GroupSettings>,
}

/// The settings of one group, `[tool.uv.dependency-groups]`.
#[derive(Clone, Debug)]
pub struct GroupSettings {
    /// The Pythons the group is for.
    pub requires_python: Option<DeclaredPython>,
    /// Where the group's name stands.
    pub name_span: Span,
}

/// Expands includes at their position and adds what `[tool.uv]` says.
pub(crate) fn expand(reader: &mut Reader<'_>, groups: &mut Vec<Group>, additions: &Additions<'_>) {
    for (group, settings) in additions.settings {
        if !groups.iter().any(|known| known.name == *group) {
            let (group, span) = (group.clone(), settings.name_span.clone());
            reader.note(&GroupError::UnknownSettings { group, span });
        }
    }
    for (group, span) in additions.defaults {
        if !groups.iter().any(|known| known.name == *group) {
            let (group, span) = (group.clone(), span.clone());
            reader.note(&GroupError::UnknownDefault { group, span });
        }
    }
    let mut expansion = Expansion {
        groups,
        additions,
        done: BTreeMap::new(),
        reader,
    };
    for group in expansion.groups {
        expansion.expand(&group.name, &mut Vec::new());
    }
    let mut done = expansion.done;
    for group in groups.iter_mut() {
        if let Some(flat) = done.remove(&group.name) {
            group.requirements = flat.requirements;
            group.requires_python = flat.requires_python;
        }
    }
    if let Some(dev) = additions.dev {
        add_legacy_dev(groups, dev, &additions.dev_span);
    }
}

/// `tool.uv.dev-dependencies` come after the `dev` group's own requirements.
fn add_legacy_dev(groups: &mut Vec<Group>, dev: &[DeclaredRequirement], span: &Span) {
    let Ok(name) = GroupName::new("dev") else {
        return;
    };
    if let Some(group) = groups.iter_mut().find(|group| group.name == name) {
        group.requirements.extend_from_slice(dev);
        return;
    }
    groups.push(Group {
        name,
        raw_name: "dev".to_owned(),
        name_span: span.clone(),
        items: Vec::new(),
        requirements: dev.to_vec(),
        requires_python: None,
        is_standard: false,
    });
}

/// One group with its includes put in.
#[derive(Clone, Default)]
struct Flat {
    requirements: Vec<DeclaredRequirement>,
    requires_python: Option<VersionSpecifiers>,
}

struct Expansion<'e, 'r, 't> {
    groups: &'e [Group],
    additions: &'e Additions<'e>,
    done: BTreeMap<GroupName, Flat>,
    reader: &'r mut Reader<'t>,
}

impl Expansion<'_, '_, '_> {
    /// Expands one group; `parents` are those being expanded that led here.
    fn expand(&mut self, name: &GroupName, parents: &mut Vec<GroupName>) -> Flat {
        if let Some(flat) = self.done.get(name) {
            return flat.clone();
        }
        let mut flat = Flat::default();
        let mut pythons = Vec::new();
        if let Some(group) = self.groups.iter().find(|group| group.name == *name) {
            parents.push(name.clone());
            for item in &group.items {
                match item {
                    GroupItem::Requirement(requirement) => {
                        flat.requirements.push(requirement.clone());
                    }
                    GroupItem::Include { name, span } => {
                        let included = self.include(name, span, parents);
                        flat.requirements.extend(included.requirements);
                        pythons.extend(included.requires_python.iter().flat_map(specifiers));
                    }
                }
            }
            parents.pop();
        }
        if let Some(own) = self.own_python(name) {
            pythons.extend(specifiers(&own.specifiers));
            narrow(&mut flat.requirements, &own.python);
        }
        flat.requires_python = (!pythons.is_empty()).then(|| pythons.into_iter().collect());
        self.done.insert(name.clone(), flat.clone());
        flat
    }

    fn own_python(&self, name: &GroupName) -> Option<DeclaredPython> {
        self.additions.settings.get(name)?.requires_python.clone()
    }

    fn include(&mut self, name: &GroupName, span: &Span, parents: &mut Vec<GroupName>) -> Flat {
        if let Some(start) = parents.iter().position(|parent| parent == name) {
            let cycle = parents[start..].to_vec();
            self.reader.note(&GroupError::Cycle {
                cycle,
                span: span.clone(),
            });
            return Flat::default();
        }
        if !self.groups.iter().any(|group| group.name == *name) {
            let span = span.clone();
            if self.additions.dev.is_some() && name.as_str() == "dev" {
                self.reader.note(&GroupError::LegacyDev { span });
            } else {
                self.reader.note(&GroupError::Unknown {
                    include: name.clone(),
                    span,
                });
            }
            return Flat::default();
        }
        self.expand(name, parents)
    }
}

fn specifiers(specifiers: &VersionSpecifiers) -> Vec<packaging::VersionSpecifier> {
    specifiers.iter().cloned().collect()
}

/// Limits requirements to the Pythons of their group.
fn narrow(requirements: &mut [DeclaredRequirement], python: &RequiresPython) {
    let condition = python.to_marker();
    for requirement in requirements {
        requirement.condition = requirement.condition.and(condition);
    }
}
