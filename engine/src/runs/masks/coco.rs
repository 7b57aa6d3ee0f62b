//! `annotations.json`: masks as COCO has them. See [`Annotations`].

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use ndarray::ArrayView2;
use serde::Serialize;

use super::make_folder;
use crate::{
    metrics::bounds,
    runs::{
        Group, Manifest, Rle, Row, RunError,
        error::writing,
        folder::{create_new, remove},
    },
};

/// A file in COCO's format for data and for results at once (cocodataset.org, «Data format»), that grows
/// annotation by annotation: `pycocotools.coco.COCO` reads it as it is, and its annotations have the
/// `score` of results.
///
/// Every slice is an image, every object of a dataset a category, every prediction an annotation.
#[derive(Debug)]
pub(super) struct Annotations {
    path: PathBuf,
    /// Where it grows until it is whole.
    partial: PathBuf,
    file: BufWriter<File>,
    images: BTreeMap<(usize, String, usize), Image>,
    /// Of each dataset, the category of its first object.
    first_categories: Vec<usize>,
    written: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Image {
    id: usize,
    /// The case's identifier; COCO requires the key.
    file_name: String,
    height: usize,
    width: usize,
    dataset: String,
    case: String,
    slice: usize,
}

#[derive(Serialize)]
struct Category<'a> {
    id: usize,
    name: &'a str,
    supercategory: &'a str,
}

#[derive(Serialize)]
struct Annotation {
    id: usize,
    image_id: usize,
    category_id: usize,
    segmentation: Rle,
    area: usize,
    /// Left, top, width, height, in pixels; zeros of an empty mask.
    bbox: [usize; 4],
    iscrowd: u8,
    /// The IoU that the model expected; left out if it expects none.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    repeat: u32,
    prompts: u32,
}

impl Annotations {
    /// Starts the file in `folder`.
    pub(super) fn start(folder: &Path, manifest: &Manifest) -> Result<Self, RunError> {
        let path = folder.join("annotations.json");
        let partial = folder.join("annotations.json.partial");
        make_folder(&path)?;
        remove(&partial)?;
        let file = BufWriter::new(create_new(&partial)?);
        let mut annotations = Self {
            path,
            partial,
            file,
            images: BTreeMap::new(),
            first_categories: Vec::new(),
            written: 0,
        };
        let mut categories = Vec::new();
        for dataset in &manifest.datasets {
            annotations.first_categories.push(categories.len() + 1);
            for object in &dataset.objects {
                categories.push(Category {
                    id: categories.len() + 1,
                    name: object,
                    supercategory: &dataset.name,
                });
            }
        }
        let categories = annotations.json(&categories)?;
        annotations.write(b"{\"categories\":")?;
        annotations.write(&categories)?;
        annotations.write(b",\"annotations\":[")?;
        Ok(annotations)
    }

    /// Adds a prediction, a mask of the whole slice.
    pub(super) fn add(
        &mut self,
        group: Group,
        row: &Row,
        bitmap: ArrayView2<'_, bool>,
    ) -> Result<(), RunError> {
        let (height, width) = bitmap.dim();
        let number = self.images.len() + 1;
        let key = (group.dataset, row.case.clone(), row.slice);
        let image = self.images.entry(key).or_insert_with(|| Image {
            id: number,
            file_name: row.case.clone(),
            height,
            width,
            dataset: row.dataset.clone(),
            case: row.case.clone(),
            slice: row.slice,
        });
        let annotation = Annotation {
            id: self.written + 1,
            image_id: image.id,
            category_id: self.first_categories[group.dataset] + group.object,
            segmentation: Rle::encode(bitmap),
            area: bitmap.iter().filter(|&&inside| inside).count(),
            bbox: left_top_size(bitmap),
            iscrowd: 0,
            score: row.predicted_iou,
            repeat: row.repeat,
            prompts: row.prompts,
        };
        let line = self.json(&annotation)?;
        let separator = if self.written == 0 { "\n" } else { ",\n" };
        self.write(separator.as_bytes())?;
        self.write(&line)?;
        self.written += 1;
        Ok(())
    }

    /// Ends the file and gives it its name.
    pub(super) fn finish(mut self) -> Result<(), RunError> {
        let mut images: Vec<_> = std::mem::take(&mut self.images).into_values().collect();
        images.sort_by_key(|image| image.id);
        let images = self.json(&images)?;
        self.write(b"\n],\"images\":")?;
        self.write(&images)?;
        self.write(b"}\n")?;
        self.file.flush().map_err(writing(&self.path))?;
        fs::rename(&self.partial, &self.path).map_err(writing(&self.path))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        self.file.write_all(bytes).map_err(writing(&self.path))
    }

    fn json(&self, value: &impl Serialize) -> Result<Vec<u8>, RunError> {
        serde_json::to_vec(value).map_err(|error| RunError::Encode {
            path: self.path.clone(),
            reason: error.to_string(),
        })
    }
}

/// Returns left, top, width and height of the tight box around a mask; zeros if it is empty.
fn left_top_size(mask: ArrayView2<'_, bool>) -> [usize; 4] {
    bounds(mask).map_or([0; 4], |(rows, columns)| {
        [columns.start, rows.start, columns.len(), rows.len()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{manifest::tests::manifest, rows::tests::row};
    use ndarray::Array2;

    #[test]
    fn a_file_is_what_cocos_own_tools_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let manifest = manifest(&[("point", 9)]);
        let mut annotations = Annotations::start(folder.path(), &manifest).expect("writable");
        // A ring: pycocotools.mask.encode gives these counts, area 12 and box [2, 1, 4, 4].
        let ring = Array2::from_shape_fn((6, 8), |(y, x)| {
            (1..5).contains(&y)
                && (2..6).contains(&x)
                && !((2..4).contains(&y) && (3..5).contains(&x))
        });
        let empty = Array2::from_elem((6, 8), false);
        for (case, bitmap) in [("a", &ring), ("b", &empty), ("a", &ring)] {
            let row = row(case, "point", 9, 0.5);
            let group = Group::of(&row, &manifest).expect("known names");
            annotations
                .add(group, &row, bitmap.view())
                .expect("writable");
        }
        annotations.finish().expect("writable");
        let text = fs::read_to_string(folder.path().join("annotations.json")).expect("readable");
        let annotation = |id, image, counts: &str, area, bbox: &str| {
            format!(
                r#"{{"id":{id},"image_id":{image},"category_id":1,"segmentation":{{"size":[6,8],"counts":"{counts}"}},"area":{area},"bbox":{bbox},"iscrowd":0,"score":0.9,"repeat":0,"prompts":9}}"#
            )
        };
        let image = |id, case: &str| {
            format!(
                r#"{{"id":{id},"file_name":"{case}","height":6,"width":8,"dataset":"chest","case":"{case}","slice":0}}"#
            )
        };
        let expected = format!(
            "{{\"categories\":{},\"annotations\":[\n{},\n{},\n{}\n],\"images\":[{},{}]}}\n",
            r#"[{"id":1,"name":"lungs","supercategory":"chest"},{"id":2,"name":"heart","supercategory":"chest"}]"#,
            annotation(1, 1, "=42M00000003;", 12, "[2,1,4,4]"),
            annotation(2, 2, "`1", 0, "[0,0,0,0]"),
            annotation(3, 1, "=42M00000003;", 12, "[2,1,4,4]"),
            image(1, "a"),
            image(2, "b"),
        );
        assert_eq!(text, expected);
        let left = fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(left, 1, "nothing partial");
    }
}
