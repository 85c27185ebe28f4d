//! Paths below the folder of the project, as `os.path` and `pathlib` work with them.

use super::value::Value;

/// Joins two paths; `None` if the result is outside of the folder.
pub(super) fn join(base: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder that a path is in.
pub(super) fn parent(path: &str) -> Option<String> {
    match path.rsplit_once('/') {
        Some((folder, _)) => Some(folder.to_owned()),
        None if path.is_empty() => None,
        None => Some(String::new()),
    }
}

/// `path / "name"`.
pub(super) fn divide(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Path(base), Value::Text(path)) => {
            join(base, path).map_or(Value::Unknown, |path| Value::Path(path.into()))
        }
        _ => Value::Unknown,
    }
}
