//! The request behind a command line of `uv export`.

use lock::{GroupsFrom, Production, Roots};
use lockwright_formats::{Local, WriteRequest};

/// Understands as much of the command line as the tests need.
pub(crate) fn of(command: &str) -> WriteRequest<'_> {
    let mut request = WriteRequest {
        command: Some(command),
        local: Some(Local::Written),
        ..WriteRequest::default()
    };
    let selection = &mut request.selection;
    let mut words = command.split_whitespace().skip(2);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap();
        match word {
            "--all-packages" => selection.roots = Roots::Members,
            "--package" => selection.roots = Roots::Named([value().parse().unwrap()].into()),
            "--all-extras" => selection.extras.all = true,
            "--extra" => {
                selection.extras.with.insert(value().parse().unwrap());
            }
            "--all-groups" => selection.groups.from = GroupsFrom::All,
            "--group" => {
                selection.groups.with.insert(value().parse().unwrap());
            }
            "--no-dev" => {
                selection.groups.without.insert("dev".parse().unwrap());
            }
            "--only-group" => {
                selection.production = Production::Unwanted;
                selection.groups.from = GroupsFrom::Nothing;
                selection.groups.with.insert(value().parse().unwrap());
            }
            "--prune" => {
                selection.prune.insert(value().parse().unwrap());
            }
            "--no-emit-project" => request.local = Some(Local::LeftOut),
            "--format" | "--script" | "-o" => {
                value();
            }
            "--frozen" => {}
            _ => panic!("unknown option `{word}`"),
        }
    }
    request
}
