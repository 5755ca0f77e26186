//! The engines that write, here or elsewhere.

use std::sync::Arc;
use std::time::Duration;

use footnote_config::{
    EndpointSettings, Engine, GenerationSettings, GrammarKind, IsolationKind, LoraSettings, Model, ModelCatalog,
    Settings,
};
use footnote_core::seam::Generator;
use footnote_core::{Code, Error, Result};
use footnote_generator::engine::mistralrs;
use footnote_generator::engine::process::{ProcessEngine, ProcessOptions};
use footnote_generator::engine::remote::openai::OpenAi;
use footnote_generator::engine::remote::replicate::Replicate;
use footnote_generator::engine::remote::{EndpointOptions, GrammarField, Key, RemoteOptions};
use footnote_generator::engine::turns::{Turns, TurnsOptions};
use footnote_generator::engine::{self, EngineChoice, EngineOptions, LoraOptions};

use super::options::{program, threads};
use crate::models::locate;

/// Makes the program an engine process.
const RUN_ENGINE: &str = "run-engine";
/// How long after a question's deadline an engine may still be at it: a large model reads a batch of its prompt that long.
const HANG_GRACE: Duration = Duration::from_secs(30);
/// Requests that run at once at a server elsewhere.
const REMOTE_RUNNING: usize = 16;

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
