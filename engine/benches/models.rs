//! Networks timed on one slice, with formula weights: what an encoding by SAM, and a click by RITM,
//! cost.
//!
//! `cargo bench -p engine --bench models [-- NAME…]` prints the least and the median processor time
//! of five calls, on one thread; `PRECISION=bf16` times that precision. `models.py` beside this file runs this program and the reference
//! implementations in turns: each line it writes, a network's name, is answered with the seconds of
//! one call.

mod clock;

use std::{
    hint::black_box,
    io::{self, BufRead as _, IsTerminal as _},
    time::Duration,
};

use engine::{
    models::{
        ritm::{ClickInInput, ClickNetwork as _, RitmConfig, RitmNetwork},
        sam::{ImageEncoder, SamConfig},
    },
    weights::{Architecture, Formula},
};
use kernels::{
    Device, Precision, Tensor,
    resize::{Resize, resize_bilinear},
};

use clock::{print, processor_time};

/// Height and width of RITM's input.
const SIDE: usize = 512;

/// The networks by name.
const NETWORKS: [(&str, Architecture); 6] = [
    ("ritm_h18s", Architecture::RitmHrnet18s),
    ("ritm_h32", Architecture::RitmHrnet32),
    ("mobile_sam", Architecture::MobileSam),
    ("sam_vit_b", Architecture::SamVitB),
    ("sam_vit_l", Architecture::SamVitL),
    ("sam_vit_h", Architecture::SamVitH),
];

/// Returns this machine's processor in the precision that `PRECISION` names.
fn device() -> Device {
    let wanted = std::env::var("PRECISION").unwrap_or_else(|_| "f32".into());
    let precision = Precision::ALL.into_iter().find(|p| p.name() == wanted);
    let precision = precision.expect("PRECISION is f32 or bf16");
    let device = Device::cpu().with_precision(precision);
    device.expect("PRECISION is f32 or bf16")
}

/// A network, ready to be called.
enum Network {
    Ritm {
        network: Box<RitmNetwork>,
        input: Tensor,
    },
    Encoder {
        encoder: ImageEncoder,
        frame: Tensor,
    },
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a thread can be had").install(|| {
        let named: Vec<String> = std::env::args().skip(1).collect();
        let by_hand = io::stdin().is_terminal() || named.iter().any(|name| name == "--bench");
        if by_hand {
            for (name, architecture) in NETWORKS {
                let names = named.iter().filter(|name| !name.starts_with("--"));
                if names.clone().count() == 0 || names.clone().any(|wanted| wanted == name) {
                    let network = Network::load(architecture);
                    let mut times: Vec<_> = (0..6).map(|_| network.call()).skip(1).collect();
                    times.sort();
                    let [least, median] = [times[0], times[2]];
                    print(&format!("{name}: least {least:?}, median {median:?}"));
                }
            }
            return;
        }
        // One at a time in memory.
        let mut current: Option<(String, Network)> = None;
        for line in io::stdin().lock().lines() {
            let line = line.expect("the script writes text");
            let line = line.trim();
            if current.as_ref().is_none_or(|(name, _)| name != line) {
                let known = NETWORKS.iter().find(|(name, _)| *name == line);
                let (_, architecture) = known.expect("a network's name");
                current = Some((line.to_owned(), Network::load(*architecture)));
            }
            if let Some((_, network)) = &current {
                print(&network.call().as_secs_f64().to_string());
            }
        }
    });
}

impl Network {
    fn load(architecture: Architecture) -> Self {
        let (source, device) = (Formula::default(), device());
        if let Some(config) = RitmConfig::of(architecture) {
            let network = RitmNetwork::load(config, &source, &device);
            return Self::Ritm {
                network: Box::new(network.expect("formula weights fit")),
                input: slice_and_mirror_image(&device),
            };
        }
        let config = SamConfig::of(architecture).expect("a SAM");
        let encoder = ImageEncoder::load(&config.encoder, &source, &device);
        let shape = [1, config.frame, config.frame, 3];
        let picture = source.signed("picture", &shape);
        Self::Encoder {
            encoder: encoder.expect("formula weights fit"),
            frame: Tensor::from_vec(&device, &shape, picture).expect("it fits"),
        }
    }

    /// Returns the processor time of one call: RITM's up to logits of the input's size, an encoder's
    /// up to the embedding.
    fn call(&self) -> Duration {
        match self {
            Self::Ritm { network, input } => {
                let click = ClickInInput {
                    row: 200.0,
                    column: 300.0,
                    positive: true,
                };
                let clicks = vec![vec![click], vec![click]];
                let before = processor_time();
                let logits = network.logits(input, &clicks);
                let logits = logits.expect("the CPU does not fail");
                let whole = resize_bilinear(&logits, Resize::to([SIDE; 2]).align_corners());
                black_box(whole.expect("it has pixels"));
                processor_time().saturating_sub(before)
            }
            Self::Encoder { encoder, frame } => {
                let before = processor_time();
                black_box(encoder.encode(frame).expect("the CPU does not fail"));
                processor_time().saturating_sub(before)
            }
        }
    }
}

/// Returns a picture and its mirror image, with an empty mask before.
fn slice_and_mirror_image(device: &Device) -> Tensor {
    let noise = Formula::default().signed("picture", &[2, SIDE, SIDE, 4]);
    let values = noise
        .iter()
        .enumerate()
        .map(|(i, x)| if i % 4 < 3 { (x + 1.0) / 2.0 } else { 0.0 });
    Tensor::from_vec(device, &[2, SIDE, SIDE, 4], values.collect()).expect("it fits")
}
