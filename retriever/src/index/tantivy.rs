//! The keyword leg in this process: BM25 by tantivy, in a folder.
//!
//! tantivy's BM25 has k1 = 1.2 and b = 0.75, fixed. A question is plain words, and any of them may
//! match: there is no query language to escape from.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ::tantivy::collector::TopDocs;
use ::tantivy::directory::MmapDirectory;
use ::tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use ::tantivy::schema::document::Value as _;
use ::tantivy::schema::{Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions};
use ::tantivy::tokenizer::TextAnalyzer;
use ::tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term};
use async_trait::async_trait;
use footnote_core::seam::{Hit, KeywordEntry, KeywordIndex};
use footnote_core::{ChunkId, Code, Error, Filter, Result};

use super::lock::FolderLock;
use super::{blocking, failed, unreadable};
use crate::fuse::best_first;
use crate::words::{self, GivenTerms};

/// The name of [`words`] in the index's schema. Changed terms need a new name: an index made with the
/// old ones is then refused instead of searched wrongly.
const ANALYZER: &str = "footnote-words-1";
/// The language of all documents, until an entry names its own.
const LANGUAGE: &str = "en";
/// What a word of the title or of the headings weighs beyond its 1 in the whole. Kept small: on
/// SciFact's abstracts 0.25 gains a little over none, and from 0.5 on it costs.
const TITLE_BOOST: f32 = 0.25;
const HEADINGS_BOOST: f32 = 0.25;
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

#[derive(Clone, Copy)]
struct Fields {
    chunk: Field,
    document: Field,
    title: Field,
    headings: Field,
    /// Title, headings and text as one, so that a question's words may be spread over them.
    whole: Field,
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
        let shared = Shared { dir: dir.to_owned(), index, reader, fields, writing: Mutex::default(), _lock: lock };
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
                    writer.delete_term(shared.fields.term_of(entry.chunk));
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
                    writer.delete_term(shared.fields.term_of(chunk));
                }
                Ok(())
            })
        })
        .await
    }

    async fn commit(&self) -> Result<()> {
        self.on_index(|shared| {
            shared.commit()?;
            shared.reader.reload().map_err(|error| shared.failed("read the new words", &error))
        })
        .await
    }

    async fn search(&self, query: &str, limit: usize, _filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let query = query.to_owned();
        self.on_index(move |shared| shared.search(&query, limit)).await
    }

    async fn chunk_ids(&self) -> Result<Vec<ChunkId>> {
        self.on_index(|shared| {
            let mut ids = Vec::new();
            for segment in shared.reader.searcher().segment_readers() {
                let store = segment.get_store_reader(1).map_err(|error| shared.failed("list words", &error.into()))?;
                for document in store.iter::<TantivyDocument>(segment.alive_bitset()) {
                    ids.push(shared.chunk_of(&document.map_err(|error| shared.failed("list words", &error))?)?);
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

    fn search(&self, question: &str, limit: usize) -> Result<Vec<Hit>> {
        let failed = |error: TantivyError| self.failed("search words", &error);
        // In one language a word is one term.
        let terms = words::query_terms(question, &[LANGUAGE]).concat();
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let found = searcher
            .search(&self.fields.any_of(&terms), &TopDocs::with_limit(limit).order_by_score())
            .map_err(failed)?;
        let mut hits = Vec::with_capacity(found.len());
        for (score, address) in found {
            let document: TantivyDocument = searcher.doc(address).map_err(failed)?;
            hits.push(Hit { chunk: self.chunk_of(&document)?, score });
        }
        hits.sort_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
        Ok(hits)
    }

    fn chunk_of(&self, document: &TantivyDocument) -> Result<ChunkId> {
        let stored = document.get_first(self.fields.chunk).and_then(|value| value.as_str()?.parse().ok());
        stored.map(ChunkId).ok_or_else(|| unreadable(&self.dir, "keyword index", "an entry names no chunk"))
    }

    fn failed(&self, doing: &str, error: &TantivyError) -> Error {
        complaint(&self.dir, doing, error)
    }
}

impl Fields {
    fn schema() -> (Schema, Self) {
        let words = TextOptions::default().set_indexing_options(
            // No positions: there are no phrase queries.
            TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqs),
        );
        let mut schema = Schema::builder();
        let fields = Self {
            chunk: schema.add_text_field("chunk", STRING | STORED),
            document: schema.add_text_field("document", STRING),
            title: schema.add_text_field("title", words.clone()),
            headings: schema.add_text_field("headings", words.clone()),
            whole: schema.add_text_field("whole", words),
        };
        (schema.build(), fields)
    }

    fn term_of(self, chunk: ChunkId) -> Term {
        Term::from_field_text(self.chunk, &chunk.to_string())
    }

    fn document_of(self, entry: &KeywordEntry) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        document.add_text(self.chunk, entry.chunk.to_string());
        document.add_text(self.document, entry.document.to_string());
        let [title, headings, body] =
            [&entry.title, &entry.headings, &entry.body].map(|part| words::joined(&words::terms(part, Some(LANGUAGE))));
        document.add_text(self.title, &title);
        document.add_text(self.headings, &headings);
        for part in [title, headings, body] {
            document.add_text(self.whole, part);
        }
        document
    }

    /// Chunks with any of the terms, in any field; BM25 adds up over terms and fields.
    fn any_of(self, terms: &[String]) -> BooleanQuery {
        let clause = |field: Field, boost: f32, term: &str| -> (Occur, Box<dyn Query>) {
            let term = TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(BoostQuery::new(Box::new(term), boost)))
        };
        let clauses = terms.iter().flat_map(|term| {
            [(self.title, TITLE_BOOST), (self.headings, HEADINGS_BOOST), (self.whole, 1.0)]
                .map(|(field, boost)| clause(field, boost, term))
        });
        BooleanQuery::new(clauses.collect())
    }
}

fn open_index(dir: &Path) -> Result<(Index, IndexReader, Fields)> {
    let (schema, fields) = Fields::schema();
    let open = || -> ::tantivy::Result<(Index, IndexReader)> {
        let index = Index::open_or_create(MmapDirectory::open(dir)?, schema)?;
        index.tokenizers().register(ANALYZER, TextAnalyzer::from(GivenTerms));
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

#[cfg(test)]
#[path = "tantivy_tests.rs"]
mod tests;
