//! mistral.rs in this process: its own engine thread schedules and batches the requests. `lora`: adapters; `xlora`:
//! mixtures of them; `newer`: folders of newer libraries.

mod links;
mod lora;
mod newer;
mod xlora;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use either::Either;
use footnote_core::seam::{
    FinishReason, GenerationDone, GenerationEvent, GenerationRequest, GenerationStream, Generator, GeneratorInfo,
    Message, Role,
};
use footnote_core::{Code, Error, Result};
use futures::StreamExt;
use mistralrs::core::{ChatCompletionChunkResponse, Response};
use mistralrs::{
    Constraint, GgufModelBuilder, IsqBits, LoraModelBuilder, Model, NormalRequest, Request, RequestMessage,
    SamplingParams, TextMessageRole, TextMessages, TextModelBuilder, TokenSource, XLoraModelBuilder,
};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::lora::Staged;
use self::newer::Readable;
use self::xlora::Mixture;
use super::{EngineOptions, blocking, checked, due, overloaded, too_long, unsupported};

/// Requests that an accelerator works on side by side; a CPU gains nothing from it.
const ACCELERATOR_BATCH: usize = 8;
/// Finished sequences whose keys and values an accelerator keeps for the next prompt.
const ACCELERATOR_PREFIXES: usize = 4;

const ELSEWHERE: &str = "try generation.engine = \"llama-cpp\", which knows more architectures";

/// The engine.
pub struct MistralRs {
    info: GeneratorInfo,
    model: Arc<Model>,
    /// Whether the template knows a system message; where it does not, the user says it first.
    takes_system: bool,
    queue: usize,
    places: Arc<Semaphore>,
}

/// Whether this build and this machine have CUDA or Metal for mistral.rs.
#[must_use]
pub fn has_accelerator() -> bool {
    mistralrs::best_device(false).is_ok_and(|device| !device.is_cpu())
}

/// Requests that it works on side by side on this machine.
#[must_use]
pub fn running() -> usize {
    if has_accelerator() { ACCELERATOR_BATCH } else { 1 }
}

/// Prompts that are kept. None on a CPU: version 0.8.1 never evicts one there (only those on a device are counted), and each
/// answer would keep its keys and values for good.
fn prefixes() -> Option<usize> {
    has_accelerator().then_some(ACCELERATOR_PREFIXES)
}

impl MistralRs {
    /// Loads the model and starts the engine.
    ///
    /// # Errors
    /// Those of [`super::load`].
    pub async fn load(options: EngineOptions) -> Result<Self> {
        let (options, header) = checked(options).await?;
        let runtime = tokio::runtime::Handle::current();
        let built = if options.file.is_dir() {
            let build = of_folder(&options)?;
            on_a_thread_of_its_own(move || runtime.block_on(build)).await
        } else {
            let build = of_file(&options)?;
            on_a_thread_of_its_own(move || runtime.block_on(build)).await
        };
        let built = built.map_err(|error| {
            let reason = format!("mistral.rs panicked over its architecture {:?}", header.architecture);
            unsupported(&options.file, &reason).hint(ELSEWHERE).caused_by(error)
        })?;
        let model = built.map_err(|error| {
            let reason = format!("mistral.rs cannot run its architecture {:?}: {error}", header.architecture);
            unsupported(&options.file, &reason).hint(ELSEWHERE)
        })?;
        let model = Arc::new(model);
        let takes_system = probe(&model, &options.file).await?;
        let info =
            GeneratorInfo { engine: "mistralrs".into(), model: options.model_id.clone(), context: options.context };
        let places = Arc::new(Semaphore::new(running() + options.queue));
        Ok(Self { info, model, takes_system, queue: options.queue, places })
    }
}

/// Version 0.8.1 remembers adapters by thread and never forgets them: the next model that a thread loads would get them,
/// too.
async fn on_a_thread_of_its_own<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    blocking(move || {
        let thread = std::thread::Builder::new().name("load".into()).spawn(work);
        let thread = thread.map_err(|error| failed("no thread can be started").caused_by(error))?;
        thread.join().map_err(|_| failed("it panicked while it was loading"))
    })
    .await
}

type Built = std::result::Result<Model, Box<dyn std::error::Error + Send + Sync>>;

/// A GGUF file.
fn of_file(options: &EngineOptions) -> Result<impl Future<Output = Built> + Send + use<>> {
    if let Some(adapter) = options.lora.first() {
        return Err(unsupported(&adapter.file, "footnote runs LoRA adapters of GGUF models in llama.cpp only")
            .hint("set generation.engine = \"llama-cpp\""));
    }
    let file = options.file.as_path();
    let name = |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).map(str::to_owned);
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => name(Some(folder.as_os_str())),
        _ => Some(".".into()),
    };
    let (Some(folder), Some(file_name)) = (folder, name(file.file_name())) else {
        return Err(unsupported(file, "mistral.rs opens only paths that are valid UTF-8"));
    };
    // A folder that exists is listed instead of asked for at the Hub, and tokenizer and template are
    // taken from the file: nothing here reaches for the network.
    let builder = GgufModelBuilder::new(folder, vec![file_name]).with_token_source(TokenSource::None);
    let builder = builder.with_max_num_seqs(running()).with_prefix_cache_n(prefixes());
    let builder = if has_accelerator() { builder } else { builder.with_force_cpu() };
    Ok(async { builder.build().await.map_err(Into::into) })
}

/// A folder of safetensors, quantized while it is loaded where that is asked for.
fn of_folder(options: &EngineOptions) -> Result<impl Future<Output = Built> + Send + use<>> {
    let unreadable = || unsupported(&options.file, "mistral.rs opens only paths that are valid UTF-8");
    let readable = Readable::of(&options.file)?;
    let folder = readable.path().to_str().ok_or_else(unreadable)?;
    let builder = TextModelBuilder::new(folder).with_token_source(TokenSource::None);
    let builder = builder.with_max_num_seqs(running()).with_prefix_cache_n(prefixes());
    let builder = if has_accelerator() { builder } else { builder.with_force_cpu() };
    let builder = match options.isq {
        None => builder,
        Some(bits) => builder.with_auto_isq(isq(bits)?),
    };
    let adapters = Adapters::of(options)?;
    Ok(async move {
        // Links are needed until all is read.
        let _readable = readable;
        let built = match adapters {
            Adapters::None => builder.build().await,
            Adapters::Summed(staged) => {
                LoraModelBuilder::from_text_model_builder(builder, staged.names()).build().await
            }
            Adapters::Mixed(mixture) => {
                let (folder, ordering) = (mixture.folder(), mixture.ordering());
                XLoraModelBuilder::from_text_model_builder(builder, folder, ordering).build().await
            }
        };
        built.map_err(Into::into)
    })
}

/// Adapters beside a folder of safetensors.
enum Adapters {
    None,
    /// Each adds to the weights.
    Summed(Staged),
    /// X-LoRA: how much each counts is said anew for each token.
    Mixed(Mixture),
}

impl Adapters {
    fn of(options: &EngineOptions) -> Result<Self> {
        let base = &options.file;
        match options.lora.as_slice() {
            [] => Ok(Self::None),
            [one] if Mixture::is_one(one) => Ok(Self::Mixed(Mixture::of(one, base, options.context)?)),
            several => Ok(Self::Summed(Staged::of(several, base)?)),
        }
    }
}

fn isq(bits: u8) -> Result<IsqBits> {
    Ok(match bits {
        2 => IsqBits::Two,
        3 => IsqBits::Three,
        4 => IsqBits::Four,
        5 => IsqBits::Five,
        6 => IsqBits::Six,
        8 => IsqBits::Eight,
        other => {
            return Err(Error::new(Code::SettingsInvalid, format!("generation.isq = {other}: no such quantization"))
                .hint("give 2, 3, 4, 5, 6 or 8, or 0 for none"));
        }
    })
}

/// Tries the template; says whether it takes a system message (Gemma's and the first Mistral's don't).
async fn probe(model: &Arc<Model>, file: &Path) -> Result<bool> {
    let message = |role| Message { role, content: "?".into() };
    if count(model, chat(vec![message(Role::System), message(Role::User)], true)).await.is_ok() {
        return Ok(true);
    }
    match count(model, chat(vec![message(Role::User)], true)).await {
        Ok(_) => Ok(false),
        Err(error) => Err(unsupported(file, "mistral.rs cannot apply its chat template").caused_by(error)),
    }
}

fn chat(messages: Vec<Message>, takes_system: bool) -> TextMessages {
    let mut said_first = String::new();
    let mut chat = TextMessages::new();
    for Message { role, content } in messages {
        let (role, content) = match role {
            Role::System if takes_system => (TextMessageRole::System, content),
            Role::System => {
                said_first = format!("{content}\n\n");
                continue;
            }
            Role::User => (TextMessageRole::User, format!("{}{content}", std::mem::take(&mut said_first))),
            Role::Assistant => (TextMessageRole::Assistant, content),
        };
        chat = chat.add_message(role, content);
    }
    chat
}

/// Tokens of the chat as the model will read it.
async fn count(model: &Arc<Model>, chat: TextMessages) -> Result<usize> {
    let model = Arc::clone(model);
    // In a task of its own: a caller who leaves must not drop the reply channel, for the engine
    // thread of version 0.8.1 panics when it cannot reply.
    let counted = tokio::spawn(async move { model.tokenize(Either::Left(chat), None, true, true, None).await });
    let tokens = counted.await.map_err(|error| failed("counting the prompt's tokens panicked").caused_by(error))?;
    tokens.map(|tokens| tokens.len()).map_err(|error| failed("the prompt cannot be tokenized").caused_by(error))
}

fn failed(reason: &str) -> Error {
    Error::new(Code::EngineFailed, format!("mistral.rs: {reason}")).hint("the log may say more; restart footnote")
}

#[async_trait]
impl Generator for MistralRs {
    fn info(&self) -> &GeneratorInfo {
        &self.info
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
        let due = due(request.deadline);
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| overloaded(self.queue))?;
        let messages = chat(request.messages, self.takes_system);
        let prompt_tokens = count(&self.model, messages.clone()).await?;
        if prompt_tokens + request.max_tokens > self.info.context {
            return Err(too_long(prompt_tokens, request.max_tokens, self.info.context));
        }
        // Room for a whole answer, so that a slow reader never holds up the engine thread.
        let (responses, receiver) = channel(request.max_tokens + 2);
        let sampling = sampling(request.temperature, request.max_tokens);
        let messages =
            RequestMessage::Chat { messages: messages.into(), enable_thinking: None, reasoning_effort: None };
        let mut engine_request = NormalRequest::new_simple(messages, sampling, responses, 0, None, None);
        engine_request.is_streaming = true;
        if let Some(grammar) = request.grammar {
            engine_request.constraint = Constraint::Regex(grammar.regex);
        }
        let asked = Instant::now();
        let sender =
            self.model.inner().get_sender(None).map_err(|error| failed("the engine is gone").caused_by(error))?;
        sender
            .send(Request::Normal(Box::new(engine_request)))
            .await
            .map_err(|_| failed("the engine's thread has ended"))?;
        let max_tokens = request.max_tokens;
        let reading = Reading {
            receiver,
            asked,
            due,
            first: None,
            end: None,
            prompt_tokens,
            max_tokens,
            written: 0,
            _place: place,
        };
        let events = futures::stream::unfold(Some(reading), |reading| async move {
            let mut reading = reading?;
            let event = reading.next().await;
            let over = !matches!(event, Ok(GenerationEvent::Token(_)));
            Some((event, (!over).then_some(reading)))
        });
        Ok(events.boxed())
    }
}

fn sampling(temperature: f32, max_tokens: usize) -> SamplingParams {
    let max_len = Some(max_tokens);
    if temperature <= 0.0 {
        // Temperature 0, not `None`: the engine reads `None` as 1 and sorts the vocabulary per token.
        return SamplingParams { temperature: Some(0.0), max_len, ..SamplingParams::neutral() };
    }
    let temperature = Some(f64::from(temperature));
    SamplingParams { temperature, top_k: Some(40), top_p: Some(0.95), max_len, ..SamplingParams::neutral() }
}

/// A generation as its reader sees it. Dropping it drops the receiver, and the engine cancels the
/// sequence when it cannot deliver the next token.
struct Reading {
    receiver: Receiver<Response>,
    asked: Instant,
    due: Instant,
    first: Option<Instant>,
    /// Known with the last text, told after it.
    end: Option<FinishReason>,
    prompt_tokens: usize,
    max_tokens: usize,
    written: usize,
    _place: OwnedSemaphorePermit,
}

impl Reading {
    async fn next(&mut self) -> Result<GenerationEvent> {
        loop {
            if let Some(finish) = self.end {
                return Ok(self.done(finish));
            }
            let Ok(response) = tokio::time::timeout_at(self.due.into(), self.receiver.recv()).await else {
                return Ok(self.done(FinishReason::Deadline));
            };
            let text = match response {
                Some(Response::Chunk(chunk)) => self.read(chunk),
                Some(Response::ValidationError(error)) => {
                    let refused = Error::new(Code::BadRequest, format!("mistral.rs refused the prompt: {error}"));
                    return Err(refused.hint("shorten the question"));
                }
                Some(Response::InternalError(error)) => return Err(failed("it failed").caused_by(error)),
                Some(Response::ModelError(error, _)) => return Err(failed(&error)),
                Some(_) => return Err(failed("it sent what was not asked for")),
                // Inside a code point the engine stays silent: at the limit, for up to three tokens.
                None if self.written + 4 > self.max_tokens => return Ok(self.done(FinishReason::Length)),
                None => return Err(failed("it ended without a word")),
            };
            if !text.is_empty() {
                return Ok(GenerationEvent::Token(text));
            }
        }
    }

    /// The text in a chunk, after noting what else it tells.
    fn read(&mut self, chunk: ChatCompletionChunkResponse) -> String {
        self.first.get_or_insert_with(Instant::now);
        self.written += 1;
        if let Some(usage) = chunk.usage {
            self.written = usage.completion_tokens;
        }
        let Some(choice) = chunk.choices.into_iter().next() else { return String::new() };
        self.end = choice.finish_reason.map(|reason| match reason.as_str() {
            "length" => FinishReason::Length,
            _ => FinishReason::Stop,
        });
        choice.delta.content.unwrap_or_default()
    }

    fn done(&self, finish: FinishReason) -> GenerationEvent {
        let now = Instant::now();
        let first = self.first.unwrap_or(now);
        GenerationEvent::Done(GenerationDone {
            finish,
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.written,
            prefill: first - self.asked,
            decode: if self.first.is_some() { now - first } else { Duration::ZERO },
        })
    }
}
