//! The options of a protocol, one type per rule.

use serde::{Deserialize, Serialize};

use super::{Name, Ratio};

/// Distance of a pixel to the nearest pixel outside its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// OpenCV's 5×5 chamfer (weights 1, 1.4, 2.1969), which the study used.
    Chamfer5,
    /// OpenCV's 3×3 chamfer (weights 0.955, 1.3693).
    Chamfer3,
    /// Exact Euclidean.
    Exact,
}

/// How a random choice is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Draws {
    /// A generator keyed by seed, case, slice, object, repeat and round: independent of order.
    Random,
    /// No choice: the first pixel in row-major order.
    First,
    /// NumPy's legacy generator, one stream per dataset and model, consumed in the order
    /// case, slice, object, strategy, prompt. Trials then run one after the other.
    Legacy {
        /// Seeds the stream.
        seed: u32,
        /// Strategies that name the same stream share it. By default each has its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<Name>,
    },
}

/// Where the last prediction differs from the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorRegion {
    /// Missing and superfluous pixels together, as one region.
    Xor,
    /// Missing and superfluous pixels apart; the click goes where the distance is larger,
    /// and to the superfluous ones if equal.
    Apart,
}

/// The sign of a click in an exclusive-or error region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Positive inside the object.
    Class,
    /// Positive inside any object of the slice (the study's code).
    AnyClass,
}

/// Which clicks the model is given at a later prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassedPoints {
    /// All so far.
    All,
    /// The newest only.
    Last,
}

/// What of the last prediction goes back into the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// Nothing.
    None,
    /// The low-resolution logits of the chosen candidate.
    Logits,
}

/// How a model that works click by click (RITM) meets a later prompt. Others pay no attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// It goes on from what its last answer left: mask and crop.
    Incremental,
    /// It starts anew and is given all clicks at once.
    AllAtOnce,
}

/// Which of a model's candidate masks counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The first of the multi-mask candidates (token 1), whatever its score.
    First,
    /// The multi-mask candidate of highest predicted IoU.
    BestScore,
    /// The multi-mask candidate of highest true IoU; the last one if none overlaps.
    Oracle,
    /// The single-mask candidate (token 0).
    Single,
}

impl Choice {
    /// All of them, in the order of the columns of `rows.csv`.
    pub const ALL: [Self; 4] = [Self::First, Self::BestScore, Self::Oracle, Self::Single];
}

/// When a trial ends early.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Never: every prompt is played.
    Never,
    /// As soon as the chosen candidate's IoU reaches the target.
    AtIou(Ratio),
}
