//! What the model is given, of all that was placed.

use super::Placed;
use crate::{
    entities::{Call, History},
    scenario::{PassedPoints, Protocol},
};

/// Returns the calls of the newest prompt. `history` already has it.
///
/// SAM takes one box per call, so each box is a call of its own, and each has all the clicks
/// (the study's mode 4; the masks are united).
pub fn calls(history: &History, newest: &Placed, protocol: &Protocol) -> Vec<Call> {
    let clicks = match protocol.points {
        PassedPoints::All => &history.clicks,
        PassedPoints::Last => &newest.clicks,
    };
    let call = |bounds| Call {
        clicks: clicks.clone(),
        bounds,
    };
    if history.boxes.is_empty() {
        vec![call(None)]
    } else {
        history
            .boxes
            .iter()
            .map(|&bounds| call(Some(bounds)))
            .collect()
    }
}
