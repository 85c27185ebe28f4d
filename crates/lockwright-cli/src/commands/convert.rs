//! `lockwright convert`: a lock's versions and files, in another format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diagnostic::{Diagnostic, Sources};
use lockwright::convert::{ConvertReply, ConvertRequest};
use lockwright::selection::Wanted;
use lockwright::{Failure, FailureKind, LockOptions};
use manifest::Dialect;

use super::Status;
use crate::arguments::convert::{ConvertArguments, SelectionArguments};
use crate::credentials::Credentials;
use crate::output::{self, Replaced};
use crate::project::ProjectFiles;
use crate::session::{Session, environment, now, shown};
use crate::{lockfile, report};

/// Converts a lock.
#[must_use]
pub fn run(arguments: &ConvertArguments) -> Status {
    let request = match request(arguments) {
        Ok(request) => request,
        Err(error) => {
            let failure = Failure {
                kind: FailureKind::Input,
                diagnostics: vec![error],
            };
            return report::say_failure(&failure, &Sources::none(), arguments.json);
        }
    };
    let session = Session {
        credentials: credentials(&request),
        project: folder_of(&arguments.from),
        is_offline: arguments.offline,
        is_quiet: arguments.quiet,
    };
    let converted =
        session.run(async |source, progress| lockwright::convert(&request, source, progress).await);
    match converted {
        Ok((mut reply, warnings)) => {
            reply.warnings.extend(warnings.iter().map(Into::into));
            finish(arguments, &request, &reply)
        }
        Err(failure) => report::say_failure(&failure, &request.sources(), arguments.json),
    }
}

fn request(arguments: &ConvertArguments) -> Result<ConvertRequest, Diagnostic> {
    let lock = lockfile::read(&arguments.from)?;
    let project = manifest(arguments)?;
    let (pyproject, files) = match project {
        Some(project) => (Some(project.text), project.others),
        None => (None, BTreeMap::new()),
    };
    Ok(ConvertRequest {
        lock,
        to: targets(arguments)?,
        pyproject,
        files,
        wanted: wanted(&arguments.selection),
        layout: arguments.layout.clone(),
        no_hashes: arguments.no_hashes,
        no_annotate: arguments.no_annotate,
        options: LockOptions {
            public_index: environment("LOCKWRIGHT_PUBLIC_INDEX"),
            default_index: arguments.default_index.clone(),
            index: arguments.index.clone(),
            now: Some(now()),
            ..LockOptions::default()
        },
        offline: arguments.offline,
        allow_changes: arguments.allow_changes,
    })
}

fn wanted(selection: &SelectionArguments) -> Wanted {
    let it = selection.clone();
    let dev = it.no_dev.then(|| "dev".to_owned());
    Wanted {
        package: it.package,
        all_packages: it.all_packages,
        extra: it.extra,
        all_extras: it.all_extras,
        no_extra: it.no_extra,
        group: it.group,
        all_groups: it.all_groups,
        no_group: it.no_group.into_iter().chain(dev).collect(),
        no_default_groups: it.no_default_groups,
        only_group: it.only_group,
        prune: it.prune,
        python: it.python,
        platform: it.platform,
    }
}

/// The formats to write: those asked for, or that of the file to write.
fn targets(arguments: &ConvertArguments) -> Result<Vec<String>, Diagnostic> {
    if !arguments.to.is_empty() {
        return Ok(arguments.to.clone());
    }
    let name = arguments.output.as_ref().and_then(|it| it.file_name());
    let name = name.and_then(|it| it.to_str()).unwrap_or_default();
    let mut formats = formats::FORMATS.iter();
    match formats.find(|format| format.owns(name)) {
        Some(format) => Ok(vec![format.name().to_owned()]),
        None => {
            let error = Diagnostic::error("cli/no-format", "which format shall it be?");
            Err(error.help("say `--to FORMAT`; `lockwright formats` lists them"))
        }
    }
}

/// The project the lock belongs to: the one named, or the one beside the lock.
fn manifest(arguments: &ConvertArguments) -> Result<Option<ProjectFiles>, Diagnostic> {
    let path = match &arguments.manifest {
        Some(path) => path.clone(),
        None => {
            let beside = folder_of(&arguments.from).join("pyproject.toml");
            if !beside.is_file() {
                return Ok(None);
            }
            beside
        }
    };
    let read = ProjectFiles::read(&path, Dialect::Uv);
    read.map(Some)
        .map_err(|error| Diagnostic::error("cli/unreadable-file", error))
}

fn folder_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

fn credentials(request: &ConvertRequest) -> Credentials {
    let mut credentials = Credentials::default();
    let options = &request.options;
    let indexes = options.index.iter().chain(&options.default_index);
    for index in indexes.chain(&options.public_index) {
        credentials.learn(index);
    }
    credentials
}

/// Writes the locks, and says what could not be said in them.
fn finish(arguments: &ConvertArguments, request: &ConvertRequest, reply: &ConvertReply) -> Status {
    if !arguments.quiet {
        for warning in &reply.warnings {
            report::say_warning(warning, &request.sources());
        }
    }
    if reply.locks.len() > 1 && arguments.output.is_none() && !arguments.json {
        let error = Diagnostic::error("cli/one-output", "several formats need a folder");
        report::say_diagnostic(&error.help("name it with `--output`"), &Sources::none());
        return Status::Failed;
    }
    for (name, lock) in &reply.locks {
        let status = match place(arguments, &lock.file_name, reply.locks.len()) {
            Some(path) => write(&path, &lock.text, arguments.quiet),
            None if arguments.json => Status::Success,
            None => report::print(&lock.text),
        };
        if status != Status::Success {
            return status;
        }
        if !arguments.quiet {
            for loss in &lock.losses {
                report::say(&format!("note: {name}: {loss}"));
            }
        }
    }
    if arguments.json {
        return report::print_json(reply);
    }
    Status::Success
}

/// Where a lock is written; `None` is standard output.
fn place(arguments: &ConvertArguments, file_name: &str, count: usize) -> Option<PathBuf> {
    let output = arguments.output.as_ref()?;
    if output == Path::new("-") {
        return None;
    }
    if count > 1 || output.is_dir() {
        return Some(output.join(file_name));
    }
    Some(output.clone())
}

fn write(path: &Path, text: &str, is_quiet: bool) -> Status {
    match output::replace(path, text) {
        Ok(replaced) => {
            if !is_quiet {
                report::say(&match replaced {
                    Replaced::Written => format!("Wrote `{}`", shown(path)),
                    Replaced::Unchanged => format!("`{}` is up to date", shown(path)),
                });
            }
            Status::Success
        }
        Err(error) => {
            report::say(&format!(
                "error: could not write `{}`: {error}",
                shown(path)
            ));
            Status::Failed
        }
    }
}
