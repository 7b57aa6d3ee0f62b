//! Finds the state dict in a pickled object. See [`find`].

use std::collections::BTreeMap;

use super::values::{Id, Value, Values, View};
use crate::weights::Flaw;

/// Tensors by name. Borrowed, because a hostile pickle may repeat one long name a million times.
type StateDict<'v> = BTreeMap<&'v str, &'v View<'v>>;

/// Keys under which training code nests a state dict, best first.
const WRAPPERS: [&str; 6] = [
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "params",
];

/// Longest name of a tensor; real ones have about 60 bytes.
const MAX_NAME: usize = 512;

/// How deep a state dict may be nested.
const MAX_DEPTH: usize = 3;

/// Returns the tensors by name: those of the pickled dict itself, else those of the dict under a
/// well-known key.
pub(super) fn find<'v>(values: &'v Values<'v>) -> Result<StateDict<'v>, Flaw> {
    search(values, values.root(), MAX_DEPTH).ok_or_else(|| Flaw::NoStateDict {
        keys: keys(values, values.root()),
    })
}

fn search<'v>(values: &'v Values<'v>, value: &'v Value<'v>, depth: usize) -> Option<StateDict<'v>> {
    let Value::Dict(items) = value else {
        return None;
    };
    let tensors = tensors(values, items);
    if !tensors.is_empty() {
        return Some(tensors);
    }
    let depth = depth.checked_sub(1)?;
    WRAPPERS.iter().find_map(|wrapper| {
        let (_, inner) = items
            .iter()
            .find(|(key, _)| matches!(values.get(*key), Value::Text(key) if key == wrapper))?;
        search(values, values.get(*inner), depth)
    })
}

/// The tensors of a dict; the last of equal keys counts, as in Python.
fn tensors<'v>(values: &'v Values<'v>, items: &[(Id, Id)]) -> StateDict<'v> {
    items
        .iter()
        .filter_map(|&(key, value)| match (values.get(key), values.get(value)) {
            (Value::Text(name), Value::Tensor(view)) if name.len() <= MAX_NAME => {
                Some((*name, &**view))
            }
            _ => None,
        })
        .collect()
}

/// The first few keys, for an error.
fn keys(values: &Values<'_>, value: &Value<'_>) -> Vec<String> {
    let Value::Dict(items) = value else {
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|&(key, _)| match values.get(key) {
            Value::Text(name) => Some(name.chars().take(60).collect()),
            _ => None,
        })
        .take(10)
        .collect()
}
