//! What a fork speaks for: environments, and which sides of declared conflicts are on or off.

use std::collections::BTreeSet;
use std::sync::Arc;

use packaging::{ConflictItem, ConflictKind, Marker, PythonBounds};

/// A rule about one side of a conflict.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// It is wanted in this fork.
    Include(ConflictItem),
    /// It is not wanted in this fork.
    Exclude(ConflictItem),
}

/// What a fork speaks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ForkEnvironment {
    /// The environments.
    pub(crate) marker: Marker,
    include: Arc<BTreeSet<ConflictItem>>,
    exclude: Arc<BTreeSet<ConflictItem>>,
}

impl Default for ForkEnvironment {
    fn default() -> Self {
        Self {
            marker: Marker::TRUE,
            include: Arc::default(),
            exclude: Arc::default(),
        }
    }
}

impl ForkEnvironment {
    /// Whether something under this marker can matter here.
    pub(crate) fn includes(&self, marker: Marker) -> bool {
        !self.marker.is_disjoint(marker)
    }

    /// Whether this side of a conflict is not switched off.
    ///
    /// The extras of an excluded project are off as well, unless they are included by name; its
    /// groups are not, since they do not need the project.
    pub(crate) fn includes_item(&self, item: &ConflictItem) -> bool {
        if self.exclude.contains(item) {
            return false;
        }
        if !matches!(item.kind, ConflictKind::Extra(_)) || self.exclude.is_empty() {
            return true;
        }
        let project = ConflictItem {
            package: item.package.clone(),
            kind: ConflictKind::Project,
        };
        !self.exclude.contains(&project) || self.include.contains(item)
    }

    /// The same under a further condition.
    pub(crate) fn narrow(&self, marker: Marker) -> Self {
        Self {
            marker: self.marker.and(marker),
            ..self.clone()
        }
    }

    /// The same with sides switched on and off; `None` if that contradicts what was decided.
    pub(crate) fn with_rules(&self, rules: impl IntoIterator<Item = Rule>) -> Option<Self> {
        let mut include = (*self.include).clone();
        let mut exclude = (*self.exclude).clone();
        for rule in rules {
            match rule {
                Rule::Include(item) if exclude.contains(&item) => return None,
                Rule::Exclude(item) if include.contains(&item) => return None,
                Rule::Include(item) => include.insert(item),
                Rule::Exclude(item) => exclude.insert(item),
            };
        }
        Some(Self {
            marker: self.marker,
            include: include.into(),
            exclude: exclude.into(),
        })
    }

    /// The Python bounds the environments imply, if they say anything about Python.
    pub(crate) fn python_bounds(&self) -> Option<PythonBounds> {
        self.marker.python_bounds()
    }

    /// The environments and the conflict rules as one marker with pseudo-extras.
    pub(crate) fn combined(&self) -> Marker {
        let excluded = self.exclude.iter().map(|item| conflict_marker(item).not());
        let included = self.include.iter().map(conflict_marker);
        self.marker
            .and(excluded.chain(included).fold(Marker::TRUE, Marker::and))
    }

    /// A phrase for messages: `split (markers: …; included: …; excluded: …)`.
    pub(crate) fn describe(&self) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(marker) = self.marker.text() {
            parts.push(format!("markers: {marker}"));
        }
        for (word, items) in [("included", &self.include), ("excluded", &self.exclude)] {
            if !items.is_empty() {
                let items: BTreeSet<String> = items.iter().map(describe_item).collect();
                parts.push(format!(
                    "{word}: {}",
                    items.into_iter().collect::<Vec<_>>().join(", ")
                ));
            }
        }
        (!parts.is_empty()).then(|| format!("split ({})", parts.join("; ")))
    }
}

fn describe_item(item: &ConflictItem) -> String {
    match &item.kind {
        ConflictKind::Extra(extra) => format!("{}[{extra}]", item.package),
        ConflictKind::Group(group) => format!("{}[group:{group}]", item.package),
        ConflictKind::Project => item.package.to_string(),
    }
}

/// The pseudo-extra that stands for a side of a conflict in markers (uv.md §1.10.8).
pub(crate) fn conflict_extra(item: &ConflictItem) -> String {
    let (package, length) = (&item.package, item.package.as_str().len());
    match &item.kind {
        ConflictKind::Extra(extra) => format!("extra-{length}-{package}-{extra}"),
        ConflictKind::Group(group) => format!("group-{length}-{package}-{group}"),
        ConflictKind::Project => format!("project-{length}-{package}"),
    }
}

/// `extra == '…'` for a side of a conflict.
pub(crate) fn conflict_marker(item: &ConflictItem) -> Marker {
    Marker::extra(&conflict_extra(item))
}
