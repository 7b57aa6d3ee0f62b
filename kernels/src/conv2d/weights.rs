//! A convolution's parameters, and batch norm folded into them. See [`ConvWeights`].

#[cfg(feature = "wgpu")]
use super::cube;
use super::{ConvLayout, Groups, cpu, depthwise};
use crate::{Device, KernelError, gemm::Panels};

/// A convolution's parameters, in the device's own layout.
#[derive(Clone, Debug)]
pub struct ConvWeights {
    device: Device,
    layout: ConvLayout,
    pub(super) packed: Packed,
    has_bias: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Packed {
    Cpu(cpu::Packed),
    #[cfg(feature = "wgpu")]
    Gpu(Box<cube::Packed>),
}

impl ConvWeights {
    /// Packs the weight of a `torch.nn.Conv2d`, `[outputs, inputs, height, width]` (depthwise:
    /// `[outputs, 1, height, width]`), and its bias `[outputs]`.
    ///
    /// # Errors
    /// When the lengths do not fit `layout`, the stride or the kernel is 0, or a depthwise layout
    /// has unequal inputs and outputs.
    pub fn new(
        device: &Device,
        layout: ConvLayout,
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, KernelError> {
        let ConvLayout {
            inputs,
            outputs,
            kernel: [kh, kw],
            stride,
            groups,
            ..
        } = layout;
        let fan = match groups {
            Groups::Full => inputs,
            Groups::Depthwise => 1,
        };
        let expected = outputs
            .checked_mul(fan)
            .and_then(|n| n.checked_mul(kh))
            .and_then(|n| n.checked_mul(kw));
        let connected = groups == Groups::Full || inputs == outputs;
        if expected != Some(weight.len()) || kh * kw * stride == 0 || !connected {
            return Err(KernelError::shape(
                "conv2d",
                "weight",
                &[weight.len()],
                format!("the elements of {layout:?}, with no extent or stride of 0"),
            ));
        }
        if let Some(bias) = bias.filter(|bias| bias.len() != outputs) {
            let expected = format!("[{outputs}]");
            return Err(KernelError::shape(
                "conv2d",
                "bias",
                &[bias.len()],
                expected,
            ));
        }
        Ok(Self {
            device: device.clone(),
            layout,
            packed: Packed::new(device, layout, weight, bias)?,
            has_bias: bias.is_some(),
        })
    }

    /// Returns the kernel's shape and how it moves.
    pub fn layout(&self) -> ConvLayout {
        self.layout
    }

    /// Returns where the parameters are.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Returns whether a bias is added.
    pub(super) fn has_bias(&self) -> bool {
        self.has_bias
    }

    /// Returns the parameters of a full convolution on the CPU, as a product's.
    pub(crate) fn as_product(&self) -> Option<&Panels> {
        match &self.packed {
            Packed::Cpu(cpu::Packed::Full { direct, .. }) => Some(direct),
            _ => None,
        }
    }

    /// Returns the parameters of a depthwise convolution on the CPU.
    pub(crate) fn as_depthwise(&self) -> Option<&depthwise::Kernels> {
        match &self.packed {
            Packed::Cpu(cpu::Packed::Depthwise(kernels)) => Some(kernels),
            _ => None,
        }
    }
}

impl Packed {
    #[cfg_attr(
        not(feature = "wgpu"),
        expect(
            clippy::unnecessary_wraps,
            reason = "a graphics device may have no room"
        )
    )]
    fn new(
        device: &Device,
        layout: ConvLayout,
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, KernelError> {
        #[cfg(feature = "wgpu")]
        if let Some(gpu) = device.as_gpu() {
            return cube::pack(gpu, layout, weight, bias)
                .map(Box::new)
                .map(Self::Gpu);
        }
        Ok(Self::Cpu(cpu::pack(device.as_cpu(), &layout, weight, bias)))
    }
}

/// The parameters of a batch norm in evaluation mode, each `[channels]`:
/// `y = (x − mean) / √(variance + epsilon) · gamma + beta`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// The scale, `weight` in checkpoints.
    pub gamma: &'a [f32],
    /// The shift, `bias` in checkpoints.
    pub beta: &'a [f32],
    /// The running mean.
    pub mean: &'a [f32],
    /// The running variance.
    pub variance: &'a [f32],
    /// Keeps the root away from 0.
    pub epsilon: f64,
}

impl BatchNorm<'_> {
    /// Returns the weight (output channels first) and bias of a convolution followed by this norm,
    /// given the convolution's own. Computed in `f64`, rounded once.
    ///
    /// # Errors
    /// When a length does not fit the number of channels.
    pub fn fold(
        &self,
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<(Vec<f32>, Vec<f32>), KernelError> {
        let channels = self.gamma.len();
        let parameters = [Some(self.beta), Some(self.mean), Some(self.variance), bias];
        let fits = parameters.iter().flatten().all(|p| p.len() == channels)
            && channels > 0
            && weight.len().is_multiple_of(channels);
        if !fits {
            return Err(KernelError::shape(
                "batch norm",
                "parameters",
                &[weight.len(), channels],
                "one of each parameter, and a kernel, per output channel",
            ));
        }
        let scale: Vec<f64> = self
            .gamma
            .iter()
            .zip(self.variance)
            .map(|(&gamma, &variance)| {
                f64::from(gamma) / (f64::from(variance) + self.epsilon).sqrt()
            })
            .collect();
        let folded = weight
            .chunks(weight.len() / channels)
            .zip(&scale)
            .flat_map(|(kernel, scale)| kernel.iter().map(move |&w| (f64::from(w) * scale) as f32))
            .collect();
        let shift = (0..channels)
            .map(|c| {
                let bias = f64::from(bias.map_or(0.0, |bias| bias[c]));
                (f64::from(self.beta[c]) + (bias - f64::from(self.mean[c])) * scale[c]) as f32
            })
            .collect();
        Ok((folded, shift))
    }
}
