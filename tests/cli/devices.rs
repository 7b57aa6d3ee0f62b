//! Devices on the command line: choosing one, listing them, and where their time goes.

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use tests::{graphics, shared};

use crate::program::{engine, folder};

/// One small case: the fewest encodings and calls that have clicks, a box and fed back logits.
const SCENARIO: &str = r#"(
    name: "small",
    datasets: [phantoms(name: "breast", modality: breast_ultrasound, cases: 1, size: 64)],
    models: ["mobile_sam"],
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 2)),
        (name: "box", first: [box(object)]),
    ],
)"#;

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs the program on [`SCENARIO`] in `folder`, with the shared weights; `None` without them.
fn play(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let weights = shared("weights")?.canonicalize().expect("it exists");
    fs::write(folder.join("small.ron"), SCENARIO).expect("writable");
    let mut command = engine(folder, arguments);
    command.args(["small.ron", "--offline", "--models"]);
    let output = command.arg(weights).output().expect("it runs");
    assert!(output.status.success(), "{}", stderr(&output));
    Some(output)
}

/// Returns the column of a table whose cells are told apart by two spaces or more.
fn cells(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn devices_are_listed_with_what_they_can_do() {
    let folder = folder();
    let output = engine(folder.path(), &["devices"])
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("device"), "{text}");
    assert!(lines[1].starts_with("cpu "), "{text}");
    assert!(lines[2].starts_with("wgpu "), "{text}");
    let mut measured = vec![lines[1]];
    if graphics().is_some() {
        measured.push(lines[2]);
    }
    for line in measured {
        let cells = cells(line);
        for roof in &cells[cells.len() - 2..] {
            assert!(roof.parse::<f64>().is_ok_and(|roof| roof > 0.0), "{text}");
        }
    }
}

/// The same program on a machine without a driver.
#[cfg(all(target_os = "linux", feature = "wgpu"))]
#[test]
fn a_machine_without_a_graphics_device_is_told_the_way_out() {
    let folder = folder();
    fs::write(folder.path().join("small.ron"), SCENARIO).expect("writable");
    let mut command = engine(folder.path(), &["run", "small.ron", "--device", "wgpu"]);
    for variable in [
        "VK_ICD_FILENAMES",
        "VK_DRIVER_FILES",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ] {
        command.env(variable, "/nowhere");
    }
    let output = command.arg("--offline").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let words = stderr(&output);
    assert!(words.contains("no graphics device"), "{words}");
    assert!(words.contains("--device cpu"), "{words}");
    assert!(!folder.path().join("runs").exists(), "nothing was begun");
}

#[test]
fn a_run_says_on_what_it_ran_and_clicks_where_the_processor_clicks() {
    if graphics().is_none() {
        return;
    }
    let finely: [&[&str]; 4] = [
        &["--device", "cpu"],
        &["--device", "cpu", "--precision", "bf16"],
        &["--device", "wgpu"],
        &["--device", "wgpu", "--precision", "f16"],
    ];
    let rows = finely.map(|choice| {
        let folder = folder();
        play(folder.path(), &[&["run"], choice].concat())?;
        let read = |name: &str| {
            let path = folder.path().join("runs/small").join(name);
            fs::read_to_string(path).expect("the run wrote it")
        };
        let manifest: Value = serde_json::from_str(&read("manifest.json")).expect("valid JSON");
        let name = manifest["device"].as_str().expect("a name").to_owned();
        assert!(name.starts_with(&format!("{} (", choice[1])), "{name}");
        let precision = choice.get(3).copied();
        assert_eq!(name.contains("f16)"), precision.is_some(), "{name}");
        assert!(name.contains(precision.unwrap_or_default()), "{name}");
        let mut reader = csv::Reader::from_path(folder.path().join("runs/small/rows.csv"))
            .expect("the run wrote it");
        let rows: Result<Vec<engine::runs::Row>, _> = reader.deserialize().collect();
        Some(rows.expect("rows"))
    });
    let [Some(on_cpu), Some(in_pairs), Some(on_device), Some(in_half)] = rows else {
        return;
    };
    for (others, tolerance) in [(on_device, 0.02), (in_pairs, 0.05), (in_half, 0.05)] {
        assert_eq!(on_cpu.len(), others.len());
        for (one, other) in on_cpu.iter().zip(&others) {
            assert!(
                (one.iou - other.iou).abs() < tolerance,
                "{one:?}\n{other:?}"
            );
            if one.prompts == 1 {
                assert_eq!((one.x, one.y, one.ties), (other.x, other.y, other.ties));
            }
        }
    }
}

#[test]
fn what_a_device_or_the_program_lacks_is_said_with_the_way_out() {
    let folder = folder();
    fs::write(folder.path().join("small.ron"), SCENARIO).expect("writable");
    for (choice, problem, way_out) in [
        (
            ["--precision", "f16"],
            "does not compute in f16",
            "engine devices",
        ),
        #[cfg(not(feature = "cuda"))]
        (
            ["--device", "cuda"],
            "built without the feature cuda",
            "--features cuda",
        ),
    ] {
        let mut command = engine(folder.path(), &["run", "small.ron", "--offline"]);
        let output = command.args(choice).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let words = stderr(&output)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(
            words.contains(problem) && words.contains(way_out),
            "{words}"
        );
        assert!(!folder.path().join("runs").exists(), "nothing was begun");
    }
}

#[test]
fn a_profile_counts_every_operation_of_a_run() {
    let folder = folder();
    let Some(output) = play(folder.path(), &["profile", "--trace", "trace.json"]) else {
        return;
    };
    let text = stdout(&output);
    for operation in [
        "linear",
        "attention",
        "conv2d",
        "norm",
        "distance",
        "pillow",
    ] {
        let line = text.lines().find(|line| line.starts_with(operation));
        let cells = cells(line.expect(operation));
        assert_eq!(cells[1], "cpu", "{text}");
        assert!(cells[2].parse::<u32>().is_ok_and(|n| n > 0), "{text}");
    }
    assert!(!folder.path().join("runs").exists(), "no result is kept");
    let trace = fs::read(folder.path().join("trace.json")).expect("it was asked for");
    let trace: Value = serde_json::from_slice(&trace).expect("valid JSON");
    let events = trace["traceEvents"].as_array().expect("a list");
    for name in [
        "Load", "Derive", "Place", "Encode", "Decode", "Score", "Report", "linear",
    ] {
        assert!(events.iter().any(|event| event["name"] == name), "{name}");
    }
    let inside = |outer: &Value, inner: &Value| {
        let span = |event: &Value| {
            let start = event["ts"].as_f64().expect("a number");
            (start, start + event["dur"].as_f64().expect("a number"))
        };
        let (outer, inner) = (span(outer), span(inner));
        outer.0 - 1.0 <= inner.0 && inner.1 <= outer.1 + 1.0
    };
    let stages: Vec<_> = events.iter().filter(|e| e["cat"] == "stage").collect();
    for kernel in events.iter().filter(|event| event["cat"] == "kernel") {
        let is_inside = stages.iter().any(|stage| inside(stage, kernel));
        assert!(is_inside, "on the processor {kernel} runs within a stage");
    }
}

#[test]
fn a_watched_run_writes_timings_and_the_same_rows() {
    let written = [&["run"][..], &["run", "--profile"]].map(|arguments| {
        let folder = folder();
        play(folder.path(), arguments)?;
        let run = folder.path().join("runs/small");
        let rows = fs::read_to_string(run.join("rows.csv")).expect("the run wrote it");
        Some((rows, fs::read_to_string(run.join("timings.csv")).ok()))
    });
    let [Some((rows, none)), Some((watched_rows, Some(timings)))] = written else {
        assert!(shared("weights").is_none(), "timings.csv is missing");
        return;
    };
    assert_eq!(rows, watched_rows);
    assert_eq!(none, None);
    let heading = timings.lines().next().expect("a heading");
    assert_eq!(
        heading,
        engine::diagnostics::ProfileEntry::COLUMNS.join(",")
    );
    assert!(timings.contains("\nattention,"), "{timings}");
}
