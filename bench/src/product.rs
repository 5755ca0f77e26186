//! footnote as the benchmarks use it: default settings, folders of their own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use footnote_config::load::DefaultFolders;
use footnote_config::{Layer, ModelCatalog, Settings};
use footnote_core::Error;
use footnote_core::seam::EmbeddingModel;
use footnote_eval::EvalSet;
use footnote_retriever::{FastEmbedder, FastEmbedderOptions};
use footnote_server::models::locate;
use tokio::runtime::Runtime;

use crate::measure::cores;

/// The default settings with this data folder: no settings file and no variable has a say, so that
/// figures can be compared.
pub(crate) fn settings(models: Option<&Path>, data: &Path) -> Result<Settings> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (home, cache) = (folder("HOME"), folder("XDG_CACHE_HOME"));
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let flags = Layer::flags().with("data", Some(text(data)), "data").with("models", models.map(text), "--models");
    let folders = DefaultFolders::of(home.as_deref(), None, cache.as_deref());
    Ok(footnote_config::load(vec![flags], home.as_deref(), folders).map_err(explained)?.settings)
}

/// The default generation model's GGUF file.
pub(crate) fn gguf(settings: &Settings) -> Result<PathBuf> {
    let models = ModelCatalog::builtin().map_err(explained)?;
    let model = models.get(&settings.generation.model).map_err(explained)?;
    let file = model.files.iter().find(|file| file.name.ends_with(".gguf"));
    let name = &file.with_context(|| format!("{} has no GGUF file", model.id))?.name;
    locate::locate(&settings.models, model, name).map_err(explained)
}

/// The product's embedding model, as `wire` loads it.
pub(crate) fn embedder(settings: &Settings) -> Result<FastEmbedder> {
    let models = ModelCatalog::builtin().map_err(explained)?;
    let model = models.get(&settings.embedding.model).map_err(explained)?;
    let (dimension, max_tokens) = model.dimension.zip(model.max_tokens).context("not an embedding model")?;
    let runtime = models.runtime().map_err(explained)?;
    let options = FastEmbedderOptions {
        model: EmbeddingModel { id: model.id.clone(), dimension, max_tokens },
        folder: locate::folder(&settings.models, model).map_err(explained)?,
        runtime: locate::locate(&settings.models, runtime, &runtime.files[0].name).map_err(explained)?,
        threads: cores(),
        batch_size: settings.embedding.batch_size,
    };
    FastEmbedder::load(options).map_err(explained)
}

/// `limit` questions that the set calls answerable, spread evenly over it.
pub(crate) fn questions(path: &Path, limit: usize) -> Result<Vec<String>> {
    let mut set = EvalSet::read(path).map_err(explained)?;
    set.questions.retain(|question| question.is_answerable() == Some(true));
    if set.questions.is_empty() {
        bail!("{}: no question is answerable", path.display());
    }
    Ok(set.sample(Some(limit)).into_iter().map(|question| question.question.clone()).collect())
}

/// footnote's errors with their hints.
pub(crate) fn explained(error: Error) -> anyhow::Error {
    match error.hint_text().map(str::to_owned) {
        Some(hint) => anyhow::Error::new(error).context(format!("hint: {hint}")),
        None => anyhow::Error::new(error),
    }
}

/// An async runtime, as the product has one.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
