//! A sentence that carries the answer, with its exact place.

use serde::{Deserialize, Serialize};

use crate::chunk::ChunkId;
use crate::document::PageRange;
use crate::passage::DocumentRef;
use crate::span::Span;

/// One numbered piece of evidence: the model reads it, the reader gets it as a quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// From 1, best first: the number that the prompt shows and that a draft cites.
    pub number: usize,
    /// The quote's place in its document's canonical text.
    pub span: Span,
    /// Always `document.text[span]`.
    pub quote: String,
    /// The chunk it was found in.
    pub chunk: ChunkId,
    /// The document.
    pub document: DocumentRef,
    /// Titles of the sections around it, outermost first.
    pub heading_path: Vec<String>,
    /// The pages of the chunk it was found in.
    pub pages: Option<PageRange>,
    /// How well it answers the question: similarity of meaning and overlap of words.
    pub score: f32,
}
