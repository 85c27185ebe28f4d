//! Dependency groups: `[dependency-groups]`, `[tool.poetry.group]` and the older
//! `[tool.poetry.dev-dependencies]`, merged by name.

use std::collections::BTreeMap;

use diagnostic::Span;
use packaging::GroupName;
use toml::de::DeTable;

use super::dependency::Wish;
use super::extras::enriched;
use super::{PoetryError, Reading};
use crate::declared::DeclaredRequirement;
use crate::groups::{Group, GroupError, GroupItem};

/// A group before its includes are put in.
struct Open {
    group: Group,
    wishes: Vec<Wish>,
    includes: Vec<(GroupName, Span)>,
}

impl Open {
    /// The group's own requirements.
    fn own(&self, reading: &mut Reading<'_, '_>) -> Vec<DeclaredRequirement> {
        let standard: Vec<DeclaredRequirement> = self
            .group
            .items
            .iter()
            .filter_map(|item| match item {
                GroupItem::Requirement(requirement) => Some(requirement.clone()),
                GroupItem::Include { .. } => None,
            })
            .collect();
        if standard.is_empty() {
            return self.wishes.iter().map(Wish::declared).collect();
        }
        enriched(reading.reader, &standard, &self.wishes)
    }
}

/// Reads the groups: those of `[dependency-groups]` first, then those only poetry knows.
pub(super) fn read(
    reading: &mut Reading<'_, '_>,
    standard: Vec<Group>,
    poetry: &DeTable<'_>,
) -> Vec<Group> {
    let mut open: Vec<Open> = standard
        .into_iter()
        .map(|group| Open {
            includes: group.items.iter().filter_map(include).collect(),
            wishes: Vec::new(),
            group,
        })
        .collect();
    let tables = reading.table(poetry, "group");
    for (raw_name, node) in tables.into_iter().flatten() {
        let place = format!("tool.poetry.group.{}", raw_name.get_ref());
        let Some(table) = reading.reader.table(node, &place) else {
            continue;
        };
        let span = raw_name.span();
        let Some(at) = named(reading, &mut open, raw_name.get_ref(), span) else {
            continue;
        };
        let place = format!("{place}.dependencies");
        let listed = table.get("dependencies");
        let listed = listed.and_then(|node| reading.reader.table(node, &place));
        open[at].wishes.extend(reading.wishes(listed, &place));
        let includes = includes(reading, table, &place);
        open[at].includes.extend(includes);
    }
    if let Some(table) = reading.table(poetry, "dev-dependencies")
        && let Some(at) = named(reading, &mut open, "dev", 0..0)
    {
        let wishes = reading.wishes(Some(table), "tool.poetry.dev-dependencies");
        open[at].wishes.extend(wishes);
    }
    close(reading, &open)
}

fn include(item: &GroupItem) -> Option<(GroupName, Span)> {
    match item {
        GroupItem::Include { name, span } => Some((name.clone(), span.clone())),
        GroupItem::Requirement(_) => None,
    }
}

fn includes(
    reading: &mut Reading<'_, '_>,
    table: &DeTable<'_>,
    place: &str,
) -> Vec<(GroupName, Span)> {
    let Some(node) = table.get("include-groups") else {
        return Vec::new();
    };
    let names = reading.reader.strings(node, place);
    names
        .iter()
        .filter_map(|(text, node)| {
            let name = reading.reader.group_name(text, node.span())?;
            Some((name, node.span()))
        })
        .collect()
}

/// The place of a group of that name; a new one comes last.
fn named(
    reading: &mut Reading<'_, '_>,
    open: &mut Vec<Open>,
    raw_name: &str,
    name_span: Span,
) -> Option<usize> {
    let name = reading.reader.group_name(raw_name, name_span.clone())?;
    if let Some(at) = open.iter().position(|known| known.group.name == name) {
        return Some(at);
    }
    let group = Group {
        name,
        raw_name: raw_name.to_owned(),
        name_span,
        items: Vec::new(),
        requirements: Vec::new(),
        requires_python: None,
        is_standard: true,
    };
    open.push(Open {
        group,
        wishes: Vec::new(),
        includes: Vec::new(),
    });
    Some(open.len() - 1)
}

/// Puts included requirements behind a group's own.
fn close(reading: &mut Reading<'_, '_>, open: &[Open]) -> Vec<Group> {
    let own: BTreeMap<GroupName, Vec<DeclaredRequirement>> = open
        .iter()
        .map(|one| (one.group.name.clone(), one.own(reading)))
        .collect();
    let includes: BTreeMap<GroupName, &[(GroupName, Span)]> = open
        .iter()
        .map(|one| (one.group.name.clone(), &*one.includes))
        .collect();
    let mut closed = Vec::with_capacity(open.len());
    for one in open {
        let mut requirements = Vec::new();
        let mut path = Vec::new();
        let tables = (&own, &includes);
        collect(
            reading,
            &one.group.name,
            tables,
            &mut path,
            &mut requirements,
        );
        closed.push(Group {
            requirements,
            ..one.group.clone()
        });
    }
    closed
}

type Tables<'t> = (
    &'t BTreeMap<GroupName, Vec<DeclaredRequirement>>,
    &'t BTreeMap<GroupName, &'t [(GroupName, Span)]>,
);

fn collect(
    reading: &mut Reading<'_, '_>,
    name: &GroupName,
    (own, includes): Tables<'_>,
    path: &mut Vec<GroupName>,
    found: &mut Vec<DeclaredRequirement>,
) {
    found.extend(own.get(name).into_iter().flatten().cloned());
    path.push(name.clone());
    for (include, span) in includes.get(name).copied().unwrap_or_default() {
        let (include, span) = (include.clone(), span.clone());
        if !own.contains_key(&include) {
            // Told once, where the group itself is read.
            if path.len() == 1 {
                reading.reader.note(&GroupError::Unknown { include, span });
            }
        } else if path.contains(&include) {
            if path.first() == Some(&include) {
                let group = include;
                reading.reader.note(&PoetryError::Cycle { group, span });
            }
        } else {
            collect(reading, &include, (own, includes), path, found);
        }
    }
    path.pop();
}
