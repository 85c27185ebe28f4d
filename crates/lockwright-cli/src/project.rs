//! The files on disk that are locked: a `pyproject.toml` or a script, and what goes with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use diagnostic::Sources;
use manifest::{Manifest, MemberGlobs, Workspace};

/// The file that a project is described in.
const PYPROJECT: &str = "pyproject.toml";

/// A project as it lies on disk.
#[derive(Clone, Debug)]
pub struct ProjectFiles {
    /// The folder of the root.
    pub folder: PathBuf,
    /// The root's `pyproject.toml`, or the script.
    pub file: PathBuf,
    /// The script's file name; `None` for a project.
    pub script: Option<String>,
    /// The file's text.
    pub text: String,
    /// The texts of other projects' `pyproject.toml`, by path relative to the root, with `/`.
    pub others: BTreeMap<String, String>,
    /// What the root says, if it can be read.
    pub manifest: Option<Manifest>,
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFile {
    /// There is none.
    #[error("there is no `{PYPROJECT}` in `{}`", .0.display())]
    NoProject(PathBuf),
    /// It is not readable, or no text.
    #[error("could not read `{}`: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
}

impl ProjectFiles {
    /// Reads the project at a folder or `pyproject.toml`; of a workspace's member, the workspace.
    ///
    /// # Errors
    ///
    /// There is no such file, or it is no text. What is wrong *in* it is for others to say.
    pub fn read(path: &Path) -> Result<Self, UnreadableFile> {
        if is_script(path) {
            return Self::read_script(path);
        }
        let file = if path.is_dir() {
            path.join(PYPROJECT)
        } else {
            path.to_owned()
        };
        if path.is_dir() && !file.exists() {
            return Err(UnreadableFile::NoProject(path.to_owned()));
        }
        let text = read(&file)?;
        let manifest = manifest::read(&text, PYPROJECT).0;
        let project = Self {
            folder: folder_of(&file),
            file,
            script: None,
            text,
            others: BTreeMap::new(),
            manifest,
        };
        let mut root = project.workspace_root().unwrap_or(project);
        root.read_members()?;
        root.read_paths()?;
        Ok(root)
    }

    /// Reads a script that says itself what it needs (PEP 723).
    fn read_script(path: &Path) -> Result<Self, UnreadableFile> {
        let text = read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let manifest = manifest::script::read(&text, &name);
        let mut script = Self {
            folder: folder_of(path),
            file: path.to_owned(),
            script: Some(name.into_owned()),
            text,
            others: BTreeMap::new(),
            manifest: manifest.and_then(|it| it.0),
        };
        script.read_paths()?;
        Ok(script)
    }

    /// The texts that diagnostics point into.
    #[must_use]
    pub fn sources(&self) -> Sources<'_> {
        let root = Sources::one(self.script.as_deref().unwrap_or(PYPROJECT), &self.text);
        let others = self.others.iter();
        others.fold(root, |it, (file, text)| it.with(file, text))
    }

    fn workspace(&self) -> Option<Workspace> {
        if let Some(script) = &self.script {
            return Workspace::script(&self.text, script, &self.others).0;
        }
        let mut files = self.others.clone();
        files.insert(PYPROJECT.to_owned(), self.text.clone());
        Workspace::from_files(&files, ".").0
    }

    /// The workspace that the project is a member of.
    fn workspace_root(&self) -> Option<Self> {
        if self
            .manifest
            .as_ref()
            .is_some_and(|manifest| manifest.uv.workspace.is_some())
        {
            return None;
        }
        let folder = fs::canonicalize(&self.folder).ok()?;
        folder.ancestors().skip(1).find_map(|above| {
            let file = above.join(PYPROJECT);
            let text = fs::read_to_string(&file).ok()?;
            let manifest = manifest::read(&text, PYPROJECT).0?;
            let below = slashes(folder.strip_prefix(above).ok()?);
            Workspace::member_globs(&manifest)
                .matches(&below)
                .then(|| Self {
                    folder: above.to_owned(),
                    file,
                    script: None,
                    text,
                    others: BTreeMap::new(),
                    manifest: Some(manifest),
                })
        })
    }

    /// Reads the members of a workspace.
    fn read_members(&mut self) -> Result<(), UnreadableFile> {
        let Some(manifest) = &self.manifest else {
            return Ok(());
        };
        let globs = Workspace::member_globs(manifest);
        let mut members = Vec::new();
        find_members(&self.folder, "", &globs, &mut members);
        for member in members {
            self.read_other(&member)?;
        }
        Ok(())
    }

    /// Reads the source trees that requirements lead to, and those that they lead to in turn.
    fn read_paths(&mut self) -> Result<(), UnreadableFile> {
        let mut seen = BTreeSet::new();
        loop {
            let Some(workspace) = self.workspace() else {
                return Ok(());
            };
            let unread = workspace.unread_folders();
            let new: Vec<_> = unread
                .into_iter()
                .filter(|it| seen.insert(it.clone()))
                .collect();
            if new.is_empty() {
                return Ok(());
            }
            for folder in new {
                // Absent ones are for the resolution to miss, with a place in the user's file.
                if self.folder.join(&folder).join(PYPROJECT).exists() {
                    self.read_other(&folder)?;
                }
            }
        }
    }

    fn read_other(&mut self, folder: &str) -> Result<(), UnreadableFile> {
        let text = read(&self.folder.join(folder).join(PYPROJECT))?;
        self.others.insert(format!("{folder}/{PYPROJECT}"), text);
        Ok(())
    }
}

/// Whether a path is a script: any file but a TOML document.
fn is_script(path: &Path) -> bool {
    path.is_file() && path.extension().is_none_or(|it| it != "toml")
}

/// Finds the members of a workspace below a folder, in a stable order.
fn find_members(root: &Path, folder: &str, globs: &MemberGlobs, members: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        return;
    };
    let mut names: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && name != "__pycache__")
        .collect();
    names.sort_unstable();
    for name in names {
        let below = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        if globs.matches(&below) && root.join(&below).join(PYPROJECT).exists() {
            members.push(below.clone());
        }
        if globs.may_match_below(&below) {
            find_members(root, &below, globs, members);
        }
    }
}

fn read(path: &Path) -> Result<String, UnreadableFile> {
    fs::read_to_string(path).map_err(|reason| UnreadableFile::Io {
        path: path.to_owned(),
        reason,
    })
}

fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

fn slashes(path: &Path) -> String {
    let parts = path
        .components()
        .map(|it| it.as_os_str().to_string_lossy().into_owned());
    parts.collect::<Vec<_>>().join("/")
}
