//! Texts into unit vectors: a local ONNX model, run by fastembed on a thread of its own.

mod cache;
mod worker;

use std::path::PathBuf;

use async_trait::async_trait;
use fastembed::{InitOptionsUserDefined, Pooling, TextEmbedding, UserDefinedEmbeddingModel};
use footnote_core::seam::{Embedder, EmbeddingModel};
use footnote_core::{Error, Result};

pub use cache::CachedEmbedder;
use worker::{Lane, Worker};

use crate::onnx::{files, runtime};

/// Calls with fewer bytes of text than this go before longer ones: a question and its sentences
/// are answered between two batches of an ingestion, not after it.
const QUICK_BYTES: usize = 16 * 1024;

/// What to load, and how to run it.
#[derive(Debug, Clone)]
pub struct FastEmbedderOptions {
    /// The model: its id, the length of its vectors, the most tokens it reads.
    pub model: EmbeddingModel,
    /// Holds `model.onnx`, `tokenizer.json`, `config.json`, `special_tokens_map.json` and
    /// `tokenizer_config.json`.
    pub folder: PathBuf,
    /// ONNX Runtime's library, `libonnxruntime.so`. The first one loaded serves the whole process.
    pub runtime: PathBuf,
    /// Threads of one run of the model; 0 takes one per core.
    pub threads: usize,
    /// Texts per run of the model, at least 1.
    pub batch_size: usize,
}

/// A sentence embedding model with mean pooling: vectors are of unit length.
///
/// An int8 model with dynamic quantization scales its activations by batch, so a text's vector
/// depends slightly on the texts beside it (cosine above 0.99).
pub struct FastEmbedder {
    model: EmbeddingModel,
    batch_size: usize,
    worker: Worker,
}

impl FastEmbedder {
    /// Loads the runtime and the model, and tries the model once. Blocks for about a quarter of a
    /// second.
    ///
    /// # Errors
    /// [`Code::RuntimeMissing`](footnote_core::Code::RuntimeMissing) when the library is not there
    /// or not of a usable version; [`Code::ModelMissing`](footnote_core::Code::ModelMissing) and
    /// [`Code::ModelDamaged`](footnote_core::Code::ModelDamaged), which name the file.
    pub fn load(options: FastEmbedderOptions) -> Result<Self> {
        let FastEmbedderOptions { model, folder, runtime, threads, batch_size } = options;
        let (onnx, tokenizer_files) = files::read(&folder, &model.id)?;
        let environment = runtime::environment(&runtime)?;
        let mut init = InitOptionsUserDefined::new()
            .with_environment(environment)
            .with_max_length(model.max_tokens)
            // Threads that spin between runs would take the cores from the generation engine.
            .with_session_config("session.intra_op.allow_spinning", "0");
        if threads > 0 {
            init = init.with_intra_threads(threads);
        }
        let definition = UserDefinedEmbeddingModel::new(onnx, tokenizer_files).with_pooling(Pooling::Mean);
        let mut loaded = runtime::guarded(|| TextEmbedding::try_new_from_user_defined(definition, init))
            .map_err(|error| files::damaged(&folder, &model.id, &error))?;
        let probe = worker::embed(&mut loaded, &["one".to_owned()])
            .map_err(|error| files::damaged(&folder, &model.id, error.message()))?;
        files::check_dimension(&folder, &model, probe.first().map_or(0, Vec::len))?;
        Ok(Self { model, batch_size: batch_size.max(1), worker: Worker::spawn(loaded)? })
    }
}

#[async_trait]
impl Embedder for FastEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed_passages(&self, mut texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let lane = if texts.iter().map(String::len).sum::<usize>() < QUICK_BYTES { Lane::Quick } else { Lane::Bulk };
        let mut vectors = vec![Vec::new(); texts.len()];
        for places in batches(&texts, self.batch_size) {
            let batch: Vec<String> = places.iter().map(|&at| std::mem::take(&mut texts[at])).collect();
            for (at, vector) in places.into_iter().zip(self.worker.embed(lane, batch).await?) {
                vectors[at] = vector;
            }
        }
        Ok(vectors)
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        let mut vectors = self.worker.embed(Lane::Quick, vec![text.to_owned()]).await?;
        vectors.pop().ok_or_else(|| Error::internal("the embedding model gave no vector for a question"))
    }
}

/// Places of `texts` in batches of similar length: the shorter texts of a batch are padded to its
/// longest, and padding costs as much as text.
fn batches(texts: &[String], batch_size: usize) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..texts.len()).collect();
    places.sort_by_key(|&at| texts[at].len());
    places.chunks(batch_size).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests;
