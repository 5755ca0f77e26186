//! The plain loop over llama-cpp-2 that the seam is measured against: no thread, no queue, no channel.

use std::num::NonZeroU32;

use anyhow::{Context, Result};
use footnote_core::seam::Message;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel};
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use crate::args::EngineJob;
use crate::engines::WARM_UP_TOKENS;
use crate::generation::{Generation, Watch, long_chat, short_chat};

/// Tokens per batch, as in footnote's engine.
const BATCH: usize = 512;

/// Loads the model, warms it up, and measures.
pub(crate) fn measure(job: &EngineJob) -> Result<Generation> {
    let mut backend = LlamaBackend::init()?;
    backend.void_logs();
    let model = LlamaModel::load_from_file(&backend, &job.file, &LlamaModelParams::default())?;
    let threads = i32::try_from(job.threads)?;
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(u32::try_from(job.context)?))
        .with_n_batch(BATCH as u32)
        .with_n_ubatch(BATCH as u32)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true);
    let mut bare = Bare {
        model: &model,
        template: model.chat_template(None)?,
        context: model.new_context(&backend, params)?,
        batch: LlamaBatch::new(BATCH, 1),
    };
    bare.generate(short_chat(), WARM_UP_TOKENS)?;
    bare.context.clear_kv_cache();
    bare.generate(long_chat(), job.tokens)
}

struct Bare<'model> {
    model: &'model LlamaModel,
    template: LlamaChatTemplate,
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
}

impl Bare<'_> {
    /// From an empty context.
    fn generate(&mut self, messages: Vec<Message>, max_tokens: usize) -> Result<Generation> {
        let mut watch = Watch::start();
        let prompt = self.tokens(messages)?;
        for start in (0..prompt.len()).step_by(BATCH) {
            let end = prompt.len().min(start + BATCH);
            self.read(&prompt[start..end], start, end == prompt.len())?;
        }
        let vocab = self.model.vocab();
        let mut sampler = LlamaSampler::greedy();
        let mut piece = Vec::new();
        let mut written = 0;
        while written < max_tokens {
            let token = sampler.sample(&self.context, -1);
            if vocab.is_eog(token) {
                break;
            }
            piece.clear();
            vocab.token_to_piece_into(token, &mut piece, false, None);
            watch.piece(&piece);
            if written + 1 < max_tokens {
                self.read(&[token], prompt.len() + written, true)?;
            }
            written += 1;
        }
        watch.end(prompt.len(), written)
    }

    fn tokens(&self, messages: Vec<Message>) -> Result<Vec<LlamaToken>> {
        let chat =
            messages.into_iter().map(|Message { role, content }| LlamaChatMessage::new(role.as_str().into(), content));
        let chat = chat.collect::<Result<Vec<_>, _>>().context("a message holds a NUL character")?;
        let prompt = self.model.apply_chat_template(&self.template, &chat, true)?;
        Ok(self.model.vocab().tokenize(prompt.as_bytes(), true, true))
    }

    fn read(&mut self, tokens: &[LlamaToken], position: usize, wants_logits: bool) -> Result<()> {
        self.batch.clear();
        for (i, &token) in tokens.iter().enumerate() {
            self.batch.add(token, i32::try_from(position + i)?, &[0], wants_logits && i + 1 == tokens.len())?;
        }
        Ok(self.context.decode(&mut self.batch)?)
    }
}
