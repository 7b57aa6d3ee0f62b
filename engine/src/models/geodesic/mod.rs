//! A classical method that needs no weights: every pixel goes to the nearer of object and background,
//! by geodesic distance (Bai and Sapiro 2007; Criminisi, Sharp and Blake 2008). See [`Geodesic`].
//!
//! ```text
//! slice ─ intensity ─► smoothed grey values
//! clicks, box ─ seeds ─► certain pixels of either side, and how likely a grey value is object
//! grey values, seeds ─ distance ─► two distance maps ─ the smaller one ─► mask
//! ```
//!
//! It is what models with weights should be compared with where nothing better is at hand. It runs on
//! the processor, whatever device the others are on.

mod distance;
mod intensity;
mod seeds;

use std::sync::Arc;

use ndarray::{Array2, ArrayView3, Zip};

pub use distance::{Terrain, distances};
pub use intensity::smoothed;
pub use seeds::{Seeds, Side};

use super::{Candidate, Candidates, Embedding, Model, ModelError, Prediction, Query};

/// The method with its name in rows and figures.
pub struct Geodesic {
    name: String,
}

impl Geodesic {
    /// Makes it; there is nothing to load.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
        }
    }
}

/// Returns which pixels are object: `[height, width]`, for grey values in 0..1.
pub fn segment(grey: &Array2<f32>, query: &Query<'_>) -> Array2<bool> {
    let seeds = Seeds::of(query.call, grey);
    let run = |side| distances(&Terrain::new(grey, &seeds, side), &seeds.starts(grey, side));
    let (object, background) = rayon::join(|| run(Side::Object), || run(Side::Background));
    Zip::from(&object)
        .and(&background)
        .map_collect(|object, background| object < background)
}

impl Model for Geodesic {
    fn name(&self) -> &str {
        &self.name
    }

    fn candidates(&self) -> Candidates {
        Candidates::One
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        let (height, width, _) = pixels.dim();
        if pixels.is_empty() {
            return Err(ModelError::Empty { height, width });
        }
        Ok(Embedding(Arc::new(smoothed(pixels))))
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        let Some(grey) = embedding.0.downcast_ref() else {
            return Err(ModelError::ForeignEmbedding {
                model: self.name.clone(),
            });
        };
        let answer = |query: &Query<'_>| Prediction {
            masks: vec![Candidate {
                bitmap: segment(grey, query),
                predicted_iou: None,
                logits: None,
            }],
            state: None,
        };
        Ok(queries.iter().map(answer).collect())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::entities::{Call, Click, PixelBox};

    /// Two bright discs of radius 10 on a dark, uneven ground: 80 × 60, with a grey frame.
    fn pixels() -> Array3<u8> {
        Array3::from_shape_fn((60, 80, 3), |(y, x, _)| {
            let near = |cx: i32, cy: i32| (x as i32 - cx).pow(2) + (y as i32 - cy).pow(2) <= 100;
            let ground = 40 + (x * 7 + y * 13) % 20;
            if near(20, 30) || near(58, 30) {
                180
            } else {
                ground as u8
            }
        })
    }

    fn answer(call: &Call) -> Array2<bool> {
        let model = Geodesic::new("geodesic");
        let embedding = model.encode(pixels().view()).expect("it has pixels");
        let query = Query {
            call,
            logits: None,
            state: None,
        };
        let mut answers = model
            .decode(&embedding, &[query])
            .expect("its own embedding");
        answers.remove(0).masks.remove(0).bitmap
    }

    /// The IoU with the left disc, the right disc, or both.
    fn iou(bitmap: &Array2<bool>, discs: &[(i32, i32)]) -> f64 {
        let is_inside = |x: usize, y: usize| {
            let near =
                |&(cx, cy): &(i32, i32)| (x as i32 - cx).pow(2) + (y as i32 - cy).pow(2) <= 100;
            discs.iter().any(near)
        };
        let (mut both, mut either) = (0.0, 0.0);
        for ((y, x), &object) in bitmap.indexed_iter() {
            both += f64::from(u8::from(object && is_inside(x, y)));
            either += f64::from(u8::from(object || is_inside(x, y)));
        }
        both / either
    }

    fn click(x: u32, y: u32, positive: bool) -> Click {
        Click { x, y, positive }
    }

    #[test]
    fn a_click_finds_the_object_it_is_in_and_no_other() {
        let mut call = Call {
            clicks: vec![click(20, 30, true)],
            bounds: None,
        };
        assert!(iou(&answer(&call), &[(20, 30)]) > 0.9);
        call.clicks.push(click(58, 30, true));
        assert!(iou(&answer(&call), &[(20, 30), (58, 30)]) > 0.9);
        call.clicks.push(click(58, 34, false));
        let corrected = answer(&call);
        assert!(!corrected[[34, 58]] && corrected[[30, 20]]);
    }

    #[test]
    fn a_box_finds_what_is_in_its_middle() {
        let bounds = Some(PixelBox {
            x0: 46,
            y0: 18,
            x1: 70,
            y1: 42,
        });
        let clicks = Vec::new();
        let bitmap = answer(&Call { clicks, bounds });
        assert!(iou(&bitmap, &[(58, 30)]) > 0.9);
    }

    #[test]
    fn every_click_is_obeyed_and_the_last_one_counts() {
        let clicks = [
            click(0, 0, true),
            click(79, 59, false),
            click(20, 30, false),
            click(40, 5, true),
            click(40, 5, false),
        ];
        let bitmap = answer(&Call {
            clicks: clicks.to_vec(),
            bounds: None,
        });
        assert!(bitmap[[0, 0]]);
        assert!(!bitmap[[59, 79]] && !bitmap[[30, 20]] && !bitmap[[5, 40]]);
    }

    #[test]
    fn slices_of_one_pixel_and_of_one_value_do_no_harm() {
        let model = Geodesic::new("geodesic");
        for (height, width) in [(1, 1), (1, 9), (12, 12)] {
            let flat = Array3::zeros((height, width, 3));
            let embedding = model.encode(flat.view()).expect("it has pixels");
            let call = Call {
                clicks: vec![click(0, 0, true)],
                bounds: None,
            };
            let query = Query {
                call: &call,
                logits: None,
                state: None,
            };
            let answers = model
                .decode(&embedding, &[query])
                .expect("its own embedding");
            assert!(answers[0].masks[0].bitmap[[0, 0]]);
        }
    }
}
