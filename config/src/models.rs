//! The models that footnote knows how to run: `models.toml`.

use std::path::Path;

use footnote_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};

/// The catalog that is carried in the binary.
const BUILTIN: &str = include_str!("../models.toml");

/// All known models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCatalog {
    /// In the file's order.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Turns texts into vectors.
    Embedding,
    /// Scores question and passage, read together.
    Reranker,
    /// Finds the answer to a question in a text, or that there is none.
    Reader,
    /// Writes text.
    Generation,
    /// A library that runs models.
    Runtime,
}

/// A model: what it is, how open it is, and its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name in settings, and its folder under the models folder.
    pub id: String,
    /// What it is for.
    pub kind: ModelKind,
    /// Its family: Llama, Qwen, …
    pub family: String,
    /// How many parameters, in words: `135M`.
    pub parameters: Option<String>,
    /// How its weights are stored: `Q8_0`, `int8`.
    pub quantization: Option<String>,
    /// The most tokens it was trained to read.
    pub context: Option<usize>,
    /// Length of its vectors, for embedding models.
    pub dimension: Option<usize>,
    /// The most tokens it reads at once, for models that read and do not write.
    pub max_tokens: Option<usize>,
    /// The languages that it learned, as BCP 47 tags, where it is of no use for others.
    #[serde(default)]
    pub languages: Vec<String>,
    /// SPDX expression, or the licence's name.
    pub licence: String,
    /// How open it is.
    pub openness: Option<Openness>,
    /// The package that the offline set-up takes it from.
    pub bundle: Option<Bundle>,
    /// Its files.
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
}

/// What "open" means for one model: each part in a word or two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Openness {
    /// Whether the weights can be had.
    pub weights: String,
    /// Whether the training code can be had.
    pub code: String,
    /// Whether the training data can be had.
    pub data: String,
    /// What the licence allows.
    pub licence: String,
}

/// A package of the offline bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Its name.
    pub package: String,
    /// Its version.
    pub version: String,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name in the model's folder.
    pub name: String,
    /// Bytes, where known.
    pub size: Option<u64>,
    /// SHA-256 in hexadecimal, where known.
    pub sha256: Option<String>,
    /// The type that its matrices are brought to once its source was fetched, as `footnote models quantize` does it.
    pub requantized: Option<String>,
    /// Where it can be fetched.
    pub hugging_face: Option<HuggingFace>,
}

/// A file of a Hugging Face repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuggingFace {
    /// `owner/name`.
    pub repo: String,
    /// Commit; a branch's name where no commit is pinned.
    pub revision: String,
    /// Path inside the repository.
    pub file: String,
    /// Bytes of this file, where it differs from the bundle's.
    pub size: Option<u64>,
    /// SHA-256 of this file, where it differs from the bundle's.
    pub sha256: Option<String>,
}

impl ModelCatalog {
    /// The catalog that this binary carries.
    ///
    /// # Errors
    /// A bug, if it does not parse.
    pub fn builtin() -> Result<Self> {
        toml::from_str(BUILTIN).map_err(|error| Error::internal(format!("config/models.toml: {error}")))
    }

    /// The model of this id.
    ///
    /// # Errors
    /// [`Code::ModelUnknown`], with the ids that there are.
    pub fn get(&self, id: &str) -> Result<&Model> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| {
            let ids: Vec<&str> = self.models.iter().map(|model| model.id.as_str()).collect();
            Error::new(Code::ModelUnknown, format!("`{id}` is not in the model catalog"))
                .hint(format!("there are: {}; a generation model may also be a path to a .gguf file", ids.join(", ")))
        })
    }

    /// The library that runs embedding models, rerankers and readers.
    ///
    /// # Errors
    /// A bug, if there is none.
    pub fn runtime(&self) -> Result<&Model> {
        let found = self.models.iter().find(|model| model.kind == ModelKind::Runtime && !model.files.is_empty());
        found.ok_or_else(|| Error::internal("config/models.toml names no runtime"))
    }
}

impl Model {
    /// Whether every file of it is in `models`, the models folder.
    #[must_use]
    pub fn is_here(&self, models: &Path) -> bool {
        self.files.iter().all(|file| models.join(&self.id).join(&file.name).is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_catalog_holds_what_the_defaults_name() {
        let catalog = ModelCatalog::builtin().unwrap();
        let embedding = catalog.get("all-minilm-l6-v2").unwrap();
        assert_eq!((embedding.kind, embedding.dimension), (ModelKind::Embedding, Some(384)));
        assert_eq!(catalog.get("smollm2-135m-instruct").unwrap().kind, ModelKind::Generation);
        assert!(catalog.runtime().is_ok());
        let reranker = catalog.get("jina-reranker-v1-turbo-en").unwrap();
        assert!(reranker.kind == ModelKind::Reranker && reranker.max_tokens.is_some());
        let reader = catalog.get("minilm-l6-reader").unwrap();
        assert!(reader.kind == ModelKind::Reader && reader.max_tokens.is_some());
    }

    #[test]
    fn ids_and_file_names_stay_inside_the_models_folder() {
        let catalog = ModelCatalog::builtin().unwrap();
        let names = catalog.models.iter().flat_map(|model| {
            std::iter::once(model.id.as_str()).chain(model.files.iter().map(|file| file.name.as_str()))
        });
        for name in names {
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
        }
    }

    #[test]
    fn an_unknown_model_is_refused_with_the_known_ones() {
        let error = ModelCatalog::builtin().unwrap().get("gpt-9").unwrap_err();
        assert!(error.hint_text().unwrap().contains("smollm2-135m-instruct"));
    }
}
