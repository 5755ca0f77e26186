//! The models that the settings name, loaded.

use std::sync::Arc;
use std::time::Duration;

use footnote_config::{
    EndpointSettings, Engine, GenerationSettings, GrammarKind, IsolationKind, LoraSettings, Model, ModelCatalog,
    ModelKind, ReaderKind, RerankerKind, Settings,
};
use footnote_core::seam::{Embedder, EmbeddingModel, Generator, Reranker, SpanReader};
use footnote_core::{Code, Error, Result};
use footnote_generator::engine::mistralrs;
use footnote_generator::engine::process::{ProcessEngine, ProcessOptions};
use footnote_generator::engine::remote::openai::OpenAi;
use footnote_generator::engine::remote::replicate::Replicate;
use footnote_generator::engine::remote::{EndpointOptions, GrammarField, Key, RemoteOptions};
use footnote_generator::engine::turns::{Turns, TurnsOptions};
use footnote_generator::engine::{self, EngineChoice, EngineOptions, LoraOptions};
use footnote_retriever::{
    CrossEncoder, CrossEncoderOptions, FastEmbedder, FastEmbedderOptions, OnnxReader, OnnxReaderOptions,
};

use super::live::Reranking;
use super::options::program;
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
    let (ModelKind::Reader, Some(max_tokens)) = (model.kind, model.max_tokens) else {
        return Err(Error::new(Code::ModelUnknown, format!("`{}` is not a reader", model.id))
            .hint("footnote models list shows the kinds"));
    };
    let runtime = models.runtime()?;
    let options = OnnxReaderOptions {
        id: model.id.clone(),
        max_tokens,
        languages: model.languages.clone(),
        folder: locate::folder(&settings.models, model)?,
        runtime: locate(&settings.models, runtime, &runtime.files[0].name)?,
        threads: threads(settings.embedding.threads),
    };
    let loaded = tokio::task::spawn_blocking(move || OnnxReader::load(options)).await;
    Ok(Some(Arc::new(loaded.map_err(|error| Error::internal(error.to_string()))??)))
}

/// The generation engine and model that the settings name, with turns for whoever asks.
pub(crate) async fn generator(settings: &Settings, models: &ModelCatalog) -> Result<Arc<dyn Generator>> {
    let generation = &settings.generation;
    let engine = engine_of(settings, models).await?;
    let running = match generation.engine {
        // Each server has a queue and turns of its own.
        Engine::Openai | Engine::Replicate => REMOTE_RUNNING * generation.endpoints.len().max(1),
        Engine::Auto | Engine::LlamaCpp | Engine::Mistralrs if engine.info().engine == "llama-cpp" => {
            generation.parallel
        }
        Engine::Auto | Engine::LlamaCpp | Engine::Mistralrs => mistralrs::running(),
    };
    let options = TurnsOptions { running, waiting: generation.queue, waiting_each: generation.queue_per_key };
    Ok(Arc::new(Turns::new(engine, options)))
}

/// Makes the program an engine process.
const RUN_ENGINE: &str = "run-engine";
/// How long after a question's deadline an engine may still be at it: a large model reads a batch of its prompt that long.
const HANG_GRACE: Duration = Duration::from_secs(30);
/// Requests that run at once at a server elsewhere.
const REMOTE_RUNNING: usize = 16;

async fn engine_of(settings: &Settings, models: &ModelCatalog) -> Result<Arc<dyn Generator>> {
    let generation = &settings.generation;
    let choice = match generation.engine {
        Engine::Auto => EngineChoice::Auto,
        Engine::Mistralrs => EngineChoice::MistralRs,
        Engine::LlamaCpp => EngineChoice::LlamaCpp,
        Engine::Openai => return Ok(Arc::new(OpenAi::new(remote(generation)?)?)),
        Engine::Replicate => return Ok(Arc::new(Replicate::new(remote(generation)?)?)),
    };
    let (model_id, file) = match models.get(&generation.model) {
        Ok(model) => (model.id.clone(), locate(&settings.models, model, &gguf(model)?)?),
        // Not an id: a path to a file of the user's own.
        Err(_) if generation.model.contains(['/', '.']) => (generation.model.clone(), generation.model.clone().into()),
        Err(unknown) => return Err(unknown),
    };
    let options = EngineOptions {
        model_id,
        file,
        context: generation.context,
        threads: threads(generation.threads),
        queue: generation.queue,
        parallel: generation.parallel,
        isq: (generation.isq > 0).then_some(generation.isq),
        lora: generation
            .lora
            .iter()
            .map(|LoraSettings { file, scale }| LoraOptions { file: file.clone(), scale: *scale })
            .collect(),
    };
    match (generation.isolation, program()) {
        (IsolationKind::Process, Some(program)) => {
            let (args, grace) = (vec![RUN_ENGINE.into()], HANG_GRACE);
            Ok(Arc::new(ProcessEngine::load(ProcessOptions { program, args, choice, engine: options, grace }).await?))
        }
        _ => engine::load(choice, options).await,
    }
}

/// The servers of an engine elsewhere, with their keys.
fn remote(generation: &GenerationSettings) -> Result<RemoteOptions> {
    let endpoints = generation.endpoints.iter().map(|endpoint| {
        let model = if endpoint.model.is_empty() { &generation.model } else { &endpoint.model };
        Ok(EndpointOptions {
            url: endpoint.url.clone(),
            model: model.clone(),
            key: key(endpoint)?,
            grammar: match endpoint.grammar {
                GrammarKind::None => GrammarField::None,
                GrammarKind::LlamaCpp => GrammarField::LlamaCpp,
                GrammarKind::Vllm => GrammarField::Vllm,
            },
        })
    });
    Ok(RemoteOptions {
        endpoints: endpoints.collect::<Result<_>>()?,
        context: generation.context,
        stall: Duration::from_secs(generation.stall_seconds),
        retries: generation.retries,
    })
}

fn key(endpoint: &EndpointSettings) -> Result<Option<Key>> {
    let variable = &endpoint.api_key_env;
    if variable.is_empty() {
        return Ok(endpoint.api_key.reveal().and_then(Key::new));
    }
    std::env::var(variable).ok().and_then(|key| Key::new(&key)).map(Some).ok_or_else(|| {
        Error::new(
            Code::SettingsInvalid,
            format!("the key of {} is to be in ${variable}, which is empty", endpoint.url),
        )
        .hint(format!("export {variable}=…, or take api_key_env out where the server wants no key"))
    })
}

/// The name of a model's GGUF file.
pub(crate) fn gguf(model: &Model) -> Result<String> {
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
