//! The command line as a user meets it.

mod check;
mod help;
mod program;
mod run;
mod runs;
mod scenario;
mod weights;
