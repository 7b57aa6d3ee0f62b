//! How devices are found and started. See [`wgpu()`].

use cubecl::{
    Device as CubeDevice,
    wgpu::{
        AutoGraphicsApi, RuntimeOptions, WgpuDevice, WgpuInitError, WgpuSetup, try_init_setup, wgpu,
    },
};

use super::{Class, Gpu};
use crate::KernelError;

/// Starts the machine's best wgpu device.
pub(super) fn wgpu() -> Result<Gpu, KernelError> {
    let no_device = |error: WgpuInitError| KernelError::NoDevice {
        reason: error.to_string(),
    };
    let options = RuntimeOptions::try_default().map_err(no_device)?;
    let device = WgpuDevice::default();
    let setup = try_init_setup::<AutoGraphicsApi>(&device, options).map_err(no_device)?;
    let info = setup.adapter.get_info();
    if info.backend == wgpu::Backend::Gl {
        // Its shaders may lose NaN, and its software form is several times slower.
        return Err(KernelError::NoDevice {
            reason: format!("there is only OpenGL ({}), no Vulkan", info.name),
        });
    }
    let client = CubeDevice::Wgpu(device).client();
    let class = classify(&setup);
    Ok(Gpu::new(client, Some(setup), info.name, class))
}

/// Starts the machine's first CUDA device.
#[cfg(feature = "cuda")]
pub(super) fn cuda() -> Result<Gpu, KernelError> {
    let device = CubeDevice::cuda(0).map_err(|error| KernelError::NoDevice {
        reason: error.to_string(),
    })?;
    let client = device.client();
    let name = client.properties().identity.name.clone();
    Ok(Gpu::new(client, None, name, Class::Hardware))
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
