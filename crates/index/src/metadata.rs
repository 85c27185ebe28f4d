//! Core metadata of a distribution: the part of METADATA and PKG-INFO that resolution and locks need.
//!
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use packaging::version::parse_specifiers_lenient;
use packaging::{ExtraName, PackageName, Requirement, RequiresPython, Version};

use crate::query::Absence;

/// What a distribution says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// The project.
    pub name: PackageName,
    /// The name as written (`PyYAML`).
    pub raw_name: Arc<str>,
    /// The version.
    pub version: Version,
    /// `Summary`.
    pub summary: Option<Arc<str>>,
    /// `Requires-Python` as written.
    pub requires_python_text: Option<Arc<str>>,
    /// `Requires-Python` as it is meant, read leniently.
    pub requires_python: Option<Arc<RequiresPython>>,
    /// `Requires-Dist` lines, in order. `Requirement::text` keeps each raw line.
    pub requires_dist: Vec<Arc<Requirement>>,
    /// `Provides-Extra`, in order; invalid names are skipped.
    pub provides_extra: Vec<ExtraName>,
    /// `License-Expression`, or else `License` when it is one line.
    pub license: Option<Arc<str>>,
    /// What was skipped or mended while reading, each a sentence.
    pub warnings: Vec<String>,
}

/// Metadata that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MetadataError {
    /// A field that must be there is not.
    #[error("expected a field `{0}`")]
    Missing(&'static str),
    /// A field cannot be read, not even leniently.
    #[error("`{field}: {value}`: {reason}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The metadata is of another project or version than the file name says.
    #[error("expected metadata of {expected}, found {found}")]
    Inconsistent {
        /// What the file name says.
        expected: String,
        /// What the metadata says.
        found: String,
    },
}

impl From<MetadataError> for Absence {
    fn from(error: MetadataError) -> Self {
        let reason = error.to_string();
        match error {
            MetadataError::Inconsistent { .. } => Self::Inconsistent { reason },
            MetadataError::Missing(_) | MetadataError::Field { .. } => Self::Invalid { reason },
        }
    }
}

impl Metadata {
    /// Metadata that says nothing but whose it is.
    #[must_use]
    pub fn bare(name: &PackageName, version: &Version) -> Self {
        Self {
            name: name.clone(),
            raw_name: name.as_str().into(),
            version: version.clone(),
            summary: None,
            requires_python_text: None,
            requires_python: None,
            requires_dist: Vec::new(),
            provides_extra: Vec::new(),
            license: None,
            warnings: Vec::new(),
        }
    }

    /// Reads the METADATA of a file that by its name belongs to this project and version.
    ///
    /// # Errors
    ///
    /// A needed field is missing or unreadable, or it is another project's metadata.
    pub fn read(text: &str, name: &PackageName, version: &Version) -> Result<Self, MetadataError> {
        Self::from_fields(&Fields::read(text), name, version)
    }

    pub(crate) fn from_fields(
        fields: &Fields,
        name: &PackageName,
        version: &Version,
    ) -> Result<Self, MetadataError> {
        let needed = |field| fields.first(field).ok_or(MetadataError::Missing(field));
        let raw_name = needed("Name")?;
        let written =
            PackageName::new(raw_name).map_err(|error| unreadable("Name", raw_name, &error))?;
        let raw_version = needed("Version")?;
        let found = Version::from_str(raw_version)
            .map_err(|error| unreadable("Version", raw_version, &error))?;
        if written != *name || found != *version {
            return Err(MetadataError::Inconsistent {
                expected: format!("{name} {version}"),
                found: format!("{written} {found}"),
            });
        }
        let mut metadata = Self {
            raw_name: raw_name.into(),
            version: found,
            ..Self::bare(name, version)
        };
        metadata.summary = fields.summary().map(|text| unfolded(text).into());
        metadata.license = license(fields);
        metadata.set_requires_python(fields.first("Requires-Python").map(unfolded).as_deref())?;
        for line in fields.all("Requires-Dist") {
            metadata.require(&unfolded(line), None)?;
        }
        for extra in fields.all("Provides-Extra") {
            metadata.provide(extra);
        }
        Ok(metadata)
    }

    pub(crate) fn set_requires_python(&mut self, text: Option<&str>) -> Result<(), MetadataError> {
        let Some(text) = text else { return Ok(()) };
        let (specifiers, mended) = parse_specifiers_lenient(text)
            .map_err(|error| unreadable("Requires-Python", text, &error.reason))?;
        self.warnings
            .extend(mended.into_iter().map(|what| format!("`{text}`: {what}")));
        self.requires_python = Some(Arc::new(RequiresPython::from_specifiers(&specifiers)));
        self.requires_python_text = Some(text.into());
        Ok(())
    }

    /// Adds a requirement, for an extra only if one is named.
    pub(crate) fn require(&mut self, line: &str, extra: Option<&str>) -> Result<(), MetadataError> {
        let read = |line: &str| {
            Requirement::parse_lenient(line)
                .map_err(|error| unreadable("Requires-Dist", line, &error))
        };
        let (mut requirement, mut warnings) = read(line)?;
        if let Some(extra) = extra {
            (requirement, warnings) = read(&for_extra(&requirement, extra))?;
        }
        self.warnings.append(&mut warnings);
        self.requires_dist.push(Arc::new(requirement));
        Ok(())
    }

    pub(crate) fn provide(&mut self, extra: &str) {
        match ExtraName::new(extra) {
            Ok(extra) => self.provides_extra.push(extra),
            Err(error) => self.warnings.push(error.to_string()),
        }
    }
}

/// The line that metadata has for a requirement of an extra.
fn for_extra(requirement: &Requirement, extra: &str) -> String {
    let mut line = requirement.raw_name.to_string();
    if let Some(extras) = &requirement.extras_text {
        line.push_str(&format!("[{extras}]"));
    }
    line.push_str(requirement.specifiers_text.as_deref().unwrap_or_default());
    if let Some(url) = &requirement.url {
        line.push_str(&format!(" @ {url}"));
    }
    match &requirement.marker_text {
        None => format!("{line} ; extra == '{extra}'"),
        Some(marker) => format!("{line} ; ({marker}) and extra == '{extra}'"),
    }
}

fn unreadable(field: &'static str, value: &str, reason: &dyn std::fmt::Display) -> MetadataError {
    MetadataError::Field {
        field,
        value: value.to_owned(),
        reason: reason.to_string(),
    }
}

/// An SPDX expression, or a free text of one line.
fn license(fields: &Fields) -> Option<Arc<str>> {
    let is_short = |text: &&str| !text.is_empty() && !text.contains('\n');
    let expression = fields.first("License-Expression").filter(is_short);
    expression
        .or_else(|| fields.first("License").filter(is_short))
        .map(Into::into)
}

/// A value that was folded over several lines, as one line.
fn unfolded(value: &str) -> Cow<'_, str> {
    match value.contains('\n') {
        true => Cow::Owned(value.replace('\n', " ")),
        false => Cow::Borrowed(value),
    }
}

/// The header fields of a METADATA or PKG-INFO file.
pub(crate) struct Fields(Vec<(Box<str>, Box<str>)>);

impl Fields {
    /// Reads up to the first empty line, where the description begins.
    ///
    /// A line that starts with white space continues the one before; a line without a colon is
    /// ignored.
    pub(crate) fn read(text: &str) -> Self {
        let mut fields: Vec<(Box<str>, String)> = Vec::new();
        for line in text.trim_start_matches('\u{feff}').lines() {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push('\n');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().into(), value.trim_start().to_owned()));
            }
        }
        Self(
            fields
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
        )
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let matches = move |field: &&(Box<str>, Box<str>)| field.0.eq_ignore_ascii_case(name);
        let values = self.0.iter().filter(matches);
        values.map(|(_, value)| value.trim_end())
    }

    /// `Summary`, blanks at its end included: locks that repeat it keep them.
    pub(crate) fn summary(&self) -> Option<&str> {
        let is_summary = |field: &&(Box<str>, Box<str>)| field.0.eq_ignore_ascii_case("Summary");
        let (_, value) = self.0.iter().find(is_summary)?;
        Some(value).map(|value| &**value)
    }

    pub(crate) fn first(&self, name: &'static str) -> Option<&str> {
        self.all(name).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\u{feff}Metadata-Version: 2.1\r
Name: Foo.Bar\r
Version: 1.0\r
summary:  Does things: many \r
License: The license\r
        goes on\r
Requires-Dist: a (>=1.0<2)\r
Requires-Dist: b [x,\r
  y] >=1 ;\r
  python_version < '3.9'\r
Requires-Dist: c ; extra == 'Extra_1'\r
Requires-Python: >=3.6.*\r
Provides-Extra: Extra_1\r
Provides-Extra: -bad-\r
not a field\r
Provides-Extra: two\r
\r
Name: the description\r
";

    fn read(text: &str) -> Result<Metadata, MetadataError> {
        Metadata::read(text, &"foo-bar".parse().unwrap(), &"1".parse().unwrap())
    }

    #[test]
    fn metadata_with_quirks_is_read() {
        let metadata = read(TEXT).unwrap();
        assert_eq!(
            (metadata.name.as_str(), &*metadata.raw_name),
            ("foo-bar", "Foo.Bar")
        );
        assert_eq!(metadata.summary.as_deref(), Some("Does things: many "));
        assert_eq!(metadata.license, None);
        assert_eq!(metadata.requires_python_text.as_deref(), Some(">=3.6.*"));
        let lines: Vec<&str> = metadata.requires_dist.iter().map(|it| &*it.text).collect();
        assert_eq!(lines[0], "a (>=1.0<2)");
        assert_eq!(lines[2], "c ; extra == 'Extra_1'");
        assert_eq!(metadata.requires_dist[1].extras.len(), 2);
        assert!(!metadata.requires_dist[1].marker.is_true());
        let extras: Vec<&str> = metadata
            .provides_extra
            .iter()
            .map(ExtraName::as_str)
            .collect();
        assert_eq!(extras, ["extra-1", "two"]);
        assert_eq!(metadata.warnings.len(), 3, "{:?}", metadata.warnings);
    }

    #[test]
    fn unusable_metadata_is_refused() {
        let head = "Metadata-Version: 2.1\nName: foo_bar\n";
        let inconsistent =
            |text: &str| matches!(read(text), Err(MetadataError::Inconsistent { .. }));
        assert!(inconsistent("Name: foo\nVersion: 1.0\n"));
        assert!(inconsistent("Name: foo-bar\nVersion: 1.1\n"));
        assert_eq!(read(head), Err(MetadataError::Missing("Version")));
        assert_eq!(read("\nName: foo"), Err(MetadataError::Missing("Name")));
        for line in [
            "Version: x",
            "Version: 1\nRequires-Dist: a b",
            "Version: 1\nRequires-Python: x",
        ] {
            let error = read(&format!("{head}{line}\n")).unwrap_err();
            assert!(matches!(error, MetadataError::Field { .. }), "{line}");
        }
    }

    #[test]
    fn a_requirement_of_an_extra_gets_its_marker() {
        let mut metadata = read("Name: foo-bar\nVersion: 1").unwrap();
        for line in [
            "a",
            "a[x] (>=1)",
            "a @ https://a.example/x ; os_name == 'nt'",
            "a;os_name=='nt' or os_name=='x'",
        ] {
            metadata.require(line, Some("dev")).unwrap();
        }
        let lines: Vec<&str> = metadata.requires_dist.iter().map(|it| &*it.text).collect();
        assert_eq!(
            lines,
            [
                "a ; extra == 'dev'",
                "a[x]>=1 ; extra == 'dev'",
                "a @ https://a.example/x ; (os_name == 'nt') and extra == 'dev'",
                "a ; (os_name=='nt' or os_name=='x') and extra == 'dev'",
            ]
        );
    }
}
