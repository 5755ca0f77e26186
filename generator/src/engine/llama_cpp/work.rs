//! A request at work: what was asked, and how far its answer is.

use std::time::{Duration, Instant};

use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent};
use footnote_core::{Code, Error, Result};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use tokio::sync::mpsc;

use super::slots::{Ended, tell};
use crate::engine::utf8::Utf8Joiner;

/// The footnotes of an answer must not change from run to run.
const SEED: u32 = 0;
/// The rule that a grammar begins with.
const ROOT: &str = "root";

/// A request on its way to the thread.
pub(super) struct Job {
    pub(super) prompt: Vec<LlamaToken>,
    pub(super) max_tokens: usize,
    pub(super) temperature: f32,
    pub(super) grammar: Option<String>,
    pub(super) due: Instant,
    /// Holds a whole answer, so that a slow reader never slows the engine down.
    pub(super) events: mpsc::Sender<Result<GenerationEvent>>,
}

/// A request in its slot.
pub(super) struct Work {
    pub(super) job: Job,
    /// The token that was written last, which the model has not read yet.
    pub(super) next: Option<LlamaToken>,
    /// When the prompt was read.
    pub(super) prefilled: Option<Instant>,
    started: Instant,
    sampler: LlamaSampler,
    joiner: Utf8Joiner,
    piece: Vec<u8>,
    written: usize,
}

impl Work {
    /// # Errors
    /// [`Code::BadRequest`] where llama.cpp refuses the grammar.
    pub(super) fn new(model: &LlamaModel, job: Job) -> Result<Self, (Job, Error)> {
        let sampler = match sampler(model, job.temperature, job.grammar.as_deref()) {
            Ok(sampler) => sampler,
            Err(error) => return Err((job, error)),
        };
        Ok(Self {
            job,
            next: None,
            prefilled: None,
            started: Instant::now(),
            sampler,
            joiner: Utf8Joiner::default(),
            piece: Vec::with_capacity(64),
            written: 0,
        })
    }

    /// Whether it is over before the model is done.
    pub(super) fn interrupted(&self) -> Option<Ended> {
        if self.job.events.is_closed() {
            return Some(None);
        }
        (Instant::now() >= self.job.due).then_some(Some(FinishReason::Deadline))
    }

    /// Writes a token by the logits at `logits`; says when that was the last.
    pub(super) fn write(&mut self, model: &LlamaModel, context: &LlamaContext<'_>, logits: i32) -> Option<Ended> {
        let vocab = model.vocab();
        let token = self.sampler.sample(context, logits);
        if vocab.is_eog(token) {
            return Some(Some(FinishReason::Stop));
        }
        self.written += 1;
        self.piece.clear();
        vocab.token_to_piece_into(token, &mut self.piece, false, None);
        let text = self.joiner.push(&self.piece);
        if !text.is_empty() && !tell(&self.job, Ok(GenerationEvent::Token(text))) {
            return Some(None);
        }
        if self.written >= self.job.max_tokens {
            return Some(Some(FinishReason::Length));
        }
        self.next = Some(token);
        None
    }

    /// Tells its reader that it is over.
    pub(super) fn end(self, finish: FinishReason) {
        let now = Instant::now();
        let done = GenerationDone {
            finish,
            prompt_tokens: self.job.prompt.len(),
            completion_tokens: self.written,
            prefill: self.prefilled.unwrap_or(now) - self.started,
            decode: self.prefilled.map_or(Duration::ZERO, |prefilled| now - prefilled),
        };
        tell(&self.job, Ok(GenerationEvent::Done(done)));
    }

    /// Tells its reader that it failed.
    pub(super) fn fail(self, error: Error) {
        tell(&self.job, Err(error));
    }
}

fn sampler(model: &LlamaModel, temperature: f32, grammar: Option<&str>) -> Result<LlamaSampler> {
    let mut chain = Vec::with_capacity(5);
    if let Some(grammar) = grammar {
        chain.push(LlamaSampler::grammar(model, grammar, ROOT).map_err(|error| {
            Error::new(Code::BadRequest, "llama.cpp refuses the grammar")
                .hint("it is to be GBNF, with a rule named root")
                .caused_by(error)
        })?);
    }
    if temperature <= 0.0 {
        chain.push(LlamaSampler::greedy());
    } else {
        chain.push(LlamaSampler::top_k(40));
        chain.push(LlamaSampler::top_p(0.95, 1));
        chain.push(LlamaSampler::temp(temperature));
        chain.push(LlamaSampler::dist(SEED));
    }
    Ok(LlamaSampler::chain_simple(chain))
}
