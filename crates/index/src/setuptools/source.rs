//! The files of a source distribution that a static reading may ask for.

use std::collections::{BTreeMap, BTreeSet};

use packaging::PackageName;

/// No more than this is kept altogether.
const TOTAL_LIMIT: usize = 16 * 1024 * 1024;
/// More files than this are not listed.
const LIST_LIMIT: usize = 100_000;

/// The files of an archive, below its one top-level folder.
#[derive(Default)]
pub(crate) struct Source {
    files: BTreeMap<String, String>,
    names: BTreeSet<String>,
    root: Option<String>,
    total: usize,
    is_cut: bool,
    /// Whether the folder of the project is where modules are looked for.
    pub(super) has_own_path: bool,
    /// Projects that are installed for the build.
    pub(super) build_requires: Vec<String>,
}

/// What is known about a file.
pub(super) enum Content<'a> {
    Text(&'a str),
    Absent,
    /// It is there, and not kept: too large, or no text.
    Unread,
}

/// The path below the top-level folder.
fn inner(path: &str) -> Option<&str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let (folder, file) = path.split_once('/')?;
    (!folder.is_empty() && !file.is_empty()).then_some(file)
}

impl Source {
    /// A file that is larger than this is not kept.
    pub(crate) const FILE_LIMIT: u64 = 512 * 1024;

    /// Whether a file of this path and size may be asked for.
    pub(crate) fn wants(path: &str, size: u64) -> bool {
        let is_text = |file: &str| {
            let name = file.rsplit('/').next().unwrap_or(file);
            match name.rsplit_once('.') {
                None => !file.contains('/'),
                Some((_, ending)) => matches!(
                    ending,
                    "py" | "cfg" | "toml" | "txt" | "in" | "md" | "rst" | "pip"
                ),
            }
        };
        size <= Self::FILE_LIMIT
            && inner(path).is_some_and(|file| file.matches('/').count() <= 3 && is_text(file))
    }

    /// Notes that there is a file.
    pub(crate) fn list(&mut self, path: &str) {
        let Some(file) = inner(path) else { return };
        let path = path.strip_prefix("./").unwrap_or(path);
        let root = path.split('/').next().unwrap_or_default();
        let is_of_root = self.root.get_or_insert_with(|| root.to_owned()) == root;
        if is_of_root && self.names.len() < LIST_LIMIT {
            self.names.insert(file.to_owned());
        } else {
            self.is_cut = true;
        }
    }

    /// Keeps the content of a file.
    pub(crate) fn keep(&mut self, path: &str, content: Vec<u8>) {
        self.list(path);
        let Some(file) = inner(path).filter(|_| !self.is_cut) else {
            return;
        };
        self.total += content.len();
        if self.total <= TOTAL_LIMIT
            && let Ok(text) = String::from_utf8(content)
        {
            self.files.insert(file.to_owned(), text);
        }
    }

    /// Whether there is anything that setuptools would read.
    pub(crate) fn is_of_setuptools(&self) -> bool {
        self.has("setup.py") || self.has("setup.cfg")
    }

    /// The text of a file, where it is kept.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.names.contains(path)
    }

    /// Whether there is a folder of that name.
    pub(super) fn has_folder(&self, name: &str) -> bool {
        let start = format!("{name}/");
        self.names
            .range(start.clone()..)
            .next()
            .is_some_and(|path| path.starts_with(&start))
    }

    pub(super) fn content(&self, path: &str) -> Content<'_> {
        match self.files.get(path) {
            Some(text) => Content::Text(text),
            None if self.is_cut || self.has(path) => Content::Unread,
            None => Content::Absent,
        }
    }

    /// The `requires.txt` files that builds of this project left.
    pub(super) fn requires_texts(&self, name: &PackageName) -> Vec<Content<'_>> {
        let is_own = |path: &&String| {
            let folder = path.strip_suffix(".egg-info/requires.txt")?;
            let egg = folder.rsplit('/').next().unwrap_or(folder);
            (PackageName::new(egg).as_ref() == Ok(name)).then_some(())
        };
        self.names
            .iter()
            .filter(|path| is_own(path).is_some())
            .map(|path| self.content(path))
            .collect()
    }

    /// Whether files of the project can be imported by `setup.py`.
    pub(super) fn imports_own_modules(&self) -> bool {
        self.has_own_path
    }

    /// Whether something that is installed for the build may bring the module.
    pub(super) fn may_provide(&self, module: &str) -> bool {
        let folded = |name: &str| name.to_ascii_lowercase().replace(['-', '_', '.'], "");
        let module = folded(module);
        self.build_requires.iter().any(|name| {
            let name = folded(name);
            // `wheel` and `setuptools` bring what their names say; others may have other names.
            !matches!(name.as_str(), "setuptools" | "wheel") || name == module
        })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut source = Self {
            has_own_path: true,
            ..Self::default()
        };
        for (path, text) in files {
            source.keep(&format!("foo-1.0/{path}"), text.as_bytes().to_vec());
        }
        source
    }
}
