//! Locks looked at: compared, drawn as trees, asked why something is in them. Text in, facts out;
//! nobody is asked.

pub mod diff;
pub mod draw;
pub mod tree;
pub mod why;

use diagnostic::Diagnostic;
use formats::LockFormat;
use lock::Lock;
use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// A lock file as it was given.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LockText {
    /// The file's name, by which its format is known; without one the text decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it says.
    pub text: String,
}

impl LockText {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// The format is unknown, cannot be read, or the text is no file of it.
    pub fn read(&self) -> Result<(&'static dyn LockFormat, Lock), Failure> {
        let format = formats::detect(&self.name, &self.text);
        let read = formats::read(&self.name, &self.text);
        let input = |found: Vec<Diagnostic>| Failure::new(FailureKind::Input, found);
        match (format, read) {
            (Some(format), Ok(lock)) => Ok((format, lock)),
            (None, Ok(_)) => Err(input(Vec::new())),
            (_, Err(found)) => Err(input(found)),
        }
    }
}
