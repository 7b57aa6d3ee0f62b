//! Reads the golden files. See [`Golden`].

use ndarray::{Array2, ArrayD, IxDyn};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// Returns the content of `golden/<name>.json`, or `None` where the shared folder is absent.
pub fn json(name: &str) -> Option<Value> {
    let path = crate::shared(&format!("golden/{name}.json"))?;
    let text = std::fs::read(path).expect("a readable file");
    Some(serde_json::from_slice(&text).expect("valid JSON"))
}

/// One file of golden tensors, in memory.
pub struct Golden(Vec<u8>);

impl Golden {
    /// Opens `golden/<name>.safetensors`, or returns `None` where the shared folder is absent.
    pub fn open(name: &str) -> Option<Self> {
        let path = crate::shared(&format!("golden/{name}.safetensors"))?;
        Some(Self(std::fs::read(path).expect("a readable file")))
    }

    /// Returns an entry of the header's metadata, parsed as JSON.
    pub fn metadata(&self, key: &str) -> Value {
        let (_, header) = SafeTensors::read_metadata(&self.0).expect("a valid header");
        let text = header.metadata().as_ref().and_then(|map| map.get(key));
        serde_json::from_str(text.expect("a known key")).expect("valid JSON")
    }

    /// Returns whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors().names().contains(&name)
    }

    /// Returns a tensor of floating-point numbers.
    pub fn f32(&self, name: &str) -> ArrayD<f32> {
        self.read(name, Dtype::F32, f32::from_le_bytes)
    }

    /// Returns a tensor of integers.
    pub fn i32(&self, name: &str) -> ArrayD<i32> {
        self.read(name, Dtype::I32, i32::from_le_bytes)
    }

    /// Returns a tensor of counts.
    pub fn i64(&self, name: &str) -> ArrayD<i64> {
        self.read(name, Dtype::I64, i64::from_le_bytes)
    }

    /// Returns a tensor of bytes.
    pub fn u8(&self, name: &str) -> ArrayD<u8> {
        self.read(name, Dtype::U8, u8::from_le_bytes)
    }

    /// Returns bitmaps of `shape` (`[height, width]`) that were packed to bits, one per row.
    pub fn bitmaps(&self, name: &str, shape: [usize; 2]) -> Vec<Array2<bool>> {
        let bytes = self.u8(name).into_raw_vec_and_offset().0;
        let count = shape[0] * shape[1];
        let unpack = |packed: &[u8]| {
            // Most significant bit first, as numpy.packbits.
            let bits = (0..count).map(|bit| packed[bit / 8] >> (7 - bit % 8) & 1 == 1);
            Array2::from_shape_vec(shape, bits.collect()).expect("as many bits as pixels")
        };
        bytes.chunks(count.div_ceil(8)).map(unpack).collect()
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).expect("a valid file")
    }

    fn read<const N: usize, T>(
        &self,
        name: &str,
        dtype: Dtype,
        parse: impl Fn([u8; N]) -> T,
    ) -> ArrayD<T> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).expect(name);
        assert_eq!(tensor.dtype(), dtype, "{name}");
        let (values, rest) = tensor.data().as_chunks::<N>();
        assert!(rest.is_empty(), "{name}");
        let values = values.iter().map(|&bytes| parse(bytes)).collect();
        ArrayD::from_shape_vec(IxDyn(tensor.shape()), values).expect("as the header says")
    }
}
