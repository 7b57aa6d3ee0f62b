//! Whether a model knows how good it is. See [`calibration`].

use kuva::{
    plot::{LinePlot, ScatterPlot},
    prelude::{Layout, Plot},
    render::render::render_multiple,
};

use super::style::{Drawing, colour, dashed, ratios};
use crate::report::Collection;

/// Predicted IoUs are gathered in so many bins.
const BINS: usize = 10;
/// A bin with fewer predictions says nothing.
const FEWEST: usize = 3;

/// Draws the mean IoU of all predictions against the IoU that the model expected of them, one line per
/// series (a point, where it always expects about the same). A model that knows itself lies on the diagonal.
/// `None` if no model expects anything.
pub(super) fn calibration(collection: &Collection) -> Option<Drawing> {
    let diagonal = LinePlot::new()
        .with_data([(0.0, 0.0), (1.0, 1.0)])
        .with_color("#888888")
        .with_stroke_width(1.0)
        .with_dashed()
        .with_legend("expected = true");
    let mut plots = vec![Plot::Line(diagonal)];
    for (index, label) in collection.labels().into_iter().enumerate() {
        let bins = bins(collection, label);
        // A model that expects nothing has no line.
        if bins.is_empty() {
            continue;
        }
        if bins.len() == 1 {
            let plot = ScatterPlot::new()
                .with_data(bins)
                .with_color(colour(index))
                .with_size(4.0)
                .with_legend(label);
            plots.push(Plot::Scatter(plot));
            continue;
        }
        let plot = LinePlot::new()
            .with_data(bins)
            .with_color(colour(index))
            .with_stroke_width(2.0)
            .with_legend(label);
        plots.push(Plot::Line(dashed(plot, index)));
    }
    if plots.len() == 1 {
        return None;
    }
    let layout = ratios(
        Layout::auto_from_plots(&plots),
        "Expected and true",
        "mean IoU",
    )
    .with_x_label("IoU that the model expects")
    .with_x_axis_min(0.0)
    .with_x_axis_max(1.0)
    .with_x_tick_step(0.2)
    .with_width(560.0)
    .with_height(360.0);
    Some(Drawing::new(
        "calibration",
        "Mean IoU of predictions against the IoU that the model expected of them, over all objects and prompts. Below the diagonal the model is too sure of itself."
            .to_owned(),
        render_multiple(plots, layout),
    ))
}

/// Returns expected and true means of each bin with enough predictions.
fn bins(collection: &Collection, label: &str) -> Vec<(f64, f64)> {
    let mut bins = [(0, 0.0, 0.0); BINS];
    let series = collection.panels.iter().flat_map(|panel| &panel.series);
    let curves = series
        .filter(|series| series.label == label)
        .flat_map(|series| &series.curves);
    for point in curves.flat_map(|curve| &curve.points) {
        let Some(expected) = point.predicted_iou else {
            continue;
        };
        let expected = f64::from(expected).clamp(0.0, 1.0);
        let bin = &mut bins[((expected * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += 1;
        bin.1 += expected;
        bin.2 += point.iou;
    }
    bins.into_iter()
        .filter(|&(count, ..)| count >= FEWEST)
        .map(|(count, expected, iou)| (expected / count as f64, iou / count as f64))
        .collect()
}
