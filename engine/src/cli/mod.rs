//! The `engine` program: parses arguments, runs one command, turns its outcome into an exit code.
//!
//! stdout is data, stderr is words. A reader that stops reading stdout (`engine models | head`) is
//! no failure.

mod bytes;
mod check;
mod completions;
mod datasets;
mod device;
mod devices;
mod interrupt;
mod masks;
mod merge;
mod models;
mod output;
mod prepare;
mod profile;
mod progress;
mod report;
mod run;
mod submit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  engine check scenarios/multi_region.ron     what would run, or what is wrong with it
  engine run scenarios/multi_region.ron       play it into runs/multi_region/
  engine report runs/multi_region             figures and a page from its rows
  engine datasets                             the study's datasets, and how to get them
  engine models                               which models there are, which are installed
  engine models pull mobile_sam               get one
  engine devices                              what can compute, and how fast
  engine profile mobile_sam --device wgpu     where a device's time goes

Exit codes: 0 done, 1 some cases failed or the run was stopped, 2 could not run, 3 a model hangs.";

/// Plays a clinician clicking on medical images, to measure promptable segmentation models.
#[derive(Debug, Parser)]
#[command(name = "engine", bin_name = "engine", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    loudness: output::Loudness,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Merge(merge::Arguments),
    Submit(submit::Arguments),
    Report(report::Arguments),
    Datasets(datasets::Arguments),
    Masks(masks::Arguments),
    Models(models::Arguments),
    Devices(devices::Arguments),
    Profile(profile::Arguments),
    Completions(completions::Arguments),
}

/// How a command that could run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All was done.
    Complete,
    /// Something was left out, and the user was told what.
    Partial,
}

/// Runs the program with the process's own arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help goes to stdout, complaints to stderr; there is nobody to tell if that fails.
            _ = message.print();
            return ExitCode::from(u8::from(message.use_stderr()) * 2);
        }
    };
    arguments.loudness.start();
    let outcome = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Merge(arguments) => merge::merge(&arguments),
        Command::Submit(arguments) => submit::submit(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Datasets(arguments) => datasets::datasets(&arguments),
        Command::Masks(arguments) => masks::run(&arguments),
        Command::Models(arguments) => models::models(&arguments),
        Command::Devices(arguments) => devices::devices(&arguments),
        Command::Profile(arguments) => profile::profile(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments),
    };
    match outcome {
        Ok(Outcome::Complete) => ExitCode::SUCCESS,
        Ok(Outcome::Partial) => ExitCode::from(1),
        Err(report) => {
            output::complain(&report);
            ExitCode::from(2)
        }
    }
}
