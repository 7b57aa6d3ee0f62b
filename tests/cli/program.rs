//! The program, run as a user runs it.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

/// A small scenario that is right, for tests to make wrong.
pub(crate) const SCENARIO: &str = r#"(
    name: "first",
    datasets: [phantoms(name: "chest", modality: chest_xray, cases: 2, size: 64)],
    models: ["mobile_sam"],
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 9)),
        (name: "boxes", first: [box(each_region(3))]),
    ],
)
"#;

/// Returns an empty folder to work in, with one for models, so that no other is looked for.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("models")).expect("writable");
    folder
}

/// Returns the program, to be run in a folder. It is told nothing by the environment, so that
/// every machine sees the same.
pub(crate) fn engine(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_engine-under-test"));
    command.args(arguments).current_dir(folder);
    for variable in [
        "ENGINE_MODELS",
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
    ] {
        command.env_remove(variable);
    }
    command
}
