//! The kernels for tensor cores must compute what they should, where no tensor core is: their CUDA
//! source is built with the machine's C++ compiler and `emulate/cuda.h`, which stands in for CUDA,
//! and run against sums in `f64`. `CXX` names the compiler, `c++` if not set.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kernels::{
    Device, Epilogue, Precision, Tensor,
    attention::{AttentionBias, attention},
    cuda_source::{CudaSource, CudaSources},
    linear::{LinearWeights, linear},
};

#[test]
fn tensor_cores_compute_what_the_reference_says() {
    let sources = CudaSources::start().expect("the first one starts");
    for (precision, number) in [
        (Precision::F16, "__half"),
        (Precision::Bf16, "__nv_bfloat16"),
    ] {
        let device = sources.device().with_precision(precision);
        let device = device.expect("an H200 computes in it");
        // Sizes are told to the kernel when it runs; the launched rows choose its tile, and the
        // inputs whether it loads patches in fours.
        for (rows, inputs, tile) in [(16_384, 72, "128"), (64, 72, "64"), (64, 37, "64")] {
            launch_linear(&device, [rows, inputs, 130]);
            let inputs = inputs.to_string();
            run(
                &taken(&sources),
                "product",
                number,
                precision,
                &["200", &inputs, "130", tile, tile],
            );
        }
        for (channels, side, magnitude) in [(64, 14, "1"), (80, 9, "4")] {
            launch_attention(&device, [2, side, channels]);
            let [channels, side] = [channels, side].map(|n| n.to_string());
            let arguments = ["1", "2", &channels, &side, &side, magnitude];
            run(&taken(&sources), "attention", number, precision, &arguments);
        }
    }
}

fn launch_linear(device: &Device, [rows, inputs, outputs]: [usize; 3]) {
    let zeros = |len: usize| vec![0.0; len];
    let x = Tensor::from_vec(device, &[rows, inputs], zeros(rows * inputs)).expect("it fits");
    let weight = zeros(inputs * outputs);
    let weights = LinearWeights::new(device, [outputs, inputs], &weight, Some(&zeros(outputs)));
    linear(&x, &weights.expect("they fit"), Epilogue::default()).expect("it fits");
}

fn launch_attention(device: &Device, [heads, side, channels]: [usize; 3]) {
    let zeros = |shape: &[usize]| {
        let data = vec![0.0; shape.iter().product()];
        Tensor::from_vec(device, shape, data).expect("it fits")
    };
    let x = zeros(&[1, side, side, heads * channels]);
    let table = zeros(&[2 * side - 1, channels]);
    let bias = AttentionBias::RelativePositions {
        rows: &table,
        columns: &table,
    };
    attention(&x, &x, &x, heads, bias).expect("it fits");
}

/// Returns the one kernel for tensor cores that was launched since the last call.
fn taken(sources: &CudaSources) -> CudaSource {
    let taken = sources.take().expect("CubeCL writes every kernel");
    let mut those = taken
        .into_iter()
        .filter(|source| source.code.contains("mma_sync"));
    let one = those
        .next()
        .expect("a kernel for tensor cores was launched");
    assert!(those.next().is_none());
    one
}

/// Builds the kernel with its driver, and runs it.
fn run(source: &CudaSource, driver: &str, number: &str, precision: Precision, arguments: &[&str]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulate");
    let work = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emulate");
    fs::create_dir_all(&work).expect("the target folder can be written to");
    fs::write(work.join("kernel.inc"), for_processor(&source.code)).expect("it can be written");
    let input = if source.code.contains("float_4 const*") {
        "float_4"
    } else {
        "float"
    };
    let program = work.join(driver);
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let output = Command::new(&compiler)
        .args(["-std=c++20", "-O1", "-w"])
        .arg(format!("-I{}", here.display()))
        .arg(format!("-I{}", work.display()))
        .arg(format!("-DKERNEL={}", entry(&source.code)))
        .arg(format!("-DNUMBER={number}"))
        .arg(format!("-DFOUR={number}_4"))
        .arg(format!("-DINPUT={input}"))
        .arg(format!("-DROUNDOFF={:e}", precision.roundoff()))
        .arg(here.join(format!("{driver}.cpp")))
        .arg("-o")
        .arg(&program)
        .output()
        .expect("CXX is a C++ compiler");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{compiler}: {errors}");
    let output = Command::new(program).args(arguments).output();
    let output = output.expect("it was built");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{driver} {number} {arguments:?}: {text}"
    );
}

/// Returns the source without CUDA's headers, and its shared memory where `cuda.h` has it.
fn for_processor(code: &str) -> String {
    let lines = code.lines().filter(|line| !line.starts_with("#include"));
    let lines = lines.map(|line| match line.split_once("extern __shared__") {
        None => line.to_owned(),
        Some((before, declaration)) => {
            let (declaration, after) = declaration.split_once("[];").expect("CubeCL's form");
            let name = declaration.rsplit(' ').next().unwrap_or_default();
            format!("{before}char* const {name} = shared_memory;{after}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the name of the kernel's function.
fn entry(code: &str) -> &str {
    let bounds = code.split("__launch_bounds__").nth(1).unwrap_or_default();
    let name = bounds.split_once(')').map_or("", |(_, rest)| rest);
    name.split('(').next().unwrap_or_default().trim()
}
