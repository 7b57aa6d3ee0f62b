//! NIfTI volumes.

use std::io::Write as _;

use engine::formats::Volume;
use flate2::{Compression, write::GzEncoder};

use super::tree::Tree;

const VOLUMES: &str =
    r#"volumes(name: "v", images: "images", labels: "labels", objects: [(name: "o")])"#;

/// A NIfTI-1 file: little endian, 6 × 5 × 4 voxels of 16 bits, 1 × 1 × 2 mm, no affine but the size.
#[derive(Clone)]
struct File(Vec<u8>);

impl File {
    /// Returns a volume in which one slice is not 0.
    fn new() -> Self {
        let mut file = Self(vec![0; 352 + 240]);
        file.put(0, &348_i32.to_le_bytes());
        file.dims(&[6, 5, 4]);
        file.put(70, &4_i16.to_le_bytes());
        file.put(72, &16_i16.to_le_bytes());
        file.floats(76, &[1.0, 1.0, 1.0, 2.0]);
        file.floats(108, &[352.0, 0.0, 0.0]);
        file.put(344, b"n+1\0");
        for voxel in 30..60 {
            file.put(352 + 2 * voxel, &[1, 0]);
        }
        file
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn dims(&mut self, lengths: &[i16]) {
        let mut all = vec![lengths.len() as i16];
        all.extend(lengths);
        all.resize(8, 1);
        let bytes: Vec<u8> = all.iter().flat_map(|length| length.to_le_bytes()).collect();
        self.put(40, &bytes);
    }

    fn floats(&mut self, at: usize, values: &[f32]) {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.put(at, &bytes);
    }

    fn changed(change: impl Fn(&mut Self)) -> Vec<u8> {
        let mut file = Self::new();
        change(&mut file);
        file.0
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("memory can be written")
}

/// Returns volumes with one good case.
fn tree() -> Tree {
    let tree = Tree::new();
    tree.write("images/good.nii", &File::new().0);
    tree.write("labels/good.nii.gz", &packed(&File::new().0));
    tree
}

/// Returns what is wrong with a volume whose labels are good.
fn failure(name: &str, volume: &[u8]) -> String {
    let tree = tree();
    tree.write(&format!("images/{name}"), volume);
    tree.write("labels/x.nii", &File::new().0);
    tree.failure(VOLUMES)
}

#[test]
fn dimensions_that_lie() {
    let huge = File::changed(|file| file.dims(&[32_767, 32_767, 32_767]));
    let message = "images/x.nii: its header promises 32767×32767×32767 voxels of 2 bytes, more than a file of 592 \
                   bytes can hold; it is truncated or hostile: restore it from its source";
    assert_eq!(failure("x.nii", &huge), message);
    assert!(failure("x.nii.gz", &packed(&huge)).contains("32767×32767×32767 voxels"));
    let many =
        File::changed(|file| file.dims(&[32_767, 32_767, 32_767, 32_767, 32_767, 32_767, 32_767]));
    assert!(failure("x.nii", &many).contains("volumes; declare which one as `frame: 0`"));
    let frame = VOLUMES.replace("objects:", "frame: 4000000000, objects:");
    let tree = tree();
    tree.write("images/x.nii", &many);
    tree.write("labels/x.nii", &File::new().0);
    let outcomes = tree.outcomes(&frame);
    assert!(
        outcomes[1]
            .1
            .as_ref()
            .is_err_and(|message| message.contains("32767×32767×32767")),
        "{outcomes:?}"
    );
    for dims in [&[-6, 5, 4][..], &[0, 5, 4], &[]] {
        let message = failure("x.nii", &File::changed(|file| file.dims(dims)));
        assert!(
            message.starts_with("images/x.nii: cannot be decoded: "),
            "{message}"
        );
    }
}

#[test]
fn scales_and_kinds_that_make_no_sense() {
    let scaled =
        |slope: f32, intercept: f32| File::changed(|file| file.floats(112, &[slope, intercept]));
    assert_eq!(
        failure("x.nii", &scaled(2.0, f32::INFINITY)),
        "images/x.nii: cannot be decoded: its header scales voxels by 2 and adds inf; restore the file from its \
         source, or export it again"
    );
    // As nibabel and the C library of NIfTI have it: a slope that is no number is none.
    let tree = tree();
    tree.write("images/x.nii", &scaled(f32::NAN, f32::NAN));
    tree.write("labels/x.nii", &File::new().0);
    assert!(
        tree.outcomes(VOLUMES)
            .iter()
            .all(|(_, outcome)| *outcome == Ok(1))
    );
    let kind = |code: i16, bits: i16| {
        File::changed(|file| {
            file.put(70, &code.to_le_bytes());
            file.put(72, &bits.to_le_bytes());
        })
    };
    assert!(failure("x.nii", &kind(32, 64)).contains("holds complex voxels"));
    assert!(failure("x.nii", &kind(4, 32)).contains("gives I16 voxels 32 bits"));
    assert!(failure("x.nii", &kind(999, 16)).contains("cannot be decoded"));
    let offset = File::changed(|file| file.floats(108, &[f32::NAN]));
    assert!(failure("x.nii", &offset).contains("begin at byte NaN"));
    let nowhere = File::changed(|file| file.put(254, &[1, 0]));
    assert!(failure("x.nii", &nowhere).contains("singular affine"));
}

#[test]
fn files_that_are_cut_short_or_damaged() {
    let whole = File::new().0;
    assert!(failure("x.nii", &whole[..200]).contains("it is truncated"));
    assert!(failure("x.nii", &whole[..591]).contains("more than a file of 591 bytes can hold"));
    let archive = packed(&whole);
    let cut = failure("x.nii.gz", &archive[..archive.len() / 2]);
    assert!(
        cut.starts_with("images/x.nii.gz: cannot be decoded: "),
        "{cut}"
    );
    let mut wrong_sum = archive.clone();
    let sum = archive.len() - 8;
    wrong_sum[sum] ^= 1;
    assert!(failure("x.nii.gz", &wrong_sum).contains("cannot be decoded"));
    let short = failure("x.nii.gz", &packed(&whole[..500]));
    assert!(
        short.contains("holds 148 of the 240 bytes of its voxels"),
        "{short}"
    );
}

#[test]
fn files_of_another_kind() {
    assert!(failure("x.nii", b"hello").contains("its content is none of NIfTI, NRRD"));
    assert!(failure("x.nii", b"").contains("its content is none of NIfTI, NRRD"));
    assert!(
        failure("x.nii", &File::changed(|file| file.put(344, b"xyz\0")))
            .contains("cannot be decoded")
    );
}

#[test]
fn labels_on_another_grid() {
    let tree = tree();
    tree.write("images/x.nii", &File::new().0);
    tree.write("labels/x.nii", &File::changed(|file| file.dims(&[6, 4, 5])));
    assert_eq!(
        tree.failure(VOLUMES),
        "labels/x.nii is 6×4×5 voxels of 1.00×1.00×2.00 mm, LAS, from (0.0, 0.0, 0.0), but its image \
         images/x.nii is 6×5×4 voxels of 1.00×1.00×2.00 mm, LAS, from (0.0, 0.0, 0.0); resample the mask \
         (nearest neighbour; of volumes, `grid: resample` does it) or find the right one"
    );
    let moved = File::changed(|file| {
        file.put(254, &[1, 0]);
        file.floats(
            280,
            &[-1.0, 0.0, 0.0, 5.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0],
        );
    });
    tree.write("labels/x.nii", &moved);
    assert!(tree.failure(VOLUMES).contains("from (5.0, 0.0, 0.0)"));
    let trusting = VOLUMES.replace("objects:", "grid: same_shape, objects:");
    assert!(
        tree.outcomes(&trusting)
            .iter()
            .all(|(_, outcome)| *outcome == Ok(1))
    );
}

#[test]
fn labels_without_the_object() {
    let tree = tree();
    tree.write("images/x.nii", &File::new().0);
    tree.write("labels/x.nii", &File::new().0);
    let wanted = VOLUMES.replace("objects:", "inside: values([3]), objects:");
    let outcomes = tree.outcomes(&wanted);
    assert!(outcomes.iter().all(|(_, outcome)| {
        outcome
            .as_ref()
            .is_err_and(|message| message.contains("its labels go up to 1"))
    }));
    assert!(
        tree.refusal(&VOLUMES.replace("objects:", "inside: paper, objects:"))
            .contains("are for pictures")
    );
}

#[test]
fn big_endian_and_signed_volumes_are_read() {
    let mut big = File::new();
    for (at, width) in [(0, 4), (70, 2), (72, 2)] {
        big.0[at..at + width].reverse();
    }
    for at in (40..56).step_by(2).chain((352..592).step_by(2)) {
        big.0[at..at + 2].reverse();
    }
    for at in (76..120).step_by(4) {
        big.0[at..at + 4].reverse();
    }
    let tree = tree();
    tree.write("images/x.nii", &big.0);
    tree.write("labels/x.nii", &big.0);
    assert!(
        tree.outcomes(VOLUMES)
            .iter()
            .all(|(_, outcome)| *outcome == Ok(1)),
        "{:?}",
        tree.outcomes(VOLUMES)
    );
}

#[test]
fn lengths_are_millimetres_whatever_the_unit() {
    let tree = Tree::new();
    let read = |unit: u8, affine: bool| {
        let file = File::changed(|file| {
            file.put(123, &[unit]);
            if affine {
                file.put(254, &1_i16.to_le_bytes());
                file.floats(280, &[-1.5, 0.0, 0.25, 7.0]);
                file.floats(296, &[0.0, 2.0, 0.0, -8.0]);
                file.floats(312, &[0.0, 0.0, 3.0, 9.0]);
            }
        });
        tree.write("x.nii", &file);
        let volume = Volume::read(&tree.path("x.nii"), None).expect("it is good");
        volume.grid
    };
    for affine in [false, true] {
        let [unknown, metres, millimetres, microns] = [0, 1, 2, 3].map(|unit| read(unit, affine));
        assert_eq!(unknown, millimetres);
        for (grid, scale) in [(metres, 1000.0), (microns, 0.001)] {
            let scaled = millimetres
                .world_from_voxel
                .map(|row| row.map(|mm| mm * scale));
            assert_eq!(grid.world_from_voxel, scaled);
            let spacing = millimetres.spacing_mm.map(|all| all.map(|mm| mm * scale));
            assert_eq!(grid.spacing_mm, spacing);
        }
    }
}
