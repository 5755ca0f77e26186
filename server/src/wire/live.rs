//! The indexes that answer, and searches that see index and catalog change places in one step.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock as SyncRwLock};

use async_trait::async_trait;
use footnote_core::passage::Retrieved;
use footnote_core::question::Question;
use footnote_core::seam::{Catalog, Searcher};
use footnote_core::{Error, Result};
use footnote_retriever::{Retriever, RetrieverOptions, RetrieverParts};
use tokio::sync::{RwLock, RwLockWriteGuard};

use super::index::Index;

/// The indexes that answer, by collection.
#[derive(Clone, Default)]
pub(super) struct Live {
    indexes: Arc<SyncRwLock<HashMap<String, Index>>>,
    /// Held by searches, and by a swap against them.
    searching: Arc<RwLock<()>>,
}

impl Live {
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
        let parts = RetrieverParts {
            embedder: index.embedder,
            vectors: index.vectors,
            keyword: index.keyword,
            catalog: Arc::clone(&self.catalog),
        };
        Retriever::new(parts, self.options).search(question).await
    }
}
