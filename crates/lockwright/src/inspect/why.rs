//! `why`: the ways that lead to a package.

use std::fmt::Write as _;

use diagnostic::Diagnostic;
use lock::{Part, Reason, Way, WayStep};
use packaging::{Marker, PackageName, RequirementSource, SourcedRequirement};
use serde::{Deserialize, Serialize};

use super::LockText;
use super::tree::not_locked;
use crate::{Failure, FailureKind};

/// A question after a package of a lock.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WhyQuery {
    /// The lock.
    pub lock: LockText,
    /// The project.
    pub name: String,
}

/// Why the versions of a project are locked.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct WhyReply {
    /// Each locked version, in order.
    pub reasons: Vec<ReasonRecord>,
}

/// Why a version is locked.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ReasonRecord {
    /// The project's normalized name.
    pub name: String,
    /// The version; a source tree may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it is wanted at all; absent when always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// The shortest way by each direct dependency that leads there, shortest first.
    pub ways: Vec<WayRecord>,
}

/// A way from a root to a package.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct WayRecord {
    /// The root's extra that the way begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
    /// The root's dependency group that the way begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The root's own requirement that the way begins with, where the lock says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// The packages on the way, the root first: `name version`, with the extra it goes on by.
    pub steps: Vec<String>,
    /// When it can be gone; absent when always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

/// Says why a project is locked.
///
/// # Errors
///
/// The lock cannot be read, or the project is not locked.
pub fn why(query: &WhyQuery) -> Result<WhyReply, Failure> {
    let (_, lock) = query.lock.read()?;
    let name = PackageName::new(&query.name).map_err(|error| {
        let error = Diagnostic::error("request/invalid-name", error);
        Failure::new(FailureKind::Input, vec![error])
    })?;
    let reasons = lock::why(&lock, &name);
    if reasons.is_empty() {
        return Err(not_locked(&name));
    }
    let record = |reason: &Reason<'_>| {
        let id = &reason.package.id;
        ReasonRecord {
            name: id.name.to_string(),
            version: id.version.as_ref().map(ToString::to_string),
            marker: condition(lock.simplify(reason.package.marker)),
            ways: reason.ways.iter().map(WayRecord::from).collect(),
        }
    };
    Ok(WhyReply {
        reasons: reasons.iter().map(record).collect(),
    })
}

fn condition(marker: Marker) -> Option<String> {
    Some(marker)
        .filter(|it| !it.is_true())
        .and_then(Marker::text)
}

impl From<&Way<'_>> for WayRecord {
    fn from(way: &Way<'_>) -> Self {
        let first = way.steps.first();
        let part = first.map(|step| step.asked_by.as_ref().unwrap_or(&step.part));
        let (extra, group) = match part {
            Some(Part::Extra(extra)) => (Some(extra.to_string()), None),
            Some(Part::Group(group)) => (None, Some(group.to_string())),
            Some(Part::Base) | None => (None, None),
        };
        Self {
            extra: extra.filter(|_| way.steps.len() > 1),
            group,
            requirement: requirement(way),
            steps: way.steps.iter().map(step).collect(),
            marker: condition(way.marker),
        }
    }
}

/// `name version`, with the extra by which the way goes on.
fn step(step: &WayStep<'_>) -> String {
    let id = &step.package.id;
    let extra = match &step.part {
        Part::Extra(extra) if !id.source.is_source_tree() => format!("[{extra}]"),
        _ => String::new(),
    };
    let version = id.version.as_ref().map(|it| format!(" {it}"));
    format!("{}{extra}{}", id.name, version.unwrap_or_default())
}

/// What the root says of the first package on the way.
fn requirement(way: &Way<'_>) -> Option<String> {
    let [root, next, ..] = &*way.steps else {
        return None;
    };
    let declared = root.package.declared.as_ref()?;
    let name = &next.package.id.name;
    let all: &[SourcedRequirement] = match &root.part {
        Part::Group(group) => declared.requires_dev.get(group)?,
        Part::Base | Part::Extra(_) => &declared.requires_dist,
    };
    let is_it = |it: &&SourcedRequirement| {
        let holds = match &root.part {
            Part::Extra(extra) => it.marker.asks_extra(extra),
            Part::Base => !it.marker.has_extras(),
            Part::Group(_) => true,
        };
        it.name == *name && holds
    };
    let found = all.iter().find(is_it)?;
    let RequirementSource::Registry { specifiers, .. } = &found.source else {
        return None;
    };
    Some(format!("{name}{specifiers}"))
}

impl WhyReply {
    /// The reasons as lines for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for reason in &self.reasons {
            let version = reason.version.as_ref().map(|it| format!(" {it}"));
            let when = reason.marker.as_ref().map(|it| format!(" ; {it}"));
            let _ = writeln!(
                text,
                "{}{}{}",
                reason.name,
                version.unwrap_or_default(),
                when.unwrap_or_default()
            );
            for way in &reason.ways {
                let _ = writeln!(text, "  {}", way.text());
            }
        }
        text
    }
}

impl WayRecord {
    fn text(&self) -> String {
        let mut text = self.steps.join(" → ");
        if self.steps.len() == 1 && self.group.is_none() {
            return format!("{text} is asked for itself");
        }
        let notes = [
            self.extra.as_ref().map(|it| format!("extra: {it}")),
            self.group.as_ref().map(|it| format!("group: {it}")),
            self.requirement.as_ref().map(|it| format!("asked: {it}")),
            self.marker.as_ref().map(|it| format!("when {it}")),
        ];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        if !notes.is_empty() {
            let _ = write!(text, " ({})", notes.join(", "));
        }
        text
    }
}
