//! The vector leg on a Qdrant server.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use footnote_core::seam::{Hit, VectorPoint, VectorStore};
use footnote_core::{ChunkId, Code, Error, Filter, Result};
use futures::{StreamExt, TryStreamExt, stream};
use qdrant_client::Qdrant;
use qdrant_client::qdrant::{
    DeletePointsBuilder, Filter as Asked, GetPointsBuilder, NamedVectors, PointStruct, PointsIdsList,
    QuantizationSearchParamsBuilder, Query, QueryPointsBuilder, SearchParams, SearchParamsBuilder, UpsertPointsBuilder,
    VectorInput, VectorsOutput, VectorsSelector,
};

use super::super::bm25::Sparse;
use super::super::options::{Quantization, VectorOptions};
use super::super::payload;
use super::collection::QdrantCollection;
use super::counts::{self, Staleness};
use super::filter::translated;
use super::pages::chunks_with;
use super::values::{self, chunk_of, dense, meaning, point_id, sparse, words};
use super::{MEANING, WORDS};
use crate::fuse::best_first;

/// Requests on their way at once. Ingestion waits for them: that is the back-pressure.
pub(super) const AT_ONCE: usize = 4;

/// The vectors of a collection on a Qdrant server, compared by cosine.
pub struct QdrantStore {
    collection: Arc<QdrantCollection>,
}

impl QdrantStore {
    /// The vectors of `collection`.
    #[must_use]
    pub fn new(collection: Arc<QdrantCollection>) -> Self {
        Self { collection }
    }

    fn check(&self, length: usize) -> Result<()> {
        let dimension = self.collection.dimension;
        if length == dimension {
            return Ok(());
        }
        let message = format!("{}: holds vectors of {dimension}, not of {length}", self.collection.place());
        Err(Error::new(Code::IndexMismatch, message).hint("set embedding.model back to the model it was made with"))
    }

    /// The words of those of `chunks` that have some on the server.
    async fn words(&self, chunks: &[ChunkId]) -> Result<HashMap<ChunkId, Sparse>> {
        self.read(chunks, WORDS, words).await
    }

    /// A vector of those of `chunks` that have it.
    async fn read<T>(
        &self,
        chunks: &[ChunkId],
        vector: &str,
        of: impl Fn(VectorsOutput) -> Option<T>,
    ) -> Result<HashMap<ChunkId, T>> {
        let mut found = HashMap::with_capacity(chunks.len());
        if chunks.is_empty() || !self.collection.exists().await? {
            return Ok(found);
        }
        for some in chunks.chunks(self.collection.options.batch) {
            let ids: Vec<_> = some.iter().copied().map(point_id).collect();
            let request = GetPointsBuilder::new(self.collection.name(), ids)
                .with_payload(false)
                .with_vectors(VectorsSelector { names: vec![vector.to_owned()] })
                .build();
            let get = |client: Qdrant| {
                let request = request.clone();
                async move { client.get_points(request).await }
            };
            let reply = self.collection.connection.ask("read vectors", get).await?;
            let points = reply.result.into_iter();
            found.extend(points.filter_map(|point| chunk_of(point.id).zip(point.vectors.and_then(&of))));
        }
        Ok(found)
    }

    async fn upsert_some(&self, points: Vec<PointStruct>) -> Result<()> {
        let collection = &self.collection;
        let request =
            UpsertPointsBuilder::new(collection.name(), points).wait(true).ordering(collection.ordering()).build();
        let upsert = |client: Qdrant| {
            let request = request.clone();
            async move { client.upsert_points(request).await }
        };
        collection.connection.ask("write vectors", upsert).await.map(drop)
    }
}

#[async_trait]
impl VectorStore for QdrantStore {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        points.iter().try_for_each(|point| self.check(point.vector.len()))?;
        self.collection.made().await?;
        let mut writing = self.collection.writing().await;
        let fields: HashSet<&str> =
            points.iter().flat_map(|point| point.facts.numbers.keys().map(String::as_str)).collect();
        self.collection.index_numbers(fields, &mut writing).await?;
        let unwritten = points.iter().map(|point| point.chunk).filter(|chunk| !writing.words.contains_key(chunk));
        let kept = self.words(&unwritten.collect::<Vec<_>>()).await?;
        let words = |chunk: ChunkId| writing.words.get(&chunk).or_else(|| kept.get(&chunk));
        let mut points = points.into_iter().map(|point| whole(words(point.chunk), point)).peekable();
        let mut batches = Vec::new();
        while points.peek().is_some() {
            batches.push(points.by_ref().take(self.collection.options.batch).collect::<Vec<_>>());
        }
        let sent = stream::iter(batches).map(|batch| self.upsert_some(batch)).buffer_unordered(AT_ONCE);
        sent.try_collect::<()>().await
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        delete(&self.collection, chunks).await
    }

    /// Every write is acknowledged before it returns: there is nothing to wait for but that the collection is there.
    async fn flush(&self) -> Result<()> {
        flush(&self.collection).await
    }

    /// Waits until the server has built its graphs, for ten minutes at most; and counts words again where several
    /// shards make that necessary.
    async fn optimize(&self) -> Result<()> {
        self.collection.made().await?;
        self.collection.wait_for_graphs().await?;
        counts::refresh(&self.collection, Staleness::AfterARun).await
    }

    async fn search(&self, vector: Vec<f32>, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.check(vector.len())?;
        let params = search_params(&self.collection.options.vectors, limit);
        let query = QueryPointsBuilder::new(self.collection.asked()).query(vector).using(MEANING).params(params);
        search(&self.collection, "search vectors", query, limit, filter.map(translated)).await
    }

    async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        let mut found = self.read(chunks, MEANING, meaning).await?;
        Ok(chunks.iter().map(|chunk| found.remove(chunk)).collect())
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        chunks_with(&self.collection, MEANING).await
    }
}

/// A point with all that is known of it. One that is written again loses the vectors that it is not given: so the
/// words that were written before go with it.
fn whole(words: Option<&Sparse>, point: VectorPoint) -> PointStruct {
    let mut vectors = NamedVectors::default().add_vector(MEANING, dense(point.vector));
    if let Some(words) = words {
        vectors = vectors.add_vector(WORDS, sparse(words));
    }
    let payload = values::payload(payload::payload(point.document, &point.facts));
    PointStruct::new(point_id(point.chunk), vectors, payload)
}

/// Removes points. Those of a chunk hold both vectors, so either leg may do it.
pub(super) async fn delete(collection: &QdrantCollection, chunks: Vec<ChunkId>) -> Result<()> {
    if chunks.is_empty() || !collection.exists().await? {
        return Ok(());
    }
    let mut writing = collection.writing().await;
    for chunk in &chunks {
        writing.words.remove(chunk);
    }
    writing.changed += chunks.len() as u64;
    for some in chunks.chunks(collection.options.batch) {
        let ids = PointsIdsList { ids: some.iter().copied().map(point_id).collect() };
        let request =
            DeletePointsBuilder::new(collection.name()).points(ids).wait(true).ordering(collection.ordering()).build();
        let delete = |client: Qdrant| {
            let request = request.clone();
            async move { client.delete_points(request).await }
        };
        collection.connection.ask("delete chunks", delete).await?;
    }
    Ok(())
}

/// Makes sure that the collection is there, and that what was written is out of this process' hands.
pub(super) async fn flush(collection: &QdrantCollection) -> Result<()> {
    collection.made().await?;
    collection.writing().await.words.clear();
    collection.languages.forget();
    Ok(())
}

/// The best `limit` chunks of a query among those that fit `filter`.
pub(super) async fn search(
    collection: &QdrantCollection,
    doing: &str,
    query: QueryPointsBuilder,
    limit: usize,
    filter: Option<Asked>,
) -> Result<Vec<Hit>> {
    if !collection.exists().await? {
        return Err(collection.not_there());
    }
    let mut query = query.limit(limit as u64).with_payload(false).with_vectors(false);
    if let Some(filter) = filter {
        query = query.filter(filter);
    }
    let request = query.build();
    let ask = |client: Qdrant| {
        let request = request.clone();
        async move { client.query(request).await }
    };
    let found = collection.connection.ask_soon(doing, ask).await?.result;
    let hits = found.into_iter().filter_map(|point| Some(Hit { chunk: chunk_of(point.id)?, score: point.score }));
    let mut hits: Vec<Hit> = hits.collect();
    hits.sort_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
    Ok(hits)
}

fn search_params(options: &VectorOptions, limit: usize) -> SearchParams {
    let params = SearchParamsBuilder::default().hnsw_ef(options.candidates(limit) as u64);
    if options.quantization == Quantization::None {
        return params.build();
    }
    let quantization =
        QuantizationSearchParamsBuilder::default().rescore(options.rescore).oversampling(options.oversampling);
    params.quantization(quantization).build()
}

/// A query for the nearest to a sparse vector.
pub(super) fn nearest_words(words: &Sparse) -> Query {
    let (indices, values): (Vec<u32>, Vec<f32>) = words.iter().copied().unzip();
    Query::new_nearest(VectorInput::new_sparse(indices, values))
}
