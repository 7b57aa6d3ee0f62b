//! The study's published procedure, played freely from files to rows, against the same procedure
//! played by the reference implementation with the same weights and the same legacy random numbers.

use std::{path::Path, sync::Arc};

use engine::{
    diagnostics::Watch,
    limits::Limits,
    runs::{LoadedModel, Order, Row, execute, read_rows},
    scenario::ScenarioFile,
    weights::{Catalogue, Store},
};
use kernels::Device;
use serde_json::Value;
use tests::shared;

/// How far an IoU may be off: a few pixels at the threshold may fall to the other side.
const IOU_TOLERANCE: f64 = 0.003;

/// The share of steps that must agree. A pixel that flips can change a later click, and every
/// tie drawn after it, because the legacy stream runs on.
const AGREEMENT: f64 = 0.95;

#[test]
fn free_play_follows_the_reference() {
    let (Some(study), Some(weights)) = (shared("golden/study"), shared("weights")) else {
        return;
    };
    let golden = std::fs::read_to_string(study.join("study.json")).expect("it is there");
    let golden: Value = serde_json::from_str(&golden).expect("it is JSON");
    let rows = play(&study, &weights);

    let (mut steps, mut agreeing, mut departures) = (0, 0, Vec::new());
    for (dataset, trials) in golden["datasets"].as_object().expect("by dataset") {
        for trial in trials.as_array().expect("a list of trials") {
            let image = trial["image"].as_str().expect("a file name");
            let case = image.trim_end_matches(".png");
            let object = format!("object_{}", trial["cls"]);
            let of = |strategy: &str| -> Vec<&Row> {
                let is_it = |row: &&Row| {
                    row.dataset == *dataset
                        && row.case == case
                        && row.object == object
                        && row.strategy == strategy
                };
                rows.iter().filter(is_it).collect()
            };
            for column in ["first", "best_score", "oracle"] {
                let played = of(column);
                let expected = trial[column].as_array().expect("nine steps");
                assert_eq!(played.len(), expected.len(), "{dataset} {case} {column}");
                for (row, step) in played.iter().zip(expected) {
                    steps += 1;
                    match departure(row, step) {
                        None => agreeing += 1,
                        Some(how) => departures.push(format!(
                            "{dataset} {case} {object} {column}, prompt {}: {how}",
                            row.prompts
                        )),
                    }
                }
            }
            for mode in trial["regions"]["modes"].as_array().expect("five modes") {
                let name = mode["mode"].as_str().expect("a name");
                let played = of(name);
                assert_eq!(played.len(), 1, "{dataset} {case} {name}");
                steps += 1;
                let iou = mode["iou"][1].as_f64().expect("an IoU");
                if (played[0].iou - iou).abs() <= IOU_TOLERANCE {
                    agreeing += 1;
                } else {
                    departures.push(format!(
                        "{dataset} {case} {object} {name}: IoU {:.4}, golden {iou:.4}",
                        played[0].iou
                    ));
                }
            }
        }
    }
    assert!(
        f64::from(agreeing) >= AGREEMENT * f64::from(steps),
        "{agreeing} of {steps} steps agree; departures:\n{}",
        departures.join("\n")
    );
}

/// Says how a row differs from the golden step, if it does.
fn departure(row: &Row, step: &Value) -> Option<String> {
    let click = [
        row.x.map(u64::from),
        row.y.map(u64::from),
        row.label.map(u64::from),
    ];
    let golden: Vec<_> = step["click"]
        .as_array()?
        .iter()
        .map(Value::as_u64)
        .collect();
    if click[..] != golden[..] {
        return Some(format!("click {click:?}, golden {golden:?}"));
    }
    let iou = |index: usize| step["iou"][index].as_f64().expect("four IoUs");
    let chosen = step["chosen"].as_u64()? as usize;
    let pairs = [
        ("chosen", row.iou, iou(chosen)),
        ("first", row.iou_first, iou(1)),
        ("single", row.iou_single, iou(0)),
    ];
    pairs
        .into_iter()
        .find(|(_, played, golden)| (played - golden).abs() > IOU_TOLERANCE)
        .map(|(which, played, golden)| format!("IoU ({which}) {played:.4}, golden {golden:.4}"))
}

/// Plays all datasets and columns of the golden study, as a scenario.
fn play(study: &Path, weights: &Path) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = ScenarioFile::parse(scenario(), &study.join("study.ron")).expect("it is valid");
    let device = Device::cpu();
    let catalogue = Catalogue::load();
    let entry = catalogue.get("mobile_sam").expect("it is listed");
    let store = Store::new(Some(weights.to_owned()));
    let datasets = file.scenario.datasets.iter();
    let report = execute(
        Order {
            file: &file,
            datasets: datasets
                .map(|spec| spec.open(file.folder()).expect("it is there"))
                .collect(),
            models: vec![LoadedModel::open(entry, &store, &device).expect("the official weights")],
            recordings: file.scenario.strategies.iter().map(|_| None).collect(),
            device: device.clone(),
            out: folder.path(),
            shard: None,
            fresh: false,
            limits: Limits::default(),
            watch: Watch::default(),
            stop: Arc::default(),
            on_hang: Arc::new(|_| ()),
        },
        |_, _| {},
    )
    .expect("the folder is writable");
    assert_eq!(report.outcome.counts.failed, 0);
    read_rows(&report.folder.join("rows.csv"))
        .expect("the run wrote it")
        .map(|row| row.expect("a row"))
        .collect()
}

fn scenario() -> String {
    let plain = [
        "xray_chest",
        "us_breast",
        "ct_liver",
        "mri_spine",
        "xray_hip",
    ]
    .map(|name| {
        format!(
            "folder_pair(name: \"{name}\", images: \"{name}/images\", masks: \"{name}/masks\", \
             objects: [(name: \"object_1\")], inside: paper),"
        )
    });
    let organs =
        [1, 2, 3, 4].map(|class| format!("(name: \"object_{class}\", inside: values([{class}])),"));
    let modes = [
        ("largest_point", "point(largest_region)"),
        ("top3_points", "point(each_region(3))"),
        ("largest_box", "box(largest_region)"),
        ("top3_boxes", "box(each_region(3))"),
        ("whole_box", "box(object)"),
    ]
    .map(|(name, first)| {
        format!(
            "(name: \"{name}\", first: [{first}], \
             protocol: (ties: legacy(seed: 1, stream: \"modes\"))),"
        )
    });
    let columns = [
        ("first", "choice: first"),
        ("best_score", "preset: paper_text"),
        ("oracle", "choice: oracle"),
    ]
    .map(|(name, rules)| {
        format!(
            "(name: \"{name}\", first: [point(object)], then: iterate(prompts: 9), \
             protocol: ({rules}, ties: legacy(seed: 1))),"
        )
    });
    format!(
        "(name: \"golden\", models: [\"mobile_sam\"], datasets: [{} folder_pair(name: \"ct_organ\", \
         images: \"ct_organ/images\", masks: \"ct_organ/masks\", objects: [{}])], \
         strategies: [{}{}])",
        plain.concat(),
        organs.concat(),
        columns.concat(),
        modes.concat(),
    )
}
