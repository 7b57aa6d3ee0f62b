//! `engine datasets`: the study's datasets, how to get them, and what a scenario says of them.

use std::fmt::Write as _;

use clap::Args;

use super::{Outcome, output};
use crate::{
    datasets::{Known, KnownLayout},
    report::published_images,
};

/// List the study's datasets, or print one as a declaration to change
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine datasets
  engine datasets mri_heart
  engine datasets mri_brain --folder data/BraTS2020 --modality t2")]
pub(super) struct Arguments {
    /// Its name in scenarios; none lists them all
    name: Option<String>,

    /// Where its files are, for the declaration
    #[arg(long, value_name = "DIR", default_value = "FOLDER", requires = "name")]
    folder: String,

    /// Which of its modalities to show
    #[arg(long, value_name = "WORD", requires = "name")]
    modality: Option<String>,
}

pub(super) fn datasets(arguments: &Arguments) -> miette::Result<Outcome> {
    let text = match &arguments.name {
        None => list(),
        Some(name) => match Known::find(name) {
            Some(known) => declare(known, arguments)?,
            None => return Err(unknown(name)),
        },
    };
    output::print(&text)?;
    Ok(Outcome::Complete)
}

fn unknown(name: &str) -> miette::Report {
    let names: Vec<_> = Known::all().iter().map(|known| known.id).collect();
    miette::miette!(
        help = format!("expected one of {}", names.join(", ")),
        "there is no dataset {name}"
    )
}

/// Returns a paragraph for each.
fn list() -> String {
    let paragraphs = Known::all().iter().map(|known| {
        let mut text = format!("{}\n", known.id);
        let mut line = |what: &str, value: &str| {
            _ = writeln!(text, "  {what:<9}{value}");
        };
        line("shows", &known.shows);
        line("objects", &known.objects().join(", "));
        line("study", &images(known));
        line("licence", &known.licence);
        line("get", &known.get);
        for (index, layout) in known.layouts.iter().enumerate() {
            let what = if index == 0 { "files" } else { "or" };
            line(what, &layout.tree.join(", "));
        }
        text
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}

fn images(known: &Known) -> String {
    let images = published_images(known.id).unwrap_or_default();
    format!("{}, {images} images", known.title)
}

/// Returns a dataset in terms of files, for each layout; what is known of it as comments.
fn declare(known: &Known, arguments: &Arguments) -> miette::Result<String> {
    let mut text = String::new();
    let mut comment = |line: &str| {
        _ = writeln!(text, "{}", format!("// {line}").trim_end());
    };
    comment(&format!("{}: {}", known.id, known.shows));
    comment(&format!("In the study: {}", images(known)));
    comment(&format!("Licence: {}", known.licence));
    comment(&format!("To get it: {}", known.get));
    for note in &known.notes {
        comment(&format!("- {note}"));
    }
    comment("");
    let folder = &arguments.folder;
    comment(&format!("In a scenario: {}(folder: {folder:?})", known.id));
    for layout in &known.layouts {
        let ron = layout.declaration(folder, arguments.modality.as_deref());
        let ron = ron.map_err(|problem| miette::miette!("{problem}"))?;
        _ = write!(text, "//\n// {}\n{ron}\n", describe(layout));
    }
    Ok(text)
}

fn describe(layout: &KnownLayout) -> String {
    let modalities: Vec<_> = layout.modalities().collect();
    let choice = match modalities[..] {
        [] => String::new(),
        _ => format!("; `modality` is one of {}", modalities.join(", ")),
    };
    format!(
        "Which is, if its files lie as {} (layout `{}`{choice}):",
        layout.tree.join(", "),
        layout.name
    )
}
