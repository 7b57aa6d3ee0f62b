//! What the choice among a model's candidates costs. See [`choices`].

use kuva::{
    plot::LinePlot,
    prelude::{Figure, Layout, Plot},
};

use super::style::{Drawing, colour, ratios};
use crate::{
    report::{Collection, Panel, Series},
    scenario::Choice,
};

/// Draws, per object, the IoU under all four choices of candidate along the longest series of each
/// panel (its first strategy, where several are as long). `None` if no model has several candidates.
pub(super) fn choices(collection: &Collection) -> Option<Drawing> {
    let panels: Vec<_> = collection
        .panels
        .iter()
        .filter_map(|panel| Some((panel, longest(panel)?)))
        .filter(|(_, series)| differ(series))
        .collect();
    if panels.is_empty() {
        return None;
    }
    let columns = super::columns(panels.len());
    let prompts = panels.iter().map(|(_, series)| series.prompts).max()?;
    let plots: Vec<Vec<Plot>> = panels.iter().map(|(_, series)| lines(series)).collect();
    let layouts = panels.iter().zip(&plots).map(|((panel, series), plots)| {
        let title = format!("{}, {}", panel.name(), series.label);
        ratios(Layout::auto_from_plots(plots), &title, "mean IoU")
            .with_x_label("prompts")
            .with_x_axis_min(0.5)
            .with_x_axis_max(f64::from(prompts) + 0.5)
            .with_x_tick_step(f64::from(prompts.div_ceil(10)))
    });
    let layouts = layouts.collect();
    let figure = Figure::new(panels.len().div_ceil(columns), columns)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(330.0, 270.0)
        .with_shared_legend_bottom();
    Some(Drawing::new(
        "choices",
        "Mean IoU under each rule that picks one of the model's candidate masks: the first, the one of highest predicted IoU, the best one (oracle), the single-mask token."
            .to_owned(),
        figure.render(),
    ))
}

/// Returns the series with the most prompts, the first of equals.
fn longest(panel: &Panel) -> Option<&Series> {
    panel
        .series
        .iter()
        .rev()
        .max_by_key(|series| series.prompts)
}

/// Returns whether the choices ever lead to different values.
fn differ(series: &Series) -> bool {
    let points = series.curves.iter().flat_map(|curve| &curve.points);
    points
        .map(|point| point.choices)
        .any(|[first, rest @ ..]| rest.iter().any(|other| other.total_cmp(&first).is_ne()))
}

fn lines(series: &Series) -> Vec<Plot> {
    let line = |(index, choice): (usize, Choice)| {
        let points = (1..=series.prompts).map(|prompts| {
            let mean = series.mean(prompts, |point| point.choices[index]);
            (f64::from(prompts), mean)
        });
        let plot = LinePlot::new()
            .with_data(points)
            .with_color(colour(index))
            .with_stroke_width(2.0)
            .with_legend(name(choice));
        Plot::Line(match choice {
            Choice::Oracle => plot.with_dashed(),
            _ => plot,
        })
    };
    Choice::ALL.into_iter().enumerate().map(line).collect()
}

fn name(choice: Choice) -> &'static str {
    match choice {
        Choice::First => "first",
        Choice::BestScore => "best score",
        Choice::Oracle => "oracle",
        Choice::Single => "single",
    }
}
