//! `[generation]`: who phrases the answers, and where.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::check::Problem;
use crate::qdrant::Secret;

/// `[generation]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationSettings {
    /// Which engine.
    pub engine: Engine,
    /// Id in the model catalog, or a path to a GGUF file or a folder of safetensors.
    pub model: String,
    /// Where an engine of this machine runs.
    pub isolation: IsolationKind,
    /// How the model is asked.
    pub prompt: PromptKind,
    /// The most tokens of an answer.
    pub max_tokens: usize,
    /// Prompt and answer together, in tokens.
    pub context: usize,
    /// Seconds.
    pub deadline_seconds: u64,
    /// 0: greedy.
    pub temperature: f32,
    /// Whether a grammar makes the model cite what there is.
    pub constrained: bool,
    /// 0: one per core.
    pub threads: usize,
    /// Questions that may wait.
    pub queue: usize,
    /// Questions of one caller that may wait.
    pub queue_per_key: usize,
    /// Questions that llama.cpp answers at once.
    pub parallel: usize,
    /// Bits per weight of a folder of safetensors; 0: as they are.
    pub isq: u8,
    /// LoRA adapters.
    pub lora: Vec<LoraSettings>,
    /// Seconds that a server may stay silent.
    pub stall_seconds: u64,
    /// Rounds over all servers before a question is given up.
    pub retries: usize,
    /// The servers of the engines elsewhere.
    pub endpoints: Vec<EndpointSettings>,
}

/// Where an engine of this machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IsolationKind {
    /// In a process of its own.
    Process,
    /// In this process.
    Thread,
}

/// How long prompts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptKind {
    /// By the model.
    Auto,
    /// Few words, little evidence.
    Short,
    /// More rules, more evidence.
    Full,
}

/// The generation engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The faster one on this machine's device.
    Auto,
    /// mistral.rs, in process.
    Mistralrs,
    /// llama.cpp, in process.
    LlamaCpp,
    /// Servers that speak OpenAI's chat API.
    Openai,
    /// Replicate's predictions.
    Replicate,
}

impl Engine {
    /// Whether servers elsewhere do the work, at the endpoints of the settings.
    #[must_use]
    pub fn is_elsewhere(self) -> bool {
        matches!(self, Self::Openai | Self::Replicate)
    }
}

/// An entry of `generation.lora`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraSettings {
    /// The adapter's file.
    pub file: PathBuf,
    /// How strongly it works.
    #[serde(default = "as_trained")]
    pub scale: f32,
}

fn as_trained() -> f32 {
    1.0
}

/// `[[generation.endpoints]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSettings {
    /// The API's base.
    pub url: String,
    /// The model's name there; `generation.model` when empty.
    #[serde(default)]
    pub model: String,
    /// The key itself.
    #[serde(default)]
    pub api_key: Secret,
    /// The variable that holds the key.
    #[serde(default)]
    pub api_key_env: String,
    /// How the server takes a grammar.
    #[serde(default)]
    pub grammar: GrammarKind,
}

/// How a server takes a grammar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrammarKind {
    /// Not at all.
    #[default]
    None,
    /// As llama.cpp's server does.
    LlamaCpp,
    /// As vLLM does.
    Vllm,
}

/// The first thing wrong with `[generation]`.
pub(crate) fn check(generation: &GenerationSettings) -> Result<(), Problem> {
    let problem = |message: String, hint| Err(Problem { key: "generation.endpoints", message, hint });
    if generation.engine.is_elsewhere() && generation.endpoints.is_empty() {
        return problem(
            "the engine is elsewhere, and no endpoint says where".into(),
            "add [[generation.endpoints]] with url and model; config/default.toml has examples",
        );
    }
    for endpoint in &generation.endpoints {
        if !endpoint.url.starts_with("http://") && !endpoint.url.starts_with("https://") {
            return problem(
                format!("`{}` is no url", endpoint.url),
                "give the API's base with http:// or https://, such as http://127.0.0.1:8000/v1",
            );
        }
        if endpoint.api_key.reveal().is_some() && !endpoint.api_key_env.is_empty() {
            return problem(
                format!("{}: api_key and api_key_env are both given", endpoint.url),
                "keep one of them; a variable is the safer place",
            );
        }
    }
    if generation.engine == Engine::Replicate && generation.endpoints.len() > 1 {
        return problem(
            "the engine \"replicate\" takes one endpoint".into(),
            "several endpoints are for \"openai\", where one stands in for another",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::of_text;

    fn problem_of(text: &str) -> String {
        of_text(text).unwrap_err().to_string()
    }

    #[test]
    fn endpoints_are_checked_before_anything_is_asked_of_them() {
        for (settings, word) in [
            ("engine = \"openai\"", "no endpoint"),
            ("engine = \"openai\"\nendpoints = [{ url = \"localhost:8000\" }]", "no url"),
            ("endpoints = [{ url = \"http://x\", api_key = \"k\", api_key_env = \"K\" }]", "both"),
            ("engine = \"replicate\"\nendpoints = [{ url = \"http://x\" }, { url = \"http://y\" }]", "one endpoint"),
            ("endpoints = [{ url = \"http://x\", modle = \"m\" }]", "modle"),
        ] {
            let message = problem_of(&format!("[generation]\n{settings}\n"));
            assert!(message.contains(word) && message.contains("generation"), "{message}");
        }
    }

    #[test]
    fn a_key_is_not_written_into_reports() {
        let endpoint: EndpointSettings = toml::from_str("url = \"http://x\"\napi_key = \"s3cret\"").unwrap();
        assert!(!toml::to_string(&endpoint).unwrap().contains("s3cret"));
        assert!(!format!("{endpoint:?}").contains("s3cret"));
    }
}
