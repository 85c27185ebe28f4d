//! Just enough of tar archives: the few files of interest, as the archive arrives.
//!
//! Understands `ustar`, GNU long names and pax `path` and `size`.

use crate::sdist::{FILE_LIMIT, SdistError, file_of_interest};

const BLOCK: usize = 512;

/// Says of a path and a size in bytes whether the file is of interest.
type Wants = Box<dyn Fn(&str, u64) -> bool>;

/// Reads an archive piece by piece.
pub(crate) struct Tar {
    /// Which files are of interest, by path and size.
    wants: Wants,
    /// The paths of all files, where they are wanted.
    pub(crate) names: Option<Vec<String>>,
    /// The header that is being collected.
    header: Vec<u8>,
    /// The entry whose content is arriving.
    entry: Option<Entry>,
    /// What extended headers said about the next entry.
    next_path: Option<String>,
    next_size: Option<u64>,
}

struct Entry {
    kind: Kind,
    path: String,
    /// Bytes of the content that are still to come.
    left: u64,
    /// Bytes of padding behind it.
    padding: u64,
    /// The content, if it is kept.
    content: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    File,
    LongName,
    Pax,
    Other,
}

impl Default for Tar {
    fn default() -> Self {
        Self {
            wants: Box::new(|path, _| file_of_interest(path).is_some()),
            names: None,
            header: Vec::new(),
            entry: None,
            next_path: None,
            next_size: None,
        }
    }
}

impl Tar {
    /// Keeps the files that are wanted, and the paths of all.
    pub(crate) fn wanting(wants: impl Fn(&str, u64) -> bool + 'static) -> Self {
        Self {
            wants: Box::new(wants),
            names: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Takes the next bytes; hands on path and content of each file of interest.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        keep: &mut dyn FnMut(&str, Vec<u8>),
    ) -> Result<(), SdistError> {
        loop {
            match &mut self.entry {
                None => {
                    let wanted = (BLOCK - self.header.len()).min(bytes.len());
                    self.header.extend_from_slice(&bytes[..wanted]);
                    bytes = &bytes[wanted..];
                    if self.header.len() < BLOCK {
                        return Ok(());
                    }
                    self.begin()?;
                }
                Some(entry) => {
                    bytes = entry.take(bytes);
                    if entry.left + entry.padding > 0 {
                        return Ok(());
                    }
                    if let Some(entry) = self.entry.take() {
                        self.end(entry, keep);
                    }
                }
            }
        }
    }

    /// Reads the collected header.
    fn begin(&mut self) -> Result<(), SdistError> {
        let header = std::mem::take(&mut self.header);
        if header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let text = |from: usize, length: usize| {
            let field = &header[from..from + length];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(length);
            String::from_utf8_lossy(&field[..end])
        };
        let broken = || SdistError::Broken("a header of the tar archive makes no sense".to_owned());
        let kind = match header[156] {
            b'0' | b'7' | 0 => Kind::File,
            b'L' => Kind::LongName,
            b'x' => Kind::Pax,
            _ => Kind::Other,
        };
        let mut size = number(&header[124..136]).ok_or_else(broken)?;
        let mut path = text(0, 100).into_owned();
        if header[257..].starts_with(b"ustar\0") && header[345] != 0 {
            path = format!("{}/{path}", text(345, 155));
        }
        if matches!(kind, Kind::File | Kind::Other) {
            path = self.next_path.take().unwrap_or(path);
            size = self.next_size.take().unwrap_or(size);
        }
        if kind == Kind::File
            && let Some(names) = &mut self.names
        {
            names.push(path.clone());
        }
        let is_kept = match kind {
            Kind::File => (self.wants)(&path, size),
            Kind::LongName | Kind::Pax => true,
            Kind::Other => false,
        };
        if is_kept && size > FILE_LIMIT {
            return Err(SdistError::Broken(format!(
                "`{path}` is larger than {FILE_LIMIT} bytes"
            )));
        }
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        let content = is_kept.then(Vec::new);
        self.entry = Some(Entry {
            kind,
            path,
            left: size,
            padding,
            content,
        });
        Ok(())
    }

    fn end(&mut self, entry: Entry, keep: &mut dyn FnMut(&str, Vec<u8>)) {
        let Some(content) = entry.content else { return };
        match entry.kind {
            Kind::LongName => {
                let text = String::from_utf8_lossy(&content);
                self.next_path = Some(text.trim_end_matches('\0').to_owned());
            }
            Kind::Pax => {
                for (key, value) in pax_records(&content) {
                    match key {
                        "path" => self.next_path = Some(value.to_owned()),
                        "size" => self.next_size = value.parse().ok(),
                        _ => {}
                    }
                }
            }
            Kind::File | Kind::Other => keep(&entry.path, content),
        }
    }
}

impl Entry {
    /// Takes what is this entry's; returns the rest.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (content, rest) = split(bytes, &mut self.left);
        if let Some(kept) = &mut self.content {
            kept.extend_from_slice(content);
        }
        split(rest, &mut self.padding).1
    }
}

/// Takes up to `left` bytes from the front, and counts them.
fn split<'a>(bytes: &'a [u8], left: &mut u64) -> (&'a [u8], &'a [u8]) {
    let taken = usize::try_from(*left)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    *left -= taken as u64;
    bytes.split_at(taken)
}

/// An octal number, or a binary one where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && *first >= 0x80
    {
        let start = u64::from(first & 0x7f);
        return rest.iter().try_fold(start, |value, byte| {
            value.checked_mul(256)?.checked_add(u64::from(*byte))
        });
    }
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    if text.is_empty() {
        Some(0)
    } else {
        u64::from_str_radix(text, 8).ok()
    }
}

/// The `<length> <key>=<value>\n` records of a pax header.
fn pax_records(mut content: &[u8]) -> Vec<(&str, &str)> {
    let mut records = Vec::new();
    while let Some((record, rest)) = pax_record(content) {
        records.extend(
            std::str::from_utf8(record)
                .ok()
                .and_then(|record| record.split_once('=')),
        );
        content = rest;
    }
    records
}

fn pax_record(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = content.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&content[..space]).ok()?.parse().ok()?;
    let record = content.get(space + 1..length)?;
    Some((record.strip_suffix(b"\n")?, &content[length..]))
}
