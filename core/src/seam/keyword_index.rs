use std::sync::Arc;

use async_trait::async_trait;

use crate::chunk::ChunkId;
use crate::document::DocumentId;
use crate::error::Result;
use crate::facts::Facts;
use crate::filter::Filter;
use crate::seam::Hit;

/// A chunk's words, as they are indexed.
#[derive(Debug, Clone, PartialEq)]
pub struct KeywordEntry {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// The document's title.
    pub title: String,
    /// The heading path, joined.
    pub headings: String,
    /// The chunk's text.
    pub body: String,
    /// The file's name and the folders above it, as words to be found by.
    pub place: String,
    /// The language that the document is in, as a BCP 47 tag; `None` where it could not be told.
    pub language: Option<String>,
    /// What filters can ask of it.
    pub facts: Arc<Facts>,
}

/// The keyword leg of one collection: BM25.
#[async_trait]
pub trait KeywordIndex: Send + Sync {
    /// Writes entries; an entry of the same chunk is replaced. Seen by readers after a commit.
    ///
    /// # Errors
    /// When the index cannot be written.
    async fn upsert(&self, entries: Vec<KeywordEntry>) -> Result<()>;

    /// Removes chunks; unknown ones are passed over. Seen by readers after a commit.
    ///
    /// # Errors
    /// When the index cannot be written.
    async fn delete(&self, chunks: Vec<ChunkId>) -> Result<()>;

    /// Makes all that was written so far survive a crash, and shows it to readers.
    ///
    /// # Errors
    /// When the index cannot be written.
    async fn commit(&self) -> Result<()>;

    /// The `limit` best chunks by BM25 among those that fit `filter`, best first. `query` is plain words: no query
    /// language.
    ///
    /// # Errors
    /// When the index cannot be read.
    async fn search(&self, query: &str, limit: usize, filter: Option<&Filter>) -> Result<Vec<Hit>>;

    /// The BM25 scores that a search for `query` gives `chunks`, in no order: each as that search would, however many
    /// it was cut off at. Chunks that share no word with it, and unknown ones, are left out.
    ///
    /// # Errors
    /// When the index cannot be read.
    async fn scores(&self, query: &str, chunks: &[ChunkId]) -> Result<Vec<Hit>>;

    /// Every chunk in it, in no order.
    ///
    /// # Errors
    /// When the index cannot be read.
    async fn chunk_ids(&self) -> Result<Vec<ChunkId>>;
}
