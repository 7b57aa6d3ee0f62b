//! MetaImage.

use super::{changed_metaimage, refusal, rows};

/// What is replaced by what, and what is said then.
const WRONG: &str = "\
NDims = 3 | NDims = 5 | has the dimension `5`; expected 2, 3, or 4
NDims = 3 | NDims = x | has the dimension `x`
NDims = 3 | NDims = 2 | `DimSize` makes no sense: `7 6 5`
DimSize = 7 6 5 | DimSize = 7 6 0 | `DimSize` makes no sense
DimSize = 7 6 5 | DimSize = 70 60 50 | promises 70×60×50 voxels of 2 bytes
DimSize = 7 6 5 | DimSize = 4294967295 4294967295 4294967295 | promises 4294967295
MET_SHORT | MET_OTHER | voxels of the type `MET_OTHER`; convert it
= LOCAL | = LIST 2 | in several files; save it again as one .mha
= LOCAL | = x%03d.raw 1 5 1 | in several files
ElementDataFile | ElementDataFiles | has the line `
ObjectType = Image | ObjectType = Tube | is a `Tube`, not an image
NDims | NDims = 3¶NDims | has a key twice: `NDims = 3`
BinaryData = True | BinaryData = maybe | `BinaryData` makes no sense: `maybe`
CompressedData = False | CompressedData = True | x.mha: cannot be decoded: 
ElementType | HeaderSize = -2¶ElementType | `HeaderSize` makes no sense
ElementType | HeaderSize = 9223372036854775807¶ElementType | more than a file of
ElementType | ElementNumberOfChannels = 0¶ElementType | `ElementNumberOfChannels` makes
ElementType | ElementNumberOfChannels = 3¶ElementType | holds 3 volumes; declare
ElementType | ElementToIntensityFunctionSlope = 2¶ElementType | scales its voxels by 2
ElementSpacing =  | ElementSpacing = 0 1 1¶ignored =  | `ElementSpacing` makes no sense
ElementSpacing =  | ElementSpacing = nan 1 1¶ignored =  | `ElementSpacing` makes no sense
TransformMatrix =  | TransformMatrix = 1 0 0 0 1 0 1 1 0¶ignored =  | makes no sense
TransformMatrix =  | TransformMatrix = 1 0¶ignored =  | `TransformMatrix` makes no sense";

#[test]
fn headers_of_metaimage() {
    for [old, new, expected] in rows(WRONG) {
        let message = refusal(&[("x.mha", &changed_metaimage(&old, &new))]);
        assert!(message.starts_with("x.mha: "), "{message}");
        assert!(message.contains(&expected), "{new}: {message}");
    }
    let endless = "NDims = 3\n".to_owned() + &"a".repeat(3 << 20);
    assert!(refusal(&[("x.mha", endless.as_bytes())]).contains("a line that does not end"));
    assert!(refusal(&[("x.mha", b"NDims = 3\n")]).contains("ends without `ElementDataFile`"));
}
