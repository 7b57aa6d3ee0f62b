//! NIfTI-2, pairs of files, NRRD, MetaImage and NumPy arrays: truncated, lying, hostile, unsupported.

mod arrays;
mod metaimage;
mod nrrd;

use std::fs;

use engine::formats::{
    Planes, Volume,
    volume::{ByteOrder, Sample},
};
use tests::volumes::{Made, Nifti, Variant, gzip, metaimage, nrrd, variants};

use super::tree::Tree;

/// Returns what is wrong with the first of these files.
fn refusal(files: &[(&str, &[u8])]) -> String {
    let tree = Tree::new();
    for (name, bytes) in files {
        tree.write(name, bytes);
    }
    refusal_in(&tree, files[0].0)
}

fn refusal_in(tree: &Tree, name: &str) -> String {
    let error = Volume::read(&tree.path(name), None).err();
    let message = error.expect("it should not be read").to_string();
    message.replace(
        &format!(
            "{}/",
            tree.path("").display().to_string().trim_end_matches('/')
        ),
        "",
    )
}

fn made() -> Made {
    Made::tilted([7, 6, 5])
}

/// An NRRD file in which a text of the header is replaced.
fn changed_nrrd(encoding: &str, old: &str, new: &str) -> Vec<u8> {
    let file = nrrd(&made(), Sample::I16, ByteOrder::Little, encoding, "LPS");
    replaced(&file, old, new)
}

/// A MetaImage file in which a text of the header is replaced.
fn changed_metaimage(old: &str, new: &str) -> Vec<u8> {
    let file = metaimage(&made(), Sample::I16, ByteOrder::Little, false, "LOCAL");
    replaced(&file, old, new)
}

/// Returns the rows of a table: what is replaced by what, and what is said then. `¶` ends a line.
fn rows(table: &str) -> impl Iterator<Item = [String; 3]> + '_ {
    table.lines().map(|line| {
        let mut cells = line.split(" | ").map(|cell| cell.replace('¶', "\n"));
        std::array::from_fn(|_| cells.next().expect("three cells"))
    })
}

fn replaced(file: &[u8], old: &str, new: &str) -> Vec<u8> {
    let found = file
        .windows(old.len())
        .position(|part| part == old.as_bytes());
    let at = found.unwrap_or_else(|| panic!("`{old}` is not in the header"));
    [&file[..at], new.as_bytes(), &file[at + old.len()..]].concat()
}

#[test]
fn files_of_every_format_that_are_cut_short() {
    for Variant { name, files, frame } in variants() {
        let tree = Tree::new();
        for (name, bytes) in &files[1..] {
            tree.write(name, bytes);
        }
        let whole = &files[0].1;
        // Of a pair, the header may end early and still say all; then the other file is cut.
        let cut = files.last().expect("at least one");
        for part in 0..23 {
            let length = cut.1.len() * part / 23;
            tree.write(&name, whole);
            tree.write(&cut.0, &cut.1[..length]);
            let message = match Volume::read(&tree.path(&name), frame) {
                Err(error) => error.to_string(),
                Ok(_) => panic!(
                    "{name} was read, though cut to {length} of {} bytes",
                    cut.1.len()
                ),
            };
            assert!(message.contains(&cut.0), "{message}");
        }
    }
}

/// Those whose voxels are packed, text, widened, or take turns with others.
const HELD: [&str; 9] = [
    "gzip.nrrd",
    "ascii.nrrd",
    "detached_gzip.nhdr",
    "layers.seg.nrrd",
    "packed.mha",
    "detached_packed.mhd",
    "colours.mha",
    "half.npy",
    "series_fortran.npy",
];

#[test]
fn files_that_are_cut_short_once_they_are_open() {
    for Variant { name, files, frame } in variants() {
        let tree = Tree::new();
        for (name, bytes) in &files {
            tree.write(name, bytes);
        }
        let planes = Planes::open(&tree.path(&name), frame).expect(&name);
        let (voxels, bytes) = files.last().expect("at least one");
        tree.write(voxels, &bytes[..bytes.len() / 2]);
        let last = planes.grid.shape[planes.axis()] - 1;
        let said = planes.plane(last).err().map(|error| error.to_string());
        if HELD.contains(&name.as_str()) || name.ends_with(".nii.gz") {
            assert_eq!(said, None, "{name}");
            continue;
        }
        let said = said.unwrap_or_else(|| panic!("{name} was held"));
        let is_told = said.contains(voxels) && said.contains("it is truncated");
        assert!(is_told, "{said}");
        assert!(planes.whole().is_err(), "{name}");
    }
}

#[test]
fn names_that_lead_elsewhere() {
    let outside = Tree::new();
    outside.write("secret.raw", &[7; 1000]);
    let absolute = outside.path("secret.raw").display().to_string();
    for name in [
        "../secret.raw",
        "a/../../secret.raw",
        "..",
        &absolute,
        "C:\\secret.raw",
        "c:x",
        "a\\b",
    ] {
        let header = changed_nrrd("raw", "key:=", &format!("data file: {name}\nkey:="));
        let message = refusal(&[("x.nhdr", &header)]);
        assert!(
            message.starts_with("x.nhdr: keeps its voxels in `"),
            "{name}: {message}"
        );
        assert!(
            message.contains("not in its own folder; move that file beside"),
            "{message}"
        );
        let header = changed_metaimage("= LOCAL", &format!("= {name}"));
        let message = refusal(&[("x.mhd", &header)]);
        assert!(
            message.contains("not in its own folder"),
            "{name}: {message}"
        );
    }
    let header = changed_nrrd("raw", "key:=", "data file: nothing.raw\nkey:=");
    assert!(refusal(&[("x.nhdr", &header)]).starts_with("nothing.raw: cannot be read: "));
    let header = changed_nrrd("raw", "key:=", "data file: folder\nkey:=");
    let message = refusal(&[("x.nhdr", &header), ("folder/file", b"")]);
    assert!(
        message.starts_with("folder: is not a regular file"),
        "{message}"
    );
}

#[test]
#[cfg(unix)]
fn links_that_lead_elsewhere() {
    let outside = Tree::new();
    outside.write("secret.raw", &[7; 1000]);
    let pair = Nifti {
        is_pair: true,
        ..Nifti::default()
    };
    let headers = [
        (
            "x.nhdr",
            changed_nrrd("raw", "key:=", "data file: link.raw\nkey:="),
        ),
        ("x.mhd", changed_metaimage("= LOCAL", "= sub/link.raw")),
        ("x.hdr", pair.header(&made(), 1)),
    ];
    for (name, header) in headers {
        let tree = Tree::new();
        tree.write(name, &header);
        tree.write("sub/file", b"");
        for link in ["link.raw", "sub/link.raw", "x.img"] {
            std::os::unix::fs::symlink(outside.path("secret.raw"), tree.path(link))
                .expect("a link can be made");
        }
        let message = refusal_in(&tree, name);
        assert!(message.contains("not in its own folder"), "{message}");
    }
    // A link within the folder is followed; one in circles is not.
    let tree = Tree::new();
    tree.write(
        "x.nhdr",
        &changed_nrrd("raw", "key:=", "data file: link.raw\nkey:="),
    );
    tree.write("voxels.raw", &made().bytes(Sample::I16, ByteOrder::Little));
    let link = |target: &str| {
        _ = fs::remove_file(tree.path("link.raw"));
        std::os::unix::fs::symlink(target, tree.path("link.raw")).expect("a link can be made");
    };
    link("voxels.raw");
    assert!(Volume::read(&tree.path("x.nhdr"), None).is_ok());
    link("link.raw");
    assert!(refusal_in(&tree, "x.nhdr").starts_with("link.raw: cannot be read"));
}

#[test]
fn archives_that_unfold_to_more_than_they_should() {
    // 0.4 kB cannot unfold to 2 MB; 2 GB of zeros are promised by no header here.
    let header = changed_nrrd("gzip", "sizes: 7 6 5", "sizes: 32767 32767 32767");
    let message = refusal(&[("x.nrrd", &header)]);
    assert!(
        message.contains("promises 32767×32767×32767 voxels of 2 bytes"),
        "{message}"
    );
    let header = changed_nrrd("gzip", "sizes: 7 6 5", "sizes: 70 60 50");
    let message = refusal(&[("x.nrrd", &header)]);
    assert!(
        message.contains("holds 420 of the 420000 bytes of its voxels"),
        "{message}"
    );
    let mut second = Nifti {
        is_second: true,
        ..Nifti::default()
    }
    .file(&made());
    for axis in 0..3 {
        second[24 + 8 * axis..32 + 8 * axis].copy_from_slice(&u32::MAX.to_le_bytes().repeat(2));
    }
    assert!(refusal(&[("x.nii", &second)]).contains("one of its dimensions is -1"));
    for axis in 0..3 {
        second[24 + 8 * axis..32 + 8 * axis].copy_from_slice(&u64::from(u32::MAX).to_le_bytes());
    }
    let promise = "promises 4294967295×4294967295×4294967295 voxels";
    assert!(refusal(&[("x.nii", &second)]).contains(promise));
    assert!(refusal(&[("x.nii.gz", &gzip(&second))]).contains(promise));
}

#[test]
fn pairs_of_nifti() {
    let pair = Nifti {
        is_pair: true,
        ..Nifti::default()
    };
    let header = pair.header(&made(), 1);
    let voxels = made().bytes(Sample::I16, ByteOrder::Little);
    let alone = refusal(&[("x.hdr", &header)]);
    assert!(
        alone.starts_with("x.hdr: cannot be decoded: keeps its voxels in x.img"),
        "{alone}"
    );
    let short = refusal(&[("x.hdr", &header), ("x.img", &voxels[..100])]);
    assert!(
        short.starts_with("x.img: its header promises 7×6×5 voxels of 2 bytes"),
        "{short}"
    );
    let misnamed = refusal(&[("x.nii", &header), ("x.img", &voxels)]);
    assert!(
        misnamed.contains("is not called .hdr; give the pair"),
        "{misnamed}"
    );
    let mut analyze = header.clone();
    analyze[344..348].fill(0);
    let message = refusal(&[("x.hdr", &analyze), ("x.img", &voxels)]);
    assert!(
        message.contains("is Analyze 7.5, which does not say"),
        "{message}"
    );
    let mut odd = header;
    odd[344..348].copy_from_slice(b"xyz\0");
    assert!(refusal(&[("x.hdr", &odd)]).contains("has not the mark of NIfTI"));
    for (code, kind) in [
        (1, "1-bit"),
        (32, "complex"),
        (128, "colour"),
        (1536, "128-bit"),
        (9, "type 9"),
    ] {
        let mut other = Nifti::default().file(&made());
        other[70] = (code % 256) as u8;
        other[71] = (code / 256) as u8;
        assert!(refusal(&[("x.nii", &other)]).contains(kind), "{kind}");
    }
}
