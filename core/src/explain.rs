//! Why a passage stands where it stands, and what was cut.

use serde::{Deserialize, Serialize};

use crate::chunk::ChunkId;
use crate::passage::{DocumentRef, LegScore};

/// How a ranking came about: every candidate that the caller may see, as it stood at each step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// How the legs were joined, in a word: `min-max`, `rrf`.
    pub fusion: String,
    /// Weight of the vector leg for this question, and why, where the method has weights.
    pub dense_weight: Option<f32>,
    /// What the weights were chosen by, where the question itself had a say.
    pub weight_reason: Option<String>,
    /// The reranker, where one had its say.
    pub reranker: Option<String>,
    /// Candidates, in the order of the fused ranking.
    pub candidates: Vec<Candidate>,
}

/// A chunk on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The chunk.
    pub chunk_id: ChunkId,
    /// Its document.
    pub document: DocumentRef,
    /// Where the vector leg had it.
    pub dense: Option<LegScore>,
    /// Where the keyword leg had it.
    pub keyword: Option<LegScore>,
    /// Its place in the fused ranking, from 1, and its score there.
    pub fused: LegScore,
    /// What the reranker gave it; `None` where it was not asked, or not in time.
    pub reranked: Option<f32>,
    /// Its place among the passages, from 1; `None` where it was cut.
    pub rank: Option<usize>,
    /// Why it was cut.
    pub cut: Option<Cut>,
}

/// Why a candidate is not among the passages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Cut {
    /// Others were better.
    BelowTopK,
    /// It says the same as one that stands above it.
    NearDuplicate {
        /// That one.
        of: ChunkId,
    },
    /// It stands beside one that stands above it, and became a part of it.
    Joined {
        /// That one.
        into: ChunkId,
    },
    /// Others said more that is new (`retrieval.diversity`).
    Diversity,
}
