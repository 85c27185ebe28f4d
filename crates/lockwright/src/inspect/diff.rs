//! `diff`: what changed from one lock to another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};

use lock::{Change, ChangeKind, Detail, Scope};
use packaging::{Marker, Version};
use serde::{Deserialize, Serialize};

use super::LockText;
use crate::Failure;

/// Two locks to compare.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DiffRequest {
    /// The lock before.
    pub old: LockText,
    /// The lock after.
    pub new: LockText,
}

/// What changed from one lock to another.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct DiffReply {
    /// The formats of both, by name.
    pub formats: [String; 2],
    /// The changes, in order of names.
    pub changes: Vec<ChangeRecord>,
    /// How many changes there are of each kind.
    pub counts: BTreeMap<String, usize>,
}

/// What changed about one project.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ChangeRecord {
    /// The project's normalized name.
    pub name: String,
    /// `added`, `removed`, `upgraded`, `downgraded`, `rearranged` (versions changed both ways),
    /// `moved` (another source), `refiled` (other files or hashes), `rewired` (other
    /// dependencies or markers).
    pub kind: String,
    /// The versions before.
    pub from: Vec<String>,
    /// The versions after.
    pub to: Vec<String>,
    /// All that changed beside the versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<DetailRecord>,
}

/// Something that changed beside the versions.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum DetailRecord {
    /// Where it comes from.
    Source {
        /// Before.
        from: Vec<String>,
        /// After.
        to: Vec<String>,
    },
    /// When a version is wanted.
    Marker {
        /// The version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        /// Before; absent when always.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// After; absent when always.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// A file of the same name and version has another digest.
    Hash {
        /// The file.
        file: String,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Files of the same version came or went.
    Files {
        /// New ones.
        added: Vec<String>,
        /// Those that are gone.
        removed: Vec<String>,
    },
    /// What it requires.
    Requires {
        /// New ones.
        added: Vec<String>,
        /// Those that are gone.
        removed: Vec<String>,
    },
}

/// Compares two locks of any formats. Between different formats only what both can hold counts.
///
/// # Errors
///
/// One of them cannot be read.
pub fn diff(request: &DiffRequest) -> Result<DiffReply, Failure> {
    let (before, old) = request.old.read()?;
    let (after, new) = request.new.read()?;
    let scope = if before.name() == after.name() {
        Scope::Whole
    } else {
        Scope::Shared
    };
    let changes = lock::difference(&old, &new, scope);
    let mut counts = BTreeMap::new();
    for change in &changes {
        *counts.entry(word(change.kind).to_owned()).or_default() += 1;
    }
    Ok(DiffReply {
        formats: [before, after].map(|format| format.name().to_owned()),
        changes: changes.iter().map(ChangeRecord::from).collect(),
        counts,
    })
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Upgraded => "upgraded",
        ChangeKind::Downgraded => "downgraded",
        ChangeKind::Rearranged => "rearranged",
        ChangeKind::Moved => "moved",
        ChangeKind::Refiled => "refiled",
        ChangeKind::Rewired => "rewired",
    }
}

fn texts<T: Display>(values: &BTreeSet<T>) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

impl From<&Change> for ChangeRecord {
    fn from(change: &Change) -> Self {
        Self {
            name: change.name.to_string(),
            kind: word(change.kind).to_owned(),
            from: texts(&change.from),
            to: texts(&change.to),
            details: change.details.iter().map(DetailRecord::from).collect(),
        }
    }
}

impl From<&Detail> for DetailRecord {
    fn from(detail: &Detail) -> Self {
        match detail {
            Detail::Source { from, to } => Self::Source {
                from: texts(from),
                to: texts(to),
            },
            Detail::Marker { version, from, to } => Self::Marker {
                version: version.as_ref().map(Version::to_string),
                from: condition(*from),
                to: condition(*to),
            },
            Detail::Hash { file, from, to } => Self::Hash {
                file: file.to_string(),
                from: from.to_string(),
                to: to.to_string(),
            },
            Detail::Files { added, removed } => Self::Files {
                added: texts(added),
                removed: texts(removed),
            },
            Detail::Requires { added, removed } => Self::Requires {
                added: texts(added),
                removed: texts(removed),
            },
        }
    }
}

/// A marker's text; `false` for never, which has none.
fn condition(marker: Marker) -> Option<String> {
    if marker.is_false() {
        return Some("false".to_owned());
    }
    marker.text()
}

impl DiffReply {
    /// The changes as lines for a terminal, a summary last.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            let versions = change.versions(" → ");
            let (kind, name) = (&change.kind, &change.name);
            let line = format!("{kind:<11}{name} {versions}");
            let _ = writeln!(text, "{}", line.trim_end());
            for detail in &change.details {
                let _ = writeln!(text, "{:<11}  {}", "", detail.sentence(""));
            }
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// The changes as a table and a list in Markdown, for a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("**{}**\n", self.summary());
        if self.changes.is_empty() {
            return text;
        }
        text.push_str("\n| Project | Change | Before | After |\n|---|---|---|---|\n");
        for change in &self.changes {
            let (name, kind) = (&change.name, &change.kind);
            let (from, to) = (change.from.join(", "), change.to.join(", "));
            let _ = writeln!(text, "| `{name}` | {kind} | {from} | {to} |");
        }
        let detailed = self.changes.iter().filter(|it| !it.details.is_empty());
        let mut details = String::new();
        for change in detailed {
            let _ = writeln!(details, "- `{}`", change.name);
            for detail in &change.details {
                let _ = writeln!(details, "  - {}", detail.sentence("`"));
            }
        }
        if !details.is_empty() {
            let _ = write!(
                text,
                "\n<details><summary>Details</summary>\n\n{details}\n</details>\n"
            );
        }
        text
    }

    /// `2 added, 1 upgraded`.
    #[must_use]
    pub fn summary(&self) -> String {
        let counts = self.counts.iter();
        let counts: Vec<_> = counts
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        if counts.is_empty() {
            return "no changes".to_owned();
        }
        counts.join(", ")
    }
}

impl ChangeRecord {
    fn versions(&self, arrow: &str) -> String {
        let (from, to) = (self.from.join(", "), self.to.join(", "));
        if from == to || to.is_empty() {
            from
        } else if from.is_empty() {
            to
        } else {
            format!("{from}{arrow}{to}")
        }
    }
}

impl DetailRecord {
    /// The detail in words; values stand between the quotes given.
    fn sentence(&self, quote: &str) -> String {
        let quoted = |value: &str| format!("{quote}{value}{quote}");
        let list = |values: &[String]| {
            let values: Vec<_> = values.iter().map(|it| quoted(it)).collect();
            values.join(", ")
        };
        let came_and_went = |what: &str, added: &[String], removed: &[String]| {
            let mut parts = Vec::new();
            if !added.is_empty() {
                parts.push(format!("new: {}", list(added)));
            }
            if !removed.is_empty() {
                parts.push(format!("gone: {}", list(removed)));
            }
            format!("{what}, {}", parts.join("; "))
        };
        match self {
            Self::Source { from, to } => format!("source: {} → {}", list(from), list(to)),
            Self::Marker { version, from, to } => {
                let side = |marker: &Option<String>| match marker {
                    Some(marker) => quoted(marker),
                    None => "always".to_owned(),
                };
                let version = version.as_ref().map(|it| format!(" of {it}"));
                let version = version.unwrap_or_default();
                format!("marker{version}: {} → {}", side(from), side(to))
            }
            Self::Hash { file, from, to } => {
                let (file, from, to) = (quoted(file), quoted(from), quoted(to));
                format!("HASH of {file} CHANGED: {from} → {to}")
            }
            Self::Files { added, removed } => came_and_went("files", added, removed),
            Self::Requires { added, removed } => came_and_went("dependencies", added, removed),
        }
    }
}
