//! Images, masks and volumes that are broken, hostile or not what was declared. Each is the failure
//! of its own case, names its file and says the way out; the good case beside it is read.

mod deflated;
mod dicom;
mod nifti;
mod pictures;
mod series;
mod tree;
mod volumes;
