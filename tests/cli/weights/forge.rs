//! Builds checkpoint files byte by byte, the way `torch.save` does, so that tests can make them
//! lie. See [`Archive`].

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A tensor as a pickle describes it.
#[derive(Clone, Copy)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    /// The class in the module `torch` of its storage.
    pub(super) class: &'a str,
    pub(super) key: &'a str,
    pub(super) count: i32,
    pub(super) offset: i32,
    pub(super) shape: &'a [i32],
    pub(super) strides: &'a [i32],
}

/// A 2 × 3 tensor over six floats, and what it reads as.
pub(super) const SIX: Tensor<'static> = Tensor {
    name: "head.weight",
    class: "FloatStorage",
    key: "0",
    count: 6,
    offset: 0,
    shape: &[2, 3],
    strides: &[3, 1],
};
pub(super) const SIX_VALUES: [f32; 6] = [0.5, -1.0, 2.0, 3.25, -4.0, 5.0];

/// The storage of [`SIX`].
pub(super) fn six_bytes() -> Vec<u8> {
    SIX_VALUES.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Returns the pickle of a dict of tensors, between PROTO and STOP.
pub(super) fn dict(tensors: &[Tensor<'_>]) -> Vec<u8> {
    let mut bytes = b"}(".to_vec();
    for tensor in tensors {
        text(&mut bytes, tensor.name);
        bytes.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut bytes, "storage");
        bytes.extend(format!("ctorch\n{}\n", tensor.class).bytes());
        text(&mut bytes, tensor.key);
        text(&mut bytes, "cpu");
        integers(&mut bytes, &[tensor.count]);
        bytes.extend(b"tQ");
        integers(&mut bytes, &[tensor.offset]);
        bytes.push(b'(');
        integers(&mut bytes, tensor.shape);
        bytes.extend(b"t(");
        integers(&mut bytes, tensor.strides);
        bytes.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
    }
    bytes.push(b'u');
    bytes
}

/// Returns the pickle of a dict of one entry.
pub(super) fn nested(key: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = b"}".to_vec();
    text(&mut bytes, key);
    bytes.extend(value);
    bytes.push(b's');
    bytes
}

/// Returns the pickle of RITM's `{"state_dict": …, "config": …}`, the arguments being opcodes.
pub(super) fn ritm(state_dict: &[u8], class: &str, arguments: &[(&str, &[u8])]) -> Vec<u8> {
    let mut parameters = b"}".to_vec();
    for (name, value) in arguments {
        text(&mut parameters, name);
        parameters.extend(nested("value", value));
        parameters.push(b's');
    }
    let mut bytes = b"}".to_vec();
    text(&mut bytes, "state_dict");
    bytes.extend(state_dict);
    bytes.push(b's');
    text(&mut bytes, "config");
    bytes.push(b'}');
    text(&mut bytes, "class");
    text(&mut bytes, class);
    bytes.push(b's');
    text(&mut bytes, "params");
    bytes.extend(parameters);
    bytes.extend(b"ss");
    bytes
}

/// Appends BINUNICODE.
pub(super) fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(b'X');
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.bytes());
}

fn integers(bytes: &mut Vec<u8>, values: &[i32]) {
    for value in values {
        bytes.push(b'J');
        bytes.extend(value.to_le_bytes());
    }
}

/// Returns an archive of a pickle (without PROTO and STOP) and storages named 0, 1, ….
pub(super) fn archive(pickle: &[u8], storages: &[&[u8]]) -> Vec<u8> {
    archive_with(pickle, storages, CompressionMethod::Stored)
}

/// As [`archive`], with members compressed as told.
pub(super) fn archive_with(
    pickle: &[u8],
    storages: &[&[u8]],
    compression: CompressionMethod,
) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(compression);
    let mut member = |name: &str, bytes: &[u8]| {
        writer.start_file(name, options).expect("a new member");
        writer.write_all(bytes).expect("memory takes it");
    };
    member("net/data.pkl", &[b"\x80\x02", pickle, b"."].concat());
    for (key, storage) in storages.iter().enumerate() {
        member(&format!("net/data/{key}"), storage);
    }
    writer.finish().expect("memory takes it").into_inner()
}

/// Returns the archive of [`SIX`].
pub(crate) fn six() -> Vec<u8> {
    archive(&dict(&[SIX]), &[&six_bytes()])
}

/// Returns a safetensors file of a header and data.
pub(crate) fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), data].concat()
}

/// Writes a file into a folder that lives as long as the first value.
pub(super) fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(Path::new(name));
    std::fs::write(&path, bytes).expect("the folder is writable");
    (folder, path)
}
