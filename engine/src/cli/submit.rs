//! `engine submit`: a run played in shards by HyperQueue, on as many machines as it has workers.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use clap::Args;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use super::{
    Outcome,
    prepare::prepare,
    progress::{Bar, Unit},
    run,
};
use crate::{
    runs::{Progress, merge},
    scenario::ScenarioFile,
};

/// How often the shards are looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// What a task does: the program, its arguments, and which shard it is. Nothing of the user's is
/// ever read as a script.
const TASK: &str = r#"exec "$@" --shard "$HQ_TASK_ID/$ENGINE_SHARDS""#;

/// Play a scenario in shards with HyperQueue, and put them together
///
/// Submits one task per shard to the HyperQueue server that `hq` finds, follows them, submits those
/// that failed again, and merges. Shards that are finished already are left alone, so the command
/// can be given again at any time. All machines must see the same folders.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hq server start &  hq worker start &
  engine submit study.ron --hq --shards 8
  engine submit study.ron --hq --shards 200 --cpus 4 --gpus 1 -- --offline

assets/cluster/ has files for Slurm and Kubernetes, which need no such command.

Exit codes: 0 done, 1 done, but some cases failed, 2 shards are left that could not be played.")]
pub(super) struct Arguments {
    /// The scenario file
    scenario: PathBuf,

    /// Submit to HyperQueue; `--hq=PROGRAM` names its program
    #[arg(
        long,
        value_name = "PROGRAM",
        required = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "hq"
    )]
    hq: PathBuf,

    /// How many parts the cases are divided into
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: u32,

    /// Folder in which run folders are made
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,

    /// Processors that a shard is given, and threads it computes with
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    cpus: u16,

    /// NVIDIA GPUs that a shard is given
    #[arg(long, value_name = "N", default_value_t = 0)]
    gpus: u16,

    /// How many times shards that failed are submitted again
    #[arg(long, value_name = "N", default_value_t = 3)]
    retries: u32,

    /// More options for `engine run`
    #[arg(last = true, value_name = "OPTIONS")]
    run: Vec<OsString>,
}

pub(super) fn submit(arguments: &Arguments) -> miette::Result<Outcome> {
    let file = prepare(&arguments.scenario)?.file;
    let progress = Progress::of(&arguments.out, &file, arguments.shards);
    std::fs::create_dir_all(progress.folder())
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot make {}", progress.folder().display()))?;
    let bar = Bar::new(Unit::Shards, u64::from(arguments.shards), "playing");
    let mut left = progress.unfinished();
    for attempt in 0..=arguments.retries {
        if left.is_empty() {
            break;
        }
        if attempt > 0 {
            tracing::warn!("submitting {} shards again", left.len());
        }
        let task = start(arguments, &file, &left, progress.folder())?;
        let status = follow(task, &progress, &bar)?;
        tracing::debug!("hq submit ended: {status}");
        left = progress.unfinished();
    }
    drop(bar);
    if let Some(first) = left.first() {
        let folder = progress.folder().display();
        return Err(miette!(
            help = "once the cause is gone, give the same command again: finished shards stay",
            "{} of {} shards could not be played; {folder}/{first}.log says more of the first",
            left.len(),
            arguments.shards,
        ));
    }
    let report = merge(progress.root()).into_diagnostic()?;
    run::tabulate(&report)?;
    Ok(run::conclude(&report))
}

/// Submits one task for each of `shards`, and waits for them in the child.
fn start(
    arguments: &Arguments,
    file: &ScenarioFile,
    shards: &[u32],
    logs: &Path,
) -> miette::Result<Child> {
    let program = std::env::current_exe().into_diagnostic()?;
    let absolute = |path: &Path| std::path::absolute(path).into_diagnostic();
    let indices: Vec<_> = shards.iter().map(u32::to_string).collect();
    let mut log = absolute(logs)?.into_os_string();
    log.push("/%{TASK_ID}.log");
    let mut hq = Command::new(&arguments.hq);
    hq.args(["submit", "--wait", "--array"])
        .arg(indices.join(","))
        .args(["--name", &file.scenario.name])
        .args(["--cpus", &arguments.cpus.to_string()]);
    if arguments.gpus > 0 {
        let gpus = format!("gpus/nvidia={}", arguments.gpus);
        hq.args(["--resource", &gpus]);
    }
    hq.args(["--env", &format!("ENGINE_SHARDS={}", arguments.shards)])
        .args(["--stdout", "none", "--stderr"])
        .arg(log)
        .args(["--", "sh", "-c", TASK, "engine"])
        .arg(program)
        .arg("run")
        .arg(absolute(&arguments.scenario)?)
        .arg("--out")
        .arg(absolute(&arguments.out)?)
        .args(["--threads", &arguments.cpus.to_string()])
        .args(&arguments.run)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .into_diagnostic()
        .wrap_err_with(|| {
            format!(
                "cannot start {}; get HyperQueue from \
                 https://it4innovations.github.io/hyperqueue, or name it with --hq=PROGRAM",
                arguments.hq.display()
            )
        })
}

/// Shows how many shards are finished until the tasks are over.
fn follow(mut task: Child, progress: &Progress, bar: &Bar) -> miette::Result<ExitStatus> {
    loop {
        let left = progress.unfinished().len() as u64;
        let total = u64::from(progress.count());
        bar.set(total - left, total);
        if let Some(status) = task.try_wait().into_diagnostic()? {
            return Ok(status);
        }
        thread::sleep(PERIOD);
    }
}
