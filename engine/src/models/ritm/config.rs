//! The architectures of RITM as data. See [`RitmConfig`].

use crate::weights::{Architecture, ModelConfig, Setting, WeightSource, WeightsError};

/// A RITM with iterative mask guidance (IT-M) on HRNet with an OCR head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RitmConfig {
    /// Channels of the finest branch; each coarser one has twice as many.
    pub width: usize,
    /// Channels of the OCR head's keys; its pixels have twice as many.
    pub ocr: usize,
    /// Whether HRNet has fewer blocks and modules.
    pub small: bool,
}

/// Every variant with its name in the catalogue.
const VARIANTS: [(Architecture, &str, RitmConfig); 3] = [
    (
        Architecture::RitmHrnet18s,
        "ritm_h18s",
        RitmConfig::new(18, 48, true),
    ),
    (
        Architecture::RitmHrnet18,
        "ritm_h18",
        RitmConfig::new(18, 64, false),
    ),
    (
        Architecture::RitmHrnet32,
        "ritm_h32",
        RitmConfig::new(32, 128, false),
    ),
];

/// What the constructor was told in every checkpoint that this code runs; the rest is training's.
const REQUIRED: [(&str, Setting); 8] = [
    ("with_prev_mask", Setting::Flag(true)),
    ("use_disks", Setting::Flag(true)),
    ("use_leaky_relu", Setting::Flag(true)),
    ("use_rgb_conv", Setting::Flag(false)),
    ("conv_extend", Setting::Flag(false)),
    ("binary_prev_mask", Setting::Flag(false)),
    ("clicks_groups", Setting::Nothing),
    ("norm_radius", Setting::Number(5)),
];

impl RitmConfig {
    const fn new(width: usize, ocr: usize, small: bool) -> Self {
        Self { width, ocr, small }
    }

    /// Returns the configuration of an architecture of this family.
    pub fn of(architecture: Architecture) -> Option<Self> {
        let mut variants = VARIANTS.iter();
        let variant = variants.find(|(variant, ..)| *variant == architecture);
        variant.map(|(.., config)| *config)
    }

    /// Returns how many blocks each branch and the first stage have.
    pub(super) fn blocks(self) -> usize {
        if self.small { 2 } else { 4 }
    }

    /// Returns how many modules the second, third and fourth stage have.
    pub(super) fn modules(self) -> [usize; 3] {
        if self.small { [1, 3, 2] } else { [1, 4, 3] }
    }

    /// Checks that the checkpoint, if it says what it is of, is of this variant.
    ///
    /// # Errors
    /// When it is of another class, another variant, or one that this code does not run.
    pub(super) fn check(self, source: &dyn WeightSource) -> Result<(), WeightsError> {
        let Some(config) = source.config() else {
            return Ok(());
        };
        self.compare(config)
            .map_err(|problem| WeightsError::Config {
                origin: config.origin.clone(),
                problem,
            })
    }

    fn compare(self, config: &ModelConfig) -> Result<(), String> {
        if !config.class.ends_with(".HRNetModel") {
            let class = &config.class;
            return Err(format!("is of a {class}, expected RITM's HRNetModel"));
        }
        let differs = |&&(name, ref expected): &&(&str, Setting)| {
            let found = config.parameters.get(name);
            found.is_some_and(|found| found != expected)
        };
        if let Some((name, expected)) = REQUIRED.iter().find(differs) {
            let found = &config.parameters[*name];
            return Err(format!(
                "was trained with {name} = {found}, but only {expected} runs here"
            ));
        }
        let number = |name: &str| match config.parameters.get(name) {
            Some(Setting::Number(number)) => usize::try_from(*number).ok(),
            _ => None,
        };
        let found = match (
            number("width"),
            number("ocr_width"),
            config.parameters.get("small"),
        ) {
            (Some(width), Some(ocr), Some(&Setting::Flag(small))) => Self::new(width, ocr, small),
            _ => return Err("does not say its width, ocr_width and small".to_owned()),
        };
        if found == self {
            return Ok(());
        }
        let name = |config| {
            let variant = VARIANTS.iter().find(|(.., variant)| *variant == config);
            variant.map_or("of no known variant", |(_, name, _)| name)
        };
        Err(format!(
            "is {} (width {}, ocr_width {}, small {}), expected {}; store it under the file name of its own model",
            name(found),
            found.width,
            found.ocr,
            found.small,
            name(self)
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn config(class: &str, parameters: &[(&str, Setting)]) -> ModelConfig {
        let parameters = parameters.iter();
        ModelConfig {
            origin: "a.pth".to_owned(),
            class: class.to_owned(),
            parameters: parameters
                .map(|(name, setting)| ((*name).to_owned(), setting.clone()))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn the_variant_is_read_from_the_checkpoint() {
        const CLASS: &str = "isegm.model.is_hrnet_model.HRNetModel";
        let expected = RitmConfig::of(Architecture::RitmHrnet18s).expect("a variant");
        let small = [
            ("width", Setting::Number(18)),
            ("ocr_width", Setting::Number(48)),
            ("small", Setting::Flag(true)),
            ("norm_radius", Setting::Number(5)),
        ];
        assert_eq!(expected.compare(&config(CLASS, &small)), Ok(()));
        let mut large = small.clone();
        (large[0].1, large[1].1, large[2].1) = (
            Setting::Number(32),
            Setting::Number(128),
            Setting::Flag(false),
        );
        let problem = expected.compare(&config(CLASS, &large));
        let problem = problem.expect_err("another variant");
        assert!(problem.contains("is ritm_h32") && problem.contains("expected ritm_h18s"));
        let mut wide = small.clone();
        wide[3].1 = Setting::Number(260);
        let problem = expected.compare(&config(CLASS, &wide));
        assert!(problem.expect_err("another radius").contains("norm_radius"));
        let problem = expected.compare(&config("isegm.DeeplabModel", &small));
        assert!(problem.expect_err("another class").contains("DeeplabModel"));
        assert!(expected.compare(&config(CLASS, &[])).is_err());
    }
}
