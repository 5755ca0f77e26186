//! Clears what a run that was cut short left behind.

use footnote_core::Result;
use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::seam::{Catalog, KeywordIndex, VectorStore};
use futures::try_join;

/// Clears the documents of `collection` that are still `indexing` from both indexes and from the catalog, so
/// that all three agree and the documents are ingested again. Gives the rows that were cleared.
///
/// # Errors
/// When a store fails; what was not cleared then is cleared the next time.
pub async fn recover(
    catalog: &dyn Catalog,
    vectors: &dyn VectorStore,
    keyword: &dyn KeywordIndex,
    collection: &str,
) -> Result<Vec<DocumentRecord>> {
    let unfinished = catalog.documents(collection, Some(DocumentStatus::Indexing)).await?;
    if unfinished.is_empty() {
        return Ok(unfinished);
    }
    let mut chunks = Vec::new();
    for record in &unfinished {
        tracing::warn!(uri = record.uri, "the last run was cut short while it wrote this document: clearing it");
        chunks.extend(catalog.chunk_ids_of(record.id).await?);
    }
    try_join!(vectors.delete(chunks.clone()), keyword.delete(chunks))?;
    try_join!(vectors.flush(), keyword.commit())?;
    for record in &unfinished {
        catalog.remove(record.id).await?;
    }
    Ok(unfinished)
}
