//! The rules of play and the presets of the literature. See [`Protocol`].

use serde::{Deserialize, Serialize};

use super::{
    Choice, Distance, Draws, ErrorRegion, Feedback, Label, PassedPoints, Ratio, Replay, Stop,
    parse::dialect,
};

/// Counts up whenever a rule comes to mean something else, so that numbers obtained under
/// different meanings have different [`Protocol::id`]s.
const VERSION: u32 = 1;

/// Lists the rules once, and makes of the list the resolved [`Protocol`], the [`ProtocolSpec`] as
/// written, and what goes through all of them.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident: $type:ty,)*) => {
        /// The rules by which prompts are placed, passed on and scored.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        pub struct Protocol {
            $($(#[$doc])* pub $rule: $type,)*
        }

        /// A preset and what differs from it, as written in a scenario.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields, default, rename = "Protocol")]
        pub struct ProtocolSpec {
            /// The rules to start from. By default: those of the scenario in a strategy's
            /// protocol, `paper_code` in a scenario's.
            pub preset: Option<Preset>,
            $(
                #[doc = concat!("Overrides [`Protocol::", stringify!($rule), "`].")]
                pub $rule: Option<$type>,
            )*
        }

        impl ProtocolSpec {
            /// Returns the rules of the preset, or else `base`, with the overrides applied.
            pub fn over(&self, base: &Protocol) -> Protocol {
                let base = self.preset.map_or_else(|| base.clone(), Preset::protocol);
                Protocol { $($rule: self.$rule.clone().unwrap_or(base.$rule),)* }
            }
        }

        impl Protocol {
            /// Returns the rules that differ from those of `base`, as `rule=value` in RON.
            fn differences(&self, base: &Self) -> Vec<String> {
                let mut differences = Vec::new();
                $(if self.$rule != base.$rule {
                    let value = dialect()
                        .to_string(&self.$rule)
                        .expect("rules are plain enums, which RON can write");
                    differences.push(format!("{}={value}", stringify!($rule)));
                })*
                differences
            }
        }
    };
}

rules! {
    /// Distance to the border, whose maximum is the centre.
    distance: Distance,
    /// Whether pixels outside the image count as background (distance 0).
    border_is_background: bool,
    /// Which of several equally distant pixels is clicked.
    ties: Draws,
    /// Where the last prediction is wrong.
    error: ErrorRegion,
    /// The sign of a click in an exclusive-or error region.
    label: Label,
    /// Whether a pixel clicked before may be clicked again.
    repeat_clicks: bool,
    /// Which clicks the model is given.
    points: PassedPoints,
    /// Whether the last prediction's logits go back into the model.
    feedback: Feedback,
    /// Whether a model that goes on from its last answer may do so.
    replay: Replay,
    /// Which candidate mask counts and drives the next prompt.
    choice: Choice,
    /// When a trial ends before its last prompt.
    stop: Stop,
}

/// A named set of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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

impl Preset {
    /// Every preset with its name in a scenario.
    pub const ALL: [(Self, &str); 3] = [
        (Self::PaperCode, "paper_code"),
        (Self::PaperText, "paper_text"),
        (Self::RitmProtocol, "ritm_protocol"),
    ];

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
            replay: Replay::Incremental,
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
                stop: Stop::AtIou(Ratio::NINE_TENTHS),
                ..code
            },
        }
    }
}

impl Protocol {
    /// Names the rules in rows and manifest: the nearest preset with its version, and what differs
    /// from it, as in `paper_code.v1` or `paper_code.v1+choice=oracle`.
    ///
    /// Equal rules have equal names, however they were written.
    pub fn id(&self) -> String {
        let (preset, differences) = Preset::ALL
            .map(|(preset, name)| (name, self.differences(&preset.protocol())))
            .into_iter()
            .min_by_key(|(_, differences)| differences.len())
            .expect("there are presets");
        let mut id = format!("{preset}.v{VERSION}");
        for difference in differences {
            id.push('+');
            id.push_str(&difference);
        }
        id
    }
}

impl Default for Protocol {
    /// Returns the rules of [`Preset::PaperCode`].
    fn default() -> Self {
        Preset::default().protocol()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_what_differs() {
        for (preset, name) in Preset::ALL {
            assert_eq!(preset.protocol().id(), format!("{name}.v1"));
        }
        let changed = Protocol {
            choice: Choice::Oracle,
            ties: Draws::Legacy {
                seed: 1,
                stream: None,
            },
            stop: Stop::AtIou(Ratio::NINE_TENTHS),
            ..Protocol::default()
        };
        assert_eq!(
            changed.id(),
            "paper_code.v1+ties=legacy(seed:1)+choice=oracle+stop=at_iou(0.9)"
        );
    }

    #[test]
    fn ids_do_not_depend_on_the_way_rules_are_written() {
        let text = ProtocolSpec {
            label: Some(Label::Class),
            choice: Some(Choice::BestScore),
            ..ProtocolSpec::default()
        };
        assert_eq!(text.over(&Protocol::default()).id(), "paper_text.v1");
    }

    #[test]
    fn a_spec_starts_from_its_preset_or_else_from_the_base() {
        let base = Protocol {
            distance: Distance::Exact,
            ..Protocol::default()
        };
        let mut spec = ProtocolSpec {
            choice: Some(Choice::Oracle),
            ..ProtocolSpec::default()
        };
        assert_eq!(spec.over(&base).distance, Distance::Exact);
        assert_eq!(spec.over(&base).choice, Choice::Oracle);
        spec.preset = Some(Preset::PaperText);
        assert_eq!(spec.over(&base).distance, Distance::Chamfer5);
        assert_eq!(spec.over(&base).choice, Choice::Oracle);
    }
}
