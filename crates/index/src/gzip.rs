//! Gzip, unpacked as it arrives.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use crate::sdist::SdistError;

/// How much an archive may unpack to before we give up.
const UNPACKED_LIMIT: u64 = 2 * 1024 * 1024 * 1024;
/// Unpacks gzip as it arrives.
#[derive(Default)]
pub(crate) struct Gunzip {
    /// The header of a member, as far as it has arrived.
    header: Vec<u8>,
    /// Bytes of the trailer that are still to come.
    trailer: usize,
    state: Option<Box<InflateState>>,
    buffer: Vec<u8>,
    unpacked: u64,
    is_done: bool,
}

impl Gunzip {
    /// Takes packed bytes, hands on unpacked ones until told that it is enough.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        take: &mut dyn FnMut(&[u8]) -> Result<bool, SdistError>,
    ) -> Result<(), SdistError> {
        self.buffer.resize(64 * 1024, 0);
        // What did not fit into the buffer waits inside of the state, even without new bytes.
        let mut is_full = false;
        while (!bytes.is_empty() || is_full) && !self.is_done {
            if self.trailer > 0 {
                let skipped = self.trailer.min(bytes.len());
                self.trailer -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let Some(state) = &mut self.state else {
                bytes = self.read_header(bytes)?;
                continue;
            };
            let result = inflate(state, bytes, &mut self.buffer, MZFlush::None);
            bytes = &bytes[result.bytes_consumed..];
            is_full = result.bytes_written == self.buffer.len();
            self.unpacked += result.bytes_written as u64;
            if self.unpacked > UNPACKED_LIMIT {
                return Err(SdistError::Broken(format!(
                    "it unpacks to more than {UNPACKED_LIMIT} bytes"
                )));
            }
            self.is_done = take(&self.buffer[..result.bytes_written])?;
            match result.status {
                Ok(MZStatus::StreamEnd) => {
                    self.state = None;
                    self.trailer = 8;
                    is_full = false;
                }
                Ok(_) => {}
                Err(MZError::Buf) if bytes.is_empty() => {}
                Err(_) => return Err(SdistError::Broken("it does not unpack".to_owned())),
            }
        }
        Ok(())
    }

    /// Collects the header of a member; returns what follows.
    fn read_header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], SdistError> {
        let before = self.header.len();
        self.header.extend_from_slice(bytes);
        if self.unpacked > 0 && !b"\x1f\x8b".starts_with(&self.header[..self.header.len().min(2)]) {
            // Padding behind the last member is common and means nothing.
            self.is_done = true;
            return Ok(&[]);
        }
        match header_length(&self.header)? {
            None if self.header.len() > 128 * 1024 => {
                Err(SdistError::Broken("its header does not end".to_owned()))
            }
            None => Ok(&[]),
            Some(length) => {
                self.header.clear();
                self.state = Some(InflateState::new_boxed(DataFormat::Raw));
                Ok(&bytes[length - before..])
            }
        }
    }
}

/// The length of a gzip header; `None` if it has not arrived as a whole.
fn header_length(header: &[u8]) -> Result<Option<usize>, SdistError> {
    let expected = b"\x1f\x8b\x08";
    if !expected.starts_with(&header[..header.len().min(3)]) {
        return Err(SdistError::Broken("expected gzip".to_owned()));
    }
    let length = || {
        let flags = *header.get(3)?;
        let mut at = 10;
        if flags & 4 != 0 {
            let length = header.get(at..at + 2)?;
            at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
        }
        for flag in [8, 16] {
            if flags & flag != 0 {
                at += header.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
            }
        }
        if flags & 2 != 0 {
            at += 2;
        }
        (at <= header.len()).then_some(at)
    };
    Ok(length())
}
