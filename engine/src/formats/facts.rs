//! What a header says beside the voxels. See [`Facts`].

/// What a header says of how values are meant to be shown and used.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// For each slice along the last axis, the values that the header shows as black and white, if it
    /// says so.
    pub windows: Vec<Option<[f64; 2]>>,
    /// By what values are multiplied to become standardised uptake values by body weight (g/ml), or why
    /// that cannot be said: a sentence that begins with the file.
    pub suv_factor: Result<f64, String>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            windows: Vec::new(),
            suv_factor: Err("its format says nothing of uptake; SUV needs DICOM PET".to_owned()),
        }
    }
}
