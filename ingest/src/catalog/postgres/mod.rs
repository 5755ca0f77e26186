//! The catalog in PostgreSQL: one footnote writes, any number of query servers read.
//!
//! * [`connect`]: connections, and errors in words. `schema`: the tables. `row`: rows to words.
//! * `read`: what is asked. `writer`: who writes. `write`: what is told.

mod connect;
mod read;
mod row;
mod schema;
mod write;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::seam::{Catalog, CatalogWriter};
use footnote_core::{Chunk, ChunkId, ContentHash, Document, DocumentId, Error, Grants, Result};
use tokio::sync::Mutex;

pub use self::connect::{Postgres, PostgresOptions};
use self::write::Change;
use self::writer::Writer;
use super::SqliteCatalog;

/// A catalog in a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresCatalog {
    postgres: Postgres,
    /// `None`: opened to read.
    writer: Option<Arc<Mutex<Writer>>>,
}

impl PostgresCatalog {
    /// Opens what another footnote wrote.
    ///
    /// # Errors
    /// [`Code::PathMissing`](footnote_core::Code::PathMissing) where nothing was ingested yet,
    /// [`Code::DataFolderFormat`](footnote_core::Code::DataFolderFormat) for tables of another version, and those of
    /// the connection.
    pub async fn open_to_read(postgres: Postgres) -> Result<Self> {
        schema::check(&postgres).await?;
        Ok(Self { postgres, writer: None })
    }

    /// Opens it as the one that writes, and makes the tables where there are none. `holder` is what others are told.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`](footnote_core::Code::DataFolderInUse) while another footnote writes; as
    /// [`Self::open_to_read`] otherwise.
    pub async fn open_to_write(postgres: Postgres, holder: &str) -> Result<Self> {
        let writer = Writer::begin(postgres.clone(), holder).await?;
        Ok(Self { postgres, writer: Some(Arc::new(Mutex::new(writer))) })
    }

    /// Copies a collection from a catalog in SQLite, in one transaction. Here there is none of its name.
    ///
    /// # Errors
    /// When either fails; nothing changed then.
    pub async fn copy(&self, from: &SqliteCatalog, collection: &str) -> Result<()> {
        self.write(&Change::Copy(from, collection)).await
    }

    async fn write(&self, change: &Change<'_>) -> Result<()> {
        match &self.writer {
            Some(writer) => writer.lock().await.write(change).await,
            None => Err(Error::internal("the catalog was opened to be read")),
        }
    }
}

#[async_trait]
impl Catalog for PostgresCatalog {
    async fn collections(&self) -> Result<Vec<String>> {
        read::collections(&self.postgres).await
    }

    async fn documents(&self, collection: &str, status: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>> {
        read::documents(&self.postgres, collection, status).await
    }

    async fn record(&self, id: DocumentId) -> Result<Option<DocumentRecord>> {
        read::record(&self.postgres, id).await
    }

    async fn versions(&self, id: DocumentId) -> Result<Vec<DocumentRecord>> {
        read::versions(&self.postgres, id).await
    }

    async fn document(&self, id: DocumentId) -> Result<Option<Document>> {
        read::document(&self.postgres, id).await
    }

    async fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
        read::chunks(&self.postgres, ids).await
    }

    async fn has_field(&self, collection: &str, name: &str, grants: &Grants) -> Result<bool> {
        read::has_field(&self.postgres, collection, name, grants).await
    }

    async fn visible(&self, collection: &str, grants: &Grants) -> Result<usize> {
        read::visible(&self.postgres, collection, grants).await
    }

    async fn languages(&self, collection: &str) -> Result<Vec<String>> {
        read::languages(&self.postgres, collection).await
    }

    async fn fact(&self, collection: &str, name: &str) -> Result<Option<String>> {
        read::fact(&self.postgres, collection, name).await
    }
}

#[async_trait]
impl CatalogWriter for PostgresCatalog {
    async fn chunk_ids_of(&self, id: DocumentId) -> Result<Vec<ChunkId>> {
        read::chunk_ids_of(&self.postgres, id).await
    }

    async fn chunk_ids(&self, collection: &str) -> Result<Vec<ChunkId>> {
        read::chunk_ids(&self.postgres, collection).await
    }

    async fn twins(&self, collection: &str, contents: &[ContentHash]) -> Result<HashMap<ContentHash, ChunkId>> {
        read::twins(&self.postgres, collection, contents).await
    }

    async fn begin(&self, documents: Vec<IngestedDocument>) -> Result<()> {
        self.write(&Change::Begin(&documents)).await
    }

    async fn commit(&self, done: &[(DocumentId, Timings)]) -> Result<()> {
        self.write(&Change::Commit(done)).await
    }

    async fn record_outcomes(&self, records: Vec<DocumentRecord>) -> Result<()> {
        self.write(&Change::Outcomes(&records)).await
    }

    async fn mark(&self, ids: &[DocumentId], status: DocumentStatus) -> Result<()> {
        self.write(&Change::Mark(ids, status)).await
    }

    async fn found_unchanged(&self, found: &[(DocumentId, Option<i64>)]) -> Result<()> {
        self.write(&Change::Unchanged(found)).await
    }

    async fn set_fact(&self, collection: &str, name: &str, value: &str) -> Result<()> {
        self.write(&Change::Fact(collection, name, value)).await
    }

    async fn adopt(&self, next: &Path, collection: &str, facts: &[(&str, &str)]) -> Result<()> {
        let next = SqliteCatalog::open(next)?;
        self.write(&Change::Adopt(&next, collection, facts)).await
    }
}

#[cfg(test)]
pub(in crate::catalog) mod testing;
#[cfg(test)]
mod tests;
