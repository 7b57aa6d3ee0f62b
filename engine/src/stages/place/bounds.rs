//! The tight box of a bitmap.

use ndarray::ArrayView2;

use crate::entities::PixelBox;

/// Returns the smallest box that holds every pixel of `bitmap`, inclusive; `None` if it is empty.
pub(super) fn around(bitmap: ArrayView2<'_, bool>) -> Option<PixelBox> {
    let inside = bitmap.indexed_iter().filter(|&(_, &inside)| inside);
    inside.fold(None, |bounds, ((y, x), _)| {
        let (x, y) = (x as u32, y as u32);
        let PixelBox { x0, y0, x1, y1 } = bounds.unwrap_or(PixelBox {
            x0: x,
            y0: y,
            x1: x,
            y1: y,
        });
        Some(PixelBox {
            x0: x0.min(x),
            y0: y0.min(y),
            x1: x1.max(x),
            y1: y1.max(y),
        })
    })
}
