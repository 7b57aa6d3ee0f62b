//! What a scenario says of volumes. See [`VolumesSpec`].

use std::path::PathBuf;

use serde::Deserialize;

use crate::{
    datasets::{
        Axis, Inside, ObjectSpec, Pattern, Preparation, Raters, Several, Step, Unpaired,
        intensity::normalise,
    },
    scenario::Name,
};

/// Volumes and their labels, sliced along one axis. Only slices with an object are played.
///
/// ```ron
/// volumes(
///     name: "spleen",
///     images: "imagesTr",
///     labels: "labelsTr",
///     label_name: "{stem}",           // by default equal names
///     axis: 2,                        // of the array: 0, 1 or 2; slices keep their index there
///     objects: [(name: "spleen")],
///     inside: nonzero,                // or values([1, 2]), above(0.5)
///     raters: majority,               // or one("r1"), as_objects, as_cases: needs {rater}
///     normalise: [percentile(low: 0, high: 100, over: volume), min_max(slice)],
///     prepare: (slices: every(5)),    // see Preparation
/// )
/// ```
///
/// Slices are turned as a viewer shows them (see [`Grid::view`](crate::formats::Grid::view)): the
/// patient's right on the left, or the front on the left of a sagittal slice; front or top up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumesSpec {
    /// Names the dataset in rows and figures.
    pub name: Name,
    /// The folder of the volumes.
    pub images: PathBuf,
    /// The folder of the label volumes; may be the same.
    pub labels: PathBuf,
    /// What volumes are called.
    #[serde(default)]
    pub image_name: Pattern,
    /// What label volumes are called; has the same placeholders as `image_name`, and may have
    /// `{object}`, `{n}` and `{rater}`.
    #[serde(default)]
    pub label_name: Pattern,
    /// The axis of the array that is cut.
    #[serde(default)]
    pub axis: Axis,
    /// Which volume of a file that holds several, counted from 0.
    #[serde(default)]
    pub frame: Option<u32>,
    /// Which volume of a file of labels that holds several, such as a segmentation in layers,
    /// counted from 0.
    #[serde(default)]
    pub label_frame: Option<u32>,
    /// The objects that become tasks. May be left out if `label_name` has `{object}`: then all that
    /// are found there.
    #[serde(default)]
    pub objects: Vec<ObjectSpec>,
    /// Which voxels of a label volume belong to an object, unless the object says so itself.
    #[serde(default = "nonzero")]
    pub inside: Inside,
    /// What to do with several label volumes of one object.
    #[serde(default)]
    pub several: Several,
    /// What to do with the labels of several people.
    #[serde(default)]
    pub raters: Raters,
    /// What to do with a volume without labels, or labels without a volume.
    #[serde(default)]
    pub unpaired: Unpaired,
    /// From stored values to the 8 bits that models see; by default the study group's published
    /// rule. An empty list shows 0 to 255 as they are.
    #[serde(default = "normalise::published")]
    pub normalise: Vec<Step>,
    /// What else is done to every case.
    #[serde(default)]
    pub prepare: Preparation,
    /// Whether labels must lie where the volume does.
    #[serde(default)]
    pub grid: GridRule,
}

fn nonzero() -> Inside {
    Inside::Nonzero
}

/// What is asked of the grids of a volume and its labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridRule {
    /// The same shape, and the same place in the patient to a tenth of a voxel.
    #[default]
    Same,
    /// The same shape; the place is taken from the volume. For labels that lost it.
    SameShape,
    /// Any; each voxel of the volume takes the label of the voxel nearest to it, and none where there
    /// are no labels. For labels that were drawn on another image of the same patient.
    Resample,
}
