//! `engine submit --hq` with a real HyperQueue server and workers.
//!
//! Needs the program `hq`, on the path or named by `HQ`; without it the test is skipped, or fails
//! with `REQUIRE_HQ=1`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tests::shared;

use crate::program::engine;

/// Slow enough that a worker can be killed meanwhile.
const SCENARIO: &str = r#"(
    name: "study", models: ["mobile_sam"],
    datasets: [phantoms(name: "p", modality: breast_ultrasound, cases: 24, size: 64)],
    strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: 2))],
)"#;

/// Returns the program, or says why the test is skipped.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn hq() -> Option<PathBuf> {
    let program = env::var_os("HQ").map_or_else(|| "hq".into(), PathBuf::from);
    let found = Command::new(&program).arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    assert!(
        env::var_os("REQUIRE_HQ").is_none_or(|value| value != "1"),
        "REQUIRE_HQ=1, but {} cannot be started",
        program.display()
    );
    eprintln!(
        "SKIPPED: {} (HyperQueue) is not installed; HQ=… names it",
        program.display()
    );
    None
}

/// A server and its workers, ended with the test.
struct Cluster {
    hq: PathBuf,
    folder: TempDir,
    server: Option<Child>,
    workers: Vec<Child>,
}

impl Cluster {
    fn start(hq: PathBuf, workers: usize) -> Self {
        let mut cluster = Self {
            hq,
            folder: tempfile::tempdir().expect("a temporary folder"),
            server: None,
            workers: Vec::new(),
        };
        cluster.server = Some(cluster.spawn(&["server", "start"]));
        let start = Instant::now();
        while !cluster
            .hq(&["server", "info"])
            .status()
            .is_ok_and(|status| status.success())
        {
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "the server does not start"
            );
            thread::sleep(Duration::from_millis(200));
        }
        for _ in 0..workers {
            let worker = cluster.spawn(&["worker", "start", "--cpus", "1"]);
            cluster.workers.push(worker);
        }
        cluster
    }

    fn hq(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.hq);
        command
            .args(arguments)
            .env("HQ_SERVER_DIR", self.folder.path().join("server"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        self.hq(arguments).spawn().expect("it was started before")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What is over already need not be ended.
        _ = self.hq(&["server", "stop"]).status();
        for child in self.workers.iter_mut().chain(self.server.as_mut()) {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// Returns how many shards have begun.
fn begun(out: &Path) -> usize {
    let shards = out.join("study/shards");
    let Ok(entries) = fs::read_dir(shards) else {
        return 0;
    };
    let rows = entries.filter_map(|entry| fs::metadata(entry.ok()?.path().join("rows.csv")).ok());
    rows.filter(|rows| rows.len() > 500).count()
}

#[test]
fn shards_on_two_workers_of_which_one_is_killed_are_the_local_run() {
    let (Some(hq), Some(weights)) = (hq(), shared("weights")) else {
        return;
    };
    let mut cluster = Cluster::start(hq.clone(), 2);
    let folder = cluster.folder.path().to_owned();
    fs::write(folder.join("study.ron"), SCENARIO).expect("writable");
    let models = weights.canonicalize().expect("it exists");
    let submit = engine(
        &folder,
        &["submit", "study.ron", "--shards", "8", "--out", "cluster"],
    )
    .arg(format!("--hq={}", hq.display()))
    .args(["--", "--offline", "--models"])
    .arg(&models)
    .env("HQ_SERVER_DIR", folder.join("server"))
    .env("ENGINE_MODELS", &models)
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("it runs");
    let start = Instant::now();
    while begun(&folder.join("cluster")) < 2 {
        assert!(start.elapsed() < Duration::from_mins(2), "no shard begins");
        thread::sleep(Duration::from_millis(20));
    }
    cluster.workers[0].kill().expect("it is ours");
    let output = submit.wait_with_output().expect("it ends");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");

    let local = engine(&folder, &["run", "study.ron", "--offline", "--models"])
        .arg(&models)
        .output()
        .expect("it runs");
    assert_eq!(output.stdout, local.stdout, "the same table");
    for name in [
        "rows.csv",
        "predictions.jsonl",
        "failures.csv",
        "summary.csv",
        "journal.log",
    ] {
        let [merged, whole] = ["cluster", "runs"].map(|out| {
            let path = folder.join(out).join("study").join(name);
            fs::read(path).expect("it was written")
        });
        assert!(merged == whole, "{name}");
        assert!(!merged.is_empty(), "{name}");
    }
}

#[test]
fn a_missing_hyperqueue_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("study.ron"), SCENARIO).expect("writable");
    let output = engine(
        folder.path(),
        &["submit", "study.ron", "--hq=nowhere/hq", "--shards", "2"],
    )
    .output()
    .expect("it runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains("nowhere/hq") && words.contains("--hq=PROGRAM"),
        "{words}"
    );
}
