//! Arguments of the commands that look at locks.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `lockwright diff`.
#[derive(Args, Clone, Debug)]
pub struct DiffArguments {
    /// The lock before, of any format; `-` is standard input.
    pub old: PathBuf,
    /// The lock after, of any format; `-` is standard input.
    pub new: PathBuf,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = DiffStyle::Text)]
    pub style: DiffStyle,
    /// Print JSON; the same as `--style json`.
    #[arg(long, conflicts_with = "style")]
    pub json: bool,
    /// Fail (status 1) if anything changed.
    #[arg(long)]
    pub exit_code: bool,
}

/// How `lockwright diff` says what changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum DiffStyle {
    /// Lines for a terminal.
    Text,
    /// A table for a pull request.
    Markdown,
    /// For programs.
    Json,
}

/// Arguments of `lockwright tree`.
#[derive(Args, Clone, Debug)]
pub struct TreeArguments {
    /// A lock of any format, or a folder that has one; `-` is standard input.
    #[arg(default_value = ".")]
    pub lock: PathBuf,
    /// Begin with this project; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub package: Vec<String>,
    /// Leave out this project and what is below it; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub prune: Vec<String>,
    /// Show what requires each package below it.
    #[arg(long)]
    pub invert: bool,
    /// How many levels to show below the first.
    #[arg(long, short, value_name = "LEVELS")]
    pub depth: Option<usize>,
    /// Show again what was shown before.
    #[arg(long)]
    pub no_dedupe: bool,
    /// Show the condition of each requirement.
    #[arg(long)]
    pub markers: bool,
    /// Every dependency group, not just those installed by default.
    #[arg(long)]
    pub all_groups: bool,
    /// This dependency group, too; may be repeated.
    #[arg(long, value_name = "GROUP")]
    pub group: Vec<String>,
    /// Only what this Python needs, `3.12` for instance.
    #[arg(long, value_name = "VERSION")]
    pub python: Option<String>,
    /// Only what this platform needs: `linux`, `linux/arm64`, `aarch64-apple-darwin`.
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `lockwright why`.
#[derive(Args, Clone, Debug)]
pub struct WhyArguments {
    /// The project.
    pub name: String,
    /// A lock of any format, or a folder that has one; `-` is standard input.
    #[arg(default_value = ".")]
    pub lock: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
