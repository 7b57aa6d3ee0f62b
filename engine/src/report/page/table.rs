//! Tables that scroll by themselves and sort by their headings. See [`table`].

use maud::{Markup, html};

/// A column of a table.
pub(super) struct Column {
    name: String,
    is_number: bool,
    sorts: bool,
}

/// Returns a column of words, to sort by.
pub(super) fn words(name: impl Into<String>) -> Column {
    Column {
        name: name.into(),
        is_number: false,
        sorts: true,
    }
}

/// Returns a column of numbers, to sort by.
pub(super) fn numbers(name: impl Into<String>) -> Column {
    Column {
        name: name.into(),
        is_number: true,
        sorts: true,
    }
}

impl Column {
    /// Returns the column with a heading that does not sort.
    pub(super) fn unsorted(self) -> Self {
        Self {
            sorts: false,
            ..self
        }
    }
}

/// Returns a table; `label` says to those who do not see it what it holds.
pub(super) fn table(
    label: &str,
    columns: impl IntoIterator<Item = Column>,
    body: Markup,
) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(label) {
            table {
                thead {
                    tr {
                        @for column in columns {
                            th.number[column.is_number] scope="col" {
                                @if column.sorts {
                                    button type="button" { (column.name) }
                                } @else {
                                    (column.name)
                                }
                            }
                        }
                    }
                }
                tbody { (body) }
            }
        }
    }
}
