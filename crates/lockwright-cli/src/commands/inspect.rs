//! `lockwright diff`, `tree` and `why`: locks of any format, looked at.

use std::path::Path;

use diagnostic::{Diagnostic, Sources};
use lockwright::inspect::LockText;
use lockwright::inspect::diff::{DiffRequest, diff};
use lockwright::inspect::tree::{TreeQuery, tree};
use lockwright::inspect::why::{WhyQuery, why};
use lockwright::{Failure, FailureKind};
use serde::Serialize;

use super::Status;
use crate::arguments::inspect::{DiffArguments, DiffStyle, TreeArguments, WhyArguments};
use crate::{lockfile, report};

/// Says what changed from one lock to another.
#[must_use]
pub fn run_diff(arguments: &DiffArguments) -> Status {
    let is_json = arguments.json || arguments.style == DiffStyle::Json;
    let mut locks = Vec::new();
    for path in [&arguments.old, &arguments.new] {
        match read(path, is_json) {
            Ok(lock) => locks.push(lock),
            Err(status) => return status,
        }
    }
    let [old, new] = <[LockText; 2]>::try_from(locks).unwrap_or_default();
    let request = DiffRequest { old, new };
    let reply = match diff(&request) {
        Ok(reply) => reply,
        Err(failure) => return fail(&failure, &[&request.old, &request.new], is_json),
    };
    let printed = match arguments.style {
        _ if is_json => report::print_json(&reply),
        DiffStyle::Markdown => report::print(&reply.markdown()),
        DiffStyle::Text | DiffStyle::Json => report::print(&reply.text()),
    };
    match printed {
        Status::Success if arguments.exit_code && !reply.changes.is_empty() => Status::Unsolved,
        printed => printed,
    }
}

/// Draws a lock's graph.
#[must_use]
pub fn run_tree(arguments: &TreeArguments) -> Status {
    let lock = match read(&arguments.lock, arguments.json) {
        Ok(lock) => lock,
        Err(status) => return status,
    };
    let query = TreeQuery {
        lock,
        package: arguments.package.clone(),
        prune: arguments.prune.clone(),
        invert: arguments.invert,
        depth: arguments.depth,
        no_dedupe: arguments.no_dedupe,
        all_groups: arguments.all_groups,
        group: arguments.group.clone(),
        python: arguments.python.clone(),
        platform: arguments.platform.clone(),
    };
    match tree(&query) {
        Ok(reply) => print(&reply, arguments.json, || reply.text(arguments.markers)),
        Err(failure) => fail(&failure, &[&query.lock], arguments.json),
    }
}

/// Says why a package is locked.
#[must_use]
pub fn run_why(arguments: &WhyArguments) -> Status {
    let lock = match read(&arguments.lock, arguments.json) {
        Ok(lock) => lock,
        Err(status) => return status,
    };
    let query = WhyQuery {
        lock,
        name: arguments.name.clone(),
    };
    match why(&query) {
        Ok(reply) => print(&reply, arguments.json, || reply.text()),
        Err(failure) => fail(&failure, &[&query.lock], arguments.json),
    }
}

fn read(path: &Path, is_json: bool) -> Result<LockText, Status> {
    lockfile::read(path).map_err(|diagnostic| fail(&input(diagnostic), &[], is_json))
}

fn input(diagnostic: Diagnostic) -> Failure {
    Failure {
        kind: FailureKind::Input,
        diagnostics: vec![diagnostic],
    }
}

fn print(reply: &impl Serialize, is_json: bool, text: impl Fn() -> String) -> Status {
    if is_json {
        report::print_json(reply)
    } else {
        report::print(&text())
    }
}

/// Says what went wrong, with the lines of the locks it is about.
fn fail(failure: &Failure, locks: &[&LockText], is_json: bool) -> Status {
    let sources = locks.iter().fold(Sources::none(), |sources, lock| {
        sources.with(&lock.name, &lock.text)
    });
    report::say_failure(failure, &sources, is_json)
}
