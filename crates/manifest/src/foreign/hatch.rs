//! `[tool.hatch.envs]`: the environments of hatch, each as a dependency group.
//!
//! <https://hatch.pypa.io/latest/config/environment/overview/>. An environment without anything to
//! install makes no group. The project's own extras (`features`) are locked with the project.

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::GroupName;
use toml::de::DeTable;

use crate::document::{Node, Reader};
use crate::{Group, GroupItem, Manifest};

/// The environment that others are made from, unless they say otherwise.
const TEMPLATE: &str = "default";

/// What cannot be taken over from an environment.
#[derive(Debug, thiserror::Error)]
enum HatchWarning {
    #[error("`{text}` is left out: only hatch fills in what stands in braces")]
    Field { text: String, span: Span },
    #[error("what `{key}` adds for some environments is left out")]
    Overrides { key: String, span: Span },
}

impl Diagnose for HatchWarning {
    fn diagnose(&self) -> Diagnostic {
        let span = match self {
            Self::Field { span, .. } | Self::Overrides { span, .. } => span.clone(),
        };
        Diagnostic::warning("manifest/hatch-environment", self).label(span, "")
    }
}

impl Manifest {
    /// Adds the environments of hatch as dependency groups; a group of that name stays as it is.
    pub fn add_hatch_environments(&mut self) -> Vec<Diagnostic> {
        let text = self.text.clone();
        let mut reader = Reader::new(&text);
        if let Some(document) = reader.silent().document() {
            let groups = groups(&mut reader, document.get_ref(), &self.groups);
            self.groups.extend(groups);
        }
        let found = reader.found.into_iter();
        found.map(|it| it.in_file(&self.file)).collect()
    }
}

fn groups(reader: &mut Reader<'_>, document: &DeTable<'_>, known: &[Group]) -> Vec<Group> {
    let hatch = document
        .get("tool")
        .and_then(|tool| tool.get_ref().as_table()?.get("hatch"));
    let envs = hatch.and_then(|hatch| hatch.get_ref().as_table()?.get("envs"));
    let Some(envs) = envs.and_then(|envs| reader.table(envs, "tool.hatch.envs")) else {
        return Vec::new();
    };
    let mut groups: Vec<Group> = Vec::new();
    for (raw_name, node) in envs {
        let place = format!("tool.hatch.envs.{}", raw_name.get_ref());
        let Some(own) = reader.table(node, &place) else {
            continue;
        };
        if let Some((key, _)) = own.get_key_value("overrides") {
            let (key, span) = (format!("{place}.overrides"), key.span());
            reader.note(&HatchWarning::Overrides { key, span });
        }
        let items = items(reader, envs, (raw_name.get_ref(), own), &place);
        if items.is_empty() {
            continue;
        }
        let Some(name) = reader.group_name(raw_name.get_ref(), raw_name.span()) else {
            continue;
        };
        if known.iter().chain(&groups).all(|group| group.name != name) {
            groups.push(group(name, raw_name.get_ref(), raw_name.span(), items));
        }
    }
    expand(known, &mut groups);
    groups
}

fn group(name: GroupName, raw_name: &str, name_span: Span, items: Vec<GroupItem>) -> Group {
    Group {
        name,
        raw_name: raw_name.to_owned(),
        name_span,
        items,
        requirements: Vec::new(),
        requires_python: None,
        is_standard: true,
    }
}

/// What an environment installs: each key is its own, or else its template's.
fn items(
    reader: &mut Reader<'_>,
    envs: &DeTable<'_>,
    (name, own): (&str, &DeTable<'_>),
    place: &str,
) -> Vec<GroupItem> {
    let is_set = |key: &str| own.get(key).and_then(|it| it.get_ref().as_bool()) == Some(true);
    let template = own.get("template").and_then(|it| it.get_ref().as_str());
    let template = template.unwrap_or(TEMPLATE);
    let inherits = !is_set("detached") && template != name;
    let above = inherits.then(|| envs.get(template)?.get_ref().as_table());
    let above = above.flatten();
    let mut items = Vec::new();
    for key in ["dependencies", "extra-dependencies", "dependency-groups"] {
        let Some(node) = own.get(key).or_else(|| above?.get(key)) else {
            continue;
        };
        for (text, node) in reader.strings(node, &format!("{place}.{key}")) {
            items.extend(item(reader, key, text, node));
        }
    }
    items
}

fn item(reader: &mut Reader<'_>, key: &str, text: &str, node: &Node<'_>) -> Option<GroupItem> {
    if key == "dependency-groups" {
        let (name, span) = (reader.group_name(text, node.span())?, node.span());
        return Some(GroupItem::Include { name, span });
    }
    let filled = text.replace("{root:uri}", "file:///${PROJECT_ROOT}");
    if filled.replace("${PROJECT_ROOT}", "").contains('{') {
        let (text, span) = (text.to_owned(), node.span());
        reader.note(&HatchWarning::Field { text, span });
        return None;
    }
    let requirement = reader.requirement_at(&filled, node.span())?;
    Some(GroupItem::Requirement(requirement))
}

/// Puts the requirements of included groups in.
fn expand(known: &[Group], groups: &mut [Group]) {
    for group in groups {
        for item in &group.items {
            match item {
                GroupItem::Requirement(requirement) => {
                    group.requirements.push(requirement.clone());
                }
                GroupItem::Include { name, .. } => {
                    let included = known.iter().find(|it| it.name == *name);
                    let included = included.map(|it| it.requirements.as_slice());
                    group
                        .requirements
                        .extend_from_slice(included.unwrap_or_default());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn environments_are_groups() {
        let text = "[project]\nname = \"shop\"\nversion = \"1\"\n[dependency-groups]\nlint = [\"ruff\"]\n\
            [tool.hatch.envs.default]\ndependencies = [\"pytest>=8\"]\nscripts = { a = \"b\" }\n\
            [tool.hatch.envs.test]\nextra-dependencies = [\"cov\", \"near @ {root:uri}/near\"]\n\
            [tool.hatch.envs.docs]\ndetached = true\ndependencies = [\"mkdocs\", \"x @ {env:X}\"]\n\
            [tool.hatch.envs.types]\ntemplate = \"docs\"\ndependency-groups = [\"lint\"]\n\
            [tool.hatch.envs.empty]\ndetached = true\n[tool.hatch.envs.lint]\ndependencies = [\"other\"]\n";
        let mut manifest = crate::read(text, "pyproject.toml").0.unwrap();
        let found = manifest.add_hatch_environments();
        let told: Vec<_> = manifest
            .groups
            .iter()
            .map(|group| {
                let texts = group.requirements.iter().map(|it| &*it.requirement.text);
                format!("{}: {}", group.name, texts.collect::<Vec<_>>().join(", "))
            })
            .collect();
        assert_eq!(
            told,
            [
                "lint: ruff",
                "default: pytest>=8",
                "test: pytest>=8, cov, near @ file:///${PROJECT_ROOT}/near",
                "docs: mkdocs",
                "types: mkdocs, ruff",
            ]
        );
        // The one that `types` takes over is told there again.
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].code, "manifest/hatch-environment");
        assert_eq!(&text[found[0].labels[0].span.clone()], "\"x @ {env:X}\"");
    }
}
