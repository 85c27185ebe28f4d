//! Answers on disk, in the compact form: one small file each, written whole or not at all.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use index::Query;
use index::digest::Decoder;
use lockwright::{Cache, CacheKey, Cached};
use tokio::task::{JoinHandle, spawn_blocking};

/// A cache in a folder, which any number of processes may share.
///
/// A file that is damaged is a miss. Nothing is synced to the disk: what a crash loses is asked
/// again.
#[derive(Debug)]
pub struct DiskCache {
    folder: Option<PathBuf>,
    writes: RefCell<Vec<JoinHandle<io::Result<()>>>>,
    decoder: RefCell<Decoder>,
}

impl DiskCache {
    /// A cache in that folder, which need not exist; without one, nothing is kept.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            writes: RefCell::default(),
            decoder: RefCell::default(),
        }
    }

    /// Waits for what is still being written.
    ///
    /// # Errors
    ///
    /// The first write that failed; it is a miss next time.
    pub async fn flush(&self) -> io::Result<()> {
        let mut outcome = Ok(());
        for write in self.writes.take() {
            outcome = outcome.and(write.await.map_err(io::Error::other).flatten());
        }
        outcome
    }

    /// The cache's folder, and the file in it for a query.
    fn place(&self, query: &Query) -> Option<(PathBuf, PathBuf)> {
        let folder = self.folder.clone()?;
        let path = folder.join(CacheKey::of(query).as_str());
        Some((folder, path))
    }
}

impl Cache for DiskCache {
    async fn get(&self, query: &Query) -> Option<Cached> {
        let (_, path) = self.place(query)?;
        let read = spawn_blocking(move || Cached::from_bytes(&fs::read(path).ok()?));
        read.await.ok().flatten()
    }

    /// A file of a few kilobytes is read and decoded faster than another thread is woken.
    fn at_hand(&self, query: &Query) -> Option<Cached> {
        let (_, path) = self.place(query)?;
        Cached::decode(&fs::read(path).ok()?, &mut self.decoder.borrow_mut())
    }

    async fn put(&self, query: &Query, cached: Cached) {
        let Some((folder, path)) = self.place(query) else {
            return;
        };
        let write = spawn_blocking(move || write(&folder, &path, &cached.to_bytes()));
        self.writes.borrow_mut().push(write);
    }
}

/// Writes a file beside its place and moves it there.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let part = path.with_extension(format!("{}-{count}.part", std::process::id()));
    match fs::write(&part, bytes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            prepare(folder, path)?;
            fs::write(&part, bytes)?;
        }
        written => written?,
    }
    fs::rename(&part, path).inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

/// Makes the folders, and marks them as a cache for backup programs.
fn prepare(folder: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    let tag = folder.join("CACHEDIR.TAG");
    if !tag.exists() {
        fs::write(
            tag,
            "Signature: 8a477f597d28d172789f06886806bc55\n# Made by lockwright.\n",
        )?;
    }
    Ok(())
}

/// Where the cache is unless the user says otherwise; `None` where there is no home.
#[must_use]
pub fn usual_folder(environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        environment(name)
            .filter(|it| !it.is_empty())
            .map(PathBuf::from)
    };
    if let Some(folder) = folder("LOCKWRIGHT_CACHE_DIR") {
        return Some(folder);
    }
    let caches = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_CACHE_HOME")
            .filter(|it| it.is_absolute())
            .or_else(|| {
                let home = folder("HOME").or_else(std::env::home_dir)?;
                Some(home.join(if cfg!(target_os = "macos") {
                    "Library/Caches"
                } else {
                    ".cache"
                }))
            })
    };
    Some(caches?.join("lockwright"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_folder_is_where_users_look_for_it() {
        let of = |set: &'static [(&str, &str)]| {
            let found =
                usual_folder(|name| set.iter().find(|it| it.0 == name).map(|it| it.1.into()));
            found
                .map(|it| it.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        assert_eq!(of(&[("HOME", "/home/me")]), "/home/me/.cache/lockwright");
        assert_eq!(
            of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]),
            "/c/lockwright"
        );
        assert_eq!(
            of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "c")]),
            "/h/.cache/lockwright"
        );
        assert_eq!(
            of(&[("HOME", "/h"), ("LOCKWRIGHT_CACHE_DIR", "/x/y")]),
            "/x/y"
        );
    }
}
