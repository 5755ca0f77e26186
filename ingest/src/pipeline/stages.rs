//! The stages of a run, and what they tell.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::{Code, DocumentId, Error, Result};
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use super::Stores;
use super::batch::{Batch, Coming, Embedded, Leaving};
use super::outcome::without_its_text;
use super::prepare::{Prepared, Preparer, Task};
use super::remove::deleted;
use super::retell::stored;
use crate::progress::{Event, Progress};
use crate::report::{IngestReport, Outcome, Problem};

/// Prepared documents that may wait for the model. Each is held whole, so they are few.
const PREPARED_WAITING: usize = 4;
/// Documents found unchanged by their content that are noted at once.
const UNCHANGED_AT_ONCE: usize = 1_000;

/// One run: its tally, which the stages share.
pub(super) struct Run<'a> {
    pub(super) collection: &'a str,
    pub(super) stores: &'a Stores,
    pub(super) progress: &'a dyn Progress,
    pub(super) cancel: &'a CancellationToken,
    pub(super) tally: Mutex<Tally>,
}

#[derive(Default)]
pub(super) struct Tally {
    pub(super) report: IngestReport,
    /// Chunks to be embedded, as far as is known.
    pub(super) known: usize,
}

/// Documents whose sources are gone, by the hash of what they held: one of the same content that is met elsewhere
/// is the same document, moved.
type Moves = HashMap<String, DocumentRecord>;

impl Run<'_> {
    /// Does the work. When a stage fails those before it stop and those after it finish what they have, so
    /// that nothing is still being written when the error is seen.
    ///
    /// # Errors
    /// Those of the stages; [`Code::Cancelled`] when it was cancelled. What was written until then stays.
    pub(super) async fn through(
        &self,
        tasks: Vec<Task>,
        gone: Vec<DocumentRecord>,
        preparer: &Arc<Preparer>,
    ) -> Result<()> {
        let (to_embed, prepared) = channel(PREPARED_WAITING);
        let (to_write, embedded) = channel(1);
        let (first, second, third) = futures::join!(
            self.prepare(tasks, preparer, to_embed),
            self.gather(gone, prepared, to_write),
            self.write(embedded),
        );
        third.and(second).and(first)?;
        if self.cancel.is_cancelled() {
            return Err(cancelled());
        }
        Ok(())
    }

    /// Reads, extracts and cuts, as many at once as there are cores.
    async fn prepare(&self, tasks: Vec<Task>, preparer: &Arc<Preparer>, out: Sender<Prepared>) -> Result<()> {
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        let mut outcomes = stream::iter(tasks)
            .take_while(|_| futures::future::ready(!self.cancel.is_cancelled() && !out.is_closed()))
            .map(|task| {
                let (preparer, out, cancel) = (Arc::clone(preparer), out.clone(), self.cancel.clone());
                tokio::task::spawn_blocking(move || {
                    // Where nobody listens the next stage failed; its error is the one to tell.
                    preparer.prepare(task, &cancel, &mut |prepared| {
                        !cancel.is_cancelled() && out.blocking_send(prepared).is_ok()
                    })
                })
            })
            .buffer_unordered(cores);
        while let Some(outcome) = outcomes.next().await {
            outcome.map_err(|error| Error::internal(format!("prepare: {error}")))??;
        }
        Ok(())
    }

    /// Gathers batches and embeds them. What is gone goes last: until its new place is written, its old one answers.
    async fn gather(
        &self,
        gone: Vec<DocumentRecord>,
        mut prepared: Receiver<Prepared>,
        out: Sender<Embedded>,
    ) -> Result<()> {
        let mut moves: Moves = gone
            .iter()
            .filter(|record| record.status.is_indexed() && record.chunks > 0)
            .map(|record| (record.content_hash.clone(), record.clone()))
            .collect();
        let mut moved: HashMap<DocumentId, String> = HashMap::new();
        let mut batch = Batch::default();
        let mut unchanged = Vec::new();
        while let Some(prepared) = prepared.recv().await {
            if out.is_closed() || self.cancel.is_cancelled() {
                // The last stage failed, and its error is the one to tell; or nobody wants more.
                return Ok(());
            }
            self.take(prepared, &mut batch, &mut moves, &mut moved, &mut unchanged).await?;
            if batch.is_full() {
                self.embed(std::mem::take(&mut batch), &out).await?;
            }
            if unchanged.len() >= UNCHANGED_AT_ONCE {
                self.stores.catalog.found_unchanged(&std::mem::take(&mut unchanged)).await?;
            }
        }
        if !unchanged.is_empty() {
            self.stores.catalog.found_unchanged(&unchanged).await?;
        }
        if self.cancel.is_cancelled() {
            return Ok(());
        }
        for record in gone {
            batch.drop_document(match moved.get(&record.id) {
                Some(to) => leaving(&record, &format!("moved to {to}"), None),
                None => leaving(&record, "its file is gone", Some(Outcome::Removed)),
            });
            if batch.is_full() {
                self.embed(std::mem::take(&mut batch), &out).await?;
            }
        }
        self.embed(batch, &out).await
    }

    async fn take(
        &self,
        prepared: Prepared,
        batch: &mut Batch,
        moves: &mut Moves,
        moved: &mut HashMap<DocumentId, String>,
        unchanged: &mut Vec<(DocumentId, Option<i64>)>,
    ) -> Result<()> {
        match prepared {
            Prepared::Started { id, uri } => {
                self.stores.catalog.mark(&[id], DocumentStatus::Extracting).await?;
                self.progress.event(Event::Stage { uri: &uri, status: DocumentStatus::Extracting });
            }
            Prepared::Unchanged { id, uri, modified_ms } => {
                unchanged.push((id, modified_ms));
                self.settled(&uri, Outcome::Unchanged);
            }
            Prepared::Retold { record, outcome } => match stored(self.stores, *record.clone()).await? {
                Some(ingested) => batch.add(Coming { ingested, was_indexed: true, outcome }),
                None => {
                    let (record, problem) = without_its_text(&record);
                    self.problem(problem);
                    batch.drop_document(Leaving { record, was_indexed: true, outcome: None });
                }
            },
            Prepared::Refused { record, problem, was_indexed } => {
                self.problem(*problem);
                batch.drop_document(Leaving { record: *record, was_indexed, outcome: None });
            }
            Prepared::Gone { record } => {
                batch.drop_document(leaving(&record, "its file is gone", Some(Outcome::Removed)));
            }
            Prepared::Document { mut ingested, was_indexed } => {
                let mut outcome = if was_indexed { Outcome::Changed } else { Outcome::Added };
                if !was_indexed && let Some(from) = moves.remove(&ingested.record.content_hash) {
                    outcome = Outcome::Moved;
                    ingested.record.reason = Some(format!("moved from {}", from.uri));
                    moved.insert(from.id, ingested.record.uri.clone());
                }
                self.progress.event(Event::Stage { uri: &ingested.record.uri, status: DocumentStatus::Embedding });
                batch.add(Coming { ingested: *ingested, was_indexed, outcome });
            }
        }
        Ok(())
    }

    async fn embed(&self, batch: Batch, out: &Sender<Embedded>) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let newcomers = batch.newcomers();
        if !newcomers.is_empty() {
            self.stores.catalog.mark(&newcomers, DocumentStatus::Embedding).await?;
        }
        let known = |more: usize| self.chunks(|tally| tally.known += more);
        let embedded = |more: usize| self.chunks(|tally| tally.report.embedded += more);
        let ready = batch.embed(self.collection, self.stores, known, embedded).await?;
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

    /// Tells of a document that is not ingested.
    pub(super) fn problem(&self, problem: Problem) {
        let (uri, outcome) = (problem.uri.clone(), problem.outcome);
        self.tally().report.problems.push(problem);
        self.settled(&uri, outcome);
    }

    pub(super) fn settled(&self, uri: &str, outcome: Outcome) {
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

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn leaving(record: &DocumentRecord, reason: &str, outcome: Option<Outcome>) -> Leaving {
    Leaving { record: deleted(record, reason), was_indexed: record.status.is_indexed(), outcome }
}

fn cancelled() -> Error {
    Error::new(Code::Cancelled, "cancelled before it was done")
        .hint("what was ingested until then stays; the same command again does the rest")
}
