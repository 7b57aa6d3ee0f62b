//! Run folders met by full disks, write protection, other scenarios and damage.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use engine::{
    metrics::Wanted,
    runs::{
        CaseKey, CaseResult, Counts, DatasetEntry, Failure, Manifest, ModelEntry, Results, Row,
        RunError, RunFolder, ScenarioText, State, StrategyEntry, read_rows,
    },
    scenario::Average,
};
use tempfile::TempDir;

const SCENARIO: &str = "(name: \"first\")";

fn manifest(text: &str) -> Manifest {
    Manifest {
        engine: "0.1.0".to_owned(),
        code: "0".to_owned(),
        scenario: ScenarioText {
            name: "first".to_owned(),
            blake3: Manifest::hash(text),
            text: text.to_owned(),
            folder: PathBuf::new(),
        },
        shard: None,
        seed: 1,
        device: "cpu".to_owned(),
        threads: 2,
        repeats: 1,
        datasets: vec![DatasetEntry {
            name: "chest".to_owned(),
            objects: vec!["lungs".to_owned()],
            cases: 1,
            cases_blake3: Manifest::hash("case 000000\n"),
        }],
        models: vec![ModelEntry {
            name: "mobile_sam".to_owned(),
            sha256: None,
        }],
        strategies: vec![StrategyEntry {
            name: "point".to_owned(),
            protocol: "paper_code".to_owned(),
            prompts: 9,
            recording: None,
        }],
        measured: Wanted::default(),
        average: Average::Slice,
        stages: Vec::new(),
        counts: Counts::default(),
        state: State::Running,
        started: Manifest::now(),
        ended: None,
    }
}

fn create(out: &Path, text: &str, fresh: bool) -> Result<RunFolder, RunError> {
    RunFolder::create(out, &manifest(text), fresh)
}

fn key(case: usize) -> CaseKey {
    CaseKey {
        dataset: 0,
        case: format!("case {case:06}"),
    }
}

fn rows(case: usize) -> Vec<Row> {
    (1..=9)
        .map(|prompts| Row {
            dataset: "chest".to_owned(),
            case: key(case).case,
            slice: 0,
            object: "lungs".to_owned(),
            model: "mobile_sam".to_owned(),
            strategy: "point".to_owned(),
            protocol: "paper_code".to_owned(),
            repeat: 0,
            prompts,
            x: Some(1),
            y: Some(2),
            label: Some(1),
            ties: Some(1),
            clicks: 1,
            boxes: 0,
            chosen: 1,
            iou: 0.5,
            iou_first: 0.5,
            iou_best: 0.25,
            iou_oracle: 0.5,
            iou_single: 0.125,
            dice: 2.0 / 3.0,
            precision: 0.5,
            recall: 1.0,
            predicted_iou: Some(0.9),
            area_truth: 10,
            area_predicted: 20,
            regions: Some(1),
            contrast: Some(0.5),
            unit: None,
            boundary_iou: None,
            hd95: None,
            assd: None,
            nsd: None,
        })
        .collect()
}

/// A case with rows and nothing else.
fn finished(rows: &[Row]) -> CaseResult<'_> {
    CaseResult {
        rows,
        predictions: &[],
        failures: &[],
        slices: 1,
        trials: 1,
    }
}

/// A file system of a few pages, unmounted at the end; `None` (said aloud) if we may not mount.
struct Tmpfs(TempDir);

impl Tmpfs {
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mounted = cfg!(target_os = "linux")
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", options, "tmpfs"])
                .arg(folder.path())
                .output()
                .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("SKIPPED: a tmpfs cannot be mounted here (Linux and root only)");
        }
        mounted.then_some(Self(folder))
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.0.path())
            .status();
        assert!(status.is_ok_and(|status| status.success()));
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Nothing to do about a failure: the folder stays, empty, in the temporary directory.
        _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_named_and_leaves_whole_cases() {
    let Some(disk) = Tmpfs::mount("size=256k") else {
        return;
    };
    let folder = create(disk.0.path(), SCENARIO, false).expect("there is room for that");
    let mut results = Results::open(&folder).expect("there is room for that");
    let mut count = 0;
    let error = loop {
        match results.finish_case(key(count), &finished(&rows(count))) {
            Ok(()) => count += 1,
            Err(error) => break error.to_string(),
        }
        assert!(count < 10_000, "the disk never fills");
    };
    assert!(count > 10);
    assert!(error.contains("first/rows.csv: No space left"), "{error}");
    assert!(
        error.contains("free some space") && error.contains("--out"),
        "{error}"
    );
    let read: Result<Vec<_>, _> = read_rows(&folder.rows()).expect("readable").collect();
    assert_eq!(read.expect("no torn case").len(), 9 * count);
}

#[test]
fn a_manifest_is_never_half_written() {
    let Some(disk) = Tmpfs::mount("size=64k") else {
        return;
    };
    let folder = create(disk.0.path(), SCENARIO, false).expect("there is room for that");
    let small = manifest(SCENARIO);
    small
        .write(&folder.manifest())
        .expect("there is room for that");
    let long = manifest(&"#".repeat(100_000));
    let error = long
        .write(&folder.manifest())
        .expect_err("too long for the disk");
    assert!(
        error.to_string().contains("manifest.json: No space left"),
        "{error}"
    );
    assert_eq!(
        Manifest::read(&folder.manifest()).expect("the old one"),
        small
    );
    let names: Vec<PathBuf> = fs::read_dir(folder.root())
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().into())
        .filter(|name: &PathBuf| name.extension().is_some_and(|e| e == "partial"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn write_protection_is_named() {
    let Some(disk) = Tmpfs::mount("size=64k") else {
        return;
    };
    disk.remount("ro");
    let error = create(disk.0.path(), SCENARIO, false)
        .expect_err("read-only")
        .to_string();
    assert!(error.contains("first: Read-only file system"), "{error}");
    assert!(
        error.contains("choose a folder you may write to with --out"),
        "{error}"
    );
}

#[test]
fn a_file_in_the_way_is_named() {
    let out = tempfile::tempdir().expect("a temporary folder");
    fs::write(out.path().join("first"), "a file").expect("writable");
    let error = create(out.path(), SCENARIO, true)
        .expect_err("no folder")
        .to_string();
    assert!(
        error.contains("first: ") && error.contains("in the way"),
        "{error}"
    );
}

#[test]
fn another_scenarios_results_are_kept_unless_fresh() {
    let out = tempfile::tempdir().expect("a temporary folder");
    {
        let folder = create(out.path(), SCENARIO, false).expect("writable");
        manifest(SCENARIO)
            .write(&folder.manifest())
            .expect("writable");
        let mut results = Results::open(&folder).expect("writable");
        results
            .finish_case(key(0), &finished(&rows(0)))
            .expect("writable");
        fs::write(folder.overlays().join("a.png"), "old").expect("writable");
        fs::write(folder.root().join("notes.txt"), "mine").expect("writable");
    }
    let other = "(name: \"first\", seed: 2)";
    let error = create(out.path(), other, false).expect_err("occupied");
    assert!(matches!(error, RunError::Changed { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("-(name: \"first\")"), "{error}");
    assert!(error.contains("+(name: \"first\", seed: 2)"), "{error}");
    assert!(error.contains("--fresh"), "{error}");
    assert!(
        out.path().join("first/rows.csv").exists(),
        "nothing was lost"
    );

    // The same scenario goes on.
    let folder = create(out.path(), SCENARIO, false).expect("the same scenario");
    assert!(folder.earlier().is_some());
    let results = Results::open(&folder).expect("readable");
    assert_eq!(results.finished().expect("readable").count(), 1);
    drop((results, folder));
    fs::remove_file(out.path().join("first/manifest.json")).expect("writable");
    fs::write(out.path().join("first/rows.csv"), "of unknown origin").expect("writable");
    let error = create(out.path(), other, false)
        .expect_err("occupied")
        .to_string();
    assert!(error.contains("unknown origin"), "{error}");

    let folder = create(out.path(), other, true).expect("fresh");
    Results::open(&folder).expect("the old files are gone");
    assert!(!folder.overlays().join("a.png").exists());
    assert!(folder.root().join("notes.txt").exists(), "not ours");
}

#[test]
fn a_damaged_manifest_does_not_let_results_be_lost() {
    let out = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(out.path().join("first")).expect("writable");
    fs::write(out.path().join("first/manifest.json"), "{").expect("writable");
    let error = create(out.path(), SCENARIO, false)
        .expect_err("damaged")
        .to_string();
    assert!(error.contains("manifest.json cannot be read"), "{error}");
    create(out.path(), SCENARIO, true).expect("fresh");
}

#[test]
fn a_folder_has_one_run_at_a_time() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let folder = create(out.path(), SCENARIO, false).expect("writable");
    let error = create(out.path(), SCENARIO, true).expect_err("locked");
    assert!(matches!(error, RunError::InUse(_)), "{error}");
    drop(folder);
    create(out.path(), SCENARIO, true).expect("free again");
}

#[test]
fn names_stay_inside_the_output_folder() {
    let out = tempfile::tempdir().expect("a temporary folder");
    for name in ["../escape", "/etc/run", "a/../../b", "", "..", "nul\0"] {
        let mut manifest = manifest(SCENARIO);
        manifest.scenario.name = name.to_owned();
        let folder = RunFolder::create(out.path(), &manifest, false).expect("writable");
        assert_eq!(folder.root().parent(), Some(out.path()), "{name:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_the_folder() {
    use std::os::unix::fs::symlink;

    let out = tempfile::tempdir().expect("a temporary folder");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let precious = elsewhere.path().join("precious.png");
    fs::write(&precious, "mine").expect("writable");
    let root = out.path().join("first");
    fs::create_dir(&root).expect("writable");
    for name in ["rows.csv", "manifest.json", "manifest.json.partial"] {
        symlink(&precious, root.join(name)).expect("writable");
    }
    let folder = create(out.path(), SCENARIO, true).expect("links are replaced");
    manifest(SCENARIO)
        .write(&folder.manifest())
        .expect("writable");
    Results::open(&folder).expect("writable");
    drop(folder);

    fs::remove_dir(root.join("overlays")).expect("empty");
    symlink(elsewhere.path(), root.join("overlays")).expect("writable");
    let error = create(out.path(), SCENARIO, true).expect_err("leads outside");
    assert!(matches!(error, RunError::Elsewhere(_)), "{error}");
    assert_eq!(fs::read_to_string(&precious).expect("still there"), "mine");
}

#[test]
fn what_a_killed_run_left_is_read_up_to_the_torn_line() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let folder = create(out.path(), SCENARIO, false).expect("writable");
    let mut results = Results::open(&folder).expect("writable");
    for case in [1, 0] {
        results
            .finish_case(key(case), &finished(&rows(case)))
            .expect("writable");
    }
    let failure = Failure {
        dataset: "chest".to_owned(),
        case: "case 2".to_owned(),
        slice: Some(7),
        model: None,
        file: "a, \"b\".png".to_owned(),
        reason: "truncated".to_owned(),
    };
    let failures = [failure];
    let failed = CaseResult {
        failures: &failures,
        ..finished(&[])
    };
    results.finish_case(key(2), &failed).expect("writable");
    drop(results); // killed: never finished
    let text = fs::read_to_string(folder.rows()).expect("readable");
    fs::write(folder.rows(), &text[..text.len() - 30]).expect("writable");
    let rows: Vec<_> = read_rows(&folder.rows()).expect("readable").collect();
    assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 17);
    let error = rows[17].as_ref().expect_err("torn").to_string();
    assert!(error.contains("rows.csv, line 19"), "{error}");
    let failures = fs::read_to_string(folder.failures()).expect("readable");
    assert_eq!(
        failures,
        "dataset,case,slice,model,file,reason\nchest,case 2,7,,\"a, \"\"b\"\".png\",truncated\n"
    );
}
