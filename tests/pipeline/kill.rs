//! Runs that are killed, starved of disk and damaged lose no row and double none.
//!
//! By default a handful of faults; `FAULTS=50` kills fifty times.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use engine::runs::{Row, read_rows};
use tempfile::TempDir;

use super::resume::files;

/// A tenth of the pictures of the second dataset cannot be read.
const SCENARIO: &str = r#"(
    name: "study",
    seed: 3,
    datasets: [
        phantoms(name: "chest", modality: chest_xray, cases: 60, size: 96),
        folder_pair(name: "pictures", images: "images", masks: "masks", objects: [(name: "o")]),
    ],
    models: ["mobile_sam"],
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 5)),
        (name: "boxes", first: [box(each_region(2))]),
    ],
)"#;

/// Kills per run folder before it may finish.
const KILLS: usize = 5;

/// A folder with the scenario and its pictures.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("scenario.ron"), SCENARIO).expect("writable");
        for kind in ["images", "masks"] {
            fs::create_dir(folder.path().join(kind)).expect("writable");
        }
        for number in 0..60 {
            let picture = |kind: &str, inside: u8| {
                let path = folder.path().join(format!("{kind}/{number:02}.png"));
                let picture = image::GrayImage::from_fn(70, 50, |x, y| {
                    let is_inside = (10 + number..25 + number / 2 + 10).contains(&x);
                    image::Luma([if is_inside && y > 9 { inside } else { 20 }])
                });
                picture.save(&path).expect("writable");
                path
            };
            picture("masks", 255);
            let path = picture("images", 90);
            if number % 10 == 0 {
                let whole = fs::read(&path).expect("readable");
                fs::write(&path, &whole[..whole.len() / 2]).expect("writable");
            }
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_play-disc"));
        command
            .arg(self.path("scenario.ron"))
            .arg(out)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn play(&self, out: &Path) -> Output {
        self.command(out).output().expect("the program starts")
    }

    /// Plays without a fault; returns the files and how long it took.
    fn whole(&self) -> (BTreeMap<String, Vec<u8>>, Duration) {
        let start = Instant::now();
        let output = self.play(&self.path("whole"));
        assert!(output.status.success(), "{output:?}");
        (files(&self.path("whole/study")), start.elapsed())
    }
}

/// What was injected and what came of it.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    damages: usize,
    lost: usize,
    doubled: usize,
}

impl Tally {
    /// Compares the rows of a run with those expected.
    fn compare(&mut self, expected: &Path, found: &Path) {
        let count = |root: &Path| {
            let mut rows: BTreeMap<_, usize> = BTreeMap::new();
            for row in read_rows(&root.join("rows.csv")).expect("readable") {
                let row: Row = row.expect("whole");
                *rows.entry((row.trial(), row.prompts)).or_default() += 1;
            }
            rows
        };
        let (expected, found) = (count(expected), count(found));
        self.lost += expected
            .keys()
            .filter(|key| !found.contains_key(key))
            .count();
        self.doubled += found.values().filter(|&&count| count > 1).count();
    }
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX generator; its upper bits are good enough to choose faults by.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

/// Damages the end of one of the growing files, as a power cut may.
fn damage(root: &Path, random: &mut Random) {
    let names = [
        "rows.csv",
        "predictions.jsonl",
        "failures.csv",
        "journal.log",
    ];
    let path = root.join(names[random.below(4) as usize]);
    let Ok(mut text) = fs::read(&path) else {
        return;
    };
    let tail = text.len() - random.below(text.len().min(4000) as u64) as usize;
    match random.below(3) {
        0 => text.truncate(tail),
        1 => text.extend_from_slice(b"chest,case,0,torn"),
        _ => {
            for byte in &mut text[tail..] {
                *byte = 0;
            }
        }
    }
    fs::write(&path, text).expect("writable");
}

#[expect(clippy::print_stderr, reason = "the numbers are what the test is for")]
#[test]
fn killed_at_any_moment_no_row_is_lost_or_doubled() {
    let faults = std::env::var("FAULTS").map_or(KILLS, |text| text.parse().expect("a number"));
    let bench = Bench::new();
    let (expected, duration) = bench.whole();
    let (mut tally, mut random) = (Tally::default(), Random(1));
    let mut folder = 0;
    while tally.kills < faults {
        folder += 1;
        let out = bench.path(&format!("killed {folder}"));
        let mut kills = 0;
        while kills < KILLS.min(faults) {
            let mut child = bench.command(&out).spawn().expect("the program starts");
            let moment = random.below(duration.as_micros() as u64 / 2);
            thread::sleep(Duration::from_micros(moment));
            let is_over = child.try_wait().expect("a child").is_some();
            child.kill().expect("it is ours");
            child.wait().expect("it ends");
            if is_over {
                break;
            }
            kills += 1;
            if random.below(2) == 0 && out.join("study/manifest.json").exists() {
                damage(&out.join("study"), &mut random);
                tally.damages += 1;
            }
        }
        tally.kills += kills;
        let output = bench.play(&out);
        assert!(output.status.success(), "{output:?}");
        tally.compare(&bench.path("whole/study"), &out.join("study"));
        assert!(
            files(&out.join("study")) == expected,
            "in {}",
            out.display()
        );
    }
    eprintln!("{tally:?} in {folder} runs of {duration:?}; 6 of 60 pictures are unreadable");
    assert_eq!((tally.lost, tally.doubled), (0, 0));
}

#[cfg(unix)]
#[test]
fn a_full_disk_costs_nothing_that_was_finished() {
    let bench = Bench::new();
    let (expected, _) = bench.whole();
    let out = bench.path("full");
    let mut sizes = Vec::new();
    // The longest file a process may write, in blocks of 512 bytes.
    for blocks in [20, 40, 80, 160] {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_play-disc")])
            .arg(bench.path("scenario.ron"))
            .arg(&out)
            .output()
            .expect("a shell");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("free some space"), "{stderr}");
        sizes.push(
            fs::metadata(out.join("study/rows.csv"))
                .expect("there")
                .len(),
        );
    }
    assert!(sizes.is_sorted() && sizes[0] < sizes[3], "{sizes:?}");
    let output = bench.play(&out);
    assert!(output.status.success(), "{output:?}");
    assert!(files(&out.join("study")) == expected);
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let bench = Bench::new();
    let out = bench.path("shared");
    let mut first = bench.command(&out).spawn().expect("the program starts");
    while !out.join("study/journal.log").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    let second = bench.play(&out);
    let is_first_over = first.try_wait().expect("a child").is_some();
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert!(is_first_over || stderr.contains("in use"), "{stderr}");
    first.kill().expect("it is ours");
    first.wait().expect("it ends");
    // The lock went with the process.
    let third = bench.play(&out);
    assert!(third.status.success(), "{third:?}");
}
