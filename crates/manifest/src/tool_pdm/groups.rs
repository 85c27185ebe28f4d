//! `[tool.pdm.dev-dependencies]`: the older spelling of dependency groups.

use std::sync::Arc;

use packaging::{GroupName, Marker};
use toml::de::DeTable;

use crate::declared::DeclaredRequirement;
use crate::document::{Node, Reader};
use crate::groups::{Group, GroupItem};
use crate::tool_uv::{Source, SourceKind};

/// Adds them to the groups of the same names, and the others after all groups.
pub(super) fn add_legacy(reader: &mut Reader<'_>, groups: &mut Vec<Group>, pdm: &DeTable<'_>) {
    let place = "tool.pdm.dev-dependencies";
    let table = pdm
        .get("dev-dependencies")
        .and_then(|node| reader.table(node, place));
    for (raw_name, node) in table.into_iter().flatten() {
        let span = raw_name.span();
        let Some(name) = reader.group_name(raw_name.get_ref(), span.clone()) else {
            continue;
        };
        let place = format!("{place}.{}", raw_name.get_ref());
        let strings = reader.strings(node, &place);
        let items: Vec<GroupItem> = strings
            .into_iter()
            .filter_map(|(text, node)| requirement(reader, text, node))
            .map(GroupItem::Requirement)
            .collect();
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.items.extend(items),
            None => groups.push(group(name, raw_name.get_ref(), span, items)),
        }
    }
}

fn group(
    name: GroupName,
    raw_name: &str,
    name_span: diagnostic::Span,
    items: Vec<GroupItem>,
) -> Group {
    Group {
        name,
        raw_name: raw_name.to_owned(),
        name_span,
        items,
        requirements: Vec::new(),
        requires_python: None,
        is_standard: false,
    }
}

/// A requirement; `-e` and a URL that names its project, `#egg=name`, too.
fn requirement(
    reader: &mut Reader<'_>,
    text: &str,
    node: &Node<'_>,
) -> Option<DeclaredRequirement> {
    let Some(url) = text.strip_prefix("-e ") else {
        return reader.requirement(text, node);
    };
    let url = url.trim();
    let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
    let mut parts: Vec<&str> = fragment.split('&').collect();
    let egg = parts.iter().position(|part| part.starts_with("egg="));
    let name = egg.map(|at| parts.remove(at).trim_start_matches("egg="));
    let fragment = parts.join("&");
    let mark = if fragment.is_empty() { "" } else { "#" };
    let written = match name {
        Some(name) => format!("{name} @ {place}{mark}{fragment}"),
        None => url.to_owned(),
    };
    let mut requirement = reader.requirement(&written, node)?;
    if let Some(path) = folder(place) {
        let kind = SourceKind::Path {
            path: path.to_owned(),
            editable: Some(true),
            package: None,
        };
        requirement.source = Some(Arc::new(Source {
            kind,
            marker: Marker::TRUE,
            limit: None,
            span: node.span(),
        }));
    }
    Some(requirement)
}

/// The folder that a URL or path leads to; none elsewhere than on disk.
fn folder(place: &str) -> Option<&str> {
    let Some(path) = place.strip_prefix("file://") else {
        return (!place.contains("://")).then_some(place);
    };
    let path = path.strip_prefix("/${PROJECT_ROOT}/").unwrap_or(path);
    Some(path.trim_end_matches('/'))
}
