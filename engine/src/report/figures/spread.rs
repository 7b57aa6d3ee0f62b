//! All trials, not only their mean. See [`spread`].

use kuva::{
    plot::BoxPlot,
    prelude::{Figure, Layout, Plot},
};

use super::style::{Drawing, colour, ratios};
use crate::report::{Collection, Panel};

/// Up to how many trials each is drawn as a point.
const FEW: usize = 300;

/// Draws, per object, the IoUs of all trials after the last prompt: a box from the lower to the upper
/// quartile with the median, and every trial as a point where they are few.
pub(super) fn spread(collection: &Collection) -> Drawing {
    let labels = collection.labels();
    let columns = super::columns(collection.panels.len());
    let rows = collection.panels.len().div_ceil(columns).max(1);
    let plots: Vec<_> = collection
        .panels
        .iter()
        .map(|panel| vec![Plot::Box(boxes(panel, &labels))])
        .collect();
    let layouts = collection.panels.iter().zip(&plots).map(|(panel, plots)| {
        ratios(Layout::auto_from_plots(plots), &panel.name(), "IoU").with_x_tick_rotate(-30.0)
    });
    let layouts = layouts.collect();
    let figure = Figure::new(rows, columns)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(330.0, 300.0);
    Drawing::new(
        "spread",
        "IoU of every trial after its last prompt. Boxes: quartiles and median.".to_owned(),
        figure.render(),
    )
}

fn boxes(panel: &Panel, labels: &[&str]) -> BoxPlot {
    let mut plot = BoxPlot::new().with_width(0.6);
    let mut colours = Vec::new();
    let mut most = 0;
    for series in &panel.series {
        let ious = series
            .curves
            .iter()
            .map(|curve| curve.at(series.prompts).iou);
        plot = plot.with_group(series.label.as_str(), ious);
        let place = labels.iter().position(|label| *label == series.label);
        colours.push(colour(place.unwrap_or_default()));
        most = most.max(series.curves.len());
    }
    let plot = plot.with_group_colors(colours);
    if most > FEW {
        return plot;
    }
    plot.with_strip(0.25)
        .with_overlay_color("rgba(0,0,0,0.45)")
        .with_overlay_size(2.2)
}
