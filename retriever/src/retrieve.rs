//! The legs asked at once, fused, and their chunks loaded.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use footnote_core::passage::{DocumentRef, Retrieved};
use footnote_core::seam::{Catalog, Embedder, KeywordIndex, Searcher, VectorStore};
use footnote_core::{ChunkId, Passage, Question, Result};

use crate::fuse::{Fused, Fusion};

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

    /// The passages of the `top_k` best chunks that the catalog knows.
    ///
    /// The indexes may be ahead of the catalog while a document is written: its chunks are passed
    /// over, and the next best take their places.
    async fn load(&self, fused: &[Fused], top_k: usize) -> Result<Vec<Passage>> {
        let mut passages = Vec::with_capacity(top_k.min(fused.len()));
        let mut rest = fused;
        while passages.len() < top_k && !rest.is_empty() {
            let (next, later) = rest.split_at(rest.len().min(top_k - passages.len()));
            let ids: Vec<ChunkId> = next.iter().map(|fused| fused.chunk).collect();
            let known = self.parts.catalog.chunks(&ids).await?;
            if known.len() < ids.len() {
                let dropped = ids.len() - known.len();
                tracing::warn!(dropped, "the indexes name chunks that the catalog does not hold as indexed");
            }
            let mut known: HashMap<ChunkId, _> =
                known.into_iter().map(|(chunk, record)| (chunk.id, (chunk, record))).collect();
            passages.extend(next.iter().filter_map(|fused| {
                let (chunk, record) = known.remove(&fused.chunk)?;
                let document =
                    DocumentRef { id: record.id, title: record.title, uri: record.uri, media_type: record.media_type };
                Some(Passage {
                    chunk,
                    document,
                    score: fused.score,
                    dense: fused.dense,
                    keyword: fused.keyword,
                    reranked: None,
                })
            }));
            rest = later;
        }
        Ok(passages)
    }
}

#[async_trait]
impl Searcher for Retriever {
    #[tracing::instrument(name = "retrieve", skip_all)]
    async fn search(&self, question: &Question) -> Result<Retrieved> {
        let started = Instant::now();
        let top_k = question.top_k().unwrap_or(self.options.top_k);
        let candidates = self.options.candidates.max(top_k);
        let scope = question.scope();
        let by_meaning = async {
            let vector = self.parts.embedder.embed_query(question.text()).await?;
            let embedded = started.elapsed();
            Ok((embedded, self.parts.vectors.search(vector, candidates, scope.as_ref()).await?))
        };
        // The keyword leg needs no vector: it runs while the question is embedded.
        let by_words = self.parts.keyword.search(question.text(), candidates, scope.as_ref());
        let ((embedded, dense), keyword) = tokio::try_join!(by_meaning, by_words)?;
        let fused = self.options.fusion.fuse(&dense, &keyword);
        let passages = self.load(&fused, top_k).await?;
        let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        let (embed_ms, search_ms) = (milliseconds(embedded), milliseconds(started.elapsed() - embedded));
        tracing::debug!(dense = dense.len(), keyword = keyword.len(), passages = passages.len(), embed_ms, search_ms);
        Ok(Retrieved { passages, embed_ms, search_ms, ..Retrieved::default() })
    }
}

#[cfg(test)]
mod tests;
