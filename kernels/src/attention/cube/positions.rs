//! SAM's decomposed relative positions. See [`offsets`].

use cubecl::prelude::*;

use super::{AttentionProblem, BiasKind, Rows};
use crate::{
    KernelError,
    gpu::{
        Buffer, over,
        precision::{rounded, with_precision},
    },
};

/// Returns, for each image and head, `[height + width, queries]`: what a query adds to the score
/// of a key in each row of the grid, then in each column. That is a `height · width /
/// (height + width)`th of the scores.
pub(super) fn offsets(
    problem: &AttentionProblem,
    q: Rows<'_>,
    rows: &Buffer,
    columns: &Buffer,
) -> Result<Buffer, KernelError> {
    let BiasKind::RelativePositions { height, width } = problem.bias else {
        unreachable!("offsets are asked for relative positions only");
    };
    let gpu = q.buffer.gpu();
    let elements = problem.batch * problem.heads * (height + width) * problem.queries;
    let y = Buffer::allocate(gpu, elements)?;
    let (cubes, units) = over(elements);
    with_precision!(gpu.precision(), P => position_offsets::launch::<P>(
        gpu.client(),
        cubes,
        units,
        q.buffer.arg(),
        rows.arg(),
        columns.arg(),
        y.arg(),
        GridLaunch::new(
            problem.heads,
            problem.queries,
            height,
            width,
            q.start,
            q.pitch,
            elements,
        ),
        problem.head_dim,
    ));
    Ok(y)
}

/// The grid of tokens.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Grid {
    heads: usize,
    queries: usize,
    height: usize,
    width: usize,
    q_start: usize,
    q_pitch: usize,
    elements: usize,
}

/// A unit computes one offset: the product of a query, not scaled, with a row of a table, both
/// rounded.
#[cube(launch)]
fn position_offsets<P: Float>(
    q: &[f32],
    rows: &[f32],
    columns: &[f32],
    y: &mut [f32],
    grid: Grid,
    #[comptime] head_dim: usize,
) {
    let at = ABSOLUTE_POS;
    if at < grid.elements {
        let query = at % grid.queries;
        let line = at / grid.queries % (grid.height + grid.width);
        let pair = at / grid.queries / (grid.height + grid.width);
        let token = pair / grid.heads * grid.queries + query;
        let base = grid.q_start + token * grid.q_pitch + pair % grid.heads * head_dim;
        let mut sum = 0.0f32;
        if line < grid.height {
            let entry = (query / grid.width + grid.height - 1 - line) * head_dim;
            for c in 0..head_dim {
                sum = fma(
                    rounded::<P>(q[base + c]),
                    rounded::<P>(rows[entry + c]),
                    sum,
                );
            }
        } else {
            let column = line - grid.height;
            let entry = (query % grid.width + grid.width - 1 - column) * head_dim;
            for c in 0..head_dim {
                sum = fma(
                    rounded::<P>(q[base + c]),
                    rounded::<P>(columns[entry + c]),
                    sum,
                );
            }
        }
        y[at] = sum;
    }
}
