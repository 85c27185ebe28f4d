//! A lock file that a command looks at.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use diagnostic::Diagnostic;
use lockwright::inspect::LockText;

/// Reads the lock at a path: a file, the best-known lock of a folder, or `-`.
///
/// # Errors
///
/// It cannot be read, is no text, or a folder has none.
pub fn read(path: &Path) -> Result<LockText, Diagnostic> {
    if path == Path::new("-") {
        let mut text = String::new();
        let read = io::stdin().read_to_string(&mut text);
        read.map_err(|error| unreadable("standard input", &error))?;
        let name = String::new();
        return Ok(LockText { name, text });
    }
    let path = if path.is_dir() {
        in_folder(path)?
    } else {
        path.to_owned()
    };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&shown, &error))?;
    Ok(LockText { name: shown, text })
}

/// The first lock a folder has, the most informative format first.
fn in_folder(folder: &Path) -> Result<PathBuf, Diagnostic> {
    let readable = formats::FORMATS
        .iter()
        .filter(|format| formats::can_be_read(**format));
    let names: Vec<_> = readable.map(|format| format.file_name()).collect();
    let mut paths = names.iter().map(|name| folder.join(name));
    paths.find(|path| path.is_file()).ok_or_else(|| {
        let title = format!("there is no lock in `{}`", folder.display());
        let help = format!("looked for `{}`", names.join("`, `"));
        Diagnostic::error("cli/no-lock", title).help(help)
    })
}

fn unreadable(what: &str, error: &io::Error) -> Diagnostic {
    let title = format!("could not read `{what}`: {error}");
    Diagnostic::error("cli/unreadable-file", title)
}
