//! Archives that are the same whatever packs them: deflate without compression.

/// Returns an archive of gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut archive = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    archive.extend(stored(bytes));
    archive.extend(crc32fast::hash(bytes).to_le_bytes());
    archive.extend((bytes.len() as u32).to_le_bytes());
    archive
}

/// Returns a stream of zlib.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    let mut stream = vec![0x78, 0x01];
    stream.extend(stored(bytes));
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

/// Blocks of deflate (RFC 1951, 3.2.4) that hold their bytes as they are.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let count = bytes.len().div_ceil(0xffff).max(1);
    let mut blocks = Vec::new();
    for block in 0..count {
        let part = &bytes[block * 0xffff..bytes.len().min((block + 1) * 0xffff)];
        let length = part.len() as u16;
        blocks.push(u8::from(block + 1 == count));
        blocks.extend(length.to_le_bytes());
        blocks.extend((!length).to_le_bytes());
        blocks.extend(part);
    }
    blocks
}
