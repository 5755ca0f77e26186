//! The stores of both legs, opened.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use footnote_config::{CatalogKind, KeywordKind, QuantizationKind, Settings, VectorKind};
use footnote_core::seam::{KeywordIndex, VectorStore};
use footnote_core::{Error, Result};
use footnote_retriever::{
    EdgeStore, QdrantCollection, QdrantKeyword, QdrantOptions, QdrantStore, Quantization, TantivyIndex, VectorOptions,
};

use super::shelf::postgres;

/// Opens the stores of one generation of a collection.
pub(super) struct Opener<'s> {
    pub(super) settings: &'s Settings,
    /// The index's folder.
    pub(super) folder: PathBuf,
    pub(super) collection: &'s str,
    pub(super) generation: u32,
    /// The vectors' length.
    pub(super) dimension: usize,
    /// Whether this generation answers, or is being made.
    pub(super) answers: bool,
    /// The collection on the server, where a leg is there: both legs share it.
    qdrant: OnceLock<Arc<QdrantCollection>>,
}

impl<'s> Opener<'s> {
    pub(super) fn new(
        settings: &'s Settings,
        folder: PathBuf,
        (collection, generation): (&'s str, u32),
        dimension: usize,
        answers: bool,
    ) -> Self {
        Self { settings, folder, collection, generation, dimension, answers, qdrant: OnceLock::new() }
    }

    pub(super) async fn vectors(&self, kind: VectorKind) -> Result<Arc<dyn VectorStore>> {
        match kind {
            VectorKind::Edge => {
                let (folder, dimension) = (self.folder.join("vectors"), self.dimension);
                let options = vector_options(self.settings);
                Ok(Arc::new(blocking(move || EdgeStore::open_with(&folder, dimension, options)).await?))
            }
            VectorKind::Qdrant => Ok(Arc::new(QdrantStore::new(self.qdrant()?))),
        }
    }

    pub(super) async fn keyword(&self, kind: KeywordKind) -> Result<Arc<dyn KeywordIndex>> {
        match kind {
            KeywordKind::Tantivy => {
                let folder = self.folder.join("keyword");
                Ok(Arc::new(blocking(move || TantivyIndex::open(&folder)).await?))
            }
            KeywordKind::Qdrant => Ok(Arc::new(QdrantKeyword::new(self.qdrant()?))),
        }
    }

    /// The collection on the server. Asks nothing of it yet.
    pub(super) fn qdrant(&self) -> Result<Arc<QdrantCollection>> {
        if let Some(collection) = self.qdrant.get() {
            return Ok(Arc::clone(collection));
        }
        let options = qdrant_options(self.settings);
        let made = QdrantCollection::new(self.collection, self.generation, self.dimension, self.answers, options)?;
        Ok(Arc::clone(self.qdrant.get_or_init(|| Arc::new(made))))
    }

    /// The collection on the server, if a leg that was opened is there.
    pub(super) fn opened_qdrant(&self) -> Option<Arc<QdrantCollection>> {
        self.qdrant.get().cloned()
    }
}

/// Asks the servers that the settings name whether they can be used; gives where they are, `None` where none is named.
///
/// # Errors
/// Those of the servers.
pub(crate) async fn servers(settings: &Settings) -> Result<Option<String>> {
    let mut places = Vec::new();
    if settings.catalog.store == CatalogKind::Postgres {
        let postgres = postgres(settings)?;
        postgres.rows("SELECT 1", &[]).await?;
        places.push(postgres.place().to_owned());
    }
    if settings.vectors.store == VectorKind::Qdrant {
        let opener = Opener::new(settings, PathBuf::new(), (&settings.server.collection, 0), 0, false);
        let qdrant = opener.qdrant()?;
        qdrant.reach().await?;
        places.push(format!("Qdrant {}", qdrant.place()));
    }
    Ok((!places.is_empty()).then(|| places.join("; ")))
}

async fn blocking<T: Send + 'static>(open: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(open).await.map_err(|error| Error::internal(error.to_string()))?
}

fn vector_options(settings: &Settings) -> VectorOptions {
    let vectors = &settings.vectors;
    VectorOptions {
        quantization: match vectors.quantization {
            QuantizationKind::None => Quantization::None,
            QuantizationKind::Scalar => Quantization::Scalar,
            QuantizationKind::Binary => Quantization::Binary,
        },
        rescore: vectors.rescore,
        oversampling: vectors.oversampling,
        on_disk: vectors.on_disk,
        hnsw_m: vectors.hnsw_m,
        hnsw_ef_construct: vectors.hnsw_ef_construct,
        hnsw_ef: vectors.hnsw_ef,
        indexing_threshold_kb: vectors.indexing_threshold_kb,
    }
}

fn qdrant_options(settings: &Settings) -> QdrantOptions {
    let qdrant = &settings.qdrant;
    QdrantOptions {
        urls: qdrant.urls(),
        api_key: qdrant.api_key.reveal().map(str::to_owned),
        prefix: qdrant.prefix.clone(),
        shards: qdrant.shards,
        replication_factor: qdrant.replication_factor,
        write_consistency: qdrant.write_consistency,
        timeout: Duration::from_secs(qdrant.timeout_seconds),
        retries: qdrant.retries,
        batch: qdrant.batch,
        vectors: vector_options(settings),
    }
}
