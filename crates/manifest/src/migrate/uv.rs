//! `[tool.uv]`.

use toml_edit::Value;

use super::comments::Comments;
use super::edit::{self, Element, set};
use super::sources::for_uv;
use super::{Rewriting, Words};
use crate::declared::DeclaredRequirement;
use crate::tool_uv::{IndexKind, IndexStrategy, PrereleaseMode, Selection};

impl Rewriting<'_> {
    /// Writes what uv reads in its own table.
    pub(super) fn tool_uv(&mut self) {
        if self.origin.words == Words::Uv {
            return;
        }
        let settings = self.uv_settings();
        if !settings.is_empty() {
            let end = self.positions.end();
            if let Some(table) = edit::table(&mut self.document, &["tool", "uv"], end) {
                for (key, value) in settings {
                    set(table, key, value);
                }
            }
        }
        let sources: Vec<(String, Value)> = self
            .wanted
            .sources
            .iter()
            .filter(|(_, sources)| !sources.is_empty())
            .map(|(name, sources)| {
                let value = match sources.as_slice() {
                    [one] => for_uv(one),
                    several => {
                        let elements = several.iter().map(|it| Element {
                            value: for_uv(it),
                            comments: Comments::default(),
                        });
                        edit::list(elements.collect())
                    }
                };
                (name.to_string(), value)
            })
            .collect();
        if !sources.is_empty() {
            let end = self.positions.end();
            if let Some(table) = edit::table(&mut self.document, &["tool", "uv", "sources"], end) {
                for (name, value) in sources {
                    set(table, &name, value);
                }
            }
        }
        let entries = |this: &Self, index: &crate::tool_uv::Index| {
            let mut entries: Vec<(&'static str, Value)> = vec![
                ("name", this.index_name(index).into()),
                ("url", index.raw_url.as_str().into()),
            ];
            for (key, is_set) in [("explicit", index.explicit), ("default", index.default)] {
                if is_set {
                    entries.push((key, true.into()));
                }
            }
            if index.kind == IndexKind::Flat {
                entries.push(("format", "flat".into()));
            }
            entries
        };
        self.put_indexes(&["tool", "uv", "index"], &entries);
    }

    /// The keys of `[tool.uv]` itself.
    fn uv_settings(&mut self) -> Vec<(&'static str, Value)> {
        let uv = &self.origin.manifest.uv;
        let mut settings: Vec<(&'static str, Value)> = Vec::new();
        if self.is_virtual() == Some(true) {
            settings.push(("package", false.into()));
        }
        let groups = &self.wanted.groups;
        let defaults: Vec<&str> = groups
            .iter()
            .filter(|group| group.is_default)
            .map(|group| group.raw_name.as_str())
            .collect();
        let usual: Vec<&str> = groups
            .iter()
            .filter(|group| group.name.as_str() == "dev")
            .map(|group| group.raw_name.as_str())
            .collect();
        if defaults != usual {
            let value = match defaults.len() == groups.len() {
                true => "all".into(),
                false => Value::Array(defaults.into_iter().collect()),
            };
            settings.push(("default-groups", value));
        }
        let bounds = |list: &[DeclaredRequirement]| {
            let elements = list
                .iter()
                .map(|it| Element::text(it.requirement.text.trim(), Comments::default()));
            edit::list(elements.collect())
        };
        if !uv.constraints.is_empty() {
            settings.push(("constraint-dependencies", bounds(&uv.constraints)));
        }
        let overrides = self.overrides();
        if !overrides.is_empty() {
            let elements = overrides
                .iter()
                .map(|it| Element::text(it, Comments::default()));
            settings.push(("override-dependencies", edit::list(elements.collect())));
        }
        if self.allows_prereleases() {
            settings.push(("prerelease", "allow".into()));
        }
        let searched = self.wanted.indexes.iter().filter(|it| !it.explicit).count();
        let has_default = self.wanted.indexes.iter().any(|it| it.default);
        if uv.settings.index_strategy == IndexStrategy::UnsafeBestMatch
            && searched + usize::from(!has_default) > 1
        {
            settings.push(("index-strategy", "unsafe-best-match".into()));
        }
        let admitted = uv.settings.prerelease_package.iter();
        let admitted: Vec<(&str, Value)> = admitted
            .map(|(name, mode)| {
                let mode = match mode {
                    PrereleaseMode::Allow => "allow",
                    _ => "disallow",
                };
                (name.as_str(), mode.into())
            })
            .collect();
        if !admitted.is_empty() {
            settings.push(("prerelease-package", edit::inline(&admitted)));
        }
        if uv.settings.no_index {
            settings.push(("no-index", true.into()));
        }
        let links: Vec<String> = uv
            .settings
            .find_links
            .iter()
            .map(|it| it.location.clone())
            .collect();
        if !links.is_empty() {
            settings.push(("find-links", edit::texts(&links)));
        }
        for (all, some, selection) in [
            ("no-binary", "no-binary-package", &uv.settings.no_binary),
            ("no-build", "no-build-package", &uv.settings.no_build),
        ] {
            settings.extend(selected(all, some, selection));
        }
        settings
    }
}

fn selected(
    all: &'static str,
    some: &'static str,
    selection: &Selection,
) -> Option<(&'static str, Value)> {
    if selection.all {
        return Some((all, true.into()));
    }
    let names: Vec<String> = selection.packages.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| (some, edit::texts(&names)))
}
