//! The index of a PyTorch checkpoint (`torch.save` since 1.6): an uncompressed zip archive of
//! one pickle, `data.pkl`, that describes the tensors, and their storages, `data/<key>`.
//!
//! The pickle is read by [`pickle`], which executes nothing.

mod archive;
mod config;
mod pickle;
mod state_dict;
mod values;

use std::collections::BTreeMap;

use self::archive::Archive;
use super::{
    Flaw, Setting,
    bounded::BoundedFile,
    stored::{Storage, StoredTensor},
};

/// The first bytes of a zip archive.
const ZIP: &[u8] = b"PK\x03\x04";

/// The first bytes of the format before 1.6: a pickle of the number 0x1950a86a20f9469cfc6c.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// Largest `data.pkl` read. That of a SAM checkpoint has 0.1 MB; a hostile one takes up to 50
/// times its size in memory, since each of its bytes can make a value.
const MAX_PICKLE: u64 = 2 << 20;

/// Whether the file's first bytes are those of an archive.
pub(super) fn matches(start: &[u8]) -> bool {
    start.starts_with(ZIP)
}

/// Whether the file's first bytes are those of the legacy format.
pub(super) fn is_legacy(start: &[u8]) -> bool {
    start.starts_with(LEGACY)
}

/// What an archive describes.
pub(super) struct Index {
    /// By name.
    pub(super) tensors: BTreeMap<String, StoredTensor>,
    /// The model's class and its arguments, if they are there.
    pub(super) config: Option<(String, BTreeMap<String, Setting>)>,
}

/// Reads the description of the tensors, and checks that each lies inside its storage.
pub(super) fn index(file: &BoundedFile) -> Result<Index, Flaw> {
    let archive = Archive::open(file)?;
    let root = archive
        .names()
        .filter_map(|name| name.strip_suffix("data.pkl"))
        .filter(|root| root.is_empty() || root.ends_with('/'))
        .min_by_key(|root| root.len())
        .ok_or_else(|| Flaw::MissingMember("data.pkl".to_owned()))?;
    if archive.contains(&format!("{root}byteorder")) {
        let order = archive.locate(file, &format!("{root}byteorder"))?;
        if file.read(order.start, order.length.min(6), "the byte order")? != b"little" {
            return Err(Flaw::BigEndian);
        }
    }
    let member = archive.locate(file, &format!("{root}data.pkl"))?;
    if member.length > MAX_PICKLE {
        return Err(Flaw::HugePickle {
            bytes: member.length,
            limit: MAX_PICKLE,
        });
    }
    let pickle = file.read(member.start, member.length, "data.pkl")?;

    let values = pickle::read(&pickle)?;
    let mut tensors = BTreeMap::new();
    for (name, view) in state_dict::find(&values)? {
        let layout = |problem| Flaw::Layout {
            tensor: name.to_owned(),
            problem,
        };
        let member = archive.locate(file, &format!("{root}data/{}", view.storage.key))?;
        let bytes = view.storage.count.checked_mul(view.storage.element.bytes());
        if bytes.map(|bytes| bytes as u64) != Some(member.length) {
            return Err(layout("its storage has another size"));
        }
        let storage = Storage {
            element: view.storage.element,
            start: member.start,
            count: view.storage.count,
            crc32: member.crc32,
        };
        let tensor = StoredTensor::new(
            storage,
            view.offset,
            view.shape.clone(),
            view.strides.clone(),
        )
        .map_err(layout)?;
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(Index {
        tensors,
        config: config::find(&values),
    })
}
