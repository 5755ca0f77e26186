//! One llama.cpp context at work for several readers: each request has a slot, and a step of the model writes a token for
//! each that writes and reads a piece of the prompt of each that has just come (continuous batching; Yu et al. 2022, "Orca").
//!
//! A slot keeps the tokens whose keys and values the context holds for it. The prompt's beginning, which every question
//! shares, is read once: a slot takes it over from another. All slots share the context's cells.

use std::time::Instant;

use footnote_core::Result;
use footnote_core::seam::{FinishReason, GenerationEvent};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;

use super::failed;
use super::work::{Job, Work};

/// Tokens that are read at a time; between two batches a cancelled request is noticed.
pub(super) const BATCH: usize = 512;
/// Tokens of a newcomer's prompt that are read beside others' writing: they wait for it.
const BESIDE: usize = 64;

/// The context and its slots.
pub(super) struct Slots<'model> {
    model: &'model LlamaModel,
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    slots: Vec<Slot>,
    cells: usize,
    /// Whether a slot can take over a part of what another holds: the state of a recurrent model has no parts.
    shares: bool,
    /// Counts starts: which slot was used last.
    clock: u64,
}

/// A sequence of the context.
#[derive(Default)]
struct Slot {
    held: Vec<LlamaToken>,
    used: u64,
    work: Option<Work>,
}

impl Slot {
    fn in_common(&self, prompt: &[LlamaToken]) -> usize {
        self.held.iter().zip(prompt).take_while(|(held, asked)| held == asked).count()
    }

    /// Cells that it has, or will have by the end of its work.
    fn cells(&self) -> usize {
        self.work.as_ref().map_or(self.held.len(), |work| work.job.prompt.len() + work.job.max_tokens)
    }
}

impl<'model> Slots<'model> {
    /// `parallel` slots over a context of `cells` tokens.
    pub(super) fn new(model: &'model LlamaModel, context: LlamaContext<'model>, parallel: usize, cells: usize) -> Self {
        let slots = (0..parallel.max(1)).map(|_| Slot::default()).collect();
        let shares = !model.is_recurrent() && !model.is_hybrid();
        Self { model, context, batch: LlamaBatch::new(BATCH, 1), slots, cells, shares, clock: 0 }
    }

    /// Whether nobody is being answered.
    pub(super) fn all_idle(&self) -> bool {
        self.slots.iter().all(|slot| slot.work.is_none())
    }

    /// Whether another request could be taken.
    pub(super) fn any_idle(&self) -> bool {
        self.slots.iter().any(|slot| slot.work.is_none())
    }

    /// Takes a request; gives it back when the context has no room for it beside the others.
    pub(super) fn start(&mut self, job: Job) -> Option<Job> {
        let idle = self.slots.iter().enumerate().filter(|(_, slot)| slot.work.is_none());
        // The one that has read most of the prompt already; of equally good ones the one that was idle for longest.
        let best = idle.max_by_key(|(_, slot)| (slot.in_common(&job.prompt), std::cmp::Reverse(slot.used)));
        let Some((at, _)) = best else { return Some(job) };
        let taken: usize = self.slots.iter().filter(|slot| slot.work.is_some()).map(Slot::cells).sum();
        // Whoever left, or whose time is up, needs no room: the next step ends it before anything is read.
        let over = job.events.is_closed() || Instant::now() >= job.due;
        if taken > 0 && !over && taken + job.prompt.len() + job.max_tokens > self.cells {
            return Some(job);
        }
        let work = match Work::new(self.model, job) {
            Ok(work) => work,
            Err((job, error)) => {
                drop(job.events.try_send(Err(error)));
                return None;
            }
        };
        // What idle slots hold beyond the common beginning will hardly be asked for again, and every cell that is in use
        // makes attention dearer for everybody.
        // The common beginning takes cells too: it stays only where everybody's answer fits beside it. (That slots may share
        // them is not counted on.)
        let mut spare = self.cells.saturating_sub(taken + work.job.prompt.len() + work.job.max_tokens);
        for other in 0..self.slots.len() {
            if other != at && self.slots[other].work.is_none() {
                let common = self.slots[other].in_common(&work.job.prompt);
                let keep = if common <= spare { common } else { 0 };
                spare -= keep;
                self.forget(other, keep);
            }
        }
        // The last token is read again in any case: its logits are wanted.
        let keep = self.slots[at].in_common(&work.job.prompt).min(work.job.prompt.len().saturating_sub(1));
        self.forget(at, keep);
        self.take_over(at, &work.job.prompt);
        tracing::debug!(slot = at, prompt = work.job.prompt.len(), held = self.slots[at].held.len(), "prefill");
        self.clock += 1;
        self.slots[at].used = self.clock;
        self.slots[at].work = Some(work);
        None
    }

    /// Gives a slot the beginning of its prompt that another has read: the cells become both's, nothing is computed.
    fn take_over(&mut self, at: usize, prompt: &[LlamaToken]) {
        // The last token's logits are wanted.
        let most = prompt.len().saturating_sub(1);
        let others = self.slots.iter().enumerate().filter(|(other, _)| *other != at && self.shares);
        let longest = others.map(|(other, slot)| (slot.in_common(prompt).min(most), other)).max();
        let Some((common, other)) = longest.filter(|(common, _)| *common > self.slots[at].held.len()) else { return };
        let (Ok(from), Ok(to), Ok(end)) = (i32::try_from(other), i32::try_from(at), u32::try_from(common)) else {
            return;
        };
        self.forget(at, 0);
        match self.context.copy_kv_cache_seq(from, to, Some(0), Some(end)) {
            Ok(()) => self.slots[at].held.extend_from_slice(&prompt[..common]),
            Err(error) => tracing::warn!(%error, "a prompt's beginning is read again"),
        }
    }

    /// Runs the model once for everybody.
    pub(super) fn step(&mut self) {
        self.end_interrupted();
        if let Err(error) = self.try_step() {
            // What the context holds is unknown after a failure.
            self.context.clear_kv_cache();
            let reason = error.message().trim_start_matches("llama.cpp: ");
            for slot in &mut self.slots {
                slot.held.clear();
                if let Some(work) = slot.work.take() {
                    work.fail(failed(reason));
                }
            }
        }
    }

    fn end_interrupted(&mut self) {
        for slot in &mut self.slots {
            if let Some(stop) = slot.work.as_ref().and_then(Work::interrupted)
                && let Some(work) = slot.work.take()
            {
                match stop {
                    Some(finish) => work.end(finish),
                    None => tracing::debug!(held = slot.held.len(), "generation cancelled"),
                }
            }
        }
    }

    fn try_step(&mut self) -> Result<()> {
        let wanted = self.fill()?;
        if self.batch.n_tokens() == 0 {
            return Ok(());
        }
        self.context.decode(&mut self.batch).map_err(|error| failed("the model failed to run").caused_by(error))?;
        for (at, logits) in wanted {
            self.write(at, logits);
        }
        Ok(())
    }

    /// Puts the next tokens of everybody into the batch; gives the slots whose logits are wanted, and where they will be.
    fn fill(&mut self) -> Result<Vec<(usize, i32)>> {
        self.batch.clear();
        let mut wanted = Vec::with_capacity(self.slots.len());
        for at in 0..self.slots.len() {
            if let Some(token) = self.slots[at].work.as_mut().and_then(|work| work.next.take()) {
                self.add(at, &[token], true)?;
                wanted.push((at, self.batch.n_tokens() - 1));
            }
        }
        let writing = !wanted.is_empty();
        let mut room = if writing { BESIDE } else { BATCH };
        let mut newcomers: Vec<usize> = (0..self.slots.len()).filter(|at| self.slots[*at].unread().is_some()).collect();
        newcomers.sort_by_key(|at| self.slots[*at].used);
        for at in newcomers {
            let slot = &self.slots[at];
            let Some(unread) = slot.unread() else { continue };
            // Batches end where they would without a held prefix: one that begins a little later would attend
            // over one more block of the cache (measured: 7 % of the prefill of a long prompt).
            let to_block = BATCH - slot.held.len() % BATCH;
            let piece = unread[..unread.len().min(to_block).min(room)].to_vec();
            let whole = piece.len() == unread.len();
            room -= piece.len();
            if piece.is_empty() {
                break;
            }
            self.add(at, &piece, whole)?;
            if whole {
                wanted.push((at, self.batch.n_tokens() - 1));
            }
        }
        Ok(wanted)
    }

    fn add(&mut self, at: usize, tokens: &[LlamaToken], wants_logits: bool) -> Result<()> {
        let place = |number: usize| i32::try_from(number).map_err(|error| failed("position").caused_by(error));
        let (sequence, held) = (place(at)?, self.slots[at].held.len());
        for (i, &token) in tokens.iter().enumerate() {
            self.batch
                .add(token, place(held + i)?, &[sequence], wants_logits && i + 1 == tokens.len())
                .map_err(|error| failed("a batch was too small").caused_by(error))?;
        }
        self.slots[at].held.extend_from_slice(tokens);
        Ok(())
    }

    /// Samples a token for a slot and sends it on.
    fn write(&mut self, at: usize, logits: i32) {
        let slot = &mut self.slots[at];
        let Some(work) = &mut slot.work else { return };
        if work.prefilled.is_none() {
            self.context.synchronize();
            work.prefilled = Some(Instant::now());
        }
        if let Some(ended) = work.write(self.model, &self.context, logits)
            && let Some(work) = slot.work.take()
        {
            match ended {
                Some(finish) => work.end(finish),
                None => tracing::debug!(held = slot.held.len(), "generation cancelled"),
            }
        }
    }

    /// Drops all but the first `keep` tokens of a slot from the context.
    fn forget(&mut self, at: usize, keep: usize) {
        if keep >= self.slots[at].held.len() {
            return;
        }
        let sequence = u32::try_from(at).ok();
        // Recurrent models cannot forget a part: they start anew.
        let cut = u32::try_from(keep).ok().filter(|keep| *keep > 0);
        match cut.map(|keep| self.context.clear_kv_cache_seq(sequence, Some(keep), None)) {
            Some(Ok(true)) => self.slots[at].held.truncate(keep),
            _ => {
                if !matches!(self.context.clear_kv_cache_seq(sequence, None, None), Ok(true)) {
                    tracing::error!(slot = at, "llama.cpp did not clear a sequence");
                }
                self.slots[at].held.clear();
            }
        }
    }
}

impl Slot {
    /// What of its prompt the context does not hold yet.
    fn unread(&self) -> Option<&[LlamaToken]> {
        let work = self.work.as_ref().filter(|work| work.prefilled.is_none())?;
        work.job.prompt.get(self.held.len()..)
    }
}

/// How a request ends: `None` when its reader left, and nobody is there to be told.
pub(super) type Ended = Option<FinishReason>;

/// Sends an event to a reader; `false` when they left. The channel holds the whole answer.
pub(super) fn tell(job: &Job, event: Result<GenerationEvent>) -> bool {
    job.events.try_send(event).is_ok()
}
