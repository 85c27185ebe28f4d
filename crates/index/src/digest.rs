//! The compact form of pages and metadata: what caches keep, and edges send.
//!
//! A page of megabytes becomes a few bytes per file beside its digests: file names are put together
//! from tables of names, versions and tags, digests are binary, times and sizes are small numbers.
//! Reading it back parses each version, tag set and `requires-python` once, whatever the number of
//! files.
//!
//! **Invariant:** what was read from a page or a metadata file comes back equal
//! (`tests/digest.rs`), and no input makes reading panic.

use std::str::FromStr;
use std::sync::Arc;

use packaging::filename::{WheelFilename, WheelParts, strip_sdist_extension};
use packaging::version::parse_specifiers_lenient;
use packaging::{
    ExtraName, Hash, HashAlgorithm, PackageName, Requirement, RequiresPython, Version,
};
use rustc_hash::FxHashMap;

use crate::metadata::Metadata;
use crate::page::Shared;
use crate::project::{CoreMetadata, File, FileKind, Project, Release, Yanked};

/// The version of the compact form. It belongs into the key of whatever is kept in this form:
/// other versions are refused.
pub const VERSION: u8 = 1;

const MAGIC: &[u8; 3] = b"LWi";
const PROJECT: u8 = b'p';
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
    let mut body = Writer::default();
    let mut tables = Tables::default();
    body.number(project.releases.len() as u64);
    let mut time = 0;
    for (version, release) in &project.releases {
        body.number(tables.id(&version.to_string()));
        body.number(release.sdists.len() as u64);
        body.number(release.wheels.len() as u64);
        for file in release.files() {
            write_file(&mut body, &mut tables, file, version, &mut time);
        }
    }
    let mut writer = Writer::begin(PROJECT);
    let wheel = project
        .releases
        .values()
        .flat_map(|release| &release.wheels)
        .next();
    writer.text(
        wheel
            .and_then(|file| file.wheel())
            .map_or("", |wheel| wheel.name.as_str()),
    );
    writer.optional(project.status.as_deref());
    writer.number(tables.texts.len() as u64);
    for text in &tables.texts {
        writer.text(text);
    }
    writer.bytes.extend(body.bytes);
    writer.end()
}

/// Reads the compact form of a project.
///
/// # Errors
///
/// The bytes are none, of another version, or damaged.
pub fn decode_project(bytes: &[u8]) -> Result<Project, DigestError> {
    let mut reader = Reader::begin(bytes, PROJECT, "a project")?;
    let name = PackageName::new(reader.text()?).ok();
    let mut project = Project {
        status: reader.optional()?.map(Into::into),
        ..Project::default()
    };
    let count = reader.count()?;
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        texts.push(reader.text()?);
    }
    let mut files = Files {
        texts,
        name,
        shared: Shared::default(),
        filename: String::new(),
        time: 0,
    };
    for _ in 0..reader.count()? {
        let version = files.version(&mut reader)?;
        let (sdists, wheels) = (reader.count()?, reader.count()?);
        let mut release = Release::default();
        release.sdists.reserve_exact(sdists);
        for _ in 0..sdists {
            release.sdists.push(Arc::new(files.read(&mut reader)?));
        }
        release.wheels.reserve_exact(wheels);
        for _ in 0..wheels {
            release.wheels.push(Arc::new(files.read(&mut reader)?));
        }
        project.releases.insert(version, release);
    }
    reader.end()?;
    Ok(project)
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
        let (specifiers, _) =
            parse_specifiers_lenient(text).map_err(|_| damaged("a requires-python is none"))?;
        metadata.requires_python = Some(Arc::new(RequiresPython::from_specifiers(&specifiers)));
    }
    for _ in 0..reader.count()? {
        let (requirement, _) = Requirement::parse_lenient(reader.text()?)
            .map_err(|_| damaged("a requirement is none"))?;
        metadata.requires_dist.push(Arc::new(requirement));
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

fn read_version(text: &str) -> Result<Version, DigestError> {
    Version::from_str(text).map_err(|_| DigestError::Damaged("a version is none"))
}

// How the name of a file is put together.
const NAME_WHEEL: u64 = 0;
const NAME_WHEEL_WITH_BUILD: u64 = 1;
const NAME_SDIST: u64 = 2;
const NAME_AS_IS: u64 = 3;

// What a file has; four bits beside the two of its name.
const HAS_SIZE: u64 = 1 << 2;
const HAS_TIME: u64 = 1 << 3;
const HAS_PYTHON: u64 = 1 << 4;
const IS_YANKED: u64 = 1 << 5;
const HAS_CORE: u64 = 1 << 6;
const HAS_CORE_HASH: u64 = 1 << 7;

/// Texts that many files share, numbered in the order in which they are first met.
#[derive(Default)]
struct Tables {
    ids: FxHashMap<Box<str>, u64>,
    texts: Vec<Box<str>>,
}

impl Tables {
    fn id(&mut self, text: &str) -> u64 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = self.texts.len() as u64;
        self.ids.insert(text.into(), id);
        self.texts.push(text.into());
        id
    }
}

fn write_file(
    writer: &mut Writer,
    tables: &mut Tables,
    file: &File,
    version: &Version,
    time: &mut i64,
) {
    let core_hash = file
        .core_metadata
        .as_ref()
        .and_then(|core| core.hash.as_ref());
    let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
    let flags = flag(file.size.is_some(), HAS_SIZE)
        | flag(file.upload_time.is_some(), HAS_TIME)
        | flag(file.requires_python.is_some(), HAS_PYTHON)
        | flag(file.yanked.is_yanked(), IS_YANKED)
        | flag(file.core_metadata.is_some(), HAS_CORE)
        | flag(core_hash.is_some(), HAS_CORE_HASH);
    write_filename(writer, tables, file, version, flags);
    write_url(writer, tables, file);
    writer.number(file.hashes.len() as u64);
    for hash in &file.hashes {
        writer.hash(hash);
    }
    if let Some(size) = file.size {
        writer.number(size);
    }
    if let Some(uploaded) = file.upload_time {
        writer.signed(uploaded.wrapping_sub(*time));
        *time = uploaded;
    }
    if let Some(python) = &file.requires_python {
        writer.number(tables.id(&python.text));
    }
    if let Yanked::Yes(reason) = &file.yanked {
        writer.number(tables.id(reason));
    }
    if let Some(hash) = core_hash {
        writer.hash(hash);
    }
}

fn write_filename(
    writer: &mut Writer,
    tables: &mut Tables,
    file: &File,
    version: &Version,
    flags: u64,
) {
    let filename = &*file.filename;
    let sdist = strip_sdist_extension(filename).filter(|_| !file.is_wheel());
    let wheel = WheelParts::split(filename)
        .ok()
        .filter(|parts| parts.variant.is_none());
    if let (Some(parts), FileKind::Wheel(_)) = (wheel, &file.kind) {
        let kind = if parts.build.is_some() {
            NAME_WHEEL_WITH_BUILD
        } else {
            NAME_WHEEL
        };
        writer.number(flags | kind);
        writer.number(tables.id(parts.name));
        writer.number(tables.id(parts.version));
        if let Some(build) = parts.build {
            writer.number(tables.id(build));
        }
        writer.number(tables.id(parts.tags));
    } else if let Some((stem, _)) = sdist
        && let Some((name, written)) = split_stem(stem, version)
    {
        writer.number(flags | NAME_SDIST);
        writer.number(tables.id(name));
        writer.number(tables.id(written));
        writer.number(tables.id(&filename[stem.len()..]));
    } else {
        writer.number(flags | NAME_AS_IS);
        writer.text(filename);
        let code = match &file.kind {
            FileKind::Wheel(_) => 0,
            FileKind::Sdist => 1,
            FileKind::OldSdist => 2,
        };
        writer.number(code);
    }
}

/// Splits a source distribution's stem at the dash before the version.
fn split_stem<'a>(stem: &'a str, version: &Version) -> Option<(&'a str, &'a str)> {
    stem.match_indices('-')
        .map(|(at, _)| (&stem[..at], &stem[at + 1..]))
        .find(|(_, written)| Version::from_str(written).as_ref() == Ok(version))
}

// How the URL of a file is put together.
const URL_AS_IS: u64 = 0;
/// The part before the file's name is in the table.
const URL_FOLDER: u64 = 1;
/// As before, and a folder made of 64 hexadecimal digits follows: `ab/cd/ef…/`.
const URL_HEXADECIMAL: u64 = 2;

fn write_url(writer: &mut Writer, tables: &mut Tables, file: &File) {
    let Some(folder) = file.url.strip_suffix(&*file.filename) else {
        writer.number(URL_AS_IS);
        writer.text(&file.url);
        return;
    };
    match folder.len().checked_sub(67).and_then(|at| {
        folder
            .get(at..)
            .and_then(from_folder)
            .map(|bytes| (at, bytes))
    }) {
        Some((at, bytes)) => {
            writer.number(URL_HEXADECIMAL);
            writer.number(tables.id(&folder[..at]));
            writer.bytes.extend(bytes);
        }
        None => {
            writer.number(URL_FOLDER);
            writer.number(tables.id(folder));
        }
    }
}

/// `ab/cd/ef…/` with 64 lower-case hexadecimal digits.
fn from_folder(folder: &str) -> Option<[u8; 32]> {
    let bytes = folder.as_bytes();
    if bytes.len() != 67 || bytes[2] != b'/' || bytes[5] != b'/' || bytes[66] != b'/' {
        return None;
    }
    let mut binary = [0; 32];
    let digits = [&bytes[..2], &bytes[3..5], &bytes[6..66]];
    for (at, byte) in digits
        .into_iter()
        .flat_map(|part| part.as_chunks().0)
        .enumerate()
    {
        binary[at] = from_hexadecimal(*byte)?;
    }
    Some(binary)
}

fn from_hexadecimal([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    Some(digit(high)? << 4 | digit(low)?)
}

fn push_hexadecimal(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.reserve(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// What is needed to put files together again.
struct Files<'a> {
    texts: Vec<&'a str>,
    name: Option<PackageName>,
    shared: Shared,
    /// Where names and URLs are put together.
    filename: String,
    time: i64,
}

impl<'a> Files<'a> {
    fn shared_text(&self, reader: &mut Reader<'a>) -> Result<&'a str, DigestError> {
        let id = usize::try_from(reader.number()?).ok();
        let text = id.and_then(|id| self.texts.get(id));
        text.copied()
            .ok_or(DigestError::Damaged("a text is not in its table"))
    }

    fn version(&mut self, reader: &mut Reader<'a>) -> Result<Version, DigestError> {
        let text = self.shared_text(reader)?;
        self.shared
            .version(text)
            .ok_or(DigestError::Damaged("a version is none"))
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<File, DigestError> {
        let flags = reader.number()?;
        let (filename, kind) = self.read_name(reader, flags & 3)?;
        let url = self.read_url(reader, &filename)?;
        let count = reader.count()?;
        let mut hashes = Vec::with_capacity(count);
        for _ in 0..count {
            hashes.push(reader.hash()?);
        }
        let has = |flag: u64| flags & flag != 0;
        let size = if has(HAS_SIZE) {
            Some(reader.number()?)
        } else {
            None
        };
        let upload_time = if has(HAS_TIME) {
            self.time = self.time.wrapping_add(reader.signed()?);
            Some(self.time)
        } else {
            None
        };
        let requires_python = if has(HAS_PYTHON) {
            let python = self.shared.python(self.shared_text(reader)?);
            Some(python.ok_or(DigestError::Damaged("a requires-python is none"))?)
        } else {
            None
        };
        let yanked = if has(IS_YANKED) {
            Yanked::Yes(self.shared_text(reader)?.into())
        } else {
            Yanked::No
        };
        let hash = if has(HAS_CORE_HASH) {
            Some(reader.hash()?)
        } else {
            None
        };
        let core_metadata = has(HAS_CORE).then_some(CoreMetadata { hash });
        Ok(File {
            filename,
            kind,
            url,
            hashes,
            size,
            upload_time,
            requires_python,
            yanked,
            core_metadata,
        })
    }

    fn read_name(
        &mut self,
        reader: &mut Reader<'a>,
        kind: u64,
    ) -> Result<(Arc<str>, FileKind), DigestError> {
        match kind {
            NAME_AS_IS => {
                let filename = reader.text()?;
                let kind = match reader.number()? {
                    0 => FileKind::Wheel(Arc::new(
                        WheelFilename::parse(filename)
                            .map_err(|_| DigestError::Damaged("a wheel's name is none"))?,
                    )),
                    1 => FileKind::Sdist,
                    _ => FileKind::OldSdist,
                };
                Ok((filename.into(), kind))
            }
            NAME_SDIST => {
                let name = self.shared_text(reader)?;
                let version = self.shared_text(reader)?;
                let extension = self.shared_text(reader)?;
                self.join(&[name, "-", version, extension]);
                let is_pep625 = matches!(strip_sdist_extension(extension), Some((_, true)));
                let kind = if is_pep625 {
                    FileKind::Sdist
                } else {
                    FileKind::OldSdist
                };
                Ok((self.filename.as_str().into(), kind))
            }
            _ => self.read_wheel_name(reader, kind == NAME_WHEEL_WITH_BUILD),
        }
    }

    fn read_wheel_name(
        &mut self,
        reader: &mut Reader<'a>,
        has_build: bool,
    ) -> Result<(Arc<str>, FileKind), DigestError> {
        let damaged = DigestError::Damaged("a wheel's name is none");
        let name = self.shared_text(reader)?;
        let version = self.shared_text(reader)?;
        let build = if has_build {
            Some(self.shared_text(reader)?)
        } else {
            None
        };
        let tags = self.shared_text(reader)?;
        match build {
            Some(build) => self.join(&[name, "-", version, "-", build, "-", tags, ".whl"]),
            None => self.join(&[name, "-", version, "-", tags, ".whl"]),
        }
        let parts = WheelParts {
            name,
            version,
            build,
            tags,
            variant: None,
        };
        let wheel = WheelFilename {
            name: self.name.clone().ok_or(damaged)?,
            version: self.shared.version(version).ok_or(damaged)?,
            build: parts.build_tag().map_err(|_| damaged)?,
            tags: self.shared.tags(tags).ok_or(damaged)?,
            variant: None,
        };
        Ok((
            self.filename.as_str().into(),
            FileKind::Wheel(Arc::new(wheel)),
        ))
    }

    fn read_url(
        &mut self,
        reader: &mut Reader<'a>,
        filename: &str,
    ) -> Result<Arc<str>, DigestError> {
        match reader.number()? {
            URL_AS_IS => return Ok(reader.text()?.into()),
            URL_FOLDER => {
                let folder = self.shared_text(reader)?;
                self.join(&[folder, filename]);
            }
            URL_HEXADECIMAL => {
                let folder = self.shared_text(reader)?;
                let digits = reader.take(32)?;
                self.join(&[folder]);
                for part in [&digits[..1], &digits[1..2], &digits[2..]] {
                    push_hexadecimal(&mut self.filename, part);
                    self.filename.push('/');
                }
                self.filename.push_str(filename);
            }
            _ => {
                return Err(DigestError::Damaged(
                    "a URL is put together in an unknown way",
                ));
            }
        }
        Ok(self.filename.as_str().into())
    }

    fn join(&mut self, parts: &[&str]) {
        self.filename.clear();
        for part in parts {
            self.filename.push_str(part);
        }
    }
}

const ALGORITHMS: [HashAlgorithm; 5] = [
    HashAlgorithm::Md5,
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
    HashAlgorithm::Blake2b,
];

/// Numbers of seven bits a byte, texts with their length before them.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn begin(kind: u8) -> Self {
        let mut writer = Self::default();
        writer.bytes.extend(MAGIC);
        writer.bytes.extend([VERSION, kind]);
        writer
    }

    fn end(mut self) -> Vec<u8> {
        let sum = checksum(&self.bytes).to_le_bytes();
        self.bytes.extend(sum);
        self.bytes
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Small numbers of either sign are short.
    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// Algorithm and digest, which is binary when it is made of pairs of lower-case digits.
    fn hash(&mut self, hash: &Hash) {
        let algorithm = ALGORITHMS
            .iter()
            .position(|known| *known == hash.algorithm)
            .unwrap_or(0);
        let (pairs, rest) = hash.digest.as_bytes().as_chunks();
        let binary: Option<Vec<u8>> = pairs.iter().map(|pair| from_hexadecimal(*pair)).collect();
        match binary.filter(|_| rest.is_empty()) {
            Some(binary) => {
                self.number((algorithm as u64) << 1);
                self.number(binary.len() as u64);
                self.bytes.extend(binary);
            }
            None => {
                self.number((algorithm as u64) << 1 | 1);
                self.text(&hash.digest);
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn begin(bytes: &'a [u8], kind: u8, what: &'static str) -> Result<Self, DigestError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(DigestError::Other(what))?;
        match rest {
            [VERSION, found, ..] if *found == kind => {}
            [VERSION, ..] | [] => return Err(DigestError::Other(what)),
            [version, ..] => return Err(DigestError::Version(*version)),
        }
        let cut = DigestError::Damaged("it is cut off");
        let (content, sum) = bytes.split_last_chunk::<4>().ok_or(cut)?;
        let body = content.get(MAGIC.len() + 2..).ok_or(cut)?;
        if checksum(content).to_le_bytes() != *sum {
            return Err(DigestError::Damaged("its checksum is another"));
        }
        Ok(Self { rest: body })
    }

    fn end(&self) -> Result<(), DigestError> {
        match self.rest {
            [] => Ok(()),
            _ => Err(DigestError::Damaged("something follows its end")),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DigestError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DigestError::Damaged("it is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, DigestError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take(1)? else { break };
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DigestError::Damaged("a number does not end"))
    }

    fn signed(&mut self) -> Result<i64, DigestError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number of things that follow, each of one byte at least.
    fn count(&mut self) -> Result<usize, DigestError> {
        let count = usize::try_from(self.number()?).ok();
        count
            .filter(|count| *count <= self.rest.len())
            .ok_or(DigestError::Damaged("it is cut off"))
    }

    fn text(&mut self) -> Result<&'a str, DigestError> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?)
            .map_err(|_| DigestError::Damaged("a text is no UTF-8"))
    }

    fn optional(&mut self) -> Result<Option<&'a str>, DigestError> {
        Ok(if self.number()? == 0 {
            None
        } else {
            Some(self.text()?)
        })
    }

    fn hash(&mut self) -> Result<Hash, DigestError> {
        let head = self.number()?;
        let algorithm = usize::try_from(head >> 1)
            .ok()
            .and_then(|at| ALGORITHMS.get(at));
        let algorithm = *algorithm.ok_or(DigestError::Damaged("a hash algorithm is unknown"))?;
        if head & 1 == 1 {
            return Ok(Hash {
                algorithm,
                digest: self.text()?.into(),
            });
        }
        let length = self.count()?;
        let mut digest = String::new();
        push_hexadecimal(&mut digest, self.take(length)?);
        Ok(Hash {
            algorithm,
            digest: digest.into(),
        })
    }
}

/// Tells damage, not malice.
fn checksum(bytes: &[u8]) -> u32 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks();
    let mut sum = bytes.len() as u64;
    for word in words {
        sum = (sum ^ u64::from_le_bytes(*word))
            .wrapping_mul(PRIME)
            .rotate_left(29);
    }
    for byte in rest {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(PRIME).rotate_left(29);
    }
    (sum ^ sum >> 32) as u32
}
