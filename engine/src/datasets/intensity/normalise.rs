//! From stored values to the 8 bits that models see. See [`Step`].

use serde::Deserialize;

use super::spread::{Spread, percentile};

/// A step from stored values towards 0…255.
///
/// Each step maps an interval to 0…1 and clips to it; the steps follow one another; the last result
/// is multiplied by 255 and truncated, as NumPy's `astype(uint8)` does. What is not a number
/// becomes 0.
///
/// ```ron
/// normalise: [percentile(low: 0.5, high: 99.5, over: volume), min_max(slice)]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// From 0 to the largest value: the study's rule for its 8-bit images.
    DivideByMax(Over),
    /// From the smallest to the largest value.
    MinMax(Over),
    /// From one percentile to another; NumPy's linear interpolation.
    Percentile {
        /// In percent.
        low: Percent,
        /// In percent.
        high: Percent,
        /// What the percentiles are of.
        over: Over,
    },
    /// A window as radiologists give it.
    Window {
        /// Its middle.
        centre: f64,
        /// From its lower to its upper end.
        width: Positive,
    },
    /// The CT window with centre 40 and width 400.
    SoftTissue,
    /// The CT window with centre −600 and width 1500.
    Lung,
    /// The CT window with centre 400 and width 1800.
    Bone,
    /// The CT window with centre 40 and width 80.
    Brain,
    /// The window that the header of a DICOM image gives its slice. Comes first.
    HeaderWindow,
    /// From the activity in a DICOM PET image to standardised uptake values by body weight (g/ml), for
    /// the steps after it. Comes first.
    Suv,
}

impl Step {
    /// Returns the window between two values, from black to white; `None` if they are no such.
    pub(in crate::datasets) fn between([black, white]: [f64; 2]) -> Option<Self> {
        let width = Positive::try_from(white - black).ok()?;
        let centre = black + width.0 / 2.0;
        Some(Self::Window { centre, width })
    }

    /// Returns the percentiles of the whole volume on which its interval depends.
    pub(in crate::datasets) fn of_volume(&self) -> Vec<Percent> {
        match *self {
            Self::DivideByMax(Over::Volume) => vec![Percent(100.0)],
            Self::MinMax(Over::Volume) => vec![Percent(0.0), Percent(100.0)],
            Self::Percentile {
                low,
                high,
                over: Over::Volume,
            } => vec![low, high],
            Self::DivideByMax(Over::Slice)
            | Self::MinMax(Over::Slice)
            | Self::Percentile {
                over: Over::Slice, ..
            }
            | Self::Window { .. }
            | Self::SoftTissue
            | Self::Lung
            | Self::Bone
            | Self::Brain
            | Self::HeaderWindow
            | Self::Suv => Vec::new(),
        }
    }
}

/// What extremes and percentiles are of. A plain image is a volume of one slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The slice at hand.
    Slice,
    /// The whole volume.
    Volume,
}

/// A percentage, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "f64")]
pub struct Percent(f64);

impl Percent {
    /// Returns the number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Percent {
    type Error = String;

    fn try_from(percent: f64) -> Result<Self, String> {
        if (0.0..=100.0).contains(&percent) {
            Ok(Self(percent))
        } else {
            Err(format!("{percent} %: expected 0 to 100"))
        }
    }
}

/// A finite number above 0.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "f64")]
pub struct Positive(f64);

impl Positive {
    /// Returns the number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Positive {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if number > 0.0 && number.is_finite() {
            Ok(Self(number))
        } else {
            Err(format!("{number}: expected a number above 0"))
        }
    }
}

/// The group's only published rule for volumes: clipped to the 0th and 100th percentile of the
/// volume, then each slice stretched from its smallest to its largest value.
pub(in crate::datasets) fn published() -> Vec<Step> {
    vec![
        Step::Percentile {
            low: Percent(0.0),
            high: Percent(100.0),
            over: Over::Volume,
        },
        Step::MinMax(Over::Slice),
    ]
}

/// The study's rule for images.
pub(in crate::datasets) fn divide_by_max() -> Vec<Step> {
    vec![Step::DivideByMax(Over::Slice)]
}

/// Refuses steps that make no sense together, or need a header where there is none.
pub(in crate::datasets) fn check(steps: &[Step], has_header: bool) -> Result<(), String> {
    for (index, step) in steps.iter().enumerate() {
        let word = match step {
            Step::HeaderWindow => "header_window",
            Step::Suv => "suv",
            _ => continue,
        };
        if !has_header {
            return Err(format!(
                "`normalise: [{word}]` needs the header of DICOM images; expected another step, such as \
                 window(centre: 40, width: 400)"
            ));
        }
        if index > 0 {
            return Err(format!(
                "`{word}` is about values as stored; expected it as the first step of `normalise`"
            ));
        }
        if *step == Step::Suv && steps.len() == 1 {
            return Err(
                "`suv` says what values are worth, not how they are shown; expected a step after it, \
                 such as window(centre: 5, width: 10)"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// Steps with their intervals known: a map from stored values to bytes that does not decrease.
#[derive(Clone, Debug)]
pub(in crate::datasets) struct Mapping {
    /// What stored values are multiplied by before the first step.
    factor: f64,
    intervals: Vec<[f64; 2]>,
    /// What becomes 1 where there are no steps.
    full_scale: f64,
}

impl Mapping {
    /// Looks at the values to find the interval of each step. Without steps, 0 to `full_scale`
    /// (255 for 8 bits, 65535 for 16) is shown as it is. `factor` (above 0) is what [`Step::Suv`]
    /// multiplies values by; a [`Step::HeaderWindow`] has been made a [`Step::Window`].
    pub(in crate::datasets) fn find(
        steps: &[Step],
        factor: f64,
        full_scale: f64,
        slice: &mut dyn Spread,
        volume: &mut dyn Spread,
    ) -> Self {
        let mut mapping = Self {
            factor,
            intervals: Vec::with_capacity(steps.len()),
            full_scale,
        };
        for step in steps {
            let mut rank = |percent: Percent, over| {
                let spread: &mut dyn Spread = if over == Over::Slice {
                    &mut *slice
                } else {
                    &mut *volume
                };
                percentile(spread, percent.0, |value| mapping.unit(value))
            };
            let window = |centre: f64, width: f64| [centre - width / 2.0, centre + width / 2.0];
            let interval = match *step {
                Step::DivideByMax(over) => [0.0, rank(Percent(100.0), over)],
                Step::MinMax(over) => [rank(Percent(0.0), over), rank(Percent(100.0), over)],
                Step::Percentile { low, high, over } => [rank(low, over), rank(high, over)],
                Step::Window { centre, width } => window(centre, width.0),
                Step::SoftTissue => window(40.0, 400.0),
                Step::Lung => window(-600.0, 1500.0),
                Step::Bone => window(400.0, 1800.0),
                Step::Brain => window(40.0, 80.0),
                Step::Suv => continue,
                Step::HeaderWindow => unreachable!("whoever reads headers has replaced it"),
            };
            mapping.intervals.push(interval);
        }
        mapping
    }

    /// Returns the value after the steps so far: 0 to 1, or as stored if there is none.
    fn unit(&self, value: f64) -> f64 {
        let value = value * self.factor;
        self.intervals.iter().fold(value, |value, &[low, high]| {
            if high > low {
                ((value - low) / (high - low)).clamp(0.0, 1.0)
            } else {
                0.0
            }
        })
    }

    /// Returns the byte that shows a stored value.
    pub(in crate::datasets) fn byte(&self, value: f64) -> u8 {
        if self.intervals.is_empty() {
            // Halves round up, so that 16 bits come down to 8 without a shift.
            return (value / self.full_scale * 255.0 + 0.5)
                .floor()
                .clamp(0.0, 255.0) as u8;
        }
        // The cast truncates, and makes 0 of what is not a number.
        (self.unit(value) * 255.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::intensity::spread::Values;
    use proptest::prelude::*;

    fn bytes(steps: &[Step], values: &[f64]) -> Vec<u8> {
        let spread = || Values::new(values.iter().copied());
        let mapping = Mapping::find(steps, 1.0, 255.0, &mut spread(), &mut spread());
        values.iter().map(|&value| mapping.byte(value)).collect()
    }

    #[test]
    fn steps_do_what_they_are_called() {
        let hounsfield = [-1000.0, -160.0, 40.0, 240.0, 3000.0, f64::NAN];
        assert_eq!(
            bytes(&[Step::SoftTissue], &hounsfield),
            [0, 0, 127, 255, 255, 0]
        );
        assert_eq!(
            bytes(&[Step::MinMax(Over::Slice)], &[10.0, 20.0, 30.0]),
            [0, 127, 255]
        );
        assert_eq!(
            bytes(&[Step::DivideByMax(Over::Slice)], &[0.0, 100.0, 200.0]),
            [0, 127, 255]
        );
        let middle = Step::Percentile {
            low: Percent(25.0),
            high: Percent(75.0),
            over: Over::Volume,
        };
        assert_eq!(
            bytes(&[middle], &[0.0, 1.0, 2.0, 3.0, 4.0]),
            [0, 0, 127, 255, 255]
        );
        assert_eq!(
            bytes(
                &[middle, Step::MinMax(Over::Slice)],
                &[0.0, 1.0, 2.0, 3.0, 4.0]
            ),
            [0, 0, 127, 255, 255]
        );
        assert_eq!(bytes(&[], &[0.0, 1.0, 254.0, 255.0]), [0, 1, 254, 255]);
    }

    #[test]
    fn steps_that_need_a_header_come_first_and_find_one() {
        let window = Step::between([0.0, 10.0]).expect("a window");
        let told = |steps: &[Step], has_header| check(steps, has_header).err().unwrap_or_default();
        for step in [Step::HeaderWindow, Step::Suv] {
            assert!(told(&[step, window], false).contains("needs the header of DICOM images"));
            assert!(told(&[window, step], true).contains("expected it as the first step"));
            assert_eq!(told(&[step, window], true), "");
        }
        assert!(told(&[Step::Suv], true).contains("expected a step after it"));
        assert_eq!(told(&[Step::HeaderWindow], true), "");
        assert_eq!(told(&[Step::SoftTissue, Step::Bone], false), "");
        assert_eq!(Step::between([3.0, 3.0]), None);
        assert_eq!(Step::between([f64::NAN, 3.0]), None);

        let stored = [0.0, 500.0, 1000.0, 4000.0];
        let spread = || Values::new(stored.iter().copied());
        let uptake = |steps: &[Step]| {
            let mapping = Mapping::find(steps, 0.01, 255.0, &mut spread(), &mut spread());
            stored.map(|value| mapping.byte(value))
        };
        assert_eq!(uptake(&[Step::Suv, window]), [0, 127, 255, 255]);
        assert_eq!(
            uptake(&[Step::Suv, Step::MinMax(Over::Volume)]),
            [0, 31, 63, 255]
        );
    }

    #[test]
    fn a_flat_image_is_black() {
        for step in [Step::MinMax(Over::Slice), Step::DivideByMax(Over::Volume)] {
            assert_eq!(bytes(&[step], &[0.0, 0.0]), [0, 0]);
            assert_eq!(bytes(&[step], &[f64::NAN, f64::NAN]), [0, 0]);
        }
        assert_eq!(
            bytes(&[Step::DivideByMax(Over::Slice)], &[-5.0, -1.0]),
            [0, 0]
        );
    }

    proptest! {
        #[test]
        fn order_is_kept(mut values in prop::collection::vec(-3000.0..3000.0, 1..40), low in 0.0..50.0, high in 50.0..100.0) {
            values.sort_by(f64::total_cmp);
            let steps = [Step::Percentile { low: Percent(low), high: Percent(high), over: Over::Volume }, Step::MinMax(Over::Slice)];
            prop_assert!(bytes(&steps, &values).is_sorted());
        }
    }
}
