//! Distance of each pixel of a mask to the nearest pixel outside it, and the pixels that are
//! deepest inside.
//!
//! ```text
//! distance(p) = min { |p - q| : q outside the mask }        0 outside the mask
//! ```
//!
//! Masks and distances are `[height, width]`, pixels are `[row, column]`, lengths are in pixels.
//! Where the border is background, the pixels just outside the image count as outside the mask,
//! which equals padding the mask by one ring of zeros. Where it is not, a mask that covers the
//! whole image has no outside: all its distances are infinite.
//!
//! The metrics are those of OpenCV's `distanceTransform`, so that clicks can be compared with
//! studies that used it (Borgefors 1986 for the chamfers; exact by Meijster et al. 2000).

mod cpu;
mod nearest;
mod problem;
pub mod reference;
#[cfg(feature = "wgpu")]
mod shader;
#[cfg(test)]
mod tests;

pub use nearest::to_nearest;
pub use problem::Metric;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};
use rayon::prelude::*;

#[cfg(feature = "wgpu")]
use crate::gpu::Gpu;
use crate::{Cost, Device, KernelError, timer};

use cpu::{Plane, Window};
use problem::{CHAMFER3, CHAMFER5, root};

/// The pixels of greatest distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Farthest {
    /// The greatest distance, in pixels; 0 if no pixel is left inside the mask.
    pub distance: f32,
    /// All pixels of that distance, `[row, column]`, in row-major order; every pixel of the image
    /// if the distance is 0.
    pub pixels: Vec<[usize; 2]>,
}

/// Returns the distance of each pixel to the nearest one outside the mask.
///
/// [`Metric::Chamfer5`] is bit-equal to OpenCV's up to 32 pixels. Beyond, and for the other
/// metrics, a few distances differ by one unit in the last place.
pub fn distance(mask: ArrayView2<bool>, metric: Metric, border_is_background: bool) -> Array2<f32> {
    let mut distances = Array2::zeros(mask.dim());
    if let Some(window) = Window::around(mask, border_is_background) {
        let inside = distances.slice_mut(s![window.rows.clone(), window.columns.clone()]);
        match metric {
            Metric::Chamfer3 => write(window.chamfer(CHAMFER3), inside, |distance| distance),
            Metric::Chamfer5 => write(window.chamfer(CHAMFER5), inside, |distance| distance),
            Metric::Exact if window.is_exact_in_f32() => write(window.squared(), inside, f32::sqrt),
            Metric::Exact => window.squared_whole().write(inside, root),
        }
    }
    distances
}

/// Writes the distances that a plane's values stand for, and keeps its memory.
fn write(plane: Plane<f32>, distances: ArrayViewMut2<f32>, in_pixels: impl Fn(f32) -> f32) {
    plane.write(distances, in_pixels);
    plane.keep();
}

/// Returns the pixels that are deepest inside the mask.
///
/// The distance of the `excluded` pixels counts as 0. Exact distances are compared before they
/// are rounded, as whole numbers.
pub fn farthest(
    mask: ArrayView2<bool>,
    metric: Metric,
    border_is_background: bool,
    excluded: &[[usize; 2]],
) -> Farthest {
    let window = Window::around(mask, border_is_background);
    let found = window.and_then(|window| match metric {
        Metric::Chamfer3 => greatest(&window, window.chamfer(CHAMFER3), excluded, |d| d),
        Metric::Chamfer5 => greatest(&window, window.chamfer(CHAMFER5), excluded, |d| d),
        Metric::Exact if window.is_exact_in_f32() => {
            greatest(&window, window.squared(), excluded, f32::sqrt)
        }
        Metric::Exact => farthest_in(&window, &mut window.squared_whole(), excluded, root),
    });
    found.unwrap_or_else(|| {
        let (height, width) = mask.dim();
        let every = (0..height).flat_map(|row| (0..width).map(move |column| [row, column]));
        Farthest {
            distance: 0.0,
            pixels: every.collect(),
        }
    })
}

/// A mask among many. See [`farthest_of_all`].
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Whether a pixel is inside.
    pub mask: ArrayView2<'a, bool>,
    /// Whether the pixels around the image are outside the mask.
    pub border_is_background: bool,
    /// Pixels whose distance counts as 0.
    pub excluded: &'a [[usize; 2]],
}

impl Query<'_> {
    fn farthest(&self, metric: Metric) -> Farthest {
        farthest(self.mask, metric, self.border_is_background, self.excluded)
    }
}

/// Returns [`farthest`] of each of many masks, computed on `device`: on the CPU in parallel, on a
/// graphics device in as few submissions as its buffers allow. The result does not depend on the
/// device: a mask that a graphics device cannot hold, or with a side of more than 16384 pixels, is
/// measured on the CPU.
///
/// # Errors
/// When the device fails.
pub fn farthest_of_all(
    device: &Device,
    queries: &[Query<'_>],
    metric: Metric,
) -> Result<Vec<Farthest>, KernelError> {
    let _timed = timer::operation("distance", Some(device), || {
        let pixels: usize = queries.iter().map(|query| query.mask.len()).sum();
        (
            format!("{metric:?} of {} masks, {pixels} pixels", queries.len()),
            // A mask of bytes in, a distance of four bytes out.
            Some(Cost::of_bytes(5 * pixels)),
        )
    });
    #[cfg(feature = "wgpu")]
    if let Some(gpu) = device.as_gpu().and_then(shader::device) {
        return farthest_on_gpu(&gpu, queries, metric);
    }
    #[cfg(not(feature = "wgpu"))]
    let _ = device;
    let queries = queries.par_iter();
    Ok(queries.map(|query| query.farthest(metric)).collect())
}

/// [`farthest_of_all`] on a graphics device.
#[cfg(feature = "wgpu")]
fn farthest_on_gpu(
    gpu: &Gpu,
    queries: &[Query<'_>],
    metric: Metric,
) -> Result<Vec<Farthest>, KernelError> {
    let mut results = Vec::with_capacity(queries.len());
    let mut rest = queries;
    while let Some(first) = rest.first() {
        if !shader::fits(gpu, first) {
            results.push(first.farthest(metric));
            rest = &rest[1..];
            continue;
        }
        let (batch, later) = rest.split_at(shader::batch_size(gpu, rest));
        let found = shader::Batch::new(gpu, batch, metric).farthest()?;
        results.extend(batch.iter().zip(found).map(|(query, found)| {
            let (height, width) = query.mask.dim();
            let is_tie = |pixel: usize| found.ties[pixel / 32] >> (pixel % 32) & 1 == 1;
            Farthest {
                distance: shader::in_pixels(found.greatest, metric),
                pixels: (0..height * width)
                    .filter(|&pixel| is_tie(pixel))
                    .map(|pixel| [pixel / width, pixel % width])
                    .collect(),
            }
        }));
        rest = later;
    }
    Ok(results)
}

/// [`farthest_in`] a plane whose memory is kept.
fn greatest(
    window: &Window<'_>,
    mut plane: Plane<f32>,
    excluded: &[[usize; 2]],
    in_pixels: impl Fn(f32) -> f32,
) -> Option<Farthest> {
    let found = farthest_in(window, &mut plane, excluded, in_pixels);
    plane.keep();
    found
}

/// Returns the greatest of the window's values and where it is, or `None` if all are 0.
fn farthest_in<T: Copy + Default + PartialOrd>(
    window: &Window<'_>,
    plane: &mut Plane<T>,
    excluded: &[[usize; 2]],
    in_pixels: impl Fn(T) -> f32,
) -> Option<Farthest> {
    let Window { rows, columns, .. } = window;
    for &[row, column] in excluded {
        // Wraps to a huge index above the window and left of it.
        let local = [
            row.wrapping_sub(rows.start),
            column.wrapping_sub(columns.start),
        ];
        if let Some(value) = plane.get_mut(local) {
            *value = T::default();
        }
    }
    let (max, pixels) = plane.greatest();
    (max > T::default()).then(|| Farthest {
        distance: in_pixels(max),
        pixels: pixels
            .map(|[row, column]| [row + rows.start, column + columns.start])
            .collect(),
    })
}
