//! The rules of play, each an explicit option, with the presets of the literature. See [`Protocol`].

use serde::{Deserialize, Serialize};

/// The rules by which prompts are placed, passed on and scored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Protocol {
    /// Distance to the border, whose maximum is the centre.
    pub distance: Distance,
    /// Whether pixels outside the image count as background (distance 0).
    pub border_is_background: bool,
    /// Which of several equally distant pixels is clicked.
    pub ties: Draws,
    /// Where the last prediction is wrong.
    pub error: ErrorRegion,
    /// The sign of a click in an exclusive-or error region.
    pub label: Label,
    /// Whether a pixel clicked before may be clicked again.
    pub repeat_clicks: bool,
    /// Which clicks the model is given.
    pub points: PassedPoints,
    /// Whether the last prediction's logits go back into the model.
    pub feedback: Feedback,
    /// Which candidate mask counts and drives the next prompt.
    pub choice: Choice,
    /// When a trial ends before its last prompt.
    pub stop: Stop,
}

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
#[serde(rename_all = "snake_case")]
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
        #[serde(default)]
        stream: Option<String>,
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

/// When a trial ends early.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Never: every prompt is played.
    Never,
    /// As soon as the chosen candidate's IoU reaches the target.
    AtIou(f64),
}

/// A named set of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// What the study's published code does.
    #[default]
    PaperCode,
    /// What the study's text says.
    PaperText,
    /// RITM's own evaluation.
    RitmProtocol,
}

/// A preset and what differs from it, as written in a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProtocolSpec {
    /// The rules to start from.
    pub preset: Preset,
    /// Overrides [`Protocol::distance`].
    pub distance: Option<Distance>,
    /// Overrides [`Protocol::border_is_background`].
    pub border_is_background: Option<bool>,
    /// Overrides [`Protocol::ties`].
    pub ties: Option<Draws>,
    /// Overrides [`Protocol::error`].
    pub error: Option<ErrorRegion>,
    /// Overrides [`Protocol::label`].
    pub label: Option<Label>,
    /// Overrides [`Protocol::repeat_clicks`].
    pub repeat_clicks: Option<bool>,
    /// Overrides [`Protocol::points`].
    pub points: Option<PassedPoints>,
    /// Overrides [`Protocol::feedback`].
    pub feedback: Option<Feedback>,
    /// Overrides [`Protocol::choice`].
    pub choice: Option<Choice>,
    /// Overrides [`Protocol::stop`].
    pub stop: Option<Stop>,
}

impl Preset {
    /// Returns the preset's rules.
    pub fn protocol(self) -> Protocol {
        let code = Protocol {
            distance: Distance::Chamfer5,
            border_is_background: true,
            ties: Draws::Random,
            error: ErrorRegion::Xor,
            label: Label::AnyClass,
            repeat_clicks: true,
            points: PassedPoints::All,
            feedback: Feedback::None,
            choice: Choice::First,
            stop: Stop::Never,
        };
        match self {
            Self::PaperCode => code,
            Self::PaperText => Protocol {
                label: Label::Class,
                choice: Choice::BestScore,
                ..code
            },
            Self::RitmProtocol => Protocol {
                distance: Distance::Exact,
                ties: Draws::First,
                error: ErrorRegion::Apart,
                label: Label::Class,
                repeat_clicks: false,
                feedback: Feedback::Logits,
                choice: Choice::BestScore,
                stop: Stop::AtIou(0.9),
                ..code
            },
        }
    }
}

impl ProtocolSpec {
    /// Returns the preset's rules with the overrides applied.
    pub fn resolve(&self) -> Protocol {
        let base = self.preset.protocol();
        Protocol {
            distance: self.distance.unwrap_or(base.distance),
            border_is_background: self
                .border_is_background
                .unwrap_or(base.border_is_background),
            ties: self.ties.clone().unwrap_or(base.ties),
            error: self.error.unwrap_or(base.error),
            label: self.label.unwrap_or(base.label),
            repeat_clicks: self.repeat_clicks.unwrap_or(base.repeat_clicks),
            points: self.points.unwrap_or(base.points),
            feedback: self.feedback.unwrap_or(base.feedback),
            choice: self.choice.unwrap_or(base.choice),
            stop: self.stop.unwrap_or(base.stop),
        }
    }
}
