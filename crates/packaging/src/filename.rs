//! What the names of distributions say: wheels and source distributions.
//!
//! <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>
//! <https://packaging.python.org/en/latest/specifications/source-distribution-format/>

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::tag::{AbiTag, PlatformTag, PythonTag, WheelTags};
use crate::{PackageName, Version};

/// A build tag: number, then the rest. A wheel with the greater one wins.
pub type BuildTag = (u64, Box<str>);

/// What the name of a wheel says.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct WheelFilename {
    /// The project.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The build tag, if there is one.
    pub build: Option<BuildTag>,
    /// The tags; shared by wheels that have the same.
    pub tags: Arc<WheelTags>,
    /// The label of a wheel variant (PEP 825), if it is one.
    pub variant: Option<Box<str>>,
}

/// A file name that is no wheel's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{filename}` is not a wheel's file name: {reason}")]
pub struct InvalidWheelFilename {
    /// The name.
    pub filename: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The parts of a wheel's file name as they stand there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WheelParts<'a> {
    /// The project's name, escaped or not.
    pub name: &'a str,
    /// The version.
    pub version: &'a str,
    /// The build tag.
    pub build: Option<&'a str>,
    /// Python, ABI and platform tags, with the dashes between.
    pub tags: &'a str,
    /// The variant label.
    pub variant: Option<&'a str>,
}

impl<'a> WheelParts<'a> {
    /// Splits a wheel's file name.
    ///
    /// # Errors
    ///
    /// It does not end in `.whl`, or has too few or too many parts.
    pub fn split(filename: &'a str) -> Result<Self, &'static str> {
        let stem = filename
            .strip_suffix(".whl")
            .ok_or("expected it to end in `.whl`")?;
        let (name, rest) = stem.split_once('-').ok_or("expected a version")?;
        let (version, rest) = rest.split_once('-').ok_or("expected a Python tag")?;
        // Two dashes are between three tags, three dashes mean a build tag before or a variant
        // label after them, four mean both. Build tags start with a digit, Python tags do not.
        let dashes = rest.bytes().filter(|byte| *byte == b'-').count();
        let starts_with_digit = rest.starts_with(|first: char| first.is_ascii_digit());
        let (has_build, has_variant) = match (dashes, starts_with_digit) {
            (2, _) => (false, false),
            (3, true) => (true, false),
            (3, false) => (false, true),
            (4, true) => (true, true),
            (0 | 1, _) => return Err("expected Python, ABI and platform tags"),
            _ => return Err("expected at most seven parts"),
        };
        let (build, rest) = match rest.split_once('-') {
            Some((build, rest)) if has_build => (Some(build), rest),
            _ => (None, rest),
        };
        let (tags, variant) = match rest.rsplit_once('-') {
            Some((tags, variant)) if has_variant => (tags, Some(variant)),
            _ => (rest, None),
        };
        Ok(Self {
            name,
            version,
            build,
            tags,
            variant,
        })
    }

    /// Reads the build tag.
    ///
    /// # Errors
    ///
    /// It does not start with a number, or has odd characters.
    pub fn build_tag(&self) -> Result<Option<BuildTag>, &'static str> {
        let Some(build) = self.build else {
            return Ok(None);
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        let end = build.bytes().take_while(u8::is_ascii_digit).count();
        match build[..end].parse() {
            Ok(number) if build.bytes().all(is_plain) => Ok(Some((number, build[end..].into()))),
            _ => Err("expected the build tag to start with a number"),
        }
    }

    /// Reads the variant label.
    ///
    /// # Errors
    ///
    /// It is too long, or has odd characters.
    pub fn variant_label(&self) -> Result<Option<&'a str>, &'static str> {
        match self.variant {
            Some(label) if !is_label(label) => {
                Err("expected a variant label of at most 16 characters")
            }
            label => Ok(label),
        }
    }
}

impl WheelFilename {
    /// Reads a wheel's file name.
    ///
    /// # Errors
    ///
    /// It is not one.
    pub fn parse(filename: &str) -> Result<Self, InvalidWheelFilename> {
        let invalid = |reason| InvalidWheelFilename {
            filename: filename.to_owned(),
            reason,
        };
        let parts = WheelParts::split(filename).map_err(invalid)?;
        Ok(Self {
            name: PackageName::new(parts.name)
                .map_err(|_| invalid("expected a project's name first"))?,
            version: Version::from_str(parts.version)
                .map_err(|_| invalid("expected a version after the name"))?,
            build: parts.build_tag().map_err(invalid)?,
            tags: WheelTags::parse(parts.tags)
                .map(Arc::new)
                .ok_or_else(|| invalid("expected tags of letters, digits and `_`"))?,
            variant: parts.variant_label().map_err(invalid)?.map(Into::into),
        })
    }

    /// Python tags that could be placed.
    #[must_use]
    pub fn python_tags(&self) -> &[PythonTag] {
        &self.tags.python
    }

    /// ABI tags that could be placed.
    #[must_use]
    pub fn abi_tags(&self) -> &[AbiTag] {
        &self.tags.abi
    }

    /// Platform tags that could be placed.
    #[must_use]
    pub fn platform_tags(&self) -> &[PlatformTag] {
        &self.tags.platform
    }

    /// Whether this is a wheel variant, which no lock pins yet.
    #[must_use]
    pub fn is_variant(&self) -> bool {
        self.variant.is_some()
    }
}

fn is_label(label: &str) -> bool {
    (1..=16).contains(&label.len())
        && label.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'.'
        })
}

impl FromStr for WheelFilename {
    type Err = InvalidWheelFilename;
    fn from_str(filename: &str) -> Result<Self, InvalidWheelFilename> {
        Self::parse(filename)
    }
}

impl fmt::Display for WheelFilename {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-", self.name.escaped(), self.version)?;
        if let Some((number, rest)) = &self.build {
            write!(formatter, "{number}{rest}-")?;
        }
        formatter.write_str(&self.tags.text)?;
        if let Some(variant) = &self.variant {
            write!(formatter, "-{variant}")?;
        }
        formatter.write_str(".whl")
    }
}

/// Extensions of source distributions. Only the first two are still in order.
const SDIST_EXTENSIONS: [&str; 12] = [
    ".tar.gz",
    ".zip",
    ".tar.bz2",
    ".tar.lzma",
    ".tar.lz",
    ".tar.xz",
    ".tar.zst",
    ".tar",
    ".tbz",
    ".tgz",
    ".tlz",
    ".txz",
];

/// The name without a source distribution's extension, and whether PEP 625 allows that (`.tar.gz`,
/// and `.zip` of old).
///
/// As in uv, `.tar.Z` and eggs are no distributions at all.
#[must_use]
pub fn strip_sdist_extension(filename: &str) -> Option<(&str, bool)> {
    SDIST_EXTENSIONS
        .iter()
        .enumerate()
        .find_map(|(at, extension)| filename.strip_suffix(extension).map(|stem| (stem, at < 2)))
}

/// The version of a project's source distribution by its file name, and whether PEP 625 allows its
/// extension.
///
/// The name must be known, since `foo-bar-1.0.tar.gz` could be `foo-bar` 1.0 or `foo` `bar-1.0`.
#[must_use]
pub fn parse_sdist(filename: &str, name: &PackageName) -> Option<(Version, bool)> {
    let (stem, is_pep625) = strip_sdist_extension(filename)?;
    Some((sdist_version(stem, name)?.parse().ok()?, is_pep625))
}

/// The part of a source distribution's stem that is the version.
///
/// The name before it must normalize to the project's without changing its length: uv does not see
/// `foo__bar-1.0.tar.gz` as a file of `foo-bar`.
#[must_use]
pub fn sdist_version<'a>(stem: &'a str, name: &PackageName) -> Option<&'a str> {
    let expected = name.as_str();
    let written = stem.get(..expected.len())?;
    let is_same = written
        .bytes()
        .zip(expected.bytes())
        .all(|(written, expected)| {
            written.to_ascii_lowercase() == expected
                || (expected == b'-' && matches!(written, b'_' | b'.'))
        });
    if !is_same {
        return None;
    }
    stem[expected.len()..].strip_prefix('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheel_names_have_five_to_seven_parts() {
        let wheel = |name: &str| WheelFilename::parse(name).unwrap();
        let plain = wheel("Foo_Bar-1.0.0-py2.py3-none-any.whl");
        assert_eq!(plain.name.as_str(), "foo-bar");
        assert_eq!(plain.python_tags().len(), 2);
        assert_eq!((&plain.build, plain.is_variant()), (&None, false));
        let built = wheel("foo-1.0-10abc-cp312-cp312-win_amd64.whl");
        assert_eq!(built.build, Some((10, "abc".into())));
        assert!(built.build > wheel("foo-1.0-9-cp312-cp312-win_amd64.whl").build);
        let variant = wheel("foo-1.0-cp312-cp312-linux_x86_64-cu128.whl");
        assert_eq!(
            (variant.variant.as_deref(), &variant.build),
            (Some("cu128"), &None)
        );
        let both = wheel("foo-1.0-1-cp312-cp312-linux_x86_64-cu128.whl");
        assert_eq!(
            (both.variant.as_deref(), both.build.is_some()),
            (Some("cu128"), true)
        );
        for (name, same) in [
            ("foo-1.0-1x-cp312-cp312-linux_x86_64-cu128.whl", true),
            ("Foo.Bar-1.00-py3-none-any.whl", false),
        ] {
            assert_eq!(wheel(name).to_string() == name, same, "{name}");
            assert_eq!(wheel(&wheel(name).to_string()), wheel(name), "{name}");
        }
    }

    #[test]
    fn other_names_are_no_wheels() {
        for name in [
            "foo.rs",
            "foo.whl",
            "foo-1.0.whl",
            "foo-1.0-py3.whl",
            "foo-1.0-py3-none.whl",
            "foo-1.0-1-2-3-py3-none-any.whl",
            "foo-x.y-py3-none-any.whl",
            "foo-1.0-py3-none-any-TOO+BIG.whl",
            "foo-1.0-1!-py3-none-any.whl",
            "foo-1.0-99999999999999999999999-py3-none-any.whl",
            "foo-1.0-py3--any.whl",
            "foo-1.0-py3..py2-none-any.whl",
            "-1.0-py3-none-any.whl",
            "foo-1.0-py3-none-any.whl.metadata",
        ] {
            assert!(WheelFilename::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn sdist_names_need_the_project() {
        let table = [
            ("foo-bar-1.0.tar.gz", "foo-bar", Some(("1.0", true))),
            ("foo_bar-1.0.tar.gz", "foo-bar", Some(("1.0", true))),
            ("Foo.Bar-1.0.zip", "foo-bar", Some(("1.0", true))),
            ("foo-bar-1.0.tar.gz", "foo", None),
            ("foo-1-1.zip", "foo", Some(("1.post1", true))),
            ("foo-1.0.tar.bz2", "foo", Some(("1.0", false))),
            ("foo-1.0.tgz", "foo", Some(("1.0", false))),
            ("foo-1.0.tar", "foo", Some(("1.0", false))),
            ("foo-1.0.tar.Z", "foo", None),
            ("foo-1.0-py2.5.egg", "foo", None),
            ("foo-1.0.win32.exe", "foo", None),
            ("foo-2004b-slow.tar.gz", "foo", None),
            ("foo__bar-1.0.tar.gz", "foo-bar", None),
            ("foo.tar.gz", "foo", None),
            ("foo-.tar.gz", "foo", None),
            ("fü-1.0.tar.gz", "fo", None),
        ];
        for (filename, name, expected) in table {
            let expected = expected.map(|(version, good)| (version.parse().unwrap(), good));
            assert_eq!(
                parse_sdist(filename, &name.parse().unwrap()),
                expected,
                "{filename}"
            );
        }
    }
}
