//! Easy and hard objects apart. See [`Strata`].

use std::collections::BTreeMap;

use super::{Curve, Panel, Series};

/// What tells easy objects from hard ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// Pixels of the object: a third of the slices in each stratum.
    Size,
    /// The number of its parts: one, two, more.
    Regions,
    /// How far it can be told from its surroundings by brightness
    /// ([`contrast`](crate::metrics::contrast)): a third of the slices in each stratum.
    Contrast,
}

/// The bounds between a panel's three strata, from small to large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strata {
    of: Trait,
    /// The largest value of the first stratum, and of the second.
    pub bounds: [f64; 2],
}

/// The mean IoU of one stratum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// How many trials are in it.
    pub trials: usize,
    /// Their mean IoU after the last prompt.
    pub iou: f64,
}

impl Trait {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Size, Self::Regions, Self::Contrast];

    /// Returns a trial's value; `None` where it is not known.
    fn value(self, curve: &Curve) -> Option<f64> {
        match self {
            Self::Size => Some(curve.area as f64),
            Self::Regions => curve.regions.map(f64::from),
            Self::Contrast => curve.contrast.map(f64::from),
        }
    }
}

impl Strata {
    /// Returns the bounds that divide the panel's slices; `None` if there are fewer than three, or all
    /// would be in one stratum.
    pub fn of(panel: &Panel, of: Trait) -> Option<Self> {
        let curves = panel.series.iter().flat_map(|series| &series.curves);
        let values: BTreeMap<_, _> = curves
            .filter_map(|curve| Some(((curve.case, curve.slice), of.value(curve)?)))
            .collect();
        let mut values: Vec<_> = values.into_values().collect();
        values.sort_unstable_by(f64::total_cmp);
        let third = |k: usize| {
            let place = (values.len() * k).div_ceil(3).checked_sub(1)?;
            values.get(place).copied()
        };
        let bounds = match of {
            Trait::Size | Trait::Contrast => [third(1)?, third(2)?],
            Trait::Regions => [1.0, 2.0],
        };
        let strata = Self { of, bounds };
        let (first, last) = (values.first()?, values.last()?);
        let is_divided = match of {
            Trait::Size | Trait::Contrast => first < last,
            Trait::Regions => strata.place(*first) < strata.place(*last),
        };
        (values.len() >= 3 && is_divided).then_some(strata)
    }

    fn place(&self, value: f64) -> usize {
        self.bounds.iter().filter(|bound| value > **bound).count()
    }

    /// Returns the strata of a series, from small to large; `None` where no trial is.
    pub fn means(&self, series: &Series) -> [Option<Stratum>; 3] {
        let mut sums = [(0, 0.0, 0.0); 3];
        for curve in &series.curves {
            let Some(value) = self.of.value(curve) else {
                continue;
            };
            let (trials, weights, sum) = &mut sums[self.place(value)];
            *trials += 1;
            *weights += curve.weight;
            *sum += curve.weight * curve.at(series.prompts).iou;
        }
        sums.map(|(trials, weights, sum)| {
            (trials > 0).then(|| Stratum {
                trials,
                iou: sum / weights,
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
        let strata = Strata::of(&panel, Trait::Size).expect("six sizes");
        assert_eq!(strata.bounds.map(|bound| bound as u64), [20, 40]);
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
        assert_eq!(Strata::of(&panel(&[1, 2]), Trait::Size), None);
        assert_eq!(Strata::of(&panel(&[5, 5, 5, 5]), Trait::Size), None);
        let strata = Strata::of(&panel(&[5, 5, 5, 9]), Trait::Size).expect("two sizes");
        let means = strata.means(&panel(&[5, 5, 5, 9]).series[0]);
        assert_eq!(means[1], None);
    }

    #[test]
    fn parts_and_contrast_divide_too() {
        let mut panel = panel(&[10, 20, 30, 40]);
        assert_eq!(
            Strata::of(&panel, Trait::Regions),
            None,
            "all are in one part"
        );
        assert_eq!(Strata::of(&panel, Trait::Contrast), None, "all are alike");
        for (curve, (regions, contrast)) in
            panel.series[0]
                .curves
                .iter_mut()
                .zip([(1, 0.9), (1, 0.2), (2, 0.4), (5, 0.6)])
        {
            (curve.regions, curve.contrast) = (Some(regions), Some(contrast));
        }
        let trials = |of| {
            let strata = Strata::of(&panel, of).expect("they differ");
            let means = strata.means(&panel.series[0]);
            means.map(|stratum| stratum.map_or(0, |stratum| stratum.trials))
        };
        assert_eq!(trials(Trait::Regions), [2, 1, 1]);
        assert_eq!(trials(Trait::Contrast), [2, 1, 1]);
        panel.series[0].curves[3].regions = None;
        let strata = Strata::of(&panel, Trait::Regions).expect("three are known");
        let known = strata.means(&panel.series[0]);
        assert_eq!(known[2], None, "what is not known is in no stratum");
    }
}
