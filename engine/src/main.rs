//! The `engine` program: arguments in, exit code out. See [`engine::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    engine::cli::main()
}
