//! Why planes are no stack, and the way out. See [`Misfit`].

/// Why planes are no stack. The numbers are those of the frames given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Misfit {
    /// Some have a place, others not.
    NoPlace(usize),
    /// No distance between pixels.
    NoSpacing(usize),
    /// Two look in different directions.
    Orientation(usize, usize),
    /// Two have different distances between pixels.
    Spacing(usize, usize),
    /// Two lie at one place.
    Double(usize, usize),
    /// Between these two, this many are missing.
    Gap(usize, usize, usize),
    /// The second lies off the line, or nearer or farther than the others: in millimetres.
    Uneven(usize, usize, f64),
}

impl Misfit {
    /// Returns which frame is to blame, and what is wrong with it. `name` names a frame to the user.
    pub(super) fn explain(&self, name: impl Fn(usize) -> String) -> (usize, String) {
        match *self {
            Self::NoPlace(index) => (
                index,
                "has no ImagePositionPatient, but others of its series have; restore it, or remove the file"
                    .to_owned(),
            ),
            Self::NoSpacing(index) => (
                index,
                "has no PixelSpacing; export it again with its geometry".to_owned(),
            ),
            Self::Orientation(first, other) => (
                other,
                format!(
                    "is turned against {} of the same series; keep each orientation in a folder of its own",
                    name(first)
                ),
            ),
            Self::Spacing(first, other) => (
                other,
                format!(
                    "has other distances between its pixels than {} of the same series; keep them in folders of their own",
                    name(first)
                ),
            ),
            Self::Double(first, other) => (
                other,
                format!(
                    "lies where {} does: the series has several times, echoes or copies; keep one of each place in the folder",
                    name(first)
                ),
            ),
            Self::Gap(before, after, missing) => (
                before,
                format!(
                    "{missing} slice{} missing between it and {}; restore {} from the source",
                    if missing == 1 { " is" } else { "s are" },
                    name(after),
                    if missing == 1 { "it" } else { "them" }
                ),
            ),
            Self::Uneven(before, after, mm) => (
                after,
                format!(
                    "lies {mm:.2} mm from where the distance between slices puts it after {}; resample the series evenly, or restore missing slices",
                    name(before)
                ),
            ),
        }
    }
}
