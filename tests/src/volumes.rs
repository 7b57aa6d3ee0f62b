//! Volume files of every format, written byte by byte, so that they are the same on every machine.
//! See [`Made`] and [`variants`].

use engine::formats::{
    Planes,
    volume::{ByteOrder, Sample},
};

mod metaimage;
mod nifti;
mod nrrd;
mod packing;

pub use metaimage::metaimage;
pub use nifti::{Nifti, Placing};
pub use nrrd::nrrd;
pub use packing::{gzip, zlib};

/// Returns the values of a volume that is stored with the first axis fastest, plane by plane.
pub fn values(volume: &Planes) -> Vec<f64> {
    let planes = volume.each().map(|plane| plane.expect("it is good"));
    planes
        .flat_map(|plane| plane.values().collect::<Vec<_>>())
        .collect()
}

/// Voxels and where they lie.
#[derive(Clone, Debug)]
pub struct Made {
    /// Number of voxels along each axis.
    pub shape: [usize; 3],
    /// Rows for right, front and top, in millimetres.
    pub world_from_voxel: [[f64; 4]; 3],
    /// The first axis fastest.
    pub values: Vec<i64>,
}

impl Made {
    /// Returns a volume of values from 0 to 100, each axis different, on a tilted grid.
    pub fn tilted(shape: [usize; 3]) -> Self {
        let value = |[i, j, k]: [usize; 3]| ((i * 7 + j * 13 + k * 29 + i * j * k) % 101) as i64;
        let [width, height, depth] = shape;
        let places = (0..width * height * depth)
            .map(|n| [n % width, n / width % height, n / width / height]);
        Self {
            shape,
            world_from_voxel: [
                [-0.78, 0.31, 0.125, 12.5],
                [-0.3, -0.8, 0.5, -40.25],
                [0.05, 0.06, 2.5, 7.0],
            ],
            values: places.map(value).collect(),
        }
    }

    /// Returns the bytes of its samples.
    pub fn bytes(&self, sample: Sample, order: ByteOrder) -> Vec<u8> {
        (self.values.iter())
            .flat_map(|&value| number(value, sample, order))
            .collect()
    }

    /// Returns its spacing, the lengths of the columns of the affine map.
    pub fn spacing_mm(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| {
            let column = self.world_from_voxel.map(|row| row[axis]);
            column.iter().map(|x| x * x).sum::<f64>().sqrt()
        })
    }
}

/// Returns the bytes of one number.
fn number(value: i64, sample: Sample, order: ByteOrder) -> Vec<u8> {
    let mut bytes = match sample {
        Sample::U8 => (value as u8).to_le_bytes().to_vec(),
        Sample::I8 => (value as i8).to_le_bytes().to_vec(),
        Sample::U16 => (value as u16).to_le_bytes().to_vec(),
        Sample::I16 => (value as i16).to_le_bytes().to_vec(),
        Sample::U32 => (value as u32).to_le_bytes().to_vec(),
        Sample::I32 => (value as i32).to_le_bytes().to_vec(),
        Sample::U64 => (value as u64).to_le_bytes().to_vec(),
        Sample::I64 => value.to_le_bytes().to_vec(),
        Sample::F32 => (value as f32).to_le_bytes().to_vec(),
        Sample::F64 => (value as f64).to_le_bytes().to_vec(),
    };
    if order == ByteOrder::Big {
        bytes.reverse();
    }
    bytes
}

/// Returns a NumPy array of these axes; `word` is NumPy's for the type.
pub fn npy(word: &str, is_fortran: bool, shape: &[usize], elements: &[u8]) -> Vec<u8> {
    let order = if is_fortran { "True" } else { "False" };
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut header = format!(
        "{{'descr': {word}, 'fortran_order': {order}, 'shape': ({}{comma}), }}",
        lengths.join(", ")
    );
    while (header.len() + 11) % 64 > 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(elements);
    file
}

/// A file, or several that belong together; the first is the one to read.
pub struct Variant {
    /// The name of the first file.
    pub name: String,
    /// All files, by name.
    pub files: Vec<(String, Vec<u8>)>,
    /// Which volume to read.
    pub frame: Option<u32>,
}

const ALL: [Sample; 10] = [
    Sample::U8,
    Sample::I8,
    Sample::U16,
    Sample::I16,
    Sample::U32,
    Sample::I32,
    Sample::U64,
    Sample::I64,
    Sample::F32,
    Sample::F64,
];

/// The extremes of what a file may be: all types in both byte orders, all encodings, all ways of
/// saying where voxels lie, in every format.
pub fn variants() -> Vec<Variant> {
    let made = Made::tilted([7, 6, 5]);
    let mut all = Vec::new();
    let mut add = |name: String, files: Vec<(String, Vec<u8>)>, frame| {
        all.push(Variant { name, files, frame });
    };
    let orders = [(ByteOrder::Little, "little"), (ByteOrder::Big, "big")];
    for (order, order_name) in orders {
        for sample in ALL {
            let tail = format!("{sample:?}_{order_name}").to_lowercase();
            let nifti = Nifti {
                order,
                sample,
                ..Nifti::default()
            };
            let name = format!("nifti1_{tail}.nii");
            add(name.clone(), vec![(name, nifti.file(&made))], None);
            let name = format!("nifti2_{tail}.nii.gz");
            let second = Nifti {
                is_second: true,
                ..nifti
            };
            add(name.clone(), vec![(name, gzip(&second.file(&made)))], None);
            let name = format!("raw_{tail}.nrrd");
            add(
                name.clone(),
                vec![(name, nrrd(&made, sample, order, "raw", "LPS"))],
                None,
            );
            let name = format!("local_{tail}.mha");
            add(
                name.clone(),
                vec![(name, metaimage(&made, sample, order, false, "LOCAL"))],
                None,
            );
        }
    }
    more_nifti(&made, &mut add);
    more_text(&made, &mut add);
    arrays(&made, &mut add);
    all
}

type Add<'a> = &'a mut dyn FnMut(String, Vec<(String, Vec<u8>)>, Option<u32>);

fn more_nifti(made: &Made, add: Add) {
    for (is_second, number) in [(false, 1), (true, 2)] {
        let pair = Nifti {
            is_second,
            is_pair: true,
            scaling: [0.5, -3.0],
            ..Nifti::default()
        };
        let (name, voxels) = (format!("pair{number}.hdr"), format!("pair{number}.img"));
        let header = pair.header(made, 1);
        let bytes = made.bytes(pair.sample, pair.order);
        add(name.clone(), vec![(name, header), (voxels, bytes)], None);
        for (placing, how) in [
            (Placing::Quaternion([0.1, -0.3, 0.5], 1.0), "quaternion"),
            (Placing::Quaternion([0.9, 0.2, -0.1], -1.0), "mirrored"),
            (Placing::Size, "size"),
        ] {
            let nifti = Nifti {
                is_second,
                placing,
                ..Nifti::default()
            };
            let name = format!("{how}{number}.nii");
            add(name.clone(), vec![(name, nifti.file(made))], None);
        }
        let mut series = Nifti {
            is_second,
            ..Nifti::default()
        }
        .header(made, 3);
        for shift in 0..3 {
            let mut moved = made.clone();
            moved.values.rotate_right(shift);
            series.extend(moved.bytes(Sample::I16, ByteOrder::Little));
        }
        let name = format!("series{number}.nii");
        add(name.clone(), vec![(name, series)], Some(2));
    }
}

fn more_text(made: &Made, add: Add) {
    let (little, sample) = (ByteOrder::Little, Sample::I16);
    for space in [
        "RAS",
        "LAS",
        "left-posterior-superior",
        "scanner-xyz",
        "spacings",
        "none",
    ] {
        let name = format!("space_{space}.nrrd");
        add(
            name.clone(),
            vec![(name, nrrd(made, sample, little, "raw", space))],
            None,
        );
    }
    for encoding in ["gzip", "ascii"] {
        let name = format!("{encoding}.nrrd");
        add(
            name.clone(),
            vec![(name, nrrd(made, sample, little, encoding, "LPS"))],
            None,
        );
    }
    let bytes = made.bytes(sample, little);
    for (encoding, data) in [("raw", bytes.clone()), ("gzip", gzip(&bytes))] {
        let mut header = nrrd(made, sample, little, encoding, "LPS");
        let end = header
            .windows(2)
            .position(|two| two == b"\n\n")
            .expect("it has a header");
        header.truncate(end + 1);
        header.extend(format!("data file: {encoding}.data\n").bytes());
        let name = format!("detached_{encoding}.nhdr");
        add(
            name.clone(),
            vec![(name, header), (format!("{encoding}.data"), data)],
            None,
        );
    }
    let layers = nrrd::layers(made);
    let name = "layers.seg.nrrd".to_owned();
    add(name.clone(), vec![(name, layers)], Some(1));

    let name = "packed.mha".to_owned();
    add(
        name.clone(),
        vec![(name, metaimage(made, sample, little, true, "LOCAL"))],
        None,
    );
    for (is_packed, voxels) in [(false, "detached.raw"), (true, "detached.zraw")] {
        let name = voxels
            .replace(".raw", "_raw.mhd")
            .replace(".zraw", "_packed.mhd");
        let data = if is_packed {
            zlib(&bytes)
        } else {
            bytes.clone()
        };
        let header = metaimage(made, sample, little, is_packed, voxels);
        add(
            name.clone(),
            vec![(name, header), (voxels.to_owned(), data)],
            None,
        );
    }
    let name = "colours.mha".to_owned();
    let header = metaimage::colours(made);
    add(name.clone(), vec![(name, header)], Some(2));
}

fn arrays(made: &Made, add: Add) {
    let [i, j, k] = made.shape;
    let words = [
        "'|u1'", "'|i1'", "'<u2'", "'>i2'", "'<u4'", "'>i4'", "'<u8'", "'>i8'", "'<f4'", "'>f8'",
    ];
    for (sample, word) in ALL.into_iter().zip(words) {
        let order = if word.contains('>') {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        };
        for (is_fortran, how) in [(false, "c"), (true, "fortran")] {
            let name = format!("{how}_{sample:?}.npy").to_lowercase();
            let bytes = npy(word, is_fortran, &[i, j, k], &made.bytes(sample, order));
            add(name.clone(), vec![(name, bytes)], None);
        }
    }
    let half: Vec<u8> = (0..i * j).flat_map(|n| [n as u8, 0x3c]).collect();
    let name = "half.npy".to_owned();
    add(
        name.clone(),
        vec![(name, npy("'<f2'", false, &[i, j], &half))],
        None,
    );
    let series = made.bytes(Sample::U8, ByteOrder::Little);
    for (is_fortran, how) in [(false, "c"), (true, "fortran")] {
        let name = format!("series_{how}.npy");
        add(
            name.clone(),
            vec![(name, npy("'|u1'", is_fortran, &[k, i, j, 1], &series))],
            Some(3),
        );
    }
}
