//! One file in the compact form of its project.

use std::str::FromStr;
use std::sync::Arc;

use packaging::filename::{WheelFilename, WheelParts, strip_sdist_extension};
use packaging::{Hash, PackageName, Version};
use rustc_hash::FxHashMap;

use super::DigestError;
use super::bytes::{Reader, Writer, from_hexadecimal, push_hexadecimal};
use crate::page::Shared;
use crate::project::{CoreMetadata, File, FileKind, Yanked};

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
pub(super) struct Tables {
    ids: FxHashMap<Box<str>, u64>,
    pub(super) texts: Vec<Box<str>>,
}

impl Tables {
    pub(super) fn id(&mut self, text: &str) -> u64 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = self.texts.len() as u64;
        self.ids.insert(text.into(), id);
        self.texts.push(text.into());
        id
    }
}

/// Writes a file of a version; its time counts from the one before, kept in `time`.
pub(super) fn write_file(
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

/// The texts that files share, where they stand in the compact form.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub(crate) form: &'a [u8],
    /// Where each text begins, its length first.
    pub(crate) starts: &'a [u32],
}

impl<'a> Texts<'a> {
    /// Reads a text's number, and looks the text up.
    pub(crate) fn read(&self, reader: &mut Reader<'a>) -> Result<&'a str, DigestError> {
        self.get(u32::try_from(reader.number()?).unwrap_or(u32::MAX))
    }

    /// The text of a number.
    pub(crate) fn get(&self, id: u32) -> Result<&'a str, DigestError> {
        let start = self.starts.get(id as usize);
        let rest = start.and_then(|start| self.form.get(*start as usize..));
        let rest = rest.ok_or(DigestError::Damaged("a text is not in its table"))?;
        Reader { rest }.text()
    }
}

/// What is needed to put files together again.
pub(crate) struct Files<'a> {
    pub(crate) texts: Texts<'a>,
    pub(crate) name: Option<&'a PackageName>,
    pub(crate) shared: &'a mut Shared,
    /// Where names and URLs are put together.
    pub(crate) filename: String,
    pub(crate) time: i64,
    /// Whether names, URLs and digests are put together, too.
    pub(crate) is_whole: bool,
}

impl<'a> Files<'a> {
    pub(crate) fn read(&mut self, reader: &mut Reader<'a>) -> Result<File, DigestError> {
        let flags = reader.number()?;
        self.filename.clear();
        let (filename, kind) = self.read_name(reader, flags & 3)?;
        let url = self.read_url(reader, &filename)?;
        let count = reader.count()?;
        let mut hashes = Vec::with_capacity(if self.is_whole { count } else { 0 });
        for _ in 0..count {
            hashes.extend(self.read_hash(reader)?);
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
            let python = self.shared.python(self.texts.read(reader)?);
            Some(python.ok_or(DigestError::Damaged("a requires-python is none"))?)
        } else {
            None
        };
        let yanked = if has(IS_YANKED) {
            Yanked::Yes(self.texts.read(reader)?.into())
        } else {
            Yanked::No
        };
        let hash = if has(HAS_CORE_HASH) {
            self.read_hash(reader)?
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

    fn read_hash(&self, reader: &mut Reader<'a>) -> Result<Option<Hash>, DigestError> {
        if self.is_whole {
            return reader.hash().map(Some);
        }
        reader.skip_hash().map(|()| None)
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
                let name = self.texts.read(reader)?;
                let version = self.texts.read(reader)?;
                let extension = self.texts.read(reader)?;
                if self.is_whole {
                    self.join(&[name, "-", version, extension]);
                }
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
        let name = self.texts.read(reader)?;
        let version = self.texts.read(reader)?;
        let build = if has_build {
            Some(self.texts.read(reader)?)
        } else {
            None
        };
        let tags = self.texts.read(reader)?;
        match build {
            _ if !self.is_whole => {}
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
            name: self.name.cloned().ok_or(damaged)?,
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
            URL_AS_IS if self.is_whole => return Ok(reader.text()?.into()),
            URL_AS_IS => {
                reader.text()?;
            }
            URL_FOLDER if !self.is_whole => {
                reader.number()?;
            }
            URL_HEXADECIMAL if !self.is_whole => {
                reader.number()?;
                reader.take(32)?;
            }
            URL_FOLDER => {
                let folder = self.texts.read(reader)?;
                self.join(&[folder, filename]);
            }
            URL_HEXADECIMAL => {
                let folder = self.texts.read(reader)?;
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
