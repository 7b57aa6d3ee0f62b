//! The interior centre of a region: the pixel farthest from its border.

use kernels::distance::{Farthest, Metric, farthest};
use ndarray::ArrayView2;

use super::View;
use crate::{
    entities::Click,
    random::Draw,
    scenario::{Distance, Protocol},
};

/// Returns a positive click at the centre of `region`, and among how many pixels it was drawn.
///
/// Where every pixel was clicked before, one is clicked again: a positive click belongs inside.
pub(super) fn click(
    region: ArrayView2<'_, bool>,
    view: &View<'_>,
    protocol: &Protocol,
    draw: &mut dyn Draw,
) -> (Click, usize) {
    let mut deepest = deepest(region, view, protocol);
    if deepest.distance <= 0.0 {
        deepest = farthest_but(region, &[], protocol);
    }
    let ties = deepest.pixels.len();
    (pick(&deepest, true, draw), ties)
}

/// Returns the pixels of `region` farthest from its border; pixels clicked before are left out
/// where the protocol forbids repeated clicks.
pub(super) fn deepest(
    region: ArrayView2<'_, bool>,
    view: &View<'_>,
    protocol: &Protocol,
) -> Farthest {
    let clicked = if protocol.repeat_clicks {
        &[]
    } else {
        view.clicked
    };
    farthest_but(region, clicked, protocol)
}

fn farthest_but(region: ArrayView2<'_, bool>, excluded: &[Click], protocol: &Protocol) -> Farthest {
    let metric = match protocol.distance {
        Distance::Chamfer5 => Metric::Chamfer5,
        Distance::Chamfer3 => Metric::Chamfer3,
        Distance::Exact => Metric::Exact,
    };
    let excluded: Vec<_> = excluded
        .iter()
        .map(|click| [click.y as usize, click.x as usize])
        .collect();
    farthest(region, metric, protocol.border_is_background, &excluded)
}

/// Draws one of the deepest pixels.
pub(super) fn pick(deepest: &Farthest, positive: bool, draw: &mut dyn Draw) -> Click {
    let [row, column] = deepest.pixels[draw.below(deepest.pixels.len())];
    Click {
        x: column as u32,
        y: row as u32,
        positive,
    }
}
