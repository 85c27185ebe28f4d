//! What the command line says of a migration.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use manifest::migrate::Target;

use super::{INDEXES, VERSIONS};

/// Arguments of `lockwright migrate`.
///
/// Comments and order are kept. Whatever the target cannot say stays where it is or is listed. The
/// old lock's versions are preferred in the new one; files are written at the end, all or none, and
/// the old lock and manifests of other kinds are left alone.
#[derive(Args, Clone, Debug)]
pub struct MigrateArguments {
    /// A folder with a project, or its manifest: `pyproject.toml`, `Pipfile`, `setup.cfg`, `setup.py`,
    /// or a requirements file, with those of other groups beside it.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// What to rewrite it for.
    #[arg(long, value_name = "TOOL", value_parser = target_names())]
    pub to: String,
    /// Write nothing; print what would change as a unified diff.
    #[arg(long)]
    pub dry_run: bool,
    /// Rewrite the manifest alone, without resolving.
    #[arg(long)]
    pub no_lock: bool,
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
    /// The oldest Python of a project that declares no `requires-python` [default: 3.12].
    #[arg(long, value_name = "VERSION", help_heading = VERSIONS)]
    pub python: Option<String>,
    /// Say nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

fn target_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Target::ALL.map(|(name, _)| name))
}
