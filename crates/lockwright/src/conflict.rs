//! What is told of a conflict: where the requirements in it stand, and the derivation as data.

use diagnostic::{Diagnose, Diagnostic, Label};
use manifest::tool_uv::Override;
use manifest::{DeclaredRequirement, Manifest, Workspace};
use packaging::{ConflictItem, ConflictKind};
use resolve::{Argument, Conflict, Wish};
use serde_json::{Value, json};

/// A conflict as a diagnostic: in words, with the places that take part, and as data.
pub(crate) fn tell(conflict: &Conflict, workspace: &Workspace) -> Diagnostic {
    let mut diagnostic = conflict.diagnose();
    for wish in conflict.wishes() {
        for (manifest, declared) in places(workspace, &wish) {
            add_label(&mut diagnostic, manifest, declared.span.clone(), "");
        }
    }
    if conflict.blames_python() {
        for (manifest, python) in pythons(workspace) {
            let text = "some of these Pythons are not supported";
            add_label(&mut diagnostic, manifest, python.span.clone(), text);
        }
    }
    let steps = conflict.explain().steps;
    diagnostic.with("derivation", steps.iter().map(step).collect::<Value>())
}

fn add_label(diagnostic: &mut Diagnostic, manifest: &Manifest, span: diagnostic::Span, text: &str) {
    let label = Label {
        file: manifest.file.to_string(),
        span,
        text: text.to_owned(),
    };
    if !diagnostic.labels.contains(&label) {
        diagnostic.labels.push(label);
    }
}

/// A step of the derivation for programs; premises that were concluded before name their step.
fn step(step: &Argument) -> Value {
    let premises = step.premises.iter().map(|premise| match premise.step {
        Some(at) => json!({ "text": premise.text, "step": at }),
        None => json!({ "text": premise.text }),
    });
    let mut value = json!({
        "sentence": step.sentence,
        "follows": step.follows,
        "premises": premises.collect::<Vec<Value>>(),
        "concludes": step.concludes,
        "projects": step.projects.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    if let Some(number) = step.number {
        value["number"] = number.into();
    }
    value
}

/// Where a requirement of the user's own stands: in the list it belongs to, or else wherever it
/// could come from.
pub(crate) fn places<'w>(
    workspace: &'w Workspace,
    wish: &Wish,
) -> Vec<(&'w Manifest, &'w DeclaredRequirement)> {
    let is_wish = |declared: &DeclaredRequirement| {
        let requirement = &declared.requirement;
        wish.is(
            &requirement.name,
            &requirement.specifiers,
            declared.marker(),
        )
    };
    let is_named = |declared: &DeclaredRequirement| declared.requirement.name == wish.name;
    let own = owned(workspace, wish.owner.as_ref());
    let root = &workspace.root;
    let bounds: Vec<_> = bounds(root).map(|declared| (&**root, declared)).collect();
    let all = every(workspace);
    let found = |list: &[(&'w Manifest, &'w DeclaredRequirement)],
                 is_it: &dyn Fn(&DeclaredRequirement) -> bool| {
        let found = list.iter().filter(|(_, declared)| is_it(declared));
        found.copied().collect::<Vec<_>>()
    };
    [
        found(&own, &is_wish),
        found(&bounds, &is_wish),
        found(&all, &is_wish),
        found(&own, &is_named),
        found(&all, &is_named),
    ]
    .into_iter()
    .find(|found| !found.is_empty())
    .unwrap_or_default()
}

/// The manifests that ask for something: the members', and a root's that is none.
fn manifests(workspace: &Workspace) -> impl Iterator<Item = &Manifest> {
    let members = workspace.members.iter().map(|member| &*member.manifest);
    let root = workspace.is_projectless().then_some(&*workspace.root);
    root.into_iter().chain(members)
}

/// The requirements of one list.
fn owned<'w>(
    workspace: &'w Workspace,
    owner: Option<&ConflictItem>,
) -> Vec<(&'w Manifest, &'w DeclaredRequirement)> {
    let Some(owner) = owner else {
        let root = &*workspace.root;
        return requirements(root).map(|it| (root, it)).collect();
    };
    let Some(member) = workspace.member(&owner.package) else {
        return Vec::new();
    };
    let manifest = &*member.manifest;
    let project = manifest.project.as_ref();
    let list: Vec<&DeclaredRequirement> = match &owner.kind {
        ConflictKind::Project => project
            .into_iter()
            .flat_map(|project| &project.dependencies)
            .collect(),
        ConflictKind::Extra(extra) => project
            .into_iter()
            .flat_map(|project| &project.optional_dependencies)
            .filter(|it| it.name == *extra)
            .flat_map(|it| &it.requirements)
            .collect(),
        ConflictKind::Group(group) => manifest
            .group(group)
            .into_iter()
            .flat_map(|group| &group.requirements)
            .collect(),
    };
    list.into_iter().map(|it| (manifest, it)).collect()
}

fn every(workspace: &Workspace) -> Vec<(&Manifest, &DeclaredRequirement)> {
    manifests(workspace)
        .flat_map(|manifest| requirements(manifest).map(move |it| (manifest, it)))
        .collect()
}

/// Everything a manifest requires, in its lists' order.
fn requirements(manifest: &Manifest) -> impl Iterator<Item = &DeclaredRequirement> {
    let project = manifest.project.iter().flat_map(|project| {
        let optional = project.optional_dependencies.iter();
        let optional = optional.flat_map(|it| &it.requirements);
        project.dependencies.iter().chain(optional)
    });
    let groups = manifest.groups.iter().flat_map(|it| &it.requirements);
    let script = manifest.script.iter().flat_map(|it| &it.dependencies);
    project.chain(groups).chain(script)
}

/// Constraints and overrides.
fn bounds(root: &Manifest) -> impl Iterator<Item = &DeclaredRequirement> {
    let overrides = root.uv.overrides.iter().flat_map(|it| match it {
        Override::Everywhere(requirement) => std::slice::from_ref(requirement),
        Override::For { requirements, .. } => requirements.as_slice(),
    });
    root.uv.constraints.iter().chain(overrides)
}

/// Every `requires-python`.
pub(crate) fn pythons(
    workspace: &Workspace,
) -> impl Iterator<Item = (&Manifest, &manifest::DeclaredPython)> {
    manifests(workspace).filter_map(|manifest| {
        let project = manifest.project.as_ref();
        let script = manifest.script.as_ref();
        let python = project
            .and_then(|it| it.requires_python.as_ref())
            .or_else(|| script.and_then(|it| it.requires_python.as_ref()))?;
        Some((manifest, python))
    })
}
