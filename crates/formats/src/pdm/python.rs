//! What a marker says of Python, and whether a target can meet it.

use super::atom::{Atom, Comparison};
use super::marker::Marker;
use super::specifier::Specifier;

const PYTHON: [&str; 2] = ["python_version", "python_full_version"];

/// Variables that a target without platform and implementation leaves open.
const OPEN: [&str; 9] = [
    "sys_platform",
    "platform_release",
    "platform_system",
    "platform_version",
    "os_name",
    "platform_machine",
    "implementation_name",
    "implementation_version",
    "platform_python_implementation",
];

/// The Pythons a marker allows, if nothing else is looked at.
pub(super) fn of_marker(marker: &Marker) -> Specifier {
    build(&marker.only(&PYTHON)).unwrap_or_else(Specifier::every_version)
}

/// Whether the marker can hold somewhere among these Pythons.
pub(super) fn matches(marker: &Marker, python: &Specifier) -> bool {
    let rest = marker.exclude(&PYTHON).exclude(&OPEN);
    let overlaps = of_marker(marker).and(python);
    !rest.is_empty() && overlaps.is_none_or(|both| !both.is_empty())
}

fn build(marker: &Marker) -> Option<Specifier> {
    match marker {
        Marker::Any => Some(Specifier::every_version()),
        Marker::Empty => Some(Specifier::Empty),
        Marker::Atom(Atom::One(comparison)) => of_comparison(comparison),
        Marker::Atom(_) => None,
        Marker::All(markers) => {
            let mut parts = markers.iter().map(build);
            let first = parts.next()??;
            parts.try_fold(first, |all, part| all.and(&part?))
        }
        Marker::Either(markers) => {
            let mut parts = markers.iter().map(build);
            let first = parts.next()??;
            parts.try_fold(first, |all, part| all.or(&part?))
        }
    }
}

fn of_comparison(comparison: &Comparison) -> Option<Specifier> {
    let is_minor = comparison.name == "python_version";
    let (operator, value) = (comparison.operator.as_str(), comparison.value.as_str());
    let series = |version: &str| match is_minor {
        true => format!("{version}.*"),
        false => version.to_owned(),
    };
    match operator {
        "in" | "not in" => {
            let listed = value
                .split(|character: char| character == ',' || character.is_whitespace())
                .filter(|version| !version.is_empty());
            let sign = if operator == "in" { "==" } else { "!=" };
            let mut parts =
                listed.map(|version| Specifier::parse(&format!("{sign}{}", series(version))));
            let first = parts.next()??;
            parts.try_fold(first, |all, part| match operator {
                "in" => all.or(&part?),
                _ => all.and(&part?),
            })
        }
        ">" | "<=" if is_minor => {
            let mut parts: Vec<u64> = value
                .split('.')
                .map(|part| part.parse().ok())
                .collect::<Option<_>>()?;
            if parts.len() < 2 {
                parts.push(0);
            }
            let last = parts.last_mut()?;
            *last = last.checked_add(1)?;
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            let sign = if operator == ">" { ">=" } else { "<" };
            Specifier::parse(&format!("{sign}{}", parts.join(".")))
        }
        "==" | "!=" if is_minor && value.split('.').count() < 3 && !value.ends_with(".*") => {
            Specifier::parse(&format!("{operator}{}", series(value)))
        }
        _ => Specifier::parse(&format!("{operator}{value}")),
    }
}
