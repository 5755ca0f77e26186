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
        let (reader, name, options) = (&self.reader, self.collection.as_str(), self.options);
        let answering = || generation_of(&*reader.catalog, name);
        let work = || async move {
            let index = reader.index(name).await?;
            let generation = index.generation;
            Ok((generation, search(&reader.live, index, &reader.catalog, options, question).await))
        };
        in_one_state(name, answering, work).await
    }
}

/// What `work` found, once the generation that it found it in still answers when it is done. Also of an error: the old
/// generation is removed when the new one answers.
async fn in_one_state<T, A, W>(name: &str, answering: impl Fn() -> A, work: impl Fn() -> W) -> Result<T>
where
    A: Future<Output = Result<u32>>,
    W: Future<Output = Result<(u32, Result<T>)>>,
{
    for _ in 0..ATTEMPTS {
        let (generation, found) = work().await?;
        if answering().await? == generation {
            return found;
        }
        tracing::info!(collection = name, "made anew during a search: searching the new index");
    }
    Err(Error::internal(format!("`{name}` was made anew {ATTEMPTS} times during one search")))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use footnote_core::Code;

    use super::*;

    /// Works while a collection is at these generations, each for one piece of work; what was found in each.
    async fn worked(generations: &[u32], found: impl Fn(u32) -> Result<&'static str>) -> (Result<&'static str>, usize) {
        let done = Cell::new(0);
        let at = |turn: usize| generations[turn.min(generations.len() - 1)];
        let work = || {
            let generation = at(done.get());
            done.set(done.get() + 1);
            std::future::ready(Ok((generation, found(generation))))
        };
        (in_one_state("c", || std::future::ready(Ok(at(done.get()))), work).await, done.get())
    }

    #[tokio::test]
    async fn what_was_found_while_a_collection_was_swapped_is_not_believed() {
        let gone = || Error::new(Code::IndexMismatch, "the old collection is gone");
        let found = |generation| if generation == 0 { Err(gone()) } else { Ok("whole") };
        assert!(matches!(worked(&[1], found).await, (Ok("whole"), 1)));
        let (found_now, times) = worked(&[0, 1], found).await;
        assert_eq!((found_now.unwrap(), times), ("whole", 2));
        let half = |generation| Ok(if generation == 0 { "half" } else { "whole" });
        let (found_now, times) = worked(&[0, 1], half).await;
        assert_eq!((found_now.unwrap(), times), ("whole", 2));
        // An error that has nothing to do with it is told at once, and a collection that never stands still in the end.
        let (error, times) = worked(&[0], found).await;
        assert_eq!((error.unwrap_err().code(), times), (Code::IndexMismatch, 1));
        let (error, times) = worked(&[1, 2, 3, 4], found).await;
        assert_eq!((error.unwrap_err().code(), times), (Code::Internal, ATTEMPTS));
    }
}
