//! The queue: jobs that outlive the process, done one at a time in the order of asking.
//!
//! ```text
//! submit → queued → running → done | failed | cancelled
//!             ↑        │
//!             └────────┘ the process ended: at the next start the job is run again
//! ```
//!
//! * [`job`]: what a job is.
//! * `merge`: which jobs can be one.
//! * `store`: the jobs in SQLite.
//! * `events`: what happens to a job, for those who listen.
//! * `work`: the worker's loop, and [`JobRunner`], which does the work itself.

mod events;
pub mod job;
mod merge;
mod store;
mod work;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use footnote_core::{Code, Error, Result};
use futures::Stream;
use rusqlite::Connection;
use tokio::sync::{Notify, broadcast};
pub use tokio_util::sync::CancellationToken;

pub use self::events::JobEvent;
use self::events::{Reporter, Wire};
pub use self::job::{Job, JobError, JobFilter, JobId, JobKind, JobProgress, JobState, NewJob, Origin};
pub use self::work::JobRunner;

/// Events that a slow listener may be behind; then it hears how the job stands instead.
const EVENTS_WAITING: usize = 1024;

/// How the queue behaves.
#[derive(Debug, Clone, Copy)]
pub struct QueueOptions {
    /// How often a job is tried again whose store or model failed in a way that may pass.
    pub retries: u32,
    /// The wait before it is tried again; doubled each time.
    pub retry_wait: Duration,
    /// Ended jobs that are kept.
    pub keep: u32,
    /// Progress is told at most this often.
    pub progress_every: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self { retries: 3, retry_wait: Duration::from_secs(2), keep: 1_000, progress_every: Duration::from_millis(250) }
    }
}

/// The queue of a data folder. Cheap to clone; its work runs on the runtime's blocking threads.
#[derive(Clone)]
pub struct JobQueue {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: QueueOptions,
    /// What is stored and what runs change together, under one lock.
    desk: Mutex<Desk>,
    wire: Wire,
    /// Wakes the worker when a job was added.
    wake: Notify,
}

struct Desk {
    connection: Connection,
    running: Option<Running>,
}

/// The job that runs now.
struct Running {
    id: JobId,
    cancel: CancellationToken,
    counts: Arc<Mutex<JobProgress>>,
}

/// A job that the worker took from the queue.
struct Claimed {
    job: Job,
    cancel: CancellationToken,
    reporter: Reporter,
}

impl JobQueue {
    /// Opens the queue at `path`; makes it where there is none. Jobs that ran when the last process ended are
    /// queued again.
    ///
    /// # Errors
    /// [`Code::DiskFull`], [`Code::PermissionDenied`], [`Code::DataFolderInUse`], and
    /// [`Code::DataFolderFormat`] for a file that is no queue, or one of a later version.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, QueueOptions::default())
    }

    /// As [`Self::open`], with options of the caller's.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(path: &Path, options: QueueOptions) -> Result<Self> {
        let connection = store::open(path, now_ms())?;
        let inner = Inner {
            path: path.to_owned(),
            options,
            desk: Mutex::new(Desk { connection, running: None }),
            wire: broadcast::channel(EVENTS_WAITING).0,
            wake: Notify::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Adds a job to the queue. Where one that waits does the same already, that one is given: bursts of a
    /// followed folder become one job.
    ///
    /// # Errors
    /// [`Code::CollectionName`], [`Code::NothingToIngest`] without a path, [`Code::NotUtf8`] for a path whose name
    /// cannot be kept; when the queue cannot be written.
    pub async fn submit(&self, new: NewJob) -> Result<Job> {
        let new = merge::checked(new)?;
        let job = self
            .at_desk(move |desk, wire| {
                let waiting = store::queued(&desk.connection, &new.collection)?;
                let id = match merge::mergeable(&new, &waiting) {
                    Some((id, None)) => id,
                    Some((id, Some(paths))) => {
                        store::set_paths(&desk.connection, id, paths)?;
                        id
                    }
                    None => {
                        let id = JobId::new();
                        store::insert(&desk.connection, id, &new, now_ms())?;
                        id
                    }
                };
                desk.tell(id, wire)
            })
            .await?;
        self.inner.wake.notify_one();
        job.ok_or_else(|| Error::internal("a job was written and is not there"))
    }

    /// One job, with the progress of this moment.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.at_desk(move |desk, _| desk.job(id)).await
    }

    /// Jobs, the newest first.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<Job>> {
        self.at_desk(move |desk, _| {
            let mut jobs = store::list(&desk.connection, filter)?;
            jobs.iter_mut().for_each(|job| desk.add_progress(job));
            Ok(jobs)
        })
        .await
    }

    /// Cancels a job: at once where it has not begun; a running one is told to stop and does so between two
    /// batches. One that ended stays as it is. Gives the job as it stands then.
    ///
    /// # Errors
    /// [`Code::JobUnknown`]; when the queue cannot be written.
    pub async fn cancel(&self, id: JobId) -> Result<Job> {
        let job = self.at_desk(move |desk, wire| {
            store::cancel(&desk.connection, id, now_ms())?;
            if let Some(running) = desk.running.as_ref().filter(|running| running.id == id) {
                running.cancel.cancel();
            }
            desk.tell(id, wire)
        });
        job.await?.ok_or_else(|| unknown(id))
    }

    /// The events of a job: first how it stands now, last its end. A listener that is too slow misses events in
    /// between and hears how the job stands instead.
    ///
    /// # Errors
    /// [`Code::JobUnknown`]; when the queue cannot be read.
    pub async fn subscribe(&self, id: JobId) -> Result<impl Stream<Item = JobEvent> + Send + 'static + use<>> {
        // Before the job is read: nothing that happens in between is lost.
        let receiver = self.inner.wire.subscribe();
        let job = self.job(id).await?.ok_or_else(|| unknown(id))?;
        Ok(events::follow(self.clone(), job, receiver))
    }

    fn options(&self) -> QueueOptions {
        self.inner.options
    }

    async fn woken(&self) {
        self.inner.wake.notified().await;
    }

    /// Takes the first job from the queue.
    async fn claim(&self, shutdown: &CancellationToken) -> Result<Option<Claimed>> {
        let (cancel, every) = (shutdown.child_token(), self.inner.options.progress_every);
        self.at_desk(move |desk, wire| {
            let Some(job) = store::claim(&desk.connection, now_ms())? else { return Ok(None) };
            let counts = Arc::default();
            desk.running = Some(Running { id: job.id, cancel: cancel.clone(), counts: Arc::clone(&counts) });
            let reporter = Reporter::new(job.id, counts, wire.clone(), every);
            desk.tell(job.id, wire)?;
            Ok(Some(Claimed { job, cancel, reporter }))
        })
        .await
    }

    async fn note_failure(&self, id: JobId, error: JobError) -> Result<()> {
        self.at_desk(move |desk, wire| {
            store::again(&desk.connection, id, &error)?;
            desk.tell(id, wire).map(drop)
        })
        .await
    }

    /// Writes how a job ended; one that is queued again, its place in the queue. `idle`: it found nothing to do.
    async fn close(&self, mut job: Job, idle: bool) -> Result<()> {
        let keep = self.inner.options.keep;
        self.at_desk(move |desk, wire| {
            if job.state.is_final() {
                job.finished_ms = Some(now_ms());
                store::finish(&mut desk.connection, &job, idle && job.origin == Origin::Watch, keep)?;
            } else {
                store::requeue(&desk.connection, job.id, now_ms())?;
            }
            desk.running = None;
            // The counts before the end, so that they are not left at what was told last.
            let _ = wire.send((job.id, JobEvent::Progress(job.progress)));
            desk.tell(job.id, wire).map(drop)
        })
        .await
    }

    async fn at_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk, &Wire) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        let outcome = tokio::task::spawn_blocking(move || {
            let mut desk: MutexGuard<'_, Desk> = inner.desk.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut desk, &inner.wire).map_err(|error| store::told(&inner.path, error))
        });
        outcome.await.unwrap_or_else(|error| Err(Error::internal(format!("queue: {error}"))))
    }
}

impl Desk {
    fn job(&self, id: JobId) -> rusqlite::Result<Option<Job>> {
        let mut job = store::get(&self.connection, id)?;
        if let Some(job) = &mut job {
            self.add_progress(job);
        }
        Ok(job)
    }

    /// Counts of the running job are kept in memory: after a crash they begin anew anyway.
    fn add_progress(&self, job: &mut Job) {
        if let Some(running) = self.running.as_ref().filter(|running| running.id == job.id) {
            job.progress = *running.counts.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells those who listen how a job stands, and gives it.
    fn tell(&self, id: JobId, wire: &Wire) -> rusqlite::Result<Option<Job>> {
        let job = self.job(id)?;
        if let Some(job) = &job
            && wire.receiver_count() > 0
        {
            let _ = wire.send((id, JobEvent::State(Box::new(job.clone()))));
        }
        Ok(job)
    }
}

/// The error for a job that is not there.
#[must_use]
pub fn unknown(id: JobId) -> Error {
    Error::new(Code::JobUnknown, format!("there is no job {id}"))
        .hint("GET /jobs lists them; of those that ended the last 1,000 are kept")
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests;
