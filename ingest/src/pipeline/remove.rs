//! Takes one document out of everything.

use footnote_core::catalog::DocumentStatus;
use footnote_core::seam::{Catalog, KeywordIndex, VectorStore};
use footnote_core::{DocumentId, Result};
use futures::try_join;

use super::batch::emptied;

/// Removes a document from both indexes and from the catalog. Gives whether it was there.
///
/// A crash on the way leaves the document `indexing`; [`recover`](super::recover) finishes the work.
///
/// # Errors
/// When a store fails.
pub async fn remove(
    catalog: &dyn Catalog,
    vectors: &dyn VectorStore,
    keyword: &dyn KeywordIndex,
    id: DocumentId,
) -> Result<bool> {
    let Some(record) = catalog.record(id).await? else { return Ok(false) };
    if matches!(record.status, DocumentStatus::Indexed | DocumentStatus::Indexing) {
        catalog.begin(vec![emptied(&record)]).await?;
        let chunks = catalog.chunk_ids_of(id).await?;
        try_join!(vectors.delete(chunks.clone()), keyword.delete(chunks))?;
        try_join!(vectors.flush(), keyword.commit())?;
    }
    catalog.remove(id).await?;
    Ok(true)
}
