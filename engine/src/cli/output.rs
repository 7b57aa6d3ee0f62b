//! What the user sees: data on stdout; words and progress on stderr, where they do not fight.

use std::{
    fmt,
    io::{self, ErrorKind, IsTerminal as _, Write as _},
};

use clap::{ArgAction, Args};
use miette::{IntoDiagnostic as _, Report, WrapErr as _};
use tracing::{Event, Level, Subscriber};
use tracing_indicatif::{IndicatifLayer, filter::IndicatifFilter};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer, layer},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// How many words there are on stderr.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Loudness {
    /// Say more; twice for everything
    #[arg(short, long, action = ArgAction::Count, global = true, display_order = 900)]
    verbose: u8,

    /// Say nothing but errors; show no progress
    #[arg(
        short,
        long,
        global = true,
        display_order = 901,
        conflicts_with = "verbose"
    )]
    quiet: bool,
}

impl Loudness {
    /// Directs log records to stderr, and shows progress there if it is a terminal.
    pub(super) fn start(self) {
        let directives = match (self.quiet, self.verbose) {
            (true, _) => "error",
            (false, 0) => "warn,engine=info",
            (false, 1) => "info,engine=debug,kernels=debug",
            (false, _) => "trace",
        };
        let shows_progress = !self.quiet && io::stderr().is_terminal();
        let bars = shows_progress.then(IndicatifLayer::new);
        let words = layer().event_format(Words);
        let words = match &bars {
            Some(bars) => words.with_writer(bars.get_stderr_writer()).boxed(),
            None => words.with_writer(io::stderr).with_ansi(false).boxed(),
        };
        let bars = bars.map(|bars| bars.with_filter(IndicatifFilter::new(false)));
        tracing_subscriber::registry()
            .with(EnvFilter::new(directives))
            .with(words)
            .with(bars)
            .init();
    }
}

/// Log records as sentences: `warning: …`; plain where the user expects to be told.
struct Words;

impl<S, N> FormatEvent<S, N> for Words
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let (name, colour) = match *metadata.level() {
            Level::ERROR => ("error: ", "31"),
            Level::WARN => ("warning: ", "33"),
            Level::INFO => ("", ""),
            Level::DEBUG => ("debug: ", "2"),
            Level::TRACE => ("trace: ", "2"),
        };
        if writer.has_ansi_escapes() && !name.is_empty() {
            write!(writer, "\x1b[{colour}m{name}\x1b[0m")?;
        } else {
            writer.write_str(name)?;
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Writes data to stdout. A reader that has gone away wanted no more.
pub(super) fn print(data: &str) -> miette::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(data.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error)
            .into_diagnostic()
            .wrap_err("cannot write to stdout"),
        _ => Ok(()),
    }
}

/// Says on stderr why a command could not run.
pub(super) fn complain(report: &Report) {
    // Nobody can be told that nobody can be told.
    _ = writeln!(io::stderr(), "Error: {report:?}");
}

/// Aligns cells in columns: words to the left, numbers (and dots for none) to the right. The first row is the heading.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let shape: Vec<(usize, bool)> = (0..count)
        .map(|column| {
            let width = cells(column).map(|cell| cell.chars().count()).max();
            let is_number = cells(column).skip(1).all(|cell| {
                cell.chars()
                    .all(|char| char.is_ascii_digit() || ".%·".contains(char))
            });
            (width.unwrap_or(0), is_number)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<_> = row
            .iter()
            .zip(&shape)
            .map(|(cell, &(width, is_number))| {
                if is_number {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:width$}")
                }
            })
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}
