//! What conda's tools lock and list: only the packages that pip installs, and only read.
//!
//! Conda's own packages are none of an index's projects; writing them would need conda's
//! repositories.

mod environment;
mod lock_file;
mod pixi;
mod platform;
mod yaml;

use diagnostic::Diagnostic;
use lock::Lock;

use crate::{LockFormat, WriteRequest, Written};

/// A lock with what deserves a look, or what is wrong.
type Reading = Result<(Lock, Vec<Diagnostic>), Vec<Diagnostic>>;

macro_rules! only_read {
    ($(#[$doc:meta])* $type:ident, $name:literal, $file:literal, $owns:expr, $recognizes:expr, $read:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        impl LockFormat for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn file_name(&self) -> &'static str {
                $file
            }

            fn owns(&self, file_name: &str) -> bool {
                let owns: fn(&str) -> bool = $owns;
                owns(file_name)
            }

            fn recognizes(&self, text: &str) -> bool {
                let recognizes: fn(&str) -> bool = $recognizes;
                recognizes(text)
            }

            fn media_type(&self) -> &'static str {
                "application/yaml"
            }

            fn read(&self, text: &str) -> Result<Lock, Vec<Diagnostic>> {
                $read(text).map(|(lock, _)| lock)
            }

            fn lint(&self, text: &str) -> Vec<Diagnostic> {
                $read(text).map_or_else(|_| Vec::new(), |(_, warnings)| warnings)
            }

            fn write(&self, _: &Lock, _: &WriteRequest<'_>) -> Result<Written, Vec<Diagnostic>> {
                Err(crate::only_read(self))
            }
        }
    };
}

only_read!(
    /// The pip part of a conda `environment.yml`, where everything in it is pinned.
    CondaEnvironment,
    "conda-environment",
    "environment.yml",
    |name| matches!(name, "environment.yml" | "environment.yaml"),
    |text| has_key(text, "dependencies:") && text.lines().any(|line| line.trim() == "- pip:"),
    environment::read
);

only_read!(
    /// The pip part of a lock of conda-lock, version 1.
    CondaLock,
    "conda-lock",
    "conda-lock.yml",
    |name| name == "conda-lock.yml" || name.ends_with(".conda-lock.yml"),
    |text| has_key(text, "package:") && has_key(text, "metadata:"),
    lock_file::read
);

only_read!(
    /// The pip part of a `pixi.lock`, version 4 to 7.
    Pixi,
    "pixi",
    "pixi.lock",
    |name| name == "pixi.lock",
    |text| has_key(text, "environments:") && has_key(text, "packages:"),
    pixi::read
);

/// Whether a line begins with a key of the top level.
fn has_key(text: &str, key: &str) -> bool {
    text.lines().any(|line| line.starts_with(key))
}
