//! Where tensors live and operations run. See [`Device`].

use std::sync::Arc;

#[cfg(feature = "wgpu")]
use crate::gpu::Gpu;
use crate::{
    KernelError,
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
    Wgpu(Gpu),
}

/// This machine's processor, with one of its instruction sets.
#[derive(Clone, Debug)]
pub(crate) struct Cpu {
    pub(crate) isa: Isa,
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
                Self(Kind::Cpu(Cpu { isa, pool }))
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
        Gpu::get().map(|gpu| Self(Kind::Wgpu(gpu)))
    }

    /// Returns [`Self::wgpu`] with each kind of kernel that it can run, its own first, so that
    /// tests reach all of them.
    ///
    /// # Errors
    /// As [`Self::wgpu`].
    #[cfg(feature = "wgpu")]
    pub fn wgpus() -> Result<Vec<Self>, KernelError> {
        let all = Gpu::all()?.into_iter();
        Ok(all.map(|gpu| Self(Kind::Wgpu(gpu))).collect())
    }

    /// Returns the name used in manifests and figures.
    pub fn name(&self) -> String {
        match &self.0 {
            Kind::Cpu(cpu) => format!("cpu ({})", cpu.isa.name()),
            #[cfg(feature = "wgpu")]
            Kind::Wgpu(gpu) => format!("wgpu ({}, {})", gpu.adapter(), gpu.class().name()),
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
            Kind::Wgpu(_) => unreachable!("operations on graphics devices end before this"),
        }
    }

    /// Returns the graphics device that this is, if it is one.
    #[cfg(feature = "wgpu")]
    pub(crate) fn as_gpu(&self) -> Option<&Gpu> {
        match &self.0 {
            Kind::Cpu(_) => None,
            Kind::Wgpu(gpu) => Some(gpu),
        }
    }
}

impl Cpu {
    /// Returns room for `len` numbers, with whatever an earlier user left there.
    pub(crate) fn buffer(&self, len: usize) -> Buffer {
        Pool::take(&self.pool, len)
    }
}

impl PartialEq for Device {
    /// Whether tensors of one can be used with those of the other.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Cpu(one), Kind::Cpu(other)) => one.isa == other.isa,
            #[cfg(feature = "wgpu")]
            (Kind::Wgpu(one), Kind::Wgpu(other)) => one == other,
            #[cfg(feature = "wgpu")]
            _ => false,
        }
    }
}
