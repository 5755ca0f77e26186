//! A prediction as Replicate's API writes it.

use footnote_core::seam::{GenerationRequest, Role};
use serde::Deserialize;
use serde_json::{Value, json};

/// The lowest temperature that its language models take.
const MIN_TEMPERATURE: f32 = 0.01;

/// Where a model's predictions are created.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) path: String,
    pub(super) version: Option<&'a str>,
}

/// `owner/name` has an address of its own; `owner/name:version` is named by its version.
pub(super) fn target(model: &str) -> Option<Target<'_>> {
    let (name, version) = match model.split_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (model, None),
    };
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let (owner, model) = name.split_once('/')?;
    if !is_word(owner) || !is_word(model) || version.is_some_and(|version| !is_word(version)) {
        return None;
    }
    let path = if version.is_some() { "predictions".to_owned() } else { format!("models/{owner}/{model}/predictions") };
    Some(Target { path, version })
}

/// The body that creates a prediction. The chat becomes `system_prompt` and `prompt`; the model's own template is applied
/// there.
pub(super) fn create(model: &str, request: &GenerationRequest) -> Value {
    let said = |role: Role| -> Vec<&str> {
        let messages =
            request.messages.iter().filter(|message| (message.role == Role::System) == (role == Role::System));
        messages.map(|message| message.content.as_str()).collect()
    };
    let mut body = json!({
        "stream": true,
        "input": {
            "system_prompt": said(Role::System).join("\n\n"),
            "prompt": said(Role::User).join("\n\n"),
            "max_tokens": request.max_tokens,
            "max_new_tokens": request.max_tokens,
            "temperature": request.temperature.max(MIN_TEMPERATURE),
        },
    });
    if let Some(version) = target(model).and_then(|target| target.version) {
        body["version"] = json!(version);
    }
    body
}

/// What came of it so far.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Prediction {
    pub(super) status: Status,
    #[serde(default)]
    pub(super) urls: Urls,
    #[serde(default)]
    output: Value,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    metrics: Metrics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Starting,
    Processing,
    Succeeded,
    Failed,
    #[serde(alias = "aborted")]
    Canceled,
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Urls {
    pub(super) get: Option<String>,
    pub(super) cancel: Option<String>,
    pub(super) stream: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Metrics {
    pub(super) input_token_count: Option<usize>,
    pub(super) output_token_count: Option<usize>,
}

impl Prediction {
    /// The text so far: language models give a list of pieces, some one text.
    pub(super) fn text(&self) -> String {
        match &self.output {
            Value::String(text) => text.clone(),
            Value::Array(pieces) => pieces.iter().filter_map(Value::as_str).collect(),
            _ => String::new(),
        }
    }

    pub(super) fn reason(&self) -> String {
        self.error.as_str().map_or_else(|| "without a reason".to_owned(), str::to_owned)
    }

    pub(super) fn metrics(&self) -> Metrics {
        self.metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_owner_and_name_or_by_version() {
        let path = |model| target(model).map(|target| (target.path, target.version.map(str::to_owned)));
        assert_eq!(
            path("meta/meta-llama-3-8b-instruct"),
            Some(("models/meta/meta-llama-3-8b-instruct/predictions".into(), None))
        );
        assert_eq!(path("meta/llama:5c78"), Some(("predictions".into(), Some("5c78".into()))));
        for bad in ["llama", "/x", "a/b/../c", "a/b:", "a b/c"] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }
}
