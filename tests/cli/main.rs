//! The command line as a user meets it.

mod bad_input_data;
mod check;
mod help;
mod program;
mod reference;
mod run;
mod runs;
mod scenario;
mod weights;
