//! NIfTI files. See [`Nifti`].

use engine::formats::volume::{ByteOrder, Sample};

use super::Made;

/// What kind of NIfTI file to write.
#[derive(Clone, Copy, Debug)]
pub struct Nifti {
    /// Whether of version 2.
    pub is_second: bool,
    /// Whether voxels go to another file.
    pub is_pair: bool,
    /// The order of bytes of header and voxels.
    pub order: ByteOrder,
    /// What a voxel is.
    pub sample: Sample,
    /// Slope and intercept.
    pub scaling: [f64; 2],
    /// How the header says where voxels lie.
    pub placing: Placing,
}

/// How a header says where voxels lie.
#[derive(Clone, Copy, Debug)]
pub enum Placing {
    /// By the affine map (sform).
    Affine,
    /// By b, c and d of a quaternion, and the sign of the third axis (qform).
    Quaternion([f64; 3], f64),
    /// By the size of voxels only.
    Size,
}

impl Default for Nifti {
    fn default() -> Self {
        Self {
            is_second: false,
            is_pair: false,
            order: ByteOrder::Little,
            sample: Sample::I16,
            scaling: [1.0, 0.0],
            placing: Placing::Affine,
        }
    }
}

impl Nifti {
    /// Returns header and voxels.
    pub fn file(&self, made: &Made) -> Vec<u8> {
        let mut file = self.header(made, 1);
        file.extend(made.bytes(self.sample, self.order));
        file
    }

    /// Returns the header of a file with this many volumes, up to where the voxels begin.
    pub fn header(&self, made: &Made, volumes: usize) -> Vec<u8> {
        let code: i64 = match self.sample {
            Sample::U8 => 2,
            Sample::I16 => 4,
            Sample::I32 => 8,
            Sample::F32 => 16,
            Sample::F64 => 64,
            Sample::I8 => 256,
            Sample::U16 => 512,
            Sample::U32 => 768,
            Sample::I64 => 1024,
            Sample::U64 => 1280,
        };
        let [i, j, k] = made.shape.map(|length| length as i64);
        let dim = [
            if volumes > 1 { 4 } else { 3 },
            i,
            j,
            k,
            volumes as i64,
            1,
            1,
            1,
        ];
        let [x, y, z] = made.spacing_mm();
        let (sform, qform, quatern, sign) = match self.placing {
            Placing::Affine => (1, 0, [0.0; 3], 1.0),
            Placing::Quaternion(bcd, sign) => (0, 1, bcd, sign),
            Placing::Size => (0, 0, [0.0; 3], 1.0),
        };
        let pixdim = [sign, x, y, z, 1.0, 1.0, 1.0, 1.0];
        let origin = made.world_from_voxel.map(|row| row[3]);
        let bits = 8 * self.sample.bytes() as i64;
        let mut file = Bytes {
            order: self.order,
            bytes: Vec::new(),
        };
        if self.is_second {
            let begin = if self.is_pair { 0 } else { 544 };
            file.size(if self.is_pair { 540 } else { 544 });
            file.ints::<4>(0, &[540]);
            file.text(
                4,
                if self.is_pair {
                    b"ni2\0\r\n\x1a\n"
                } else {
                    b"n+2\0\r\n\x1a\n"
                },
            );
            file.ints::<2>(12, &[code, bits]);
            file.ints::<8>(16, &dim);
            file.reals::<8>(104, &pixdim);
            file.ints::<8>(168, &[begin]);
            file.reals::<8>(176, &self.scaling);
            file.ints::<4>(344, &[qform, sform]);
            file.reals::<8>(352, &quatern);
            file.reals::<8>(376, &origin);
            file.reals::<8>(400, made.world_from_voxel.as_flattened());
            file.ints::<4>(500, &[2]);
        } else {
            file.size(if self.is_pair { 348 } else { 352 });
            file.ints::<4>(0, &[348]);
            file.ints::<2>(40, &dim);
            file.ints::<2>(70, &[code, bits]);
            file.reals::<4>(76, &pixdim);
            file.reals::<4>(108, &[if self.is_pair { 0.0 } else { 352.0 }]);
            file.reals::<4>(112, &self.scaling);
            file.text(123, &[2]);
            file.ints::<2>(252, &[qform, sform]);
            file.reals::<4>(256, &quatern);
            file.reals::<4>(268, &origin);
            file.reals::<4>(280, made.world_from_voxel.as_flattened());
            file.text(344, if self.is_pair { b"ni1\0" } else { b"n+1\0" });
        }
        file.bytes
    }
}

/// A header of numbers at offsets.
struct Bytes {
    order: ByteOrder,
    bytes: Vec<u8>,
}

impl Bytes {
    fn size(&mut self, size: usize) {
        self.bytes = vec![0; size];
    }

    fn text(&mut self, at: usize, text: &[u8]) {
        self.bytes[at..at + text.len()].copy_from_slice(text);
    }

    /// Puts integers of `N` bytes.
    fn ints<const N: usize>(&mut self, at: usize, values: &[i64]) {
        for (n, value) in values.iter().enumerate() {
            self.put(at + N * n, value.to_le_bytes()[..N].to_vec());
        }
    }

    /// Puts real numbers of `N` bytes, 4 or 8.
    fn reals<const N: usize>(&mut self, at: usize, values: &[f64]) {
        for (n, &value) in values.iter().enumerate() {
            let bytes = match N {
                4 => (value as f32).to_le_bytes().to_vec(),
                _ => value.to_le_bytes().to_vec(),
            };
            self.put(at + N * n, bytes);
        }
    }

    fn put(&mut self, at: usize, mut bytes: Vec<u8>) {
        if self.order == ByteOrder::Big {
            bytes.reverse();
        }
        self.text(at, &bytes);
    }
}
