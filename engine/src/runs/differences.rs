//! In what a run differs from an earlier one in its folder. See [`Manifest::differences`].

use similar::{ChangeTag, TextDiff};

use super::{DatasetEntry, Manifest};

/// The most lines of a scenario's text shown; enough to recognise it by.
const LINES: usize = 40;

impl Manifest {
    /// Says, a line or several each, in what `now` differs from this earlier run so that its results
    /// may be others: scenario, code, device, weights and data. Threads and times do not matter.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, before: &str, after: &str| {
            if before != after {
                differences.push(format!("  {what}: {before} then, {after} now\n"));
            }
        };
        let version = |manifest: &Self| format!("{} ({})", manifest.engine, manifest.code);
        compare("engine", &version(self), &version(now));
        compare("device", &self.device, &now.device);
        for (before, after) in self.models.iter().zip(&now.models) {
            let none = || "no file".to_owned();
            compare(
                &format!("weights of {}", after.name),
                &before.sha256.clone().unwrap_or_else(none),
                &after.sha256.clone().unwrap_or_else(none),
            );
        }
        for (before, after) in self.strategies.iter().zip(&now.strategies) {
            let none = || "none".to_owned();
            compare(
                &format!("what {} replays", after.name),
                &before.recording.clone().unwrap_or_else(none),
                &after.recording.clone().unwrap_or_else(none),
            );
        }
        for (before, after) in self.datasets.iter().zip(&now.datasets) {
            let what = format!("dataset {}", after.name);
            compare(&what, &describe(before, after), &describe(after, before));
        }
        if self.scenario.blake3 != now.scenario.blake3 {
            differences.push(diff(&self.scenario.text, &now.scenario.text));
        }
        differences
    }
}

/// Describes a dataset, in as much detail as tells it from the other.
fn describe(dataset: &DatasetEntry, other: &DatasetEntry) -> String {
    if dataset.objects != other.objects {
        return format!("objects {}", dataset.objects.join(", "));
    }
    if dataset.cases != other.cases {
        return format!("{} cases", dataset.cases);
    }
    let list = dataset.cases_blake3.get(..8).unwrap_or("unknown");
    format!("{} cases (list {list})", dataset.cases)
}

/// Returns the lines that are not in both texts, `-` before those of the earlier.
fn diff(before: &str, now: &str) -> String {
    let diff = TextDiff::from_lines(before, now);
    let changed = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal);
    let mut lines: Vec<_> = changed
        .take(LINES + 1)
        .map(|change| format!("    {}{}\n", change.tag(), change.value().trim_end()))
        .collect();
    if let Some(last) = lines.get_mut(LINES) {
        "    …\n".clone_into(last);
    }
    format!("  scenario:\n{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::manifest::tests::manifest;

    #[test]
    fn what_does_not_change_results_is_no_difference() {
        let before = manifest(&[("point", 9)]);
        let mut now = before.clone();
        now.threads = 7;
        now.started = "another time".to_owned();
        assert_eq!(before.differences(&now), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_shown() {
        let mut before = manifest(&[("point", 9)]);
        before.scenario.text = "(\n  seed: 1,\n)".to_owned();
        let mut now = before.clone();
        now.scenario.text = "(\n  seed: 2,\n)".to_owned();
        now.scenario.blake3 = Manifest::hash(&now.scenario.text);
        now.engine = "0.2.0".to_owned();
        now.device = "gpu".to_owned();
        now.models[0].sha256 = Some("ab".to_owned());
        now.datasets[0].cases = 3;
        assert_eq!(
            before.differences(&now).concat(),
            "  engine: 0.1.0 (0) then, 0.2.0 (0) now
  device: cpu then, gpu now
  weights of mobile_sam: no file then, ab now
  dataset chest: 2 cases then, 3 cases now
  scenario:
    -  seed: 1,
    +  seed: 2,
"
        );
        let mut renamed = before.clone();
        renamed.datasets[0].cases_blake3 = Manifest::hash("a\nc\n");
        assert_eq!(before.differences(&renamed).len(), 1);
    }
}
