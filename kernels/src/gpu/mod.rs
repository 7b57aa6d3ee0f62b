//! A graphics processor, or a software stand-in for one. See [`Gpu`].
//!
//! Kernels are written in CubeCL and launched on its client; hand-written WGSL runs on the same
//! wgpu device and queue, so both see each other's buffers in order.

mod buffer;
mod class;
mod dispatch;
pub(crate) mod epilogue;
mod error;
#[cfg(feature = "cuda-source")]
pub(crate) mod offline;
pub(crate) mod peak;
pub(crate) mod precision;
pub(crate) mod product;
mod start;
pub(crate) mod timer;

pub(crate) use buffer::Buffer;
pub(crate) use class::{Class, MATRIX, MATRIX_PLANE};
pub(crate) use dispatch::{fold, over};

use std::sync::{Arc, OnceLock, atomic::AtomicU64, atomic::Ordering};

use cubecl::{
    MemoryScope,
    client::Client,
    wgpu::{WgpuSetup, wgpu},
};

use crate::{Allocations, Facts, KernelError, Precision};

/// A graphics device of this process, with what kernels are shaped for. Cloning gives another
/// handle to it.
#[derive(Clone)]
pub(crate) struct Gpu {
    inner: Arc<Inner>,
    class: Class,
    precision: Precision,
    /// The largest buffer in bytes.
    largest_buffer: u64,
    /// Whether the distance shader is spoiled.
    spoiled_shader: bool,
}

struct Inner {
    client: Client,
    /// The wgpu device and queue that the client uses, where it uses wgpu.
    wgpu: Option<WgpuSetup>,
    name: String,
    requests: AtomicU64,
    requested_bytes: AtomicU64,
}

impl Gpu {
    /// Returns the process's wgpu device, started on the first call: a graphics processor if
    /// there is one, else a software implementation.
    ///
    /// # Errors
    /// When the machine has neither, or its driver refuses.
    pub(crate) fn wgpu() -> Result<Self, KernelError> {
        // CubeCL registers a device once per process.
        static GPU: OnceLock<Result<Gpu, KernelError>> = OnceLock::new();
        GPU.get_or_init(start::wgpu).clone()
    }

    /// Returns the process's first CUDA device, started on the first call.
    ///
    /// # Errors
    /// When the machine has none.
    #[cfg(feature = "cuda")]
    pub(crate) fn cuda() -> Result<Self, KernelError> {
        static GPU: OnceLock<Result<Gpu, KernelError>> = OnceLock::new();
        GPU.get_or_init(start::cuda).clone()
    }

    /// Returns the wgpu device with each kind of kernel that it can run, its own first, so that
    /// tests reach all of them.
    ///
    /// # Errors
    /// As [`Self::wgpu`].
    pub(crate) fn wgpus() -> Result<Vec<Self>, KernelError> {
        let own = Self::wgpu()?;
        let other = Self {
            class: Class::Hardware,
            ..own.clone()
        };
        // CubeCL's SPIR-V for shared memory crashes software implementations.
        let both = own.class != Class::Hardware && own.inner.client.name() == "wgpu<wgsl>";
        Ok(if both { vec![own, other] } else { vec![own] })
    }

    fn new(client: Client, wgpu: Option<WgpuSetup>, name: String, class: Class) -> Self {
        let largest_buffer = client.properties().memory.max_page_size;
        Self {
            inner: Arc::new(Inner {
                client,
                wgpu,
                name,
                requests: AtomicU64::new(0),
                requested_bytes: AtomicU64::new(0),
            }),
            class,
            precision: Precision::F32,
            largest_buffer,
            spoiled_shader: false,
        }
    }

    /// Returns the device with products in `precision`, if it can compute in it.
    pub(crate) fn with_precision(&self, precision: Precision) -> Option<Self> {
        class::reads(&self.inner.client, precision).then(|| Self {
            precision,
            ..self.clone()
        })
    }

    /// Returns the device with no buffer larger than so many bytes, or than it was.
    pub(crate) fn with_largest_buffer(&self, bytes: u64) -> Self {
        Self {
            largest_buffer: bytes.min(self.largest_buffer),
            ..self.clone()
        }
    }

    /// Returns the device with a distance shader that no compiler takes.
    pub(crate) fn with_spoiled_shader(&self) -> Self {
        Self {
            spoiled_shader: true,
            ..self.clone()
        }
    }

    pub(crate) fn has_spoiled_shader(&self) -> bool {
        self.spoiled_shader
    }

    /// Loses the device.
    pub(crate) fn lose(&self) {
        if let Some(setup) = self.setup() {
            setup.device.destroy();
        }
    }

    /// Returns how the device was lost, if it was.
    pub(crate) fn loss(&self) -> Option<KernelError> {
        if let Some(setup) = self.setup() {
            // wgpu tells CubeCL of a loss when it is polled, not before; what else it says here, the
            // failure that is looked into has said.
            _ = setup.device.poll(wgpu::PollType::wait_indefinitely());
        }
        let synced = cubecl::future::block_on(self.client().sync());
        let error = synced.err().map(|error| error::from_server(&error));
        error.filter(|error| matches!(error, KernelError::Lost { .. }))
    }

    /// Returns the name of the device's kind.
    pub(crate) fn runtime(&self) -> &'static str {
        if self.inner.wgpu.is_some() {
            "wgpu"
        } else {
            "cuda"
        }
    }

    /// Returns the adapter's own name.
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Returns the wgpu device and queue that the client uses, where it uses wgpu.
    pub(crate) fn setup(&self) -> Option<&WgpuSetup> {
        self.inner.wgpu.as_ref()
    }

    pub(crate) fn class(&self) -> Class {
        self.class
    }

    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// Returns whether products of the chosen precision run on tensor cores.
    pub(crate) fn has_tensor_cores(&self, precision: Precision) -> bool {
        self.class == Class::Hardware && class::has_tensor_cores(&self.inner.client, precision)
    }

    pub(crate) fn facts(&self) -> Facts {
        let client = &self.inner.client;
        let properties = client.properties();
        let hardware = &properties.hardware;
        let those = |able: &dyn Fn(Precision) -> bool| {
            let all = Precision::ALL.into_iter();
            all.filter(|&precision| able(precision)).collect()
        };
        Facts {
            name: self.inner.name.clone(),
            backend: format!("{}, {}", client.name(), self.class.name()),
            precisions: those(&|precision| class::reads(client, precision)),
            tensor_cores: those(&|precision| self.has_tensor_cores(precision)),
            plane: [hardware.plane_size_min, hardware.plane_size_max],
            shared_memory: hardware.max_shared_memory_size,
            largest_buffer: Some(self.largest_buffer),
            memory: properties.memory.max_memory(),
            device_timer: properties.timing_method == cubecl::profile::TimingMethod::Device,
        }
    }

    /// Counts a buffer of `bytes`.
    fn count(&self, bytes: usize) {
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let total = &self.inner.requested_bytes;
        total.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn allocations(&self) -> Allocations {
        let report = self.inner.client.memory_report(MemoryScope::Device);
        let pools = report.streams.iter().map(|stream| &stream.pools);
        let pages = pools.flat_map(|pools| {
            let kept = [&pools.persistent, &pools.dedicated];
            pools.dynamic.iter().chain(kept).map(|pool| pool.pages)
        });
        Allocations {
            requests: self.inner.requests.load(Ordering::Relaxed),
            requested_bytes: self.inner.requested_bytes.load(Ordering::Relaxed),
            held: pages.sum(),
            held_bytes: report.usage().bytes_reserved,
        }
    }
}

impl PartialEq for Gpu {
    /// Whether one's buffers can be used by the other's kernels.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) && self.class == other.class
    }
}

impl Eq for Gpu {}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut tuple = f.debug_tuple("Gpu");
        tuple.field(&self.name()).field(&self.precision).finish()
    }
}
