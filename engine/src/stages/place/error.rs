//! Where the last prediction is wrong.

use ndarray::{Array2, ArrayView2, Zip};

use super::View;

/// Returns where the last prediction differs from the truth, `[height, width]`: missing and
/// superfluous pixels are one region (Algorithm 1).
pub(super) fn region(view: &View<'_>) -> Array2<bool> {
    compare(view, |truth, last| truth != last)
}

/// Returns the missing and the superfluous pixels, each `[height, width]`. RITM's clicker clicks
/// on the missing ones only if they are strictly deeper.
pub(super) fn apart(view: &View<'_>) -> [Array2<bool>; 2] {
    [
        compare(view, |truth, last| truth && !last),
        compare(view, |truth, last| !truth && last),
    ]
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
