//! Golden tensors, clicks and metrics of the reference implementations.

mod compare;
mod data;
mod dicom;
mod distance;
mod formula;
mod lite_medsam;
mod medsam;
mod metrics;
mod mobile_sam;
mod pillow;
mod place;
mod random;
mod ritm;
mod ritm_predictor;
mod sam;
mod study;
mod study_forced;
mod volumes;
