//! Exchanging rows and columns. See [`Transpose`].

use super::Kernel;

/// Side of the blocks that are transposed in registers.
const SIDE: usize = 8;

/// Writes `target[column · target_stride + row] = source[row · source_stride + column]`.
pub(crate) struct Transpose<'a> {
    pub(crate) source: &'a [f32],
    pub(crate) source_stride: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) target: &'a mut [f32],
    pub(crate) target_stride: usize,
}

impl Kernel for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(mut self) {
        for row in (0..self.rows).step_by(SIDE) {
            for column in (0..self.columns).step_by(SIDE) {
                let whole = row + SIDE <= self.rows && column + SIDE <= self.columns;
                if whole {
                    self.block(row, column);
                } else {
                    self.partial_block(row, column);
                }
            }
        }
    }
}

impl Transpose<'_> {
    #[inline(always)]
    fn block(&mut self, row: usize, column: usize) {
        let mut block: [[f32; SIDE]; SIDE] = std::array::from_fn(|i| {
            let mut line = [0.0; SIDE];
            line.copy_from_slice(&self.source[(row + i) * self.source_stride + column..][..SIDE]);
            line
        });
        exchange::<4>(&mut block);
        exchange::<2>(&mut block);
        exchange::<1>(&mut block);
        for (i, line) in block.iter().enumerate() {
            self.target[(column + i) * self.target_stride + row..][..SIDE].copy_from_slice(line);
        }
    }

    #[inline(always)]
    fn partial_block(&mut self, row: usize, column: usize) {
        for row in row..(row + SIDE).min(self.rows) {
            for column in column..(column + SIDE).min(self.columns) {
                self.target[column * self.target_stride + row] =
                    self.source[row * self.source_stride + column];
            }
        }
    }
}

/// Exchanges the off-diagonal quarters of each square of side `2 · STEP`, which are two rows of
/// shuffles; done for 4, 2 and 1 it transposes.
#[inline(always)]
fn exchange<const STEP: usize>(block: &mut [[f32; SIDE]; SIDE]) {
    for i in 0..SIDE {
        if i & STEP == 0 {
            let (upper, lower) = (block[i], block[i + STEP]);
            for j in 0..SIDE {
                let left = j & STEP == 0;
                block[i][j] = if left { upper[j] } else { lower[j ^ STEP] };
                block[i + STEP][j] = if left { upper[j ^ STEP] } else { lower[j] };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    #[test]
    fn rows_become_columns() {
        let (rows, columns) = (19, 29);
        let source: Vec<f32> = (0..rows * 31).map(|i| i as f32).collect();
        for isa in Isa::available() {
            let mut target = vec![0.0; columns * 23];
            isa.run(Transpose {
                source: &source,
                source_stride: 31,
                rows,
                columns,
                target: &mut target,
                target_stride: 23,
            });
            for (row, column) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                let found = target[column * 23 + row].to_bits();
                assert_eq!(found, source[row * 31 + column].to_bits());
            }
        }
    }
}
