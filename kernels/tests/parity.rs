//! Every catalogue entry on every device present must be what the reference says.

mod cases;

use std::io::Write;

use cases::{Case, Numbers};
use kernels::Device;

/// Work beyond which an entry runs on the fastest device only.
const SMALL: u64 = 500_000_000;

/// Returns every device present, each with the work beyond which it skips an entry. A graphics
/// device that is missing is said to be skipped, and with `KERNELS_DEVICE=required` fails the test.
fn devices() -> Vec<(Device, u64)> {
    let required = std::env::var_os("KERNELS_DEVICE").is_some_and(|value| value == "required");
    let mut devices: Vec<_> = Device::cpus().into_iter().map(|cpu| (cpu, SMALL)).collect();
    devices[0].1 = u64::MAX;
    #[cfg(feature = "wgpu")]
    let found = Device::wgpus().map_err(|error| error.to_string());
    #[cfg(not(feature = "wgpu"))]
    let found: Result<Vec<Device>, _> = Err("built without the feature `wgpu`");
    match found {
        Ok(found) => {
            // On a software device the kernels that are not its own are slow.
            let most = [u64::MAX, SMALL / 50];
            devices.extend(found.into_iter().zip(most));
        }
        Err(reason) => {
            assert!(!required, "KERNELS_DEVICE=required, but {reason}");
            writeln!(std::io::stderr(), "SKIPPED on graphics devices: {reason}")
                .expect("stderr can be written to");
        }
    }
    devices
}

/// Runs the cases that `wanted` picks on every device and reports all that fail.
fn check(numbers: Numbers, wanted: impl Fn(&Case) -> bool) {
    let devices = devices();
    let mut failures = Vec::new();
    for case in cases::all(numbers).into_iter().filter(wanted) {
        for (device, most) in &devices {
            if case.cost.flops <= *most {
                let result = (case.prepare)(device)();
                failures.extend(
                    case.mismatch(&result)
                        .map(|m| format!("{}: {m}", device.name())),
                );
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_entry_equals_its_reference() {
    check(Numbers::Plain, |_| true);
}

/// NaN and infinities must come out where the reference has them, and nowhere else.
#[test]
fn poison_spreads_as_in_the_reference() {
    check(Numbers::Poisoned, |case| case.cost.flops <= SMALL / 50);
}

/// Results must not depend on how many threads there are.
#[test]
fn threads_do_not_change_a_bit() {
    let pools = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("three threads can be had")
    });
    for case in cases::all(Numbers::Plain) {
        if case.cost.flops > SMALL {
            continue;
        }
        let run = (case.prepare)(&Device::cpu());
        let [one, two, three] = pools.each_ref().map(|pool| {
            let result = pool.install(|| run().to_vec().expect("the device works"));
            result.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        });
        assert!(one == two && two == three, "{}", case.name);
    }
}
