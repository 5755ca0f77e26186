//! Jobs are done once, in order, and none is lost.

mod course;
mod recovery;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use tokio::sync::Semaphore;

use super::*;
use crate::progress::{Event, Progress};
use crate::report::{IngestReport, Outcome};

/// What the runner does with its next job.
enum Act {
    /// Ends it well, with this report.
    Report(IngestReport),
    /// Fails.
    Fail(Code),
    /// Says that it began, then waits to be told to stop.
    WaitForCancel,
    Panic,
}

/// Does what it is told, and remembers which jobs it met.
#[derive(Default)]
struct Fake {
    acts: Mutex<VecDeque<Act>>,
    met: Mutex<Vec<JobKind>>,
    busy: AtomicUsize,
    began: Option<Arc<Semaphore>>,
}

impl Fake {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self { acts: Mutex::new(acts.into_iter().collect()), ..Self::default() }
    }
}

#[async_trait]
impl JobRunner for Fake {
    async fn run(&self, job: &Job, progress: &dyn Progress, cancel: &CancellationToken) -> Result<IngestReport> {
        assert_eq!(self.busy.fetch_add(1, Ordering::SeqCst), 0, "two jobs at once");
        self.met.lock().unwrap().push(job.kind.clone());
        let act = self.acts.lock().unwrap().pop_front().unwrap_or_else(|| Act::Report(IngestReport::default()));
        progress.event(Event::Discovered { documents: 2 });
        progress.event(Event::Document { uri: "file:///a.md", outcome: Outcome::Added });
        progress.event(Event::Chunks { embedded: 3, known: 5 });
        if let Some(began) = &self.began {
            began.add_permits(1);
        }
        self.busy.store(0, Ordering::SeqCst);
        match act {
            Act::Report(report) => Ok(report),
            Act::Fail(code) => Err(Error::new(code, "the store failed").hint("mend it")),
            Act::WaitForCancel => {
                cancel.cancelled().await;
                Err(Error::new(Code::Cancelled, "cancelled"))
            }
            Act::Panic => panic!("a bug"),
        }
    }
}

/// A queue in a folder of its own, with its worker.
struct World {
    folder: tempfile::TempDir,
    queue: JobQueue,
    shutdown: CancellationToken,
}

const OPTIONS: QueueOptions =
    QueueOptions { retries: 3, retry_wait: Duration::ZERO, keep: 5, progress_every: Duration::ZERO };

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let queue = JobQueue::open_with(&folder.path().join("jobs.sqlite"), OPTIONS).unwrap();
        Self { folder, queue, shutdown: CancellationToken::new() }
    }

    /// The queue as the next process finds it. The old one must not be used any more.
    fn reopened(&self) -> JobQueue {
        JobQueue::open_with(&self.folder.path().join("jobs.sqlite"), OPTIONS).unwrap()
    }

    fn work(&self, runner: &Arc<Fake>) -> tokio::task::JoinHandle<()> {
        let (queue, runner, shutdown) = (self.queue.clone(), Arc::clone(runner), self.shutdown.clone());
        tokio::spawn(async move { queue.run(&*runner, &shutdown).await })
    }

    async fn submit(&self, paths: &[&str], origin: Origin) -> Job {
        self.queue.submit(new(paths, origin)).await.unwrap()
    }

    /// The job when it has ended.
    async fn ended(&self, id: JobId) -> Job {
        let mut events = Box::pin(self.queue.subscribe(id).await.unwrap());
        while events.next().await.is_some() {}
        self.queue.job(id).await.unwrap().unwrap()
    }
}

fn kind(paths: &[&str]) -> JobKind {
    JobKind::Paths(paths.iter().map(PathBuf::from).collect())
}

fn new(paths: &[&str], origin: Origin) -> NewJob {
    NewJob { collection: "default".into(), kind: kind(paths), origin }
}
