//! Stages and kernels on one time line. See [`Trace`].

use std::{
    io,
    time::{Duration, Instant},
};

use kernels::timer::Call;
use serde::Serialize;

use super::Span;

/// The work of a run, piece by piece, in Chrome's trace format
/// (`chrome://tracing`, <https://ui.perfetto.dev>).
///
/// Stages are on one track, kernels on another; a kernel runs later than the stage asks for it,
/// because a graphics device works through a queue.
#[derive(Clone, Debug)]
pub struct Trace {
    epoch: Instant,
    events: Vec<Event>,
}

/// The track of the stages.
const STAGES: u32 = 1;

/// The track of the kernels.
const KERNELS: u32 = 2;

/// An event of the format: times are in microseconds.
#[derive(Clone, Debug, Serialize)]
struct Event {
    name: String,
    cat: &'static str,
    ph: &'static str,
    ts: f64,
    dur: f64,
    pid: u32,
    tid: u32,
    args: Arguments,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Arguments {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    operation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    problem: String,
}

impl Trace {
    /// Starts a time line at `epoch`.
    pub fn new(epoch: Instant) -> Self {
        let track = |tid, name| Event {
            name: "thread_name".to_owned(),
            cat: "track",
            ph: "M",
            ts: 0.0,
            dur: 0.0,
            pid: 1,
            tid,
            args: Arguments {
                name: Some(name),
                ..Arguments::default()
            },
        };
        Self {
            epoch,
            events: vec![track(STAGES, "stages"), track(KERNELS, "kernels")],
        }
    }

    /// Adds what stages did.
    pub fn add_stages(&mut self, spans: &[Span]) {
        let epoch = self.epoch;
        self.events.extend(spans.iter().map(|span| Event {
            name: format!("{:?}", span.stage),
            cat: "stage",
            ph: "X",
            ts: us(span.start.saturating_duration_since(epoch)),
            dur: us(span.elapsed),
            pid: 1,
            tid: STAGES,
            args: Arguments::default(),
        }));
    }

    /// Adds the kernels of calls, which count from the same epoch.
    pub fn add_calls(&mut self, calls: &[Call]) {
        for call in calls {
            self.events.extend(call.launches.iter().map(|launch| Event {
                name: match &*launch.kernel {
                    "cpu" => call.operation.clone(),
                    kernel => kernel.to_owned(),
                },
                cat: "kernel",
                ph: "X",
                ts: us(launch.start),
                dur: us(launch.elapsed),
                pid: 1,
                tid: KERNELS,
                args: Arguments {
                    name: None,
                    operation: call.operation.clone(),
                    problem: call.problem.clone(),
                },
            }));
        }
    }

    /// Writes the time line as JSON.
    ///
    /// # Errors
    /// When `into` cannot be written to.
    pub fn write(&self, into: impl io::Write) -> io::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct File<'a> {
            trace_events: &'a [Event],
            display_time_unit: &'static str,
        }
        let file = File {
            trace_events: &self.events,
            display_time_unit: "ms",
        };
        serde_json::to_writer(into, &file).map_err(io::Error::from)
    }
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use kernels::timer::Launch;

    use super::*;
    use crate::pipeline::Stage;

    #[test]
    fn stages_and_kernels_share_a_time_line() {
        let epoch = Instant::now();
        let mut trace = Trace::new(epoch);
        trace.add_stages(&[Span {
            stage: Stage::Encode,
            start: epoch + Duration::from_micros(100),
            elapsed: Duration::from_micros(50),
        }]);
        trace.add_calls(&[Call {
            operation: "linear".to_owned(),
            problem: "1×2→3".to_owned(),
            cost: None,
            launches: vec![Launch {
                kernel: "cpu".to_owned(),
                start: Duration::from_micros(110),
                elapsed: Duration::from_micros(20),
            }],
        }]);
        let mut text = Vec::new();
        trace.write(&mut text).expect("memory is writable");
        let json: serde_json::Value = serde_json::from_slice(&text).expect("valid JSON");
        let events = json["traceEvents"].as_array().expect("a list");
        let find = |name: &str| events.iter().find(|event| event["name"] == name);
        let (stage, kernel) = (
            find("Encode").expect("it is"),
            find("linear").expect("it is"),
        );
        for event in [stage, kernel] {
            assert_eq!((&event["ph"], &event["pid"]), (&"X".into(), &1.into()));
        }
        let number = |value: &serde_json::Value| value.as_f64().expect("a number");
        assert!(number(&stage["ts"]) < number(&kernel["ts"]));
        assert!((number(&kernel["dur"]) - 20.0).abs() < 1e-9);
        assert_ne!(stage["tid"], kernel["tid"]);
        assert_eq!(kernel["args"]["problem"], "1×2→3");
    }
}
