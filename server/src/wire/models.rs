//! The models that the settings name, loaded.

use std::sync::Arc;

use footnote_config::{Engine, Model, ModelCatalog, ModelKind, RerankerKind, Settings};
use footnote_core::seam::{Embedder, EmbeddingModel, Generator, Reranker};
use footnote_core::{Code, Error, Result};
use footnote_generator::engine::{self, EngineChoice, EngineOptions};
use footnote_retriever::{CrossEncoder, CrossEncoderOptions, FastEmbedder, FastEmbedderOptions};

use super::live::Reranking;
use crate::models::locate;

/// The embedding model of this id, run as the settings say.
pub(crate) async fn embedder(settings: &Settings, models: &ModelCatalog, id: &str) -> Result<Arc<dyn Embedder>> {
    let model = models.get(id)?;
    let (Some(dimension), Some(max_tokens)) = (model.dimension, model.max_tokens) else {
        return Err(Error::new(Code::ModelUnknown, format!("`{}` is not an embedding model", model.id))
            .hint("footnote models list shows the kinds"));
    };
    let runtime = models.runtime()?;
    let options = FastEmbedderOptions {
        model: EmbeddingModel { id: model.id.clone(), dimension, max_tokens },
        folder: locate::folder(&settings.models, model)?,
        runtime: locate(&settings.models, runtime, &runtime.files[0].name)?,
        threads: threads(settings.embedding.threads),
        batch_size: settings.embedding.batch_size,
    };
    let loaded = tokio::task::spawn_blocking(move || FastEmbedder::load(options)).await;
    Ok(Arc::new(loaded.map_err(|error| Error::internal(error.to_string()))??))
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
    let (ModelKind::Reranker, Some(max_tokens)) = (model.kind, model.max_tokens) else {
        return Err(Error::new(Code::ModelUnknown, format!("`{}` is not a reranker", model.id))
            .hint("footnote models list shows the kinds"));
    };
    let runtime = models.runtime()?;
    let options = CrossEncoderOptions {
        id: model.id.clone(),
        max_tokens,
        folder: locate::folder(&settings.models, model)?,
        runtime: locate(&settings.models, runtime, &runtime.files[0].name)?,
        threads: threads(settings.embedding.threads),
    };
    let loaded = tokio::task::spawn_blocking(move || CrossEncoder::load(options)).await;
    Ok(Arc::new(loaded.map_err(|error| Error::internal(error.to_string()))??))
}

/// The generation engine and model that the settings name.
pub(crate) async fn generator(settings: &Settings, models: &ModelCatalog) -> Result<Arc<dyn Generator>> {
    let generation = &settings.generation;
    let (model_id, file) = match models.get(&generation.model) {
        Ok(model) => (model.id.clone(), locate(&settings.models, model, &gguf(model)?)?),
        // Not an id: a path to a file of the user's own.
        Err(_) if generation.model.contains(['/', '.']) => (generation.model.clone(), generation.model.clone().into()),
        Err(unknown) => return Err(unknown),
    };
    let choice = match generation.engine {
        Engine::Auto => EngineChoice::Auto,
        Engine::Mistralrs => EngineChoice::MistralRs,
        Engine::LlamaCpp => EngineChoice::LlamaCpp,
    };
    let options = EngineOptions {
        model_id,
        file,
        context: generation.context,
        threads: threads(generation.threads),
        queue: generation.queue,
    };
    engine::load(choice, options).await
}

fn gguf(model: &Model) -> Result<String> {
    let file = model.files.iter().find(|file| file.name.ends_with(".gguf")).map(|file| file.name.clone());
    file.ok_or_else(|| {
        Error::new(Code::ModelUnsupported, format!("`{}` is not a model that writes text from a GGUF file", model.id))
            .hint("footnote models list shows the generation models")
    })
}

/// 0 stands for one per core.
fn threads(setting: usize) -> usize {
    match setting {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}
