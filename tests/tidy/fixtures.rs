//! Every folder of fixtures is complete and used, and every format has one.

use std::collections::BTreeSet;

use super::{nothing_found, text, tracked};

/// A fixture that no test names, and no walker finds, holds nothing.
#[test]
fn folders_of_fixtures_are_walked() {
    let files = tracked();
    let sources: Vec<String> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|it| it == "rs" || it == "mjs"))
        .map(|file| text(file))
        .collect();
    let mut folders = BTreeSet::new();
    for file in &files {
        let parts: Vec<_> = file
            .components()
            .map(|it| it.as_os_str().to_string_lossy().into_owned())
            .collect();
        let at = parts.iter().position(|part| part == "fixtures");
        if let Some(at) = at.filter(|at| parts.len() > at + 2) {
            folders.insert((parts[..at].join("/"), parts[at + 1].clone()));
        }
    }
    let mut findings = Vec::new();
    for (owner, folder) in &folders {
        let direct = format!("fixtures/{folder}");
        let is_named = sources.iter().any(|source| source.contains(&direct));
        let is_walked = files.iter().any(|file| {
            file.starts_with(owner)
                && file.extension().is_some_and(|it| it == "rs")
                && walks_fixtures(&text(file))
        });
        if !is_named && !is_walked {
            findings.push(format!("{owner}/fixtures/{folder}: no test reads it"));
        }
    }
    nothing_found(&findings);
    assert!(!folders.is_empty(), "there are fixtures");
}

fn walks_fixtures(source: &str) -> bool {
    source.contains("read_dir") && source.contains("fixtures")
}

#[test]
fn no_fixture_is_empty() {
    let findings: Vec<String> = tracked()
        .iter()
        .filter(|file| file.components().any(|part| part.as_os_str() == "fixtures"))
        .filter(|file| std::fs::metadata(super::root().join(file)).is_ok_and(|it| it.len() == 0))
        .map(|file| format!("{} is empty", file.display()))
        .collect();
    nothing_found(&findings);
}
