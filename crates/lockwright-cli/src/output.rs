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
