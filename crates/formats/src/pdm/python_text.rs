//! Sets of Pythons as `requires-python` and as a marker.

use packaging::Version;

use super::specifier::{Range, Specifier, split_operator};

/// The clauses, sorted; what lies between two ranges is excluded version by version, whole series
/// where they fit.
pub(super) fn specifier(specifier: &Specifier) -> String {
    let text = match specifier {
        Specifier::Ranges(ranges) => normalized(&ranges.ranges),
        other => other.to_string(),
    };
    let mut clauses: Vec<&str> = text
        .split(',')
        .filter(|clause| !clause.is_empty())
        .collect();
    clauses.sort_unstable();
    clauses.join(",")
}

fn normalized(ranges: &[Range]) -> String {
    let mut parts = Vec::new();
    if let (Some(first), Some(last)) = (ranges.first(), ranges.last()) {
        let whole = Range::between(first.min.clone(), last.max.clone());
        if !whole.is_any() {
            parts.push(whole.to_string());
        }
    }
    for pair in ranges.windows(2) {
        let (Some(end), Some(start)) = (&pair[0].max, &pair[1].min) else {
            continue;
        };
        let from = three(&end.version, end.included);
        let to = three(&start.version, !start.included);
        parts.extend(
            between(from, to)
                .iter()
                .map(|version| format!("!={version}")),
        );
    }
    parts.join(",")
}

/// Three numbers, or those of the next version.
fn three(version: &Version, next: bool) -> [u64; 3] {
    let part = |at: usize| version.release().get(at).copied().unwrap_or(0);
    [part(0), part(1), part(2) + u64::from(next)]
}

/// The last release of a series, as pdm 2.29.3 knows them.
fn last_of(major: u64, minor: u64) -> u64 {
    const KNOWN: [(u64, u64, u64); 24] = [
        (2, 0, 1),
        (2, 1, 3),
        (2, 2, 3),
        (2, 3, 7),
        (2, 4, 6),
        (2, 5, 6),
        (2, 6, 9),
        (2, 7, 18),
        (3, 0, 1),
        (3, 1, 5),
        (3, 2, 6),
        (3, 3, 7),
        (3, 4, 10),
        (3, 5, 10),
        (3, 6, 15),
        (3, 7, 17),
        (3, 8, 20),
        (3, 9, 25),
        (3, 10, 22),
        (3, 11, 17),
        (3, 12, 15),
        (3, 13, 16),
        (3, 14, 8),
        (3, 15, 0),
    ];
    let known = KNOWN
        .iter()
        .find(|known| (known.0, known.1) == (major, minor));
    known.map_or(0, |known| known.2)
}

/// What to exclude from the first version up to the second one, which stays.
fn between(from: [u64; 3], to: [u64; 3]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = from;
    let after = |major: u64, minor: u64| match (major, minor) {
        // Python 2 ends with 2.7.
        (2, 8..) => [3, 0, 0],
        _ => [major, minor, 0],
    };
    while at < to && found.len() < 256 {
        let [major, minor, patch] = at;
        if minor == 0 && patch == 0 && [major + 1, 0, 0] <= to {
            found.push(format!("{major}.*"));
            at = [major + 1, 0, 0];
        } else if [major, minor + 1, 0] <= to {
            if patch == 0 {
                found.push(format!("{major}.{minor}.*"));
            } else {
                let patches = patch..=last_of(major, minor);
                found.extend(patches.map(|patch| format!("{major}.{minor}.{patch}")));
            }
            at = after(major, minor + 1);
        } else {
            found.push(format!("{major}.{minor}.{patch}"));
            at = [major, minor, patch + 1];
        }
    }
    found
}

/// A marker that says the same; empty for any Python.
pub(super) fn marker(specifier: &Specifier) -> String {
    if specifier.is_any() {
        return String::new();
    }
    let simple = specifier.simple().is_some();
    let parts = match specifier {
        Specifier::Ranges(ranges) if !simple || ranges.ranges.len() > 1 => &ranges.ranges[..],
        other => return of_clauses(&other.to_string()),
    };
    let parts: Vec<String> = parts
        .iter()
        .map(|range| of_clauses(&range.to_string()))
        .collect();
    parts.join(" or ")
}

fn of_clauses(text: &str) -> String {
    let mut clauses: Vec<(&str, &str)> = text.split(',').filter_map(split_operator).collect();
    clauses.sort_by(|one, other| one.1.cmp(other.1));
    let (mut parts, mut minor, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for (operator, version) in clauses {
        let is_minor = version.split('.').count() < 3 || version.ends_with(".*");
        let name = if is_minor {
            "python_version"
        } else {
            "python_full_version"
        };
        let version = match version.split('.').count() {
            3.. => version.trim_end_matches(".*"),
            _ => version,
        };
        match operator {
            "!=" if is_minor => minor.push(version),
            "!=" => full.push(version),
            _ => parts.push(format!("{name}{operator}'{version}'")),
        }
    }
    for (name, mut excluded) in [("python_version", minor), ("python_full_version", full)] {
        if !excluded.is_empty() {
            excluded.sort_unstable();
            parts.push(format!("{name} not in '{}'", excluded.join(", ")));
        }
    }
    parts.join(" and ")
}
