//! The keyword leg in this process: BM25 by tantivy, in a folder.
//!
//! tantivy's BM25 has k1 = 1.2 and b = 0.75, fixed. A question is plain words, and any of them may
//! match: there is no query language to escape from.
//!
//! * here: opening, writing, committing. `schema`: what is kept of a chunk. `query`: words and filters as tantivy's
//!   queries. `best`: what is found. `scores`: what given chunks score.

mod best;
#[cfg(test)]
mod filter_tests;
mod query;
mod schema;
mod scores;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ::tantivy::directory::MmapDirectory;
use ::tantivy::query::Query;
use ::tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyError};
use async_trait::async_trait;
use footnote_core::seam::{Hit, KeywordEntry, KeywordIndex};
use footnote_core::{ChunkId, Code, Error, Filter, Result};

use self::schema::{Fields, Ids};
use super::lock::FolderLock;
use super::threads::searching;
use super::{blocking, failed, unreadable};
use crate::words;

/// Documents are gathered in memory up to this size before they are written, in bytes.
const WRITER_BYTES: usize = 48 * 1024 * 1024;

/// The words of one collection's chunks.
pub struct TantivyIndex {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    index: Index,
    reader: IndexReader,
    fields: Fields,
    /// The languages of what can be searched: a question's words are looked for in each.
    languages: RwLock<Vec<String>>,
    writing: Mutex<Writing>,
    _lock: FolderLock,
}

#[derive(Default)]
struct Writing {
    /// Made at the first write, because it holds memory and threads; gone after a failed write,
    /// because tantivy's writer cannot go on then.
    writer: Option<IndexWriter>,
    /// A write failed since the last commit, and others may have been lost with its writer: the
    /// next commit must not claim that all is safe.
    lost: bool,
}

impl TantivyIndex {
    /// Opens the index in `dir`, or makes an empty one there. Blocks.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`], and [`Code::DataFolderFormat`] when its files are damaged or of
    /// another version.
    pub fn open(dir: &Path) -> Result<Self> {
        let lock = FolderLock::take(dir)?;
        let opened = catch_unwind(AssertUnwindSafe(|| open_index(dir)));
        let (index, reader, fields) =
            opened.unwrap_or_else(|_| Err(unreadable(dir, "keyword index", "the engine stopped on its files")))?;
        let shared = Shared {
            dir: dir.to_owned(),
            index,
            reader,
            fields,
            languages: RwLock::default(),
            writing: Mutex::default(),
            _lock: lock,
        };
        shared.learn_languages()?;
        Ok(Self { shared: Arc::new(shared) })
    }

    async fn on_index<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shared) -> Result<T> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        blocking(move || work(&shared)).await
    }

    /// For what a question waits for.
    async fn at_once<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Arc<Shared>) -> Result<T> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        searching(move || work(&shared)).await
    }
}

#[async_trait]
impl KeywordIndex for TantivyIndex {
    async fn upsert(&self, entries: Vec<KeywordEntry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.on_index(move |shared| {
            shared.write("write words", |writer| {
                for entry in &entries {
                    writer.delete_term(shared.fields.chunk_term(entry.chunk));
                    writer.add_document(shared.fields.document_of(entry))?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()> {
        if chunks.is_empty() {
            return Ok(());
        }
        self.on_index(move |shared| {
            shared.write("delete words", |writer| {
                for chunk in chunks {
                    writer.delete_term(shared.fields.chunk_term(chunk));
                }
                Ok(())
            })
        })
        .await
    }

    async fn commit(&self) -> Result<()> {
        self.on_index(|shared| {
            shared.commit()?;
            shared.reader.reload().map_err(|error| shared.failed("read the new words", &error))?;
            shared.learn_languages()
        })
        .await
    }

    async fn search(&self, query: &str, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (question, filter) = (query.to_owned(), filter.cloned());
        let found = self.at_once(move |shared| {
            let query = shared.query(&question, filter.as_ref());
            query.map(|query| best::search(shared, query.as_ref(), limit)).transpose()
        });
        match found.await? {
            Some(found) => found.best(limit).await,
            None => Ok(Vec::new()),
        }
    }

    async fn scores(&self, query: &str, chunks: &[ChunkId]) -> Result<Vec<Hit>> {
        let (query, chunks) = (query.to_owned(), chunks.to_vec());
        self.at_once(move |shared| {
            let words = shared.terms_of(&query);
            let scores = scores::of(&shared.reader.searcher(), shared.fields, &words, &chunks);
            scores.map_err(|error| shared.failed("search words", &error))
        })
        .await
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        self.on_index(|shared| {
            let mut ids = Vec::new();
            for segment in shared.reader.searcher().segment_readers() {
                let known = Ids::of(segment).map_err(|error| shared.failed("list words", &error))?;
                for document in segment.doc_ids_alive() {
                    ids.push(known.chunk(document).ok_or_else(|| shared.nameless())?);
                }
            }
            Ok(ids)
        })
        .await
    }
}

impl Shared {
    /// Lets `work` write, with the writer that there is or a new one.
    fn write(&self, doing: &str, work: impl FnOnce(&mut IndexWriter) -> ::tantivy::Result<()>) -> Result<()> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Until `work` is done: an error and a panic leave it so.
        let lost = std::mem::replace(&mut writing.lost, true);
        let mut writer = match writing.writer.take() {
            Some(writer) => writer,
            None => self.writer().map_err(|error| self.failed(doing, &error))?,
        };
        work(&mut writer).map_err(|error| self.failed(doing, &error))?;
        writing.writer = Some(writer);
        writing.lost = lost;
        Ok(())
    }

    /// A new writer, rid of what a commit that was cut short left: files that nothing names. The same commit made
    /// again would give its file of deletions the same name, and refuse to write over it.
    fn writer(&self) -> ::tantivy::Result<IndexWriter> {
        let writer = self.index.writer_with_num_threads(1, WRITER_BYTES)?;
        writer.garbage_collect_files().wait()?;
        Ok(writer)
    }

    fn commit(&self) -> Result<()> {
        {
            let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            if std::mem::take(&mut writing.lost) {
                writing.writer = None;
                let message = format!("{}: words were lost, because an earlier write failed", self.dir.display());
                return Err(Error::new(Code::Io, message).hint("mend what the first error names, and ingest again"));
            }
        }
        self.write("commit words", |writer| writer.commit().map(|_| ()))
    }

    /// What is asked for; nothing where the question has no words.
    fn query(&self, question: &str, filter: Option<&Filter>) -> Option<Box<dyn Query>> {
        let words = self.terms_of(question);
        if words.is_empty() {
            return None;
        }
        let query = query::any_of(self.fields, &words);
        Some(match filter {
            Some(filter) => query::within(query, self.fields, filter),
            None => query,
        })
    }

    /// The words of a question, each with the terms that it may stand as in the languages of this index.
    fn terms_of(&self, question: &str) -> Vec<Vec<String>> {
        let languages = self.languages.read().unwrap_or_else(PoisonError::into_inner);
        words::query_terms(question, &languages.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn learn_languages(&self) -> Result<()> {
        let known = schema::languages(&self.reader.searcher(), self.fields);
        let known = known.map_err(|error| self.failed("list languages", &error))?;
        *self.languages.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn nameless(&self) -> Error {
        unreadable(&self.dir, "keyword index", "an entry names no chunk")
    }

    fn failed(&self, doing: &str, error: &TantivyError) -> Error {
        complaint(&self.dir, doing, error)
    }
}

fn open_index(dir: &Path) -> Result<(Index, IndexReader, Fields)> {
    let (schema, fields) = Fields::schema();
    let open = || -> ::tantivy::Result<(Index, IndexReader)> {
        let index = Index::open_or_create(MmapDirectory::open(dir)?, schema)?;
        Fields::register(&index);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok((index, reader))
    };
    let (index, reader) = open().map_err(|error| complaint(dir, "open the keyword index", &error))?;
    Ok((index, reader, fields))
}

/// tantivy's complaint, told apart by what the user can do about it.
fn complaint(dir: &Path, doing: &str, error: &TantivyError) -> Error {
    match error {
        TantivyError::LockFailure(..) => {
            Error::new(Code::DataFolderInUse, format!("{}: in use by another process", dir.display()))
                .hint("stop the other footnote, or give this one its own --data")
        }
        TantivyError::IoError(_) | TantivyError::OpenWriteError(_) | TantivyError::ErrorInThread(_) => {
            failed(dir, doing, &error.to_string())
        }
        TantivyError::SchemaError(_) => unreadable(dir, "keyword index", "it was made by another version of footnote"),
        _ => unreadable(dir, "keyword index", &error.to_string()),
    }
}
