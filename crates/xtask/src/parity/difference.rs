//! Where two texts differ, in a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use toml::{Table, Value};

/// The first line that differs, as `line N: expected … got …`.
pub(super) fn first_difference(expected: &[u8], got: &[u8]) -> Option<String> {
    if expected == got {
        return None;
    }
    let (expected, got) = (
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(got),
    );
    let (mut left, mut right) = (expected.lines(), got.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (Some(left), Some(right)) if left == right => {}
            (None, None) => return Some("only line ends differ".to_owned()),
            (left, right) => {
                let said = |line: Option<&str>| {
                    line.map_or("nothing".to_owned(), |line| {
                        format!("`{}`", shortened(line))
                    })
                };
                return Some(format!(
                    "line {number}: expected {}, got {}",
                    said(left),
                    said(right)
                ));
            }
        }
    }
}

/// The versions that only one of two locks has, as `only expected: …; only got: …`.
pub(super) fn other_versions(expected: &[u8], got: &[u8]) -> Option<String> {
    let (expected, got) = (versions(expected), versions(got));
    if expected == got {
        return None;
    }
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        let only: Vec<&str> = one.difference(other).map(String::as_str).collect();
        only.join(", ")
    };
    Some(shortened(&format!(
        "only expected: {}; only got: {}",
        only(&expected, &got),
        only(&got, &expected)
    )))
}

/// Names and versions in the `package` tables of a lock.
fn versions(lock: &[u8]) -> BTreeSet<String> {
    let table: Table = String::from_utf8_lossy(lock).parse().unwrap_or_default();
    let packages = table.get("package").and_then(Value::as_array);
    let word = |package: &Value, key: &str| -> Option<String> {
        Some(package.get(key)?.as_str()?.to_lowercase())
    };
    packages
        .into_iter()
        .flatten()
        .filter_map(|it| Some(format!("{} {}", word(it, "name")?, word(it, "version")?)))
        .collect()
}

fn shortened(line: &str) -> String {
    let mut text: String = line.chars().take(160).collect();
    if text.len() < line.len() {
        text.push('…');
    }
    text
}

pub(super) fn excerpt(stderr: &str) -> String {
    let mut text = String::new();
    for line in stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(3)
    {
        let _ = write!(text, "{}{line}", if text.is_empty() { "" } else { " / " });
    }
    shortened(&text)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn finds_the_first_difference() {
        assert_eq!(first_difference(b"a\nb\n", b"a\nb\n"), None);
        assert_eq!(
            first_difference(b"a\nb\nc\n", b"a\nx\nc\n").as_deref(),
            Some("line 2: expected `b`, got `x`")
        );
        assert_eq!(
            first_difference(b"a\n", b"a\nb\n").as_deref(),
            Some("line 2: expected nothing, got `b`")
        );
        assert_eq!(
            first_difference(b"a\n", b"a").as_deref(),
            Some("only line ends differ")
        );
    }
}
