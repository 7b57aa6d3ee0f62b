//! Building layers from a [`WeightSource`], by the names of the official checkpoints.
//! See [`Parameters`].

use std::fmt::Display;

use kernels::{
    Device, Tensor,
    conv_transpose2d::ConvTransposeWeights,
    conv2d::{BatchNorm, ConvLayout, ConvWeights, Groups},
    linear::LinearWeights,
    norm::NormWeights,
};

use super::ModelError;
use crate::weights::WeightSource;

/// ε of `torch.nn.BatchNorm2d`.
pub(crate) const BATCH_NORM_EPSILON: f64 = 1e-5;

/// The parameters below one module of a checkpoint, built on one device.
#[derive(Clone)]
pub(crate) struct Parameters<'a> {
    source: &'a dyn WeightSource,
    device: &'a Device,
    /// The module's name with a dot at the end; empty for the whole model.
    path: String,
}

impl<'a> Parameters<'a> {
    /// Those of the whole model.
    pub(crate) fn new(source: &'a dyn WeightSource, device: &'a Device) -> Self {
        Self {
            source,
            device,
            path: String::new(),
        }
    }

    /// Returns those of a submodule.
    pub(crate) fn at(&self, module: impl Display) -> Self {
        Self {
            path: format!("{}{module}.", self.path),
            ..self.clone()
        }
    }

    /// Returns the device everything is built on.
    pub(crate) fn device(&self) -> &'a Device {
        self.device
    }

    /// Returns a tensor's elements on the host.
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let name = format!("{}{name}", self.path);
        Ok(self.source.tensor(&name, shape)?)
    }

    /// Returns a tensor on the device.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let values = self.values(name, shape)?;
        Ok(Tensor::from_vec(self.device, shape, values)?)
    }

    /// Builds a `torch.nn.Linear` with bias.
    pub(crate) fn linear(
        &self,
        inputs: usize,
        outputs: usize,
    ) -> Result<LinearWeights, ModelError> {
        self.linears(&[""], inputs, outputs)
    }

    /// Builds several linear layers of the same input as one, whose outputs lie side by side.
    pub(crate) fn linears(
        &self,
        modules: &[&str],
        inputs: usize,
        outputs: usize,
    ) -> Result<LinearWeights, ModelError> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for module in modules {
            let dot = if module.is_empty() { "" } else { "." };
            weight.extend(self.values(&format!("{module}{dot}weight"), &[outputs, inputs])?);
            bias.extend(self.values(&format!("{module}{dot}bias"), &[outputs])?);
        }
        let shape = [modules.len() * outputs, inputs];
        Ok(LinearWeights::new(
            self.device,
            shape,
            &weight,
            Some(&bias),
        )?)
    }

    /// Builds a `torch.nn.Conv2d`.
    pub(crate) fn conv(&self, layout: ConvLayout, bias: bool) -> Result<ConvWeights, ModelError> {
        let weight = self.values("weight", &kernel_shape(&layout))?;
        let bias = if bias {
            Some(self.values("bias", &[layout.outputs])?)
        } else {
            None
        };
        Ok(ConvWeights::new(
            self.device,
            layout,
            &weight,
            bias.as_deref(),
        )?)
    }

    /// Builds a `torch.nn.Conv2d` without bias (module `conv`), the batch norm behind it (module
    /// `norm`) folded in.
    pub(crate) fn conv_norm(
        &self,
        conv: &str,
        norm: &str,
        layout: ConvLayout,
    ) -> Result<ConvWeights, ModelError> {
        self.folded(conv, norm, layout, None)
    }

    /// As [`Self::conv_norm`], for a convolution with a bias of its own.
    pub(crate) fn biased_conv_norm(
        &self,
        conv: &str,
        norm: &str,
        layout: ConvLayout,
    ) -> Result<ConvWeights, ModelError> {
        let bias = self.at(conv).values("bias", &[layout.outputs])?;
        self.folded(conv, norm, layout, Some(&bias))
    }

    fn folded(
        &self,
        conv: &str,
        norm: &str,
        layout: ConvLayout,
        bias: Option<&[f32]>,
    ) -> Result<ConvWeights, ModelError> {
        let weight = self.at(conv).values("weight", &kernel_shape(&layout))?;
        let norm = self.at(norm);
        let of_norm = |name| norm.values(name, &[layout.outputs]);
        let (weight, bias) = BatchNorm {
            gamma: &of_norm("weight")?,
            beta: &of_norm("bias")?,
            mean: &of_norm("running_mean")?,
            variance: &of_norm("running_var")?,
            epsilon: BATCH_NORM_EPSILON,
        }
        .fold(&weight, bias)?;
        Ok(ConvWeights::new(self.device, layout, &weight, Some(&bias))?)
    }

    /// Builds a `torch.nn.ConvTranspose2d` with kernel 2, stride 2 and a bias.
    pub(crate) fn conv_transpose(
        &self,
        inputs: usize,
        outputs: usize,
    ) -> Result<ConvTransposeWeights, ModelError> {
        let weight = self.values("weight", &[inputs, outputs, 2, 2])?;
        let bias = self.values("bias", &[outputs])?;
        Ok(ConvTransposeWeights::new(
            self.device,
            [inputs, outputs],
            &weight,
            Some(&bias),
        )?)
    }

    /// Builds a `torch.nn.LayerNorm` or one of SAM's `LayerNorm2d`.
    pub(crate) fn norm(&self, channels: usize, epsilon: f32) -> Result<NormWeights, ModelError> {
        let weight = self.values("weight", &[channels])?;
        let bias = self.values("bias", &[channels])?;
        Ok(NormWeights::new(self.device, &weight, &bias, epsilon)?)
    }
}

/// Returns the layout of a square kernel over all input channels that keeps the size at stride 1.
pub(crate) fn square(inputs: usize, outputs: usize, kernel: usize, stride: usize) -> ConvLayout {
    ConvLayout {
        inputs,
        outputs,
        kernel: [kernel, kernel],
        stride,
        padding: kernel / 2,
        groups: Groups::Full,
    }
}

/// Returns the layout of a 3×3 depthwise kernel that keeps the size at stride 1.
pub(crate) fn depthwise(channels: usize, stride: usize) -> ConvLayout {
    ConvLayout {
        groups: Groups::Depthwise,
        ..square(channels, channels, 3, stride)
    }
}

/// Returns the layout of non-overlapping square patches.
pub(crate) fn patches(inputs: usize, outputs: usize, side: usize) -> ConvLayout {
    ConvLayout {
        padding: 0,
        ..square(inputs, outputs, side, side)
    }
}

/// Returns the shape of a kernel in a checkpoint.
fn kernel_shape(layout: &ConvLayout) -> [usize; 4] {
    let inputs = match layout.groups {
        Groups::Full => layout.inputs,
        Groups::Depthwise => 1,
    };
    let [height, width] = layout.kernel;
    [layout.outputs, inputs, height, width]
}
