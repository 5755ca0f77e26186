use async_trait::async_trait;

use crate::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use crate::chunk::{Chunk, ChunkId};
use crate::document::{Document, DocumentId};
use crate::error::Result;

/// The record of what was ingested: the truth that the indexes are checked against.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Names of the collections, sorted.
    ///
    /// # Errors
    /// When the catalog cannot be read (so for every method).
    async fn collections(&self) -> Result<Vec<String>>;

    /// The rows of a collection by uri, or only those of one status.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn documents(&self, collection: &str, status: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>>;

    /// One row.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn record(&self, id: DocumentId) -> Result<Option<DocumentRecord>>;

    /// A document's text and places; `None` when it is unknown or was never extracted.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn document(&self, id: DocumentId) -> Result<Option<Document>>;

    /// The chunks of these ids with their documents' rows, in the order asked for; unknown ones and
    /// those of documents that are not indexed are left out.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>>;

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

    /// Writes documents with their chunks, as `indexing`, in one transaction: the intent, before the
    /// indexes are touched. Earlier versions are replaced.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn begin(&self, documents: Vec<IngestedDocument>) -> Result<()>;

    /// Marks documents as `indexed`, in one transaction: both indexes hold them safely.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn commit(&self, ids: &[DocumentId]) -> Result<()>;

    /// Writes rows of documents that have no chunks: skipped and failed ones.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn record_outcome(&self, record: DocumentRecord) -> Result<()>;

    /// Removes a document and its chunks.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn remove(&self, id: DocumentId) -> Result<()>;

    /// A named fact about a collection (with which embedding model it was made, say).
    ///
    /// # Errors
    /// When the catalog cannot be read.
    async fn fact(&self, collection: &str, name: &str) -> Result<Option<String>>;

    /// Sets a fact; the collection comes to exist.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    async fn set_fact(&self, collection: &str, name: &str, value: &str) -> Result<()>;
}
