//! Weights as products read them. See [`PackedWeights`].

use super::Blueprint;
use crate::{
    KernelError, Precision,
    gpu::{Buffer, Gpu},
};

/// Weights `[kernel rows, run, columns]`, run and columns padded with zeros, in the precision of
/// the device handle that they were packed for.
#[derive(Clone, Debug)]
pub(crate) struct PackedWeights {
    weight: Buffer,
    precision: Precision,
    bias: Option<Buffer>,
    pub(super) kernel_rows: usize,
    pub(super) run: usize,
    pub(super) padded_run: usize,
    columns: usize,
    pub(super) padded_columns: usize,
}

impl PackedWeights {
    /// Packs `weight(row, element, column)` of `[kernel_rows, run, columns]`, and a bias per
    /// column.
    ///
    /// # Errors
    /// When the device cannot hold them in one buffer.
    pub(crate) fn pack(
        gpu: &Gpu,
        [kernel_rows, run, columns]: [usize; 3],
        weight: impl Fn(usize, usize, usize) -> f32,
        bias: Option<&[f32]>,
    ) -> Result<Self, KernelError> {
        let [depth, width] = Blueprint::padding(gpu, gpu.precision());
        let padded_run = run.next_multiple_of(depth);
        let padded_columns = columns.next_multiple_of(width);
        let mut packed = vec![0.0; kernel_rows * padded_run * padded_columns];
        for row in 0..kernel_rows {
            for element in 0..run {
                let start = (row * padded_run + element) * padded_columns;
                for (column, packed) in packed[start..][..columns].iter_mut().enumerate() {
                    *packed = weight(row, element, column);
                }
            }
        }
        Ok(Self {
            weight: Buffer::upload_in(gpu, &packed, gpu.precision())?,
            precision: gpu.precision(),
            bias: bias.map(|bias| Buffer::upload(gpu, bias)).transpose()?,
            kernel_rows,
            run,
            padded_run,
            columns,
            padded_columns,
        })
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn weight(&self) -> &Buffer {
        &self.weight
    }

    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    pub(crate) fn bias(&self) -> Option<&Buffer> {
        self.bias.as_ref()
    }
}
