//! Arrows only point down: which of our crates may know which.

use std::collections::{BTreeMap, BTreeSet};

use super::{nothing_found, root, text, tracked};

/// Direct and implied arrows, as the picture in ARCHITECTURE.md has them.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("lockwright-diagnostic", &[]),
    ("lockwright-packaging", &["lockwright-diagnostic"]),
    (
        "lockwright-index",
        &["lockwright-packaging", "lockwright-diagnostic"],
    ),
    (
        "lockwright-manifest",
        &["lockwright-packaging", "lockwright-diagnostic"],
    ),
    (
        "lockwright-lock",
        &["lockwright-packaging", "lockwright-diagnostic"],
    ),
    (
        "lockwright-resolve",
        &[
            "lockwright-index",
            "lockwright-manifest",
            "lockwright-lock",
            "lockwright-packaging",
            "lockwright-diagnostic",
        ],
    ),
    (
        "lockwright-formats",
        &[
            "lockwright-lock",
            "lockwright-manifest",
            "lockwright-packaging",
            "lockwright-diagnostic",
        ],
    ),
    (
        "lockwright-upgrade",
        &[
            "lockwright-formats",
            "lockwright-resolve",
            "lockwright-index",
            "lockwright-manifest",
            "lockwright-lock",
            "lockwright-packaging",
            "lockwright-diagnostic",
        ],
    ),
    ("lockwright", BELOW_THE_PIPELINE),
    ("lockwright-cli", BELOW_THE_SHELLS),
    ("lockwright-wasm", BELOW_THE_SHELLS),
    ("lockwright-edge", BELOW_THE_SHELLS),
    ("tests", BELOW_THE_SHELLS),
    // Runs the others as programs, and so knows none of them.
    ("xtask", &[]),
];

const BELOW_THE_PIPELINE: &[&str] = &[
    "lockwright-upgrade",
    "lockwright-formats",
    "lockwright-resolve",
    "lockwright-index",
    "lockwright-manifest",
    "lockwright-lock",
    "lockwright-packaging",
    "lockwright-diagnostic",
];

const BELOW_THE_SHELLS: &[&str] = &[
    "lockwright",
    "lockwright-upgrade",
    "lockwright-formats",
    "lockwright-index",
    "lockwright-manifest",
    "lockwright-lock",
    "lockwright-packaging",
    "lockwright-diagnostic",
];

/// What only shells may depend on, since it reaches outside: network, threads, browsers.
const OUTSIDE: &[&str] = &[
    "reqwest",
    "tokio",
    "hyper",
    "ureq",
    "gloo-net",
    "web-sys",
    "worker",
    "wasm-bindgen",
    "js-sys",
];

const SHELLS: &[&str] = &["lockwright-cli", "lockwright-wasm", "lockwright-edge"];

/// Package name and the packages it depends on, of every member.
fn members() -> BTreeMap<String, BTreeSet<String>> {
    let workspace: toml::Table = text("Cargo.toml".as_ref())
        .parse()
        .expect("Cargo.toml is TOML");
    let shared = workspace["workspace"]["dependencies"]
        .as_table()
        .expect("a table")
        .clone();
    let manifests = tracked()
        .into_iter()
        .filter(|file| file.ends_with("Cargo.toml"));
    manifests
        .filter(|file| file.components().count() > 1)
        .map(|file| {
            let manifest: toml::Table = text(&file).parse().expect("a manifest is TOML");
            let name = manifest["package"]["name"]
                .as_str()
                .expect("a name")
                .to_owned();
            let dependencies = ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(|table| manifest.get(table)?.as_table())
                .flatten()
                .map(|(alias, entry)| package(alias, entry, &shared))
                .chain(by_target(&manifest, &shared))
                .collect();
            (name, dependencies)
        })
        .collect()
}

/// Dependencies that hold for some targets only.
fn by_target(manifest: &toml::Table, shared: &toml::Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    targets
        .into_iter()
        .flatten()
        .filter_map(|(_, target)| target.as_table())
        .flat_map(|target| target.values().filter_map(toml::Value::as_table).flatten())
        .map(|(alias, entry)| package(alias, entry, shared))
        .collect()
}

/// The package behind a name in a dependency table.
fn package(alias: &str, entry: &toml::Value, shared: &toml::Table) -> String {
    let inherits = entry.get("workspace").and_then(toml::Value::as_bool) == Some(true);
    let entry = if inherits {
        shared.get(alias).unwrap_or(entry)
    } else {
        entry
    };
    entry
        .get("package")
        .and_then(toml::Value::as_str)
        .unwrap_or(alias)
        .to_owned()
}

#[test]
fn arrows_point_down() {
    let members = members();
    let mut findings = Vec::new();
    for (name, dependencies) in &members {
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(crate_name, _)| crate_name == name) else {
            findings.push(format!(
                "{name}: say in tests/tidy/arrows.rs which crates it may know"
            ));
            continue;
        };
        for ours in dependencies
            .iter()
            .filter(|dependency| members.contains_key(*dependency))
        {
            if !allowed.contains(&ours.as_str()) {
                findings.push(format!("{name} must not know {ours}"));
            }
        }
    }
    nothing_found(&findings);
    assert!(
        members.len() >= 13,
        "only {} members were found",
        members.len()
    );
}

#[test]
fn only_shells_reach_outside() {
    let mut findings = Vec::new();
    for (name, dependencies) in members() {
        let outside = dependencies
            .iter()
            .filter(|it| OUTSIDE.contains(&it.as_str()));
        for dependency in outside.filter(|_| !SHELLS.contains(&name.as_str())) {
            findings.push(format!(
                "{name} depends on {dependency}, which reaches outside"
            ));
        }
    }
    nothing_found(&findings);
}

#[test]
fn pure_crates_ask_nothing_of_the_machine() {
    let asks = [
        "std::env::",
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant::now",
    ];
    let shells = [
        "crates/lockwright-cli/",
        "crates/lockwright-wasm/",
        "crates/xtask/",
        "worker/",
        "tests/",
    ];
    let mut findings = Vec::new();
    for file in tracked() {
        let name = file.to_string_lossy().into_owned();
        let is_pure = name.starts_with("crates/")
            && name.contains("/src/")
            && name.ends_with(".rs")
            && !name.ends_with("/tests.rs")
            && !shells.iter().any(|shell| name.starts_with(shell));
        if !is_pure {
            continue;
        }
        let text = text(&file);
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in shipped.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(asked) = asks.iter().find(|asked| code.contains(*asked)) {
                findings.push(format!("{name}:{}: {asked}", number + 1));
            }
        }
    }
    nothing_found(&findings);
    assert!(root().join("crates/resolve/src/lib.rs").is_file());
}
