//! A batch: documents that reach catalog and indexes together, or not at all.

use std::collections::HashSet;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use footnote_core::seam::{KeywordEntry, VectorPoint};
use footnote_core::{Chunk, ChunkId, Document, DocumentId, Error, Result};
use futures::try_join;

use super::Stores;
use super::prepare::Prepared;
use crate::report::Outcome;

/// A batch is written when it holds this many chunks…
const FULL_CHUNKS: usize = 1_000;
/// …or this many documents.
const FULL_DOCUMENTS: usize = 64;

/// Texts handed to the embedding model at once.
const EMBED_TEXTS: usize = 64;

/// What is gathered until it is written.
#[derive(Default)]
pub(super) struct Batch {
    /// To be indexed, each with whether an earlier version is.
    documents: Vec<(IngestedDocument, bool)>,
    /// Outcomes to be noted: refused documents, and removals (`None` to note).
    others: Vec<Other>,
    chunks: usize,
}

/// A document that is not, or no longer, to be indexed.
struct Other {
    record: DocumentRecord,
    was_indexed: bool,
    removed: bool,
}

/// A batch with its vectors.
pub(super) struct Embedded {
    batch: Batch,
    points: Vec<VectorPoint>,
    entries: Vec<KeywordEntry>,
    /// Chunks of earlier versions that no version has any more.
    stale: Vec<ChunkId>,
}

impl Batch {
    /// Takes in what was prepared. Nothing is to be done for an unchanged document.
    pub(super) fn add(&mut self, prepared: Prepared) {
        match prepared {
            Prepared::Unchanged { .. } => {}
            Prepared::Document { ingested, was_indexed } => {
                self.chunks += ingested.chunks.len();
                self.documents.push((*ingested, was_indexed));
            }
            Prepared::Refused { record, was_indexed, .. } => {
                self.others.push(Other { record: *record, was_indexed, removed: false });
            }
        }
    }

    /// Takes in a document whose source is gone.
    pub(super) fn remove(&mut self, record: DocumentRecord) {
        let was_indexed = record.status == DocumentStatus::Indexed;
        self.others.push(Other { record, was_indexed, removed: true });
    }

    /// Whether it should be written before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.chunks >= FULL_CHUNKS || self.documents.len() + self.others.len() >= FULL_DOCUMENTS
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.others.is_empty()
    }

    /// Embeds the chunks that no earlier version had. `embedded` hears after each run of the model how many
    /// it was; `known` how many there will be in all.
    ///
    /// # Errors
    /// When the model or the catalog fails.
    pub(super) async fn embed(
        self,
        stores: &Stores,
        known: impl FnOnce(usize) + Send,
        embedded: impl Fn(usize) + Send + Sync,
    ) -> Result<Embedded> {
        let (old, stale) = self.old_chunks(stores).await?;
        let mut fresh: Vec<(&Document, &Chunk, String)> = Vec::new();
        for (IngestedDocument { document, chunks, .. }, _) in &self.documents {
            let new = chunks.iter().filter(|chunk| !old.contains(&chunk.id));
            fresh.extend(new.map(|chunk| (document, chunk, chunk.embedded_text(&document.title))));
        }
        known(fresh.len());
        // Texts of one length waste no padding.
        fresh.sort_by_key(|(_, _, text)| text.len());
        let mut points = Vec::with_capacity(fresh.len());
        for group in fresh.chunks(EMBED_TEXTS) {
            let texts: Vec<String> = group.iter().map(|(_, _, text)| text.clone()).collect();
            let vectors = stores.embedder.embed_passages(texts).await?;
            if vectors.len() != group.len() {
                return Err(Error::internal(format!("{} texts gave {} vectors", group.len(), vectors.len())));
            }
            let made = group.iter().zip(vectors);
            points.extend(made.map(|((_, chunk, _), vector)| VectorPoint {
                chunk: chunk.id,
                document: chunk.document,
                vector,
            }));
            embedded(group.len());
        }
        let entries = fresh.iter().map(|(document, chunk, _)| entry(document, chunk)).collect();
        Ok(Embedded { points, entries, stale, batch: self })
    }

    /// The chunks that earlier versions have in the indexes, and those of them that go.
    async fn old_chunks(&self, stores: &Stores) -> Result<(HashSet<ChunkId>, Vec<ChunkId>)> {
        let mut old = HashSet::new();
        let changed =
            self.documents.iter().filter(|(_, was_indexed)| *was_indexed).map(|(ingested, _)| ingested.record.id);
        let dropped = self.others.iter().filter(|other| other.was_indexed).map(|other| other.record.id);
        for id in changed.chain(dropped) {
            old.extend(stores.catalog.chunk_ids_of(id).await?);
        }
        let kept: HashSet<ChunkId> =
            self.documents.iter().flat_map(|(ingested, _)| ingested.chunks.iter().map(|chunk| chunk.id)).collect();
        let mut stale: Vec<ChunkId> = old.difference(&kept).copied().collect();
        stale.sort_unstable();
        Ok((old, stale))
    }
}

impl Embedded {
    /// Writes the batch: the intent to the catalog, then both indexes, then the catalog's word that they hold
    /// it. A crash in between leaves its documents `indexing`, and the next run clears them.
    /// Gives what became of each document, by uri, with its chunks and bytes.
    ///
    /// # Errors
    /// When a store fails.
    pub(super) async fn write(self, stores: &Stores) -> Result<Vec<Written>> {
        let Self { batch, points, entries, stale } = self;
        let Batch { documents, others, .. } = batch;
        let mut written: Vec<Written> =
            documents.iter().map(|(ingested, was)| Written::of(&ingested.record, *was)).collect();
        let ids: Vec<DocumentId> = documents.iter().map(|(ingested, _)| ingested.record.id).collect();
        let mut intents: Vec<IngestedDocument> = documents.into_iter().map(|(ingested, _)| ingested).collect();
        intents.extend(others.iter().filter(|other| other.was_indexed).map(|other| emptied(&other.record)));
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
        if !ids.is_empty() {
            stores.catalog.commit(&ids).await?;
        }
        for Other { record, removed, .. } in others {
            if removed {
                written.push(Written { uri: record.uri, outcome: Outcome::Removed, chunks: 0, bytes: 0 });
                stores.catalog.remove(record.id).await?;
            } else {
                stores.catalog.record_outcome(record).await?;
            }
        }
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
    fn of(record: &DocumentRecord, was_indexed: bool) -> Self {
        let outcome = if was_indexed { Outcome::Changed } else { Outcome::Added };
        Self { uri: record.uri.clone(), outcome, chunks: record.chunks, bytes: record.bytes }
    }
}

fn entry(document: &Document, chunk: &Chunk) -> KeywordEntry {
    KeywordEntry {
        chunk: chunk.id,
        document: document.id,
        title: document.title.clone(),
        headings: chunk.heading_path.join(" > "),
        body: chunk.text.clone(),
    }
}

/// The version of a document that holds nothing. It takes the place of one that leaves the indexes, so that a
/// crash on the way is seen.
pub(super) fn emptied(record: &DocumentRecord) -> IngestedDocument {
    let document = Document {
        id: record.id,
        collection: record.collection.clone(),
        uri: record.uri.clone(),
        title: record.title.clone(),
        media_type: record.media_type.clone(),
        text: String::new(),
        pages: Vec::new(),
        headings: Vec::new(),
        lines: Vec::new(),
    };
    let record = DocumentRecord { chunks: 0, status: DocumentStatus::Indexing, ..record.clone() };
    IngestedDocument { record, document, chunks: Vec::new() }
}
