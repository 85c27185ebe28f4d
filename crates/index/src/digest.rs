//! The compact form of pages and metadata: what caches keep, and edges send.
//!
//! A page of megabytes becomes a few bytes per file beside its digests: file names are put together
//! from tables of names, versions and tags, digests are binary, times and sizes are small numbers.
//! A [`Project`] stays in this form: a release is put together when somebody looks at it, and each
//! tag set and `requires-python` is parsed once, whatever the number of files.
//!
//! **Invariant:** what was read from a page or a metadata file comes back equal
//! (`tests/digest.rs`), and no input makes reading panic.

mod bytes;
mod file;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use packaging::version::parse_specifiers_lenient;
use packaging::{ExtraName, PackageName, Requirement, RequiresPython, Version};

use self::bytes::Writer;
pub(crate) use self::bytes::{CHECKSUM, Reader};
pub(crate) use self::file::{Files, Texts};
use self::file::{Tables, write_file};
use rustc_hash::FxHashMap;

use crate::metadata::Metadata;
use crate::project::{Project, Release};

/// The version of the compact form. It belongs into the key of whatever is kept in this form:
/// other versions are refused.
pub const VERSION: u8 = 2;

const MAGIC: &[u8; 3] = b"LWi";
pub(crate) const PROJECT: u8 = b'p';
const METADATA: u8 = b'm';

/// Bytes that are no compact form, of another version of it, or damaged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DigestError {
    /// They begin otherwise.
    #[error("expected the compact form of {0}")]
    Other(&'static str),
    /// They are of another version of the form.
    #[error("expected version {VERSION} of the compact form, found {0}")]
    Version(u8),
    /// Something in them was cut off or changed.
    #[error("the compact form is damaged: {0}")]
    Damaged(&'static str),
}

/// The compact form of a project.
#[must_use]
pub fn encode_project(project: &Project) -> Vec<u8> {
    project.form().to_vec()
}

/// Reads the compact form of a project. Releases are read when somebody looks at them.
///
/// # Errors
///
/// The bytes are none, of another version, or damaged.
pub fn decode_project(bytes: &[u8]) -> Result<Project, DigestError> {
    Project::open(bytes.into())
}

/// Puts a project into its compact form: texts that files share, then a line for each release,
/// then their files.
pub(crate) fn write_project(
    status: Option<&str>,
    releases: &BTreeMap<Version, Release>,
) -> Box<[u8]> {
    let mut tables = Tables::default();
    let (mut heads, mut bodies) = (Writer::default(), Writer::default());
    heads.number(releases.len() as u64);
    let mut last_earliest = 0;
    for (version, release) in releases {
        let earliest = release.files().filter_map(|file| file.upload_time).min();
        let mut time = earliest.unwrap_or(0);
        let mut body = Writer::default();
        body.number(release.sdists.len() as u64);
        body.number(release.wheels.len() as u64);
        for file in release.files() {
            write_file(&mut body, &mut tables, file, version, &mut time);
        }
        heads.number(tables.id(&version.to_string()));
        heads.number(body.bytes.len() as u64);
        heads.number(u64::from(earliest.is_some()));
        if let Some(earliest) = earliest {
            heads.signed(earliest.wrapping_sub(last_earliest));
            last_earliest = earliest;
        }
        bodies.bytes.extend(body.bytes);
    }
    let mut writer = Writer::begin(PROJECT);
    let wheel = releases.values().flat_map(|release| &release.wheels).next();
    writer.text(
        wheel
            .and_then(|file| file.wheel())
            .map_or("", |wheel| wheel.name.as_str()),
    );
    writer.optional(status);
    writer.number(tables.texts.len() as u64);
    for text in &tables.texts {
        writer.text(text);
    }
    writer.bytes.extend(heads.bytes);
    writer.bytes.extend(bodies.bytes);
    writer.end().into()
}

/// The compact form of metadata.
#[must_use]
pub fn encode_metadata(metadata: &Metadata) -> Vec<u8> {
    let mut writer = Writer::begin(METADATA);
    writer.text(&metadata.raw_name);
    writer.text(&metadata.version.to_string());
    writer.optional(metadata.summary.as_deref());
    writer.optional(metadata.requires_python_text.as_deref());
    writer.optional(metadata.license.as_deref());
    writer.number(metadata.requires_dist.len() as u64);
    for requirement in &metadata.requires_dist {
        writer.text(&requirement.text);
    }
    writer.number(metadata.provides_extra.len() as u64);
    for extra in &metadata.provides_extra {
        writer.text(extra.as_str());
    }
    writer.number(metadata.warnings.len() as u64);
    for warning in &metadata.warnings {
        writer.text(warning);
    }
    writer.end()
}

/// Reads the compact form of metadata.
///
/// # Errors
///
/// The bytes are none, of another version, or damaged.
pub fn decode_metadata(bytes: &[u8]) -> Result<Metadata, DigestError> {
    Decoder::default().metadata(bytes)
}

/// Reads many metadata, each requirement once: the releases of a project mostly repeat what the
/// others say.
#[derive(Debug, Default)]
pub struct Decoder {
    requirements: FxHashMap<Box<str>, Arc<Requirement>>,
    pythons: FxHashMap<Box<str>, Arc<RequiresPython>>,
}

impl Decoder {
    /// Reads the compact form of metadata.
    ///
    /// # Errors
    ///
    /// The bytes are none, of another version, or damaged.
    pub fn metadata(&mut self, bytes: &[u8]) -> Result<Metadata, DigestError> {
        decode(bytes, self)
    }

    fn requirement(&mut self, text: &str) -> Result<Arc<Requirement>, DigestError> {
        if let Some(requirement) = self.requirements.get(text) {
            return Ok(requirement.clone());
        }
        let (requirement, _) = Requirement::parse_lenient(text)
            .map_err(|_| DigestError::Damaged("a requirement is none"))?;
        let requirement = Arc::new(requirement);
        self.requirements.insert(text.into(), requirement.clone());
        Ok(requirement)
    }

    fn python(&mut self, text: &str) -> Result<Arc<RequiresPython>, DigestError> {
        if let Some(python) = self.pythons.get(text) {
            return Ok(python.clone());
        }
        let (specifiers, _) = parse_specifiers_lenient(text)
            .map_err(|_| DigestError::Damaged("a requires-python is none"))?;
        let python = Arc::new(RequiresPython::from_specifiers(&specifiers));
        self.pythons.insert(text.into(), python.clone());
        Ok(python)
    }
}

fn decode(bytes: &[u8], decoder: &mut Decoder) -> Result<Metadata, DigestError> {
    let damaged = DigestError::Damaged;
    let mut reader = Reader::begin(bytes, METADATA, "metadata")?;
    let raw_name = reader.text()?;
    let name = PackageName::new(raw_name).map_err(|_| damaged("a name is none"))?;
    let version = read_version(reader.text()?)?;
    let mut metadata = Metadata {
        raw_name: raw_name.into(),
        ..Metadata::bare(&name, &version)
    };
    metadata.summary = reader.optional()?.map(Into::into);
    metadata.requires_python_text = reader.optional()?.map(Into::into);
    metadata.license = reader.optional()?.map(Into::into);
    if let Some(text) = &metadata.requires_python_text {
        metadata.requires_python = Some(decoder.python(text)?);
    }
    let count = reader.count()?;
    metadata.requires_dist.reserve_exact(count);
    for _ in 0..count {
        let requirement = decoder.requirement(reader.text()?)?;
        metadata.requires_dist.push(requirement);
    }
    for _ in 0..reader.count()? {
        let extra = ExtraName::new(reader.text()?).map_err(|_| damaged("an extra is none"))?;
        metadata.provides_extra.push(extra);
    }
    for _ in 0..reader.count()? {
        metadata.warnings.push(reader.text()?.to_owned());
    }
    reader.end()?;
    Ok(metadata)
}

pub(crate) fn read_version(text: &str) -> Result<Version, DigestError> {
    Version::from_str(text).map_err(|_| DigestError::Damaged("a version is none"))
}
