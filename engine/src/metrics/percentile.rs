//! What of sorted values lies below a share of them. See [`percentile`].

/// Returns the value at a share, 0 to 1, of values in ascending order, at least one: between
/// neighbours by straight lines (NumPy's default).
pub(crate) fn percentile(sorted: &[f64], at: f64) -> f64 {
    let place = at * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        let values = [0.0, 1.0, 2.0, 10.0];
        assert!((percentile(&values, 0.95) - 8.8).abs() < 1e-12);
        assert!((percentile(&[3.0], 0.95) - 3.0).abs() < 1e-12);
    }
}
