//! How long each kernel takes. See [`record`].

use std::time::Duration;

use crate::{Device, KernelError};

/// One run of one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The kernel's name.
    pub kernel: String,
    /// When it began, counted from the first kernel's beginning.
    pub start: Duration,
    /// How long it ran.
    pub elapsed: Duration,
}

/// Runs `work` and returns, with its result, what it launched on a graphics device, in order, by
/// the device's own clock where it has one. All threads' launches are recorded. The CPU has no
/// launches.
///
/// # Errors
/// When the device fails.
pub fn record<T>(
    device: &Device,
    work: impl FnOnce() -> T,
) -> Result<(T, Vec<Launch>), KernelError> {
    #[cfg(feature = "wgpu")]
    if let Some(gpu) = device.as_gpu() {
        return crate::gpu::timer::record(gpu, work);
    }
    #[cfg(not(feature = "wgpu"))]
    let _ = device;
    Ok((work(), Vec::new()))
}

#[cfg(all(test, feature = "wgpu"))]
mod tests {
    use super::*;
    use crate::{Activation, Tensor, elementwise};

    #[test]
    fn each_launch_is_timed() {
        // The parity tests say that it is missing, or fail.
        let Ok(device) = Device::wgpu() else { return };
        let x = Tensor::from_vec(&device, &[1000], vec![1.0; 1000]).expect("it fits");
        let (result, launches) = record(&device, || {
            let sum = elementwise::add(&x, &x)?;
            elementwise::activate(&sum, Activation::Relu)
        })
        .expect("the device works");
        assert_eq!(result.expect("it fits").to_vec(), Ok(vec![2.0; 1000]));
        // Other tests may launch meanwhile.
        let position = |name: &str| launches.iter().position(|l| l.kernel.contains(name));
        let add = position("BinaryElements").expect("it was launched");
        let relu = position("ActivateElements").expect("it was launched");
        assert!(add < relu, "{launches:?}");
        assert!(launches[add].elapsed > Duration::ZERO, "{launches:?}");
    }
}
