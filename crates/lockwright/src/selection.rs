//! Which part of a lock is wanted, as users say it.

use std::collections::BTreeSet;

use diagnostic::Diagnostic;
use lock::{Extras, Groups, GroupsFrom, Production, Roots, Selection};
use packaging::target::{TargetError, environment, platform_marker, python_marker};
use packaging::{ExtraName, GroupName, InvalidName, Marker, MarkerEnvironment, PackageName};
use serde::{Deserialize, Serialize};

use crate::api::UnknownOption;

/// A part of a lock, for formats that hold one part only. The words are those of `uv export`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// These members of the workspace, not the project in the lock's own folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub package: Vec<String>,
    /// All members of the workspace.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all_packages: bool,
    /// These extras.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
    /// All extras.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all_extras: bool,
    /// All extras but these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_extra: Vec<String>,
    /// These dependency groups, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<String>,
    /// All dependency groups.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all_groups: bool,
    /// Not these dependency groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_group: Vec<String>,
    /// Not the dependency groups that are installed by default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_default_groups: bool,
    /// Only these dependency groups, without the project.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only_group: Vec<String>,
    /// Leave these packages out, and what only they need.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prune: Vec<String>,
    /// Only for this version of Python: `3.12` or `3.12.4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Only for this platform: `linux`, `linux/arm64`, `aarch64-apple-darwin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

impl Wanted {
    /// Sets what is wanted by its name on the wire, as queries give it; lists grow by one.
    ///
    /// # Errors
    ///
    /// There is no such word.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownOption> {
        let is_on = matches!(value, "" | "1" | "true");
        let value = value.to_owned();
        match name {
            "package" => self.package.push(value),
            "all_packages" => self.all_packages = is_on,
            "extra" => self.extra.push(value),
            "all_extras" => self.all_extras = is_on,
            "no_extra" => self.no_extra.push(value),
            "group" => self.group.push(value),
            "all_groups" => self.all_groups = is_on,
            "no_group" => self.no_group.push(value),
            "no_default_groups" => self.no_default_groups = is_on,
            "only_group" => self.only_group.push(value),
            "prune" => self.prune.push(value),
            "python" => self.python = Some(value),
            "platform" => self.platform = Some(value),
            _ => return Err(UnknownOption(name.to_owned())),
        }
        Ok(())
    }

    /// The selection.
    ///
    /// # Errors
    ///
    /// A word is no name, no Python or no platform.
    pub fn selection(&self) -> Result<Selection, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut groups =
            |option, words: &[String]| names(option, words, GroupName::new, &mut errors);
        let (with, only) = (
            groups("group", &self.group),
            groups("only-group", &self.only_group),
        );
        let without = groups("no-group", &self.no_group);
        let is_only = !only.is_empty();
        let from = match () {
            () if self.all_groups => GroupsFrom::All,
            () if self.no_default_groups || is_only => GroupsFrom::Nothing,
            () => GroupsFrom::Default,
        };
        let extras = Extras {
            all: self.all_extras,
            with: names("extra", &self.extra, ExtraName::new, &mut errors),
            without: names("no-extra", &self.no_extra, ExtraName::new, &mut errors),
        };
        let members = names("package", &self.package, PackageName::new, &mut errors);
        let prune = names("prune", &self.prune, PackageName::new, &mut errors);
        let within = within(
            self.python.as_deref(),
            self.platform.as_deref(),
            &mut errors,
        );
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Selection {
            roots: match members.is_empty() {
                _ if self.all_packages => Roots::Members,
                true => Roots::Project,
                false => Roots::Named(members),
            },
            production: if is_only {
                Production::Unwanted
            } else {
                Production::Wanted
            },
            extras,
            groups: Groups {
                from,
                with: with.into_iter().chain(only).collect(),
                without,
            },
            prune,
            within,
        })
    }
}

impl Wanted {
    /// The one environment that is named, if both the Python and the platform are.
    pub(crate) fn environment(&self) -> Option<MarkerEnvironment> {
        let (python, platform) = (self.python.as_deref()?, self.platform.as_deref()?);
        environment(python, platform).ok()
    }
}

/// Words as names; those that are none are complained about.
pub(crate) fn names<T: Ord>(
    option: &str,
    words: &[String],
    read: impl Fn(&str) -> Result<T, InvalidName>,
    errors: &mut Vec<Diagnostic>,
) -> BTreeSet<T> {
    let mut names = BTreeSet::new();
    for word in words {
        match read(word) {
            Ok(name) => {
                names.insert(name);
            }
            Err(error) => {
                let title = format!("`{word}` is no value of `{option}`: {error}");
                errors.push(Diagnostic::error("options/invalid-value", title));
            }
        }
    }
    names
}

/// The environments that a Python and a platform name; `None` for all.
pub(crate) fn within(
    python: Option<&str>,
    platform: Option<&str>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Marker> {
    let mut read =
        |word: Option<&str>, read: fn(&str) -> Result<Marker, TargetError>| match read(word?) {
            Ok(marker) => Some(marker),
            Err(error) => {
                errors.push(Diagnostic::error("options/invalid-value", error));
                None
            }
        };
    let python = read(python, python_marker);
    let platform = read(platform, platform_marker);
    match (python, platform) {
        (Some(python), Some(platform)) => Some(python.and(platform)),
        (one, other) => one.or(other),
    }
}
