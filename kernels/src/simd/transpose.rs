//! Exchanging rows and columns. See [`Transpose`].

use super::Kernel;

/// Side of the squares that are transposed in registers.
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
                    self.square(row, column);
                } else {
                    self.partial_square(row, column);
                }
            }
        }
    }
}

impl Transpose<'_> {
    #[inline(always)]
    fn square(&mut self, row: usize, column: usize) {
        let mut square: [[f32; SIDE]; SIDE] = std::array::from_fn(|i| {
            let mut line = [0.0; SIDE];
            line.copy_from_slice(&self.source[(row + i) * self.source_stride + column..][..SIDE]);
            line
        });
        transpose(&mut square);
        for (i, line) in square.iter().enumerate() {
            self.target[(column + i) * self.target_stride + row..][..SIDE].copy_from_slice(line);
        }
    }

    #[inline(always)]
    fn partial_square(&mut self, row: usize, column: usize) {
        for row in row..(row + SIDE).min(self.rows) {
            for column in column..(column + SIDE).min(self.columns) {
                self.target[column * self.target_stride + row] =
                    self.source[row * self.source_stride + column];
            }
        }
    }
}

#[inline(always)]
fn transpose(square: &mut [[f32; SIDE]; SIDE]) {
    #[cfg(target_arch = "x86_64")]
    if super::avx::is_available() {
        #[expect(
            unsafe_code,
            reason = "the compiler does not know what the line above found"
        )]
        // SAFETY: the instructions were found.
        unsafe {
            super::avx::transpose(square);
        }
        return;
    }
    let lines = *square;
    for (i, column) in square.iter_mut().enumerate() {
        *column = lines.map(|line| line[i]);
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
