//! `engine devices`: what can compute.

use super::{Outcome, output};

pub(super) fn devices() -> miette::Result<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    output::print(&format!(
        "cpu  {}, {}, {threads} threads\n",
        std::env::consts::ARCH,
        vectors(),
    ))?;
    Ok(Outcome::Complete)
}

/// Names the widest vector instructions that this processor has and the arithmetic can use.
fn vectors() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            "avx512f"
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            "avx2 + fma"
        } else {
            "sse2"
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        "neon"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "no vector instructions known"
    }
}
