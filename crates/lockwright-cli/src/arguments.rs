//! What the command line says.

pub mod convert;
pub mod inspect;
pub mod migrate;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use lockwright::Mode;

/// Locks Python projects without Python.
#[derive(Clone, Debug, Parser)]
#[command(name = "lockwright", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Resolves a project for all platforms and Pythons, and writes its lock.
    Lock(Box<LockArguments>),
    /// Writes a lock in another format: the same versions and files.
    Convert(Box<convert::ConvertArguments>),
    /// Says what changed from one lock to another, of any formats.
    Diff(inspect::DiffArguments),
    /// Shows a lock's packages as a tree.
    Tree(inspect::TreeArguments),
    /// Says why a package is locked: the ways that lead to it.
    Why(inspect::WhyArguments),
    /// Rewrites a project's manifest for another tool, and carries the locked versions over.
    Migrate(Box<migrate::MigrateArguments>),
    /// Lists the lock formats.
    Formats(FormatsArguments),
}

/// The stand-in for every format.
pub const ALL: &str = "all";

/// Arguments of `lockwright lock`.
#[derive(Args, Clone, Debug)]
pub struct LockArguments {
    /// A folder with a `pyproject.toml`, or that file; a script with a `# /// script` block; or a
    /// requirements file, a `Pipfile`, a `setup.cfg` or a `setup.py`.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// A lock format to write; may be repeated [default: that of `--output`, else uv; of a
    /// requirements file: requirements].
    #[arg(long, short, value_name = "FORMAT", value_parser = format_names())]
    pub format: Vec<String>,
    /// Where to write; `-` is standard output [default: beside `pyproject.toml`, by the usual name; of a
    /// script `SCRIPT.lock`; of a `requirements.in` `requirements.txt`].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing, say why a lock is not up to date, and fail unless all are.
    #[arg(long)]
    pub check: bool,
    /// The index that is asked last, in place of the public one.
    #[arg(long, value_name = "URL", help_heading = INDEXES)]
    pub default_index: Option<String>,
    /// A further index, asked before the default one; may be repeated.
    #[arg(long, value_name = "[NAME=]URL", help_heading = INDEXES)]
    pub index: Vec<String>,
    /// Ask nobody: only what is cached counts.
    #[arg(long, help_heading = INDEXES)]
    pub offline: bool,
    /// Leave out files uploaded at or after this: an instant, a date or a span.
    #[arg(long, value_name = "WHEN", help_heading = VERSIONS)]
    pub exclude_newer: Option<String>,
    /// Lock the environments of hatch too, each as a dependency group.
    #[arg(long)]
    pub hatch: bool,
    /// Do not prefer the versions of the existing lock.
    #[arg(long, short = 'U', help_heading = VERSIONS)]
    pub upgrade: bool,
    /// Do not prefer the locked version of this project, or take that one; may be repeated.
    #[arg(long, short = 'P', value_name = "NAME[==VERSION]", help_heading = VERSIONS)]
    pub upgrade_package: Vec<String>,
    /// Do not prefer the locked versions of what this dependency group requires; may be repeated.
    #[arg(long, value_name = "GROUP", help_heading = VERSIONS)]
    pub upgrade_group: Vec<String>,
    /// Which of the allowed versions to take.
    #[arg(long, value_name = "MODE", help_heading = VERSIONS, value_parser = PossibleValuesParser::new(RESOLUTIONS))]
    pub resolution: Option<String>,
    /// When to take pre-releases.
    #[arg(long, value_name = "MODE", help_heading = VERSIONS, value_parser = PossibleValuesParser::new(PRERELEASES))]
    pub prerelease: Option<String>,
    /// When to lock several versions of a project.
    #[arg(long, value_name = "STRATEGY", help_heading = VERSIONS, value_parser = PossibleValuesParser::new(FORK_STRATEGIES))]
    pub fork_strategy: Option<String>,
    /// In whose manner to resolve [default: that of the first format, else uv].
    #[arg(long, value_name = "TOOL", help_heading = VERSIONS, value_parser = PossibleValuesParser::new(Mode::NAMES))]
    pub mode: Option<String>,
    /// The oldest Python of a project that declares no `requires-python` [default: 3.12].
    #[arg(long, value_name = "VERSION", help_heading = VERSIONS)]
    pub python: Option<String>,
    /// Print the result, or what went wrong, as JSON on standard output.
    #[arg(long)]
    pub json: bool,
    /// Say nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `lockwright formats`.
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatsArguments {
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
}

const INDEXES: &str = "Indexes";
const VERSIONS: &str = "Versions";
const RESOLUTIONS: [&str; 3] = ["highest", "lowest", "lowest-direct"];
const PRERELEASES: [&str; 5] = [
    "disallow",
    "allow",
    "if-necessary",
    "explicit",
    "if-necessary-or-explicit",
];
const FORK_STRATEGIES: [&str; 2] = ["requires-python", "fewest"];

fn format_names() -> PossibleValuesParser {
    let names = formats::writable().map(|format| format.name());
    PossibleValuesParser::new(names.chain([ALL]))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_fit_together() {
        super::Arguments::command().debug_assert();
    }
}
