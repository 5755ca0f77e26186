//! Texts read with a question, for where the answer stands in them: core's [`SpanReader`] by a local ONNX model.

mod network;

use std::path::PathBuf;

use async_trait::async_trait;
use footnote_core::Result;
use footnote_core::seam::{Reading, SpanReader};

use self::network::Network;
use crate::onnx::files;
use crate::onnx::worker::Worker;

/// What to load, and how to run it.
#[derive(Debug, Clone)]
pub struct OnnxReaderOptions {
    /// Its id in the model catalog.
    pub id: String,
    /// The most tokens that it reads of a question and a text together; the text's rest is cut off.
    pub max_tokens: usize,
    /// Holds `model.onnx`, which gives `start_logits` and `end_logits`, and the tokenizer's files as for every model.
    pub folder: PathBuf,
    /// ONNX Runtime's library, `libonnxruntime.so`. The first one loaded serves the whole process.
    pub runtime: PathBuf,
    /// The languages that it learned, as BCP 47 tags; none: any.
    pub languages: Vec<String>,
    /// Threads of one run of the model; 0 takes one per core.
    pub threads: usize,
}

/// A model that was trained to find answers, on a thread of its own: any that transformers calls "question answering" and
/// that was exported to ONNX.
pub struct OnnxReader {
    id: String,
    languages: Vec<String>,
    worker: Worker<Reading>,
}

impl OnnxReader {
    /// Loads the runtime and the model, and tries the model once. Blocks.
    ///
    /// # Errors
    /// [`Code::RuntimeMissing`](footnote_core::Code::RuntimeMissing) when the library is not there or not of a
    /// usable version; [`Code::ModelMissing`](footnote_core::Code::ModelMissing) and
    /// [`Code::ModelDamaged`](footnote_core::Code::ModelDamaged), which name the file.
    pub fn load(options: OnnxReaderOptions) -> Result<Self> {
        let mut network = Network::load(&options)?;
        let OnnxReaderOptions { id, folder, languages, .. } = options;
        network
            .read("Which?", &["This one.".to_owned()])
            .map_err(|error| files::damaged(&folder, &id, error.message()))?;
        let read = move |question: &str, texts: &[String]| network.read(question, texts);
        Ok(Self { id, languages, worker: Worker::spawn("read", read)? })
    }
}

#[async_trait]
impl SpanReader for OnnxReader {
    fn name(&self) -> &str {
        &self.id
    }

    fn languages(&self) -> &[String] {
        &self.languages
    }

    async fn read(&self, question: &str, texts: Vec<String>) -> Result<Vec<Reading>> {
        self.worker.run(question.to_owned(), texts).await
    }
}

#[cfg(test)]
mod tests;
