//! Where the compressed frames of a file are. See [`find`].

use super::{Instance, content::Content};
use crate::formats::FormatError;

/// Bytes of a fragment's header: tag and length.
pub(super) const ITEM: u64 = 8;
/// How many fragments a file may have: more frames than any has.
const MOST: usize = 1 << 20;

/// First byte and length of a fragment.
pub(super) type Fragment = (u64, u64);

/// Finds the fragments of each frame, from where the pixels begin.
///
/// # Errors
/// Frames in pieces that cannot be told apart; a file that is cut short.
pub(super) fn find(
    instance: &Instance,
    count: usize,
    start: u64,
) -> Result<Vec<Vec<Fragment>>, FormatError> {
    let (content, _) = Content::open(instance.source(), instance.deflated)?;
    let (offsets, fragments) = list(instance, &content, start)?;
    let begin = fragments.first().map_or(0, |&(start, _)| start - ITEM);
    Ok(if count == 1 {
        vec![fragments]
    } else if fragments.len() == count {
        let apart = fragments.into_iter().map(|fragment| vec![fragment]);
        apart.collect()
    } else if offsets.len() == count && offsets.is_sorted() {
        let place =
            |offset: u64| fragments.partition_point(|&(start, _)| start - ITEM - begin < offset);
        let frame = |(index, &offset): (usize, &u32)| {
            let next = offsets.get(index + 1).map_or(u64::MAX, |&next| next.into());
            fragments[place(offset.into())..place(next)].to_vec()
        };
        offsets.iter().enumerate().map(frame).collect()
    } else {
        return Err(instance.broken(format!(
            "has {count} frames in {} pieces, and no table that says which belong together",
            fragments.len()
        )));
    })
}

/// Returns the offset table, and where the fragments are (PS3.5 section A.4).
fn list(
    instance: &Instance,
    content: &Content,
    start: u64,
) -> Result<(Vec<u32>, Vec<Fragment>), FormatError> {
    let read = |place: u64, bytes: &mut [u8]| {
        (content.read_at(place, bytes))
            .map_err(|_| instance.broken("ends too early: it is truncated"))
    };
    let mut table = Vec::new();
    let mut places = Vec::new();
    let mut place = start;
    for number in 0.. {
        let mut header = [0; ITEM as usize];
        read(place, &mut header)?;
        let [g, h, e, f, a, b, c, d] = header;
        if [g, h, e, f] != [0xfe, 0xff, 0x00, 0xe0] {
            // The delimiter, or something that should have been one.
            break;
        }
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        place += ITEM;
        if place + length > instance.bytes || number > MOST {
            return Err(instance.broken("ends too early: it is truncated"));
        }
        if number == 0 {
            let mut bytes = vec![0; length as usize];
            read(place, &mut bytes)?;
            table = bytes
                .chunks_exact(4)
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect();
        } else {
            places.push((place, length));
        }
        place += length;
    }
    Ok((table, places))
}
