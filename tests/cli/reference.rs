//! `scenarios/REFERENCE.md` says all that a scenario can say, and says it right.
//!
//! It is written by hand. Where a test here fails, add what it names to the page.

use std::{collections::BTreeSet, fs, path::Path};

use engine::scenario::{Preset, ScenarioError, ScenarioFile};

use crate::program::SCENARIO;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/REFERENCE.md");
    fs::read_to_string(path).expect("it is part of the project")
}

fn parse(text: &str) -> Result<ScenarioFile, ScenarioError> {
    ScenarioFile::parse(text.to_owned(), Path::new("reference.ron"))
}

/// Replaces the datasets of the scenario.
fn with_dataset(dataset: &str) -> String {
    let start = SCENARIO.find("phantoms(").expect("it has phantoms");
    let end = SCENARIO.find("],\n    models").expect("then its models");
    format!("{}{dataset}{}", &SCENARIO[..start], &SCENARIO[end..])
}

/// Returns the names that may stand where a scenario has the word `unknown`.
fn known(text: &str) -> BTreeSet<String> {
    let Err(ScenarioError::Text(misfit)) = parse(text) else {
        panic!("nothing is called unknown: {text}");
    };
    let expected = misfit.expected();
    let names = expected
        .strip_prefix("expected one of ")
        .unwrap_or_else(|| {
            panic!("{misfit}, {expected}: {text}");
        });
    names.split(", ").map(str::to_owned).collect()
}

/// One text for every place where a word of the language stands, with an unknown word there.
fn places() -> Vec<String> {
    let scenario = |field: &str| SCENARIO.replace("models:", &format!("{field}, models:"));
    let piece = |first: &str| SCENARIO.replace("point(object)", first);
    let then = |then: &str| SCENARIO.replace("iterate(prompts: 9)", then);
    let rule = |rule: &str| scenario(&format!("protocol: ({rule}: unknown)"));
    let mut places = vec![
        scenario("unknown: 1"),
        scenario("protocol: (unknown: 1)"),
        scenario("metrics: [unknown]"),
        scenario("average: unknown"),
        SCENARIO.replace("first:", "replay: (unknown: 1), first:"),
        SCENARIO.replace("first:", "unknown: 1, first:"),
        piece("unknown(object)"),
        piece("point(unknown)"),
        then("unknown"),
        then("iterate(unknown: 1)"),
        scenario("protocol: (ties: legacy(unknown: 1))"),
        with_dataset("unknown(name: \"a\")"),
        with_dataset("phantoms(unknown: 1)"),
        with_dataset("phantoms(modality: unknown)"),
        with_dataset("folder_pair(unknown: 1)"),
        with_dataset("folder_pair(objects: [(unknown: 1)])"),
        with_dataset("folder_pair(inside: unknown)"),
        with_dataset("folder_pair(several: unknown)"),
        with_dataset("folder_pair(unpaired: unknown)"),
        with_dataset("folder_pair(normalise: [unknown])"),
        with_dataset("folder_pair(normalise: [min_max(unknown)])"),
        with_dataset("folder_pair(normalise: [percentile(unknown: 1)])"),
        with_dataset("folder_pair(normalise: [window(unknown: 1)])"),
        with_dataset("volumes(unknown: 1)"),
        with_dataset("mri_heart(unknown: 1)"),
        with_dataset("volumes(raters: unknown)"),
        with_dataset("volumes(prepare: (unknown: 1))"),
        with_dataset("volumes(prepare: (cases: unknown))"),
        with_dataset("volumes(prepare: (cases: sample(unknown: 1)))"),
        with_dataset("volumes(prepare: (slices: unknown))"),
        with_dataset("volumes(prepare: (crop: unknown))"),
        with_dataset("volumes(prepare: (crop: rectangle(unknown: 1)))"),
        with_dataset("volumes(prepare: (empty: unknown))"),
        with_dataset("volumes(grid: unknown)"),
        with_dataset("dicom(unknown: 1)"),
        with_dataset("dicom(truth: unknown)"),
        with_dataset("dicom(colour: unknown)"),
    ];
    let rules = "preset distance ties error label points feedback choice stop";
    places.extend(rules.split(' ').map(rule));
    places
}

#[test]
fn every_word_of_the_language_is_there() {
    let page = page();
    // What is between backquotes, one or three of them.
    let code = page.split('`').skip(1).step_by(2);
    let is_in_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let there: BTreeSet<_> = code
        .flat_map(|code| code.split(|char| !is_in_word(char)))
        .collect();
    for place in places() {
        for word in known(&place) {
            assert!(
                there.contains(word.as_str()),
                "`{word}` is not in REFERENCE.md"
            );
        }
    }
}

#[test]
fn every_example_is_right() {
    let page = page();
    let examples: Vec<_> = page
        .split("```ron\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("split gives one part"))
        .collect();
    assert!(examples.len() >= 4);
    for example in examples {
        let text = if example.starts_with('(') {
            example.to_owned()
        } else {
            with_dataset(example)
        };
        if let Err(error) = parse(&text) {
            panic!("{:?}", miette::Report::new(error));
        }
    }
}

#[test]
fn the_presets_are_as_in_the_table() {
    let page = page();
    let rules = Preset::ALL
        .map(|(preset, _)| serde_json::to_value(preset.protocol()).expect("rules are plain enums"));
    let names = rules[0].as_object().expect("a struct").keys();
    for name in names {
        let cells: Vec<_> = rules
            .iter()
            .map(|rules| format!(" {} |", cell(&rules[name])))
            .collect();
        let cells = cells.concat();
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")))
            .unwrap_or_else(|| panic!("`{name}` is not in the table of rules"));
        assert!(
            row.ends_with(&format!("|{cells}")),
            "{row}\nshould end in |{cells}"
        );
    }
}

/// Writes a rule's value as in a scenario.
fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(word) => word.clone(),
        serde_json::Value::Object(variant) => {
            let (word, value) = variant.iter().next().expect("one variant");
            format!("{word}({})", cell(value))
        }
        value => value.to_string(),
    }
}
