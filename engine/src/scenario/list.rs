//! Lists that may not be empty, or may not hold the same twice. For `#[serde(deserialize_with)]`.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, SeqAccess, Visitor},
};

/// Reads a list of at least one item.
pub(super) fn filled<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Items {
        is_repeated: |_: &[T], _: &T| false,
        items: PhantomData,
    })
}

/// Reads a list of at least one item, all of them different.
pub(super) fn distinct<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + PartialEq,
{
    deserializer.deserialize_seq(Items {
        is_repeated: |before: &[T], item: &T| before.contains(item),
        items: PhantomData,
    })
}

struct Items<T, F> {
    is_repeated: F,
    items: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: Fn(&[T], &T) -> bool> Visitor<'de> for Items<T, F> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("at least one item")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Item {
            is_repeated: &self.is_repeated,
            before: &items,
        })? {
            items.push(item);
        }
        if items.is_empty() {
            return Err(A::Error::invalid_length(0, &self));
        }
        Ok(items)
    }
}

/// Reads one item, and refuses it before anything else is read, so that the error points at it.
struct Item<'a, T, F> {
    is_repeated: &'a F,
    before: &'a [T],
}

impl<'de, T: Deserialize<'de>, F: Fn(&[T], &T) -> bool> DeserializeSeed<'de> for Item<'_, T, F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let item = T::deserialize(deserializer)?;
        if (self.is_repeated)(self.before, &item) {
            return Err(D::Error::custom(
                "it is listed twice; expected each item once",
            ));
        }
        Ok(item)
    }
}
