//! NumPy arrays.

use engine::formats::volume::{ByteOrder, Sample};
use tests::volumes::{Made, npy, nrrd};

use super::{super::tree::Tree, made, refusal, replaced};

#[test]
fn arrays_that_are_no_volumes() {
    let bytes = [0; 64];
    for (word, shape, expected) in [
        (
            "'|O'",
            &[2, 3, 4][..],
            "Python objects, which could run a program",
        ),
        (
            "[('a', '<i2')]",
            &[2, 3, 4],
            "records of several fields; save it again",
        ),
        ("'<c8'", &[2, 2, 2], "elements of the type `c8`"),
        ("'<U4'", &[2, 2, 2], "elements of the type `U4`"),
        ("'<f16'", &[2, 2, 2], "elements of the type `f16`"),
        ("'<M8[ns]'", &[2, 2, 2], "elements of the type `M8[ns]`"),
        ("'<i2'", &[32], "has 1 axes; expected 2 or 3"),
        ("'<i2'", &[2, 2, 2, 2, 2], "has 5 axes"),
        ("'<i2'", &[2, 2, 2, 2], "holds 2 volumes; declare which one"),
        ("'<i2'", &[0, 2, 2], "its header is `{'descr'"),
        ("'<i2'", &[1 << 40, 2, 2], "its header is `{'descr'"),
        (
            "'<f8'",
            &[4_000_000_000, 4_000_000_000, 4_000_000_000],
            "promises 4000000000×4000000000",
        ),
        (
            "'<i2'",
            &[4, 4, 4],
            "promises 4×4×4 voxels of 2 bytes, more than a file of",
        ),
    ] {
        let message = refusal(&[("x.npy", &npy(word, false, shape, &bytes))]);
        assert!(
            message.starts_with("x.npy: ") && message.contains(expected),
            "{word}: {message}"
        );
    }
    let good = npy("'|u1'", false, &[4, 4, 4], &bytes);
    let mut version = good.clone();
    version[6] = 9;
    assert!(refusal(&[("x.npy", &version)]).contains("of an unknown version"));
    let mut long = good.clone();
    long[8..10].copy_from_slice(&[255, 255]);
    assert!(refusal(&[("x.npy", &long)]).contains("longer than that of any array of numbers"));
    for (old, new) in [
        ("False", "Maybe"),
        ("shape", "shope"),
        ("(4, 4, 4)", "[4, 4, 4]"),
        ("(4, 4", "(4, x"),
    ] {
        let message = refusal(&[("x.npy", &replaced(&good, old, new))]);
        assert!(
            message.contains("its header is `{'descr'"),
            "{new}: {message}"
        );
    }
}

#[test]
fn arrays_as_pictures() {
    const PAIR: &str =
        r#"folder_pair(name: "p", images: "images", masks: "masks", objects: [(name: "o")])"#;
    let tree = Tree::new();
    let picture: Vec<u8> = (0..48).collect();
    tree.write(
        "images/good.npy",
        &npy("'|u1'", false, &[4, 4, 3], &picture),
    );
    let mask: Vec<u8> = (0..16).map(|n| u8::from(n > 9)).collect();
    tree.write("masks/good.npy", &npy("'|b1'", true, &[4, 4], &mask));
    assert_eq!(tree.outcomes(PAIR), [("good".to_owned(), Ok(1))]);
    let wide: Vec<u8> = (0..16_i64).flat_map(|n| (n * 40).to_le_bytes()).collect();
    for (word, elements, expected) in [
        (
            "'<f4'",
            vec![0; 64],
            "holds floating-point samples; convert it",
        ),
        (
            "'<i4'",
            vec![255; 64],
            "holds numbers below 0 or above 65535",
        ),
        (
            "'|i1'",
            vec![200; 16],
            "holds numbers below 0 or above 65535",
        ),
        (
            "'<i8'",
            wide[..100].to_vec(),
            "promises 4×4×1 voxels of 8 bytes",
        ),
    ] {
        tree.write("images/x.npy", &npy(word, false, &[4, 4], &elements));
        tree.write("masks/x.npy", &npy("'<i8'", false, &[4, 4], &wide));
        let message = tree.failure(PAIR);
        assert!(
            message.starts_with("images/x.npy: ") && message.contains(expected),
            "{message}"
        );
    }
    tree.write("images/x.npy", &npy("'|u1'", false, &[4, 2, 2], &[0; 16]));
    assert!(
        tree.failure(PAIR)
            .contains("has the shape [4, 2, 2]; expected that of a picture")
    );
}

#[test]
fn labels_without_a_place_are_not_resampled() {
    let tree = Tree::new();
    let declaration = r#"volumes(name: "v", images: "images", labels: "labels", grid: resample, objects: [(name: "o")])"#;
    let volume = nrrd(&made(), Sample::U8, ByteOrder::Little, "raw", "LPS");
    tree.write(
        "images/good.nrrd",
        &nrrd(
            &Made::tilted([7, 6, 1]),
            Sample::U8,
            ByteOrder::Little,
            "raw",
            "LPS",
        ),
    );
    tree.write("labels/good.nrrd", &volume);
    tree.write("images/x.nrrd", &volume);
    tree.write(
        "labels/x.npy",
        &npy(
            "'|u1'",
            true,
            &[7, 6, 5],
            &made().bytes(Sample::U8, ByteOrder::Little),
        ),
    );
    let message = tree.failure(declaration);
    assert!(
        message.starts_with(
            "labels/x.npy is 7×6×5 voxels, of unknown place, but its image images/x.nrrd is 7×6×5"
        ),
        "{message}"
    );
    let trusting = declaration.replace("resample", "same_shape");
    assert!(tree.outcomes(&trusting).contains(&("x".to_owned(), Ok(5))));
}
