//! Lists that may not be empty, or may not hold the same twice. For `#[serde(deserialize_with)]`.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

/// Reads a list of at least one item.
pub(super) fn filled<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Items {
        repeats: |_: &[T], _: &T| false,
        items: PhantomData,
    })
}

/// Reads a list of at least one item, all of them different.
///
/// A repeated item is refused as soon as it is read, so that the error points at it.
pub(super) fn distinct<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + PartialEq,
{
    deserializer.deserialize_seq(Items {
        repeats: |before: &[T], item: &T| before.contains(item),
        items: PhantomData,
    })
}

struct Items<T, F> {
    repeats: F,
    items: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: Fn(&[T], &T) -> bool> Visitor<'de> for Items<T, F> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of at least one item")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            if (self.repeats)(&items, &item) {
                return Err(A::Error::custom("listed twice"));
            }
            items.push(item);
        }
        if items.is_empty() {
            return Err(A::Error::invalid_length(0, &self));
        }
        Ok(items)
    }
}
