//! Indexes that another footnote writes, as a query server sees them: nothing is locked, finished or made here.
//!
//! The catalog says which generation of a collection answers. It is asked before each search and after it: one that
//! changed meanwhile means that index and texts may not have been of one state, and the search is done again.

use std::sync::Arc;

use async_trait::async_trait;
use footnote_config::{ModelCatalog, Settings};
use footnote_core::passage::Retrieved;
use footnote_core::question::Question;
use footnote_core::seam::{Catalog, Embedder, Searcher};
use footnote_core::{Error, Result};
use footnote_ingest::pipeline::EMBEDDING_MODEL;
use footnote_retriever::RetrieverOptions;
use tokio::sync::Mutex;

use super::index::Index;
use super::live::{Live, search};
use super::models;
use super::renew::generation_of;

/// How often a search is done again. Collections are made anew once in a long while.
const ATTEMPTS: usize = 3;

/// The indexes of the collections that were asked for.
pub(super) struct Reader {
    pub(super) settings: Settings,
    pub(super) models: ModelCatalog,
    pub(super) catalog: Arc<dyn Catalog>,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) live: Live,
    /// Held while an index is opened.
    pub(super) opening: Mutex<()>,
}

impl Reader {
    /// The index that answers now.
    pub(super) async fn index(&self, name: &str) -> Result<Index> {
        let generation = generation_of(&*self.catalog, name).await?;
        let known = || self.live.get(name).filter(|index| index.generation == generation);
        if let Some(index) = known() {
            return Ok(index);
        }
        let _alone = self.opening.lock().await;
        if let Some(index) = known() {
            return Ok(index);
        }
        let made_with = self.catalog.fact(name, EMBEDDING_MODEL).await?;
        let embedder = models::embedder_of(&self.settings, &self.models, &self.embedder, made_with.as_deref()).await?;
        let index = Index::of_another(&self.settings, (name, generation), embedder).await?;
        self.live.put(name, index.clone());
        Ok(index)
    }
}

/// Searches the generation that answers at the moment of the search.
pub(super) struct SharedSearcher {
    pub(super) reader: Arc<Reader>,
    pub(super) collection: String,
    pub(super) options: RetrieverOptions,
}

#[async_trait]
impl Searcher for SharedSearcher {
    async fn search(&self, question: &Question) -> Result<Retrieved> {
        let (reader, name) = (&self.reader, self.collection.as_str());
        for _ in 0..ATTEMPTS {
            let index = reader.index(name).await?;
            let generation = index.generation;
            let found = search(&reader.live, index, &reader.catalog, self.options, question).await;
            if generation_of(&*reader.catalog, name).await? == generation {
                return found;
            }
            tracing::info!(collection = name, "made anew during a search: searching the new index");
        }
        Err(Error::internal(format!("`{name}` was made anew {ATTEMPTS} times during one search")))
    }
}
