//! The CUDA source of every kernel, without a device. See [`CudaSources`].

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Device, KernelError, gpu::offline};

/// A kernel as CubeCL writes it for CUDA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaSource {
    /// The kernel's name.
    pub name: String,
    /// The whole source, for NVRTC.
    pub code: String,
    /// Bytes of shared memory.
    pub shared_memory: usize,
}

/// Sources that could be written, and why others could not.
pub(crate) type Written = Arc<Mutex<Vec<Result<CudaSource, KernelError>>>>;

/// A stand-in for an H200 that computes nothing: what is launched on its [`Device`] is written
/// down as CUDA source, once per kernel and choice of its blueprint. What is downloaded from the
/// device has no meaning, and nothing on it can be timed.
///
/// So the source of every kernel can be given to a compiler where there is no CUDA device.
pub struct CudaSources {
    device: Device,
    written: Written,
}

impl CudaSources {
    /// Starts the stand-in, once per process.
    ///
    /// # Errors
    /// The second time.
    pub fn start() -> Result<Self, KernelError> {
        let written = Written::default();
        let gpu = offline::start(Arc::clone(&written))?;
        Ok(Self {
            device: Device::from_gpu(gpu),
            written,
        })
    }

    /// Returns the device to launch on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Returns what was launched since the last call, each kernel once in all.
    ///
    /// # Errors
    /// When CubeCL cannot write one of them.
    pub fn take(&self) -> Result<Vec<CudaSource>, KernelError> {
        offline::wait(&self.device)?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *written).into_iter().collect()
    }
}
