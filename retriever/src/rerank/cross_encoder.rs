//! A cross-encoder behind core's seam: a local ONNX model, run by fastembed on a thread of its own.

use std::path::PathBuf;
use std::time::Instant;

use async_trait::async_trait;
use fastembed::{RerankInitOptionsUserDefined, TextRerank, UserDefinedRerankingModel};
use footnote_core::seam::Reranker;
use footnote_core::{Code, Error, Passage, Result};

use crate::onnx::worker::Worker;
use crate::onnx::{files, runtime};

/// Passages per run of the model: few, so that little is lost when the time runs out in the middle of a run.
const BATCH: usize = 4;

/// What to load, and how to run it.
#[derive(Debug, Clone)]
pub struct CrossEncoderOptions {
    /// Its id in the model catalog: how explanations name it.
    pub id: String,
    /// The most tokens that it reads of a question and a passage together; the rest is cut off.
    pub max_tokens: usize,
    /// Holds `model.onnx`, `tokenizer.json`, `config.json`, `special_tokens_map.json` and
    /// `tokenizer_config.json`.
    pub folder: PathBuf,
    /// ONNX Runtime's library, `libonnxruntime.so`. The first one loaded serves the whole process.
    pub runtime: PathBuf,
    /// Threads of one run of the model; 0 takes one per core.
    pub threads: usize,
}

/// Reads question and passage as one text. Its scores are the model's logits: any finite number.
pub struct CrossEncoder {
    id: String,
    worker: Worker<f32>,
}

impl CrossEncoder {
    /// Loads the runtime and the model, and tries the model once. Blocks.
    ///
    /// # Errors
    /// [`Code::RuntimeMissing`](footnote_core::Code::RuntimeMissing) when the library is not there or not of a
    /// usable version; [`Code::ModelMissing`](footnote_core::Code::ModelMissing) and
    /// [`Code::ModelDamaged`](footnote_core::Code::ModelDamaged), which name the file.
    pub fn load(options: CrossEncoderOptions) -> Result<Self> {
        let CrossEncoderOptions { id, max_tokens, folder, runtime, threads } = options;
        let (onnx, tokenizer_files) = files::read(&folder, &id)?;
        let mut init = RerankInitOptionsUserDefined::new()
            .with_environment(runtime::environment(&runtime)?)
            .with_max_length(max_tokens)
            // Threads that spin between runs would take the cores from the generation engine.
            .with_session_config("session.intra_op.allow_spinning", "0");
        if threads > 0 {
            init = init.with_intra_threads(threads);
        }
        let definition = UserDefinedRerankingModel::new(onnx, tokenizer_files);
        let mut loaded = runtime::guarded(|| TextRerank::try_new_from_user_defined(definition, init))
            .map_err(|error| files::damaged(&folder, &id, &error))?;
        score(&mut loaded, "one", &["two".to_owned()])
            .map_err(|error| files::damaged(&folder, &id, error.message()))?;
        let worker = Worker::spawn("rerank", move |question, texts| score(&mut loaded, question, texts))?;
        Ok(Self { id, worker })
    }
}

/// One score per text, in order, in one run of the model.
fn score(model: &mut TextRerank, question: &str, texts: &[String]) -> Result<Vec<f32>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let documents: Vec<&str> = texts.iter().map(String::as_str).collect();
    let ranked = runtime::guarded(|| model.rerank(question, documents, false, Some(texts.len())))
        .map_err(|reason| Error::new(Code::EngineFailed, format!("the reranking model failed: {reason}")))?;
    let mut scores = vec![f32::NAN; texts.len()];
    for result in ranked {
        if let Some(score) = scores.get_mut(result.index) {
            *score = result.score;
        }
    }
    if scores.iter().all(|score| score.is_finite()) {
        return Ok(scores);
    }
    Err(Error::new(Code::EngineFailed, format!("the reranking model gave no usable scores for {} texts", texts.len())))
}

#[async_trait]
impl Reranker for CrossEncoder {
    fn name(&self) -> &str {
        &self.id
    }

    async fn rerank(
        &self,
        question: &str,
        _query_vector: &[f32],
        passages: &[Passage],
        deadline: Instant,
    ) -> Result<Vec<Option<f32>>> {
        let mut scores = Vec::with_capacity(passages.len());
        for batch in passages.chunks(BATCH) {
            // A timeout polls its future before its clock: without this, a quick model answers in no time at all.
            if Instant::now() >= deadline {
                break;
            }
            let texts = batch.iter().map(|passage| passage.chunk.embedded_text(&passage.document.title)).collect();
            let run = self.worker.run(question.to_owned(), texts);
            let Ok(read) = tokio::time::timeout_at(deadline.into(), run).await else { break };
            scores.extend(read?.into_iter().map(Some));
        }
        scores.resize(passages.len(), None);
        Ok(scores)
    }
}

#[cfg(test)]
#[path = "cross_encoder_tests.rs"]
mod tests;
