//! Helpers of the test binaries: where the shared golden files are, how to read them, which browser
//! there is.

pub mod dicom;
pub mod golden;
pub mod readers;
pub mod volumes;

use std::path::{Path, PathBuf};

use kernels::Device;

/// Returns a path under the shared folder of golden tensors, weights and data, or `None` (after
/// saying so on stderr) where this machine has none. With `REQUIRE_SHARED=1` its absence fails.
///
/// The folder is `../shared` beside the repository, or `$SHARED_DIR`.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SHARED_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("REQUIRE_SHARED").is_none_or(|value| value != "1"),
        "REQUIRE_SHARED=1, but {} does not exist",
        path.display()
    );
    eprintln!("SKIPPED: {} does not exist", path.display());
    None
}

/// Returns a browser that runs without a screen, or `None` (after saying so on stderr) where this
/// machine has none. With `REQUIRE_BROWSER=1` its absence fails.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn browser() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|path| path.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("REQUIRE_BROWSER").is_none_or(|value| value != "1"),
            "REQUIRE_BROWSER=1, but there is no chromium"
        );
        eprintln!("SKIPPED: there is no chromium");
    }
    found
}

/// Returns the processor, and a graphics device where this machine has one.
pub fn devices() -> Vec<Device> {
    [Device::cpu()].into_iter().chain(graphics()).collect()
}

/// Returns the machine's graphics device, or `None` (after saying so on stderr) where it has none.
/// With `KERNELS_DEVICE=required` its absence fails.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn graphics() -> Option<Device> {
    #[cfg(feature = "wgpu")]
    let found = Device::wgpu().map_err(|error| error.to_string());
    #[cfg(not(feature = "wgpu"))]
    let found: Result<Device, _> = Err("built without the feature `wgpu`");
    match found {
        Ok(device) => Some(device),
        Err(reason) => {
            let required = std::env::var_os("KERNELS_DEVICE");
            assert!(
                required.is_none_or(|value| value != "required"),
                "KERNELS_DEVICE=required, but {reason}"
            );
            eprintln!("SKIPPED on a graphics device: {reason}");
            None
        }
    }
}
