//! Fig. 4 of the study: IoU against the number of prompts. See [`curves`].

use kuva::{
    plot::{LinePlot, ScatterPlot},
    prelude::{Figure, Layout, Plot},
};

use super::style::{Drawing, colour, dashed, ratios};
use crate::report::{Collection, Panel};

/// Draws a panel per object, one line per series, with bands of 95 % over cases. A series of one
/// prompt is a point.
pub(super) fn curves(collection: &Collection) -> Drawing {
    let labels = collection.labels();
    let columns = super::columns(collection.panels.len());
    let rows = collection.panels.len().div_ceil(columns).max(1);
    let longest = collection.longest();
    let plots: Vec<_> = collection
        .panels
        .iter()
        .map(|panel| lines(panel, &labels))
        .collect();
    let layouts = collection.panels.iter().zip(&plots).map(|(panel, plots)| {
        ratios(Layout::auto_from_plots(plots), &panel.name(), "mean IoU")
            .with_x_label("prompts")
            .with_x_axis_min(0.5)
            .with_x_axis_max(f64::from(longest) + 0.5)
            .with_x_tick_step(f64::from(longest.div_ceil(10)))
    });
    let layouts = layouts.collect();
    let figure = Figure::new(rows, columns)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(330.0, 270.0)
        .with_shared_legend_bottom();
    Drawing::new(
        "fig4_prompts",
        "Mean IoU against the number of prompts, a panel per object. Bands: 95 % bootstrap intervals over cases."
            .to_owned(),
        figure.render(),
    )
}

/// Returns what stands in one panel.
fn lines(panel: &Panel, labels: &[&str]) -> Vec<Plot> {
    let series = labels.iter().enumerate().filter_map(|(index, label)| {
        let series = panel.series.iter().find(|series| series.label == *label)?;
        let (means, intervals) = &series.means;
        let points = (1..).map(f64::from).zip(means.iter().copied());
        if means.len() == 1 {
            let plot = ScatterPlot::new()
                .with_data(points)
                .with_color(colour(index))
                .with_size(4.0)
                .with_legend(*label);
            return Some(Plot::Scatter(plot));
        }
        let mut plot = LinePlot::new()
            .with_data(points)
            .with_color(colour(index))
            .with_stroke_width(2.0)
            .with_legend(*label);
        if let Some(intervals) = intervals {
            let (low, high): (Vec<_>, Vec<_>) = intervals
                .iter()
                .map(|interval| (interval.low, interval.high))
                .unzip();
            plot = plot.with_band(low, high);
        }
        Some(Plot::Line(dashed(plot, index)))
    });
    series.collect()
}
