//! What the repository promises about itself: arrows between crates, heads of files, hosts, fixtures.

mod arrows;
mod fixtures;
mod sources;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files that the repository holds, relative to it; what is ignored or foreign is not among them.
fn tracked() -> Vec<PathBuf> {
    let listed = std::process::Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let listed = String::from_utf8(listed.stdout).expect("names are text");
    let files: Vec<PathBuf> = listed
        .split('\0')
        .filter(|name| !name.is_empty() && root().join(name).is_file())
        .map(PathBuf::from)
        .collect();
    assert!(files.len() > 50, "git lists only {} files", files.len());
    files
}

/// The text of a tracked file; empty where it is not text.
fn text(file: &Path) -> String {
    std::fs::read(root().join(file))
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

/// Fails with all findings at once.
fn nothing_found(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}
