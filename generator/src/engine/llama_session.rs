//! One llama.cpp context at work: prefill, decode, and the prompt prefix that is kept in between.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use footnote_core::Result;
use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use super::llama_cpp::{Job, failed};
use super::utf8::Utf8Joiner;

/// Tokens that are prefilled at a time; between two batches a cancelled request is noticed.
pub(super) const BATCH: usize = 512;
/// The footnotes of an answer must not change from run to run.
const SEED: u32 = 0;
const SEQUENCE: u32 = 0;

/// A context and the tokens whose keys and values it holds.
pub(super) struct Session<'model> {
    model: &'model LlamaModel,
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    held: Vec<LlamaToken>,
}

/// How a request ended.
enum Ended {
    /// The reader left.
    Cancelled,
    Done(GenerationDone),
}

impl<'model> Session<'model> {
    pub(super) fn new(model: &'model LlamaModel, context: LlamaContext<'model>) -> Self {
        Self { model, context, batch: LlamaBatch::new(BATCH, 1), held: Vec::new() }
    }

    /// Answers one request, to its reader.
    pub(super) fn answer(&mut self, job: &Job) {
        match self.run(job) {
            Ok(Ended::Cancelled) => tracing::debug!(held = self.held.len(), "generation cancelled"),
            Ok(Ended::Done(done)) => drop(job.events.try_send(Ok(GenerationEvent::Done(done)))),
            Err(error) => {
                // What the context holds is unknown after a failure.
                self.forget(0);
                drop(job.events.try_send(Err(error)));
            }
        }
    }

    fn run(&mut self, job: &Job) -> Result<Ended> {
        let started = Instant::now();
        let prefill = self.prefill(job)?;
        let prefilled = Instant::now();
        let mut done = GenerationDone {
            finish: FinishReason::Length,
            prompt_tokens: job.prompt.len(),
            completion_tokens: 0,
            prefill: prefilled - started,
            decode: Duration::ZERO,
        };
        let ended = match prefill {
            ControlFlow::Break(None) => return Ok(Ended::Cancelled),
            ControlFlow::Break(Some(finish)) => Some(finish),
            ControlFlow::Continue(()) => self.decode(job, &mut done.completion_tokens)?,
        };
        done.decode = prefilled.elapsed();
        Ok(match ended {
            None => Ended::Cancelled,
            Some(finish) => Ended::Done(GenerationDone { finish, ..done }),
        })
    }

    /// Reads what of the prompt the context does not hold yet. `Break(None)`: the reader left.
    fn prefill(&mut self, job: &Job) -> Result<ControlFlow<Option<FinishReason>>> {
        let same = self.held.iter().zip(&job.prompt).take_while(|(held, asked)| held == asked).count();
        // The last token is read again in any case: its logits are wanted.
        self.forget(same.min(job.prompt.len().saturating_sub(1)));
        tracing::debug!(prompt = job.prompt.len(), held = self.held.len(), "prefill");
        while self.held.len() < job.prompt.len() {
            if let Some(stop) = interrupted(job) {
                return Ok(ControlFlow::Break(stop));
            }
            // Batches end where they would without a held prefix: one that begins a little later would attend
            // over one more block of the cache (measured: 7 % of the prefill of a long prompt).
            let end = job.prompt.len().min((self.held.len() / BATCH + 1) * BATCH);
            self.read(&job.prompt[self.held.len()..end], end == job.prompt.len())?;
        }
        self.context.synchronize();
        Ok(ControlFlow::Continue(()))
    }

    /// Writes until the model, the limit, the deadline or the reader (`None`) ends it.
    fn decode(&mut self, job: &Job, written: &mut usize) -> Result<Option<FinishReason>> {
        let vocab = self.model.vocab();
        let mut sampler = sampler(job.temperature);
        let mut joiner = Utf8Joiner::default();
        let mut piece = Vec::with_capacity(64);
        while *written < job.max_tokens {
            if let Some(stop) = interrupted(job) {
                return Ok(stop);
            }
            let token = sampler.sample(&self.context, -1);
            if vocab.is_eog(token) {
                return Ok(Some(FinishReason::Stop));
            }
            *written += 1;
            piece.clear();
            vocab.token_to_piece_into(token, &mut piece, false, None);
            let text = joiner.push(&piece);
            // The channel holds the whole answer: only a reader who left makes this fail.
            if !text.is_empty() && job.events.try_send(Ok(GenerationEvent::Token(text))).is_err() {
                return Ok(None);
            }
            if *written < job.max_tokens {
                self.read(&[token], true)?;
            }
        }
        Ok(Some(FinishReason::Length))
    }

    /// Runs the model over `tokens`, which follow what the context holds.
    fn read(&mut self, tokens: &[LlamaToken], wants_logits: bool) -> Result<()> {
        self.batch.clear();
        for (i, &token) in tokens.iter().enumerate() {
            let position = i32::try_from(self.held.len() + i).map_err(|error| failed("position").caused_by(error))?;
            self.batch
                .add(token, position, &[SEQUENCE as i32], wants_logits && i + 1 == tokens.len())
                .map_err(|error| failed("a batch was too small").caused_by(error))?;
        }
        self.context.decode(&mut self.batch).map_err(|error| failed("the model failed to run").caused_by(error))?;
        self.held.extend_from_slice(tokens);
        Ok(())
    }

    /// Drops all but the first `keep` tokens from the context.
    fn forget(&mut self, keep: usize) {
        if keep == self.held.len() {
            return;
        }
        // Recurrent models cannot forget a part: they start anew.
        let cut = u32::try_from(keep).ok().filter(|keep| *keep > 0);
        match cut.map(|keep| self.context.clear_kv_cache_seq(Some(SEQUENCE), Some(keep), None)) {
            Some(Ok(true)) => self.held.truncate(keep),
            _ => {
                self.context.clear_kv_cache();
                self.held.clear();
            }
        }
    }
}

/// Whether the request is over before the model is done: `Some(None)` when its reader left.
#[expect(clippy::option_option, reason = "over or not; and if so, with a reason to report or nobody to report to")]
fn interrupted(job: &Job) -> Option<Option<FinishReason>> {
    if job.events.is_closed() {
        return Some(None);
    }
    (Instant::now() >= job.due).then_some(Some(FinishReason::Deadline))
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
