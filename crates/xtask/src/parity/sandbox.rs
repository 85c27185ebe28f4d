//! Where a project is locked: a copy of it, with no settings but ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::Failed;
use crate::indexes::CORPUS_PORT;

/// Takes away what a user's own settings would change, and points at the frozen index.
pub(crate) fn environment(command: &mut Command, scratch: &Path) {
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        let foreign = [
            "SSL_CERT",
            "PIP_",
            "UV_",
            "POETRY_",
            "PDM_",
            "VIRTUAL_ENV",
            "PYTHON",
            "LOCKWRIGHT_",
        ];
        if upper.ends_with("_PROXY") || foreign.iter().any(|prefix| upper.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let index = format!("http://127.0.0.1:{CORPUS_PORT}/simple");
    command
        .env("NO_COLOR", "1")
        .env("HOME", scratch.join("home"))
        .env("XDG_CACHE_HOME", scratch.join("cache"))
        .env("LOCKWRIGHT_CACHE_DIR", scratch.join("cache/lockwright"))
        .env("LOCKWRIGHT_PUBLIC_INDEX", &index)
        .env("UV_CACHE_DIR", scratch.join("cache/uv"))
        .env("UV_DEFAULT_INDEX", &index)
        .env("UV_PYTHON_DOWNLOADS", "never")
        .env("UV_NO_PROGRESS", "1");
}

/// A folder that goes with this value.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Result<Self, Failed> {
        let unique = format!(
            "lockwright-{}-{}",
            std::process::id(),
            name.replace('/', "-")
        );
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(folder.join("home"))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
