//! The whole network: clicks and image in, logits out. See [`RitmNetwork`].

use kernels::{
    Tensor,
    concat::slice,
    elementwise::{add, multiply},
};

use super::{
    ClickInInput, ClickNetwork, RitmConfig,
    coordinates::{ClickMaps, disks},
    hrnet::HrNet,
    ocr::Ocr,
};
use crate::{
    models::{ModelError, parameters::Parameters},
    weights::WeightSource,
};

/// ImageNet's mean per channel, of values in 0..1.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// ImageNet's standard deviation per channel.
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// RITM's network with its weights, on one device.
pub struct RitmNetwork {
    clicks: ClickMaps,
    backbone: HrNet,
    head: Ocr,
    /// What normalises an image: `[3]` each.
    scale: Tensor,
    shift: Tensor,
}

impl RitmNetwork {
    /// Builds it on a device.
    ///
    /// # Errors
    /// When a parameter is missing or has another shape.
    pub fn load(
        config: RitmConfig,
        source: &dyn WeightSource,
        device: &kernels::Device,
    ) -> Result<Self, ModelError> {
        let p = Parameters::new(source, device);
        let extractor = p.at("feature_extractor");
        let per_channel =
            |value: fn(usize) -> f32| Tensor::from_vec(device, &[3], (0..3).map(value).collect());
        Ok(Self {
            clicks: ClickMaps::load(&p.at("maps_transform"))?,
            backbone: HrNet::load(config, &extractor)?,
            head: Ocr::load(config, &extractor)?,
            scale: per_channel(|c| 1.0 / DEVIATION[c])?,
            shift: per_channel(|c| -MEAN[c] / DEVIATION[c])?,
        })
    }

    /// Does what [`ClickNetwork::logits`] does, and lets `visit` see intermediate results under their
    /// names in the reference.
    ///
    /// # Errors
    /// When the shapes do not fit, or the device fails.
    pub fn logits_visiting(
        &self,
        input: &Tensor,
        clicks: &[Vec<ClickInInput>],
        visit: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, ModelError> {
        let image = slice(input, 3, 0..3)?;
        let image = add(&multiply(&image, &self.scale)?, &self.shift)?;
        let previous = slice(input, 3, 3..4)?;
        let size = [input.shape()[1], input.shape()[2]];
        let disks = disks(input.device(), size, clicks)?;
        visit("disks", &disks);
        let add_clicks = |stem: &Tensor| self.clicks.add(&previous, &disks, Some(stem));
        let features = self.backbone.forward(&image, add_clicks, visit)?;
        self.head.forward(&features, visit)
    }

    /// Returns the features of the clicks alone, `[n, height/2, width/2, 64]`, for tests.
    ///
    /// # Errors
    /// When the shapes do not fit, or the device fails.
    pub fn click_features(
        &self,
        input: &Tensor,
        clicks: &[Vec<ClickInInput>],
    ) -> Result<Tensor, ModelError> {
        let size = [input.shape()[1], input.shape()[2]];
        let disks = disks(input.device(), size, clicks)?;
        self.clicks.add(&slice(input, 3, 3..4)?, &disks, None)
    }
}

impl ClickNetwork for RitmNetwork {
    fn logits(&self, input: &Tensor, clicks: &[Vec<ClickInInput>]) -> Result<Tensor, ModelError> {
        self.logits_visiting(input, clicks, &mut |_, _| {})
    }
}
