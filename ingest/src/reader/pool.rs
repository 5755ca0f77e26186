//! Reader processes, started when they are needed and used again.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use footnote_core::{Code, Error, Result};
use tokio_util::sync::CancellationToken;

use super::child::{Deadlines, Heard, ReaderChild};
use super::wire::Ask;

/// A process that answered so often is replaced: what parsers leak stays bounded.
const MAX_ANSWERS: u32 = 200;

/// A process that holds more than this after an answer is replaced: memory stays flat. A fresh one holds 20 MB.
const MAX_RESIDENT_BYTES: u64 = 256 << 20;

/// How often a request that waits for a process asks whether it was cancelled.
const POLL: Duration = Duration::from_millis(50);

/// At most so many processes at once.
pub(super) struct ReaderPool {
    program: PathBuf,
    arguments: Vec<OsString>,
    memory_bytes: u64,
    workers: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<ReaderChild>,
    busy: usize,
}

impl ReaderPool {
    pub(super) fn new(program: PathBuf, arguments: Vec<OsString>, memory_bytes: u64, workers: usize) -> Self {
        let (state, freed) = (Mutex::default(), Condvar::new());
        Self { program, arguments, memory_bytes, workers: workers.max(1), state, freed }
    }

    /// Asks one of the processes, waiting for one that is free. A request that kills a process which had read
    /// other files before is asked again of a fresh one: what those left behind must not count against it.
    ///
    /// # Errors
    /// [`Code::Cancelled`], and [`Code::Io`] where no process starts.
    pub(super) fn ask(&self, ask: &Ask, body: &[u8], limits: Deadlines, cancel: &CancellationToken) -> Result<Heard> {
        let _seat = self.seat(cancel)?;
        // A statement of its own: the lock must be free again when the process is asked.
        let used = self.lock().idle.pop();
        if let Some(mut used) = used {
            match used.ask(ask, body, limits, cancel) {
                Heard::Died { .. } => {}
                heard => return Ok(self.keep(used, heard)),
            }
        }
        let mut fresh = ReaderChild::start(&self.program, &self.arguments, self.memory_bytes)?;
        let heard = fresh.ask(ask, body, limits, cancel);
        Ok(self.keep(fresh, heard))
    }

    /// Ends the processes that are idle; the next request starts one again.
    pub(super) fn rest(&self) {
        // Ended outside the lock: each may take a moment.
        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
    }

    /// Keeps a process for the next request, if it is still sound.
    fn keep(&self, child: ReaderChild, heard: Heard) -> Heard {
        let slim = || child.resident_bytes().is_none_or(|bytes| bytes <= MAX_RESIDENT_BYTES);
        if matches!(heard, Heard::Answer(..)) && child.answered < MAX_ANSWERS && slim() {
            self.lock().idle.push(child);
        }
        heard
    }

    fn seat(&self, cancel: &CancellationToken) -> Result<Seat<'_>> {
        let mut state = self.lock();
        while state.busy >= self.workers {
            if cancel.is_cancelled() {
                return Err(Error::new(Code::Cancelled, "cancelled while it waited to be read"));
            }
            state = self.freed.wait_timeout(state, POLL).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.busy += 1;
        Ok(Seat(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers of the idle processes.
    #[cfg(test)]
    pub(super) fn idle(&self) -> Vec<u32> {
        self.lock().idle.iter().map(ReaderChild::id).collect()
    }
}

/// The right to use one process.
struct Seat<'p>(&'p ReaderPool);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
        self.0.freed.notify_one();
    }
}
