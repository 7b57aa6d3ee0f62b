//! RITM's networks timed on one slice of 512 × 512 and its mirror image: what one click costs.
//!
//! `cargo bench -p engine --bench ritm` prints the least and the median processor time of five calls,
//! on one thread. `ritm.py` beside this file runs this program and the reference implementation in
//! turns: each line it writes, `h18s` or `h32`, is answered with the seconds of one call.

use std::{
    hint::black_box,
    io::{self, BufRead as _, IsTerminal as _},
    time::Duration,
};

use engine::{
    models::ritm::{ClickInInput, ClickNetwork as _, RitmConfig, RitmNetwork},
    weights::{Architecture, Formula},
};
use kernels::{
    Device, Tensor,
    resize::{Resize, resize_bilinear},
};

/// Height and width of the input.
const SIDE: usize = 512;

/// The networks by name.
const NETWORKS: [(&str, Architecture); 2] = [
    ("h18s", Architecture::RitmHrnet18s),
    ("h32", Architecture::RitmHrnet32),
];

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a thread can be had").install(|| {
        let networks = NETWORKS.map(|(name, architecture)| {
            let config = RitmConfig::of(architecture).expect("a RITM");
            let network = RitmNetwork::load(config, &Formula::default(), &Device::cpu());
            (name, network.expect("formula weights fit"))
        });
        let input = input();
        if io::stdin().is_terminal() || std::env::args().any(|argument| argument == "--bench") {
            for (name, network) in &networks {
                let mut times: Vec<_> = (0..6).map(|_| call(network, &input)).skip(1).collect();
                times.sort();
                print(&format!(
                    "{name}: least {:?}, median {:?}",
                    times[0], times[2]
                ));
            }
            return;
        }
        for line in io::stdin().lock().lines() {
            let line = line.expect("the script writes text");
            let network = networks.iter().find(|(name, _)| *name == line.trim());
            let (_, network) = network.expect("h18s or h32");
            print(&call(network, &input).as_secs_f64().to_string());
        }
    });
}

/// Returns the processor time of one call, up to logits of the input's size.
fn call(network: &RitmNetwork, input: &Tensor) -> Duration {
    let click = ClickInInput {
        row: 200.0,
        column: 300.0,
        positive: true,
    };
    let clicks = vec![vec![click], vec![click]];
    let before = processor_time();
    let logits = network
        .logits(input, &clicks)
        .expect("the CPU does not fail");
    let whole = resize_bilinear(&logits, Resize::to([SIDE; 2]).align_corners());
    black_box(whole.expect("it has pixels"));
    processor_time().saturating_sub(before)
}

/// Returns a picture and its mirror image, with an empty mask before.
fn input() -> Tensor {
    let noise = Formula::default().signed("picture", &[2, SIDE, SIDE, 4]);
    let values = noise
        .iter()
        .enumerate()
        .map(|(i, x)| if i % 4 < 3 { (x + 1.0) / 2.0 } else { 0.0 });
    Tensor::from_vec(&Device::cpu(), &[2, SIDE, SIDE, 4], values.collect()).expect("it fits")
}

/// Returns the processor time of this process, or where the system does not tell it (it does on Unix)
/// the time since the first call.
fn processor_time() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let [seconds, nanoseconds] = [time.tv_sec, time.tv_nsec]
            .map(|part| u64::try_from(part).expect("the clock starts at 0"));
        Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
    }
    #[cfg(not(unix))]
    {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the times are what the program is run for"
)]
fn print(line: &str) {
    println!("{line}");
}
