//! How much an object differs from what is around it. See [`contrast`].

use ndarray::{ArrayView2, ArrayView3, Zip, s};

use super::boundary::{bounds, erode, rim_width};

/// Returns how far an object's brightness can be told from that of its surroundings: the generalised
/// contrast-to-noise ratio, one less the overlap of the two histograms (Rodriguez-Molares et al.,
/// *The Generalized Contrast-to-Noise Ratio*, IEEE Transactions on Ultrasonics 67(4), 2020). 0 where
/// both have the same histogram, 1 where they share no brightness, whatever the window.
///
/// `pixels` are RGB as models see them, `[height, width, 3]`; brightness is the mean of the three. The
/// surroundings are the pixels at most 2 % of the slice's diagonal (in king's moves) outside the
/// `object`, `[height, width]`. `None` where there are none, because the object fills its slice.
///
/// # Panics
/// When the shapes differ: both are of the same slice by construction.
pub fn contrast(pixels: ArrayView3<'_, u8>, object: ArrayView2<'_, bool>) -> Option<f64> {
    let (height, width) = object.dim();
    assert_eq!(pixels.dim(), (height, width, 3), "pixels of another slice");
    let (rows, columns) = bounds(object)?;
    let around = rim_width((height, width));
    let grown = |range: std::ops::Range<usize>, length: usize| {
        range.start.saturating_sub(around)..(range.end + around).min(length)
    };
    let (rows, columns) = (grown(rows, height), grown(columns, width));
    let pixels = pixels.slice(s![rows.clone(), columns.clone(), ..]);
    let object = object.slice(s![rows, columns]);
    let near = dilate(object, around);
    let mut inside = [0_u64; 256];
    let mut outside = [0_u64; 256];
    Zip::from(pixels.lanes(ndarray::Axis(2)))
        .and(&near)
        .and(object)
        .for_each(|rgb, &near, &is_object| {
            if near {
                let sum: usize = rgb.iter().map(|&value| usize::from(value)).sum();
                let histogram = if is_object { &mut inside } else { &mut outside };
                histogram[sum / 3] += 1;
            }
        });
    let [ins, outs] = [&inside, &outside].map(|histogram| histogram.iter().sum::<u64>());
    let shared = inside
        .iter()
        .zip(&outside)
        .map(|(&i, &o)| f64::min(i as f64 / ins as f64, o as f64 / outs as f64));
    (outs > 0).then(|| (1.0 - shared.sum::<f64>()).clamp(0.0, 1.0))
}

/// Returns the pixels that are in a mask or at most `by` king's moves from it.
fn dilate(mask: ArrayView2<'_, bool>, by: usize) -> ndarray::Array2<bool> {
    let (height, width) = mask.dim();
    // Erosion takes what is outside for background; here it is to be neither.
    let mut background = ndarray::Array2::from_elem((height + 2 * by, width + 2 * by), true);
    background
        .slice_mut(s![by..by + height, by..by + width])
        .zip_mut_with(&mask, |background, &inside| *background = !inside);
    let mut near = erode(background.view(), by);
    near.mapv_inplace(|far| !far);
    near.slice_move(s![by..by + height, by..by + width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3};

    /// A square in the middle of 50 × 50 pixels.
    fn square() -> Array2<bool> {
        Array2::from_shape_fn((50, 50), |(y, x)| {
            (20..30).contains(&y) && (20..30).contains(&x)
        })
    }

    #[test]
    fn it_is_the_part_of_histograms_that_is_not_shared() {
        let object = square();
        let mut pixels = Array3::from_elem((50, 50, 3), 90);
        assert_eq!(contrast(pixels.view(), object.view()), Some(0.0));
        Zip::indexed(&object).for_each(|(y, x), &inside| {
            if inside {
                pixels.slice_mut(s![y, x, ..]).fill(91);
            }
        });
        assert_eq!(contrast(pixels.view(), object.view()), Some(1.0));
        // Half of the object as bright as the surroundings.
        pixels.slice_mut(s![20..25, .., ..]).fill(90);
        assert_eq!(contrast(pixels.view(), object.view()), Some(0.5));
        // What is far away does not matter.
        pixels.slice_mut(s![..15, .., ..]).fill(91);
        assert_eq!(contrast(pixels.view(), object.view()), Some(0.5));
    }

    #[test]
    fn an_object_without_surroundings_has_no_contrast() {
        let pixels = Array3::from_elem((5, 6, 3), 90);
        assert_eq!(
            contrast(pixels.view(), Array2::from_elem((5, 6), true).view()),
            None
        );
        assert_eq!(
            contrast(pixels.view(), Array2::from_elem((5, 6), false).view()),
            None
        );
        let mut corner = Array2::from_elem((5, 6), false);
        corner[[0, 0]] = true;
        assert_eq!(contrast(pixels.view(), corner.view()), Some(0.0));
    }
}
