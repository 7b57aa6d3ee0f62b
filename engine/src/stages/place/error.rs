//! Where the last prediction is wrong.

use kernels::distance::Farthest;
use ndarray::{Array2, ArrayView2, Zip};

use super::{View, centre};
use crate::{
    entities::Click,
    random::Draw,
    scenario::{ErrorRegion, Label, Protocol},
};

/// Returns a click at the centre of the error, and among how many pixels it was drawn.
///
/// With [`ErrorRegion::Xor`] (Algorithm 1) missing and superfluous pixels are one region, and the
/// truth at the pixel decides the sign. If nothing is wrong, every pixel of the image ties. With
/// [`ErrorRegion::Apart`] (RITM's clicker) the click goes to the missing pixels only if they are
/// strictly deeper.
pub(super) fn click(view: &View<'_>, protocol: &Protocol, draw: &mut dyn Draw) -> (Click, usize) {
    match protocol.error {
        ErrorRegion::Xor => {
            let deepest = centre::deepest(region(view).view(), view, protocol);
            let mut click = centre::pick(&deepest, true, draw);
            let sign = match protocol.label {
                Label::Class => view.truth,
                Label::AnyClass => view.foreground,
            };
            click.positive = sign[[click.y as usize, click.x as usize]];
            (click, deepest.pixels.len())
        }
        ErrorRegion::Apart => {
            let deepest = |wrong: fn(bool, bool) -> bool| -> Farthest {
                centre::deepest(compare(view, wrong).view(), view, protocol)
            };
            let missing = deepest(|truth, last| truth && !last);
            let superfluous = deepest(|truth, last| !truth && last);
            let positive = missing.distance > superfluous.distance;
            let chosen = if positive { missing } else { superfluous };
            (centre::pick(&chosen, positive, draw), chosen.pixels.len())
        }
    }
}

/// Returns where the last prediction differs from the truth, `[height, width]`.
pub(super) fn region(view: &View<'_>) -> Array2<bool> {
    compare(view, |truth, last| truth != last)
}

fn compare(view: &View<'_>, wrong: fn(bool, bool) -> bool) -> Array2<bool> {
    let against = |last: ArrayView2<'_, bool>| {
        Zip::from(view.truth)
            .and(last)
            .map_collect(|&truth, &last| wrong(truth, last))
    };
    view.last
        .map_or_else(|| view.truth.mapv(|truth| wrong(truth, false)), against)
}
