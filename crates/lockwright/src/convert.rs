//! Converting a lock: the same versions and files, in another format.
//!
//! A format that holds a graph and is kept in step with a manifest is written by resolving anew
//! with the lock's versions as pins, in the manner of the format's tool, so that the tool finds
//! nothing to change; a lock that holds a selection is written from the lock itself.

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::{Diagnostic, Severity, Sources};
use formats::{Annotations, Hashes, LockFormat, Needs, WriteRequest};
use lock::{ChangeKind, Detail, Lock, Scope};
use packaging::{IndexUrl, PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::api::{DiagnosticRecord, Stats, WrittenLock};
use crate::inspect::LockText;
use crate::selection::Wanted;
use crate::{Failure, LockOptions, LockRequest, PUBLIC_INDEX, Progress, Source};

/// A lock to convert.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConvertRequest {
    /// The lock, of any format that can be read.
    pub lock: LockText,
    /// The formats wanted, by name.
    pub to: Vec<String>,
    /// The text of the project's `pyproject.toml`, which some formats hash or are checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pyproject: Option<String>,
    /// Further files by path relative to `pyproject.toml`: those of workspace members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Which part of the lock is wanted, for formats that hold one part only.
    #[serde(default)]
    pub wanted: Wanted,
    /// How a format is laid out, where it can be laid out in several ways: `/v1/formats` lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Leave the hashes out, in formats that can do without.
    #[serde(default)]
    pub no_hashes: bool,
    /// Do not say which packages require each package, in formats that say it in comments.
    #[serde(default)]
    pub no_annotate: bool,
    /// Settings of a resolution, where one is needed.
    #[serde(default)]
    pub options: LockOptions,
    /// Ask no index: write what the lock itself says, or fail.
    #[serde(default)]
    pub offline: bool,
    /// Go on, with a warning, where the new format's tool would lock another version.
    #[serde(default)]
    pub allow_changes: bool,
}

impl ConvertRequest {
    /// Every text of the request, for the places in diagnostics.
    #[must_use]
    pub fn sources(&self) -> Sources<'_> {
        let lock = Sources::one(&self.lock.name, &self.lock.text);
        let manifest = self.pyproject.iter().map(|text| ("pyproject.toml", text));
        let files = self.files.iter().map(|(file, text)| (&**file, text));
        manifest
            .chain(files)
            .fold(lock, |it, (file, text)| it.with(file, text))
    }
}

impl ConvertRequest {
    fn write_request(&self) -> WriteRequest<'_> {
        WriteRequest {
            pyproject: self.pyproject.as_deref(),
            layout: self.layout.as_deref(),
            hashes: if self.no_hashes {
                Hashes::LeftOut
            } else {
                Hashes::Written
            },
            annotations: if self.no_annotate {
                Annotations::LeftOut
            } else {
                Annotations::Written
            },
            ..WriteRequest::default()
        }
    }

    /// The index of packages of which the lock names none.
    fn default_index(&self) -> IndexUrl {
        let options = &self.options;
        let index = options
            .default_index
            .as_ref()
            .or(options.public_index.as_ref());
        IndexUrl::new(index.map_or(PUBLIC_INDEX, String::as_str))
    }
}

/// What a conversion gives.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ConvertReply {
    /// The format that was read.
    pub from: String,
    /// The locks by format name.
    pub locks: BTreeMap<String, WrittenLock>,
    /// What is different, and why.
    pub warnings: Vec<DiagnosticRecord>,
    /// What resolving took, where it was needed.
    pub stats: Stats,
}

/// Converts a lock.
///
/// # Errors
///
/// The lock cannot be read; a format needs what nobody said; the index failed; or versions or
/// hashes would not stay what they are.
pub async fn convert(
    request: &ConvertRequest,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
) -> Result<ConvertReply, Failure> {
    let (from, lock) = request.lock.read()?;
    let targets = crate::locking::wanted_formats(&request.to).map_err(Failure::input)?;
    let selection = request.wanted.selection().map_err(Failure::input)?;
    let mut reply = ConvertReply {
        from: from.name().to_owned(),
        ..ConvertReply::default()
    };
    for target in targets {
        let is_new = target.name() != from.name();
        let written = if is_new && is_kept_in_step(target, request) {
            relock(request, &lock, target, source, progress, &mut reply).await?
        } else {
            let lock =
                complete(request, &lock, target.needs(), source, progress, &mut reply).await?;
            let environment = request.wanted.environment();
            let written = WriteRequest {
                previous: (!is_new).then_some(&*request.lock.text),
                selection: selection.clone(),
                environment: environment.as_ref(),
                ..request.write_request()
            };
            write(&lock, target, &written)?
        };
        reply.locks.insert(target.name().to_owned(), written);
    }
    Ok(reply)
}

/// Whether a format is written by resolving: a tool compares it with a manifest that is here.
fn is_kept_in_step(target: &dyn LockFormat, request: &ConvertRequest) -> bool {
    !target.is_export() && request.pyproject.is_some() && !request.offline
}

fn write(
    lock: &Lock,
    target: &dyn LockFormat,
    request: &WriteRequest<'_>,
) -> Result<WrittenLock, Failure> {
    let written = target.write(lock, request).map_err(Failure::input)?;
    Ok(WrittenLock {
        file_name: target.file_name().to_owned(),
        losses: written.losses.iter().map(ToString::to_string).collect(),
        text: written.text,
    })
}

/// The lock with what a format needs of it, as the index says; its hashes are compared on the way.
async fn complete(
    request: &ConvertRequest,
    lock: &Lock,
    needs: Needs,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
    reply: &mut ConvertReply,
) -> Result<Lock, Failure> {
    if request.offline {
        return Ok(lock.clone());
    }
    let index = request.default_index();
    let completed = crate::complete(lock.clone(), needs, &index, source, progress).await;
    let (lock, warnings) = completed?;
    reply.warnings.extend(warnings.iter().map(Into::into));
    Ok(lock)
}

/// Resolves with the lock's versions as pins, and looks whether they stayed.
async fn relock(
    request: &ConvertRequest,
    lock: &Lock,
    target: &'static dyn LockFormat,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
    reply: &mut ConvertReply,
) -> Result<WrittenLock, Failure> {
    // What the lock says of files is compared with the index, whatever the format will say of them.
    let places = Needs {
        places: true,
        ..Needs::NOTHING
    };
    let lock = &complete(request, lock, places, source, progress, reply).await?;
    let asked = LockRequest {
        pyproject: request.pyproject.clone().unwrap_or_default(),
        files: request.files.clone(),
        lock: Some(request.lock.text.clone()),
        formats: vec![target.name().to_owned()],
        options: request.options.clone(),
        ..LockRequest::default()
    };
    let mut locked = crate::lock(&asked, source, progress).await?;
    let written = locked.locks.remove(target.name()).unwrap_or_default();
    let new = target.read(&written.text).map_err(Failure::input)?;
    let found = compare(lock, &new, target, request.allow_changes);
    if found.iter().any(Diagnostic::is_error) {
        return Err(Failure::input(found));
    }
    reply.stats = locked.stats;
    reply.warnings.extend(locked.warnings);
    reply.warnings.extend(found.iter().map(Into::into));
    Ok(written)
}

/// What became of the versions and hashes of a lock: errors where they changed.
fn compare(
    old: &Lock,
    new: &Lock,
    target: &dyn LockFormat,
    allow_changes: bool,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (mut gone, mut fresh) = (Vec::new(), Vec::new());
    for change in lock::difference(old, new, Scope::Shared) {
        for detail in &change.details {
            if let Detail::Hash { file, from, to } = detail {
                let title =
                    format!("the hash of `{file}` changed: {from} is locked, the index says {to}");
                found.push(Diagnostic::error("convert/hash-mismatch", title));
            }
        }
        let name = &change.name;
        match change.kind {
            ChangeKind::Added => fresh.push(said(name, &change.to)),
            ChangeKind::Removed => gone.push(said(name, &change.from)),
            _ => {
                let others: BTreeSet<Version> =
                    change.to.difference(&change.from).cloned().collect();
                let left: BTreeSet<Version> = change.from.difference(&change.to).cloned().collect();
                if !others.is_empty() {
                    found.push(version_changes(
                        name,
                        &change.from,
                        &others,
                        target,
                        allow_changes,
                    ));
                } else if !left.is_empty() {
                    gone.push(said(name, &left));
                }
            }
        }
    }
    found.extend(listed(
        "convert/left-out",
        "not wanted by the manifest in that format, and left out",
        &gone,
    ));
    found.extend(listed(
        "convert/resolved-anew",
        "not in the lock, and resolved anew",
        &fresh,
    ));
    found.sort_by_key(|diagnostic| diagnostic.severity == Severity::Warning);
    found
}

/// `name 1.0, 2.0`.
fn said(name: &PackageName, versions: &BTreeSet<Version>) -> String {
    let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
    format!("{name} {}", versions.join(", "))
        .trim_end()
        .to_owned()
}

fn version_changes(
    name: &PackageName,
    from: &BTreeSet<Version>,
    others: &BTreeSet<Version>,
    target: &dyn LockFormat,
    allow_changes: bool,
) -> Diagnostic {
    let from: Vec<_> = from.iter().map(ToString::to_string).collect();
    let others: Vec<_> = others.iter().map(ToString::to_string).collect();
    let title = format!(
        "`{name}` is locked at {}, which `{}` cannot keep: it would be {}",
        from.join(", "),
        target.file_name(),
        others.join(", ")
    );
    let code = "convert/version-changes";
    if allow_changes {
        return Diagnostic::warning(code, title);
    }
    Diagnostic::error(code, title).help("`--allow-changes` takes the other version")
}

/// One warning for several packages.
fn listed(code: &'static str, what: &str, packages: &[String]) -> Option<Diagnostic> {
    let title = match packages {
        [] => return None,
        [one] => format!("`{one}` is {what}"),
        [first, rest @ ..] if rest.len() < 5 => {
            format!("`{first}`, `{}` are {what}", rest.join("`, `"))
        }
        [first, rest @ ..] => format!("`{first}` and {} more packages are {what}", rest.len()),
    };
    Some(Diagnostic::warning(code, title))
}
