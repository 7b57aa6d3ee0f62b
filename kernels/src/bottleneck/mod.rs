//! The inverted bottleneck (Sandler et al., «`MobileNetV2`», 2018): a pointwise convolution that
//! widens an image, a depthwise one, and a pointwise one that narrows it again:
//! `y = activation(project(a(depthwise(a(expand(x))))) + …)` with `…` the residual.
//!
//! The result is that of three calls of [`conv2d`](crate::conv2d::conv2d()), bit by bit. On the CPU the
//! wide images, four times as large as what goes in and comes out, never leave the cache. See
//! [`bottleneck()`].

mod catalog;
mod cost;
mod cpu;
mod problem;
pub mod reference;

use crate::{
    Activation, Epilogue, KernelError, Tensor,
    conv2d::{ConvLayout, ConvWeights, Groups, conv2d},
    timer,
};

pub use catalog::CATALOG;
pub use problem::BottleneckProblem;

/// The parameters of the three convolutions.
#[derive(Clone, Debug)]
pub struct BottleneckWeights {
    expand: ConvWeights,
    depthwise: ConvWeights,
    project: ConvWeights,
}

impl BottleneckWeights {
    /// Puts together a pointwise convolution, a depthwise one, and a pointwise one.
    ///
    /// # Errors
    /// When they are not of these kinds, the channels of one are not those of the next, or they are on
    /// several devices.
    pub fn new(
        expand: ConvWeights,
        depthwise: ConvWeights,
        project: ConvWeights,
    ) -> Result<Self, KernelError> {
        let all = [&expand, &depthwise, &project];
        let layouts @ [first, second, third] = all.map(ConvWeights::layout);
        let fit = is_pointwise(first)
            && second.groups == Groups::Depthwise
            && is_pointwise(third)
            && first.outputs == second.inputs
            && second.outputs == third.inputs;
        if !fit {
            return Err(KernelError::shape(
                "bottleneck",
                "weights",
                &layouts.map(|layout| layout.outputs),
                "a 1 × 1 convolution, a depthwise one of its outputs, and a 1 × 1 one of those",
            ));
        }
        let others = [&depthwise, &project].map(ConvWeights::device);
        expand.device().check("bottleneck", others)?;
        Ok(Self {
            expand,
            depthwise,
            project,
        })
    }

    /// Returns them in the order in which they follow each other.
    fn convolutions(&self) -> [&ConvWeights; 3] {
        [&self.expand, &self.depthwise, &self.project]
    }
}

fn is_pointwise(layout: ConvLayout) -> bool {
    let ConvLayout {
        kernel,
        stride,
        padding,
        groups,
        ..
    } = layout;
    kernel == [1, 1] && stride == 1 && padding == 0 && groups == Groups::Full
}

/// Convolves `x`, `[n, height, width, inputs]`, three times → `[n, height', width', outputs]`, where the
/// depthwise convolution says what becomes of height and width. `activation` comes after the first two
/// convolutions, the epilogue after the third.
///
/// # Errors
/// When `x` has another rank or number of channels, is smaller than the depthwise kernel, or the
/// residual's shape is not the result's.
pub fn bottleneck(
    x: &Tensor,
    weights: &BottleneckWeights,
    activation: Activation,
    epilogue: Epilogue<'_>,
) -> Result<Tensor, KernelError> {
    let problem = BottleneckProblem::new(x, weights, activation, &epilogue)?;
    let [expand, depthwise, project] = weights.convolutions();
    let Some(cpu) = cpu::Weights::of([expand, depthwise, project]) else {
        let wide = conv2d(x, expand, activation.into())?;
        let wide = conv2d(&wide, depthwise, activation.into())?;
        return conv2d(&wide, project, epilogue);
    };
    let _timed = timer::operation("bottleneck", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    let residual = epilogue.residual.map(Tensor::cpu);
    Ok(Tensor::on_cpu(x.device(), problem.project.shape(), |out| {
        cpu::bottleneck(&problem, x.cpu(), &cpu, residual, out);
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    /// Numbers between −1 and 1 that look random.
    fn numbers(seed: u32, count: usize) -> Vec<f32> {
        let mixed = (0..count as u32).map(|i| (i ^ seed << 20).wrapping_mul(0x9E37_79B1) >> 8);
        mixed.map(|x| x as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    fn convolution(device: &Device, layout: ConvLayout, seed: u32) -> ConvWeights {
        let [height, width] = layout.kernel;
        let fan = match layout.groups {
            Groups::Full => layout.inputs,
            Groups::Depthwise => 1,
        };
        let weight = numbers(seed, layout.outputs * fan * height * width);
        let bias = numbers(seed + 1, layout.outputs);
        ConvWeights::new(device, layout, &weight, Some(&bias)).expect("the lengths fit")
    }

    /// From 5 channels over 21 to 7; kernel, stride and padding of the depthwise convolution.
    fn weights(device: &Device, [kernel, stride, padding]: [usize; 3]) -> BottleneckWeights {
        let pointwise = |inputs, outputs| ConvLayout {
            inputs,
            outputs,
            kernel: [1, 1],
            stride: 1,
            padding: 0,
            groups: Groups::Full,
        };
        let depthwise = ConvLayout {
            kernel: [kernel, kernel],
            stride,
            padding,
            groups: Groups::Depthwise,
            ..pointwise(21, 21)
        };
        let layouts = [pointwise(5, 21), depthwise, pointwise(21, 7)];
        let [first, second, third] = [0, 1, 2].map(|i| convolution(device, layouts[i], i as u32));
        BottleneckWeights::new(first, second, third).expect("they fit")
    }

    #[test]
    fn it_equals_its_three_convolutions_bit_by_bit() {
        let devices = Device::cpus().into_iter();
        for device in devices.flat_map(|device| device.in_each_precision()) {
            for layout in [[3, 1, 1], [3, 2, 1], [5, 2, 3], [2, 3, 0], [1, 1, 0]] {
                let weights = weights(&device, layout);
                // More columns than a strip has, more lines than a band.
                let shape = [2, 37, 133, 5];
                let x = Tensor::from_vec(&device, &shape, numbers(9, 2 * 37 * 133 * 5));
                let x = x.expect("the shape fits");
                let [expand, depthwise, project] = weights.convolutions();
                let wide = conv2d(&x, expand, Activation::Gelu.into()).expect("they fit");
                let wide = conv2d(&wide, depthwise, Activation::Gelu.into()).expect("they fit");
                let apart = conv2d(&wide, project, Epilogue::NONE).expect("they fit");
                let epilogue = Epilogue {
                    activation: Activation::Relu,
                    residual: Some(&apart),
                };
                let apart = conv2d(&wide, project, epilogue).expect("they fit");
                let at_once = bottleneck(&x, &weights, Activation::Gelu, epilogue);
                let [at_once, apart] = [at_once.expect("they fit"), apart].map(|tensor| {
                    let values = tensor.to_vec().expect("the CPU does not fail");
                    values.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                });
                assert!(at_once == apart, "{}, {layout:?}", device.name());
            }
        }
    }

    #[test]
    fn convolutions_of_other_kinds_are_refused() {
        let device = Device::cpu();
        let BottleneckWeights {
            expand,
            depthwise,
            project,
        } = weights(&device, [3, 1, 1]);
        let swapped = BottleneckWeights::new(project.clone(), depthwise.clone(), expand.clone());
        let error = swapped.expect_err("7 channels are not 21").to_string();
        assert!(error.contains("bottleneck"), "{error}");
        assert!(BottleneckWeights::new(expand.clone(), project.clone(), project.clone()).is_err());
        let weights = BottleneckWeights::new(expand, depthwise, project).expect("they fit");
        for shape in [vec![1, 4, 4, 6], vec![4, 4, 5]] {
            let len = shape.iter().product();
            let x = Tensor::from_vec(&device, &shape, vec![0.0; len]).expect("the shape fits");
            assert!(bottleneck(&x, &weights, Activation::None, Epilogue::NONE).is_err());
        }
    }
}
