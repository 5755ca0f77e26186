//! The vector leg in this process: Qdrant's engine (qdrant-edge) in a folder.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use footnote_core::seam::{Hit, VectorPoint, VectorStore};
use footnote_core::{ChunkId, Code, Error, Filter, Result};
use qdrant_edge::{
    CreateIndex, EdgeShard, FieldIndexOperations, OperationError, PayloadFieldSchema, PayloadSchemaType, PointId,
    PointInsertOperations, PointOperations, PointStruct, ScrollRequest, UpdateOperation, WithPayloadInterface,
    WithVector,
};

use super::edge_config::{open_shard, search_params};
use super::edge_filter::{path, translated};
use super::edge_points::{chunk_of, dense, nearest};
use super::lock::FolderLock;
use super::options::VectorOptions;
use super::payload::{FACTS, MAX_NUMBER_INDEXES, number_path, payload};
use super::threads::searching;
use super::{blocking, disk_full, failed, unreadable};
use crate::fuse::best_first;

/// Free space that is never touched: the engine writes through mapped files, and a full disk would
/// end the process (SIGBUS) instead of giving an error.
const RESERVED_BYTES: u64 = 64 * 1024 * 1024;
/// Points that are read at once when all are listed.
const PAGE: usize = 10_000;

/// Vectors of one collection, compared by cosine.
pub struct EdgeStore {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    dimension: usize,
    options: VectorOptions,
    /// `None` only while it is dropped.
    shard: Option<EdgeShard>,
    /// Held by whatever writes: the shard's flush panics when it meets another writer.
    writing: Mutex<Indexed>,
    _lock: FolderLock,
}

/// Paths in the payload that have an index, so that filters need not look at every payload.
type Indexed = HashSet<String>;

impl EdgeStore {
    /// Opens the store in `dir`, or makes an empty one there, for vectors of length `dimension`.
    /// Blocks.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`], [`Code::IndexMismatch`] when the store's vectors are of another
    /// length, and [`Code::DataFolderFormat`] when its files are damaged.
    pub fn open(dir: &Path, dimension: usize) -> Result<Self> {
        Self::open_with(dir, dimension, VectorOptions::default())
    }

    /// As [`Self::open`], with other options. A store that was made with others answers as it is; the next
    /// [`optimize`](VectorStore::optimize) builds it anew.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(dir: &Path, dimension: usize, options: VectorOptions) -> Result<Self> {
        let lock = FolderLock::take(dir)?;
        let opened = catch_unwind(AssertUnwindSafe(|| open_shard(dir, dimension, &options)));
        let shard =
            opened.unwrap_or_else(|_| Err(unreadable(dir, "vector store", "the engine stopped on its files")))?;
        let indexed = shard.info().payload_schema.keys().map(ToString::to_string).collect();
        let shared = Shared {
            dir: dir.to_owned(),
            dimension,
            options,
            shard: Some(shard),
            writing: Mutex::new(indexed),
            _lock: lock,
        };
        if let Some(shard) = &shared.shard {
            shared.index(shard, FACTS, PayloadSchemaType::Keyword, &mut shared.writing())?;
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    async fn on_shard<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &EdgeShard) -> Result<T> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.with_shard(work)).await
    }

    /// For what a question waits for.
    async fn at_once<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &EdgeShard) -> Result<T> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        searching(move || shared.with_shard(work)).await
    }
}

#[async_trait]
impl VectorStore for EdgeStore {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        self.on_shard(move |shared, shard| {
            if let Some(odd) = points.iter().find(|point| point.vector.len() != shared.dimension) {
                return Err(mismatch(&shared.dir, shared.dimension, odd.vector.len()));
            }
            // The vectors, once in the log and once in a segment.
            shared.check_room(points.len() * shared.dimension * 4 * 3, "write vectors")?;
            shared.index_numbers(shard, &points)?;
            let points = points.into_iter().map(|point| {
                let payload = serde_json::Value::Object(payload(point.document, &point.facts));
                PointStruct::new(PointId::Uuid(point.chunk.0), point.vector, payload).into()
            });
            let list = PointInsertOperations::PointsList(points.collect());
            shared.update(shard, PointOperations::UpsertPoints(list), "write vectors")
        })
        .await
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        if chunks.is_empty() {
            return Ok(());
        }
        self.on_shard(move |shared, shard| {
            let ids = chunks.into_iter().map(|chunk| PointId::Uuid(chunk.0)).collect();
            shared.update(shard, PointOperations::DeletePoints { ids }, "delete vectors")
        })
        .await
    }

    async fn flush(&self) -> Result<()> {
        self.on_shard(|shared, shard| {
            let _writing = shared.writing();
            shard.flush();
            Ok(())
        })
        .await
    }

    /// Builds HNSW graphs and clears out what was deleted; searches go on meanwhile.
    async fn optimize(&self) -> Result<()> {
        self.on_shard(|shared, shard| {
            let _writing = shared.writing();
            if shared.optimize(shard)? {
                shard.flush();
            }
            Ok(())
        })
        .await
    }

    async fn search(&self, vector: Vec<f32>, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let filter = filter.map(translated).transpose()?;
        self.at_once(move |shared, shard| {
            if vector.len() != shared.dimension {
                return Err(mismatch(&shared.dir, shared.dimension, vector.len()));
            }
            let found = shard
                .query(nearest(vector, limit, filter, search_params(&shared.options, limit)))
                .map_err(|error| shared.failed("search vectors", &error))?;
            let mut hits: Vec<Hit> = found
                .into_iter()
                .filter_map(|point| Some(Hit { chunk: chunk_of(point.id)?, score: point.score }))
                .collect();
            hits.sort_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
            Ok(hits)
        })
        .await
    }

    async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        let chunks = chunks.to_vec();
        self.at_once(move |shared, shard| {
            let ids: Vec<PointId> = chunks.iter().map(|chunk| PointId::Uuid(chunk.0)).collect();
            let found = shard
                .retrieve(&ids, Some(WithPayloadInterface::Bool(false)), Some(WithVector::Bool(true)))
                .map_err(|error| shared.failed("read vectors", &error))?;
            let mut vectors: HashMap<ChunkId, Vec<f32>> = HashMap::with_capacity(found.len());
            for record in found {
                vectors.extend(chunk_of(record.id).zip(record.vector.and_then(dense)));
            }
            Ok(chunks.iter().map(|chunk| vectors.remove(chunk)).collect())
        })
        .await
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        self.on_shard(|shared, shard| {
            let mut ids = Vec::new();
            let mut offset = None;
            loop {
                let page = ScrollRequest {
                    offset,
                    limit: Some(PAGE),
                    with_payload: Some(WithPayloadInterface::Bool(false)),
                    ..ScrollRequest::default()
                };
                let (records, next) = shard.scroll(page).map_err(|error| shared.failed("list vectors", &error))?;
                ids.extend(records.into_iter().filter_map(|record| chunk_of(record.id)));
                if next.is_none() {
                    return Ok(ids);
                }
                offset = next;
            }
        })
        .await
    }
}

impl Shared {
    fn with_shard<T>(&self, work: impl FnOnce(&Self, &EdgeShard) -> Result<T>) -> Result<T> {
        match &self.shard {
            Some(shard) => work(self, shard),
            None => Err(Error::internal("the vector store is closed")),
        }
    }

    fn writing(&self) -> MutexGuard<'_, Indexed> {
        // An index that a panic kept from being noted is asked for again, which does nothing.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, shard: &EdgeShard, operation: PointOperations, doing: &str) -> Result<()> {
        let _writing = self.writing();
        shard.update(UpdateOperation::PointOperation(operation)).map_err(|error| self.failed(doing, &error))
    }

    /// Gives the fields that have numbers an index, when they are first met.
    fn index_numbers(&self, shard: &EdgeShard, points: &[VectorPoint]) -> Result<()> {
        let mut indexed = self.writing();
        let fields: HashSet<&str> =
            points.iter().flat_map(|point| point.facts.numbers.keys().map(String::as_str)).collect();
        for path in fields.into_iter().map(number_path) {
            // One of them is that of the words.
            if indexed.len() <= MAX_NUMBER_INDEXES {
                self.index(shard, &path, PayloadSchemaType::Float, &mut indexed)?;
            }
        }
        Ok(())
    }

    fn index(&self, shard: &EdgeShard, key: &str, kind: PayloadSchemaType, indexed: &mut Indexed) -> Result<()> {
        if indexed.contains(key) {
            return Ok(());
        }
        let create = CreateIndex { field_name: path(key)?, field_schema: Some(PayloadFieldSchema::FieldType(kind)) };
        shard
            .update(UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(create)))
            .map_err(|error| self.failed("index what filters ask for", &error))?;
        indexed.insert(key.to_owned());
        Ok(())
    }

    /// Builds graphs and clears out deleted points, where that has become worthwhile. Whether
    /// anything was done.
    fn optimize(&self, shard: &EdgeShard) -> Result<bool> {
        // The new segment is written beside the old ones. Without room, search stays exact and slower.
        let copy = shard.info().points_count * self.dimension * 4 * 2;
        if let Err(error) = self.check_room(copy, "build the vector index") {
            tracing::warn!(%error, "left for later");
            return Ok(false);
        }
        shard.optimize().map_err(|error| self.failed("build the vector index", &error))
    }

    fn check_room(&self, bytes: usize, doing: &str) -> Result<()> {
        let free = fs4::available_space(&self.dir).map_err(|error| Error::io(&self.dir, error))?;
        if free < RESERVED_BYTES + bytes as u64 { Err(disk_full(&self.dir, doing)) } else { Ok(()) }
    }

    fn failed(&self, doing: &str, error: &OperationError) -> Error {
        failed(&self.dir, doing, &error.to_string())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let shard = self.shard.take();
        // The shard flushes when it is dropped, and panics when it cannot (a full disk).
        if catch_unwind(AssertUnwindSafe(|| drop(shard))).is_err() {
            tracing::error!(dir = %self.dir.display(), "the vector store could not be closed cleanly");
        }
    }
}

pub(super) fn mismatch(dir: &Path, stored: usize, given: usize) -> Error {
    let message = format!("{}: holds vectors of {stored}, but the embedding model gives {given}", dir.display());
    Error::new(Code::IndexMismatch, message)
        .hint("set embedding.model back to the model it was made with, or ingest into a new --data folder")
}

#[cfg(test)]
#[path = "edge_tests.rs"]
mod tests;
