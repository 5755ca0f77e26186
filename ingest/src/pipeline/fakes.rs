//! Stores in memory that can be made to die at any step, as a process does.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::seam::{
    Catalog, CatalogWriter, Embedder, EmbeddingModel, Hit, KeywordEntry, KeywordIndex, VectorPoint, VectorStore,
};
use footnote_core::{Chunk, ChunkId, Code, ContentHash, Document, DocumentId, Error, Facts, Filter, Grants, Result};

use crate::catalog::SqliteCatalog;

/// Lets a number of changes through; after that every change fails, the clearing up included.
#[derive(Clone)]
pub(super) struct Fuse(Arc<AtomicUsize>);

impl Fuse {
    pub(super) fn after(changes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(changes)))
    }

    pub(super) fn mend(&self) {
        self.0.store(usize::MAX, Ordering::SeqCst);
    }

    pub(super) fn cut_after(&self, changes: usize) {
        self.0.store(changes, Ordering::SeqCst);
    }

    fn burn(&self) -> Result<()> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| Error::new(Code::DiskFull, "the disk is full"))
    }
}

/// Counts what it embeds.
pub(super) struct FakeEmbedder {
    model: EmbeddingModel,
    pub(super) texts: Mutex<Vec<String>>,
    fuse: Fuse,
}

impl FakeEmbedder {
    pub(super) fn new(id: &str, fuse: &Fuse) -> Self {
        let model = EmbeddingModel { id: id.into(), dimension: 2, max_tokens: 256 };
        Self { model, texts: Mutex::default(), fuse: fuse.clone() }
    }
}

#[async_trait]
impl Embedder for FakeEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.fuse.burn()?;
        let vectors = texts.iter().map(|_| vec![1.0, 0.0]).collect();
        self.texts.lock().unwrap().extend(texts);
        Ok(vectors)
    }

    async fn embed_query(&self, _: &str) -> Result<Vec<f32>> {
        Ok(vec![1.0, 0.0])
    }
}

/// Keeps at once what it is given, flushed or not.
pub(super) struct FakeVectors {
    pub(super) chunks: Mutex<BTreeMap<ChunkId, Vec<f32>>>,
    /// What filters were last told of each chunk.
    pub(super) facts: Mutex<BTreeMap<ChunkId, Arc<Facts>>>,
    fuse: Fuse,
}

impl FakeVectors {
    pub(super) fn new(fuse: &Fuse) -> Self {
        Self { chunks: Mutex::default(), facts: Mutex::default(), fuse: fuse.clone() }
    }
}

#[async_trait]
impl VectorStore for FakeVectors {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<()> {
        self.fuse.burn()?;
        self.facts.lock().unwrap().extend(points.iter().map(|point| (point.chunk, Arc::clone(&point.facts))));
        self.chunks.lock().unwrap().extend(points.into_iter().map(|point| (point.chunk, point.vector)));
        Ok(())
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        self.fuse.burn()?;
        self.chunks.lock().unwrap().retain(|id, _| !chunks.contains(id));
        self.facts.lock().unwrap().retain(|id, _| !chunks.contains(id));
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        self.fuse.burn()
    }

    async fn optimize(&self) -> Result<()> {
        self.fuse.burn()
    }

    async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        let held = self.chunks.lock().unwrap();
        Ok(chunks.iter().map(|id| held.get(id).cloned()).collect())
    }

    async fn search(&self, _: Vec<f32>, _: usize, _: Option<&Filter>) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        Ok(self.chunks.lock().unwrap().keys().copied().collect())
    }
}

/// Keeps nothing until it is committed.
pub(super) struct FakeKeyword {
    pub(super) committed: Mutex<BTreeMap<ChunkId, String>>,
    /// What filters were last told of each chunk.
    pub(super) facts: Mutex<BTreeMap<ChunkId, Arc<Facts>>>,
    pending: Mutex<Vec<(ChunkId, Option<String>)>>,
    fuse: Fuse,
}

impl FakeKeyword {
    pub(super) fn new(fuse: &Fuse) -> Self {
        let (committed, facts, pending) = Default::default();
        Self { committed, facts, pending, fuse: fuse.clone() }
    }

    /// What a new process would find.
    pub(super) fn lose_pending(&self) {
        self.pending.lock().unwrap().clear();
    }
}

#[async_trait]
impl KeywordIndex for FakeKeyword {
    async fn upsert(&self, entries: Vec<KeywordEntry>) -> Result<()> {
        self.fuse.burn()?;
        self.facts.lock().unwrap().extend(entries.iter().map(|entry| (entry.chunk, Arc::clone(&entry.facts))));
        self.pending.lock().unwrap().extend(entries.into_iter().map(|entry| (entry.chunk, Some(entry.body))));
        Ok(())
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        self.fuse.burn()?;
        self.facts.lock().unwrap().retain(|id, _| !chunks.contains(id));
        self.pending.lock().unwrap().extend(chunks.into_iter().map(|chunk| (chunk, None)));
        Ok(())
    }

    async fn commit(&self) -> Result<()> {
        self.fuse.burn()?;
        let mut committed = self.committed.lock().unwrap();
        for (chunk, body) in self.pending.lock().unwrap().drain(..) {
            match body {
                Some(body) => committed.insert(chunk, body),
                None => committed.remove(&chunk),
            };
        }
        Ok(())
    }

    async fn search(&self, _: &str, _: usize, _: Option<&Filter>) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    async fn scores(&self, _: &str, _: &[ChunkId]) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        Ok(self.committed.lock().unwrap().keys().copied().collect())
    }
}

/// The real catalog, on the same fuse.
pub(super) struct FusedCatalog {
    pub(super) inner: SqliteCatalog,
    pub(super) fuse: Fuse,
}

#[async_trait]
impl Catalog for FusedCatalog {
    async fn collections(&self) -> Result<Vec<String>> {
        self.inner.collections().await
    }

    async fn documents(&self, collection: &str, status: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>> {
        self.inner.documents(collection, status).await
    }

    async fn record(&self, id: DocumentId) -> Result<Option<DocumentRecord>> {
        self.inner.record(id).await
    }

    async fn versions(&self, id: DocumentId) -> Result<Vec<DocumentRecord>> {
        self.inner.versions(id).await
    }

    async fn document(&self, id: DocumentId) -> Result<Option<Document>> {
        self.inner.document(id).await
    }

    async fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
        self.inner.chunks(ids).await
    }

    async fn has_field(&self, collection: &str, name: &str, grants: &Grants) -> Result<bool> {
        self.inner.has_field(collection, name, grants).await
    }

    async fn languages(&self, collection: &str) -> Result<Vec<String>> {
        self.inner.languages(collection).await
    }

    async fn fact(&self, collection: &str, name: &str) -> Result<Option<String>> {
        self.inner.fact(collection, name).await
    }
}

#[async_trait]
impl CatalogWriter for FusedCatalog {
    async fn chunk_ids_of(&self, id: DocumentId) -> Result<Vec<ChunkId>> {
        self.inner.chunk_ids_of(id).await
    }

    async fn chunk_ids(&self, collection: &str) -> Result<Vec<ChunkId>> {
        self.inner.chunk_ids(collection).await
    }

    async fn twins(&self, collection: &str, contents: &[ContentHash]) -> Result<HashMap<ContentHash, ChunkId>> {
        self.inner.twins(collection, contents).await
    }

    async fn begin(&self, documents: Vec<IngestedDocument>) -> Result<()> {
        self.fuse.burn()?;
        self.inner.begin(documents).await
    }

    async fn commit(&self, done: &[(DocumentId, Timings)]) -> Result<()> {
        self.fuse.burn()?;
        self.inner.commit(done).await
    }

    async fn record_outcomes(&self, records: Vec<DocumentRecord>) -> Result<()> {
        self.fuse.burn()?;
        self.inner.record_outcomes(records).await
    }

    async fn mark(&self, ids: &[DocumentId], status: DocumentStatus) -> Result<()> {
        self.fuse.burn()?;
        self.inner.mark(ids, status).await
    }

    async fn found_unchanged(&self, found: &[(DocumentId, Option<i64>)]) -> Result<()> {
        self.fuse.burn()?;
        self.inner.found_unchanged(found).await
    }

    async fn set_fact(&self, collection: &str, name: &str, value: &str) -> Result<()> {
        self.fuse.burn()?;
        self.inner.set_fact(collection, name, value).await
    }

    async fn adopt(&self, next: &Path, collection: &str, facts: &[(&str, &str)]) -> Result<()> {
        self.fuse.burn()?;
        self.inner.adopt(next, collection, facts).await
    }
}
