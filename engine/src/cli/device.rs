//! `--device`: which kind of device computes. See [`DeviceName`].

use clap::ValueEnum;
use kernels::{Device, KernelError};
use miette::{Report, miette};

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DeviceName {
    /// This machine's processor
    Cpu,
    /// A graphics processor, through Vulkan, Metal or DirectX 12
    Wgpu,
}

impl DeviceName {
    /// Returns the name that the command line knows.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
        }
    }

    /// Starts the device.
    pub(super) fn start(self) -> Result<Device, KernelError> {
        match self {
            Self::Cpu => Ok(Device::cpu()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Device::wgpu(),
            #[cfg(not(feature = "wgpu"))]
            Self::Wgpu => Err(KernelError::NoDevice {
                reason: "this program was built without the feature wgpu".to_owned(),
            }),
        }
    }

    /// Starts the device, or says what the user can do.
    pub(super) fn open(self) -> miette::Result<Device> {
        self.start().map_err(|error| failure(error, self))
    }
}

/// Says what went wrong with a device, and the way out.
pub(super) fn failure(error: KernelError, device: DeviceName) -> Report {
    let help = match (&error, device) {
        (KernelError::NoDevice { .. }, _) => {
            "install the graphics driver, or Mesa's software Vulkan (Debian and Ubuntu: \
             mesa-vulkan-drivers); `engine devices` lists what is found; --device cpu needs neither"
        }
        (KernelError::OutOfMemory { .. }, DeviceName::Wgpu) => {
            "close what else uses the device's memory, choose a smaller model, or use --device cpu"
        }
        (KernelError::Shader { .. }, _) => {
            "update the graphics driver, or use --device cpu; please report it with what \
             `engine devices` prints"
        }
        (_, DeviceName::Wgpu) => {
            "cases that were finished are in the run folder; if it happens again, update the \
             graphics driver or use --device cpu"
        }
        (_, DeviceName::Cpu) => "cases that were finished are in the run folder",
    };
    miette!(help = help, "{error}")
}
