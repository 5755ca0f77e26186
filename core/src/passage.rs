//! A chunk that was retrieved, with its scores.

use serde::{Deserialize, Serialize};

use crate::chunk::Chunk;
use crate::document::DocumentId;
use crate::explain::Explanation;

/// A chunk's place in one leg's ranking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LegScore {
    /// From 1.
    pub rank: usize,
    /// The leg's own score: cosine for vectors, BM25 for keywords.
    pub score: f32,
}

/// The document that something was found in, as readers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRef {
    /// Its id.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// Where it came from.
    pub uri: String,
    /// Its media type.
    pub media_type: String,
}

/// A retrieved chunk: best first in a result list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// The chunk, with its text.
    pub chunk: Chunk,
    /// The document it stands in.
    pub document: DocumentRef,
    /// The fused score; comparable within one result list only.
    pub score: f32,
    /// Where the vector leg had it.
    pub dense: Option<LegScore>,
    /// Where the keyword leg had it.
    pub keyword: Option<LegScore>,
    /// What the reranker gave it, where it read it in time.
    pub reranked: Option<f32>,
}

/// What retrieval found, and how long each step took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Retrieved {
    /// Best first.
    pub passages: Vec<Passage>,
    /// Milliseconds to embed the question.
    pub embed_ms: f64,
    /// Milliseconds of both legs (they run at once), fusion and loading the texts.
    pub search_ms: f64,
    /// Milliseconds of reranking.
    pub rerank_ms: f64,
    /// Which leg did not answer, and why, where the settings let the other answer alone.
    pub degraded: Option<String>,
    /// How the ranking came about, where the question asks for it.
    pub explanation: Option<Explanation>,
}
