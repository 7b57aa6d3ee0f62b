//! What a batched product must compute, written to be read; sums in `f64`.

use super::MatmulProblem;

/// Returns `a bᵀ` for each of the batch.
pub fn matmul_transposed(problem: &MatmulProblem, a: &[f32], b: &[f32]) -> Vec<f32> {
    let MatmulProblem {
        batch,
        rows,
        columns,
        inner,
    } = *problem;
    let mut out = Vec::with_capacity(batch * rows * columns);
    for n in 0..batch {
        for row in 0..rows {
            for column in 0..columns {
                let a = &a[(n * rows + row) * inner..][..inner];
                let b = &b[(n * columns + column) * inner..][..inner];
                let sum: f64 = a
                    .iter()
                    .zip(b)
                    .map(|(&a, &b)| f64::from(a) * f64::from(b))
                    .sum();
                out.push(sum as f32);
            }
        }
    }
    out
}
