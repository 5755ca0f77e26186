//! What was ingested, from what, and how it went.

use serde::{Deserialize, Serialize};

use crate::chunk::Chunk;
use crate::document::{Document, DocumentId};

/// A document's row in the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentRecord {
    /// Its id.
    pub id: DocumentId,
    /// The collection it belongs to.
    pub collection: String,
    /// Where it came from.
    pub uri: String,
    /// Its title.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// Size of the source in bytes.
    pub bytes: u64,
    /// When the source was last changed, in Unix milliseconds; `None` where that is unknown.
    pub modified_ms: Option<i64>,
    /// SHA-256 of the source's bytes, in hexadecimal.
    pub content_hash: String,
    /// Pages, where the format has them.
    pub pages: u32,
    /// Numbers of the pages that held no text.
    pub pages_without_text: Vec<u32>,
    /// Chunks in the indexes.
    pub chunks: u32,
    /// How it stands.
    pub status: DocumentStatus,
    /// Why, where it failed or was skipped.
    pub reason: Option<String>,
    /// When this row was last written, in Unix milliseconds.
    pub updated_ms: i64,
}

/// How a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Its chunks are being written to the indexes. Found at a start, it means that the last run
    /// was cut short: the document is cleared and ingested again.
    Indexing,
    /// In the catalog and in both indexes.
    Indexed,
    /// Read, but it holds nothing to index.
    Skipped,
    /// Could not be read; the reason says why.
    Failed,
}

impl DocumentStatus {
    /// The status in a word, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Indexing => "indexing",
            Self::Indexed => "indexed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// The status that [`Self::as_str`] names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Indexing, Self::Indexed, Self::Skipped, Self::Failed].into_iter().find(|status| status.as_str() == word)
    }
}

/// A document with its chunks, on its way into the indexes.
#[derive(Debug, Clone, PartialEq)]
pub struct IngestedDocument {
    /// Its row.
    pub record: DocumentRecord,
    /// Its text and places.
    pub document: Document,
    /// Its chunks, in order.
    pub chunks: Vec<Chunk>,
}
