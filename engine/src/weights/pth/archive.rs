//! The directory of a zip archive whose members are stored uncompressed. See [`Archive`].
//!
//! Format: APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 4.3.16
//! (ends of the directory), 4.5.3 (zip64). PyTorch always writes the zip64 form.

use std::collections::BTreeMap;

use crate::weights::{Flaw, bounded::BoundedFile};

/// Length of the end record without its comment, and of the longest comment.
const END_LENGTH: u64 = 22;
const MAX_COMMENT: u64 = u16::MAX as u64;
const LOCATOR_LENGTH: u64 = 20;
const END64_LENGTH: u64 = 56;
const ENTRY_LENGTH: usize = 46;
const LOCAL_LENGTH: u64 = 30;
/// The extra field that holds what does not fit 32 bits.
const ZIP64_FIELD: u64 = 1;
const FULL: u64 = u32::MAX as u64;

/// The members of an archive by name.
pub(super) struct Archive {
    entries: BTreeMap<String, Entry>,
}

/// What the directory says about a member.
struct Entry {
    compressed: bool,
    crc32: u32,
    length: u64,
    /// Byte of the local header.
    header: u64,
}

/// Where a member's bytes lie in the file.
pub(super) struct Member {
    pub(super) start: u64,
    pub(super) length: u64,
    /// Of all its bytes; PyTorch writes 0 when told not to compute it.
    pub(super) crc32: Option<u32>,
}

impl Archive {
    /// Reads the directory at the file's end.
    pub(super) fn open(file: &BoundedFile) -> Result<Self, Flaw> {
        let (start, length) = find_directory(file)?;
        let bytes = file.read(start, length, "the zip directory")?;
        let mut fields = Fields(&bytes);
        let mut entries = BTreeMap::new();
        while fields.0.starts_with(b"PK\x01\x02") {
            let (name, entry) = fields
                .entry()
                .ok_or(Flaw::Archive("its directory ends early"))?;
            if entries.insert(name, entry).is_some() {
                return Err(Flaw::Archive("two members have the same name"));
            }
        }
        Ok(Self { entries })
    }

    /// Returns the names of the members, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Returns whether there is a member of that name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Finds a member's bytes, checked to lie inside the file.
    pub(super) fn locate(&self, file: &BoundedFile, name: &str) -> Result<Member, Flaw> {
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| Flaw::MissingMember(name.to_owned()))?;
        if entry.compressed {
            return Err(Flaw::Compressed(name.to_owned()));
        }
        let header = file.read(entry.header, LOCAL_LENGTH, name)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(Flaw::Archive("a member is not where the directory says"));
        }
        // The local name and extra field may be longer than the directory's: alignment padding.
        let start = entry.header + LOCAL_LENGTH + number(&header[26..28]) + number(&header[28..30]);
        file.check(start, entry.length, name)?;
        Ok(Member {
            start,
            length: entry.length,
            crc32: (entry.crc32 != 0).then_some(entry.crc32),
        })
    }
}

/// Returns the first byte of the directory and its length.
fn find_directory(file: &BoundedFile) -> Result<(u64, u64), Flaw> {
    let tail_length = file.length().min(END_LENGTH + MAX_COMMENT);
    let tail_start = file.length() - tail_length;
    let tail = file.read(tail_start, tail_length, "the zip directory")?;
    let end = tail
        .windows(END_LENGTH as usize)
        .rposition(|window| window.starts_with(b"PK\x05\x06"))
        .ok_or(Flaw::Archive(
            "the directory at its end is missing (truncated?)",
        ))?;
    let record = &tail[end..];
    let (length, start) = (number(&record[12..16]), number(&record[16..20]));

    let end = tail_start + end as u64;
    let Some(locator_start) = end.checked_sub(LOCATOR_LENGTH) else {
        return Ok((start, length));
    };
    let locator = file.read(locator_start, LOCATOR_LENGTH, "the zip64 locator")?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok((start, length));
    }
    let end64 = file.read(
        number(&locator[8..16]),
        END64_LENGTH,
        "the zip64 end record",
    )?;
    if !end64.starts_with(b"PK\x06\x06") {
        return Err(Flaw::Archive("its zip64 end record is missing"));
    }
    Ok((number(&end64[48..56]), number(&end64[40..48])))
}

/// Reads an unsigned number of up to 8 bytes, little-endian.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// The directory's bytes that are not read yet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Reads one directory entry; `None` where the bytes end early.
    fn entry(&mut self) -> Option<(String, Entry)> {
        let fixed = self.take(ENTRY_LENGTH)?;
        let name = self.take(number(&fixed[28..30]) as usize)?;
        let mut extra = Fields(self.take(number(&fixed[30..32]) as usize)?);
        self.take(number(&fixed[32..34]) as usize)?;

        let mut compressed_length = number(&fixed[20..24]);
        let mut length = number(&fixed[24..28]);
        let mut header = number(&fixed[42..46]);
        while let Some(field) = extra.take(4) {
            let mut value = Fields(extra.take(number(&field[2..4]) as usize)?);
            if number(&field[..2]) == ZIP64_FIELD {
                for wide in [&mut length, &mut compressed_length, &mut header] {
                    if *wide == FULL {
                        *wide = number(value.take(8)?);
                    }
                }
            }
        }
        let entry = Entry {
            compressed: number(&fixed[10..12]) != 0 || compressed_length != length,
            crc32: number(&fixed[16..20]) as u32,
            length,
            header,
        };
        Some((String::from_utf8_lossy(name).into_owned(), entry))
    }
}
