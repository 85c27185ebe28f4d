//! The command `lockwright`.

use std::process::ExitCode;

use clap::Parser;
use lockwright_cli::arguments::Arguments;

fn main() -> ExitCode {
    lockwright_cli::commands::run(Arguments::parse())
}
