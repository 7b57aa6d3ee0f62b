//! The command line as a user meets it.

mod bad_input_data;
mod cache;
mod check;
mod cluster;
mod devices;
mod help;
mod program;
mod readers;
mod reference;
mod run;
mod runs;
mod scenario;
#[cfg(unix)]
mod signals;
mod study_datasets;
mod weights;
