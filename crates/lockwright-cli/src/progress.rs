//! One line on the terminal that says how far it is; none when nobody watches.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use lockwright::Progress;

use crate::transport::HttpTransport;

/// How often the line is drawn again.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// The line.
#[derive(Debug)]
pub struct ProgressLine {
    is_shown: bool,
    latest: RefCell<Progress>,
}

impl ProgressLine {
    /// A line on standard error, if that is a terminal which can redraw it.
    #[must_use]
    pub fn new(is_quiet: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_shown = !is_quiet && !is_dumb && std::io::stderr().is_terminal();
        Self {
            is_shown,
            latest: RefCell::default(),
        }
    }

    /// Takes the state in; it is shown at the next [`draw`](Self::draw).
    pub fn update(&self, progress: &Progress) {
        self.latest.replace(progress.clone());
    }

    /// Draws the line.
    pub fn draw(&self, transport: &HttpTransport) {
        if self.is_shown {
            let line = line(
                &self.latest.borrow(),
                transport.requests(),
                transport.bytes(),
            );
            write_to_terminal(&format!("\r\x1b[2K{line}"));
        }
    }

    /// Removes the line.
    pub fn clear(&self) {
        if self.is_shown {
            write_to_terminal("\r\x1b[2K");
        }
    }
}

fn write_to_terminal(text: &str) {
    let mut terminal = std::io::stderr();
    // A terminal that is gone is not worth an error.
    let _ = terminal
        .write_all(text.as_bytes())
        .and_then(|()| terminal.flush());
}

fn line(progress: &Progress, requests: u64, bytes: u64) -> String {
    let forks = match progress.forks {
        0 => String::new(),
        forks => format!(", fork {}", forks + 1),
    };
    format!(
        "resolving: {} found, {} resolved{forks} · {}, {}",
        count(progress.found as u64, "project"),
        progress.resolved,
        count(requests, "request"),
        size(bytes),
    )
}

/// `1 project`, `2 projects`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_on_a_narrow_terminal() {
        let progress = Progress {
            found: 712,
            resolved: 611,
            forks: 3,
            ..Progress::default()
        };
        let line = line(&progress, 1423, 152_345_678);
        let expected =
            "resolving: 712 projects found, 611 resolved, fork 4 · 1423 requests, 152.3 MB";
        assert_eq!(line, expected);
        assert!(line.chars().count() < 80);
    }
}
