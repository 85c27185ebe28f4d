//! A request as a form: `multipart/form-data`, a part for each file of the project.
//!
//! RFC 7578, <https://www.rfc-editor.org/rfc/rfc7578>. A part is
//!
//! - the JSON object of options, when its name is `options`;
//! - one option, or `format`, when it has no file name and its name has neither a dot nor a slash;
//! - else a file: its file name, or its name when it has none, is the path within the project.
//!
//! A client that sends no folders in file names, as curl does, gives the whole path as the name.

mod parts;

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::{Diagnose, Diagnostic};
use formats::FORMATS;

use self::parts::Part;
use crate::foreign::FOREIGN_MANIFESTS;
use crate::locking::{manifest_lock_name, script_lock_name};
use crate::{LockOptions, LockRequest};

/// The media type of a form.
pub const MEDIA_TYPE: &str = "multipart/form-data";

/// The project's own file.
const PYPROJECT: &str = "pyproject.toml";

/// Settings that may be given several times: each adds to a list.
const LISTS: [&str; 4] = ["format", "index", "upgrade_package", "upgrade_group"];

/// Reads a form, whose `Content-Type` says what stands between its parts.
///
/// `pyproject.toml` is locked; in a form that has none the manifest of another kind, or the one
/// `.py` file at the top. Of the locks beside it, the first in the order of [`FORMATS`] that can be read is the existing one.
///
/// # Errors
///
/// Everything that is wrong with the form: it is broken, a path leads outside of the project or is
/// given twice, there is no such option, or there is nothing to lock.
pub fn read(content_type: &str, body: &str) -> Result<LockRequest, Vec<Diagnostic>> {
    let parts = parts::split(content_type, body).map_err(|error| vec![error.diagnose()])?;
    let mut form = Form::default();
    let mut found = Vec::new();
    for part in parts {
        found.extend(form.take(part).err());
    }
    let request = form.into_request(&mut found);
    request.filter(|_| found.is_empty()).ok_or(found)
}

/// What a form said so far.
#[derive(Debug, Default)]
struct Form {
    files: BTreeMap<String, String>,
    options: Option<LockOptions>,
    settings: Vec<(String, String)>,
    named: BTreeSet<String>,
}

impl Form {
    fn take(&mut self, part: Part<'_>) -> Result<(), Diagnostic> {
        let name = part.name.as_str();
        if name == "options" {
            let options = serde_json::from_str(part.text).map_err(|error| {
                let title = format!("`options` cannot be read: {error}");
                Diagnostic::error("request/invalid-json", title)
            })?;
            return match self.options.replace(options) {
                Some(_) => Err(twice(name)),
                None => Ok(()),
            };
        }
        if part.file_name.is_none() && !name.is_empty() && !name.contains(['.', '/', '\\']) {
            if !self.named.insert(name.to_owned()) && !LISTS.contains(&name) {
                return Err(twice(name));
            }
            self.settings.push((part.name, part.text.to_owned()));
            return Ok(());
        }
        let path = path_of(&part)?;
        match self.files.insert(path.clone(), part.text.to_owned()) {
            Some(_) => Err(twice(&path).help(ON_PATHS)),
            None => Ok(()),
        }
    }

    fn into_request(self, found: &mut Vec<Diagnostic>) -> Option<LockRequest> {
        let mut request = LockRequest {
            files: self.files,
            options: self.options.unwrap_or_default(),
            ..LockRequest::default()
        };
        for (name, value) in self.settings {
            if name == "format" {
                let formats = value.split(',').map(|name| name.trim().to_owned());
                request.formats.extend(formats);
            } else if let Err(unknown) = request.options.set(&name, &value) {
                found.push(unknown.diagnose().help(ON_PATHS));
            }
        }
        let is_complete = find_root(&mut request);
        if !is_complete && found.is_empty() {
            let title = "expected a part `pyproject.toml`, a manifest of another kind, or one script, found none";
            found.push(Diagnostic::error("request/no-project", title).help(ON_PATHS));
        }
        request.lock = existing_lock(&mut request);
        is_complete.then_some(request)
    }
}

/// Takes what is locked out of the files.
fn find_root(request: &mut LockRequest) -> bool {
    if let Some(text) = request.files.remove(PYPROJECT) {
        request.pyproject = text;
        return true;
    }
    let is_script = |path: &&String| path.ends_with(".py") && !path.contains('/');
    let foreign = FOREIGN_MANIFESTS
        .into_iter()
        .find(|name| request.files.contains_key(*name));
    if let Some(name) = foreign {
        request.manifest = Some(name.to_owned());
        return true;
    }
    let mut scripts = request.files.keys().filter(is_script);
    let (Some(script), None) = (scripts.next().cloned(), scripts.next()) else {
        return false;
    };
    request.script = request.files.remove(&script);
    request.script_name = Some(script);
    true
}

/// Takes the lock whose versions are preferred out of the files.
fn existing_lock(request: &mut LockRequest) -> Option<String> {
    let readable = FORMATS.iter().filter(|it| formats::can_be_read(**it));
    let mut names = readable.map(|format| match &request.script_name {
        Some(script) => script_lock_name(*format, script),
        None => match &request.manifest {
            Some(manifest) => manifest_lock_name(*format, manifest),
            None => format.file_name().to_owned(),
        },
    });
    let is_other = |name: &String| request.manifest.as_ref() != Some(name);
    let name = names.find(|name| request.files.contains_key(name) && is_other(name))?;
    request.files.remove(&name)
}

/// Where a file is within the project.
fn path_of(part: &Part<'_>) -> Result<String, Diagnostic> {
    let path = part.file_name.as_ref().unwrap_or(&part.name);
    let is_end_of_name = part.name.ends_with(&format!("/{path}"));
    let path = if is_end_of_name { &part.name } else { path };
    let steps: Vec<&str> = path.split('/').filter(|step| *step != ".").collect();
    let is_inside = |step: &&str| {
        !step.is_empty()
            && *step != ".."
            && !step.contains(|it: char| it == '\\' || it.is_control())
    };
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    if has_drive || steps.is_empty() || !steps.iter().all(is_inside) {
        let title = format!(
            "expected a path within the project, found `{}`",
            path.escape_debug()
        );
        return Err(Diagnostic::error("request/invalid-path", title).help(ON_PATHS));
    }
    Ok(steps.join("/"))
}

fn twice(name: &str) -> Diagnostic {
    Diagnostic::error("request/duplicate-part", format!("`{name}` is given twice"))
}

const ON_PATHS: &str =
    "a file's path, as `packages/a/pyproject.toml`, is the part's file name or name";

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"a b\"";

    /// A form of `Content-Disposition` parameters and texts.
    fn form(parts: &[(&str, &str)]) -> String {
        let parts = parts.iter().map(|(said, text)| {
            format!("--a b\r\nContent-Disposition: form-data; {said}\r\n\r\n{text}\r\n")
        });
        format!("{}--a b--\r\n", parts.collect::<String>())
    }

    fn accepted(parts: &[(&str, &str)]) -> LockRequest {
        read(TYPE, &form(parts)).unwrap()
    }

    fn refused(parts: &[(&str, &str)]) -> String {
        let found = read(TYPE, &form(parts)).unwrap_err();
        let lines = found.iter().map(|it| format!("{}: {}", it.code, it.title));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn files_are_told_apart_by_path() {
        let request = accepted(&[
            ("name=\"f\"; filename=\"./pyproject.toml\"", "root\r\n"),
            ("name=\"f\"; filename=\"packages/a/pyproject.toml\"", "a"),
            (
                "name=\"packages/b/pyproject.toml\"; filename=\"pyproject.toml\"",
                "b",
            ),
            ("name=\"packages/c/pyproject.toml\"", "c"),
            ("name=\"lock\"; filename=\"pylock.toml\"", "pylock"),
            ("name=\"uv.lock\"", "uv"),
            ("name=\"requirements.txt\"", "no lock"),
        ]);
        assert_eq!(request.pyproject, "root\r\n");
        assert_eq!(request.lock.as_deref(), Some("uv"));
        let files: Vec<_> = request
            .files
            .iter()
            .map(|(path, text)| (&**path, &**text))
            .collect();
        assert_eq!(
            files,
            [
                ("packages/a/pyproject.toml", "a"),
                ("packages/b/pyproject.toml", "b"),
                ("packages/c/pyproject.toml", "c"),
                ("pylock.toml", "pylock"),
                ("requirements.txt", "no lock"),
            ]
        );
    }

    #[test]
    fn options_are_an_object_or_single_parts() {
        let request = accepted(&[
            ("name=\"resolution\"", "lowest"),
            ("name=\"index\"", "https://one.example"),
            ("name=\"index\"", "https://two.example"),
            ("name=\"format\"", "uv, pylock"),
            ("name=\"pyproject.toml\"", ""),
            (
                "name=\"options\"; filename=\"options.json\"",
                r#"{"resolution": "highest", "python": "3.12"}"#,
            ),
        ]);
        assert_eq!(request.options.resolution.as_deref(), Some("lowest"));
        assert_eq!(request.options.python.as_deref(), Some("3.12"));
        assert_eq!(request.options.index.len(), 2);
        assert_eq!(request.formats, ["uv", "pylock"]);
    }

    #[test]
    fn a_script_comes_with_its_lock() {
        let request = accepted(&[
            ("name=\"tool.py\"", "script"),
            ("name=\"tool.py.lock\"", "lock"),
            ("name=\"uv.lock\"", "somebody else's"),
        ]);
        assert_eq!(request.root(), ("tool.py", "script"));
        assert_eq!(request.lock.as_deref(), Some("lock"));
        let found = refused(&[("name=\"a.py\"", ""), ("name=\"b.py\"", "")]);
        assert!(found.starts_with("request/no-project"), "{found}");
    }

    #[test]
    fn a_manifest_of_another_kind_stays_among_the_files() {
        let request = accepted(&[
            ("name=\"requirements.in\"", "six"),
            ("name=\"requirements.txt\"", "six==1"),
            ("name=\"tool.py\"", ""),
        ]);
        assert_eq!(request.root(), ("requirements.in", "six"));
        assert!(request.script.is_none());
        let request = accepted(&[("name=\"requirements.txt\"", "six")]);
        assert_eq!(request.root(), ("requirements.txt", "six"));
        assert_eq!(request.lock, None);
    }

    #[test]
    fn paths_stay_within_the_project() {
        for path in [
            "/etc/pyproject.toml",
            "../a.toml",
            "a/../b.toml",
            "a//b",
            "a/",
            ".",
            "C:/a.toml",
            "a\\\\b.toml",
        ] {
            let found = refused(&[
                ("name=\"pyproject.toml\"", ""),
                (&format!("name=\"f\"; filename=\"{path}\""), ""),
            ]);
            assert!(
                found.starts_with("request/invalid-path: "),
                "{path}: {found}"
            );
        }
    }

    #[test]
    fn every_mistake_is_told() {
        let found = refused(&[
            ("name=\"pyproject.toml\"", ""),
            ("name=\"f\"; filename=\"pyproject.toml\"", ""),
            ("name=\"python\"", "3.12"),
            ("name=\"python\"", "3.13"),
            ("name=\"colour\"", "red"),
            ("name=\"options\"", r#"{"colour": "red"}"#),
        ]);
        let codes: Vec<_> = found
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|it| it.0)
            .collect();
        assert_eq!(
            codes,
            [
                "request/duplicate-part",
                "request/duplicate-part",
                "request/invalid-json",
                "request/unknown-option"
            ]
        );
        assert_eq!(
            refused(&[("name=\"uv.lock\"", "")]),
            "request/no-project: expected a part `pyproject.toml`, a manifest of another kind, or one script, found none"
        );
    }
}
