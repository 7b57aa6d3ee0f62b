//! Memory of a device. See [`Buffer`].
#![expect(
    unsafe_code,
    reason = "CubeCL takes a buffer's length on trust; here it is checked"
)]

use cubecl::prelude::*;
use cubecl::server::Handle;
use half::{bf16, f16};

use super::{Gpu, error};
use crate::{KernelError, Precision};

/// Numbers on a device, `f32` unless uploaded in another precision. Cloning shares them; freed
/// memory returns to the device's pool.
#[derive(Clone)]
pub(crate) struct Buffer {
    gpu: Gpu,
    handle: Handle,
    len: usize,
}

impl Buffer {
    /// Copies `data` to the device.
    ///
    /// # Errors
    /// When the device cannot hold as much in one buffer.
    pub(crate) fn upload(gpu: &Gpu, data: &[f32]) -> Result<Self, KernelError> {
        Self::upload_in(gpu, data, Precision::F32)
    }

    /// Copies `data` to the device, rounded to `precision`.
    ///
    /// # Errors
    /// When the device cannot hold as much in one buffer.
    pub(crate) fn upload_in(
        gpu: &Gpu,
        data: &[f32],
        precision: Precision,
    ) -> Result<Self, KernelError> {
        // A buffer has at least one element, so that every binding is valid.
        let data = if data.is_empty() { &[0.0] } else { data };
        let bits = |bits: fn(f32) -> u16| -> Vec<u8> {
            data.iter().flat_map(|&x| bits(x).to_ne_bytes()).collect()
        };
        let rounded = match precision {
            Precision::F32 => None,
            Precision::F16 => Some(bits(|x| f16::from_f32(x).to_bits())),
            Precision::Bf16 => Some(bits(|x| bf16::from_f32(x).to_bits())),
        };
        let bytes = rounded.as_deref().unwrap_or_else(|| f32::as_bytes(data));
        check_size(gpu, bytes.len())?;
        Ok(Self {
            gpu: gpu.clone(),
            handle: gpu.client().create_from_slice(bytes),
            len: data.len(),
        })
    }

    /// Takes room for `len` elements, of no defined value.
    ///
    /// # Errors
    /// When the device cannot hold as much in one buffer.
    pub(crate) fn allocate(gpu: &Gpu, len: usize) -> Result<Self, KernelError> {
        let bytes = len.max(1) * size_of::<f32>();
        check_size(gpu, bytes)?;
        Ok(Self {
            gpu: gpu.clone(),
            handle: gpu.client().empty(bytes),
            len: len.max(1),
        })
    }

    /// Waits for the device and copies the first `len` elements.
    ///
    /// # Errors
    /// When the device failed in the work that leads here.
    pub(crate) fn download(&self, len: usize) -> Result<Vec<f32>, KernelError> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.gpu.client().read_one(self.handle.clone());
        // Of a device that was lost the first reading only says that it failed.
        let failed = |error| (self.gpu.loss()).unwrap_or_else(|| error::from_server(&error));
        let bytes = bytes.map_err(failed)?;
        Ok(f32::from_bytes(&bytes)[..len].to_vec())
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Returns the buffer as an argument of a kernel.
    pub(crate) fn arg(&self) -> BufferArg {
        // SAFETY: the handle was created with room for `len` elements.
        unsafe { BufferArg::from_raw_parts(self.handle.clone(), self.len) }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Checks that one binding can reach `bytes`, and counts them.
fn check_size(gpu: &Gpu, bytes: usize) -> Result<(), KernelError> {
    let most = gpu.largest_buffer;
    let bytes_asked = bytes as u64;
    if bytes_asked > most {
        return Err(KernelError::OutOfMemory {
            bytes: bytes_asked,
            most: Some(most),
        });
    }
    gpu.count(bytes);
    Ok(())
}
