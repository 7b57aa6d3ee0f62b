//! The CUDA source of every kernel, in every precision, must be something that NVIDIA's compiler
//! accepts: the only check of CUDA kernels where there is no CUDA device.
//!
//! NVRTC comes from Python packages (`nvrtc/requirements.txt`); `NVRTC_PYTHON` names a Python that
//! has them. Without it the sources are written and not compiled, which `NVRTC=required` turns
//! into a failure.

#[expect(dead_code, reason = "nothing runs, so there is nothing to compare")]
mod cases;

use std::{collections::BTreeMap, fs, io::Write, path::Path, process::Command};

use cases::{Numbers, Setting};
use kernels::{Precision, cuda_source::CudaSources, peak};

/// Shared memory that every launch may have without asking the driver for more, on Vulkan too.
const SHARED_MEMORY: usize = 48 << 10;

#[test]
fn nvidia_compiles_every_kernel() {
    let sources = CudaSources::start().expect("the first one starts");
    for precision in Precision::ALL {
        let device = sources.device().with_precision(precision);
        let device = device.expect("an H200 computes in all");
        let setting = Setting {
            numbers: Numbers::Plain,
            precision,
            most: u64::MAX,
        };
        for case in cases::all(setting) {
            (case.prepare)(&device)();
        }
        // It launches, and then finds that nothing was timed.
        assert!(peak::measure(&device).is_err());
    }
    let sources = sources.take().expect("CubeCL writes every kernel");

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cuda");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
    fs::create_dir_all(&folder).expect("the target folder can be written to");
    let mut count = BTreeMap::new();
    for source in &sources {
        let number = count.entry(&source.name).or_insert(0);
        *number += 1;
        let file = folder.join(format!("{}_{number}.cu", file_name(&source.name)));
        fs::write(file, &source.code).expect("the target folder can be written to");
        assert!(
            source.shared_memory <= SHARED_MEMORY,
            "{} has {} bytes of shared memory",
            source.name,
            source.shared_memory
        );
    }
    let on_tensor_cores = |name: &str| sources.iter().any(|s| s.name.contains(name));
    for name in ["ProductMatrix", "AttendOnTensorCores", "MultiplyMatrices"] {
        assert!(on_tensor_cores(name), "no {name} among {count:?}");
    }

    let Some(python) = std::env::var_os("NVRTC_PYTHON") else {
        let required = std::env::var_os("NVRTC").is_some_and(|value| value == "required");
        assert!(
            !required,
            "NVRTC=required, but NVRTC_PYTHON names no Python"
        );
        let note =
            "SKIPPED: NVRTC_PYTHON names no Python with the packages of nvrtc/requirements.txt";
        writeln!(std::io::stderr(), "{note}").expect("stderr can be written to");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nvrtc/compile.py");
    let output = Command::new(python).arg(script).arg(&folder).output();
    let output = output.expect("the Python runs");
    let text = String::from_utf8_lossy(&output.stdout);
    writeln!(std::io::stderr(), "{text}").expect("stderr can be written to");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
}

/// Returns the letters, digits and underscores of a name.
fn file_name(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(kept).collect()
}
