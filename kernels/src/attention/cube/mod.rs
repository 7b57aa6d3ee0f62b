//! Attention on graphics devices, after `FlashAttention` (Dao et al. 2022): keys come in blocks,
//! the softmax is corrected block by block, and no score is stored. Queries, keys, values, weights
//! and position tables are rounded to the precision of the queries' device handle before they are
//! multiplied. See [`attention`].

mod broadcast;
mod matrix;
mod positions;
mod shared;
mod softmax;

use cubecl::prelude::*;

use super::{
    AttentionBias, AttentionProblem, BiasKind,
    blueprint::{Blueprint, Exchange},
};
use crate::{
    Columns, KernelError,
    gpu::{Buffer, fold, precision::with_precision},
};

/// Rows of heads in a buffer: the first row's first channel, and the distance of rows.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) buffer: &'a Buffer,
    pub(super) start: usize,
    pub(super) pitch: usize,
}

impl<'a> From<&Columns<'a>> for Rows<'a> {
    fn from(columns: &Columns<'a>) -> Self {
        Self {
            buffer: columns.tensor().gpu(),
            start: columns.start(),
            pitch: columns.tensor().channels(),
        }
    }
}

/// The data of a bias.
#[derive(Clone, Copy)]
pub(super) enum Bias<'a> {
    None,
    Table(&'a Buffer),
    RelativePositions {
        rows: &'a Buffer,
        columns: &'a Buffer,
    },
}

impl<'a> From<AttentionBias<'a>> for Bias<'a> {
    fn from(bias: AttentionBias<'a>) -> Self {
        match bias {
            AttentionBias::None => Self::None,
            AttentionBias::Table(table) => Self::Table(table.gpu()),
            AttentionBias::RelativePositions { rows, columns } => Self::RelativePositions {
                rows: rows.gpu(),
                columns: columns.gpu(),
            },
        }
    }
}

/// Attends.
pub(super) fn attention(
    problem: &AttentionProblem,
    [q, k, v]: [Rows<'_>; 3],
    bias: Bias<'_>,
) -> Result<Buffer, KernelError> {
    let gpu = q.buffer.gpu();
    let blueprint = Blueprint::of(gpu, problem.head_dim);
    let AttentionProblem {
        batch,
        key_batch,
        heads,
        head_dim,
        queries,
        keys,
        ..
    } = *problem;
    let y = Buffer::allocate(gpu, batch * queries * heads * head_dim)?;
    if batch * queries == 0 {
        return Ok(y);
    }
    let offsets = match bias {
        Bias::RelativePositions { rows, columns } => {
            Some(positions::offsets(problem, q, rows, columns)?)
        }
        Bias::None | Bias::Table(_) => None,
    };
    let added = match (bias, &offsets) {
        (Bias::Table(table), _) => table,
        (_, Some(offsets)) => offsets,
        // What a kernel does not read still needs a binding.
        (_, None) => q.buffer,
    };
    let grid = match problem.bias {
        BiasKind::RelativePositions { height, width } => [height, width],
        BiasKind::None | BiasKind::Table => [0, 0],
    };
    let shape = Shape {
        head_dim,
        block: blueprint.block,
        tile: blueprint.tile,
        units: blueprint.units,
        bias: match problem.bias {
            BiasKind::None => Added::Nothing,
            BiasKind::Table => Added::Table,
            BiasKind::RelativePositions { .. } => Added::Offsets,
        },
    };
    let (cubes_y, cubes_z) = fold(batch * heads);
    let cubes = CubeCount::Static(queries.div_ceil(blueprint.queries) as u32, cubes_y, cubes_z);
    let sizes = SizesLaunch::new(
        batch * heads,
        heads,
        queries,
        keys,
        if key_batch == 1 { 0 } else { keys },
        q.start,
        q.pitch,
        k.start,
        k.pitch,
        v.start,
        v.pitch,
        grid[0],
        grid[1],
        1.0 / (head_dim as f32).sqrt(),
    );
    let buffers = [q.buffer, k.buffer, v.buffer, added, &y];
    with_precision!(gpu.precision(), P => match blueprint.exchange {
        Exchange::Broadcast => broadcast::launch::<P>(gpu, cubes, buffers, sizes, shape),
        Exchange::Shared => shared::launch::<P>(gpu, cubes, buffers, sizes, shape),
        Exchange::Matrix => matrix::launch::<P>(gpu, cubes, buffers, sizes, shape),
    });
    Ok(y)
}

/// What is known when a kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape {
    head_dim: usize,
    /// Keys of a block.
    block: usize,
    /// Keys in shared memory.
    tile: usize,
    /// Units of a cube.
    units: u32,
    bias: Added,
}

/// What is added to the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Added {
    Nothing,
    /// `[heads, queries, keys]`
    Table,
    /// [`positions::offsets`]
    Offsets,
}

/// Attention's sizes, as kernels see them.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Sizes {
    /// Images · heads.
    pairs: usize,
    heads: usize,
    queries: usize,
    keys: usize,
    /// Keys between those of one image and the next; 0 where all images share them.
    image_keys: usize,
    q_start: usize,
    q_pitch: usize,
    k_start: usize,
    k_pitch: usize,
    v_start: usize,
    v_pitch: usize,
    grid_height: usize,
    grid_width: usize,
    scale: f32,
}

/// Returns what is added to the score of a query and a key.
#[cube]
fn added(
    bias: &[f32],
    sizes: &Sizes,
    pair: usize,
    query: usize,
    key: usize,
    #[comptime] kind: Added,
) -> f32 {
    match comptime!(kind) {
        Added::Nothing => 0.0f32.runtime(),
        Added::Table => bias[(pair % sizes.heads * sizes.queries + query) * sizes.keys + key],
        Added::Offsets => {
            let base = pair * (sizes.grid_height + sizes.grid_width);
            let row = base + key / sizes.grid_width;
            let column = base + sizes.grid_height + key % sizes.grid_width;
            bias[row * sizes.queries + query] + bias[column * sizes.queries + query]
        }
    }
}
