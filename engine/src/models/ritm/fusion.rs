//! One module of HRNet: branches of several resolutions, then every branch receives all others.
//! See [`Module`].

use kernels::{
    Activation, Epilogue, Tensor,
    conv2d::{ConvWeights, conv2d},
    elementwise::{activate, add},
    resize::{Resize, resize_bilinear},
};

use super::blocks::Block;
use crate::models::{
    ModelError,
    parameters::{Parameters, square},
};

/// Some branches, from fine to coarse, each half the size of the one before.
pub(super) struct Module {
    branches: Vec<Branch>,
}

struct Branch {
    blocks: Vec<Block>,
    /// From each finer branch: 3×3 convolutions of stride 2, as many as there are halvings.
    from_finer: Vec<Vec<ConvWeights>>,
    /// From each coarser branch: a 1×1 convolution, before the map is enlarged.
    from_coarser: Vec<ConvWeights>,
}

impl Module {
    /// Builds branches of `width`, 2 `width`, 4 `width` … channels.
    pub(super) fn load(
        width: usize,
        branches: usize,
        blocks: usize,
        p: &Parameters<'_>,
    ) -> Result<Self, ModelError> {
        let channels = |branch: usize| width << branch;
        let branch = |i: usize| -> Result<Branch, ModelError> {
            let own = p.at("branches").at(i);
            let fuse = p.at("fuse_layers").at(i);
            let shrink = |j: usize| {
                let step = |k: usize| {
                    let outputs = channels(if k + 1 == i - j { i } else { j });
                    let layout = square(channels(j), outputs, 3, 2);
                    fuse.at(j).at(k).conv_norm("0", "1", layout)
                };
                (0..i - j).map(step).collect::<Result<Vec<_>, _>>()
            };
            let enlarge = |j: usize| {
                let layout = square(channels(j), channels(i), 1, 1);
                fuse.at(j).conv_norm("0", "1", layout)
            };
            Ok(Branch {
                blocks: (0..blocks)
                    .map(|block| Block::basic(channels(i), &own.at(block)))
                    .collect::<Result<_, _>>()?,
                from_finer: (0..i).map(shrink).collect::<Result<_, _>>()?,
                from_coarser: (i + 1..branches).map(enlarge).collect::<Result<_, _>>()?,
            })
        };
        Ok(Self {
            branches: (0..branches).map(branch).collect::<Result<_, _>>()?,
        })
    }

    /// Maps the branches' images, `[n, height / 2ⁱ, width / 2ⁱ, channels · 2ⁱ]`, to as many.
    pub(super) fn forward(&self, x: &[Tensor]) -> Result<Vec<Tensor>, ModelError> {
        let mut own = Vec::with_capacity(x.len());
        for (branch, x) in self.branches.iter().zip(x) {
            let mut y = x.clone();
            for block in &branch.blocks {
                y = block.forward(&y)?;
            }
            own.push(y);
        }
        let branches = self.branches.iter().enumerate();
        branches.map(|(i, branch)| branch.fuse(i, &own)).collect()
    }
}

impl Branch {
    /// Returns the rectified sum of all branches at the size of branch `i`, this one.
    fn fuse(&self, i: usize, all: &[Tensor]) -> Result<Tensor, ModelError> {
        let mut sum = all[i].clone();
        for (coarse, weights) in all[i + 1..].iter().zip(&self.from_coarser) {
            let small = conv2d(coarse, weights, Epilogue::NONE)?;
            sum = add(&sum, &enlarged(&small, &sum)?)?;
        }
        for (j, (fine, chain)) in all.iter().zip(&self.from_finer).enumerate() {
            let mut y = fine.clone();
            for (k, weights) in chain.iter().enumerate() {
                let is_last = k + 1 == chain.len();
                // The ReLU of the whole sum goes with its last part.
                let ends_sum = j + 1 == i;
                let epilogue = Epilogue {
                    activation: if is_last && !ends_sum {
                        Activation::None
                    } else {
                        Activation::Relu
                    },
                    residual: is_last.then_some(&sum),
                };
                y = conv2d(&y, weights, epilogue)?;
            }
            sum = y;
        }
        if self.from_finer.is_empty() {
            sum = activate(&sum, Activation::Relu)?;
        }
        Ok(sum)
    }
}

/// Enlarges `x` to the height and width of `to`, corners aligned.
pub(super) fn enlarged(x: &Tensor, to: &Tensor) -> Result<Tensor, ModelError> {
    let size = [to.shape()[1], to.shape()[2]];
    Ok(resize_bilinear(x, Resize::to(size).align_corners())?)
}
