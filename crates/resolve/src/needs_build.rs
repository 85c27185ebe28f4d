//! What to say of a source distribution that only a build could read, and what would help.

use diagnostic::Diagnostic;
use index::Unverified;
use packaging::{PackageName, Version};

/// Adds who needs the distribution, and the `dependency-metadata` entry that would help.
pub(crate) fn advise(
    error: Diagnostic,
    (name, version): (&PackageName, &Version),
    told: Option<&Unverified>,
    chain: &[PackageName],
) -> Diagnostic {
    let error = match because(chain) {
        Some(because) => error.help(because),
        None => error,
    };
    with_entry(error, name, Some(version), told)
}

/// Adds the `dependency-metadata` entry that would help; without a version, one is to be filled in.
#[must_use]
pub fn with_entry(
    error: Diagnostic,
    name: &PackageName,
    version: Option<&Version>,
    told: Option<&Unverified>,
) -> Diagnostic {
    let error = error.help(entry(name, version, told));
    match told {
        Some(told) => error.help(format!(
            "nobody vouches for these requirements: they are what its {} says, and a build might come to others",
            files(told)
        )),
        None => error,
    }
}

/// `` `shop` requires `flask`, which requires `old` ``.
fn because(chain: &[PackageName]) -> Option<String> {
    let [first, second, rest @ ..] = chain else {
        return None;
    };
    let rest = rest.iter().map(|name| format!(", which requires `{name}`"));
    let rest: String = rest.collect();
    Some(format!("`{first}` requires `{second}`{rest}"))
}

fn entry(name: &PackageName, version: Option<&Version>, told: Option<&Unverified>) -> String {
    let none = Unverified::default();
    let told = told.unwrap_or(&none);
    let version = version.map_or_else(|| "…".to_owned(), ToString::to_string);
    let mut entry = format!(
        "say what it requires:\n[[tool.uv.dependency-metadata]]\nname = \"{name}\"\nversion = \"{version}\"\nrequires-dist = {}",
        list(&told.requires_dist)
    );
    if let Some(python) = &told.requires_python {
        entry.push_str(&format!("\nrequires-python = {python:?}"));
    }
    if !told.provides_extra.is_empty() {
        entry.push_str(&format!(
            "\nprovides-extra = {}",
            list(&told.provides_extra)
        ));
    }
    entry
}

/// A TOML array; a long one has a line for each item.
fn list(items: &[String]) -> String {
    if items.len() < 2 {
        return format!("{items:?}");
    }
    let items = items.iter().map(|item| format!("    {item:?},\n"));
    format!("[\n{}]", items.collect::<String>())
}

fn files(told: &Unverified) -> String {
    let files: Vec<String> = told.files.iter().map(|file| format!("`{file}`")).collect();
    files.join(" and ")
}
