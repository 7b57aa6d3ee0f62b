//! A data-oriented simulation of a clinician prompting segmentation models on medical images.
//!
//! Read [`pipeline`] first: it names the stages and their order. Then:
//!
//! | folder | holds |
//! |---|---|
//! | [`scenario`] | what is asked: the RON language |
//! | [`study`] | a scenario made ready: datasets opened, models built |
//! | [`agenda`] | which cases are to be played |
//! | [`simulation`] | plays a study, batch by batch |
//! | [`limits`] | how much of the machine a run may take, and for how long |
//! | [`entities`] | what exists: components and relationships, no systems |
//! | [`stages`] | what happens: one plugin per stage, in run order |
//! | [`metrics`] | how good a mask is |
//! | [`models`] | what is evaluated: SAM and its family |
//! | [`cache`] | embeddings kept on disk |
//! | [`weights`] | where parameters come from: checkpoints, formula weights, the catalogue |
//! | [`random`] | repeatable draws |
//! | [`formats`] | file formats, and nothing else knows them |
//! | [`datasets`] | which files make a case: folder pairs, volumes, phantoms |
//! | [`runs`] | the run folder: rows, summary, overlays, manifest |
//! | [`report`] | figures and a page, from the rows alone |
//! | [`version`] | which code computed a result |
//! | [`cli`] | the `engine` program |

pub mod agenda;
pub mod cache;
pub mod cli;
pub mod datasets;
pub mod diagnostics;
pub mod entities;
pub mod formats;
pub mod limits;
pub mod metrics;
pub mod models;
pub mod pipeline;
pub mod random;
pub mod report;
pub mod runs;
pub mod scenario;
pub mod simulation;
pub mod stages;
pub mod study;
pub mod turns;
pub mod version;
pub mod weights;
