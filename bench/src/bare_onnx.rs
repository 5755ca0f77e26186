//! A bare loop over ONNX Runtime: tokenize, run, pool. No queue, no thread of its own, no index.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use footnote_config::{ModelCatalog, Settings};
use footnote_core::ChunkId;
use footnote_core::catalog::DocumentStatus;
use footnote_core::seam::VectorStore;
use footnote_retriever::EdgeStore;
use footnote_server::models::locate;
use footnote_server::wire::Shelf;
use ort::environment::Environment;
use ort::session::Session;
use ort::value::Tensor;
use serde::{Deserialize, Serialize};
use tokenizers::{PaddingParams, Tokenizer, TruncationParams};

use crate::args::BareJob;
use crate::ingest::Run;
use crate::measure::{cores, cpu_seconds, peak_mib};
use crate::product::{explained, runtime, settings};

/// The batch sizes of which the best is taken.
const BATCHES: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// Texts that a batch size is tried with.
const SAMPLE: usize = 192;
/// Texts whose vectors are compared with footnote's.
const COMPARED: usize = 24;
/// Times that each is tried; the fastest counts.
const TRIES: usize = 2;

/// The model and its tokenizer, as anyone would use them.
pub(crate) struct BareOnnx {
    session: Session,
    tokenizer: Tokenizer,
}

/// What was tried, and which was best.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sweep {
    pub(crate) tried: Vec<Tried>,
    pub(crate) best: Tried,
}

/// A batch size, with threads that spin while they wait (ONNX Runtime's default) or sleep (footnote's choice).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tried {
    pub(crate) batch: usize,
    pub(crate) spinning: bool,
    /// Chunks per second.
    pub(crate) rate: f64,
}

impl BareOnnx {
    /// The model of the settings on all cores.
    pub(crate) fn load(settings: &Settings, environment: &Environment, spinning: bool) -> Result<Self> {
        let models = ModelCatalog::builtin().map_err(explained)?;
        let model = models.get(&settings.embedding.model).map_err(explained)?;
        let folder = locate::folder(&settings.models, model).map_err(explained)?;
        let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).map_err(|error| anyhow!("{error}"))?;
        let truncation = TruncationParams {
            max_length: model.max_tokens.context("not an embedding model")?,
            ..TruncationParams::default()
        };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| anyhow!("{error}"))?;
        tokenizer.with_padding(Some(PaddingParams::default()));
        let builder = Session::builder(environment)?.with_intra_threads(cores()).map_err(|error| anyhow!("{error}"))?;
        let mut builder = builder
            .with_config_entry("session.intra_op.allow_spinning", if spinning { "1" } else { "0" })
            .map_err(|error| anyhow!("{error}"))?;
        Ok(Self { session: builder.commit_from_file(folder.join("model.onnx"))?, tokenizer })
    }

    /// One run of the model: a unit vector per text.
    pub(crate) fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let encoded = self.tokenizer.encode_batch_fast(texts.to_vec(), true).map_err(|error| anyhow!("{error}"))?;
        let length = encoded.first().map_or(0, |one| one.get_ids().len());
        let shape = [texts.len(), length];
        let flat = |of: fn(&tokenizers::Encoding) -> &[u32]| -> Vec<i64> {
            encoded.iter().flat_map(|one| of(one).iter().map(|&number| i64::from(number))).collect()
        };
        let mask = flat(tokenizers::Encoding::get_attention_mask);
        let mut inputs = ort::inputs![
            "input_ids" => Tensor::from_array((shape, flat(tokenizers::Encoding::get_ids)))?,
            "attention_mask" => Tensor::from_array((shape, mask.clone()))?,
        ];
        if self.session.inputs().iter().any(|input| input.name() == "token_type_ids") {
            let types = flat(tokenizers::Encoding::get_type_ids);
            inputs.extend(ort::inputs!["token_type_ids" => Tensor::from_array((shape, types))?]);
        }
        let outputs = self.session.run(inputs)?;
        let (shape, hidden) = outputs[0].try_extract_tensor::<f32>()?;
        let width = usize::try_from(shape[2])?;
        let texts = hidden.chunks(length * width).zip(mask.chunks(length));
        Ok(texts.map(|(hidden, mask)| pooled(hidden, mask, width)).collect())
    }

    fn embed_all(&mut self, texts: &[String], batch: usize) -> Result<f64> {
        let started = Instant::now();
        for batch in texts.chunks(batch) {
            std::hint::black_box(self.embed(&batch.iter().map(String::as_str).collect::<Vec<_>>())?);
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

/// The one environment that ONNX Runtime allows a process.
fn environment(settings: &Settings) -> Result<Environment> {
    let models = ModelCatalog::builtin().map_err(explained)?;
    let model = models.runtime().map_err(explained)?;
    let library = locate::locate(&settings.models, model, &model.files[0].name).map_err(explained)?;
    Ok(ort::init_from(&library).map_err(|error| anyhow!("{error}"))?.build()?)
}

/// The mean over the tokens that are no padding, of length one.
fn pooled(hidden: &[f32], mask: &[i64], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0; width];
    for (token, _) in hidden.chunks(width).zip(mask).filter(|(_, mask)| **mask == 1) {
        mean.iter_mut().zip(token).for_each(|(sum, value)| *sum += value);
    }
    let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt();
    mean.iter_mut().for_each(|value| *value /= length);
    mean
}

/// Tries each batch size on a sample, in its own process; then the best one with threads that sleep.
pub(crate) fn sweep(job: &BareJob, models: Option<&Path>) -> Result<Sweep> {
    let settings = settings(models, &job.data)?;
    let texts = runtime()?.block_on(texts(&settings))?;
    let environment = environment(&settings)?;
    runtime()?.block_on(same_vectors(&settings, &texts, &mut BareOnnx::load(&settings, &environment, true)?))?;
    let texts: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
    let step = texts.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<String> = texts.into_iter().step_by(step).collect();
    let mut tried: Vec<Tried> = Vec::new();
    for spinning in [true, false] {
        let mut model = BareOnnx::load(&settings, &environment, spinning)?;
        model.embed(&["warm up"])?;
        let best = tried.iter().copied().max_by(|a, b| a.rate.total_cmp(&b.rate));
        let batches = best.map_or(BATCHES.to_vec(), |best| vec![best.batch]);
        let mut seconds = vec![f64::INFINITY; batches.len()];
        for _ in 0..TRIES {
            for (batch, fastest) in batches.iter().zip(&mut seconds) {
                *fastest = fastest.min(model.embed_all(&sample, *batch)?);
            }
        }
        let rates = batches.into_iter().zip(seconds);
        tried.extend(rates.map(|(batch, seconds)| Tried { batch, spinning, rate: sample.len() as f64 / seconds }));
    }
    let best = tried.iter().copied().max_by(|a, b| a.rate.total_cmp(&b.rate)).context("nothing was tried")?;
    Ok(Sweep { tried, best })
}

/// All texts of a data folder, each once, in its own process.
pub(crate) fn measure(job: &BareJob, batch: usize, spinning: bool, models: Option<&Path>) -> Result<Run> {
    let settings = settings(models, &job.data)?;
    let texts: Vec<String> = runtime()?.block_on(texts(&settings))?.into_iter().map(|(text, _)| text).collect();
    let mut model = BareOnnx::load(&settings, &environment(&settings)?, spinning)?;
    model.embed(&["warm up"])?;
    let cpu = cpu_seconds()?;
    let seconds = model.embed_all(&texts, batch)?;
    Ok(Run {
        documents: 0,
        chunks: texts.len(),
        embedded: texts.len(),
        seconds,
        cpu_seconds: cpu_seconds()? - cpu,
        peak_mib: peak_mib(std::process::id())?,
        readers_mib: 0.0,
    })
}

/// Both sides must do the same work: the loop's vectors are those that footnote stored.
async fn same_vectors(settings: &Settings, texts: &[(String, ChunkId)], model: &mut BareOnnx) -> Result<()> {
    let folder = settings.data.join("collections").join(&settings.server.collection).join("vectors");
    let some: Vec<&(String, ChunkId)> = texts.iter().step_by(texts.len().div_ceil(COMPARED).max(1)).collect();
    let ids: Vec<ChunkId> = some.iter().map(|(_, id)| *id).collect();
    let found = model.embed(&some.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>())?;
    let dimension = found.first().map_or(0, Vec::len);
    let stored = EdgeStore::open(&folder, dimension).map_err(explained)?.vectors(&ids).await.map_err(explained)?;
    for ((vector, stored), (text, _)) in found.iter().zip(stored).zip(some) {
        let stored = stored.with_context(|| format!("no vector is stored of {text:?}"))?;
        let cosine: f32 = vector.iter().zip(&stored).map(|(a, b)| a * b).sum();
        ensure!(cosine > 0.999, "the bare loop's vector is another one (cosine {cosine}): {text:?}");
    }
    Ok(())
}

/// What the embedding model read of every chunk in the data folder: equal texts once, the shortest first.
async fn texts(settings: &Settings) -> Result<Vec<(String, ChunkId)>> {
    let catalog = Shelf::open(settings, "footnote-bench").await.map_err(explained)?.catalog;
    let collection = &settings.server.collection;
    let mut texts = BTreeMap::new();
    for record in catalog.documents(collection, Some(DocumentStatus::Indexed)).await.map_err(explained)? {
        let ids = catalog.chunk_ids_of(record.id).await.map_err(explained)?;
        let chunks = catalog.chunks(&ids).await.map_err(explained)?;
        texts.extend(chunks.iter().map(|(chunk, record)| (chunk.embedded_text(&record.title), chunk.id)));
    }
    let mut texts: Vec<(String, ChunkId)> = texts.into_iter().collect();
    texts.sort_by_key(|(text, _)| text.len());
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_padding_changes_no_vector() {
        let settings = settings(None, Path::new("/nowhere")).unwrap();
        let mut model = BareOnnx::load(&settings, &environment(&settings).unwrap(), true).unwrap();
        let texts = ["A kettle boils.", "The lid of the copper kettle rattles before noon, and nobody minds."];
        let together = model.embed(&texts).unwrap();
        for (text, vector) in texts.iter().zip(&together) {
            let alone = &model.embed(&[text]).unwrap()[0];
            let cosine: f32 = vector.iter().zip(alone).map(|(a, b)| a * b).sum();
            assert!((cosine - 1.0).abs() < 1e-3, "{cosine}");
        }
    }
}
