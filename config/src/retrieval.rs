//! The settings of `[retrieval]`: from both legs to passages. Their defaults and meaning: `default.toml`.

use serde::{Deserialize, Serialize};

/// `[retrieval]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalSettings {
    /// Passages per question.
    pub top_k: usize,
    /// Chunks that each leg proposes.
    pub candidates: usize,
    /// How the legs are joined.
    pub fusion: FusionKind,
    /// Weight of the vector leg, in all but `rrf`.
    pub dense_weight: f32,
    /// The constant of `rrf`.
    pub rrf_k: f32,
    /// Whether a question's own words have a say in the weight.
    pub lean: bool,
    /// Who reads the best passages again.
    pub reranker: RerankerKind,
    /// The cross-encoder: an id of the model catalog.
    pub reranker_model: String,
    /// Passages that the reranker reads.
    pub rerank_depth: usize,
    /// Milliseconds that it may take.
    pub rerank_budget_ms: u64,
    /// What the new counts against the good; 0: off.
    pub diversity: f32,
    /// Whether neighbouring chunks become one passage.
    pub join_neighbours: bool,
    /// What happens when a leg's store is away.
    pub when_vectors_are_away: WhenAway,
}

/// Ways to join the legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FusionKind {
    /// Weighted sum of min-max scaled scores.
    MinMax,
    /// Weighted sum of shares of each leg's best.
    MaxScaled,
    /// Weighted sum of deviations from each leg's mean.
    ZScore,
    /// Reciprocal rank fusion.
    Rrf,
}

/// Rerankers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RerankerKind {
    /// The cross-encoder where its model is there, else the sentences.
    Auto,
    /// Nobody: the fused ranking stands.
    None,
    /// The best sentence of each passage counts, by the embedding model.
    Sentences,
    /// A model that reads question and passage together.
    CrossEncoder,
}

/// What happens when a leg's store is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenAway {
    /// The question is refused; it can be asked again later.
    Refuse,
    /// The other leg answers alone, and the answer says so.
    Keyword,
}
