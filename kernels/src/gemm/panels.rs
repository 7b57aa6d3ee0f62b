//! The right matrix of a product, packed once. See [`Panels`].

use super::tile;
use crate::simd::Isa;

/// A matrix `[rows, columns]` with a bias `[columns]`, packed for an instruction set: panels of as
/// many columns as a register tile has, the last one narrower, rounded up to whole vectors. Within
/// a panel, row follows row.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    rows: usize,
    columns: usize,
    /// Numbers of a vector.
    lanes: usize,
    data: Vec<f32>,
    /// Padded with zeros to whole vectors.
    bias: Vec<f32>,
}

/// A group of columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel<'a> {
    /// The first of its columns.
    pub(super) column: usize,
    /// `[rows, width]`, where the width is a whole number of vectors.
    pub(super) data: &'a [f32],
    /// `[width]`
    pub(super) bias: &'a [f32],
}

impl Panels {
    /// Packs the matrix whose element in a row and a column `value` returns.
    pub(crate) fn new(
        isa: Isa,
        [rows, columns]: [usize; 2],
        bias: Option<&[f32]>,
        value: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let lanes = isa.lanes();
        let padded = columns.next_multiple_of(lanes);
        let width = tile::vectors(lanes) * lanes;
        let mut data = Vec::with_capacity(rows * padded);
        for first in (0..padded).step_by(width) {
            let panel = first..(first + width).min(padded);
            for row in 0..rows {
                data.extend(panel.clone().map(|column| {
                    if column < columns {
                        value(row, column)
                    } else {
                        0.0
                    }
                }));
            }
        }
        let mut bias = bias.map_or_else(Vec::new, <[f32]>::to_vec);
        bias.resize(padded, 0.0);
        Self {
            rows,
            columns,
            lanes,
            data,
            bias,
        }
    }

    /// Returns the matrix's rows, the length of the sums.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the matrix's columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the panels from the left, for vectors of `N` numbers.
    #[inline(always)]
    pub(super) fn iter<const N: usize>(&self) -> impl Iterator<Item = Panel<'_>> {
        assert_eq!(
            self.lanes, N,
            "weights are used on the device they were packed for"
        );
        let width = tile::vectors(N) * N;
        (0..self.bias.len()).step_by(width).map(move |column| {
            let bias = &self.bias[column..(column + width).min(self.bias.len())];
            Panel {
                column,
                data: &self.data[column * self.rows..][..bias.len() * self.rows],
                bias,
            }
        })
    }
}
