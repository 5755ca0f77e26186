//! Ingestion as a service: the queue's runner, the folders that are followed, and what the API needs of both.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::seam::Catalog;
use footnote_core::source::file_of_uri;
use footnote_core::{Code, DocumentId, Error, Result};
use footnote_ingest::queue::{CancellationToken, Job, JobKind, JobQueue, JobRunner, NewJob, Origin};
use footnote_ingest::{IngestReport, Ingestor, Progress, RetryWhich, WatchOptions, Watcher};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

use crate::api::{ApiState, Ingestion, Remover};
use crate::uploads::Uploads;
use crate::wire::Footnote;

/// How long a deletion waits for its turn before it is left to the queue.
const DELETE_PATIENCE: Duration = Duration::from_secs(1);
/// How long a job gets to stop between two batches when the process ends; then it is run again at the next start.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How often files that vanish between a look and their ingestion are left out anew.
const VANISHING: usize = 3;

/// The worker of a running server.
pub struct Service {
    footnote: Arc<Footnote>,
    ingestion: Ingestion,
    worker: JoinHandle<()>,
    /// Stops following when dropped.
    _watcher: Option<Watcher>,
}

impl Service {
    /// Opens the queue and the uploads, begins to work, and follows `watch`; what lies there now is queued first.
    ///
    /// # Errors
    /// When the queue or the folder of uploads cannot be opened.
    pub async fn start(footnote: Arc<Footnote>, watch: &[PathBuf]) -> Result<Self> {
        let settings = footnote.settings();
        let queue = JobQueue::open(&footnote.data()?.jobs())?;
        let uploads = Uploads::open(&footnote.data()?.uploads(), settings.server.max_upload_bytes as u64)?;
        let stopping = CancellationToken::new();
        let runner = Arc::new(Runner { footnote: Arc::clone(&footnote) });
        let roots = settings.ingest.roots.iter().chain(&settings.ingest.watch).chain(watch);
        let ingestion = Ingestion {
            queue: queue.clone(),
            uploads,
            roots: roots.cloned().collect(),
            remover: Arc::clone(&runner) as Arc<dyn Remover>,
            stopping: stopping.clone(),
        };
        tokio::spawn(retry(footnote.catalog(), queue.clone(), settings.ingest.retry_seconds, stopping.clone()));
        for collection in footnote.outdated().await? {
            tracing::warn!(collection, "made with other settings: it is made anew; until then the old index answers");
            queue.submit(NewJob { collection, kind: JobKind::Renew, origin: Origin::Watch }).await?;
        }
        let watcher = if watch.is_empty() { None } else { Some(follow(&footnote, &queue, watch).await?) };
        let worker = tokio::spawn(async move { queue.run(&*runner, &stopping).await });
        Ok(Self { footnote, ingestion, worker, _watcher: watcher })
    }

    /// What the HTTP API needs.
    ///
    /// # Errors
    /// When the settings of access do not hold.
    pub async fn api_state(&self) -> Result<ApiState> {
        self.footnote.api_state(Some(self.ingestion.clone())).await
    }

    /// Cancelled, it ends what would otherwise go on for ever.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.ingestion.stopping.clone()
    }

    /// Tells the job that runs to stop, and waits for it for a while. It goes on at the next start.
    pub async fn stop(self) {
        self.ingestion.stopping.cancel();
        if tokio::time::timeout(STOP_PATIENCE, self.worker).await.is_err() {
            tracing::info!("a job did not stop in time; it is run again at the next start");
        }
    }
}

/// How folders are followed, by the settings.
#[must_use]
pub fn watch_options(settings: &footnote_config::Settings) -> WatchOptions {
    WatchOptions {
        debounce: Duration::from_millis(settings.ingest.debounce_ms),
        rescan: Duration::from_secs(settings.ingest.rescan_seconds),
        follow_links: settings.ingest.follow_links,
    }
}

/// Follows folders into the default collection: what changes becomes jobs.
async fn follow(footnote: &Footnote, queue: &JobQueue, paths: &[PathBuf]) -> Result<Watcher> {
    let collection = footnote.settings().server.collection.clone();
    let (sender, mut changes) = unbounded_channel();
    let (followed, options) = (paths.to_vec(), watch_options(footnote.settings()));
    // On a blocking thread: every folder below is asked for once.
    let started = tokio::task::spawn_blocking(move || {
        Watcher::start(&followed, options, move |paths| {
            // Where nobody takes it, the server is ending; the next start looks through the folders anyway.
            let _ = sender.send(paths);
        })
    });
    let watcher = started.await.map_err(|error| Error::internal(format!("watch: {error}")))??;
    let job =
        move |paths| NewJob { collection: collection.clone(), kind: JobKind::Paths(paths), origin: Origin::Watch };
    // After following began: what happens from then on is noticed.
    let there: Vec<PathBuf> = paths.iter().filter_map(|path| fs_err::canonicalize(path).ok()).collect();
    if !there.is_empty() {
        queue.submit(job(there)).await?;
    }
    let queue = queue.clone();
    tokio::spawn(async move {
        while let Some(paths) = changes.recv().await {
            if let Err(error) = queue.submit(job(paths)).await {
                tracing::error!(?error, "a change in a followed folder was not queued; the next look through it will");
            }
        }
    });
    Ok(watcher)
}

/// Queues failed files again when their time has come, until `stopping`: those of uploads, which no folder that is
/// looked through brings back, above all.
async fn retry(catalog: Arc<dyn Catalog>, queue: JobQueue, every_seconds: u64, stopping: CancellationToken) {
    let every = Duration::from_secs(every_seconds.max(1));
    while stopping.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        if let Err(error) = queue_due(&*catalog, &queue).await {
            tracing::warn!(?error, "failed files were not queued again");
        }
    }
}

async fn queue_due(catalog: &dyn Catalog, queue: &JobQueue) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    for collection in catalog.collections().await? {
        let failed = catalog.documents(&collection, Some(DocumentStatus::Failed)).await?;
        let due = |record: &DocumentRecord| record.retry_at_ms.is_some_and(|at| i128::from(at) <= now as i128);
        let files = failed.into_iter().filter(due).filter_map(|record| file_of_uri(&record.uri));
        let files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
        if !files.is_empty() {
            queue.submit(NewJob { collection, kind: JobKind::Paths(files), origin: Origin::Watch }).await?;
        }
    }
    Ok(())
}

/// Ingests what a followed folder reported. What vanished meanwhile is left out, to be reported by its folder;
/// a folder without a file is nothing to do.
///
/// # Errors
/// As [`Ingestor::ingest_paths`].
pub async fn catch_up(
    ingestor: &Ingestor,
    paths: &[PathBuf],
    progress: &dyn Progress,
    cancel: &CancellationToken,
) -> Result<IngestReport> {
    for _ in 0..VANISHING {
        let there: Vec<PathBuf> = paths.iter().filter(|path| path.exists()).cloned().collect();
        if there.is_empty() {
            break;
        }
        match ingestor.ingest_paths(&there, progress, cancel).await {
            Err(error) if error.code() == Code::PathMissing => {}
            Err(error) if error.code() == Code::NothingToIngest => {
                tracing::info!("{error}: nothing to do");
                break;
            }
            outcome => return outcome,
        }
    }
    Ok(IngestReport::default())
}

/// Does the queue's jobs with a running footnote.
struct Runner {
    footnote: Arc<Footnote>,
}

#[async_trait]
impl JobRunner for Runner {
    async fn run(&self, job: &Job, progress: &dyn Progress, cancel: &CancellationToken) -> Result<IngestReport> {
        let cancelled = || Error::new(Code::Cancelled, "cancelled before it began");
        let alone = cancel.run_until_cancelled(self.footnote.alone(&job.collection));
        let _alone = alone.await.ok_or_else(cancelled)?;
        match &job.kind {
            JobKind::Paths(paths) => {
                // Runs that nobody asked for wait until a failed file is due; somebody who asks need not.
                let retry = if job.origin == Origin::Watch { RetryWhich::Due } else { RetryWhich::Failed };
                let ingestor = self.footnote.ingestor(&job.collection, retry, progress, cancel).await?;
                match job.origin {
                    Origin::Watch => catch_up(&ingestor, paths, progress, cancel).await,
                    _ => ingestor.ingest_paths(paths, progress, cancel).await,
                }
            }
            JobKind::Renew => {
                self.footnote.renew(&job.collection, progress, cancel).await?;
                Ok(IngestReport::default())
            }
            JobKind::Delete(id) => {
                let removed = usize::from(self.footnote.remove(&job.collection, *id).await?);
                Ok(IngestReport { removed, ..IngestReport::default() })
            }
        }
    }
}

#[async_trait]
impl Remover for Runner {
    async fn remove_now(&self, record: &DocumentRecord) -> Result<bool> {
        let (collection, id): (&str, DocumentId) = (&record.collection, record.id);
        let Ok(_alone) = tokio::time::timeout(DELETE_PATIENCE, self.footnote.alone(collection)).await else {
            return Ok(false);
        };
        self.footnote.remove(collection, id).await?;
        Ok(true)
    }
}
