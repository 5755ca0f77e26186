//! How a model is asked, by what is known of it: its parameters, where it runs, whether it thinks first.

use std::path::Path;

use footnote_config::{Engine, ModelCatalog, PromptKind, Settings};
use footnote_generator::draft::THOUGHT_TOKENS;
use footnote_generator::{GroundingOptions, PromptStyle};

/// Parameters from which on a model makes use of a full prompt, and bytes of a file that hold as many.
const FULL_PARAMETERS: f64 = 2.5e9;
const FULL_BYTES: u64 = 1_300_000_000;

/// `options` with the prompt that suits the model of the settings.
pub(super) fn suited(options: GroundingOptions, settings: &Settings, models: &ModelCatalog) -> GroundingOptions {
    let generation = &settings.generation;
    let known = models.get(&generation.model).ok();
    let is_full = match generation.prompt {
        PromptKind::Short => false,
        PromptKind::Full => true,
        // A server elsewhere runs models that are worth a server.
        PromptKind::Auto if !is_in_process(generation.engine) => true,
        PromptKind::Auto => {
            let stated = known.and_then(|model| model.parameters.as_deref()).and_then(parameters);
            stated
                .or_else(|| named(&generation.model))
                .map_or_else(|| is_large(Path::new(&generation.model)), |parameters| parameters >= FULL_PARAMETERS)
        }
    };
    let style = if is_full { PromptStyle::FULL } else { PromptStyle::SHORT };
    let thinks = thinks(&generation.model);
    let written = generation.max_tokens + if thinks { THOUGHT_TOKENS.min(generation.context / 2) } else { 0 };
    GroundingOptions { prompt: style.within(generation.context, written), thinks, ..options }
}

/// Whether a file, or a folder of safetensors (two bytes a parameter, as a rule), holds so many.
fn is_large(model: &Path) -> bool {
    let Ok(files) = fs_err::read_dir(model) else {
        return fs_err::metadata(model).is_ok_and(|file| file.len() >= FULL_BYTES);
    };
    let files = files.flatten().filter(|file| file.path().extension().is_some_and(|kind| kind == "safetensors"));
    let bytes: u64 = files.filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    bytes as f64 >= FULL_PARAMETERS * 2.0
}

fn is_in_process(engine: Engine) -> bool {
    matches!(engine, Engine::Auto | Engine::Mistralrs | Engine::LlamaCpp)
}

/// `135M`, `1.7B`, `8x7B` as a number.
fn parameters(words: &str) -> Option<f64> {
    let words = words.trim().to_lowercase();
    let (count, factor) = match words.strip_suffix('b') {
        Some(billions) => (billions, 1e9),
        None => (words.strip_suffix('m')?, 1e6),
    };
    let each: Option<Vec<f64>> = count.split('x').map(|part| part.trim().parse().ok()).collect();
    each.map(|parts| parts.iter().product::<f64>() * factor)
}

/// The parameters that a model's name tells: `Qwen3-4B-Q4_K_M.gguf`.
fn named(model: &str) -> Option<f64> {
    let name = model.rsplit('/').next()?;
    name.split(['-', '_', ':', ' ']).find_map(|part| parameters(part.trim_end_matches(".gguf")))
}

/// Models whose template begins their thoughts for them.
fn thinks(model: &str) -> bool {
    let model = model.to_lowercase();
    ["deepseek-r1", "r1-distill", "qwq", "-thinking"].iter().any(|name| model.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_the_catalog_s_words_and_from_names() {
        for (words, number) in [("135M", Some(135e6)), ("1.7B", Some(1.7e9)), ("8x7B", Some(56e9)), ("many", None)] {
            assert_eq!(parameters(words), number, "{words}");
        }
        assert_eq!(named("/models/Qwen3-4B-Q4_K_M.gguf"), Some(4e9));
        assert_eq!(named("llama3.2:3b"), Some(3e9));
        assert_eq!(named("/models/mine.gguf"), None);
    }

    #[test]
    fn models_that_think_first_are_known_by_name() {
        assert!(thinks("deepseek-r1-distill-qwen-1.5b") && thinks("/m/Qwen3-4B-Thinking-2507.gguf"));
        assert!(!thinks("smollm2-135m-instruct"));
    }
}
