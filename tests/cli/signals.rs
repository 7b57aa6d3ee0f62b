//! Signals end a run in good order, but for those that it was started to ignore.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tests::shared;

use super::run::command;

const CASES: usize = 400;

/// How long a few slices may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// A run that takes many minutes, started and ended again and again.
struct Long {
    folder: TempDir,
    models: PathBuf,
}

impl Long {
    /// `None` without the weights.
    fn new() -> Option<Self> {
        let weights = shared("weights")?;
        Some(Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            models: weights.canonicalize().expect("it exists"),
        })
    }

    /// Starts it by a program that takes a command and starts it.
    fn start(&self, by: &[&str]) -> Child {
        let text = format!(
            "(name: \"long\", models: [\"mobile_sam\"], \
             datasets: [phantoms(name: \"p\", modality: breast_ultrasound, cases: {CASES})], \
             strategies: [(name: \"box\", first: [box(object)])])"
        );
        let models = self.models.to_str().expect("a plain path");
        let run = command(self.folder.path(), &text, &["--models", models]);
        let mut started = match by {
            [] => Command::new(run.get_program()),
            [program, arguments @ ..] => {
                let mut started = Command::new(program);
                started.args(arguments).arg(run.get_program());
                started
            }
        };
        started
            .args(run.get_args())
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        with_default_signals(&mut started);
        started.spawn().expect("the program starts")
    }

    fn lines(&self) -> usize {
        let rows = self.folder.path().join("runs/long/rows.csv");
        fs::read_to_string(rows).map_or(0, |text| text.lines().count())
    }

    /// Waits until there are so many rows.
    fn wait_for(&self, lines: usize) {
        let start = Instant::now();
        while self.lines() < lines {
            assert!(start.elapsed() < PATIENCE, "{} rows", self.lines());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends the signal and checks that the run ends as it should.
    fn end(&self, child: Child, signal: &str) -> String {
        send(&child, signal);
        let start = Instant::now();
        let output = child.wait_with_output().expect("it ends");
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{signal}: {stderr}");
        assert!(stderr.contains("stopping after"), "{signal}: {stderr}");
        assert!(self.lines() < CASES);
        stderr
    }
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill is part of every Unix").success());
}

/// Gives signals their meaning back, in case these tests were started in the background or by nohup.
#[expect(unsafe_code, reason = "nothing else runs between fork and exec")]
fn with_default_signals(command: &mut Command) {
    let reset = || {
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
            // SAFETY: `signal` may be called after a fork, and no handler is installed.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: the closure allocates nothing and locks nothing.
    unsafe { command.pre_exec(reset) };
}

#[test]
fn signals_end_a_run_soon_and_it_goes_on_later() {
    let Some(long) = Long::new() else {
        return;
    };
    let mut before = 0;
    for signal in ["-INT", "-TERM", "-HUP"] {
        let child = long.start(&[]);
        long.wait_for(before + 2);
        let stderr = long.end(child, signal);
        let resumed = format!("{CASES} cases are played already");
        assert_eq!(stderr.contains(&resumed), before > 0, "{stderr}");
        before = long.lines();
    }
}

#[test]
fn a_signal_that_the_parent_ignores_is_ignored_and_the_others_are_not() {
    let Some(long) = Long::new() else {
        return;
    };
    let background: &[&str] = &["sh", "-c", "trap '' INT; exec \"$@\"", "sh"];
    let cases: [(&[&str], &str, &str); 3] = [
        (&["nohup"], "-HUP", "-TERM"),
        (&["nohup"], "-HUP", "-INT"),
        (background, "-INT", "-TERM"),
    ];
    for (by, ignored, heard) in cases {
        let before = long.lines();
        let child = long.start(by);
        long.wait_for(before + 2);
        send(&child, ignored);
        let before = long.lines();
        // The batch in play, and then some.
        long.wait_for(before + 3);
        long.end(child, heard);
    }
}
