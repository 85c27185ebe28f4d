//! Requirements as the target has them.

use super::comments::Comments;
use super::edit::Element;
use super::sources::url_of;
use super::wanted::{Line, WantedItem};
use super::{Rewriting, Target, Words};
use crate::lower::file_path;
use crate::tool_uv::SourceKind;

/// The lists of `[project]` and `[dependency-groups]`.
pub(super) struct Targeted {
    pub(super) dependencies: Vec<Element>,
    pub(super) extras: Vec<(String, Vec<Element>)>,
    pub(super) groups: Vec<(String, Vec<Element>, Vec<String>)>,
}

impl Rewriting<'_> {
    /// Every requirement as the target has it.
    pub(super) fn targeted(&mut self) -> Targeted {
        let is_foreign = self.origin.words == Words::Foreign;
        let has_own_table = matches!(self.target, Target::Uv | Target::Poetry);
        self.wanted.gather_sources(|url| {
            let is_relative = file_path(url.split('#').next().unwrap_or(url)).is_some_and(|path| {
                !url.starts_with("file:///") || url.contains("${") || path.is_empty()
            });
            is_relative || is_foreign && has_own_table
        });
        let dependencies = std::mem::take(&mut self.wanted.dependencies);
        let extras = std::mem::take(&mut self.wanted.extras);
        let groups = std::mem::take(&mut self.wanted.groups);
        let targeted = Targeted {
            dependencies: self.elements(&dependencies),
            extras: extras
                .iter()
                .map(|(name, _, lines)| (name.clone(), self.elements(lines)))
                .collect(),
            groups: groups
                .iter()
                .map(|group| {
                    let items = group.items.iter().flat_map(|item| match item {
                        WantedItem::Line(line) => self.element(line),
                        WantedItem::Include(name) => {
                            let name = groups.iter().find(|it| it.name == *name);
                            let name = name.map_or("", |it| it.raw_name.as_str());
                            vec![Element {
                                value: super::edit::inline(&[("include-group", name.into())]),
                                comments: Comments::default(),
                            }]
                        }
                    });
                    let items = items.collect();
                    (group.raw_name.clone(), items, group.above.clone())
                })
                .collect(),
        };
        self.wanted.dependencies = dependencies;
        self.wanted.extras = extras;
        self.wanted.groups = groups;
        targeted
    }

    fn elements(&mut self, lines: &[Line]) -> Vec<Element> {
        lines.iter().flat_map(|line| self.element(line)).collect()
    }

    /// A requirement; several where it comes from several places and the target says so in lines.
    fn element(&mut self, line: &Line) -> Vec<Element> {
        let is_in_lines = matches!(self.target, Target::Pep621 | Target::Pdm);
        let sources: Vec<_> = self.wanted.serving(line).into_iter().cloned().collect();
        if !is_in_lines || sources.is_empty() {
            return vec![Element::text(&plain(line), line.comments.clone())];
        }
        let root = (self.target == Target::Pdm).then_some("file:///${PROJECT_ROOT}");
        let mut elements = Vec::new();
        let mut rest = line.marker;
        for source in &sources {
            rest = rest.and(source.marker.not());
            let marker = match source.marker.is_true() {
                true => line.marker_text.clone(),
                false => source.marker.and(line.marker).text(),
            };
            let marker = marker.map(|it| format!(" ; {it}")).unwrap_or_default();
            let head = format!("{}{}", line.raw_name, line.extras);
            let text = match url_of(&source.kind, root) {
                Some(url) => format!("{head} @ {url}{marker}"),
                None => {
                    self.lose_source(line, &source.kind);
                    format!("{}{marker}", specified(line))
                }
            };
            let is_editable = matches!(
                source.kind,
                SourceKind::Path {
                    editable: Some(true),
                    ..
                }
            );
            if is_editable {
                let name = &line.name;
                self.lose(format!("`{name}` is not installed in place any more"));
            }
            elements.push(Element::text(&text, line.comments.clone()));
        }
        if !rest.is_false() && sources.iter().any(|it| !it.marker.is_true()) {
            let marker = rest.text().map(|it| format!(" ; {it}")).unwrap_or_default();
            let specified = specified(line);
            elements.push(Element::text(
                &format!("{specified}{marker}"),
                Comments::default(),
            ));
        }
        elements
    }

    fn lose_source(&mut self, line: &Line, kind: &SourceKind) {
        let name = &line.name;
        match (kind, self.target) {
            // These are bound in the index's own table.
            (SourceKind::Index { .. }, Target::Pdm) => {}
            (SourceKind::Index { name: index, .. }, _) => {
                self.lose(format!(
                    "`{name}` is not bound to the index `{index}` any more"
                ));
            }
            (SourceKind::Workspace { .. }, _) => {
                self.lose(format!("`{name}` is no member of the workspace any more"));
            }
            (SourceKind::Path { path, .. }, _) => {
                self.lose(format!(
                    "`{name}` is not taken from `{path}` any more: the standard has no relative paths"
                ));
            }
            _ => {}
        }
    }
}

/// A requirement without its marker.
fn specified(line: &Line) -> &str {
    line.text.split(';').next().unwrap_or(&line.text).trim()
}

/// A requirement with whatever URL it was written with.
fn plain(line: &Line) -> String {
    let Some(url) = &line.url else {
        return line.text.clone();
    };
    let marker = line.marker_text.as_ref();
    let marker = marker.map(|it| format!(" ; {it}")).unwrap_or_default();
    format!("{}{} @ {url}{marker}", line.raw_name, line.extras)
}
