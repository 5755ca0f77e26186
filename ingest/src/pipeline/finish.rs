//! Finishes what a run that was cut short had begun.

use std::collections::HashSet;
use std::sync::Arc;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, Timings};
use footnote_core::seam::VectorPoint;
use footnote_core::{Chunk, ChunkId, DocumentId, Error, Facts, Result};
use futures::try_join;

use super::Stores;
use super::batch::entry;

/// Documents that are finished together.
const AT_ONCE: usize = 64;

/// Brings the documents of `collection` that are still `indexing` to the status that they were begun for. The
/// catalog has their whole text, so nothing is read again and nothing is lost, whatever became of the file since.
/// Gives their uris.
///
/// # Errors
/// When a store or the model fails; what was not finished then is finished the next time.
pub async fn finish(stores: &Stores, collection: &str) -> Result<Vec<String>> {
    let unfinished = stores.catalog.documents(collection, Some(DocumentStatus::Indexing)).await?;
    for some in unfinished.chunks(AT_ONCE) {
        finish_some(stores, some).await?;
    }
    Ok(unfinished.into_iter().map(|record| record.uri).collect())
}

async fn finish_some(stores: &Stores, records: &[DocumentRecord]) -> Result<()> {
    let (mut chunks, mut stale): (Vec<(Chunk, DocumentRecord)>, Vec<ChunkId>) = (Vec::new(), Vec::new());
    for record in records {
        tracing::warn!(uri = record.uri, "the last run was cut short while it wrote this document: finishing it");
        let ids = stores.catalog.chunk_ids_of(record.id).await?;
        let present = stores.catalog.chunks(&ids).await?;
        let kept: HashSet<ChunkId> = present.iter().map(|(chunk, _)| chunk.id).collect();
        stale.extend(ids.into_iter().filter(|id| !kept.contains(id)));
        chunks.extend(present);
    }
    restore(stores, &chunks, true).await?;
    if !stale.is_empty() {
        try_join!(stores.vectors.delete(stale.clone()), stores.keyword.delete(stale))?;
    }
    try_join!(stores.vectors.flush(), stores.keyword.commit())?;
    let done: Vec<(DocumentId, Timings)> = records.iter().map(|record| (record.id, record.timings)).collect();
    stores.catalog.commit(&done).await
}

/// Writes chunks to both indexes; those whose vectors are there keep them when `reuse` is set.
///
/// # Errors
/// When a store or the model fails.
pub(super) async fn restore(stores: &Stores, chunks: &[(Chunk, DocumentRecord)], reuse: bool) -> Result<()> {
    for some in chunks.chunks(AT_ONCE) {
        let ids: Vec<ChunkId> = some.iter().map(|(chunk, _)| chunk.id).collect();
        let mut vectors = if reuse { stores.vectors.vectors(&ids).await? } else { vec![None; ids.len()] };
        let missing: Vec<usize> = (0..some.len()).filter(|&at| vectors[at].is_none()).collect();
        let text = |at: &usize| some[*at].0.embedded_as(&some[*at].1.uri, &some[*at].1.title);
        let texts = missing.iter().map(text).collect();
        for (at, vector) in missing.into_iter().zip(stores.embedder.embed_passages(texts).await?) {
            vectors[at] = Some(vector);
        }
        let (mut points, mut entries) = (Vec::with_capacity(some.len()), Vec::with_capacity(some.len()));
        for ((chunk, record), vector) in some.iter().zip(vectors) {
            let vector = vector.ok_or_else(|| Error::internal("a chunk without a vector"))?;
            // Also for a vector that is there: what filters are told of it may be that of an earlier version.
            let facts = Arc::new(Facts::of(record));
            entries.push(entry(record, chunk, &facts));
            points.push(VectorPoint { chunk: chunk.id, document: chunk.document, vector, facts });
        }
        stores.vectors.upsert(points).await?;
        stores.keyword.upsert(entries).await?;
    }
    Ok(())
}
