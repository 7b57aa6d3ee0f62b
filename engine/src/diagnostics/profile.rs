//! Where the device's time goes, operation by operation. See [`Profile`].

use std::{collections::BTreeMap, time::Duration};

use kernels::{Cost, peak::Peak, timer::Call};
use serde::{Deserialize, Serialize};

/// How finely calls are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// By operation and the kernels that it launched.
    Kernels,
    /// Also by what was asked: shapes and choices.
    Problems,
}

/// The calls of a run, counted and timed.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    by_problem: BTreeMap<Key, Samples>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    operation: String,
    kernels: String,
    problem: String,
}

/// What calls of one kind took, and what they had to do at least.
#[derive(Clone, Debug, Default)]
struct Samples {
    elapsed: Vec<Duration>,
    /// Of all of them; none if it is not known of some.
    cost: Option<Cost>,
}

/// One line of a profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileEntry {
    /// The operation.
    pub operation: String,
    /// What was asked of it; empty if calls are told apart by kernels only.
    pub problem: String,
    /// The kernels that it launched; `cpu` for the twin.
    pub kernels: String,
    /// How many calls.
    pub count: usize,
    /// The shortest call, in microseconds.
    pub min_us: f64,
    /// The median call, in microseconds.
    pub median_us: f64,
    /// All calls, in milliseconds.
    pub total_ms: f64,
    /// Arithmetic done per second over all calls; none where the work is not known.
    pub gflop_per_s: Option<f64>,
    /// Bytes that had to be moved per second over all calls; none where they are not known.
    pub gb_per_s: Option<f64>,
    /// The share of the nearer of the device's two measured roofs, in percent.
    pub peak_percent: Option<f64>,
}

impl ProfileEntry {
    /// The names of the fields, in order.
    pub const COLUMNS: [&str; 10] = [
        "operation",
        "problem",
        "kernels",
        "count",
        "min_us",
        "median_us",
        "total_ms",
        "gflop_per_s",
        "gb_per_s",
        "peak_percent",
    ];
}

impl Profile {
    /// Adds calls.
    pub fn add(&mut self, calls: &[Call]) {
        for call in calls {
            let mut kernels: Vec<_> = call.launches.iter().map(|l| &*l.kernel).collect();
            kernels.sort_unstable();
            kernels.dedup();
            let key = Key {
                operation: call.operation.clone(),
                kernels: kernels.join(" + "),
                problem: call.problem.clone(),
            };
            let samples = self.by_problem.entry(key).or_default();
            samples.add(&[call.elapsed()], call.cost);
        }
    }

    /// Returns a line for each kind of call, those that took the most time first; `peak` is what
    /// the device was measured to be able to do.
    pub fn entries(&self, grain: Grain, peak: &Peak) -> Vec<ProfileEntry> {
        let mut kinds: BTreeMap<Key, Samples> = BTreeMap::new();
        for (key, samples) in &self.by_problem {
            let mut key = key.clone();
            if grain == Grain::Kernels {
                key.problem.clear();
            }
            let kind = kinds.entry(key).or_default();
            kind.add(&samples.elapsed, samples.cost);
        }
        let kinds = kinds.into_iter();
        let mut entries: Vec<_> = kinds.map(|(key, all)| all.entry(key, peak)).collect();
        entries.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
        entries
    }

    /// Returns the time of all calls.
    pub fn total(&self) -> Duration {
        let samples = self.by_problem.values();
        samples.flat_map(|samples| &samples.elapsed).sum()
    }
}

impl Samples {
    fn add(&mut self, elapsed: &[Duration], cost: Option<Cost>) {
        let is_first = self.elapsed.is_empty();
        self.elapsed.extend_from_slice(elapsed);
        self.cost = match (self.cost, cost) {
            (Some(all), Some(cost)) => Some(all.plus(cost)),
            (_, cost) => cost.filter(|_| is_first),
        };
    }

    fn entry(mut self, key: Key, peak: &Peak) -> ProfileEntry {
        self.elapsed.sort_unstable();
        let total: Duration = self.elapsed.iter().sum();
        let seconds = total.as_secs_f64();
        let per_second = |amount: fn(Cost) -> u64| {
            let rate = self.cost.map(|cost| amount(cost) as f64 / seconds / 1e9);
            rate.filter(|rate| rate.is_finite())
        };
        let us = |elapsed: Option<&Duration>| elapsed.map_or(0.0, |t| t.as_secs_f64() * 1e6);
        ProfileEntry {
            count: self.elapsed.len(),
            min_us: us(self.elapsed.first()),
            median_us: us(self.elapsed.get(self.elapsed.len() / 2)),
            total_ms: seconds * 1e3,
            gflop_per_s: per_second(|cost| cost.flops),
            gb_per_s: per_second(|cost| cost.bytes),
            peak_percent: self.cost.map(|cost| peak.share(cost, total) * 100.0),
            operation: key.operation,
            problem: key.problem,
            kernels: key.kernels,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernels::timer::Launch;

    use super::*;

    const PEAK: Peak = Peak {
        flops_per_second: 1e9,
        bytes_per_second: 1e9,
    };

    fn call(operation: &str, problem: &str, cost: Option<Cost>, us: &[u64]) -> Call {
        let launch = |&us| Launch {
            kernel: format!("{operation}_kernel"),
            start: Duration::ZERO,
            elapsed: Duration::from_micros(us),
        };
        Call {
            operation: operation.to_owned(),
            problem: problem.to_owned(),
            cost,
            launches: us.iter().map(launch).collect(),
        }
    }

    #[test]
    fn calls_are_counted_by_kernels_or_by_problems() {
        let cost = |flops| Some(Cost { flops, bytes: 1000 });
        let mut profile = Profile::default();
        profile.add(&[
            call("linear", "a", cost(5_000), &[10]),
            call("linear", "b", cost(20_000), &[20, 10]),
            call("linear", "a", cost(5_000), &[10]),
        ]);
        profile.add(&[call("norm", "c", None, &[5])]);
        let entries = profile.entries(Grain::Kernels, &PEAK);
        assert_eq!(entries.len(), 2);
        let linear = &entries[0];
        assert_eq!((linear.count, linear.problem.as_str()), (3, ""));
        assert_eq!((linear.min_us, linear.median_us), (10.0, 10.0));
        assert!((linear.total_ms - 0.05).abs() < 1e-12);
        // 30 000 operations in 50 µs, of 1 GFLOP/s.
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.expect("known") - expected).abs() < 1e-9);
        };
        near(linear.gflop_per_s, 0.6);
        near(linear.gb_per_s, 0.06);
        near(linear.peak_percent, 60.0);
        assert_eq!(
            (entries[1].gflop_per_s, entries[1].peak_percent),
            (None, None)
        );

        let problems = profile.entries(Grain::Problems, &PEAK);
        let problems: Vec<_> = problems.iter().map(|e| (&*e.problem, e.count)).collect();
        assert_eq!(problems, [("b", 1), ("a", 2), ("c", 1)]);
        assert_eq!(profile.total(), Duration::from_micros(55));
    }
}
