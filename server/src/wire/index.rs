//! The index of a collection: both legs, and the model that it was made with.

use std::sync::Arc;

use footnote_config::{KeywordKind, Settings, VectorKind};
use footnote_core::seam::{Embedder, KeywordIndex, VectorStore};
use footnote_core::{Error, Result};
use footnote_retriever::{EdgeStore, TantivyIndex};

use crate::data::DataFolder;

/// An open index. It is replaced whole when a collection is made anew; who holds one keeps it open.
#[derive(Clone)]
pub(crate) struct Index {
    /// Counts how often the collection was made anew.
    pub(crate) generation: u32,
    pub(crate) vectors: Arc<dyn VectorStore>,
    pub(crate) keyword: Arc<dyn KeywordIndex>,
    pub(crate) embedder: Arc<dyn Embedder>,
}

impl Index {
    /// Opens the index of a generation; makes an empty one where there is none.
    pub(crate) async fn open(
        settings: &Settings,
        data: &DataFolder,
        collection: &str,
        generation: u32,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Self> {
        let folder = data.index(collection, generation);
        let dimension = embedder.model().dimension;
        let (store, index) = (settings.vectors.store, settings.keyword.index);
        let opened = tokio::task::spawn_blocking(move || {
            let vectors: Arc<dyn VectorStore> = match store {
                VectorKind::Edge => Arc::new(EdgeStore::open(&folder.join("vectors"), dimension)?),
            };
            let keyword: Arc<dyn KeywordIndex> = match index {
                KeywordKind::Tantivy => Arc::new(TantivyIndex::open(&folder.join("keyword"))?),
            };
            Ok::<_, Error>((vectors, keyword))
        });
        let (vectors, keyword) = opened.await.map_err(|error| Error::internal(error.to_string()))??;
        Ok(Self { generation, vectors, keyword, embedder })
    }
}
