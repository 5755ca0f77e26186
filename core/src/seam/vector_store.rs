use std::sync::Arc;

use async_trait::async_trait;

use crate::chunk::ChunkId;
use crate::document::DocumentId;
use crate::error::Result;
use crate::facts::Facts;
use crate::filter::Filter;

/// A chunk's vector, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorPoint {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// Its unit vector.
    pub vector: Vec<f32>,
    /// What filters can ask of it.
    pub facts: Arc<Facts>,
}

/// A chunk that a leg found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The chunk.
    pub chunk: ChunkId,
    /// The leg's own score, higher is better.
    pub score: f32,
}

/// The vector leg of one collection.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// Writes points; a point of the same chunk is replaced.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<()>;

    /// Removes chunks; unknown ones are passed over.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()>;

    /// Makes all that was written so far survive a crash.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn flush(&self) -> Result<()>;

    /// Builds what makes searches fast, where that has become worthwhile. Called when a run is over, not with each
    /// batch: a graph that is built again and again costs more than all the rest. Without it, searches are right and
    /// slower.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn optimize(&self) -> Result<()>;

    /// The `limit` nearest chunks by cosine among those that fit `filter`, best first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn search(&self, vector: Vec<f32>, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>>;

    /// The vectors of `chunks`, in the order asked for; `None` for those that are not in it.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>>;

    /// Every chunk in it, in no order.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn chunk_ids(&self) -> Result<Vec<ChunkId>>;
}
