//! Both legs through the product's retriever, the question's embedding left out.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use footnote_core::filter::Filter;
use footnote_core::seam::{Catalog, Embedder, EmbeddingModel, KeywordIndex, Searcher, VectorStore};
use footnote_core::{ChunkId, Error, Question};
use footnote_ingest::SqliteCatalog;
use footnote_retriever::{EdgeStore, Retriever, RetrieverOptions, RetrieverParts, TantivyIndex, VectorOptions};

use super::source::{RealQuestion, Source};
use crate::product::explained;

/// A collection, opened as the product opens it.
pub(super) struct Opened {
    vectors: Arc<dyn VectorStore>,
    keyword: Arc<dyn KeywordIndex>,
    catalog: Arc<dyn Catalog>,
    embedder: Arc<dyn Embedder>,
}

/// What a retrieval took, in milliseconds, and which chunks the vector leg gave it.
pub(super) struct Asked {
    pub(super) ms: Vec<f64>,
    pub(super) legs: Vec<Vec<ChunkId>>,
}

impl Opened {
    pub(super) fn open(source: &Source, folder: &Path, options: VectorOptions) -> Result<Self> {
        let dimension = source.chunks[0].vector.len();
        let vectors = EdgeStore::open_with(&folder.join("vectors"), dimension, options).map_err(explained)?;
        let keyword = TantivyIndex::open(&folder.join("keyword")).map_err(explained)?;
        let catalog = SqliteCatalog::open(&folder.join("catalog.sqlite")).map_err(explained)?;
        let known = source.questions.iter().map(|question| (question.text.clone(), question.vector.clone()));
        Ok(Self {
            vectors: Arc::new(vectors),
            keyword: Arc::new(keyword),
            catalog: Arc::new(catalog),
            embedder: Arc::new(Known {
                model: EmbeddingModel { id: "known".into(), dimension, max_tokens: 256 },
                vectors: known.collect(),
            }),
        })
    }

    /// Asks each question once, one after the other.
    pub(super) async fn ask(
        &self,
        questions: &[RealQuestion],
        filter: Option<&Filter>,
        options: RetrieverOptions,
    ) -> Result<Asked> {
        let parts = RetrieverParts {
            embedder: Arc::clone(&self.embedder),
            vectors: Arc::clone(&self.vectors),
            keyword: Arc::clone(&self.keyword),
            catalog: Arc::clone(&self.catalog),
            reranker: None,
        };
        let retriever = Retriever::new(parts, options);
        let mut asked = Asked { ms: Vec::new(), legs: Vec::new() };
        for question in questions {
            let asks = Question::new(&question.text).map_err(explained)?.filtered(filter.cloned());
            let found = retriever.search(&asks).await.map_err(explained)?;
            asked.ms.push(found.search_ms + found.rerank_ms);
            let mut leg: Vec<(usize, ChunkId)> = found
                .passages
                .iter()
                .filter_map(|passage| passage.dense.map(|leg| (leg.rank, passage.chunk.id)))
                .collect();
            leg.sort_unstable();
            asked.legs.push(leg.into_iter().map(|(_, id)| id).collect());
        }
        Ok(asked)
    }
}

/// Vectors of the questions, made before.
struct Known {
    model: EmbeddingModel,
    vectors: HashMap<String, Vec<f32>>,
}

#[async_trait]
impl Embedder for Known {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed_passages(&self, _: Vec<String>) -> footnote_core::Result<Vec<Vec<f32>>> {
        Err(Error::internal("this benchmark embeds nothing"))
    }

    async fn embed_query(&self, text: &str) -> footnote_core::Result<Vec<f32>> {
        self.vectors.get(text).cloned().ok_or_else(|| Error::internal("a question that was not embedded before"))
    }
}
