//! The engines behind core's [`Generator`] seam: those in this process and the choice between them; those elsewhere: [`remote`].

pub mod llama_cpp;
pub mod mistralrs;
pub mod process;
pub mod remote;
pub mod turns;

mod folder;
pub(crate) mod gguf;
mod utf8;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use footnote_core::seam::Generator;
use footnote_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};

use self::llama_cpp::LlamaCpp;
pub use self::llama_cpp::lora::LoraOptions;
use self::mistralrs::MistralRs;

/// Which engine is to run the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineChoice {
    /// The faster one on this machine: mistral.rs on CUDA and Metal, llama.cpp on CPUs (measured:
    /// five times the prefill and nearly three times the decode speed with Q4_1 weights).
    Auto,
    /// mistral.rs.
    MistralRs,
    /// llama.cpp.
    LlamaCpp,
}

/// What an engine needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EngineOptions {
    /// The model's id in the model catalog.
    pub model_id: String,
    /// The GGUF file, or a folder of safetensors (mistral.rs only).
    pub file: PathBuf,
    /// Bits per weight that mistral.rs brings safetensors to while it loads them (in-situ quantization): 2, 3, 4, 5, 6 or
    /// 8; `None` leaves them as they are.
    pub isq: Option<u8>,
    /// The most tokens that prompt and answer may have together; cut to what the model was trained for.
    pub context: usize,
    /// Threads that compute. mistral.rs takes its number from `RAYON_NUM_THREADS` instead.
    pub threads: usize,
    /// Requests that may wait while others are being answered; more are refused.
    pub queue: usize,
    /// Requests that llama.cpp answers at once, a token each per step.
    pub parallel: usize,
    /// LoRA adapters.
    pub lora: Vec<LoraOptions>,
}

/// Checks the model file and loads it into the chosen engine.
///
/// # Errors
/// [`Code::ModelMissing`], [`Code::ModelDamaged`] and [`Code::ModelUnsupported`], naming the file.
pub async fn load(choice: EngineChoice, options: EngineOptions) -> Result<Arc<dyn Generator>> {
    let started = Instant::now();
    let engine: Arc<dyn Generator> = match resolve(choice, &options)? {
        EngineChoice::MistralRs => Arc::new(MistralRs::load(options).await?),
        EngineChoice::LlamaCpp | EngineChoice::Auto => Arc::new(LlamaCpp::load(options).await?),
    };
    let info = engine.info();
    tracing::info!(
        engine = info.engine,
        model = info.model,
        context = info.context,
        ms = started.elapsed().as_millis(),
        "generation engine loaded"
    );
    Ok(engine)
}

fn resolve(choice: EngineChoice, options: &EngineOptions) -> Result<EngineChoice> {
    let folder = options.file.is_dir();
    if options.isq.is_some() && !folder {
        let reason = format!("generation.isq is for folders of safetensors, {} is none", options.file.display());
        return Err(Error::new(Code::SettingsInvalid, reason)
            .hint("`footnote models quantize` makes a smaller GGUF file; or set generation.isq = 0"));
    }
    match choice {
        EngineChoice::LlamaCpp if folder => {
            Err(unsupported(&options.file, "llama.cpp reads GGUF files, no safetensors").hint(
                "set generation.engine = \"mistralrs\", or convert the folder with llama.cpp's convert_hf_to_gguf.py",
            ))
        }
        EngineChoice::Auto if folder || mistralrs::has_accelerator() => Ok(EngineChoice::MistralRs),
        EngineChoice::Auto => Ok(EngineChoice::LlamaCpp),
        chosen => Ok(chosen),
    }
}

/// What a look at a model's files told.
struct ModelHeader {
    /// `llama`, `qwen2` in GGUF files; `LlamaForCausalLM` in folders.
    architecture: String,
    /// The tokens that it was trained for.
    context_length: Option<u64>,
}

/// Inspects `options.file`, off the async runtime, and cuts the context to the model's.
async fn checked(options: EngineOptions) -> Result<(EngineOptions, ModelHeader)> {
    blocking(move || {
        let header = if options.file.is_dir() {
            folder::inspect(&options.file)?
        } else {
            let header = gguf::inspect(&options.file)?;
            if !header.has_chat_template {
                let reason = "it has no chat template, so it was not made to answer questions";
                return Err(unsupported(&options.file, reason));
            }
            ModelHeader { architecture: header.architecture, context_length: header.context_length }
        };
        let trained = header.context_length.and_then(|length| usize::try_from(length).ok()).unwrap_or(options.context);
        if trained < options.context {
            tracing::warn!(asked = options.context, trained, "context cut to the one that the model was trained for");
        }
        let context = options.context.min(trained);
        Ok((EngineOptions { context, ..options }, header))
    })
    .await
}

fn unsupported(file: &Path, reason: &str) -> Error {
    Error::new(Code::ModelUnsupported, format!("{}: {reason}", file.display()))
        .hint("choose an instruct model in GGUF format; `footnote models list` shows those that are known to work")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Error::new(Code::EngineFailed, "the engine panicked while it was loading or reading a prompt").caused_by(error)
    })?
}

fn too_long(prompt: usize, max_tokens: usize, context: usize) -> Error {
    Error::new(
        Code::BadRequest,
        format!("the prompt has {prompt} tokens and up to {max_tokens} may be written; the context holds {context}"),
    )
    .hint("shorten the question, or raise generation.context")
}

fn overloaded(queue: usize) -> Error {
    Error::new(Code::Overloaded, format!("the generation engine is busy and {queue} requests are waiting already"))
        .hint("try again in a moment, or raise generation.queue")
}

/// When a request that is asked now must be done. A deadline beyond all clocks is a day.
fn due(deadline: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(deadline).unwrap_or(now + Duration::from_secs(86_400))
}

#[cfg(test)]
mod tests;
