//! The unit that is embedded, indexed and retrieved.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::{DocumentId, PageRange};
use crate::span::Span;

/// A chunk's id: UUIDv5 of its document, the hash of its content and its occurrence, so that a
/// changed paragraph changes only its own chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChunkId(pub Uuid);

impl ChunkId {
    /// The id of the `occurrence`-th chunk (from 0) of `document` whose embedded content hashes to
    /// `content_hash`.
    #[must_use]
    pub fn of(document: DocumentId, content_hash: &str, occurrence: usize) -> Self {
        Self(Uuid::new_v5(&document.0, format!("{content_hash}\0{occurrence}").as_bytes()))
    }
}

impl std::fmt::Display for ChunkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What an embedding model reads of a chunk, as the first 16 bytes of its SHA-256: chunks of one content have one
/// vector, wherever they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 16]);

/// A chunk of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// See [`ChunkId::of`].
    pub id: ChunkId,
    /// The document it was cut from.
    pub document: DocumentId,
    /// Its place among the document's chunks, from 0.
    pub ordinal: u32,
    /// Where it stands in the canonical text.
    pub span: Span,
    /// Its text: always `document.text[span]`.
    pub text: String,
    /// Titles of the sections around it, outermost first. Embedded with it, never quoted.
    pub heading_path: Vec<String>,
    /// The pages it touches.
    pub pages: Option<PageRange>,
    /// Its length in tokens of the embedding model.
    pub tokens: u32,
}

impl Chunk {
    /// What the embedding model reads: the document's title, the heading path and the text.
    ///
    /// A heading equal to the title is not said twice.
    #[must_use]
    pub fn embedded_text(&self, title: &str) -> String {
        let mut parts: Vec<&str> = Vec::with_capacity(self.heading_path.len() + 2);
        parts.push(title);
        parts.extend(self.heading_path.iter().map(String::as_str).filter(|heading| *heading != title));
        parts.retain(|part| !part.is_empty());
        if parts.is_empty() {
            return self.text.clone();
        }
        format!("{}\n{}", parts.join(" > "), self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_paragraphs_of_one_document_stay_two_chunks() {
        let document = DocumentId::of("c", "u");
        assert_ne!(ChunkId::of(document, "h", 0), ChunkId::of(document, "h", 1));
    }

    #[test]
    fn the_title_is_embedded_once() {
        let document = DocumentId::of("c", "u");
        let chunk = Chunk {
            id: ChunkId::of(document, "h", 0),
            document,
            ordinal: 0,
            span: Span::new(0, 4),
            text: "body".into(),
            heading_path: vec!["Guide".into(), "Setup".into()],
            pages: None,
            tokens: 1,
        };
        assert_eq!(chunk.embedded_text("Guide"), "Guide > Setup\nbody");
    }
}
