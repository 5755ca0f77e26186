//! Takes one document out of everything.

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::{DocumentId, Result};
use futures::try_join;

use super::Stores;
use super::batch::without_text;
use super::clock::now_ms;
use super::plan::member_uri;

/// Removes a document from both indexes; its row stays, as `deleted`, with the reason. Gives the row as it was, or
/// `None` where there is no such document.
///
/// A crash on the way leaves the document `indexing`; [`finish`](super::finish()) does the rest.
///
/// # Errors
/// When a store fails.
pub async fn remove(stores: &Stores, id: DocumentId, reason: &str) -> Result<Option<DocumentRecord>> {
    let Stores { catalog, .. } = stores;
    let Some(record) = catalog.record(id).await?.filter(|record| record.status != DocumentStatus::Deleted) else {
        return Ok(None);
    };
    if crate::media_type::is_container(&record.media_type) {
        // What is in an archive goes with it.
        let inside = member_uri(&record.uri, "");
        for member in catalog.documents(&record.collection, None).await? {
            if member.uri.starts_with(&inside) {
                remove_one(stores, &member, reason).await?;
            }
        }
    }
    remove_one(stores, &record, reason).await?;
    Ok(Some(record))
}

async fn remove_one(stores: &Stores, record: &DocumentRecord, reason: &str) -> Result<()> {
    let Stores { catalog, vectors, keyword, .. } = stores;
    let (id, deleted) = (record.id, deleted(record, reason));
    if record.status.is_indexed() || record.status == DocumentStatus::Indexing {
        catalog.begin(vec![without_text(&deleted, DocumentStatus::Deleted)]).await?;
        let chunks = catalog.chunk_ids_of(id).await?;
        try_join!(vectors.delete(chunks.clone()), keyword.delete(chunks))?;
        try_join!(vectors.flush(), keyword.commit())?;
        catalog.commit(&[(id, deleted.timings)]).await?;
    } else {
        catalog.record_outcomes(vec![deleted]).await?;
    }
    Ok(())
}

/// The row of a document that leaves.
pub(super) fn deleted(record: &DocumentRecord, reason: &str) -> DocumentRecord {
    DocumentRecord {
        status: DocumentStatus::Deleted,
        reason: Some(reason.to_owned()),
        chunks: 0,
        attempts: 0,
        retry_at_ms: None,
        updated_ms: now_ms(),
        ..record.clone()
    }
}
