//! What an existing lock still says: pins, and the forks to begin with (uv.md §2.9).

use std::collections::BTreeSet;

use diagnostic::Diagnostic;
use lock::{Lock, Source};
use packaging::{PackageName, Requirement};
use resolve::{Preference, Problem};

use crate::LockOptions;
use crate::freshness::Worth;

/// Takes over what an existing lock still says about a problem.
pub(crate) fn adopt(
    problem: &mut Problem,
    lock: &Lock,
    worth: Worth,
    options: &LockOptions,
) -> Result<(), Vec<Diagnostic>> {
    let upgraded = upgraded(problem, options)?;
    if worth < Worth::Versions {
        return Ok(());
    }
    let pins = lock
        .packages
        .iter()
        .filter(|package| !upgraded.contains(&package.id.name));
    problem.preferences = pins
        .filter_map(|package| match (&package.id.version, &package.id.source) {
            (Some(version), Source::Registry(index)) => Some(Preference {
                name: package.id.name.clone(),
                version: version.clone(),
                index: Some(index.clone()),
                forks: package.forks.clone(),
            }),
            (Some(version), Source::Path(_) | Source::Url { .. }) => Some(Preference {
                name: package.id.name.clone(),
                version: version.clone(),
                index: None,
                forks: package.forks.clone(),
            }),
            _ => None,
        })
        .collect();
    if worth >= Worth::Forks {
        problem.forks.clone_from(&lock.forks);
    }
    Ok(())
}

/// The projects to upgrade; a pin given with one becomes a constraint.
fn upgraded(
    problem: &mut Problem,
    options: &LockOptions,
) -> Result<BTreeSet<PackageName>, Vec<Diagnostic>> {
    let mut names = BTreeSet::new();
    let mut errors = Vec::new();
    for text in &options.upgrade_package {
        match Requirement::parse(text) {
            Ok(requirement) => {
                names.insert(requirement.name.clone());
                if !requirement.specifiers.is_empty() {
                    problem.constraints.push(packaging::SourcedRequirement {
                        name: requirement.name.clone(),
                        extras: Vec::new(),
                        groups: Vec::new(),
                        marker: requirement.marker,
                        source: packaging::RequirementSource::Registry {
                            specifiers: requirement.specifiers.clone(),
                            index: None,
                            conflict: None,
                        },
                    });
                }
            }
            Err(error) => {
                let title = format!("`{text}` is no value of `upgrade-package`: {error}");
                errors.push(Diagnostic::error("options/invalid-value", title));
            }
        }
    }
    if errors.is_empty() {
        Ok(names)
    } else {
        Err(errors)
    }
}
