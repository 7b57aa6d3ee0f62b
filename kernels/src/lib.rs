//! The arithmetic of promptable segmentation: one folder per operation, one function that
//! dispatches on the device. No ECS, no files, no scenarios.
