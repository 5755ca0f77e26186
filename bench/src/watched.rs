//! The indexes with a stopwatch, or none at all: what of an ingestion is theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use footnote_core::seam::{Hit, KeywordEntry, KeywordIndex, VectorPoint, VectorStore};
use footnote_core::{ChunkId, Filter, Result};

/// Seconds that calls took, added up.
#[derive(Clone, Default)]
pub(crate) struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    pub(crate) fn seconds(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / 1e6
    }

    async fn time<T>(&self, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let done = work.await;
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(micros, Ordering::Relaxed);
        done
    }
}

/// An index whose writes are timed; where there is none, writes are dropped.
pub(crate) struct Watched<I> {
    pub(crate) index: Option<I>,
    /// Writing.
    pub(crate) write: Stopwatch,
    /// Making it last: of the vector store, building its graphs too.
    pub(crate) flush: Stopwatch,
}

#[async_trait]
impl<I: VectorStore> VectorStore for Watched<I> {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<()> {
        let Some(index) = &self.index else { return Ok(()) };
        self.write.time(index.upsert(points)).await
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        let Some(index) = &self.index else { return Ok(()) };
        self.write.time(index.delete(chunks)).await
    }

    async fn flush(&self) -> Result<()> {
        let Some(index) = &self.index else { return Ok(()) };
        self.flush.time(index.flush()).await
    }

    async fn optimize(&self) -> Result<()> {
        let Some(index) = &self.index else { return Ok(()) };
        self.flush.time(index.optimize()).await
    }

    async fn search(&self, vector: Vec<f32>, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        index.search(vector, limit, filter).await
    }

    async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        let Some(index) = &self.index else { return Ok(vec![None; chunks.len()]) };
        index.vectors(chunks).await
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        index.chunk_ids().await
    }
}

#[async_trait]
impl<I: KeywordIndex> KeywordIndex for Watched<I> {
    async fn upsert(&self, entries: Vec<KeywordEntry>) -> Result<()> {
        let Some(index) = &self.index else { return Ok(()) };
        self.write.time(index.upsert(entries)).await
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        let Some(index) = &self.index else { return Ok(()) };
        self.write.time(index.delete(chunks)).await
    }

    async fn commit(&self) -> Result<()> {
        let Some(index) = &self.index else { return Ok(()) };
        self.flush.time(index.commit()).await
    }

    async fn search(&self, query: &str, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        index.search(query, limit, filter).await
    }

    async fn scores(&self, query: &str, chunks: &[ChunkId]) -> Result<Vec<Hit>> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        index.scores(query, chunks).await
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        index.chunk_ids().await
    }
}
