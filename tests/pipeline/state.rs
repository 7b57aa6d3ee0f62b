//! What a model that goes on from call to call remembers, and what it must not.

use std::sync::{Arc, Mutex};

use engine::{
    entities::{Click, PixelBox},
    models::{
        Candidate, Candidates, Embedding, Encoding, Model, ModelError, Prediction, Query, State,
    },
};
use ndarray::{Array2, ArrayView3};

use super::{play_models, read};

/// What a call was given: its clicks, and of how many earlier clicks the state was.
type Asked = (Vec<Click>, Option<u32>);

/// Answers with the disc around its first click, and remembers how many clicks there were.
struct Remembering {
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Model for Remembering {
    fn name(&self) -> &'static str {
        "remembering"
    }

    fn candidates(&self) -> Candidates {
        Candidates::One
    }

    fn encoding(&self) -> Encoding {
        Encoding::OfPrompts
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        let (height, width, _) = pixels.dim();
        Ok(Embedding(Arc::new((height, width))))
    }

    fn encode_prompts(
        &self,
        slice: &Embedding,
        query: &Query<'_>,
    ) -> Result<Embedding, ModelError> {
        let before = query.state.and_then(|state| state.zoom).map(|zoom| zoom.x1);
        let mut asked = self.asked.lock().expect("no test panics with it");
        asked.push((query.call.clicks.clone(), before));
        Ok(slice.clone())
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
        let [query] = queries else {
            panic!("an embedding of one query answers one: {}", queries.len());
        };
        let first = query.call.clicks[0];
        let bitmap = Array2::from_shape_fn(shape, |(y, x)| {
            (x as u32).abs_diff(first.x) + (y as u32).abs_diff(first.y) < 5
        });
        let zoom = PixelBox {
            x0: 0,
            y0: 0,
            x1: query.call.clicks.len() as u32,
            y1: 0,
        };
        Ok(vec![Prediction {
            state: Some(State {
                probabilities: bitmap.mapv(|object| f32::from(u8::from(object))),
                zoom: Some(zoom),
            }),
            masks: vec![Candidate {
                bitmap,
                predicted_iou: None,
                logits: None,
            }],
        }])
    }
}

/// Plays three prompts on two objects of two slices, twice, and returns what the model was asked.
fn asked(rule: &str) -> Vec<Asked> {
    let text = format!(
        r#"(
            name: "state",
            datasets: [phantoms(name: "brain", modality: brain_mri, cases: 2, size: 80)],
            models: ["ritm_h18s"],
            repeats: 2,
            protocol: ({rule}),
            strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: 3))],
        )"#
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let model = Remembering {
        asked: Arc::clone(&asked),
    };
    let report = play_models(&text, vec![Box::new(model)], folder.path(), usize::MAX);
    let rows = read(&report, "rows.csv");
    let asked = std::mem::take(&mut *asked.lock().expect("the run is over"));
    assert_eq!(rows.lines().count(), 1 + asked.len());
    assert!(asked.len() >= 2 * 2 * 2 * 3, "{}", asked.len());
    asked
}

#[test]
fn a_state_goes_on_from_click_to_click_and_ends_with_its_object() {
    for (clicks, before) in asked("replay: incremental") {
        let earlier = clicks.len() as u32 - 1;
        assert_eq!(before, (earlier > 0).then_some(earlier));
    }
}

#[test]
fn all_clicks_at_once_start_from_nothing() {
    let asked = asked("replay: all_at_once");
    assert!(asked.iter().all(|(_, before)| before.is_none()));
    assert!(asked.iter().any(|(clicks, _)| clicks.len() == 3));
}
