//! Candidates with their texts, in the order that they stand in after reranking.

use std::collections::HashMap;
use std::time::Instant;

use footnote_core::passage::DocumentRef;
use footnote_core::{ChunkId, Passage, Question, Result};

use super::legs::Legs;
use super::order::reordered;
use super::rank::Ranking;
use super::{RetrieverOptions, RetrieverParts};

/// The part of the ranking whose texts are loaded.
#[derive(Default)]
pub(super) struct Pool {
    /// Best first.
    pub(super) passages: Vec<Passage>,
    /// The reranker's name, where it read any of them.
    pub(super) reranker: Option<String>,
    /// Candidates of the ranking that were looked up, known to the catalog or not.
    looked_up: usize,
}

impl Pool {
    /// Loads the next `count` of the ranking, in one call.
    ///
    /// The indexes may be ahead of the catalog while a document is written: its chunks are passed over. So are those of
    /// a document whose labels changed meanwhile, so that the asker may no longer see it.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub(super) async fn load(
        &mut self,
        ranking: &Ranking,
        count: usize,
        parts: &RetrieverParts,
        question: &Question,
    ) -> Result<()> {
        let rest = &ranking.fused[self.looked_up..];
        let next = &rest[..count.min(rest.len())];
        self.looked_up += next.len();
        let ids: Vec<ChunkId> = next.iter().map(|fused| fused.chunk).collect();
        let known = parts.catalog.chunks(&ids).await?;
        if known.len() < ids.len() {
            let dropped = ids.len() - known.len();
            tracing::warn!(dropped, "the indexes name chunks that the catalog does not hold as indexed");
        }
        let visible = known.into_iter().filter(|(_, record)| question.grants().may_see(&record.metadata.labels));
        let mut known: HashMap<ChunkId, _> = visible.map(|(chunk, record)| (chunk.id, (chunk, record))).collect();
        self.passages.extend(next.iter().filter_map(|fused| {
            let (chunk, record) = known.remove(&fused.chunk)?;
            let document =
                DocumentRef { id: record.id, title: record.title, uri: record.uri, media_type: record.media_type };
            let (score, dense, keyword) = (fused.score, fused.dense, fused.keyword);
            Some(Passage { chunk, document, score, dense, keyword, reranked: None })
        }));
        Ok(())
    }

    /// Whether all of the ranking was looked up.
    pub(super) fn is_whole(&self, ranking: &Ranking) -> bool {
        self.looked_up == ranking.fused.len()
    }

    /// Lets the reranker read the best, as far as its time goes. A reranker that fails costs its say, not the
    /// passages; then this gives what happened, in words.
    pub(super) async fn rerank(
        &mut self,
        question: &Question,
        legs: &Legs,
        parts: &RetrieverParts,
        options: &RetrieverOptions,
    ) -> Option<String> {
        let reranker = parts.reranker.as_ref()?;
        let depth = options.rerank_depth.min(self.passages.len());
        let deadline = Instant::now() + options.rerank_budget;
        let read = reranker.rerank(question.text(), &legs.vector, &self.passages[..depth], deadline).await;
        let scores = match read {
            Ok(mut scores) => {
                scores.resize(self.passages.len(), None);
                scores
            }
            Err(error) => {
                tracing::warn!(reranker = reranker.name(), %error, "the fused ranking stands");
                return Some(format!("the reranker failed: {}", error.message()));
            }
        };
        if scores.iter().any(Option::is_some) {
            self.reranker = Some(reranker.name().to_owned());
        }
        for (passage, score) in self.passages.iter_mut().zip(&scores) {
            passage.reranked = *score;
        }
        let mut passages: Vec<Option<Passage>> = std::mem::take(&mut self.passages).into_iter().map(Some).collect();
        self.passages = reordered(&scores).into_iter().filter_map(|at| passages[at].take()).collect();
        None
    }
}
