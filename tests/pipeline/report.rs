//! Figures and page from finished runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use engine::{
    report::{Collection, changes, write},
    runs::RunFolder,
};
use tempfile::TempDir;
use tests::browser;

use super::play;

const SCENARIO: &str = r#"(
    name: "first",
    seed: 3,
    datasets: [
        phantoms(name: "xray_chest", modality: chest_xray, cases: 6, size: 96),
        phantoms(name: "brain", modality: brain_mri, cases: 3, size: 80),
    ],
    models: ["mobile_sam"],
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 4)),
        (name: "boxes", first: [box(each_region(2))]),
    ],
)"#;

/// A run of the disc model, and its folder.
fn run(text: &str) -> (TempDir, PathBuf) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let report = play(text, out.path(), usize::MAX);
    (out, report.folder)
}

/// Reports on a run's folder; returns the page.
fn report(folder: &Path) -> String {
    let collection = Collection::read(&[folder.to_owned()]).expect("a run");
    let written = write(&collection, &RunFolder::open(folder)).expect("writable");
    fs::read_to_string(written.page).expect("it was written")
}

#[test]
fn a_report_has_the_studys_figures_and_a_page_that_stands_alone() {
    let (_out, folder) = run(SCENARIO);
    let page = report(&folder);
    for name in ["fig1_one_prompt", "fig4_prompts", "choices", "spread"] {
        let svg = fs::read_to_string(folder.join(format!("figures/{name}.svg"))).expect("drawn");
        assert!(
            svg.starts_with("<svg viewBox") && svg.ends_with("</svg>"),
            "{name}"
        );
        assert_eq!(
            svg.matches("@font-face").count(),
            1,
            "{name}: one face is enough"
        );
        let png = image::open(folder.join(format!("figures/{name}.png"))).expect("drawn");
        assert!(png.width() > 800, "{name}");
    }
    for name in ["fig2_clicks", "fig2_boxes", "fig5_regions"] {
        image::open(folder.join(format!("figures/{name}.png"))).expect("drawn");
        let svg = fs::read_to_string(folder.join(format!("figures/{name}.svg"))).expect("drawn");
        assert_eq!(svg.matches("@font-face").count(), 1, "{name}");
        let slices = svg.matches("data:image/jpeg;base64,").count();
        let shown = svg.matches("<use href=\"#slice-").count();
        assert!(
            slices > 0 && shown >= slices,
            "{name}: {slices} slices, {shown} tiles"
        );
        assert!(
            svg.matches("stroke=\"#46e15f\"").count() >= shown,
            "{name}: truth as vectors"
        );
    }
    for text in [
        "xray_chest",
        "ventricle",
        "clicks",
        "boxes",
        "published: sam_oracle",
        "704",
        "Contrast",
        "Encode",
        "figures/fig5_regions.svg",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let outside = page.replace("http://www.w3.org/", "");
    assert!(
        !outside.contains("http://") && !outside.contains("https://"),
        "no network"
    );
}

#[test]
fn costly_metrics_and_averages_are_on_the_page_as_in_the_summary() {
    let text = SCENARIO
        .replace(
            "models:",
            "metrics: [iou, hd95, nsd(tolerance: 2)], average: dataset, models:",
        )
        .replace(
            "iterate(prompts: 4)",
            "iterate(prompts: 4), protocol: (stop: at_iou(0.3))",
        );
    let (_out, folder) = run(&text);
    let page = report(&folder);
    let mut summary = csv::Reader::from_path(folder.join("summary.csv")).expect("a summary");
    let rows: Vec<engine::runs::SummaryRow> = summary
        .deserialize()
        .map(|row| row.expect("a line"))
        .collect();
    let overall = rows
        .iter()
        .rev()
        .find(|row| row.strategy == "clicks")
        .expect("clicks");
    assert_eq!((overall.dataset.as_str(), overall.prompts), ("(all)", 4));
    let first = rows
        .iter()
        .find(|row| row.prompts == 4)
        .expect("clicks on the chest");
    let hd95 = first.hd95.expect("it was asked for");
    for value in [
        format!("{:.3}", overall.iou),
        format!("{:.3}", first.iou),
        format!("{hd95:.3} mm"),
        "NSD at 2".to_owned(),
    ] {
        assert!(page.contains(&value), "{value}");
    }
    // A trial that was stopped leaves its number of clicks open, in the table and on the page.
    let collection = Collection::read(std::slice::from_ref(&folder)).expect("a run");
    let mut noc = csv::Reader::from_path(folder.join("noc.csv")).expect("numbers of clicks");
    let noc: Vec<engine::runs::NocRow> =
        noc.deserialize().map(|row| row.expect("a line")).collect();
    assert_eq!(noc.len(), 3);
    for row in noc {
        let panel = collection.panels.iter();
        let mut panel =
            panel.filter(|panel| (&panel.dataset, &panel.object) == (&row.dataset, &row.object));
        let series = &panel.next().expect("the same objects").series;
        let series = series.iter().find(|series| series.strategy == row.strategy);
        for (target, expected) in [(0.8, row.noc_80), (0.85, row.noc_85), (0.9, row.noc_90)] {
            let effort = series.expect("the same strategies").effort(target);
            let found = effort.map(|effort| effort.prompts);
            assert_eq!(found.is_some(), expected.is_some(), "{target} {row:?}");
            assert!(
                found
                    .zip(expected)
                    .is_none_or(|(a, b)| (a - b).abs() < 1e-12)
            );
        }
    }
}

#[test]
fn reports_of_the_same_rows_are_the_same() {
    let (_out, folder) = run(SCENARIO);
    let equal = report(&folder) == report(&folder);
    assert!(equal, "the pages differ");
}

#[test]
fn names_from_files_cannot_become_code() {
    let (_out, folder) = run(SCENARIO);
    let hostile = "</script><script>alert(1)</script>";
    for name in ["rows.csv", "gallery.jsonl", "predictions.jsonl"] {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).expect("readable");
        fs::write(&path, text.replace("000000", hostile)).expect("writable");
    }
    // The picture's name follows from the case's.
    let page = report(&folder);
    assert!(!page.contains(hostile));
}

#[test]
fn a_run_is_compared_with_another_trial_by_trial() {
    let (_one, earlier) = run(SCENARIO);
    let (_other, later) = run(&SCENARIO.replace("prompts: 4", "prompts: 1"));
    let collection = Collection::read(&[earlier.clone(), later]).expect("two runs");
    assert_eq!(collection.labels().len(), 4, "{:?}", collection.labels());
    let found = changes(&collection);
    assert_eq!(found.len(), 3 * 2);
    for change in &found {
        assert_eq!(change.unpaired, 0);
        if change.strategy == "boxes" {
            assert!(change.pair.difference.abs() < 1e-12, "{change:?}");
            assert_eq!(change.pair.test, None);
        }
    }
    let clicks = found.iter().find(|change| change.strategy == "clicks");
    let difference = clicks.expect("both have it").pair.difference;
    assert!(
        difference < 0.0,
        "three clicks less are worse: {difference}"
    );
    let same = Collection::read(&[earlier.clone(), earlier]).expect("two runs");
    assert!(
        changes(&same)
            .iter()
            .all(|change| change.pair.difference.abs() < 1e-12)
    );
}

#[test]
fn a_folder_without_a_run_is_named() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let error = Collection::read(&[empty.path().to_owned()]).expect_err("nothing there");
    assert!(error.to_string().contains("manifest.json"), "{error}");
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(browser) = browser() else { return };
    let (_out, folder) = run(SCENARIO);
    let page = report(&folder);
    // What the script did is written into the document, which the browser then prints.
    let probe = include_str!("probe.html");
    let path = folder.join("probe.html");
    fs::write(&path, page.replace("</body>", &format!("{probe}</body>"))).expect("writable");
    let profile = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=500,900",
            "--dump-dom",
        ])
        .arg("--enable-logging=stderr")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("the browser starts");
    let document = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    let probe = document
        .split("<pre id=\"probe\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next())
        .unwrap_or_else(|| panic!("the script did not run to its end:\n{log}"));
    assert!(probe.contains(r#""last":"4 of 4 prompts"#), "{probe}");
    assert!(probe.contains(r#""before":"3 of 4 prompts"#), "{probe}");
    for expected in [
        r#""visible":2"#,
        r#""sorted":true"#,
        r#""fits":true"#,
        r#""images":1"#,
    ] {
        assert!(probe.contains(expected), "{expected} in {probe}");
    }
    assert!(!log.contains(":CONSOLE"), "{log}");
}
