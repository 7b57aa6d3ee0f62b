//! The index of a safetensors file: 8 bytes of header length, a JSON header, the elements.
//!
//! Format: <https://github.com/huggingface/safetensors#format>.

use std::collections::BTreeMap;

use safetensors::{Dtype, tensor::Metadata};

use super::{
    Flaw,
    bounded::BoundedFile,
    stored::{Element, Float, Storage, StoredTensor},
};

/// Bytes before the header: its length, u64 little-endian.
const PREFIX: u64 = 8;

/// Whether the file's first bytes are those of a safetensors header.
pub(super) fn matches(start: &[u8]) -> bool {
    start.get(PREFIX as usize) == Some(&b'{')
}

/// Reads the header alone, and checks that every tensor lies inside the file.
pub(super) fn index(file: &BoundedFile) -> Result<BTreeMap<String, StoredTensor>, Flaw> {
    let prefix = file.read(0, PREFIX, "the header's length")?;
    let header_length = prefix
        .iter()
        .rev()
        .fold(0_u64, |length, &byte| length << 8 | u64::from(byte));
    let header = file.read(PREFIX, header_length, "the header")?;
    // Parsing also checks sizes against shapes, and that elements follow each other without gap.
    let metadata: Metadata = serde_json::from_slice(&header).map_err(Flaw::Header)?;
    let data = PREFIX + header_length;
    file.check(data, metadata.data_len() as u64, "the last tensor")?;

    let mut tensors = BTreeMap::new();
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else {
            continue;
        };
        let element = element(info.dtype);
        let storage = Storage {
            element,
            start: data + info.data_offsets.0 as u64,
            count: (info.data_offsets.1 - info.data_offsets.0) / element.bytes(),
            crc32: None,
        };
        let tensor = StoredTensor::contiguous(storage, info.shape.clone()).map_err(|problem| {
            Flaw::Layout {
                tensor: name.clone(),
                problem,
            }
        })?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

fn element(dtype: Dtype) -> Element {
    let other = |name, bytes| Element::Other { name, bytes };
    match dtype {
        Dtype::F64 => Element::Float(Float::F64),
        Dtype::F32 => Element::Float(Float::F32),
        Dtype::F16 => Element::Float(Float::F16),
        Dtype::BF16 => Element::Float(Float::Bf16),
        Dtype::I64 | Dtype::U64 => other("64-bit integer", 8),
        Dtype::I32 | Dtype::U32 => other("32-bit integer", 4),
        Dtype::I16 | Dtype::U16 => other("16-bit integer", 2),
        _ => other("packed", 1),
    }
}
