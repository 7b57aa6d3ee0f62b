//! Progress on long work, shown only on a terminal. See [`Bar`].

use tracing::{Span, info_span};
use tracing_indicatif::{span_ext::IndicatifSpanExt as _, style::ProgressStyle};

/// A progress bar, from when it is made until it is dropped. Log records appear above it; without
/// a terminal, or when the user wants quiet, it does nothing.
pub(super) struct Bar(Span);

/// What a bar counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Cases of datasets.
    Cases,
    /// Shards of a run.
    Shards,
}

impl Bar {
    /// Shows a bar at 0 of `total`.
    pub(super) fn new(unit: Unit, total: u64, title: &str) -> Self {
        let span = info_span!("progress", indicatif.pb_show = tracing::field::Empty);
        span.pb_set_style(&unit.style());
        span.pb_set_message(title);
        span.pb_set_length(total);
        span.pb_start();
        Self(span)
    }

    /// Moves the bar; the total may turn out to be another.
    pub(super) fn set(&self, position: u64, total: u64) {
        self.0.pb_set_length(total);
        self.0.pb_set_position(position);
    }

    /// Moves the bar by one.
    pub(super) fn step(&self) {
        self.0.pb_inc(1);
    }
}

impl Unit {
    fn style(self) -> ProgressStyle {
        let counts = match self {
            Self::Bytes => "{binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}",
            Self::Cases => "{pos}/{len} cases, {elapsed}",
            Self::Shards => "{pos}/{len} shards, {elapsed}",
        };
        ProgressStyle::with_template(&format!("{{spinner}} {{msg}} {{wide_bar}} {counts}"))
            .expect("all templates are well-formed")
    }
}
