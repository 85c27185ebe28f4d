//! What every source file keeps to: a head, no foreign hosts, nothing left to do.

use std::path::Path;

use super::{nothing_found, text, tracked};

fn rust_files() -> Vec<(String, String)> {
    let rust = tracked()
        .into_iter()
        .filter(|file| file.extension().is_some_and(|it| it == "rs"));
    rust.map(|file| (file.to_string_lossy().into_owned(), text(&file)))
        .collect()
}

/// The part of a file that is shipped: what stands before its tests.
fn shipped<'t>(name: &str, text: &'t str) -> &'t str {
    let is_test =
        name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("/tests.rs");
    if is_test {
        ""
    } else {
        text.split("#[cfg(test)]").next().unwrap_or_default()
    }
}

/// A line without its comment. A `//` inside a string only hides what follows it.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[test]
fn every_file_says_what_it_is() {
    let mut findings = Vec::new();
    for (name, text) in rust_files() {
        let head = text.lines().next().unwrap_or_default();
        let sentence = head.strip_prefix("//! ").unwrap_or_default();
        if sentence.len() < 10 || sentence.starts_with('(') {
            findings.push(format!(
                "{name}: the first line says what the file is: `{head}`"
            ));
        }
    }
    nothing_found(&findings);
}

#[test]
fn every_script_says_what_it_is() {
    let mut findings = Vec::new();
    for file in tracked() {
        let is_script = file
            .extension()
            .is_some_and(|it| it == "mjs" || it == "ts" || it == "tsx" || it == "js");
        if is_script && !text(&file).starts_with("// ") {
            findings.push(format!(
                "{}: the first line says what the file is",
                file.display()
            ));
        }
    }
    nothing_found(&findings);
}

#[test]
fn nothing_panics_on_input() {
    let words = [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "panic!("];
    let mut findings = Vec::new();
    for (name, text) in rust_files() {
        for (number, line) in shipped(&name, &text).lines().enumerate() {
            if let Some(word) = words.iter().find(|word| code(line).contains(*word)) {
                findings.push(format!("{name}:{}: {word}", number + 1));
            }
        }
    }
    nothing_found(&findings);
}

/// Hosts of registries are named in one place: the public index, in the pipeline's own constant.
#[test]
fn hosts_of_registries_are_named_once() {
    let parts = [
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("npmjs", ".org"),
        ("npmjs", ".com"),
        ("crates", ".io"),
        ("anaconda", ".org"),
        ("download.pytorch", ".org"),
    ];
    let hosts = parts.map(|(name, domain)| format!("{name}{domain}"));
    let mut findings = Vec::new();
    let mut constants = 0;
    for file in tracked() {
        // As the clients write them.
        if matches!(file.to_str(), Some("Cargo.lock" | "package-lock.json")) {
            continue;
        }
        for (number, line) in text(&file).lines().enumerate() {
            if !hosts.iter().any(|host| line.to_lowercase().contains(host)) {
                continue;
            }
            if file == Path::new("crates/lockwright/src/lib.rs")
                && line.contains("const PUBLIC_INDEX")
            {
                constants += 1;
            } else {
                findings.push(format!(
                    "{}:{}: {}",
                    file.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    nothing_found(&findings);
    assert_eq!(constants, 1, "one constant names the public index");
}

#[test]
fn nothing_has_a_name_that_says_nothing() {
    let empty = [
        "utils", "util", "common", "types", "helpers", "helper", "core", "manager", "misc",
    ];
    let findings: Vec<String> = tracked()
        .iter()
        .filter(|file| {
            !file.starts_with("tests/fixtures") && !file.to_string_lossy().contains("/fixtures/")
        })
        .filter(|file| {
            file.with_extension("")
                .components()
                .any(|part| empty.contains(&part.as_os_str().to_string_lossy().as_ref()))
        })
        .map(|file| format!("{}: a name that says what it holds", file.display()))
        .collect();
    nothing_found(&findings);
}
