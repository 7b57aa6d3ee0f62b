//! Embeddings kept on disk, so that a second run over the same slices need not compute them again.
//! See [`Cached`].

mod cached;
mod store;

pub use cached::Cached;
pub use store::{CacheError, EmbeddingCache, Key};
