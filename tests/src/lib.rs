//! Helpers of the test binaries: where the shared golden files are, and how to read them.

pub mod golden;

use std::path::{Path, PathBuf};

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
