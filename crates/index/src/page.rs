//! From the entries of a project's page, whatever its form, to a [`Project`].

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use packaging::filename::{WheelFilename, WheelParts, sdist_version, strip_sdist_extension};
use packaging::tag::WheelTags;
use packaging::version::parse_specifiers_lenient;
use packaging::{Hash, PackageName, RequiresPython, Version};
use rustc_hash::FxHashMap;
use url::Url;

use crate::project::{CoreMetadata, File, FileKind, FileRequiresPython, Project, Release, Yanked};
use crate::{simple_html, simple_json};

/// What to ask for: either form of page, JSON preferred.
pub const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// A page that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PageError {
    /// The answer is in a form nobody asked for.
    #[error("expected a simple index page in JSON or HTML, found `{0}`")]
    ContentType(String),
    /// The JSON is broken, or its shape is not PEP 691's.
    #[error("expected a simple index page in JSON (PEP 691): {0}")]
    Json(String),
    /// The URL of the page, or its `<base>`, is none.
    #[error("`{url}` is not a URL: {reason}")]
    Url {
        /// The text.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A link carries a digest nobody can check.
    #[error("unknown hash algorithm `{0}`")]
    HashAlgorithm(String),
}

/// Reads a project's page in the form its content type says.
///
/// # Errors
///
/// The content type is none that was asked for, or the page cannot be read.
pub fn read(
    content_type: &str,
    body: &[u8],
    response_url: &str,
    name: &PackageName,
) -> Result<Project, PageError> {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match kind.as_str() {
        "application/vnd.pypi.simple.v1+json" => simple_json::read(body, response_url, name),
        "application/vnd.pypi.simple.v1+html" | "text/html" => {
            simple_html::read(body, response_url, name)
        }
        _ => Err(PageError::ContentType(content_type.to_owned())),
    }
}

/// One entry of a page.
#[derive(Debug, Default)]
pub(crate) struct Entry<'a> {
    pub(crate) filename: &'a str,
    pub(crate) url: &'a str,
    pub(crate) hashes: Vec<Hash>,
    pub(crate) size: Option<u64>,
    pub(crate) upload_time: Option<i64>,
    pub(crate) requires_python: Option<&'a str>,
    pub(crate) yanked: Yanked,
    pub(crate) core_metadata: Option<CoreMetadata>,
}

/// Where the relative URLs of a page begin.
pub(crate) struct Base(Url);

impl Base {
    pub(crate) fn parse(url: &str) -> Result<Self, PageError> {
        Url::parse(url).map(Self).map_err(|error| PageError::Url {
            url: url.to_owned(),
            reason: error.to_string(),
        })
    }

    /// The base that a `<base href>` sets.
    pub(crate) fn join(&self, href: &str) -> Result<Self, PageError> {
        let error = |reason: String| PageError::Url {
            url: href.to_owned(),
            reason,
        };
        self.0
            .join(href)
            .map(Self)
            .map_err(|problem| error(problem.to_string()))
    }

    /// An absolute URL without its fragment; absolute ones stay as they are written.
    fn absolute(&self, url: &str) -> Option<Arc<str>> {
        let url = url.split('#').next().unwrap_or(url);
        if has_scheme(url) {
            return Some(url.into());
        }
        Some(self.0.join(url).ok()?.as_str().into())
    }
}

fn has_scheme(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// Texts that many files of a project share, each read once.
#[derive(Default)]
pub(crate) struct Shared {
    /// Names as written, and whether they are the project's.
    names: FxHashMap<Box<str>, Option<PackageName>>,
    versions: FxHashMap<Box<str>, Option<Version>>,
    tags: FxHashMap<Box<str>, Option<Arc<WheelTags>>>,
    pythons: FxHashMap<Box<str>, Option<FileRequiresPython>>,
}

/// Looks a text up, reading it the first time.
fn once<T: Clone>(
    known: &mut FxHashMap<Box<str>, Option<T>>,
    text: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    if let Some(value) = known.get(text) {
        return value.clone();
    }
    let value = read(text);
    known.insert(text.into(), value.clone());
    value
}

impl Shared {
    pub(crate) fn version(&mut self, text: &str) -> Option<Version> {
        once(&mut self.versions, text, |text| {
            Version::from_str(text).ok()
        })
    }

    pub(crate) fn tags(&mut self, text: &str) -> Option<Arc<WheelTags>> {
        once(&mut self.tags, text, |text| {
            WheelTags::parse(text).map(Arc::new)
        })
    }

    pub(crate) fn python(&mut self, text: &str) -> Option<FileRequiresPython> {
        once(&mut self.pythons, text, |text| {
            let (specifiers, _) = parse_specifiers_lenient(text).ok()?;
            let value = Arc::new(RequiresPython::from_specifiers(&specifiers));
            Some(FileRequiresPython {
                text: text.into(),
                value,
            })
        })
    }

    /// What a file's name says; `None` if it is no distribution of the project.
    pub(crate) fn kind(
        &mut self,
        filename: &str,
        name: &PackageName,
    ) -> Option<(Version, FileKind)> {
        if let Some((stem, is_pep625)) = strip_sdist_extension(filename) {
            let version = self.version(sdist_version(stem, name)?)?;
            let kind = if is_pep625 {
                FileKind::Sdist
            } else {
                FileKind::OldSdist
            };
            return Some((version, kind));
        }
        let parts = WheelParts::split(filename).ok()?;
        let version = self.version(parts.version)?;
        let is_same = |written: &str| PackageName::new(written).as_ref() == Ok(name);
        let wheel = WheelFilename {
            name: once(&mut self.names, parts.name, |written| {
                is_same(written).then(|| name.clone())
            })?,
            version: version.clone(),
            build: parts.build_tag().ok()?,
            tags: self.tags(parts.tags)?,
            variant: parts.variant_label().ok()?.map(Into::into),
        };
        Some((version, FileKind::Wheel(Arc::new(wheel))))
    }
}

/// Collects the entries of a project's page.
pub(crate) struct Page<'a> {
    name: &'a PackageName,
    base: Base,
    shared: Shared,
    files: Vec<(Version, Arc<File>)>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(name: &'a PackageName, base: Base) -> Self {
        Self {
            name,
            base,
            shared: Shared::default(),
            files: Vec::new(),
        }
    }

    /// Adds a file, unless it is none of the project's, or its `requires-python` is unreadable.
    pub(crate) fn add(&mut self, mut entry: Entry<'_>) {
        let Some((version, kind)) = self.shared.kind(entry.filename, self.name) else {
            return;
        };
        let requires_python = match entry.requires_python {
            None => None,
            Some(text) => match self.shared.python(text) {
                None => return,
                python => python,
            },
        };
        let Some(url) = self.base.absolute(entry.url) else {
            return;
        };
        entry.hashes.sort();
        entry
            .hashes
            .dedup_by(|later, first| later.algorithm == first.algorithm);
        let file = File {
            filename: entry.filename.into(),
            kind,
            url,
            hashes: entry.hashes,
            size: entry.size,
            upload_time: entry.upload_time,
            requires_python,
            yanked: entry.yanked,
            core_metadata: entry.core_metadata,
        };
        self.files.push((version, Arc::new(file)));
    }

    /// The project, whatever order the entries came in.
    pub(crate) fn finish(mut self, status: Option<&str>) -> Project {
        self.files
            .sort_by(|(_, a), (_, b)| a.filename.cmp(&b.filename));
        // An index that names a file twice means the first.
        self.files
            .dedup_by(|(_, later), (_, first)| later.filename == first.filename);
        let mut releases: BTreeMap<Version, Release> = BTreeMap::new();
        for (version, file) in self.files {
            let release = releases.entry(version).or_default();
            match file.kind {
                FileKind::Wheel(_) => release.wheels.push(file),
                FileKind::Sdist | FileKind::OldSdist => release.sdists.push(file),
            }
        }
        Project::new(status, &releases)
    }
}

/// Milliseconds since 1970 of an RFC 3339 time, finer parts cut off.
#[must_use]
pub fn read_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let is = |at: usize, expected: &[u8]| bytes.get(at).is_some_and(|byte| expected.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = &text[19..];
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    let mut milliseconds = 0;
    for place in 0..3 {
        milliseconds = milliseconds * 10
            + fraction
                .as_bytes()
                .get(place)
                .map_or(0, |digit| i64::from(digit - b'0'));
    }
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - 5;
            let minutes = number(at, at + 2)? * 60 + number(at + 3, at + 5)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some((seconds - offset * 60) * 1000 + milliseconds)
}

/// Days of the proleptic Gregorian calendar, counting years from March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_millisecond() {
        let table = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-09-02T14:19:51.889999Z", Some(1_788_358_791_889)),
            ("2026-09-02T14:19:51.88Z", Some(1_788_358_791_880)),
            ("2026-09-02T16:19:51+02:00", Some(1_788_358_791_000)),
            ("2000-02-29T23:59:59.9Z", Some(951_868_799_900)),
            ("1969-12-31T23:59:59.5Z", Some(-500)),
            ("2026-09-02", None),
            ("2026-13-02T14:19:51Z", None),
            ("2026-09-02T14:19:51", None),
            ("2026-09-02T14:19:5ä", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(read_time(text), expected, "{text}");
        }
    }

    #[test]
    fn urls_become_absolute() {
        let base = Base::parse("https://a.example/simple/foo/").unwrap();
        let table = [
            (
                "../../files/foo-1.zip#sha256=00",
                "https://a.example/files/foo-1.zip",
            ),
            ("/f/foo-1.zip", "https://a.example/f/foo-1.zip"),
            ("//b.example/foo-1.zip", "https://b.example/foo-1.zip"),
            (
                "foo-1.zip?a=b",
                "https://a.example/simple/foo/foo-1.zip?a=b",
            ),
            // As written, even where a URL parser would write it otherwise.
            (
                "https://B.example/foo bar%2b.zip#x",
                "https://B.example/foo bar%2b.zip",
            ),
        ];
        for (written, meant) in table {
            assert_eq!(base.absolute(written).as_deref(), Some(meant));
        }
        assert!(Base::parse("simple/foo").is_err());
    }
}
