//! A request at work: what was asked, and how far its answer is.

use std::time::{Duration, Instant};

use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent};
use footnote_core::{Code, Error, Result};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;
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
    grammar: Option<LlamaSampler>,
    joiner: Utf8Joiner,
    piece: Vec<u8>,
    written: usize,
}

impl Work {
    /// # Errors
    /// [`Code::BadRequest`] where llama.cpp refuses the grammar.
    pub(super) fn new(model: &LlamaModel, job: Job) -> Result<Self, (Job, Error)> {
        let grammar = match job.grammar.as_deref().map(|rules| grammar(model, rules)).transpose() {
            Ok(grammar) => grammar,
            Err(error) => return Err((job, error)),
        };
        let sampler = sampler(job.temperature);
        Ok(Self {
            job,
            next: None,
            prefilled: None,
            started: Instant::now(),
            sampler,
            grammar,
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
        let token = self.sample(context, logits).filter(|token| !vocab.is_eog(*token));
        let Some(token) = token else { return Some(Some(FinishReason::Stop)) };
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

    /// The next token; `None` where the grammar allows none.
    fn sample(&mut self, context: &LlamaContext<'_>, logits: i32) -> Option<LlamaToken> {
        let free = self.sampler.sample(context, logits);
        let Some(grammar) = &mut self.grammar else { return Some(free) };
        // Mostly the grammar allows what the model wants: one token is asked about, not the whole vocabulary.
        let mut wanted = LlamaTokenDataArray::new(vec![LlamaTokenData::new(free, 0.0, 0.0)], false);
        grammar.apply(&mut wanted);
        let token = match wanted.data.first() {
            Some(wanted) if wanted.logit().is_finite() => free,
            _ => {
                let mut all = context.token_data_array_ith(logits);
                grammar.apply(&mut all);
                all.data.retain(|token| token.logit().is_finite());
                if all.data.is_empty() {
                    return None;
                }
                all.apply_sampler(&mut self.sampler);
                all.selected_token()?
            }
        };
        grammar.accept(token);
        Some(token)
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

fn grammar(model: &LlamaModel, rules: &str) -> Result<LlamaSampler> {
    LlamaSampler::grammar(model, rules, ROOT).map_err(|error| {
        Error::new(Code::BadRequest, "llama.cpp refuses the grammar")
            .hint("it is to be GBNF, with a rule named root")
            .caused_by(error)
    })
}

fn sampler(temperature: f32) -> LlamaSampler {
    if temperature <= 0.0 {
        return LlamaSampler::greedy();
    }
    LlamaSampler::chain_simple([
        LlamaSampler::top_k(40),
        LlamaSampler::top_p(0.95, 1),
        LlamaSampler::temp(temperature),
        LlamaSampler::dist(SEED),
    ])
}
