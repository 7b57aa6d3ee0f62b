//! What the study's authors published, to stand beside a run. See [`Published`].

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

const IOU: &str = include_str!("../../../assets/published/iou.csv");
const TABLE_1: &str = include_str!("../../../assets/published/table1.csv");

/// The strategy that is Algorithm 1.
const ITERATIVE: &str = "iterative_points";

/// Published mean IoUs of one method on one object, after 1 to 9 prompts of Algorithm 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The object as published, such as `CT-Organ: Liver`.
    pub object: String,
    /// The model and its rule, such as `sam_oracle`.
    pub method: String,
    /// In the order of prompts.
    pub iou: Vec<f64>,
}

#[derive(Deserialize)]
struct IouLine {
    object: String,
    method: String,
    strategy: String,
    prompts: u32,
    iou: f64,
}

#[derive(Deserialize)]
struct Table1Line {
    dataset: String,
    images: usize,
}

/// By object and method, in the file's order of methods.
static PUBLISHED: LazyLock<Vec<Published>> = LazyLock::new(|| {
    let mut all: Vec<Published> = Vec::new();
    for line in csv::Reader::from_reader(IOU.as_bytes()).deserialize() {
        let line: IouLine = line.expect("it is part of the program and tested");
        if line.strategy != ITERATIVE {
            continue;
        }
        let known = all
            .iter()
            .position(|one| one.object == line.object && one.method == line.method);
        let place = known.unwrap_or_else(|| {
            all.push(Published {
                object: line.object,
                method: line.method,
                iou: Vec::new(),
            });
            all.len() - 1
        });
        debug_assert_eq!(all[place].iou.len() + 1, line.prompts as usize);
        all[place].iou.push(line.iou);
    }
    all
});

static IMAGES: LazyLock<BTreeMap<String, usize>> = LazyLock::new(|| {
    csv::Reader::from_reader(TABLE_1.as_bytes())
        .deserialize()
        .map(|line| {
            let line: Table1Line = line.expect("it is part of the program and tested");
            (plain(&line.dataset), line.images)
        })
        .collect()
});

/// Returns what was published of an object of a dataset, one entry per method. `Xray-Chest`,
/// `xray_chest` and `xray chest` are the same name; a dataset published as one object matches any.
pub fn published(dataset: &str, object: &str) -> Vec<&'static Published> {
    let (dataset, object) = (plain(dataset), plain(object));
    PUBLISHED
        .iter()
        .filter(|one| match one.object.split_once(": ") {
            None => plain(&one.object) == dataset,
            Some((set, part)) => plain(set) == dataset && plain(part) == object,
        })
        .collect()
}

/// Returns how many images the preprint's Table 1 gives a dataset.
pub fn published_images(dataset: &str) -> Option<usize> {
    IMAGES.get(&plain(dataset)).copied()
}

/// Returns a name without what people write differently.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|char| char.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_five_methods_and_nine_prompts() {
        assert_eq!(PUBLISHED.len(), 28 * 5);
        for one in PUBLISHED.iter() {
            assert_eq!(one.iou.len(), 9, "{} {}", one.object, one.method);
            assert!(one.iou.iter().all(|iou| (0.0..=1.0).contains(iou)));
        }
        assert_eq!(IMAGES.values().sum::<usize>(), 33_317);
    }

    #[test]
    fn names_match_whatever_their_spelling() {
        let chest = published("xray_chest", "lung");
        assert_eq!(chest.len(), 5);
        let sam = chest.iter().find(|one| one.method == "sam").expect("SAM");
        assert!((sam.iou[0] - 0.488).abs() < 5e-4, "{sam:?}");
        let liver = published("CT-Organ", "liver");
        assert!(liver.iter().all(|one| one.object == "CT-Organ: Liver"));
        assert_eq!(liver.len(), 5);
        assert!(published("ct_organ", "spleen").is_empty());
        assert!(published("my_data", "lung").is_empty());
        assert_eq!(published_images("mri_heart"), Some(1302));
    }
}
