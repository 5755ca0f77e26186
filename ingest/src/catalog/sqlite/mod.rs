//! The catalog in one file, in SQLite.

mod adopt;
mod read;
mod row;
mod schema;
mod write;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::seam::{Catalog, CatalogWriter};
use footnote_core::{Chunk, ChunkId, Code, ContentHash, Document, DocumentId, Error, Grants, Result};
use rusqlite::{Connection, ErrorCode};
use tokio::runtime::{Handle, RuntimeFlavor};

use self::schema::Refusal;

/// Readers that are kept open between questions.
const IDLE_READERS: usize = 8;

/// How long a writer of another process is waited for.
const BUSY: Duration = Duration::from_secs(5);
/// With less than this free, an I/O error of SQLite's means a full disk. It grows its files by less.
const FULL_BYTES: u64 = 1 << 20;

/// A catalog in one file. Its work runs on the runtime's blocking threads, but for what a question waits for. Readers do
/// not wait for the writer (write-ahead log); writers wait for each other.
#[derive(Clone)]
pub struct SqliteCatalog {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// Idle ones: a reader is taken, used and put back.
    readers: Mutex<Vec<Connection>>,
}

impl Inner {
    fn read<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let outcome = idle.map_or_else(|| connect(&self.path), Ok).and_then(|reader| {
            let answer = question(&reader)?;
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < IDLE_READERS {
                readers.push(reader);
            }
            Ok(answer)
        });
        outcome.map_err(|error| sqlite(&self.path, error))
    }
}

impl SqliteCatalog {
    /// Opens the catalog at `path`; makes it where there is none.
    ///
    /// # Errors
    /// [`Code::DiskFull`], [`Code::PermissionDenied`], [`Code::DataFolderInUse`], and
    /// [`Code::DataFolderFormat`] for a file that is no catalog, or one of a later version.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
        }
        let mut writer = connect(path).map_err(|error| sqlite(path, error))?;
        schema::migrate(&mut writer).map_err(|refusal| refused(path, refusal))?;
        let inner = Inner { path: path.to_owned(), writer: Mutex::new(writer), readers: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// All facts about a collection.
    pub(super) async fn facts(&self, collection: &str) -> Result<Vec<(String, String)>> {
        let collection = collection.to_owned();
        self.read(move |connection| read::facts(connection, &collection)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.read(question)).await
    }

    /// For the few rows that a question waits for.
    async fn at_once<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        here(move || inner.read(question)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let mut writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut writer).map_err(|error| sqlite(&inner.path, error))
        })
        .await
    }
}

/// On this thread, where the runtime has others for what else is to be done: a question of a few rows is answered in less
/// time than it takes to hand it over.
async fn here<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    if Handle::current().runtime_flavor() != RuntimeFlavor::MultiThread {
        return blocking(work).await;
    }
    let done = tokio::task::block_in_place(|| catch_unwind(AssertUnwindSafe(work)));
    done.unwrap_or_else(|_| Err(Error::internal("catalog: stopped in the middle of a question")))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Error::internal(format!("catalog: {error}"))))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Full, not normal: what `begin` says must outlive a power cut that the indexes outlive.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn refused(path: &Path, refusal: Refusal) -> Error {
    let place = path.display();
    match refusal {
        Refusal::Sqlite(error) => sqlite(path, error),
        Refusal::Foreign => Error::new(Code::DataFolderFormat, format!("{place}: a database, but not footnote's"))
            .hint("choose another data folder with --data"),
        Refusal::Newer(version) => {
            Error::new(Code::DataFolderFormat, format!("{place}: written by a later footnote (format {version})"))
                .hint("update footnote, or choose another data folder with --data")
        }
    }
}

/// An error of SQLite's, told apart by what the user can do about it.
fn sqlite(path: &Path, error: rusqlite::Error) -> Error {
    let place = path.display();
    let told = |code: Code, what: &str, hint: &str| Error::new(code, format!("{place}: {what}")).hint(hint);
    let told = match error.sqlite_error_code() {
        Some(code) if code == ErrorCode::DiskFull || (code == ErrorCode::SystemIoFailure && is_full(path)) => told(
            Code::DiskFull,
            "the disk is full",
            "free some space, or move the data folder with --data, and run the same command again",
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => told(
            Code::PermissionDenied,
            "the catalog cannot be opened or written",
            "give the user that runs footnote access to the file and its folder",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => told(
            Code::DataFolderInUse,
            "another process is writing the catalog",
            "wait for it to end, or choose another data folder with --data",
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => told(
            Code::DataFolderFormat,
            "not a catalog, or damaged",
            "restore it from a backup, or remove the data folder and ingest again",
        ),
        Some(ErrorCode::SystemIoFailure) => told(Code::Io, &error.to_string(), "check the disk's space and health"),
        _ => Error::internal(format!("{place}: {error}")),
    };
    told.caused_by(error)
}

/// Where its shared memory cannot grow, SQLite speaks of an I/O error, not of the disk.
fn is_full(path: &Path) -> bool {
    path.parent().is_some_and(|folder| fs4::available_space(folder).is_ok_and(|free| free < FULL_BYTES))
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn collections(&self) -> Result<Vec<String>> {
        self.read(read::collections).await
    }

    async fn documents(&self, collection: &str, status: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>> {
        let collection = collection.to_owned();
        self.read(move |connection| read::documents(connection, &collection, status)).await
    }

    async fn record(&self, id: DocumentId) -> Result<Option<DocumentRecord>> {
        self.read(move |connection| read::record(connection, id)).await
    }

    async fn versions(&self, id: DocumentId) -> Result<Vec<DocumentRecord>> {
        self.read(move |connection| read::versions(connection, id)).await
    }

    async fn document(&self, id: DocumentId) -> Result<Option<Document>> {
        self.read(move |connection| read::document(connection, id)).await
    }

    async fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
        let ids = ids.to_vec();
        self.at_once(move |connection| read::chunks(connection, &ids)).await
    }

    async fn has_field(&self, collection: &str, name: &str, grants: &Grants) -> Result<bool> {
        let (collection, name, grants) = (collection.to_owned(), name.to_owned(), grants.clone());
        self.read(move |connection| read::has_field(connection, &collection, &name, &grants)).await
    }

    async fn visible(&self, collection: &str, grants: &Grants) -> Result<usize> {
        let (collection, grants) = (collection.to_owned(), grants.clone());
        self.read(move |connection| read::visible(connection, &collection, &grants)).await
    }

    async fn languages(&self, collection: &str) -> Result<Vec<String>> {
        let collection = collection.to_owned();
        self.read(move |connection| read::languages(connection, &collection)).await
    }

    async fn fact(&self, collection: &str, name: &str) -> Result<Option<String>> {
        let (collection, name) = (collection.to_owned(), name.to_owned());
        self.read(move |connection| read::fact(connection, &collection, &name)).await
    }
}

#[async_trait]
impl CatalogWriter for SqliteCatalog {
    async fn chunk_ids_of(&self, id: DocumentId) -> Result<Vec<ChunkId>> {
        self.read(move |connection| read::chunk_ids_of(connection, id)).await
    }

    async fn chunk_ids(&self, collection: &str) -> Result<Vec<ChunkId>> {
        let collection = collection.to_owned();
        self.read(move |connection| read::chunk_ids(connection, &collection)).await
    }

    async fn twins(&self, collection: &str, contents: &[ContentHash]) -> Result<HashMap<ContentHash, ChunkId>> {
        let (collection, contents) = (collection.to_owned(), contents.to_vec());
        self.read(move |connection| read::twins(connection, &collection, &contents)).await
    }

    async fn begin(&self, documents: Vec<IngestedDocument>) -> Result<()> {
        self.write(move |connection| write::begin(connection, &documents)).await
    }

    async fn commit(&self, done: &[(DocumentId, Timings)]) -> Result<()> {
        let done = done.to_vec();
        self.write(move |connection| write::commit(connection, &done)).await
    }

    async fn record_outcomes(&self, records: Vec<DocumentRecord>) -> Result<()> {
        self.write(move |connection| write::record_outcomes(connection, &records)).await
    }

    async fn mark(&self, ids: &[DocumentId], status: DocumentStatus) -> Result<()> {
        let ids = ids.to_vec();
        self.write(move |connection| {
            // Flushing to disk would cost more than the work that it tells of.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let marked = write::mark(connection, &ids, status);
            connection.pragma_update(None, "synchronous", "FULL")?;
            marked
        })
        .await
    }

    async fn found_unchanged(&self, found: &[(DocumentId, Option<i64>)]) -> Result<()> {
        let found = found.to_vec();
        self.write(move |connection| write::found_unchanged(connection, &found)).await
    }

    async fn set_fact(&self, collection: &str, name: &str, value: &str) -> Result<()> {
        let (collection, name, value) = (collection.to_owned(), name.to_owned(), value.to_owned());
        self.write(move |connection| write::set_fact(connection, &collection, &name, &value)).await
    }

    async fn adopt(&self, next: &Path, collection: &str, facts: &[(&str, &str)]) -> Result<()> {
        let (next, collection) = (next.to_string_lossy().into_owned(), collection.to_owned());
        let facts: Vec<(String, String)> =
            facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.write(move |connection| adopt::adopt(connection, &next, &collection, &facts)).await
    }
}

#[cfg(test)]
mod tests;
