//! The models that read: embedding model, reranker and reader, loaded.

use std::path::PathBuf;
use std::sync::Arc;

use footnote_config::{Model, ModelCatalog, ModelKind, ReaderKind, RerankerKind, Settings};
use footnote_core::seam::{Embedder, EmbeddingModel, Reranker, SpanReader};
use footnote_core::{Code, Error, Result};
use footnote_retriever::{
    CrossEncoder, CrossEncoderOptions, FastEmbedder, FastEmbedderOptions, OnnxReader, OnnxReaderOptions,
};

use super::live::Reranking;
use super::options::threads;
use crate::models::locate;

/// The embedding model of this id, run as the settings say.
pub(crate) async fn embedder(settings: &Settings, models: &ModelCatalog, id: &str) -> Result<Arc<dyn Embedder>> {
    let model = models.get(id)?;
    let Place { folder, runtime, threads, max_tokens } = Place::of(settings, models, model, ModelKind::Embedding)?;
    let dimension = model.dimension.ok_or_else(|| not_a(model, ModelKind::Embedding))?;
    let model = EmbeddingModel { id: model.id.clone(), dimension, max_tokens };
    let options = FastEmbedderOptions { model, folder, runtime, threads, batch_size: settings.embedding.batch_size };
    Ok(Arc::new(loaded(move || FastEmbedder::load(options)).await?))
}

/// The embedding model of this id, or the one that is `loaded`. An index is asked with the model it was made with.
pub(super) async fn embedder_of(
    settings: &Settings,
    models: &ModelCatalog,
    loaded: &Arc<dyn Embedder>,
    id: Option<&str>,
) -> Result<Arc<dyn Embedder>> {
    match id {
        Some(id) if id != loaded.model().id => embedder(settings, models, id).await,
        _ => Ok(Arc::clone(loaded)),
    }
}

/// Who reads the best passages again, by the settings.
pub(super) async fn reranking(settings: &Settings, models: &ModelCatalog) -> Result<Reranking> {
    let model = models.get(&settings.retrieval.reranker_model)?;
    Ok(match settings.retrieval.reranker {
        RerankerKind::None => Reranking::None,
        RerankerKind::CrossEncoder => Reranking::By(cross_encoder(settings, models, model).await?),
        RerankerKind::Auto if model.is_here(&settings.models) => {
            Reranking::By(cross_encoder(settings, models, model).await?)
        }
        RerankerKind::Auto | RerankerKind::Sentences => Reranking::Sentences,
    })
}

async fn cross_encoder(settings: &Settings, models: &ModelCatalog, model: &Model) -> Result<Arc<dyn Reranker>> {
    let Place { folder, runtime, threads, max_tokens } = Place::of(settings, models, model, ModelKind::Reranker)?;
    let options = CrossEncoderOptions { id: model.id.clone(), max_tokens, folder, runtime, threads };
    Ok(Arc::new(loaded(move || CrossEncoder::load(options)).await?))
}

/// Who reads the best sentences again, by the settings; nobody, where that is so.
///
/// # Errors
/// Those of the model's files.
pub async fn span_reader(settings: &Settings, models: &ModelCatalog) -> Result<Option<Arc<dyn SpanReader>>> {
    let model = models.get(&settings.grounding.reader_model)?;
    match settings.grounding.reader {
        ReaderKind::None => return Ok(None),
        ReaderKind::Auto if !model.is_here(&settings.models) => return Ok(None),
        ReaderKind::Auto | ReaderKind::Model => (),
    }
    let Place { folder, runtime, threads, max_tokens } = Place::of(settings, models, model, ModelKind::Reader)?;
    let languages = model.languages.clone();
    let options = OnnxReaderOptions { id: model.id.clone(), max_tokens, languages, folder, runtime, threads };
    Ok(Some(Arc::new(loaded(move || OnnxReader::load(options)).await?)))
}

/// Where a model is and how it runs: what every one of them is loaded with.
struct Place {
    folder: PathBuf,
    runtime: PathBuf,
    threads: usize,
    max_tokens: usize,
}

impl Place {
    /// # Errors
    /// [`Code::ModelUnknown`] where the model is of another kind, and those of its files.
    fn of(settings: &Settings, models: &ModelCatalog, model: &Model, kind: ModelKind) -> Result<Self> {
        let max_tokens = model.max_tokens.filter(|_| model.kind == kind).ok_or_else(|| not_a(model, kind))?;
        let runtime = models.runtime()?;
        Ok(Self {
            folder: locate::folder(&settings.models, model)?,
            runtime: locate(&settings.models, runtime, &runtime.files[0].name)?,
            threads: threads(settings.embedding.threads),
            max_tokens,
        })
    }
}

fn not_a(model: &Model, kind: ModelKind) -> Error {
    let kind = match kind {
        ModelKind::Embedding => "an embedding model",
        ModelKind::Reranker => "a reranker",
        ModelKind::Reader => "a reader",
        ModelKind::Generation | ModelKind::Runtime => "for this",
    };
    Error::new(Code::ModelUnknown, format!("`{}` is not {kind}", model.id)).hint("footnote models list shows the kinds")
}

/// What `load` gives. Models are read on a thread that may wait.
async fn loaded<T: Send + 'static>(load: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(load).await.map_err(|error| Error::internal(error.to_string()))?
}
