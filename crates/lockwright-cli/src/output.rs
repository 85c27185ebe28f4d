//! Locks on disk: replaced whole, and only when they differ.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What became of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replaced {
    /// It has a new text.
    Written,
    /// It had that text already, and was not touched.
    Unchanged,
}

/// Gives a file a text: in one step, so that nobody ever sees half of it.
///
/// # Errors
///
/// The folder cannot be written to. The file is as it was then.
pub fn replace(path: &Path, text: &str) -> io::Result<Replaced> {
    if is(path, text) {
        return Ok(Replaced::Unchanged);
    }
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let part = beside(&path)?;
    let written = fs::write(&part, text).and_then(|()| {
        if let Ok(metadata) = fs::metadata(&path) {
            fs::set_permissions(&part, metadata.permissions())?;
        }
        fs::rename(&part, &path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written.map(|()| Replaced::Written)
}

/// Gives several files their texts: all, or none. Every text is on disk before the first file is
/// replaced.
///
/// # Errors
///
/// The file that cannot be written, and why. All are as they were then.
pub fn replace_all(files: &[(PathBuf, String)]) -> Result<(), (PathBuf, io::Error)> {
    let mut parts: Vec<(PathBuf, PathBuf)> = Vec::new();
    let prepared = files
        .iter()
        .filter(|(path, text)| !is(path, text))
        .try_for_each(|(path, text)| {
            let failed = |error| (path.clone(), error);
            let target = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let part = beside(&target).map_err(failed)?;
            fs::write(&part, text).map_err(failed)?;
            parts.push((part, target));
            Ok(())
        });
    let mut replaced: Vec<(&PathBuf, Option<Vec<u8>>)> = Vec::new();
    let outcome = prepared.and_then(|()| {
        parts.iter().try_for_each(|(part, target)| {
            let before = fs::read(target).ok();
            if let Ok(metadata) = fs::metadata(target) {
                let kept = fs::set_permissions(part, metadata.permissions());
                kept.map_err(|error| (target.clone(), error))?;
            }
            fs::rename(part, target).map_err(|error| (target.clone(), error))?;
            replaced.push((target, before));
            Ok(())
        })
    });
    if outcome.is_err() {
        for (target, before) in replaced {
            let _ = match before {
                Some(text) => fs::write(target, text),
                None => fs::remove_file(target),
            };
        }
        for (part, _) in &parts {
            let _ = fs::remove_file(part);
        }
    }
    outcome
}

/// Whether a file has exactly that text.
#[must_use]
pub fn is(path: &Path, text: &str) -> bool {
    fs::read(path).is_ok_and(|present| present == text.as_bytes())
}

/// Where the new text is written before it takes the file's place.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let part = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
    Ok(path.with_file_name(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_what_it_is() {
        let folder = std::env::temp_dir().join(format!("lockwright-output-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("uv.lock");
        assert_eq!(replace(&path, "one").unwrap(), Replaced::Written);
        assert_eq!(replace(&path, "one").unwrap(), Replaced::Unchanged);
        #[cfg(unix)]
        {
            let link = folder.join("link.lock");
            std::os::unix::fs::symlink("uv.lock", &link).unwrap();
            assert_eq!(replace(&link, "two").unwrap(), Replaced::Written);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            fs::remove_file(&link).unwrap();
            assert!(is(&path, "two"));
        }
        let both = |second: &str| {
            let one = (path.clone(), "three".to_owned());
            replace_all(&[one, (folder.join(second), "x".to_owned())])
        };
        assert!(both("none/other.toml").is_err());
        assert!(!is(&path, "three"));
        assert!(both("other.toml").is_ok());
        assert!(is(&path, "three"));
        fs::remove_file(folder.join("other.toml")).unwrap();
        assert!(replace(&folder.join("none/uv.lock"), "one").is_err());
        assert!(replace(Path::new("/"), "one").is_err());
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "no part is left behind"
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
