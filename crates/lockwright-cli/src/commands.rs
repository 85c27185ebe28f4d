//! What the command can do, one file each, and the exit status it ends with.

pub mod convert;
pub mod formats;
pub mod inspect;
pub mod lock;
pub mod migrate;

use std::process::ExitCode;

use crate::arguments::{Arguments, Command};

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// As wished.
    Success,
    /// There is no lock to be had, or it is not up to date.
    Unsolved,
    /// The input cannot be read, or the index failed.
    Failed,
    /// The user broke it off.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Success => 0,
            Status::Unsolved => 1,
            Status::Failed => 2,
            Status::Interrupted => 130,
        })
    }
}

/// Does what the arguments say.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Lock(arguments) => lock::run(&arguments).into(),
        Command::Convert(arguments) => convert::run(&arguments).into(),
        Command::Diff(arguments) => inspect::run_diff(&arguments).into(),
        Command::Tree(arguments) => inspect::run_tree(&arguments).into(),
        Command::Why(arguments) => inspect::run_why(&arguments).into(),
        Command::Migrate(arguments) => migrate::run(&arguments).into(),
        Command::Formats(arguments) => formats::run(arguments).into(),
    }
}
