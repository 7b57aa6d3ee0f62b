//! Every catalogue entry on every device present must be what the reference says.

mod cases;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use cases::{Case, Numbers, Setting};
use kernels::{Device, Precision};

/// Work that any device does in a blink, kernels that are not its own included.
const SMALL: u64 = 10_000_000;

/// A device, and how the catalogue is posed to it.
struct Tested {
    device: Device,
    /// The work above which problems are cut to a slice.
    cut: u64,
    /// The work above which even a slice would take too long.
    most: u64,
}

/// Returns every device present in every precision that it computes in. A graphics device that is
/// missing is said to be skipped, and with `KERNELS_DEVICE=required` fails the test.
fn devices() -> Vec<Tested> {
    let required = std::env::var_os("KERNELS_DEVICE").is_some_and(|value| value == "required");
    let mut devices: Vec<_> = Device::cpus()
        .into_iter()
        .flat_map(|device| in_each_precision(&device, 50 * SMALL, u64::MAX))
        .collect();
    devices[0].cut = u64::MAX;
    match graphics_devices() {
        Ok(found) => devices.extend(found),
        Err(reason) => {
            assert!(!required, "KERNELS_DEVICE=required, but {reason}");
            writeln!(std::io::stderr(), "SKIPPED on graphics devices: {reason}")
                .expect("stderr can be written to");
        }
    }
    devices
}

/// Returns a device in every precision. Rounding operands does not depend on how many there are, so
/// that a little work is enough in the coarser ones.
fn in_each_precision(device: &Device, cut: u64, most: u64) -> Vec<Tested> {
    let devices = device.in_each_precision().into_iter();
    let tested = devices.map(|device| Tested {
        cut: match device.precision() {
            Precision::F32 => cut,
            Precision::F16 | Precision::Bf16 => SMALL.min(cut),
        },
        device,
        most,
    });
    tested.collect()
}

#[cfg(not(feature = "wgpu"))]
fn graphics_devices() -> Result<Vec<Tested>, String> {
    Err("built without the feature `wgpu`".into())
}

#[cfg(feature = "wgpu")]
fn graphics_devices() -> Result<Vec<Tested>, String> {
    let found = Device::wgpus().map_err(|error| error.to_string())?;
    // The second kind of kernel is not the device's own, and slow there.
    let limits = [(100 * SMALL, u64::MAX), (SMALL, 50 * SMALL)];
    let kinds = found.into_iter().zip(limits);
    #[cfg(feature = "cuda")]
    let kinds = kinds.chain(Device::cuda().ok().map(|cuda| (cuda, limits[0])));
    Ok(kinds
        .flat_map(|(device, (cut, most))| in_each_precision(&device, cut, most))
        .collect())
}

/// Runs the cases that `wanted` picks on every device and reports all that fail.
fn check(numbers: Numbers, wanted: impl Fn(&Case) -> bool) {
    let mut failures = Vec::new();
    let mut times = Vec::new();
    for Tested { device, cut, most } in devices() {
        let start = Instant::now();
        let mut slowest = (Duration::ZERO, String::new());
        let setting = Setting {
            numbers,
            precision: device.precision(),
            most: cut,
        };
        for case in cases::all(setting).into_iter().filter(&wanted) {
            if case.cost.flops > most {
                continue;
            }
            let start = Instant::now();
            let result = (case.prepare)(&device)();
            let mismatch = case.mismatch(&(case.expect)(), &result);
            failures.extend(mismatch.map(|m| format!("{}: {m}", device.name())));
            slowest = slowest.max((start.elapsed(), case.name));
        }
        let (name, [all, one]) = (device.name(), [start.elapsed(), slowest.0]);
        times.push(format!("{name}: {all:.1?}, {one:.1?} of it {}", slowest.1));
    }
    writeln!(std::io::stderr(), "{}", times.join("\n")).expect("stderr can be written to");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_entry_equals_its_reference() {
    check(Numbers::Plain, |_| true);
}

/// NaN and infinities must come out where the reference has them, and nowhere else.
#[test]
fn poison_spreads_as_in_the_reference() {
    check(Numbers::Poisoned, |case| case.cost.flops <= SMALL);
}

/// Results must not depend on how many threads there are.
#[test]
fn threads_do_not_change_a_bit() {
    let pools = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("three threads can be had")
    });
    let all = Device::cpu().in_each_precision().into_iter();
    let all = all.flat_map(|device| {
        let setting = Setting {
            numbers: Numbers::Plain,
            precision: device.precision(),
            most: 50 * SMALL,
        };
        let cases = cases::all(setting).into_iter();
        cases.map(move |case| (device.clone(), case))
    });
    for (device, case) in all {
        let run = (case.prepare)(&device);
        let [one, two, three] = pools.each_ref().map(|pool| {
            let result = pool.install(|| run().to_vec().expect("the device works"));
            result.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        });
        assert!(
            one == two && two == three,
            "{}: {}",
            device.name(),
            case.name
        );
    }
}
