//! What a build would write differently from the `pyproject.toml`: where the version is dynamic, uv
//! takes the built metadata, and the order of extras in it shows in locks.

use manifest::Manifest;
use packaging::{ExtraName, Requirement};

/// The extras as the built metadata lists them, which uv takes where the version is dynamic:
/// hatchling and flit sort them.
pub(crate) fn built_order(manifest: &Manifest, mut extras: Vec<ExtraName>) -> Vec<ExtraName> {
    let is_dynamic = manifest
        .project
        .as_ref()
        .is_some_and(|project| project.version.is_none());
    if is_dynamic
        && backend(manifest).is_some_and(|it| it == "hatchling.build" || it.starts_with("flit"))
    {
        extras.sort();
    }
    extras
}

/// Whether the built metadata, which uv takes where the version is dynamic, lists the extras of
/// each requirement in order: so does every backend that prints requirements by `packaging`.
pub(crate) fn sorts_extras_of_requirements(manifest: &Manifest) -> bool {
    const SORTING: [&str; 4] = [
        "setuptools.build_meta",
        "hatchling.build",
        "scikit_build_core.build",
        "mesonpy",
    ];
    let project = manifest.project.as_ref();
    let is_dynamic = project.is_some_and(|project| project.version.is_none());
    is_dynamic
        && match backend(manifest) {
            Some(backend) if SORTING.contains(&backend) => true,
            // A backend of the project's own is mostly a thin cover of what it requires.
            Some(_) => {
                has_own_backend(manifest) && builds_with(manifest, &["setuptools", "hatchling"])
            }
            // Without a word, setuptools builds.
            None => manifest.raw.get("build-system").is_some(),
        }
}

/// Whether the build backend is among the project's own files.
fn has_own_backend(manifest: &Manifest) -> bool {
    let system = manifest.raw.get("build-system");
    system.is_some_and(|system| system.get("backend-path").is_some())
}

/// Whether one of these projects is required for the build.
fn builds_with(manifest: &Manifest, names: &[&str]) -> bool {
    let system = manifest.raw.get("build-system");
    let requires = system.and_then(|system| system.get("requires")?.as_array());
    let texts = requires.into_iter().flatten().filter_map(|it| it.as_str());
    let mut required = texts.filter_map(|text| Requirement::parse(text).ok());
    required.any(|requirement| names.contains(&requirement.name.as_str()))
}

/// The build backend that a project names.
fn backend(manifest: &Manifest) -> Option<&str> {
    manifest
        .raw
        .get("build-system")?
        .get("build-backend")?
        .as_str()
}
