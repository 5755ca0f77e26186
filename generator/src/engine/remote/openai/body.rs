//! What is sent and what comes back: OpenAI's chat API, as far as the servers that imitate it agree
//! (<https://platform.openai.com/docs/api-reference/chat>).

use footnote_core::seam::{FinishReason, GenerationRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::remote::{EndpointOptions, GrammarField};

/// The request for `endpoint`.
pub(super) fn request(endpoint: &EndpointOptions, request: &GenerationRequest) -> Value {
    let messages = request.messages.iter();
    let messages: Vec<Value> =
        messages.map(|message| json!({ "role": message.role.as_str(), "content": message.content })).collect();
    let mut body = json!({
        "model": endpoint.model,
        "messages": messages,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    match (endpoint.grammar, &request.grammar) {
        (GrammarField::LlamaCpp, Some(grammar)) => body["grammar"] = json!(grammar.gbnf),
        (GrammarField::Vllm, Some(grammar)) => body["structured_outputs"] = json!({ "grammar": grammar.gbnf }),
        _ => {}
    }
    body
}

/// A chunk of a stream, or a whole answer: both have choices.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    pub(super) usage: Option<Usage>,
    /// Some servers fail in the middle of a stream that began with 200.
    pub(super) error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    /// In a stream.
    delta: Option<Said>,
    /// In a whole answer.
    message: Option<Said>,
    finish_reason: Option<String>,
}

/// Reasoning comes in fields of its own (`reasoning_content`, `reasoning`), which are no part of the answer.
#[derive(Debug, Deserialize)]
struct Said {
    content: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) prompt_tokens: usize,
    #[serde(default)]
    pub(super) completion_tokens: usize,
}

impl Chunk {
    /// The text and, with the last of it, why it ended.
    pub(super) fn into_text(self) -> (String, Option<FinishReason>) {
        let Some(choice) = self.choices.into_iter().next() else { return (String::new(), None) };
        let text = choice.delta.or(choice.message).and_then(|said| said.content).unwrap_or_default();
        let finish = choice.finish_reason.filter(|reason| !reason.is_empty()).map(|reason| match reason.as_str() {
            "length" => FinishReason::Length,
            _ => FinishReason::Stop,
        });
        (text, finish)
    }
}
