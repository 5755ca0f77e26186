//! How many chunks each term stands in, over all shards of a collection.
//!
//! Qdrant's own IDF is that of a shard: a rare word would weigh more in one than in another. One shard is the whole
//! collection, so it is left to Qdrant there. With several, footnote counts, and the question's vector carries the IDF.
//!
//! The counts lie on the server, in a collection of their own, `PREFIX-NAME.gN.terms`: a sparse vector holds the counts
//! of the terms of a bucket. They are made by reading all words, when the collection has grown or changed enough for it
//! to matter ([`Staleness`]): an IDF is a logarithm, and counts that are a little old weigh all shards alike.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use footnote_core::Result;
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{
    CreateCollectionBuilder, GetPointsBuilder, NamedVectors, PointId, PointStruct, RetrievedPoint,
    SparseVectorParamsBuilder, SparseVectorsConfigBuilder, UpsertPointsBuilder, Value, VectorsSelector,
};
use qdrant_client::{Payload, Qdrant};

use super::super::bm25::{Sparse, idf};
use super::WORDS;
use super::collection::QdrantCollection;
use super::complaint::is_missing;
use super::pages::each_vector;
use super::values::{self, sparse};

/// What the counts' collection is called after that of the chunks.
const TERMS: &str = ".terms";
/// Points that hold the counts. A question reads one for each of its terms.
const BUCKETS: u32 = 4096;
/// The point behind them: how many chunks were counted.
const TOTAL: u64 = BUCKETS as u64;
/// Its payload.
const CHUNKS: &str = "chunks";
/// The vector of the counts.
const COUNTS: &str = "counts";
/// Buckets that are written at once.
const BUCKETS_AT_ONCE: usize = 512;
/// How long what was read is believed: another footnote may count anew meanwhile.
const FRESH: Duration = Duration::from_secs(60);
/// Terms whose counts are remembered.
const REMEMBERED: usize = 100_000;

/// How much of a collection may have changed since it was counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Staleness {
    /// While a run is going on: half of what was counted. All counting together then reads three times what is written.
    WithinARun,
    /// At its end: a fiftieth.
    AfterARun,
}

/// What is remembered of the counts.
#[derive(Default)]
pub(super) struct Counts(RwLock<Option<Known>>);

struct Known {
    since: Instant,
    /// Chunks that were counted.
    chunks: f32,
    /// Chunks that have a term, by the term's dimension.
    with: HashMap<u32, f32>,
}

impl Counts {
    /// A question's vector with the IDF of each of its terms. As it is while nothing was counted yet: then every term
    /// weighs the same.
    ///
    /// # Errors
    /// Those of the connection.
    pub(super) async fn weigh(&self, collection: &QdrantCollection, question: Sparse) -> Result<Sparse> {
        if let Some(weighed) = self.remembered(&question) {
            return Ok(weighed);
        }
        let Some(read) = read(collection, &question).await? else { return Ok(question) };
        {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            match &mut *known {
                Some(known) if known.is_of(&read) => known.with.extend(read.with),
                known => *known = Some(read),
            }
        }
        Ok(self.remembered(&question).unwrap_or(question))
    }

    /// Forgets: something was counted anew.
    fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn remembered(&self, question: &Sparse) -> Option<Sparse> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| known.since.elapsed() < FRESH)?;
        question
            .iter()
            .map(|&(term, weight)| Some((term, weight * idf(known.chunks, *known.with.get(&term)?))))
            .collect()
    }
}

impl Known {
    /// Whether what was `read` now can be added.
    fn is_of(&self, read: &Self) -> bool {
        self.since.elapsed() < FRESH && self.chunks == read.chunks && self.with.len() < REMEMBERED
    }
}

/// The counts of a question's terms; `None` where nothing was counted yet.
async fn read(collection: &QdrantCollection, question: &Sparse) -> Result<Option<Known>> {
    let since = Instant::now();
    let mut buckets: Vec<u64> = question.iter().map(|&(term, _)| bucket(term)).chain([TOTAL]).collect();
    buckets.sort_unstable();
    buckets.dedup();
    let request = GetPointsBuilder::new(format!("{}{TERMS}", collection.asked()), ids(&buckets))
        .with_payload(true)
        .with_vectors(VectorsSelector { names: vec![COUNTS.to_owned()] })
        .build();
    let get = |client: Qdrant| {
        let request = request.clone();
        async move {
            // A search that finds nothing to weigh its words by is still a search.
            match client.get_points(request).await {
                Err(error) if is_missing(&error) => Ok(None),
                reply => reply.map(Some),
            }
        }
    };
    let Some(reply) = collection.connection.ask_soon("read how many chunks have a word", get).await? else {
        return Ok(None);
    };
    let mut known = Known { since, chunks: 0.0, with: question.iter().map(|&(term, _)| (term, 0.0)).collect() };
    for mut point in reply.result {
        if let Some(Kind::IntegerValue(chunks)) = point.payload.remove(CHUNKS).and_then(|value| value.kind) {
            known.chunks = chunks as f32;
        }
        for (term, count) in point.vectors.and_then(|vectors| values::sparse_of(vectors, COUNTS)).unwrap_or_default() {
            known.with.entry(term).and_modify(|known| *known = count);
        }
    }
    Ok((known.chunks > 0.0).then_some(known))
}

/// Counts, where the collection has changed enough since that was last done.
pub(super) async fn refresh(collection: &QdrantCollection, staleness: Staleness) -> Result<()> {
    let mut writing = collection.writing().await;
    if writing.changed == 0 || !collection.is_counted() {
        return Ok(());
    }
    let counted = match writing.counted {
        Some(counted) => counted,
        None => read(collection, &Vec::new()).await?.map_or(0, |known| known.chunks as u64),
    };
    writing.counted = Some(counted);
    let changed = collection.points().await?.abs_diff(counted).max(writing.changed);
    let tolerated = match staleness {
        Staleness::WithinARun => counted / 2,
        Staleness::AfterARun => counted / 50,
    };
    if changed > tolerated {
        writing.counted = Some(count(collection).await?);
        writing.changed = 0;
    }
    Ok(())
}

/// Counts all words, and writes the counts down. Gives the number of chunks.
async fn count(collection: &QdrantCollection) -> Result<u64> {
    let (mut chunks, mut buckets) = (0, BTreeMap::<u64, BTreeMap<u32, f32>>::new());
    let each = |point: RetrievedPoint| {
        chunks += 1;
        for (term, _) in point.vectors.and_then(values::words).unwrap_or_default() {
            *buckets.entry(bucket(term)).or_default().entry(term).or_default() += 1.0;
        }
    };
    each_vector(collection, "count words", WORDS, each).await?;
    write(collection, chunks, buckets).await?;
    collection.counts.forget();
    Ok(chunks)
}

async fn write(
    collection: &QdrantCollection,
    chunks: u64,
    mut buckets: BTreeMap<u64, BTreeMap<u32, f32>>,
) -> Result<()> {
    let name = made(collection).await?;
    let point = |bucket: u64| {
        let counts: Sparse = buckets.remove(&bucket).unwrap_or_default().into_iter().collect();
        let vectors = NamedVectors::default().add_vector(COUNTS, sparse(&counts));
        PointStruct::new(bucket, vectors, Payload::new())
    };
    // All of them: a term may be in none any more.
    let mut points: Vec<PointStruct> = (0..TOTAL).map(point).collect();
    let mut total = Payload::new();
    total.insert(CHUNKS, Value { kind: Some(Kind::IntegerValue(chunks as i64)) });
    points.push(PointStruct::new(TOTAL, NamedVectors::default(), total));
    for some in points.chunks(BUCKETS_AT_ONCE) {
        let request =
            UpsertPointsBuilder::new(name.as_str(), some.to_vec()).wait(true).ordering(collection.ordering()).build();
        let upsert = |client: Qdrant| {
            let request = request.clone();
            async move { client.upsert_points(request).await }
        };
        collection.connection.ask("write how many chunks have a word", upsert).await?;
    }
    Ok(())
}

/// Makes the counts' collection where it is not there yet, lets it answer if the chunks do, and gives its name.
async fn made(collection: &QdrantCollection) -> Result<String> {
    let name = name(collection.name());
    if !collection.is_there(&name).await? {
        let mut counts = SparseVectorsConfigBuilder::default();
        counts.add_named_vector_params(COUNTS, SparseVectorParamsBuilder::default());
        let request = CreateCollectionBuilder::new(name.as_str())
            .sparse_vectors_config(counts)
            .replication_factor(collection.options.replication_factor)
            .write_consistency_factor(collection.options.write_consistency)
            .build();
        let create = |client: Qdrant| {
            let request = request.clone();
            async move { client.create_collection(request).await }
        };
        collection.connection.ask("make a place for the words' counts", create).await?;
    }
    collection.let_counts_answer().await?;
    Ok(name)
}

/// The counts of what a collection or an alias names.
pub(super) fn name(of: &str) -> String {
    format!("{of}{TERMS}")
}

fn bucket(term: u32) -> u64 {
    u64::from(term % BUCKETS)
}

fn ids(buckets: &[u64]) -> Vec<PointId> {
    buckets.iter().map(|&bucket| PointId::from(bucket)).collect()
}
