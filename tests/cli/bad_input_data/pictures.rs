//! Folder pairs.

use std::fs;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage};

use super::tree::{Tree, encode, square};

const PAIR: &str =
    r#"folder_pair(name: "p", images: "images", masks: "masks", objects: [(name: "o")])"#;

/// Returns a folder pair with one good case.
fn tree() -> Tree {
    let tree = Tree::new();
    let good = encode(square(255), ImageFormat::Png);
    tree.write("images/good.png", &good);
    tree.write("masks/good.png", &good);
    tree
}

/// Returns what is wrong with a case whose image is good and whose mask is this.
fn mask_failure(mask: &[u8]) -> String {
    let tree = tree();
    tree.write("images/x.png", &encode(square(200), ImageFormat::Png));
    tree.write("masks/x.png", mask);
    tree.failure(PAIR)
}

/// Returns a PNG with this header and, for data, as many zeros as fit into so many packed bytes.
fn png(width: u32, height: u32, bit_depth: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], body: &[u8]| {
        bytes.extend((body.len() as u32).to_be_bytes());
        let checked = [kind, body].concat();
        let sum = checked.iter().fold(u32::MAX, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| {
                (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
            })
        });
        bytes.extend(&checked);
        bytes.extend((!sum).to_be_bytes());
    };
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[bit_depth, 0, 0, 0, 0],
    ]
    .concat();
    chunk(b"IHDR", &header);
    chunk(b"IDAT", data);
    chunk(b"IEND", &[]);
    bytes
}

#[test]
fn a_header_that_promises_too_much() {
    let failure = mask_failure(&png(100_000, 100_000, 8, &[0; 50]));
    assert!(
        failure.starts_with(
            "masks/x.png: its header promises 100000×100000 pixels, more than a file of"
        ),
        "{failure}"
    );
    assert!(failure.ends_with("restore it from its source"), "{failure}");
    assert!(mask_failure(&png(60_000, 60_000, 1, &[0; 50])).contains("60000×60000"));
    assert!(mask_failure(&png(u32::MAX, u32::MAX, 16, &[])).starts_with("masks/x.png: "));
    assert!(mask_failure(&png(0, 8, 8, &[])).contains("cannot be decoded"));
}

#[test]
fn files_that_are_cut_short() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
    ] {
        let whole = encode(square(255), format);
        assert!(
            mask_failure(&whole[..0]).contains("none of PNG, JPEG, BMP, TIFF"),
            "{format:?}"
        );
        for end in [9, whole.len() / 2, whole.len() - 13] {
            let failure = mask_failure(&whole[..end]);
            assert!(
                failure.starts_with("masks/x.png: "),
                "{format:?} {end}: {failure}"
            );
            assert!(
                failure.contains("restore") || failure.contains("convert"),
                "{format:?} {end}: {failure}"
            );
        }
    }
}

#[test]
fn files_that_are_something_else() {
    assert_eq!(
        mask_failure(b"<html>404 not found</html>"),
        "masks/x.png: its content is none of PNG, JPEG, BMP, TIFF, NumPy; convert it, or move it elsewhere"
    );
    let float = ImageBuffer::from_pixel(12, 8, Rgb([0.5_f32, 0.5, 0.5]));
    assert_eq!(
        mask_failure(&encode(DynamicImage::ImageRgb32F(float), ImageFormat::Tiff)),
        "masks/x.png: holds floating-point samples; convert it to 8 or 16 bits per sample"
    );
    // A TIFF's first directory is at the offset in bytes 4 to 7 and ends with the offset of the next.
    let mut pages = encode(square(255), ImageFormat::Tiff);
    let directory = u32::from_le_bytes([pages[4], pages[5], pages[6], pages[7]]) as usize;
    let entries = usize::from(u16::from_le_bytes([pages[directory], pages[directory + 1]]));
    pages[directory + 2 + 12 * entries] = 8;
    assert_eq!(
        mask_failure(&pages),
        "masks/x.png: has several pages; save each page as a file of its own"
    );
}

#[test]
fn a_mask_of_another_size() {
    let mask = image::imageops::resize(&square(255), 6, 4, image::imageops::FilterType::Nearest);
    assert_eq!(
        mask_failure(&encode(mask, ImageFormat::Png)),
        "masks/x.png is 6×4 pixels, but its image images/x.png is 12×8 pixels; resample the mask (nearest \
         neighbour; of volumes, `grid: resample` does it) or find the right one"
    );
}

#[test]
fn a_mask_without_the_object() {
    assert_eq!(
        mask_failure(&encode(square(0), ImageFormat::Png)),
        "images/x.png: none of the declared objects has a pixel here (masks/x.png holds the values 0); check \
         `objects` and `inside`, or declare `prepare: (empty: skip)`"
    );
    assert!(mask_failure(&encode(square(1), ImageFormat::Png)).contains("holds the values 0, 1)"));
}

#[test]
fn a_mask_in_colour() {
    let mask = RgbImage::from_fn(12, 8, |x, _| Rgb([0, if x < 4 { 255 } else { 0 }, 0]));
    assert_eq!(
        mask_failure(&encode(mask, ImageFormat::Png)),
        "masks/x.png: is a mask in colour ((0, 255, 0), (0, 0, 0)), but its objects are declared by gray \
         value; declare them as `inside: colour(r, g, b)`"
    );
}

#[test]
fn masks_of_16_bits_are_read() {
    let deep = |value: u16| {
        let image = ImageBuffer::from_fn(12, 8, |x, _| Luma([if x < 4 { value } else { 0 }]));
        encode(DynamicImage::ImageLuma16(image), ImageFormat::Png)
    };
    let tree = tree();
    tree.write("images/x.png", &deep(40_000));
    tree.write("masks/x.png", &deep(65_535));
    assert!(
        tree.outcomes(PAIR)
            .iter()
            .all(|(_, outcome)| *outcome == Ok(1))
    );
    tree.write("masks/x.png", &deep(300));
    assert!(tree.failure(PAIR).contains("holds the values 300, 0)"));
    let by_value = PAIR.replace("objects:", "inside: values([255, 300]), objects:");
    assert!(
        tree.outcomes(&by_value)
            .iter()
            .all(|(_, outcome)| *outcome == Ok(1))
    );
}

#[test]
fn files_without_a_partner() {
    let tree = tree();
    let picture = encode(square(255), ImageFormat::Png);
    tree.write("images/lonely.png", &picture);
    tree.write("masks/orphan.png", &picture);
    tree.write("masks/.DS_Store", b"x");
    tree.write("masks/notes.txt", b"x");
    let outcomes = tree.outcomes(PAIR);
    let ids: Vec<_> = outcomes.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["good", "lonely", "orphan"]);
    assert_eq!(
        outcomes[1].1,
        Err("images/lonely.png: has no mask: expected `{stem}` in masks; add it, or declare `unpaired: skip`".to_owned())
    );
    assert_eq!(
        outcomes[2].1,
        Err("masks/orphan.png: is the mask of no image: expected `{stem}` in images; add it, or declare `unpaired: skip`".to_owned())
    );
    let skipping = PAIR.replace("objects:", "unpaired: skip, objects:");
    assert_eq!(tree.outcomes(&skipping), [("good".to_owned(), Ok(1))]);
}

#[test]
fn two_images_of_one_name() {
    let tree = tree();
    tree.write("images/x.png", &encode(square(255), ImageFormat::Png));
    tree.write("images/x.jpg", &encode(square(255), ImageFormat::Jpeg));
    tree.write("masks/x.png", &encode(square(255), ImageFormat::Png));
    let outcomes = tree.outcomes(PAIR);
    assert_eq!(
        outcomes[1],
        (
            "x.jpg".to_owned(),
            Err("images/x.jpg: has the same name as images/x.png; rename one of them".to_owned())
        )
    );
    assert_eq!(outcomes.len(), 3);
}

#[test]
fn folders_that_are_not_there() {
    let tree = tree();
    let refusal = tree.refusal(&PAIR.replace("\"masks\"", "\"mask\""));
    assert!(refusal.starts_with("mask: cannot be listed: "), "{refusal}");
    assert!(
        refusal.ends_with("relative paths start at the folder of the scenario file"),
        "{refusal}"
    );
    let refusal = tree.refusal(&PAIR.replace("\"masks\"", "\"masks/good.png\""));
    assert!(
        refusal.starts_with("masks/good.png: cannot be listed: "),
        "{refusal}"
    );

    fs::create_dir(tree.path("empty")).expect("the temporary folder can be written");
    assert_eq!(
        tree.refusal(&PAIR.replace("\"masks\"", "\"empty\"")),
        "dataset `p`: no image has a mask: found 1 without a partner, such as images/good.png; expected images \
         `{stem}` in images and masks `{stem}` in empty, with extension png, jpg, jpeg, bmp, tif, tiff, npy"
    );
}

#[test]
fn declarations_that_contradict_themselves() {
    let tree = tree();
    let with = |field: &str| tree.refusal(&PAIR.replace("objects: [(name: \"o\")]", field));
    assert!(with("").contains("has no `objects`"));
    assert!(
        with("mask_name: \"{case}\", objects: [(name: \"o\")]")
            .contains("expected the same placeholders in both")
    );
    assert!(with("image_name: \"{stem}_{n}\", objects: [(name: \"o\")]").contains("are for masks"));
    assert!(with("several: apart, objects: [(name: \"o\")]").contains("needs {n} in `mask_name`"));
    assert!(
        with("objects: [(name: \"o\", files: [\"a\"])]").contains("`mask_name` has no {object}")
    );
    assert!(with("objects: [(name: \"o\"), (name: \"o\")]").contains("two objects are called `o`"));
    let same = PAIR.replace("\"masks\"", "\"images\"");
    assert!(tree.refusal(&same).contains("expected a `mask_name`"));
}

#[cfg(unix)]
#[test]
fn entries_that_no_program_can_use() {
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink};

    let tree = tree();
    let picture = encode(square(255), ImageFormat::Png);
    let odd = tree
        .path("images")
        .join(std::ffi::OsStr::from_bytes(b"\xff\xfe.png"));
    // Some file systems refuse such names themselves.
    if fs::write(odd, &picture).is_ok() {
        let failure = tree.failure(PAIR);
        assert!(
            failure.ends_with(": its name is not valid UTF-8; rename it"),
            "{failure}"
        );
        let _ = fs::remove_file(
            tree.path("images")
                .join(std::ffi::OsStr::from_bytes(b"\xff\xfe.png")),
        );
    }

    symlink("circle.png", tree.path("images/circle.png"))
        .expect("the temporary folder can be written");
    let failure = tree.failure(PAIR);
    assert!(
        failure.starts_with("images/circle.png: cannot be listed: "),
        "{failure}"
    );
    fs::remove_file(tree.path("images/circle.png")).expect("it was made above");

    // A folder within itself, as deep as the pattern goes and no deeper.
    symlink(".", tree.path("images/again")).expect("the temporary folder can be written");
    let nested = PAIR.replace(
        "objects:",
        "image_name: \"{folder}/{stem}\", mask_name: \"{folder}/{stem}\", objects:",
    );
    assert!(tree.refusal(&nested).contains("no image has a mask"));
    symlink(".", tree.path("masks/again")).expect("the temporary folder can be written");
    assert_eq!(tree.outcomes(&nested), [("again/good".to_owned(), Ok(1))]);

    // Opening a pipe would wait for ever.
    let made = std::process::Command::new("mkfifo")
        .arg(tree.path("images/pipe.png"))
        .status();
    if made.is_ok_and(|status| status.success()) {
        tree.write("masks/pipe.png", &picture);
        assert_eq!(
            tree.failure(PAIR),
            "images/pipe.png: is not a regular file; move it elsewhere"
        );
    }
}

#[cfg(unix)]
#[test]
fn files_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let tree = tree();
    let picture = encode(square(255), ImageFormat::Png);
    tree.write("images/secret.png", &picture);
    tree.write("masks/secret.png", &picture);
    let secret = tree.path("masks/secret.png");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).expect("it is ours");
    if fs::read(&secret).is_ok() {
        // The superuser may read anything.
        return;
    }
    let failure = tree.failure(PAIR);
    assert!(
        failure.starts_with("masks/secret.png: cannot be read: "),
        "{failure}"
    );
    assert!(
        failure.ends_with("check that it is there and that you may read it"),
        "{failure}"
    );
}
