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
    layouts: &'static [&'static str],
    can_be_read: bool,
    can_be_written: bool,
}

fn line(format: &Listed) -> String {
    let mut line = format!("{:<30}{}", format.name, format.file_name);
    if !format.layouts.is_empty() {
        line.push_str(&format!("  (layouts: {})", format.layouts.join(", ")));
    }
    if !format.can_be_read {
        line.push_str("  (written only)");
    }
    if !format.can_be_written {
        line.push_str("  (read only)");
    }
    line.push('\n');
    line
}

/// Lists the formats.
pub fn run(arguments: FormatsArguments) -> Status {
    let formats = formats::FORMATS.iter().map(|format| Listed {
        name: format.name(),
        file_name: format.file_name(),
        media_type: format.media_type(),
        layouts: format.layouts(),
        can_be_read: formats::can_be_read(*format),
        can_be_written: formats::can_be_written(*format),
    });
    if arguments.json {
        return report::print_json(&formats.collect::<Vec<_>>());
    }
    let lines = formats.map(|it| line(&it));
    report::print(&lines.collect::<String>())
}
