//! A model whose answers can be worked out by hand. See [`Disc`].

use std::sync::Arc;

use engine::models::{Candidate, Candidates, Embedding, Model, ModelError, Prediction, Query};
use ndarray::{Array2, ArrayView3};

/// Predicts discs around the positive clicks, less discs around the negative ones, and whole boxes.
/// Candidate `i` has discs of radius 4 (i + 1); its predicted IoU is 0.9 − 0.1 i.
pub(crate) struct Disc;

impl Model for Disc {
    fn name(&self) -> &'static str {
        "disc"
    }

    fn candidates(&self) -> Candidates {
        Candidates::SingleThenMulti
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        let (height, width, _) = pixels.dim();
        Ok(Embedding(Arc::new((height, width))))
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        let &shape = embedding
            .0
            .downcast_ref::<(usize, usize)>()
            .expect("its own embedding");
        Ok(queries.iter().map(|query| answer(shape, query)).collect())
    }
}

fn answer(shape: (usize, usize), query: &Query<'_>) -> Prediction {
    let candidate = |index: i64| {
        let near = |x: i64, y: i64, positive: bool| {
            query.call.clicks.iter().any(|click| {
                let (dx, dy) = (i64::from(click.x) - x, i64::from(click.y) - y);
                click.positive == positive && dx * dx + dy * dy <= 16 * (index + 1) * (index + 1)
            })
        };
        let boxed = |x: i64, y: i64| {
            query.call.bounds.is_some_and(|b| {
                (i64::from(b.x0)..=i64::from(b.x1)).contains(&x)
                    && (i64::from(b.y0)..=i64::from(b.y1)).contains(&y)
            })
        };
        Candidate {
            bitmap: Array2::from_shape_fn(shape, |(y, x)| {
                let (x, y) = (x as i64, y as i64);
                (near(x, y, true) || boxed(x, y)) && !near(x, y, false)
            }),
            predicted_iou: Some(0.9 - 0.1 * index as f32),
            logits: Some(Array2::zeros((1, 1))),
        }
    };
    Prediction {
        masks: (0..4).map(candidate).collect(),
        state: None,
    }
}
