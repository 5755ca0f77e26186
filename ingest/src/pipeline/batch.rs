//! A batch: documents that reach catalog and indexes together, or not at all.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::seam::{KeywordEntry, VectorPoint};
use footnote_core::source::file_of_uri;
use footnote_core::{Chunk, ChunkId, ContentHash, Document, DocumentId, Error, Facts, Result};
use futures::try_join;

use super::Stores;
use super::clock::elapsed_ms;
use crate::hash::content_hash;
use crate::report::Outcome;

/// A batch is written when it holds this many chunks…
const FULL_CHUNKS: usize = 1_000;
/// …or this many documents.
const FULL_DOCUMENTS: usize = 256;
/// Parts of a path that a document can be found by. Those further up are the same for the whole collection.
const PLACE_PARTS: usize = 3;
/// Texts handed to the embedding model at once.
const EMBED_TEXTS: usize = 64;

/// What is gathered until it is written.
#[derive(Default)]
pub(super) struct Batch {
    coming: Vec<Coming>,
    leaving: Vec<Leaving>,
    chunks: usize,
}

/// A document to be indexed.
pub(super) struct Coming {
    pub(super) ingested: IngestedDocument,
    pub(super) was_indexed: bool,
    pub(super) outcome: Outcome,
}

/// A document that is not, or no longer, to be indexed; its record has the status that it gets.
pub(super) struct Leaving {
    pub(super) record: DocumentRecord,
    pub(super) was_indexed: bool,
    /// Told when it is written; `None` where it was told before.
    pub(super) outcome: Option<Outcome>,
}

/// A batch with its vectors.
pub(super) struct Embedded {
    batch: Batch,
    points: Vec<VectorPoint>,
    entries: Vec<KeywordEntry>,
    /// Chunks of earlier versions that no version has any more.
    stale: Vec<ChunkId>,
    /// How long the model took for a chunk.
    ms_per_chunk: f64,
}

/// Chunks to be written: those that no earlier version of their documents had, and all of a document of which
/// filters would be told something else than before.
struct Fresh<'a> {
    record: &'a DocumentRecord,
    chunk: &'a Chunk,
    content: ContentHash,
    facts: Arc<Facts>,
}

/// What earlier versions of a batch's documents have in the indexes.
struct Old {
    chunks: HashSet<ChunkId>,
    /// Those of them that no version has any more.
    stale: Vec<ChunkId>,
    /// What filters were told of the documents.
    facts: HashMap<DocumentId, Facts>,
}

impl Batch {
    pub(super) fn add(&mut self, coming: Coming) {
        self.chunks += coming.ingested.chunks.len();
        self.coming.push(coming);
    }

    pub(super) fn drop_document(&mut self, leaving: Leaving) {
        self.leaving.push(leaving);
    }

    /// Whether it should be written before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.chunks >= FULL_CHUNKS || self.coming.len() + self.leaving.len() >= FULL_DOCUMENTS
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.coming.is_empty() && self.leaving.is_empty()
    }

    /// The documents that are indexed for the first time.
    pub(super) fn newcomers(&self) -> Vec<DocumentId> {
        let new = self.coming.iter().filter(|coming| !coming.was_indexed);
        new.map(|coming| coming.ingested.record.id).collect()
    }

    /// Embeds the chunks that no earlier version had. A chunk whose twin is in the collection already, under
    /// another name perhaps, takes over its vector. `embedded` hears after each run of the model how many it was;
    /// `known` how many there will be in all.
    ///
    /// # Errors
    /// When the model or a store fails.
    pub(super) async fn embed(
        self,
        collection: &str,
        stores: &Stores,
        known: impl FnOnce(usize) + Send,
        embedded: impl Fn(usize) + Send + Sync,
    ) -> Result<Embedded> {
        let old = self.old(stores).await?;
        let fresh = self.fresh(&old);
        let mut vectors = vectors_of_twins(collection, stores, &fresh).await?;
        let mut texts: Vec<(ContentHash, String)> = Vec::new();
        let mut wanted = HashSet::new();
        for Fresh { record, chunk, content, .. } in &fresh {
            if !vectors.contains_key(content) && wanted.insert(*content) {
                texts.push((*content, chunk.embedded_as(&record.uri, &record.title)));
            }
        }
        known(texts.len());
        // Texts of one length waste no padding.
        texts.sort_by_key(|(_, text)| text.len());
        let started = Instant::now();
        for group in texts.chunks(EMBED_TEXTS) {
            let made = stores.embedder.embed_passages(group.iter().map(|(_, text)| text.clone()).collect()).await?;
            if made.len() != group.len() {
                return Err(Error::internal(format!("{} texts gave {} vectors", group.len(), made.len())));
            }
            vectors.extend(group.iter().map(|(content, _)| *content).zip(made));
            embedded(group.len());
        }
        let ms_per_chunk = f64::from(elapsed_ms(started)) / texts.len().max(1) as f64;
        let mut points = Vec::with_capacity(fresh.len());
        for Fresh { chunk, content, facts, .. } in &fresh {
            let vector = vectors.get(content).cloned().ok_or_else(|| Error::internal("a chunk without a vector"))?;
            let facts = Arc::clone(facts);
            points.push(VectorPoint { chunk: chunk.id, document: chunk.document, vector, facts });
        }
        let entries = fresh.iter().map(|fresh| entry(fresh.record, fresh.chunk, &fresh.facts)).collect();
        Ok(Embedded { points, entries, stale: old.stale, ms_per_chunk, batch: self })
    }

    fn fresh(&self, old: &Old) -> Vec<Fresh<'_>> {
        let mut fresh = Vec::new();
        for IngestedDocument { record, document, chunks } in self.coming.iter().map(|coming| &coming.ingested) {
            let facts = Arc::new(Facts::of(record));
            let told = old.facts.get(&record.id) == Some(&*facts);
            fresh.extend(chunks.iter().filter(|chunk| !(told && old.chunks.contains(&chunk.id))).map(|chunk| Fresh {
                record,
                chunk,
                content: content_hash(chunk, &document.uri, &document.title),
                facts: Arc::clone(&facts),
            }));
        }
        fresh
    }

    async fn old(&self, stores: &Stores) -> Result<Old> {
        let (mut old, mut facts) = (HashSet::new(), HashMap::new());
        let changed = self.coming.iter().filter(|coming| coming.was_indexed).map(|coming| coming.ingested.record.id);
        let dropped = self.leaving.iter().filter(|leaving| leaving.was_indexed).map(|leaving| leaving.record.id);
        for id in changed.chain(dropped) {
            old.extend(stores.catalog.chunk_ids_of(id).await?);
            facts.extend(stores.catalog.record(id).await?.map(|record| (id, Facts::of(&record))));
        }
        let kept: HashSet<ChunkId> =
            self.coming.iter().flat_map(|coming| coming.ingested.chunks.iter().map(|chunk| chunk.id)).collect();
        let mut stale: Vec<ChunkId> = old.difference(&kept).copied().collect();
        stale.sort_unstable();
        Ok(Old { chunks: old, stale, facts })
    }
}

/// The vectors of contents that the collection holds already.
async fn vectors_of_twins(
    collection: &str,
    stores: &Stores,
    fresh: &[Fresh<'_>],
) -> Result<HashMap<ContentHash, Vec<f32>>> {
    let contents: Vec<ContentHash> = fresh.iter().map(|fresh| fresh.content).collect();
    let twins: Vec<(ContentHash, ChunkId)> = stores.catalog.twins(collection, &contents).await?.into_iter().collect();
    if twins.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<ChunkId> = twins.iter().map(|(_, id)| *id).collect();
    let vectors = stores.vectors.vectors(&ids).await?;
    Ok(twins.into_iter().zip(vectors).filter_map(|((content, _), vector)| Some((content, vector?))).collect())
}

impl Embedded {
    /// Writes the batch: the intent to the catalog, then both indexes, then the catalog's word that they hold
    /// it. After a crash in between, [`finish`](super::finish::finish) does what is left.
    /// Gives what became of each document, by uri, with its chunks and bytes.
    ///
    /// # Errors
    /// When a store fails.
    pub(super) async fn write(self, stores: &Stores) -> Result<Vec<Written>> {
        let Self { batch, points, entries, stale, ms_per_chunk } = self;
        let Batch { coming, leaving, chunks } = batch;
        let started = Instant::now();
        let mut written: Vec<Written> = coming.iter().map(Written::of).collect();
        let mut done: Vec<(DocumentId, Timings)> = Vec::new();
        let mut intents: Vec<IngestedDocument> = Vec::new();
        for Coming { mut ingested, .. } in coming {
            let embed = ms_per_chunk * f64::from(ingested.record.chunks);
            ingested.record.timings.embed = embed as u32;
            done.push((ingested.record.id, ingested.record.timings));
            intents.push(ingested);
        }
        for Leaving { record, .. } in leaving.iter().filter(|leaving| leaving.was_indexed) {
            done.push((record.id, record.timings));
            intents.push(without_text(record, record.status));
        }
        if !intents.is_empty() {
            stores.catalog.begin(intents).await?;
        }
        let touched = !points.is_empty() || !stale.is_empty();
        if !points.is_empty() {
            try_join!(stores.vectors.upsert(points), stores.keyword.upsert(entries))?;
        }
        if !stale.is_empty() {
            try_join!(stores.vectors.delete(stale.clone()), stores.keyword.delete(stale))?;
        }
        if touched {
            try_join!(stores.vectors.flush(), stores.keyword.commit())?;
        }
        if !done.is_empty() {
            let share = f64::from(elapsed_ms(started)) / chunks.max(1) as f64;
            for ((_, timings), written) in done.iter_mut().zip(&written) {
                timings.write = (share * f64::from(written.chunks)) as u32;
            }
            stores.catalog.commit(&done).await?;
        }
        let others: Vec<DocumentRecord> =
            leaving.iter().filter(|leaving| !leaving.was_indexed).map(|leaving| leaving.record.clone()).collect();
        if !others.is_empty() {
            stores.catalog.record_outcomes(others).await?;
        }
        written.extend(leaving.into_iter().filter_map(|Leaving { record, outcome, .. }| {
            Some(Written { uri: record.uri, outcome: outcome?, chunks: 0, bytes: 0 })
        }));
        Ok(written)
    }
}

/// What was written of a document.
pub(super) struct Written {
    pub(super) uri: String,
    pub(super) outcome: Outcome,
    pub(super) chunks: u32,
    pub(super) bytes: u64,
}

impl Written {
    fn of(coming: &Coming) -> Self {
        let record = &coming.ingested.record;
        Self { uri: record.uri.clone(), outcome: coming.outcome, chunks: record.chunks, bytes: record.bytes }
    }
}

/// What the keyword index gets of a chunk.
pub(super) fn entry(record: &DocumentRecord, chunk: &Chunk, facts: &Arc<Facts>) -> KeywordEntry {
    KeywordEntry {
        chunk: chunk.id,
        document: chunk.document,
        title: record.title.clone(),
        headings: chunk.heading_path.join(" > "),
        body: chunk.text.clone(),
        place: place(&record.uri),
        language: record.language.clone(),
        facts: Arc::clone(facts),
    }
}

/// The last folders above a file, and its name without the ending: what a reader may call it by.
fn place(uri: &str) -> String {
    let Some(path) = file_of_uri(uri) else { return String::new() };
    let stem = path.with_extension("");
    let parts: Vec<_> = stem.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(PLACE_PARTS)..].join(" ")
}

/// The version of a document that holds nothing, on its way to `status`. It takes the place of one that leaves the
/// indexes, so that a crash on the way is seen.
pub(super) fn without_text(record: &DocumentRecord, status: DocumentStatus) -> IngestedDocument {
    let document = Document {
        id: record.id,
        collection: record.collection.clone(),
        uri: record.uri.clone(),
        title: record.title.clone(),
        media_type: record.media_type.clone(),
        language: None,
        text: String::new(),
        pages: Vec::new(),
        headings: Vec::new(),
        lines: Vec::new(),
    };
    let record = DocumentRecord { chunks: 0, status, ..record.clone() };
    IngestedDocument { record, document, chunks: Vec::new() }
}
