//! `engine check`: what a scenario would play, or what is wrong with it.

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use clap::Args;
use rayon::prelude::*;

use super::{
    Outcome, models, output,
    prepare::{Prepared, prepare},
    progress::{Bar, Unit},
};
use crate::{datasets::Dataset, report::published_images, scenario::Stop, weights::State};

/// Say what a scenario would play, or what is wrong with it
///
/// Reads every image and mask once, and computes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine check scenarios/multi_region.ron
  engine check study.ron && engine run study.ron

Exit codes: 0 all is well, 1 some cases cannot be read, 2 the scenario cannot be played.")]
pub(super) struct Arguments {
    /// The scenario file
    scenario: PathBuf,

    #[command(flatten)]
    folder: models::Folder,
}

pub(super) fn check(arguments: &Arguments) -> miette::Result<Outcome> {
    let prepared = prepare(&arguments.scenario)?;
    let cases: usize = prepared.datasets.iter().map(|set| set.case_count()).sum();
    let bar = Bar::new(Unit::Cases, cases as u64, "reading");
    let counts: Vec<_> = prepared
        .datasets
        .iter()
        .map(|dataset| Counts::of(&**dataset, &bar))
        .collect();
    drop(bar);

    let tables = [
        model_table(&prepared, arguments),
        strategy_table(&prepared),
        dataset_table(&prepared, &counts),
        object_table(&prepared, &counts),
    ];
    output::print(&tables.map(|table| output::columns(&table)).join("\n"))?;
    if counts.iter().all(|counts| counts.failed == 0) {
        Ok(Outcome::Complete)
    } else {
        Ok(Outcome::Partial)
    }
}

/// What there is to play on in a dataset.
#[derive(Clone, Default)]
struct Counts {
    cases: usize,
    failed: usize,
    slices: usize,
    /// By object: in how many slices it is.
    masks: Vec<usize>,
}

impl Counts {
    /// Reads every case, and names those that cannot be read.
    fn of(dataset: &dyn Dataset, bar: &Bar) -> Self {
        let counts = (0..dataset.case_count()).into_par_iter().map(|case| {
            let counts = Self::of_case(dataset, case);
            bar.step();
            counts
        });
        counts.reduce(Self::default, Self::plus)
    }

    fn plus(self, other: Self) -> Self {
        let (mut masks, less) = if self.masks.len() < other.masks.len() {
            (other.masks, self.masks)
        } else {
            (self.masks, other.masks)
        };
        for (all, more) in masks.iter_mut().zip(less) {
            *all += more;
        }
        Self {
            cases: self.cases + other.cases,
            failed: self.failed + other.failed,
            slices: self.slices + other.slices,
            masks,
        }
    }

    fn of_case(dataset: &dyn Dataset, case: usize) -> Self {
        let mut counts = Self {
            cases: 1,
            masks: vec![0; dataset.objects().len()],
            ..Self::default()
        };
        // A decoder that panics on a hostile file must cost one case, as it does in a run.
        let read = catch_unwind(AssertUnwindSafe(|| {
            dataset.read(case, &mut |slice| {
                counts.slices += 1;
                for mask in &slice.masks {
                    counts.masks[mask.object] += 1;
                }
                ControlFlow::Continue(())
            })
        }));
        let problem = match read {
            Ok(Ok(_)) => return counts,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the reader of this file panicked; please report the file".to_owned(),
        };
        let id = dataset.case(case).id;
        tracing::warn!("{}/{id} cannot be played: {problem}", dataset.name());
        counts.failed = 1;
        counts
    }
}

fn model_table(prepared: &Prepared, arguments: &Arguments) -> Vec<Vec<String>> {
    let store = arguments.folder.store();
    let mut rows = vec![row(["model", "file"])];
    rows.extend(prepared.models.iter().map(|entry| {
        let state = store.state(entry);
        let file = models::describe(&state);
        let file = match entry.content {
            Some(content) if !matches!(state, State::Installed { .. }) => {
                format!("{file}, a run gets it ({})", models::size(content.bytes))
            }
            _ => file.to_owned(),
        };
        vec![entry.name.clone(), file]
    }));
    rows
}

fn strategy_table(prepared: &Prepared) -> Vec<Vec<String>> {
    let scenario = &prepared.file.scenario;
    let strategies = scenario.strategies.iter().zip(prepared.rounds());
    let mut rows = vec![row(["strategy", "prompts", "protocol"])];
    rows.extend(strategies.map(|(strategy, rounds)| {
        let protocol = scenario.protocol_of(strategy).id();
        row([&strategy.name, &*rounds.to_string(), &protocol])
    }));
    rows
}

fn dataset_table(prepared: &Prepared, counts: &[Counts]) -> Vec<Vec<String>> {
    let scenario = &prepared.file.scenario;
    let strategies = &scenario.strategies;
    let plays = scenario.models.len() * scenario.repeats.get() as usize;
    let rounds: usize = prepared.rounds().map(|rounds| rounds as usize).sum();
    let stops = |strategy| scenario.protocol_of(strategy).stop != Stop::Never;
    let predictions = if strategies.iter().any(stops) {
        "predictions at most"
    } else {
        "predictions"
    };

    let heading = ["dataset", "cases", "failed", "slices", "masks", "trials"];
    let mut rows = vec![[&row(heading)[..], &[predictions.to_owned()]].concat()];
    let mut push = |name: &str, counts: Counts| {
        let masks: usize = counts.masks.iter().sum();
        let trials = masks * plays * strategies.len();
        let predictions = masks * plays * rounds;
        let numbers = [counts.cases, counts.failed, counts.slices, masks];
        let numbers = numbers.into_iter().chain([trials, predictions]);
        let numbers = numbers.map(|number| number.to_string());
        rows.push([name.to_owned()].into_iter().chain(numbers).collect());
    };
    for (dataset, counts) in prepared.datasets.iter().zip(counts) {
        push(dataset.name(), counts.clone());
    }
    if counts.len() > 1 {
        let total = counts.iter().cloned().fold(Counts::default(), Counts::plus);
        push("total", total);
    }
    rows
}

/// In how many slices each object is, beside the study's number of images where it has the dataset.
fn object_table(prepared: &Prepared, counts: &[Counts]) -> Vec<Vec<String>> {
    let published = |dataset: &dyn Dataset| published_images(dataset.name());
    let is_of_the_study = prepared
        .datasets
        .iter()
        .any(|set| published(&**set).is_some());
    let mut heading = row(["dataset", "object", "slices"]);
    if is_of_the_study {
        heading.push("images in the study".to_owned());
    }
    let mut rows = vec![heading];
    for (dataset, counts) in prepared.datasets.iter().zip(counts) {
        for (object, slices) in dataset.objects().iter().zip(&counts.masks) {
            let mut cells = row([dataset.name(), object, &slices.to_string()]);
            if is_of_the_study {
                let images = published(&**dataset).map(|images| images.to_string());
                cells.push(images.unwrap_or("·".to_owned()));
            }
            rows.push(cells);
        }
    }
    rows
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
