//! The existing lock as it was given: whole, or the two sides of a merge conflict.

use diagnostic::{Diagnostic, Severity};
use lock::Lock;

/// What of an existing lock could be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Existing {
    /// The lock, or the sides of a conflict that can be read, ours first.
    pub(crate) locks: Vec<Lock>,
    /// What had to be left aside.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Why it is not up to date, whatever it says.
    pub(crate) stale: Vec<Diagnostic>,
}

impl Existing {
    /// Reads a lock of any format, with merge conflicts or without.
    pub(crate) fn read(text: &str) -> Self {
        let Some(sides) = formats::merge_sides(text) else {
            return Self::default().with(text, "the existing lock");
        };
        let title = "the existing lock has merge conflict markers";
        let existing = Self {
            stale: vec![Diagnostic::warning("check/merge-conflict", title)],
            ..Self::default()
        };
        let [ours, theirs] = sides;
        let mut existing = existing
            .with(&ours, "our side of the existing lock")
            .with(&theirs, "their side of the existing lock");
        if !existing.locks.is_empty() {
            let title = format!("{title}: the versions of its sides are preferred");
            let warning = Diagnostic::warning("formats/merge-conflict", title);
            existing.warnings.insert(0, warning);
        }
        existing
    }

    fn with(mut self, text: &str, what: &str) -> Self {
        let as_warning = |mut diagnostic: Diagnostic| {
            diagnostic.severity = Severity::Warning;
            diagnostic.title = format!("{what} is ignored: {}", diagnostic.title);
            diagnostic.in_file("existing lock")
        };
        match formats::read("", text) {
            Ok(lock) => self.locks.push(lock),
            Err(found) => self.warnings.extend(found.into_iter().map(as_warning)),
        }
        self
    }

    /// Whether there are no conflicts in it.
    pub(crate) fn is_whole(&self) -> bool {
        self.stale.is_empty()
    }

    /// The lock, if there are no conflicts in it.
    pub(crate) fn whole(&self) -> Option<&Lock> {
        self.locks.first().filter(|_| self.is_whole())
    }
}
