//! Runs, arranged for figures. See [`Collection`].

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use crate::{
    metrics::{Measured, Unit},
    runs::{Group, Manifest, Row, RunError, RunFolder, read_rows, trials},
    scenario::{Average, Choice},
};

use rayon::prelude::*;

use super::statistics::{Cluster, Interval, intervals};

/// One or several runs, read from their folders: all that figures and pages are made from.
#[derive(Debug)]
pub struct Collection {
    /// In the order given.
    pub runs: Vec<Run>,
    /// One per object of a dataset, in the order of the runs' scenarios.
    pub panels: Vec<Panel>,
}

/// A run that was read.
#[derive(Debug)]
pub struct Run {
    /// Its folder.
    pub folder: RunFolder,
    /// What was run.
    pub manifest: Manifest,
}

/// What was played on one object of one dataset.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The dataset's name.
    pub dataset: String,
    /// The object's name.
    pub object: String,
    /// The cases' identifiers; curves name them by index.
    pub cases: Vec<String>,
    /// One per model and strategy (and run, if several have the same).
    pub series: Vec<Series>,
}

/// One strategy of one model on the panel's object.
#[derive(Clone, Debug)]
pub struct Series {
    /// Index into [`Collection::runs`].
    pub run: usize,
    /// Where it belongs in its run.
    pub group: Group,
    /// The model's name.
    pub model: String,
    /// The strategy's name.
    pub strategy: String,
    /// Model and strategy, as far as they tell it from the others of the collection.
    pub label: String,
    /// Prompts of its longest trials; at least 1.
    pub prompts: u32,
    /// The most prompts that its strategy gives.
    pub most: u32,
    /// Whether cases count once in its means, or else slices.
    pub by_case: bool,
    /// One per trial, in the rows' order.
    pub curves: Vec<Curve>,
    /// The mean IoU after 1, 2, … prompts, and its 95 % interval over cases, if there are several.
    pub means: (Vec<f64>, Option<Vec<Interval>>),
}

/// What one trial came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Index into [`Panel::cases`].
    pub case: u32,
    /// The slice within its case.
    pub slice: usize,
    /// Which playing, from 0.
    pub repeat: u32,
    /// Pixels of the object.
    pub area: u64,
    /// Of how many parts the object is; not known of old runs.
    pub regions: Option<u32>,
    /// How far the object can be told from its surroundings.
    pub contrast: Option<f32>,
    /// What it counts in means over trials: 1, or its part of its case.
    pub weight: f64,
    /// What was measured of the last prediction beyond pixel counts, if anything was.
    pub measured: Option<Box<Measured>>,
    /// One per prompt, from the first.
    pub points: Vec<Point>,
}

/// The quality of one prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// IoU of the candidate that counts.
    pub iou: f64,
    /// IoU under each of [`Choice::ALL`].
    pub choices: [f64; 4],
    /// The IoU that the model expected, if it expects any.
    pub predicted_iou: Option<f32>,
}

impl Curve {
    /// Returns the trial's point after as many prompts; one that stopped early keeps its last.
    pub fn at(&self, prompts: u32) -> &Point {
        &self.points[(prompts as usize).clamp(1, self.points.len()) - 1]
    }
}

impl Series {
    /// Returns the mean of a value after as many prompts, over trials or over cases.
    pub fn mean(&self, prompts: u32, value: impl Fn(&Point) -> f64) -> f64 {
        self.weighted(|curve| value(curve.at(prompts)))
    }

    /// Returns the mean of what was measured of the last predictions, with its unit: NaN where it was not
    /// measured, or not in one unit.
    pub fn measured(&self, value: impl Fn(&Measured) -> Option<f64>) -> (f64, Option<Unit>) {
        let measured = || {
            self.curves
                .iter()
                .filter_map(|curve| curve.measured.as_ref())
        };
        let unit = measured().fold(None, |unit, one| Unit::of_both(unit, one.unit));
        let mean = self.weighted(|curve| {
            let value = curve.measured.as_ref().and_then(|one| value(one));
            value.unwrap_or(f64::NAN)
        });
        (mean, unit)
    }

    fn weighted(&self, value: impl Fn(&Curve) -> f64) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for curve in &self.curves {
            sum += curve.weight * value(curve);
            weights += curve.weight;
        }
        sum / weights
    }

    /// Lets each case count once, if that is what is asked, and computes means and intervals.
    fn complete(&mut self) {
        if self.by_case {
            let mut counts: HashMap<u32, u32> = HashMap::new();
            for curve in &self.curves {
                *counts.entry(curve.case).or_default() += 1;
            }
            for curve in &mut self.curves {
                curve.weight = 1.0 / f64::from(counts[&curve.case]);
            }
        }
        let means = (1..=self.prompts).map(|prompts| self.mean(prompts, |point| point.iou));
        self.means = (means.collect(), intervals(&self.clusters()));
    }

    /// Gathers the trials by case.
    fn clusters(&self) -> Vec<Cluster> {
        let mut clusters = BTreeMap::new();
        for curve in &self.curves {
            let cluster = clusters.entry(curve.case).or_insert_with(|| Cluster {
                count: 0,
                sums: vec![0.0; self.prompts as usize],
            });
            cluster.count = if self.by_case { 1 } else { cluster.count + 1 };
            for (sum, prompts) in cluster.sums.iter_mut().zip(1..) {
                *sum += curve.weight * curve.at(prompts).iou;
            }
        }
        clusters.into_values().collect()
    }
}

impl Panel {
    /// Returns dataset and object.
    pub fn name(&self) -> String {
        format!("{} {}", self.dataset, self.object)
    }
}

impl Collection {
    /// Reads runs from their folders.
    ///
    /// # Errors
    /// A folder holds no run, or rows that are torn or of another run.
    pub fn read(folders: &[PathBuf]) -> Result<Self, RunError> {
        let mut reader = Reader::default();
        let mut runs = Vec::new();
        for folder in folders {
            runs.push(reader.read(runs.len(), folder)?);
        }
        let mut collection = Self {
            runs,
            panels: reader.panels,
        };
        collection.label();
        let panels = collection.panels.par_iter_mut();
        panels
            .flat_map(|panel| &mut panel.series)
            .for_each(Series::complete);
        Ok(collection)
    }

    /// Returns the most prompts of any series.
    pub fn longest(&self) -> u32 {
        let series = self.panels.iter().flat_map(|panel| &panel.series);
        series.map(|series| series.prompts).max().unwrap_or(1)
    }

    /// Returns the labels of all series, in order of first appearance.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        for series in self.panels.iter().flat_map(|panel| &panel.series) {
            if !labels.contains(&series.label.as_str()) {
                labels.push(&series.label);
            }
        }
        labels
    }

    /// Says in each label what differs: the model if there are several, the run if two have the same
    /// model and strategy, and always the strategy.
    fn label(&mut self) {
        let series = || self.panels.iter().flat_map(|panel| &panel.series);
        let Some(first) = series().next() else { return };
        let several_models = series().any(|series| series.model != first.model);
        let several_strategies = series().any(|series| series.strategy != first.strategy);
        let doubled = self.panels.iter().any(|panel| {
            panel.series.iter().enumerate().any(|(index, one)| {
                panel.series[..index]
                    .iter()
                    .any(|other| (&other.model, &other.strategy) == (&one.model, &one.strategy))
            })
        });
        let names: Vec<String> = self
            .runs
            .iter()
            .map(|run| run.manifest.scenario.name.clone())
            .collect();
        let same_names = names.iter().any(|name| names[0] != *name);
        for series in self.panels.iter_mut().flat_map(|panel| &mut panel.series) {
            let mut parts = Vec::new();
            if doubled && same_names {
                parts.push(names[series.run].clone());
            } else if doubled {
                parts.push(format!("run {}", series.run + 1));
            }
            if several_models || !several_strategies {
                parts.push(series.model.clone());
            }
            if several_strategies {
                parts.push(series.strategy.clone());
            }
            series.label = parts.join(" · ");
        }
    }
}

/// Panels as they grow.
#[derive(Default)]
struct Reader {
    panels: Vec<Panel>,
    /// The index of a case in each panel.
    cases: Vec<HashMap<String, u32>>,
}

impl Reader {
    fn read(&mut self, run: usize, folder: &Path) -> Result<Run, RunError> {
        let folder = RunFolder::open(folder);
        let manifest = Manifest::read(&folder.manifest())?;
        let mut groups: BTreeMap<Group, Vec<(String, Curve)>> = BTreeMap::new();
        for trial in trials(read_rows(&folder.rows())?) {
            let mut trial = trial?;
            let group = Group::of(&trial[0], &manifest)?;
            let curve = curve(&trial);
            let case = std::mem::take(&mut trial[0].case);
            groups.entry(group).or_default().push((case, curve));
        }
        for (group, curves) in groups {
            self.add(run, group, &manifest, curves);
        }
        Ok(Run { folder, manifest })
    }

    fn add(&mut self, run: usize, group: Group, manifest: &Manifest, curves: Vec<(String, Curve)>) {
        let dataset = &manifest.datasets[group.dataset];
        let object = &dataset.objects[group.object];
        let known = self
            .panels
            .iter()
            .position(|panel| panel.dataset == dataset.name && panel.object == *object);
        let index = known.unwrap_or_else(|| {
            self.panels.push(Panel {
                dataset: dataset.name.clone(),
                object: object.clone(),
                cases: Vec::new(),
                series: Vec::new(),
            });
            self.cases.push(HashMap::new());
            self.panels.len() - 1
        });
        let (panel, cases) = (&mut self.panels[index], &mut self.cases[index]);
        let prompts = curves.iter().map(|(_, curve)| curve.points.len()).max();
        let curves = curves.into_iter().map(|(case, mut curve)| {
            curve.case = *cases.entry(case).or_insert_with_key(|case| {
                panel.cases.push(case.clone());
                panel.cases.len() as u32 - 1
            });
            curve
        });
        let curves = curves.collect();
        panel.series.push(Series {
            run,
            group,
            model: manifest.models[group.model].name.clone(),
            strategy: manifest.strategies[group.strategy].name.clone(),
            label: String::new(),
            prompts: prompts.unwrap_or(1) as u32,
            most: manifest.strategies[group.strategy].prompts,
            by_case: manifest.average != Average::Slice,
            curves,
            means: (Vec::new(), None),
        });
    }
}

/// Returns what a trial's rows, in the order of prompts, came to.
fn curve(rows: &[Row]) -> Curve {
    let point = |row: &Row| Point {
        iou: row.iou,
        choices: Choice::ALL.map(|choice| row.iou_under(choice)),
        predicted_iou: row.predicted_iou,
    };
    Curve {
        case: 0,
        slice: rows[0].slice,
        repeat: rows[0].repeat,
        area: rows[0].area_truth,
        regions: rows[0].regions.map(|regions| regions as u32),
        contrast: rows[0].contrast.map(|contrast| contrast as f32),
        weight: 1.0,
        measured: rows.last().and_then(measured),
        points: rows.iter().map(point).collect(),
    }
}

/// Returns what was measured of a prediction beyond pixel counts.
fn measured(row: &Row) -> Option<Box<Measured>> {
    let measured = Measured {
        unit: row.unit,
        boundary_iou: row.boundary_iou,
        hd95: row.hd95,
        assd: row.assd,
        nsd: row.nsd,
    };
    (measured != Measured::default()).then(|| Box::new(measured))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A series of one trial per list of IoUs, each of a case of its own.
    pub(in crate::report) fn series(trials: &[&[f64]]) -> Series {
        let point = |&iou: &f64| Point {
            iou,
            choices: [iou; 4],
            predicted_iou: Some(0.5),
        };
        let curve = |(case, ious): (usize, &&[f64])| Curve {
            case: case as u32,
            slice: 0,
            repeat: 0,
            area: 100,
            regions: Some(1),
            contrast: Some(0.5),
            weight: 1.0,
            measured: None,
            points: ious.iter().map(point).collect(),
        };
        let mut series = Series {
            run: 0,
            group: Group {
                dataset: 0,
                object: 0,
                model: 0,
                strategy: 0,
            },
            model: "mobile_sam".to_owned(),
            strategy: "clicks".to_owned(),
            label: "clicks".to_owned(),
            prompts: trials.iter().map(|ious| ious.len()).max().unwrap_or(1) as u32,
            most: trials.iter().map(|ious| ious.len()).max().unwrap_or(1) as u32,
            by_case: false,
            curves: trials.iter().enumerate().map(curve).collect(),
            means: (Vec::new(), None),
        };
        series.complete();
        series
    }

    #[test]
    fn a_trial_that_stopped_keeps_its_last_point() {
        let series = series(&[&[0.2, 0.4, 0.6], &[1.0]]);
        let (means, intervals) = &series.means;
        for (mean, expected) in means.iter().zip([0.6, 0.7, 0.8]) {
            assert!((mean - expected).abs() < 1e-12, "{means:?}");
        }
        assert_eq!(intervals.as_ref().expect("two cases").len(), 3);
    }

    #[test]
    fn cases_count_once_where_asked() {
        let mut series = series(&[&[0.9], &[0.9], &[0.9], &[0.1]]);
        for curve in &mut series.curves[..3] {
            curve.case = 0;
        }
        series.complete();
        assert!((series.means.0[0] - 0.7).abs() < 1e-12);
        let by_slice = series.means.1.clone().expect("two cases")[0];
        series.by_case = true;
        series.complete();
        assert!((series.means.0[0] - 0.5).abs() < 1e-12);
        let by_case = series.means.1.clone().expect("two cases")[0];
        // Either case alone, or both.
        assert!((by_case.low - 0.1).abs() < 1e-12 && (by_case.high - 0.9).abs() < 1e-12);
        assert!(
            (by_slice.low - by_case.low).abs() < 1e-12,
            "alone they are the same"
        );
    }
}
