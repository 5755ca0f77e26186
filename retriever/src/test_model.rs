//! The real model, for tests: from `FOOTNOTE_MODELS`, or from where `make models` puts it.

use std::path::{Path, PathBuf};

use footnote_core::seam::EmbeddingModel;

use crate::embed::{FastEmbedder, FastEmbedderOptions};

pub(crate) fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("FOOTNOTE_MODELS") {
        return folder.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
    cache.expect("HOME is set").join("footnote/models")
}

pub(crate) fn options() -> FastEmbedderOptions {
    let models = folder();
    FastEmbedderOptions {
        model: EmbeddingModel { id: "all-minilm-l6-v2".into(), dimension: 384, max_tokens: 256 },
        folder: models.join("all-minilm-l6-v2"),
        runtime: models.join("onnxruntime/libonnxruntime.so"),
        threads: 1,
        batch_size: 8,
    }
}

pub(crate) fn load() -> FastEmbedder {
    FastEmbedder::load(options()).unwrap_or_else(|error| panic!("{error}: run `make models` first"))
}
