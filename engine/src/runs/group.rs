//! Rows that are compared and averaged together. See [`Group`].

use serde::{Deserialize, Serialize};

use super::{Manifest, Row, RunError};

/// One strategy of one model on one object of one dataset, by index into the manifest's lists, so
/// that groups sort in the scenario's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// Index into [`Manifest::datasets`].
    pub dataset: usize,
    /// Index into the dataset's objects.
    pub object: usize,
    /// Index into [`Manifest::models`].
    pub model: usize,
    /// Index into [`Manifest::strategies`].
    pub strategy: usize,
}

impl Group {
    /// Returns the group of a row.
    ///
    /// # Errors
    /// The manifest is of another run: it lacks a name of the row.
    pub fn of(row: &Row, manifest: &Manifest) -> Result<Self, RunError> {
        fn find<'a>(
            kind: &'static str,
            name: &str,
            mut names: impl Iterator<Item = &'a String>,
        ) -> Result<usize, RunError> {
            names
                .position(|known| known == name)
                .ok_or_else(|| RunError::Unknown {
                    kind,
                    name: name.to_owned(),
                })
        }
        let datasets = &manifest.datasets;
        let dataset = find("dataset", &row.dataset, datasets.iter().map(|d| &d.name))?;
        let objects = &datasets[dataset].objects;
        Ok(Self {
            dataset,
            object: find("object", &row.object, objects.iter())?,
            model: find(
                "model",
                &row.model,
                manifest.models.iter().map(|model| &model.name),
            )?,
            strategy: find(
                "strategy",
                &row.strategy,
                manifest.strategies.iter().map(|strategy| &strategy.name),
            )?,
        })
    }
}

/// Gathers rows into trials; those of a trial are next to each other. An error comes where it arose.
pub fn trials(
    rows: impl Iterator<Item = Result<Row, RunError>>,
) -> impl Iterator<Item = Result<Vec<Row>, RunError>> {
    let mut rows = rows.peekable();
    std::iter::from_fn(move || {
        let mut trial = match rows.next()? {
            Ok(row) => vec![row],
            Err(error) => return Some(Err(error)),
        };
        while let Some(Ok(row)) =
            rows.next_if(|row| row.as_ref().is_ok_and(|row| row.same_trial(&trial[0])))
        {
            trial.push(row);
        }
        Some(Ok(trial))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{manifest::tests::manifest, rows::tests::row};

    #[test]
    fn rows_are_gathered_by_trial() {
        let rows = [
            row("a", "point", 1, 0.1),
            row("a", "point", 2, 0.2),
            row("a", "box", 1, 0.3),
            row("b", "box", 1, 0.4),
        ];
        let lengths: Vec<_> = trials(rows.into_iter().map(Ok))
            .map(|trial| trial.expect("all are rows").len())
            .collect();
        assert_eq!(lengths, [2, 1, 1]);
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = Group::of(&row("a", "box", 1, 0.5), &manifest(&[("point", 9)]));
        let error = error.expect_err("no such strategy").to_string();
        assert!(error.contains("strategy \"box\""), "{error}");
    }
}
