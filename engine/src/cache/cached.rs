//! A model that remembers what it encoded. See [`Cached`].

use std::sync::Arc;

use ndarray::ArrayView3;

use super::{EmbeddingCache, Key};
use crate::{
    models::{Candidates, Embedding, Encoding, Model, ModelError, Prediction, Query},
    version::CODE,
};

/// A model whose embeddings are kept in an [`EmbeddingCache`]; it gives the same bits with and
/// without.
///
/// An embedding is found by the pixels and all that decides what is made of them: the code (and so
/// the preprocessing), the model, its weights, and the device with its precision.
pub struct Cached {
    model: Box<dyn Model>,
    cache: Arc<EmbeddingCache>,
    /// Everything but the pixels.
    origin: blake3::Hasher,
}

impl Cached {
    /// Puts `cache` before `model`, whose file has the hash `weights`, on the `device` of that name.
    pub fn new(
        model: Box<dyn Model>,
        weights: &str,
        device: &str,
        cache: Arc<EmbeddingCache>,
    ) -> Self {
        let mut origin = blake3::Hasher::new();
        for part in [CODE, model.name(), weights, device] {
            // A length before each, so that no two lists are written alike.
            origin.update(&(part.len() as u64).to_le_bytes());
            origin.update(part.as_bytes());
        }
        Self {
            model,
            cache,
            origin,
        }
    }

    fn key(&self, pixels: ArrayView3<'_, u8>) -> Key {
        let mut hash = self.origin.clone();
        for side in pixels.shape() {
            hash.update(&(*side as u64).to_le_bytes());
        }
        match pixels.as_slice() {
            Some(bytes) => hash.update(bytes),
            None => hash.update(&pixels.iter().copied().collect::<Vec<_>>()),
        };
        Key::new(hash.finalize())
    }

    fn find(&self, key: &Key, size: [usize; 2]) -> Option<Embedding> {
        let values = decode(&self.cache.get(key)?)?;
        self.model.restore(size, values).ok().flatten()
    }
}

impl Model for Cached {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn candidates(&self) -> Candidates {
        self.model.candidates()
    }

    fn encoding(&self) -> Encoding {
        self.model.encoding()
    }

    fn encode_prompts(
        &self,
        slice: &Embedding,
        query: &Query<'_>,
    ) -> Result<Embedding, ModelError> {
        self.model.encode_prompts(slice, query)
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        let (height, width, _) = pixels.dim();
        let key = self.key(pixels);
        if let Some(embedding) = self.find(&key, [height, width]) {
            return Ok(embedding);
        }
        let embedding = self.model.encode(pixels)?;
        if let Some(values) = self.model.keep(&embedding)? {
            self.cache.put(&key, &encode(&values));
        }
        Ok(embedding)
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        self.model.decode(embedding, queries)
    }
}

fn encode(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn decode(bytes: &[u8]) -> Option<Vec<f32>> {
    let (values, rest) = bytes.as_chunks();
    rest.is_empty()
        .then(|| values.iter().copied().map(f32::from_le_bytes).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ndarray::Array3;

    use super::*;

    /// Counts its encodings; an embedding is the pixels' sum.
    #[derive(Default)]
    struct Summing(Arc<AtomicUsize>);

    impl Model for Summing {
        fn name(&self) -> &'static str {
            "summing"
        }

        fn candidates(&self) -> Candidates {
            Candidates::One
        }

        fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let sum: f32 = pixels.iter().map(|&pixel| f32::from(pixel)).sum();
            Ok(Embedding(Arc::new(sum)))
        }

        fn decode(&self, _: &Embedding, _: &[Query<'_>]) -> Result<Vec<Prediction>, ModelError> {
            Ok(Vec::new())
        }

        fn keep(&self, embedding: &Embedding) -> Result<Option<Vec<f32>>, ModelError> {
            Ok(embedding.0.downcast_ref().map(|&sum| vec![sum]))
        }

        fn restore(
            &self,
            _: [usize; 2],
            values: Vec<f32>,
        ) -> Result<Option<Embedding>, ModelError> {
            Ok(Some(Embedding(Arc::new(values[0]))))
        }
    }

    fn sum(model: &Cached, pixels: &Array3<u8>) -> f32 {
        let embedding = model.encode(pixels.view()).expect("it cannot fail");
        *embedding.0.downcast_ref().expect("a sum")
    }

    #[test]
    fn a_slice_is_encoded_once_for_all_that_matters() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let count = Arc::new(AtomicUsize::new(0));
        let model = |weights, device| {
            let cache = EmbeddingCache::open(folder.path(), 1 << 20).expect("writable");
            let model = Box::new(Summing(Arc::clone(&count)));
            Cached::new(model, weights, device, Arc::new(cache))
        };
        let slice = Array3::from_shape_fn((4, 6, 3), |(y, x, c)| (y * x + c) as u8);
        let expected = sum(&model("a", "cpu"), &slice);
        assert!((sum(&model("a", "cpu"), &slice) - expected).abs() < f32::EPSILON);
        assert_eq!(
            count.load(Ordering::Relaxed),
            1,
            "found again by another process"
        );
        let turned = slice
            .clone()
            .into_shape_with_order((6, 4, 3))
            .expect("as many");
        let mut other = slice.clone();
        other[[3, 5, 2]] ^= 1;
        for (number, (slice, weights, device)) in [
            (&turned, "a", "cpu"),
            (&other, "a", "cpu"),
            (&slice, "b", "cpu"),
            (&slice, "a", "gpu"),
        ]
        .into_iter()
        .enumerate()
        {
            sum(&model(weights, device), slice);
            assert_eq!(count.load(Ordering::Relaxed), number + 2);
        }
    }
}
