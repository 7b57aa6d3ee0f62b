//! A graphics processor, or a software stand-in for one, through wgpu. See [`Gpu`].
//!
//! Kernels are written in CubeCL and launched on its client; hand-written WGSL runs on the same
//! wgpu device and queue, so both see each other's buffers in order.

mod buffer;
mod dispatch;
pub(crate) mod epilogue;
mod error;
pub(crate) mod product;
pub(crate) mod timer;

pub(crate) use buffer::Buffer;
pub(crate) use dispatch::{fold, over};

use std::sync::{Arc, OnceLock};

use cubecl::{
    Device as CubeDevice,
    client::Client,
    wgpu::{AutoGraphicsApi, RuntimeOptions, WgpuDevice, WgpuSetup, try_init_setup, wgpu},
};

use crate::KernelError;

/// The process's wgpu device. Cloning gives another handle to it.
#[derive(Clone)]
pub(crate) struct Gpu {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    setup: WgpuSetup,
    class: Class,
}

/// What kernels are shaped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// A processor that runs shaders in planes of `plane` lanes, one after the other. Barriers
    /// and shared memory are slow there; handing values round in a plane is fast.
    Software {
        /// Units of a plane.
        plane: u32,
    },
    /// A graphics processor: shared memory and barriers are fast.
    Hardware,
}

impl Class {
    /// Returns the name of the kernels.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Software { .. } => "plane kernels",
            Self::Hardware => "tile kernels",
        }
    }
}

impl Gpu {
    /// Returns the process's device, started on the first call: a graphics processor if there is
    /// one, else a software implementation.
    ///
    /// # Errors
    /// When the machine has neither, or its driver refuses.
    pub(crate) fn get() -> Result<Self, KernelError> {
        // CubeCL registers a device once per process.
        static GPU: OnceLock<Result<Gpu, KernelError>> = OnceLock::new();
        GPU.get_or_init(Self::start).clone()
    }

    fn start() -> Result<Self, KernelError> {
        let no_device = |error: cubecl::wgpu::WgpuInitError| KernelError::NoDevice {
            reason: error.to_string(),
        };
        let options = RuntimeOptions::try_default().map_err(no_device)?;
        let device = WgpuDevice::default();
        let setup = try_init_setup::<AutoGraphicsApi>(&device, options).map_err(no_device)?;
        let client = CubeDevice::Wgpu(device).client();
        let class = classify(&setup);
        Ok(Self {
            inner: Arc::new(Inner {
                client,
                setup,
                class,
            }),
        })
    }

    /// Returns the device with each kind of kernel that it can run, its own first, so that tests
    /// reach all of them.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn all() -> Result<Vec<Self>, KernelError> {
        let own = Self::get()?;
        let mut all = vec![own.clone()];
        if own.class() != Class::Hardware {
            let Inner { client, setup, .. } = &*own.inner;
            all.push(Self {
                inner: Arc::new(Inner {
                    client: client.clone(),
                    setup: setup.clone(),
                    class: Class::Hardware,
                }),
            });
        }
        Ok(all)
    }

    /// Returns the adapter's own name.
    pub(crate) fn adapter(&self) -> String {
        self.inner.setup.adapter.get_info().name
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Returns the wgpu device and queue that the client uses.
    pub(crate) fn setup(&self) -> &WgpuSetup {
        &self.inner.setup
    }

    pub(crate) fn class(&self) -> Class {
        self.inner.class
    }
}

/// Tells software by what the adapter says, where its planes have one known size.
fn classify(setup: &WgpuSetup) -> Class {
    let info = setup.adapter.get_info();
    let fixed = info.subgroup_min_size == info.subgroup_max_size;
    let planes = setup.device.features().contains(wgpu::Features::SUBGROUP);
    if info.device_type == wgpu::DeviceType::Cpu && planes && fixed {
        Class::Software {
            plane: info.subgroup_min_size,
        }
    } else {
        Class::Hardware
    }
}

impl PartialEq for Gpu {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Gpu {}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gpu").field(&self.adapter()).finish()
    }
}
