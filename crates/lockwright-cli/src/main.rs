//! The command `lockwright`.

use std::process::ExitCode;

use clap::Parser;
use lockwright_cli::arguments::Arguments;

/// The system's allocator takes a seventh of a run's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lockwright_cli::commands::run(Arguments::parse())
}
