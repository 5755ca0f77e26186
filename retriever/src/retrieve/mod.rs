//! From a question to its passages, in steps; each takes what the one before it gives:
//!
//! ```text
//! question → Legs (both asked at once, and about each other's) → Ranking (fused) → Pool (texts loaded, reranked)
//!          → Chosen (duplicates folded, diverse, neighbours joined) → passages
//! ```

mod choose;
mod diversity;
mod explain;
mod fold;
mod join;
mod legs;
mod order;
mod pool;
mod rank;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use footnote_core::passage::Retrieved;
use footnote_core::seam::{Catalog, Embedder, KeywordIndex, Reranker, Searcher, VectorStore};
use footnote_core::{Question, Result};

use self::pool::Pool;
use self::rank::{Ranking, Weighing};
use crate::fuse::Fusion;

/// Passages that diversity chooses from, for each that is asked for.
const DIVERSE_FROM: usize = 3;

/// What retrieval is joined from: the adapters of one collection.
pub struct RetrieverParts {
    /// Embeds the question; the model that the vectors were made with.
    pub embedder: Arc<dyn Embedder>,
    /// The vector leg.
    pub vectors: Arc<dyn VectorStore>,
    /// The keyword leg.
    pub keyword: Arc<dyn KeywordIndex>,
    /// Holds the chunks' texts, and says which of them are whole.
    pub catalog: Arc<dyn Catalog>,
    /// Reads the best again; without one the fused ranking stands.
    pub reranker: Option<Arc<dyn Reranker>>,
}

/// How retrieval is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrieverOptions {
    /// Passages per question, where the question doesn't say.
    pub top_k: usize,
    /// Chunks that each leg proposes; at least as many as passages are asked for.
    pub candidates: usize,
    /// How the legs are joined.
    pub fusion: Fusion,
    /// Whether a question's own words have a say in the legs' weights.
    pub lean: bool,
    /// Passages that the reranker reads.
    pub rerank_depth: usize,
    /// The longest that it may take. What it did not read by then keeps its fused place.
    pub rerank_budget: Duration,
    /// How much new passages count against good ones, in `0..=1`; 0 is off.
    pub diversity: f32,
    /// Whether chunks that stand side by side become one passage.
    pub join_neighbours: bool,
    /// Whether one leg answers alone when the other's store is away.
    pub one_leg_will_do: bool,
}

/// Finds the passages for a question.
pub struct Retriever {
    parts: RetrieverParts,
    options: RetrieverOptions,
}

impl Retriever {
    /// Joins the parts.
    #[must_use]
    pub fn new(parts: RetrieverParts, options: RetrieverOptions) -> Self {
        Self { parts, options }
    }

    /// Candidates whose texts are loaded at first: as many as are likely needed, in one call. Explanations name all.
    fn first_load(&self, question: &Question, top_k: usize) -> usize {
        if question.explain() {
            return usize::MAX;
        }
        let chosen_from = if self.options.diversity > 0.0 { top_k.saturating_mul(DIVERSE_FROM) } else { top_k };
        let spare = chosen_from / 2;
        let reranked = if self.parts.reranker.is_some() { self.options.rerank_depth } else { 0 };
        (chosen_from + spare).max(reranked)
    }
}

#[async_trait]
impl Searcher for Retriever {
    #[tracing::instrument(name = "retrieve", skip_all)]
    async fn search(&self, question: &Question) -> Result<Retrieved> {
        let started = Instant::now();
        let top_k = question.top_k().unwrap_or(self.options.top_k);
        let weighing = Weighing::of(question, &self.options);
        let legs = self.ask(question, self.options.candidates.max(top_k), weighing.looks_beyond()).await?;
        let ranking = Ranking::of(&legs, weighing, &self.options);
        let mut pool = Pool::default();
        pool.load(&ranking, self.first_load(question, top_k), &self.parts, question).await?;
        let reranking = Instant::now();
        let failed = pool.rerank(question, &legs, &self.parts, &self.options).await;
        let reranking = reranking.elapsed();
        let chosen = loop {
            let chosen = self.choose(&pool, &legs, top_k).await?;
            if chosen.is_enough() || pool.is_whole(&ranking) {
                break chosen;
            }
            pool.load(&ranking, top_k, &self.parts, question).await?;
        };
        let explanation = question.explain().then(|| self.explain(&ranking, &pool, &chosen));
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let retrieved = Retrieved {
            passages: chosen.passages,
            embed_ms: milliseconds(legs.embedding),
            search_ms: milliseconds(started.elapsed().saturating_sub(legs.embedding + reranking)),
            rerank_ms: milliseconds(reranking),
            degraded: legs.degraded.or(failed),
            explanation,
        };
        let Retrieved { embed_ms, search_ms, rerank_ms, .. } = retrieved;
        let (dense, keyword, passages) = (legs.dense.len(), legs.keyword.len(), retrieved.passages.len());
        tracing::debug!(dense, keyword, passages, embed_ms, search_ms, rerank_ms);
        Ok(retrieved)
    }
}

#[cfg(test)]
mod tests;
