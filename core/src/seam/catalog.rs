use std::collections::HashMap;
use std::path::Path;

use async_trait::async_trait;

use crate::access::Grants;
use crate::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use crate::chunk::{Chunk, ChunkId, ContentHash};
use crate::document::{Document, DocumentId};
use crate::error::Result;

/// The record of what was ingested, as everybody reads it.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Names of the collections, sorted.
    ///
    /// # Errors
    /// When the catalog cannot be read (so for every method).
    async fn collections(&self) -> Result<Vec<String>>;

    /// The rows of a collection by uri: those of one status, or all but the deleted ones.
    /// [`DocumentStatus::Indexed`] means those that are [`Unchanged`](DocumentStatus::Unchanged) too.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn documents(&self, collection: &str, status: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>>;

    /// One row.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn record(&self, id: DocumentId) -> Result<Option<DocumentRecord>>;

    /// The versions of a document that later ones replaced, newest first, as they last stood.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn versions(&self, id: DocumentId) -> Result<Vec<DocumentRecord>>;

    /// A document's text and places; `None` when it is unknown or was never extracted.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn document(&self, id: DocumentId) -> Result<Option<Document>>;

    /// The chunks of these ids with their documents' rows, in the order asked for; unknown ones are left out.
    /// Those of a document that is being replaced are its new ones: their text is in the catalog already.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>>;

    /// Whether an indexed document of the collection that `grants` let be seen has this field of its own.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn has_field(&self, collection: &str, name: &str, grants: &Grants) -> Result<bool>;

    /// How many indexed documents of the collection `grants` let be seen. Implementations count without reading them all.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn visible(&self, collection: &str, grants: &Grants) -> Result<usize> {
        let indexed = self.documents(collection, Some(DocumentStatus::Indexed)).await?;
        Ok(indexed.iter().filter(|record| grants.may_see(&record.metadata.labels)).count())
    }

    /// The languages that the collection's indexed documents are in, the most frequent first.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn languages(&self, collection: &str) -> Result<Vec<String>>;

    /// A named fact about a collection (with which embedding model it was made, say).
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn fact(&self, collection: &str, name: &str) -> Result<Option<String>>;
}

/// The record of what was ingested, as the ingestion worker keeps it: the truth that the indexes are checked against.
#[async_trait]
pub trait CatalogWriter: Catalog {
    /// The chunk ids of a document. Of one that is `indexing`, those of the version that it replaces too:
    /// all that may be in an index.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn chunk_ids_of(&self, id: DocumentId) -> Result<Vec<ChunkId>>;

    /// The chunk ids of every indexed document of a collection.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn chunk_ids(&self, collection: &str) -> Result<Vec<ChunkId>>;

    /// Indexed chunks of a collection that have one of these contents: their vectors need no model.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn twins(&self, collection: &str, contents: &[ContentHash]) -> Result<HashMap<ContentHash, ChunkId>>;

    /// Writes documents with their chunks, as `indexing`, in one transaction: the intent, before the
    /// indexes are touched. Earlier versions are replaced. The status that a record brings is the one that
    /// [`Self::commit`] will give it: a document that leaves the indexes comes without chunks, to be `deleted`,
    /// say.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn begin(&self, documents: Vec<IngestedDocument>) -> Result<()>;

    /// Gives documents the status that they were begun for, in one transaction: both indexes agree.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn commit(&self, done: &[(DocumentId, Timings)]) -> Result<()>;

    /// Writes rows of documents that are in no index, in one transaction: queued, skipped, failed and deleted
    /// ones.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn record_outcomes(&self, records: Vec<DocumentRecord>) -> Result<()>;

    /// Says how far documents have come that are not indexed yet. Rows of indexed ones stay as they are: the old
    /// version answers until the new one does. It need not survive a crash.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn mark(&self, ids: &[DocumentId], status: DocumentStatus) -> Result<()>;

    /// Notes, in one transaction, that the sources of indexed documents were found as they were, with the time of
    /// change that they have now.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn found_unchanged(&self, found: &[(DocumentId, Option<i64>)]) -> Result<()>;

    /// Sets a fact; the collection comes to exist.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn set_fact(&self, collection: &str, name: &str, value: &str) -> Result<()>;

    /// Takes over, in one transaction, the documents and chunks that the catalog in the SQLite file `next` has of
    /// `collection`, in place of those here, and its facts, with `facts` added: the step that swaps an index that
    /// was made anew for the old one.
    ///
    /// # Errors
    /// When either cannot be read or this one not be written; nothing changed then.
    async fn adopt(&self, next: &Path, collection: &str, facts: &[(&str, &str)]) -> Result<()>;
}
