//! Scenarios that are wrong, in every way that a hand or a file system makes them wrong.

use std::{fs, path::Path};

use engine::{
    datasets::DatasetSpec,
    scenario::{ScenarioError, ScenarioFile},
};
use miette::{GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;

use crate::program::SCENARIO;

fn parse(text: &str) -> Result<ScenarioFile, ScenarioError> {
    ScenarioFile::parse(text.to_owned(), Path::new("first.ron"))
}

/// Returns what a user is told.
fn told(error: &ScenarioError) -> String {
    let mut words = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut words, error)
        .expect("a string takes everything");
    words
}

/// Replaces parts of the scenario, each by something wrong, and returns what a user is told of each.
fn gallery(mistakes: &[(&str, &str)]) -> String {
    let told = mistakes.iter().map(|(right, wrong)| {
        assert!(SCENARIO.contains(right), "{right}");
        match parse(&SCENARIO.replacen(right, wrong, 1)) {
            Ok(_) => panic!("accepted: {wrong}"),
            Err(error) => told(&error),
        }
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Compares what users are told with what was agreed; `INSTA_UPDATE=always` agrees anew.
fn snapshot(name: &str, told: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, told));
}

#[test]
fn words_that_do_not_exist() {
    snapshot(
        "words",
        &gallery(&[
            ("models:", "modles:"),
            ("strategies:", "method:"),
            ("phantoms(", "fantoms("),
            ("cases: 2", "case: 2"),
            ("chest_xray", "chest_mri"),
            ("point(object)", "dot(object)"),
            ("point(object)", "point(objct)"),
            ("point(object)", "point"),
            ("iterate(prompts: 9)", "iterate(prompt: 9)"),
            ("iterate(prompts: 9)", "repeat(prompts: 9)"),
            ("models:", "protocol: (preset: paper), models:"),
            ("models:", "protocol: (distance: exat), models:"),
            ("models:", "protocol: (multimask: true), models:"),
            ("models:", "metrics: [hausdorff], models:"),
            ("models:", "metrics: [nsd(tolerance: 0)], models:"),
        ]),
    );
}

#[test]
fn values_out_of_range_or_of_another_type() {
    snapshot(
        "values",
        &gallery(&[
            ("prompts: 9", "prompts: 0"),
            ("prompts: 9", "prompts: 1001"),
            ("prompts: 9", "prompts: -1"),
            ("prompts: 9", "prompts: \"9\""),
            ("prompts: 9", "prompts: many"),
            ("each_region(3)", "each_region(0)"),
            ("each_region(3)", "each_region"),
            ("size: 64", "size: 10"),
            ("models:", "seed: 1.5, models:"),
            ("models:", "seed: 99999999999999999999, models:"),
            ("models:", "protocol: (stop: at_iou(1.5)), models:"),
            ("models:", "protocol: (stop: at_iou(0)), models:"),
            ("models:", "protocol: (repeat_clicks: yes), models:"),
            ("[\"mobile_sam\"]", "\"mobile_sam\""),
            ("\"boxes\"", "boxes"),
        ]),
    );
}

#[test]
fn names_that_are_no_file_names() {
    snapshot(
        "names",
        &gallery(&[
            ("\"first\"", "\"\""),
            ("\"first\"", "\"../first\""),
            ("\"first\"", "\"my study\""),
            ("\"first\"", "\".first\""),
            ("\"first\"", "\"Größe\""),
            ("\"first\"", "\"nul\""),
            ("\"clicks\"", "\"a/b\""),
            ("\"chest\"", "\"a\\\\b\""),
            (
                "\"first\"",
                "\"a_name_that_does_not_end_before_the_sixty_fifth_character_is_reached\"",
            ),
        ]),
    );
}

#[test]
fn too_little_or_too_much() {
    snapshot(
        "lists",
        &gallery(&[
            ("    models: [\"mobile_sam\"],\n", ""),
            ("name: \"clicks\", ", ""),
            ("prompts: 9", ""),
            ("[\"mobile_sam\"]", "[]"),
            ("first: [point(object)]", "first: []"),
            ("prompts: 9", "prompts: 9, next: []"),
            ("models:", "name: \"again\", models:"),
            ("[\"mobile_sam\"]", "[\"mobile_sam\", \"mobile_sam\"]"),
            ("models:", "metrics: [iou, dice, iou], models:"),
        ]),
    );
}

#[test]
fn values_that_do_not_fit_one_another() {
    snapshot("relations", &gallery(&[
        ("\"boxes\"", "\"clicks\""),
        ("\"boxes\"", "\"Clicks\""),
        (
            "size: 64)",
            "size: 64), phantoms(name: \"chest\", modality: brain_mri)"
        ),
        ("point(object)", "box(object), point(error_region)"),
        (
            "(name: \"boxes\"",
            "(name: \"a\", first: [point(object)], protocol: (ties: legacy(seed: 1, stream: \"s\"))),
        (name: \"b\", first: [point(object)], protocol: (ties: legacy(seed: 2, stream: \"s\"))),
        (name: \"boxes\""
        ),
    ]));
}

#[test]
fn texts_that_are_no_scenario() {
    let whole = |text: &str| told(&parse(text).expect_err("no scenario"));
    let half = &SCENARIO[..SCENARIO.len() / 2];
    let texts = [
        gallery(&[
            ("(\n", "{\n"),
            ("(\n", "Study(\n"),
            ("(\n", "(/* never closed\n"),
            ("[\"mobile_sam\"],", "[\"mobile_sam\"]"),
            ("\"first\"", "\"first"),
            (")\n", ""),
        ]),
        whole(""),
        whole(half),
        whole("name: first\nmodels:\n  - mobile_sam\n"),
        whole(&"[".repeat(10_000)),
        whole(&format!("(name: \"x\", datasets: {}", "[".repeat(10_000))),
        whole(&format!("({}", "models: [\"a\"], ".repeat(200))),
        whole("\u{feff}(\r\nname: 1,\r\n)"),
    ];
    snapshot("texts", &texts.join("\n"));
}

#[test]
fn brackets_within_brackets_exhaust_no_stack() {
    for nest in ["(", "[", "{", "Some(", "point(", "(name:"] {
        for place in ["{}", "(name: {}", "(strategies: [(first: [{}"] {
            let text = place.replace("{}", &nest.repeat(100_000));
            assert!(parse(&text).is_err());
        }
    }
}

#[test]
fn what_editors_do_to_a_text_does_not_matter() {
    let expected = parse(SCENARIO).expect("right").scenario;
    for text in [
        format!("\u{feff}{SCENARIO}"),
        SCENARIO.replace('\n', "\r\n"),
        SCENARIO.replace("    ", "\t"),
        SCENARIO.replace("(\n", "Scenario(\n"),
        SCENARIO.replace("(name: \"boxes\"", "Strategy(name: \"boxes\""),
        format!("// a comment\n#![enable(implicit_some)]\n{SCENARIO}/* the end */"),
    ] {
        let file = parse(&text).expect("the same in other clothes");
        assert_eq!(file.scenario, expected);
        assert_eq!(file.text, text);
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("study.ron");
    let error = |path: &Path| {
        let error = ScenarioFile::read(path).expect_err("no scenario");
        let name = folder.path().display().to_string();
        told(&error).replace(&name, "folder")
    };
    assert!(error(&path).contains("cannot read the scenario folder"));
    assert!(error(folder.path()).contains("cannot read the scenario folder"));
    fs::write(&path, b"(\n    name: \"Gr\xf6\xdfe\",\n)").expect("writable");
    assert!(error(&path).contains("line 2 is not UTF-8"));
    fs::write(&path, vec![b' '; (1 << 20) + 1]).expect("writable");
    assert!(error(&path).contains("is larger than 1048576 bytes"));
}

#[test]
fn every_shipped_scenario_is_right() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut count = 0;
    for entry in fs::read_dir(&scenarios).expect("it is part of the project") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "ron") {
            let file = ScenarioFile::read(&path).unwrap_or_else(|error| panic!("{}", told(&error)));
            let stem = path.file_stem().expect("a file");
            assert_eq!(*stem, *file.scenario.name, "named like its file");
            for dataset in &file.scenario.datasets {
                // Those that need a download: see `study_datasets`.
                if matches!(dataset, DatasetSpec::Known(_)) {
                    continue;
                }
                let opened = dataset.open(file.folder());
                assert!(opened.is_ok(), "{}: {:?}", path.display(), opened.err());
            }
            count += 1;
        }
    }
    assert!(
        count >= 4,
        "only {count} scenarios in {}",
        scenarios.display()
    );
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "[(){}\\[\\],:\"#/*a-z0-9 \n\u{feff}ä\\\\]{0,200}") {
        if let Err(error) = parse(&text) {
            prop_assert!(!told(&error).is_empty());
        }
    }

    #[test]
    fn no_slip_is_too_strange(at in 0..SCENARIO.len(), cut in 0..40usize, slip in "\\PC{0,6}") {
        let end = (at + cut).min(SCENARIO.len());
        let text = format!("{}{slip}{}", &SCENARIO[..at], &SCENARIO[end..]);
        if let Err(error) = parse(&text) {
            prop_assert!(!told(&error).is_empty());
        }
    }
}
