//! How a model is asked, by what is known of it: its parameters, where it runs, whether it thinks first.

use std::path::Path;

use footnote_config::{ModelCatalog, PromptKind, Settings};
use footnote_generator::draft::THOUGHT_TOKENS;
use footnote_generator::{GroundingOptions, PromptStyle};

/// Parameters from which on a model makes use of a full prompt, and from which on it can tell that evidence does not answer.
const FULL_PARAMETERS: f64 = 2.5e9;
const DECLINING_PARAMETERS: f64 = 1.0e9;
/// Bytes that a parameter takes: of a GGUF file as it is usually quantized, and of safetensors.
const GGUF_BYTES: f64 = 0.52;
const SAFETENSORS_BYTES: f64 = 2.0;

/// `options` with the prompt that suits the model of the settings.
pub(super) fn suited(options: GroundingOptions, settings: &Settings, models: &ModelCatalog) -> GroundingOptions {
    let generation = &settings.generation;
    // A server elsewhere runs models that are worth a server.
    let size = if generation.engine.is_elsewhere() { f64::INFINITY } else { size(&generation.model, models) };
    let is_full = match generation.prompt {
        PromptKind::Short => false,
        PromptKind::Full => true,
        PromptKind::Auto => size >= FULL_PARAMETERS,
    };
    let style = match is_full {
        true => PromptStyle::FULL,
        false if size >= DECLINING_PARAMETERS => PromptStyle::SHORT.declining(),
        false => PromptStyle::SHORT,
    };
    let thinks = thinks(&generation.model);
    let written = generation.max_tokens + if thinks { THOUGHT_TOKENS.min(generation.context / 2) } else { 0 };
    GroundingOptions { prompt: style.within(generation.context, written), thinks, ..options }
}

/// The parameters of a model: as the catalog has it, as its name tells, or by its size on disk.
fn size(model: &str, models: &ModelCatalog) -> f64 {
    let stated = models.get(model).ok().and_then(|known| parameters(known.parameters.as_deref()?));
    stated.or_else(|| named(model)).unwrap_or_else(|| by_bytes(Path::new(model)))
}

fn by_bytes(model: &Path) -> f64 {
    let Ok(files) = fs_err::read_dir(model) else {
        return fs_err::metadata(model).map_or(0.0, |file| file.len() as f64 / GGUF_BYTES);
    };
    let files = files.flatten().filter(|file| file.path().extension().is_some_and(|kind| kind == "safetensors"));
    let bytes: u64 = files.filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    bytes as f64 / SAFETENSORS_BYTES
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
    use footnote_config::Engine;
    use footnote_config::load::{DefaultFolders, load};

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
    fn a_prompt_suits_the_size_of_the_model() {
        let models = ModelCatalog::builtin().unwrap();
        let suited = |model: &str, engine| {
            let loaded = load(Vec::new(), None, DefaultFolders::of(Some(Path::new("/home/a")), None, None)).unwrap();
            let mut settings = loaded.settings;
            (settings.generation.model, settings.generation.engine) = (model.to_owned(), engine);
            suited(GroundingOptions::default(), &settings, &models).prompt
        };
        let context = |style: PromptStyle| style.within(2_048, 96);
        for (model, style) in [
            ("smollm2-135m-instruct", PromptStyle::SHORT),
            ("/m/qwen2.5-1.5b-instruct-q4_k_m.gguf", PromptStyle::SHORT.declining()),
            ("/m/Qwen3-4B-Q4_K_M.gguf", PromptStyle::FULL),
        ] {
            assert_eq!(suited(model, Engine::Auto), context(style), "{model}");
        }
        assert_eq!(suited("smollm2-135m-instruct", Engine::Openai), context(PromptStyle::FULL));
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(700_000_000).unwrap();
        let unnamed = file.path().to_str().unwrap();
        assert_eq!(suited(unnamed, Engine::Auto), context(PromptStyle::SHORT.declining()));
    }

    #[test]
    fn models_that_think_first_are_known_by_name() {
        assert!(thinks("deepseek-r1-distill-qwen-1.5b") && thinks("/m/Qwen3-4B-Thinking-2507.gguf"));
        assert!(!thinks("smollm2-135m-instruct"));
    }
}
