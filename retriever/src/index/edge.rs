//! The vector leg in this process: Qdrant's engine (qdrant-edge) in a folder.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use footnote_core::seam::{Hit, VectorPoint, VectorStore};
use footnote_core::{ChunkId, Code, Error, Filter, Result};
use qdrant_edge::{
    DEFAULT_VECTOR_NAME, Distance, EdgeConfig, EdgeOptimizersConfig, EdgeShard, EdgeVectorParamsBuilder, NamedQuery,
    OperationError, PointId, PointInsertOperations, PointOperations, PointStruct, QueryEnum, QueryRequest,
    ScoringQuery, ScrollRequest, SearchParams, UpdateOperation, VectorInternal, VectorStructInternal, WalOptions,
    WithPayloadInterface, WithVector,
};

use super::lock::FolderLock;
use super::{blocking, disk_full, failed, unreadable};
use crate::fuse::best_first;

/// Vectors of a segment above this are found through an HNSW graph; below, all are compared, which
/// is exact. 20 MB are 13,000 vectors of 384.
const INDEXING_THRESHOLD_KB: usize = 20_000;
/// Candidates that a search keeps in the graph: well above the 100 that a question asks for.
const HNSW_EF: usize = 256;
/// The write-ahead log grows by files of this size.
const WAL_FILE_BYTES: usize = 8 * 1024 * 1024;
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
    /// `None` only while it is dropped.
    shard: Option<EdgeShard>,
    /// Held by whatever writes: the shard's flush panics when it meets another writer.
    writing: Mutex<()>,
    _lock: FolderLock,
}

impl EdgeStore {
    /// Opens the store in `dir`, or makes an empty one there, for vectors of length `dimension`.
    /// Blocks.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`], [`Code::IndexMismatch`] when the store's vectors are of another
    /// length, and [`Code::DataFolderFormat`] when its files are damaged.
    pub fn open(dir: &Path, dimension: usize) -> Result<Self> {
        Self::open_with(dir, dimension, INDEXING_THRESHOLD_KB)
    }

    fn open_with(dir: &Path, dimension: usize, indexing_threshold_kb: usize) -> Result<Self> {
        let config = config(dimension, indexing_threshold_kb);
        let lock = FolderLock::take(dir)?;
        let opened = catch_unwind(AssertUnwindSafe(|| open_shard(dir, dimension, config)));
        let shard =
            opened.unwrap_or_else(|_| Err(unreadable(dir, "vector store", "the engine stopped on its files")))?;
        let shared =
            Shared { dir: dir.to_owned(), dimension, shard: Some(shard), writing: Mutex::new(()), _lock: lock };
        Ok(Self { shared: Arc::new(shared) })
    }

    async fn on_shard<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &EdgeShard) -> Result<T> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        blocking(move || match &shared.shard {
            Some(shard) => work(&shared, shard),
            None => Err(Error::internal("the vector store is closed")),
        })
        .await
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
            let points = points.into_iter().map(|point| {
                let payload = serde_json::json!({ "document": point.document.to_string() });
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

    async fn search(&self, vector: Vec<f32>, limit: usize, _filter: Option<&Filter>) -> Result<Vec<Hit>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.on_shard(move |shared, shard| {
            if vector.len() != shared.dimension {
                return Err(mismatch(&shared.dir, shared.dimension, vector.len()));
            }
            let found = shard.query(nearest(vector, limit)).map_err(|error| shared.failed("search vectors", &error))?;
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
        self.on_shard(move |shared, shard| {
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
    fn writing(&self) -> MutexGuard<'_, ()> {
        // It guards no data of its own, so a panic of an earlier writer leaves nothing half done here.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, shard: &EdgeShard, operation: PointOperations, doing: &str) -> Result<()> {
        let _writing = self.writing();
        shard.update(UpdateOperation::PointOperation(operation)).map_err(|error| self.failed(doing, &error))
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

fn open_shard(dir: &Path, dimension: usize, config: EdgeConfig) -> Result<EdgeShard> {
    let broken = |error: OperationError| unreadable(dir, "vector store", &error.to_string());
    let Some(stored) = EdgeConfig::load(dir) else {
        return EdgeShard::new(dir, config).map_err(|error| failed(dir, "make a vector store", &error.to_string()));
    };
    let stored = stored.map_err(broken)?;
    let found = stored.vectors.get(DEFAULT_VECTOR_NAME).map_or(0, |vectors| vectors.size);
    if found != dimension {
        return Err(mismatch(dir, found, dimension));
    }
    prune_log(dir)?;
    EdgeShard::load(dir, Some(config)).map_err(broken)
}

/// Removes the closed files of the write-ahead log but the last.
///
/// The engine numbers its operations by the log but never reads it back: a flush, not the log,
/// makes points durable. It also never shortens it, so that it would grow with every ingestion. The
/// last closed file keeps the numbering; this is what the log's own `prefix_truncate` would keep.
fn prune_log(dir: &Path) -> Result<()> {
    let log = dir.join("wal");
    let Ok(entries) = fs_err::read_dir(&log) else { return Ok(()) };
    let mut closed: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let start = entry.file_name().to_str()?.strip_prefix("closed-")?.parse().ok()?;
            Some((start, entry.path()))
        })
        .collect();
    closed.sort();
    closed.pop();
    closed.iter().try_for_each(|(_, path)| fs_err::remove_file(path).map_err(|error| Error::io(path, error)))
}

fn config(dimension: usize, indexing_threshold_kb: usize) -> EdgeConfig {
    let optimizers =
        EdgeOptimizersConfig { indexing_threshold: Some(indexing_threshold_kb), ..EdgeOptimizersConfig::default() };
    EdgeConfig::builder()
        .vector(DEFAULT_VECTOR_NAME, EdgeVectorParamsBuilder::new(dimension, Distance::Cosine).build())
        .optimizers(optimizers)
        .wal_options(WalOptions { segment_capacity: WAL_FILE_BYTES, ..WalOptions::default() })
        .build()
}

fn nearest(vector: Vec<f32>, limit: usize) -> QueryRequest {
    QueryRequest {
        prefetches: Vec::new(),
        query: Some(ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery::default_dense(vector)))),
        filter: None,
        score_threshold: None,
        limit,
        offset: 0,
        params: Some(SearchParams { hnsw_ef: Some(HNSW_EF.max(limit * 2)), ..SearchParams::default() }),
        with_vector: WithVector::Bool(false),
        with_payload: WithPayloadInterface::Bool(false),
    }
}

/// Points are only ever written under the id of a chunk.
fn chunk_of(id: PointId) -> Option<ChunkId> {
    match id {
        PointId::Uuid(uuid) => Some(ChunkId(uuid)),
        PointId::NumId(_) => None,
    }
}

/// The vector of a point: the only one, under the default name.
fn dense(vector: VectorStructInternal) -> Option<Vec<f32>> {
    match vector {
        VectorStructInternal::Single(vector) => Some(vector),
        VectorStructInternal::Named(mut named) => match named.remove(DEFAULT_VECTOR_NAME)? {
            VectorInternal::Dense(vector) => Some(vector),
            _ => None,
        },
        VectorStructInternal::MultiDense(_) => None,
    }
}

fn mismatch(dir: &Path, stored: usize, given: usize) -> Error {
    let message = format!("{}: holds vectors of {stored}, but the embedding model gives {given}", dir.display());
    Error::new(Code::IndexMismatch, message)
        .hint("set embedding.model back to the model it was made with, or ingest into a new --data folder")
}

#[cfg(test)]
#[path = "edge_tests.rs"]
mod tests;
