//! What is said: results on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};

use diagnostic::problem::Problem;
use diagnostic::text::{self, Dress};
use diagnostic::{Diagnostic, Label, Sources};
use lockwright::api::DiagnosticRecord;
use lockwright::{Failure, FailureKind};
use serde::Serialize;

use crate::commands::Status;

/// Prints to standard output. A reader that went away early is no failure.
pub fn print(text: &str) -> Status {
    let mut output = std::io::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Ok(()) => Status::Success,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Status::Success,
        Err(error) => {
            say(&format!(
                "error: could not write to standard output: {error}"
            ));
            Status::Failed
        }
    }
}

/// Prints a value as JSON to standard output.
pub fn print_json(value: &impl Serialize) -> Status {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&format!("{text}\n")),
        Err(error) => {
            say(&format!("error: could not write JSON: {error}"));
            Status::Failed
        }
    }
}

/// Says a line on standard error.
pub fn say(line: &str) {
    // Where standard error is closed, nobody wants to know.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says a diagnostic, with the lines of the file it is about.
pub fn say_diagnostic(diagnostic: &Diagnostic, sources: &Sources<'_>) {
    let is_coloured = std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let dress = if is_coloured {
        Dress::Ansi
    } else {
        Dress::Plain
    };
    say(text::render_one(diagnostic, sources, dress).trim_end_matches('\n'));
}

/// Says a warning that came with a result.
pub fn say_warning(warning: &DiagnosticRecord, sources: &Sources<'_>) {
    let labels = warning.labels.iter().map(|label| Label {
        file: label.file.clone(),
        span: label.start..label.end,
        text: label.text.clone(),
    });
    let diagnostic = Diagnostic {
        labels: labels.collect(),
        help: warning.help.clone(),
        ..Diagnostic::warning(warning.code.clone(), &warning.title)
    };
    say_diagnostic(&diagnostic, sources);
}

/// Says what went wrong: as JSON on standard output, or in words; the status it ends with.
pub fn say_failure(failure: &Failure, sources: &Sources<'_>, is_json: bool) -> Status {
    if is_json {
        print_problem(failure, sources);
    } else {
        for diagnostic in &failure.diagnostics {
            say_diagnostic(diagnostic, sources);
        }
    }
    match failure.kind {
        FailureKind::NoSolution | FailureKind::NeedsBuild => Status::Unsolved,
        FailureKind::Cancelled => Status::Interrupted,
        FailureKind::Input | FailureKind::Index | FailureKind::IndexTimeout => Status::Failed,
    }
}

/// Prints what went wrong as JSON (RFC 9457), with the HTTP status it would have.
pub fn print_problem(failure: &Failure, sources: &Sources<'_>) -> Status {
    let status = match failure.kind {
        FailureKind::Input | FailureKind::NoSolution | FailureKind::NeedsBuild => 422,
        FailureKind::Index => 502,
        FailureKind::IndexTimeout => 504,
        FailureKind::Cancelled => 499,
    };
    print_json(&Problem::new(&failure.diagnostics, sources, status))
}
