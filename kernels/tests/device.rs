//! What devices say of themselves, what they allocate, and how they refuse.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kernels::{
    Device, Epilogue, KernelError, Precision, Tensor,
    attention::{AttentionBias, attention},
    linear::{LinearWeights, linear},
    peak,
};

/// Returns the processor, and the graphics devices that there are; the parity tests say what is
/// missing, or fail.
fn devices() -> Vec<Device> {
    let mut devices = vec![Device::cpu()];
    #[cfg(feature = "wgpu")]
    devices.extend(Device::wgpus().into_iter().flatten());
    devices.truncate(3);
    devices
}

/// Keeps the tests apart: they share the graphics device, and one watches its memory.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_device_computes_in_the_precisions_that_it_names() {
    let _alone = alone();
    for device in devices() {
        let facts = device.facts();
        assert!(!facts.name.is_empty() && !facts.backend.is_empty());
        assert!(facts.precisions.contains(&Precision::F32), "{facts:?}");
        for precision in Precision::ALL {
            match device.with_precision(precision) {
                Ok(handle) => {
                    assert!(facts.precisions.contains(&precision), "{facts:?}");
                    assert_eq!(handle.precision(), precision);
                    assert_eq!(handle, device);
                }
                Err(error) => {
                    assert!(!facts.precisions.contains(&precision), "{facts:?}");
                    assert!(matches!(error, KernelError::Precision { .. }), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_coarser_precision_rounds_operands_and_nothing_else() {
    let _alone = alone();
    let coarser = [Precision::F16, Precision::Bf16];
    let all = devices().into_iter();
    for (device, precision) in all.flat_map(|device| coarser.map(|p| (device.clone(), p))) {
        let Ok(coarse) = device.with_precision(precision) else {
            continue;
        };
        // 1 + 2⁻¹² is no number of 16 bits, and a sum's result may have 2⁻¹².
        let x = 1.0 + 1.0 / 4096.0;
        let ones = |device: &Device| LinearWeights::new(device, [1, 1], &[1.0], Some(&[x]));
        let tensor = Tensor::from_vec(&device, &[1, 1], vec![x]).expect("it fits");
        for (device, expected) in [(&device, 2.0 * x), (&coarse, 1.0 + x)] {
            let weights = ones(device).expect("they fit");
            let y = linear(&tensor, &weights, Epilogue::default()).expect("it fits");
            assert_eq!(y.to_vec(), Ok(vec![expected]), "{}", device.name());
        }
    }
}

#[test]
fn in_steady_state_nothing_new_is_held() {
    let _alone = alone();
    for device in devices() {
        let x = Tensor::from_vec(&device, &[300, 64], vec![1.0; 300 * 64]).expect("it fits");
        let weights = LinearWeights::new(&device, [64, 64], &[0.1; 64 * 64], None);
        let weights = weights.expect("they fit");
        let chain = || {
            let mut y = x.clone();
            for _ in 0..10 {
                y = linear(&y, &weights, Epilogue::default()).expect("it fits");
            }
            y.to_vec().expect("the device works")
        };
        chain();
        chain();
        let before = device.allocations();
        for _ in 0..5 {
            chain();
        }
        let after = device.allocations();
        assert!(after.requests >= before.requests + 50, "{after:?}");
        assert!(after.requested_bytes > before.requested_bytes, "{after:?}");
        assert!(after.held > 0 && after.held_bytes > 0, "{after:?}");
        let held = |a: kernels::Allocations| (a.held, a.held_bytes);
        assert_eq!(held(after), held(before), "{}", device.name());
    }
}

#[test]
fn every_device_has_roofs() {
    let _alone = alone();
    for device in devices() {
        let peak = peak::measure(&device).expect("the device works");
        assert!(peak.flops_per_second > 1e6, "{peak:?}");
        assert!(peak.bytes_per_second > 1e6, "{peak:?}");
    }
}

#[test]
fn a_tensor_that_fits_no_buffer_is_refused_with_what_would_fit() {
    let _alone = alone();
    for device in devices() {
        let Some(most) = device.facts().largest_buffer else {
            continue;
        };
        // A window of one number per row makes the result too large, not the input.
        let rows = usize::try_from(most / 4).expect("fits") / 4096 + 1;
        let weights = LinearWeights::new(&device, [4096, 1], &[1.0; 4096], None);
        let x = Tensor::from_vec(&device, &[rows, 1], vec![0.0; rows]).expect("it fits");
        let y = linear(&x, &weights.expect("they fit"), Epilogue::default());
        match y {
            Err(KernelError::OutOfMemory { most: said, .. }) => assert_eq!(said, Some(most)),
            other => panic!("{other:?}"),
        }
    }
}

/// Tiles of heads of 1024 channels fit no wgpu device's shared memory.
#[test]
#[cfg(feature = "wgpu")]
fn a_kernel_that_the_device_refuses_is_an_error_of_its_own() {
    let _alone = alone();
    let Some(device) = Device::wgpus().ok().and_then(|mut all| all.pop()) else {
        return;
    };
    if device.facts().backend.contains("plane") {
        return;
    }
    let x = Tensor::from_vec(&device, &[1, 2, 1024], vec![0.0; 2048]).expect("it fits");
    let y = attention(&x, &x, &x, 1, AttentionBias::None).expect("it fits");
    let error = y.to_vec().expect_err("it cannot have run");
    assert!(matches!(error, KernelError::Shader { .. }), "{error}");
    // The device still works.
    let x = Tensor::from_vec(&device, &[2], vec![1.0, 2.0]).expect("it fits");
    let sum = kernels::elementwise::add(&x, &x).expect("it fits");
    assert_eq!(sum.to_vec(), Ok(vec![2.0, 4.0]));
}
