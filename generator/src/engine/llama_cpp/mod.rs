//! llama.cpp in this process: a thread of its own owns the model's context and works off a queue.
//!
//! `slots`: the context, shared by several requests. `work`: one request. `lora`: adapters. Here: the engine, its thread and
//! its queue.

pub mod lora;

mod slots;
mod work;

use std::num::NonZeroU32;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use async_trait::async_trait;
use footnote_core::seam::{GenerationRequest, GenerationStream, Generator, GeneratorInfo, Message};
use footnote_core::{Code, Error, Result};
use futures::StreamExt;
use llama_cpp_2::LogOptions;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaLoraAdapter, LlamaModel};
use llama_cpp_2::token::LlamaToken;
use tokio::sync::{mpsc, oneshot};

use self::slots::{BATCH, Slots};
use self::work::Job;
use super::{EngineOptions, ModelHeader, blocking, checked, due, overloaded, too_long, unsupported};

/// The engine. Dropping it ends its thread once the request at hand has ended.
pub struct LlamaCpp {
    info: GeneratorInfo,
    model: Arc<LlamaModel>,
    template: Arc<LlamaChatTemplate>,
    queue: usize,
    /// `None` only while dropping: closing the queue is what ends the thread.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl LlamaCpp {
    /// Loads the model and starts the thread.
    ///
    /// # Errors
    /// Those of [`super::load`].
    pub async fn load(options: EngineOptions) -> Result<Self> {
        let (options, header) = checked(options).await?;
        let loaded = blocking({
            let options = options.clone();
            move || load_model(&options, &header)
        });
        let (model, adapter) = loaded.await?;
        start(&options, model, adapter)?.ready().await
    }

    /// Applies the model file's template and counts what comes out.
    async fn tokenize(&self, messages: Vec<Message>) -> Result<Vec<LlamaToken>> {
        let (model, template) = (Arc::clone(&self.model), Arc::clone(&self.template));
        blocking(move || {
            let chat = messages.into_iter().map(chat_message).collect::<Result<Vec<_>>>()?;
            let prompt = model
                .apply_chat_template(&template, &chat, true)
                .map_err(|error| failed("the chat template could not be applied").caused_by(error))?;
            // The template writes its own control tokens; BOS is added where the model wants one.
            let starts_with_bos = model
                .vocab()
                .text(model.vocab().bos())
                .is_some_and(|bos| !bos.to_bytes().is_empty() && prompt.as_bytes().starts_with(bos.to_bytes()));
            Ok(model.vocab().tokenize(prompt.as_bytes(), !starts_with_bos, true))
        })
        .await
    }
}

/// llama.cpp's process-wide state. It can be initialized only once; whoever uses the library beside
/// this engine takes it from here.
///
/// # Errors
/// When somebody else has initialized it.
pub fn backend() -> Result<&'static LlamaBackend> {
    static BACKEND: OnceLock<Option<LlamaBackend>> = OnceLock::new();
    BACKEND
        .get_or_init(|| {
            llama_cpp_2::send_logs_to_tracing(LogOptions::default().with_logs_enabled(true));
            LlamaBackend::init().ok()
        })
        .as_ref()
        .ok_or_else(|| failed("llama.cpp was initialized outside footnote"))
}

/// The model, and its adapter with its scale.
type Loaded = (LlamaModel, Option<(LlamaLoraAdapter, f32)>);

fn load_model(options: &EngineOptions, header: &ModelHeader) -> Result<Loaded> {
    // Without a GPU backend compiled in, the layers to offload are ignored.
    let params = LlamaModelParams::default().with_n_gpu_layers(u32::MAX >> 1);
    let file = &options.file;
    let mut model = LlamaModel::load_from_file(backend()?, file, &params)
        .map_err(|error| unsupported(file, "llama.cpp cannot load it").caused_by(error))?;
    let adapter = match options.lora.as_slice() {
        [] => None,
        [one] => Some((lora::load(&mut model, header, one)?, one.scale)),
        several => {
            let reason = format!("generation.lora names {} adapters; llama.cpp takes one here", several.len());
            return Err(Error::new(Code::SettingsInvalid, reason).hint("merge them into one adapter, or keep one"));
        }
    };
    Ok((model, adapter))
}

/// An engine whose thread is still making its context.
struct Starting {
    engine: LlamaCpp,
    ready: oneshot::Receiver<Result<()>>,
}

impl Starting {
    async fn ready(self) -> Result<LlamaCpp> {
        self.ready.await.unwrap_or_else(|_| Err(failed("the engine's thread ended while it was starting")))?;
        Ok(self.engine)
    }
}

fn start(options: &EngineOptions, model: LlamaModel, adapter: Option<(LlamaLoraAdapter, f32)>) -> Result<Starting> {
    let template = model
        .chat_template(None)
        .map_err(|error| unsupported(&options.file, "its chat template cannot be read").caused_by(error))?;
    let probe = LlamaChatMessage::new("user".into(), "?".into())
        .map_err(|error| failed("a message was refused").caused_by(error))?;
    model
        .apply_chat_template(&template, &[probe], true)
        .map_err(|error| unsupported(&options.file, "llama.cpp does not know its chat template").caused_by(error))?;

    let model = Arc::new(model);
    let (jobs, queue) = sync_channel(options.queue);
    let (started, ready) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("llama-cpp".into())
        .spawn({
            let (model, options) = (Arc::clone(&model), options.clone());
            move || work(&model, adapter, &options, started, &queue)
        })
        .map_err(|error| failed("the engine's thread cannot be started").caused_by(error))?;
    let info = GeneratorInfo { engine: "llama-cpp".into(), model: options.model_id.clone(), context: options.context };
    let engine = LlamaCpp {
        info,
        model,
        template: Arc::new(template),
        queue: options.queue,
        jobs: Some(jobs),
        thread: Some(thread),
    };
    Ok(Starting { engine, ready })
}

/// The thread: makes the context, then answers until the queue is closed.
fn work(
    model: &LlamaModel,
    adapter: Option<(LlamaLoraAdapter, f32)>,
    options: &EngineOptions,
    started: oneshot::Sender<Result<()>>,
    queue: &Receiver<Job>,
) {
    // The adapter has to outlive the context.
    let mut adapter = adapter;
    let mut slots = match context(model, adapter.as_mut(), options) {
        Ok(context) => Slots::new(model, context, options.parallel, options.context),
        Err(error) => {
            // The receiver is gone only when nobody waits for the engine any more.
            let _ = started.send(Err(error));
            return;
        }
    };
    if started.send(Ok(())).is_err() {
        return;
    }
    let mut waiting = None;
    loop {
        while slots.any_idle() {
            let job = match waiting.take() {
                Some(job) => job,
                None if slots.all_idle() => match queue.recv() {
                    Ok(job) => job,
                    Err(_) => return,
                },
                None => match queue.try_recv() {
                    Ok(job) => job,
                    Err(_) => break,
                },
            };
            waiting = slots.start(job);
            if waiting.is_some() {
                break;
            }
        }
        slots.step();
    }
}

fn context<'model>(
    model: &'model LlamaModel,
    adapter: Option<&mut (LlamaLoraAdapter, f32)>,
    options: &EngineOptions,
) -> Result<LlamaContext<'model>> {
    let made = model.new_context(backend()?, context_params(options));
    let mut context = made.map_err(|error| {
        Error::new(Code::EngineFailed, format!("no context of {} tokens can be made", options.context))
            .hint("lower generation.context, or free memory")
            .caused_by(error)
    })?;
    if let Some((adapter, scale)) = adapter {
        context
            .lora_adapter_set(adapter, *scale)
            .map_err(|error| failed("the LoRA adapter cannot be set").caused_by(error))?;
    }
    Ok(context)
}

fn context_params(options: &EngineOptions) -> LlamaContextParams {
    let threads = i32::try_from(options.threads.max(1)).unwrap_or(i32::MAX);
    let context = u32::try_from(options.context).ok().and_then(NonZeroU32::new);
    let parallel = u32::try_from(options.parallel.max(1)).unwrap_or(1);
    let batch = BATCH as u32;
    LlamaContextParams::default()
        .with_n_ctx(context)
        .with_n_batch(batch)
        .with_n_ubatch(batch)
        // The requests share the cells: each may have all of them when it is alone.
        .with_n_seq_max(parallel)
        .with_kv_unified(parallel > 1)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true)
}

fn chat_message(message: Message) -> Result<LlamaChatMessage> {
    LlamaChatMessage::new(message.role.as_str().to_owned(), message.content).map_err(|error| {
        Error::new(Code::BadRequest, "a message holds a NUL character").hint("remove it").caused_by(error)
    })
}

pub(super) fn failed(reason: &str) -> Error {
    Error::new(Code::EngineFailed, format!("llama.cpp: {reason}")).hint("the log may say more; restart footnote")
}

#[async_trait]
impl Generator for LlamaCpp {
    fn info(&self) -> &GeneratorInfo {
        &self.info
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
        let due = due(request.deadline);
        let GenerationRequest { messages, max_tokens, temperature, grammar, .. } = request;
        let prompt = self.tokenize(messages).await?;
        if prompt.len() + max_tokens > self.info.context {
            return Err(too_long(prompt.len(), max_tokens, self.info.context));
        }
        let (events, stream) = mpsc::channel(max_tokens + 2);
        let grammar = grammar.map(|grammar| grammar.gbnf);
        let job = Job { prompt, max_tokens, temperature, grammar, due, events };
        let jobs = self.jobs.as_ref().ok_or_else(|| failed("the engine is being shut down"))?;
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => overloaded(self.queue),
            TrySendError::Disconnected(_) => failed("the engine's thread has ended"),
        })?;
        let events =
            futures::stream::unfold(stream, |mut stream| async { stream.recv().await.map(|event| (event, stream)) });
        Ok(events.boxed())
    }
}

impl Drop for LlamaCpp {
    fn drop(&mut self) {
        self.jobs.take();
        // The context must be gone before the process ends: its threads would outlive what they use.
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the llama.cpp thread had panicked");
        }
    }
}
