//! What happens to jobs, as it happens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::Stream;
use futures::stream::unfold;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};

use super::JobQueue;
use super::job::{Job, JobId, JobProgress, JobState};
use crate::progress::{Event, Progress};
use crate::report::Outcome;

/// Something that happened to a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEvent {
    /// How it stands now: the whole job.
    State(Box<Job>),
    /// How far it is; not more often than the queue's interval.
    Progress(JobProgress),
    /// It is settled what becomes of a document.
    Document {
        /// Which.
        uri: String,
        /// How it went.
        outcome: Outcome,
    },
}

/// Events of all jobs on their way to those who listen.
pub(super) type Wire = Sender<(JobId, JobEvent)>;

/// Hears a run and tells of it as events of its job.
pub(super) struct Reporter {
    id: JobId,
    counts: Arc<Mutex<JobProgress>>,
    wire: Wire,
    every: Duration,
    told: Mutex<Option<Instant>>,
}

impl Reporter {
    pub(super) fn new(id: JobId, counts: Arc<Mutex<JobProgress>>, wire: Wire, every: Duration) -> Self {
        Self { id, counts, wire, every, told: Mutex::default() }
    }

    /// The counts as they are.
    pub(super) fn counts(&self) -> JobProgress {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to count anew.
    pub(super) fn restart(&self) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = JobProgress::default();
    }

    fn count(&self, change: impl FnOnce(&mut JobProgress)) -> JobProgress {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut counts);
        *counts
    }

    fn is_time(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|at| at.elapsed() >= self.every);
        if due {
            *told = Some(Instant::now());
        }
        due
    }

    fn tell(&self, event: JobEvent) {
        // Where nobody listens there is nobody to tell.
        let _ = self.wire.send((self.id, event));
    }
}

impl Progress for Reporter {
    fn event(&self, event: Event<'_>) {
        // One `if let` each, not a `match`: events that come to exist later are none of a job's counts.
        let mut first = false;
        if let Event::Discovered { documents, .. } = event {
            self.count(|counts| counts.documents_known = documents);
            first = true;
        }
        if let Event::Document { uri, outcome, .. } = event {
            // Documents named by an earlier run that was cut short come on top of those discovered.
            self.count(|counts| counts.documents_done += 1);
            if self.wire.receiver_count() > 0 {
                self.tell(JobEvent::Document { uri: uri.to_owned(), outcome });
            }
        }
        if let Event::Chunks { embedded, known, .. } = event {
            self.count(|counts| (counts.chunks_embedded, counts.chunks_known) = (embedded, known));
        }
        if first || self.is_time() {
            self.tell(JobEvent::Progress(self.counts()));
        }
    }
}

/// One who listens to a job.
struct Listener {
    queue: JobQueue,
    id: JobId,
    receiver: Receiver<(JobId, JobEvent)>,
    /// The job as it stood when listening began: the first event.
    first: Option<Job>,
    /// The state told last: the first event and the next may be of the same change.
    told: (JobState, u32, bool),
}

/// The events of `job` from how it stands now to its end.
pub(super) fn follow(
    queue: JobQueue,
    job: Job,
    receiver: Receiver<(JobId, JobEvent)>,
) -> impl Stream<Item = JobEvent> + Send + 'static {
    let listener = Listener { queue, id: job.id, receiver, told: key(&job), first: Some(job) };
    unfold(listener, Listener::next)
}

fn key(job: &Job) -> (JobState, u32, bool) {
    (job.state, job.attempts, job.cancelling)
}

impl Listener {
    async fn next(mut self) -> Option<(JobEvent, Self)> {
        if let Some(job) = self.first.take() {
            return Some((JobEvent::State(Box::new(job)), self));
        }
        if self.told.0.is_final() {
            return None;
        }
        loop {
            match self.receiver.recv().await {
                Ok((id, _)) if id != self.id => {}
                Ok((_, JobEvent::State(job))) if key(&job) == self.told => {}
                Ok((_, event)) => {
                    if let JobEvent::State(job) = &event {
                        self.told = key(job);
                    }
                    return Some((event, self));
                }
                // Too slow for the events in between: how it stands now makes up for them.
                Err(RecvError::Lagged(_)) => {
                    let job = self.queue.job(self.id).await.ok()??;
                    self.told = key(&job);
                    return Some((JobEvent::State(Box::new(job)), self));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
