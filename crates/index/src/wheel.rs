//! The METADATA of a wheel, out of the whole file or out of a few ranges of a remote one.
//!
//! A wheel is a zip archive: its directory stands at the end and tells where METADATA is.

use std::ops::Range;

use packaging::PackageName;
use packaging::filename::WheelFilename;

use crate::query::Absence;
use crate::zip::{self, Member, ZipError};

/// How much of the end is asked for first: enough for the directory of most wheels.
const TAIL: u64 = 16 * 1024;
/// Requests for the member are rounded up to this.
const BLOCK: u64 = 8 * 1024;
/// A directory that is larger than this is none.
const DIRECTORY_LIMIT: u64 = 64 * 1024 * 1024;
/// METADATA that is larger than this is none.
const METADATA_LIMIT: u64 = 32 * 1024 * 1024;

/// A wheel whose metadata cannot be found.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WheelError {
    /// The archive cannot be read.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// There is no `.dist-info` folder with METADATA for the project.
    #[error("expected one `.dist-info` folder with METADATA, found {found}")]
    DistInfo {
        /// What was found instead.
        found: String,
    },
    /// An answer did not hold what was asked for.
    #[error("asked for bytes {} to {} of the wheel, and never got them", .0.start, .0.end)]
    Unanswered(Range<u64>),
}

impl From<WheelError> for Absence {
    fn from(error: WheelError) -> Self {
        Self::Invalid {
            reason: error.to_string(),
        }
    }
}

/// What [`RemoteWheel::next`] comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Need {
    /// Fetch these bytes and [`feed`](RemoteWheel::feed) them.
    Range(Range<u64>),
    /// Here is METADATA.
    Done(Vec<u8>),
}

/// Finds METADATA in a wheel of which only ranges are fetched.
///
/// It keeps what it is fed and asks for what it lacks; a server that answers with more than was
/// asked for, up to the whole file, saves requests.
#[derive(Clone, Debug)]
pub struct RemoteWheel {
    name: PackageName,
    size: u64,
    pieces: Vec<(u64, Vec<u8>)>,
    last_need: Option<Range<u64>>,
}

impl RemoteWheel {
    /// Begins with a wheel of that name and size in bytes.
    #[must_use]
    pub fn new(filename: &WheelFilename, size: u64) -> Self {
        Self {
            name: filename.name.clone(),
            size,
            pieces: Vec::new(),
            last_need: None,
        }
    }

    /// Takes bytes of the wheel from `start` on.
    pub fn feed(&mut self, start: u64, bytes: Vec<u8>) {
        self.pieces.push((start, bytes));
    }

    /// What is needed next.
    ///
    /// # Errors
    ///
    /// The wheel is broken or has no METADATA, or what was needed last was not fed.
    #[expect(
        clippy::should_implement_trait,
        reason = "a conversation that can fail and needs feeding is no iterator"
    )]
    pub fn next(&mut self) -> Result<Need, WheelError> {
        match self.search()? {
            Ok(metadata) => Ok(Need::Done(metadata)),
            Err(range) if self.last_need.as_ref() == Some(&range) => {
                Err(WheelError::Unanswered(range))
            }
            Err(range) => {
                self.last_need = Some(range.clone());
                Ok(Need::Range(range))
            }
        }
    }

    /// METADATA, or the bytes that are missing for it.
    fn search(&self) -> Result<Result<Vec<u8>, Range<u64>>, WheelError> {
        let tail = self.size.saturating_sub(TAIL)..self.size;
        let Some(tail_bytes) = self.bytes(&tail) else {
            return Ok(Err(tail));
        };
        let directory = zip::directory(tail_bytes, tail.start)?;
        let end = directory.offset.saturating_add(directory.size);
        if end > self.size || directory.size > DIRECTORY_LIMIT {
            return Err(ZipError::Broken("its directory lies outside of it").into());
        }
        let range = directory.offset..end;
        let Some(entries) = self.bytes(&range) else {
            return Ok(Err(range));
        };
        let members = zip::members(entries)?;
        let member = metadata_member(&members, &self.name)?;
        let header = member.offset..member.offset.saturating_add(zip::LOCAL_HEADER);
        let guess = zip::LOCAL_HEADER + member.name.len() as u64;
        let Some(header_bytes) = self.bytes(&header) else {
            return Ok(Err(self.blocks(member, guess)?));
        };
        let Some(start) = zip::data_start(header_bytes) else {
            return Err(ZipError::Broken("a member is cut off").into());
        };
        let start = start?;
        let from = member.offset.saturating_add(start);
        match self.bytes(&(from..from.saturating_add(member.packed_size))) {
            Some(packed) => Ok(Ok(zip::unpack(member, packed, METADATA_LIMIT)?)),
            None => Ok(Err(self.blocks(member, start)?)),
        }
    }

    /// The range of a member whose data starts that far behind its offset, in whole blocks.
    fn blocks(&self, member: &Member, start: u64) -> Result<Range<u64>, WheelError> {
        if member.packed_size > METADATA_LIMIT {
            let name = member.name.clone();
            return Err(ZipError::TooLarge {
                name,
                limit: METADATA_LIMIT,
            }
            .into());
        }
        let length = (start + member.packed_size).div_ceil(BLOCK) * BLOCK;
        let end = member.offset.saturating_add(length).min(self.size);
        if end < member.offset.saturating_add(start + member.packed_size) {
            return Err(ZipError::Broken("a member lies outside of it").into());
        }
        Ok(member.offset..end)
    }

    fn bytes(&self, range: &Range<u64>) -> Option<&[u8]> {
        self.pieces.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
            let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
            bytes.get(from..to)
        })
    }
}

/// METADATA out of a whole wheel.
///
/// # Errors
///
/// The wheel is broken or has no METADATA.
pub fn metadata_from_whole(filename: &WheelFilename, wheel: &[u8]) -> Result<Vec<u8>, WheelError> {
    let members = zip::read_members(wheel)?;
    let member = metadata_member(&members, &filename.name)?;
    Ok(zip::read_member(wheel, member, METADATA_LIMIT)?)
}

/// METADATA in the one `.dist-info` folder, which must be the project's.
fn metadata_member<'a>(
    members: &'a [Member],
    name: &PackageName,
) -> Result<&'a Member, WheelError> {
    let found = |found: String| WheelError::DistInfo { found };
    let mut candidates = members.iter().filter_map(|member| {
        let folder = member
            .name
            .strip_suffix("/METADATA")?
            .strip_suffix(".dist-info")?;
        (!folder.contains('/')).then_some((member, folder))
    });
    let Some((member, folder)) = candidates.next() else {
        return Err(found("none".to_owned()));
    };
    if let Some((_, other)) = candidates.next() {
        return Err(found(format!(
            "`{folder}.dist-info` and `{other}.dist-info`"
        )));
    }
    let project = folder
        .split_once('-')
        .map_or(folder, |(project, _)| project);
    match PackageName::new(project) {
        Ok(project) if project == *name => Ok(member),
        _ => Err(found(format!("`{folder}.dist-info`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archives::{Packing, zip_archive};

    const METADATA: &[u8] = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n";

    fn filename() -> WheelFilename {
        WheelFilename::parse("foo-1.0-py3-none-any.whl").unwrap()
    }

    /// Bytes that hardly compress.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    fn wheel(packing: Packing) -> Vec<u8> {
        let code = noise(100_000);
        zip_archive(
            &[
                ("foo/__init__.py", &code),
                ("foo/vendor/bar-1.dist-info/METADATA", b"no"),
                ("foo-1.0.dist-info/METADATA", METADATA),
                ("foo-1.0.dist-info/RECORD", b""),
            ],
            packing,
        )
    }

    /// Plays a server; returns METADATA and the ranges asked for.
    fn fetch(wheel: &[u8]) -> Result<(Vec<u8>, Vec<Range<u64>>), WheelError> {
        let mut remote = RemoteWheel::new(&filename(), wheel.len() as u64);
        let mut asked = Vec::new();
        loop {
            match remote.next()? {
                Need::Done(metadata) => return Ok((metadata, asked)),
                Need::Range(range) => {
                    remote.feed(
                        range.start,
                        wheel[range.start as usize..range.end as usize].to_vec(),
                    );
                    asked.push(range);
                }
            }
        }
    }

    #[test]
    fn metadata_is_found_whole_and_in_ranges() {
        for packing in [Packing::Stored, Packing::Deflated, Packing::Zip64] {
            let wheel = wheel(packing);
            assert_eq!(metadata_from_whole(&filename(), &wheel).unwrap(), METADATA);
            let (metadata, asked) = fetch(&wheel).unwrap();
            assert_eq!(metadata, METADATA);
            assert!(asked.len() <= 2, "{asked:?}");
        }
    }

    #[test]
    fn a_large_directory_and_a_far_member_take_three_ranges() {
        let names: Vec<String> = (0..2000).map(|at| format!("foo/module_{at}.py")).collect();
        let noise = noise(160);
        let mut files: Vec<(&str, &[u8])> = vec![("foo-1.0.dist-info/METADATA", METADATA)];
        files.extend(names.iter().map(|name| (name.as_str(), noise.as_slice())));
        let (metadata, asked) = fetch(&zip_archive(&files, Packing::Stored)).unwrap();
        assert_eq!((metadata.as_slice(), asked.len()), (METADATA, 3));
    }

    #[test]
    fn broken_wheels_are_errors() {
        let whole = wheel(Packing::Deflated);
        for cut in [0, 10, 1000, whole.len() - 30] {
            assert!(
                metadata_from_whole(&filename(), &whole[..cut]).is_err(),
                "{cut}"
            );
            assert!(fetch(&whole[..cut]).is_err(), "{cut}");
        }
        for files in [
            &[("foo-1.0.dist-info/RECORD", b"".as_slice())][..],
            &[
                ("foo-1.0.dist-info/METADATA", METADATA),
                ("foo-2.dist-info/METADATA", METADATA),
            ][..],
            &[("bar-1.0.dist-info/METADATA", METADATA)][..],
        ] {
            let error = fetch(&zip_archive(files, Packing::Stored)).unwrap_err();
            assert!(matches!(error, WheelError::DistInfo { .. }), "{error}");
        }
        let mut remote = RemoteWheel::new(&filename(), whole.len() as u64);
        assert!(remote.next().is_ok());
        assert!(matches!(remote.next(), Err(WheelError::Unanswered(_))));
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let whole = wheel(Packing::Zip64);
        let tail = whole.len() - 600;
        for at in tail..whole.len() {
            for byte in [0, 0xff, 0x50] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                let _ = fetch(&damaged);
                let _ = metadata_from_whole(&filename(), &damaged);
            }
        }
    }
}
