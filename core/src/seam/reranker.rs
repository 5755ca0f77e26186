use std::time::Instant;

use async_trait::async_trait;

use crate::error::Result;
use crate::passage::Passage;

/// Reads a question and its passages together, and says which answer best.
#[async_trait]
pub trait Reranker: Send + Sync {
    /// Its name, as explanations show it.
    fn name(&self) -> &str;

    /// A score for each passage, higher is better, comparable within this call. `None` for those that were not read
    /// by `deadline`: they keep their fused place. Passages come best first, and are read in that order.
    ///
    /// # Errors
    /// When the model fails.
    async fn rerank(
        &self,
        question: &str,
        query_vector: &[f32],
        passages: &[Passage],
        deadline: Instant,
    ) -> Result<Vec<Option<f32>>>;
}
