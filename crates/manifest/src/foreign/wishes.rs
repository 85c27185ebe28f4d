//! What a file asks for, collected while it is read.

use std::collections::BTreeMap;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::{GroupName, IndexUrl, Marker, PackageName};

use crate::declared::{DeclaredPython, DeclaredRequirement};
use crate::document::Reader;
use crate::tool_uv::{Authenticate, Index, IndexKind, Source, SourceKind, ToolUv};
use crate::{Group, GroupItem, Manifest, ScriptTable};

/// What a file asks for, in the words of a manifest.
#[derive(Default)]
pub(super) struct Wishes {
    pub(super) requires_python: Option<DeclaredPython>,
    pub(super) requirements: Vec<DeclaredRequirement>,
    pub(super) groups: Vec<Group>,
    pub(super) uv: ToolUv,
}

/// One project that is to come from two places.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is to come from two places: only the first one counts")]
struct SecondSource {
    name: PackageName,
    span: Span,
    first: Span,
}

impl Diagnose for SecondSource {
    fn diagnose(&self) -> Diagnostic {
        Diagnostic::warning("manifest/second-source", self)
            .label(self.span.clone(), "ignored")
            .label(self.first.clone(), "the first one")
    }
}

/// A requirement in parts, for the one parser of requirements.
#[derive(Default)]
pub(super) struct Composed<'c> {
    pub(super) name: &'c str,
    pub(super) extras: Vec<&'c str>,
    /// Specifiers, or `@ ` and a URL.
    pub(super) wanted: String,
    /// Conditions that must all hold.
    pub(super) markers: Vec<String>,
}

impl Composed<'_> {
    /// The requirement as text.
    pub(super) fn text(&self) -> String {
        let mut text = self.name.to_owned();
        if !self.extras.is_empty() {
            text = format!("{text}[{}]", self.extras.join(","));
        }
        if self.wanted.starts_with('@') {
            text.push(' ');
        }
        text.push_str(&self.wanted);
        match self.markers.as_slice() {
            [] => text,
            [marker] => format!("{text} ; {marker}"),
            markers => format!("{text} ; ({})", markers.join(") and (")),
        }
    }
}

impl Wishes {
    /// Adds a requirement to the main list, or to a group.
    pub(super) fn require(&mut self, requirement: DeclaredRequirement, group: Option<&GroupName>) {
        let Some(name) = group else {
            return self.requirements.push(requirement);
        };
        if let Some(group) = self.groups.iter_mut().find(|group| group.name == *name) {
            group
                .items
                .push(GroupItem::Requirement(requirement.clone()));
            group.requirements.push(requirement);
        }
    }

    /// Adds a group without requirements, unless it is there.
    pub(super) fn group(&mut self, name: &GroupName, raw_name: &str, span: Span) {
        if self.groups.iter().any(|group| group.name == *name) {
            return;
        }
        self.groups.push(Group {
            name: name.clone(),
            raw_name: raw_name.to_owned(),
            name_span: span,
            items: Vec::new(),
            requirements: Vec::new(),
            requires_python: None,
            is_standard: true,
        });
    }

    /// Says where a project comes from, wherever it is required.
    pub(super) fn source(
        &mut self,
        reader: &mut Reader<'_>,
        name: &PackageName,
        kind: SourceKind,
        span: Span,
    ) {
        let sources = self.uv.sources.entry(name.clone()).or_default();
        match sources.first() {
            Some(first) if is_same(&first.kind, &kind) => {}
            Some(first) => reader.note(&SecondSource {
                name: name.clone(),
                span,
                first: first.span.clone(),
            }),
            None => sources.push(Source {
                kind,
                marker: Marker::TRUE,
                limit: None,
                span,
            }),
        }
    }

    /// The manifest of the file; without a project of its own.
    pub(super) fn into_manifest(mut self, text: &str, file: &str, raw: toml::Table) -> Manifest {
        let mut searched = self.uv.indexes.clone();
        searched.sort_by_key(|index| (index.explicit, index.default));
        self.uv.settings.indexes = searched;
        Manifest {
            dialect: crate::Dialect::Uv,
            file: file.into(),
            text: text.into(),
            raw,
            project: None,
            groups: self.groups,
            has_build_system: false,
            uv: self.uv,
            script: Some(ScriptTable {
                requires_python: self.requires_python,
                dependencies: self.requirements,
            }),
        }
    }
}

/// Whether two sources are the same, wherever they stand.
fn is_same(one: &SourceKind, other: &SourceKind) -> bool {
    match (one, other) {
        (SourceKind::Index { name: one, .. }, SourceKind::Index { name: other, .. }) => {
            one == other
        }
        _ => one == other,
    }
}

/// An index without further settings.
pub(super) fn index(name: Option<&str>, url: &str, span: Span) -> Index {
    Index {
        name: name.map(str::to_owned),
        url: IndexUrl::new(url),
        raw_url: url.to_owned(),
        explicit: false,
        supplemental: false,
        include: Vec::new(),
        exclude: Vec::new(),
        default: false,
        kind: IndexKind::Simple,
        exclude_newer: None,
        exclude_newer_package: BTreeMap::new(),
        ignore_error_codes: Vec::new(),
        cache_control: BTreeMap::new(),
        authenticate: Authenticate::Auto,
        span,
    }
}
