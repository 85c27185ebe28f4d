//! What a project asks for, line by line, as it is written anew.

use packaging::{ExtraName, GroupName, Marker, PackageName, Requirement};

use super::comments::Comments;
use super::{Origin, Words, versions};
use crate::declared::DeclaredRequirement;
use crate::lower::Part;
use crate::tool_poetry::PUBLIC;
use crate::tool_uv::{DefaultGroups, Index, Source, SourceKind, Sources};
use crate::{Group, GroupItem, Manifest};

/// What a project asks for.
pub(super) struct Wanted {
    /// `requires-python`, as written or in the standard's words.
    pub(super) requires_python: Option<String>,
    /// What is always required.
    pub(super) dependencies: Vec<Line>,
    /// What extras require.
    pub(super) extras: Vec<(String, ExtraName, Vec<Line>)>,
    /// Dependency groups.
    pub(super) groups: Vec<WantedGroup>,
    /// Where projects come from.
    pub(super) sources: Sources,
    /// Package indexes.
    pub(super) indexes: Vec<Index>,
    /// What no target can say, a sentence each.
    pub(super) losses: Vec<String>,
}

/// A dependency group.
pub(super) struct WantedGroup {
    /// Its name, as written.
    pub(super) raw_name: String,
    /// Its name.
    pub(super) name: GroupName,
    /// Its items.
    pub(super) items: Vec<WantedItem>,
    /// Whether it is installed unless somebody says otherwise.
    pub(super) is_default: bool,
    /// Lines of comment above it.
    pub(super) above: Vec<String>,
}

/// An item of a group.
pub(super) enum WantedItem {
    /// A requirement.
    Line(Box<Line>),
    /// Another group.
    Include(GroupName),
}

/// A requirement.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The project.
    pub(super) name: PackageName,
    /// The project's name as written.
    pub(super) raw_name: String,
    /// The requirement without its URL, as written where that can be.
    pub(super) text: String,
    /// What is behind the name: extras in brackets.
    pub(super) extras: String,
    /// The URL behind `@`, if there is one.
    pub(super) url: Option<String>,
    /// When it applies.
    pub(super) marker: Marker,
    /// The marker as written, or in the usual words.
    pub(super) marker_text: Option<String>,
    /// Where it comes from, if that stands beside it, and when.
    pub(super) sources: Vec<(SourceKind, Marker)>,
    /// What part of the project asks for it.
    pub(super) part: Part,
    /// Its comments.
    pub(super) comments: Comments,
}

impl Wanted {
    pub(super) fn of(origin: &Origin<'_>) -> Self {
        let manifest = origin.manifest;
        let project = manifest.project.as_ref();
        let script = manifest.script.as_ref();
        let python = project
            .and_then(|it| it.requires_python.as_ref())
            .or_else(|| script.and_then(|it| it.requires_python.as_ref()));
        let own = project.map(|it| &it.dependencies);
        let own = own.or_else(|| script.map(|it| &it.dependencies));
        let extras = project.map(|it| &*it.optional_dependencies);
        let mut losses = Vec::new();
        let extras: Vec<_> = extras
            .unwrap_or_default()
            .iter()
            .map(|extra| {
                let part = Part::Extra(extra.name.clone());
                let lines = lines(manifest, &extra.requirements, &part, &mut losses);
                (extra.raw_name.clone(), extra.name.clone(), lines)
            })
            .collect();
        let mut groups = Vec::new();
        for group in &manifest.groups {
            groups.push(WantedGroup {
                raw_name: group.raw_name.clone(),
                name: group.name.clone(),
                items: items(origin, group, &mut losses),
                is_default: is_default(origin, &group.name),
                above: match group.is_standard {
                    true => Comments::at(&manifest.text, &group.name_span).above,
                    false => Vec::new(),
                },
            });
        }
        let own = own.map_or_else(Vec::new, |own| {
            let own = own.iter().filter(|it| !is_in_no_extra(origin, it));
            let own: Vec<DeclaredRequirement> = own.cloned().collect();
            lines(manifest, &own, &Part::Base, &mut losses)
        });
        for name in in_no_extra(origin) {
            losses.push(format!(
                "`{name}` is optional, but in no extra: it is left out"
            ));
        }
        let given = origin.python.map(|it| format!(">={it}"));
        let mut wanted = Self {
            requires_python: python.map(|it| versions::python(&it.text)).or(given),
            dependencies: own,
            extras,
            groups,
            sources: manifest.uv.sources.clone(),
            indexes: indexes_of(manifest),
            losses,
        };
        if origin.words == Words::Pdm {
            wanted.add_pdm(&manifest.raw, &manifest.text);
        }
        wanted.gather_sources(|_| false);
        if origin.words == Words::Poetry {
            wanted.settle_poetry_indexes();
        }
        wanted.forget_public_index(origin);
        for (name, manifest) in origin.groups {
            wanted.add(name, manifest);
        }
        wanted
    }

    /// poetry names the public index like any other, and lists it where it is searched.
    fn settle_poetry_indexes(&mut self) {
        let is_public = |index: &Index| index.raw_url == PUBLIC;
        let has_public = self.indexes.iter().any(|it| is_public(it) && !it.explicit);
        let public = self.indexes.iter().find(|it| is_public(it));
        if let Some(name) = public.and_then(|it| it.name.clone()) {
            for sources in self.sources.values_mut() {
                let is_bound = |kind: &SourceKind| matches!(kind, SourceKind::Index { name: bound, .. } if *bound == name);
                sources.retain(|source| !is_bound(&source.kind));
            }
            self.sources.retain(|_, sources| !sources.is_empty());
        }
        self.indexes.retain(|it| !is_public(it));
        for index in self.indexes.iter().filter(|it| it.supplemental) {
            let name = index.name.as_deref().unwrap_or_default();
            self.losses.push(format!(
                "the index `{name}` is searched like the others now, and not only where they have nothing"
            ));
        }
        if !has_public && let Some(last) = self.indexes.iter_mut().rfind(|it| !it.explicit) {
            last.default = true;
        }
    }

    /// Forgets the public index where it is what every tool asks anyway.
    fn forget_public_index(&mut self, origin: &Origin<'_>) {
        let is_public = |index: &Index| {
            let url = index.raw_url.trim_end_matches('/');
            index.default && url == origin.public_index.trim_end_matches('/')
        };
        let Some(index) = self.indexes.iter().find(|it| is_public(it)) else {
            return;
        };
        let name = index.name.clone();
        let is_bound = |source: &Source| matches!(&source.kind, SourceKind::Index { name: bound, .. } if Some(bound) == name.as_ref());
        let is_alone = self.indexes.iter().all(|it| is_public(it) || it.explicit);
        if is_alone {
            for sources in self.sources.values_mut() {
                sources.retain(|source| !is_bound(source));
            }
            self.sources.retain(|_, sources| !sources.is_empty());
        } else if self.sources.values().flatten().any(is_bound) {
            return;
        }
        self.indexes.retain(|it| !is_public(it));
    }

    /// Adds what another manifest asks for as a group.
    fn add(&mut self, raw_name: &str, manifest: &Manifest) {
        let (Ok(name), Some(script)) = (GroupName::new(raw_name), &manifest.script) else {
            return;
        };
        let part = Part::Group(name.clone());
        let lines = lines(manifest, &script.dependencies, &part, &mut self.losses);
        // What the group repeats of the project itself comes along anyway.
        let is_new = |line: &Line| {
            let known = &self.dependencies;
            !known
                .iter()
                .any(|it| it.name == line.name && it.text == line.text)
        };
        let items: Vec<WantedItem> = lines
            .into_iter()
            .filter(is_new)
            .map(Box::new)
            .map(WantedItem::Line)
            .collect();
        for (name, sources) in &manifest.uv.sources {
            self.sources
                .entry(name.clone())
                .or_insert_with(|| sources.clone());
        }
        for index in indexes_of(manifest) {
            if self.indexes.iter().all(|it| it.raw_url != index.raw_url) {
                self.indexes.push(index);
            }
        }
        self.groups.push(WantedGroup {
            raw_name: raw_name.to_owned(),
            is_default: name.as_str() == "dev",
            name,
            items,
            above: Vec::new(),
        });
    }
}

/// The indexes declared, those of legacy settings among them.
fn indexes_of(manifest: &Manifest) -> Vec<Index> {
    let mut indexes = manifest.uv.indexes.clone();
    for index in &manifest.uv.settings.indexes {
        if indexes.iter().all(|it| it.raw_url != index.raw_url) {
            indexes.push(index.clone());
        }
    }
    indexes
}

/// The items of a group: its own requirements, and the groups it includes.
fn items(origin: &Origin<'_>, group: &Group, losses: &mut Vec<String>) -> Vec<WantedItem> {
    let manifest = origin.manifest;
    let part = Part::Group(group.name.clone());
    let included = includes(origin, group);
    let standard = group.items.iter().filter(|it| !is_include(it)).count();
    let all = |name: &GroupName| manifest.group(name).map_or(0, |it| it.requirements.len());
    let included_count: usize = included.iter().map(all).sum();
    let own_count = group.requirements.len().saturating_sub(included_count);
    // poetry adds to the items of a group, and puts what is included behind them.
    if origin.words == Words::Poetry {
        let own = &group.requirements[..own_count];
        let own = lines(manifest, own, &part, losses);
        return in_order(group, own, included);
    }
    // `tool.uv.dev-dependencies` are no items, and come last.
    let legacy = group.requirements.iter().skip(standard + included_count);
    let legacy: Vec<DeclaredRequirement> = legacy.cloned().collect();
    let mut items: Vec<WantedItem> = Vec::with_capacity(group.items.len() + legacy.len());
    for item in &group.items {
        items.push(match item {
            GroupItem::Requirement(it) => {
                WantedItem::Line(Box::new(line(manifest, it, &part, losses)))
            }
            GroupItem::Include { name, .. } => WantedItem::Include(name.clone()),
        });
    }
    let legacy = lines(manifest, &legacy, &part, losses);
    items.extend(legacy.into_iter().map(Box::new).map(WantedItem::Line));
    items
}

/// A group's requirements and the groups it includes, as `[dependency-groups]` lists them; what
/// poetry adds comes last.
fn in_order(group: &Group, own: Vec<Line>, included: Vec<GroupName>) -> Vec<WantedItem> {
    let standard = group.items.iter().filter(|it| !is_include(it)).count();
    let mut own = own.into_iter();
    let mut items = Vec::new();
    let mut listed = 0;
    if own.len() == standard {
        for item in &group.items {
            match item {
                GroupItem::Requirement(_) => {
                    items.extend(own.next().map(Box::new).map(WantedItem::Line));
                }
                GroupItem::Include { name, .. } => {
                    items.push(WantedItem::Include(name.clone()));
                    listed += 1;
                }
            }
        }
    }
    items.extend(own.map(Box::new).map(WantedItem::Line));
    let rest = included.into_iter().skip(listed);
    items.extend(rest.map(WantedItem::Include));
    items
}

fn is_include(item: &GroupItem) -> bool {
    matches!(item, GroupItem::Include { .. })
}

/// The groups that a group includes, in either table.
fn includes(origin: &Origin<'_>, group: &Group) -> Vec<GroupName> {
    let standard = group.items.iter().filter_map(|item| match item {
        GroupItem::Include { name, .. } => Some(name.clone()),
        GroupItem::Requirement(_) => None,
    });
    let raw = &origin.manifest.raw;
    let tables = raw
        .get("tool")
        .and_then(|it| it.get("poetry")?.get("group")?.as_table());
    let tables = tables.into_iter().flatten();
    let own = tables.filter(|(name, _)| GroupName::new(name).as_ref() == Ok(&group.name));
    let named = own.filter_map(|(_, table)| table.get("include-groups")?.as_array());
    let named = named
        .flatten()
        .filter_map(|it| GroupName::new(it.as_str()?).ok());
    standard.chain(named).collect()
}

/// The requirements of poetry that are optional, but in no extra.
fn in_no_extra(origin: &Origin<'_>) -> Vec<PackageName> {
    let raw = &origin.manifest.raw;
    let poetry = raw.get("tool").and_then(|it| it.get("poetry"));
    let has_own = raw
        .get("project")
        .is_some_and(|it| it.get("dependencies").is_some());
    if origin.words != Words::Poetry || has_own {
        return Vec::new();
    }
    let table = |key: &str| {
        poetry
            .and_then(|it| it.get(key)?.as_table())
            .into_iter()
            .flatten()
    };
    let listed: Vec<PackageName> = table("extras")
        .filter_map(|(_, names)| names.as_array())
        .flatten()
        .filter_map(|it| PackageName::new(it.as_str()?).ok())
        .collect();
    let is_optional =
        |entry: &toml::Value| entry.get("optional").and_then(toml::Value::as_bool) == Some(true);
    table("dependencies")
        .filter(|(_, entry)| match entry.as_array() {
            Some(entries) => !entries.is_empty() && entries.iter().all(is_optional),
            None => is_optional(entry),
        })
        .filter_map(|(name, _)| PackageName::new(name).ok())
        .filter(|name| !listed.contains(name))
        .collect()
}

fn is_in_no_extra(origin: &Origin<'_>, declared: &DeclaredRequirement) -> bool {
    in_no_extra(origin).contains(&declared.requirement.name)
}

/// Whether a group is installed unless somebody says otherwise, in the tool it was written for.
fn is_default(origin: &Origin<'_>, name: &GroupName) -> bool {
    match (&origin.manifest.uv.default_groups, origin.words) {
        (Some(DefaultGroups::All), _) => true,
        (Some(DefaultGroups::List(names)), _) => names.contains(name),
        (None, Words::Poetry) => !is_optional_in_poetry(&origin.manifest.raw, name),
        (None, Words::Pdm) => true,
        (None, _) => name.as_str() == "dev",
    }
}

fn is_optional_in_poetry(raw: &toml::Table, name: &GroupName) -> bool {
    let groups = raw
        .get("tool")
        .and_then(|tool| tool.get("poetry")?.get("group")?.as_table());
    let optional = |(key, group): (&String, &toml::Value)| {
        GroupName::new(key).as_ref() == Ok(name)
            && group.get("optional").and_then(toml::Value::as_bool) == Some(true)
    };
    groups.is_some_and(|groups| groups.iter().any(optional))
}

fn lines(
    manifest: &Manifest,
    requirements: &[DeclaredRequirement],
    part: &Part,
    losses: &mut Vec<String>,
) -> Vec<Line> {
    // What poetry's own table adds to one requirement makes several of it.
    let same = |one: &DeclaredRequirement, other: &DeclaredRequirement| {
        one.span == other.span && one.requirement.text == other.requirement.text
    };
    let mut lines = Vec::with_capacity(requirements.len());
    for group in requirements.chunk_by(same) {
        match whole(group) {
            Some(written) => {
                let mut line = line(manifest, &written, part, losses);
                line.sources = sourced(group);
                lines.push(line);
            }
            None => lines.extend(group.iter().map(|it| line(manifest, it, part, losses))),
        }
    }
    lines
}

/// The one requirement that several were made of, if they differ by their sources only.
fn whole(group: &[DeclaredRequirement]) -> Option<DeclaredRequirement> {
    let [first, _, ..] = group else { return None };
    let written = Requirement::parse(&first.requirement.text).ok()?;
    let is_plain = |it: &DeclaredRequirement| {
        it.requirement.specifiers == written.specifiers && it.alternatives.is_empty()
    };
    group.iter().all(is_plain).then(|| DeclaredRequirement {
        requirement: written.into(),
        source: None,
        ..first.clone()
    })
}

fn sourced(group: &[DeclaredRequirement]) -> Vec<(SourceKind, Marker)> {
    let with_source = group.iter().filter_map(|it| {
        let source = it.source.as_ref()?;
        Some((source.kind.clone(), it.requirement.marker))
    });
    with_source.collect()
}

fn line(
    manifest: &Manifest,
    declared: &DeclaredRequirement,
    part: &Part,
    losses: &mut Vec<String>,
) -> Line {
    let requirement = &declared.requirement;
    let place = manifest.text.get(declared.span.clone()).unwrap_or_default();
    let stands_there = place.contains(&*requirement.raw_name)
        || manifest.text[..declared.span.start.min(manifest.text.len())]
            .rsplit('\n')
            .next()
            .is_some_and(|before| before.contains(&*requirement.raw_name));
    let extras = match &requirement.extras_text {
        Some(text) => format!("[{}]", text.trim()),
        None if requirement.extras.is_empty() => String::new(),
        None => {
            let names: Vec<&str> = requirement.extras.iter().map(ExtraName::as_str).collect();
            format!("[{}]", names.join(","))
        }
    };
    let marker = declared.marker();
    let written = Requirement::parse(&requirement.text).ok();
    let is_as_written = written.is_some_and(|it| {
        it.marker == marker
            && it.specifiers == requirement.specifiers
            && it.extras == requirement.extras
            && it.url.is_none()
            && declared.alternatives.is_empty()
    });
    let marker_text = match &requirement.marker_text {
        Some(text) if declared.condition.is_true() && is_as_written => Some(text.trim().to_owned()),
        _ => marker.text(),
    };
    let head = format!("{}{extras}", requirement.raw_name);
    let specifiers = match &requirement.url {
        Some(_) => String::new(),
        None => versions::of(declared, losses),
    };
    let text = match (is_as_written, &marker_text) {
        (true, _) => requirement.text.trim().to_owned(),
        (false, Some(marker)) => format!("{head}{specifiers} ; {marker}"),
        (false, None) => format!("{head}{specifiers}"),
    };
    Line {
        name: requirement.name.clone(),
        raw_name: requirement.raw_name.to_string(),
        text,
        extras,
        url: requirement.url.as_deref().map(str::to_owned),
        marker,
        marker_text,
        sources: declared
            .source
            .iter()
            .map(|it| (it.kind.clone(), Marker::TRUE))
            .collect(),
        part: part.clone(),
        comments: match stands_there {
            true => Comments::at(&manifest.text, &declared.span),
            false => Comments::default(),
        },
    }
}
