//! NRRD.

use engine::formats::volume::{ByteOrder, Sample};
use tests::volumes::{nrrd, variants};

use super::{super::tree::Tree, changed_nrrd, made, refusal, rows};

/// What is replaced by what, and what is said then.
const WRONG: &str = "\
type: short | type: block | blocks of bytes that are no numbers; convert it
type: short | type: number | its samples the type `number`
type: short¶ |  | has no `type`
encoding: raw | encoding: bzip2 | encoding bzip2, which is not read here; save it again
encoding: raw | encoding: hex | encoding hex, which is not read here
encoding: raw | encoding: zip | names the encoding `zip`
encoding: raw¶ |  | has no `encoding`
endian: little¶ |  | in which order bytes are
endian: little | endian: middle | in which order bytes are
dimension: 3 | dimension: 300 | `dimension` makes no sense
dimension: 3 | dimension: 4 | `sizes` makes no sense
dimension: 3¶ |  | has no `dimension`
sizes: 7 6 5 | sizes: 7 6 0 | `sizes` makes no sense
sizes: 7 6 5 | sizes: 7 6 -5 | `sizes` makes no sense
sizes: 7 6 5 | sizes: 7 6 99999999999999999999 | `sizes` makes no sense
sizes: 7 6 5 | sizes: 4294967295 4294967295 4294967295 | promises 4294967295×4294967295
sizes: 7 6 5 | sizes: 7 6 6 | promises 7×6×6 voxels of 2 bytes, more than a file of
space directions: ( | space directions: (nan,0,0) ( | `space directions` makes no sense
space directions: ( | space directions: x ( | `space directions` makes no sense
space origin: ( | space origin: (1,2) ( | `space origin` makes no sense
space: LPS | space: LPS¶space: RAS | has a field twice: `space: RAS`
kinds:  | a line¶kinds:  | has the line `a line`
kinds:  | byte skip: -1¶kinds:  | skips 0 lines and -1 bytes before its voxels; save
kinds:  | byte skip: -2¶kinds:  | skips 0 lines and -2 bytes
kinds:  | byte skip: 9223372036854775807¶kinds:  | more than a file of
kinds:  | byte skip: x¶kinds:  | `byteskip` is `x`
kinds:  | line skip: 100000000¶kinds:  | has not the 100000000 lines to skip
kinds:  | data file: LIST¶kinds:  | in several files; save it again as one .nrrd
kinds:  | data file: a%03d.raw 1 5 1¶kinds:  | in several files";

#[test]
fn headers_of_nrrd() {
    for [old, new, expected] in rows(WRONG) {
        let message = refusal(&[("x.nrrd", &changed_nrrd("raw", &old, &new))]);
        assert!(message.starts_with("x.nrrd: "), "{message}");
        assert!(message.contains(&expected), "{new}: {message}");
    }
    let flat = "space directions: (1,0,0) (0,1,0) (1,1,0)\nignored: ";
    let message = refusal(&[("x.nrrd", &changed_nrrd("raw", "space directions: ", flat))]);
    assert!(
        message.contains("`space directions` makes no sense"),
        "{message}"
    );
    let text = changed_nrrd("ascii", "\n\n", "\n\nfourteen ");
    assert!(refusal(&[("x.nrrd", &text)]).contains("has `fourteen` where a number was expected"));
    let text = changed_nrrd("ascii", "\n\n", "\n\n14 ");
    assert!(refusal(&[("x.nrrd", &text)]).contains("has 211 numbers where 210 were expected"));
    let mut endless = b"NRRD0004\n".to_vec();
    endless.resize(3 << 20, b'x');
    assert!(refusal(&[("x.nrrd", &endless)]).contains("a line that does not end"));
}

#[test]
fn layers_of_a_segmentation() {
    let all = variants();
    let layers = all.iter().find(|variant| variant.name == "layers.seg.nrrd");
    let layers = layers.expect("it is one of them");
    assert_eq!(
        refusal(&[("x.seg.nrrd", &layers.files[0].1)]),
        "x.seg.nrrd: holds 2 volumes (tumour: volume 0, value 1; oedema: volume 1, value 1); declare \
         which one as `frame: 0` to `frame: 1`, or of labels as `label_frame`"
    );
    let tree = Tree::new();
    tree.write(
        "images/x.nrrd",
        &nrrd(&made(), Sample::I16, ByteOrder::Little, "raw", "LPS"),
    );
    tree.write("labels/x.seg.nrrd", &layers.files[0].1);
    let declaration = r#"volumes(name: "v", images: "images", labels: "labels", label_name: "{stem}.seg",
        label_frame: 1, objects: [(name: "o", inside: values([1]))])"#;
    assert_eq!(tree.outcomes(declaration), [("x".to_owned(), Ok(5))]);
}
