//! What was ingested, from what, and how it went.

use serde::{Deserialize, Serialize};

use crate::chunk::Chunk;
use crate::document::{Document, DocumentId};
use crate::metadata::Metadata;

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
    /// The language that most of it is in, as a BCP 47 tag; `None` where it could not be told.
    pub language: Option<String>,
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
    /// Why: where it failed, was skipped, moved or was deleted.
    pub reason: Option<String>,
    /// Which version of the document this is, from 1: a changed source makes the next one.
    pub version: u32,
    /// How often in a row it failed.
    pub attempts: u32,
    /// When it is tried again, in Unix milliseconds; `None` where it is not, or has not failed.
    pub retry_at_ms: Option<i64>,
    /// How long its steps took.
    pub timings: Timings,
    /// What it says of itself and what the settings say of it.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// When this row was last written, in Unix milliseconds.
    pub updated_ms: i64,
}

/// How long the steps of an ingestion took for one document, in milliseconds. Embedding and writing are done for
/// many documents at once: a document has its share of them, by chunks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// Reading and hashing.
    pub read: u32,
    /// Turning bytes into text.
    pub extract: u32,
    /// Cutting the text.
    pub chunk: u32,
    /// Running the embedding model.
    pub embed: u32,
    /// Writing catalog and indexes.
    pub write: u32,
}

/// How a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Met, and not yet read.
    Queued,
    /// Being read.
    Extracting,
    /// Cut, and on its way through the embedding model.
    Embedding,
    /// Its chunks are being written to the indexes. Found at a start, it means that the last run
    /// was cut short: the document is cleared and ingested again.
    Indexing,
    /// In the catalog and in both indexes.
    Indexed,
    /// Indexed before, and found as it was by the last run.
    Unchanged,
    /// Read, but it holds nothing to index.
    Skipped,
    /// Could not be read; the reason says why. Tried again until its attempts are used up.
    Failed,
    /// Failed too often: left alone until its source changes or it is asked for.
    Quarantined,
    /// Its source is gone, or it was deleted by request: in no index any more.
    Deleted,
}

impl DocumentStatus {
    /// Every status, in the order of a document's life.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Extracting,
        Self::Embedding,
        Self::Indexing,
        Self::Indexed,
        Self::Unchanged,
        Self::Skipped,
        Self::Failed,
        Self::Quarantined,
        Self::Deleted,
    ];

    /// The status in a word, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Extracting => "extracting",
            Self::Embedding => "embedding",
            Self::Indexing => "indexing",
            Self::Indexed => "indexed",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::Deleted => "deleted",
        }
    }

    /// The status that [`Self::as_str`] names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether it is in both indexes.
    #[must_use]
    pub fn is_indexed(self) -> bool {
        matches!(self, Self::Indexed | Self::Unchanged)
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
