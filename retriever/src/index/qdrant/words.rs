//! The keyword leg on a Qdrant server: BM25 in sparse vectors.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use footnote_core::seam::{Hit, KeywordEntry, KeywordIndex};
use footnote_core::{ChunkId, Filter, Result};
use futures::{StreamExt, TryStreamExt, stream};
use qdrant_client::Qdrant;
use qdrant_client::qdrant::{
    Condition, Filter as Asked, GetPointsBuilder, NamedVectors, PointStruct, PointVectors, QueryPointsBuilder,
    UpdatePointVectorsBuilder, UpsertPointsBuilder,
};

use super::super::bm25::{self, Sparse};
use super::super::payload;
use super::super::terms::entry_terms;
use super::collection::{QdrantCollection, Writing};
use super::counts::{self, Staleness};
use super::filter::translated;
use super::pages::chunks_with;
use super::points::{self, AT_ONCE, nearest_words};
use super::values::{self, chunk_of, point_id, sparse};
use super::{WORDS, complaint::Complaint};
use crate::words;

/// The words of a collection's chunks on a Qdrant server.
pub struct QdrantKeyword {
    collection: Arc<QdrantCollection>,
}

/// An entry with its vector.
struct Weighed {
    entry: KeywordEntry,
    words: Sparse,
}

impl QdrantKeyword {
    /// The words of `collection`.
    #[must_use]
    pub fn new(collection: Arc<QdrantCollection>) -> Self {
        Self { collection }
    }

    /// Settles the average length of documents, in terms, for what is written from now on. Where nobody does, that of
    /// the first batch is taken.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn settle_mean_length(&self, mean: f32) -> Result<()> {
        self.collection.made().await?;
        let mut writing = self.collection.writing().await;
        self.collection.settle_mean_length(mean, &mut writing).await
    }

    async fn weighed(&self, entries: Vec<KeywordEntry>, writing: &mut Writing) -> Result<Vec<Weighed>> {
        let terms: Vec<Vec<String>> = entries.iter().map(entry_terms).collect();
        let mean = match writing.mean_length {
            Some(mean) => mean,
            None => {
                let mean = terms.iter().map(Vec::len).sum::<usize>() as f32 / terms.len() as f32;
                self.collection.settle_mean_length(mean.max(1.0), writing).await?;
                mean
            }
        };
        let weighed = entries.into_iter().zip(terms);
        Ok(weighed.map(|(entry, terms)| Weighed { words: bm25::document(&terms, mean), entry }).collect())
    }

    /// Gives points their words; makes those that the vector leg has not made yet.
    async fn write(&self, batch: &[Weighed]) -> Result<()> {
        match self.update(batch.iter()).await {
            Ok(()) => return Ok(()),
            Err(complaint) if !complaint.missing => return Err(complaint.error),
            Err(_) => {}
        }
        let there = self.present(batch).await?;
        let (old, new): (Vec<&Weighed>, Vec<&Weighed>) =
            batch.iter().partition(|weighed| there.contains(&weighed.entry.chunk));
        self.insert(&new).await?;
        self.update(old.into_iter()).await.map_err(|complaint| complaint.error)
    }

    async fn update(&self, batch: impl Iterator<Item = &Weighed>) -> std::result::Result<(), Complaint> {
        let collection = &self.collection;
        let points: Vec<PointVectors> = batch
            .map(|Weighed { entry, words }| PointVectors {
                id: Some(point_id(entry.chunk)),
                vectors: Some(NamedVectors::default().add_vector(WORDS, sparse(words)).into()),
            })
            .collect();
        if points.is_empty() {
            return Ok(());
        }
        let request = UpdatePointVectorsBuilder::new(collection.name(), points)
            .wait(true)
            .ordering(collection.ordering())
            .build();
        let update = |client: Qdrant| {
            let request = request.clone();
            async move { client.update_vectors(request).await }
        };
        collection.connection.attempt("write words", update).await.map(drop)
    }

    async fn insert(&self, batch: &[&Weighed]) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let collection = &self.collection;
        let points = batch.iter().map(|Weighed { entry, words }| {
            let payload = values::payload(payload::payload(entry.document, &entry.facts));
            PointStruct::new(point_id(entry.chunk), NamedVectors::default().add_vector(WORDS, sparse(words)), payload)
        });
        let request = UpsertPointsBuilder::new(collection.name(), points.collect::<Vec<_>>())
            .wait(true)
            .ordering(collection.ordering())
            .build();
        let upsert = |client: Qdrant| {
            let request = request.clone();
            async move { client.upsert_points(request).await }
        };
        collection.connection.ask("write words", upsert).await.map(drop)
    }

    async fn ask(&self, query: &str, limit: usize, filter: Option<Asked>) -> Result<Vec<Hit>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        if !self.collection.exists().await? {
            return Err(self.collection.not_there());
        }
        let languages = self.collection.languages.of(&self.collection).await?;
        let terms = words::query_terms(query, &languages.iter().map(String::as_str).collect::<Vec<_>>());
        let words = bm25::question(&terms.concat());
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let words = match self.collection.is_counted() {
            true => self.collection.counts.weigh(&self.collection, words).await?,
            false => words,
        };
        let query = QueryPointsBuilder::new(self.collection.asked()).query(nearest_words(&words)).using(WORDS);
        points::search(&self.collection, "search words", query, limit, filter).await
    }

    async fn present(&self, batch: &[Weighed]) -> Result<HashSet<ChunkId>> {
        let ids: Vec<_> = batch.iter().map(|weighed| point_id(weighed.entry.chunk)).collect();
        let request =
            GetPointsBuilder::new(self.collection.name(), ids).with_payload(false).with_vectors(false).build();
        let get = |client: Qdrant| {
            let request = request.clone();
            async move { client.get_points(request).await }
        };
        let reply = self.collection.connection.ask("look for chunks", get).await?;
        Ok(reply.result.into_iter().filter_map(|point| chunk_of(point.id)).collect())
    }
}

#[async_trait]
impl KeywordIndex for QdrantKeyword {
    async fn upsert(&self, entries: Vec<KeywordEntry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.collection.made().await?;
        let mut writing = self.collection.writing().await;
        let weighed = self.weighed(entries, &mut writing).await?;
        let batches: Vec<_> = weighed.chunks(self.collection.options.batch).map(|batch| self.write(batch)).collect();
        let sent = stream::iter(batches).buffer_unordered(AT_ONCE);
        sent.try_collect::<()>().await?;
        writing.changed += weighed.len() as u64;
        writing.words.extend(weighed.into_iter().map(|weighed| (weighed.entry.chunk, weighed.words)));
        Ok(())
    }

    /// Removes the chunks whole, their vectors too: whoever removes words of a chunk removes the chunk.
    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        points::delete(&self.collection, chunks).await
    }

    async fn commit(&self) -> Result<()> {
        points::flush(&self.collection).await?;
        counts::refresh(&self.collection, Staleness::WithinARun).await
    }

    async fn search(&self, query: &str, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        self.ask(query, limit, filter.map(translated)).await
    }

    async fn scores(&self, query: &str, chunks: &[ChunkId]) -> Result<Vec<Hit>> {
        let these = Condition::has_id(chunks.iter().copied().map(point_id));
        self.ask(query, chunks.len(), Some(Asked::must([these]))).await
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        chunks_with(&self.collection, WORDS).await
    }
}
