//! The stages of a run, and what they tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use footnote_core::catalog::DocumentRecord;
use footnote_core::{Error, Result};
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Stores;
use super::batch::{Batch, Embedded};
use super::prepare::{Prepared, Preparer, Task};
use crate::progress::{Event, Progress};
use crate::report::{IngestReport, Outcome};

/// Prepared documents that may wait for the model. Each is held whole, so they are few.
const PREPARED_WAITING: usize = 4;

/// What a run is to do.
#[derive(Default)]
pub(super) struct Work {
    /// Sources to look at.
    pub(super) tasks: Vec<Task>,
    /// Documents whose sources are gone.
    pub(super) gone: Vec<DocumentRecord>,
}

/// One run: its tally, which the stages share.
pub(super) struct Run<'a> {
    stores: &'a Stores,
    progress: &'a dyn Progress,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    report: IngestReport,
    /// Chunks to be embedded, as far as is known.
    known: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(stores: &'a Stores, progress: &'a dyn Progress, report: IngestReport) -> Self {
        Self { stores, progress, tally: Mutex::new(Tally { report, known: 0 }) }
    }

    /// Does the work. When a stage fails those before it stop and those after it finish what they have, so
    /// that nothing is still being written when the error is seen.
    pub(super) async fn through(self, work: Work, preparer: &Arc<Preparer>) -> Result<IngestReport> {
        let (to_embed, prepared) = channel(PREPARED_WAITING);
        let (to_write, embedded) = channel(1);
        self.progress.event(Event::Discovered { documents: work.tasks.len() });
        let (first, second, third) = futures::join!(
            self.prepare(work.tasks, preparer, to_embed),
            self.gather(work.gone, prepared, to_write),
            self.write(embedded),
        );
        third.and(second).and(first)?;
        Ok(self.tally.into_inner().unwrap_or_else(PoisonError::into_inner).report)
    }

    /// Reads, extracts and cuts, as many at once as there are cores.
    async fn prepare(&self, tasks: Vec<Task>, preparer: &Arc<Preparer>, out: Sender<Prepared>) -> Result<()> {
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        let mut outcomes = stream::iter(tasks)
            .map(|task| {
                let preparer = Arc::clone(preparer);
                tokio::task::spawn_blocking(move || preparer.prepare(task))
            })
            .buffer_unordered(cores);
        while let Some(outcome) = outcomes.next().await {
            let prepared = outcome.map_err(|error| Error::internal(format!("prepare: {error}")))??;
            if out.send(prepared).await.is_err() {
                // The next stage failed; its error is the one to tell.
                return Ok(());
            }
        }
        Ok(())
    }

    /// Gathers batches and embeds them.
    async fn gather(
        &self,
        gone: Vec<DocumentRecord>,
        mut prepared: Receiver<Prepared>,
        out: Sender<Embedded>,
    ) -> Result<()> {
        let mut batch = Batch::default();
        for record in gone {
            batch.remove(record);
            if batch.is_full() {
                self.embed(std::mem::take(&mut batch), &out).await?;
            }
        }
        while let Some(prepared) = prepared.recv().await {
            if out.is_closed() {
                // The last stage failed; its error is the one to tell.
                return Ok(());
            }
            self.note(&prepared);
            batch.add(prepared);
            if batch.is_full() {
                self.embed(std::mem::take(&mut batch), &out).await?;
            }
        }
        self.embed(batch, &out).await
    }

    async fn embed(&self, batch: Batch, out: &Sender<Embedded>) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let known = |more: usize| self.chunks(|tally| tally.known += more);
        let embedded = |more: usize| self.chunks(|tally| tally.report.embedded += more);
        let ready = batch.embed(self.stores, known, embedded).await?;
        // Where nobody takes it, the last stage failed.
        let _ = out.send(ready).await;
        Ok(())
    }

    async fn write(&self, mut embedded: Receiver<Embedded>) -> Result<()> {
        while let Some(ready) = embedded.recv().await {
            for written in ready.write(self.stores).await? {
                {
                    let mut tally = self.tally();
                    tally.report.chunks += written.chunks as usize;
                    tally.report.bytes += written.bytes;
                }
                self.settled(&written.uri, written.outcome);
            }
        }
        Ok(())
    }

    /// Tells of a document that does not wait for the indexes.
    fn note(&self, prepared: &Prepared) {
        match prepared {
            Prepared::Unchanged { uri } => self.settled(uri, Outcome::Unchanged),
            Prepared::Refused { problem, .. } => {
                self.tally().report.problems.push((**problem).clone());
                self.settled(&problem.uri, problem.outcome);
            }
            Prepared::Document { .. } => {}
        }
    }

    fn settled(&self, uri: &str, outcome: Outcome) {
        self.tally().report.count(outcome);
        self.progress.event(Event::Document { uri, outcome });
    }

    fn chunks(&self, change: impl FnOnce(&mut Tally)) {
        let event = {
            let mut tally = self.tally();
            change(&mut tally);
            Event::Chunks { embedded: tally.report.embedded, known: tally.known }
        };
        self.progress.event(event);
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
