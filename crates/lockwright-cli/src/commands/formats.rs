//! `lockwright formats`: which lock formats there are.

use serde::Serialize;

use super::Status;
use crate::arguments::FormatsArguments;
use crate::report;

/// A format, as `--json` lists it.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    file_name: &'static str,
    media_type: &'static str,
}

/// Lists the formats.
pub fn run(arguments: FormatsArguments) -> Status {
    let formats = formats::FORMATS.iter().map(|format| Listed {
        name: format.name(),
        file_name: format.file_name(),
        media_type: format.media_type(),
    });
    if arguments.json {
        return report::print_json(&formats.collect::<Vec<_>>());
    }
    let lines = formats.map(|it| format!("{:<14}{}\n", it.name, it.file_name));
    report::print(&lines.collect::<String>())
}
