//! `--device` and `--precision`: what computes, and how finely. See [`Choice`].

use clap::{Args, ValueEnum};
use kernels::{Device, KernelError, Precision};
use miette::{Report, miette};

/// What computes, and how finely.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Choice {
    /// What computes
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub(super) device: DeviceName,

    /// What models round the operands of their products to; sums stay f32. Part of what a run is:
    /// results differ in their last digits
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    precision: PrecisionName,
}

impl Choice {
    /// Starts the device, or says what the user can do.
    pub(super) fn open(self) -> miette::Result<Device> {
        let device = self.device.start();
        device
            .and_then(|device| device.with_precision(self.precision.get()))
            .map_err(|error| failure(error, self.device))
    }
}

/// A precision of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PrecisionName {
    /// 24 significant bits: nothing is rounded
    F32,
    /// 11 significant bits, up to 65 504
    F16,
    /// 8 significant bits, the range of f32
    Bf16,
}

impl PrecisionName {
    fn get(self) -> Precision {
        match self {
            Self::F32 => Precision::F32,
            Self::F16 => Precision::F16,
            Self::Bf16 => Precision::Bf16,
        }
    }
}

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DeviceName {
    /// This machine's processor
    Cpu,
    /// A graphics processor, through Vulkan, Metal or DirectX 12
    Wgpu,
    /// An NVIDIA graphics processor, through CUDA
    Cuda,
}

impl DeviceName {
    /// Returns the name that the command line knows.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }

    /// Starts the device.
    pub(super) fn start(self) -> Result<Device, KernelError> {
        match self {
            Self::Cpu => Ok(Device::cpu()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Device::wgpu(),
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::cuda(),
            #[cfg(not(all(feature = "wgpu", feature = "cuda")))]
            _ => Err(KernelError::NoDevice {
                reason: format!(
                    "this program was built without the feature {}",
                    self.as_str()
                ),
            }),
        }
    }
}

/// Says what went wrong with a device, and the way out.
pub(super) fn failure(error: KernelError, device: DeviceName) -> Report {
    let help = match (&error, device) {
        #[cfg(not(feature = "cuda"))]
        (KernelError::NoDevice { .. }, DeviceName::Cuda) => {
            "build with `--features cuda`, which downloads LLVM from CubeCL's publisher; --device \
             wgpu reaches the same processors without"
        }
        (KernelError::NoDevice { .. }, _) => {
            "install the graphics driver, or Mesa's software Vulkan (Debian and Ubuntu: \
             mesa-vulkan-drivers); `engine devices` lists what is found; --device cpu needs neither"
        }
        (KernelError::Precision { .. }, _) => {
            "leave --precision out, or choose another device; `engine devices` lists which \
             precisions each has"
        }
        (KernelError::OutOfMemory { .. }, DeviceName::Wgpu | DeviceName::Cuda) => {
            "close what else uses the device's memory and run it again to go on after the finished \
             cases, or choose a smaller model, or begin anew with --device cpu --fresh"
        }
        (KernelError::Shader { .. }, _) => {
            "update the graphics driver and run it again to go on after the finished cases, or \
             begin anew with --device cpu --fresh; please report it with what `engine devices` prints"
        }
        (_, DeviceName::Wgpu | DeviceName::Cuda) => {
            "cases that were finished are in the run folder: run it again to go on after them; if \
             it happens again, update the graphics driver, or begin anew with --device cpu --fresh"
        }
        (_, DeviceName::Cpu) => "cases that were finished are in the run folder",
    };
    miette!(help = help, "{error}")
}
