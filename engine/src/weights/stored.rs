//! A tensor inside a file: where its elements lie and how they become f32. See [`StoredTensor`].

use half::{bf16, f16};

use super::{Flaw, bounded::BoundedFile};

/// The type of an element in a file, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Float(Float),
    /// Integers and booleans, which no parameter is: indexed, not read.
    Other {
        name: &'static str,
        bytes: usize,
    },
}

/// The floating point types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Float {
    F64,
    F32,
    F16,
    Bf16,
}

impl Element {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Float(Float::F64) => 8,
            Self::Float(Float::F32) => 4,
            Self::Float(Float::F16 | Float::Bf16) => 2,
            Self::Other { bytes, .. } => bytes,
        }
    }
}

/// A run of bytes of a file that holds elements of one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage {
    pub(super) element: Element,
    /// Byte of the file.
    pub(super) start: u64,
    /// Number of elements; the run is known to lie inside the file.
    pub(super) count: usize,
    /// CRC-32 of the whole run, where the format has one.
    pub(super) crc32: Option<u32>,
}

/// A strided view of a [`Storage`], checked to lie inside it.
#[derive(Debug, Clone)]
pub(super) struct StoredTensor {
    storage: Storage,
    /// First element of the view in the storage.
    offset: usize,
    shape: Vec<usize>,
    /// Steps in elements, per axis.
    strides: Vec<usize>,
    /// Number of elements.
    count: usize,
    /// Elements of the storage from `offset` to the last one used.
    span: usize,
}

impl StoredTensor {
    /// Describes a view, or says what contradicts the storage.
    pub(super) fn new(
        storage: Storage,
        offset: usize,
        shape: Vec<usize>,
        strides: Vec<usize>,
    ) -> Result<Self, &'static str> {
        if shape.len() != strides.len() {
            return Err("shape and strides differ in length");
        }
        let count = shape
            .iter()
            .try_fold(1_usize, |count, &size| count.checked_mul(size))
            .ok_or("its number of elements overflows")?;
        // A view may repeat elements (stride 0); a parameter never does, and one that did could
        // ask for more memory than the file has.
        if count > storage.count {
            return Err("it has more elements than its storage");
        }
        let span = if count == 0 {
            0
        } else {
            shape
                .iter()
                .zip(&strides)
                .try_fold(1_usize, |span, (&size, &stride)| {
                    span.checked_add((size - 1).checked_mul(stride)?)
                })
                .ok_or("its strides overflow")?
        };
        if offset
            .checked_add(span)
            .is_none_or(|end| end > storage.count)
        {
            return Err("it reaches beyond its storage");
        }
        Ok(Self {
            storage,
            offset,
            shape,
            strides,
            count,
            span,
        })
    }

    /// Describes a view of the whole storage, row-major.
    pub(super) fn contiguous(storage: Storage, shape: Vec<usize>) -> Result<Self, &'static str> {
        let strides = row_major_strides(&shape);
        Self::new(storage, 0, shape, strides)
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Reads the elements as f32, row-major; f64 rounds to nearest. `name` is for errors.
    pub(super) fn read(&self, file: &BoundedFile, name: &str) -> Result<Vec<f32>, Flaw> {
        let float = match self.storage.element {
            Element::Float(float) => float,
            Element::Other { name: found, .. } => {
                let tensor = name.to_owned();
                return Err(Flaw::Element { tensor, found });
            }
        };
        let size = self.storage.element.bytes();
        let start = self.storage.start + (self.offset * size) as u64;
        let bytes = file.read(start, (self.span * size) as u64, name)?;
        if let Some(crc32) = self.storage.crc32
            && self.span == self.storage.count
            && crc32fast::hash(&bytes) != crc32
        {
            return Err(Flaw::Checksum(name.to_owned()));
        }
        let values = to_f32(&bytes, float);
        Ok(if self.is_contiguous() {
            values
        } else {
            self.gather(&values)
        })
    }

    /// Whether the view's elements lie row-major without gaps; strides of axes of one element do
    /// not matter.
    fn is_contiguous(&self) -> bool {
        let expected = row_major_strides(&self.shape);
        self.shape
            .iter()
            .zip(self.strides.iter().zip(&expected))
            .all(|(&size, (stride, expected))| size <= 1 || stride == expected)
    }

    fn gather(&self, window: &[f32]) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.count);
        let mut index = vec![0; self.shape.len()];
        let mut position = 0;
        for _ in 0..self.count {
            values.push(window[position]);
            // Advance the last axis; carry into the ones before it.
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                position += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                position -= self.strides[axis] * self.shape[axis];
                index[axis] = 0;
            }
        }
        values
    }
}

/// Steps of a row-major layout. Shapes that overflow are refused before their strides matter.
fn row_major_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1_usize; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

fn to_f32(bytes: &[u8], float: Float) -> Vec<f32> {
    match float {
        Float::F64 => convert(bytes, |b| f64::from_le_bytes(b) as f32),
        Float::F32 => convert(bytes, f32::from_le_bytes),
        Float::F16 => convert(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Float::Bf16 => convert(bytes, |b| bf16::from_le_bytes(b).to_f32()),
    }
}

fn convert<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (elements, _) = bytes.as_chunks::<N>();
    elements.iter().map(|&element| value(element)).collect()
}
