//! Distance transforms of masks that `distance.py` wrote, timed for it: the peers' side is there.
//!
//! Each line read, `METRIC SIDE FILE`, names a square mask of one byte per pixel; it is answered
//! with the seconds of processor time, on one thread, that its transform took.

#[path = "../../engine/benches/clock/mod.rs"]
mod clock;

use std::{
    hint::black_box,
    io::{self, IsTerminal as _},
};

use kernels::distance::{Metric, distance};
use ndarray::Array2;

use clock::{print, processor_time};

fn main() {
    if io::stdin().is_terminal() {
        print("nothing is timed: kernels/benches/distance.py asks for the masks");
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a thread can be had").install(|| {
        for line in io::stdin().lines() {
            let line = line.expect("the script writes text");
            let [metric, side, file] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("a line is METRIC SIDE FILE; run distance.py")
            };
            let metric = match metric {
                "chamfer3" => Metric::Chamfer3,
                "chamfer5" => Metric::Chamfer5,
                "exact" => Metric::Exact,
                other => panic!("{other} is no metric"),
            };
            let side: usize = side.parse().expect("a number of pixels");
            let bytes = std::fs::read(file).expect("the script wrote the mask");
            let mask = bytes.iter().map(|&byte| byte != 0).collect();
            let mask = Array2::from_shape_vec([side, side], mask).expect("a square");
            let before = processor_time();
            black_box(distance(mask.view(), metric, true));
            let time = processor_time().saturating_sub(before);
            print(&time.as_secs_f64().to_string());
        }
    });
}
