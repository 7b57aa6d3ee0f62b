//! What a run writes, whatever it is run on.

use super::{play, read};

/// Two modalities, several objects and regions; clicks, boxes, two rules and two repeats.
const SCENARIO: &str = r#"(
    name: "study",
    seed: 3,
    datasets: [
        phantoms(name: "chest", modality: chest_xray, cases: 3, size: 96),
        phantoms(name: "brain", modality: brain_mri, cases: 4, size: 80),
    ],
    models: ["mobile_sam"],
    repeats: 2,
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 4)),
        (name: "boxes", first: [box(each_region(2))]),
        (
            name: "target",
            first: [point(largest_region)],
            then: iterate(prompts: 6),
            protocol: (preset: ritm_protocol, choice: oracle, stop: at_iou(0.3)),
        ),
    ],
)"#;

const ALL: usize = usize::MAX;

#[test]
fn rows_do_not_depend_on_threads() {
    let written = [1, 2, 5].map(|threads| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("a few threads");
        let report = pool.install(|| play(SCENARIO, folder.path(), ALL));
        ["rows.csv", "predictions.jsonl", "summary.csv"].map(|name| read(&report, name))
    });
    assert_eq!(written[0], written[1]);
    assert_eq!(written[0], written[2]);
    assert!(written[0][0].lines().count() > 7 * 2 * 2);
}

#[test]
fn a_stopped_run_keeps_whole_cases_that_a_whole_run_has_too() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let whole = play(SCENARIO, folders[0].path(), ALL);
    let part = play(SCENARIO, folders[1].path(), 1);
    let (whole_rows, rows) = (read(&whole, "rows.csv"), read(&part, "rows.csv"));
    assert!(
        whole_rows.starts_with(&rows),
        "the canonical order is the order of play"
    );
    assert!(rows.len() > 1000 && rows.len() < whole_rows.len());
    assert!(read(&part, "manifest.json").contains("\"interrupted\""));
    assert!(read(&whole, "manifest.json").contains("\"finished\""));
}

#[test]
fn trials_end_as_their_strategy_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = play(SCENARIO, folder.path(), ALL);
    let mut reader = csv::Reader::from_path(report.folder.join("rows.csv")).expect("rows");
    let rows: Vec<engine::runs::Row> = reader
        .deserialize()
        .map(|row| row.expect("a row"))
        .collect();
    for (row, next) in rows.iter().zip(rows.iter().skip(1).map(Some).chain([None])) {
        let is_last = next.is_none_or(|next| !next.same_trial(row));
        let expected = match row.strategy.as_str() {
            "clicks" => row.prompts == 4,
            "boxes" => row.prompts == 1,
            _ => row.prompts == 6 || row.iou >= 0.3,
        };
        assert_eq!(is_last, expected, "{row:?}");
        assert_eq!(
            row.clicks,
            if row.strategy == "boxes" {
                0
            } else {
                row.prompts as usize
            }
        );
    }
    // Repeats and strategies meet the same chances: the first click of a case depends on neither.
    let first = |row: &&engine::runs::Row| row.strategy == "clicks" && row.prompts == 1;
    assert!(rows.iter().filter(first).any(|row| row.ties > Some(0)));
    assert_eq!(report.outcome.counts.slices, 7);
}

#[test]
fn a_legacy_stream_runs_on_from_trial_to_trial() {
    let text = SCENARIO.replace(
        "repeats: 2,",
        "repeats: 2, protocol: (ties: legacy(seed: 1, stream: \"one\")),",
    );
    let [a, b] = [(); 2].map(|()| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        read(&play(&text, folder.path(), ALL), "rows.csv")
    });
    assert_eq!(a, b);
    assert!(a.contains("legacy"), "the protocol of a row says so");
}
