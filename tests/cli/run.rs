//! `engine run`, from scenario file to run folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;
use tests::shared;

/// A scenario's text played by the program, in a folder of its own.
struct Played {
    folder: TempDir,
    output: Output,
}

impl Played {
    /// Writes `text` to a file and runs it.
    fn new(text: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = command(folder.path(), text, arguments).output();
        Self {
            folder,
            output: output.expect("the program starts"),
        }
    }

    fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Returns a path in the run folder of a scenario.
    fn result(&self, scenario: &str, name: &str) -> PathBuf {
        self.folder.path().join("runs").join(scenario).join(name)
    }
}

/// Returns what plays a scenario's text in `folder`.
pub(super) fn command(folder: &Path, text: &str, arguments: &[&str]) -> Command {
    let scenario = folder.join("scenario.ron");
    fs::write(&scenario, text).expect("the folder is writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_engine-under-test"));
    command
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("ENGINE_MODELS")
        .args(["run", "scenario.ron", "--offline"])
        .args(arguments);
    command
}

/// Every file of `scenarios/` with one small case per dataset and few prompts, and a test's weights in
/// place of those that cannot be had here: name and text.
fn shipped_scenarios() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("it is part of the repository")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ron"))
        // It needs downloads, and is played on small ones in `study_datasets`.
        .filter(|path| !path.ends_with("eleven_datasets.ron"))
        .collect();
    files.sort();
    let shrink = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("it can be read");
        let stem = path.file_stem().expect("it has a name");
        let text = text.replace("\"ritm_h32\"", "\"formula_ritm_h18s\"");
        let numbers = [("cases: ", '1'), ("prompts: ", '2')];
        let small = numbers.iter().fold(text, |text, (key, digit)| {
            let mut parts = text.split(key);
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |text, part| {
                let rest = part.trim_start_matches(|char: char| char.is_ascii_digit());
                format!("{text}{key}{digit}{rest}")
            })
        });
        let small = small.replace("cases: 1", "cases: 1, size: 128");
        (stem.to_string_lossy().into_owned(), small)
    };
    files.iter().map(shrink).collect()
}

#[test]
fn shipped_scenarios_run_small() {
    let Some(weights) = shared("weights") else {
        return;
    };
    let weights = weights.canonicalize().expect("it exists");
    let scenarios = shipped_scenarios();
    assert!(scenarios.len() >= 4, "multi_region and its companions");
    for (name, text) in scenarios {
        let models = weights.to_str().expect("a plain path");
        let played = Played::new(&text, &["--models", models]);
        assert_eq!(played.code(), Some(0), "{name}: {}", played.stderr());
        assert!(played.stdout().contains("mobile_sam"), "{name}");
        let rows = fs::read_to_string(played.result(&name, "rows.csv")).expect("rows");
        assert!(rows.lines().count() > 5, "{name}: {rows}");
        let is_formula = rows.contains("formula_ritm_h18s");
        assert_eq!(is_formula, text.contains("formula_"), "{name}");
        assert_eq!(
            is_formula,
            played.stderr().contains("is no result"),
            "{name}"
        );
        let noc = fs::read_to_string(played.result(&name, "noc.csv")).expect("numbers of clicks");
        assert_eq!(
            noc.lines().count() > 1,
            text.contains("iterate("),
            "{name}: {noc}"
        );
        let manifest = fs::read_to_string(played.result(&name, "manifest.json"));
        assert!(manifest.expect("a manifest").contains("\"finished\""));
        let overlays = fs::read_dir(played.result(&name, "overlays")).expect("overlays");
        assert!(overlays.count() > 0, "{name}");
    }
}

#[test]
fn a_missing_model_is_named_with_the_way_out() {
    let (_, text) = shipped_scenarios().swap_remove(0);
    let played = Played::new(&text, &["--models", "nowhere"]);
    assert_eq!(played.code(), Some(2));
    assert!(played.stdout().is_empty(), "stdout is data");
    let stderr = played.stderr();
    assert!(
        stderr.contains("mobile_sam.pt") && stderr.contains("engine models pull"),
        "{stderr}"
    );
    assert!(
        !played.folder.path().join("runs").exists(),
        "nothing was begun"
    );
}

#[test]
fn a_damaged_model_is_named() {
    let (_, text) = shipped_scenarios().swap_remove(0);
    let models = tempfile::tempdir().expect("a temporary folder");
    fs::write(models.path().join("mobile_sam.pt"), "not a checkpoint").expect("writable");
    let folder = models.path().to_str().expect("a plain path");
    let played = Played::new(&text, &["--models", folder]);
    assert_eq!(played.code(), Some(2));
    assert!(
        played.stderr().contains("mobile_sam.pt"),
        "{}",
        played.stderr()
    );
}

#[test]
fn a_case_that_fails_costs_only_itself() {
    let Some(weights) = shared("weights") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder");
    for folder in ["images", "masks"] {
        fs::create_dir(data.path().join(folder)).expect("writable");
    }
    let picture = |name: &str, inside: u8| {
        let picture = image::GrayImage::from_fn(40, 30, |x, y| {
            let is_inside = (10..25).contains(&x) && (8..20).contains(&y);
            image::Luma([if is_inside { inside } else { 20 }])
        });
        picture.save(data.path().join(name)).expect("writable");
    };
    picture("images/good.png", 200);
    picture("masks/good.png", 255);
    picture("masks/torn.png", 255);
    picture("images/other.png", 90);
    picture("masks/other.png", 255);
    let whole = fs::read(data.path().join("images/good.png")).expect("readable");
    fs::write(
        data.path().join("images/torn.png"),
        &whole[..whole.len() / 2],
    )
    .expect("writable");
    let folder = data.path().display();
    let text = format!(
        "(name: \"torn\", models: [\"mobile_sam\"], datasets: [folder_pair(name: \"d\", \
         images: \"{folder}/images\", masks: \"{folder}/masks\", objects: [(name: \"o\")])], \
         strategies: [(name: \"box\", first: [box(object)])])"
    );
    let weights = weights.canonicalize().expect("it exists");
    let models = weights.to_str().expect("a plain path");
    let played = Played::new(&text, &["--models", models]);
    assert_eq!(played.code(), Some(1), "{}", played.stderr());
    let rows = fs::read_to_string(played.result("torn", "rows.csv")).expect("rows");
    assert_eq!(rows.lines().count(), 3, "a heading and two cases: {rows}");
    let failures = fs::read_to_string(played.result("torn", "failures.csv")).expect("failures");
    assert!(failures.contains("torn.png"), "{failures}");
}

#[test]
fn merged_shards_end_as_a_run_does() {
    const TEXT: &str = r#"(
        name: "parts",
        datasets: [phantoms(name: "chest", modality: chest_xray, cases: 5, size: 64)],
        models: ["geodesic"],
        strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: 2))],
        metrics: [dice, hd95],
    )"#;
    let whole = Played::new(TEXT, &[]);
    assert_eq!(whole.code(), Some(0), "{}", whole.stderr());
    let parts = Played::new(TEXT, &["--shard", "1/2"]);
    assert_eq!((parts.code(), parts.stdout().as_str()), (Some(0), ""));
    let other = command(parts.folder.path(), TEXT, &["--shard", "2/2"]).output();
    assert!(other.is_ok_and(|other| other.status.success()));
    let merged = Command::new(env!("CARGO_BIN_EXE_engine-under-test"))
        .current_dir(parts.folder.path())
        .env("NO_COLOR", "1")
        .args(["merge", "runs/parts"])
        .output()
        .expect("the program starts");
    let stderr = String::from_utf8_lossy(&merged.stderr);
    assert_eq!(merged.status.code(), Some(0), "{stderr}");
    // The tables of all metrics that the scenario asks for, and the page.
    assert_eq!(String::from_utf8_lossy(&merged.stdout), whole.stdout());
    let words = whole.stdout().to_lowercase();
    assert!(
        words.contains("mean dice") && words.contains("hd95"),
        "{words}"
    );
    assert!(stderr.contains("look at "), "{stderr}");
    for of in [&whole, &parts] {
        assert!(of.result("parts", "report.html").is_file());
    }
    let figures = |of: &Played| {
        let files = fs::read_dir(of.result("parts", "figures")).expect("they were made");
        let files = files.map(|file| file.expect("readable").path());
        let texts = files.filter(|path| path.extension().is_some_and(|kind| kind == "svg"));
        let read = |path: PathBuf| (path.file_name().map(ToOwned::to_owned), fs::read(path).ok());
        texts.map(read).collect::<BTreeMap<_, _>>()
    };
    assert!(!figures(&whole).is_empty() && figures(&whole) == figures(&parts));
}
