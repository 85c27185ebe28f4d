//! One requirement as poetry sees it: constraint, marker, extras, origin.

use packaging::{PackageName, Requirement};

use super::constraint::{Reading, pep508};
use super::marker::Marker;
use super::range::Constraint;
use super::{layout, marker_parse};

/// Where a requirement's distribution comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// Some index.
    Index,
    /// An archive at a URL.
    Url(String),
    /// A git repository; branch, tag or rev with its value.
    Git {
        url: String,
        reference: Option<(String, String)>,
        subdirectory: Option<String>,
    },
    /// A file or a folder.
    Path { path: String, develop: bool },
}

/// A requirement.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    /// The name as written.
    pub(super) raw_name: String,
    pub(super) name: PackageName,
    /// Normalized, sorted, each once.
    pub(super) extras: Vec<String>,
    pub(super) constraint: Constraint,
    pub(super) marker: Marker,
    /// Whether it is only wanted with an extra.
    pub(super) optional: bool,
    pub(super) origin: Origin,
}

impl Dependency {
    /// Reads one `Requires-Dist` line or PEP 508 requirement; what poetry cannot read is skipped
    /// by poetry, too.
    pub(super) fn of_requirement(requirement: &Requirement) -> Option<Self> {
        let mut extras: Vec<String> = requirement.extras.iter().map(ToString::to_string).collect();
        extras.sort();
        extras.dedup();
        let specifiers = requirement.specifiers_text.as_deref().unwrap_or_default();
        let constraint = if specifiers.trim().is_empty() {
            Constraint::any()
        } else {
            Constraint::read(specifiers, Reading::Requirement).ok()?
        };
        // An invalid marker is dropped and the requirement kept, as in poetry 2.5.1.
        let text = requirement
            .marker_text
            .as_deref()
            .unwrap_or_default()
            .trim();
        let marker = marker_parse::read(text).unwrap_or(Marker::Any);
        let optional = !marker.extras().is_empty();
        Some(Self {
            raw_name: requirement.raw_name.to_string(),
            name: requirement.name.clone(),
            extras,
            constraint,
            marker,
            optional,
            origin: requirement.url.as_deref().map_or(Origin::Index, origin),
        })
    }

    /// Whether both ask for the same, under whatever condition.
    pub(super) fn is_equal(&self, other: &Self) -> bool {
        self.name == other.name
            && self.extras == other.extras
            && self.origin == other.origin
            && (self.constraint == other.constraint || self.origin != Origin::Index)
    }

    /// The value in `[package.dependencies]`: a bare constraint, or a table; the second value
    /// tells which.
    pub(super) fn print(&self) -> (String, bool) {
        let mut members: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: String| members.push((name.to_owned(), value));
        let version = layout::quote(&self.constraint.to_string());
        match &self.origin {
            Origin::Index => set("version", version.clone()),
            Origin::Url(url) => set("url", layout::quote(url)),
            Origin::Path { path, develop } => {
                set("path", layout::quote(path));
                if *develop {
                    set("develop", "true".to_owned());
                }
            }
            Origin::Git {
                url,
                reference,
                subdirectory,
            } => {
                set("git", layout::quote(url));
                if let Some((kind, value)) = reference {
                    set(kind, layout::quote(value));
                }
                if let Some(subdirectory) = subdirectory {
                    set("subdirectory", layout::quote(subdirectory));
                }
            }
        }
        if !self.extras.is_empty() {
            set("extras", layout::array(&self.extras));
        }
        if self.optional {
            set("optional", "true".to_owned());
        }
        if !self.marker.is_any() {
            set("markers", layout::quote(&self.marker.to_string()));
        }
        if members.len() == 1 && self.origin == Origin::Index {
            (version, false)
        } else {
            (layout::inline(&members), true)
        }
    }

    /// The item in `[package.extras]`: PEP 508 in poetry's spelling, without the extra.
    pub(super) fn print_pep508(&self) -> String {
        let mut text = self.raw_name.clone();
        if !self.extras.is_empty() {
            text.push_str(&format!("[{}]", self.extras.join(",")));
        }
        match &self.origin {
            Origin::Index if !self.constraint.is_any() => {
                text.push_str(&format!(" ({})", pep508(&self.constraint)));
            }
            Origin::Url(url) => text.push_str(&format!(" @ {url}")),
            Origin::Git { url, .. } => text.push_str(&format!(" @ git+{url}")),
            Origin::Index | Origin::Path { .. } => {}
        }
        let marker = self.marker.exclude("extra");
        if !marker.is_any() {
            text.push_str(&format!(" ; {marker}"));
        }
        text
    }
}

/// The origin that a URL after `@` names.
fn origin(url: &str) -> Origin {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let Some(repository) = url.strip_prefix("git+") else {
        return match url.strip_prefix("file://") {
            Some(path) => Origin::Path {
                path: path.to_owned(),
                develop: false,
            },
            None => Origin::Url(url.to_owned()),
        };
    };
    let after_host = repository.find("://").map_or(0, |at| at + 3);
    let path = repository[after_host..]
        .find('/')
        .map_or(repository.len(), |at| at + after_host);
    let (repository, reference) = match repository[path..].rfind('@') {
        Some(at) => (&repository[..path + at], Some(&repository[path + at + 1..])),
        None => (repository, None),
    };
    Origin::Git {
        url: repository.to_owned(),
        reference: reference.map(|reference| ("rev".to_owned(), reference.to_owned())),
        subdirectory: fragment
            .split('&')
            .find_map(|part| part.strip_prefix("subdirectory="))
            .map(str::to_owned),
    }
}
