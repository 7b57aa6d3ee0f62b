//! Numbers on a device. See [`Tensor`].

use std::{ops::Range, sync::Arc};

#[cfg(feature = "wgpu")]
use crate::gpu;
use crate::{Device, KernelError, buffer::Buffer};

/// A dense row-major `f32` tensor that lives on a [`Device`]. Cloning and reshaping share the
/// data; nothing is ever written in place.
#[derive(Clone, Debug)]
pub struct Tensor {
    shape: Vec<usize>,
    device: Device,
    storage: Storage,
}

#[derive(Clone, Debug)]
enum Storage {
    Cpu(Arc<Buffer>),
    #[cfg(feature = "wgpu")]
    Gpu(gpu::Buffer),
}

impl Tensor {
    /// Puts `data`, in row-major order, on `device`.
    ///
    /// # Errors
    /// When `shape` does not hold exactly `data.len()` elements.
    pub fn from_vec(device: &Device, shape: &[usize], data: Vec<f32>) -> Result<Self, KernelError> {
        if elements(shape) != Some(data.len()) {
            return Err(KernelError::shape(
                "tensor",
                "data",
                &[data.len()],
                format!("as many elements as {shape:?}"),
            ));
        }
        #[cfg(feature = "wgpu")]
        if let Some(gpu) = device.as_gpu() {
            let buffer = gpu::Buffer::upload(gpu, &data)?;
            return Ok(Self::on_gpu(device, shape.to_vec(), buffer));
        }
        Ok(Self {
            shape: shape.to_vec(),
            device: device.clone(),
            storage: Storage::Cpu(Arc::new(data.into())),
        })
    }

    /// Returns the extents, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Returns where the data lives.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Copies the data off the device, in row-major order.
    ///
    /// # Errors
    /// When the device failed in this or an earlier operation.
    pub fn to_vec(&self) -> Result<Vec<f32>, KernelError> {
        match &self.storage {
            Storage::Cpu(data) => Ok(data.to_vec()),
            #[cfg(feature = "wgpu")]
            Storage::Gpu(buffer) => buffer.download(self.len()),
        }
    }

    /// Returns the same data under another shape, without a copy.
    ///
    /// # Errors
    /// When the number of elements differs.
    pub fn reshape(&self, shape: &[usize]) -> Result<Self, KernelError> {
        if elements(shape) != Some(self.len()) {
            return Err(KernelError::shape(
                "reshape",
                "tensor",
                &self.shape,
                format!("as many elements as {shape:?}"),
            ));
        }
        Ok(Self {
            shape: shape.to_vec(),
            ..self.clone()
        })
    }

    /// Returns a view of a range of the last axis, for operations that read one part of a fused
    /// projection (query, key or value) where it lies.
    ///
    /// # Errors
    /// When the range reaches past the last axis.
    pub fn columns(&self, range: Range<usize>) -> Result<Columns<'_>, KernelError> {
        if range.start > range.end || range.end > self.channels() {
            return Err(KernelError::shape(
                "columns",
                "tensor",
                &self.shape,
                format!("a last axis that holds {range:?}"),
            ));
        }
        Ok(Columns {
            tensor: self,
            range,
        })
    }

    /// Returns the number of elements.
    pub(crate) fn len(&self) -> usize {
        // It did not overflow when the tensor was made.
        self.shape.iter().product()
    }

    /// Returns the last extent; 1 for a scalar.
    pub(crate) fn channels(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// Returns the data of a tensor on the CPU. Operations check that all is on one device.
    pub(crate) fn cpu(&self) -> &[f32] {
        match &self.storage {
            Storage::Cpu(data) => data,
            #[cfg(feature = "wgpu")]
            Storage::Gpu(_) => unreachable!("the operation checked that this is on the CPU"),
        }
    }

    /// Returns the data of a tensor on a graphics device. Operations check that all is on one.
    #[cfg(feature = "wgpu")]
    pub(crate) fn gpu(&self) -> &gpu::Buffer {
        match &self.storage {
            Storage::Cpu(_) => unreachable!("the operation checked that this is on its device"),
            Storage::Gpu(buffer) => buffer,
        }
    }

    /// Makes a tensor of `shape` of what an operation on a graphics device wrote.
    #[cfg(feature = "wgpu")]
    pub(crate) fn on_gpu(
        device: &Device,
        shape: impl Into<Vec<usize>>,
        buffer: gpu::Buffer,
    ) -> Self {
        Self {
            shape: shape.into(),
            device: device.clone(),
            storage: Storage::Gpu(buffer),
        }
    }

    /// Makes a tensor of `shape` on the CPU and lets `fill` write every one of its elements,
    /// which hold leftovers before.
    pub(crate) fn on_cpu(
        device: &Device,
        shape: impl Into<Vec<usize>>,
        fill: impl FnOnce(&mut [f32]),
    ) -> Self {
        let shape = shape.into();
        let mut data = device.as_cpu().buffer(shape.iter().product());
        fill(&mut data);
        Self {
            shape,
            device: device.clone(),
            storage: Storage::Cpu(Arc::new(data)),
        }
    }
}

/// Returns the product of the extents, or `None` where it overflows.
fn elements(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
}

/// A view of a range of a tensor's last axis. A whole tensor converts into one.
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    tensor: &'a Tensor,
    range: Range<usize>,
}

impl<'a> From<&'a Tensor> for Columns<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Self {
            tensor,
            range: 0..tensor.channels(),
        }
    }
}

impl<'a> Columns<'a> {
    /// Returns the tensor under the view.
    pub(crate) fn tensor(&self) -> &'a Tensor {
        self.tensor
    }

    /// Returns the number of columns.
    pub(crate) fn width(&self) -> usize {
        self.range.len()
    }

    /// Returns the first column.
    #[cfg(feature = "wgpu")]
    pub(crate) fn start(&self) -> usize {
        self.range.start
    }

    /// Returns the data from the first column of the first row on, and the distance of rows.
    pub(crate) fn cpu(&self) -> (&'a [f32], usize) {
        let data = self.tensor.cpu();
        (
            data.get(self.range.start..).unwrap_or_default(),
            self.tensor.channels(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_and_data_must_agree() {
        let device = Device::cpu();
        assert!(Tensor::from_vec(&device, &[2, 3], vec![0.0; 5]).is_err());
        assert!(Tensor::from_vec(&device, &[usize::MAX, 2], vec![]).is_err());
        let tensor = Tensor::from_vec(&device, &[2, 3], vec![0.0; 6]);
        let tensor = tensor.expect("6 elements");
        assert_eq!(tensor.reshape(&[3, 2]).expect("6 elements").shape(), [3, 2]);
        assert!(tensor.reshape(&[7]).is_err());
        assert!(tensor.columns(1..4).is_err());
    }
}
