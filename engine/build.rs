//! Tells the program which code it was built from, see `engine::version`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// What decides about results, relative to the crate: its sources, the arithmetic, and the versions
/// of the dependencies. In a published crate the last two are absent.
const SOURCES: [&str; 3] = ["src", "../kernels/src", "../Cargo.lock"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut hash = Fnv::default();
    for source in SOURCES {
        let path = root.join(source);
        println!("cargo::rerun-if-changed={}", path.display());
        if path.exists() {
            add(&path, source, &mut hash)?;
        }
    }
    println!("cargo::rustc-env=ENGINE_CODE={:016x}", hash.0);
    Ok(())
}

/// Adds a file, or the files below a folder in the order of their names.
fn add(path: &Path, name: &str, hash: &mut Fnv) -> io::Result<()> {
    if path.is_dir() {
        let entries: io::Result<Vec<_>> = fs::read_dir(path)?.collect();
        let mut entries = entries?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            add(&entry.path(), &name, hash)?;
        }
        return Ok(());
    }
    let content = fs::read(path)?;
    hash.add(name.as_bytes());
    hash.add(&(content.len() as u64).to_le_bytes());
    hash.add(&content);
    Ok(())
}

/// FNV-1a in 64 bits: enough to tell versions apart, and needs no dependency.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
