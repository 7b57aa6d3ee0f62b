//! Small, middling and large objects apart. See [`Strata`].

use std::collections::BTreeMap;

use super::{Panel, Series};

/// The bounds between a panel's small, middling and large objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strata {
    /// The largest area of a small object, in pixels of the slice.
    pub small: u64,
    /// The largest area of a middling object.
    pub middling: u64,
}

/// The mean IoU of one stratum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// How many trials are in it.
    pub trials: usize,
    /// Their mean IoU after the last prompt.
    pub iou: f64,
}

impl Strata {
    /// Returns the bounds that put a third of the panel's slices in each stratum; `None` if there are
    /// fewer than three slices, or all are of one size.
    pub fn of(panel: &Panel) -> Option<Self> {
        let curves = panel.series.iter().flat_map(|series| &series.curves);
        let areas: BTreeMap<_, _> = curves
            .map(|curve| ((curve.case, curve.slice), curve.area))
            .collect();
        let mut areas: Vec<_> = areas.into_values().collect();
        areas.sort_unstable();
        let third = |k: usize| {
            areas
                .get((areas.len() * k).div_ceil(3).checked_sub(1)?)
                .copied()
        };
        let strata = Self {
            small: third(1)?,
            middling: third(2)?,
        };
        (areas.len() >= 3 && areas.first() != areas.last()).then_some(strata)
    }

    /// Returns the strata of a series, from small to large; `None` where no trial is.
    pub fn means(&self, series: &Series) -> [Option<Stratum>; 3] {
        let mut sums = [(0, 0.0); 3];
        for curve in &series.curves {
            let place =
                usize::from(curve.area > self.small) + usize::from(curve.area > self.middling);
            sums[place].0 += 1;
            sums[place].1 += curve.at(series.prompts).iou;
        }
        sums.map(|(trials, sum)| {
            (trials > 0).then(|| Stratum {
                trials,
                iou: sum / trials as f64,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::collection::tests::series;

    fn panel(areas: &[u64]) -> Panel {
        let values: Vec<Vec<f64>> = areas
            .iter()
            .map(|&area| vec![area as f64 / 100.0])
            .collect();
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let mut series = series(&values);
        for (case, (curve, &area)) in series.curves.iter_mut().zip(areas).enumerate() {
            curve.area = area;
            curve.case = case as u32;
        }
        Panel {
            dataset: "chest".to_owned(),
            object: "lung".to_owned(),
            cases: areas.iter().map(u64::to_string).collect(),
            series: vec![series],
        }
    }

    #[test]
    fn a_third_of_the_slices_is_in_each() {
        let panel = panel(&[10, 60, 20, 50, 30, 40]);
        let strata = Strata::of(&panel).expect("six sizes");
        assert_eq!((strata.small, strata.middling), (20, 40));
        let means = strata
            .means(&panel.series[0])
            .map(|stratum| stratum.expect("two each"));
        assert_eq!(means.map(|stratum| stratum.trials), [2; 3]);
        for (stratum, expected) in means.iter().zip([0.15, 0.35, 0.55]) {
            assert!((stratum.iou - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn too_few_sizes_are_not_divided() {
        assert_eq!(Strata::of(&panel(&[1, 2])), None);
        assert_eq!(Strata::of(&panel(&[5, 5, 5, 5])), None);
        let strata = Strata::of(&panel(&[5, 5, 5, 9])).expect("two sizes");
        let means = strata.means(&panel(&[5, 5, 5, 9]).series[0]);
        assert_eq!(means[1], None);
    }
}
