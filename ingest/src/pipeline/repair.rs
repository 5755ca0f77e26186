//! Mends what `verify` found.

use std::collections::HashSet;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use footnote_core::{Chunk, ChunkId, Document, DocumentId, Result};
use futures::try_join;
use serde::Serialize;

use super::Ingestor;
use super::batch::{Batch, Coming, Leaving};
use super::finish::{finish, restore};
use super::plan::blank_record;
use crate::report::Outcome;
use crate::verify::VerifyReport;

/// Chunks that are restored at once.
const AT_ONCE: usize = 500;

/// What [`Ingestor::repair`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// Documents that had been left half written, and are finished now.
    pub finished: usize,
    /// Chunks that were in an index only, and are not any more.
    pub removed: usize,
    /// Chunks that an index lacked, and has now.
    pub restored: usize,
    /// Documents that were cut and embedded anew from their texts.
    pub recut: usize,
    /// Documents whose texts are lost too: they are `failed`, and read again by the next ingestion of their files.
    pub lost: Vec<String>,
}

impl Ingestor {
    /// Mends what `found` tells of. The catalog is believed, and of it the texts of documents before their chunks.
    ///
    /// # Errors
    /// When a store or the model fails; another repair goes on from there.
    pub async fn repair(&self, found: &VerifyReport) -> Result<Repair> {
        let _alone = self.running.lock().await;
        let mut repair = Repair {
            finished: finish(&self.stores, &self.options.collection).await?.len(),
            removed: self.remove_orphans(found).await?,
            restored: self.restore_missing(found).await?,
            ..Repair::default()
        };
        let wrong = self.documents_of(&found.wrong_text).await?;
        let wrong: HashSet<DocumentId> = wrong.into_iter().chain(found.wrong_count.iter().copied()).collect();
        for id in wrong {
            self.recut(id, &mut repair).await?;
        }
        Ok(repair)
    }

    async fn remove_orphans(&self, found: &VerifyReport) -> Result<usize> {
        let (vectors, keyword) = (found.vectors.orphans.clone(), found.keyword.orphans.clone());
        let all: HashSet<ChunkId> = vectors.iter().chain(&keyword).copied().collect();
        if !all.is_empty() {
            try_join!(self.stores.vectors.delete(vectors), self.stores.keyword.delete(keyword))?;
            try_join!(self.stores.vectors.flush(), self.stores.keyword.commit())?;
        }
        Ok(all.len())
    }

    async fn restore_missing(&self, found: &VerifyReport) -> Result<usize> {
        let missing: HashSet<ChunkId> = found.vectors.missing.iter().chain(&found.keyword.missing).copied().collect();
        let missing: Vec<ChunkId> = missing.into_iter().collect();
        for some in missing.chunks(AT_ONCE) {
            let chunks: Vec<(Chunk, DocumentRecord)> = self.stores.catalog.chunks(some).await?;
            restore(&self.stores, &chunks, true).await?;
        }
        if !missing.is_empty() {
            try_join!(self.stores.vectors.flush(), self.stores.keyword.commit())?;
        }
        Ok(missing.len())
    }

    async fn documents_of(&self, chunks: &[ChunkId]) -> Result<Vec<DocumentId>> {
        let mut documents = Vec::new();
        for some in chunks.chunks(AT_ONCE) {
            documents.extend(self.stores.catalog.chunks(some).await?.into_iter().map(|(chunk, _)| chunk.document));
        }
        Ok(documents)
    }

    /// Takes a document out and puts it in again, cut from its text.
    async fn recut(&self, id: DocumentId, repair: &mut Repair) -> Result<()> {
        let catalog = &self.stores.catalog;
        let Some(record) = catalog.record(id).await?.filter(|record| record.status.is_indexed()) else { return Ok(()) };
        let text = catalog.document(id).await?.filter(|document| !document.text.is_empty());
        let mut out = Batch::default();
        let empty = DocumentRecord {
            status: DocumentStatus::Failed,
            reason: Some("its text was lost; ingest its file again".to_owned()),
            content_hash: String::new(),
            chunks: 0,
            ..record.clone()
        };
        out.drop_document(Leaving { record: empty, was_indexed: true, outcome: None });
        self.put(out).await?;
        let Some(document) = text else {
            repair.lost.push(record.uri);
            return Ok(());
        };
        let ingested = self.cut_again(&record, document)?;
        let mut again = Batch::default();
        again.add(Coming { ingested, was_indexed: false, outcome: Outcome::Changed });
        self.put(again).await?;
        repair.recut += 1;
        Ok(())
    }

    fn cut_again(&self, record: &DocumentRecord, document: Document) -> Result<IngestedDocument> {
        let blank = blank_record(&self.options.collection, &record.uri, None);
        let mut record = DocumentRecord { status: DocumentStatus::Queued, timings: blank.timings, ..record.clone() };
        self.preparer.cut_stored(&mut record, document)
    }

    async fn put(&self, batch: Batch) -> Result<()> {
        let embedded = batch.embed(&self.options.collection, &self.stores, |_| {}, |_| {}).await?;
        embedded.write(&self.stores).await.map(drop)
    }
}
