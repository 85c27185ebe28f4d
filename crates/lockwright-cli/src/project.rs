//! The files on disk that are locked: a `pyproject.toml`, a script or a manifest of another kind,
//! and what goes with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use diagnostic::Sources;
use index::SourceTree;
use manifest::{Dialect, ForeignKind, Manifest, MemberGlobs, Workspace};

/// The file that a project is described in.
const PYPROJECT: &str = "pyproject.toml";

/// A project as it lies on disk.
#[derive(Clone, Debug)]
pub struct ProjectFiles {
    /// The folder of the root.
    pub folder: PathBuf,
    /// The root's `pyproject.toml`, the script, or the manifest of another kind.
    pub file: PathBuf,
    /// The script's file name; `None` for a project.
    pub script: Option<String>,
    /// The file name of a manifest of another kind, which is among the others.
    pub foreign: Option<String>,
    /// The file's text.
    pub text: String,
    /// The texts of other projects' `pyproject.toml`, by path relative to the root, with `/`.
    pub others: BTreeMap<String, String>,
    /// What the root says, if it can be read.
    pub manifest: Option<Manifest>,
    dialect: Dialect,
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFile {
    /// There is none.
    #[error("there is no `{PYPROJECT}` in `{}`, and no manifest of another kind", .0.display())]
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
    pub fn read(path: &Path, dialect: Dialect) -> Result<Self, UnreadableFile> {
        if is_foreign(path) {
            return Self::read_foreign(path);
        }
        if is_script(path) {
            return Self::read_script(path);
        }
        let file = if path.is_dir() {
            path.join(PYPROJECT)
        } else {
            path.to_owned()
        };
        let foreign = path.is_dir().then(|| foreign_in(path)).flatten();
        if path.is_dir() && !file.exists() {
            return match foreign {
                Some(foreign) => Self::read_foreign(&foreign),
                None => Err(UnreadableFile::NoProject(path.to_owned())),
            };
        }
        let text = read(&file)?;
        let manifest = dialect.read(&text, PYPROJECT, true).0;
        if let Some(foreign) = foreign
            && manifest.as_ref().is_some_and(asks_nothing)
        {
            return Self::read_foreign(&foreign);
        }
        let project = Self {
            dialect,
            folder: folder_of(&file),
            file,
            script: None,
            foreign: None,
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
            foreign: None,
            text,
            others: BTreeMap::new(),
            manifest: manifest.and_then(|it| it.0),
            dialect: Dialect::Uv,
        };
        script.read_paths()?;
        Ok(script)
    }

    /// Reads a requirements file, a `Pipfile`, or what setuptools reads.
    fn read_foreign(path: &Path) -> Result<Self, UnreadableFile> {
        let text = read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = folder_of(path);
        let mut others = BTreeMap::from([(name.clone().into_owned(), text.clone())]);
        if ForeignKind::of(&name) == Some(ForeignKind::Setuptools) {
            read_sources(&folder, "", &mut others);
        }
        // What is absent is for the reading to miss, with a place in the user's file.
        let mut seen = BTreeSet::new();
        loop {
            let missing = manifest::foreign::missing(&name, &others);
            let new: Vec<String> = missing
                .into_iter()
                .filter(|it| seen.insert(it.clone()))
                .collect();
            if new.is_empty() {
                break;
            }
            for file in new {
                if folder.join(&file).is_file() {
                    let text = read(&folder.join(&file))?;
                    others.insert(file, text);
                }
            }
        }
        let mut project = Self {
            folder,
            file: path.to_owned(),
            script: None,
            foreign: Some(name.into_owned()),
            text,
            others,
            manifest: None,
            dialect: Dialect::Uv,
        };
        project.manifest = project.workspace().map(|it| (*it.root).clone());
        project.read_paths()?;
        Ok(project)
    }

    /// The name of the root's file.
    #[must_use]
    pub fn name(&self) -> &str {
        let other = self.script.as_ref().or(self.foreign.as_ref());
        other.map_or(PYPROJECT, String::as_str)
    }

    /// The texts that diagnostics point into.
    #[must_use]
    pub fn sources(&self) -> Sources<'_> {
        let root = Sources::one(self.name(), &self.text);
        let others = self.others.iter();
        others.fold(root, |it, (file, text)| it.with(file, text))
    }

    fn workspace(&self) -> Option<Workspace> {
        if let Some(script) = &self.script {
            return Workspace::script(&self.text, script, &self.others).0;
        }
        if let Some(name) = &self.foreign {
            return lockwright::foreign_workspace(name, &self.others).0;
        }
        let mut files = self.others.clone();
        files.insert(PYPROJECT.to_owned(), self.text.clone());
        Workspace::from_files_as(&files, ".", self.dialect).0
    }

    /// The workspace that the project is a member of.
    fn workspace_root(&self) -> Option<Self> {
        // Only uv has workspaces.
        if self.dialect != Dialect::Uv
            || self
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
                    foreign: None,
                    text,
                    others: BTreeMap::new(),
                    manifest: Some(manifest),
                    dialect: Dialect::Uv,
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

/// The manifest of another kind in a folder.
fn foreign_in(folder: &Path) -> Option<PathBuf> {
    let states_requirements = |file: &Path| {
        let is_plain = file.file_name().is_some_and(|it| it != "setup.cfg");
        is_plain || fs::read_to_string(file).is_ok_and(|text| text.contains("[metadata]"))
    };
    lockwright::FOREIGN_MANIFESTS
        .iter()
        .map(|name| folder.join(name))
        .find(|file| file.is_file() && states_requirements(file))
}

/// Whether a `pyproject.toml` has nothing to say of what is required: often it only says who builds.
fn asks_nothing(manifest: &Manifest) -> bool {
    let tool = manifest.raw.get("tool");
    let has_tool = |name: &str| tool.is_some_and(|tool| tool.get(name).is_some());
    manifest.raw.get("project").is_none()
        && manifest.groups.is_empty()
        && manifest.uv.workspace.is_none()
        && !["poetry", "pdm", "flit"].into_iter().any(has_tool)
}

/// Whether a path is a manifest of another kind: a `setup.py` may be a script as well.
fn is_foreign(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_script = || {
        name.ends_with(".py")
            && fs::read_to_string(path).is_ok_and(|it| it.contains("\n# /// script"))
    };
    path.is_file() && ForeignKind::of(&name).is_some() && !is_script()
}

/// More files than these are not read for a `setup.py`.
const SOURCES_LIMIT: usize = 2000;

/// Reads the files of a project that its `setup.py` may look into.
fn read_sources(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) {
    const PASSED_OVER: [&str; 6] = [
        "build",
        "dist",
        "node_modules",
        "venv",
        "env",
        "site-packages",
    ];
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        return;
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if name.starts_with('.') || files.len() >= SOURCES_LIMIT {
            continue;
        }
        let below = match folder {
            "" => name.clone(),
            folder => format!("{folder}/{name}"),
        };
        let path = entry.path();
        if path.is_dir() {
            let is_deep = below.matches('/').count() >= 3;
            if !is_deep && !PASSED_OVER.contains(&name.as_str()) {
                read_sources(root, &below, files);
            }
        } else if SourceTree::wants(&below, entry.metadata().map_or(0, |it| it.len()))
            && let Ok(text) = fs::read_to_string(path)
        {
            files.insert(below, text);
        }
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
