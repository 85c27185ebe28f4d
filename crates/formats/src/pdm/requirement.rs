//! One requirement as pdm sees it, and the line it writes for it.

use packaging::{Requirement, Version};

use super::marker::Marker;
use super::specifier::{Specifier, split_operator};
use super::{marker_parse, python};

/// A requirement.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The name with hyphens for whatever is no letter or digit, case kept.
    pub(super) name: String,
    /// As written, sorted.
    pub(super) extras: Vec<String>,
    /// Single clauses as written, sorted.
    pub(super) specifiers: Vec<String>,
    /// Where it is, for what does not come from an index: the text after `@`.
    pub(super) url: Option<String>,
    pub(super) editable: bool,
    pub(super) marker: Option<Marker>,
    /// The groups that ask for it; only for those of the root.
    pub(super) groups: Vec<String>,
    /// The Pythons it is wanted for.
    pub(super) python: Specifier,
}

/// A name with one hyphen for each run of anything that is no ASCII letter or digit.
pub(super) fn hyphenated(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            text.push(character);
        } else if !text.ends_with('-') || text.is_empty() {
            text.push('-');
        }
    }
    text
}

/// A name as pdm compares names of groups and projects.
pub(super) fn normalized(name: &str) -> String {
    hyphenated(name).to_lowercase()
}

impl Line {
    /// A requirement without conditions.
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: hyphenated(name),
            extras: Vec::new(),
            specifiers: Vec::new(),
            url: None,
            editable: false,
            marker: None,
            groups: Vec::new(),
            python: Specifier::every_version(),
        }
    }

    /// Reads a requirement that was parsed.
    pub(super) fn of(requirement: &Requirement) -> Self {
        let extras = requirement.extras_text.as_deref().unwrap_or_default();
        let mut extras: Vec<String> = list(extras);
        extras.sort();
        extras.dedup();
        let marker = requirement.marker_text.as_deref().map(str::trim);
        let marker = marker
            .filter(|text| !text.is_empty())
            .and_then(marker_parse::read);
        let specifiers = requirement.specifiers_text.as_deref().unwrap_or_default();
        let mut line = Self::new(&requirement.raw_name);
        line.extras = extras;
        line.specifiers = clauses(specifiers);
        line.url = requirement.url.as_deref().map(location);
        line.set_marker(marker);
        line
    }

    pub(super) fn set_marker(&mut self, marker: Option<Marker>) {
        self.python = marker
            .as_ref()
            .map_or_else(Specifier::every_version, python::of_marker);
        self.marker = marker;
    }

    /// What it is called among everything that was resolved: `name` or `name[extra,other]`.
    pub(super) fn identifier(&self) -> String {
        identifier(&self.name, &self.extras)
    }

    pub(super) fn is_named(&self) -> bool {
        self.url.is_none()
    }

    pub(super) fn is_pinned(&self) -> bool {
        match self.specifiers.as_slice() {
            [one] => one.starts_with("===") || (one.starts_with("==") && !one.contains('*')),
            _ => false,
        }
    }

    /// Whether a clause names a pre-release.
    fn names_prerelease(&self) -> bool {
        self.specifiers.iter().any(|clause| {
            split_operator(clause)
                .filter(|(operator, _)| *operator != "!=")
                .and_then(|(_, version)| version.parse::<Version>().ok())
                .is_some_and(|version| version.any_prerelease())
        })
    }

    /// The smallest is the requirement that candidates are looked for with.
    pub(super) fn preference(&self) -> (bool, bool, bool, bool, std::cmp::Reverse<usize>) {
        (
            !self.editable,
            self.is_named(),
            !self.is_pinned(),
            !self.names_prerelease(),
            std::cmp::Reverse(self.specifiers.len()),
        )
    }

    /// Whether both ask for the same project under the same condition.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let text = |marker: &Option<Marker>| marker.as_ref().map(ToString::to_string);
        self.name.eq_ignore_ascii_case(&other.name)
            && self.extras == other.extras
            && self.url == other.url
            && text(&self.marker) == text(&other.marker)
    }

    /// The line.
    pub(super) fn text(&self) -> String {
        let mut text = self.name.clone();
        if !self.extras.is_empty() {
            text.push_str(&format!("[{}]", self.extras.join(",")));
        }
        let marker = match &self.marker {
            Some(marker) => format!("; {marker}"),
            None => String::new(),
        };
        let Some(url) = &self.url else {
            return format!("{text}{}{marker}", self.specifiers.join(","));
        };
        let gap = if marker.is_empty() { "" } else { " " };
        if self.editable {
            let (url, subdirectory) = url.split_once('#').unwrap_or((url, ""));
            let more = if subdirectory.is_empty() { "" } else { "&" };
            format!("-e {url}#egg={text}{more}{subdirectory}{gap}{marker}")
        } else {
            format!("{text} @ {url}{gap}{marker}")
        }
    }
}

/// `name` or `name[extra,other]`.
pub(super) fn identifier(name: &str, extras: &[String]) -> String {
    let name = name.to_lowercase();
    if extras.is_empty() {
        name
    } else {
        format!("{name}[{}]", extras.join(","))
    }
}

fn list(text: &str) -> Vec<String> {
    let items = text.split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The clauses of a specifier, sorted as text; of those that mean the same, the first.
fn clauses(text: &str) -> Vec<String> {
    let mut clauses: Vec<String> = list(text.trim().trim_start_matches('(').trim_end_matches(')'))
        .iter()
        .map(|clause| match split_operator(clause) {
            Some((operator, version)) => format!("{operator}{version}"),
            None => clause.clone(),
        })
        .collect();
    clauses.sort();
    let mut seen: Vec<(String, String)> = Vec::new();
    clauses.retain(|clause| {
        let Some((operator, version)) = split_operator(clause) else {
            return true;
        };
        let canonical = version.parse::<Version>().map_or_else(
            |_| version.to_owned(),
            |parsed| match operator {
                "~=" | "===" => parsed.to_string(),
                _ => packaging::version::trimmed(&parsed).to_string(),
            },
        );
        let meaning = (operator.to_owned(), canonical);
        let is_new = !seen.contains(&meaning);
        if is_new {
            seen.push(meaning);
        }
        is_new
    });
    clauses
}

/// A URL as lines show it: the fragment gone, but for the folder in a repository.
fn location(url: &str) -> String {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let is_repository = ["git+", "hg+", "svn+", "bzr+"]
        .iter()
        .any(|kind| url.starts_with(kind));
    let folder = fragment
        .split('&')
        .find(|part| part.starts_with("subdirectory="))
        .filter(|_| is_repository);
    match folder {
        Some(folder) => format!("{url}#{folder}"),
        None => url.to_owned(),
    }
}
