//! The right matrix of a product, packed once. See [`Panels`].

use rayon::prelude::*;

use super::tile;
use crate::{
    Precision,
    simd::{self, Factor, Isa, Pair},
};

/// A matrix `[rows, columns]` with a bias `[columns]`, packed for an instruction set: panels of as
/// many columns as a register tile has, the last one narrower, rounded up to whole vectors. Within
/// a panel, row follows row, or pair of rows pair of rows.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    isa: Isa,
    rows: usize,
    columns: usize,
    pub(super) entries: Entries,
    /// Padded with zeros to whole vectors.
    bias: Vec<f32>,
}

/// The panels' contents, in their precision.
#[derive(Clone, Debug)]
pub(super) enum Entries {
    F32(Vec<f32>),
    Bf16(Vec<Pair>),
}

/// A group of columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel<'a, F> {
    /// The first of its columns.
    pub(super) column: usize,
    /// `[rows / TERMS, width]`, where the width is a whole number of vectors.
    pub(super) entries: &'a [F],
    /// `[width]`
    pub(super) bias: &'a [f32],
}

impl Panels {
    /// Packs the matrix whose element in a row and a column `value` returns, rounded to a precision.
    pub(crate) fn new(
        isa: Isa,
        precision: Precision,
        [rows, columns]: [usize; 2],
        bias: Option<&[f32]>,
        value: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        let lanes = isa.lanes();
        let padded = columns.next_multiple_of(lanes);
        let mut bias = bias.map_or_else(Vec::new, <[f32]>::to_vec);
        bias.resize(padded, 0.0);
        let value = |row, column| {
            if column < columns {
                value(row, column)
            } else {
                0.0
            }
        };
        let entries = match precision {
            Precision::Bf16 => Entries::Bf16(entries(lanes, [rows, padded], value)),
            Precision::F32 | Precision::F16 => Entries::F32(entries(lanes, [rows, padded], value)),
        };
        Self {
            isa,
            rows,
            columns,
            entries,
            bias,
        }
    }

    /// Returns the instruction set that they are packed for.
    pub(crate) fn isa(&self) -> Isa {
        self.isa
    }

    /// Returns the size of a row of the left matrix, packed alike, in bytes.
    pub(super) fn row_bytes(&self) -> usize {
        match self.entries {
            Entries::F32(_) => 4 * self.rows,
            Entries::Bf16(_) => 4 * self.rows.div_ceil(Pair::TERMS),
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

    /// Returns the panels from the left, for vectors of `N` numbers; `entries` are its own.
    #[inline(always)]
    pub(super) fn iter<'a, const N: usize, F: Factor>(
        &'a self,
        entries: &'a [F],
    ) -> impl Iterator<Item = Panel<'a, F>> {
        assert_eq!(
            self.isa.lanes(),
            N,
            "weights are used on the device they were packed for"
        );
        let rows = self.rows.div_ceil(F::TERMS);
        let width = tile::vectors(N) * N;
        (0..self.bias.len()).step_by(width).map(move |column| {
            let bias = &self.bias[column..(column + width).min(self.bias.len())];
            Panel {
                column,
                entries: &entries[column * rows..][..bias.len() * rows],
                bias,
            }
        })
    }
}

/// Packs the panels of a matrix whose columns are whole vectors.
fn entries<F: Factor>(
    lanes: usize,
    [rows, columns]: [usize; 2],
    value: impl Fn(usize, usize) -> f32 + Sync,
) -> Vec<F> {
    let width = tile::vectors(lanes) * lanes;
    let of_column = rows.div_ceil(F::TERMS);
    let mut packed = vec![F::zeroed(); of_column * columns];
    let panels = packed.par_chunks_mut((of_column * width).max(1));
    panels.enumerate().for_each(|(panel, packed)| {
        let first = panel * width;
        let columns = first..(first + width).min(columns);
        let mut terms = Vec::with_capacity(F::TERMS * width);
        let entries = packed.chunks_exact_mut(columns.len());
        for (row, packed) in (0..rows).step_by(F::TERMS).zip(entries) {
            terms.clear();
            for row in row..(row + F::TERMS).min(rows) {
                terms.extend(columns.clone().map(|column| value(row, column)));
            }
            simd::pack(&terms, columns.len(), packed);
        }
    });
    packed
}
