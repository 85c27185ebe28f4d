//! What a condition says about environments: whether it holds, and for which Pythons.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::diagram::{Diagrams, Node, Ref};
use super::variable::{Cut, MarkerList, MarkerString, MarkerVersion, PYTHON, Value, Variable};
use crate::environment::MarkerEnvironment;
use crate::name::{ExtraName, GroupName};
use crate::version::{Version, VersionRange};

/// An environment and what was chosen to be installed into it.
pub(super) struct Installation<'a> {
    pub(super) environment: &'a MarkerEnvironment,
    pub(super) extras: &'a [ExtraName],
    pub(super) groups: &'a [GroupName],
}

impl Installation<'_> {
    /// The region of a node that this installation lies in.
    fn region(&self, node: &Node) -> usize {
        let yes = match &node.variable {
            Variable::String(key) => {
                return region_of(&node.cuts, &Value::Text(self.text(*key).into()));
            }
            Variable::Version(key) => {
                return region_of(
                    &node.cuts,
                    &Value::Version(self.version(*key).only_release()),
                );
            }
            Variable::ReleaseVersion => return self.release_region(&node.cuts),
            Variable::In(key, value) => value.contains(self.text(*key)),
            Variable::Contains(key, value) => self.text(*key).contains(&**value),
            Variable::Extra(name) | Variable::List(MarkerList::Extras, name) => {
                self.extras.iter().any(|extra| extra.as_str() == &**name)
            }
            Variable::List(MarkerList::DependencyGroups, name) => {
                self.groups.iter().any(|group| group.as_str() == &**name)
            }
        };
        usize::from(!yes)
    }

    /// The region of `platform_release` as a version; the lowest if it is none.
    fn release_region(&self, cuts: &[Cut]) -> usize {
        match self.environment.platform_release.parse::<Version>() {
            Ok(version) => region_of(cuts, &Value::Version(version.only_release())),
            Err(_) => 0,
        }
    }

    fn text(&self, key: MarkerString) -> &str {
        let environment = self.environment;
        match key {
            MarkerString::OsName => &environment.os_name,
            MarkerString::SysPlatform => &environment.sys_platform,
            MarkerString::PlatformSystem => &environment.platform_system,
            MarkerString::PlatformMachine => &environment.platform_machine,
            MarkerString::PlatformPythonImplementation => {
                &environment.platform_python_implementation
            }
            MarkerString::PlatformRelease => &environment.platform_release,
            MarkerString::PlatformVersion => &environment.platform_version,
            MarkerString::ImplementationName => &environment.implementation_name,
        }
    }

    fn version(&self, key: MarkerVersion) -> &Version {
        match key {
            MarkerVersion::ImplementationVersion => &self.environment.implementation_version,
            MarkerVersion::PythonFullVersion => &self.environment.python_full_version,
        }
    }
}

/// The number of cuts below a value.
fn region_of(cuts: &[Cut], value: &Value) -> usize {
    cuts.partition_point(|cut| cut.value < *value || (cut.value == *value && !cut.after))
}

impl Diagrams {
    /// Whether a condition holds in an installation.
    pub(super) fn holds(&self, mut condition: Ref, installation: &Installation<'_>) -> bool {
        while !condition.is_terminal() {
            let node = self.node(condition);
            condition = node.child(condition, installation.region(node));
        }
        condition == Ref::TRUE
    }

    /// The union of the Python versions over all ways in which a condition can hold.
    pub(super) fn python_ranges(&self, condition: Ref) -> VersionRange {
        let mut ranges = VersionRange::empty();
        self.collect_python(condition, &mut FxHashSet::default(), &mut ranges);
        ranges
    }

    fn collect_python(&self, condition: Ref, seen: &mut FxHashSet<Ref>, ranges: &mut VersionRange) {
        if condition == Ref::FALSE || !seen.insert(condition) {
            return;
        }
        if condition == Ref::TRUE {
            *ranges = VersionRange::full();
            return;
        }
        let node = self.node(condition);
        // What comes below the Python version can always hold, or else it would be `FALSE`.
        if node.variable == PYTHON {
            for (lower, upper, child) in node.regions(condition) {
                if child != Ref::FALSE {
                    let segment = (lower.map(version_of), upper.map(version_of));
                    *ranges = ranges.union(&VersionRange::from_range_bounds(segment));
                }
            }
        } else if node.variable > PYTHON {
            *ranges = VersionRange::full();
        } else {
            for child in node.children(condition) {
                self.collect_python(child, seen, ranges);
            }
        }
    }

    /// The names of the extras that a condition asks about, each with whether it must be chosen.
    pub(super) fn extras(&self, condition: Ref) -> BTreeSet<(Arc<str>, bool)> {
        let mut extras = BTreeSet::new();
        self.collect_extras(condition, &mut FxHashSet::default(), &mut extras);
        extras
    }

    fn collect_extras(
        &self,
        condition: Ref,
        seen: &mut FxHashSet<Ref>,
        extras: &mut BTreeSet<(Arc<str>, bool)>,
    ) {
        if condition.is_terminal() || !seen.insert(condition) {
            return;
        }
        let node = self.node(condition);
        for (region, child) in node.children(condition).enumerate() {
            if let Variable::Extra(name) = &node.variable
                && child != Ref::FALSE
            {
                extras.insert((Arc::clone(name), region == 0));
            }
            self.collect_extras(child, seen, extras);
        }
    }
}

fn version_of(value: &Value) -> Version {
    match value {
        Value::Version(version) => version.clone(),
        Value::Yes | Value::Text(_) => unreachable!("Python has a version"),
    }
}
