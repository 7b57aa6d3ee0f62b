//! `engine completions`: a script that lets a shell complete commands and options.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Outcome, output};

/// Print a script that lets your shell complete commands and options
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine completions bash > ~/.local/share/bash-completion/completions/engine
  engine completions zsh > ~/.zfunc/_engine
  engine completions fish > ~/.config/fish/completions/engine.fish")]
pub(super) struct Arguments {
    /// The shell to print it for
    shell: Shell,
}

pub(super) fn completions(arguments: &Arguments) -> miette::Result<Outcome> {
    let mut script = Vec::new();
    let mut command = super::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "engine", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Complete)
}
