//! What the program says about itself, and to arguments that make no sense.

use std::{
    io::Read as _,
    process::{Command, Stdio},
};

use insta_cmd::assert_cmd_snapshot;

use crate::program::{engine, folder};

fn told(arguments: &[&str]) -> Command {
    engine(&std::env::temp_dir(), arguments)
}

#[test]
fn help() {
    assert_cmd_snapshot!("help", told(&["--help"]));
    assert_cmd_snapshot!("help_run", told(&["run", "--help"]));
    assert_cmd_snapshot!("help_check", told(&["check", "--help"]));
    assert_cmd_snapshot!("help_merge", told(&["merge", "--help"]));
    assert_cmd_snapshot!("help_submit", told(&["submit", "--help"]));
    assert_cmd_snapshot!("help_masks", told(&["masks", "--help"]));
    assert_cmd_snapshot!("help_datasets", told(&["datasets", "--help"]));
    assert_cmd_snapshot!("help_models", told(&["models", "--help"]));
    assert_cmd_snapshot!("help_models_pull", told(&["models", "pull", "--help"]));
    assert_cmd_snapshot!("help_devices", told(&["devices", "--help"]));
    assert_cmd_snapshot!("help_profile", told(&["profile", "--help"]));
    assert_cmd_snapshot!("help_completions", told(&["completions", "--help"]));
}

#[test]
fn arguments_that_make_no_sense() {
    assert_cmd_snapshot!("no_command", told(&[]));
    assert_cmd_snapshot!("unknown_command", told(&["rum"]));
    assert_cmd_snapshot!("no_scenario", told(&["run"]));
    assert_cmd_snapshot!("no_threads", told(&["run", "a.ron", "--threads", "0"]));
    assert_cmd_snapshot!(
        "unknown_device",
        told(&["run", "a.ron", "--device", "abacus"])
    );
    assert_cmd_snapshot!("loud_and_quiet", told(&["-q", "-v", "devices"]));
}

#[test]
fn models_are_listed_and_unknown_ones_refused() {
    let folder = folder();
    assert_cmd_snapshot!("models", engine(folder.path(), &["models"]));
    assert_cmd_snapshot!(
        "models_quiet",
        engine(folder.path(), &["models", "-q", "pull", "mobilesam"])
    );
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = told(&["completions", shell]).output().expect("it runs");
        assert!(output.status.success() && output.stderr.is_empty());
        let script = String::from_utf8(output.stdout).expect("text");
        assert!(
            script.contains("engine") && script.contains("pull"),
            "{shell}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut program = told(&["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(program.stdout.take());
    let mut words = String::new();
    let mut stderr = program.stderr.take().expect("piped above");
    stderr.read_to_string(&mut words).expect("text");
    let status = program.wait().expect("it ends");
    assert!(status.success() && words.is_empty(), "{status}: {words}");
}
