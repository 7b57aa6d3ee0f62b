//! The product behind linear layers and convolutions: `y[r, o] = Σ_a Σ_e patch[r, a, e] w[a, e, o]`.
//!
//! In channel-last images, what one kernel row of a convolution sees is one contiguous run of
//! `kernel width · channels` numbers, cut off at the image's sides. So a convolution is a product
//! of `kernel height` runs per output pixel with packed weights, without `im2col`; a linear layer
//! is the convolution of one run per row. Weights have the precision that they were packed in, and
//! patches are rounded to it. See [`launch`].

mod blueprint;
mod geometry;
mod matrix;
mod plane;
mod tile;
mod weights;

pub(crate) use blueprint::Blueprint;
pub(crate) use geometry::{Geometry, Store};
pub(crate) use weights::PackedWeights;

use super::{Buffer, Gpu, epilogue::Steps, precision::with_precision};
use crate::{Activation, KernelError};

/// What follows the sum.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// Added before the activation, at the place where the result goes.
    pub(crate) residual: Option<&'a Buffer>,
    /// Applied last.
    pub(crate) activation: Activation,
    /// Where the result goes.
    pub(crate) store: Store,
}

/// Multiplies the patches of `x` with `weights`.
pub(crate) fn launch(
    gpu: &Gpu,
    x: &Buffer,
    weights: &PackedWeights,
    geometry: &Geometry,
    finish: Finish<'_>,
) -> Result<Buffer, KernelError> {
    let y = Buffer::allocate(gpu, geometry.rows * weights.columns())?;
    if geometry.rows == 0 || weights.columns() == 0 {
        return Ok(y);
    }
    let steps = Steps {
        bias: weights.bias().is_some(),
        residual: finish.residual.is_some(),
        activation: finish.activation,
    };
    let buffers = Buffers {
        x,
        weight: weights.weight(),
        // What a kernel does not read still needs a binding.
        bias: weights.bias().unwrap_or(x),
        residual: finish.residual.unwrap_or(x),
        y: &y,
    };
    let precision = weights.precision();
    let blueprint = Blueprint::of(gpu, precision, [geometry.rows, weights.columns()]);
    let sizes = geometry.launch(weights);
    let ends = Ends {
        steps,
        store: finish.store,
    };
    match blueprint {
        Blueprint::Plane(tile) => with_precision!(precision, P => {
            plane::launch::<P>(gpu, tile, buffers, geometry, weights, sizes, ends);
        }),
        Blueprint::Tile(tile) => with_precision!(precision, P => {
            tile::launch::<P>(gpu, tile, buffers, geometry, weights, sizes, ends);
        }),
        Blueprint::Matrix(tile) => with_precision!(precision, P => {
            matrix::launch::<P>(gpu, tile, buffers, geometry, weights, sizes, ends);
        }),
    }
    Ok(y)
}

/// What follows the sum, known when a kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ends {
    steps: Steps,
    store: Store,
}

/// A product's operands.
#[derive(Clone, Copy)]
struct Buffers<'a> {
    x: &'a Buffer,
    weight: &'a Buffer,
    bias: &'a Buffer,
    residual: &'a Buffer,
    y: &'a Buffer,
}
