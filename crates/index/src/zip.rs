//! Just enough of zip archives: the central directory, and one member at a time.
//!
//! Members may be stored or deflated; ZIP64 sizes and offsets are understood, encryption is not.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// A zip archive that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ZipError {
    /// There is no end of a central directory.
    #[error("expected a zip archive")]
    NoArchive,
    /// A part lies outside of the archive, or does not begin as it should.
    #[error("the zip archive is broken: {0}")]
    Broken(&'static str),
    /// A member is packed in a way that is not understood.
    #[error("`{name}` is compressed in a way (method {method}) that is not supported")]
    Method {
        /// The member.
        name: String,
        /// The number of the method.
        method: u16,
    },
    /// A member is larger than anything reasonable.
    #[error("`{name}` is larger than {limit} bytes")]
    TooLarge {
        /// The member.
        name: String,
        /// How large it may be.
        limit: u64,
    },
}

/// Where the central directory is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Directory {
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// A member of the archive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) method: u16,
    pub(crate) is_encrypted: bool,
    pub(crate) packed_size: u64,
    pub(crate) size: u64,
    /// Where its local header begins.
    pub(crate) offset: u64,
}

const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const END64_LOCATOR: &[u8] = b"PK\x06\x07";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// The length of a local header before the name.
pub(crate) const LOCAL_HEADER: u64 = 30;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(
        bytes.get(at..at.checked_add(2)?)?.try_into().ok()?,
    ))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(
        bytes.get(at..at.checked_add(8)?)?.try_into().ok()?,
    ))
}

/// Finds the central directory. `tail` is the end of the archive, from `tail_start` on.
pub(crate) fn directory(tail: &[u8], tail_start: u64) -> Result<Directory, ZipError> {
    // The end record is 22 bytes and a comment, whose length must fit.
    let end = (0..=tail.len().saturating_sub(22))
        .rev()
        .find(|at| {
            tail[*at..].starts_with(END)
                && u16_at(tail, at + 20)
                    .is_some_and(|length| at + 22 + usize::from(length) == tail.len())
        })
        .or_else(|| tail.windows(4).rposition(|window| window == END))
        .ok_or(ZipError::NoArchive)?;
    let broken = ZipError::Broken("the end of its directory is cut off");
    let size = u32_at(tail, end + 12).ok_or(broken.clone())?;
    let offset = u32_at(tail, end + 16).ok_or(broken)?;
    let locator = end
        .checked_sub(20)
        .filter(|at| tail[*at..].starts_with(END64_LOCATOR));
    match locator {
        Some(locator) if size == u32::MAX || offset == u32::MAX => {
            let error = ZipError::Broken("the ZIP64 end of its directory is out of reach");
            let record = u64_at(tail, locator + 8)
                .and_then(|at| usize::try_from(at.checked_sub(tail_start)?).ok())
                .filter(|at| {
                    tail.get(*at..)
                        .is_some_and(|record| record.starts_with(END64))
                })
                .ok_or(error.clone())?;
            Ok(Directory {
                size: u64_at(tail, record + 40).ok_or(error.clone())?,
                offset: u64_at(tail, record + 48).ok_or(error)?,
            })
        }
        _ => Ok(Directory {
            offset: u64::from(offset),
            size: u64::from(size),
        }),
    }
}

/// Reads the entries of the central directory.
pub(crate) fn members(mut directory: &[u8]) -> Result<Vec<Member>, ZipError> {
    let mut members = Vec::new();
    while directory.starts_with(ENTRY) {
        let (member, length) =
            member(directory).ok_or(ZipError::Broken("an entry of its directory is cut off"))?;
        members.push(member);
        directory = &directory[length..];
    }
    Ok(members)
}

fn member(entry: &[u8]) -> Option<(Member, usize)> {
    let name_length = usize::from(u16_at(entry, 28)?);
    let extra_length = usize::from(u16_at(entry, 30)?);
    let comment_length = usize::from(u16_at(entry, 32)?);
    let length = 46 + name_length + extra_length + comment_length;
    let name = entry.get(46..46 + name_length)?;
    let extra = entry.get(46 + name_length..46 + name_length + extra_length)?;
    entry.get(..length)?;
    // Fields that do not fit are all ones, and stand in the ZIP64 extra field in this order.
    let mut large = zip64_values(extra);
    let mut wide = |value: u32| match value {
        u32::MAX => large.next().unwrap_or(u64::from(value)),
        _ => u64::from(value),
    };
    let size = wide(u32_at(entry, 24)?);
    let packed_size = wide(u32_at(entry, 20)?);
    let offset = wide(u32_at(entry, 42)?);
    let member = Member {
        name: String::from_utf8_lossy(name).into_owned(),
        method: u16_at(entry, 10)?,
        is_encrypted: u16_at(entry, 8)? & 1 == 1,
        packed_size,
        size,
        offset,
    };
    Some((member, length))
}

fn zip64_values(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut values: &[u8] = &[];
    while let (Some(id), Some(size)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(data) = extra.get(4..4 + usize::from(size)) else {
            break;
        };
        if id == 1 {
            values = data;
            break;
        }
        extra = &extra[4 + usize::from(size)..];
    }
    values
        .as_chunks()
        .0
        .iter()
        .map(|chunk| u64::from_le_bytes(*chunk))
}

/// How many bytes of the archive a member takes, seen from its local header: `None` while the
/// header is incomplete.
pub(crate) fn data_start(local: &[u8]) -> Option<Result<u64, ZipError>> {
    let header = local.get(..LOCAL_HEADER as usize)?;
    if !header.starts_with(LOCAL) {
        return Some(Err(ZipError::Broken(
            "a member does not begin where its directory says",
        )));
    }
    let name = u16_at(header, 26)?;
    let extra = u16_at(header, 28)?;
    Some(Ok(LOCAL_HEADER + u64::from(name) + u64::from(extra)))
}

/// Unpacks a member from its packed bytes.
pub(crate) fn unpack(member: &Member, packed: &[u8], limit: u64) -> Result<Vec<u8>, ZipError> {
    if member.size > limit {
        return Err(ZipError::TooLarge {
            name: member.name.clone(),
            limit,
        });
    }
    match member.method {
        _ if member.is_encrypted => Err(ZipError::Broken("it is encrypted")),
        0 => Ok(packed.to_vec()),
        8 => decompress_to_vec_with_limit(packed, usize::try_from(limit).unwrap_or(usize::MAX))
            .map_err(|_| ZipError::Broken("a member does not unpack")),
        method => Err(ZipError::Method {
            name: member.name.clone(),
            method,
        }),
    }
}

/// Reads a member out of a whole archive.
pub(crate) fn read_member(
    archive: &[u8],
    member: &Member,
    limit: u64,
) -> Result<Vec<u8>, ZipError> {
    let broken = ZipError::Broken("a member lies outside of it");
    let local = usize::try_from(member.offset)
        .ok()
        .and_then(|offset| archive.get(offset..))
        .ok_or(broken.clone())?;
    let start = data_start(local).ok_or(broken.clone())??;
    let packed = usize::try_from(start)
        .ok()
        .zip(usize::try_from(member.packed_size).ok())
        .and_then(|(start, size)| local.get(start..start.checked_add(size)?))
        .ok_or(broken)?;
    unpack(member, packed, limit)
}

/// Reads the directory of a whole archive.
pub(crate) fn read_members(archive: &[u8]) -> Result<Vec<Member>, ZipError> {
    let directory = directory(archive, 0)?;
    let broken = ZipError::Broken("its directory lies outside of it");
    let start = usize::try_from(directory.offset).map_err(|_| broken.clone())?;
    members(archive.get(start..).ok_or(broken)?)
}
