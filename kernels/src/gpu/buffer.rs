//! Memory of a device. See [`Buffer`].
#![expect(
    unsafe_code,
    reason = "CubeCL takes a buffer's length on trust; here it is checked"
)]

use cubecl::prelude::*;
use cubecl::server::Handle;

use super::{Gpu, error};
use crate::KernelError;

/// `f32`s on a device. Cloning shares them; freed memory returns to the device's pool.
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
        check_size(gpu, data.len())?;
        // A buffer has at least one element, so that every binding is valid.
        let data = if data.is_empty() { &[0.0] } else { data };
        Ok(Self {
            gpu: gpu.clone(),
            handle: gpu.client().create_from_slice(f32::as_bytes(data)),
            len: data.len(),
        })
    }

    /// Takes room for `len` elements, of no defined value.
    ///
    /// # Errors
    /// When the device cannot hold as much in one buffer.
    pub(crate) fn allocate(gpu: &Gpu, len: usize) -> Result<Self, KernelError> {
        check_size(gpu, len)?;
        Ok(Self {
            gpu: gpu.clone(),
            handle: gpu.client().empty(len.max(1) * size_of::<f32>()),
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
        let bytes = bytes.map_err(|error| error::from_server(&error))?;
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

/// Checks that one binding can reach `len` elements.
fn check_size(gpu: &Gpu, len: usize) -> Result<(), KernelError> {
    let limits = gpu.setup().device.limits();
    let most = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size);
    let bytes = len as u64 * size_of::<f32>() as u64;
    if bytes > most {
        return Err(KernelError::OutOfMemory {
            bytes,
            most: Some(most),
        });
    }
    Ok(())
}
