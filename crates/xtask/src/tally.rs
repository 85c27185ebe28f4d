//! How many tests passed and failed, read off what the test programs print.

use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::command::{Failed, watched};

/// Counts of one suite or of several.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Tally {
    /// One check that passed or failed.
    pub(crate) fn one(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
        }
    }

    /// Reads a line of the Rust test harness, of wasm-bindgen's runner, or of Node's TAP.
    fn read(&mut self, line: &str) {
        if let Some(summary) = line.trim_start().strip_prefix("test result:") {
            self.passed += number_before(summary, " passed");
            self.failed += number_before(summary, " failed");
        } else if let Some(count) = line.strip_prefix("# pass ") {
            self.passed += count.trim().parse().unwrap_or(0);
        } else if let Some(count) = line
            .strip_prefix("# fail ")
            .or(line.strip_prefix("# cancelled "))
        {
            self.failed += count.trim().parse().unwrap_or(0);
        }
    }

    /// A program that failed without saying so in numbers counts as one failed test, and so does
    /// one that ran no test at all.
    fn settle(mut self, status: Option<ExitStatus>) -> Self {
        let well = status.is_some_and(|status| status.success());
        if (!well && self.failed == 0) || (well && self == Self::default()) {
            self.failed += 1;
        }
        self
    }
}

fn number_before(text: &str, word: &str) -> u64 {
    let before = text.find(word).map_or("", |at| &text[..at]);
    before
        .rsplit(|character: char| !character.is_ascii_digit())
        .next()
        .unwrap_or("")
        .parse()
        .unwrap_or(0)
}

/// Runs a test program, its output shown, and counts.
pub(crate) fn run_suite(command: &mut Command, limit: Duration) -> Result<Tally, Failed> {
    let seen = Arc::new(Mutex::new(Tally::default()));
    let counter = Arc::clone(&seen);
    let status = watched(command, limit, move |line| {
        counter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .read(line);
    })?;
    if status.is_none() {
        eprintln!("ended after {} s: its time was up", limit.as_secs());
    }
    let tally = *seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(tally.settle(status))
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn counts_what_each_harness_prints() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored",
            "# pass 7",
            "# fail 1",
            "# cancelled 1",
            "a line about 99 passed things",
        ] {
            tally.read(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 22,
                failed: 4
            }
        );
    }

    #[test]
    fn a_silent_program_is_a_failure() {
        assert_eq!(
            Tally::default().settle(None),
            Tally {
                passed: 0,
                failed: 1
            }
        );
    }
}
