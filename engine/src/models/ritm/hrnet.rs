//! The backbone HRNetV2 (Wang et al. 2020), with features of the clicks added in its stem.
//! See [`HrNet`].

use kernels::{
    Activation, Tensor,
    concat::concat,
    conv2d::{ConvWeights, conv2d},
};

use super::{
    RitmConfig,
    blocks::Block,
    fusion::{Module, enlarged},
};
use crate::models::{
    ModelError,
    parameters::{Parameters, square},
};

/// Channels of the stem.
pub(super) const STEM: usize = 64;

/// Channels of the first stage.
const FIRST: usize = 256;

/// From an image to features at a quarter of its size.
pub(super) struct HrNet {
    stem: [ConvWeights; 2],
    first: Vec<Block>,
    /// From the first stage to the two branches of the second.
    split: [ConvWeights; 2],
    stages: [Stage; 3],
}

/// One of the stages of several branches.
struct Stage {
    modules: Vec<Module>,
    /// From its coarsest branch to the next stage's; the last stage has none.
    next: Option<ConvWeights>,
}

impl HrNet {
    /// Builds it from the parameters below `feature_extractor`.
    pub(super) fn load(config: RitmConfig, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let width = config.width;
        let first = |index: usize| {
            let inputs = if index == 0 { STEM } else { FIRST };
            Block::bottleneck(inputs, STEM, FIRST, &p.at("layer1").at(index))
        };
        let transition = |module: &str, inputs, outputs, stride| {
            let layout = square(inputs, outputs, 3, stride);
            p.at(module).conv_norm("0", "1", layout)
        };
        let stage = |index: usize| -> Result<Stage, ModelError> {
            let branches = index + 2;
            let module = |module: usize| {
                let p = p.at(format!("stage{branches}")).at(module);
                Module::load(width, branches, config.blocks(), &p)
            };
            let coarsest = width << (branches - 1);
            let next = (branches < 4).then(|| {
                let name = format!("transition{branches}.{branches}.0");
                transition(&name, coarsest, 2 * coarsest, 2)
            });
            Ok(Stage {
                modules: (0..config.modules()[index])
                    .map(module)
                    .collect::<Result<_, _>>()?,
                next: next.transpose()?,
            })
        };
        Ok(Self {
            stem: [
                p.conv_norm("conv1", "bn1", square(3, STEM, 3, 2))?,
                p.conv_norm("conv2", "bn2", square(STEM, STEM, 3, 2))?,
            ],
            first: (0..config.blocks()).map(first).collect::<Result<_, _>>()?,
            split: [
                transition("transition1.0", FIRST, width, 1)?,
                transition("transition1.1.0", FIRST, 2 * width, 2)?,
            ],
            stages: [stage(0)?, stage(1)?, stage(2)?],
        })
    }

    /// Maps normalised images `[n, height, width, 3]` to `[n, height/4, width/4, 15 width]`,
    /// rounded up. `add_clicks` adds the clicks' features to the first map of the stem; `visit`
    /// sees results under their names in the reference.
    pub(super) fn forward(
        &self,
        image: &Tensor,
        add_clicks: impl FnOnce(&Tensor) -> Result<Tensor, ModelError>,
        visit: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, ModelError> {
        let x = conv2d(image, &self.stem[0], Activation::Relu.into())?;
        let x = add_clicks(&x)?;
        let mut x = conv2d(&x, &self.stem[1], Activation::Relu.into())?;
        for block in &self.first {
            x = block.forward(&x)?;
        }
        visit("layer1", &x);
        let split = |weights| conv2d(&x, weights, Activation::Relu.into());
        let mut branches = vec![split(&self.split[0])?, split(&self.split[1])?];
        for (index, stage) in self.stages.iter().enumerate() {
            for module in &stage.modules {
                branches = module.forward(&branches)?;
            }
            for (branch, x) in branches.iter().enumerate() {
                visit(&format!("stage{}.branch_{branch}", index + 2), x);
            }
            if let (Some(next), Some(coarsest)) = (&stage.next, branches.last()) {
                branches.push(conv2d(coarsest, next, Activation::Relu.into())?);
            }
        }
        let finest = &branches[0];
        let coarser: Vec<_> = branches[1..]
            .iter()
            .map(|branch| enlarged(branch, finest))
            .collect::<Result<_, _>>()?;
        let all: Vec<_> = std::iter::once(finest).chain(&coarser).collect();
        Ok(concat(&all, 3)?)
    }
}
