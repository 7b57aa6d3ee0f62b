//! `engine devices`: what can compute, and how fast.

use clap::Args;
use kernels::{Device, KernelError, Precision, peak};
use rayon::ThreadPoolBuilder;

use super::{Outcome, device::DeviceName, output};

/// List what can compute, and how fast
///
/// Arithmetic (multiply-adds on registers) and bandwidth (a copy) are measured here and now, in
/// about a second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine devices
  engine run study.ron --device wgpu")]
pub(super) struct Arguments {}

/// What is said of a device.
const HEADING: [&str; 9] = [
    "device",
    "name",
    "kernels",
    "precisions",
    "largest tensor",
    "memory",
    "timer",
    "GFLOP/s",
    "GB/s",
];

pub(super) fn devices(_: &Arguments) -> miette::Result<Outcome> {
    let mut rows = vec![HEADING.map(str::to_owned).to_vec()];
    let names = [DeviceName::Cpu, DeviceName::Wgpu, DeviceName::Cuda];
    for name in names {
        let device = name.start().and_then(|device| row(name, &device));
        rows.push(device.unwrap_or_else(|error| missing(name, &error)));
    }
    output::print(&output::columns(&rows))?;
    Ok(Outcome::Complete)
}

/// Measures a device.
fn row(name: DeviceName, device: &Device) -> Result<Vec<String>, KernelError> {
    // As wide as a run's.
    let pool = ThreadPoolBuilder::new().build();
    let peak = match pool {
        Ok(pool) => pool.install(|| peak::measure(device))?,
        Err(_) => peak::measure(device)?,
    };
    let facts = device.facts();
    let list = |precisions: &[Precision]| {
        let names: Vec<_> = precisions.iter().map(|p| p.name()).collect();
        names.join(" ")
    };
    let mut precisions = list(&facts.precisions);
    if !facts.tensor_cores.is_empty() {
        let cores = list(&facts.tensor_cores);
        precisions = format!("{precisions} (tensor cores: {cores})");
    }
    let size = |bytes: Option<u64>| {
        bytes.map_or("·".to_owned(), |bytes| {
            format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
        })
    };
    let timer = if facts.device_timer { "own" } else { "wall" };
    Ok(vec![
        name.as_str().to_owned(),
        facts.name,
        facts.backend,
        precisions,
        size(facts.largest_buffer),
        size(facts.memory),
        timer.to_owned(),
        format!("{:.1}", peak.flops_per_second / 1e9),
        format!("{:.1}", peak.bytes_per_second / 1e9),
    ])
}

/// Says why a device cannot be used.
fn missing(name: DeviceName, error: &KernelError) -> Vec<String> {
    let reason = format!("none: {error}").replace('\n', " ");
    vec![name.as_str().to_owned(), reason]
}
