//! Finds what a pickled checkpoint says about its model. See [`find`].

use std::collections::BTreeMap;

use super::values::{Id, Value, Values};
use crate::weights::Setting;

/// Longest text and most arguments that are kept; real ones have 60 bytes and 20 arguments.
const MOST: usize = 256;

/// Returns the class and the arguments under `config`, as RITM's `serialize` writes them:
/// `{"class": …, "params": {name: {"value": …, …}, …}}`.
pub(super) fn find(values: &Values<'_>) -> Option<(String, BTreeMap<String, Setting>)> {
    let config = get(values, values.root(), "config")?;
    let Value::Text(class) = get(values, config, "class")? else {
        return None;
    };
    let Value::Dict(parameters) = get(values, config, "params")? else {
        return None;
    };
    let parameters = parameters.iter().take(MOST).filter_map(|&(name, value)| {
        let Value::Text(name) = values.get(name) else {
            return None;
        };
        let setting = setting(get(values, values.get(value), "value")?);
        Some((short(name)?, setting))
    });
    Some((short(class)?, parameters.collect()))
}

/// Looks up a key of a dict; the last of equal keys counts, as in Python.
fn get<'v>(values: &'v Values<'v>, dict: &Value<'v>, key: &str) -> Option<&'v Value<'v>> {
    let Value::Dict(items) = dict else {
        return None;
    };
    let is_key =
        |&&(found, _): &&(Id, Id)| matches!(values.get(found), Value::Text(text) if *text == key);
    items
        .iter()
        .rev()
        .find(is_key)
        .map(|&(_, value)| values.get(value))
}

fn setting(value: &Value<'_>) -> Setting {
    match value {
        Value::Nothing => Setting::Nothing,
        Value::Bool(flag) => Setting::Flag(*flag),
        Value::Int(number) => Setting::Number(*number),
        Value::Text(text) => short(text).map_or(Setting::Other, Setting::Text),
        _ => Setting::Other,
    }
}

fn short(text: &str) -> Option<String> {
    (text.len() <= MOST).then(|| text.to_owned())
}
