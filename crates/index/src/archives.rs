//! Archives made in memory, for tests.

use miniz_oxide::deflate::compress_to_vec;

/// How the members of a zip archive are packed.
#[derive(Clone, Copy)]
pub(crate) enum Packing {
    Stored,
    Deflated,
    /// Deflated, with all sizes and offsets in ZIP64 fields.
    Zip64,
}

pub(crate) fn zip_archive(files: &[(&str, &[u8])], packing: Packing) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let (method, packed) = match packing {
            Packing::Stored => (0_u16, content.to_vec()),
            Packing::Deflated | Packing::Zip64 => (8, compress_to_vec(content, 6)),
        };
        let is_wide = matches!(packing, Packing::Zip64);
        let offset = archive.len() as u64;
        let sizes = [content.len() as u64, packed.len() as u64];
        let name_length = (name.len() as u16).to_le_bytes();
        let narrow = |value: u64| if is_wide { u32::MAX } else { value as u32 }.to_le_bytes();

        archive.extend(b"PK\x03\x04\x14\0\0\0");
        archive.extend(method.to_le_bytes());
        archive.extend([0; 8]);
        archive.extend((packed.len() as u32).to_le_bytes());
        archive.extend((content.len() as u32).to_le_bytes());
        archive.extend(name_length);
        archive.extend(4_u16.to_le_bytes());
        archive.extend(name.as_bytes());
        archive.extend([9, 9, 0, 0]);
        archive.extend(&packed);

        let mut extra = Vec::new();
        if is_wide {
            extra.extend([9, 9, 1, 0, 0]);
            extra.extend([1, 0, 24, 0]);
            for value in [sizes[0], sizes[1], offset] {
                extra.extend(value.to_le_bytes());
            }
        }
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0");
        directory.extend(method.to_le_bytes());
        directory.extend([0; 8]);
        directory.extend(narrow(sizes[1]));
        directory.extend(narrow(sizes[0]));
        directory.extend(name_length);
        directory.extend((extra.len() as u16).to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(narrow(offset));
        directory.extend(name.as_bytes());
        directory.extend(extra);
    }
    let start = archive.len() as u64;
    let size = directory.len() as u64;
    archive.extend(directory);
    let mut narrow = [size as u32, start as u32];
    if matches!(packing, Packing::Zip64) {
        let record = archive.len() as u64;
        archive.extend(b"PK\x06\x06");
        archive.extend([0; 36]);
        archive.extend(size.to_le_bytes());
        archive.extend(start.to_le_bytes());
        archive.extend(b"PK\x06\x07\0\0\0\0");
        archive.extend(record.to_le_bytes());
        archive.extend(1_u32.to_le_bytes());
        narrow = [u32::MAX; 2];
    }
    archive.extend(b"PK\x05\x06");
    archive.extend([0; 8]);
    archive.extend(narrow[0].to_le_bytes());
    archive.extend(narrow[1].to_le_bytes());
    archive.extend([3, 0]);
    archive.extend(b"bye");
    archive
}

/// One entry of a tar archive: type, name, content.
pub(crate) type TarEntry<'a> = (u8, &'a str, &'a [u8]);

pub(crate) fn tar_archive(entries: &[TarEntry<'_>]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (kind, name, content) in entries {
        let mut header = [0_u8; 512];
        header[..name.len().min(100)].copy_from_slice(&name.as_bytes()[..name.len().min(100)]);
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[156] = *kind;
        header[257..263].copy_from_slice(b"ustar\0");
        archive.extend(header);
        archive.extend(*content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.extend([0; 1024]);
    archive
}

pub(crate) fn gzipped(content: &[u8]) -> Vec<u8> {
    // With a file name and an extra field in the header.
    let mut archive = b"\x1f\x8b\x08\x0c\0\0\0\0\x02\xff\x02\0xyname.tar\0".to_vec();
    archive.extend(compress_to_vec(content, 6));
    archive.extend([0; 4]);
    archive.extend((content.len() as u32).to_le_bytes());
    archive
}
