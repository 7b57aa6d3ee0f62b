//! JPEG-LS (ITU-T T.87) with one sample per pixel.

use super::{super::layout::Layout, check_size};

pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Result<Vec<i64>, String> {
    let (columns, rows, samples) = check(bytes)?;
    check_size(columns, rows, samples, layout)?;
    if samples != 1 {
        return Err(
            "is JPEG-LS in colour, which is not read; decompress it, for example with `dcmdjpls`"
                .to_owned(),
        );
    }
    let (samples, ..) = jpegls::decode(bytes, layout.columns as u32, layout.rows as u32)
        .map_err(|error| error.to_string())?;
    Ok(samples.into_iter().map(i64::from).collect())
}

/// Returns width, height and samples per pixel, after a look at the parameters on whose range the
/// decoder relies (T.87 section C.2): near, thresholds and the largest value.
fn check(bytes: &[u8]) -> Result<(usize, usize, usize), String> {
    let short = || "ends too early: it is truncated".to_owned();
    let nonsense = |what: &str| format!("has a {what} that JPEG-LS does not allow");
    let mut at = 2;
    let mut size = None;
    let mut largest = 0;
    loop {
        let header = bytes.get(at..at + 4).ok_or_else(short)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let body = length
            .checked_sub(2)
            .and_then(|length| bytes.get(at + 4..at + 4 + length))
            .ok_or_else(short)?;
        let pair = |at: usize| {
            (body.get(at..at + 2))
                .map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])))
                .ok_or_else(short)
        };
        let byte = |at: usize| body.get(at).copied().map(usize::from).ok_or_else(short);
        match [header[0], header[1]] {
            [0xff, 0xf7] => {
                if !(2..=16).contains(&byte(0)?) {
                    return Err(nonsense("precision"));
                }
                largest = (1_usize << byte(0)?) - 1;
                size = Some((pair(3)?, pair(1)?, byte(5)?));
            }
            [0xff, 0xf8] => {
                let [most, low, middle, high] = [pair(1)?, pair(3)?, pair(5)?, pair(7)?];
                let is_sorted = low <= middle && middle <= high;
                if byte(0)? != 1 || most > largest || high > largest || !is_sorted || pair(9)? < 3 {
                    return Err(nonsense("preset"));
                }
            }
            [0xff, 0xda] => {
                let components = byte(0)?;
                let near = byte(1 + 2 * components)?;
                if near > (largest / 2).min(255) {
                    return Err(nonsense("near"));
                }
                return size.ok_or_else(|| nonsense("scan without a frame"));
            }
            [0xff, _] => {}
            _ => return Err(nonsense("marker")),
        }
        at += 2 + length;
    }
}
