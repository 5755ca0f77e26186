//! The indexes that answer, and searches that see index and catalog change places in one step.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock as SyncRwLock};

use async_trait::async_trait;
use footnote_core::passage::Retrieved;
use footnote_core::question::Question;
use footnote_core::seam::{Catalog, Embedder, Reranker, Searcher};
use footnote_core::{Error, Result};
use footnote_retriever::{CachedEmbedder, Retriever, RetrieverOptions, RetrieverParts, SentenceReranker};
use tokio::sync::{RwLock, RwLockWriteGuard};

use super::index::Index;

/// Sentences and questions that are remembered with their vectors, per embedding model: some 18,000 of MiniLM's. Bytes.
const REMEMBERED_BYTES: usize = 32 << 20;

/// The indexes that answer, by collection.
#[derive(Clone, Default)]
pub(super) struct Live {
    indexes: Arc<SyncRwLock<HashMap<String, Index>>>,
    /// Held by searches, and by a swap against them.
    searching: Arc<RwLock<()>>,
    /// The embedders as questions ask them, by model.
    remembering: Arc<SyncRwLock<HashMap<String, Arc<dyn Embedder>>>>,
    reranking: Reranking,
}

/// Who reads the best passages again.
#[derive(Clone, Default)]
pub(super) enum Reranking {
    /// Nobody.
    #[default]
    None,
    /// The embedding model of the index, sentence by sentence.
    Sentences,
    /// A model of its own.
    By(Arc<dyn Reranker>),
}

impl Live {
    pub(super) fn new(reranking: Reranking) -> Self {
        Self { reranking, ..Self::default() }
    }

    /// The index's embedder with a memory: reranking, the choice of evidence and the next question embed many of the
    /// same sentences.
    pub(super) fn remembering(&self, index: &Index) -> Arc<dyn Embedder> {
        let mut known = self.remembering.write().unwrap_or_else(PoisonError::into_inner);
        let embedder = known.entry(index.embedder.model().id.clone());
        let remembering = || Arc::new(CachedEmbedder::new(Arc::clone(&index.embedder), REMEMBERED_BYTES)) as _;
        Arc::clone(embedder.or_insert_with(remembering))
    }

    pub(super) fn get(&self, collection: &str) -> Option<Index> {
        self.indexes.read().unwrap_or_else(PoisonError::into_inner).get(collection).cloned()
    }

    pub(super) fn put(&self, collection: &str, index: Index) {
        self.indexes.write().unwrap_or_else(PoisonError::into_inner).insert(collection.to_owned(), index);
    }

    /// Waits for the searches that are on their way, milliseconds; while the guard lives none begins.
    pub(super) async fn nobody_searches(&self) -> RwLockWriteGuard<'_, ()> {
        self.searching.write().await
    }
}

/// Searches the index that answers at the moment of the search.
pub(super) struct LiveSearcher {
    pub(super) live: Live,
    pub(super) collection: String,
    pub(super) catalog: Arc<dyn Catalog>,
    pub(super) options: RetrieverOptions,
}

#[async_trait]
impl Searcher for LiveSearcher {
    async fn search(&self, question: &Question) -> Result<Retrieved> {
        let _searching = self.live.searching.read().await;
        let index = self.live.get(&self.collection);
        let index = index.ok_or_else(|| Error::internal(format!("the index of `{}` is not open", self.collection)))?;
        search(&self.live, index, &self.catalog, self.options, question).await
    }
}

/// Searches an index.
pub(super) async fn search(
    live: &Live,
    index: Index,
    catalog: &Arc<dyn Catalog>,
    options: RetrieverOptions,
    question: &Question,
) -> Result<Retrieved> {
    let embedder = live.remembering(&index);
    let reranker: Option<Arc<dyn Reranker>> = match &live.reranking {
        Reranking::None => None,
        Reranking::Sentences => Some(Arc::new(SentenceReranker::new(Arc::clone(&embedder)))),
        Reranking::By(model) => Some(Arc::clone(model)),
    };
    let (vectors, keyword, catalog) = (index.vectors, index.keyword, Arc::clone(catalog));
    let parts = RetrieverParts { embedder, reranker, vectors, keyword, catalog };
    Retriever::new(parts, options).search(question).await
}
