//! Where tensors live and operations run. See [`Device`].

use std::{borrow::Cow, sync::Arc};

use rayon::prelude::*;

#[cfg(feature = "wgpu")]
use crate::gpu::Gpu;
use crate::{
    Allocations, Facts, KernelError, Precision,
    buffer::{Buffer, Pool},
    simd::Isa,
};

/// A device: operations run where their tensors are. Cloning gives another handle to the same
/// device.
#[derive(Clone, Debug)]
pub struct Device(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Cpu(Cpu),
    #[cfg(feature = "wgpu")]
    Gpu(Gpu),
}

/// This machine's processor, with one of its instruction sets.
#[derive(Clone, Debug)]
pub(crate) struct Cpu {
    pub(crate) isa: Isa,
    pub(crate) precision: Precision,
    pool: Arc<Pool>,
}

impl Device {
    /// Returns this machine's processor with its widest vectors. Work is spread over the `rayon`
    /// pool that the caller runs in.
    pub fn cpu() -> Self {
        Self::cpus().swap_remove(0)
    }

    /// Returns this machine's processor once per instruction set that it has, the fastest first,
    /// so that tests reach all of them.
    pub fn cpus() -> Vec<Self> {
        Isa::available()
            .into_iter()
            .map(|isa| {
                let pool = Arc::default();
                let precision = Precision::F32;
                Self(Kind::Cpu(Cpu {
                    isa,
                    precision,
                    pool,
                }))
            })
            .collect()
    }

    /// Returns this machine's graphics processor, through Vulkan, Metal or DirectX 12; without
    /// one, a software implementation of them, if there is one.
    ///
    /// # Errors
    /// When the machine has neither, or the driver refuses.
    #[cfg(feature = "wgpu")]
    pub fn wgpu() -> Result<Self, KernelError> {
        Gpu::wgpu().map(|gpu| Self(Kind::Gpu(gpu)))
    }

    /// Returns [`Self::wgpu`] with each kind of kernel that it can run, its own first, so that
    /// tests reach all of them.
    ///
    /// # Errors
    /// As [`Self::wgpu`].
    #[cfg(feature = "wgpu")]
    pub fn wgpus() -> Result<Vec<Self>, KernelError> {
        let all = Gpu::wgpus()?.into_iter();
        Ok(all.map(|gpu| Self(Kind::Gpu(gpu))).collect())
    }

    /// Returns the machine's first CUDA device.
    ///
    /// # Errors
    /// When the machine has no NVIDIA driver or no such device.
    #[cfg(feature = "cuda")]
    pub fn cuda() -> Result<Self, KernelError> {
        Gpu::cuda().map(|gpu| Self(Kind::Gpu(gpu)))
    }

    /// Returns this device with products in another precision. Tensors and weights of both
    /// handles can be used together: an operation with weights computes in the precision that
    /// these were made for, another in that of its first argument.
    ///
    /// # Errors
    /// When the device cannot compute in it; [`Facts::precisions`] says which ones it can.
    pub fn with_precision(&self, precision: Precision) -> Result<Self, KernelError> {
        let able = match &self.0 {
            Kind::Cpu(cpu) => cpu
                .with_precision(precision)
                .map(|cpu| Self(Kind::Cpu(cpu))),
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => {
                let gpu = gpu.with_precision(precision);
                gpu.map(|gpu| Self(Kind::Gpu(gpu)))
            }
        };
        able.ok_or_else(|| KernelError::Precision {
            device: self.name(),
            precision: precision.name(),
        })
    }

    /// Returns this device in each precision that it computes in, the finest first, so that tests reach
    /// all of them.
    pub fn in_each_precision(&self) -> Vec<Self> {
        let precisions = self.facts().precisions.into_iter();
        precisions
            .map(|precision| self.with_precision(precision).expect("it says it can"))
            .collect()
    }

    /// Returns this device with no tensor larger than so many bytes: what is larger is refused as
    /// if the device had no room. It leaves room to others, and lets tests see what happens without.
    /// The CPU, whose memory is the system's, ignores it.
    #[must_use]
    #[cfg_attr(
        not(feature = "wgpu"),
        expect(unused_variables, reason = "only graphics devices have a limit")
    )]
    pub fn with_largest_buffer(&self, bytes: u64) -> Self {
        match &self.0 {
            Kind::Cpu(_) => self.clone(),
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => Self(Kind::Gpu(gpu.with_largest_buffer(bytes))),
        }
    }

    /// Returns this device with a distance shader that its compiler refuses, for tests of what
    /// becomes of a run. The CPU, which compiles nothing, ignores it.
    #[must_use]
    pub fn with_spoiled_shader(&self) -> Self {
        match &self.0 {
            Kind::Cpu(_) => self.clone(),
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => Self(Kind::Gpu(gpu.with_spoiled_shader())),
        }
    }

    /// Loses the graphics device for the whole process, as if it was unplugged, for tests of what
    /// becomes of a run. The CPU and CUDA devices ignore it.
    pub fn lose(&self) {
        match &self.0 {
            Kind::Cpu(_) => {}
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => gpu.lose(),
        }
    }

    /// Returns the precision of products on this handle.
    pub fn precision(&self) -> Precision {
        match &self.0 {
            Kind::Cpu(cpu) => cpu.precision,
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => gpu.precision(),
        }
    }

    /// Returns the name used in manifests and figures.
    pub fn name(&self) -> String {
        let precision = match self.precision() {
            Precision::F32 => String::new(),
            precision => format!(", {}", precision.name()),
        };
        match &self.0 {
            Kind::Cpu(cpu) => format!("cpu ({}{precision})", cpu.isa.name()),
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => {
                let runtime = gpu.runtime();
                let [name, class] = [gpu.name(), gpu.class().name()];
                format!("{runtime} ({name}, {class}{precision})")
            }
        }
    }

    /// Returns what the device says of itself.
    pub fn facts(&self) -> Facts {
        match &self.0 {
            Kind::Cpu(cpu) => Facts {
                name: std::env::consts::ARCH.into(),
                backend: cpu.isa.name().into(),
                precisions: vec![Precision::F32, Precision::Bf16],
                tensor_cores: Vec::new(),
                plane: [cpu.isa.lanes() as u32; 2],
                shared_memory: 0,
                largest_buffer: None,
                memory: None,
                device_timer: false,
            },
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => gpu.facts(),
        }
    }

    /// Returns what was allocated on the device since it was opened. Waits for the device.
    pub fn allocations(&self) -> Allocations {
        match &self.0 {
            Kind::Cpu(cpu) => cpu.pool.allocations(),
            #[cfg(feature = "wgpu")]
            Kind::Gpu(gpu) => gpu.allocations(),
        }
    }

    /// Checks that an operation's other arguments are on this device too.
    pub(crate) fn check<'a>(
        &self,
        operation: &'static str,
        others: impl IntoIterator<Item = &'a Self>,
    ) -> Result<(), KernelError> {
        match others.into_iter().find(|other| *other != self) {
            None => Ok(()),
            Some(other) => Err(KernelError::Devices {
                operation,
                one: self.name(),
                other: other.name(),
            }),
        }
    }

    /// Returns the processor that this device is. An operation asks after it has asked for the
    /// graphics device.
    pub(crate) fn as_cpu(&self) -> &Cpu {
        match &self.0 {
            Kind::Cpu(cpu) => cpu,
            #[cfg(feature = "wgpu")]
            Kind::Gpu(_) => unreachable!("operations on graphics devices end before this"),
        }
    }

    #[cfg(feature = "cuda-source")]
    pub(crate) fn from_gpu(gpu: Gpu) -> Self {
        Self(Kind::Gpu(gpu))
    }

    /// Returns the graphics device that this is, if it is one.
    #[cfg(feature = "wgpu")]
    pub(crate) fn as_gpu(&self) -> Option<&Gpu> {
        match &self.0 {
            Kind::Cpu(_) => None,
            Kind::Gpu(gpu) => Some(gpu),
        }
    }
}

impl Cpu {
    /// Returns the processor with products in another precision, if it computes in it.
    fn with_precision(&self, precision: Precision) -> Option<Self> {
        let isa = match precision {
            Precision::F32 => self.isa,
            Precision::Bf16 => self.isa.for_pairs(),
            Precision::F16 => return None,
        };
        Some(Self {
            isa,
            precision,
            pool: Arc::clone(&self.pool),
        })
    }

    /// Returns numbers as this handle's products round them.
    pub(crate) fn rounded<'a>(&self, numbers: &'a [f32]) -> Cow<'a, [f32]> {
        match self.precision {
            Precision::F32 => numbers.into(),
            precision => {
                let rounded = numbers.par_iter().map(|&x| precision.round(x));
                rounded.collect::<Vec<_>>().into()
            }
        }
    }

    /// Returns room for `len` numbers, with whatever an earlier user left there.
    pub(crate) fn buffer(&self, len: usize) -> Buffer {
        Pool::take(&self.pool, len)
    }
}

impl PartialEq for Device {
    /// Whether tensors of one can be used with those of the other.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Cpu(_), Kind::Cpu(_)) => true,
            #[cfg(feature = "wgpu")]
            (Kind::Gpu(one), Kind::Gpu(other)) => one == other,
            #[cfg(feature = "wgpu")]
            _ => false,
        }
    }
}
