//! The command line as a user meets it.

mod check;
mod help;
mod program;
mod runs;
mod scenario;
mod weights;
