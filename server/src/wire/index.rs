//! The index of a collection: both legs, and the model that it was made with.

use std::path::PathBuf;
use std::sync::Arc;

use footnote_config::{KeywordKind, Settings, VectorKind};
use footnote_core::Result;
use footnote_core::seam::{Embedder, KeywordIndex, VectorStore};
use footnote_retriever::QdrantCollection;

use super::placed::{Kinds, Placed};
use super::stores::Opener;
use crate::data::DataFolder;

/// An open index. It is replaced whole when a collection is made anew; who holds one keeps it open.
#[derive(Clone)]
pub(crate) struct Index {
    /// Counts how often the collection was made anew.
    pub(crate) generation: u32,
    pub(crate) vectors: Arc<dyn VectorStore>,
    pub(crate) keyword: Arc<dyn KeywordIndex>,
    pub(crate) embedder: Arc<dyn Embedder>,
    /// Where a leg is on a Qdrant server.
    qdrant: Option<Arc<QdrantCollection>>,
}

impl Index {
    /// Opens the index of a generation; makes an empty one where there is none. A generation that does not answer yet
    /// is one that is being made.
    ///
    /// # Errors
    /// `Code::IndexMismatch` where it is elsewhere than the settings say or of another format; those of the stores.
    pub(crate) async fn open(
        settings: &Settings,
        data: &DataFolder,
        (collection, generation): (&str, u32),
        embedder: Arc<dyn Embedder>,
        answers: bool,
    ) -> Result<Self> {
        let folder = data.index(collection, generation);
        let kinds = Kinds::of(settings);
        Placed::settle(&folder, kinds)?;
        let opener = Opener::new(settings, folder, (collection, generation), embedder.model().dimension, answers);
        let vectors = opener.vectors(kinds.vectors).await?;
        let keyword = opener.keyword(kinds.keyword).await?;
        Ok(Self { generation, vectors, keyword, embedder, qdrant: opener.opened_qdrant() })
    }

    /// Opens the index of a generation that another footnote writes, on servers. It is asked by its own name: which one
    /// answers is the catalog's to say, and the alias is the other footnote's.
    ///
    /// # Errors
    /// Those of the stores.
    pub(crate) async fn of_another(
        settings: &Settings,
        (collection, generation): (&str, u32),
        embedder: Arc<dyn Embedder>,
    ) -> Result<Self> {
        let dimension = embedder.model().dimension;
        let opener = Opener::new(settings, PathBuf::new(), (collection, generation), dimension, false);
        let vectors = opener.vectors(VectorKind::Qdrant).await?;
        let keyword = opener.keyword(KeywordKind::Qdrant).await?;
        Ok(Self { generation, vectors, keyword, embedder, qdrant: opener.opened_qdrant() })
    }

    /// Throws away what a server has of this generation: it is begun anew.
    pub(super) async fn begin_anew(&self) -> Result<()> {
        match &self.qdrant {
            Some(collection) => collection.remove().await,
            None => Ok(()),
        }
    }

    /// Lets searches of every query server find this generation.
    pub(super) async fn answer(&self) -> Result<()> {
        match &self.qdrant {
            Some(collection) => collection.answer().await,
            None => Ok(()),
        }
    }

    /// Removes what a server has of earlier generations.
    pub(super) async fn clear_older(&self) {
        if let Some(collection) = &self.qdrant {
            collection.clear_older().await;
        }
    }
}
