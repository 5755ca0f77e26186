use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// A generation engine with its model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorInfo {
    /// The engine: `llama-cpp`, `mistralrs`, …
    pub engine: String,
    /// The model's id in the model catalog.
    pub model: String,
    /// The most tokens that prompt and answer may have together.
    pub context: usize,
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The operator.
    System,
    /// The reader.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The name that chat templates use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What.
    pub content: String,
}

/// What may be written, in the two forms that engines take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grammar {
    /// In GBNF (llama.cpp, vLLM); its first rule is `root`.
    pub gbnf: String,
    /// The same as a regular expression over the whole text (mistral.rs).
    pub regex: String,
}

/// What an engine is asked to write.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationRequest {
    /// The chat so far; the engine applies the model file's own template.
    pub messages: Vec<Message>,
    /// The most tokens to write.
    pub max_tokens: usize,
    /// The longest it may take from the moment it is asked; what was written until then stands.
    pub deadline: Duration,
    /// 0 takes the likeliest token each time.
    pub temperature: f32,
    /// What may be written. An engine that cannot keep to it writes freely: whoever asks checks what comes in any case.
    pub grammar: Option<Grammar>,
    /// For whom it is asked: engines that share their turns out take them fairly between askers.
    pub asker: Option<String>,
}

/// Why an engine stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model said that it was done.
    Stop,
    /// The token limit was reached.
    Length,
    /// The deadline passed.
    Deadline,
}

/// The account of a finished generation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GenerationDone {
    /// Why it ended.
    pub finish: FinishReason,
    /// Tokens read.
    pub prompt_tokens: usize,
    /// Tokens written.
    pub completion_tokens: usize,
    /// Time to read the prompt, as the engine measured it.
    pub prefill: Duration,
    /// Time to write, as the engine measured it.
    pub decode: Duration,
}

/// What an engine says while it writes.
#[derive(Debug, Clone, PartialEq)]
pub enum GenerationEvent {
    /// A piece of text: whole code points, not always a whole word.
    Token(String),
    /// The end.
    Done(GenerationDone),
}

/// The engine's stream. Dropping it cancels the generation within a token.
pub type GenerationStream = BoxStream<'static, Result<GenerationEvent>>;

/// Writes text.
#[async_trait]
pub trait Generator: Send + Sync {
    /// Engine and model.
    fn info(&self) -> &GeneratorInfo;

    /// Starts to write. The stream ends with [`GenerationEvent::Done`] or with an error.
    ///
    /// # Errors
    /// [`Code::Overloaded`](crate::Code::Overloaded) when the queue is full;
    /// [`Code::BadRequest`](crate::Code::BadRequest) when the prompt does not fit the context.
    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream>;
}
