//! RLE Lossless (PS3.5 annex G): the bytes of all samples, the highest first, each packed as in
//! TIFF's `PackBits`.

use super::super::layout::Layout;

/// Bytes of the header: how many segments there are, and where up to 15 of them begin.
const HEADER: usize = 64;

pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Result<Vec<i64>, String> {
    let short = || "ends too early: it is truncated".to_owned();
    let header = bytes.get(..HEADER).ok_or_else(short)?;
    let numbers: Vec<usize> = header
        .chunks_exact(4)
        .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
        .collect();
    let size = layout.allocated as usize / 8;
    let count = layout.samples * size;
    if numbers[0] != count || count >= numbers.len() {
        return Err(format!("has {} byte planes instead of {count}", numbers[0]));
    }
    let pixels = layout.rows * layout.columns;
    let mut samples = vec![0_i64; pixels * layout.samples];
    for (plane, &start) in numbers[1..=count].iter().enumerate() {
        let end = numbers[1..=count]
            .get(plane + 1)
            .copied()
            .unwrap_or(bytes.len());
        let packed = bytes.get(start..end).ok_or_else(short)?;
        let unpacked = unpack(packed, pixels).ok_or_else(short)?;
        let (sample, shift) = (plane / size, 8 * (size - 1 - plane % size));
        for (pixel, byte) in unpacked.into_iter().enumerate() {
            samples[pixel * layout.samples + sample] |= i64::from(byte) << shift;
        }
    }
    Ok(samples)
}

/// Unpacks this many bytes; `None` if there are fewer.
fn unpack(mut packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    while unpacked.len() < length {
        let (&control, rest) = packed.split_first()?;
        match control {
            0..128 => {
                let (literal, rest) = rest.split_at_checked(usize::from(control) + 1)?;
                unpacked.extend_from_slice(literal);
                packed = rest;
            }
            128 => packed = rest,
            129.. => {
                let (&byte, rest) = rest.split_first()?;
                unpacked.resize(unpacked.len() + 257 - usize::from(control), byte);
                packed = rest;
            }
        }
    }
    unpacked.truncate(length);
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals_are_unpacked() {
        // The example of the PackBits specification.
        let packed = [
            0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x80, 0x03, 0x80, 0x00, 0x2a, 0x22,
        ];
        let unpacked = [
            0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22,
        ];
        assert_eq!(unpack(&packed, 14).as_deref(), Some(&unpacked[..]));
        assert_eq!(unpack(&packed[..13], 14), None);
    }
}
