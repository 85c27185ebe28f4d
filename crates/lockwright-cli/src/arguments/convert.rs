//! Arguments of `lockwright convert`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `lockwright convert`.
#[derive(Args, Clone, Debug)]
pub struct ConvertArguments {
    /// A lock of any format, or a folder that has one; `-` is standard input.
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// The format to write; may be repeated [default: that of `--output`].
    #[arg(long, value_name = "FORMAT", value_parser = super::format_names())]
    pub to: Vec<String>,
    /// The project's `pyproject.toml` or its folder [default: the one beside the lock].
    #[arg(long, value_name = "PATH")]
    pub manifest: Option<PathBuf>,
    /// The file to write, or for several formats the folder [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How to lay the format out, where it can be laid out in several ways; `lockwright formats`
    /// lists them.
    #[arg(long, value_name = "LAYOUT")]
    pub layout: Option<String>,
    /// Leave the hashes out, in formats that can do without.
    #[arg(long)]
    pub no_hashes: bool,
    /// Do not say which packages require each package, in formats that say it in comments.
    #[arg(long)]
    pub no_annotate: bool,
    /// Ask nobody: write what the lock itself says, or fail.
    #[arg(long)]
    pub offline: bool,
    /// Take another version, with a warning, where the format's tool could not keep the locked one.
    #[arg(long)]
    pub allow_changes: bool,
    /// Which part of the lock is written, in formats that hold one part only.
    #[command(flatten)]
    pub selection: SelectionArguments,
    /// The index that is asked last, in place of the public one.
    #[arg(long, value_name = "URL", help_heading = super::INDEXES)]
    pub default_index: Option<String>,
    /// A further index, asked before the default one; may be repeated.
    #[arg(long, value_name = "[NAME=]URL", help_heading = super::INDEXES)]
    pub index: Vec<String>,
    /// Print the result, or what went wrong, as JSON on standard output.
    #[arg(long)]
    pub json: bool,
    /// Say nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Which part of a lock is wanted.
#[derive(Args, Clone, Debug)]
pub struct SelectionArguments {
    /// This member of the workspace; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = SELECTION)]
    pub package: Vec<String>,
    /// All members of the workspace.
    #[arg(long, help_heading = SELECTION)]
    pub all_packages: bool,
    /// This extra; may be repeated.
    #[arg(long, value_name = "EXTRA", help_heading = SELECTION)]
    pub extra: Vec<String>,
    /// All extras.
    #[arg(long, help_heading = SELECTION)]
    pub all_extras: bool,
    /// Not this extra; may be repeated.
    #[arg(long, value_name = "EXTRA", help_heading = SELECTION)]
    pub no_extra: Vec<String>,
    /// This dependency group, too; may be repeated.
    #[arg(long, value_name = "GROUP", help_heading = SELECTION)]
    pub group: Vec<String>,
    /// All dependency groups.
    #[arg(long, help_heading = SELECTION)]
    pub all_groups: bool,
    /// Not this dependency group; may be repeated.
    #[arg(long, value_name = "GROUP", help_heading = SELECTION)]
    pub no_group: Vec<String>,
    /// Not the dependency group `dev`.
    #[arg(long, help_heading = SELECTION)]
    pub no_dev: bool,
    /// Not the dependency groups that are installed by default.
    #[arg(long, help_heading = SELECTION)]
    pub no_default_groups: bool,
    /// Only this dependency group, without the project; may be repeated.
    #[arg(long, value_name = "GROUP", help_heading = SELECTION)]
    pub only_group: Vec<String>,
    /// Leave out this package and what only it needs; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = SELECTION)]
    pub prune: Vec<String>,
    /// Only for this Python: `3.12` or `3.12.4`.
    #[arg(long, value_name = "VERSION", help_heading = SELECTION)]
    pub python: Option<String>,
    /// Only for this platform: `linux`, `linux/arm64`, `windows`, `aarch64-apple-darwin`.
    #[arg(long, value_name = "PLATFORM", help_heading = SELECTION)]
    pub platform: Option<String>,
}

const SELECTION: &str = "Selection";
