//! The table that a run ends with on the terminal. See [`table`].

use std::collections::BTreeMap;

use super::SummaryRow;
use crate::{metrics::Unit, scenario::Metric};

/// The prompt counts shown, as far as they were played; the largest one played is always shown.
const SHOWN: [u32; 5] = [1, 2, 3, 5, 9];

/// The shortest that a column of names becomes.
const SHORTEST: usize = 8;

/// Draws the mean of a metric per dataset, object, model and strategy (lines, in the order given) after
/// 1, 2, 3, 5, 9 … prompts (columns), in at most `width` characters a line where names allow.
///
/// A name that equals the one above it is left out; names too long lose their middle. A dot stands
/// where a strategy has no more prompts.
pub fn table(summary: &[SummaryRow], metric: Metric, width: usize) -> String {
    let last = summary.iter().map(|row| row.prompts).max().unwrap_or(0);
    let mut shown: Vec<_> = SHOWN
        .into_iter()
        .filter(|&prompts| prompts < last)
        .collect();
    shown.extend((last > 0).then_some(last));

    let mut lines: Vec<Line<'_>> = Vec::new();
    for row in summary {
        let names = [&row.dataset, &row.object, &row.model, &row.strategy].map(String::as_str);
        if lines.last().is_none_or(|line| line.names != names) {
            lines.push(Line {
                names,
                trials: row.trials,
                means: BTreeMap::new(),
            });
        }
        if let Some(line) = lines.last_mut() {
            line.means.insert(row.prompts, row.mean(metric));
        }
    }
    draw(metric, &unit(summary, metric), &lines, &shown, width)
}

/// Returns the unit of a metric's means, to be written behind its name. Where datasets differ in it,
/// `summary.csv` says which has which.
fn unit(summary: &[SummaryRow], metric: Metric) -> String {
    let has = |unit| summary.iter().any(|row| row.unit == Some(unit));
    let unit = match (has(Unit::Millimetres), has(Unit::Pixels)) {
        (false, false) => return String::new(),
        (true, false) => "mm",
        (false, true) => "pixels",
        (true, true) => "mm (pixels where the spacing is not known)",
    };
    match metric {
        Metric::Hd95 | Metric::Assd => format!(" in {unit}"),
        Metric::Nsd { .. } => format!(" {unit}"),
        _ => String::new(),
    }
}

/// One line of the table.
struct Line<'a> {
    names: [&'a str; 4],
    trials: usize,
    means: BTreeMap<u32, f64>,
}

fn draw(metric: Metric, unit: &str, lines: &[Line<'_>], shown: &[u32], width: usize) -> String {
    let titles = ["dataset", "object", "model", "strategy"];
    let widths = fit(
        std::array::from_fn(|column| {
            let names = lines.iter().map(|line| line.names[column]);
            let longest = names.map(|name| name.chars().count()).max();
            longest.unwrap_or(0).max(titles[column].len())
        }),
        // Two characters after each name, seven for each number.
        width.saturating_sub(4 * 2 + 6 + 7 * shown.len()),
    );
    let mut text = format!("Mean {}{unit} after as many prompts\n\n", metric.title());
    let mut push = |names: [&str; 4], numbers: String| {
        for (name, width) in names.into_iter().zip(widths) {
            text.push_str(&shorten(name, width));
            text.push_str("  ");
        }
        text.push_str(numbers.trim_end());
        text.push('\n');
    };
    let number = |text: String| format!("{text:>7}");
    let prompts: String = shown.iter().map(|n| number(n.to_string())).collect();
    push(titles, format!("trials{prompts}"));
    let mut above = [""; 4];
    for line in lines {
        let new = (0..4).find(|&column| line.names[column] != above[column]);
        let names = std::array::from_fn(|column| match new {
            Some(new) if column >= new => line.names[column],
            _ => "",
        });
        above = line.names;
        let mean = |prompts| match line.means.get(prompts) {
            Some(mean) if mean.is_nan() => number("mixed".to_owned()),
            // As many digits as fit.
            Some(mean) if *mean >= 100.0 => number(format!("{mean:.1}")),
            Some(mean) => number(format!("{mean:.3}")),
            None => number("·".to_owned()),
        };
        let means: String = shown.iter().map(mean).collect();
        push(names, format!("{:>6}{means}", line.trials));
    }
    text
}

/// Narrows the widest columns, one character at a time, until they fit together.
fn fit(mut widths: [usize; 4], available: usize) -> [usize; 4] {
    while widths.iter().sum::<usize>() > available {
        match widths.iter_mut().max() {
            Some(widest) if *widest > SHORTEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

/// Pads a name to the width, or takes out its middle: beginning and end tell it from its neighbours.
fn shorten(name: &str, width: usize) -> String {
    // A name must not break the line.
    let name: Vec<_> = name
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    let Some(surplus) = name.len().checked_sub(width + 1) else {
        return format!("{:width$}", String::from_iter(name));
    };
    let head = width / 2;
    let tail = head + surplus + 2;
    [&name[..head], &['…'], &name[tail..]]
        .concat()
        .iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{means::tests::summarise, rows::tests::row};

    fn summary() -> Vec<SummaryRow> {
        let mut rows = Vec::new();
        for prompts in 1..=9 {
            rows.push(row("a", "point", prompts, f64::from(prompts) / 10.0));
        }
        rows.push(row(
            "a",
            "one box for each of the three largest regions",
            1,
            0.75,
        ));
        summarise(
            &rows,
            &[
                ("point", 9),
                ("one box for each of the three largest regions", 1),
            ],
        )
    }

    #[test]
    fn it_reads_without_colour() {
        assert_eq!(
            table(&summary(), Metric::Iou, 100),
            "\
Mean IoU after as many prompts

dataset  object  model       strategy                      trials      1      2      3      5      9
chest    lungs   mobile_sam  point                              1  0.100  0.200  0.300  0.500  0.900
                             one box for ea…rgest regions       1  0.750      ·      ·      ·      ·
"
        );
    }

    #[test]
    fn it_keeps_within_the_width() {
        for width in [80, 90, 100] {
            let table = table(&summary(), Metric::Iou, width);
            let widest = table.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|widest| widest <= width), "{table}");
        }
        assert!(
            table(&summary(), Metric::Iou, 0).contains("…"),
            "too narrow, but drawn"
        );
    }

    #[test]
    fn no_rows_give_a_header_only() {
        assert_eq!(table(&[], Metric::Dice, 80).lines().count(), 3);
    }

    #[test]
    fn the_last_prompt_is_always_shown() {
        let rows: Vec<_> = (1..=20).map(|n| row("a", "p", n, 0.5)).collect();
        let table = table(&summarise(&rows, &[("p", 20)]), Metric::Iou, 100);
        let header = table.lines().nth(2).unwrap_or_default();
        assert!(
            header.ends_with("1      2      3      5      9     20"),
            "{header}"
        );
    }
}
