//! Times MobileSAM in candle, whose example it follows: an encoding, and nine decodings of 1 to 9 points.
//!
//! No part of this workspace. To run it, in an empty folder:
//!
//!     cargo init --name candle-sam
//!     cargo add candle-core@=0.9.1 candle-nn@=0.9.1 candle-transformers@=0.9.1 libc
//!     cp …/engine/benches/candle/sam.rs src/main.rs
//!     RUSTFLAGS="-C target-cpu=native" cargo build --release
//!     export RAYON_NUM_THREADS=1
//!     for i in 1 2 3; do
//!         echo | target/release/candle-sam mobile_sam.pt      # encoding, nine decodings: seconds of processor time
//!         echo mobile_sam | PROGRAM                           # of `cargo bench -p engine --bench models --no-run`
//!     done

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::segment_anything::sam::Sam;

/// Returns the processor time of this process in seconds.
fn processor_time() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is writable for the length of the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

fn main() -> candle_core::Result<()> {
    let weights = std::env::args().nth(1).expect("the path of mobile_sam.pt");
    let sam = Sam::new_tiny(VarBuilder::from_pth(weights, DType::F32, &Device::Cpu)?)?;
    let bytes: Vec<f32> = (0..3 * 1024 * 1024).map(|i| (i * 7919 % 251) as f32).collect();
    let picture = Tensor::from_vec(bytes, (3, 1024, 1024), &Device::Cpu)?;
    // A round per line of the input.
    for _ in std::io::stdin().lines() {
        let start = processor_time();
        let embedding = sam.embeddings(&picture)?;
        let encoded = processor_time();
        let mut points = Vec::new();
        for i in 0..9 {
            points.push((0.1 + 0.09 * i as f64, 0.3 + 0.05 * i as f64, i % 2 == 0));
            let (masks, scores) = sam.forward_for_embeddings(&embedding, 1024, 1024, &points, true)?;
            std::hint::black_box((masks.flatten_all()?.to_vec1::<f32>()?, scores));
        }
        println!("{:.2} {:.2}", encoded - start, processor_time() - encoded);
    }
    Ok(())
}
